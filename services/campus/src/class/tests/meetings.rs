//! Meetings, attendance, and the work before them.

use super::*;
use studium_proto::campus::v1::{ClassAttendanceRecorded, ClassLearnerRemoved, ClassWorkDone};

fn schedule(it: ClassMeetingScheduled) -> Asked<Command> {
    asks(Command::ScheduleMeeting(it))
}

fn cancelled(id: &str) -> ClassMeetingCancelled {
    ClassMeetingCancelled { meeting_id: id.into(), reason: "ill".into() }
}

fn noted(learner: &str, attendance: ClassAttendance, previous: ClassAttendance) -> Event {
    Event::ClassAttendanceRecorded(ClassAttendanceRecorded {
        meeting_id: "m1".into(),
        learner_id: learner.into(),
        attendance: attendance.into(),
        previous: previous.into(),
    })
}

fn note(meeting: &str, rows: &[(&str, ClassAttendance)]) -> Asked<Command> {
    let rows = rows.iter().map(|(id, it)| ((*id).to_owned(), *it)).collect();
    asks(Command::RecordAttendance { meeting_id: meeting.into(), rows })
}

use ClassAttendance::{Absent, Excused, Present, Unspecified as Nothing};

#[test]
fn a_meeting_ends_after_it_began_in_one_place() {
    let m2 = plan("m2");
    given::<Class>(&past()).when(schedule(m2.clone())).then(&[Event::ClassMeetingScheduled(m2.clone())]);
    let online = ClassMeetingScheduled { room: String::new(), url: "https://meet.example".into(), ..m2.clone() };
    given::<Class>(&past()).when(schedule(online.clone())).then(&[Event::ClassMeetingScheduled(online)]);
    let wrong = [
        ClassMeetingScheduled { ends_at_ms: m2.starts_at_ms, ..m2.clone() },
        ClassMeetingScheduled { room: String::new(), ..m2.clone() },
        ClassMeetingScheduled { url: "https://meet.example".into(), ..m2.clone() },
    ];
    for it in wrong {
        given::<Class>(&past()).when(schedule(it)).refused(Reason::MeetingMakesNoSense);
    }
    let other = ClassMeetingScheduled { title: "Groups".into(), ..plan("m1") };
    given::<Class>(&past()).when(schedule(other)).refused(Reason::MeetingExists);
    let gone = with(&[Event::ClassMeetingCancelled(cancelled("m1"))]);
    given::<Class>(&gone).when(schedule(plan("m1"))).refused(Reason::MeetingExists);
}

#[test]
fn a_meeting_moves_until_it_took_place() {
    let to = |id: &str, ends_at_ms| ClassMeetingRescheduled {
        meeting_id: id.into(),
        starts_at_ms: NOON + 10,
        ends_at_ms,
        room: "B 13".into(),
        url: String::new(),
    };
    let reschedule = |it| asks(Command::RescheduleMeeting(it));
    let moved = Event::ClassMeetingRescheduled(to("m1", NOON + 90));
    given::<Class>(&past()).when(reschedule(to("m1", NOON + 90))).then(&[moved]);
    given::<Class>(&past()).when(reschedule(to("m1", NOON + 10))).refused(Reason::MeetingMakesNoSense);
    given::<Class>(&past()).when(reschedule(to("m9", NOON + 90))).refused(Reason::MeetingNotFound);
    let gone = with(&[Event::ClassMeetingCancelled(cancelled("m1"))]);
    given::<Class>(&gone).when(reschedule(to("m1", NOON + 90))).refused(Reason::MeetingCancelled);
    let held = with(&[noted("ada", Present, Nothing)]);
    given::<Class>(&held).when(reschedule(to("m1", NOON + 90))).refused(Reason::MeetingTookPlace);
}

#[test]
fn a_meeting_is_cancelled_once_and_not_when_it_took_place() {
    let cancel = || asks(Command::CancelMeeting(cancelled("m1")));
    given::<Class>(&past()).when(cancel()).then(&[Event::ClassMeetingCancelled(cancelled("m1"))]);
    given::<Class>(&with(&[noted("ada", Present, Nothing)])).when(cancel()).refused(Reason::MeetingTookPlace);
    let other = asks(Command::CancelMeeting(cancelled("m9")));
    given::<Class>(&past()).when(other).refused(Reason::MeetingNotFound);
}

