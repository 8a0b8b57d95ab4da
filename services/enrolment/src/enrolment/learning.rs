//! What a learner does in a run: opens it, works through modules, attends, is assessed.

use super::{Authority, By, Enrolment, Rule, Scored, no, word};
use studium_kit::Decision;
use studium_proto::enrolment::v1::{
    AttendanceRecorded, EnrolmentMode, EnrolmentStarted, EnrolmentState, ProgressRecorded, Reason, ResultRecorded,
    enrolment_event::Event,
};

impl Enrolment {
    pub(super) fn start(&self) -> Decision<Self> {
        if self.is_started {
            return Ok(Vec::new());
        }
        if self.state != EnrolmentState::Active {
            return self.not_active();
        }
        Ok(vec![Event::EnrolmentStarted(EnrolmentStarted {})])
    }

    /// Time is told as a total, so a report that comes twice or late takes nothing back.
    pub(super) fn record_progress(&self, module_id: &str, minutes: u32, completed: bool) -> Decision<Self> {
        let (known_minutes, known_completed) = self.modules.get(module_id).copied().unwrap_or_default();
        let is_known = self.modules.contains_key(module_id);
        if is_known && minutes <= known_minutes && (known_completed || !completed) {
            return Ok(Vec::new());
        }
        if self.state != EnrolmentState::Active {
            return self.not_active();
        }
        let mut events = Vec::with_capacity(2);
        if !self.is_started {
            events.push(Event::EnrolmentStarted(EnrolmentStarted {}));
        }
        events.push(Event::ProgressRecorded(ProgressRecorded {
            module_id: module_id.to_owned(),
            minutes: minutes.max(known_minutes),
            completed: completed || known_completed,
            added_minutes: minutes.saturating_sub(known_minutes),
            completed_now: completed && !known_completed,
        }));
        Ok(events)
    }

    pub(super) fn record_attendance(&self, session_id: &str, attendance: i32, minutes: u32) -> Decision<Self> {
        let known = self.sessions.get(session_id);
        if known == Some(&(attendance, minutes)) {
            return Ok(Vec::new());
        }
        let previous = known.map_or(0, |(attendance, _)| *attendance);
        if self.state != EnrolmentState::Active {
            return self.not_active();
        }
        let session_id = session_id.to_owned();
        Ok(vec![Event::AttendanceRecorded(AttendanceRecorded { session_id, attendance, minutes, previous })])
    }

    pub(super) fn record_result(&self, by: &By, result: &ResultRecorded, rule: &Rule) -> Decision<Self> {
        let mut result = result.clone();
        if let Some(weight) = rule.weight_of(&result.assessment_id) {
            result.weight_millipoints = weight;
        } else if !rule.weights.is_empty() {
            let sentence = format!("the run's rule has no assessment `{}`", result.assessment_id);
            return no(Reason::AssessmentNotInRun, sentence);
        }
        let known = self.results.get(&(result.assessment_id.clone(), result.attempt));
        if known == Some(&Scored::from(&result)) {
            return Ok(Vec::new());
        }
        if self.terms.mode == EnrolmentMode::Audit {
            return no(Reason::AuditNotAssessed, "audit listeners are not assessed");
        }
        let overrides = !result.override_reason.is_empty();
        if self.state != EnrolmentState::Active && !(overrides && by.authority == Authority::Registrar) {
            return no(
                Reason::ResultNotActive,
                format!("the enrolment is {}; only a registrar records late results, with a reason", word(self.state)),
            );
        }
        if known.is_some() && !overrides {
            return no(
                Reason::ResultDiffers,
                format!(
                    "attempt {} at `{}` has another result; say why it changes",
                    result.attempt, result.assessment_id
                ),
            );
        }
        result.first = self.attempts(&result.assessment_id).next().is_none();
        Ok(vec![Event::ResultRecorded(result)])
    }
}
