//! How lists of learners are read.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn row(learner: &str, attempt: u32, why: &str) -> AwardRow {
    AwardRow { learner_id: learner.into(), attempt, override_reason: why.into() }
}

#[test]
fn a_file_names_learners_and_whatever_else_is_known() {
    let read = |text: &str| read_rows(text.as_bytes());
    assert_eq!(read("learner_id\nada\n bob \n").unwrap(), [row("ada", 0, ""), row("bob", 0, "")]);
    let all = "override_reason,learner_id,attempt\n\"on paper, in 2020\",ada,2\n,bob,\n";
    assert_eq!(read(all).unwrap(), [row("ada", 2, "on paper, in 2020"), row("bob", 0, "")]);
    assert_eq!(read("learner_id\n").unwrap(), []);
    for wrong in ["name\nada\n", "learner_id,attempt\nada,first\n"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
