//! What the catalogue has to know before anybody can be enrolled: the university, its modules, its presentations.

use super::{
    files::{DAY_MS, Run},
    plan::{Offer, Plan},
};
use crate::{
    import::{
        ask::{fresh, is_refused, same},
        line::Line,
    },
    platform::Platform,
};
use anyhow::{Result, bail};
use std::{collections::BTreeMap, time::Duration};
use studium_proto::{
    catalogue::v1::{
        ApproveCourseRequest, Assessment, AssessmentPart, AssessmentSchemeSet, CourseCreditOffered, CourseDescribed,
        CreateCourseRequest, CreditScheme, DescribeCourseRequest, OfferCreditRequest, OpenRunRequest, Pacing,
        PublishCourseRequest, RegisterInstitutionRequest, ScheduleRunRequest, SetAssessmentSchemeRequest,
        SetOutcomesRequest, SetWorkloadRequest, SubmitCourseRequest, course_run_service_client::CourseRunServiceClient,
        course_service_client::CourseServiceClient, institution_service_client::InstitutionServiceClient,
    },
    enrolment::v1::{GetRunOfferRequest, RunStatus, enrolment_query_service_client::EnrolmentQueryServiceClient},
};
use tokio::time::sleep;

/// The university's id.
pub const INSTITUTION: &str = "open-university";

/// What a course must say of itself and the files do not.
const SUMMARY: &str = "A module whose name and content the published data set keeps to itself.";
const OUTCOME: &str = "Passes the module's assessments as the Open University sets them.";
const LANGUAGE: &str = "English";
/// ECTS users' guide: a credit is 25 to 30 hours of work.
const MINUTES_A_CREDIT: u32 = 25 * 60;

/// How often, and after what pause, enrolment is asked for a run that it has not heard of yet.
const HEARD_TRIES: u32 = 100;
const HEARD_PAUSE: Duration = Duration::from_millis(200);

/// Announces institution, courses and runs, and waits until enrolment has heard of them.
/// Gives the position of the catalogue's stream at which all of it can be known, and when the first was announced.
pub async fn announce(platform: &Platform, plan: &Plan, credits: u32) -> Result<(u64, i64)> {
    let spinner = platform.output.spinner("announcing modules and presentations");
    let author = Line::open(platform, "catalogue", &["registrar"], "studium-import", 1).await?;
    let reviewer = Line::open(platform, "catalogue", &["registrar"], "studium-import-review", 1).await?;
    let mut modules: BTreeMap<&str, i64> = BTreeMap::new();
    for (run, offer) in plan.files.runs.iter().zip(&plan.offers) {
        let first = modules.entry(&run.module).or_insert(i64::MAX);
        *first = offer.announced_at_ms(run).min(*first);
    }
    let founded_at_ms = modules.values().min().copied().unwrap_or_default();
    register_institution(&author, founded_at_ms).await?;
    let mut position = 0;
    for (module, at_ms) in &modules {
        if plan.wanted().any(|(run, _)| run.module == *module) {
            spinner.message(*module);
            publish_course(&author, &reviewer, module, *at_ms, credits).await?;
        }
    }
    for (run, offer) in plan.wanted() {
        spinner.message(run.id.as_str());
        position = position.max(open_run(&author, plan, run, offer).await?);
    }
    let enrolment = Line::open(platform, "enrolment", &["registrar"], "studium-import", 1).await?;
    for (run, _) in plan.wanted() {
        wait_until_heard(&enrolment, &run.id, position).await?;
    }
    spinner.finish();
    Ok((position, founded_at_ms))
}

/// The id of a module as a course.
pub fn course_id(module: &str) -> String {
    format!("ou-{module}")
}

async fn register_institution(line: &Line, at_ms: i64) -> Result<()> {
    let request = RegisterInstitutionRequest {
        institution_id: INSTITUTION.to_owned(),
        name: "The Open University".to_owned(),
        country: "GB".to_owned(),
        at_ms,
    };
    match same!(line, InstitutionServiceClient::register_institution, request) {
        Ok(_) => Ok(()),
        // Under whatever name: it is there.
        Err(e) if is_refused(&e, "INSTITUTION_EXISTS") => Ok(()),
        Err(e) => Err(e.into_error("the university")),
    }
}

/// A module as a published course. An earlier run may have been stopped anywhere on the way.
async fn publish_course(author: &Line, reviewer: &Line, module: &str, at_ms: i64, credits: u32) -> Result<()> {
    let what = format!("module {module}");
    let (course_id, institution_id) = (course_id(module), String::new());
    loop {
        // A working copy that waits for its review cannot be changed: it is published first, then changed.
        let is_written = write_course(author, module, at_ms, credits).await?;
        let request =
            SubmitCourseRequest { course_id: course_id.clone(), institution_id: institution_id.clone(), at_ms };
        match fresh!(author, CourseServiceClient::submit_course, request) {
            Err(e) if is_refused(&e, "NOTHING_TO_REVIEW") => return Ok(()),
            submitted => drop(submitted.map_err(|e| e.into_error(&what))?),
        }
        let comment = "taken over from the registry as it is".to_owned();
        let request = ApproveCourseRequest {
            course_id: course_id.clone(),
            institution_id: institution_id.clone(),
            comment,
            at_ms,
        };
        fresh!(reviewer, CourseServiceClient::approve_course, request).map_err(|e| e.into_error(&what))?;
        let request =
            PublishCourseRequest { course_id: course_id.clone(), institution_id: institution_id.clone(), at_ms };
        fresh!(author, CourseServiceClient::publish_course, request).map_err(|e| e.into_error(&what))?;
        if is_written {
            return Ok(());
        }
    }
}

