//! The demo's first chapter: institutions, courses on their way through review, runs, a programme.

use super::{
    desk::{Desk, all, answer, asked, day},
    sample::{ASSESSMENTS, COURSES, Course, INSTITUTIONS, Institution, MODULES, PROGRAMME, SCHEME},
};
use anyhow::Result;
use studium_proto::catalogue::v1::{
    AddModuleRequest, AddResourceRequest, ApproveCourseRequest, ApproveProgrammeRequest, Assessment, AssessmentPart,
    AssessmentSchemeSet, AuthoriseInstitutionRequest, Authority, ClaimDomainRequest, ComposeProgrammeRequest,
    CourseCreditOffered, CourseDescribed, CourseLevel, CreateCourseRequest, CreateProgrammeRequest, CreditScheme,
    DescribeCourseRequest, DescribeProgrammeRequest, IdentityVerification, OfferCreditRequest, OpenRunRequest, Pacing,
    ProgrammeComposed, ProgrammeDescribed, ProgrammeKind, PublishCourseRequest, PublishProgrammeRequest,
    RegisterInstitutionRequest, ResourceAdded, ResourceKind, ScheduleRunRequest, SetAssessmentMethodRequest,
    SetAssessmentSchemeRequest, SetOutcomesRequest, SetSkillsRequest, SetWorkloadRequest, Skill, SubmitCourseRequest,
    SubmitProgrammeRequest,
};

/// Offers everything; returns the position of the catalogue at which all of it is offered.
pub async fn offer(desk: &Desk) -> Result<u64> {
    let output = desk.output();
    let bar = output.bar("institutions", 0);
    all(INSTITUTIONS.iter().collect(), &bar, |it| institution(desk, it)).await?;
    let bar = output.bar("courses", 0);
    let positions = all(COURSES.iter().collect(), &bar, |it| course(desk, it)).await?;
    let programme = programme(desk).await?;
    Ok(positions.into_iter().fold(programme, u64::max))
}

async fn institution(desk: &Desk, it: &Institution) -> Result<()> {
    let mut client = desk.institutions.clone();
    let (institution_id, at_ms) = (it.id.to_owned(), day("2024-03-01")?);
    let register = RegisterInstitutionRequest {
        institution_id: institution_id.clone(),
        name: it.name.to_owned(),
        country: it.country.to_owned(),
        at_ms,
    };
    answer(client.register_institution(asked(&format!("institution:{}", it.id), register)).await)?;
    let claim = ClaimDomainRequest { institution_id: institution_id.clone(), domain: it.domain.to_owned(), at_ms };
    answer(client.claim_domain(asked(&format!("domain:{}", it.id), claim)).await)?;
    let authorise = AuthoriseInstitutionRequest { institution_id, authority: Authority::Issuer.into(), at_ms };
    answer(client.authorise_institution(asked(&format!("issuer:{}", it.id), authorise)).await)?;
    Ok(())
}

/// One course from the first line to the open run.
async fn course(desk: &Desk, it: &Course) -> Result<u64> {
    write(desk, it).await?;
    describe(desk, it).await?;
    modules(desk, it).await?;
    let key = |act: &str| format!("{act}:{}", it.id);
    let course_id = it.id.to_owned();
    let mut author = desk.courses.clone();
    let mut reviewer = desk.course_reviews.clone();
    let submit = SubmitCourseRequest {
        course_id: course_id.clone(),
        at_ms: day("2024-05-06")?,
        ..SubmitCourseRequest::default()
    };
    answer(author.submit_course(asked(&key("submit"), submit)).await)?;
    let approve = ApproveCourseRequest {
        course_id: course_id.clone(),
        comment: "Clear, complete, and the hours are honest.".to_owned(),
        at_ms: day("2024-05-20")?,
        ..ApproveCourseRequest::default()
    };
    answer(reviewer.approve_course(asked(&key("approve"), approve)).await)?;
    let publish = PublishCourseRequest { course_id, at_ms: day("2024-06-03")?, ..PublishCourseRequest::default() };
    answer(author.publish_course(asked(&key("publish"), publish)).await)?;
    run(desk, it).await
}

