//! Small files that have every oddity once, and what the plan makes of them.
#![allow(clippy::unwrap_used)]

use super::{
    check::{Compared, Counts, count_files, shown, total},
    files::{DAY_MS, Files, FinalResult},
    oddities::Oddity,
    plan::{Act, Plan},
    report::verdict,
};
use std::{fs, io::Write as _, path::Path};
use tempfile::TempDir;

/// 1 October 2013 and 1 February 2014, midnight UTC.
const J_2013: i64 = 1_380_585_600_000;
const B_2014: i64 = 1_391_212_800_000;

const COURSES: &str = "code_module,code_presentation,module_presentation_length\nAAA,2013J,100\nAAA,2014B,90\n";
const ASSESSMENTS: &str = "code_module,code_presentation,id_assessment,assessment_type,date,weight\n\
                           AAA,2013J,1,TMA,20,40.0\nAAA,2013J,2,CMA,50,0\nAAA,2013J,3,Exam,,100\n\
                           AAA,2014B,4,TMA,20,37.5\nAAA,2014B,5,CMA,30,62.5\n";

/// A directory with the tables; those that are not given have only their first line.
fn data(infos: &str, registrations: &str, results: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |stem: &str, text: &str| fs::write(dir.path().join(format!("{stem}.csv")), text).unwrap();
    write("courses", COURSES);
    write("assessments", ASSESSMENTS);
    write("studentInfo", &format!("code_module,code_presentation,id_student,gender,final_result\n{infos}"));
    let head = "code_module,code_presentation,id_student,date_registration,date_unregistration";
    write("studentRegistration", &format!("{head}\n{registrations}"));
    write("studentAssessment", &format!("id_assessment,id_student,date_submitted,is_banked,score\n{results}"));
    dir
}

fn plan(dir: &Path) -> Plan {
    Plan::new(Files::read(dir).unwrap(), &[]).unwrap()
}

/// The acts of one student in one run: the day of the run and what is done.
fn acts(plan: &Plan, student: u64, run: &str) -> Vec<(i64, Act)> {
    let own = plan.steps.iter().filter(|it| plan.students[it.student as usize] == student && plan.run(it).id == run);
    own.filter(|it| it.act != Act::Register)
        .map(|it| ((it.at_ms - plan.run(it).starts_at_ms) / DAY_MS, it.act))
        .collect()
}

fn result(submission: u32) -> Act {
    Act::Result { submission, is_late: false }
}

#[test]
fn an_ordinary_student_is_enrolled_assessed_and_concluded_on_the_datas_own_dates() {
    let dir = data("AAA,2013J,7,F,Pass\n", "AAA,2013J,7,-30,\n", "2,7,49,0,55.5\n1,7,19,0,80\n");
    let plan = plan(dir.path());
    let expected = [(-30, Act::Enrol), (19, result(1)), (49, result(0)), (100, Act::Conclude(FinalResult::Pass))];
    assert_eq!(acts(&plan, 7, "AAA-2013J"), expected);
    assert_eq!(plan.submission(0).score_millipoints, Some(55_500));
    assert_eq!(plan.steps[0].act, Act::Register);
    assert_eq!(plan.steps[0].at_ms, J_2013 - 30 * DAY_MS);
    assert_eq!(plan.files.runs[1].starts_at_ms, B_2014);
    assert_eq!(plan.offers[0].window, (-30, 0));
}

#[test]
fn registrations_without_a_date_begin_with_the_first_thing_known() {
    let infos = "AAA,2013J,1,F,Withdrawn\nAAA,2013J,2,F,Pass\nAAA,2013J,3,F,Pass\nAAA,2014B,4,F,Fail\n";
    let dir = data(infos, "AAA,2013J,1,,-50\nAAA,2013J,2,,\nAAA,2013J,3,,\n", "1,3,-5,0,50\n");
    let plan = plan(dir.path());
    assert_eq!(acts(&plan, 1, "AAA-2013J"), [(-50, Act::Enrol), (-50, Act::Withdraw { is_dated: true })]);
    assert_eq!(acts(&plan, 2, "AAA-2013J")[0], (0, Act::Enrol));
    assert_eq!(acts(&plan, 3, "AAA-2013J")[..2], [(-5, Act::Enrol), (-5, result(0))]);
    assert_eq!(acts(&plan, 4, "AAA-2014B")[0], (0, Act::Enrol));
    assert_eq!(plan.oddities.count(Oddity::RegistrationWithoutDate), 3);
    assert_eq!(plan.oddities.count(Oddity::RegistrationMissing), 1);
    assert_eq!(plan.oddities.count(Oddity::OutcomeWithoutResults), 1);
}

