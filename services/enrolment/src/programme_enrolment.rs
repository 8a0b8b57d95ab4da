//! One learner in one programme: joins, completes course after course, graduates when the composition is satisfied.

use crate::enrolment::{Authority, By};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::enrolment::v1::{
    ElectiveGroup, ElectivesChosen, EnrolmentSource, Outcome, ProgrammeCompleted, ProgrammeCourseCompleted,
    ProgrammeJoined, ProgrammePaymentRecorded, ProgrammeReinstated, ProgrammeState, ProgrammeSuspended,
    ProgrammeWithdrawn, Reason, programme_enrolment_event::Event,
};

/// What can be asked of a place in a programme, by whom and when.
#[derive(Debug, Clone)]
pub struct Command {
    /// Who asks, when, and for which institution.
    pub by: By,
    /// What is asked.
    pub act: Act,
}

/// What can be asked of a place in a programme.
#[derive(Debug, Clone)]
pub enum Act {
    /// To join; the facts are the catalogue's, the round is counted here.
    Join { is_open: bool, facts: ProgrammeJoined },
    /// To note a payment.
    RecordPayment { payment_id: String, amount_minor: i64, currency: String },
    /// To choose electives of a group.
    ChooseElectives { group_id: String, course_ids: Vec<String> },
    /// To note that a course of the programme is completed.
    CompleteCourse { course_id: String, run_id: String, outcome: Outcome, grade_millipoints: Option<u32> },
    /// To rest.
    Suspend { reason: String },
    /// To go on after a rest.
    Reinstate { reason: String },
    /// To leave.
    Withdraw { reason: String },
}

/// One learner in one programme, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct ProgrammeEnrolment {
    state: ProgrammeState,
    joined: ProgrammeJoined,
    due_minor: i64,
    payments: BTreeMap<String, (i64, String)>,
    electives: BTreeMap<String, Vec<String>>,
    completed: BTreeSet<String>,
}

impl ProgrammeEnrolment {
    /// Where it stands.
    pub fn state(&self) -> ProgrammeState {
        self.state
    }
}

impl Decider for ProgrammeEnrolment {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        let by = &command.by;
        if let Act::Join { is_open, facts } = &command.act {
            by.may_act_for(&facts.institution_id, &facts.sponsor_institution_id)?;
            let own = facts.source() == EnrolmentSource::SelfPaid && facts.sponsor_institution_id.is_empty();
            if by.authority == Authority::Learner && !own {
                return Reason::SourceNotAllowed.because("learners join as self-payers, without a sponsor");
            }
            return self.join(*is_open, facts);
        }
        if self.state == ProgrammeState::Unspecified {
            return Reason::NotInProgramme.because("the learner never joined this programme");
        }
        by.may_act_for(&self.joined.institution_id, &self.joined.sponsor_institution_id)?;
        match &command.act {
            Act::Join { .. } => Ok(Vec::new()),
            Act::RecordPayment { payment_id, amount_minor, currency } => {
                self.record_payment(payment_id, *amount_minor, currency)
            }
            Act::ChooseElectives { group_id, course_ids } => self.choose_electives(group_id, course_ids),
            Act::CompleteCourse { course_id, run_id, outcome, grade_millipoints } => {
                self.complete_course(course_id, run_id, *outcome, *grade_millipoints)
            }
            Act::Suspend { reason } => self.suspend(reason),
            Act::Reinstate { reason } => self.reinstate(reason),
            Act::Withdraw { reason } => self.withdraw(reason),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ProgrammeJoined(it) => {
                self.state = ProgrammeState::Active;
                self.due_minor = it.amount_due_minor;
                self.joined = it.clone();
            }
            Event::ProgrammePaymentRecorded(it) => {
                self.due_minor = self.due_minor.saturating_sub(it.amount_minor).max(0);
                self.payments.insert(it.payment_id.clone(), (it.amount_minor, it.currency.clone()));
            }
            Event::ElectivesChosen(it) => {
                self.electives.insert(it.group_id.clone(), it.course_ids.clone());
            }
            Event::ProgrammeCourseCompleted(it) => {
                self.completed.insert(it.course_id.clone());
            }
            Event::ProgrammeSuspended(_) => self.state = ProgrammeState::Suspended,
            Event::ProgrammeReinstated(_) => self.state = ProgrammeState::Active,
            Event::ProgrammeWithdrawn(_) => self.state = ProgrammeState::Withdrawn,
            Event::ProgrammeCompleted(_) => self.state = ProgrammeState::Completed,
        }
    }
}

