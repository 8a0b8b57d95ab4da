//! Definitions that come from the catalogue: what a version said holds, and nothing else is defined.

use crate::desk::{Desk, patiently, reason};
use studium_proto::{
    catalogue::v1::{
        Assessment, AssessmentPart, AssessmentSchemeSet, CourseAssessmentMethodSet, CourseCreated, CourseCreditOffered,
        CourseDescribed, CourseOutcomesSet, CoursePublished, CourseSkillsSet, CourseWorkloadSet, CreditScheme,
        IdentityVerification, ProgrammeComposed, ProgrammeCreated, ProgrammeCredentialSet, ProgrammeDescribed,
        ProgrammeKind, ProgrammePublished, RunOpened, RunScheduled, Skill, course_event::Event as CourseEvent,
        course_run_event::Event as RunEvent, programme_event::Event as ProgrammeEvent,
    },
    credentials::v1::{
        AchievedSkill, AchievementDefined, AchievementSource, AchievementType, AssessmentType, AwardScheme,
        AwardedCredit, CheckAchievementRequest, CredentialState, CreditRoute, DefineAchievementRequest,
        DraftAchievementRequest, Framework, Supervision,
    },
};
use tonic::{Code, Status};

/// What the catalogue says of a course: `ou` provides it, it takes so many hours and is at this level.
fn course(title: &str, hours: u32, level: u32) -> Vec<CourseEvent> {
    let created =
        CourseCreated { institution_id: "ou".into(), title: "Working title".into(), ..CourseCreated::default() };
    vec![CourseEvent::CourseCreated(created)].into_iter().chain(said(title, hours, level)).collect()
}

/// What is written into its working copy.
fn said(title: &str, hours: u32, level: u32) -> Vec<CourseEvent> {
    vec![
        CourseEvent::CourseDescribed(CourseDescribed {
            title: title.into(),
            summary: format!("{title} in short."),
            language: "en".into(),
            subject: "0541".into(),
            ..CourseDescribed::default()
        }),
        CourseEvent::CourseOutcomesSet(CourseOutcomesSet { outcomes: vec![format!("Master {title}.")] }),
        CourseEvent::CourseSkillsSet(CourseSkillsSet {
            skills: vec![Skill { uri: "http://data.europa.eu/esco/skill/1".into(), label: "algebra".into() }],
        }),
        CourseEvent::CourseWorkloadSet(CourseWorkloadSet {
            study_minutes: (hours - 15) * 60,
            revision_minutes: 600,
            assessment_minutes: 300,
        }),
        CourseEvent::CourseCreditOffered(CourseCreditOffered {
            scheme: CreditScheme::Ects as i32,
            credits_milli: hours * 40,
            eqf_level: level,
            national_level: format!("RQF {level}"),
            credit_route: "Direct entry to the second year".into(),
            degree_programmes: vec!["BSc Mathematics".into()],
        }),
        CourseEvent::CourseAssessmentMethodSet(CourseAssessmentMethodSet {
            method: "Examination".into(),
            identity_verification: IdentityVerification::Proctored as i32,
        }),
    ]
}

fn published(version: u32) -> CourseEvent {
    CourseEvent::CoursePublished(CoursePublished { version, imported: false })
}

/// A run of AAA, taught from version 1, that 40 points in an examination pass.
fn run() -> Vec<RunEvent> {
    let exam = Assessment { assessment_id: "exam".into(), part: AssessmentPart::Exam as i32, ..Assessment::default() };
    vec![
        RunEvent::RunScheduled(RunScheduled { course_id: "AAA".into(), ..RunScheduled::default() }),
        RunEvent::AssessmentSchemeSet(AssessmentSchemeSet {
            assessments: vec![exam],
            pass_mark_millipoints: 40_000,
            ..AssessmentSchemeSet::default()
        }),
        RunEvent::RunOpened(RunOpened { course_version: 1 }),
    ]
}

