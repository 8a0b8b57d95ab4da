//! What came of the mentors' story, in plain words, with numbers read back from the views.

use super::{
    graduation::Ended,
    hand_over::{ASKING, HandedOver},
    joining::Joined,
    office::called,
    outcomes::Outcomes,
    people::LEARNERS,
    programme::{PRICE, TITLE},
    proposals::{DECLINE, Declined, Mentored},
    working::{WORKING, Worked},
};
use crate::progress::{Output, time};
use serde_json::{Value, json};

/// All that is told of mentors.
pub struct Report {
    /// Who came.
    pub joined: Joined,
    /// Who declined.
    pub declined: Declined,
    /// Who mentors whom.
    pub mentored: Mentored,
    /// Who handed over.
    pub handed_over: HandedOver,
    /// What one of them did with the mentor.
    pub worked: Worked,
    /// How it ended.
    pub ended: Ended,
    /// What was measured.
    pub outcomes: Outcomes,
}

impl Report {
    fn places(&self) -> u32 {
        self.mentored.places.iter().map(|it| it.capacity).sum()
    }

    /// Prints it for people.
    pub fn say(&self, output: Output) {
        output.say(format!(
            "\n{} learners joined the nanodegree \"{TITLE}\", which comes with a mentor. {} had to wait until they had paid; {} paid {}.{:02} EUR each.",
            self.joined.learners,
            self.joined.announced,
            self.joined.paid,
            PRICE / 100,
            PRICE % 100
        ));
        self.say_declined(output);
        let mentees: Vec<_> = self
            .mentored
            .places
            .iter()
            .map(|it| format!("{} {} of {}", called(&it.mentor_id), it.load, it.capacity))
            .collect();
        output.say(format!(
            "All {} have a mentor; {} mentors have {} places, and nobody has more mentees than places: {}.",
            self.mentored.mentors.len(),
            self.mentored.places.len(),
            self.places(),
            mentees.join(", ")
        ));
        let handed_over = &self.handed_over;
        output.say(format!(
            "{} asked for somebody else. {} stayed the mentor until {} had accepted ({}); without a mentor in between: {} ms.",
            LEARNERS[ASKING].name,
            called(&handed_over.from),
            called(&handed_over.to),
            time(handed_over.at_ms),
            handed_over.gap_ms
        ));
        let worked = &self.worked;
        output.say(format!(
            "{} asked {} {} question, answered within the promised time: {}; met for {} minutes and took {} thing to do along; the project met the specifications in round {}.",
            LEARNERS[WORKING].name,
            called(&worked.mentor),
            worked.answered.0,
            worked.answered.1,
            worked.session_minutes,
            worked.action_items,
            worked.rounds
        ));
        output.say(format!(
            "{} completed the nanodegree. With it {} mentorships ended by themselves, and {} places are still taken.",
            self.ended.completed, self.ended.mentorships, self.ended.taken
        ));
        let group = &self.outcomes.mentored;
        output.say(format!(
            "Graduation of learners with a mentor: {} of {}, {} % (95 % interval {} to {} %); {} rating of {} stars.",
            group.graduated,
            group.learners,
            group.rate_millipoints / 1000,
            group.rate_from_millipoints / 1000,
            group.rate_to_millipoints / 1000,
            self.outcomes.ratings.0,
            f64::from(self.outcomes.ratings.1) / 1000.0
        ));
    }

    fn say_declined(&self, output: Output) {
        output.say(format!(
            "{} was proposed to {} and declined; what followed (`studium trace {DECLINE}`):",
            called(&self.declined.mentor),
            LEARNERS[0].name
        ));
        for it in &self.declined.story {
            output.say(format!("  {} in {} by {}", it.events.join(", "), it.subject, it.actor));
        }
    }

    /// The same for scripts.
    pub fn json(&self) -> Value {
        let events: Vec<_> = self.declined.story.iter().flat_map(|it| &it.events).collect();
        json!({
            "joined": self.joined.learners, "announced": self.joined.announced, "paid": self.joined.paid, "mentors": self.mentored.places.len(),
            "places": self.places(), "mentored": self.mentored.mentors.len(),
            "taken": self.mentored.places.iter().map(|it| it.load).sum::<u32>(),
            "declined": {"by": self.declined.mentor, "next": self.mentored.mentors.first(), "events": events},
            "handed_over": {"from": self.handed_over.from, "to": self.handed_over.to, "gap_ms": self.handed_over.gap_ms},
            "worked": {
                "answered": self.worked.answered.0, "in_time": self.worked.answered.1,
                "session_minutes": self.worked.session_minutes, "action_items": self.worked.action_items,
                "rounds": self.worked.rounds,
            },
            "outcomes": {
                "learners": self.outcomes.mentored.learners, "graduated": self.outcomes.mentored.graduated,
                "rate_from_millipoints": self.outcomes.mentored.rate_from_millipoints,
                "ratings": self.outcomes.ratings.0, "mean_millistars": self.outcomes.ratings.1,
            },
            "completed": self.ended.completed, "ended": self.ended.mentorships, "taken_afterwards": self.ended.taken,
        })
    }
}
