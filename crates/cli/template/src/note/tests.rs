//! The rules of a note as sentences, and their laws on random histories.

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn write(text: &str) -> Command {
    Command::Write { is_enrolled: true, text: text.to_owned() }
}

fn written(text: &str) -> Event {
    Event::NoteWritten(NoteWritten { text: text.to_owned() })
}

#[test]
fn what_is_written_last_is_what_it_says() {
    given::<Note>(&[]).when(write("read chapter 3")).then(&[written("read chapter 3")]);
    given::<Note>(&[written("read chapter 3")]).when(write("read chapter 4")).then(&[written("read chapter 4")]);
}

#[test]
fn who_was_never_in_the_run_writes_nothing() {
    let stranger = Command::Write { is_enrolled: false, text: "hello".to_owned() };
    given::<Note>(&[]).when(stranger).refused(Reason::NotEnrolled);
}

#[test]
fn laws_hold() {
    let text = |it: u8| format!("text {it}");
    let any_command = (any::<bool>(), 0..3_u8);
    let any_command = any_command.prop_map(move |(is_enrolled, it)| Command::Write { is_enrolled, text: text(it) });
    laws::hold::<Note>(any_command, |_| Ok(()));
}
