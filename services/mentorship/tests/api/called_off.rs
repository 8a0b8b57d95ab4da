//! What calls sessions off: another mentor, the end, a rest, an absence, and two who never meet again.

use crate::desk::{Desk, reason};
use crate::sessions::{HOUR, asked};
use std::sync::Arc;
use studium_log::Fault;
use studium_proto::enrolment::v1::{
    ProgrammeReinstated, ProgrammeSuspended, ProgrammeWithdrawn, programme_enrolment_event::Event,
};
use studium_proto::mentorship::v1::{
    BlockPairRequest, CancelSessionRequest, MentorshipState, PauseMentorRequest, RequestHandOverRequest,
    ScheduleSessionRequest, SessionCancelCause, SessionSide, SlotRefusal, calendar_event,
    mentor_service_client::MentorServiceClient, mentorship_service_client::MentorshipServiceClient,
    session_service_client::SessionServiceClient,
};

fn block() -> BlockPairRequest {
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    BlockPairRequest { mentor_id, learner_id, ..BlockPairRequest::default() }
}

pub async fn either_cancels_and_the_time_is_free(desk: Desk) {
    desk.ada_and_mia().await;
    let start = desk.in_days(2);
    desk.books("ada", "s", start).await.unwrap();
    desk.is_agreed("s").await;
    let cancel = |learner: &str, mentor: &str| CancelSessionRequest {
        session_id: "s".into(),
        learner_id: learner.into(),
        mentor_id: mentor.into(),
        reason: "ill".into(),
        ..CancelSessionRequest::default()
    };
    let mut stranger = SessionServiceClient::new(desk.learner("bob").await);
    assert_eq!(reason(&stranger.cancel_session(cancel("bob", "")).await.unwrap_err()), "NOT_YOUR_SESSION");
    let mut mentor = SessionServiceClient::new(desk.mentor("mia").await);
    mentor.cancel_session(cancel("", "mia")).await.unwrap();
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::Mentor);
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[]).await;
    }
    desk.books("ada", "t", start).await.unwrap();
    desk.is_agreed("t").await;
}

pub async fn another_mentor_has_no_sessions_of_the_first(desk: Desk) {
    desk.ada_and_mia().await;
    desk.books("ada", "s", desk.in_days(2)).await.unwrap();
    desk.is_agreed("s").await;
    desk.with_open_mentor("kim", 1).await;
    let request = RequestHandOverRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        ..RequestHandOverRequest::default()
    };
    let mut learner = MentorshipServiceClient::new(desk.learner("ada").await);
    learner.request_hand_over(request).await.unwrap();
    desk.becomes("ada", "proposed", |it| it.proposed_mentor_id == "kim" && it.answer_by_ms > 0).await;
    // The old mentor stays until the new one is there, and so do the sessions.
    desk.is_agreed("s").await;
    desk.accepts("kim", "ada").await.unwrap();
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::MentorChanged);
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[]).await;
    }
    let mut mentor = SessionServiceClient::new(desk.mentor("mia").await);
    let request = ScheduleSessionRequest { mentor_id: "mia".into(), ..asked("ada", "t", desk.in_days(2)) };
    assert_eq!(reason(&mentor.schedule_session(request).await.unwrap_err()), "NOT_THE_MENTOR");
    desk.books("ada", "u", desk.in_days(2)).await.unwrap();
    assert_eq!(desk.is_agreed("u").await.mentor_id, "kim");
}

pub async fn who_rests_or_leaves_has_no_sessions(desk: Desk) {
    desk.ada_and_mia().await;
    let start = desk.in_days(2);
    desk.books("ada", "s", start).await.unwrap();
    desk.is_agreed("s").await;
    desk.programme_says("ada", Event::ProgrammeSuspended(ProgrammeSuspended::default())).await;
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::MentorshipPaused);
    desk.becomes("ada", "paused", |it| it.state() == MentorshipState::Paused).await;
    assert_eq!(reason(&desk.books("ada", "t", start).await.unwrap_err()), "MENTORSHIP_PAUSED");
    desk.programme_says("ada", Event::ProgrammeReinstated(ProgrammeReinstated::default())).await;
    desk.becomes("ada", "active", |it| it.state() == MentorshipState::Active).await;
    desk.books("ada", "u", start).await.unwrap();
    desk.is_agreed("u").await;
    desk.programme_says("ada", Event::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    assert_eq!(desk.is_cancelled("u").await, SessionCancelCause::MentorshipEnded);
    desk.becomes("ada", "ended", |it| it.state() == MentorshipState::Ended).await;
    assert_eq!(reason(&desk.books("ada", "v", start).await.unwrap_err()), "MENTORSHIP_ENDED");
    desk.is_booked("mia", &[]).await;
}

