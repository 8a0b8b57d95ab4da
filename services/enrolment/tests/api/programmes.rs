//! Programmes: courses count, learners graduate.

use crate::desk::{Desk, reason};
use studium_proto::catalogue::v1::{
    ElectiveGroup, ProgrammeComposed, ProgrammeCreated, ProgrammeDescribed, ProgrammePublished, ProgrammeRetired,
    programme_event::Event,
};
use studium_proto::enrolment::v1::{
    CompleteRequest, EnrolmentSource, GetProgrammeEnrolmentRequest, GetProgrammeStatisticsRequest,
    JoinProgrammeRequest, ListProgrammeEnrolmentsRequest, Outcome, ProgrammeEnrolment, ProgrammeState,
    RecordProgrammePaymentRequest, WithdrawFromProgrammeRequest,
};

/// A programme of course `a` and one of `x` and `y`; runs are named after their course.
pub async fn publish(desk: &Desk, price_minor: i64) -> u64 {
    for course in ["a", "x", "y"] {
        desk.open_run(course, course, 0, false).await;
    }
    let group = ElectiveGroup {
        group_id: "g".into(),
        choose: 1,
        course_ids: vec!["x".into(), "y".into()],
        ..ElectiveGroup::default()
    };
    let composed =
        ProgrammeComposed { required_course_ids: vec!["a".into()], elective_groups: vec![group], ordered: false };
    let events = vec![
        Event::ProgrammeCreated(ProgrammeCreated { institution_id: "ou".into(), ..ProgrammeCreated::default() }),
        Event::ProgrammeDescribed(ProgrammeDescribed { price_minor, currency: "EUR".into(), ..Default::default() }),
        Event::ProgrammeComposed(composed),
        Event::ProgrammePublished(ProgrammePublished { version: 1 }),
    ];
    desk.programme_says("p", events).await
}

pub fn joining(learner: &str, catalogue_position: u64) -> JoinProgrammeRequest {
    JoinProgrammeRequest {
        programme_id: "p".into(),
        learner_id: learner.into(),
        source: EnrolmentSource::SelfPaid.into(),
        catalogue_position,
        ..JoinProgrammeRequest::default()
    }
}

async fn pass(desk: &Desk, course: &str, learner: &str) {
    desk.enrol(course, learner).await.unwrap();
    let (run_id, learner_id, outcome) = (course.into(), learner.into(), Outcome::Passed.into());
    desk.acts().await.complete(CompleteRequest { run_id, learner_id, outcome, ..Default::default() }).await.unwrap();
}

async fn becomes(desk: &Desk, learner: &str, state: ProgrammeState, courses: usize) -> ProgrammeEnrolment {
    let mut last = ProgrammeEnrolment::default();
    for _ in 0..400 {
        let request = GetProgrammeEnrolmentRequest {
            programme_id: "p".into(),
            learner_id: learner.into(),
            min_position: desk.head().await,
            ..GetProgrammeEnrolmentRequest::default()
        };
        last = desk
            .places()
            .await
            .get_programme_enrolment(request)
            .await
            .unwrap()
            .into_inner()
            .programme_enrolment
            .unwrap();
        if last.state() == state && last.completed_course_ids.len() == courses {
            return last;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{learner} should have become {state:?} with {courses} courses, but stands so: {last:?}");
}

pub async fn courses_count_and_the_learner_graduates(desk: Desk) {
    let mut places = desk.places().await;
    assert_eq!(reason(&places.join_programme(joining("ada", 0)).await.unwrap_err()), "PROGRAMME_NOT_FOUND");
    let position = publish(&desk, 900).await;
    places.join_programme(joining("ada", position)).await.unwrap();
    pass(&desk, "a", "ada").await;
    pass(&desk, "y", "ada").await;
    let before = becomes(&desk, "ada", ProgrammeState::Active, 2).await;
    assert_eq!((before.amount_due_minor, before.currency.as_str()), (900, "EUR"));
    let pay = RecordProgrammePaymentRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        payment_id: "p1".into(),
        amount_minor: 900,
        currency: "EUR".into(),
        ..RecordProgrammePaymentRequest::default()
    };
    places.record_programme_payment(pay).await.unwrap();
    let after = becomes(&desk, "ada", ProgrammeState::Completed, 2).await;
    assert_eq!(after.completed_course_ids, ["a", "y"]);
    assert!(after.ended_at_ms > 0);
    let retired = vec![Event::ProgrammeRetired(ProgrammeRetired::default())];
    let position = desk.programme_says("p", retired).await;
    assert_eq!(reason(&places.join_programme(joining("bob", position)).await.unwrap_err()), "PROGRAMME_NOT_OPEN");
}

pub async fn earlier_courses_count_when_joining(desk: Desk) {
    let position = publish(&desk, 0).await;
    pass(&desk, "a", "ada").await;
    pass(&desk, "x", "ada").await;
    desk.places().await.join_programme(joining("ada", position)).await.unwrap();
    becomes(&desk, "ada", ProgrammeState::Completed, 2).await;
}

pub async fn graduates_are_counted(desk: Desk) {
    let position = publish(&desk, 0).await;
    let mut places = desk.places().await;
    for learner in ["ada", "bob", "cyd"] {
        places.join_programme(joining(learner, position)).await.unwrap();
    }
    pass(&desk, "a", "ada").await;
    pass(&desk, "x", "ada").await;
    pass(&desk, "a", "bob").await;
    becomes(&desk, "ada", ProgrammeState::Completed, 2).await;
    becomes(&desk, "bob", ProgrammeState::Active, 1).await;
    let (programme_id, learner_id) = ("p".into(), "cyd".into());
    let leave = WithdrawFromProgrammeRequest { programme_id, learner_id, ..Default::default() };
    places.withdraw_from_programme(leave).await.unwrap();
    let ask = |joined_from_ms, min_position| GetProgrammeStatisticsRequest {
        programme_id: "p".into(),
        joined_from_ms,
        min_position,
        ..GetProgrammeStatisticsRequest::default()
    };
    let it = places.get_programme_statistics(ask(0, desk.head().await)).await.unwrap().into_inner();
    assert_eq!((it.joined, it.active, it.withdrawn, it.completed, it.courses_completed), (3, 1, 1, 1, 3));
    let later = places.get_programme_statistics(ask(desk.now + 100_000_000, 0)).await.unwrap().into_inner();
    assert_eq!(later.joined, 0);
    let list = ListProgrammeEnrolmentsRequest { programme_id: "p".into(), page_size: 2, ..Default::default() };
    let page = places.list_programme_enrolments(list).await.unwrap().into_inner();
    let learners: Vec<_> = page.programme_enrolments.iter().map(|it| it.learner_id.as_str()).collect();
    assert_eq!((learners, page.next_page_token.as_str()), (vec!["ada", "bob"], "bob"));
}
