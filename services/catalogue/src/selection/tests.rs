//! The rules of selections as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_proto::catalogue::v1::SelectionFilter;
use studium_testkit::{given, laws};

fn ann() -> By {
    By::of("ann", "ou")
}

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|it| format!("course-{it:05}")).collect()
}

fn criteria(text: &str) -> Criteria {
    Criteria { filter: SelectionFilter { text: text.into(), ..SelectionFilter::default() }, ..Criteria::default() }
}

fn matches(matching: Vec<String>) -> Matches {
    Matches { matching, unoffered: Vec::new() }
}

fn head() -> SelectionDefined {
    SelectionDefined { title: "Baking".into(), institution_id: "ou".into(), threshold_percent: 20 }
}

fn define(matching: Vec<String>) -> Command {
    let (selection, criteria, catalogue) = (head(), criteria("bread"), matches(matching));
    Command::Define { selection, criteria, catalogue, institution_known: true }
}

fn revise(matching: Vec<String>) -> Asked<Command> {
    ann().asks(Command::Revise { criteria: criteria("bread"), catalogue: matches(matching) })
}

/// Ten courses.
fn defined() -> Vec<Event> {
    vec![Event::SelectionDefined(head()), criteria("bread").revised(1, ids(0..10), Vec::new())]
}

fn proposed() -> Event {
    criteria("bread").proposed(1, Vec::new(), ids(0..3))
}

fn with(past: Vec<Event>, more: &[Event]) -> Vec<Event> {
    [past, more.to_vec()].concat()
}

#[test]
fn a_selection_begins_with_what_matches() {
    given::<Selection>(&[]).when(ann().asks(define(ids(0..10)))).then(&defined());
    let unknown = Command::Define {
        selection: head(),
        criteria: criteria(""),
        catalogue: Matches::default(),
        institution_known: false,
    };
    given::<Selection>(&[]).when(ann().asks(unknown)).refused(Reason::InstitutionNotFound);
    given::<Selection>(&[]).when(By::of("eve", "mit").asks(define(Vec::new()))).refused(Reason::NotYourInstitution);
    let other = Command::Define {
        selection: SelectionDefined { title: "Cakes".into(), ..head() },
        criteria: criteria("bread"),
        catalogue: Matches::default(),
        institution_known: true,
    };
    given::<Selection>(&defined()).when(ann().asks(other)).refused(Reason::SelectionExists);
    given::<Selection>(&[]).when(revise(ids(0..1))).refused(Reason::SelectionNotFound);
    let many = ann().asks(define(ids(0..10_001)));
    given::<Selection>(&[]).when(many).refused(Reason::SelectionTooLarge);
}

#[test]
fn the_platforms_own_selection_is_the_offices() {
    let selection = SelectionDefined { institution_id: String::new(), ..head() };
    let command = Command::Define {
        selection: selection.clone(),
        criteria: criteria("bread"),
        catalogue: Matches::default(),
        institution_known: false,
    };
    given::<Selection>(&[]).when(ann().asks(command.clone())).refused(Reason::NotYourInstitution);
    let events = [Event::SelectionDefined(selection), criteria("bread").revised(1, Vec::new(), Vec::new())];
    given::<Selection>(&[]).when(By::platform("registrar").asks(command)).then(&events);
}

#[test]
fn small_revisions_hold_at_once() {
    // Two of ten are 20 %: not more.
    given::<Selection>(&defined()).when(revise(ids(2..12))).then(&[criteria("bread").revised(
        2,
        ids(10..12),
        ids(0..2),
    )]);
    given::<Selection>(&defined()).when(revise(ids(0..10))).nothing();
    // Other words for the same contents are a revision, too.
    let words = Command::Revise { criteria: criteria("loaf"), catalogue: matches(ids(0..10)) };
    given::<Selection>(&defined()).when(ann().asks(words)).then(&[criteria("loaf").revised(2, Vec::new(), Vec::new())]);
}

#[test]
fn large_revisions_wait_for_somebodys_word() {
    let selection = given::<Selection>(&defined()).when(revise(ids(3..10))).then(&[proposed()]);
    assert_eq!((selection.size(), selection.open_proposal()), (10, 1));
    given::<Selection>(&defined()).when(revise(ids(0..13))).then(&[criteria("bread").proposed(
        1,
        ids(10..13),
        Vec::new(),
    )]);
    let threshold = SelectionThresholdSet { threshold_percent: 30 };
    let past = with(defined(), &[Event::SelectionThresholdSet(threshold)]);
    given::<Selection>(&past).when(revise(ids(3..10))).then(&[criteria("bread").revised(2, Vec::new(), ids(0..3))]);
    // Who relies on nothing can miss nothing.
    let empty = [Event::SelectionDefined(head()), criteria("bread").revised(1, Vec::new(), Vec::new())];
    given::<Selection>(&empty).when(revise(ids(0..9))).then(&[criteria("bread").revised(2, ids(0..9), Vec::new())]);
}

