//! The demo's small world, made for it: five institutions, eight courses, a programme, two hundred people who do not exist.

/// An institution that does not exist.
pub struct Institution {
    /// Its key.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its domain, below a name that is reserved for examples.
    pub domain: &'static str,
    /// ISO 3166-1 code of its country.
    pub country: &'static str,
}

/// The institutions; the first runs the programme.
pub const INSTITUTIONS: [Institution; 5] = [
    Institution { id: "northvale", name: "Northvale University", domain: "northvale.example", country: "GB" },
    Institution {
        id: "harbour-tech",
        name: "Harbour Institute of Technology",
        domain: "harbour.example",
        country: "IE",
    },
    Institution { id: "lakeside", name: "Lakeside College of Design", domain: "lakeside.example", country: "FI" },
    Institution { id: "instituto-sol", name: "Instituto Sol", domain: "sol.example", country: "ES" },
    Institution { id: "hanbit", name: "Hanbit University", domain: "hanbit.example", country: "KR" },
];

/// A course that nobody teaches.
pub struct Course {
    /// Its key; its run is the same with the season after it.
    pub id: &'static str,
    /// Key of the institution that gives it.
    pub institution: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is about, in a sentence.
    pub summary: &'static str,
    /// ISO 639-1 code of its language.
    pub language: &'static str,
    /// ISCED-F 2013 field.
    pub subject: &'static str,
    /// EQF level.
    pub level: u32,
    /// Hours of work.
    pub hours: u32,
    /// Seats of its run; 0 is unlimited.
    pub seats: u32,
}

impl Course {
    /// Key of its run.
    pub fn run(&self) -> String {
        format!("{}-2024-autumn", self.id)
    }
}

/// The course whose every assessment is taken before the camera: it becomes a microcredential.
pub const PROCTORED: usize = 2;

