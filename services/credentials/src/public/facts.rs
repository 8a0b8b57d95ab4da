//! What a credential says, in words for people: the same on a page and on paper.

use studium_proto::credentials::v1::{
    AchievementDefined, AchievementType, AssessmentType, AwardGrade, AwardScheme, AwardedCredit, CredentialIssued,
    CredentialState, ParticipationForm, Supervision,
};
use studium_vc::times;

/// One thing that a credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub label: &'static str,
    /// One text or several.
    pub texts: Vec<Text>,
}

/// A text, with an address where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The words.
    pub words: String,
    /// Of https or http and nothing else.
    pub link: Option<String>,
}

impl Text {
    fn plain(words: impl Into<String>) -> Self {
        Self { words: words.into(), link: None }
    }

    /// Texts of others may name an address that does something when it is followed; only plain ones become links.
    fn linked(words: &str, address: &str) -> Self {
        let is_plain = ["https://", "http://"].iter().any(|it| address.starts_with(it));
        Self { words: words.to_owned(), link: is_plain.then(|| address.to_owned()) }
    }
}

/// A day, in UTC.
pub fn date(ms: i64) -> String {
    times::format(ms).chars().take(10).collect()
}

/// Thousandths as a number, without zeros at its end.
pub fn thousandths(milli: u32) -> String {
    let text = format!("{}.{:03}", milli / 1000, milli % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Minutes as hours, to a tenth.
pub fn hours(minutes: u32) -> String {
    let tenths = (u64::from(minutes) * 10 + 30) / 60;
    if tenths.is_multiple_of(10) { format!("{} h", tenths / 10) } else { format!("{}.{} h", tenths / 10, tenths % 10) }
}

/// The name of a scheme of credits.
pub fn scheme(it: AwardScheme) -> &'static str {
    match it {
        AwardScheme::Unspecified => "credits",
        AwardScheme::Ects => "ECTS credits",
        AwardScheme::KrAcbs => "credits of the Korean Academic Credit Bank System",
        AwardScheme::UkCats => "UK CATS credits",
        AwardScheme::UsSemester => "US semester credit hours",
    }
}

/// Credits in words.
pub fn credit(it: AwardedCredit) -> String {
    format!("{} {}", thousandths(it.credits_milli), scheme(it.scheme()))
}

/// A grade in words, with its mark if there is one.
pub fn grade(grade: AwardGrade, millipoints: Option<u32>) -> String {
    let word = match grade {
        AwardGrade::Unspecified => "",
        AwardGrade::Pass => "Pass",
        AwardGrade::Distinction => "Distinction",
    };
    match millipoints {
        Some(mark) if word.is_empty() => format!("{} of 100 points", thousandths(mark)),
        Some(mark) => format!("{word}, {} of 100 points", thousandths(mark)),
        None => word.to_owned(),
    }
}

/// Where a credential stands, in a word or two.
pub fn state(it: CredentialState, is_over: bool) -> &'static str {
    match it {
        CredentialState::Active if is_over => "expired",
        CredentialState::Active => "valid",
        CredentialState::Suspended => "suspended",
        CredentialState::Revoked => "revoked",
        CredentialState::Superseded => "replaced",
        CredentialState::Unspecified | CredentialState::Issued | CredentialState::Withheld => "not issued",
    }
}

/// The hours that something takes.
pub fn minutes(it: &AchievementDefined) -> u32 {
    it.study_minutes.saturating_add(it.revision_minutes).saturating_add(it.assessment_minutes)
}

/// A level in words.
pub fn level(it: &AchievementDefined) -> Vec<String> {
    let mut levels = Vec::new();
    if it.eqf_level > 0 {
        levels.push(format!("European Qualifications Framework, level {}", it.eqf_level));
    }
    if !it.national_level.is_empty() {
        levels.push(it.national_level.clone());
    }
    levels
}

