//! Signals of risk, the mentor's desk and the learner's record, with what enrolment and the catalogue tell.

use crate::desk::{DAY, Desk, reason};
use std::time::Duration;
use studium_proto::catalogue::v1::{Assessment, AssessmentSchemeSet, RunScheduled, course_run_event};
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentRequested, ProgrammeCompleted, ProgrammeCourseCompleted, ProgrammeJoined,
    ProgrammeReinstated, ProgrammeSuspended, ProgressRecorded, ResultRecorded, enrolment_event::Event,
    programme_enrolment_event,
};
use studium_proto::mentorship::v1::{
    AcknowledgeSignalRequest, AssignMentorRequest, DeskItemKind, GetMentorDeskRequest, GetMentorDeskResponse,
    GetMentoringRecordRequest, ListSignalsRequest, MentorshipState, RiskClearance, RiskKind, RiskSignal,
    desk_service_client::DeskServiceClient,
};
use studium_testkit::Caller;
use tonic::Code;

/// Whole days before now.
fn ago(desk: &Desk, days: i64) -> i64 {
    desk.house.now_ms() - days * DAY
}

async fn desks(desk: &Desk) -> DeskServiceClient<Caller> {
    DeskServiceClient::new(desk.registrar().await)
}

/// All signals of a learner as they are now.
async fn signals(desk: &Desk, learner: &str) -> Vec<RiskSignal> {
    let (learner_id, min_position) = (learner.to_owned(), desk.head().await);
    let request = ListSignalsRequest { learner_id, min_position, ..ListSignalsRequest::default() };
    desks(desk).await.list_signals(request).await.unwrap().into_inner().signals
}

/// What was signalled, and whether and why it was cleared.
fn told(all: &[RiskSignal]) -> Vec<(RiskKind, u32, RiskClearance)> {
    let told =
        |it: &RiskSignal| (it.evidence.as_ref().unwrap().kind(), it.evidence.as_ref().unwrap().days, it.clearance());
    all.iter().map(told).collect()
}

