//! Results and what they mean, in pairs: an achievement describes a result, a learner's result names the description.

use super::{
    Assessment, Badge, Credits, Grade, Participation, Scheme, Stackability, Supervision,
    json::{Description, Outcome},
};

const ASSESSMENTS: [Assessment; 4] =
    [Assessment::Testing, Assessment::ApplicationOfSkill, Assessment::Portfolio, Assessment::PriorLearning];

/// The descriptions and the results of a badge, the n-th of the one for the n-th of the other.
pub(super) fn of(badge: &Badge) -> (Vec<Description>, Vec<Outcome>) {
    let mut all = Results { achievement: &badge.achievement.id, descriptions: Vec::new(), outcomes: Vec::new() };
    all.reached(badge);
    all.study(badge);
    all.manner(badge);
    (all.descriptions, all.outcomes)
}

struct Results<'a> {
    achievement: &'a str,
    descriptions: Vec<Description>,
    outcomes: Vec<Outcome>,
}

impl Results<'_> {
    /// Score, grade, and that it is completed.
    fn reached(&mut self, badge: &Badge) {
        if let Some(score) = badge.results.score {
            let description = Description {
                value_min: Some("0".to_owned()),
                value_max: Some("100".to_owned()),
                required_value: Some(decimal(score.pass_mark_per_mille, 1)),
                ..described("Summative assessment", "Percent")
            };
            self.add("final-score", description, &decimal(score.per_mille, 1));
        }
        match &badge.results.grade {
            Some(Grade::Letter(letter)) => self.add("grade", described("Grade", "LetterGrade"), letter),
            Some(grade) => {
                let allowed_value = vec!["Pass", "Distinction"];
                let value = if *grade == Grade::Pass { "Pass" } else { "Distinction" };
                self.add("grade", Description { allowed_value, ..described("Grade", "Result") }, value);
            }
            None => {}
        }
        let id = self.describe("award-status", described("Award status", "Status"));
        let completed = Outcome { status: Some("Completed"), value: None, ..outcome(id) };
        self.outcomes.push(completed);
    }

    /// Hours, credits, learning outcomes.
    fn study(&mut self, badge: &Badge) {
        let results = &badge.results;
        if let Some(minutes) = results.study_minutes {
            let range = results.study_hours_range;
            let description = Description {
                value_min: range.map(|(min, _)| min.to_string()),
                value_max: range.map(|(_, max)| max.to_string()),
                ..described("Total study hours incl. revision and assessment", "ext:TotalStudyHours")
            };
            self.add("total-study-hours", description, &hours(minutes));
        }
        if let Some(Credits { milli, scheme }) = badge.credits {
            let (name, result_type) = match scheme {
                Scheme::Ects => ("ECTS credits", "ext:ECTSCredits"),
                Scheme::KrAcbs => ("Credits of the Academic Credit Bank System (Korea)", "ext:ACBSCredits"),
                Scheme::UkCats => ("CATS credits (United Kingdom)", "ext:CATSCredits"),
                Scheme::UsSemester => ("Semester credit hours (United States)", "ext:USSemesterCredits"),
            };
            self.add("credits", described(name, result_type), &decimal(milli, 3));
        }
        for (number, name) in results.learning_outcomes.iter().enumerate() {
            let description = Description {
                allowed_value: vec!["not achieved", "achieved"],
                required_value: Some("achieved".to_owned()),
                ..described(name, "ext:LearningOutcome")
            };
            self.add(&format!("learning-outcome-{}", number + 1), description, "achieved");
        }
    }

    /// How it was assessed and studied.
    fn manner(&mut self, badge: &Badge) {
        let results = &badge.results;
        if let Some(it) = results.assessment {
            let allowed_value = ASSESSMENTS.map(assessment).to_vec();
            let description = Description { allowed_value, ..described("Type of assessment", "ext:AssessmentType") };
            self.add("assessment-type", description, assessment(it));
        }
        if let Some(it) = results.supervision {
            let name = "Supervision and identity verification during assessment";
            self.add("supervision", described(name, "ext:SupervisionAndIdentity"), supervision(it));
        }
        if let Some(it) = results.participation {
            let description = described("Form of participation", "ext:ParticipationForm");
            self.add("participation", description, participation(it));
        }
        let value = match &results.stackability {
            None => return,
            Some(Stackability::StandAlone) => "stand-alone".to_owned(),
            Some(Stackability::Towards(it)) => format!("stackable towards {it}"),
        };
        self.add("stackability", described("Stackability", "ext:Stackability"), &value);
    }

    fn add(&mut self, name: &str, description: Description, value: &str) {
        let id = self.describe(name, description);
        self.outcomes.push(Outcome { value: Some(value.to_owned()), ..outcome(id) });
    }

    /// An URL has one fragment, so that an achievement which is one itself is continued in it.
    fn describe(&mut self, name: &str, description: Description) -> String {
        let sign = if self.achievement.contains('#') { '/' } else { '#' };
        let id = format!("{}{sign}{name}", self.achievement);
        self.descriptions.push(Description { id: id.clone(), ..description });
        id
    }
}

fn described(name: &str, result_type: &'static str) -> Description {
    Description { r#type: ["ResultDescription"], name: name.to_owned(), result_type, ..Description::default() }
}

fn outcome(result_description: String) -> Outcome {
    Outcome { r#type: ["Result"], result_description, value: None, status: None }
}

/// A whole number of parts, `10^places` of which are one: 4500 thousandths are `4.5`.
fn decimal(parts: impl Into<u64>, places: usize) -> String {
    let digits = format!("{:0width$}", parts.into(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// Hours with two decimals, rounded down so that nobody is said to have studied longer.
fn hours(minutes: u32) -> String {
    decimal(u64::from(minutes) * 100 / 60, 2)
}

fn assessment(it: Assessment) -> &'static str {
    match it {
        Assessment::Testing => "testing",
        Assessment::ApplicationOfSkill => "application of a skill",
        Assessment::Portfolio => "portfolio",
        Assessment::PriorLearning => "recognition of prior learning",
    }
}

fn supervision(it: Supervision) -> &'static str {
    match it {
        Supervision::UnsupervisedNoId => "unsupervised without identity verification",
        Supervision::SupervisedNoId => "supervised without identity verification",
        Supervision::SupervisedOnlineWithId => "supervised online with identity verification",
        Supervision::SupervisedOnsiteWithId => "supervised onsite with identity verification",
    }
}

fn participation(it: Participation) -> &'static str {
    match it {
        Participation::Online => "online",
        Participation::OnsiteOrBlended => "onsite or blended",
        Participation::Volunteering => "volunteering",
        Participation::WorkExperience => "work experience",
        Participation::Personalised => "personalized",
    }
}
