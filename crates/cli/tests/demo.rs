//! The demo from nothing to its numbers, and the loss of the broker's disk afterwards: the journals bring the log back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Output},
};
use studium_broker::binary;

fn studium(data: &Path, args: &[&str]) -> Output {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.arg("--data").arg(data).arg("--json").args(args);
    command.env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path).output().unwrap()
}

fn lines(data: &Path, args: &[&str]) -> Vec<Value> {
    let output = studium(data, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn the_demo_comes_out_the_same_everywhere_and_its_log_is_restored_from_the_journals() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let demo = lines(data, &["demo", "--keep", "--durability", "process"]).remove(0);
    assert_eq!(demo["census"], json!({"active": 30, "waitlisted": 17}));
    assert_eq!(demo["bulk"]["already_when_repeated"], demo["bulk"]["rows"]);
    assert_eq!(demo["promoted"].as_array().unwrap().len(), 2);
    assert_eq!(demo["programme"], json!({"joined": 12, "completed": 12}));
    assert_eq!(demo["trace"].as_array().unwrap().len(), 4, "{}", demo["trace"]);
    the_mentors_come_out_the_same(&demo["mentors"]);
    the_campus_comes_out_the_same(&demo["campus"]);
    let problems =
        |of: &Value| of["log"].as_array().unwrap().iter().map(|it| it["problems"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(problems(&demo), 0);

    let again = studium(data, &["demo", "--keep"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("was played on"));

    let before = lines(data, &["log", "verify"]);
    // The keys of persons are the broker's, and have a backup of their own.
    let backup = data.join("keys.jsonl");
    let backup = backup.to_str().unwrap();
    let kept = lines(data, &["privacy", "keys", "backup", backup]).remove(0);
    std::fs::remove_dir_all(data.join("nats")).unwrap();
    for (service, verdict) in ["catalogue", "enrolment", "mentorship", "credentials", "campus"].into_iter().zip(&before)
    {
        let restored = lines(data, &["log", "restore", service]).remove(0);
        assert_eq!(restored["restored"], verdict["checked"], "{restored}");
        let nothing = lines(data, &["log", "restore", service]).remove(0);
        assert_eq!(nothing["restored"], 0, "{nothing}");
    }
    assert_eq!(lines(data, &["log", "verify"]), before);
    let restored = lines(data, &["privacy", "keys", "restore", backup]).remove(0);
    assert!(kept["keys"].as_u64() > Some(0), "{kept}");
    assert_eq!(restored["restored"], kept["keys"], "{restored}");

    let story = lines(data, &["trace", "demo-withdrawal"]);
    assert_eq!(story.iter().map(|it| it["depth"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let views = lines(data, &["views", "list"]);
    assert!(views.iter().all(|it| it["behind"] == 0), "{views:?}");
    let name = views.iter().map(|it| it["name"].as_str().unwrap()).find(|it| it.starts_with("enrolment_")).unwrap();
    assert_eq!(lines(data, &["views", "rebuild", name]).remove(0)["done"], true);
    let first = lines(data, &["log", "tail", "--service", "catalogue", "--from", "1"]).remove(0);
    assert_eq!(first["events"][0]["event"], "InstitutionRegistered");
}

fn the_mentors_come_out_the_same(mentors: &Value) {
    for number in ["joined", "announced", "paid", "mentored"] {
        assert_eq!(mentors[number], 12, "{number} in {mentors}");
    }
    assert_eq!((&mentors["mentors"], &mentors["places"], &mentors["taken"]), (&json!(4), &json!(16), &json!(12)));
    let declined = &mentors["declined"];
    assert_ne!(declined["by"], declined["next"], "{declined}");
    // The place of who declined is freed while the next one is asked; which of the two comes first is open, and so is
    // whether the next one's last place was taken by somebody else meanwhile.
    let events: Vec<_> = declined["events"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let count = |name: &str| events.iter().filter(|it| **it == name).count();
    assert_eq!((events.first(), count("PlaceFreed")), (Some(&"ProposalEnded"), 1), "{events:?}");
    assert_eq!((count("PlaceTaken"), count("ProposalOpened")), (1, 1), "{events:?}");
    let refused = count("PlaceRefused");
    assert_eq!((count("MentorProposed"), count("ProposalEnded")), (1 + refused, 1 + refused), "{events:?}");
    let handed_over = &mentors["handed_over"];
    assert_ne!(handed_over["from"], handed_over["to"], "{handed_over}");
    assert_eq!(handed_over["gap_ms"], 0);
    let worked = json!({"answered": 1, "in_time": 1, "session_minutes": 45, "action_items": 1, "rounds": 2});
    assert_eq!(mentors["worked"], worked);
    let outcomes = &mentors["outcomes"];
    assert_eq!((&outcomes["learners"], &outcomes["graduated"]), (&json!(12), &json!(12)));
    assert_eq!(outcomes["rate_from_millipoints"], 75_751, "Wilson's interval for 12 of 12");
    assert_eq!((&outcomes["ratings"], &outcomes["mean_millistars"]), (&json!(1), &json!(5_000)));
    assert_eq!((&mentors["completed"], &mentors["ended"]), (&json!(12), &json!(12)));
    assert_eq!(mentors["taken_afterwards"], 0);
}

fn the_campus_comes_out_the_same(campus: &Value) {
    assert_eq!(campus["courses"], 5);
    assert_eq!(campus["already_when_repeated"], true);
    assert_eq!(campus["roster"], json!({"members": [120, 29, 1], "would_drop": 150}));
    let seats = &campus["seats"];
    assert_eq!((&seats["bought"], &seats["assigned"], &seats["activated"]), (&json!(120), &json!(60), &json!(60)));
    assert_eq!((&seats["held_at_75"], &seats["held_at_100"]), (&json!(90), &json!(120)));
    let refused = ["NOT_A_MEMBER", "CLASS_NOT_COVERED", "COURSE_NOT_IN_SELECTION", "NO_SEATS_LEFT"];
    assert_eq!(seats["refused"], json!(refused));
    let class = &campus["class"];
    assert_eq!((&class["by_seat"], &class["on_places"]), (&json!(24), &json!(1)));
    assert_eq!((&class["blended"]["passed"], &class["online"]["passed"]), (&json!(22), &json!(50)), "{class}");
    assert_eq!(class["credit"], json!([23, 2]));
    let lapsed = &campus["lapsed"];
    assert_eq!((&lapsed["listening"], &lapsed["afterwards"]), (&json!(4), &json!("PLAN_EXPIRED")));
    assert_eq!(campus["statement"]["amount_minor"], 540_000);
}
