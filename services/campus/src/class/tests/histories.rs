//! Random histories of a class, and what holds after every event of them.

use super::*;
use proptest::prelude::{Strategy, any};

const LEARNERS: [&str; 5] = ["ada", "ben", "cid", "dan", "eve"];
const THINGS: [&str; 3] = ["x", "y", "z"];

fn who(n: usize) -> String {
    LEARNERS[n % LEARNERS.len()].to_owned()
}

fn newcomer(n: usize, flags: usize) -> Newcomer {
    // Eve is nobody of the campus.
    Newcomer {
        learner_id: who(n),
        is_member: who(n) != "eve",
        holds_seat: flags.is_multiple_of(3),
        is_test_user: flags.is_multiple_of(7),
    }
}

/// One command of a history: of people and meetings here, of records below.
fn commands(sort: usize, (a, b, c): (usize, usize, usize), flag: bool) -> Command {
    let thing = |n: usize| THINGS[n % THINGS.len()].to_owned();
    let meeting_id = thing(a);
    match sort {
        0 => Command::AddLearners { learners: vec![newcomer(a, b), newcomer(b, c), newcomer(c, a)] },
        1 => Command::RemoveLearners { learner_ids: vec![who(a)], reason: String::new() },
        2 => Command::FormGroup(ClassGroupFormed {
            group_id: thing(a),
            name: "Red".into(),
            learner_ids: vec![who(b), who(c)],
        }),
        3 => Command::ScheduleMeeting(ClassMeetingScheduled {
            starts_at_ms: b as i64,
            ends_at_ms: c as i64,
            ..plan(&thing(a))
        }),
        4 => Command::RescheduleMeeting(ClassMeetingRescheduled {
            meeting_id,
            starts_at_ms: b as i64,
            ends_at_ms: c as i64,
            room: "B 1".into(),
            url: String::new(),
        }),
        5 => Command::CancelMeeting(ClassMeetingCancelled { meeting_id, reason: String::new() }),
        6 | 7 => {
            let noted = if flag { ClassAttendance::Present } else { ClassAttendance::Absent };
            Command::RecordAttendance { meeting_id, rows: vec![(who(b), noted), (who(c), noted)] }
        }
        8 => Command::AssignWork {
            work: ClassWorkAssigned {
                work_id: thing(b),
                title: "Read".into(),
                content_ids: vec!["c1".into(), "c2".into()],
                meeting_id,
                due_at_ms: 0,
            },
            unknown: Vec::new(),
        },
        9 => Command::WorkDone {
            work_id: thing(a),
            learner_ids: vec![who(b)],
            content_ids: if flag { Vec::new() } else { vec![format!("c{}", c % 2 + 1)] },
            done_at_ms: 1,
        },
        _ => records(sort, (a, b, c), flag),
    }
}

fn records(sort: usize, (a, b, c): (usize, usize, usize), flag: bool) -> Command {
    let thing = |n: usize| THINGS[n % THINGS.len()].to_owned();
    let correction_reason = if flag { "counted wrong".to_owned() } else { String::new() };
    match sort {
        10 => Command::RecordExercise {
            exercise: ClassExerciseRecorded {
                exercise_id: thing(a),
                group_id: if flag { thing(b) } else { String::new() },
                learner_ids: if flag { Vec::new() } else { vec![who(b)] },
                score_millipoints: Some((c * 10_000) as u32),
                correction_reason,
                ..ClassExerciseRecorded::default()
            },
            is_content_known: true,
        },
        11 | 12 => Command::RecordResults {
            results: Results {
                assessment_id: thing(a),
                content_id: String::new(),
                rows: vec![(who(b), (c * 10_000) as u32)],
                correction_reason,
            },
            is_content_known: true,
        },
        13 => Command::DecideCredit(ClassCreditDecided { correction_reason, ..credit(&who(a), b.is_multiple_of(2)) }),
        14 if a == b => close("the term is over"),
        _ => Command::AddTeacher { teacher_id: thing(a), is_campus_teacher: flag },
    }
}

/// What holds of every class at every time.
pub(super) fn invariant(class: &Class) -> Result<(), String> {
    let known: BTreeSet<_> = class.learners.values().map(|it| it.number).collect();
    let all_known = |numbers: Vec<&Number>| numbers.iter().all(|it| known.contains(*it));
    if known.len() != class.learners.len() {
        return Err("two learners have one number".into());
    }
    let (learners, places) = class.taken();
    if places > class.places() || learners > LEARNERS_MAX {
        return Err(format!("{places} places of {} are taken by {learners} learners", class.places()));
    }
    if class.learners.contains_key("eve") {
        return Err("somebody who is no member is in the class".into());
    }
    for it in class.meetings.values() {
        if it.plan.ends_at_ms <= it.plan.starts_at_ms {
            return Err(format!("a meeting ends before it began: {:?}", it.plan));
        }
        if it.is_cancelled && !it.attendance.is_empty() {
            return Err("somebody was at a meeting that was cancelled".into());
        }
        if !all_known(it.attendance.keys().collect()) {
            return Err("a stranger was at a meeting".into());
        }
    }
    if !class.assessments.values().all(|it| all_known(it.scores.keys().collect())) {
        return Err("a stranger has a result".into());
    }
    let doers = class.exercises.values().flat_map(|it| it.done.values()).flat_map(|it| &it.learner_ids);
    if !doers.clone().all(|it| class.learners.contains_key(it)) || !all_known(class.credits.keys().collect()) {
        return Err("a stranger did an exercise or was decided on".into());
    }
    let has_result = |number: &Number| class.assessments.values().any(|it| it.scores.contains_key(number));
    if !class.credits.iter().all(|(number, it)| !it.granted || has_result(number)) {
        return Err("credit was granted on nothing".into());
    }
    match class.groups.values().flat_map(|it| &it.members).find(|it| !class.has_learner(it)) {
        Some(it) => Err(format!("{it} is in a group, but not in the class")),
        None => Ok(()),
    }
}

/// Any command that somebody of the campus can give.
pub(super) fn any_command() -> impl Strategy<Value = Asked<Command>> {
    (0..18_usize, (0..9_usize, 0..9_usize, 0..9_usize), any::<bool>()).prop_map(|(sort, of, flag)| {
        let command = if sort >= 15 {
            Command::Open { class: opening(2), teacher_ids: vec!["tess".into()], facts: facts() }
        } else {
            commands(sort, of, flag)
        };
        asks(command)
    })
}