#[test]
fn attendance_is_of_learners_and_can_be_corrected() {
    let both = note("m1", &[("ada", Present), ("ben", Absent)]);
    given::<Class>(&past()).when(both).then(&[noted("ada", Present, Nothing), noted("ben", Absent, Nothing)]);
    let was = with(&[noted("ben", Absent, Nothing)]);
    given::<Class>(&was).when(note("m1", &[("ben", Excused)])).then(&[noted("ben", Excused, Absent)]);
    given::<Class>(&past()).when(note("m1", &[("ada", Present), ("eve", Present)])).refused(Reason::NotInClass);
    given::<Class>(&past()).when(note("m9", &[("ada", Present)])).refused(Reason::MeetingNotFound);
    let gone = with(&[Event::ClassMeetingCancelled(cancelled("m1"))]);
    given::<Class>(&gone).when(note("m1", &[("ada", Present)])).refused(Reason::MeetingCancelled);
}

#[test]
fn what_was_noted_of_somebody_who_left_can_be_corrected_and_nothing_added() {
    let left =
        |id: &str| Event::ClassLearnerRemoved(ClassLearnerRemoved { learner_id: id.into(), ..Default::default() });
    let past = with(&[noted("ben", Absent, Nothing), left("ada"), left("ben")]);
    given::<Class>(&past).when(note("m1", &[("ben", Present)])).then(&[noted("ben", Present, Absent)]);
    given::<Class>(&past).when(note("m1", &[("ada", Present)])).refused(Reason::NotInClass);
}

fn work(id: &str) -> ClassWorkAssigned {
    ClassWorkAssigned {
        work_id: id.into(),
        title: "Read".into(),
        content_ids: vec!["c1".into(), "c2".into()],
        meeting_id: "m1".into(),
        due_at_ms: NOON,
    }
}

#[test]
fn work_is_due_before_its_meeting() {
    let assign = |work: ClassWorkAssigned, unknown: &[&str]| {
        asks(Command::AssignWork { work, unknown: unknown.iter().map(|it| (*it).to_owned()).collect() })
    };
    let assigned = Event::ClassWorkAssigned(work("w1"));
    given::<Class>(&past()).when(assign(work("w1"), &[])).then(std::slice::from_ref(&assigned));
    given::<Class>(&past()).when(assign(work("w1"), &["c2"])).refused(Reason::ContentNotFound);
    let late = ClassWorkAssigned { due_at_ms: NOON + 1, ..work("w1") };
    given::<Class>(&past()).when(assign(late, &[])).refused(Reason::WorkDueAfterMeeting);
    let nowhere = ClassWorkAssigned { meeting_id: "m9".into(), ..work("w1") };
    given::<Class>(&past()).when(assign(nowhere, &[])).refused(Reason::MeetingNotFound);
    let other = ClassWorkAssigned { title: "Write".into(), ..work("w1") };
    given::<Class>(&with(&[assigned])).when(assign(other, &[])).refused(Reason::WorkExists);
}

#[test]
fn work_is_done_bit_by_bit_by_each_for_oneself() {
    let done = |learner: &str, contents: &[&str], said_by_learner| {
        let content_ids = contents.iter().map(|it| (*it).to_owned()).collect();
        let (work_id, learner_id) = ("w1".into(), learner.into());
        Event::ClassWorkDone(ClassWorkDone { work_id, learner_id, content_ids, done_at_ms: 7, said_by_learner })
    };
    let do_it = |work: &str, learners: &[&str], contents: &[&str]| Command::WorkDone {
        work_id: work.into(),
        learner_ids: learners.iter().map(|it| (*it).to_owned()).collect(),
        content_ids: contents.iter().map(|it| (*it).to_owned()).collect(),
        done_at_ms: 7,
    };
    let past = with(&[Event::ClassWorkAssigned(work("w1"))]);
    let ada = || Who::Learner("ada".into());
    given::<Class>(&past).when(ada().asks(do_it("w1", &["ada"], &["c2"]))).then(&[done("ada", &["c2"], true)]);
    let half = [past.clone(), vec![done("ada", &["c2"], true)]].concat();
    given::<Class>(&half)
        .when(asks(do_it("w1", &["ada", "ben"], &[])))
        .then(&[done("ada", &["c1"], false), done("ben", &["c1", "c2"], false)]);
    given::<Class>(&half).when(ada().asks(do_it("w1", &["ben"], &[]))).refused(Reason::NotYourWork);
    given::<Class>(&half).when(asks(do_it("w1", &["eve"], &[]))).refused(Reason::NotInClass);
    given::<Class>(&half).when(asks(do_it("w9", &["ada"], &[]))).refused(Reason::WorkNotFound);
    given::<Class>(&half).when(asks(do_it("w1", &["ada"], &["c9"]))).refused(Reason::ContentNotFound);
}
