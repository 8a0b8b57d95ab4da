//! From completing a course to a credential that a stranger verifies.

use crate::desk::{Desk, URL};
use studium_proto::catalogue::v1::{
    Authority, InstitutionAuthorisationWithdrawn, InstitutionAuthorised, institution_event::Event as InstitutionEvent,
};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementSource, AssessmentType, AwardScheme, AwardedCredit, CredentialState,
    CredentialWithheld, CreditRoute, Framework, IssueCause, ParticipationForm, Supervision,
    credential_event::Event as CredentialEvent,
};
use studium_proto::enrolment::v1::{
    LearnerRegistered, Outcome, ProgrammeCompleted, ProgrammeCourseCompleted, ProgrammeJoined,
    learner_event::Event as LearnerEvent, programme_enrolment_event::Event as ProgrammeEvent,
};
use studium_vc::{contexts::Contexts, did::Document, resolver::Fetched, verify};

const ADA: &str = "course~AAA~1~ada~1";

/// What a stranger finds out about a credential with nothing but its address.
pub async fn verified(desk: &Desk, url: &str, form: &str) -> verify::Report {
    let (status, headers, text) = desk.finds(url, &[("accept", form)]).await;
    assert_eq!(status, 200, "{text}");
    assert_eq!(headers["content-type"], form);
    let json: serde_json::Value = match form {
        "application/vc+jwt" => studium_vc::jwt::Token::read(&text).unwrap().credential,
        _ => serde_json::from_str(&text).unwrap(),
    };
    let issuer = json["issuer"]["id"].as_str().unwrap();
    let keys_at = studium_vc::did::web_document_url(issuer, studium_vc::reach::Reach::Https).unwrap();
    let (_, _, document) = desk.finds(&keys_at, &[]).await;
    let document = Document::read(issuer, &serde_json::from_str(&document).unwrap()).unwrap();
    let list_at = json["credentialStatus"]["statusListCredential"].as_str().unwrap().to_owned();
    let (_, _, list) = desk.finds(&list_at, &[]).await;
    let found = Fetched { documents: [(issuer.to_owned(), document)].into(), status_lists: [(list_at, list)].into() };
    verify::credential(&text, &found, desk.house.now_ms(), Contexts::embedded())
}

pub async fn who_completes_gets_a_credential_that_a_stranger_verifies(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    let shown = desk.becomes(ADA, CredentialState::Active).await;
    assert_eq!((shown.grade_millipoints, shown.cause()), (Some(78_000), IssueCause::Completion));
    let names: Vec<_> = shown.evidence.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["EnrolmentActivated", "ResultRecorded", "EnrolmentCompleted"]);
    for it in &shown.evidence {
        let stored = desk.house.log().read(&it.stream, it.position).await.unwrap().unwrap();
        assert_eq!(stored.commit.id, it.commit_id);
        let hash: Vec<_> = stored.hash().iter().map(|it| format!("{it:02x}")).collect();
        assert_eq!(hash.concat(), it.sha256);
    }
    let id = shown.url.strip_prefix(&format!("{URL}/credentials/")).unwrap();
    assert!(id.len() == 36 && id.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-'), "it says nothing: {id}");
    for form in ["application/vc+ld+json", "application/vc+jwt"] {
        let report = verified(&desk, &shown.url, form).await;
        assert_eq!(report.outcome(), verify::Outcome::Ok, "{form}: {report:?}");
    }
    let (status, ..) = desk.finds("/credentials/00000000-0000-0000-0000-000000000000", &[]).await;
    assert_eq!(status, 404);
}

pub async fn an_approval_reaches_those_who_completed_before(desk: Desk) {
    desk.with_issuer("ou").await;
    desk.with_key("ou").await;
    desk.passes("ada").await;
    let next = |it: &mut studium_proto::enrolment::v1::EnrolmentCompleted| it.course_version = 2;
    desk.completes("bob", next).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.approves(Desk::course()).await.unwrap();
    desk.becomes(ADA, CredentialState::Active).await;
    assert!(desk.get("course~AAA~1~bob~1").await.is_err(), "another version was completed");
}

pub async fn what_is_withheld_is_issued_once_the_issuer_has_a_key(desk: Desk) {
    desk.with_issuer("ou").await;
    desk.approves(Desk::course()).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.passes("ada").await;
    let withheld = desk.becomes(ADA, CredentialState::Withheld).await;
    assert_eq!(withheld.withheld_reasons, ["ISSUER_KEY_UNAVAILABLE"]);
    desk.with_key("ou").await;
    let issued = desk.becomes(ADA, CredentialState::Active).await;
    assert!(issued.withheld_reasons.is_empty());
}