/// A definition drafted by a registrar once the service has heard of all that the catalogue said.
async fn draft(desk: &Desk, source: AchievementSource, id: &str, version: u32) -> Result<AchievementDefined, Status> {
    let catalogue_position = desk.house.log().head("catalogue").await.unwrap();
    let request = DraftAchievementRequest {
        source: source as i32,
        source_id: id.into(),
        source_version: version,
        catalogue_position,
        ..DraftAchievementRequest::default()
    };
    let mut achievements = desk.achievements().await;
    Ok(patiently!(achievements.draft_achievement(request.clone()))?.definition.unwrap())
}

async fn define(desk: &Desk, definition: AchievementDefined) -> Result<String, Status> {
    let definition = Some(definition);
    let request = DefineAchievementRequest { definition, ..DefineAchievementRequest::default() };
    Ok(desk.achievements().await.define_achievement(request).await?.into_inner().id)
}

pub async fn what_a_version_said_is_drafted_whatever_the_catalogue_says_later(desk: Desk) {
    let mut events = course("Algebra", 125, 6);
    events.push(published(1));
    desk.elsewhere.say("AAA", events).await;
    desk.elsewhere.say("AAA-2026", run()).await;
    let first = draft(&desk, AchievementSource::Course, "AAA", 0).await.unwrap();
    let expected = AchievementDefined {
        source: AchievementSource::Course as i32,
        source_id: "AAA".into(),
        source_version: 1,
        institution_id: "ou".into(),
        achievement_type: AchievementType::Course as i32,
        name: "Algebra".into(),
        description: "Algebra in short.".into(),
        language: "en".into(),
        outcomes: vec!["Master Algebra.".into()],
        skills: first.skills.clone(),
        study_minutes: 6_600,
        revision_minutes: 600,
        assessment_minutes: 300,
        eqf_level: 6,
        national_level: "RQF 6".into(),
        credits: vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 }],
        credit_route: CreditRoute::Direct as i32,
        degree_programmes: vec!["BSc Mathematics".into()],
        assessment_method: "Examination".into(),
        assessment_type: AssessmentType::Testing as i32,
        summative_assessment: true,
        pass_mark_millipoints: 40_000,
        supervision: Supervision::OnlineIdentified as i32,
        field_of_study: "0541".into(),
        ..AchievementDefined::default()
    };
    assert_eq!(first, expected);
    assert_eq!(first.skills[0].label, "algebra");

    desk.elsewhere.say("AAA", said("Linear algebra", 150, 7)).await;
    for version in [0, 1] {
        let again = draft(&desk, AchievementSource::Course, "AAA", version).await.unwrap();
        assert_eq!(again, expected, "the working copy is no version");
    }
    desk.elsewhere.say("AAA", vec![published(2)]).await;
    assert_eq!(draft(&desk, AchievementSource::Course, "AAA", 1).await.unwrap(), expected);
    let latest = draft(&desk, AchievementSource::Course, "AAA", 0).await.unwrap();
    assert_eq!((latest.source_version, latest.name.as_str(), latest.eqf_level), (2, "Linear algebra", 7));
    assert_eq!((latest.study_minutes, latest.pass_mark_millipoints), (8_100, 0), "no run teaches it yet");
}

pub async fn a_credential_says_what_the_version_said(desk: Desk) {
    desk.with_issuer("ou").await;
    desk.with_key("ou").await;
    let mut events = course("Algebra", 125, 6);
    events.push(published(1));
    desk.elsewhere.say("AAA", events).await;
    // What the course says before the definition, and what it says before the award, are nobody's business.
    desk.elsewhere.say("AAA", said("Linear algebra", 150, 7)).await;
    let first = draft(&desk, AchievementSource::Course, "AAA", 1).await.unwrap();
    let id = define(&desk, first).await.unwrap();
    desk.approve(&id).await.unwrap();
    desk.elsewhere.say("AAA", vec![published(2)]).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.passes("ada").await;
    desk.becomes("course~AAA~1~ada~1", CredentialState::Active).await;
    let json = desk.get("course~AAA~1~ada~1").await.unwrap().json;
    assert!(json.contains("Master Algebra.") && !json.contains("Linear algebra"), "{json}");
}

