//! A run, also called presentation, of a course: planned, opened for enrolment, closed, over; or cancelled.

mod scheme;

use crate::by::{Asked, By};
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::catalogue::v1::{
    AssessmentSchemeSet, Reason, RunCancelled, RunCapacitySet, RunClosed, RunEnded, RunOpened, RunRescheduled,
    RunRestriction, RunRestrictionsSet, RunScheduled, RunState, course_run_event::Event,
};

/// What can be asked of a run.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be planned.
    Schedule { run: RunScheduled, course: CourseFacts },
    /// To have other dates.
    Reschedule(RunRescheduled),
    /// To have other seats.
    SetCapacity(RunCapacitySet),
    /// To be closed to others.
    SetRestrictions(Vec<RunRestriction>),
    /// To be assessed like this.
    SetScheme(AssessmentSchemeSet),
    /// To take enrolments.
    Open { course: CourseFacts },
    /// To take none.
    Close { reason: String },
    /// Not to take place.
    Cancel { reason: String },
    /// To be over, asked at a time, Unix milliseconds.
    End { at_ms: i64 },
}

/// What its course says to a run.
#[derive(Debug, Clone, Default)]
pub struct CourseFacts {
    /// The institution that provides it; none if there is no such course.
    pub institution_id: Option<String>,
    /// The version that is offered; 0 if none is.
    pub offered_version: u32,
    /// It is retired.
    pub is_retired: bool,
}

/// A run as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct CourseRun {
    /// As it was first planned.
    scheduled: Option<RunScheduled>,
    /// As it is now.
    plan: RunScheduled,
    state: RunState,
    /// The version that is taught; 0 = never opened.
    course_version: u32,
    scheme: AssessmentSchemeSet,
}

impl Decider for CourseRun {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        if let Command::Schedule { run, course } = command {
            return self.schedule(by, run, course);
        }
        if self.scheduled.is_none() {
            return Reason::RunNotFound.because("there is no such run");
        }
        by.may_change(&self.plan.institution_id)?;
        match (command, self.state) {
            (Command::Cancel { .. }, RunState::Cancelled) | (Command::End { .. }, RunState::Ended) => {
                return Ok(Vec::new());
            }
            (_, RunState::Cancelled) => return Reason::RunCancelled.because("the run is cancelled for good"),
            (_, RunState::Ended) => return Reason::RunEnded.because("the run is over"),
            _ => {}
        }
        match command {
            Command::Schedule { .. } => Ok(Vec::new()),
            Command::Reschedule(dates) => self.reschedule(dates),
            Command::SetCapacity(it) => self.set_capacity(*it),
            Command::SetRestrictions(it) => Ok(self.set_restrictions(it)),
            Command::SetScheme(it) => self.set_scheme(it),
            Command::Open { course } => self.open(course),
            Command::Close { reason } => self.close(reason),
            Command::Cancel { reason } => Ok(vec![Event::RunCancelled(RunCancelled { reason: reason.clone() })]),
            Command::End { at_ms } => self.end(*at_ms),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RunScheduled(it) => {
                self.scheduled = Some(it.clone());
                self.plan = it.clone();
                self.state = RunState::Scheduled;
            }
            Event::RunRescheduled(it) => move_to(&mut self.plan, it),
            Event::RunCapacitySet(it) => {
                self.plan.capacity = it.capacity;
                self.plan.waiting_list = it.waiting_list;
            }
            Event::RunRestrictionsSet(it) => self.plan.restrictions.clone_from(&it.restrictions),
            Event::AssessmentSchemeSet(it) => self.scheme = it.clone(),
            Event::RunOpened(it) => {
                self.course_version = it.course_version;
                self.state = RunState::Open;
            }
            Event::RunClosed(_) => self.state = RunState::Closed,
            Event::RunCancelled(_) => self.state = RunState::Cancelled,
            Event::RunEnded(_) => self.state = RunState::Ended,
        }
    }
}

/// Gives a plan other dates.
pub(crate) fn move_to(plan: &mut RunScheduled, dates: &RunRescheduled) {
    plan.starts_at_ms = dates.starts_at_ms;
    plan.ends_at_ms = dates.ends_at_ms;
    plan.enrol_from_ms = dates.enrol_from_ms;
    plan.enrol_until_ms = dates.enrol_until_ms;
}

fn dates_of(plan: &RunScheduled) -> RunRescheduled {
    RunRescheduled {
        starts_at_ms: plan.starts_at_ms,
        ends_at_ms: plan.ends_at_ms,
        enrol_from_ms: plan.enrol_from_ms,
        enrol_until_ms: plan.enrol_until_ms,
    }
}

