//! What seats are used for: enrolment is told, and answers.

use crate::desk::{Desk, reason};
use studium_proto::campus::v1::{
    FreezePlanRequest, ListStuckSeatUsesRequest, MemberClass, MemberDescribed, PutMemberRequest, SeatUseState,
    WhyNotRequest, WhyNotResponse,
};
use studium_proto::enrolment::v1::{EnrolmentCompleted, enrolment_event};

pub async fn enrolment_takes_the_learner_in(desk: Desk) {
    desk.with_plan(1, &["ada"]).await;
    let told = desk.use_seat("ada", "rust").await.unwrap();
    assert_eq!((told.plan_id.as_str(), told.round, told.already), ("plan", 1, false));
    let open = desk.use_becomes("ada", SeatUseState::Requested).await;
    assert_eq!((open.course_id.as_str(), open.answered_at_ms), ("rust", 0));
    assert!(desk.use_seat("ada", "rust").await.unwrap().already);
    desk.enrolment_answers("ada", "rust", 1, "").await;
    desk.use_becomes("ada", SeatUseState::Accepted).await;
    assert_eq!(desk.plan("plan").await.ledger.unwrap().activated, 1);
}

pub async fn a_refusal_releases_the_seat(desk: Desk) {
    desk.with_plan(1, &["ada", "bob"]).await;
    desk.use_seat("ada", "rust").await.unwrap();
    assert_eq!(reason(&desk.use_seat("bob", "rust").await.unwrap_err()), "NO_SEATS_LEFT");
    desk.enrolment_answers("ada", "rust", 1, "OUTSIDE_WINDOW").await;
    let refused = desk.use_becomes("ada", SeatUseState::Refused).await;
    assert_eq!((refused.reason.as_str(), refused.detail.as_str()), ("OUTSIDE_WINDOW", "as told"));
    let plan = desk.plan_becomes("plan", |it| it.ledger.unwrap().unassigned == 1).await;
    assert_eq!(plan.ledger.unwrap().activated, 0);
    desk.use_seat("bob", "rust").await.unwrap();
}

pub async fn a_use_ends_with_the_enrolment(desk: Desk) {
    desk.with_plan(1, &["ada"]).await;
    desk.use_seat("ada", "rust").await.unwrap();
    desk.enrolment_answers("ada", "rust", 1, "").await;
    desk.use_becomes("ada", SeatUseState::Accepted).await;
    let completed = EnrolmentCompleted { course_id: "rust".into(), ..EnrolmentCompleted::default() };
    desk.elsewhere.say("rust-1~ada", vec![enrolment_event::Event::EnrolmentCompleted(completed)]).await;
    desk.use_becomes("ada", SeatUseState::Ended).await;
    // The seat is the learner's still, and the run can be asked for again.
    assert_eq!(desk.plan("plan").await.ledger.unwrap().activated, 1);
    assert_eq!(desk.use_seat("ada", "rust").await.unwrap().round, 2);
}

pub async fn what_is_not_answered_is_listed(desk: Desk) {
    desk.with_plan(2, &["ada", "bob"]).await;
    for learner in ["ada", "bob"] {
        desk.use_seat(learner, "rust").await.unwrap();
    }
    desk.enrolment_answers("bob", "rust", 2, "").await;
    desk.use_becomes("bob", SeatUseState::Accepted).await;
    let ask = |older_than_seconds, min_position| ListStuckSeatUsesRequest {
        older_than_seconds,
        min_position,
        ..ListStuckSeatUsesRequest::default()
    };
    let head = desk.head().await;
    let stuck = desk.plans().await.list_stuck_seat_uses(ask(0, head)).await.unwrap().into_inner().uses;
    assert!(stuck.is_empty(), "nothing waits for a minute yet: {stuck:?}");
    // A second later what was asked before it is a second old.
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    let stuck = desk.plans().await.list_stuck_seat_uses(ask(1, head)).await.unwrap().into_inner().uses;
    assert_eq!(stuck.iter().map(|it| it.learner_id.as_str()).collect::<Vec<_>>(), ["ada"]);
}

async fn why_not(desk: &Desk, learner: &str, course: &str, for_credit: bool) -> WhyNotResponse {
    let request = WhyNotRequest {
        campus_id: "ou".into(),
        learner_id: learner.into(),
        course_id: course.into(),
        for_credit,
        min_position: desk.head().await,
        ..WhyNotRequest::default()
    };
    desk.plans().await.why_not(request).await.unwrap().into_inner()
}

pub async fn why_not_says_what_enrolment_by_seat_would_say(desk: Desk) {
    desk.campus("ou").await;
    desk.agreement("ou", "agreement").await;
    desk.students("ou", &["ada", "bob", "cyd"]).await;
    assert_eq!(why_not(&desk, "ada", "rust", false).await.reason, "NO_PLAN");
    desk.offer("all", &["rust", "sql"]).await;
    let other = desk.offer("others", &["go"]).await;
    desk.plans()
        .await
        .provision_plan(studium_proto::campus::v1::ProvisionPlanRequest {
            catalogue_position: other,
            ..desk.asked_plan("plan", 1)
        })
        .await
        .unwrap();
    let staff = MemberDescribed { class: MemberClass::Staff.into(), ..MemberDescribed::default() };
    let put = PutMemberRequest { campus_id: "ou".into(), learner_id: "sue".into(), record: Some(staff), at_ms: 0 };
    desk.members().await.put_member(put).await.unwrap();

    let mut seen = Vec::new();
    for (learner, course) in [("stranger", "rust"), ("ada", "go"), ("sue", "rust")] {
        let told = why_not(&desk, learner, course, false).await;
        let refused = desk.use_seat(learner, course).await.unwrap_err();
        assert_eq!(
            (told.covered, &told.reason, &told.detail),
            (false, &reason(&refused), &refused.message().to_owned())
        );
        seen.push(told.reason);
    }
    let told = why_not(&desk, "ada", "sql", true).await;
    assert_eq!(told.reason, "NOT_FOR_CREDIT");
    let told = why_not(&desk, "ada", "rust", true).await;
    assert_eq!((told.covered, told.plan_id.as_str(), told.holds_seat), (true, "plan", false));
    desk.use_seat("ada", "rust").await.unwrap();
    let told = why_not(&desk, "ada", "sql", false).await;
    assert_eq!((told.covered, told.holds_seat), (true, true));
    seen.push(why_not(&desk, "bob", "rust", false).await.reason);
    let freeze = FreezePlanRequest { plan_id: "plan".into(), reason: "unpaid".into(), at_ms: 0 };
    desk.plans().await.freeze_plan(freeze).await.unwrap();
    seen.push(why_not(&desk, "bob", "rust", false).await.reason);
    assert_eq!(seen, ["NOT_A_MEMBER", "COURSE_NOT_IN_SELECTION", "CLASS_NOT_COVERED", "NO_SEATS_LEFT", "PLAN_FROZEN"]);
}