async fn write(desk: &Desk, it: &Course) -> Result<()> {
    let mut client = desk.courses.clone();
    let key = |act: &str| format!("{act}:{}", it.id);
    let (course_id, at_ms) = (it.id.to_owned(), day("2024-04-01")?);
    let create = CreateCourseRequest {
        course_id: course_id.clone(),
        institution_id: it.institution.to_owned(),
        kind: "course".to_owned(),
        title: it.title.to_owned(),
        at_ms,
    };
    answer(client.create_course(asked(&key("course"), create)).await)?;
    let level = if it.level > 5 { CourseLevel::Intermediate } else { CourseLevel::Beginner };
    let description = CourseDescribed {
        title: it.title.to_owned(),
        summary: it.summary.to_owned(),
        language: it.language.to_owned(),
        subject: it.subject.to_owned(),
        level: level.into(),
        ..CourseDescribed::default()
    };
    let describe =
        DescribeCourseRequest { course_id, description: Some(description), at_ms, ..DescribeCourseRequest::default() };
    answer(client.describe_course(asked(&key("describe"), describe)).await)?;
    Ok(())
}

/// What makes a course count: outcomes, skills, hours, credits, and how sure it is who was assessed.
async fn describe(desk: &Desk, it: &Course) -> Result<()> {
    let mut client = desk.courses.clone();
    let key = |act: &str| format!("{act}:{}", it.id);
    let (course_id, at_ms) = (it.id.to_owned(), day("2024-04-15")?);
    let outcomes =
        vec![format!("Can do what \"{}\" promises, and explain how", it.title), "Can judge their own work".to_owned()];
    let outcomes =
        SetOutcomesRequest { course_id: course_id.clone(), outcomes, at_ms, ..SetOutcomesRequest::default() };
    answer(client.set_outcomes(asked(&key("outcomes"), outcomes)).await)?;
    let skills = vec![Skill { label: it.title.to_owned(), ..Skill::default() }];
    let skills = SetSkillsRequest { course_id: course_id.clone(), skills, at_ms, ..SetSkillsRequest::default() };
    answer(client.set_skills(asked(&key("skills"), skills)).await)?;
    let workload = SetWorkloadRequest {
        course_id: course_id.clone(),
        study_minutes: it.hours * 40,
        revision_minutes: it.hours * 15,
        assessment_minutes: it.hours * 5,
        at_ms,
        ..SetWorkloadRequest::default()
    };
    answer(client.set_workload(asked(&key("workload"), workload)).await)?;
    let offer = CourseCreditOffered {
        scheme: CreditScheme::Ects.into(),
        // 25 to 30 hours of work are one ECTS credit.
        credits_milli: it.hours * 1000 / 25,
        eqf_level: it.level,
        ..CourseCreditOffered::default()
    };
    let offer =
        OfferCreditRequest { course_id: course_id.clone(), offer: Some(offer), at_ms, ..OfferCreditRequest::default() };
    answer(client.offer_credit(asked(&key("credit"), offer)).await)?;
    let method = SetAssessmentMethodRequest {
        course_id,
        method: "essay, project and examination".to_owned(),
        identity_verification: IdentityVerification::Proctored.into(),
        at_ms,
        ..SetAssessmentMethodRequest::default()
    };
    answer(client.set_assessment_method(asked(&key("method"), method)).await)?;
    Ok(())
}

/// The parts of a course that others may teach from, each with something to read.
async fn modules(desk: &Desk, it: &Course) -> Result<()> {
    let mut client = desk.courses.clone();
    let at_ms = day("2024-04-22")?;
    for module in MODULES.iter().filter(|module| COURSES[module.course].id == it.id) {
        let (course_id, module_id) = (it.id.to_owned(), module.id.to_owned());
        let key = |act: &str| format!("{act}:{}:{}", it.id, module.id);
        let add = AddModuleRequest {
            course_id: course_id.clone(),
            module_id: module_id.clone(),
            title: module.title.to_owned(),
            at_ms,
            ..AddModuleRequest::default()
        };
        answer(client.add_module(asked(&key("module"), add)).await)?;
        let resource = ResourceAdded {
            resource_id: format!("{}-text", module.id),
            module_id,
            kind: ResourceKind::Reading.into(),
            title: module.title.to_owned(),
            minutes: 90,
            skills: vec![Skill { label: module.skill.to_owned(), ..Skill::default() }],
            ..ResourceAdded::default()
        };
        let add = AddResourceRequest { course_id, resource: Some(resource), at_ms, ..AddResourceRequest::default() };
        answer(client.add_resource(asked(&key("resource"), add)).await)?;
    }
    Ok(())
}

