//! One session of a mentor and a learner: asked for, agreed by both calendars, moved, held, cancelled, or not come to.

mod moving;

pub use moving::MINUTES;

use crate::standing;
use studium_kit::{Asked, By, Decider, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    ActionItemDone, ActionItemSet, MentorshipState, Reason, SessionAsker, SessionCancelCause, SessionCancelled,
    SessionHeld, SessionKind, SessionNoShow, SessionRequested, SessionSide, SlotRefusal, session_event::Event,
};

/// Who asks something of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A mentor.
    Mentor(String),
    /// A learner.
    Learner(String),
    /// Staff, or the platform.
    Office,
}

/// What can be asked of a session.
#[derive(Debug, Clone)]
pub enum Command {
    /// Something that a person wants.
    Act(Who, Act),
    /// To note whether a calendar holds the time that was asked for.
    Answer { side: SessionSide, round: u32, refusal: Option<SlotRefusal> },
    /// Not to take place, because something else happened; one that has begun goes on.
    CallOff(SessionCancelCause),
}

/// What people want of a session.
#[derive(Debug, Clone)]
pub enum Act {
    /// To take place.
    Schedule(Wish, Facts),
    /// To take place at another time; no minutes = as long as before.
    Reschedule { start_ms: i64, minutes: u32, facts: Facts },
    /// To have taken place.
    Hold { notes: String, action_items: Vec<ActionItemSet> },
    /// Not to take place.
    Cancel { reason: String },
    /// To note who did not come.
    NoShow(SessionSide),
    /// To note that an action item is done.
    Tick { item: u32 },
}

/// A session as it is wanted.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The programme.
    pub programme_id: String,
    /// The learner.
    pub learner_id: String,
    /// What it is for.
    pub kind: SessionKind,
    /// The beginning, Unix milliseconds.
    pub start_ms: i64,
    /// The length.
    pub minutes: u32,
    /// Topic or agenda.
    pub topic: String,
}

/// What the mentorship and its mentor are like at the moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Where the mentorship stands.
    pub state: MentorshipState,
    /// The mentor.
    pub mentor_id: String,
    /// The institution that owns the programme.
    pub institution_id: String,
    /// The two never meet again.
    pub barred: bool,
    /// The mentor pauses until then; 0 = for an unknown time.
    pub away_until_ms: Option<i64>,
}

impl Facts {
    /// Why a session at a time would have to be called off, or none.
    pub fn against(&self, mentor_id: &str, start_ms: i64) -> Option<SessionCancelCause> {
        match self.state {
            MentorshipState::Ended => return Some(SessionCancelCause::MentorshipEnded),
            MentorshipState::Paused => return Some(SessionCancelCause::MentorshipPaused),
            _ => {}
        }
        if self.mentor_id != mentor_id {
            return Some(SessionCancelCause::MentorChanged);
        }
        if self.barred {
            return Some(SessionCancelCause::ContactBarred);
        }
        self.is_away(start_ms).then_some(SessionCancelCause::MentorAway)
    }

    fn is_away(&self, start_ms: i64) -> bool {
        self.away_until_ms.is_some_and(|until| until == 0 || start_ms < until)
    }

    fn permit(&self, start_ms: i64) -> Result<(), Rejection<Reason>> {
        standing::runs(self.state)?;
        if self.state == MentorshipState::Waiting {
            return Reason::NoMentorYet.because("there is no mentor yet; wait for one");
        }
        if self.barred {
            return Reason::PairIsBlocked.because("the two never meet again; wait for the next mentor");
        }
        if self.is_away(start_ms) {
            return Reason::MentorPauses.because("the mentor pauses then; choose a later time");
        }
        Ok(())
    }
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    None,
    Requested,
    Scheduled,
    Refused,
    Held,
    Cancelled,
    NoShow,
}

/// A time: the how manieth that was asked for, its beginning and its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Time {
    round: u32,
    start_ms: i64,
    minutes: u32,
}