pub async fn a_mentor_who_pauses_meets_nobody_until_then(desk: Desk) {
    desk.ada_and_mia().await;
    let (soon, later) = (desk.in_days(2), desk.in_days(9));
    desk.books("ada", "s", soon).await.unwrap();
    desk.books("ada", "t", later).await.unwrap();
    desk.is_agreed("s").await;
    desk.is_agreed("t").await;
    let until_ms = desk.in_days(5);
    let request = PauseMentorRequest { mentor_id: "mia".into(), until_ms, ..PauseMentorRequest::default() };
    let mut mentor = MentorServiceClient::new(desk.mentor("mia").await);
    let position = mentor.pause_mentor(request).await.unwrap().into_inner().position;
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::MentorAway);
    desk.is_booked("mia", &[("t", later)]).await;
    assert!(desk.head().await > position);
    // The session after the pause was looked at in the same act, and stands.
    desk.is_agreed("t").await;
    assert_eq!(reason(&desk.books("ada", "u", soon).await.unwrap_err()), "MENTOR_PAUSES");
    desk.books("ada", "v", later + HOUR).await.unwrap();
    desk.is_agreed("v").await;
}

pub async fn who_never_meet_again_have_no_sessions(desk: Desk) {
    desk.ada_and_mia().await;
    desk.books("ada", "s", desk.in_days(2)).await.unwrap();
    desk.is_agreed("s").await;
    let mut learner = MentorServiceClient::new(desk.learner("ada").await);
    learner.block_pair(block()).await.unwrap();
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::ContactBarred);
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[]).await;
    }
    assert_eq!(reason(&desk.books("ada", "t", desk.in_days(2)).await.unwrap_err()), "PAIR_IS_BLOCKED");
}

/// Waits until all policies have seen what happened up to now, the first block of a learner by Mia among it. They take
/// commits batch by batch, so what is said once the last was heard of is in a later batch than that.
async fn policies_have_gone_by(desk: &Desk) {
    for (learner, barred) in [("zoe", 2), ("yan", 3)] {
        let other = BlockPairRequest { learner_id: learner.into(), ..block() };
        desk.mentors().await.block_pair(other).await.unwrap();
        desk.has_happened_to::<calendar_event::Event>("mia", "LearnerBarred", barred).await;
    }
}

pub async fn a_request_that_races_with_a_block_is_refused_by_the_calendar(desk: Desk) {
    desk.ada_and_mia().await;
    let start = desk.in_days(2);
    // Nothing stood against it when Ada asked, and it is on its way when the two are parted.
    desk.house.log().faults().script_of("mentorship.session.s", [Fault::Hold]);
    let desk = Arc::new(desk);
    let slow = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.books("ada", "s", start).await }
    });
    desk.house.log().faults().held().await;
    let mut learner = MentorServiceClient::new(desk.learner("ada").await);
    learner.block_pair(block()).await.unwrap();
    desk.becomes("ada", "barred", |it| it.contact_barred).await;
    policies_have_gone_by(&desk).await;
    desk.house.log().faults().release();
    slow.await.unwrap().unwrap();
    assert_eq!(desk.is_refused("s").await, (SlotRefusal::Barred, SessionSide::Mentor));
    desk.is_booked("mia", &[]).await;
}

pub async fn a_request_that_races_with_the_end_is_called_off(desk: Desk) {
    desk.ada_and_mia().await;
    let start = desk.in_days(2);
    desk.house.log().faults().script_of("mentorship.session.s", [Fault::Hold]);
    let desk = Arc::new(desk);
    let slow = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.books("ada", "s", start).await }
    });
    desk.house.log().faults().held().await;
    desk.programme_says("ada", Event::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    desk.becomes("ada", "ended", |it| it.state() == MentorshipState::Ended).await;
    desk.house.log().faults().release();
    slow.await.unwrap().unwrap();
    assert_eq!(desk.is_cancelled("s").await, SessionCancelCause::MentorshipEnded);
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[]).await;
    }
}
