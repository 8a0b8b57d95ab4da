//! A recognition: whether another institution counts a credential, with an appeal that another officer decides.

use crate::acbs::credits;
use studium_kit::{Asked, By, Decider, Decision, Reason as _, Rejection};
use studium_proto::credentials::v1::{
    AwardScheme, AwardedCredit, CreditKind, Reason, RecognitionAppealDecided, RecognitionAppealed, RecognitionDecided,
    RecognitionEscalated, RecognitionOutcome, RecognitionReviewStarted, RecognitionState, RecognitionSubmitted,
    SubstantialDifference, recognition_event::Event,
};

/// In this time a recognition is decided where nobody says otherwise: 120 days, the platform's reading of the
/// "reasonable time limit" of the Lisbon Recognition Convention (article III.5), whose committee recommends four months.
pub const DAYS: u32 = 120;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// What can be asked of a recognition.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be looked at.
    Submit(Box<RecognitionSubmitted>),
    /// To be looked at by an officer now.
    Review { officer: String },
    /// To be decided.
    Decide(Box<Verdict>),
    /// To be looked at again: the learner disagrees.
    Appeal { learner_id: String, grounds: String },
    /// To be decided for good.
    DecideAppeal(Box<Verdict>),
    /// To be looked at by more people, if it is still not decided.
    Escalate { due_ms: i64 },
}

/// What an officer decides.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// How.
    pub outcome: RecognitionOutcome,
    /// Thousandths of a credit that count; 0 for a refusal.
    pub credits_milli: u32,
    /// The scheme in which they count.
    pub scheme: AwardScheme,
    /// As what they count.
    pub kind: CreditKind,
    /// In what the difference is substantial.
    pub difference: SubstantialDifference,
    /// Why.
    pub explanation: String,
    /// Who decides.
    pub officer: String,
    /// The most that the programme recognises, thousandths; 0 = no limit.
    pub cap_milli: u32,
    /// What the programme recognises already of the same learner, without this one, thousandths.
    pub before_milli: u64,
    /// The credential does not hold: it is suspended or revoked, or another one took its place.
    pub is_gone: bool,
}

impl Verdict {
    /// What is refused counts in no scheme.
    fn counts_in(&self) -> AwardScheme {
        if self.outcome == RecognitionOutcome::Refused { AwardScheme::Unspecified } else { self.scheme }
    }
}

/// A recognition as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Recognition {
    state: RecognitionState,
    submitted: Box<RecognitionSubmitted>,
    officer: String,
    outcome: RecognitionOutcome,
    credits_milli: u32,
    scheme: AwardScheme,
    kind: CreditKind,
    explanation: String,
    /// Due then; 0 = nothing is to be decided.
    due_ms: i64,
    is_escalated: bool,
}

impl Decider for Recognition {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        if let Command::Submit(it) = command {
            return self.submit(it);
        }
        if self.state == RecognitionState::Unspecified {
            return Reason::RecognitionNotFound.because("no such recognition was asked for");
        }
        match command {
            Command::Appeal { learner_id, grounds } => return self.appeal(by, learner_id, grounds),
            Command::Escalate { due_ms } => return Ok(self.escalate(*due_ms)),
            _ => by.may_act_for(&self.submitted.institution_id, Reason::NotYourInstitution)?,
        }
        match command {
            Command::Review { officer } => match self.state {
                RecognitionState::Submitted => {
                    let officer = officer.clone();
                    Ok(vec![Event::RecognitionReviewStarted(RecognitionReviewStarted { officer })])
                }
                RecognitionState::UnderReview => Ok(Vec::new()),
                _ => Reason::RecognitionDecided.because("it is decided"),
            },
            Command::Decide(it) => self.verdict(it),
            Command::DecideAppeal(it) => self.appeal_verdict(it),
            Command::Submit(_) | Command::Appeal { .. } | Command::Escalate { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RecognitionSubmitted(it) => {
                (self.state, self.due_ms) = (RecognitionState::Submitted, it.due_at_ms);
                *self.submitted = it.clone();
            }
            Event::RecognitionReviewStarted(_) => self.state = RecognitionState::UnderReview,
            Event::RecognitionDecided(it) => {
                self.state = RecognitionState::Decided;
                (self.outcome, self.credits_milli, self.scheme) = (it.outcome(), it.credits_milli, it.scheme());
                (self.officer, self.explanation) = (it.officer.clone(), it.explanation.clone());
                self.kind = it.kind();
                (self.due_ms, self.is_escalated) = (0, false);
            }
            Event::RecognitionAppealed(it) => {
                (self.state, self.due_ms) = (RecognitionState::Appealed, it.due_at_ms);
            }
            Event::RecognitionAppealDecided(it) => {
                self.state = RecognitionState::Final;
                (self.outcome, self.credits_milli, self.scheme) = (it.outcome(), it.credits_milli, it.scheme());
                (self.kind, self.explanation) = (it.kind(), it.explanation.clone());
                (self.due_ms, self.is_escalated) = (0, false);
            }
            Event::RecognitionEscalated(_) => self.is_escalated = true,
        }
    }
}