/// One session, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Session {
    phase: Phase,
    asked: SessionRequested,
    /// The last time that was asked for.
    rounds: u32,
    /// The time that both calendars hold.
    time: Option<Time>,
    /// A time that is asked for, and whether the mentor's calendar holds it.
    pending: Option<(Time, bool)>,
    notes: String,
    items: Vec<ActionItemSet>,
    done: Vec<bool>,
    absent: SessionSide,
}

impl Session {
    /// The programme, the learner and the mentor; none if it was never asked for.
    pub fn whose(&self) -> Option<(&str, &str, &str)> {
        let SessionRequested { programme_id, learner_id, mentor_id, .. } = &self.asked;
        (self.phase != Phase::None).then_some((programme_id, learner_id, mentor_id))
    }

    fn people(&self) -> (String, String) {
        (self.asked.mentor_id.clone(), self.asked.learner_id.clone())
    }

    /// Lets pass the two whom it concerns, and who acts for the institution.
    fn concerns(&self, who: &Who, by: &By) -> Result<(), Rejection<Reason>> {
        if self.phase == Phase::None {
            return Reason::SessionNotFound.because("no such session was asked for");
        }
        match who {
            Who::Mentor(id) if *id == self.asked.mentor_id => Ok(()),
            Who::Learner(id) if *id == self.asked.learner_id => Ok(()),
            Who::Office => by.may_act_for(&self.asked.institution_id, Reason::NotYourInstitution),
            _ => Reason::NotYourSession.because("the session is somebody else's"),
        }
    }

    /// The time that it has, unless it has none yet or is over.
    fn scheduled(&self) -> Result<Time, Rejection<Reason>> {
        match (self.phase, self.time) {
            (Phase::Scheduled, Some(it)) => Ok(it),
            (Phase::None | Phase::Requested | Phase::Scheduled, _) => {
                Reason::SessionNotScheduled.because("the calendars have not both answered yet")
            }
            _ => Reason::SessionOver.because("the session was refused or cancelled, or its time has been"),
        }
    }

    /// Demands that it has begun, and that no other time is asked for.
    fn begun(&self, at_ms: i64) -> Result<(), Rejection<Reason>> {
        let time = self.scheduled()?;
        if self.pending.is_some() {
            return Reason::SessionTimePending.because("another time is asked for; wait for the answer");
        }
        if at_ms < time.start_ms { Reason::SessionNotBegun.because("the session has not begun") } else { Ok(()) }
    }
}

impl Decider for Session {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let at_ms = asked.by.at_ms;
        match &asked.command {
            Command::Act(who, Act::Schedule(wish, facts)) => self.schedule(who, &asked.by, wish, facts),
            Command::Answer { side, round, refusal } => Ok(self.answer(*side, *round, *refusal)),
            Command::CallOff(cause) => Ok(self.call_off(*cause, at_ms)),
            Command::Act(who, act) => {
                self.concerns(who, &asked.by)?;
                match act {
                    Act::Schedule(..) => Ok(Vec::new()),
                    Act::Reschedule { start_ms, minutes, facts } => {
                        self.reschedule(asker(who), (*start_ms, *minutes), facts, at_ms)
                    }
                    Act::Hold { notes, action_items } => self.hold(notes, action_items, at_ms),
                    Act::Cancel { reason } => self.cancel(who, reason, at_ms),
                    Act::NoShow(absent) => self.no_show(*absent, at_ms),
                    Act::Tick { item } => self.tick(*item),
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::SessionRequested(it) => {
                let (round, start_ms, minutes) = (it.round, it.start_ms, it.minutes);
                (self.phase, self.asked, self.rounds) = (Phase::Requested, it.clone(), round);
                self.pending = Some((Time { round, start_ms, minutes }, false));
            }
            Event::MentorTimeHeld(_) => {
                if let Some((_, is_held)) = &mut self.pending {
                    *is_held = true;
                }
            }
            Event::SessionRefused(_) => (self.phase, self.pending) = (Phase::Refused, None),
            Event::RescheduleRequested(it) => {
                self.rounds = it.round;
                let (round, start_ms, minutes) = (it.round, it.start_ms, it.minutes);
                self.pending = Some((Time { round, start_ms, minutes }, false));
            }
            Event::RescheduleRefused(_) => self.pending = None,
            Event::SessionScheduled(it) => self.agreed(it.round, it.start_ms, it.minutes),
            Event::SessionRescheduled(it) => self.agreed(it.round, it.start_ms, it.minutes),
            Event::SessionHeld(it) => {
                self.phase = Phase::Held;
                self.notes.clone_from(&it.notes);
                self.items.clone_from(&it.action_items);
                self.done = vec![false; it.action_items.len()];
            }
            Event::ActionItemDone(it) => {
                if let Some(done) = self.done.get_mut((it.item as usize).wrapping_sub(1)) {
                    *done = true;
                }
            }
            Event::SessionCancelled(_) => (self.phase, self.pending) = (Phase::Cancelled, None),
            Event::SessionNoShow(it) => (self.phase, self.absent) = (Phase::NoShow, it.absent()),
        }
    }
}

impl Session {
    fn agreed(&mut self, round: u32, start_ms: i64, minutes: u32) {
        self.phase = Phase::Scheduled;
        (self.time, self.pending) = (Some(Time { round, start_ms, minutes }), None);
    }

