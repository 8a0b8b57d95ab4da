//! Who learns and who mentors in the nanodegree: invented people on four continents.

use super::office::Office;
use crate::demo::{
    desk::{answer, asked},
    sample::COURSES,
};
use anyhow::Result;
use studium_proto::mentorship::v1::{DescribeMenteeRequest, MenteeDescribed, MentorDescribed, RegisterMentorRequest};

/// Somebody who mentors.
pub struct Mentor {
    /// The key.
    pub id: &'static str,
    /// The name.
    pub name: &'static str,
    languages: &'static [&'static str],
    time_zone: &'static str,
    /// Courses whose skill the mentor has.
    courses: &'static [usize],
    /// Mentees at most.
    capacity: u32,
}

/// The mentors. Together they have a few places more than there are learners.
pub const MENTORS: [Mentor; 4] = [
    Mentor {
        id: "mentor-mia",
        name: "Mia Sørensen",
        languages: &["en", "da"],
        time_zone: "Europe/Copenhagen",
        courses: &[2, 3],
        capacity: 5,
    },
    Mentor {
        id: "mentor-tomas",
        name: "Tomás Herrera",
        languages: &["es", "en"],
        time_zone: "America/Bogota",
        courses: &[2],
        capacity: 4,
    },
    Mentor {
        id: "mentor-aiko",
        name: "Aiko Tanaka",
        languages: &["ja", "en"],
        time_zone: "Asia/Tokyo",
        courses: &[3],
        capacity: 3,
    },
    Mentor {
        id: "mentor-wanjiru",
        name: "Wanjiru Kamau",
        languages: &["en", "sw"],
        time_zone: "Africa/Nairobi",
        courses: &[2, 3],
        capacity: 4,
    },
];

/// Somebody who learns.
pub struct Learner {
    /// The key.
    pub id: &'static str,
    /// The name.
    pub name: &'static str,
    language: &'static str,
    time_zone: &'static str,
}

/// The learners. The first one's mentor declines, the second one asks for somebody else.
pub const LEARNERS: [Learner; 12] = [
    learner("nano-01", "Ana Lima", "en", "Europe/Lisbon"),
    learner("nano-02", "Ben Okafor", "en", "Africa/Lagos"),
    learner("nano-03", "Carmen Ruiz", "es", "America/Lima"),
    learner("nano-04", "Dewi Santoso", "en", "Asia/Jakarta"),
    learner("nano-05", "Emil Novak", "en", "Europe/Prague"),
    learner("nano-06", "Fumi Sato", "ja", "Asia/Tokyo"),
    learner("nano-07", "Gloria Mendes", "es", "America/Bogota"),
    learner("nano-08", "Halima Yusuf", "sw", "Africa/Nairobi"),
    learner("nano-09", "Iris Jensen", "da", "Europe/Copenhagen"),
    learner("nano-10", "Jorge Vidal", "es", "Europe/Madrid"),
    learner("nano-11", "Kiran Rao", "en", "Asia/Kolkata"),
    learner("nano-12", "Lena Vogt", "en", "Europe/Vienna"),
];

const fn learner(id: &'static str, name: &'static str, language: &'static str, time_zone: &'static str) -> Learner {
    Learner { id, name, language, time_zone }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

/// The mentors register, and the learners say what they speak and where they live.
pub async fn register(office: &Office<'_>) -> Result<()> {
    for it in &MENTORS {
        let profile = MentorDescribed {
            name: it.name.to_owned(),
            skills: it.courses.iter().map(|course| COURSES[*course].title.to_owned()).collect(),
            languages: owned(it.languages),
            time_zone: it.time_zone.to_owned(),
            about: String::new(),
        };
        let register = RegisterMentorRequest {
            mentor_id: it.id.to_owned(),
            profile: Some(profile),
            capacity: it.capacity,
            ..RegisterMentorRequest::default()
        };
        answer(office.mentors().register_mentor(asked(it.id, register)).await)?;
    }
    for it in &LEARNERS {
        let profile = MenteeDescribed {
            languages: owned(&[it.language, "en"]),
            time_zone: it.time_zone.to_owned(),
            ..MenteeDescribed::default()
        };
        let describe = DescribeMenteeRequest { learner_id: it.id.to_owned(), profile: Some(profile), at_ms: 0 };
        answer(office.mentorships().describe_mentee(asked(&format!("mentee:{}", it.id), describe)).await)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_few_places_more_than_learners() {
        let places: u32 = MENTORS.iter().map(|it| it.capacity).sum();
        let spare = places as usize - LEARNERS.len();
        assert!((2..6).contains(&spare), "{spare} places to spare");
    }
}
