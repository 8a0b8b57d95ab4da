//! Reads a row of a roster: what it says of a person, or why it makes no sense.
//!
//! What may stand in a column is narrow on purpose: where columns are swapped, rows should make no sense rather than
//! another one. The sentences name columns and not what stands there, which is about a person.

use studium_proto::campus::v1::{MemberClass, MemberDescribed, RosterMode, RosterRow};

/// The longest text of a column, characters; as for members one by one.
const TEXT_MAX: usize = 320;

/// The longest id of a learner; as for members one by one.
const ID_MAX: usize = 128;

/// What a row says of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The campus's own id for the person.
    pub external_id: String,
    /// The learner; empty if the row does not say.
    pub learner_id: String,
    /// What is said; `None` if the person is no member any more.
    pub record: Option<MemberDescribed>,
}

impl Said {
    /// Reads a row.
    ///
    /// # Errors
    /// With a sentence on what is wrong.
    pub fn read(row: &RosterRow, mode: RosterMode) -> Result<Self, String> {
        if !row.unreadable.is_empty() {
            return Err(row.unreadable.chars().take(TEXT_MAX).collect());
        }
        let external_id = text("external_id", &row.external_id)?;
        if external_id.is_empty() {
            return Err("external_id is missing".to_owned());
        }
        let learner_id = text("learner_id", &row.learner_id)?;
        let plain = learner_id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_' || it == b'-');
        if !plain || learner_id.len() > ID_MAX {
            return Err("learner_id is not 1 to 128 characters of A-Z a-z 0-9 _ -".to_owned());
        }
        let stays = stays(&row.status, mode)?;
        let class = class(&row.class, stays)?;
        let (department, name) = (no_address("department", &row.department)?, no_address("name", &row.name)?);
        let email = text("email", &row.email)?;
        if !email.is_empty() && !is_address(&email) {
            return Err("email is no address".to_owned());
        }
        let record = stays.then(|| MemberDescribed {
            class: class.into(),
            department,
            external_id: external_id.clone(),
            name,
            email,
            test_user: false,
        });
        Ok(Self { external_id, learner_id, record })
    }
}

fn text(column: &str, value: &str) -> Result<String, String> {
    let value = value.trim();
    if value.chars().nth(TEXT_MAX).is_some() {
        return Err(format!("{column} is longer than {TEXT_MAX} characters"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{column} holds a control character"));
    }
    Ok(value.to_owned())
}

/// A text that is no e-mail address, as it would be if columns were swapped.
fn no_address(column: &str, value: &str) -> Result<String, String> {
    let value = text(column, value)?;
    if value.contains('@') { Err(format!("{column} looks like an e-mail address")) } else { Ok(value) }
}

fn is_address(value: &str) -> bool {
    let parts = value.split_once('@');
    parts.is_some_and(|(who, domain)| {
        !who.is_empty()
            && !domain.contains('@')
            && domain.split('.').count() > 1
            && domain.split('.').all(|it| !it.is_empty())
            && !value.contains(char::is_whitespace)
    })
}

/// Whether the person is a member from now on.
fn stays(status: &str, mode: RosterMode) -> Result<bool, String> {
    match status.trim().to_ascii_lowercase().as_str() {
        "active" => Ok(true),
        "inactive" | "tobedeleted" => Ok(false),
        "" if mode == RosterMode::Full => Ok(true),
        "" => Err("status is missing; where only changes are told, each row says it".to_owned()),
        _ => Err("status is none of active, inactive, tobedeleted".to_owned()),
    }
}

/// In what capacity; who leaves needs none.
fn class(class: &str, stays: bool) -> Result<MemberClass, String> {
    match class.trim().to_ascii_lowercase().as_str() {
        "student" => Ok(MemberClass::Student),
        "staff" => Ok(MemberClass::Staff),
        "fellow" => Ok(MemberClass::Fellow),
        "" if !stays => Ok(MemberClass::Unspecified),
        "" => Err("class is missing".to_owned()),
        _ => Err("class is none of student, staff, fellow".to_owned()),
    }
}

#[cfg(test)]
mod tests;
