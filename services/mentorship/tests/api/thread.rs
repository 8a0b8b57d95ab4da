//! From joining a programme to having a mentor, and from there to the end.

use crate::desk::Desk;
use studium_proto::enrolment::v1::{ProgrammeCompleted, programme_enrolment_event::Event};
use studium_proto::mentorship::v1::{MentorshipEnd, MentorshipState};

pub async fn who_joins_and_pays_gets_a_mentor(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.joins("ada", 900).await;
    desk.becomes("ada", "announced", |it| it.state() == MentorshipState::Announced).await;
    desk.pays("ada").await;
    let proposed = desk.becomes("ada", "proposed", |it| it.answer_by_ms > 0).await;
    assert_eq!((proposed.state(), proposed.proposed_mentor_id.as_str()), (MentorshipState::Waiting, "mia"));
    assert_eq!((proposed.candidates[0].skills, proposed.candidates[0].language), (1_000, 1_000));
    desk.accepts("mia", "ada").await.unwrap();
    let active = desk.becomes("ada", "mentored", |it| it.state() == MentorshipState::Active).await;
    assert_eq!(active.mentor_id, "mia");
    assert_eq!(desk.shown_mentor("mia").await.load, 1);
    desk.programme_says("ada", Event::ProgrammeCompleted(ProgrammeCompleted::default())).await;
    let ended = desk.becomes("ada", "ended", |it| it.state() == MentorshipState::Ended).await;
    assert_eq!(ended.end(), MentorshipEnd::Completed);
    for _ in 0..500 {
        if desk.shown_mentor("mia").await.load == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the place was never freed");
}