impl Recognition {
    /// What was handed in where; nothing at all if it was not asked for.
    pub fn submitted(&self) -> &RecognitionSubmitted {
        &self.submitted
    }

    /// One credential is handed in once at one institution; who disagrees with the decision appeals.
    fn submit(&self, it: &RecognitionSubmitted) -> Decision<Self> {
        if self.state != RecognitionState::Unspecified {
            return Ok(Vec::new());
        }
        if !it.issuer_institution_id.is_empty() && it.issuer_institution_id == it.institution_id {
            return Reason::RecognitionByIssuer.because("what an institution issued it recognises without being asked");
        }
        Ok(vec![Event::RecognitionSubmitted(it.clone())])
    }

    fn is_same(&self, it: &Verdict) -> bool {
        (self.outcome, self.credits_milli, self.scheme) == (it.outcome, it.credits_milli, it.counts_in())
            && (self.kind, &self.explanation) == (it.kind, &it.explanation)
    }

    fn verdict(&self, it: &Verdict) -> Decision<Self> {
        match self.state {
            RecognitionState::Submitted | RecognitionState::UnderReview => {}
            RecognitionState::Decided if self.is_same(it) && self.officer == it.officer => return Ok(Vec::new()),
            _ => return Reason::RecognitionDecided.because("it is decided; the learner may appeal"),
        }
        self.holds(it)?;
        Ok(vec![Event::RecognitionDecided(RecognitionDecided {
            outcome: it.outcome as i32,
            credits_milli: it.credits_milli,
            scheme: it.counts_in() as i32,
            kind: it.kind as i32,
            difference: it.difference as i32,
            explanation: it.explanation.clone(),
            officer: it.officer.clone(),
            learner_id: self.submitted.learner_id.clone(),
            institution_id: self.submitted.institution_id.clone(),
            issuer_institution_id: self.submitted.issuer_institution_id.clone(),
        })])
    }

    fn appeal(&self, by: &By, learner_id: &str, grounds: &str) -> Decision<Self> {
        if learner_id != self.submitted.learner_id {
            return Reason::NotTheLearner.because("only the learner whom it is about may appeal");
        }
        match self.state {
            RecognitionState::Decided => {}
            RecognitionState::Appealed => return Ok(Vec::new()),
            RecognitionState::Final => return Reason::RecognitionFinal.because("the appeal is decided"),
            _ => return Reason::RecognitionNotDecided.because("it is not decided yet"),
        }
        if grounds.trim().is_empty() {
            return Reason::Required.because("say why you disagree");
        }
        Ok(vec![Event::RecognitionAppealed(RecognitionAppealed {
            grounds: grounds.to_owned(),
            due_at_ms: by.at_ms + i64::from(DAYS) * DAY_MS,
        })])
    }

