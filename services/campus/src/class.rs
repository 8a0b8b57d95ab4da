//! A class: a blended section of a campus, with its people, meetings, work, results and credit.

mod asked;
mod meetings;
mod people;
mod records;

pub use asked::{Asked, Who};
pub use people::Newcomer;

use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::campus::v1::{
    ClassAttendance, ClassClosed, ClassCreditDecided, ClassExerciseRecorded, ClassGroupFormed, ClassMeetingCancelled,
    ClassMeetingRescheduled, ClassMeetingScheduled, ClassOpened, ClassTeacherAdded, ClassWorkAssigned, Reason,
    class_event::Event,
};

/// Learners of a class at a time: a class is one aggregate, whose state is held whole.
pub const LEARNERS_MAX: usize = 1_000;

/// Groups, meetings, pieces of work, exercises and assessments of a class, each.
const THINGS_MAX: usize = 500;

/// What can be asked of a class.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, with these teachers.
    Open { class: ClassOpened, teacher_ids: Vec<String>, facts: Facts },
    /// To be taught by somebody.
    AddTeacher { teacher_id: String, is_campus_teacher: bool },
    /// To be taught by somebody no longer.
    RemoveTeacher { teacher_id: String },
    /// To take learners in, as far as each may be.
    AddLearners { learners: Vec<Newcomer> },
    /// To let learners go, as far as they are in it.
    RemoveLearners { learner_ids: Vec<String>, reason: String },
    /// To have a group with this name and these members.
    FormGroup(ClassGroupFormed),
    /// To have a group no longer.
    DissolveGroup { group_id: String },
    /// To meet.
    ScheduleMeeting(ClassMeetingScheduled),
    /// To meet at another time or place.
    RescheduleMeeting(ClassMeetingRescheduled),
    /// Not to meet.
    CancelMeeting(ClassMeetingCancelled),
    /// To know who was at a meeting.
    RecordAttendance { meeting_id: String, rows: Vec<(String, ClassAttendance)> },
    /// To work through content before a meeting; `unknown` is content that the class does not work with.
    AssignWork { work: ClassWorkAssigned, unknown: Vec<String> },
    /// To know that learners are done with some content of a piece of work; none = all of it.
    WorkDone { work_id: String, learner_ids: Vec<String>, content_ids: Vec<String>, done_at_ms: i64 },
    /// To know what an individual or a group did in class; a group's members are the class's own knowledge.
    RecordExercise { exercise: ClassExerciseRecorded, is_content_known: bool },
    /// To know results of one assessment.
    RecordResults { results: Results, is_content_known: bool },
    /// To know whether a learner has credit for the course.
    DecideCredit(ClassCreditDecided),
    /// To be over.
    Close { reason: String },
}

/// What others say when a class is opened.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The campus is registered.
    pub is_campus: bool,
    /// What the class is to be opened on.
    pub basis: Basis,
    /// Those of its teachers who are none of the campus.
    pub strangers: Vec<String>,
}

/// What the catalogue says of what a class is opened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// A published composition of this campus.
    Composition { campus_id: String },
    /// A composition without such a published version.
    Unpublished,
    /// No composition that it told of.
    NoComposition,
    /// A run.
    Run,
    /// No run that it told of.
    NoRun,
}

/// Results of one assessment.
#[derive(Debug, Clone)]
pub struct Results {
    /// The assessment.
    pub assessment_id: String,
    /// Content that it is about; may be empty.
    pub content_id: String,
    /// Learner and score, thousandths of a percent.
    pub rows: Vec<(String, u32)>,
    /// Why another score was recorded before; may be empty.
    pub correction_reason: String,
}

/// A learner within this state: counted from 0 in the order of joining, since a class notes much of each.
type Number = u32;

/// A class as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Class {
    opened: Option<ClassOpened>,
    teachers: BTreeSet<String>,
    learners: BTreeMap<String, Learner>,
    groups: BTreeMap<String, Group>,
    meetings: BTreeMap<String, Meeting>,
    work: BTreeMap<String, Work>,
    exercises: BTreeMap<String, Exercise>,
    assessments: BTreeMap<String, Assessment>,
    credits: BTreeMap<Number, ClassCreditDecided>,
    is_closed: bool,
}

