//! Who is in which group by the rule, and when files and views agree.
#![allow(clippy::unwrap_used)]

use super::{
    check::{Compared, count_groups, judge, shown, verdict},
    groups::{Learner, groups, has_groups, tutor_id},
};
use crate::import::oulad::{files::Files, plan::Plan};
use std::{fmt::Write as _, fs};
use studium_proto::mentorship::v1::{GetGraduationResponse, GraduationGroup, GraduationLine, MentorshipEnd};
use tempfile::TempDir;

/// 23 students in the first presentation, two in the second, one in the third.
fn data() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |stem: &str, head: &str, rows: &str| {
        fs::write(dir.path().join(format!("{stem}.csv")), format!("{head}\n{rows}")).unwrap();
    };
    let (mut infos, mut registrations) = (String::new(), String::new());
    let mut add = |run: &str, student: u32, registered: i32, left: &str, result: &str| {
        let _ = writeln!(infos, "AAA,{run},{student},Wales,{result}");
        let _ = writeln!(registrations, "AAA,{run},{student},{registered},{left}");
    };
    // Who has the higher number registers earlier, but for the last three, who come on one day.
    for student in 1..=20 {
        add("2013J", student, -(student as i32), "", "Pass");
    }
    add("2013J", 23, 5, "", "Distinction");
    add("2013J", 21, 5, "9", "Withdrawn");
    add("2013J", 22, 5, "9", "Fail");
    add("2014B", 1, -1, "", "Pass");
    add("2014B", 30, -1, "", "Fail");
    add("2014J", 30, -1, "", "Withdrawn");
    let runs = "AAA,2013J,100\nAAA,2014B,90\nAAA,2014J,90\n";
    write("courses", "code_module,code_presentation,module_presentation_length", runs);
    write("assessments", "code_module,code_presentation,id_assessment,assessment_type,date,weight", "");
    write("studentInfo", "code_module,code_presentation,id_student,region,final_result", &infos);
    let head = "code_module,code_presentation,id_student,date_registration,date_unregistration";
    write("studentRegistration", head, &registrations);
    write("studentAssessment", "id_assessment,id_student,date_submitted,is_banked,score", "");
    dir
}

fn plan(wanted: &[String]) -> Plan {
    Plan::new(Files::read(data().path()).unwrap(), wanted).unwrap()
}

#[test]
fn every_second_presentation_has_groups_of_twenty_in_order_of_registration() {
    assert_eq!([0, 1, 2, 3].map(has_groups), [true, false, true, false]);
    let plan = plan(&[]);
    let groups = groups(&plan);
    let told: Vec<_> = groups.iter().map(|it| (it.run, it.number, it.learners.len())).collect();
    assert_eq!(told, [(0, 1, 20), (0, 2, 3), (2, 1, 1)]);
    let students = |index: usize| groups[index].learners.iter().map(|it| it.student).collect::<Vec<_>>();
    assert_eq!(students(0), (1..=20).rev().collect::<Vec<_>>(), "the earliest first");
    assert_eq!(students(1), [21, 22, 23], "on one day by number");
    assert_eq!(tutor_id("AAA-2013J", 2), "tutor-AAA-2013J-2");
    let run = &plan.files.runs[0];
    let ends: Vec<_> = groups[1].learners.iter().map(|it| it.ended).collect();
    let end = |day: i32, end: MentorshipEnd| Some((run.at_ms(day), end));
    assert_eq!(
        ends,
        [end(9, MentorshipEnd::Withdrawn), end(100, MentorshipEnd::Failed), end(100, MentorshipEnd::Completed)],
        "who unregistered and has a final result was there until the end"
    );
    let first = Learner { student: 20, from_ms: run.at_ms(-20), ended: end(100, MentorshipEnd::Completed) };
    assert_eq!(groups[0].learners[0], first);
}

#[test]
fn which_presentations_have_groups_does_not_depend_on_which_are_imported() {
    let only = |run: &str| groups(&plan(&[run.to_owned()])).len();
    assert_eq!((only("AAA-2013J"), only("AAA-2014B"), only("AAA-2014J")), (2, 0, 1));
}

#[expect(clippy::unnecessary_wraps, reason = "a field of a message is optional")]
fn group(learners: u64, graduated: u64, failed: u64, withdrawn: u64) -> Option<GraduationGroup> {
    Some(GraduationGroup { learners, graduated, failed, withdrawn, ..GraduationGroup::default() })
}

#[test]
fn files_and_views_are_compared_presentation_by_presentation() {
    let dir = data();
    let files = count_groups(dir.path(), &[]).unwrap();
    let told: Vec<_> = files.iter().map(|it| (it.has_groups, it.files.learners, it.groups)).collect();
    assert_eq!(told, [(true, 23, 2), (false, 2, 0), (true, 1, 1)]);
    let line = |run: &str, with, without| GraduationLine {
        scope_id: run.into(),
        with_mentor: with,
        without_mentor: without,
        never_assigned: group(0, 0, 0, 0),
        ..GraduationLine::default()
    };
    let right = [
        line("AAA-2013J", group(23, 21, 1, 1), group(0, 0, 0, 0)),
        line("AAA-2014B", group(0, 0, 0, 0), group(2, 1, 1, 0)),
        line("AAA-2014J", group(1, 0, 0, 1), group(0, 0, 0, 0)),
    ];
    let tutors = ["tutor-AAA-2013J-1", "tutor-AAA-2013J-2", "tutor-AAA-2014J-1"].map(str::to_owned);
    let compare = |lines: &[GraduationLine], tutors: &[String]| {
        let reply = GetGraduationResponse { lines: lines.to_vec(), ..GetGraduationResponse::default() };
        judge(files.clone(), &reply, tutors)
    };
    let equal = compare(&right, &tutors);
    assert!(equal.equal, "{equal:?}");
    assert!(verdict(&equal).contains("not the real tutors") && !shown(&equal).contains("DIFFERS"));
    let differs = |lines: &[GraduationLine], tutors: &[String]| {
        let found = compare(lines, tutors).presentations;
        found.iter().filter(|it| !it.equal).map(|it: &Compared| it.presentation.clone()).collect::<Vec<_>>()
    };
    assert_eq!(differs(&right, &tutors[1..]), ["AAA-2013J"], "a tutor too few");
    assert_eq!(differs(&right[1..], &tutors), ["AAA-2013J"], "no outcomes");
    let mut swapped = right.clone();
    swapped[1] = line("AAA-2014B", group(2, 1, 1, 0), group(0, 0, 0, 0));
    assert_eq!(differs(&swapped, &tutors), ["AAA-2014B"], "a tutor where none is");
    let mut waits = right;
    waits[2].never_assigned = group(1, 0, 0, 1);
    assert_eq!(differs(&waits, &tutors), ["AAA-2014J"], "somebody waits");
}
