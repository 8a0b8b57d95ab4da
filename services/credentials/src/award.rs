//! Whether a learner gets a credential: all reasons against it, in a fixed order.

use studium_proto::credentials::v1::{AchievementState, CredentialState, Framework, Reason};

/// What a learner completed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Completed {
    /// Mark, thousandths of 100 points, if there is one.
    pub grade_millipoints: Option<u32>,
    /// The learner only listened in.
    pub is_audit: bool,
    /// The learner was identified at the assessment.
    pub identity_verified: bool,
}

/// What an award rests on.
#[expect(clippy::struct_excessive_bools, reason = "facts that stand side by side")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where the achievement stands.
    pub achievement: AchievementState,
    /// The rules that it claims to keep.
    pub frameworks: Vec<Framework>,
    /// Mark that passes it, thousandths of 100 points; 0 = not said.
    pub pass_mark_millipoints: u32,
    /// What the learner completed, if anything.
    pub completed: Option<Completed>,
    /// Staff says why it is issued although nothing was completed here.
    pub is_overridden: bool,
    /// The platform knows who the learner is.
    pub is_identified: bool,
    /// Another credential that the learner has for the same and that holds.
    pub existing: Option<String>,
    /// Where the credential stands whose place it takes, and whether the same institution issued it.
    pub before: Option<(CredentialState, bool)>,
    /// The attempt before this one never was.
    pub skips_attempt: bool,
    /// It is a stack's, and nobody applied for it.
    pub is_unasked_stack: bool,
    /// The catalogue authorises the institution to issue.
    pub is_authorised: bool,
    /// The issuer has a key that is there and safe.
    pub has_key: bool,
}

/// Why a credential is not issued, each with a sentence.
pub type Problem = (Reason, String);

/// All that stands against the award, in the order in which people look.
pub fn problems(it: &Facts) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut no = |reason: Reason, detail: String| found.push((reason, detail));
    let is_cmf = it.frameworks.iter().any(|it| matches!(it, Framework::Cmf2019 | Framework::Cmf2022));
    let is_eu = it.frameworks.contains(&Framework::Eu2022);
    match &it.completed {
        // A credential that takes another one's place rests on what that one rested on.
        None if it.is_overridden && (!is_cmf || it.before.is_some()) => {}
        None if it.is_overridden => no(
            Reason::IdNotVerifiedAtAssessment,
            "nobody was identified at an assessment, which the microcredential framework demands".to_owned(),
        ),
        None => no(Reason::NotCompleted, "the learner has not completed it".to_owned()),
        Some(done) if done.is_audit && !it.is_overridden => {
            no(Reason::NotCompleted, "the learner only listened in (audit)".to_owned());
        }
        Some(_) => {}
    }
    if let Some(done) = &it.completed {
        let pass = it.pass_mark_millipoints;
        match done.grade_millipoints {
            Some(grade) if grade < pass && !it.is_overridden => {
                no(Reason::AssessmentNotPassed, format!("{} of {} needed", points(grade), points(pass)));
            }
            _ => {}
        }
        if is_cmf && !done.identity_verified {
            let why = "the learner was not identified at the assessment, which the microcredential framework demands";
            no(Reason::IdNotVerifiedAtAssessment, why.to_owned());
        }
    }
    if (is_cmf || is_eu) && !it.is_identified {
        no(Reason::LearnerUnidentified, "the learner is not registered with a name; register first".to_owned());
    }
    problems_of_before(it, &mut no);
    if let Some(existing) = &it.existing {
        no(Reason::DuplicateAward, format!("the learner has `{existing}`; award it anew instead"));
    }
    match it.achievement {
        AchievementState::Approved => {}
        AchievementState::Retired => no(Reason::AchievementRetired, "no more credentials are issued for it".to_owned()),
        AchievementState::Unspecified | AchievementState::Draft => {
            no(Reason::CourseVersionNotApproved, "this version is not approved for credentials".to_owned());
        }
    }
    if !it.is_authorised {
        let why = "the catalogue does not authorise the institution to issue; a registrar does that there";
        no(Reason::IssuerNotAuthorised, why.to_owned());
    }
    if !it.has_key {
        no(Reason::IssuerKeyUnavailable, "the issuer has no key that can be used; create one".to_owned());
    }
    found
}

/// What stands against taking another one's place, or coming after it.
fn problems_of_before(it: &Facts, no: &mut impl FnMut(Reason, String)) {
    if let Some((state, is_own)) = it.before {
        match state {
            _ if !is_own => {
                no(
                    Reason::NotYourInstitution,
                    "another institution issued the one whose place it would take".to_owned(),
                );
            }
            CredentialState::Unspecified | CredentialState::Withheld => {
                no(Reason::CredentialNotFound, "what was never issued cannot be awarded anew".to_owned());
            }
            CredentialState::Issued => {
                no(Reason::CredentialNotSigned, "it is about to be signed; try again in a moment".to_owned());
            }
            CredentialState::Superseded => {
                no(Reason::CredentialSuperseded, "another one took its place already; award that one anew".to_owned());
            }
            CredentialState::Active | CredentialState::Suspended | CredentialState::Revoked => {}
        }
    }
    if it.skips_attempt {
        no(Reason::AttemptNotNext, "there was no attempt before it; attempts count from 1".to_owned());
    }
    if it.is_unasked_stack {
        no(Reason::StackByApplicationOnly, "what a stack awards comes by applying for it".to_owned());
    }
}

/// A mark as people write it.
fn points(millipoints: u32) -> String {
    let (whole, part) = (millipoints / 1_000, millipoints % 1_000);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests;
