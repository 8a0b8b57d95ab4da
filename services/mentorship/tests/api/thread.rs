//! From joining a programme to having a mentor, and from there to the end.

use crate::desk::{DAY, Desk};
use studium_proto::enrolment::v1::{ProgrammeCompleted, programme_enrolment_event::Event};
use studium_proto::mentorship::v1::{
    DeskItemKind, GetMentorDeskRequest, GetMentoringRecordRequest, MentorshipEnd, MentorshipState,
    desk_service_client::DeskServiceClient,
};

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

pub async fn all_that_waits_for_a_mentor_is_on_the_desk(desk: Desk) {
    desk.ada_and_mia().await;
    let start_ms = (desk.house.now_ms() / DAY + 2) * DAY + DAY / 2;
    desk.books("ada", "s", start_ms).await.unwrap();
    desk.is_agreed("s").await;
    desk.asks("ada", "q", "first", 0).await.unwrap();
    desk.submits("ada", "r").await;
    let request = GetMentorDeskRequest {
        mentor_id: "mia".into(),
        min_position: desk.head().await,
        ..GetMentorDeskRequest::default()
    };
    let mut desks = DeskServiceClient::new(desk.mentor("mia").await);
    let items = desks.get_mentor_desk(request).await.unwrap().into_inner().items;
    let told: Vec<_> = items.iter().map(|it| (it.kind(), it.learner_id.as_str(), it.ref_id.as_str())).collect();
    let expected =
        [(DeskItemKind::Question, "ada", "q"), (DeskItemKind::Session, "ada", "s"), (DeskItemKind::Review, "ada", "r")];
    assert_eq!(told, expected, "what is due comes first");
    assert_eq!(items[1].due_ms, start_ms);

    let request = GetMentoringRecordRequest {
        learner_id: "ada".into(),
        min_position: desk.head().await,
        ..GetMentoringRecordRequest::default()
    };
    let mut ada = DeskServiceClient::new(desk.learner("ada").await);
    let record = ada.get_mentoring_record(request).await.unwrap().into_inner().records.pop().unwrap();
    assert_eq!((record.sessions_held, record.sessions_to_come), (0, 1));
    assert_eq!((record.reviews, record.reviews_open), (1, 1));
    assert_eq!((record.conversations, record.questions_open), (1, 1));
}
