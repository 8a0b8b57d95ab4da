//! What rules of credentials say of an achievement's definition: all that is wrong, in the order of the rules.

mod acbs;
mod cmf;
mod eu;

use studium_proto::credentials::v1::{AchievementDefined, AwardScheme, Finding, Framework};

/// Thousandths in one credit.
const MILLI: u64 = 1_000;

/// What the catalogue says of the institution that would issue: a definition does not hold it, and rules ask for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awarding {
    /// Its name; empty if the catalogue does not know it.
    pub name: String,
    /// Its country, ISO 3166-1 alpha-2; empty if it is not known.
    pub country: String,
}

/// The rules that a definition claims to keep.
pub fn claimed(it: &AchievementDefined) -> Vec<Framework> {
    it.frameworks().collect()
}

/// All that is wrong by these rules, in their order.
pub fn findings(it: &AchievementDefined, awarding: &Awarding, frameworks: &[Framework]) -> Vec<Finding> {
    let mut all = Vec::new();
    for framework in frameworks {
        let mut found = Found { framework: *framework, findings: &mut all };
        match framework {
            Framework::Unspecified => {}
            Framework::Cmf2019 | Framework::Cmf2022 => cmf::check(it, &mut found),
            Framework::Eu2022 => eu::check(it, awarding, &mut found),
            Framework::KrAcbs => acbs::check(it, &mut found),
        }
    }
    all
}

/// What was found so far.
struct Found<'a> {
    framework: Framework,
    findings: &'a mut Vec<Finding>,
}

impl Found<'_> {
    fn no(&mut self, code: &str, detail: impl Into<String>) {
        let framework = self.framework as i32;
        self.findings.push(Finding { framework, code: code.to_owned(), detail: detail.into() });
    }
}

/// All minutes that a learner needs. More than the rules know of is too much by any of them.
fn minutes(it: &AchievementDefined) -> u64 {
    u64::from(it.study_minutes) + u64::from(it.revision_minutes) + u64::from(it.assessment_minutes)
}

/// Hours as people write them: `99:59 h`.
fn hours(minutes: u64) -> String {
    format!("{}:{:02} h", minutes / 60, minutes % 60)
}

/// Credits as people write them: `4.5`.
fn credits(milli: u64) -> String {
    let (whole, part) = (milli / MILLI, milli % MILLI);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}").trim_end_matches('0').to_owned() }
}

/// Thousandths of a credit in one scheme; 0 = it gives none.
fn credits_in(it: &AchievementDefined, scheme: AwardScheme) -> u64 {
    it.credits.iter().filter(|it| it.scheme() == scheme).map(|it| u64::from(it.credits_milli)).sum()
}

/// Whether somebody is identified by what is declared.
fn identifies(it: &AchievementDefined) -> bool {
    use studium_proto::credentials::v1::Supervision as S;
    match it.supervision() {
        S::OnlineIdentified | S::OnsiteIdentified | S::DocumentChecked => true,
        S::Unspecified | S::Unsupervised | S::WithoutIdentification => false,
    }
}

/// How supervision is called in sentences.
fn supervised(it: &AchievementDefined) -> &'static str {
    use studium_proto::credentials::v1::Supervision as S;
    match it.supervision() {
        S::Unspecified => "not declared",
        S::Unsupervised => "unsupervised",
        S::WithoutIdentification => "supervised without identification",
        S::OnlineIdentified => "supervised online and identified",
        S::OnsiteIdentified => "supervised on the premises and identified",
        S::DocumentChecked => "identified by a document",
    }
}

#[cfg(test)]
mod tests;
