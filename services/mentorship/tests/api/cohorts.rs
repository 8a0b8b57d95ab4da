//! A cohort's start: many learners are matched together.

use crate::desk::{Desk, reason};
use futures::StreamExt as _;
use studium_proto::mentorship::v1::{
    AssignCohortRequest, AssignCohortResponse, ListMentorshipsRequest, MentorshipState, SetTermsRequest, TermsSet,
    cohort_service_client::CohortServiceClient,
};
use studium_testkit::Caller;
use tonic::Status;

async fn assign(caller: Caller, request: AssignCohortRequest) -> Result<Vec<AssignCohortResponse>, Status> {
    let answers = CohortServiceClient::new(caller).assign_cohort(request).await?.into_inner();
    Ok(answers.map(Result::unwrap).collect().await)
}

async fn matched_together(desk: &Desk) {
    let terms = Some(TermsSet { cohort_matching: true, ..TermsSet::default() });
    let set = SetTermsRequest { programme_id: "p".into(), terms, at_ms: 0 };
    desk.mentorships().await.set_terms(set).await.unwrap();
    desk.caught_up().await;
}

pub async fn a_cohort_is_matched_together_and_assigned_without_being_asked(desk: Desk) {
    desk.with_programme("p").await;
    matched_together(&desk).await;
    for mentor in ["mia", "noa", "oto"] {
        desk.with_mentor(mentor, 2).await;
    }
    let learners: Vec<_> = (0..7).map(|n| format!("learner{n}")).collect();
    for learner in &learners {
        desk.joins(learner, 0).await;
        let waits = desk.becomes(learner, "waiting", |it| it.state() == MentorshipState::Waiting).await;
        assert_eq!(waits.proposed_mentor_id, "", "nobody is proposed before all are there");
    }
    let request = |dry_run, min_position| AssignCohortRequest {
        programme_id: "p".into(),
        dry_run,
        min_position,
        ..AssignCohortRequest::default()
    };
    let tried = assign(desk.registrar().await, request(true, desk.head().await)).await.unwrap();
    assert_eq!(tried.len(), 1);
    assert_eq!((tried[0].learners, tried[0].mentors, tried[0].places, tried[0].matched), (7, 3, 6, 6));
    assert_eq!((tried[0].proposed, tried[0].last), (0, true));

    let told = assign(desk.registrar().await, request(false, 0)).await.unwrap();
    let last = told.last().unwrap();
    assert_eq!((last.proposed, last.refused, last.last), (6, 0, true));
    desk.loads(&[("mia", 2), ("noa", 2), ("oto", 2)]).await;
    let active = ListMentorshipsRequest {
        programme_id: "p".into(),
        state: MentorshipState::Active.into(),
        ..ListMentorshipsRequest::default()
    };
    let mut seen = 0;
    for _ in 0..500 {
        seen = desk.mentorships().await.list_mentorships(active.clone()).await.unwrap().into_inner().mentorships.len();
        if seen == 6 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(seen, 6);
    // Who is left over waits for the next matching.
    let again = assign(desk.registrar().await, request(false, desk.head().await)).await.unwrap();
    assert_eq!((again[0].learners, again[0].matched, again[0].last), (1, 0, true));
}

pub async fn staff_matches_its_own_programmes(desk: Desk) {
    desk.with_programme("p").await;
    matched_together(&desk).await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "waiting", |it| it.state() == MentorshipState::Waiting).await;
    let own = |institution: &str| AssignCohortRequest {
        programme_id: "p".into(),
        institution_id: institution.into(),
        dry_run: true,
        ..AssignCohortRequest::default()
    };
    let sue = desk.caller("sue", &["staff"], &["ou"]).await;
    assert_eq!(assign(sue, own("ou")).await.unwrap()[0].learners, 1);
    let tom = desk.caller("tom", &["staff"], &["mit"]).await;
    assert_eq!(reason(&assign(tom, own("mit")).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
}