pub async fn only_what_the_catalogue_published_is_drafted_and_defined(desk: Desk) {
    let refused = async |id: &str, version: u32, expected: &str| {
        let no = draft(&desk, AchievementSource::Course, id, version).await.unwrap_err();
        assert_eq!(reason(&no), expected, "drafting version {version} of {id}: {no}");
        let version = version.max(1);
        let definition = AchievementDefined { source_id: id.into(), source_version: version, ..Desk::course() };
        let no = define(&desk, definition).await.unwrap_err();
        assert_eq!(reason(&no), expected, "defining version {version} of {id}: {no}");
    };
    desk.elsewhere.say("AAA", course("Algebra", 125, 6)).await;
    refused("ZZZ", 0, "SOURCE_NOT_FOUND").await;
    refused("AAA", 0, "SOURCE_VERSION_NOT_PUBLISHED").await;
    refused("AAA", 1, "SOURCE_VERSION_NOT_PUBLISHED").await;
    desk.elsewhere.say("AAA", vec![published(1)]).await;
    refused("AAA", 2, "SOURCE_VERSION_NOT_PUBLISHED").await;
    let theirs = AchievementDefined { institution_id: "mit".into(), ..Desk::course() };
    assert_eq!(reason(&define(&desk, theirs).await.unwrap_err()), "SOURCE_OF_ANOTHER_INSTITUTION");

    let caller = desk.house.call(&desk.running, "bob", &["staff"], &["mit"]).await.unwrap();
    let mut bob = studium_proto::credentials::v1::achievement_service_client::AchievementServiceClient::new(caller);
    let request = DraftAchievementRequest {
        institution_id: "mit".into(),
        source: AchievementSource::Course as i32,
        source_id: "AAA".into(),
        ..DraftAchievementRequest::default()
    };
    assert_eq!(reason(&bob.draft_achievement(request).await.unwrap_err()), "SOURCE_OF_ANOTHER_INSTITUTION");
    let stack = draft(&desk, AchievementSource::Stack, "AAA", 0).await.unwrap_err();
    assert_eq!(stack.code(), Code::InvalidArgument);
    assert_eq!(define(&desk, Desk::course()).await.unwrap(), "course~AAA~1");
}

pub async fn a_stack_is_described_by_whose_it_is(desk: Desk) {
    let described = |institution_id: &str| AchievementDefined {
        source: AchievementSource::Stack as i32,
        source_id: "maths".into(),
        institution_id: institution_id.into(),
        name: "Certificate of mathematics".into(),
        ..Desk::course()
    };
    // Nobody takes the name of a stack that does not exist yet.
    assert_eq!(reason(&define(&desk, described("mit")).await.unwrap_err()), "SOURCE_NOT_FOUND");
    desk.defines_stack("maths", 10_000).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    assert_eq!(reason(&define(&desk, described("mit")).await.unwrap_err()), "SOURCE_OF_ANOTHER_INSTITUTION");
    assert_eq!(define(&desk, described("ou")).await.unwrap(), "stack~maths~1");
}

pub async fn what_a_definition_points_to_can_be_followed(desk: Desk) {
    desk.published(&Desk::course()).await;
    let skill = |uri: &str| AchievementDefined {
        skills: vec![AchievedSkill { uri: uri.into(), label: "algebra".into() }],
        ..Desk::course()
    };
    let quality = |url: &str| AchievementDefined { quality_assurance_url: url.into(), ..Desk::course() };
    for it in ["algebra", "javascript:alert(1)", "https://", "https://skills.example/a b"] {
        for (field, definition) in [("skills.uri", skill(it)), ("quality_assurance_url", quality(it))] {
            let no = define(&desk, definition).await.unwrap_err();
            assert_eq!(no.code(), Code::InvalidArgument, "{it}");
            assert!(no.message().contains(field), "{no}");
        }
    }
    for it in ["", "http://data.europa.eu/esco/skill/1", "https://qa.example/decisions?of=17#a"] {
        define(&desk, skill(it)).await.unwrap();
        define(&desk, quality(it)).await.unwrap();
    }
}

