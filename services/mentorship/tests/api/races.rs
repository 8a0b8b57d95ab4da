//! Two things at once, in a scripted order: whatever comes first, the learner has one mentor and the mentor his places.

use crate::desk::{Desk, reason};
use std::sync::Arc;
use studium_log::Fault;
use studium_proto::mentorship::v1::{
    AssignMentorRequest, LeaveMentorRequest, MentorState, MentorshipEnd, MentorshipEnded, SetCapacityRequest,
    mentor_service_client::MentorServiceClient, mentorship_event::Event,
    mentorship_service_client::MentorshipServiceClient,
};

fn assign(mentor: &str) -> AssignMentorRequest {
    AssignMentorRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        mentor_id: mentor.into(),
        institution_id: "ou".into(),
        ..AssignMentorRequest::default()
    }
}

fn leave(mentor: &str) -> LeaveMentorRequest {
    LeaveMentorRequest { mentor_id: mentor.into(), ..LeaveMentorRequest::default() }
}

/// Ada waits for mia's answer; noa is free as well.
async fn ada_waits_for_mia(desk: &Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
    desk.with_mentor("noa", 1).await;
}

pub async fn of_two_mentors_at_once_one_is_the_learners(desk: Desk) {
    ada_waits_for_mia(&desk).await;
    let other = desk.house.start(studium_mentorship::service()).await.unwrap();
    let log = desk.house.log().clone();
    let desk = Arc::new(desk);
    // Mia accepts and her word is on its way; meanwhile staff, at another replica, gives the learner to noa.
    log.faults().script_of("mentorship.mentorship.p~ada", [Fault::Hold]);
    let mia = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.accepts("mia", "ada").await }
    });
    log.faults().held().await;
    let staff = desk.house.call(&other, "sue", &["staff"], &["ou"]).await.unwrap();
    MentorshipServiceClient::new(staff).assign_mentor(assign("noa")).await.unwrap();
    log.faults().release();
    let refused = mia.await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "PROPOSAL_NOT_OPEN");
    desk.becomes("ada", "noa's", |it| it.mentor_id == "noa" && it.proposed_mentor_id.is_empty()).await;
    desk.loads(&[("mia", 0), ("noa", 1)]).await;
}

pub async fn a_place_for_who_leaves_meanwhile_goes_to_the_next(desk: Desk) {
    desk.with_programme("p").await;
    for learner in ["ada", "bob"] {
        desk.joins(learner, 0).await;
        desk.has_happened(learner, "NoMentorFound", 1).await;
    }
    let faults = desk.house.log().faults();
    // Mia's place is being offered to ada; meanwhile another replica notes that ada is not mentored any more.
    faults.script_of("mentorship.mentorship.p~ada", [Fault::Hold]);
    desk.with_mentor("mia", 1).await;
    faults.held().await;
    let ended = MentorshipEnded { end: MentorshipEnd::Staff.into(), ..MentorshipEnded::default() };
    desk.elsewhere.say("p~ada", vec![Event::MentorshipEnded(ended)]).await;
    faults.release();
    desk.becomes("bob", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
    assert_eq!(desk.times("ada", "MentorPassedOver").await, 1);
    desk.loads(&[("mia", 1)]).await;
}

pub async fn a_mentor_leaves_while_the_learner_is_being_proposed(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.caught_up().await;
    let log = desk.house.log().clone();
    // She was proposed, and her place is about to be taken.
    log.faults().script_of("mentorship.mentor.mia", [Fault::Hold]);
    desk.joins("ada", 0).await;
    log.faults().held().await;
    let other = desk.house.start(studium_mentorship::service()).await.unwrap();
    let registrar = desk.house.registrar(&other).await.unwrap();
    MentorServiceClient::new(registrar).leave_mentor(leave("mia")).await.unwrap();
    log.faults().release();
    desk.becomes("ada", "proposed to nobody", |it| it.proposed_mentor_id.is_empty() && it.mentor_id.is_empty()).await;
    desk.with_mentor("noa", 1).await;
    desk.becomes("ada", "open to noa", |it| it.proposed_mentor_id == "noa" && it.answer_by_ms > 0).await;
    desk.loads(&[("mia", 0), ("noa", 1)]).await;
    assert_eq!(desk.shown_mentor("mia").await.state(), MentorState::Left);
}

pub async fn a_mentor_who_leaves_as_he_accepts_stays_until_the_successor_is_there(desk: Desk) {
    ada_waits_for_mia(&desk).await;
    let other = desk.house.start(studium_mentorship::service()).await.unwrap();
    let log = desk.house.log().clone();
    let desk = Arc::new(desk);
    log.faults().script_of("mentorship.mentor.mia", [Fault::Hold]);
    let going = tokio::spawn({
        let registrar = desk.house.registrar(&other).await.unwrap();
        async move { MentorServiceClient::new(registrar).leave_mentor(leave("mia")).await }
    });
    log.faults().held().await;
    desk.accepts("mia", "ada").await.unwrap();
    log.faults().release();
    going.await.unwrap().unwrap();
    let handed = desk.becomes("ada", "open to noa", |it| it.proposed_mentor_id == "noa" && it.answer_by_ms > 0).await;
    assert_eq!(handed.mentor_id, "mia", "no gap");
    assert!(handed.hand_over_due_ms > 0);
    assert_eq!(desk.shown_mentor("mia").await.state(), MentorState::Leaving);
    desk.accepts("noa", "ada").await.unwrap();
    desk.becomes("ada", "noa's", |it| it.mentor_id == "noa").await;
    desk.loads(&[("mia", 0), ("noa", 1)]).await;
    assert_eq!(desk.shown_mentor("mia").await.state(), MentorState::Left);
}

pub async fn capacity_is_not_lowered_below_a_load_that_just_rose(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.caught_up().await;
    let other = desk.house.start(studium_mentorship::service()).await.unwrap();
    let log = desk.house.log().clone();
    log.faults().script_of("mentorship.mentor.mia", [Fault::Hold]);
    let lowers = tokio::spawn({
        let registrar = desk.house.registrar(&other).await.unwrap();
        let (mentor_id, capacity) = ("mia".to_owned(), 0);
        let request = SetCapacityRequest { mentor_id, capacity, ..SetCapacityRequest::default() };
        async move { MentorServiceClient::new(registrar).set_capacity(request).await }
    });
    log.faults().held().await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
    log.faults().release();
    assert_eq!(reason(&lowers.await.unwrap().unwrap_err()), "CAPACITY_BELOW_LOAD");
    let mia = desk.shown_mentor("mia").await;
    assert_eq!((mia.load, mia.capacity), (1, 1));
}