/// Somebody who is or was in the class.
#[derive(Debug, Clone, Default)]
struct Learner {
    number: Number,
    is_in: bool,
    has_place: bool,
}

#[derive(Debug, Clone, Default)]
struct Group {
    name: String,
    members: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Meeting {
    /// As it is scheduled now.
    plan: ClassMeetingScheduled,
    is_cancelled: bool,
    attendance: BTreeMap<Number, i32>,
}

#[derive(Debug, Clone, Default)]
struct Work {
    assigned: ClassWorkAssigned,
    /// What each learner is done with: a bit for each content, in the order of the assignment.
    done: BTreeMap<Number, u64>,
}

#[derive(Debug, Clone, Default)]
struct Exercise {
    content_id: String,
    /// By whether it was a group, and its id or the learner's.
    done: BTreeMap<(bool, String), ExerciseDone>,
}

#[derive(Debug, Clone, Default)]
struct ExerciseDone {
    score: Option<u32>,
    learner_ids: Vec<String>,
}

#[derive(Debug, Clone, Default)]
struct Assessment {
    content_id: String,
    scores: BTreeMap<Number, u32>,
}

/// A refusal of a class.
type No = Rejection<Reason>;

impl Decider for Class {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { who, command } = asked;
        if let Command::Open { class, teacher_ids, facts } = command {
            who.may_act_for(&class.campus_id)?;
            return self.open(class, teacher_ids, facts);
        }
        let Some(opened) = &self.opened else { return Reason::ClassNotFound.because("there is no such class") };
        who.may_ask(&opened.campus_id, command)?;
        match command {
            Command::Close { .. } if self.is_closed => return Ok(Vec::new()),
            _ if self.is_closed => return Reason::ClassClosed.because("the class is over; nothing changes any more"),
            _ => {}
        }
        match command {
            Command::Open { .. } => Ok(Vec::new()),
            Command::AddTeacher { teacher_id, is_campus_teacher } => self.add_teacher(teacher_id, *is_campus_teacher),
            Command::RemoveTeacher { teacher_id } => Ok(self.remove_teacher(teacher_id)),
            Command::AddLearners { learners } => Ok(self.add_learners(learners)),
            Command::RemoveLearners { learner_ids, reason } => Ok(self.remove_learners(learner_ids, reason)),
            Command::FormGroup(it) => self.form_group(it),
            Command::DissolveGroup { group_id } => Ok(self.dissolve_group(group_id)),
            Command::ScheduleMeeting(it) => self.schedule(it),
            Command::RescheduleMeeting(it) => self.reschedule(it),
            Command::CancelMeeting(it) => self.cancel(it),
            Command::RecordAttendance { meeting_id, rows } => self.record_attendance(meeting_id, rows),
            Command::AssignWork { work, unknown } => self.assign(work, unknown),
            Command::WorkDone { work_id, learner_ids, content_ids, done_at_ms } => {
                let said_by_learner = matches!(who, Who::Learner(_));
                self.work_done(work_id, learner_ids, content_ids, (*done_at_ms, said_by_learner))
            }
            Command::RecordExercise { exercise, is_content_known } => {
                must_be_known(&exercise.content_id, *is_content_known)?;
                self.record_exercise(exercise)
            }
            Command::RecordResults { results, is_content_known } => {
                must_be_known(&results.content_id, *is_content_known)?;
                self.record_results(results)
            }
            Command::DecideCredit(it) => self.decide_credit(it),
            Command::Close { reason } => self.close(reason),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ClassOpened(it) => self.opened = Some(it.clone()),
            Event::ClassClosed(_) => self.is_closed = true,
            Event::ClassTeacherAdded(_)
            | Event::ClassTeacherRemoved(_)
            | Event::ClassLearnerAdded(_)
            | Event::ClassLearnerRemoved(_)
            | Event::ClassGroupFormed(_)
            | Event::ClassGroupDissolved(_) => self.people_change(event),
            Event::ClassMeetingScheduled(_)
            | Event::ClassMeetingRescheduled(_)
            | Event::ClassMeetingCancelled(_)
            | Event::ClassAttendanceRecorded(_)
            | Event::ClassWorkAssigned(_)
            | Event::ClassWorkDone(_) => self.meetings_change(event),
            Event::ClassExerciseRecorded(_) | Event::ClassResultRecorded(_) | Event::ClassCreditDecided(_) => {
                self.records_change(event);
            }
        }
    }
}

