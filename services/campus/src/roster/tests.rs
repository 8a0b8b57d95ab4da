//! What a roster says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::Strategy;
use studium_testkit::{given, laws};

/// 100 rows, of which one removes somebody, over 100 members.
fn found(import: &str, base: u32) -> RosterImportJudged {
    RosterImportJudged {
        import_id: import.into(),
        base,
        fingerprint: format!("print-{import}"),
        mode: RosterMode::Full.into(),
        delivery_id: "d".into(),
        chunks: 1,
        rows: 100,
        unchanged: 99,
        removed: 1,
        roster_members: 100,
        ..RosterImportJudged::default()
    }
}

fn begin(import: &str) -> Command {
    Command::Begin { import_id: import.into(), fingerprint: format!("print-{import}") }
}

fn judge(found: RosterImportJudged) -> Command {
    Command::Judge { found: Box::new(found), is_cut: false }
}

fn begun(import: &str, base: u32) -> Event {
    let (import_id, fingerprint) = (import.into(), format!("print-{import}"));
    Event::RosterImportBegun(RosterImportBegun { import_id, base, fingerprint })
}

fn judged(found: RosterImportJudged, verdict: RosterVerdict, cause: RosterCause) -> Event {
    let limit_percent = if found.limit_percent == 0 { 10 } else { found.limit_percent };
    let (verdict, cause) = (verdict.into(), cause.into());
    Event::RosterImportJudged(RosterImportJudged { limit_percent, verdict, cause, ..found })
}

fn accepted(import: &str, number: u32, approved: bool) -> Event {
    let (import_id, delivery_id) = (import.into(), "d".into());
    Event::RosterImportAccepted(RosterImportAccepted { import_id, number, delivery_id, chunks: 1, approved })
}

fn quarantined(import: &str, base: u32) -> Vec<Event> {
    let found = RosterImportJudged { removed: 11, ..found(import, base) };
    vec![begun(import, base), judged(found, RosterVerdict::Quarantined, RosterCause::MassRemoval)]
}

fn taken(import: &str, base: u32) -> Vec<Event> {
    let judged = judged(found(import, base), RosterVerdict::Accepted, RosterCause::Unspecified);
    vec![begun(import, base), judged, accepted(import, base + 1, false)]
}

fn approve(import: &str) -> Command {
    Command::Approve { import_id: import.into() }
}

fn reject(import: &str) -> Command {
    Command::Reject { import_id: import.into(), reason: "the feed was broken".into() }
}

#[track_caller]
fn refuses(found: RosterImportJudged, is_cut: bool, cause: RosterCause) {
    let command = Command::Judge { found: Box::new(found.clone()), is_cut };
    given::<Roster>(&[begun("a", 0)]).when(command).then(&[judged(found, RosterVerdict::Refused, cause)]);
}

#[test]
fn an_import_is_begun_once_on_what_holds() {
    given::<Roster>(&[]).when(begin("a")).then(&[begun("a", 0)]);
    given::<Roster>(&taken("a", 0)).when(begin("a")).nothing();
    let moved_on = [vec![begun("b", 0)], taken("a", 0)].concat();
    given::<Roster>(&moved_on).when(begin("b")).then(&[begun("b", 1)]);
    let other = Command::Begin { import_id: "a".into(), fingerprint: "other".into() };
    given::<Roster>(&taken("a", 0)).when(other).refused(Reason::RosterImportExists);
}

#[test]
fn a_roster_that_lets_few_leave_is_accepted() {
    let found = RosterImportJudged { removed: 10, ..found("a", 0) };
    let events = [judged(found.clone(), RosterVerdict::Accepted, RosterCause::Unspecified), accepted("a", 1, false)];
    given::<Roster>(&[begun("a", 0)]).when(judge(found)).then(&events);
    let stranger = RosterImportJudged { fingerprint: "other".into(), ..self::found("a", 0) };
    given::<Roster>(&[begun("a", 0)]).when(judge(stranger)).refused(Reason::RosterImportExists);
    given::<Roster>(&[]).when(judge(self::found("a", 0))).refused(Reason::RosterImportNotFound);
}

#[test]
fn a_roster_that_lets_many_leave_is_quarantined() {
    let many = RosterImportJudged { removed: 11, ..found("a", 0) };
    given::<Roster>(&[begun("a", 0)]).when(judge(many.clone())).then(&quarantined("a", 0)[1..]);
    let limit = Event::RosterRemovalLimitSet(RosterRemovalLimitSet { percent: 50 });
    given::<Roster>(&[]).when(Command::SetRemovalLimit { percent: 50 }).then(std::slice::from_ref(&limit));
    let at_50 = RosterImportJudged { limit_percent: 50, ..many.clone() };
    let events = [judged(at_50, RosterVerdict::Accepted, RosterCause::Unspecified), accepted("a", 1, false)];
    given::<Roster>(&[limit, begun("a", 0)]).when(judge(many)).then(&events);
}

