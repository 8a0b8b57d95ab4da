//! The watch over one learner in one programme: what the mentor hears of, once, and when it is not true any more.

use std::collections::BTreeMap;
use studium_kit::{Asked, Decider, Decision, Reason as _};
use studium_proto::mentorship::v1::{
    Reason, RiskAcknowledged, RiskClearance, RiskCleared, RiskKind, RiskSignalled, RiskWatchBegan, RiskWatchEnd,
    RiskWatchEnded, risk_event::Event,
};

/// What can be asked of the watch.
#[derive(Debug, Clone)]
pub enum Command {
    /// To watch the learner in these runs, or with other facts than before.
    Watch(Vec<RiskWatchBegan>),
    /// To watch in no run, because the learner rests or the mentorship is over.
    Rest { end: RiskWatchEnd },
    /// Not to watch in a run where the learner is not active any more.
    Leave { run_id: String },
    /// To tell the mentor, if it is not told yet; number, course and institution are filled in here.
    Raise(RiskSignalled),
    /// To take a signal back.
    Clear(RiskCleared),
    /// Somebody takes care. `present_mentor_id` is the learner's mentor; `mentor_id` is empty if staff asks.
    Acknowledge { signal: u32, present_mentor_id: String, mentor_id: String, note: String },
}

/// What a signal is about. No two of the same are open at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Topic {
    kind: RiskKind,
    run_id: String,
    assessment_id: String,
    days: u32,
}

/// One signal that was raised.
#[derive(Debug, Clone)]
struct Signal {
    topic: Topic,
    institution_id: String,
    open: bool,
    acknowledged: bool,
}

/// The watch over one learner in one programme.
#[derive(Debug, Clone, Default)]
pub struct Risk {
    runs: BTreeMap<String, RiskWatchBegan>,
    signals: BTreeMap<u32, Signal>,
    rested_at_ms: i64,
}

impl Topic {
    fn of(it: &RiskSignalled) -> Self {
        let (run_id, assessment_id) = (it.run_id.clone(), it.assessment_id.clone());
        Self { kind: it.kind(), run_id, assessment_id, days: it.days }
    }
}

/// Says that these runs are not watched any more, if there are any.
fn watch_ended(run_ids: Vec<String>, end: RiskWatchEnd, ended_at_ms: i64) -> Option<Event> {
    let ended = RiskWatchEnded { run_ids, end: end as i32, ended_at_ms };
    (!ended.run_ids.is_empty()).then_some(Event::RiskWatchEnded(ended))
}

impl Risk {
    fn open(&self) -> impl Iterator<Item = (u32, &Topic)> {
        self.signals.iter().filter(|(_, it)| it.open).map(|(signal, it)| (*signal, &it.topic))
    }

    fn watch(&self, runs: &[RiskWatchBegan]) -> Vec<Event> {
        let begins = |it: &RiskWatchBegan| match self.runs.get(&it.run_id) {
            Some(now) => {
                // A run is always of the same course; who looks it up anew may not know of the enrolment yet.
                let (since_ms, course_id) = (now.since_ms, now.course_id.clone());
                let then = RiskWatchBegan { since_ms, course_id, ..it.clone() };
                (then != *now).then_some(then)
            }
            // Said before the learner rested, and heard after it.
            None if it.since_ms < self.rested_at_ms => None,
            None => Some(it.clone()),
        };
        runs.iter().filter_map(begins).map(Event::RiskWatchBegan).collect()
    }

    fn clear(&self, clearance: RiskClearance, concerns: impl Fn(&Topic) -> bool) -> Vec<Event> {
        let cleared = |(signal, topic): (u32, &Topic)| {
            let (run_id, clearance) = (topic.run_id.clone(), clearance as i32);
            Event::RiskCleared(RiskCleared { signal, run_id, clearance, evidence_position: 0 })
        };
        self.open().filter(|it| concerns(it.1)).map(cleared).collect()
    }

    fn rest(&self, end: RiskWatchEnd, at_ms: i64) -> Vec<Event> {
        let ended = watch_ended(self.runs.keys().cloned().collect(), end, at_ms);
        let cleared = if end == RiskWatchEnd::Paused {
            // What was failed or not handed in still is after the rest.
            self.clear(RiskClearance::Paused, |it| it.kind == RiskKind::Inactive)
        } else {
            self.clear(RiskClearance::MentorshipEnded, |_| true)
        };
        ended.into_iter().chain(cleared).collect()
    }

