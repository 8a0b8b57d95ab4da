//! Evidence that was tampered with: an event removed, doubled or changed, a row changed, an answer invented.

use prost::Message as _;
use std::sync::Arc;
use studium_cli::drill::Evidence;
use studium_kit::{Event as _, Stored};
use studium_proto::enrolment::v1::run_capacity_event::Event as SeatEvent;

/// Each forgery, by the rule that must see it.
pub fn every_forgery_is_seen(evidence: &Evidence) {
    let seen = |forge: &dyn Fn(&mut Evidence), rule: &str| {
        let mut forged = evidence.clone();
        forge(&mut forged);
        let findings = forged.judge();
        let breached: Vec<_> = findings.iter().filter(|it| it.breach_count > 0).map(|it| it.rule).collect();
        assert!(breached.iter().any(|it| it.contains(rule)), "`{rule}` sees nothing; {breached:?} do");
    };
    seen(&remove_acknowledged, "is in the log exactly once");
    seen(&remove_acknowledged, "without a gap");
    seen(&double_last, "decided twice");
    seen(&double_last, "without a gap");
    seen(&double_last, "is in the log exactly once");
    seen(&remove_effects, "policy's effect");
    seen(&shrink_runs, "broke its rules");
    seen(&change_bytes, "hash chain");
    seen(&change_row, "every view equals");
    seen(&drop_row, "every view equals");
    seen(&drop_table, "every view equals");
    seen(&add_effect, "a replay of all policies");
    seen(&invent_answer, "is in the log exactly once");
}

/// The commit of an acknowledged command is not there.
fn remove_acknowledged(evidence: &mut Evidence) {
    let it = evidence.told.acknowledged.iter().find(|it| it.service == "enrolment").unwrap().clone();
    evidence.record.streams.get_mut("enrolment").unwrap().retain(|stored| stored.position != it.position);
}

/// The commit of an acknowledged command is there twice.
fn double_last(evidence: &mut Evidence) {
    let it = evidence.told.acknowledged.iter().rfind(|it| it.service == "enrolment").unwrap().clone();
    let commits = evidence.record.streams.get_mut("enrolment").unwrap();
    let twin = commits.iter().find(|stored| stored.position == it.position).unwrap().clone();
    commits.push(Stored { position: commits.len() as u64 + 1, ..twin });
}

/// Nobody who got a seat has heard of it.
fn remove_effects(evidence: &mut Evidence) {
    let commits = evidence.record.streams.get_mut("enrolment").unwrap();
    let before = commits.len();
    commits.retain(|it| it.commit.actor != "policy:enrolments-follow-seats");
    assert!(commits.len() < before);
}

/// Runs had one seat all along.
fn shrink_runs(evidence: &mut Evidence) {
    for it in evidence.record.streams.get_mut("enrolment").unwrap() {
        if it.aggregate() != SeatEvent::AGGREGATE {
            continue;
        }
        for bytes in &mut Arc::make_mut(&mut it.commit).events {
            if let Ok(Some(SeatEvent::CapacityOpened(mut opened))) = SeatEvent::from_bytes(bytes) {
                opened.capacity = 1;
                *bytes = SeatEvent::CapacityOpened(opened).to_bytes().into();
            }
        }
    }
}

/// One commit says another actor; its successor's link gives it away.
fn change_bytes(evidence: &mut Evidence) {
    let commits = evidence.record.streams.get_mut("enrolment").unwrap();
    let linked = commits.iter().find(|it| it.commit.previous_position > 0).unwrap().commit.previous_position;
    let it = commits.iter_mut().find(|it| it.position == linked).unwrap();
    "somebody else".clone_into(&mut Arc::make_mut(&mut it.commit).actor);
    it.bytes = it.commit.encode_to_vec().into();
}

fn rows(evidence: &mut Evidence) -> &mut Vec<String> {
    evidence
        .serving
        .iter_mut()
        .find(|(name, rows)| name.starts_with("enrolment.enrolment") && !rows.is_empty())
        .unwrap()
        .1
}

/// One row of a view says something else.
fn change_row(evidence: &mut Evidence) {
    rows(evidence)[0].push('!');
}

/// One row of a view is missing.
fn drop_row(evidence: &mut Evidence) {
    rows(evidence).pop();
}

/// A whole table is gone.
fn drop_table(evidence: &mut Evidence) {
    let name = evidence.fold.tables.keys().next().unwrap();
    assert!(evidence.serving.remove(name).is_some(), "{name} was there");
}

/// A replay found something that should have followed long ago.
fn add_effect(evidence: &mut Evidence) {
    evidence.fold.added.get_mut("credentials").unwrap().push("a credential".to_owned());
}

/// A caller was told of success, and nothing was stored.
fn invent_answer(evidence: &mut Evidence) {
    let mut it = evidence.told.acknowledged[0].clone();
    "drill:never".clone_into(&mut it.request_id);
    evidence.told.acknowledged.push(it);
}