#[test]
fn a_delivery_that_cannot_be_whole_is_refused() {
    refuses(RosterImportJudged { expected_rows: 101, ..found("a", 0) }, false, RosterCause::Truncated);
    refuses(found("a", 0), true, RosterCause::Truncated);
    let empty = RosterImportJudged { rows: 0, unchanged: 0, removed: 1, ..found("a", 0) };
    refuses(empty.clone(), false, RosterCause::Empty);
    refuses(RosterImportJudged { malformed: 6, ..found("a", 0) }, false, RosterCause::ManyMalformed);
    refuses(
        RosterImportJudged { rows: 1, malformed: 1, removed: 0, ..found("a", 0) },
        false,
        RosterCause::ManyMalformed,
    );
    // A few slips are told and no more; and what changed may be nothing.
    let fine = [
        RosterImportJudged { malformed: 5, ..found("a", 0) },
        RosterImportJudged { rows: 4, malformed: 2, removed: 0, ..found("a", 0) },
        RosterImportJudged { mode: RosterMode::Delta.into(), removed: 0, ..empty },
    ];
    for found in fine {
        let events =
            [judged(found.clone(), RosterVerdict::Accepted, RosterCause::Unspecified), accepted("a", 1, false)];
        given::<Roster>(&[begun("a", 0)]).when(judge(found)).then(&events);
    }
}

#[test]
fn somebody_approves_or_rejects_what_waits() {
    let past = quarantined("a", 0);
    given::<Roster>(&past).when(approve("a")).then(&[accepted("a", 1, true)]);
    let rejected = RosterImportRejected { import_id: "a".into(), reason: "the feed was broken".into() };
    let rejected = Event::RosterImportRejected(rejected);
    given::<Roster>(&past).when(reject("a")).then(std::slice::from_ref(&rejected));
    let past = [past, vec![rejected]].concat();
    given::<Roster>(&past).when(approve("a")).refused(Reason::RosterImportClosed);
    given::<Roster>(&taken("a", 0)).when(approve("a")).nothing();
    given::<Roster>(&taken("a", 0)).when(reject("a")).refused(Reason::RosterImportClosed);
    given::<Roster>(&[begun("a", 0)]).when(approve("a")).refused(Reason::RosterImportClosed);
    given::<Roster>(&[begun("a", 0)]).when(reject("a")).refused(Reason::RosterImportClosed);
    given::<Roster>(&[]).when(approve("a")).refused(Reason::RosterImportNotFound);
    given::<Roster>(&[]).when(reject("a")).refused(Reason::RosterImportNotFound);
}

#[test]
fn what_was_compared_before_a_later_roster_does_not_undo_it() {
    let past = [quarantined("a", 0), taken("b", 0)].concat();
    given::<Roster>(&past).when(approve("a")).refused(Reason::RosterSuperseded);
    let past = [vec![begun("c", 0)], taken("b", 0)].concat();
    given::<Roster>(&past).when(judge(found("c", 0))).refused(Reason::RosterSuperseded);
}

#[test]
fn a_roster_that_was_made_before_the_one_that_holds_is_refused() {
    let newer = RosterImportJudged { made_at_ms: 20, ..found("a", 0) };
    let verdict = judged(newer, RosterVerdict::Accepted, RosterCause::Unspecified);
    let past = [begun("a", 0), verdict, accepted("a", 1, false), begun("b", 1)];
    let older = RosterImportJudged { made_at_ms: 19, ..found("b", 1) };
    let refused = judged(older.clone(), RosterVerdict::Refused, RosterCause::Older);
    given::<Roster>(&past).when(judge(older)).then(&[refused]);
}

#[test]
fn rows_that_held_before_others_did_are_quarantined() {
    let mut past = [taken("a", 0), taken("b", 1)].concat();
    let print = "print-a".to_owned();
    past.push(Event::RosterImportBegun(RosterImportBegun {
        import_id: "c".into(),
        base: 2,
        fingerprint: print.clone(),
    }));
    let again = RosterImportJudged { fingerprint: print, ..found("c", 2) };
    let events = [judged(again.clone(), RosterVerdict::Quarantined, RosterCause::OldRows)];
    given::<Roster>(&past).when(judge(again.clone())).then(&events);
    // Where they change nothing they undo nothing.
    let idle = RosterImportJudged { removed: 0, ..again };
    let events = [judged(idle.clone(), RosterVerdict::Accepted, RosterCause::Unspecified), accepted("c", 3, false)];
    given::<Roster>(&past).when(judge(idle)).then(&events);
}

#[test]
fn laws_hold() {
    let any_command = (0..6, 0..3_usize, 0..4_u32, 0..20_u32).prop_map(|(sort, import, base, removed)| {
        let import = ["a", "b", "c"][import];
        match sort {
            0 => begin(import),
            1 | 2 => judge(RosterImportJudged { removed, ..found(import, base) }),
            3 => approve(import),
            4 => reject(import),
            _ => Command::SetRemovalLimit { percent: base * 5 },
        }
    });
    laws::hold::<Roster>(any_command, |it| {
        let accepted = it.imports.values().filter(|it| it.accepted).count();
        let both = it.imports.values().any(|it| it.accepted && it.rejected);
        if accepted == it.accepted as usize && !both { Ok(()) } else { Err("acceptances do not add up".into()) }
    });
}
