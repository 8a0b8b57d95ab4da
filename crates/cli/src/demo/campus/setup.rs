//! A campus is set up: authorised, a shelf of courses and runs for it, and all else in one call.

use super::{
    office::Office,
    people::{ADMINISTRATOR, CAMPUS, DOMAIN, NAME, STUDENTS, TEACHER},
};
use crate::demo::{
    desk::{answer, asked, day},
    sample::COURSES,
};
use anyhow::{Result, ensure};
use studium_proto::campus::v1::{
    MemberClass, PlanKind, PlanTermsSet, ProvisionCampusRequest, ProvisionCampusResponse, ProvisionPlanRequest,
    ProvisionStep, StepOutcome,
};
use studium_proto::catalogue::v1::{
    Assessment, AssessmentPart, AssessmentSchemeSet, AuthoriseInstitutionRequest, Authority, DefineSelectionRequest,
    OpenRunRequest, Pacing, ScheduleRunRequest, SelectionFilter, SetAssessmentSchemeRequest,
    selection_service_client::SelectionServiceClient,
};

/// The courses that the campus's plans cover.
pub const SELECTION: &str = "lakeside-shelf";

/// The agreement between the campus and the platform.
pub const AGREEMENT: &str = "lakeside-agreement";

/// The students' plan.
pub const PLAN: &str = "lakeside-students";

/// Fee for a seat and a term, in cents.
pub const FEE: i64 = 4_500;

/// The course that may be taken for credit, and that is taught in class.
pub const STATISTICS: usize = 1;

/// The other course that the class learns from.
pub const DATABASES: usize = 3;

/// A course that some take by themselves.
pub const WRITING: usize = 7;

/// Mark to pass the run's examination, thousandths of a percent.
pub const PASS_MARK: u32 = 50_000;

/// Key of the run of a course that is open now.
pub fn run(course: usize) -> String {
    format!("{}-now", COURSES[course].id)
}

/// What came of it.
pub struct Setup {
    /// Courses of the selection.
    pub courses: u32,
    /// What one call did, step by step, in words.
    pub steps: Vec<String>,
    /// The same call again had nothing to do.
    pub already: bool,
    /// The catalogue's position at which all of it is offered.
    pub catalogue: u64,
    /// The campus stream's position at which the campus stands.
    pub position: u64,
}

/// Sets everything up; `offered` is the catalogue's position with all courses.
pub async fn set_up(office: &Office<'_>, offered: u64) -> Result<Setup> {
    let authorise = AuthoriseInstitutionRequest {
        institution_id: CAMPUS.to_owned(),
        authority: Authority::Campus.into(),
        at_ms: day("2024-08-01")?,
    };
    answer(office.desk.institutions.clone().authorise_institution(asked("campus", authorise)).await)?;
    let mut catalogue = 0;
    for course in [STATISTICS, DATABASES, WRITING] {
        catalogue = catalogue.max(open_run(office, course).await?);
    }
    let filter = SelectionFilter { languages: vec!["en".to_owned()], ..SelectionFilter::default() };
    let define = DefineSelectionRequest {
        selection_id: SELECTION.to_owned(),
        title: "Courses in English".to_owned(),
        filter: Some(filter),
        // Its run is full, and was over long ago.
        excluded_course_ids: vec![COURSES[0].id.to_owned()],
        min_position: offered,
        ..DefineSelectionRequest::default()
    };
    let mut selections = SelectionServiceClient::new(office.shelves.clone());
    let selection = answer(selections.define_selection(asked("selection", define)).await)?;
    let catalogue = catalogue.max(selection.position);
    let dry = provision(office, "provision-dry", true, catalogue).await?;
    let done = provision(office, "provision", false, catalogue).await?;
    let again = provision(office, "provision-again", false, catalogue).await?;
    for (call, told) in [("dry run", &dry), ("call", &done), ("call again", &again)] {
        ensure!(!told.refused, "the {call} that sets the campus up was refused: {:?}", told.steps);
    }
    ensure!(again.already, "the same call again did something: {:?}", again.steps);
    ensure!(dry.steps.len() == done.steps.len(), "the dry run told of other steps than were taken");
    let position = again.position.max(done.position);
    let steps = dry.steps.iter().zip(&done.steps).map(|(dry, done)| {
        let what = words(done.step());
        format!("{what} {}: {}, {}", done.id, outcome(dry.outcome()), outcome(done.outcome()))
    });
    Ok(Setup { courses: selection.courses, steps: steps.collect(), already: again.already, catalogue, position })
}

