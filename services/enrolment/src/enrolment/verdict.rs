//! How an enrolment is judged: the run's rule on the recorded results, or staff with a reason.

use super::{Enrolment, Scored, no};
use studium_kit::Decision;
use studium_proto::enrolment::v1::{
    EnrolmentCompleted, EnrolmentFailed, EnrolmentMode, EnrolmentState, Outcome, Reason, enrolment_event::Event,
};

/// 100 %, in thousandths of a percent.
pub const WHOLE_MILLIPOINTS: u32 = 100_000;

/// How a run decides who has passed. Without a pass mark it only records, and staff decides alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Assessments and what they weigh; to be decidable those of a part that counts sum to 100 %.
    pub weights: Vec<Weight>,
    /// Share of the coursework in the final grade, thousandths of a percent; the rest is the examination's.
    pub coursework_share_millipoints: u32,
    /// At least so much passes, thousandths of a percent; 0 = none.
    pub pass_mark_millipoints: u32,
    /// At least so much passes with distinction, thousandths of a percent; 0 = the rule gives no distinction.
    pub distinction_mark_millipoints: u32,
}

/// What one assessment weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weight {
    /// The assessment.
    pub assessment_id: String,
    /// Within its part, thousandths of a percent.
    pub millipoints: u32,
    /// It belongs to the examination, not to the coursework.
    pub is_exam: bool,
}

/// What a rule says of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// There is no rule: staff decides.
    NoRule,
    /// The rule cannot decide: the weights of a part that counts do not sum to 100 %.
    Undecidable(String),
    /// These assessments have no score yet.
    Incomplete(Vec<String>),
    /// Passed, with this grade; with distinction or not.
    Passed(u32, Outcome),
    /// Not passed, with this grade.
    Failed(u32),
}

impl Rule {
    /// What an assessment weighs, if the rule knows it.
    pub fn weight_of(&self, assessment_id: &str) -> Option<u32> {
        self.weights.iter().find(|it| it.assessment_id == assessment_id).map(|it| it.millipoints)
    }

    fn judge(&self, score_of: impl Fn(&str) -> Option<u32>) -> Verdict {
        if self.pass_mark_millipoints == 0 {
            return Verdict::NoRule;
        }
        let whole = u64::from(WHOLE_MILLIPOINTS);
        let coursework = u64::from(self.coursework_share_millipoints.min(WHOLE_MILLIPOINTS));
        let (mut points, mut missing) = (0_u64, Vec::new());
        for (is_exam, share) in [(false, coursework), (true, whole - coursework)] {
            if share == 0 {
                continue;
            }
            let part = self.weights.iter().filter(|it| it.is_exam == is_exam && it.millipoints > 0);
            let sum: u64 = part.clone().map(|it| u64::from(it.millipoints)).sum();
            if sum != whole {
                let part = if is_exam { "examination" } else { "coursework" };
                return Verdict::Undecidable(format!(
                    "the weights of the {part} sum to {sum}, not to {whole} thousandths"
                ));
            }
            for it in part {
                match score_of(&it.assessment_id) {
                    Some(score) => points += u64::from(score) * u64::from(it.millipoints) * share,
                    None => missing.push(it.assessment_id.clone()),
                }
            }
        }
        if !missing.is_empty() {
            return Verdict::Incomplete(missing);
        }
        // Half a thousandth rounds up.
        let grade = ((points + whole * whole / 2) / (whole * whole)) as u32;
        if grade < self.pass_mark_millipoints {
            return Verdict::Failed(grade);
        }
        let distinction = self.distinction_mark_millipoints > 0 && grade >= self.distinction_mark_millipoints;
        Verdict::Passed(grade, if distinction { Outcome::Distinction } else { Outcome::Passed })
    }
}

impl Enrolment {
    /// What the rule says of the recorded results; of several attempts the best counts.
    fn verdict(&self, rule: &Rule) -> Verdict {
        rule.judge(|assessment| self.best(assessment))
    }

    fn best(&self, assessment: &str) -> Option<u32> {
        self.attempts(assessment).filter_map(|it| it.score).max()
    }

    pub(super) fn attempts(&self, assessment: &str) -> impl Iterator<Item = &Scored> {
        let range = (assessment.to_owned(), 0)..=(assessment.to_owned(), u32::MAX);
        self.results.range(range).map(|(_, it)| it)
    }

