//! Whether what follows from an event followed exactly once: seats, promotions, answers to campuses, places, credentials.

use super::{Finding, Record};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use studium_proto::{
    campus::v1::licence_plan_event::Event as PlanEvent,
    credentials::v1::{
        AchievementSource, achievement_event::Event as AchievementEvent, credential_event::Event as CredentialEvent,
        status_list_event::Event as ListEvent,
    },
    enrolment::v1::{enrolment_event::Event as EnrolmentEvent, run_capacity_event::Event as SeatEvent},
    mentorship::v1::{mentor_event::Event as MentorEvent, mentorship_event::Event as MentorshipEvent},
};

/// Nothing was decided twice for one request, and every commit that follows from another names one that is there.
pub fn once(record: &Record) -> Finding {
    let mut found = Finding::of("no request was decided twice on one aggregate, and every cause is in the log");
    let mut requests = HashSet::new();
    let ids: HashMap<&str, usize> = record.all().fold(HashMap::new(), |mut ids, it| {
        *ids.entry(it.commit.id.as_str()).or_default() += 1;
        ids
    });
    for it in record.all() {
        let (subject, request) = (it.commit.subject.as_str(), it.commit.request_id.as_str());
        let holds = ids.get(it.commit.id.as_str()) == Some(&1) && requests.insert((subject, request));
        found.check(holds, || format!("{} {}: `{subject}` decided `{request}` twice", it.stream(), it.position));
        let cause = it.commit.causation_id.as_str();
        let is_there = cause.is_empty() || ids.contains_key(cause);
        found.check(is_there, || format!("{} {}: follows from `{cause}`, which is nowhere", it.stream(), it.position));
    }
    found
}

/// What must have followed, and how often it did.
#[derive(Default)]
struct Followed {
    expected: BTreeSet<String>,
    seen: BTreeMap<String, u32>,
}

impl Followed {
    fn expect(&mut self, what: String) {
        self.expected.insert(what);
    }

    fn see(&mut self, what: String) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn judge(&self, found: &mut Finding) {
        for what in &self.expected {
            let times = self.seen.get(what).copied().unwrap_or_default();
            found.check(times == 1, || format!("{what} followed {times} times"));
        }
        for (what, times) in self.seen.iter().filter(|it| !self.expected.contains(it.0)) {
            found.check(false, || format!("{what} followed {times} times and from nothing"));
        }
    }
}

/// Counts the effects of every policy that the load sets off.
pub fn follow(record: &Record) -> Finding {
    let mut found = Finding::of("every policy's effect happened exactly once");
    seats_of_runs(record).judge(&mut found);
    seats_of_campuses(record).judge(&mut found);
    places(record).judge(&mut found);
    credentials(record).judge(&mut found);
    found
}

/// A request for a limited seat is answered by the run; a seat that is given makes the enrolment active, a promotion
/// included, unless it ended before it heard of it.
fn seats_of_runs(record: &Record) -> Followed {
    let mut followed = Followed::default();
    let answer = |id: &str, round: u32| format!("the run's answer to request {round} of {id}");
    let entry = |id: &str, round: u32| format!("the entry of {id} by the seat of request {round}");
    let mut ended = HashSet::new();
    for (id, event) in record.events::<EnrolmentEvent>() {
        match event {
            EnrolmentEvent::EnrolmentRequested(it) if it.capacity > 0 => followed.expect(answer(id, it.round)),
            EnrolmentEvent::EnrolmentActivated(it) if it.seat_held => followed.see(entry(id, it.round)),
            EnrolmentEvent::EnrolmentWithdrawn(it) => drop(ended.insert((id.to_owned(), it.round))),
            EnrolmentEvent::EnrolmentExpired(it) => drop(ended.insert((id.to_owned(), it.round))),
            EnrolmentEvent::EnrolmentDeferred(it) => drop(ended.insert((id.to_owned(), it.round))),
            _ => {}
        }
    }
    let mut answered = BTreeSet::new();
    for (run, event) in record.events::<SeatEvent>() {
        let (learner, round, is_given, from_line) = match event {
            SeatEvent::SeatReserved(it) => (it.learner_id, it.round, true, it.promoted),
            SeatEvent::SeatWaitlisted(it) => (it.learner_id, it.round, false, false),
            SeatEvent::SeatRefused(it) => (it.learner_id, it.round, false, false),
            _ => continue,
        };
        let id = format!("{run}~{learner}");
        // Who stood in line was answered before.
        if !from_line || answered.insert((id.clone(), round)) {
            followed.see(answer(&id, round));
            answered.insert((id.clone(), round));
        }
        let has_entered = followed.seen.contains_key(&entry(&id, round));
        if is_given && (has_entered || !ended.contains(&(id.clone(), round))) {
            followed.expect(entry(&id, round));
        }
    }
    followed
}