impl Class {
    fn open(&self, class: &ClassOpened, teacher_ids: &[String], facts: &Facts) -> Decision<Self> {
        if let Some(old) = &self.opened {
            // What is pinned may have moved on since; what was asked for has not.
            let asked = |it: &ClassOpened| {
                (it.campus_id.clone(), it.composition_id.clone(), it.run_id.clone(), it.title.clone(), it.term.clone())
            };
            if asked(old) == asked(class) && old.licence_places == class.licence_places {
                return Ok(Vec::new());
            }
            return Reason::ClassExists.because(format!("this id is the class \"{}\" already", old.title));
        }
        if !facts.is_campus {
            return Reason::CampusNotFound.because("no such campus is registered");
        }
        match &facts.basis {
            Basis::Composition { campus_id } if *campus_id != class.campus_id => {
                return Reason::NotYourCampus.because(format!("the composition belongs to {campus_id}"));
            }
            Basis::Composition { .. } | Basis::Run => {}
            Basis::Unpublished => {
                return Reason::CompositionNotPublished.because("the composition has no such published version");
            }
            Basis::NoComposition => {
                return Reason::CompositionNotFound
                    .because(format!("the catalogue has told of no composition `{}`", class.composition_id));
            }
            Basis::NoRun => {
                return Reason::RunNotFound.because(format!("the catalogue has told of no run `{}`", class.run_id));
            }
        }
        if let Some(it) = facts.strangers.first() {
            return Reason::NotACampusTeacher.because(format!("`{it}` is no teacher of the campus"));
        }
        let teachers: BTreeSet<_> = teacher_ids.iter().cloned().collect();
        let added = |teacher_id| Event::ClassTeacherAdded(ClassTeacherAdded { teacher_id });
        Ok(std::iter::once(Event::ClassOpened(class.clone())).chain(teachers.into_iter().map(added)).collect())
    }

    fn close(&self, reason: &str) -> Decision<Self> {
        let undecided = self.learners.values().filter(|it| it.is_in && !self.credits.contains_key(&it.number)).count();
        if undecided > 0 && reason.is_empty() {
            return Reason::LearnersUndecided
                .because(format!("{undecided} learners are without a decision on credit; decide, or say why not"));
        }
        Ok(vec![Event::ClassClosed(ClassClosed { reason: reason.to_owned(), undecided: undecided as u32 })])
    }

    /// The class as it was opened; none if it was not.
    pub fn opened(&self) -> Option<&ClassOpened> {
        self.opened.as_ref()
    }

    /// The campus; empty if there is no such class.
    pub fn campus_id(&self) -> &str {
        self.opened.as_ref().map_or("", |it| &it.campus_id)
    }

    /// The number of a learner of whom something is recorded: one who is in the class, or was and has such a record.
    fn recorded(&self, learner_id: &str, has_record: impl FnOnce(Number) -> bool) -> Result<Number, No> {
        match self.learners.get(learner_id) {
            Some(it) if it.is_in || has_record(it.number) => Ok(it.number),
            _ => Reason::NotInClass.because(format!("`{learner_id}` is not in the class")),
        }
    }

    /// The number of somebody who is or was in the class.
    fn number(&self, learner_id: &str) -> Option<Number> {
        self.learners.get(learner_id).map(|it| it.number)
    }
}

fn must_be_known(content_id: &str, is_known: bool) -> Result<(), No> {
    if content_id.is_empty() || is_known { Ok(()) } else { no_content(content_id) }
}

fn no_content<T>(content_id: &str) -> Result<T, No> {
    Reason::ContentNotFound.because(format!("the class does not work with `{content_id}`"))
}

/// One more of what there may be so many of.
fn one_more(count: usize, what: &str) -> Result<(), No> {
    if count < THINGS_MAX {
        return Ok(());
    }
    Reason::ClassTooLarge.because(format!("the class has {count} {what}, which is the most that it may have"))
}

#[cfg(test)]
mod tests;
