//! Invented mentors and learners, the same in every run: skills in fields of which few are popular, five languages, and
//! time zones all over the world.

use studium_proto::mentorship::v1::{MenteeDescribed, MentorDescribed};

/// Fields of work, and skills in each. How many want what falls by Zipf's law: the second half as often as the first.
const FIELDS: u64 = 20;
const SKILLS: u64 = 12;

/// Languages with their shares in percent: most speak the first.
const LANGUAGES: [(&str, u64); 5] = [("en", 55), ("es", 18), ("pt", 12), ("fr", 9), ("de", 6)];

/// Time zones with the shares of learners and of mentors who live there, in percent: mentors are not where learners are.
const ZONES: [(&str, u64, u64); 12] = [
    ("America/Los_Angeles", 8, 16),
    ("America/New_York", 12, 18),
    ("America/Mexico_City", 7, 3),
    ("America/Sao_Paulo", 9, 4),
    ("Europe/London", 8, 14),
    ("Europe/Berlin", 9, 17),
    ("Africa/Lagos", 9, 3),
    ("Africa/Cairo", 6, 3),
    ("Asia/Kolkata", 16, 12),
    ("Asia/Jakarta", 7, 2),
    ("Asia/Tokyo", 4, 4),
    ("Australia/Sydney", 5, 4),
];

/// Places of a mentor.
const PLACES: (u64, u64) = (10, 20);

/// Numbers that look like chance and are the same everywhere (`SplitMix64`).
struct Chance(u64);

impl Chance {
    /// Of one person of a sort.
    fn of(sort: u64, person: u32) -> Self {
        Self(sort << 32 | u64::from(person))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let it = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let it = (it ^ it >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ it >> 31
    }

    /// One of so many, each as likely.
    fn below(&mut self, many: u64) -> u64 {
        self.next() % many
    }

    /// One of so many, the first the likeliest, by Zipf's law.
    fn zipf(&mut self, many: u64) -> u64 {
        let weight = |rank: u64| 1_000_000 / (rank + 1);
        let mut point = self.below((0..many).map(weight).sum());
        for rank in 0..many {
            if point < weight(rank) {
                return rank;
            }
            point -= weight(rank);
        }
        0
    }

    /// One of some with shares in percent.
    fn share<'a>(&mut self, of: impl Iterator<Item = (&'a str, u64)>) -> &'a str {
        let mut point = self.below(100);
        let mut last = "";
        for (name, share) in of {
            last = name;
            if point < share {
                break;
            }
            point -= share;
        }
        last
    }

    fn language(&mut self) -> String {
        self.share(LANGUAGES.into_iter()).to_owned()
    }

    /// So many skills of one field, the popular ones first of all, and sometimes one of another.
    fn skills(&mut self, many: u64) -> Vec<String> {
        let field = self.zipf(FIELDS);
        let mut skills: Vec<_> = (0..many).map(|_| (field, self.zipf(SKILLS))).collect();
        if self.below(3) == 0 {
            skills.push((self.zipf(FIELDS), self.zipf(SKILLS)));
        }
        skills.sort_unstable();
        skills.dedup();
        skills.into_iter().map(|(field, skill)| format!("field {field} skill {skill}")).collect()
    }
}

/// A learner: two to five skills wanted, a language, and English beside it for two in three.
pub fn learner(n: u32) -> MenteeDescribed {
    let mut chance = Chance::of(1, n);
    let many = 2 + chance.below(4);
    let skills = chance.skills(many);
    let mut languages = vec![chance.language()];
    if languages[0] != "en" && chance.below(3) < 2 {
        languages.push("en".to_owned());
    }
    let time_zone = chance.share(ZONES.iter().map(|it| (it.0, it.1))).to_owned();
    MenteeDescribed { languages, time_zone, skills, goals: String::new() }
}

/// A mentor: four to eight skills, one or two languages.
pub fn mentor(n: u32) -> MentorDescribed {
    let mut chance = Chance::of(2, n);
    let many = 4 + chance.below(5);
    let skills = chance.skills(many);
    let mut languages = vec![chance.language()];
    if languages[0] != "en" || chance.below(4) == 0 {
        languages.push(if languages[0] == "en" { "es" } else { "en" }.to_owned());
    }
    let time_zone = chance.share(ZONES.iter().map(|it| (it.0, it.2))).to_owned();
    MentorDescribed { name: format!("Mentor {n}"), skills, languages, time_zone, about: String::new() }
}

/// Places of so many mentors, 10 to 20 each.
pub fn places(mentors: u32) -> Vec<u32> {
    let (least, most) = PLACES;
    (0..mentors).map(|n| (least + Chance::of(3, n).below(most - least + 1)) as u32).collect()
}

/// The same places, less here and there, until there are so many in all.
pub fn fewer(mut places: Vec<u32>, wanted: u32) -> Vec<u32> {
    let mut surplus = places.iter().sum::<u32>().saturating_sub(wanted);
    while surplus > 0 {
        for it in places.iter_mut().filter(|it| **it > 0) {
            let taken = surplus.min(1);
            *it -= taken;
            surplus -= taken;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_the_same_in_every_run_and_some_things_are_more_popular() {
        assert_eq!(learner(7), learner(7));
        let popular =
            |field: &str| (0..1000).filter(|n| learner(*n).skills.iter().any(|it| it.starts_with(field))).count();
        assert!(popular("field 0 ") > 3 * popular("field 9 "));
        let english = (0..1000).filter(|n| learner(*n).languages[0] == "en").count();
        assert!((450..650).contains(&english), "{english} of 1000 learners speak English first");
        let zones: std::collections::BTreeSet<_> = (0..1000).map(|n| learner(n).time_zone).collect();
        assert_eq!(zones.len(), ZONES.len());
        for shares in [ZONES.iter().map(|it| it.1).sum::<u64>(), ZONES.iter().map(|it| it.2).sum()] {
            assert_eq!(shares, 100);
        }
    }

    #[test]
    fn places_are_10_to_20_or_as_few_as_are_wanted() {
        let all = places(700);
        assert!(all.iter().all(|it| (10..=20).contains(it)));
        assert!(all.iter().sum::<u32>() >= 10_000);
        assert_eq!(fewer(all, 9_000).iter().sum::<u32>(), 9_000);
        assert_eq!(fewer(vec![1, 2], 9), [1, 2]);
    }
}
