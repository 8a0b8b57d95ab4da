//! Ids of credit accounts and of what is entered in them.

use studium_proto::credentials::v1::AwardScheme;

/// The name of a scheme in ids.
fn scheme_name(scheme: AwardScheme) -> String {
    scheme.as_str_name().trim_start_matches("AWARD_SCHEME_").to_lowercase()
}

/// The id of a learner's account in a scheme.
pub fn id(learner_id: &str, scheme: AwardScheme) -> String {
    format!("{learner_id}~{}", scheme_name(scheme))
}

/// The learner and the scheme of an account.
pub fn parts(account_id: &str) -> Option<(&str, AwardScheme)> {
    let (learner_id, name) = account_id.rsplit_once('~')?;
    let scheme = AwardScheme::from_str_name(&format!("AWARD_SCHEME_{}", name.to_uppercase()))?;
    Some((learner_id, scheme))
}

/// The credential of a recognition: its id without the receiving institution.
pub fn credential_of(recognition_id: &str) -> &str {
    recognition_id.rsplit_once('~').map_or(recognition_id, |it| it.0)
}

/// What a credential is for and whose it is: its id without the attempt.
pub fn achieved(credential_id: &str) -> &str {
    match credential_id.rsplit_once('~') {
        Some((it, attempt)) if attempt.parse::<u32>().is_ok() => it,
        _ => credential_id,
    }
}