    pub(super) fn complete(&self, outcome: Outcome, grade: Option<u32>, why: &str, rule: &Rule) -> Decision<Self> {
        match self.state {
            EnrolmentState::Completed if self.outcome == outcome && (grade.is_none() || grade == self.grade) => {
                return Ok(Vec::new());
            }
            EnrolmentState::Active => {}
            EnrolmentState::Completed
            | EnrolmentState::Failed
            | EnrolmentState::Withdrawn
            | EnrolmentState::Expired => {
                return self.ended();
            }
            _ => return self.not_active(),
        }
        if self.terms.mode == EnrolmentMode::Audit {
            return no(Reason::AuditNotAssessed, "audit listeners get no result; change the mode first");
        }
        let (computed, objection) = match self.verdict(rule) {
            Verdict::NoRule => (None, None),
            Verdict::Undecidable(why) => (None, Some(why)),
            Verdict::Incomplete(missing) => (None, Some(format!("no result of {}", missing.join(", ")))),
            Verdict::Failed(it) => {
                (Some(it), Some(format!("the results come to {it}, below {}", rule.pass_mark_millipoints)))
            }
            Verdict::Passed(it, best) => {
                let too_much = outcome == Outcome::Distinction && best != Outcome::Distinction;
                let objection = too_much.then(|| format!("the results come to {it}, which is no distinction"));
                (Some(it), objection)
            }
        };
        let differs = matches!((grade, computed), (Some(given), Some(computed)) if given != computed);
        let objection = objection.or_else(|| differs.then(|| "the results come to another grade".to_owned()));
        match objection {
            Some(objection) if why.is_empty() => no(Reason::RuleNotSatisfied, objection),
            _ => Ok(vec![self.completed(outcome, grade.or(computed), why)]),
        }
    }

    fn completed(&self, outcome: Outcome, grade_millipoints: Option<u32>, override_reason: &str) -> Event {
        Event::EnrolmentCompleted(EnrolmentCompleted {
            outcome: outcome as i32,
            grade_millipoints,
            override_reason: override_reason.to_owned(),
            course_id: self.course_id.clone(),
            institution_id: self.institution_id.clone(),
            course_version: self.course_version,
            mode: self.terms.mode as i32,
            identity_verified: !self.results.is_empty() && self.results.values().all(|it| it.identity_verified),
        })
    }

    pub(super) fn fail(&self, grade: Option<u32>, reason: &str, rule: &Rule) -> Decision<Self> {
        match self.state {
            EnrolmentState::Failed if grade.is_none() || grade == self.grade => return Ok(Vec::new()),
            EnrolmentState::Active => {}
            EnrolmentState::Completed
            | EnrolmentState::Failed
            | EnrolmentState::Withdrawn
            | EnrolmentState::Expired => {
                return self.ended();
            }
            _ => return self.not_active(),
        }
        if self.terms.mode == EnrolmentMode::Audit {
            return no(Reason::AuditNotAssessed, "audit listeners get no result; change the mode first");
        }
        let (computed, objection) = match self.verdict(rule) {
            Verdict::NoRule => (None, None),
            Verdict::Undecidable(why) => (None, Some(why)),
            Verdict::Incomplete(missing) => (None, Some(format!("no result of {}", missing.join(", ")))),
            Verdict::Failed(it) => (Some(it), None),
            Verdict::Passed(it, _) => {
                (Some(it), Some(format!("the results come to {it}, at or above {}", rule.pass_mark_millipoints)))
            }
        };
        match objection {
            Some(objection) if reason.is_empty() => no(Reason::RuleNotSatisfied, objection),
            _ => Ok(vec![self.failed(grade.or(computed), reason.to_owned())]),
        }
    }

    fn failed(&self, grade_millipoints: Option<u32>, reason: String) -> Event {
        Event::EnrolmentFailed(EnrolmentFailed {
            grade_millipoints,
            reason,
            course_id: self.course_id.clone(),
            institution_id: self.institution_id.clone(),
        })
    }

    pub(super) fn conclude(&self, rule: &Rule) -> Decision<Self> {
        match self.state {
            EnrolmentState::Completed | EnrolmentState::Failed => return Ok(Vec::new()),
            EnrolmentState::Active => {}
            _ => return self.not_active(),
        }
        if self.terms.mode == EnrolmentMode::Audit {
            return no(Reason::AuditNotAssessed, "audit listeners get no result; change the mode first");
        }
        match self.verdict(rule) {
            Verdict::NoRule => no(Reason::RuleNotDecidable, "the run has no rule: staff decides"),
            Verdict::Undecidable(why) => no(Reason::RuleNotDecidable, why),
            Verdict::Incomplete(missing) => {
                no(Reason::ResultsIncomplete, format!("no result of {}", missing.join(", ")))
            }
            Verdict::Passed(grade, outcome) => Ok(vec![self.completed(outcome, Some(grade), "")]),
            Verdict::Failed(grade) => {
                let reason = format!("the results come to {grade}, below {}", rule.pass_mark_millipoints);
                Ok(vec![self.failed(Some(grade), reason)])
            }
        }
    }
}
