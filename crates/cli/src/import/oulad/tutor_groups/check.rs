//! Comparing the outcomes with the files, which are counted here anew and not taken from the plan.

use super::{
    groups::{GROUP, RULE, has_groups, tutors_of},
    play::TUTORS,
};
use crate::{
    import::{
        ask::fresh,
        line::Line,
        oulad::{
            check::{count_files, each},
            known::head,
            offer::INSTITUTION,
        },
    },
    platform::Platform,
    progress::{count, table},
};
use anyhow::Result;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path};
use studium_proto::mentorship::v1::{
    GetGraduationRequest, GetGraduationResponse, GraduationGroup, GraduationLine, ListMentorsRequest, OutcomeScope,
    mentor_service_client::MentorServiceClient, outcome_service_client::OutcomeServiceClient,
};

/// Mentors that are asked for at a time.
const PAGE_SIZE: u32 = 500;

/// Learners by what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ends {
    /// Everybody.
    pub learners: u64,
    /// Passed, with distinction or without.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Left.
    pub withdrawn: u64,
}

/// One presentation, as the files and as the views have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The presentation.
    pub presentation: String,
    /// By the rule it has tutor groups.
    pub has_groups: bool,
    /// As counted in the files.
    pub files: Ends,
    /// Groups that follow from the files.
    pub groups: u64,
    /// As the views show it.
    pub views: Views,
    /// Whether both are the same.
    pub equal: bool,
}

/// What the views show of a presentation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Views {
    /// Learners with a tutor: mentorships.
    pub with_mentor: Ends,
    /// Learners for whom none was asked for.
    pub without_mentor: Ends,
    /// Learners who never got one.
    pub never_assigned: u64,
    /// Tutors.
    pub tutors: u64,
}

/// All presentations, and what the outcomes say of them together.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparison {
    /// How the groups came about.
    pub rule: &'static str,
    /// Presentations in the order of the files.
    pub presentations: Vec<Compared>,
    /// Passes with a tutor and without, with their intervals.
    pub outcome: Outcome,
    /// Whether all agree.
    pub equal: bool,
}

/// What the outcomes say of all presentations together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Learners, rate and its interval in thousandths of a percent: with a tutor …
    pub with_mentor: [u64; 4],
    /// … and without.
    pub without_mentor: [u64; 4],
    /// The difference and its interval; none if a group is empty.
    pub difference_millipoints: Option<[i32; 3]>,
    /// What the service says of it.
    pub note: String,
}

impl Compared {
    /// Whether the views are what the files say.
    pub fn judge(mut self) -> Self {
        let (with, without) = (self.views.with_mentor, self.views.without_mentor);
        let (own, other) = if self.has_groups { (with, without) } else { (without, with) };
        self.equal = own == self.files
            && other == Ends::default()
            && self.views.never_assigned == 0
            && self.views.tutors == self.groups;
        self
    }
}

/// What the files say, in their order.
pub fn count_groups(dir: &Path, wanted: &[String]) -> Result<Vec<Compared>> {
    let counts = count_files(dir)?;
    let mut all = Vec::new();
    let head = ["code_module", "code_presentation", "module_presentation_length"];
    each(dir, "courses", head, |[module, presentation, _]| all.push(format!("{module}-{presentation}")))?;
    let compared = all.into_iter().enumerate().map(|(place, presentation)| {
        let it = counts.get(&presentation).copied().unwrap_or_default();
        let files = Ends {
            learners: it.registrations,
            passed: it.pass + it.distinction,
            failed: it.fail,
            withdrawn: it.withdrawn,
        };
        let has_groups = has_groups(place);
        let groups = if has_groups { it.registrations.div_ceil(GROUP as u64) } else { 0 };
        Compared { presentation, has_groups, files, groups, ..Compared::default() }
    });
    Ok(compared.filter(|it| wanted.is_empty() || wanted.contains(&it.presentation)).collect())
}

/// Compares the presentations that are wanted; none = all.
///
/// # Errors
/// When a service does not answer or the files cannot be read.
pub async fn compare(platform: &Platform, dir: &Path, wanted: &[String]) -> Result<Comparison> {
    let files = count_groups(dir, wanted)?;
    let line = Line::open(platform, "mentorship", &["registrar", "operator"], "studium-import", 1).await?;
    let enrolment = Line::open(platform, "enrolment", &["registrar", "operator"], "studium-import", 1).await?;
    let min_position = head(&line, "mentorship").await?;
    let request = GetGraduationRequest {
        scope: OutcomeScope::Run.into(),
        institution_id: INSTITUTION.to_owned(),
        min_position,
        min_enrolment_position: head(&enrolment, "enrolment").await?,
        ..GetGraduationRequest::default()
    };
    let reply = fresh!(line, OutcomeServiceClient::get_graduation, request);
    let reply = reply.map_err(|e| e.into_error("the outcomes of mentorship"))?;
    let tutors = ask_tutors(&line, min_position).await?;
    Ok(judge(files, &reply, &tutors))
}

