//! How a session comes to its time: the mentor's calendar is asked, then the learner's, and only then is an old one freed.

use super::{Facts, Phase, Session, Time, Who, Wish, asker};
use studium_kit::{By, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    MentorTimeHeld, Reason, RescheduleRefused, RescheduleRequested, SessionAsker, SessionRefused, SessionRequested,
    SessionRescheduled, SessionScheduled, SessionSide, SlotRefusal, session_event::Event,
};

/// How long a session can be, minutes: the platform's limits.
pub const MINUTES: std::ops::RangeInclusive<u32> = 15..=240;

fn fits(start_ms: i64, minutes: u32, at_ms: i64) -> Result<(), Rejection<Reason>> {
    if !MINUTES.contains(&minutes) {
        return Reason::SessionLength.because("a session lasts 15 to 240 minutes");
    }
    if start_ms <= at_ms {
        return Reason::SessionInThePast.because("the session would begin in the past");
    }
    Ok(())
}

impl Session {
    pub(super) fn schedule(&self, who: &Who, by: &By, wish: &Wish, facts: &Facts) -> Decision<Self> {
        if self.phase != Phase::None {
            self.concerns(who, by)?;
            return if self.is_wish(wish) {
                Ok(Vec::new())
            } else {
                Reason::SessionExists.because("there is another session with this id; choose another id")
            };
        }
        facts.permit(wish.start_ms)?;
        match who {
            Who::Mentor(id) if *id != facts.mentor_id => {
                return Reason::NotTheMentor.because("somebody else is the learner's mentor");
            }
            Who::Learner(id) if *id != wish.learner_id => {
                return Reason::NotYourSession.because("a learner books for nobody else");
            }
            _ => by.may_act_for(&facts.institution_id, Reason::NotYourInstitution)?,
        }
        fits(wish.start_ms, wish.minutes, by.at_ms)?;
        let wish = wish.clone();
        Ok(vec![Event::SessionRequested(SessionRequested {
            programme_id: wish.programme_id,
            learner_id: wish.learner_id,
            mentor_id: facts.mentor_id.clone(),
            institution_id: facts.institution_id.clone(),
            kind: wish.kind as i32,
            round: 1,
            start_ms: wish.start_ms,
            minutes: wish.minutes,
            topic: wish.topic,
            asker: asker(who) as i32,
        })])
    }

    /// Whether it is what was asked for at first.
    fn is_wish(&self, wish: &Wish) -> bool {
        let it = &self.asked;
        (it.programme_id.as_str(), it.learner_id.as_str(), it.topic.as_str(), it.kind())
            == (wish.programme_id.as_str(), wish.learner_id.as_str(), wish.topic.as_str(), wish.kind)
            && (it.start_ms, it.minutes) == (wish.start_ms, wish.minutes)
    }

    pub(super) fn reschedule(
        &self,
        asker: SessionAsker,
        (start_ms, minutes): (i64, u32),
        facts: &Facts,
        at_ms: i64,
    ) -> Decision<Self> {
        let time = self.scheduled()?;
        let minutes = if minutes == 0 { time.minutes } else { minutes };
        match self.pending {
            Some((it, _)) if (it.start_ms, it.minutes) == (start_ms, minutes) => return Ok(Vec::new()),
            Some(_) => {
                return Reason::SessionTimePending.because("another time is asked for already; wait for the answer");
            }
            None if (time.start_ms, time.minutes) == (start_ms, minutes) => return Ok(Vec::new()),
            None => {}
        }
        facts.permit(start_ms)?;
        if facts.mentor_id != self.asked.mentor_id {
            return Reason::NotTheMentor.because("somebody else is the learner's mentor now");
        }
        if time.start_ms <= at_ms {
            return Reason::SessionBegan.because("the session has begun");
        }
        fits(start_ms, minutes, at_ms)?;
        let (mentor_id, learner_id) = self.people();
        let (round, asker) = (self.rounds + 1, asker as i32);
        let other = RescheduleRequested { round, mentor_id, learner_id, start_ms, minutes, asker };
        Ok(vec![Event::RescheduleRequested(other)])
    }

    /// What follows from a calendar's answer; an answer to a time that is not asked for any more changes nothing.
    pub(super) fn answer(&self, side: SessionSide, round: u32, refusal: Option<SlotRefusal>) -> Vec<Event> {
        let Some((time, mentor_holds)) = self.pending.filter(|(time, _)| time.round == round) else {
            return Vec::new();
        };
        let asked = if mentor_holds { SessionSide::Learner } else { SessionSide::Mentor };
        match refusal {
            _ if side != asked => Vec::new(),
            Some(refusal) => vec![self.refused(round, side, refusal)],
            None if side == SessionSide::Mentor => {
                let (mentor_id, learner_id) = self.people();
                let Time { round, start_ms, minutes } = time;
                vec![Event::MentorTimeHeld(MentorTimeHeld { round, mentor_id, learner_id, start_ms, minutes })]
            }
            None => vec![self.agree(time)],
        }
    }

    fn refused(&self, round: u32, side: SessionSide, refusal: SlotRefusal) -> Event {
        let (mentor_id, learner_id) = self.people();
        let (refused_by, refusal) = (side as i32, refusal as i32);
        if self.time.is_some() {
            Event::RescheduleRefused(RescheduleRefused { round, mentor_id, learner_id, refused_by, refusal })
        } else {
            Event::SessionRefused(SessionRefused { round, mentor_id, learner_id, refused_by, refusal })
        }
    }

    fn agree(&self, Time { round, start_ms, minutes }: Time) -> Event {
        let (mentor_id, learner_id) = self.people();
        match self.time {
            Some(before) => Event::SessionRescheduled(SessionRescheduled {
                round,
                mentor_id,
                learner_id,
                start_ms,
                minutes,
                previous_round: before.round,
                previous_start_ms: before.start_ms,
            }),
            None => Event::SessionScheduled(SessionScheduled { round, mentor_id, learner_id, start_ms, minutes }),
        }
    }
}
