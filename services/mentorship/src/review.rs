//! One review: work of a learner, in rounds; at most one lock on it; and nothing that was returned is ever lost.

mod locking;
mod returning;

pub use locking::{Answer, reason_of};

use crate::{
    mark::{Mark, mark},
    standing,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Asked, Decider, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    MentorshipState, Reason, ReviewKind, ReviewLockEnd, ReviewLockRefusal, ReviewResubmitted, ReviewScore,
    ReviewStanding, ReviewSubmitted, ReviewVerdict, ReviewWithdrawalCause, ReviewWithdrawn, review_event::Event,
};

/// What can be asked of a review.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, with the work of the first round.
    Submit(Submitted),
    /// To let a reviewer work on it, for whom a slot of his desk is set aside.
    Lock { reviewer_id: String, slot: u32, until_ms: i64 },
    /// To let the reviewer work on it until then.
    Extend { reviewer_id: String, slot: u32, until_ms: i64 },
    /// To be free for others; by the reviewer, by staff, or because the two never meet again.
    EndLock { reviewer_id: String, end: ReviewLockEnd },
    /// To note that a lock's time is over.
    Expire { until_ms: i64 },
    /// To keep what a reviewer says of a round. `is_blocked`: reviewer and learner never meet again.
    Return { returned: Returned, is_blocked: bool },
    /// To begin the next round.
    Resubmit { learner_id: String, round: u32, work: Work, mentorship: MentorshipState },
    /// To be taken back. `learner_id` is set if it is the learner who asks.
    Withdraw { learner_id: String, cause: ReviewWithdrawalCause, reason: String },
}

/// What is put before a reviewer for the first time.
#[derive(Debug, Clone, Default)]
pub struct Submitted {
    /// The programme.
    pub programme_id: String,
    /// The learner.
    pub learner_id: String,
    /// Institution that owns the programme.
    pub institution_id: String,
    /// What sort of work it is.
    pub kind: ReviewKind,
    /// The work.
    pub work: Work,
    /// How far the learner's mentorship in the programme is.
    pub mentorship: MentorshipState,
}

/// Work of one round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// What it is called.
    pub title: String,
    /// The work itself.
    pub text: String,
    /// Where it is, if it is not the text.
    pub url: String,
    /// SHA-256 of what is there.
    pub sha256: String,
    /// Skills that it shows.
    pub skills: Vec<String>,
}

/// What a reviewer says of a round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Returned {
    /// The reviewer.
    pub reviewer_id: String,
    /// The round.
    pub round: u32,
    /// Scores by criterion.
    pub scores: Vec<ReviewScore>,
    /// The verdict.
    pub verdict: ReviewVerdict,
    /// In words.
    pub comment: String,
}

/// How far a review has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    None,
    /// Its round waits for a verdict.
    Open,
    /// Its round has one.
    Returned(ReviewVerdict),
    Withdrawn,
}

/// Who works on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lock {
    reviewer_id: String,
    slot: u32,
    until_ms: i64,
}

/// Whose work a review is about, and whose verdict counted last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The programme.
    pub programme_id: String,
    /// The learner.
    pub learner_id: String,
    /// Institution that owns the programme.
    pub institution_id: String,
    /// Whose verdict counted last; empty if none has.
    pub last_reviewer_id: String,
    /// The present round, from 1.
    pub round: u32,
}

/// One review, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Review {
    phase: Phase,
    programme_id: String,
    learner_id: String,
    institution_id: String,
    kind: ReviewKind,
    /// What the work of each round was, told apart from any other; the last is the present one.
    rounds: Vec<Mark>,
    lock: Option<Lock>,
    /// The last slot of each reviewer that was answered, and why it was refused, if it was.
    answered: BTreeMap<String, (u32, Option<ReviewLockRefusal>)>,
    /// Who had a lock in which round.
    worked: BTreeSet<(u32, String)>,
    /// What was returned, told apart from any other word, by round and reviewer.
    returned: BTreeMap<(u32, String), (ReviewStanding, Mark)>,
    /// Whose verdict counted last.
    last_reviewer_id: String,
}

