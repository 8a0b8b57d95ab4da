//! Comparing the platform's statistics with the files, which are counted here anew and not taken from the plan.

use super::{known::head, offer::INSTITUTION};
use crate::{
    import::{
        ask::fresh,
        line::Line,
        records::Records,
        rows::{find, open},
    },
    platform::Platform,
    progress::{count, table},
};
use anyhow::{Context, Result};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};
use studium_proto::enrolment::v1::{
    ListStatisticsRequest, StatisticsBy, enrolment_query_service_client::EnrolmentQueryServiceClient,
};

/// Rows of statistics that are asked for at a time.
const PAGE_SIZE: u32 = 500;

/// What is counted of a presentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Students registered at any time.
    pub registrations: u64,
    /// Final result Pass.
    pub pass: u64,
    /// Final result Distinction.
    pub distinction: u64,
    /// Final result Fail.
    pub fail: u64,
    /// Final result Withdrawn.
    pub withdrawn: u64,
    /// Students with at least one result of an assessment.
    pub assessed: u64,
}

/// One presentation, as the files and as the views have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The presentation.
    pub presentation: String,
    /// As counted in the files.
    pub files: Counts,
    /// As the views show it.
    pub views: Counts,
    /// Whether both are the same.
    pub equal: bool,
}

impl Counts {
    const NAMES: [&str; 6] = ["registrations", "Pass", "Distinction", "Fail", "Withdrawn", "with results"];

    fn all(self) -> [u64; 6] {
        [self.registrations, self.pass, self.distinction, self.fail, self.withdrawn, self.assessed]
    }

    fn add(&mut self, it: Self) {
        self.registrations += it.registrations;
        self.pass += it.pass;
        self.distinction += it.distinction;
        self.fail += it.fail;
        self.withdrawn += it.withdrawn;
        self.assessed += it.assessed;
    }
}

/// Compares the presentations that are wanted; none = all.
pub async fn compare(platform: &Platform, dir: &Path, wanted: &[String]) -> Result<Vec<Compared>> {
    let files = count_files(dir)?;
    let views = ask_views(platform).await?;
    let wanted = files.into_iter().filter(|(it, _)| wanted.is_empty() || wanted.contains(it));
    let compared = wanted.map(|(presentation, files)| {
        let views = views.get(&presentation).copied().unwrap_or_default();
        Compared { presentation, files, views, equal: files == views }
    });
    Ok(compared.collect())
}

/// The sum of all presentations.
pub fn total(compared: &[Compared]) -> Compared {
    let (mut files, mut views) = (Counts::default(), Counts::default());
    for it in compared {
        files.add(it.files);
        views.add(it.views);
    }
    Compared { presentation: "all".to_owned(), files, views, equal: files == views }
}

/// The comparison as a table for people.
pub fn shown(compared: &[Compared]) -> String {
    let mut rows = vec![std::iter::once("presentation").chain(Counts::NAMES).chain([""]).map(str::to_owned).collect()];
    for it in compared.iter().chain([&total(compared)]) {
        let mut row = vec![it.presentation.clone()];
        row.extend(it.files.all().into_iter().zip(it.views.all()).map(|(files, views)| {
            if files == views { count(files) } else { format!("files {} views {}", count(files), count(views)) }
        }));
        row.push(if it.equal { "equal" } else { "DIFFERS" }.to_owned());
        rows.push(row);
    }
    table(&rows)
}

