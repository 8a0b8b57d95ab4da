//! The mandatory elements of the EU's recommendation on microcredentials (2022/C 243/02, Annex I).
//!
//! There are eleven: learner identification, title, country of the issuer, awarding body, date of issue, learning
//! outcomes, notional workload, level, type of assessment, form of participation, type of quality assurance. Two of
//! them no definition can lack: no credential that claims these rules is issued to somebody who is not known by name
//! (`LEARNER_UNIDENTIFIED`), and each says when it was awarded. So `EU_MISSING_LEARNER_IDENTIFICATION` and
//! `EU_MISSING_DATE_OF_ISSUE` are never found.

use super::{Awarding, Found, credits_in, minutes};
use studium_proto::credentials::v1::{AchievementDefined, AssessmentType, AwardScheme, ParticipationForm};

/// Looks for all elements.
pub fn check(it: &AchievementDefined, awarding: &Awarding, found: &mut Found<'_>) {
    // A level is asked for if it applies; whoever says that none does has answered.
    let has_level = it.level_not_applicable || (1..=8).contains(&it.eqf_level);
    // ECTS wherever possible: they stand for the hours as well.
    let has_workload = minutes(it) > 0 || credits_in(it, AwardScheme::Ects) > 0;
    let is_there = |text: &str| !text.trim().is_empty();
    for (has, element, why) in [
        (is_there(&it.name), "TITLE", "there is no title"),
        (
            is_there(&awarding.country),
            "COUNTRY",
            "the catalogue does not know the issuer's country; a registrar sets it there",
        ),
        (
            is_there(&awarding.name),
            "AWARDING_BODY",
            "the catalogue does not know the issuer; a registrar registers it there",
        ),
        (it.outcomes.iter().any(|it| is_there(it)), "LEARNING_OUTCOMES", "there are no learning outcomes"),
        (has_workload, "WORKLOAD", "there is no workload; give minutes, or ECTS credits"),
        (has_level, "LEVEL", "there is no EQF level, 1 to 8; or say that no level applies"),
        (
            it.assessment_type() != AssessmentType::Unspecified,
            "ASSESSMENT_TYPE",
            "it is not said what type of assessment there is",
        ),
        (
            it.participation() != ParticipationForm::Unspecified,
            "PARTICIPATION_FORM",
            "it is not said in what form learners take part: online, on the premises …",
        ),
        (is_there(&it.quality_assurance), "QUALITY_ASSURANCE", "it is not said who assures the quality, and how"),
    ] {
        if !has {
            found.no(&format!("EU_MISSING_{element}"), why);
        }
    }
}

#[cfg(test)]
mod tests;
