//! The limited seats of one run: reserved + confirmed never exceed capacity, and the line moves by itself.

use std::collections::{BTreeMap, VecDeque};
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::enrolment::v1::{
    CapacityChanged, CapacityClosed, CapacityOpened, EndCause, Reason, SeatConfirmed, SeatPlace, SeatRefused,
    SeatReleased, SeatReserved, SeatWaitlisted, run_capacity_event::Event,
};

/// What can be asked of a run's seats. `round` names the enrolment's request that an answer is for.
#[derive(Debug, Clone)]
pub enum Command {
    /// To count so many seats from now on; 0 = unlimited.
    SetCapacity { capacity: u32, waiting_list: bool },
    /// To set a seat aside. The number of seats counts only if none was told before.
    Reserve { learner_id: String, round: u32, capacity: u32, waiting_list: bool },
    /// To note that the enrolment uses its seat.
    Confirm { learner_id: String, round: u32 },
    /// To give back a seat or a place in the line.
    Release { learner_id: String, round: u32 },
    /// To give out no seat any more.
    Close { cause: EndCause },
}

/// The seats of one run, as far as decisions need them.
#[derive(Debug, Clone, Default)]
pub struct RunCapacity {
    is_open: bool,
    closed: Option<EndCause>,
    capacity: u32,
    waiting_list: bool,
    /// Who holds a seat: for which request, and whether it is confirmed.
    seats: BTreeMap<String, (u32, bool)>,
    confirmed: u32,
    /// Who waits, in order.
    line: VecDeque<(String, u32)>,
    /// What `seats` may not exceed: the capacity, or what was taken when it shrank below that.
    ceiling: u32,
}

impl RunCapacity {
    /// Seats; 0 = unlimited.
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Whether who finds no seat waits in line.
    pub fn waiting_list(&self) -> bool {
        self.waiting_list
    }

    /// Seats that are set aside and not confirmed.
    pub fn reserved(&self) -> u32 {
        self.taken().saturating_sub(self.confirmed)
    }

    /// Seats that are confirmed.
    pub fn confirmed(&self) -> u32 {
        self.confirmed
    }

    /// Learners in line.
    pub fn waiting(&self) -> u32 {
        self.line.len() as u32
    }

    /// No seat is given out any more.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Every seat is taken, or the run is closed.
    pub fn is_full(&self) -> bool {
        self.is_closed() || (self.is_open && !self.has_free(0))
    }

    fn taken(&self) -> u32 {
        self.seats.len() as u32
    }

    /// Whether a seat is left when `more` have been given out beside those that are taken.
    fn has_free(&self, more: u32) -> bool {
        self.capacity == 0 || self.taken().saturating_add(more) < self.capacity
    }
}

impl Decider for RunCapacity {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::SetCapacity { capacity, waiting_list } => Ok(self.set_capacity(*capacity, *waiting_list)),
            Command::Reserve { learner_id, round, capacity, waiting_list } => {
                Ok(self.reserve(learner_id, *round, *capacity, *waiting_list))
            }
            Command::Confirm { learner_id, round } => self.confirm(learner_id, *round),
            Command::Release { learner_id, round } => Ok(self.release(learner_id, *round)),
            Command::Close { cause } => Ok(self.close(*cause)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::CapacityOpened(it) => {
                self.is_open = true;
                self.capacity = it.capacity;
                self.waiting_list = it.waiting_list;
            }
            Event::CapacityChanged(it) => {
                self.capacity = it.capacity;
                self.waiting_list = it.waiting_list;
            }
            Event::SeatReserved(it) => {
                self.line.retain(|(learner, _)| *learner != it.learner_id);
                self.vacate(&it.learner_id);
                self.seats.insert(it.learner_id.clone(), (it.round, false));
            }
            Event::SeatWaitlisted(it) => match self.line.iter_mut().find(|(learner, _)| *learner == it.learner_id) {
                Some(place) => place.1 = it.round,
                None => self.line.push_back((it.learner_id.clone(), it.round)),
            },
            Event::SeatRefused(it) => self.line.retain(|(learner, _)| *learner != it.learner_id),
            Event::SeatConfirmed(it) => {
                if let Some((_, confirmed @ false)) = self.seats.get_mut(&it.learner_id) {
                    *confirmed = true;
                    self.confirmed += 1;
                }
            }
            Event::SeatReleased(it) => {
                self.line.retain(|(learner, _)| *learner != it.learner_id);
                self.vacate(&it.learner_id);
            }
            Event::CapacityClosed(it) => self.closed = Some(it.cause()),
        }
        // A capacity that shrank below what is taken gives no seat out until the seats fit again.
        self.ceiling = if self.capacity == 0 { u32::MAX } else { self.capacity.max(self.taken().min(self.ceiling)) };
    }
}

