//! Signals of risk that follow from what enrolment and the catalogue tell.

use crate::desk::{DAY, Desk, reason};
use std::time::Duration;
use studium_proto::catalogue::v1::{
    Assessment, AssessmentSchemeSet, ProgrammeComposed, RunScheduled, course_run_event, programme_event,
};
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentRequested, EnrolmentWithdrawn, ProgrammeCompleted, ProgrammeJoined,
    ProgrammeReinstated, ProgrammeSuspended, ProgressRecorded, ResultRecorded, enrolment_event::Event,
    programme_enrolment_event,
};
use studium_proto::mentorship::v1::{
    AssignMentorRequest, ListSignalsRequest, RiskClearance, RiskKind, RiskSignal,
    desk_service_client::DeskServiceClient,
};
use studium_testkit::Caller;

/// Whole days before now.
pub fn ago(desk: &Desk, days: i64) -> i64 {
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
pub async fn becomes(desk: &Desk, learner: &str, expected: &[(RiskKind, u32, RiskClearance)]) -> Vec<RiskSignal> {
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
pub async fn with_run(desk: &Desk, due_days_ago: i64) {
    desk.with_programme("p").await;
    let scheduled = RunScheduled {
        course_id: "c".into(),
        institution_id: "ou".into(),
        starts_at_ms: ago(desk, 60),
        ends_at_ms: ago(desk, -60),
        ..RunScheduled::default()
    };
    let events = vec![course_run_event::Event::RunScheduled(scheduled), scheme(ago(desk, due_days_ago))];
    desk.elsewhere.say_at("r", ago(desk, 90), events).await;
}

/// Pass mark 50 %, and `a` due at a time.
fn scheme(due_at_ms: i64) -> course_run_event::Event {
    let (assessment_id, weight_millipoints) = ("a".into(), 100_000);
    let due = Assessment { assessment_id, weight_millipoints, due_at_ms, ..Assessment::default() };
    let (assessments, pass_mark_millipoints) = (vec![due], 50_000);
    let scheme = AssessmentSchemeSet { assessments, pass_mark_millipoints, ..AssessmentSchemeSet::default() };
    course_run_event::Event::AssessmentSchemeSet(scheme)
}

/// A learner of programme `p` whose mentor is `mia` since so many days.
pub async fn mentored_since(desk: &Desk, learner: &str, days: i64) {
    assigned(desk, "p", learner, days).await;
    let it = desk.becomes(learner, "mentored", |it| it.mentor_id == "mia").await;
    let since = (desk.house.now_ms() - it.assigned_at_ms) / DAY;
    assert!(it.assigned_at_ms < ago(desk, days - 1), "since {since} days ago");
}

async fn assigned(desk: &Desk, programme: &str, learner: &str, days: i64) {
    let joined = ProgrammeJoined {
        institution_id: "ou".into(),
        programme_version: 1,
        required_course_ids: vec!["c".into()],
        mentorship: true,
        round: 1,
        ..ProgrammeJoined::default()
    };
    let joined = programme_enrolment_event::Event::ProgrammeJoined(joined);
    desk.elsewhere.say_at(&format!("{programme}~{learner}"), ago(desk, days), vec![joined]).await;
    let request = AssignMentorRequest {
        programme_id: programme.into(),
        learner_id: learner.into(),
        mentor_id: "mia".into(),
        at_ms: ago(desk, days),
        ..AssignMentorRequest::default()
    };
    for _ in 0..500 {
        match desk.mentorships().await.assign_mentor(request.clone()).await {
            Ok(_) => return,
            // Enrolment has not been heard yet.
            Err(e) if reason(&e) == "MENTORSHIP_NOT_FOUND" => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(e) => panic!("{e}"),
        }
    }
    panic!("{learner} never asked for a mentor");
}

/// Has enrolment tell something of a learner in run `r`, so many days ago.
pub async fn says(desk: &Desk, learner: &str, days: i64, events: Vec<Event>) -> u64 {
    desk.elsewhere.say_at(&format!("r~{learner}"), ago(desk, days), events).await
}

fn activated(course: &str) -> Vec<Event> {
    let (course_id, institution_id) = (course.into(), "ou".into());
    let requested = EnrolmentRequested { round: 1, course_id, institution_id, ..EnrolmentRequested::default() };
    let activated = EnrolmentActivated { round: 1, seat_held: false };
    vec![Event::EnrolmentRequested(requested), Event::EnrolmentActivated(activated)]
}

/// A learner who is in run `r` since so many days.
pub async fn enrolled(desk: &Desk, learner: &str, days: i64) -> u64 {
    says(desk, learner, days, activated("c")).await
}

pub fn progress(module: &str) -> Event {
    let (module_id, completed) = (module.to_owned(), true);
    let progress = ProgressRecorded { module_id, minutes: 30, completed, added_minutes: 30, completed_now: true };
    Event::ProgressRecorded(progress)
}

pub fn result(attempt: u32, score: u32) -> Event {
    Event::ResultRecorded(ResultRecorded {
        assessment_id: "a".into(),
        attempt,
        score_millipoints: Some(score),
        weight_millipoints: 100_000,
        first: attempt == 1,
        ..ResultRecorded::default()
    })
}

pub const OPEN: RiskClearance = RiskClearance::Unspecified;

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

pub async fn programme_says(desk: &Desk, learner: &str, days: i64, event: programme_enrolment_event::Event) {
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

pub async fn who_leaves_a_run_is_at_no_risk_there(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 10).await;
    enrolled(&desk, "ada", 9).await;
    let silent = |why| [(RiskKind::Inactive, 7, why)];
    becomes(&desk, "ada", &silent(OPEN)).await;
    says(&desk, "ada", 0, vec![Event::EnrolmentWithdrawn(EnrolmentWithdrawn::default())]).await;
    becomes(&desk, "ada", &silent(RiskClearance::RunLeft)).await;
}

pub async fn what_the_catalogue_changes_is_followed(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 6).await;
    enrolled(&desk, "ada", 5).await;
    // A course that is not part of the programme yet is nobody's business.
    desk.elsewhere.say_at("s~ada", ago(&desk, 5), activated("d")).await;
    desk.elsewhere.say_at("s~ada", ago(&desk, 5), vec![result(1, 10_000)]).await;
    says(&desk, "ada", 4, vec![result(1, 10_000)]).await;
    let failed = (RiskKind::AssessmentFailed, 0, OPEN);
    becomes(&desk, "ada", &[failed]).await;
    let courses = ProgrammeComposed { required_course_ids: vec!["c".into(), "d".into()], ..Default::default() };
    desk.elsewhere.say_at("p", ago(&desk, 3), vec![programme_event::Event::ProgrammeComposed(courses)]).await;
    desk.elsewhere.say_at("s~ada", ago(&desk, 2), vec![result(2, 20_000)]).await;
    let all = becomes(&desk, "ada", &[failed, failed]).await;
    assert_eq!((all[1].evidence.as_ref().unwrap().run_id.as_str(), all[1].raised_at_ms > ago(&desk, 3)), ("s", true));
    // Another learner has handed in nothing when the due date moves to yesterday.
    mentored_since(&desk, "bob", 6).await;
    enrolled(&desk, "bob", 5).await;
    let due = ago(&desk, 1);
    desk.elsewhere.say("r", vec![scheme(due)]).await;
    let all = becomes(&desk, "bob", &[(RiskKind::AssessmentMissing, 0, OPEN)]).await;
    assert_eq!(all[0].raised_at_ms, due);
    desk.elsewhere.say("r", vec![scheme(ago(&desk, -9))]).await;
    let moved = (RiskKind::AssessmentMissing, 0, RiskClearance::DueMoved);
    becomes(&desk, "bob", &[moved]).await;
    // And back again.
    desk.elsewhere.say("r", vec![scheme(due)]).await;
    becomes(&desk, "bob", &[moved, (RiskKind::AssessmentMissing, 0, OPEN)]).await;
}

pub async fn every_mentor_of_a_learner_hears_of_a_course_of_the_programme(desk: Desk) {
    with_run(&desk, -30).await;
    desk.with_programme("q").await;
    desk.with_mentor("mia", 5).await;
    mentored_since(&desk, "ada", 6).await;
    assigned(&desk, "q", "ada", 5).await;
    enrolled(&desk, "ada", 4).await;
    says(&desk, "ada", 3, vec![result(1, 10_000)]).await;
    let failed = |why| [(RiskKind::AssessmentFailed, 0, why); 2];
    let all = becomes(&desk, "ada", &failed(OPEN)).await;
    let ids: Vec<_> = all.iter().map(|it| (it.programme_id.as_str(), it.evidence.as_ref().unwrap().signal)).collect();
    assert_eq!(ids, [("p", 1), ("q", 1)]);
    says(&desk, "ada", 2, vec![result(2, 60_000)]).await;
    becomes(&desk, "ada", &failed(RiskClearance::Passed)).await;
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
