//! Files with rows that cannot be read: each is told with its line, the rest is taken in, and the exit code says so.

use crate::{
    platform::World,
    registry::{self, LEARNERS},
};
use serde_json::{Value, json};
use std::fs;
use studium_log::Durability;

const COURSES: &[u8] = b"slug,title,institution,hours\n\
    bread,Bread,University of Food,3\n\
    stew,Stew\n\
    soup,\"Soup,University of Food,2\n\
    salad,Salad,University of Food,many\n\
    cake,C\xffke,University of Food,1\n\
    tea,Tea,University of Food,1\n";

#[test]
fn rows_that_cannot_be_read_are_told_and_the_rest_is_taken_in() {
    let mut world = World::new(Durability::Process);
    world.up();
    let told = |args: &[&str]| -> (Option<i32>, Value, String) {
        let output = world.run(args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let report = serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap();
        (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
    };

    let file = world.folder().join("courses.csv");
    fs::write(&file, COURSES).unwrap();
    let (code, report, said) = told(&["import", "catalogue", file.to_str().unwrap()]);
    assert_eq!((code, &report["taken_in"]), (Some(1), &json!(2)), "{report}");
    assert_eq!(said, "studium: 4 rows were not taken in; the report says which and why\n");
    assert_eq!(
        report["unreadable"],
        json!([
            {"file": "courses.csv", "line": 3, "why": "2 fields where the first line has 4"},
            {"file": "courses.csv", "line": 4, "why": "a quotation mark is never closed"},
            {"file": "courses.csv", "line": 5, "why": "hours is `many`, which is no number that it could be"},
            {"file": "courses.csv", "line": 6, "why": "column 2 is not UTF-8"},
        ])
    );

    let files = world.folder().join("registry");
    fs::create_dir(&files).unwrap();
    registry::write(&files).unwrap();
    let results = files.join("studentAssessment.csv");
    let spoilt = fs::read_to_string(&results).unwrap() + "1,1000,soon,0,50\n1,1001\n";
    let lines = spoilt.lines().count();
    fs::write(&results, spoilt).unwrap();
    let (code, report, said) = told(&["import", "oulad", files.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(said, "studium: 2 rows were unreadable and left out; the report says which and why\n");
    let places: Vec<_> = report["unreadable"].as_array().unwrap().iter().map(|it| it["line"].clone()).collect();
    assert_eq!(places, [json!(lines - 1), json!(lines)], "{report}");
    assert_eq!(report["comparison"][0]["views"]["registrations"], LEARNERS, "{report}");
    assert_eq!(report["comparison"][0]["equal"], true, "{report}");

    // What makes a file of no use is told before anything is written.
    let before = world.result(&["status"])["services"].clone();
    let heads = |it: &Value| it.as_array().unwrap().iter().map(|it| it["log_position"].clone()).collect::<Vec<_>>();
    fs::write(&file, "slug,title\nx,X\n").unwrap();
    fs::write(files.join("courses.csv"), "").unwrap();
    for (kind, path, why) in [
        ("catalogue", &file, "courses.csv has no column institution"),
        ("catalogue", &world.folder().join("nowhere.csv"), "there is no such file"),
        ("catalogue", &files, "it is no file"),
        ("oulad", &files, "courses.csv is empty"),
        ("oulad", &file, "it is a file"),
    ] {
        let (code, report, said) = told(&["import", kind, path.to_str().unwrap()]);
        assert!(code.is_some_and(|it| it != 0) && report.is_null(), "{kind} {report}");
        assert!(said.lines().count() == 1 && said.contains(why), "{said}");
    }
    assert_eq!(heads(&world.result(&["status"])["services"]), heads(&before));
    world.down();
}