impl ProgrammeEnrolment {
    fn join(&self, is_open: bool, facts: &ProgrammeJoined) -> Decision<Self> {
        match self.state {
            ProgrammeState::Active | ProgrammeState::Completed => return Ok(Vec::new()),
            ProgrammeState::Suspended => return Reason::ProgrammeNotActive.because("the place rests; reinstate it"),
            ProgrammeState::Unspecified | ProgrammeState::Withdrawn => {}
        }
        if !is_open {
            return Reason::ProgrammeNotOpen.because("the programme is not published, or retired");
        }
        let paid: i64 = self.payments.values().map(|(amount, _)| *amount).sum();
        let mut joined = facts.clone();
        joined.round = self.joined.round + 1;
        // Whom an institution or staff brings in has paid elsewhere.
        let price = if facts.source() == EnrolmentSource::SelfPaid { facts.amount_due_minor } else { 0 };
        joined.amount_due_minor = price.saturating_sub(paid).max(0);
        if joined.amount_due_minor == 0 {
            joined.currency.clear();
        }
        Ok(self.and_graduate(vec![Event::ProgrammeJoined(joined)]))
    }

    /// Adds the graduation if these events make the composition satisfied and leave nothing to pay.
    fn and_graduate(&self, mut events: Vec<Event>) -> Vec<Event> {
        let mut after = self.clone();
        for it in &events {
            after.evolve(it);
        }
        if after.state == ProgrammeState::Active && after.due_minor == 0 && after.is_satisfied() {
            events.push(Event::ProgrammeCompleted(ProgrammeCompleted {
                programme_version: after.joined.programme_version,
                institution_id: after.joined.institution_id.clone(),
                course_ids: after.completed.iter().cloned().collect(),
            }));
        }
        events
    }

    fn is_satisfied(&self) -> bool {
        let is_empty = self.joined.required_course_ids.is_empty() && self.joined.elective_groups.is_empty();
        let groups = &self.joined.elective_groups;
        let enough = |it: &ElectiveGroup| {
            it.course_ids.iter().filter(|course| self.completed.contains(*course)).count() >= it.choose as usize
        };
        !is_empty
            && self.joined.required_course_ids.iter().all(|it| self.completed.contains(it))
            && groups.iter().all(enough)
    }

    fn record_payment(&self, payment_id: &str, amount_minor: i64, currency: &str) -> Decision<Self> {
        if let Some((amount, code)) = self.payments.get(payment_id) {
            if *amount == amount_minor && code == currency {
                return Ok(Vec::new());
            }
            return Reason::PaymentDiffers.because(format!("payment `{payment_id}` is recorded as {amount} {code}"));
        }
        if self.state == ProgrammeState::Withdrawn {
            return self.not_active();
        }
        if self.due_minor > 0 && currency != self.joined.currency {
            return Reason::CurrencyDiffers.because(format!("the amount is due in {}", self.joined.currency));
        }
        let settled = amount_minor >= self.due_minor;
        let (payment_id, currency) = (payment_id.to_owned(), currency.to_owned());
        let paid = ProgrammePaymentRecorded { payment_id, amount_minor, currency, settled };
        Ok(self.and_graduate(vec![Event::ProgrammePaymentRecorded(paid)]))
    }