    fn hold(&self, notes: &str, items: &[ActionItemSet], at_ms: i64) -> Decision<Self> {
        if self.phase == Phase::Held && self.notes == notes && self.items == items {
            return Ok(Vec::new());
        }
        self.begun(at_ms)?;
        let (mentor_id, learner_id) = self.people();
        let (notes, action_items) = (notes.to_owned(), items.to_vec());
        Ok(vec![Event::SessionHeld(SessionHeld { mentor_id, learner_id, notes, action_items })])
    }

    fn no_show(&self, absent: SessionSide, at_ms: i64) -> Decision<Self> {
        if self.phase == Phase::NoShow && self.absent == absent {
            return Ok(Vec::new());
        }
        self.begun(at_ms)?;
        let (mentor_id, learner_id) = self.people();
        Ok(vec![Event::SessionNoShow(SessionNoShow { mentor_id, learner_id, absent: absent as i32 })])
    }

    fn tick(&self, item: u32) -> Decision<Self> {
        match self.done.get((item as usize).wrapping_sub(1)) {
            None => Reason::ActionItemNotFound.because("the session has no such action item"),
            Some(true) => Ok(Vec::new()),
            Some(false) => Ok(vec![Event::ActionItemDone(ActionItemDone { item })]),
        }
    }

    fn cancel(&self, who: &Who, reason: &str, at_ms: i64) -> Decision<Self> {
        let cause = match who {
            Who::Mentor(_) => SessionCancelCause::Mentor,
            Who::Learner(_) => SessionCancelCause::Learner,
            Who::Office => SessionCancelCause::Office,
        };
        match self.phase {
            Phase::Cancelled => Ok(Vec::new()),
            Phase::Requested => Ok(vec![self.cancelled(cause, reason)]),
            _ if self.scheduled()?.start_ms <= at_ms => {
                Reason::SessionBegan.because("the session has begun; say that it was held, or who did not come")
            }
            _ => Ok(vec![self.cancelled(cause, reason)]),
        }
    }

    fn call_off(&self, cause: SessionCancelCause, at_ms: i64) -> Vec<Event> {
        let time = self.time.or(self.pending.map(|it| it.0));
        let is_to_come =
            matches!(self.phase, Phase::Requested | Phase::Scheduled) && time.is_some_and(|it| it.start_ms > at_ms);
        if is_to_come { vec![self.cancelled(cause, "")] } else { Vec::new() }
    }

    fn cancelled(&self, cause: SessionCancelCause, reason: &str) -> Event {
        let (mentor_id, learner_id) = self.people();
        let (round, cause, reason) = (self.rounds, cause as i32, reason.to_owned());
        Event::SessionCancelled(SessionCancelled { mentor_id, learner_id, round, cause, reason })
    }
}

fn asker(who: &Who) -> SessionAsker {
    match who {
        Who::Mentor(_) => SessionAsker::Mentor,
        Who::Learner(_) => SessionAsker::Learner,
        Who::Office => SessionAsker::Office,
    }
}

#[cfg(test)]
mod tests;
