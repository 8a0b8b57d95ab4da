//! What the mentorship stream says, event by event: who mentors whom, and who holds which place at every moment.

use std::collections::BTreeMap;
use studium_kit::Event as _;
use studium_log::{Log, Stored};
use studium_proto::mentorship::v1::{mentor_event::Event as MentorEvent, mentorship_event::Event as MentorshipEvent};

/// The record of all mentorships. Reading it checks every step.
#[derive(Debug, Default)]
pub struct Record {
    /// Mentor of each mentorship at this moment, and the proposal by which the mentor came.
    present: BTreeMap<String, (String, u32)>,
    /// All mentors that a mentorship had.
    mentors: BTreeMap<String, Vec<String>>,
    /// Mentorships that are over.
    ended: Vec<String>,
    capacity: BTreeMap<String, u32>,
    /// For each mentor the mentorships that hold a place, with the proposal.
    places: BTreeMap<String, BTreeMap<String, u32>>,
    /// The most places that any mentor had taken at once.
    most: usize,
}

impl Record {
    /// Reads the stream from its first commit to its last.
    pub async fn read(log: &Log) -> Self {
        let mut record = Self::default();
        for position in 1..=log.head("mentorship").await.unwrap() {
            record.take_in(&log.read("mentorship", position).await.unwrap().unwrap());
        }
        record
    }

    fn take_in(&mut self, stored: &Stored) {
        for bytes in &stored.commit.events {
            if stored.aggregate() == MentorshipEvent::AGGREGATE {
                self.mentorship(stored.id(), MentorshipEvent::from_bytes(bytes).unwrap().unwrap(), stored.position);
            } else if stored.aggregate() == MentorEvent::AGGREGATE {
                self.mentor(stored.id(), MentorEvent::from_bytes(bytes).unwrap().unwrap(), stored.position);
            }
        }
    }

    fn mentorship(&mut self, id: &str, event: MentorshipEvent, at: u64) {
        match event {
            MentorshipEvent::MentorAssigned(it) => {
                let before = self.present.get(id).cloned().unwrap_or_default();
                let said = (it.previous_mentor_id, it.previous_proposal);
                assert_eq!(said, before, "{at}: {id} changes hands from the one who is the mentor");
                assert!(self.holds(&it.mentor_id, id, it.proposal), "{at}: {} has no place for {id}", it.mentor_id);
                self.mentors.entry(id.to_owned()).or_default().push(it.mentor_id.clone());
                self.present.insert(id.to_owned(), (it.mentor_id, it.proposal));
            }
            MentorshipEvent::MentorshipEnded(it) => {
                let last = self.present.remove(id).unwrap_or_default();
                assert_eq!((it.mentor_id, it.proposal), last, "{at}: {id} ends with the one who is the mentor");
                self.ended.push(id.to_owned());
            }
            _ => {}
        }
    }

    fn mentor(&mut self, mentor: &str, event: MentorEvent, at: u64) {
        let places = self.places.entry(mentor.to_owned()).or_default();
        match event {
            MentorEvent::CapacitySet(it) => drop(self.capacity.insert(mentor.to_owned(), it.capacity)),
            MentorEvent::PlaceTaken(it) => {
                places.insert(it.mentorship_id, it.proposal);
                assert_eq!(it.load as usize, places.len(), "{at}: {mentor} counts wrong");
                assert!(it.load <= self.capacity[mentor], "{at}: {mentor} has {} mentees too many", it.load);
                self.most = self.most.max(places.len());
            }
            MentorEvent::PlaceFreed(it) => {
                let present = self.present.get(&it.mentorship_id);
                let is_needed = present.is_some_and(|now| (now.0.as_str(), now.1) == (mentor, it.proposal));
                assert!(!is_needed, "{at}: {mentor} lost the place of {} and is still the mentor", it.mentorship_id);
                assert_eq!(places.remove(&it.mentorship_id), Some(it.proposal), "{at}: {mentor} frees what is free");
            }
            _ => {}
        }
    }

    fn holds(&self, mentor: &str, mentorship: &str, proposal: u32) -> bool {
        self.places.get(mentor).is_some_and(|it| it.get(mentorship) == Some(&proposal))
    }

    /// Everybody had a mentor, so many changed once, nobody was without one in between, and all of it is over.
    pub fn has_no_gap(&self, learners: usize, handed_over: usize) {
        assert_eq!(self.mentors.len(), learners, "{:?}", self.mentors.keys());
        let twice = self.mentors.values().filter(|it| it.len() == 2).count();
        let once = self.mentors.values().filter(|it| it.len() == 1).count();
        assert_eq!((once, twice), (learners - handed_over, handed_over), "{:?}", self.mentors);
        assert_eq!((self.ended.len(), self.present.len()), (learners, 0), "each ended once");
    }

    /// No mentor ever had more, and no place is taken in the end.
    pub fn holds_no_more_than(&self, places: u32) {
        assert!((1..=places as usize).contains(&self.most), "{} at once", self.most);
        assert!(self.places.values().all(BTreeMap::is_empty), "{:?}", self.places);
    }
}