    fn choose_electives(&self, group_id: &str, course_ids: &[String]) -> Decision<Self> {
        if self.electives.get(group_id).is_some_and(|it| it == course_ids) {
            return Ok(Vec::new());
        }
        if self.state != ProgrammeState::Active {
            return self.not_active();
        }
        let Some(group) = self.joined.elective_groups.iter().find(|it| it.group_id == group_id) else {
            return Reason::GroupNotFound.because(format!("the programme has no group `{group_id}`"));
        };
        if let Some(it) = course_ids.iter().find(|it| !group.course_ids.contains(it)) {
            return Reason::CourseNotInProgramme.because(format!("`{it}` is not in group `{group_id}`"));
        }
        let different: BTreeSet<_> = course_ids.iter().collect();
        if course_ids.len() != group.choose as usize || different.len() != course_ids.len() {
            return Reason::WrongNumberOfElectives.because(format!("choose {} different courses", group.choose));
        }
        Ok(vec![Event::ElectivesChosen(ElectivesChosen {
            group_id: group_id.to_owned(),
            course_ids: course_ids.to_vec(),
        })])
    }

    fn complete_course(&self, course: &str, run: &str, outcome: Outcome, grade: Option<u32>) -> Decision<Self> {
        if self.completed.contains(course) {
            return Ok(Vec::new());
        }
        // A course that is passed during a rest counts; leaving ends the counting.
        if matches!(self.state, ProgrammeState::Withdrawn | ProgrammeState::Completed) {
            return self.not_active();
        }
        let in_groups = self.joined.elective_groups.iter().any(|it| it.course_ids.iter().any(|it| it == course));
        if !in_groups && !self.joined.required_course_ids.iter().any(|it| it == course) {
            return Reason::CourseNotInProgramme.because(format!("`{course}` is not part of the programme"));
        }
        let completed = ProgrammeCourseCompleted {
            course_id: course.to_owned(),
            run_id: run.to_owned(),
            outcome: outcome as i32,
            grade_millipoints: grade,
        };
        Ok(self.and_graduate(vec![Event::ProgrammeCourseCompleted(completed)]))
    }

    fn suspend(&self, reason: &str) -> Decision<Self> {
        match self.state {
            ProgrammeState::Suspended => Ok(Vec::new()),
            ProgrammeState::Active if reason.is_empty() => {
                Reason::ExplanationRequired.because("say why the place rests")
            }
            ProgrammeState::Active => {
                Ok(vec![Event::ProgrammeSuspended(ProgrammeSuspended { reason: reason.to_owned() })])
            }
            _ => self.not_active(),
        }
    }

    fn reinstate(&self, reason: &str) -> Decision<Self> {
        match self.state {
            // Graduation follows a reinstatement at once when everything was completed meanwhile.
            ProgrammeState::Active | ProgrammeState::Completed => Ok(Vec::new()),
            ProgrammeState::Suspended if reason.is_empty() => {
                Reason::ExplanationRequired.because("say why the place is reinstated")
            }
            ProgrammeState::Suspended => {
                let back = ProgrammeReinstated { reason: reason.to_owned() };
                Ok(self.and_graduate(vec![Event::ProgrammeReinstated(back)]))
            }
            _ => self.not_active(),
        }
    }

    fn withdraw(&self, reason: &str) -> Decision<Self> {
        match self.state {
            ProgrammeState::Withdrawn => Ok(Vec::new()),
            ProgrammeState::Completed => self.not_active(),
            _ => Ok(vec![Event::ProgrammeWithdrawn(ProgrammeWithdrawn { reason: reason.to_owned() })]),
        }
    }

    fn not_active(&self) -> Decision<Self> {
        let state = match self.state {
            ProgrammeState::Unspecified => "unknown",
            ProgrammeState::Active => "active",
            ProgrammeState::Suspended => "suspended",
            ProgrammeState::Withdrawn => "withdrawn",
            ProgrammeState::Completed => "completed",
        };
        Reason::ProgrammeNotActive.because(format!("the place in the programme is {state}"))
    }
}

#[cfg(test)]
mod tests;