/// The signals of a learner once they are these; each round of due times comes soon.
async fn becomes(desk: &Desk, learner: &str, expected: &[(RiskKind, u32, RiskClearance)]) -> Vec<RiskSignal> {
    let mut seen = Vec::new();
    for _ in 0..500 {
        seen = signals(desk, learner).await;
        if told(&seen) == expected {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{learner}: never {expected:?}: {:?}", told(&seen))
}

/// A programme with one run `r` of its course `c`, which began 60 days ago: pass mark 50 %, `a` due a while ago.
async fn with_run(desk: &Desk, due_days_ago: i64) {
    desk.with_programme("p").await;
    let scheduled = RunScheduled {
        course_id: "c".into(),
        institution_id: "ou".into(),
        starts_at_ms: ago(desk, 60),
        ends_at_ms: ago(desk, -60),
        ..RunScheduled::default()
    };
    let due = Assessment {
        assessment_id: "a".into(),
        weight_millipoints: 100_000,
        due_at_ms: ago(desk, due_days_ago),
        ..Assessment::default()
    };
    let scheme =
        AssessmentSchemeSet { assessments: vec![due], pass_mark_millipoints: 50_000, ..AssessmentSchemeSet::default() };
    let events =
        vec![course_run_event::Event::RunScheduled(scheduled), course_run_event::Event::AssessmentSchemeSet(scheme)];
    desk.elsewhere.say_at("r", ago(desk, 90), events).await;
}

/// A learner of programme `p` whose mentor is `mia` since so many days.
async fn mentored_since(desk: &Desk, learner: &str, days: i64) {
    let joined = ProgrammeJoined {
        institution_id: "ou".into(),
        programme_version: 1,
        required_course_ids: vec!["c".into()],
        mentorship: true,
        round: 1,
        ..ProgrammeJoined::default()
    };
    let joined = programme_enrolment_event::Event::ProgrammeJoined(joined);
    desk.elsewhere.say_at(&format!("p~{learner}"), ago(desk, days), vec![joined]).await;
    desk.becomes(learner, "waiting", |it| it.state() == MentorshipState::Waiting).await;
    let request = AssignMentorRequest {
        programme_id: "p".into(),
        learner_id: learner.into(),
        mentor_id: "mia".into(),
        at_ms: ago(desk, days),
        ..AssignMentorRequest::default()
    };
    desk.mentorships().await.assign_mentor(request).await.unwrap();
    let it = desk.becomes(learner, "mentored", |it| it.mentor_id == "mia").await;
    assert!(
        it.assigned_at_ms < ago(desk, days - 1),
        "since {} days ago",
        (desk.house.now_ms() - it.assigned_at_ms) / DAY
    );
}

/// Has enrolment tell something of a learner in run `r`, so many days ago.
async fn says(desk: &Desk, learner: &str, days: i64, events: Vec<Event>) -> u64 {
    desk.elsewhere.say_at(&format!("r~{learner}"), ago(desk, days), events).await
}

/// A learner who is in run `r` since so many days.
async fn enrolled(desk: &Desk, learner: &str, days: i64) -> u64 {
    let requested =
        EnrolmentRequested { round: 1, course_id: "c".into(), institution_id: "ou".into(), ..Default::default() };
    let events = vec![
        Event::EnrolmentRequested(requested),
        Event::EnrolmentActivated(EnrolmentActivated { round: 1, seat_held: false }),
    ];
    says(desk, learner, days, events).await
}

fn progress(module: &str) -> Event {
    let (module_id, completed) = (module.to_owned(), true);
    let progress = ProgressRecorded { module_id, minutes: 30, completed, added_minutes: 30, completed_now: true };
    Event::ProgressRecorded(progress)
}

fn result(attempt: u32, score: u32) -> Event {
    Event::ResultRecorded(ResultRecorded {
        assessment_id: "a".into(),
        attempt,
        score_millipoints: Some(score),
        weight_millipoints: 100_000,
        first: attempt == 1,
        ..ResultRecorded::default()
    })
}

const OPEN: RiskClearance = RiskClearance::Unspecified;

pub async fn silence_is_told_at_each_threshold_once_and_ends_with_activity(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 30).await;
    enrolled(&desk, "ada", 29).await;
    let position = says(&desk, "ada", 22, vec![progress("m")]).await;
    let thresholds = |why| [7, 14, 21].map(|days| (RiskKind::Inactive, days, why));
    let all = becomes(&desk, "ada", &thresholds(OPEN)).await;
    let evidence = all[1].evidence.clone().unwrap();
    assert_eq!((all[1].mentor_id.as_str(), all[1].institution_id.as_str()), ("mia", "ou"));
    assert_eq!((evidence.run_id.as_str(), evidence.course_id.as_str(), evidence.days), ("r", "c", 14));
    assert_eq!((evidence.last_activity_at_ms, evidence.evidence_position), (evidence.silent_since_ms, position));
    assert_eq!(all[1].raised_at_ms, evidence.last_activity_at_ms + 14 * DAY);
    // Somebody who is on the way is not told of.
    mentored_since(&desk, "bob", 30).await;
    enrolled(&desk, "bob", 29).await;
    says(&desk, "bob", 1, vec![progress("m")]).await;
    says(&desk, "ada", 0, vec![progress("n")]).await;
    becomes(&desk, "ada", &thresholds(RiskClearance::Activity)).await;
    assert_eq!(signals(&desk, "bob").await.len(), 0);
}

pub async fn a_failed_assessment_is_told_until_a_later_attempt_passes(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 5).await;
    enrolled(&desk, "ada", 4).await;
    let position = says(&desk, "ada", 3, vec![result(1, 49_999)]).await;
    let all = becomes(&desk, "ada", &[(RiskKind::AssessmentFailed, 0, OPEN)]).await;
    let evidence = all[0].evidence.clone().unwrap();
    assert_eq!((evidence.score_millipoints, evidence.pass_mark_millipoints, evidence.attempt), (49_999, 50_000, 1));
    assert_eq!((evidence.assessment_id.as_str(), evidence.evidence_position), ("a", position));
    says(&desk, "ada", 2, vec![result(2, 10_000)]).await;
    says(&desk, "ada", 1, vec![result(3, 50_000)]).await;
    becomes(&desk, "ada", &[(RiskKind::AssessmentFailed, 0, RiskClearance::Passed)]).await;
}

pub async fn what_is_not_handed_in_is_told_until_it_is(desk: Desk) {
    with_run(&desk, 2).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 6).await;
    enrolled(&desk, "ada", 5).await;
    let all = becomes(&desk, "ada", &[(RiskKind::AssessmentMissing, 0, OPEN)]).await;
    let evidence = all[0].evidence.clone().unwrap();
    assert_eq!((evidence.assessment_id.as_str(), evidence.due_at_ms), ("a", all[0].raised_at_ms));
    says(&desk, "ada", 1, vec![result(1, 20_000)]).await;
    let both = [(RiskKind::AssessmentMissing, 0, RiskClearance::HandedIn), (RiskKind::AssessmentFailed, 0, OPEN)];
    becomes(&desk, "ada", &both).await;
}