impl RunCapacity {
    fn set_capacity(&self, capacity: u32, waiting_list: bool) -> Vec<Event> {
        if self.is_closed() || (self.is_open && capacity == self.capacity && waiting_list == self.waiting_list) {
            return Vec::new();
        }
        if !self.is_open {
            // Unlimited seats are not counted.
            let opened = CapacityOpened { capacity, waiting_list };
            return if capacity == 0 { Vec::new() } else { vec![Event::CapacityOpened(opened)] };
        }
        let mut events = vec![Event::CapacityChanged(CapacityChanged { capacity, waiting_list })];
        let free = if capacity == 0 { usize::MAX } else { capacity.saturating_sub(self.taken()) as usize };
        events.extend(self.line.iter().take(free).map(promoted));
        events
    }

    fn reserve(&self, learner: &str, round: u32, capacity: u32, waiting_list: bool) -> Vec<Event> {
        let learner_id = learner.to_owned();
        if let Some((known, _)) = self.seats.get(learner) {
            // A later request of somebody who still sits: the seat answers it as well.
            let again = SeatReserved { learner_id, round, promoted: false };
            return if *known >= round { Vec::new() } else { vec![Event::SeatReserved(again)] };
        }
        if let Some((_, known)) = self.line.iter().find(|(it, _)| it == learner) {
            let again = SeatWaitlisted { learner_id, round };
            return if *known >= round { Vec::new() } else { vec![Event::SeatWaitlisted(again)] };
        }
        if let Some(cause) = self.closed {
            return vec![Event::SeatRefused(SeatRefused { learner_id, round, cause: cause as i32 })];
        }
        let mut events = Vec::with_capacity(2);
        let (capacity, waiting_list) =
            if self.is_open { (self.capacity, self.waiting_list) } else { (capacity, waiting_list) };
        if !self.is_open {
            events.push(Event::CapacityOpened(CapacityOpened { capacity, waiting_list }));
        }
        let is_free = capacity == 0 || self.taken() < capacity;
        events.push(if is_free && self.line.is_empty() {
            Event::SeatReserved(SeatReserved { learner_id, round, promoted: false })
        } else if waiting_list {
            Event::SeatWaitlisted(SeatWaitlisted { learner_id, round })
        } else {
            Event::SeatRefused(SeatRefused { learner_id, round, cause: EndCause::RunFull as i32 })
        });
        events
    }

    fn confirm(&self, learner: &str, round: u32) -> Decision<Self> {
        if !self.is_open {
            return Reason::CapacityNotOpen.because("no seat of this run was ever set aside");
        }
        match self.seats.get(learner) {
            Some((known, false)) if *known == round => {
                Ok(vec![Event::SeatConfirmed(SeatConfirmed { learner_id: learner.to_owned(), round })])
            }
            // Confirmed already, or given back in the meantime.
            _ => Ok(Vec::new()),
        }
    }

    fn release(&self, learner: &str, round: u32) -> Vec<Event> {
        let given_back = |place: SeatPlace| {
            Event::SeatReleased(SeatReleased { learner_id: learner.to_owned(), round, place: place as i32 })
        };
        if self.line.iter().any(|(it, known)| it == learner && *known == round) {
            return vec![given_back(SeatPlace::Waiting)];
        }
        let Some((_, confirmed)) = self.seats.get(learner).filter(|(known, _)| *known == round) else {
            return Vec::new();
        };
        let mut events = vec![given_back(if *confirmed { SeatPlace::Confirmed } else { SeatPlace::Reserved })];
        let fits = self.capacity == 0 || self.taken() <= self.capacity;
        if fits && !self.is_closed() {
            events.extend(self.line.front().map(promoted));
        }
        events
    }

    fn close(&self, cause: EndCause) -> Vec<Event> {
        if self.is_closed() {
            return Vec::new();
        }
        let refused = self.line.iter().map(|(learner_id, round)| {
            let (learner_id, round, cause) = (learner_id.clone(), *round, cause as i32);
            Event::SeatRefused(SeatRefused { learner_id, round, cause })
        });
        refused.chain([Event::CapacityClosed(CapacityClosed { cause: cause as i32 })]).collect()
    }

    fn vacate(&mut self, learner: &str) {
        if let Some((_, true)) = self.seats.remove(learner) {
            self.confirmed = self.confirmed.saturating_sub(1);
        }
    }
}

/// A seat for somebody who stood in line.
fn promoted((learner_id, round): &(String, u32)) -> Event {
    Event::SeatReserved(SeatReserved { learner_id: learner_id.clone(), round: *round, promoted: true })
}

#[cfg(test)]
mod tests;
