//! The skills that learners developed, with the evidence.

use crate::{
    class_record::{ClassRecord, LearnerRecord},
    course_content::SkillName,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_proto::campus::v1::{ClassLearnerSkills, ClassSkill, DevelopedSkill, GetSkillsResponse};

/// What speaks for a skill: completions, and results at or above the pass mark.
type Evidence = (u32, u32);

/// What tells skills apart: the ESCO URI, or the label where there is none.
fn key(skill: &SkillName) -> (bool, String) {
    if skill.uri.is_empty() { (false, skill.label.to_lowercase()) } else { (true, skill.uri.clone()) }
}

/// The skills that learners of some classes developed: of everybody who is in them, or of one who is or was.
pub fn developed(classes: &[ClassRecord], learner_id: &str) -> GetSkillsResponse {
    let mut names: BTreeMap<(bool, String), SkillName> = BTreeMap::new();
    let mut contents: BTreeMap<(bool, String), BTreeSet<(&str, &str)>> = BTreeMap::new();
    let mut learners: BTreeMap<&str, BTreeMap<(bool, String), Evidence>> = BTreeMap::new();
    for class in classes {
        for content in &class.contents {
            for skill in &content.skills {
                names.entry(key(skill)).or_insert_with(|| skill.clone());
                let ids = (class.class.class_id.as_str(), content.id.as_str());
                contents.entry(key(skill)).or_default().insert(ids);
            }
        }
        let wanted = |it: &&LearnerRecord| {
            if learner_id.is_empty() { it.is_in() } else { it.learner.learner_id == learner_id }
        };
        for learner in class.learners.iter().filter(wanted) {
            let skills = learners.entry(&learner.learner.learner_id).or_default();
            for (skill, (completions, results)) in of_learner(class, learner) {
                let evidence = skills.entry(skill).or_default();
                (evidence.0, evidence.1) = (evidence.0 + completions, evidence.1 + results);
            }
        }
    }
    let mut skills: Vec<_> = names.iter().map(|(key, name)| of_class(key, name, &contents, &learners)).collect();
    skills.sort_by(|a, b| (&a.label, &a.uri).cmp(&(&b.label, &b.uri)));
    let learners = learners.into_iter().map(|(id, skills)| shown(id, &names, skills)).collect();
    GetSkillsResponse { skills, learners }
}

/// The skills for which something speaks.
fn of_learner(class: &ClassRecord, learner: &LearnerRecord) -> BTreeMap<(bool, String), Evidence> {
    let mut skills: BTreeMap<_, Evidence> = BTreeMap::new();
    for content in &class.contents {
        let passed = |score: Option<u32>| score.is_some_and(|it| it >= class.pass_mark);
        let about = learner.results.iter().filter(|it| it.content_id == content.id);
        let results = about.filter(|it| passed(it.score_millipoints)).count() as u32;
        let completions = u32::from(learner.completed.contains(&content.id));
        if completions + results == 0 {
            continue;
        }
        // A content trains a skill once, however its name is written.
        for skill in content.skills.iter().map(key).collect::<BTreeSet<_>>() {
            let evidence = skills.entry(skill).or_default();
            (evidence.0, evidence.1) = (evidence.0 + completions, evidence.1 + results);
        }
    }
    skills
}

fn of_class(
    key: &(bool, String),
    name: &SkillName,
    contents: &BTreeMap<(bool, String), BTreeSet<(&str, &str)>>,
    learners: &BTreeMap<&str, BTreeMap<(bool, String), Evidence>>,
) -> ClassSkill {
    let evidence: Vec<_> = learners.values().filter_map(|it| it.get(key)).collect();
    ClassSkill {
        uri: name.uri.clone(),
        label: name.label.clone(),
        contents: contents.get(key).map_or(0, |it| it.len() as u32),
        learners: evidence.len() as u32,
        completions: evidence.iter().map(|it| it.0).sum(),
        results: evidence.iter().map(|it| it.1).sum(),
    }
}

fn shown(
    learner_id: &str,
    names: &BTreeMap<(bool, String), SkillName>,
    skills: BTreeMap<(bool, String), Evidence>,
) -> ClassLearnerSkills {
    let with_name = |(key, (completions, results))| {
        let name: SkillName = names.get(&key).cloned().unwrap_or_default();
        DevelopedSkill { uri: name.uri, label: name.label, completions, results }
    };
    let mut skills: Vec<_> = skills.into_iter().map(with_name).collect();
    skills.sort_by(|a, b| (&a.label, &a.uri).cmp(&(&b.label, &b.uri)));
    ClassLearnerSkills { learner_id: learner_id.to_owned(), skills }
}