/// A campus's wish is answered by enrolment, and the plan hears the answer.
fn seats_of_campuses(record: &Record) -> Followed {
    let mut followed = Followed::default();
    let answer = |plan: &str, id: &str, round: u32| format!("enrolment's answer to wish {round} of {plan} for {id}");
    let heard = |plan: &str, id: &str, round: u32| format!("{plan} hearing of wish {round} for {id}");
    for (plan, event) in record.events::<PlanEvent>() {
        match event {
            PlanEvent::SeatUseRequested(it) => {
                let id = format!("{}~{}", it.run_id, it.learner_id);
                followed.expect(answer(plan, &id, it.round));
                followed.expect(heard(plan, &id, it.round));
            }
            PlanEvent::SeatUseAccepted(it) => {
                followed.see(heard(plan, &format!("{}~{}", it.run_id, it.learner_id), it.round));
            }
            PlanEvent::SeatUseRefused(it) => {
                followed.see(heard(plan, &format!("{}~{}", it.run_id, it.learner_id), it.round));
            }
            _ => {}
        }
    }
    for (id, event) in record.events::<EnrolmentEvent>() {
        if let EnrolmentEvent::CampusSeatAnswered(it) = event {
            followed.see(answer(&it.plan_id, id, it.seat_round));
        }
    }
    followed
}

/// Every proposal is answered by its mentor, and the mentorship hears the answer.
fn places(record: &Record) -> Followed {
    let mut followed = Followed::default();
    let answer = |mentor: &str, id: &str, proposal: u32| format!("{mentor}'s answer to proposal {proposal} of {id}");
    for (id, event) in record.events::<MentorshipEvent>() {
        if let MentorshipEvent::MentorProposed(it) = event {
            followed.expect(answer(&it.mentor_id, id, it.proposal));
        }
    }
    for (mentor, event) in record.events::<MentorEvent>() {
        match event {
            MentorEvent::PlaceTaken(it) => followed.see(answer(mentor, &it.mentorship_id, it.proposal)),
            MentorEvent::PlaceRefused(it) => followed.see(answer(mentor, &it.mentorship_id, it.proposal)),
            _ => {}
        }
    }
    followed
}

/// Everybody who passes a course for which credentials are issued gets one, or hears why not; it gets a bit and is signed.
fn credentials(record: &Record) -> Followed {
    let mut followed = Followed::default();
    let (mut defined, mut approved) = (BTreeMap::new(), BTreeMap::new());
    for (id, event) in record.events::<AchievementEvent>() {
        match event {
            AchievementEvent::AchievementDefined(it) if it.source() == AchievementSource::Course => {
                defined.insert(id, (it.source_id, it.source_version));
            }
            AchievementEvent::AchievementApproved(_) => {
                if let Some(source) = defined.get(id) {
                    approved.insert(source.clone(), id);
                }
            }
            _ => {}
        }
    }
    let credential = |id: &str| format!("the credential {id}");
    let (signature, bit) = (|id: &str| format!("the signature of {id}"), |id: &str| format!("the bit of {id}"));
    for (id, event) in record.events::<EnrolmentEvent>() {
        let EnrolmentEvent::EnrolmentCompleted(it) = event else { continue };
        let learner = id.split_once('~').map_or("", |it| it.1);
        if let Some(achievement) = approved.get(&(it.course_id, it.course_version)) {
            followed.expect(credential(&format!("{achievement}~{learner}~1")));
        }
    }
    for (id, event) in record.events::<CredentialEvent>() {
        match event {
            CredentialEvent::CredentialIssued(_) => {
                followed.see(credential(id));
                followed.expect(signature(id));
                followed.expect(bit(id));
            }
            CredentialEvent::CredentialWithheld(_) => followed.see(credential(id)),
            CredentialEvent::CredentialSigned(_) => followed.see(signature(id)),
            _ => {}
        }
    }
    for (_, event) in record.events::<ListEvent>() {
        if let ListEvent::StatusIndexAllocated(it) = event {
            followed.see(bit(&it.credential_id));
        }
    }
    followed
}