/// The courses; the first is the one that too many want.
pub const COURSES: [Course; 8] = [
    course(
        "open-data-lab",
        "northvale",
        "Open Data Lab",
        "Thirty people, one city's data, one question a week.",
        "en",
        "0612",
        6,
        90,
        30,
    ),
    course(
        "statistics",
        "northvale",
        "Statistics by Doing",
        "Describe, estimate, test, and say how sure you are.",
        "en",
        "0542",
        5,
        60,
        0,
    ),
    course(
        "programming",
        "harbour-tech",
        "Programming for Everyone",
        "From the first line to a program that others use.",
        "en",
        "0613",
        5,
        125,
        0,
    ),
    course(
        "databases",
        "harbour-tech",
        "Databases That Last",
        "Tables, queries, and records that outlive programs.",
        "en",
        "0612",
        6,
        60,
        0,
    ),
    course(
        "form-and-colour",
        "lakeside",
        "Form and Colour",
        "See, choose and explain what makes a page readable.",
        "en",
        "0212",
        4,
        40,
        0,
    ),
    course(
        "energia-solar",
        "instituto-sol",
        "Energía solar en casa",
        "Dimensionar, instalar y mantener una planta pequeña.",
        "es",
        "0713",
        4,
        50,
        0,
    ),
    course(
        "korean-for-work",
        "hanbit",
        "Korean for Work",
        "Meetings, letters and telephone calls.",
        "ko",
        "0231",
        4,
        70,
        0,
    ),
    course(
        "writing",
        "northvale",
        "Writing That Is Read",
        "Short sentences, honest structure, useful feedback.",
        "en",
        "0232",
        5,
        40,
        0,
    ),
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above")]
const fn course(
    id: &'static str,
    institution: &'static str,
    title: &'static str,
    summary: &'static str,
    language: &'static str,
    subject: &'static str,
    level: u32,
    hours: u32,
    seats: u32,
) -> Course {
    Course { id, institution, title, summary, language, subject, level, hours, seats }
}

/// A module of a course, which trains one skill.
pub struct Module {
    /// Index of its course.
    pub course: usize,
    /// Its key within the course.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The skill, in words.
    pub skill: &'static str,
}

/// The modules of those courses that teachers take parts from.
pub const MODULES: [Module; 4] = [
    Module { course: 1, id: "describe", title: "Describing Data", skill: "describe data" },
    Module { course: 1, id: "estimate", title: "Estimating and Testing", skill: "test hypotheses" },
    Module { course: 3, id: "tables", title: "Tables and Keys", skill: "design tables" },
    Module { course: 3, id: "queries", title: "Queries", skill: "query databases" },
];

/// The programme, and the courses that it consists of.
pub const PROGRAMME: (&str, &str, [usize; 3]) = ("applied-data", "Applied Data", [1, 2, 3]);

/// How many of the learners, from the first, are in the programme.
pub const PROGRAMME_LEARNERS: usize = 12;

/// How many learners there are.
pub const LEARNERS: usize = 200;

/// Assessments of every run, the exam last: key, title, whether coursework, weight within its part in thousandths of a
/// percent, day on which it is due.
pub const ASSESSMENTS: [(&str, &str, bool, u32, &str); 3] = [
    ("essay", "Essay", true, 40_000, "2024-10-28"),
    ("project", "Project", true, 60_000, "2024-12-09"),
    ("exam", "Examination", false, 100_000, "2025-01-20"),
];

/// Share of the coursework, the mark to pass and the mark for a distinction, in thousandths of a percent.
pub const SCHEME: (u32, u32, u32) = (40_000, 50_000, 80_000);

const GIVEN: [&str; 20] = [
    "Ada", "Bruno", "Chiara", "Dilan", "Eun-ji", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kaori", "Lucía", "Mateo",
    "Nadia", "Oskar", "Priya", "Ravi", "Sofía", "Tomasz", "Yara",
];
const FAMILY: [&str; 10] = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Hazel", "Juniper", "Laurel", "Maple"];

/// A learner's key.
pub fn learner(number: usize) -> String {
    format!("learner-{:03}", number + 1)
}

/// A learner's name; no two are the same.
pub fn name(number: usize) -> String {
    format!("{} {}", GIVEN[number % GIVEN.len()], FAMILY[number / GIVEN.len() % FAMILY.len()])
}

/// The courses that a learner enrols in, each once.
pub fn choices(number: usize) -> Vec<usize> {
    let mut chosen = vec![number % 8, (number + number / 8 + 3) % 8];
    if number < PROGRAMME_LEARNERS {
        chosen.extend(PROGRAMME.2);
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// What becomes of a learner in a course.
pub enum Fate {
    /// Leaves in the fifth week.
    Leaves,
    /// Never hands in the exam.
    MissesExam,
    /// Does all assessments.
    Stays,
}

/// Chance without chance: the same for everyone who runs the demo.
pub fn chance(number: usize, course: usize, salt: usize) -> u32 {
    let mixed = (number * 37 + course * 61 + salt * 17 + 11) as u32;
    mixed.wrapping_mul(2_654_435_761) >> 16
}

/// What becomes of a learner in a course; members of the programme stay.
pub fn fate(number: usize, course: usize) -> Fate {
    match chance(number, course, 3) % 24 {
        _ if number < PROGRAMME_LEARNERS => Fate::Stays,
        0 | 1 => Fate::Leaves,
        2 => Fate::MissesExam,
        _ => Fate::Stays,
    }
}

/// A learner's score in an assessment, thousandths of a percent.
pub fn score(number: usize, course: usize, assessment: usize) -> u32 {
    let lowest = if number < PROGRAMME_LEARNERS { 55 } else { 32 };
    (lowest + chance(number, course, assessment) % (101 - lowest)) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn people_are_told_apart_and_the_first_course_is_wanted_by_too_many() {
        assert_eq!((0..LEARNERS).map(name).collect::<HashSet<_>>().len(), LEARNERS);
        let wanted = (0..LEARNERS).filter(|it| choices(*it).contains(&0)).count();
        let seats = COURSES[0].seats as usize;
        assert!(wanted > seats + 5, "{wanted} want {seats} seats");
        let leaving =
            (0..LEARNERS).filter(|it| choices(*it).contains(&0) && matches!(fate(*it, 0), Fate::Leaves)).count();
        assert!(leaving > 0, "nobody leaves the full course");
        for part in [true, false] {
            assert_eq!(ASSESSMENTS.iter().filter(|it| it.2 == part).map(|it| it.3).sum::<u32>(), 100_000);
        }
    }
}
