//! What a class knows, module by module.

use super::mean;
use crate::class_record::ClassRecord;
use studium_proto::campus::v1::ClassModuleKnowledge;

/// One line for each content, in order.
pub fn by_module(class: &ClassRecord) -> Vec<ClassModuleKnowledge> {
    let learners = class.present().count() as u32;
    let line = |content: &crate::class_content::Content| {
        let id = &content.id;
        let results = class.present().flat_map(|it| &it.results).filter(|it| it.content_id == *id);
        let scores: Vec<_> = results.filter_map(|it| it.score_millipoints).collect();
        ClassModuleKnowledge {
            content_id: id.clone(),
            title: content.title.clone(),
            learners,
            completed: class.present().filter(|it| it.completed.contains(id)).count() as u32,
            scores: scores.len() as u32,
            mean_millipoints: mean(&scores),
            spread_millipoints: spread(&scores),
            lowest_millipoints: scores.iter().min().copied(),
            highest_millipoints: scores.iter().max().copied(),
        }
    };
    class.contents.iter().map(line).collect()
}

/// Standard deviation of values that are the whole, not a sample; none of none.
pub fn spread(values: &[u32]) -> Option<u32> {
    if values.is_empty() {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().map(|it| f64::from(*it)).sum::<f64>() / count;
    let variance = values.iter().map(|it| (f64::from(*it) - mean).powi(2)).sum::<f64>() / count;
    Some(variance.sqrt().round() as u32)
}
