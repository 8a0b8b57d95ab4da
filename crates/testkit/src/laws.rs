//! Laws that every decider keeps, whatever it decides: checked on random histories.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a judgement says no")]

use proptest::{
    collection::vec,
    strategy::Strategy,
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};
use std::{cell::Cell, fmt::Debug};
use studium_core::{Decider, Event, replay};

/// Commands in one history.
const LENGTH: std::ops::Range<usize> = 1..48;

/// How random histories are played: the same in every run, unless `PROPTEST_RNG_SEED` asks for others or
/// `PROPTEST_CASES` for more of them.
pub fn config() -> Config {
    config_with(Config::default().cases)
}

/// As [`config`], for cases that are cheap or dear: so many where `PROPTEST_CASES` does not say how many.
pub fn config_with(cases: u32) -> Config {
    let default = Config::default();
    let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    Config { failure_persistence: None, rng_seed, cases, ..default }
}

/// Plays random histories of commands and demands that
///
/// - deciding is a pure function: the same state and command give the same answer;
/// - said twice changes nothing: right after it was accepted, a command makes no further event;
/// - the past is the state: replaying what was stored, as stored, gives the state that lived through it;
/// - `evolve` never panics, not even on a past in the wrong order;
/// - `invariant` holds after every single event.
///
/// `any_command` should draw ids from a handful, so that commands meet each other.
/// The histories are the same in every run; `PROPTEST_RNG_SEED` plays others and `PROPTEST_CASES` more of them.
/// State that is a set or a map must be ordered (`BTreeMap`): states are compared by what `Debug` says of them.
#[track_caller]
pub fn hold<D: Decider + Debug>(
    any_command: impl Strategy<Value = D::Command>,
    invariant: impl Fn(&D) -> Result<(), String>,
) {
    hold_except::<D>(any_command, invariant, |_| false);
}

/// As [`hold`], except that commands for which `means_something_new` is true may happen every time they are given.
#[track_caller]
pub fn hold_except<D: Decider + Debug>(
    any_command: impl Strategy<Value = D::Command>,
    invariant: impl Fn(&D) -> Result<(), String>,
    means_something_new: impl Fn(&D::Command) -> bool,
) {
    let happened = Cell::new(0_usize);
    let outcome = TestRunner::new(config()).run(&vec(any_command, LENGTH), |history| {
        let past = live::<D>(&history, &invariant, &means_something_new).map_err(TestCaseError::fail)?;
        happened.set(happened.get() + past.len());
        // Only the log keeps events in order; a state must not fall over when it meets them otherwise.
        let _: D = replay(past.iter().rev().chain(&past));
        Ok(())
    });
    if let Err(broken) = outcome {
        panic!("{broken}");
    }
    assert!(happened.get() > 0, "no command of any history was accepted: the histories check nothing");
}

/// Lives through one history, checks the laws at each step, and returns what happened.
fn live<D: Decider + Debug>(
    history: &[D::Command],
    invariant: &impl Fn(&D) -> Result<(), String>,
    means_something_new: &impl Fn(&D::Command) -> bool,
) -> Result<Vec<D::Event>, String> {
    let (mut state, mut past) = (D::default(), Vec::new());
    for command in history {
        let before = format!("{state:?}");
        let decision = state.decide(command);
        if state.decide(command) != decision {
            return Err(format!("{command:?} was decided in two ways on the same state {before}"));
        }
        let Ok(events) = decision else { continue };
        for event in &events {
            state.evolve(event);
            invariant(&state).map_err(|broken| {
                format!("{broken}\nafter {event:?} of {command:?}\nbefore: {before}\nafter: {state:?}")
            })?;
        }
        if !events.is_empty() && !means_something_new(command) {
            match state.decide(command) {
                Ok(more) if !more.is_empty() => {
                    return Err(format!("said twice, {command:?} first made {events:?} and then {more:?} as well"));
                }
                _ => {}
            }
        }
        past.extend(events);
    }
    let stored = past.iter().map(stored_and_read::<D>).collect::<Result<Vec<_>, _>>()?;
    let (replayed, lived) = (format!("{:?}", replay::<D>(&stored)), format!("{state:?}"));
    if replayed != lived {
        return Err(format!("replaying the past gives another state\nlived: {lived}\nreplayed: {replayed}"));
    }
    Ok(past)
}

/// What the log gives back for an event.
fn stored_and_read<D: Decider>(event: &D::Event) -> Result<D::Event, String> {
    match D::Event::from_bytes(&event.to_bytes()) {
        Ok(Some(read)) if read == *event => Ok(read),
        other => Err(format!("{event:?} was stored and read back as {other:?}")),
    }
}

#[cfg(test)]
mod tests;
