//! The rules of a note as sentences.

use super::*;
use studium_testkit::given;

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