#[test]
fn who_leaves_is_withdrawn_and_who_has_a_final_result_all_the_same_comes_back() {
    let infos = "AAA,2013J,1,F,Withdrawn\nAAA,2013J,2,F,Withdrawn\nAAA,2013J,3,F,Fail\nAAA,2013J,4,F,Withdrawn\n";
    let registrations = "AAA,2013J,1,-9,30\nAAA,2013J,2,-9,\nAAA,2013J,3,-9,30\nAAA,2013J,4,5,2\nAAA,2013J,5,-9,-9\nAAA,2013J,6,-9,120\n";
    let dir = data(infos, registrations, "1,1,30,0,50\n2,1,31,0,\n1,2,105,0,50\n1,3,40,0,50\n");
    let plan = plan(dir.path());
    let late = |submission| Act::Result { submission, is_late: true };
    let dated = Act::Withdraw { is_dated: true };
    assert_eq!(acts(&plan, 1, "AAA-2013J"), [(-9, Act::Enrol), (30, result(0)), (30, dated), (31, late(1))]);
    assert_eq!(acts(&plan, 2, "AAA-2013J")[1..], [(105, result(2)), (105, Act::Withdraw { is_dated: false })]);
    let fail = [(30, dated), (40, late(3)), (100, Act::Reinstate), (100, Act::Conclude(FinalResult::Fail))];
    assert_eq!(acts(&plan, 3, "AAA-2013J")[1..], fail);
    assert_eq!(acts(&plan, 4, "AAA-2013J"), [(5, Act::Enrol), (5, dated)]);
    assert_eq!(acts(&plan, 5, "AAA-2013J"), [(-9, Act::Enrol), (-9, dated)]);
    for (oddity, count) in [
        (Oddity::WithdrawnWithoutDate, 1),
        (Oddity::UnregisteredNotWithdrawn, 1),
        (Oddity::UnregisteredBeforeRegistration, 1),
        (Oddity::UnregisteredSameDay, 1),
        (Oddity::UnregisteredBeforeStart, 1),
        (Oddity::UnregisteredAfterEnd, 1),
        (Oddity::OutcomeMissing, 2),
        (Oddity::ResultAfterUnregistration, 2),
        (Oddity::ResultOnUnregistrationDay, 1),
        (Oddity::ResultWithoutScore, 1),
        (Oddity::ResultOfNoWeight, 1),
        (Oddity::ResultAfterEnd, 1),
        (Oddity::ResultAfterDue, 3),
        (Oddity::RegistrationAfterStart, 1),
    ] {
        assert_eq!(plan.oddities.count(oddity), count, "{oddity:?}");
    }
}

#[test]
fn banked_results_wait_for_the_registration_and_keep_their_own_date() {
    let dir = data("AAA,2013J,1,F,Pass\n", "AAA,2013J,1,3,\n", "1,1,-1,1,60\n");
    let plan = plan(dir.path());
    assert_eq!(acts(&plan, 1, "AAA-2013J")[..2], [(3, Act::Enrol), (3, result(0))]);
    assert!(plan.submission(0).banked);
    assert_eq!(plan.submission(0).day, -1);
    for oddity in [Oddity::ResultBanked, Oddity::ResultBeforeRegistration, Oddity::ResultBeforeStart] {
        assert_eq!(plan.oddities.count(oddity), 1, "{oddity:?}");
    }
}

#[test]
fn what_is_there_twice_or_belongs_to_nobody_is_left_out_and_counted() {
    let infos = "AAA,2013J,1,F,Pass\nAAA,2013J,1,F,Fail\nAAA,2014B,1,F,Pass\n";
    let registrations = "AAA,2013J,1,-3,\nAAA,2013J,1,-2,\nAAA,2014B,1,-3,\n";
    let dir = data(infos, registrations, "1,1,5,0,60\n1,1,6,0,70\n1,2,6,0,70\n");
    let plan = plan(dir.path());
    assert_eq!(
        acts(&plan, 1, "AAA-2013J"),
        [(-3, Act::Enrol), (5, result(0)), (100, Act::Conclude(FinalResult::Pass))]
    );
    for (oddity, count) in [
        (Oddity::RegistrationTwice, 1),
        (Oddity::OutcomeTwice, 1),
        (Oddity::ResultTwice, 1),
        (Oddity::ResultWithoutRegistration, 1),
        (Oddity::SeveralPresentations, 1),
        (Oddity::ExamWithoutDate, 1),
        (Oddity::AssessmentWithoutResults, 4),
        (Oddity::WeightsNotHundred, 1),
        (Oddity::OutcomeUndated, 2),
    ] {
        assert_eq!(plan.oddities.count(oddity), count, "{oddity:?}");
    }
    assert_eq!(plan.steps.iter().filter(|it| it.act == Act::Register).count(), 1, "one learner in two presentations");
}