    fn leave(&self, run_id: &str, at_ms: i64) -> Vec<Event> {
        let watched = self.runs.get_key_value(run_id).map(|it| it.0.clone());
        let ended = watch_ended(watched.into_iter().collect(), RiskWatchEnd::RunLeft, at_ms);
        ended.into_iter().chain(self.clear(RiskClearance::RunLeft, |it| it.run_id == run_id)).collect()
    }

    fn raise(&self, it: &RiskSignalled, at_ms: i64) -> Option<Event> {
        let watch = self.runs.get(&it.run_id)?;
        let counts = match it.kind() {
            RiskKind::Unspecified => false,
            RiskKind::Inactive => it.silent_since_ms >= watch.since_ms.max(watch.starts_at_ms),
            RiskKind::AssessmentFailed => it.score_millipoints < it.pass_mark_millipoints,
            RiskKind::AssessmentMissing => it.due_at_ms <= at_ms,
        };
        let topic = Topic::of(it);
        // A longer silence has the shorter ones told.
        let told = |open: &Topic| {
            (&open.kind, &open.run_id, &open.assessment_id) == (&topic.kind, &topic.run_id, &topic.assessment_id)
                && open.days >= topic.days
        };
        if !counts || at_ms < watch.since_ms || self.open().any(|open| told(open.1)) {
            return None;
        }
        let signal = self.signals.last_key_value().map_or(1, |it| it.0 + 1);
        let (course_id, institution_id) = (watch.course_id.clone(), watch.institution_id.clone());
        Some(Event::RiskSignalled(RiskSignalled { signal, course_id, institution_id, ..it.clone() }))
    }

    fn take_back(&self, it: &RiskCleared) -> Option<Event> {
        let signal = self.signals.get(&it.signal).filter(|it| it.open)?;
        let run_id = signal.topic.run_id.clone();
        Some(Event::RiskCleared(RiskCleared { run_id, ..it.clone() }))
    }
}

impl Decider for Risk {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        Ok(match command {
            Command::Watch(runs) => self.watch(runs),
            Command::Rest { end } => self.rest(*end, by.at_ms),
            Command::Leave { run_id } => self.leave(run_id, by.at_ms),
            Command::Raise(it) => self.raise(it, by.at_ms).into_iter().collect(),
            Command::Clear(it) => self.take_back(it).into_iter().collect(),
            Command::Acknowledge { signal, present_mentor_id, mentor_id, note } => {
                let Some(it) = self.signals.get(signal) else {
                    return Reason::SignalNotFound.because("no signal has this number in this mentorship");
                };
                by.may_act_for(&it.institution_id, Reason::NotYourInstitution)?;
                if !mentor_id.is_empty() && mentor_id != present_mentor_id {
                    return Reason::NotTheMentor.because("somebody else is the learner's mentor, or nobody");
                }
                let (signal, mentor_id, note) = (*signal, mentor_id.clone(), note.clone());
                let acknowledged = Event::RiskAcknowledged(RiskAcknowledged { signal, mentor_id, note });
                if it.acknowledged { Vec::new() } else { vec![acknowledged] }
            }
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RiskWatchBegan(it) => drop(self.runs.insert(it.run_id.clone(), it.clone())),
            Event::RiskWatchEnded(it) => {
                it.run_ids.iter().for_each(|run| drop(self.runs.remove(run)));
                if it.end() != RiskWatchEnd::RunLeft {
                    self.rested_at_ms = it.ended_at_ms;
                }
            }
            Event::RiskSignalled(it) => {
                let (topic, institution_id) = (Topic::of(it), it.institution_id.clone());
                let signal = Signal { topic, institution_id, open: true, acknowledged: false };
                self.signals.insert(it.signal, signal);
            }
            Event::RiskCleared(it) => {
                if let Some(signal) = self.signals.get_mut(&it.signal) {
                    signal.open = false;
                }
            }
            Event::RiskAcknowledged(it) => {
                if let Some(signal) = self.signals.get_mut(&it.signal) {
                    signal.acknowledged = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
