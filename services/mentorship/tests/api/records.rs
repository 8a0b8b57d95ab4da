//! The mentor's desk, the learner's mentoring record, and who may see and acknowledge what.

use crate::desk::{Desk, reason};
use crate::signals::{OPEN, becomes, enrolled, mentored_since, programme_says, progress, result, says, with_run};
use std::time::Duration;
use studium_proto::enrolment::v1::{ProgrammeCourseCompleted, programme_enrolment_event};
use studium_proto::mentorship::v1::{
    AcknowledgeSignalRequest, DeskItemKind, GetMentorDeskRequest, GetMentorDeskResponse, GetMentoringRecordRequest,
    ListSignalsRequest, RiskKind, desk_service_client::DeskServiceClient,
};
use tonic::Code;

async fn shown_desk(desk: &Desk) -> GetMentorDeskResponse {
    let (mentor_id, min_position) = ("mia".to_owned(), desk.head().await);
    let request = GetMentorDeskRequest { mentor_id, min_position, ..GetMentorDeskRequest::default() };
    DeskServiceClient::new(desk.mentor("mia").await).get_mentor_desk(request).await.unwrap().into_inner()
}

pub async fn the_desk_shows_what_waits_and_how_mentees_come_on(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 10).await;
    enrolled(&desk, "ada", 9).await;
    says(&desk, "ada", 3, vec![progress("m"), result(1, 20_000)]).await;
    let passed = ProgrammeCourseCompleted { course_id: "c".into(), run_id: "r".into(), ..Default::default() };
    let passed = programme_enrolment_event::Event::ProgrammeCourseCompleted(passed);
    programme_says(&desk, "ada", 2, passed).await;
    becomes(&desk, "ada", &[(RiskKind::AssessmentFailed, 0, OPEN)]).await;
    desk.joins("bob", 0).await;
    desk.becomes("bob", "proposed", |it| it.answer_by_ms > 0).await;
    let shown = shown_desk(&desk).await;
    assert_eq!((shown.capacity, shown.items.len(), shown.mentees.len()), (5, 2, 1));
    assert_eq!((shown.items[0].kind(), shown.items[0].learner_id.as_str()), (DeskItemKind::Proposal, "bob"));
    assert!(shown.items[0].due_ms > desk.house.now_ms());
    assert_eq!((shown.items[1].kind(), shown.items[1].ref_id.as_str()), (DeskItemKind::Signal, "1"));
    let ada = &shown.mentees[0];
    assert_eq!((ada.programme_title.as_str(), ada.inactive_days, ada.signals.len()), ("Rust engineer", Some(3), 1));
    let run = &ada.progress[0];
    assert_eq!((run.run_id.as_str(), run.modules_completed, run.minutes), ("r", 1, 30));
    assert_eq!((run.scores[0].assessment_id.as_str(), run.scores[0].score_millipoints), ("a", Some(20_000)));
    for _ in 0..500 {
        let ada = shown_desk(&desk).await.mentees[0].clone();
        if (ada.courses_needed, ada.courses_completed) == (1, 1) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the completed course was never counted");
}

fn acknowledge(mentor: &str, institution: &str, signal: u32) -> AcknowledgeSignalRequest {
    AcknowledgeSignalRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        signal,
        mentor_id: mentor.into(),
        institution_id: institution.into(),
        note: "called".into(),
        at_ms: 0,
    }
}

pub async fn signals_and_records_are_for_those_whom_they_concern(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 5).await;
    enrolled(&desk, "ada", 4).await;
    says(&desk, "ada", 3, vec![result(1, 20_000)]).await;
    becomes(&desk, "ada", &[(RiskKind::AssessmentFailed, 0, OPEN)]).await;
    let mut max = DeskServiceClient::new(desk.mentor("max").await);
    let mut mia = DeskServiceClient::new(desk.mentor("mia").await);
    let mut ada = DeskServiceClient::new(desk.learner("ada").await);
    let no = max.acknowledge_signal(acknowledge("max", "", 1)).await.unwrap_err();
    assert_eq!((no.code(), reason(&no).as_str()), (Code::PermissionDenied, "NOT_THE_MENTOR"));
    assert_eq!(max.acknowledge_signal(acknowledge("mia", "", 1)).await.unwrap_err().code(), Code::PermissionDenied);
    let no = mia.acknowledge_signal(acknowledge("mia", "", 9)).await.unwrap_err();
    assert_eq!((no.code(), reason(&no).as_str()), (Code::NotFound, "SIGNAL_NOT_FOUND"));
    let mut mit = DeskServiceClient::new(desk.caller("sam", &["staff"], &["mit"]).await);
    let no = mit.acknowledge_signal(acknowledge("", "mit", 1)).await.unwrap_err();
    assert_eq!(reason(&no), "NOT_YOUR_INSTITUTION");
    assert!(!mia.acknowledge_signal(acknowledge("mia", "", 1)).await.unwrap().into_inner().already);
    assert!(mia.acknowledge_signal(acknowledge("mia", "", 1)).await.unwrap().into_inner().already);
    assert_eq!(shown_desk(&desk).await.items.len(), 0);
    let mine = |mentor: &str, learner: &str, institution: &str| ListSignalsRequest {
        mentor_id: mentor.into(),
        learner_id: learner.into(),
        institution_id: institution.into(),
        open_only: true,
        ..ListSignalsRequest::default()
    };
    let seen = mia.list_signals(mine("mia", "", "")).await.unwrap().into_inner().signals;
    assert_eq!((seen[0].note.as_str(), seen[0].acknowledged_by_mentor_id.as_str()), ("called", "mia"));
    let own = ada.list_signals(mine("", "ada", "")).await.unwrap().into_inner().signals;
    assert_eq!((own.len(), own[0].note.as_str(), own[0].acknowledged_at_ms > 0), (1, "", true));
    assert_eq!(max.list_signals(mine("max", "", "")).await.unwrap().into_inner().signals.len(), 0);
    assert_eq!(mit.list_signals(mine("", "", "mit")).await.unwrap().into_inner().signals.len(), 0);
    assert_eq!(ada.list_signals(mine("mia", "", "")).await.unwrap_err().code(), Code::PermissionDenied);
    let record = |mentor: &str, institution: &str| GetMentoringRecordRequest {
        learner_id: "ada".into(),
        mentor_id: mentor.into(),
        institution_id: institution.into(),
        min_position: 0,
    };
    let own = ada.get_mentoring_record(record("", "")).await.unwrap().into_inner().records;
    assert_eq!((own[0].terms[0].mentor_id.as_str(), own[0].terms[0].until_ms), ("mia", 0));
    assert_eq!((own[0].signals.len(), own[0].signals[0].note.as_str(), own[0].progress.len()), (1, "", 1));
    assert!(own[0].proposals >= 1);
    assert_eq!(mia.get_mentoring_record(record("mia", "")).await.unwrap().into_inner().records.len(), 1);
    assert_eq!(max.get_mentoring_record(record("max", "")).await.unwrap().into_inner().records.len(), 0);
    assert_eq!(mit.get_mentoring_record(record("", "mit")).await.unwrap().into_inner().records.len(), 0);
}