pub async fn a_programme_is_drafted_with_what_its_courses_said_then(desk: Desk) {
    for (id, title, hours) in [("AAA", "Algebra", 50), ("BBB", "Analysis", 75)] {
        let mut events = course(title, hours, 6);
        events.push(published(1));
        desk.elsewhere.say(id, events).await;
    }
    let composed = |ids: &[&str]| {
        let required_course_ids = ids.iter().map(|it| (*it).to_owned()).collect();
        ProgrammeEvent::ProgrammeComposed(ProgrammeComposed { required_course_ids, ..ProgrammeComposed::default() })
    };
    let kind = ProgrammeKind::Microcredential as i32;
    let events = vec![
        ProgrammeEvent::ProgrammeCreated(ProgrammeCreated { institution_id: "ou".into(), kind, title: "Draft".into() }),
        ProgrammeEvent::ProgrammeDescribed(ProgrammeDescribed {
            title: "Mathematics".into(),
            summary: "Two courses.".into(),
            language: "en".into(),
            ..ProgrammeDescribed::default()
        }),
        composed(&["AAA", "BBB"]),
        ProgrammeEvent::ProgrammeCredentialSet(ProgrammeCredentialSet {
            title: "Microcredential in mathematics".into(),
            criteria: "Pass both courses.".into(),
            eqf_level: 6,
        }),
        ProgrammeEvent::ProgrammePublished(ProgrammePublished { version: 1 }),
    ];
    desk.elsewhere.say("MAT", events).await;
    let mut later = said("Linear algebra", 150, 7);
    later.push(published(2));
    desk.elsewhere.say("AAA", later).await;
    desk.elsewhere.say("MAT", vec![composed(&["AAA"])]).await;

    let it = draft(&desk, AchievementSource::Programme, "MAT", 0).await.unwrap();
    assert_eq!((it.name.as_str(), it.criteria.as_str()), ("Microcredential in mathematics", "Pass both courses."));
    assert_eq!(it.achievement_type(), AchievementType::Microcredential);
    assert_eq!(it.frameworks, [Framework::Cmf2022 as i32]);
    assert_eq!(it.outcomes, ["Master Algebra.", "Master Analysis."]);
    assert_eq!((it.study_minutes, it.revision_minutes, it.assessment_minutes, it.eqf_level), (5_700, 1_200, 600, 6));
    assert_eq!(it.credits, [AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 }]);
    assert_eq!(define(&desk, it).await.unwrap(), "programme~MAT~1");
}

pub async fn a_definition_is_checked_before_it_is_stored(desk: Desk) {
    let it = AchievementDefined { eqf_level: 3, ..Desk::course() };
    let frameworks = vec![Framework::Cmf2019 as i32, Framework::Eu2022 as i32];
    let request = CheckAchievementRequest { definition: Some(it), frameworks, ..CheckAchievementRequest::default() };
    let mut achievements = desk.achievements().await;
    let mut found = async || {
        let found = achievements.check_achievement(request.clone()).await.unwrap().into_inner().findings;
        assert!(found.iter().all(|it| !it.detail.is_empty()));
        found.into_iter().map(|it| it.code).collect::<Vec<_>>()
    };
    let before = found().await;
    assert_eq!(before[..3], ["CMF_HOURS_BELOW_MIN", "CMF_HOURS_EXCLUDE_ASSESSMENT", "CMF_LEVEL_NOT_ELIGIBLE"]);
    assert!(before.contains(&"EU_MISSING_COUNTRY".to_owned()), "{before:?}");
    desk.with_issuer("ou").await;
    let after = found().await;
    assert!(!after.contains(&"EU_MISSING_COUNTRY".to_owned()), "{after:?}");
    assert_eq!(before.len(), after.len() + 2, "name and country are known");
}