fn check(dates: &RunRescheduled) -> Result<(), Rejection<Reason>> {
    let RunRescheduled { starts_at_ms, ends_at_ms, enrol_from_ms: from, enrol_until_ms: until } = *dates;
    if ends_at_ms <= starts_at_ms {
        return Reason::EndNotAfterStart.because("a run ends after it starts");
    }
    if from != 0 && until != 0 && until <= from {
        return Reason::WindowInvalid.because("the enrolment window closes before it opens");
    }
    if from >= ends_at_ms || until > ends_at_ms {
        return Reason::WindowInvalid.because("the enrolment window reaches beyond the end of the run");
    }
    Ok(())
}

impl CourseRun {
    /// The course; empty if there is no such run.
    pub fn course_id(&self) -> &str {
        &self.plan.course_id
    }

    /// The version of the course that is taught; 0 if it was never opened.
    pub fn course_version(&self) -> u32 {
        self.course_version
    }

    fn schedule(&self, by: &By, run: &RunScheduled, course: &CourseFacts) -> Decision<Self> {
        if let Some(it) = &self.scheduled {
            by.may_change(&it.institution_id)?;
            if it == run {
                return Ok(Vec::new());
            }
            return Reason::RunExists
                .because(format!("this run of `{}` is scheduled already, differently", it.course_id));
        }
        let Some(provider) = &course.institution_id else {
            return Reason::CourseNotFound.because(format!("there is no course `{}`", run.course_id));
        };
        by.may_change(provider)?;
        if course.is_retired {
            return Reason::CourseRetired.because(format!("`{}` is retired", run.course_id));
        }
        check(&dates_of(run))?;
        Ok(vec![Event::RunScheduled(run.clone())])
    }

    fn reschedule(&self, dates: &RunRescheduled) -> Decision<Self> {
        check(dates)?;
        if dates_of(&self.plan) == *dates {
            return Ok(Vec::new());
        }
        Ok(vec![Event::RunRescheduled(*dates)])
    }

    fn set_capacity(&self, it: RunCapacitySet) -> Decision<Self> {
        if self.plan.capacity == it.capacity && self.plan.waiting_list == it.waiting_list {
            return Ok(Vec::new());
        }
        let was_opened = self.course_version != 0;
        if was_opened && (self.plan.capacity == 0) != (it.capacity == 0) {
            return Reason::CapacityKindFixed
                .because("the run was opened: limited seats stay limited, unlimited ones unlimited");
        }
        Ok(vec![Event::RunCapacitySet(it)])
    }

    fn set_restrictions(&self, restrictions: &[RunRestriction]) -> Vec<Event> {
        if self.plan.restrictions == restrictions {
            return Vec::new();
        }
        vec![Event::RunRestrictionsSet(RunRestrictionsSet { restrictions: restrictions.to_vec() })]
    }

    fn set_scheme(&self, it: &AssessmentSchemeSet) -> Decision<Self> {
        scheme::check(it)?;
        Ok(if self.scheme == *it { Vec::new() } else { vec![Event::AssessmentSchemeSet(it.clone())] })
    }

    fn open(&self, course: &CourseFacts) -> Decision<Self> {
        if self.state == RunState::Open {
            return Ok(Vec::new());
        }
        if course.is_retired {
            return Reason::CourseRetired.because(format!("`{}` is retired", self.plan.course_id));
        }
        // A run that opens again goes on with the version that it began with.
        let version = if self.course_version == 0 { course.offered_version } else { self.course_version };
        if version == 0 {
            return Reason::CourseNotPublished.because(format!("no version of `{}` is published", self.plan.course_id));
        }
        Ok(vec![Event::RunOpened(RunOpened { course_version: version })])
    }

    fn close(&self, reason: &str) -> Decision<Self> {
        match self.state {
            RunState::Closed => Ok(Vec::new()),
            RunState::Open => Ok(vec![Event::RunClosed(RunClosed { reason: reason.to_owned() })]),
            _ => Reason::RunNotOpen.because("the run was not opened yet"),
        }
    }

    fn end(&self, at_ms: i64) -> Decision<Self> {
        if at_ms < self.plan.ends_at_ms {
            return Reason::RunNotOver.because("the run's end has not come yet; reschedule or cancel it");
        }
        Ok(vec![Event::RunEnded(RunEnded {})])
    }
}

#[cfg(test)]
mod tests;