/// The run of autumn 2024: planned, with its assessments, open.
async fn run(desk: &Desk, it: &Course) -> Result<u64> {
    let mut client = desk.runs.clone();
    let key = |act: &str| format!("{act}:{}", it.id);
    let schedule = ScheduleRunRequest {
        run_id: it.run(),
        course_id: it.id.to_owned(),
        title: "Autumn 2024".to_owned(),
        starts_at_ms: day("2024-09-16")?,
        ends_at_ms: day("2025-02-28")?,
        enrol_from_ms: day("2024-07-01")?,
        enrol_until_ms: day("2024-09-30")?,
        pacing: Pacing::Instructor.into(),
        capacity: it.seats,
        waiting_list: it.seats > 0,
        at_ms: day("2024-06-10")?,
        ..ScheduleRunRequest::default()
    };
    answer(client.schedule_run(asked(&key("run"), schedule)).await)?;
    let mut assessments = vec![];
    for (id, title, coursework, weight_millipoints, due) in ASSESSMENTS {
        let part = if coursework { AssessmentPart::Coursework } else { AssessmentPart::Exam };
        assessments.push(Assessment {
            assessment_id: id.to_owned(),
            title: title.to_owned(),
            kind: title.to_owned(),
            part: part.into(),
            weight_millipoints,
            due_at_ms: day(due)?,
        });
    }
    let (coursework_share_millipoints, pass_mark_millipoints, distinction_mark_millipoints) = SCHEME;
    let scheme = AssessmentSchemeSet {
        assessments,
        pass_mark_millipoints,
        coursework_share_millipoints,
        distinction_mark_millipoints,
    };
    let scheme = SetAssessmentSchemeRequest {
        run_id: it.run(),
        scheme: Some(scheme),
        at_ms: day("2024-06-11")?,
        ..SetAssessmentSchemeRequest::default()
    };
    answer(client.set_assessment_scheme(asked(&key("scheme"), scheme)).await)?;
    let open = OpenRunRequest { run_id: it.run(), at_ms: day("2024-07-01")?, ..OpenRunRequest::default() };
    Ok(answer(client.open_run(asked(&key("open"), open)).await)?.position)
}

async fn programme(desk: &Desk) -> Result<u64> {
    let (id, title, courses) = PROGRAMME;
    let programme_id = id.to_owned();
    let mut author = desk.programmes.clone();
    let create = CreateProgrammeRequest {
        programme_id: programme_id.clone(),
        institution_id: INSTITUTIONS[0].id.to_owned(),
        kind: ProgrammeKind::Specialisation.into(),
        title: title.to_owned(),
        at_ms: day("2024-06-04")?,
    };
    answer(author.create_programme(asked("programme", create)).await)?;
    let description = ProgrammeDescribed {
        title: title.to_owned(),
        summary: "Three courses from numbers to programs that last.".to_owned(),
        language: "en".to_owned(),
        ..ProgrammeDescribed::default()
    };
    let describe = DescribeProgrammeRequest {
        programme_id: programme_id.clone(),
        description: Some(description),
        at_ms: day("2024-06-05")?,
        ..DescribeProgrammeRequest::default()
    };
    answer(author.describe_programme(asked("programme-description", describe)).await)?;
    let required_course_ids = courses.iter().map(|it| COURSES[*it].id.to_owned()).collect();
    let compose = ComposeProgrammeRequest {
        programme_id: programme_id.clone(),
        composition: Some(ProgrammeComposed { required_course_ids, ..ProgrammeComposed::default() }),
        at_ms: day("2024-06-06")?,
        ..ComposeProgrammeRequest::default()
    };
    answer(author.compose_programme(asked("programme-courses", compose)).await)?;
    review_programme(desk, programme_id).await
}

async fn review_programme(desk: &Desk, programme_id: String) -> Result<u64> {
    let mut author = desk.programmes.clone();
    let mut reviewer = desk.programme_reviews.clone();
    let submit = SubmitProgrammeRequest {
        programme_id: programme_id.clone(),
        at_ms: day("2024-06-07")?,
        ..SubmitProgrammeRequest::default()
    };
    answer(author.submit_programme(asked("programme-submit", submit)).await)?;
    let approve = ApproveProgrammeRequest {
        programme_id: programme_id.clone(),
        at_ms: day("2024-06-12")?,
        ..ApproveProgrammeRequest::default()
    };
    answer(reviewer.approve_programme(asked("programme-approve", approve)).await)?;
    let publish =
        PublishProgrammeRequest { programme_id, at_ms: day("2024-06-14")?, ..PublishProgrammeRequest::default() };
    Ok(answer(author.publish_programme(asked("programme-publish", publish)).await)?.position)
}
