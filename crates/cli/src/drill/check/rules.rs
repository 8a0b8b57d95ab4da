//! Whether no aggregate broke its rules: seats within capacity, one enrolment at a time, places within a mentor's load.

use super::{Finding, Record};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use studium_proto::{
    campus::v1::licence_plan_event::Event as PlanEvent,
    credentials::v1::{credential_event::Event as CredentialEvent, status_list_event::Event as ListEvent},
    enrolment::v1::{enrolment_event::Event as EnrolmentEvent, run_capacity_event::Event as SeatEvent},
    mentorship::v1::{mentor_event::Event as MentorEvent, mentorship_event::Event as MentorshipEvent},
};

/// Folds every aggregate of the load's kinds.
pub fn check(record: &Record) -> Finding {
    let mut found = Finding::of("no aggregate broke its rules");
    let seated = runs(record, &mut found);
    enrolments(record, &seated, &mut found);
    plans(record, &mut found);
    mentors(record, &mut found);
    credentials(record, &mut found);
    found
}

/// Seats of runs never exceed the capacity, nobody sits twice, and who waited longest is promoted. Gives who sits.
fn runs(record: &Record, found: &mut Finding) -> BTreeSet<String> {
    #[derive(Default)]
    struct Run {
        capacity: u32,
        /// Who sits, by which request.
        seats: BTreeMap<String, u32>,
        line: Vec<String>,
    }
    let mut runs: BTreeMap<&str, Run> = BTreeMap::new();
    for (id, event) in record.events::<SeatEvent>() {
        let run = runs.entry(id).or_default();
        match event {
            SeatEvent::CapacityOpened(it) => run.capacity = it.capacity,
            SeatEvent::CapacityChanged(it) => run.capacity = it.capacity,
            SeatEvent::SeatReserved(it) => {
                let first = run.line.first() == Some(&it.learner_id);
                found.check(first == it.promoted, || format!("{id}: {} was promoted past others", it.learner_id));
                run.line.retain(|learner| *learner != it.learner_id);
                let (learner, full) = (it.learner_id.clone(), run.capacity as usize);
                // A later request of somebody who still sits is answered by the same seat.
                let is_new = run.seats.insert(it.learner_id, it.round).is_none_or(|before| before < it.round);
                found.check(is_new, || format!("{id}: {learner} got the seat of request {} twice", it.round));
                let taken = run.seats.len();
                found.check(full == 0 || taken <= full, || format!("{id}: {taken} seats are taken of {full}"));
            }
            SeatEvent::SeatWaitlisted(it) => run.line.push(it.learner_id),
            SeatEvent::SeatReleased(it) => {
                run.line.retain(|learner| *learner != it.learner_id);
                run.seats.remove(&it.learner_id);
            }
            SeatEvent::SeatRefused(_) | SeatEvent::SeatConfirmed(_) | SeatEvent::CapacityClosed(_) => {}
        }
    }
    runs.iter().flat_map(|(run, it)| it.seats.keys().map(move |learner| format!("{run}~{learner}"))).collect()
}

/// Requests are counted without a gap, one is open at a time, and who is in by a seat has one.
fn enrolments(record: &Record, seated: &BTreeSet<String>, found: &mut Finding) {
    #[derive(Default)]
    struct Enrolment {
        round: u32,
        is_in: bool,
        by_seat: bool,
    }
    let mut all: HashMap<&str, Enrolment> = HashMap::new();
    for (id, event) in record.events::<EnrolmentEvent>() {
        let one = all.entry(id).or_default();
        match event {
            EnrolmentEvent::EnrolmentRequested(it) => {
                found.check(it.round == one.round + 1, || format!("{id}: request {} follows {}", it.round, one.round));
                one.round = it.round;
            }
            EnrolmentEvent::EnrolmentActivated(it) => {
                let holds = !one.is_in && it.round == one.round;
                found.check(holds, || format!("{id}: active by request {} after {}", it.round, one.round));
                (one.is_in, one.by_seat) = (true, it.seat_held);
            }
            EnrolmentEvent::EnrolmentCompleted(_) | EnrolmentEvent::EnrolmentFailed(_) => {
                found.check(one.is_in, || format!("{id}: judged without being in the run"));
                one.is_in = false;
            }
            EnrolmentEvent::EnrolmentWithdrawn(_)
            | EnrolmentEvent::EnrolmentDeferred(_)
            | EnrolmentEvent::EnrolmentExpired(_) => (one.is_in, one.by_seat) = (false, false),
            _ => {}
        }
    }
    for (id, one) in &all {
        let sits = seated.contains(*id);
        found.check(!(one.is_in && one.by_seat && !sits), || format!("{id}: active by a seat that the run has not"));
        found.check(!sits || one.by_seat, || format!("{id}: holds a seat of the run and is not in it"));
    }
}

