//! What goes out when, what the store is told, and that no order of answers breaks the order of a subject.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{any, proptest};
use std::sync::Arc;
use studium_proto::log::v1::Commit;

fn event(position: u64, subject: &str) -> Stored {
    let commit = Commit { id: format!("e{position}"), subject: subject.into(), ..Commit::default() };
    Stored { position, commit: Arc::new(commit), bytes: bytes::Bytes::new() }
}

/// A queue with these subjects at positions from 1.
fn queue(subjects: &[&str]) -> Queue {
    let mut queue = Queue::default();
    for (n, subject) in subjects.iter().enumerate() {
        queue.take(event(n as u64 + 1, subject));
    }
    queue
}

fn flying(queue: &mut Queue, now_ms: i64) -> Vec<u64> {
    std::iter::from_fn(|| queue.next(now_ms)).map(|it| it.position).collect()
}

fn waiting(position: u64, subject: &str, attempts: u32, next_try_ms: i64) -> Waiting {
    Waiting { position, subject: subject.into(), attempts, next_try_ms }
}

#[test]
fn only_the_first_of_a_subject_is_under_way() {
    let mut queue = queue(&["a", "b", "a"]);
    assert_eq!(flying(&mut queue, 0), [1, 2]);
    queue.delivered("a");
    assert_eq!(flying(&mut queue, 0), [3]);
}

#[test]
fn a_failure_holds_up_its_own_subject_until_its_time() {
    let mut queue = queue(&["a", "b", "a", "b"]);
    flying(&mut queue, 0);
    queue.failed("a", 100);
    queue.delivered("b");
    assert_eq!((flying(&mut queue, 99), queue.wakes_ms()), (vec![4], Some(100)));
    let again = queue.next(100).unwrap();
    assert_eq!((again.position, again.attempt, again.event.is_none()), (1, 2, true));
    queue.delivered("a");
    assert_eq!(flying(&mut queue, 100), [3]);
}

#[test]
fn what_waits_is_kept_once_all_before_it_is_settled() {
    let mut queue = queue(&["a", "b", "b", "c"]);
    flying(&mut queue, 0);
    queue.failed("b", 100);
    // The first event is under way: after a restart all is read again.
    assert_eq!(queue.changes(), Changes::default());
    queue.delivered("a");
    let kept = vec![waiting(2, "b", 1, 100), waiting(3, "b", 0, 0)];
    assert_eq!(queue.changes(), Changes { read: 3, waiting: kept, settled: Vec::new(), is_told: true });
    queue.delivered("c");
    assert_eq!(queue.changes().read, 4);
    queue.next(100).unwrap();
    queue.failed("b", 200);
    assert_eq!(queue.changes().waiting, [waiting(2, "b", 2, 200)]);
    queue.next(200).unwrap();
    queue.delivered("b");
    assert_eq!(queue.changes(), Changes { read: 4, waiting: Vec::new(), settled: vec![2], is_told: true });
}

#[test]
fn after_a_restart_it_goes_on_where_it_was() {
    let mut queue = Queue::new(4, vec![waiting(2, "b", 2, 200), waiting(3, "b", 0, 0), waiting(4, "c", 0, 0)]);
    queue.take(event(5, "b"));
    queue.take(event(6, "a"));
    assert_eq!(flying(&mut queue, 199), [4, 6]);
    let again = queue.next(200).unwrap();
    assert_eq!((again.position, again.attempt), (2, 3));
    for position in [3, 5] {
        queue.delivered("b");
        assert_eq!(flying(&mut queue, 200), [position]);
    }
}

#[test]
fn there_is_room_for_so_many() {
    let mut queue = Queue::default();
    for n in 0..RESTING_MAX {
        assert!(queue.has_room());
        queue.take(event(n as u64 + 1, &format!("s{n}")));
        queue.next(0).unwrap();
        queue.failed(&format!("s{n}"), 10);
        queue.changes();
    }
    assert!(!queue.has_room());
    queue.next(10).unwrap();
    queue.delivered("s0");
    assert!(queue.has_room());
    for n in 0..FRESH_MAX {
        assert!(queue.has_room());
        queue.take(event((RESTING_MAX + n) as u64 + 1, "t"));
    }
    assert!(!queue.has_room());
}

proptest! {
    /// Whatever fails, rests or is broken off by a restart: nothing is lost, and of each subject no event is first
    /// delivered before an earlier one.
    #[test]
    fn no_history_loses_or_overtakes_anything(acts in proptest::collection::vec(any::<u8>(), 1..300)) {
        let feed: Vec<Stored> = (1..=30).map(|n| event(n, ["a", "b", "c", "d"][(n * n % 4 + n % 3) as usize % 4])).collect();
        let (mut read, mut stored) = (0, BTreeMap::<u64, Waiting>::new());
        let (mut queue, mut under_way) = (Queue::default(), Vec::<Flight>::new());
        let mut first: Vec<u64> = Vec::new();
        let save = |queue: &mut Queue, read: &mut u64, stored: &mut BTreeMap<u64, Waiting>| {
            let changes = queue.changes();
            *read = changes.read;
            changes.settled.iter().for_each(|it| drop(stored.remove(it)));
            stored.extend(changes.waiting.into_iter().map(|it| (it.position, it)));
        };
        // In the end everything is answered with yes, so that everything has to arrive.
        for act in acts.into_iter().chain(std::iter::repeat_n(248, 400)) {
            if act >= 16 || act % 8 < 2 {
                if let Some(it) = feed.get(queue.read as usize).filter(|_| queue.has_room()) { queue.take(it.clone()); }
                under_way.extend(queue.next(i64::from(act)));
            }
            match act % 8 {
                2 => if let Some(it) = under_way.pop() { queue.failed(&it.subject, i64::from(act / 8)); },
                3 => save(&mut queue, &mut read, &mut stored),
                4 if act < 200 && act > 16 => {
                    (queue, under_way) = (Queue::new(read, stored.values().cloned().collect()), Vec::new());
                }
                _ => if !under_way.is_empty() {
                    let it = under_way.remove(act as usize % under_way.len());
                    if !first.contains(&it.position) {
                        first.push(it.position);
                    }
                    queue.delivered(&it.subject);
                },
            }
        }
        let subject = |it: u64| feed[it as usize - 1].commit.subject.clone();
        for name in ["a", "b", "c", "d"] {
            let arrived: Vec<u64> = first.iter().copied().filter(|it| subject(*it) == name).collect();
            let wanted: Vec<u64> = (1..=30).filter(|it| subject(*it) == name).collect();
            assert_eq!(arrived, wanted, "{name}");
        }
        save(&mut queue, &mut read, &mut stored);
        assert!(queue.is_empty() && stored.is_empty() && read == 30);
    }
}