/// All that a credential says, in the order in which it is read.
pub fn of(issued: &CredentialIssued, achievement: &AchievementDefined) -> Vec<Fact> {
    let one = |label, words: String| Fact { label, texts: vec![Text::plain(words)] };
    let many = |label, all: Vec<String>| Fact { label, texts: all.into_iter().map(Text::plain).collect() };
    let day = |ms: i64| if ms == 0 { String::new() } else { date(ms) };
    let hours = Some(minutes(achievement)).filter(|it| *it > 0).map(hours);
    let skills = achievement.skills.iter().map(|it| Text::linked(&it.label, &it.uri)).collect();
    let quality = Text::linked(&achievement.quality_assurance, &achievement.quality_assurance_url);
    let mut facts = vec![
        one("Issued by", with_country(issued)),
        one("Awarded for", kind(achievement.achievement_type()).to_owned()),
        one("Awarded on", day(issued.awarded_ms)),
        one("Valid from", day(issued.valid_from_ms)),
        one("Valid until", if issued.valid_until_ms == 0 { "without end".into() } else { day(issued.valid_until_ms) }),
        one("Grade", grade(issued.grade(), issued.grade_millipoints)),
        many("Level", level(achievement)),
        many("Credits", issued.credits.iter().copied().map(credit).collect()),
        one("Study time", hours.unwrap_or_default()),
        many("Learning outcomes", achievement.outcomes.clone()),
        Fact { label: "Skills", texts: skills },
        one("Criteria", achievement.criteria.clone()),
        many("Assessment", assessment(achievement)),
        one("Identity", identity(issued)),
        one("Participation", participation(achievement.participation()).to_owned()),
        Fact { label: "Quality assurance", texts: vec![quality] },
        one("Prerequisites", achievement.prerequisites.clone()),
        many("Counts towards", achievement.degree_programmes.clone()),
        one("Field of study", achievement.field_of_study.clone()),
        one("Code", achievement.human_code.clone()),
    ];
    for fact in &mut facts {
        fact.texts.retain(|it| !it.words.is_empty());
    }
    facts.retain(|it| !it.texts.is_empty());
    facts
}

fn with_country(it: &CredentialIssued) -> String {
    if it.issuer_country.is_empty() {
        it.issuer_name.clone()
    } else {
        format!("{} ({})", it.issuer_name, it.issuer_country)
    }
}

fn kind(it: AchievementType) -> &'static str {
    match it {
        AchievementType::Microcredential => "Microcredential",
        AchievementType::Unspecified | AchievementType::Course => "Course",
        AchievementType::Certificate => "Certificate",
    }
}

fn assessment(it: &AchievementDefined) -> Vec<String> {
    let kind = match it.assessment_type() {
        AssessmentType::Unspecified => "",
        AssessmentType::Testing => "Testing",
        AssessmentType::ApplicationOfASkill => "Application of a skill",
        AssessmentType::Portfolio => "Portfolio",
        AssessmentType::RecognitionOfPriorLearning => "Recognition of prior learning",
    };
    let supervision = match it.supervision() {
        Supervision::Unspecified => "",
        Supervision::Unsupervised => "Unsupervised",
        Supervision::WithoutIdentification => "Supervised, without identification",
        Supervision::OnlineIdentified => "Supervised online, with identification",
        Supervision::OnsiteIdentified => "Supervised on site, with identification",
        Supervision::DocumentChecked => "Unsupervised, with an identity document checked",
    };
    vec![kind.to_owned(), it.assessment_method.clone(), supervision.to_owned()]
}

fn identity(it: &CredentialIssued) -> String {
    if it.identity_verified { "Verified at the assessment".to_owned() } else { String::new() }
}

fn participation(it: ParticipationForm) -> &'static str {
    match it {
        ParticipationForm::Unspecified => "",
        ParticipationForm::Online => "Online",
        ParticipationForm::OnsiteOrBlended => "On site, or on site and online",
        ParticipationForm::Volunteering => "Volunteering",
        ParticipationForm::WorkExperience => "Work experience",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(
            (thousandths(5_000), thousandths(2_500), thousandths(78_125)),
            ("5".into(), "2.5".into(), "78.125".into())
        );
        assert_eq!((hours(7_500), hours(90), hours(0)), ("125 h".into(), "1.5 h".into(), "0 h".into()));
        assert_eq!(grade(AwardGrade::Pass, Some(78_000)), "Pass, 78 of 100 points");
    }

    #[test]
    fn only_plain_addresses_become_links() {
        assert_eq!(Text::linked("x", "javascript:alert(1)").link, None);
        assert_eq!(Text::linked("x", "https://a.example/").link.as_deref(), Some("https://a.example/"));
    }
}
