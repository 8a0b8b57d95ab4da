//! Who belongs to which region, how large campuses are, and which registration comes about in which way.
#![allow(clippy::unwrap_used)]

use super::{
    Sorted,
    check::{Compared, Views, count_files, shown, total, verdict},
    regions::{Named, Regions, campus_id},
};
use crate::import::oulad::{
    files::Files,
    known::{Known, Way},
    oddities::Oddity,
    plan::{Act, Plan, Step},
};
use std::fs;
use tempfile::TempDir;

/// Student 1 is in both presentations, 2 moves house, 3 lives nowhere, 4 has no row of studentInfo, 6 registers when
/// it is over.
const INFOS: &str = "AAA,2013J,1,East Anglian Region,Pass\nAAA,2014B,1,East Anglian Region,Pass\n\
                     AAA,2013J,2,Wales,Fail\nAAA,2014B,2,Scotland,Pass\nAAA,2013J,3,,Pass\n\
                     AAA,2013J,5,East Anglian Region,Withdrawn\nAAA,2013J,6,Wales,Pass\n";
const REGISTRATIONS: &str = "AAA,2013J,1,-9,\nAAA,2014B,1,-8,\nAAA,2013J,2,-7,\nAAA,2014B,2,-6,\nAAA,2013J,3,-5,\n\
                             AAA,2013J,4,-4,\nAAA,2013J,5,-3,10\nAAA,2013J,6,120,\n";

fn data() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |stem: &str, head: &str, rows: &str| {
        fs::write(dir.path().join(format!("{stem}.csv")), format!("{head}\n{rows}")).unwrap();
    };
    write("courses", "code_module,code_presentation,module_presentation_length", "AAA,2013J,100\nAAA,2014B,90\n");
    write("assessments", "code_module,code_presentation,id_assessment,assessment_type,date,weight", "");
    write("studentInfo", "code_module,code_presentation,id_student,region,final_result", INFOS);
    let head = "code_module,code_presentation,id_student,date_registration,date_unregistration";
    write("studentRegistration", head, REGISTRATIONS);
    write("studentAssessment", "id_assessment,id_student,date_submitted,is_banked,score", "");
    dir
}

fn prepared(dir: &TempDir) -> (Plan, Named, Regions) {
    let mut plan = Plan::new(Files::read(dir.path()).unwrap(), &[]).unwrap();
    let named = Named::read(dir.path()).unwrap();
    let regions = Regions::new(&mut plan, &named);
    (plan, named, regions)
}

#[test]
fn ids_follow_from_names() {
    for (name, id) in [
        ("East Anglian Region", Some("region-east-anglian")),
        ("Scotland", Some("region-scotland")),
        ("  Yorkshire   Region ", Some("region-yorkshire")),
        ("Region", Some("region-region")),
        ("", None),
        ("?", None),
    ] {
        assert_eq!(campus_id(name).as_deref(), id, "{name}");
    }
}

#[test]
fn a_plan_has_a_seat_for_each_learner_and_the_first_row_decides_where() {
    let (plan, named, regions) = prepared(&data());
    let sizes: Vec<_> = regions.list.iter().map(|it| (it.id.as_str(), it.seats())).collect();
    assert_eq!(sizes, [("region-east-anglian", 2), ("region-wales", 2)], "nobody is in Scotland");
    assert_eq!(regions.list[0].plan_id(), "plan-region-east-anglian");
    assert_eq!(regions.list[0].agreement_id(), "agreement-region-east-anglian");
    assert_eq!(named.moved, [2]);
    let home = |student: u64| {
        let index = plan.students.iter().position(|it| *it == student).unwrap();
        regions.of(index as u32).map(|it| it.name.clone())
    };
    assert_eq!(home(1).as_deref(), Some("East Anglian Region"));
    assert_eq!(home(2).as_deref(), Some("Wales"));
    assert_eq!((home(3), home(4)), (None, None));
    assert_eq!(plan.oddities.count(Oddity::RegionsSeveral), 1);
    assert_eq!(plan.oddities.count(Oddity::RegionMissing), 2);
}

#[test]
fn registrations_come_about_by_seat_unless_they_are_there_or_cannot() {
    let (mut plan, _, regions) = prepared(&data());
    let steps = std::mem::take(&mut plan.steps);
    let all = steps.len();
    let mut known = Known::default();
    known.note(0, 1, Way::Staff);
    known.note(1, 1, Way::Seat);
    let sorted = Sorted::new(steps, &plan, &regions, &known);
    let enrols = |steps: &[Step]| -> Vec<(u64, u16)> {
        let enrols = steps.iter().filter(|it| it.act == Act::Enrol);
        enrols.map(|it| (plan.students[it.student as usize], it.run)).collect()
    };
    assert_eq!(enrols(&sorted.by_seat), [(2, 0), (5, 0), (1, 1), (2, 1)], "in order of their dates");
    assert_eq!(enrols(&sorted.otherwise), [(1, 0), (6, 0)], "there already, and after the end");
    assert_eq!(enrols(&sorted.rest), [(1, 0), (3, 0), (4, 0), (6, 0)], "these by staff");
    assert_eq!(sorted.registers.len(), 6);
    assert_eq!(sorted.registers.len() + sorted.by_seat.len() + sorted.rest.len(), all, "each step once");
    assert!(sorted.rest.is_sorted_by_key(|it| it.at_ms));
}

#[test]
fn the_files_are_counted_without_the_plan_and_a_difference_is_told() {
    let dir = data();
    let counts = count_files(dir.path(), &Named::read(dir.path()).unwrap()).unwrap();
    let sizes: Vec<_> = counts.iter().map(|(id, (learners, rows))| (id.as_str(), learners.len(), rows.len())).collect();
    assert_eq!(sizes, [("region-east-anglian", 2, 3), ("region-wales", 2, 3)]);

    let full =
        Views { seats: 2, held: 2, activated: 2, utilisation_millipoints: 100_000, by_seat: 3, ..Views::default() };
    let compared = |views: Views| {
        Compared { region: "Wales".into(), learners: 2, registrations: 3, views, ..Compared::default() }.judge()
    };
    assert!(compared(full).equal);
    assert!(compared(Views { by_seat: 1, otherwise: 2, ..full }).equal, "enrolled otherwise, seat activated");
    for wrong in [
        Views { seats: 3, ..full },
        Views { held: 1, ..full },
        Views { activated: 1, ..full },
        Views { utilisation_millipoints: 99_999, ..full },
        Views { by_seat: 2, ..full },
        Views { refused: 1, ..full },
    ] {
        assert!(!compared(wrong).equal, "{wrong:?}");
    }
    let all = [compared(full), compared(Views { activated: 1, ..full })];
    assert_eq!(total(&all).views.activated, 3);
    assert!(!total(&all).equal);
    assert!(shown(&all).contains("DIFFERS"));
    assert!(verdict(&all).starts_with("1 of 2 campuses DIFFER from the files: 6 registrations use the seats of 4 "));
    assert!(verdict(&all[..1]).starts_with("All 1 campuses are equal"));
}
