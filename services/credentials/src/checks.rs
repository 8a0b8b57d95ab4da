//! What rules of credentials say of an achievement's definition: all that is wrong, in the order of the rules.

use studium_proto::credentials::v1::{AchievementDefined, Finding, Framework};

/// The rules that a definition claims to keep.
pub fn claimed(it: &AchievementDefined) -> Vec<Framework> {
    it.frameworks().collect()
}

/// All that is wrong by these rules, in their order.
pub fn findings(it: &AchievementDefined, frameworks: &[Framework]) -> Vec<Finding> {
    frameworks
        .iter()
        .flat_map(|framework| match framework {
            Framework::Cmf2019 | Framework::Cmf2022 => cmf(it, *framework),
            Framework::Unspecified | Framework::Eu2022 | Framework::KrAcbs => Vec::new(),
        })
        .collect()
}

/// Least total study time of a microcredential, minutes (Common Microcredential Framework, criterion 1).
const CMF_MINUTES_MIN: u32 = 6_000;

fn cmf(it: &AchievementDefined, framework: Framework) -> Vec<Finding> {
    let mut found = Vec::new();
    let minutes = it.study_minutes + it.revision_minutes + it.assessment_minutes;
    if minutes < CMF_MINUTES_MIN {
        found.push(Finding {
            framework: framework as i32,
            code: "CMF_HOURS_BELOW_MIN".to_owned(),
            detail: format!("{minutes} minutes of study in all; at least {CMF_MINUTES_MIN} (100 hours) are needed"),
        });
    }
    found
}
