//! What is personal is sealed in the log, opened by whoever has the keys, and by nobody once a key is destroyed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::time::Duration;
use studium_core::Event as _;
use studium_log::{Durability, Log, LogError, MasterKey, Stored};
use studium_proto::{
    enrolment::v1::{EmailChanged, LearnerErased, LearnerRegistered, learner_event::Event},
    mentorship::v1::{ReviewReturned, ReviewScore, ReviewSubmitted, review_event},
};
use studium_testkit::{Elsewhere, files_with, holds, nats};

const NAME: &str = "Zerubbabel Quixote";
const EMAIL: &str = "zq@nowhere.example";

fn registered() -> Event {
    Event::LearnerRegistered(LearnerRegistered { name: NAME.into(), email: EMAIL.into() })
}

fn email() -> Event {
    Event::EmailChanged(EmailChanged { email: EMAIL.into() })
}

fn events(stored: &Stored) -> Vec<Event> {
    stored.commit.events.iter().map(|it| Event::from_bytes(it).unwrap().unwrap()).collect()
}

/// The events of the last commit of a learner, as it is followed.
async fn followed(log: &Log, after: u64) -> Vec<Event> {
    events(&log.follow("enrolment", after).next().await.unwrap()[0])
}

async fn suite(log: &Log, other: &Log) {
    let elsewhere = Elsewhere::new(log.clone());
    let first = elsewhere.say("ada", vec![registered(), email()]).await;
    let stored = log.read("enrolment", first).await.unwrap().unwrap();
    assert!(!holds(&stored.bytes, NAME.as_bytes()) && !holds(&stored.bytes, EMAIL.as_bytes()), "it is stored sealed");
    assert_eq!(events(&stored), [registered(), email()]);
    assert_eq!(followed(other, first - 1).await, [registered(), email()], "another process has the same key");
    assert_eq!(events(&other.last("enrolment.learner.ada").await.unwrap().unwrap()), [registered(), email()]);

    // A list comes together with its own parts, and the last one said whom the aggregate is about.
    let score = |label: &str, comment: &str| ReviewScore {
        label: label.into(),
        comment: comment.into(),
        ..ReviewScore::default()
    };
    let scores = vec![score("style", "clumsy"), score("depth", ""), score("use", "none")];
    let returned = review_event::Event::ReviewReturned(ReviewReturned { scores, ..ReviewReturned::default() });
    let (learner_id, title) = ("bob".into(), "A title".into());
    let submitted = ReviewSubmitted { learner_id, title, ..ReviewSubmitted::default() };
    let submitted = review_event::Event::ReviewSubmitted(submitted);
    let position = elsewhere.say("r-1", vec![submitted, returned.clone()]).await;
    let stored = other.read("mentorship", position).await.unwrap().unwrap();
    assert_eq!(review_event::Event::from_bytes(&stored.commit.events[1]).unwrap(), Some(returned));
    assert!(stored.commit.sealed.iter().all(|it| it.holder == "bob"), "{:?}", stored.commit.sealed);

    log.keys().destroy("ada").await.unwrap();
    log.keys().destroy("ada").await.unwrap();
    let nothing =
        [Event::LearnerRegistered(LearnerRegistered::default()), Event::EmailChanged(EmailChanged::default())];
    assert_eq!(followed(log, first - 1).await, nothing);
    // The other process hears of it.
    for _ in 0..1000 {
        if followed(other, first - 1).await == nothing {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(followed(other, first - 1).await, nothing);
    let erased = Event::LearnerErased(LearnerErased { reason: "asked".into() });
    let later = elsewhere.say("ada", vec![erased.clone(), registered()]).await;
    let stored = log.read("enrolment", later).await.unwrap().unwrap();
    assert_eq!(events(&stored), [erased, nothing[0].clone()], "nothing is kept of who was erased");
    assert!(!holds(&stored.bytes, NAME.as_bytes()) && stored.commit.sealed.is_empty());
    let (names, reached) = other.keys().destroyed_after(0).await.unwrap();
    assert_eq!(names, [studium_log::key_name("ada")]);
    log.keys().destroy("cyd").await.unwrap();
    assert_eq!(other.keys().destroyed_after(reached).await.unwrap().0, [studium_log::key_name("cyd")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_twin_seals() {
    let log = Log::memory();
    suite(&log, &log.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_server_seals_and_erases_keys_from_its_disk() {
    let broker = nats(Durability::Disk).await;
    let (log, other) = (broker.log().await, broker.log().await);
    for it in ["enrolment", "mentorship"] {
        log.open(it).await.unwrap();
    }
    let elsewhere = Elsewhere::new(log.clone());
    elsewhere.say("cyd", vec![registered()]).await;
    let kept = log.keys().wrapped().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(files_with(broker.folder(), &kept[0].1).len(), 1, "the search finds what is there");
    suite(&log, &other).await;
    assert!(files_with(broker.folder(), &kept[0].1).is_empty(), "a destroyed key is overwritten");
    assert!(!log.keys().put_back(&kept[0].0, &kept[0].1).await.unwrap(), "and does not come back");
    for needle in [NAME, EMAIL, "clumsy"] {
        assert!(files_with(broker.folder(), needle.as_bytes()).is_empty(), "{needle}");
    }
    let raw = broker.log_without_keys().await;
    let stored = raw.read("enrolment", 1).await.unwrap().unwrap();
    assert_eq!(events(&stored), [Event::LearnerRegistered(LearnerRegistered::default())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_make_a_key_at_once_agree_on_it() {
    let broker = nats(Durability::Process).await;
    let (log, other) = (broker.log().await, broker.log().await);
    log.open("enrolment").await.unwrap();
    for n in 0..20 {
        let say = async |log: &Log, part: &str| {
            let event = review_event::Event::ReviewSubmitted(ReviewSubmitted {
                learner_id: format!("p-{n}"),
                title: "A title".into(),
                ..ReviewSubmitted::default()
            });
            Elsewhere::new(log.clone()).say(&format!("{part}-{n}"), vec![event]).await
        };
        log.open("mentorship").await.unwrap();
        tokio::join!(say(&log, "a"), say(&other, "b"));
        for log in [&log, &other] {
            for part in ["a", "b"] {
                let stored = log.last(&format!("mentorship.review.{part}-{n}")).await.unwrap().unwrap();
                let event = review_event::Event::from_bytes(&stored.commit.events[0]).unwrap().unwrap();
                assert!(matches!(event, review_event::Event::ReviewSubmitted(it) if it.title == "A title"));
            }
        }
    }
}

/// Waits until nothing can be read any more of who was erased.
async fn nothing_of(log: &Log, position: u64) {
    let nothing = [Event::LearnerRegistered(LearnerRegistered::default())];
    while events(&log.read("enrolment", position).await.unwrap().unwrap()) != nothing {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_of_a_key_need_not_ask_for_it() {
    let broker = nats(Durability::Process).await;
    let (log, other) = (broker.log().await, broker.log().await);
    log.open("enrolment").await.unwrap();
    let elsewhere = Elsewhere::new(log.clone());
    let ada = elsewhere.say("ada", vec![registered()]).await;
    let bob = elsewhere.say("bob", vec![registered()]).await;
    log.keys().destroy("ada").await.unwrap();
    nothing_of(&other, ada).await;
    // From now on it listens, and remembers.
    assert_eq!(events(&other.read("enrolment", bob).await.unwrap().unwrap()), [registered()]);
    let cyd = elsewhere.say("cyd", vec![registered()]).await;
    log.keys().destroy("bob").await.unwrap();
    nothing_of(&other, bob).await;
    // What comes in order has come; so whoever asks now is told that there is none.
    let (servers, options) = studium_log::address::connection(&broker.server.url()).unwrap();
    let jetstream = async_nats::jetstream::new(options.connect(servers).await.unwrap());
    let bucket = jetstream.get_stream("KV_personal_keys").await.unwrap();
    let subject = format!("$KV.personal_keys.{}", studium_log::key_name("cyd"));
    let kept = bucket.get_last_raw_message_by_subject(&subject).await.unwrap();
    bucket.delete_message(kept.sequence).await.unwrap();
    assert_eq!(events(&other.read("enrolment", cyd).await.unwrap().unwrap()), [registered()]);
    let asks = broker.log().await.read("enrolment", cyd).await;
    assert!(matches!(asks, Err(LogError::Damaged(why)) if why.contains("is lost")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_lost_is_no_erasure() {
    let (log, other) = (Log::memory(), Log::memory());
    let first = Elsewhere::new(log.clone()).say("ada", vec![registered()]).await;
    let stored = log.read("enrolment", first).await.unwrap().unwrap();
    other.restore("enrolment", &[stored]).await.unwrap();
    assert!(matches!(other.read("enrolment", first).await, Err(LogError::Damaged(why)) if why.contains("is lost")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_meets_a_lost_key_again_and_again_reads_the_same_when_it_is_back() {
    let brokers = [nats(Durability::Process).await, nats(Durability::Process).await];
    let master = || MasterKey::read(&STANDARD.encode([1; 32])).unwrap();
    let [log, other] = [brokers[0].log_with(master()).await, brokers[1].log_with(master()).await];
    log.open("enrolment").await.unwrap();
    other.open("enrolment").await.unwrap();
    for who in ["ada", "bob"] {
        Elsewhere::new(log.clone()).say(who, vec![registered(), email()]).await;
    }
    let both = async |mut follow: studium_log::Follow| {
        let mut commits = Vec::new();
        while commits.len() < 2 {
            commits.append(&mut follow.next().await.unwrap());
        }
        commits
    };
    other.restore("enrolment", &both(log.follow("enrolment", 0).as_stored()).await).await.unwrap();
    let (ada, all) = (studium_log::key_name("ada"), log.keys().wrapped().await.unwrap());
    let (lost, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| *name == ada);
    for (name, wrapped) in kept {
        assert!(other.keys().put_back(&name, &wrapped).await.unwrap());
    }
    let mut follow = other.follow("enrolment", 0);
    for _ in 0..2 {
        assert!(matches!(follow.next().await, Err(LogError::Damaged(why)) if why.contains("is lost")));
    }
    for (name, wrapped) in lost {
        assert!(other.keys().put_back(&name, &wrapped).await.unwrap());
    }
    let bytes = |it: &[Stored]| it.iter().flat_map(|it| it.commit.events.clone()).collect::<Vec<_>>();
    let whole = both(log.follow("enrolment", 0)).await;
    assert_eq!(bytes(&both(follow).await), bytes(&whole));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_is_changed_without_losing_anybody() {
    let [first, second] = [[1; 32], [2; 32]].map(|it| STANDARD.encode(it));
    let master = |lines: &[&str]| MasterKey::read(&lines.join("\n")).unwrap();
    let broker = nats(Durability::Process).await;
    let old = broker.log_with(master(&[first.as_str()])).await;
    old.open("enrolment").await.unwrap();
    let ada = Elsewhere::new(old.clone()).say("ada", vec![registered()]).await;
    let both = broker.log_with(master(&[second.as_str(), first.as_str()])).await;
    assert_eq!(events(&both.read("enrolment", ada).await.unwrap().unwrap()), [registered()]);
    let bob = Elsewhere::new(both.clone()).say("bob", vec![registered()]).await;
    // What is new is wrapped with the new one alone.
    let new = broker.log_with(master(&[second.as_str()])).await;
    assert_eq!(events(&new.read("enrolment", bob).await.unwrap().unwrap()), [registered()]);
    for (log, position) in [(&old, bob), (&new, ada)] {
        let refused = log.read("enrolment", position).await.unwrap_err().to_string();
        assert!(refused.contains("add that one as a further line to STUDIUM_MASTER_KEY_FILE"), "{refused}");
    }
    // A bucket that is restored needs the old one no more.
    let restored = nats(Durability::Process).await;
    let again = restored.log_with(master(&[second.as_str(), first.as_str()])).await;
    for (name, wrapped) in both.keys().wrapped().await.unwrap() {
        assert!(again.keys().put_back(&name, &wrapped).await.unwrap());
    }
    let new = restored.log_with(master(&[second.as_str()])).await;
    new.open("enrolment").await.unwrap();
    new.restore("enrolment", &both.follow("enrolment", 0).as_stored().next().await.unwrap()).await.unwrap();
    assert_eq!(events(&new.read("enrolment", ada).await.unwrap().unwrap()), [registered()]);
    for (wrong, part) in [("", "no master key in it"), ("x", "line 1"), (&format!("{first}\n\nshort"), "line 3")] {
        assert!(MasterKey::read(wrong).unwrap_err().to_string().contains(part), "{wrong}");
    }
}

#[tokio::test]
async fn no_key_is_made_where_one_was_lost() {
    let log = Log::memory();
    let lost = studium_log::key_name("ada");
    log.keys().ask_before_making(move |name| Box::pin(std::future::ready(Ok(name == lost))));
    let elsewhere = Elsewhere::new(log.clone());
    elsewhere.say("bob", vec![registered()]).await;
    let refused = elsewhere.try_to_say("ada", 0, vec![registered()]).await.unwrap_err();
    assert!(refused.contains("studium privacy keys restore"), "{refused}");
    assert!(log.last("enrolment.learner.ada").await.unwrap().is_none());
    // What is not personal needs no key.
    elsewhere.say("ada", vec![Event::LearnerErased(LearnerErased { reason: "asked".into() })]).await;
}