/// Seats that are assigned never exceed those that were bought, and nobody holds two of one plan.
fn plans(record: &Record, found: &mut Finding) {
    let mut plans: BTreeMap<&str, (u32, BTreeSet<String>)> = BTreeMap::new();
    for (id, event) in record.events::<PlanEvent>() {
        let (total, held) = plans.entry(id).or_default();
        match event {
            PlanEvent::PlanProvisioned(it) => *total = it.seats,
            PlanEvent::SeatsBought(it) => *total = it.total,
            PlanEvent::SeatsGivenBack(it) => *total = it.total,
            PlanEvent::PlanFrozen(it) => *total = it.total,
            PlanEvent::TermBegan(it) => *total = it.seats,
            PlanEvent::SeatAssigned(it) => {
                let learner = it.learner_id.clone();
                found.check(held.insert(it.learner_id), || format!("{id}: {learner} got a second seat"));
                found.check(held.len() as u32 <= *total, || format!("{id}: {} seats are held of {total}", held.len()));
            }
            PlanEvent::SeatEnded(it) => drop(held.remove(&it.learner_id)),
            _ => {}
        }
    }
}

/// Places that are taken never exceed a mentor's capacity, and each assigned mentor has taken that place.
fn mentors(record: &Record, found: &mut Finding) {
    let mut mentors: BTreeMap<&str, (u32, BTreeMap<String, u32>)> = BTreeMap::new();
    for (id, event) in record.events::<MentorEvent>() {
        let (capacity, places) = mentors.entry(id).or_default();
        match event {
            MentorEvent::CapacitySet(it) => *capacity = it.capacity,
            MentorEvent::PlaceTaken(it) => {
                places.insert(it.mentorship_id, it.proposal);
                let load = places.len() as u32;
                let holds = load <= *capacity && load == it.load;
                found.check(holds, || format!("{id}: {load} places (said: {}) of {capacity} are taken", it.load));
            }
            MentorEvent::PlaceFreed(it) => drop(places.remove(&it.mentorship_id)),
            _ => {}
        }
    }
    let mut assigned: BTreeMap<&str, (String, u32)> = BTreeMap::new();
    for (id, event) in record.events::<MentorshipEvent>() {
        match event {
            MentorshipEvent::MentorAssigned(it) => drop(assigned.insert(id, (it.mentor_id, it.proposal))),
            MentorshipEvent::MentorshipEnded(_) => drop(assigned.remove(id)),
            _ => {}
        }
    }
    for (id, (mentor, proposal)) in assigned {
        let place = mentors.get(mentor.as_str()).and_then(|it| it.1.get(id));
        found.check(place == Some(&proposal), || format!("{id}: {mentor} mentors without having taken the place"));
    }
}

/// A credential is issued and signed once, and no bit of a status list is given to two.
fn credentials(record: &Record, found: &mut Finding) {
    let (mut issued, mut signed, mut bits) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (id, event) in record.events::<CredentialEvent>() {
        match event {
            CredentialEvent::CredentialIssued(_) => {
                found.check(issued.insert(id), || format!("{id}: issued twice"));
            }
            CredentialEvent::CredentialSigned(_) => {
                found.check(signed.insert(id) && issued.contains(id), || format!("{id}: signed twice, or not issued"));
            }
            _ => {}
        }
    }
    for (id, event) in record.events::<ListEvent>() {
        if let ListEvent::StatusIndexAllocated(it) = event {
            let bit = (id, it.list, it.index);
            found.check(bits.insert(bit), || format!("{id}: bit {} of list {} was given to two", it.index, it.list));
        }
    }
}