/// What is known of a module, as a working copy; `false` when one that says something else waits for its review.
#[expect(clippy::too_many_lines, reason = "one act after the other, as a person would write a course")]
async fn write_course(author: &Line, module: &str, at_ms: i64, credits: u32) -> Result<bool> {
    let what = format!("module {module}");
    let title = format!("Module {module}");
    let course_id = || course_id(module);
    let institution_id = String::new;
    let request = CreateCourseRequest {
        course_id: course_id(),
        institution_id: INSTITUTION.to_owned(),
        kind: "MODULE".to_owned(),
        title: title.clone(),
        at_ms,
    };
    fresh!(author, CourseServiceClient::create_course, request).map_err(|e| e.into_error(&what))?;
    let description = CourseDescribed {
        title,
        summary: SUMMARY.to_owned(),
        language: LANGUAGE.to_owned(),
        ..CourseDescribed::default()
    };
    let described = DescribeCourseRequest {
        course_id: course_id(),
        institution_id: institution_id(),
        description: Some(description),
        at_ms,
    };
    let outcomes = SetOutcomesRequest {
        course_id: course_id(),
        institution_id: institution_id(),
        outcomes: vec![OUTCOME.to_owned()],
        at_ms,
    };
    let workload = SetWorkloadRequest {
        course_id: course_id(),
        institution_id: institution_id(),
        study_minutes: credits * MINUTES_A_CREDIT,
        revision_minutes: 0,
        assessment_minutes: 0,
        at_ms,
    };
    let offer = CourseCreditOffered {
        scheme: CreditScheme::Ects.into(),
        credits_milli: credits * 1000,
        ..CourseCreditOffered::default()
    };
    let credit =
        OfferCreditRequest { course_id: course_id(), institution_id: institution_id(), offer: Some(offer), at_ms };
    let answers = [
        fresh!(author, CourseServiceClient::describe_course, described).map(drop),
        fresh!(author, CourseServiceClient::set_outcomes, outcomes).map(drop),
        fresh!(author, CourseServiceClient::set_workload, workload).map(drop),
        fresh!(author, CourseServiceClient::offer_credit, credit).map(drop),
    ];
    let mut is_written = true;
    for answer in answers {
        match answer {
            Err(e) if is_refused(&e, "IN_REVIEW") => is_written = false,
            other => other.map_err(|e| e.into_error(&what))?,
        }
    }
    Ok(is_written)
}

/// A presentation as a run that is open; gives the position of the last commit on it.
async fn open_run(line: &Line, plan: &Plan, run: &Run, offer: &Offer) -> Result<u64> {
    let what = format!("presentation {}", run.id);
    let at_ms = offer.announced_at_ms(run);
    let (run_id, institution_id) = (run.id.clone(), String::new());
    let request = ScheduleRunRequest {
        run_id: run_id.clone(),
        institution_id: institution_id.clone(),
        course_id: course_id(&run.module),
        title: run.presentation.clone(),
        starts_at_ms: run.starts_at_ms,
        ends_at_ms: run.ends_at_ms(),
        enrol_from_ms: run.at_ms(offer.window.0),
        enrol_until_ms: run.at_ms(offer.window.1.min(run.length)) + DAY_MS,
        pacing: Pacing::Instructor.into(),
        at_ms,
        ..ScheduleRunRequest::default()
    };
    let scheduled = same!(line, CourseRunServiceClient::schedule_run, request).map_err(|e| e.into_error(&what))?;
    let assessments = offer.assessments.iter().map(|index| {
        let it = &plan.files.assessments[usize::from(*index)];
        let part = if it.kind == "Exam" { AssessmentPart::Exam } else { AssessmentPart::Coursework };
        Assessment {
            assessment_id: it.id.clone(),
            title: String::new(),
            kind: it.kind.clone(),
            part: part.into(),
            weight_millipoints: it.weight_millipoints,
            due_at_ms: run.at_ms(it.due.unwrap_or(run.length)),
        }
    });
    // No pass mark: the registry has decided already.
    let scheme = AssessmentSchemeSet { assessments: assessments.collect(), ..AssessmentSchemeSet::default() };
    let request = SetAssessmentSchemeRequest {
        run_id: run_id.clone(),
        institution_id: institution_id.clone(),
        scheme: Some(scheme),
        at_ms,
    };
    let set = same!(line, CourseRunServiceClient::set_assessment_scheme, request).map_err(|e| e.into_error(&what))?;
    let request = OpenRunRequest { run_id, institution_id, at_ms };
    let opened = same!(line, CourseRunServiceClient::open_run, request).map_err(|e| e.into_error(&what))?;
    Ok(scheduled.position.max(set.position).max(opened.position))
}

/// Enrolment knows the catalogue from its events, which come a moment later.
async fn wait_until_heard(line: &Line, run_id: &str, catalogue_position: u64) -> Result<()> {
    let what = format!("enrolment's view of presentation {run_id}");
    for _ in 0..HEARD_TRIES {
        let request = GetRunOfferRequest { run_id: run_id.to_owned(), catalogue_position };
        match fresh!(line, EnrolmentQueryServiceClient::get_run_offer, request) {
            Ok(reply) if reply.status() == RunStatus::Scheduled => {}
            Ok(_) => return Ok(()),
            Err(e) if is_refused(&e, "RUN_NOT_FOUND") => {}
            Err(e) => return Err(e.into_error(&what)),
        }
        sleep(HEARD_PAUSE).await;
    }
    bail!("enrolment has not heard of {run_id} from the catalogue; see `studium views list` and repeat the command")
}