impl Review {
    /// The programme.
    pub fn programme_id(&self) -> &str {
        &self.programme_id
    }

    /// The learner.
    pub fn learner_id(&self) -> &str {
        &self.learner_id
    }

    /// Whose work it is about, and whose verdict counted last.
    pub fn about(&self) -> About {
        About {
            programme_id: self.programme_id.clone(),
            learner_id: self.learner_id.clone(),
            institution_id: self.institution_id.clone(),
            last_reviewer_id: self.last_reviewer_id.clone(),
            round: self.round(),
        }
    }

    fn round(&self) -> u32 {
        self.rounds.len() as u32
    }

    /// What became of what a reviewer returned of a round.
    pub fn standing(&self, round: u32, reviewer_id: &str) -> Option<ReviewStanding> {
        self.returned.get(&(round, reviewer_id.to_owned())).map(|it| it.0)
    }

    fn known(&self) -> Result<(), Rejection<Reason>> {
        match self.phase {
            Phase::None => Reason::ReviewNotFound.because("no such review was submitted"),
            _ => Ok(()),
        }
    }

    /// Another learner hears nothing of the review, not even that there is one.
    fn is_of(&self, learner_id: &str) -> Result<(), Rejection<Reason>> {
        if learner_id == self.learner_id {
            return Ok(());
        }
        Reason::ReviewNotFound.because("no such review was submitted")
    }
}

impl Decider for Review {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let at_ms = asked.by.at_ms;
        match &asked.command {
            Command::Submit(it) => return self.submit(it),
            // The reviewer's slot wants an answer also where there is no review.
            Command::Lock { reviewer_id, slot, until_ms } => {
                return Ok(self.lock(reviewer_id, *slot, *until_ms, at_ms));
            }
            _ => self.known()?,
        }
        match &asked.command {
            Command::Submit(_) | Command::Lock { .. } => Ok(Vec::new()),
            Command::Extend { reviewer_id, slot, until_ms } => self.extend(reviewer_id, *slot, *until_ms, at_ms),
            Command::EndLock { reviewer_id, end } => {
                asked.by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?;
                self.end_lock(reviewer_id, *end)
            }
            Command::Expire { until_ms } => Ok(self.expire(*until_ms)),
            Command::Return { returned, is_blocked } => self.take_back(returned, *is_blocked, at_ms),
            Command::Resubmit { learner_id, round, work, mentorship } => {
                self.is_of(learner_id)?;
                self.resubmit(*round, work, *mentorship)
            }
            Command::Withdraw { learner_id, cause, reason } => {
                if *cause == ReviewWithdrawalCause::Learner {
                    self.is_of(learner_id)?;
                } else {
                    asked.by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?;
                }
                Ok(self.withdraw(*cause, reason))
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ReviewSubmitted(it) => {
                self.phase = Phase::Open;
                self.kind = it.kind();
                self.programme_id.clone_from(&it.programme_id);
                self.learner_id.clone_from(&it.learner_id);
                self.institution_id.clone_from(&it.institution_id);
                self.rounds = vec![mark(&Work::from(it))];
            }
            Event::ReviewResubmitted(it) => {
                self.phase = Phase::Open;
                self.rounds.push(mark(&Work::from(it)));
            }
            Event::ReviewLocked(it) => {
                let reviewer_id = it.reviewer_id.clone();
                self.answered.insert(reviewer_id.clone(), (it.slot, None));
                self.worked.insert((it.round, reviewer_id.clone()));
                self.lock = Some(Lock { reviewer_id, slot: it.slot, until_ms: it.until_ms });
            }
            Event::ReviewLockRefused(it) => {
                self.answered.insert(it.reviewer_id.clone(), (it.slot, Some(it.refusal())));
            }
            Event::ReviewLockExtended(it) => {
                if let Some(lock) = &mut self.lock {
                    lock.until_ms = it.until_ms;
                }
            }
            Event::ReviewLockEnded(_) => self.lock = None,
            Event::ReviewReturned(it) => {
                if it.standing() == ReviewStanding::Counts {
                    self.phase = Phase::Returned(it.verdict());
                    self.last_reviewer_id.clone_from(&it.reviewer_id);
                }
                let returned = Returned {
                    reviewer_id: it.reviewer_id.clone(),
                    round: it.round,
                    scores: it.scores.clone(),
                    verdict: it.verdict(),
                    comment: it.comment.clone(),
                };
                self.returned.insert((it.round, it.reviewer_id.clone()), (it.standing(), mark(&returned)));
            }
            Event::ReviewWithdrawn(_) => self.phase = Phase::Withdrawn,
        }
    }
}

