//! Rules as sentences: given this past, when that is asked, then this happens.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a judgement says no")]

use std::fmt::{Debug, Write};
use studium_core::{Decider, Decision, Reason, Rejection, replay};

/// Begins a rule: an entity with this past, `&[]` for one to which nothing has happened yet.
#[track_caller]
pub fn given<D: Decider>(past: &[D::Event]) -> Given<D> {
    Given { state: replay(past) }
}

/// An entity with a past, waiting to be asked.
#[must_use = "a past alone checks nothing: go on with `.when(..).then(..)`"]
pub struct Given<D> {
    state: D,
}

impl<D: Decider> Given<D> {
    /// Asks for something; what comes of it is for `then`, `refused` or `nothing` to say.
    pub fn when(self, command: D::Command) -> When<D> {
        When { decision: self.state.decide(&command), state: self.state, command }
    }
}

/// An answered command, waiting to be judged.
#[must_use = "an answer alone checks nothing: go on with `.then(..)`, `.refused(..)` or `.nothing()`"]
pub struct When<D: Decider> {
    state: D,
    command: D::Command,
    decision: Decision<D>,
}

impl<D: Decider> When<D> {
    /// Demands exactly these events, and nothing more when the same is asked again.
    /// Returns the new state, for rules that look at it.
    #[track_caller]
    pub fn then(self, expected: &[D::Event]) -> D {
        let command = self.command.clone();
        let state = self.then_once(expected);
        match state.decide(&command) {
            Ok(more) if more.is_empty() => state,
            Ok(more) => panic!(
                "asked again, {command:?} happened again; it should have been \"already so\"\n\
                 (for a command that means something new each time use `then_once`)\n{}",
                listed(&more)
            ),
            Err(no) => panic!(
                "asked again, {command:?} was refused with {no}; it should have been \"already so\"\n\
                 (for a command that means something new each time use `then_once`)"
            ),
        }
    }

    /// Demands exactly these events. For commands that mean something new each time they are given;
    /// every other rule uses `then`.
    #[track_caller]
    pub fn then_once(mut self, expected: &[D::Event]) -> D {
        match &self.decision {
            Ok(events) if events == expected => {}
            Ok(events) => panic!(
                "{:?} made other events than expected (- expected, + happened)\n{}",
                self.command,
                diff(&listed(expected), &listed(events))
            ),
            Err(no) => panic!("{:?} was refused with {no}; expected\n{}", self.command, listed(expected)),
        }
        for event in expected {
            self.state.evolve(event);
        }
        self.state
    }

    /// Demands that it was already so: neither an event nor a refusal.
    #[track_caller]
    pub fn nothing(self) -> D {
        match &self.decision {
            Ok(events) if events.is_empty() => self.state,
            Ok(events) => panic!("{:?} should have been \"already so\", but made\n{}", self.command, listed(events)),
            Err(no) => panic!("{:?} should have been \"already so\", but was refused with {no}", self.command),
        }
    }

    /// Demands a refusal with this reason and a sentence for the person who asked; returns it for a closer look.
    #[track_caller]
    pub fn refused(self, expected: D::Reason) -> Rejection<D::Reason> {
        match self.decision {
            Err(no) if no.reason == expected => {
                assert!(
                    !no.detail.trim().is_empty(),
                    "{:?} is refused with {} but without a sentence that says why",
                    self.command,
                    expected.name()
                );
                no
            }
            Err(no) => panic!("{:?} was refused with {no}; expected {}", self.command, expected.name()),
            Ok(events) => panic!(
                "{:?} should have been refused with {}, but {}",
                self.command,
                expected.name(),
                if events.is_empty() { "was \"already so\"".to_owned() } else { format!("made\n{}", listed(&events)) }
            ),
        }
    }
}

/// Values one below the other, as a person reads them.
fn listed<T: Debug>(values: &[T]) -> String {
    if values.is_empty() {
        return "(nothing)\n".to_owned();
    }
    values.iter().fold(String::new(), |mut text, value| {
        let _ = writeln!(text, "{value:#?}");
        text
    })
}

/// The lines of both texts in order, those only in `old` marked with `-` and those only in `new` with `+`.
fn diff(old: &str, new: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    // longest[i][j]: length of the longest common subsequence of old[i..] and new[j..].
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                if old[i] == new[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        let (mark, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', old[i - 1])
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        let _ = writeln!(text, "{mark} {line}");
    }
    text
}

#[cfg(test)]
pub(crate) mod tests;