/// Counts the files by presentation. Rows that make no sense are not counted; the import's report has them.
pub fn count_files(dir: &Path) -> Result<BTreeMap<String, Counts>> {
    let mut counts = BTreeMap::new();
    each(
        dir,
        "courses",
        ["code_module", "code_presentation", "module_presentation_length"],
        |[module, presentation, _]| {
            counts.insert(format!("{module}-{presentation}"), Counts::default());
        },
    )?;
    let mut registered = HashSet::new();
    let mut outcomes = HashMap::new();
    let head = ["code_module", "code_presentation", "id_student", "final_result"];
    each(dir, "studentInfo", head, |[module, presentation, student, result]| {
        let Ok(student) = student.parse::<u64>() else { return };
        let key = (format!("{module}-{presentation}"), student);
        registered.insert(key.clone());
        outcomes.entry(key).or_insert_with(|| result.to_owned());
    })?;
    each(
        dir,
        "studentRegistration",
        ["code_module", "code_presentation", "id_student"],
        |[module, presentation, student]| {
            registered.extend(student.parse::<u64>().map(|it| (format!("{module}-{presentation}"), it)));
        },
    )?;
    let mut presentations = HashMap::new();
    each(dir, "assessments", ["id_assessment", "code_module", "code_presentation"], |[id, module, presentation]| {
        presentations.entry(id.to_owned()).or_insert_with(|| format!("{module}-{presentation}"));
    })?;
    let mut assessed = HashSet::new();
    each(dir, "studentAssessment", ["id_assessment", "id_student"], |[id, student]| {
        let presentation = presentations.get(id).cloned();
        assessed.extend(presentation.zip(student.parse::<u64>().ok()));
    })?;
    for (presentation, _) in &registered {
        counts.entry(presentation.clone()).and_modify(|it| it.registrations += 1);
    }
    for (presentation, _) in assessed.intersection(&registered) {
        counts.entry(presentation.clone()).and_modify(|it| it.assessed += 1);
    }
    for ((presentation, _), result) in &outcomes {
        counts.entry(presentation.clone()).and_modify(|it| match result.as_str() {
            "Pass" => it.pass += 1,
            "Distinction" => it.distinction += 1,
            "Fail" => it.fail += 1,
            "Withdrawn" => it.withdrawn += 1,
            _ => {}
        });
    }
    Ok(counts)
}

/// Hands the named columns of each whole row to `take`.
pub fn each<const N: usize>(dir: &Path, stem: &str, columns: [&str; N], mut take: impl FnMut([&str; N])) -> Result<()> {
    let path = find(dir, stem)?;
    let mut records = Records::new(open(&path)?);
    let first = records.next(None)?.and_then(|it| it.fields.ok());
    let head = first.with_context(|| format!("{} is empty", path.display()))?.clone();
    let mut indices = [0; N];
    for (index, column) in indices.iter_mut().zip(columns) {
        let is_it = |it: &[u8]| String::from_utf8_lossy(it).trim_start_matches('\u{feff}').trim() == column;
        *index = head.iter().position(is_it).with_context(|| format!("{} has no column {column}", path.display()))?;
    }
    while let Some(it) = records.next(Some(head.len()))? {
        let Ok(record) = it.fields else { continue };
        let text = |index: usize| record.get(index).and_then(|it| std::str::from_utf8(it).ok()).map(str::trim);
        if indices.iter().all(|it| text(*it).is_some()) {
            take(indices.map(|it| text(it).unwrap_or_default()));
        }
    }
    Ok(())
}

/// What the views say of the university's runs, once they have seen everything that is written.
pub async fn ask_views(platform: &Platform) -> Result<BTreeMap<String, Counts>> {
    let line = Line::open(platform, "enrolment", &["registrar", "operator"], "studium-import", 1).await?;
    let mut request = ListStatisticsRequest {
        institution_id: INSTITUTION.to_owned(),
        by: StatisticsBy::Run.into(),
        page_size: PAGE_SIZE,
        min_position: head(&line, "enrolment").await?,
        ..ListStatisticsRequest::default()
    };
    let mut all = BTreeMap::new();
    loop {
        let reply = fresh!(line, EnrolmentQueryServiceClient::list_statistics, request);
        let reply = reply.map_err(|e| e.into_error("the statistics of enrolment"))?;
        all.extend(reply.statistics.into_iter().map(|it| {
            let counts = Counts {
                registrations: it.total,
                pass: it.passed,
                distinction: it.distinction,
                fail: it.failed,
                withdrawn: it.withdrawn,
                assessed: it.ever_assessed,
            };
            (it.run_id, counts)
        }));
        if reply.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = reply.next_page_token;
    }
}
