//! How much of a stranger's credential is looked at: anybody may ask for a check, and must not be able to make it dear.

use crate::resolver::entries;
use serde_json::Value;
use thiserror::Error;

/// The longest text of a credential: 256 KiB. A microcredential with all its results has 8 KiB, a learner record
/// holds some thirty of these.
pub const TEXT_MAX: usize = 262_144;
/// The longest text of a status list: 4 MiB. The shortest list has 22 KiB if half of its bits are set.
pub const LIST_TEXT_MAX: usize = 4_194_304;
/// The most contexts in one `@context`. Open Badges have three.
pub const CONTEXTS_MAX: usize = 8;
/// The most contexts in a whole document, since the credentials in a learner record bring their own.
pub const CONTEXTS_ALL_MAX: usize = 128;
/// The most status entries, each of which may have to be fetched. Open Badges have one, others two.
pub const STATUS_ENTRIES_MAX: usize = 4;

/// A credential is more than is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// See [`TEXT_MAX`] and [`LIST_TEXT_MAX`].
    #[error("its text has {bytes} bytes, at most {most} are read")]
    Text {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// See [`CONTEXTS_MAX`].
    #[error("one `@context` of it names {0} contexts, at most {CONTEXTS_MAX} are read")]
    Contexts(usize),
    /// See [`CONTEXTS_ALL_MAX`].
    #[error("it names {0} contexts in all, at most {CONTEXTS_ALL_MAX} are read")]
    ContextsInAll(usize),
    /// See [`STATUS_ENTRIES_MAX`].
    #[error("it names {0} status entries, at most {STATUS_ENTRIES_MAX} are looked up")]
    StatusEntries(usize),
}

/// Whether the text is short enough to be read.
pub(crate) fn text(text: &str, most: usize) -> Result<(), Limit> {
    let bytes = text.len();
    if bytes > most { Err(Limit::Text { bytes, most }) } else { Ok(()) }
}

/// Whether the credential is small enough to be looked at.
pub(crate) fn credential(credential: &Value) -> Result<(), Limit> {
    match contexts(credential)? {
        all if all > CONTEXTS_ALL_MAX => return Err(Limit::ContextsInAll(all)),
        _ => {}
    }
    let entries = entries(credential).len();
    if entries > STATUS_ENTRIES_MAX { Err(Limit::StatusEntries(entries)) } else { Ok(()) }
}

/// How many contexts it names, wherever in it.
fn contexts(value: &Value) -> Result<usize, Limit> {
    let sum = |all: usize, it: Result<usize, Limit>| it.map(|it| all + it);
    match value {
        Value::Array(all) => all.iter().map(contexts).try_fold(0, sum),
        Value::Object(members) => {
            let each = members.iter().map(|(name, value)| match value {
                Value::Array(all) if name == "@context" && all.len() > CONTEXTS_MAX => Err(Limit::Contexts(all.len())),
                Value::Array(all) if name == "@context" => Ok(all.len()),
                _ if name == "@context" => Ok(1),
                value => contexts(value),
            });
            each.into_iter().try_fold(0, sum)
        }
        _ => Ok(0),
    }
}