pub async fn what_is_withheld_is_issued_once_the_learner_is_known_and_the_institution_may(desk: Desk) {
    desk.that_issues().await;
    let withdrawn = InstitutionAuthorisationWithdrawn { authority: Authority::Issuer as i32, reason: "lapsed".into() };
    desk.elsewhere.say("ou", vec![InstitutionEvent::InstitutionAuthorisationWithdrawn(withdrawn)]).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.passes("ada").await;
    let withheld = desk.becomes(ADA, CredentialState::Withheld).await;
    assert_eq!(withheld.withheld_reasons, ["ISSUER_NOT_AUTHORISED"]);
    let again = InstitutionAuthorised { authority: Authority::Issuer as i32 };
    desk.elsewhere.say("ou", vec![InstitutionEvent::InstitutionAuthorised(again)]).await;
    desk.becomes(ADA, CredentialState::Active).await;

    let next = AchievementDefined { source_version: 2, frameworks: vec![Framework::Eu2022 as i32], ..full() };
    desk.approves(next).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.completes("bob", |it| it.course_version = 2).await;
    let bob = "course~AAA~2~bob~1";
    assert_eq!(desk.becomes(bob, CredentialState::Withheld).await.withheld_reasons, ["LEARNER_UNIDENTIFIED"]);
    let named = LearnerRegistered { name: "Bob".into(), email: String::new() };
    desk.elsewhere.say("bob", vec![LearnerEvent::LearnerRegistered(named)]).await;
    desk.becomes(bob, CredentialState::Active).await;
}

/// What stood against an award may be settled while the award is being looked at; then nobody else asks again.
pub async fn what_is_withheld_too_late_for_everybody_else_is_issued(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.credentials().await.revoke_credential(crate::credits::revoke(ADA)).await.unwrap();
    desk.becomes(ADA, CredentialState::Revoked).await;
    let withheld = CredentialWithheld {
        learner_id: "ada".into(),
        achievement_id: "course~AAA~1".into(),
        institution_id: "ou".into(),
        attempt: 2,
        reasons: vec!["ISSUER_NOT_AUTHORISED".into()],
        details: vec!["it is by now".into()],
    };
    let again = "course~AAA~1~ada~2";
    desk.elsewhere.say(again, vec![CredentialEvent::CredentialWithheld(withheld)]).await;
    desk.becomes(again, CredentialState::Active).await;
}

/// A course that says all that the European recommendation asks for.
fn full() -> AchievementDefined {
    AchievementDefined {
        outcomes: vec!["Solves equations.".into()],
        study_minutes: 6_000,
        eqf_level: 6,
        credits: vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 4_000 }],
        assessment_type: AssessmentType::Testing as i32,
        participation: ParticipationForm::Online as i32,
        quality_assurance: "Institutional review".into(),
        ..Desk::course()
    }
}

pub async fn a_microcredential_of_courses_asks_who_sat_in_each(desk: Desk) {
    desk.with_issuer("ou").await;
    desk.with_key("ou").await;
    let programme = AchievementDefined {
        source: AchievementSource::Programme as i32,
        source_id: "MAT".into(),
        frameworks: vec![Framework::Cmf2022 as i32],
        language: "en".into(),
        study_minutes: 5_500,
        revision_minutes: 1_000,
        assessment_minutes: 1_000,
        credits: vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 }],
        credit_route: CreditRoute::Direct as i32,
        degree_programmes: vec!["BSc Mathematics".into()],
        summative_assessment: true,
        pass_mark_millipoints: 50_000,
        supervision: Supervision::OnlineIdentified as i32,
        ..full()
    };
    desk.approves(programme).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    for (learner, is_identified) in [("ada", true), ("bob", false)] {
        let named = LearnerRegistered { name: learner.to_uppercase(), email: String::new() };
        desk.elsewhere.say(learner, vec![LearnerEvent::LearnerRegistered(named)]).await;
        desk.completes(learner, |it| it.identity_verified = is_identified).await;
        let course = ProgrammeCourseCompleted {
            course_id: "AAA".into(),
            run_id: "AAA-2026".into(),
            outcome: Outcome::Passed as i32,
            grade_millipoints: Some(78_000),
        };
        let completed =
            ProgrammeCompleted { programme_version: 1, institution_id: "ou".into(), course_ids: vec!["AAA".into()] };
        let events = vec![
            ProgrammeEvent::ProgrammeJoined(ProgrammeJoined::default()),
            ProgrammeEvent::ProgrammeCourseCompleted(course),
            ProgrammeEvent::ProgrammeCompleted(completed),
        ];
        desk.elsewhere.say(&format!("MAT~{learner}"), events).await;
    }
    desk.becomes("programme~MAT~1~ada~1", CredentialState::Active).await;
    let bob = desk.becomes("programme~MAT~1~bob~1", CredentialState::Withheld).await;
    assert_eq!(bob.withheld_reasons, ["ID_NOT_VERIFIED_AT_ASSESSMENT"]);
}
