//! How far policies are: behind while one is at work, and nowhere behind once nothing is left to do; and what they wait
//! for.

use super::{Command, CountThem, Counts, ListParkedRequest, Noted, Notes, PATIENCE, bare, note, service, until_noted};
use studium_kit::{App, Log, LookUpPolicy, Policy, Reaction, StoreError, View as _};
use studium_log::Fault;
use studium_proto::{
    admin::v1::{ListPoliciesRequest, PolicyStatus, admin_service_client::AdminServiceClient},
    enrolment::v1::{EnrolmentStarted, enrolment_event::Event as EnrolmentEvent},
};
use studium_testkit::{Caller, Elsewhere, House};
use tokio::{sync::Semaphore, time::timeout};

/// What `hold` begins, and what lets it end.
static BEGUN: Semaphore = Semaphore::const_new(0);
static LET_GO: Semaphore = Semaphore::const_new(0);

/// After `hold` it does something that takes long and comes to nothing.
struct Slow;

impl LookUpPolicy for Slow {
    const NAME: &'static str = "slow";
    const STREAM: &'static str = "test";
    const VIEWS: &'static [&'static str] = &[];
    type Event = Noted;
    type Target = Notes;

    async fn react(_: &App, _: &str, event: &Noted, _: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        if event.0 == "hold" {
            BEGUN.add_permits(1);
            LET_GO.acquire().await.expect("it is never closed").forget();
        }
        Ok(vec![])
    }
}

async fn listed(admin: &mut AdminServiceClient<Caller>) -> Vec<PolicyStatus> {
    admin.list_policies(ListPoliciesRequest {}).await.unwrap().into_inner().policies
}

#[tokio::test]
async fn a_policy_is_behind_as_long_as_it_is_at_work_and_not_after_it() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(bare().decider::<Notes>().look_up_policy::<Slow>()).await.unwrap();
    let mut admin = AdminServiceClient::new(house.registrar(&running).await.unwrap());
    note(&running, "r1", "a", "hold").await;
    BEGUN.acquire().await.unwrap().forget();
    let status = |position| PolicyStatus { name: "slow".into(), stream: "test".into(), position, head: 1 };
    assert_eq!(listed(&mut admin).await, [status(0)], "it is at it");
    LET_GO.add_permits(1);
    // Nothing is written any more, so nothing but time leads to the next checkpoint.
    let looks = async {
        while listed(&mut admin).await != [status(1)] {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, looks).await.expect("it is known that it is done");
    let shown = async {
        let behind = r#"studium_policy_lag{policy="slow",service="test",stream="test"} 0"#;
        while !running.app.metrics().render().unwrap().contains(behind) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, shown).await.expect("it is shown");
    running.stop().await.unwrap();
}

/// More requests than five tries of a reaction send, each of which appends four times before it gives up.
const LOST: usize = 30;

#[tokio::test]
async fn a_reaction_waits_for_a_log_that_answers_nobody_and_is_not_parked() {
    let house = House::new(Log::memory()).unwrap();
    let running = house.start(service()).await.unwrap();
    house.log().faults().script_of("test.notes.far", [Fault::LoseRequest; LOST]);
    note(&running, "r1", "a", "to:far:hello").await;
    until_noted(house.log(), "far", "hello").await;
    let mut admin = AdminServiceClient::new(house.registrar(&running).await.unwrap());
    assert_eq!(admin.list_parked(ListParkedRequest {}).await.unwrap().into_inner().parked, []);
    running.stop().await.unwrap();
}

/// What enrolment says of somebody who has started is noted here.
struct Copy;

impl Policy for Copy {
    const NAME: &'static str = "copy";
    const STREAM: &'static str = "enrolment";
    type Event = EnrolmentEvent;
    type Target = Notes;

    fn react(&self, id: &str, _: &EnrolmentEvent, _: i64) -> Vec<Reaction<Notes>> {
        vec![Reaction { id: "copy".to_owned(), command: Command::Note(format!("{id} has started")) }]
    }
}

#[tokio::test]
async fn a_policy_is_no_further_than_the_journal_that_has_what_followed() {
    let house = House::new(Log::memory()).unwrap();
    let log = house.log();
    log.open("enrolment").await.unwrap();
    let running = house.start(bare().decider::<Notes>().policy(Copy)).await.unwrap();
    let mut admin = AdminServiceClient::new(house.registrar(&running).await.unwrap());
    let elsewhere = Elsewhere::new(log.clone());
    let started = || vec![EnrolmentEvent::EnrolmentStarted(EnrolmentStarted {})];
    // Policies begin when the views have read what there is; this one has.
    elsewhere.say("r~a", started()).await;
    let first = until_noted(log, "copy", "r~a has started").await.position;
    log.faults().hold_reading("test");
    // What was asked for before still comes; this is what comes.
    note(&running, "r1", "a", "the last that is read").await;
    let second = elsewhere.say("r~b", started()).await;
    let written = async {
        loop {
            match log.last("test.notes.copy").await.unwrap() {
                Some(it) if it.position > first => return it.position,
                _ => tokio::task::yield_now().await,
            }
        }
    };
    let written = timeout(PATIENCE, written).await.expect("it follows all the same");
    for _ in 0..200 {
        let position = listed(&mut admin).await[0].position;
        let journal = running.app.store().journal().position();
        assert!(position < second || journal >= written, "a lost broker would come back without it");
    }
    log.faults().let_read("test");
    let looks = async {
        while listed(&mut admin).await[0].position < second {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, looks).await.expect("it goes on");
    running.stop().await.unwrap();
}

/// Waits for a view that follows another stream.
struct WaitForEver;

impl LookUpPolicy for WaitForEver {
    const NAME: &'static str = "wait_for_ever";
    const STREAM: &'static str = "elsewhere";
    const VIEWS: &'static [&'static str] = &[Counts::NAME];
    type Event = Noted;
    type Target = Notes;

    async fn react(_: &App, _: &str, _: &Noted, _: i64) -> Result<Vec<Reaction<Notes>>, StoreError> {
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_would_wait_for_ever_keeps_the_service_from_starting() {
    let house = House::new(Log::memory()).unwrap();
    let no = house.start(bare().look_up_policy::<WaitForEver>()).await.err().unwrap();
    let told = "policy `wait_for_ever` waits until view `counts_1` has seen stream `elsewhere`";
    assert!(no.to_string().starts_with(told), "{no}");
    let no = house.start(bare().decider::<Notes>().look_up_policy::<CountThem>()).await.err().unwrap();
    assert!(no.to_string().contains("which that view does not follow"), "a view that is not listed: {no}");
}