    fn appeal_verdict(&self, it: &Verdict) -> Decision<Self> {
        match self.state {
            RecognitionState::Appealed => {}
            RecognitionState::Final if self.is_same(it) => return Ok(Vec::new()),
            RecognitionState::Final => return Reason::RecognitionFinal.because("the appeal is decided"),
            _ => return Reason::RecognitionNotAppealed.because("nobody appealed"),
        }
        if it.officer == self.officer {
            return Reason::SameOfficer.because("you decided before; another officer decides about the appeal");
        }
        self.holds(it)?;
        if self.credits_milli > 0 && it.credits_milli > 0 && it.scheme != self.scheme {
            return Reason::RecognitionSchemeChanged.because("what counts already is of another scheme");
        }
        Ok(vec![Event::RecognitionAppealDecided(RecognitionAppealDecided {
            outcome: it.outcome as i32,
            credits_milli: it.credits_milli,
            scheme: it.counts_in() as i32,
            kind: it.kind as i32,
            difference: it.difference as i32,
            explanation: it.explanation.clone(),
            officer: it.officer.clone(),
            learner_id: self.submitted.learner_id.clone(),
            institution_id: self.submitted.institution_id.clone(),
            issuer_institution_id: self.submitted.issuer_institution_id.clone(),
        })])
    }

    /// What every decision needs: an explanation, one of five elements where it refuses, and no more than was earned.
    fn holds(&self, it: &Verdict) -> Result<(), Rejection<Reason>> {
        if it.explanation.trim().is_empty() {
            return Reason::ExplanationRequired.because("explain the decision; the learner may appeal against it");
        }
        match it.outcome {
            RecognitionOutcome::Unspecified => return Reason::Required.because("say how it is decided"),
            RecognitionOutcome::Full | RecognitionOutcome::Partial if it.is_gone => {
                return Reason::CredentialNotActive.because("the credential does not hold any more; refuse, or wait");
            }
            RecognitionOutcome::Refused if it.difference == SubstantialDifference::Unspecified => {
                return Reason::Required.because("say in which of the five elements the difference is substantial");
            }
            RecognitionOutcome::Refused if it.credits_milli > 0 => {
                return Reason::CreditsRequired.because("of what is refused nothing counts");
            }
            RecognitionOutcome::Refused => return Ok(()),
            RecognitionOutcome::Full | RecognitionOutcome::Partial => {}
        }
        if it.scheme == AwardScheme::Unspecified {
            return Reason::SchemeRequired.because("say in which scheme the credits count");
        }
        if it.credits_milli == 0 {
            return Reason::CreditsRequired.because("say how many credits count, or refuse");
        }
        let (count, claimed) = (u64::from(it.credits_milli), claimed(&self.submitted.claimed, it.scheme));
        // Credits of another scheme are another quantity: there the officer's explanation is all there is.
        if let Some(earned) = claimed.filter(|earned| count > *earned) {
            let why = format!("{} credits of {}", credits(count), credits(earned));
            return Reason::RecognisedAboveEarned.because(why);
        }
        if it.outcome == RecognitionOutcome::Full && claimed.is_some_and(|earned| count < earned) {
            return Reason::CreditsRequired.because("less than all is a part; decide so");
        }
        let cap = u64::from(it.cap_milli);
        if cap > 0 && it.before_milli + count > cap {
            let (before, cap) = (credits(it.before_milli), credits(cap));
            let why = format!("{before} and {} more, at most {cap} in the programme", credits(count));
            return Reason::RecognitionCap.because(why);
        }
        Ok(())
    }

    /// Once, and only while it is due.
    fn escalate(&self, due_ms: i64) -> Vec<Event> {
        if self.due_ms == 0 || self.due_ms != due_ms || self.is_escalated {
            return Vec::new();
        }
        vec![Event::RecognitionEscalated(RecognitionEscalated { due_at_ms: due_ms })]
    }
}

/// What a credential claims in a scheme, thousandths. Credentials of other platforms name no scheme.
fn claimed(all: &[AwardedCredit], scheme: AwardScheme) -> Option<u64> {
    let mut fits = all.iter().filter(|it| it.scheme() == scheme || it.scheme() == AwardScheme::Unspecified);
    fits.next().map(|it| it.credits_milli.into())
}

#[cfg(test)]
mod tests;