impl Review {
    fn submit(&self, it: &Submitted) -> Decision<Self> {
        if self.phase != Phase::None {
            let same = (&self.programme_id, &self.learner_id, self.kind, self.rounds.first().copied())
                == (&it.programme_id, &it.learner_id, it.kind, Some(mark(&it.work)));
            return if same {
                Ok(Vec::new())
            } else {
                Reason::ReviewExists.because("a review with this id exists already, with other work; choose another id")
            };
        }
        standing::runs(it.mentorship)?;
        let work = it.work.clone();
        Ok(vec![Event::ReviewSubmitted(ReviewSubmitted {
            programme_id: it.programme_id.clone(),
            learner_id: it.learner_id.clone(),
            institution_id: it.institution_id.clone(),
            kind: it.kind as i32,
            title: work.title,
            text: work.text,
            url: work.url,
            sha256: work.sha256,
            skills: work.skills,
        })])
    }

    fn resubmit(&self, round: u32, work: &Work, mentorship: MentorshipState) -> Decision<Self> {
        if round > 1 && round == self.round() && self.rounds.last() == Some(&mark(work)) {
            return Ok(Vec::new());
        }
        match self.phase {
            Phase::Withdrawn => return Reason::ReviewWithdrawn.because("it was taken back; submit it anew"),
            Phase::Returned(ReviewVerdict::RequiresChanges) => {}
            Phase::Returned(_) => {
                return Reason::ReviewFinished.because("it meets the specifications; there is nothing to resubmit");
            }
            Phase::None | Phase::Open => return Reason::ReviewNotReturned.because("the round is not returned yet"),
        }
        if round != self.round() + 1 {
            return Reason::ReviewRoundUnknown.because(format!("the next round is {}", self.round() + 1));
        }
        standing::runs(mentorship)?;
        let work = work.clone();
        Ok(vec![Event::ReviewResubmitted(ReviewResubmitted {
            round,
            title: work.title,
            text: work.text,
            url: work.url,
            sha256: work.sha256,
            skills: work.skills,
        })])
    }

    fn withdraw(&self, cause: ReviewWithdrawalCause, reason: &str) -> Vec<Event> {
        let by_end = cause == ReviewWithdrawalCause::MentorshipEnded;
        // What has its verdict is not taken back because the mentorship is over.
        if self.phase == Phase::Withdrawn || (by_end && self.phase != Phase::Open) {
            return Vec::new();
        }
        let withdrawn = ReviewWithdrawn {
            round: self.round(),
            cause: cause as i32,
            reason: reason.to_owned(),
            after_return: matches!(self.phase, Phase::Returned(_)),
        };
        // The reviewer's slot is free at once; what the reviewer wrote can be returned all the same.
        self.lock_ended(ReviewLockEnd::Withdrawn).into_iter().chain([Event::ReviewWithdrawn(withdrawn)]).collect()
    }
}

/// Takes the work out of the event that tells of it.
macro_rules! work_of {
    ($($event:ident),*) => {$(
        impl From<&$event> for Work {
            fn from(it: &$event) -> Self {
                let it = it.clone();
                Self { title: it.title, text: it.text, url: it.url, sha256: it.sha256, skills: it.skills }
            }
        }
    )*};
}
work_of!(ReviewSubmitted, ReviewResubmitted);

#[cfg(test)]
mod tests;