pub async fn what_was_before_the_mentor_or_long_ago_is_not_told(desk: Desk) {
    with_run(&desk, 20).await;
    desk.with_mentor("mia", 5).await;
    // Failed, missed and was silent before there was a mentor.
    enrolled(&desk, "ada", 50).await;
    says(&desk, "ada", 40, vec![result(1, 10_000)]).await;
    mentored_since(&desk, "ada", 5).await;
    // All of it is history.
    mentored_since(&desk, "old", 400).await;
    enrolled(&desk, "old", 399).await;
    says(&desk, "old", 300, vec![result(1, 10_000)]).await;
    // Told about, and therefore everything before it was looked at.
    mentored_since(&desk, "bob", 5).await;
    enrolled(&desk, "bob", 4).await;
    says(&desk, "bob", 3, vec![result(1, 10_000)]).await;
    becomes(&desk, "bob", &[(RiskKind::AssessmentFailed, 0, OPEN)]).await;
    assert_eq!((signals(&desk, "ada").await.len(), signals(&desk, "old").await.len()), (0, 0));
}

async fn programme_says(desk: &Desk, learner: &str, days: i64, event: programme_enrolment_event::Event) {
    desk.elsewhere.say_at(&format!("p~{learner}"), ago(desk, days), vec![event]).await;
}

pub async fn nothing_is_told_while_the_learner_rests_or_after_the_end(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    for learner in ["ada", "eve"] {
        mentored_since(&desk, learner, 30).await;
        enrolled(&desk, learner, 29).await;
        says(&desk, learner, 22, vec![result(1, 10_000)]).await;
    }
    let silent = |days, why| (RiskKind::Inactive, days, why);
    let failed = |why| (RiskKind::AssessmentFailed, 0, why);
    let open = [failed(OPEN), silent(7, OPEN), silent(14, OPEN), silent(21, OPEN)];
    becomes(&desk, "ada", &open).await;
    becomes(&desk, "eve", &open).await;
    let suspended = programme_enrolment_event::Event::ProgrammeSuspended(ProgrammeSuspended::default());
    programme_says(&desk, "ada", 20, suspended).await;
    let paused = RiskClearance::Paused;
    let rests = [failed(OPEN), silent(7, paused), silent(14, paused), silent(21, paused)];
    becomes(&desk, "ada", &rests).await;
    let completed = programme_enrolment_event::Event::ProgrammeCompleted(ProgrammeCompleted::default());
    programme_says(&desk, "eve", 20, completed).await;
    let over = RiskClearance::MentorshipEnded;
    let ended = [failed(over), silent(7, over), silent(14, over), silent(21, over)];
    becomes(&desk, "eve", &ended).await;
    for learner in ["ada", "eve"] {
        says(&desk, learner, 19, vec![result(2, 20_000)]).await;
    }
    // Back since 8 days: so long nothing was done.
    let reinstated = programme_enrolment_event::Event::ProgrammeReinstated(ProgrammeReinstated::default());
    programme_says(&desk, "ada", 8, reinstated).await;
    let back = [rests.as_slice(), &[silent(7, OPEN)]].concat();
    becomes(&desk, "ada", &back).await;
    assert_eq!(told(&signals(&desk, "eve").await), ended);
}

pub async fn nothing_is_told_twice_after_a_restart(desk: Desk) {
    with_run(&desk, 2).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 30).await;
    enrolled(&desk, "ada", 29).await;
    says(&desk, "ada", 20, vec![progress("m")]).await;
    let silent = |days, why| (RiskKind::Inactive, days, why);
    let missing = (RiskKind::AssessmentMissing, 0, OPEN);
    becomes(&desk, "ada", &[silent(7, OPEN), silent(14, OPEN), missing]).await;
    let head = desk.head().await;
    // The next one has a new store, and therefore begins at the beginning.
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let running = house.start(studium_mentorship::service()).await.unwrap();
    let desk = Desk { house, running, elsewhere };
    says(&desk, "ada", 0, vec![progress("n")]).await;
    let back = RiskClearance::Activity;
    becomes(&desk, "ada", &[silent(7, back), silent(14, back), missing]).await;
    assert_eq!(desk.head().await, head + 2, "only the two that were taken back");
}

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