#[test]
fn rows_that_cannot_be_read_are_named_by_line_and_do_not_stop_the_rest() {
    let infos = "AAA,2013J,1,F,Passed\nAAA,2013J\nAAA,2013J,2,F,Pass\nBBB,2013J,3,F,Pass\n";
    let results = "1,2,soon,0,50\n9,2,5,0,50\n1,2,5,maybe,50\n1,2,5,0,101\n1,2,5,0,50\n";
    let dir = data(infos, "AAA,2013J,x,-3,\nAAA,2013J,2,-3,\n", results);
    let plan = plan(dir.path());
    let places: Vec<_> = plan.files.unreadable.iter().map(|it| (it.file.as_str(), it.line)).collect();
    let (info, registration, result_file) = ("studentInfo.csv", "studentRegistration.csv", "studentAssessment.csv");
    let expected = [
        (info, 2),
        (info, 3),
        (info, 5),
        (registration, 2),
        (result_file, 2),
        (result_file, 3),
        (result_file, 4),
        (result_file, 5),
    ];
    assert_eq!(places, expected);
    assert!(plan.files.unreadable[0].why.contains("`Passed`"), "{:?}", plan.files.unreadable[0]);
    assert_eq!(acts(&plan, 2, "AAA-2013J").len(), 3);
}

#[test]
fn a_selection_takes_only_what_was_asked_for_and_knows_the_names() {
    let dir = data("AAA,2013J,1,F,Pass\nAAA,2014B,2,F,Pass\n", "AAA,2013J,1,-3,\nAAA,2014B,2,,\n", "");
    let plan = Plan::new(Files::read(dir.path()).unwrap(), &["AAA-2013J".to_owned()]).unwrap();
    assert_eq!(plan.students, [1]);
    assert_eq!(plan.wanted().count(), 1);
    assert_eq!(plan.oddities.count(Oddity::RegistrationWithoutDate), 0);
    let error = Plan::new(Files::read(dir.path()).unwrap(), &["AAA-2015J".to_owned()]).unwrap_err().to_string();
    assert!(error.contains("AAA-2013J, AAA-2014B"), "{error}");
}

#[test]
fn compressed_tables_are_read_and_missing_ones_are_named() {
    let dir = data("AAA,2013J,1,F,Pass\n", "AAA,2013J,1,-3,\n", "");
    let plain = dir.path().join("studentInfo.csv");
    let mut packed = zstd::Encoder::new(fs::File::create(dir.path().join("studentInfo.csv.zst")).unwrap(), 0).unwrap();
    packed.write_all(&fs::read(&plain).unwrap()).unwrap();
    packed.finish().unwrap();
    fs::remove_file(plain).unwrap();
    assert_eq!(Files::read(dir.path()).unwrap().infos.len(), 1);
    fs::remove_file(dir.path().join("assessments.csv")).unwrap();
    let error = Files::read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("neither assessments.csv nor assessments.csv.zst"), "{error}");
    fs::write(dir.path().join("assessments.csv"), "id,weight\n").unwrap();
    let error = Files::read(dir.path()).unwrap_err().to_string();
    assert!(error.contains("has no column code_module"), "{error}");
}

#[test]
fn the_files_are_counted_without_the_plan_and_a_difference_is_told() {
    let infos = "AAA,2013J,1,F,Pass\nAAA,2013J,2,F,Withdrawn\nAAA,2013J,3,F,Fail\nAAA,2014B,1,F,Distinction\n";
    let registrations = "AAA,2013J,1,-3,\nAAA,2013J,2,-3,\nAAA,2013J,3,-3,\nAAA,2014B,1,-3,\n";
    let dir = data(infos, registrations, "1,1,5,0,60\n2,1,5,0,60\n1,9,5,0,60\n");
    let counts = count_files(dir.path()).unwrap();
    let files = Counts { registrations: 3, pass: 1, fail: 1, withdrawn: 1, assessed: 1, distinction: 0 };
    assert_eq!(counts["AAA-2013J"], files);
    assert_eq!(counts["AAA-2014B"], Counts { registrations: 1, distinction: 1, ..Counts::default() });

    let same = Compared { presentation: "AAA-2013J".to_owned(), files, views: files, equal: true };
    let views = Counts { fail: 0, ..files };
    let other = Compared { presentation: "AAA-2014B".to_owned(), files, views, equal: false };
    assert_eq!(total(&[same.clone(), other.clone()]).views.fail, 1);
    assert!(shown(&[same.clone(), other.clone()]).contains("files 1 views 0"));
    assert!(verdict(&[same.clone(), other]).starts_with("1 of 2 presentations DIFFER"));
    assert_eq!(verdict(&[same]), "The presentation is equal to the files: Pass 1, Distinction 0, Fail 1, Withdrawn 1.");
}
