//! The test kit must itself be able to fail: each judgement is shown once agreeing and once not.

use super::*;
use crate::given::tests::counter::{Add, Added, Counter, Full};

pub(crate) mod counter {
    //! A decider small enough to break on purpose.

    use studium_core::{Decider, Decision, DecodeError, Event, Kind, Reason};

    /// Counts what was added, at most ten, each item once.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Counter {
        pub(crate) items: std::collections::BTreeSet<u8>,
        pub(crate) evolved: u32,
    }

    /// Adds one item; a `loud` one happens every time.
    #[derive(Debug, Clone)]
    pub(crate) struct Add {
        pub(crate) item: u8,
        pub(crate) loud: bool,
    }

    #[derive(Debug, Clone, PartialEq)]
    pub(crate) struct Added(pub(crate) u8);

    impl Event for Added {
        const AGGREGATE: &'static str = "test.counter";

        fn to_bytes(&self) -> Vec<u8> {
            vec![self.0]
        }

        fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
            Ok(bytes.first().map(|it| Self(*it)))
        }

        fn name(&self) -> &'static str {
            "Added"
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Full;

    impl Reason for Full {
        const DOMAIN: &'static str = "test.studium";

        fn name(self) -> &'static str {
            "FULL"
        }

        fn kind(self) -> Kind {
            Kind::FailedPrecondition
        }
    }

    impl Decider for Counter {
        type Command = Add;
        type Event = Added;
        type Reason = Full;

        fn decide(&self, command: &Add) -> Decision<Self> {
            if self.items.contains(&command.item) && !command.loud {
                return Ok(vec![]);
            }
            if self.items.len() >= 10 {
                return Full.because("all 10 places are taken");
            }
            Ok(vec![Added(command.item)])
        }

        fn evolve(&mut self, event: &Added) {
            self.evolved += 1;
            self.items.insert(event.0);
        }
    }
}

const QUIET: Add = Add { item: 1, loud: false };
const LOUD: Add = Add { item: 1, loud: true };

fn full() -> Vec<Added> {
    (0..10).map(Added).collect()
}

#[test]
fn a_rule_that_holds_passes_and_hands_on_the_state() {
    assert_eq!(given::<Counter>(&[]).when(QUIET).then(&[Added(1)]).items.len(), 1);
    assert_eq!(given::<Counter>(&[]).when(LOUD).then_once(&[Added(1)]).items.len(), 1);
    given::<Counter>(&[Added(1)]).when(QUIET).nothing();
    let no = given::<Counter>(&full()).when(Add { item: 11, loud: false }).refused(Full);
    assert_eq!(no.to_string(), "FULL: all 10 places are taken");
}

#[test]
#[should_panic(expected = "-     2,\n+     1,")]
fn another_event_than_expected_is_shown_line_by_line() {
    given::<Counter>(&[]).when(QUIET).then(&[Added(2)]);
}

#[test]
#[should_panic(expected = "happened again")]
fn then_asks_again_and_wants_nothing_more() {
    given::<Counter>(&[]).when(LOUD).then(&[Added(1)]);
}

#[test]
#[should_panic(expected = "asked again")]
fn then_takes_no_refusal_for_already_so() {
    given::<Counter>(&full()[1..]).when(Add { item: 0, loud: true }).then(&[Added(0)]);
}

#[test]
#[should_panic(expected = "was refused with FULL")]
fn a_refusal_is_no_event() {
    given::<Counter>(&full()).when(LOUD).then_once(&[Added(1)]);
}

#[test]
#[should_panic(expected = "should have been refused with FULL")]
fn an_event_is_no_refusal() {
    given::<Counter>(&[]).when(QUIET).refused(Full);
}

#[test]
#[should_panic(expected = "should have been \"already so\"")]
fn an_event_is_not_nothing() {
    given::<Counter>(&[]).when(QUIET).nothing();
}

#[test]
fn a_diff_keeps_what_both_have() {
    assert_eq!(diff("a\nb\nc", "a\nx\nc\nd"), "  a\n- b\n+ x\n  c\n+ d\n");
}
