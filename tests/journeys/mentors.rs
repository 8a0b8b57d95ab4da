//! Learners join, pay, are mentored and graduate while processes are killed: everybody has exactly one mentor all the time.

use crate::{
    mentor_record::Record,
    mentoring::{Act, Desk, LEARNERS, MENTORS, PLACES},
    office::{Told, becomes, told_of},
    platform::World,
};
use studium_log::Durability;
use studium_proto::mentorship::v1::{MentorshipEnd, MentorshipState};

/// So many learners ask for another mentor.
const HANDED_OVER: usize = 8;

/// What so many learners do, and which process dies while they do.
const SCRIPT: [(Act, usize, &str); 4] = [
    (Act::JoinAndPay, LEARNERS, "mentorship"),
    (Act::FindMentor, LEARNERS, "nats"),
    (Act::HandOver, HANDED_OVER, "mentorship"),
    (Act::PassCourses, LEARNERS, "enrolment"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_exactly_one_mentor_from_the_first_to_graduation_whatever_is_killed() {
    let mut world = World::new(Durability::Disk);
    world.up();
    let mut desk = Desk::open(&world).await;
    desk.set_up(&world).await;
    for (act, many, victim) in SCRIPT {
        let told = Told::default();
        let doing = tokio::spawn(desk.clone().play(act, many, told.clone()));
        told_of(&told, many / 4).await;
        world.kill(victim);
        doing.await.unwrap();
        world.wait_until_down();
        world.up();
        desk = desk.reopened(&world).await;
        // Whoever was not answered asks again under the same request id, as a client does.
        desk.clone().play(act, many, told.clone()).await;
        assert_eq!(told.lock().unwrap().len(), many, "everybody is answered in the end");
    }
    let all = becomes(
        async || desk.all().await,
        |it| it.len() == LEARNERS && it.iter().all(|it| it.state() == MentorshipState::Ended),
    )
    .await;
    assert!(all.iter().all(|it| it.end() == MentorshipEnd::Completed), "{all:?}");
    let mentors = becomes(async || desk.mentors().await, |it| it.iter().all(|it| it.load == 0)).await;
    assert_eq!(mentors.len(), MENTORS);

    let record = Record::read(&world.log().await).await;
    record.has_no_gap(LEARNERS, HANDED_OVER);
    record.holds_no_more_than(u32::try_from(PLACES).unwrap());
    desk.acknowledged_once(&world.log().await).await;
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let shown = desk.shown().await;
    for view in ["mentorship_1", "mentor_term_1", "mentor_1"] {
        assert_eq!(world.result(&["views", "rebuild", view])["done"], true);
    }
    assert_eq!(desk.shown().await, shown, "views equal what is built anew from the log");
    world.down();
}