/// Brings files and views together.
pub fn judge(files: Vec<Compared>, reply: &GetGraduationResponse, tutors: &[String]) -> Comparison {
    let lines: BTreeMap<_, _> =
        reply.lines.iter().filter(|it| it.cohort.is_empty()).map(|it| (it.scope_id.as_str(), it)).collect();
    let presentations: Vec<_> = files
        .into_iter()
        .map(|mut it| {
            let line = lines.get(it.presentation.as_str());
            it.views = line.map(|it| views(it)).unwrap_or_default();
            let own = tutors_of(&it.presentation);
            it.views.tutors = tutors.iter().filter(|it| it.starts_with(&own)).count() as u64;
            it.judge()
        })
        .collect();
    let equal = presentations.iter().all(|it| it.equal);
    let total = reply.total.clone().unwrap_or_default();
    Comparison { rule: RULE, presentations, outcome: outcome(&total, &reply.note), equal }
}

fn views(line: &GraduationLine) -> Views {
    Views {
        with_mentor: ends(line.with_mentor.as_ref()),
        without_mentor: ends(line.without_mentor.as_ref()),
        never_assigned: line.never_assigned.map_or(0, |it| it.learners),
        tutors: 0,
    }
}

fn ends(it: Option<&GraduationGroup>) -> Ends {
    let it = it.copied().unwrap_or_default();
    Ends { learners: it.learners, passed: it.graduated, failed: it.failed, withdrawn: it.withdrawn }
}

fn outcome(total: &GraduationLine, note: &str) -> Outcome {
    let group = |it: Option<GraduationGroup>| {
        let it = it.unwrap_or_default();
        let [rate, from, to] = [it.rate_millipoints, it.rate_from_millipoints, it.rate_to_millipoints].map(u64::from);
        [it.learners, rate, from, to]
    };
    let difference = [total.difference_millipoints, total.difference_from_millipoints, total.difference_to_millipoints];
    Outcome {
        with_mentor: group(total.with_mentor),
        without_mentor: group(total.without_mentor),
        difference_millipoints: total.has_difference.then_some(difference),
        note: note.to_owned(),
    }
}

/// The ids of all synthetic tutors.
async fn ask_tutors(line: &Line, min_position: u64) -> Result<Vec<String>> {
    let mut tutors = Vec::new();
    let mut request = ListMentorsRequest {
        institution_id: TUTORS.to_owned(),
        page_size: PAGE_SIZE,
        min_position,
        ..ListMentorsRequest::default()
    };
    loop {
        let reply = fresh!(line, MentorServiceClient::list_mentors, request);
        let reply = reply.map_err(|e| e.into_error("the list of tutors"))?;
        tutors.extend(reply.mentors.into_iter().map(|it| it.mentor_id));
        if reply.next_page_token.is_empty() {
            return Ok(tutors);
        }
        request.page_token = reply.next_page_token;
    }
}

/// The comparison as a table for people.
pub fn shown(comparison: &Comparison) -> String {
    let head = [
        "presentation",
        "learners",
        "passed",
        "failed",
        "withdrawn",
        "with tutor",
        "passed",
        "without",
        "passed",
        "tutors",
        "",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for it in &comparison.presentations {
        let (with, without) = (it.views.with_mentor, it.views.without_mentor);
        let numbers = [
            it.files.learners,
            it.files.passed,
            it.files.failed,
            it.files.withdrawn,
            with.learners,
            with.passed,
            without.learners,
            without.passed,
            it.views.tutors,
        ];
        let mut row = vec![it.presentation.clone()];
        row.extend(numbers.map(count));
        row.push(if it.equal { "equal" } else { "DIFFERS" }.to_owned());
        rows.push(row);
    }
    table(&rows)
}

/// The comparison in sentences.
pub fn verdict(comparison: &Comparison) -> String {
    let (all, different) =
        (comparison.presentations.len(), comparison.presentations.iter().filter(|it| !it.equal).count());
    let agreed = match different {
        0 => format!("All {all} presentations have the tutor groups and the outcomes that follow from the files."),
        _ => format!("{different} of {all} presentations DIFFER from what follows from the files."),
    };
    let percent = |it: i64| format!("{:.1}", it as f64 / 1_000.0);
    let rate = |[learners, rate, from, to]: [u64; 4]| {
        let [rate, from, to] = [rate, from, to].map(|it| percent(it as i64));
        format!("{rate} % of {} passed (95 %: {from} to {to})", count(learners))
    };
    let it = &comparison.outcome;
    let mut lines =
        vec![agreed, format!("With a tutor {}; without {}.", rate(it.with_mentor), rate(it.without_mentor))];
    if let Some(difference) = it.difference_millipoints {
        let [difference, from, to] = difference.map(|it| percent(it.into()));
        lines.push(format!("Difference {difference} percentage points (95 %: {from} to {to})."));
    }
    lines.extend([it.note.clone(), comparison.rule.to_owned()]);
    lines.join("\n")
}