fn words(step: ProvisionStep) -> &'static str {
    match step {
        ProvisionStep::Unspecified => "step",
        ProvisionStep::Campus => "campus",
        ProvisionStep::SsoDomains => "sign-in domains of",
        ProvisionStep::Administrator => "administrator",
        ProvisionStep::Teacher => "teacher",
        ProvisionStep::Agreement => "agreement",
        ProvisionStep::AutoApply => "plan for new members",
        ProvisionStep::Plan => "plan",
    }
}

fn outcome(it: StepOutcome) -> &'static str {
    match it {
        StepOutcome::Unspecified => "unknown",
        StepOutcome::Done => "done",
        StepOutcome::Already => "already",
        StepOutcome::WouldDo => "would be done",
        StepOutcome::Refused => "refused",
    }
}

/// A run that learners can enter now, with an examination.
async fn open_run(office: &Office<'_>, course: usize) -> Result<u64> {
    let (mut client, calendar) = (office.desk.runs.clone(), &office.calendar);
    let key = |act: &str| format!("{act}:{}", run(course));
    let schedule = ScheduleRunRequest {
        run_id: run(course),
        course_id: COURSES[course].id.to_owned(),
        title: "Open now".to_owned(),
        starts_at_ms: calendar.from_ms,
        ends_at_ms: calendar.until_ms,
        enrol_from_ms: calendar.from_ms,
        enrol_until_ms: calendar.until_ms,
        pacing: Pacing::Self_.into(),
        ..ScheduleRunRequest::default()
    };
    answer(client.schedule_run(asked(&key("run"), schedule)).await)?;
    let exam = Assessment {
        assessment_id: "exam".to_owned(),
        title: "Examination".to_owned(),
        kind: "Examination".to_owned(),
        part: AssessmentPart::Exam.into(),
        weight_millipoints: 100_000,
        due_at_ms: 0,
    };
    let scheme = AssessmentSchemeSet {
        assessments: vec![exam],
        pass_mark_millipoints: PASS_MARK,
        coursework_share_millipoints: 0,
        distinction_mark_millipoints: 80_000,
    };
    let scheme = SetAssessmentSchemeRequest {
        run_id: run(course),
        scheme: Some(scheme),
        ..SetAssessmentSchemeRequest::default()
    };
    answer(client.set_assessment_scheme(asked(&key("scheme"), scheme)).await)?;
    let open = OpenRunRequest { run_id: run(course), ..OpenRunRequest::default() };
    Ok(answer(client.open_run(asked(&key("open"), open)).await)?.position)
}

/// The terms of a plan for these classes of members.
pub fn terms(title: &str, member_classes: &[MemberClass]) -> PlanTermsSet {
    PlanTermsSet {
        title: title.to_owned(),
        selection_id: SELECTION.to_owned(),
        member_classes: member_classes.iter().map(|it| (*it).into()).collect(),
        fee_per_seat_minor: FEE,
        currency: "EUR".to_owned(),
        credit_course_ids: vec![COURSES[STATISTICS].id.to_owned()],
        self_service: true,
        ..PlanTermsSet::default()
    }
}

/// Campus, domain, administrator, teacher, agreement and plan.
async fn provision(
    office: &Office<'_>,
    key: &str,
    dry_run: bool,
    catalogue_position: u64,
) -> Result<ProvisionCampusResponse> {
    let calendar = &office.calendar;
    let plan = ProvisionPlanRequest {
        plan_id: PLAN.to_owned(),
        kind: PlanKind::Paid.into(),
        terms: Some(terms("Students and fellows", &[MemberClass::Student, MemberClass::Fellow])),
        seats: STUDENTS as u32,
        starts_at_ms: calendar.from_ms,
        ends_at_ms: calendar.until_ms,
        ..ProvisionPlanRequest::default()
    };
    let request = ProvisionCampusRequest {
        campus_id: CAMPUS.to_owned(),
        name: NAME.to_owned(),
        sso_domains: vec![DOMAIN.to_owned()],
        administrator_ids: vec![ADMINISTRATOR.to_owned()],
        teacher_ids: vec![TEACHER.to_owned()],
        agreement_id: AGREEMENT.to_owned(),
        agreement_title: "Seats for Lakeside".to_owned(),
        agreement_starts_at_ms: calendar.from_ms,
        dry_run,
        catalogue_position,
        at_ms: calendar.from_ms,
        plans: vec![plan],
        ..ProvisionCampusRequest::default()
    };
    answer(office.provisioning().provision_campus(asked(key, request)).await)
}
