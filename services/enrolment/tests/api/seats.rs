//! Limited seats end to end: the enrolment asks, the run answers, the line moves.

use crate::desk::{DAY, Desk, asking, reason};
use studium_proto::catalogue::v1::{CourseDescribed, CoursePublished, course_event};
use studium_proto::enrolment::v1::{
    EndCause, EnrolRequest, EnrolmentSource, EnrolmentState, GetRunCapacityRequest, GetRunCapacityResponse,
    ReinstateRequest, SuspendRequest, WithdrawRequest,
};

async fn capacity(desk: &Desk, run: &str) -> GetRunCapacityResponse {
    let request = GetRunCapacityRequest { run_id: run.into(), ..GetRunCapacityRequest::default() };
    desk.queries().await.get_run_capacity(request).await.unwrap().into_inner()
}

async fn leave(desk: &Desk, run: &str, learner: &str) {
    let (run_id, learner_id, reason) = (run.into(), learner.into(), "moved".into());
    let request = WithdrawRequest { run_id, learner_id, reason, ..WithdrawRequest::default() };
    desk.acts().await.withdraw(request).await.unwrap();
}

pub async fn the_line_moves_by_itself(desk: Desk) {
    desk.open_run("r", "c", 1, true).await;
    desk.enrol("r", "ada").await.unwrap();
    desk.becomes("r", "ada", EnrolmentState::Active).await;
    for learner in ["bob", "cyd", "dan"] {
        desk.enrol("r", learner).await.unwrap();
        desk.becomes("r", learner, EnrolmentState::Waitlisted).await;
    }
    leave(&desk, "r", "bob").await;
    leave(&desk, "r", "ada").await;
    desk.becomes("r", "cyd", EnrolmentState::Active).await;

    // A rest that gives the seat away: the next comes in, and who comes back stands at the end of the line.
    let rest = SuspendRequest {
        run_id: "r".into(),
        learner_id: "cyd".into(),
        reason: "fees".into(),
        release_seat: true,
        ..SuspendRequest::default()
    };
    desk.acts().await.suspend(rest).await.unwrap();
    desk.becomes("r", "dan", EnrolmentState::Active).await;
    let (run_id, learner_id, reason) = ("r".into(), "cyd".into(), "paid".into());
    let back = ReinstateRequest { run_id, learner_id, reason, ..ReinstateRequest::default() };
    desk.acts().await.reinstate(back).await.unwrap();
    desk.becomes("r", "cyd", EnrolmentState::Waitlisted).await;
    leave(&desk, "r", "dan").await;
    desk.becomes("r", "cyd", EnrolmentState::Active).await;
    // Confirmation follows activation by a policy.
    for _ in 0..200 {
        if capacity(&desk, "r").await.confirmed == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let seats = capacity(&desk, "r").await;
    assert_eq!((seats.capacity, seats.reserved, seats.confirmed, seats.waiting), (1, 0, 1, 0));
}

pub async fn a_full_run_without_a_line_says_so(desk: Desk) {
    desk.open_run("r", "c", 1, false).await;
    desk.enrol("r", "ada").await.unwrap();
    desk.becomes("r", "ada", EnrolmentState::Active).await;
    assert_eq!(reason(&desk.enrol("r", "bob").await.unwrap_err()), "RUN_FULL");
    leave(&desk, "r", "ada").await;
    for _ in 0..200 {
        if desk.enrol("r", "bob").await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    desk.becomes("r", "bob", EnrolmentState::Active).await;
}

pub async fn capacity_holds_under_concurrency(desk: Desk) {
    desk.open_run("r", "c", 7, false).await;
    let head = desk.house.log().head("catalogue").await.unwrap();
    let acts = desk.acts().await;
    let asks = (0..60).map(|n| {
        let mut acts = acts.clone();
        async move {
            let request = EnrolRequest { catalogue_position: head, ..asking("r", &format!("l{n}")) };
            acts.enrol(request).await.is_ok()
        }
    });
    let asked: Vec<bool> = futures::future::join_all(asks).await;
    let mut settled = (0, 0);
    for _ in 0..400 {
        let request = studium_proto::enrolment::v1::GetRunStatisticsRequest {
            run_id: "r".into(),
            min_position: desk.head().await,
            ..Default::default()
        };
        let counts = desk.queries().await.get_run_statistics(request).await.unwrap().into_inner().statistics.unwrap();
        assert!(counts.active <= 7, "more learners than seats: {counts:?}");
        settled = (counts.active, counts.requested);
        if settled.0 + counts.expired == counts.total && counts.total > 0 && settled.1 == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(settled, (7, 0), "of {} who asked", asked.iter().filter(|it| **it).count());
}

pub async fn more_seats_promote_who_waits(desk: Desk) {
    desk.open_run("r", "c", 1, true).await;
    for learner in ["ada", "bob", "cyd"] {
        desk.enrol("r", learner).await.unwrap();
        let state = if learner == "ada" { EnrolmentState::Active } else { EnrolmentState::Waitlisted };
        desk.becomes("r", learner, state).await;
    }
    desk.run_says("r", vec![Desk::seats(3, true)]).await;
    desk.becomes("r", "bob", EnrolmentState::Active).await;
    desk.becomes("r", "cyd", EnrolmentState::Active).await;
    assert_eq!(capacity(&desk, "r").await.capacity, 3);
}

pub async fn an_unpaid_seat_lapses(desk: Desk) {
    let described = CourseDescribed { price_minor: 4_900, currency: "EUR".into(), ..CourseDescribed::default() };
    let published = CoursePublished { version: 1, ..CoursePublished::default() };
    let said = vec![course_event::Event::CourseDescribed(described), course_event::Event::CoursePublished(published)];
    desk.course_says("c", said).await;
    let catalogue_position = desk.open_run("r", "c", 1, true).await;
    // Three days ago: the two days in which the seat is held are over.
    let request = EnrolRequest {
        source: EnrolmentSource::SelfPaid.into(),
        at_ms: desk.now - 3 * DAY,
        catalogue_position,
        ..asking("r", "ada")
    };
    desk.acts().await.enrol(request).await.unwrap();
    let lapsed = desk.becomes("r", "ada", EnrolmentState::Expired).await;
    assert_eq!(lapsed.end_cause(), EndCause::PaymentLapsed);
    desk.enrol("r", "bob").await.unwrap();
    desk.becomes("r", "bob", EnrolmentState::Active).await;
}