#[test]
fn a_proposal_is_confirmed_or_declined_once() {
    let past = with(defined(), &[proposed()]);
    let confirm = |proposal| ann().asks(Command::Confirm { proposal });
    let decline = |proposal| ann().asks(Command::Decline { proposal, reason: "no".into() });
    let confirmed = [
        Event::SelectionRevisionConfirmed(SelectionRevisionConfirmed { proposal: 1 }),
        criteria("bread").revised(2, Vec::new(), ids(0..3)),
    ];
    let selection = given::<Selection>(&past).when(confirm(1)).then(&confirmed);
    assert_eq!((selection.size(), selection.open_proposal(), selection.revision()), (7, 0, 2));
    let declined = [Event::SelectionRevisionDeclined(SelectionRevisionDeclined { proposal: 1, reason: "no".into() })];
    given::<Selection>(&past).when(decline(1)).then(&declined);
    given::<Selection>(&past).when(confirm(2)).refused(Reason::ProposalNotOpen);
    given::<Selection>(&with(past.clone(), &confirmed)).when(decline(1)).refused(Reason::ProposalNotOpen);
    given::<Selection>(&with(past, &declined)).when(confirm(1)).refused(Reason::ProposalNotOpen);
    given::<Selection>(&defined()).when(confirm(0)).refused(Reason::ProposalNotOpen);
    let eve = By::of("eve", "mit").asks(Command::Confirm { proposal: 1 });
    given::<Selection>(&defined()).when(eve).refused(Reason::NotYourInstitution);
}

#[test]
fn a_proposal_lapses_when_the_contents_move() {
    let past = with(defined(), &[proposed(), criteria("bread").revised(2, Vec::new(), ids(0..1))]);
    given::<Selection>(&past).when(ann().asks(Command::Confirm { proposal: 1 })).refused(Reason::ProposalNotOpen);
    let past = with(defined(), &[proposed()]);
    given::<Selection>(&past).when(revise(ids(4..10))).then(&[criteria("bread").proposed(2, Vec::new(), ids(0..4))]);
}

#[test]
fn the_hand_goes_before_the_filter() {
    let picky = Criteria {
        picked_course_ids: vec!["cake".into(), "pie".into()],
        excluded_course_ids: ids(0..1),
        ..criteria("bread")
    };
    let catalogue = Matches { matching: ids(0..2), unoffered: vec!["pie".into()] };
    let command = Command::Define { selection: head(), criteria: picky.clone(), catalogue, institution_known: true };
    given::<Selection>(&[]).when(ann().asks(command)).refused(Reason::CourseNotPublished);
    let command = Command::Define {
        selection: head(),
        criteria: picky.clone(),
        catalogue: matches(ids(0..2)),
        institution_known: true,
    };
    let contents = vec!["cake".to_owned(), "course-00001".into(), "pie".into()];
    let past = [Event::SelectionDefined(head()), picky.revised(1, contents, Vec::new())];
    given::<Selection>(&[]).when(ann().asks(command)).then(&past);
    // What is retired later drops out of the next revision, here as a proposal, since it is a third.
    let catalogue = Matches { matching: ids(0..2), unoffered: vec!["pie".into()] };
    given::<Selection>(&past)
        .when(ann().asks(Command::Revise { criteria: picky.clone(), catalogue }))
        .then(&[picky.proposed(1, Vec::new(), vec!["pie".into()])]);
}

#[test]
fn no_revision_above_the_threshold_holds_without_a_word() {
    let any_contents = || proptest::collection::btree_set(0..12_u32, 0..12);
    let contents = |it: BTreeSet<u32>| it.into_iter().flat_map(|n| ids(n..n + 1)).collect::<Vec<_>>();
    let any_command = prop_oneof![
        2 => any_contents().prop_map(move |it| define(contents(it))),
        6 => any_contents().prop_map(move |it| revise(contents(it)).command),
        1 => (0..101_u32).prop_map(|threshold_percent| Command::SetThreshold { threshold_percent }),
        2 => (0..4_u32).prop_map(|proposal| Command::Confirm { proposal }),
        1 => (0..4_u32).prop_map(|proposal| Command::Decline { proposal, reason: String::new() }),
    ];
    laws::hold::<Selection>(any_command.prop_map(|it| ann().asks(it)), |selection| {
        if let Some(open) = &selection.open {
            let fits = open.removed.iter().all(|it| selection.courses.contains(it))
                && !open.added.iter().any(|it| selection.courses.contains(it));
            if !fits {
                return Err("the open proposal is about other contents".to_owned());
            }
        }
        // Whatever else is asked next, half of the contents never go at once below a threshold of 49 %.
        let half: Vec<_> = selection.courses.iter().skip(selection.courses.len().div_ceil(2)).cloned().collect();
        let asked = ann().asks(Command::Revise { criteria: selection.criteria.clone(), catalogue: matches(half) });
        match selection.decide(&asked) {
            Ok(events) if selection.threshold_percent < 50 && !selection.courses.is_empty() => {
                let silent = events.iter().any(|it| matches!(it, Event::SelectionRevised(_)));
                if silent { Err(format!("half went silently: {events:?}")) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    });
}
