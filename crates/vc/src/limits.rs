//! How much of a stranger's credential is looked at: anybody may ask for a check, and must not be able to make it dear.

use crate::resolver::entries;
use serde_json::Value;
use thiserror::Error;

/// The longest text of a credential in JSON: 256 KiB. A microcredential with all its results has 8 KiB, an image
/// within it may have more.
pub const TEXT_MAX: usize = 262_144;
/// The longest token: 1 MiB, since checking one is cheap. A learner's record of eighty microcredentials fits.
pub const TOKEN_TEXT_MAX: usize = 1_048_576;
/// The longest text of a status list: 4 MiB. The shortest list has 22 KiB if half of its bits are set.
pub const LIST_TEXT_MAX: usize = 4_194_304;
/// The most contexts in one `@context`. Open Badges have three.
pub const CONTEXTS_MAX: usize = 8;
/// The most contexts in a whole document with a proof; each is read for every proof. Nothing reads those of a token.
pub const CONTEXTS_ALL_MAX: usize = 128;
/// The most objects in a document with a proof. Each has terms of its own, and costs about a millisecond in a program
/// that is not optimised. A microcredential has fifty.
pub const OBJECTS_MAX: usize = 500;
/// The most values of any kind in a document with a proof. A microcredential has three hundred.
pub const VALUES_MAX: usize = 5_000;
/// How deep objects and lists of a document with a proof may stand in each other, since reading JSON-LD takes stack
/// for each. A microcredential has seven levels.
pub const DEPTH_MAX: usize = 24;
/// The most status entries, each of which may have to be fetched. Open Badges have one, others two.
pub const STATUS_ENTRIES_MAX: usize = 4;

/// A credential is more than is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// See [`TEXT_MAX`], [`TOKEN_TEXT_MAX`] and [`LIST_TEXT_MAX`].
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
    /// See [`OBJECTS_MAX`].
    #[error("it has {0} objects, at most {OBJECTS_MAX} are read")]
    Objects(usize),
    /// See [`VALUES_MAX`].
    #[error("it has {0} values, at most {VALUES_MAX} are read")]
    Values(usize),
    /// See [`DEPTH_MAX`].
    #[error("its objects and lists stand in each other more than {DEPTH_MAX} deep")]
    Depth,
    /// See [`STATUS_ENTRIES_MAX`].
    #[error("it names {0} status entries, at most {STATUS_ENTRIES_MAX} are looked up")]
    StatusEntries(usize),
}

/// How long a text may be in its two forms.
pub(crate) struct Lengths {
    pub(crate) json: usize,
    pub(crate) token: usize,
}

pub(crate) const CREDENTIAL: Lengths = Lengths { json: TEXT_MAX, token: TOKEN_TEXT_MAX };
pub(crate) const STATUS_LIST: Lengths = Lengths { json: LIST_TEXT_MAX, token: LIST_TEXT_MAX };

/// Whether the text is short enough to be read.
pub(crate) fn text(text: &str, most: usize) -> Result<(), Limit> {
    let bytes = text.len();
    if bytes > most { Err(Limit::Text { bytes, most }) } else { Ok(()) }
}

/// Whether a document with a proof is small enough to be read as JSON-LD.
pub(crate) fn document(document: &Value) -> Result<(), Limit> {
    let all = contexts(document)?;
    let (mut objects, mut values) = (0, 0);
    count(document, DEPTH_MAX, &mut objects, &mut values)?;
    match () {
        () if all > CONTEXTS_ALL_MAX => Err(Limit::ContextsInAll(all)),
        () if objects > OBJECTS_MAX => Err(Limit::Objects(objects)),
        () if values > VALUES_MAX => Err(Limit::Values(values)),
        () => Ok(()),
    }
}

/// Whether a credential in JSON, with its proof, is small enough to be checked: what its issuer asks before it signs.
pub fn whole(json: &Value) -> Result<(), Limit> {
    text(&json.to_string(), TEXT_MAX)?;
    document(json)?;
    credential(json)
}

fn count(value: &Value, deeper: usize, objects: &mut usize, values: &mut usize) -> Result<(), Limit> {
    *values += 1;
    let within = || deeper.checked_sub(1).ok_or(Limit::Depth);
    match value {
        Value::Array(all) => {
            let deeper = within()?;
            all.iter().try_for_each(|it| count(it, deeper, objects, values))
        }
        Value::Object(members) => {
            *objects += 1;
            let deeper = within()?;
            members.values().try_for_each(|it| count(it, deeper, objects, values))
        }
        _ => Ok(()),
    }
}

/// Whether the credential, in whichever form, is small enough to be looked at.
pub(crate) fn credential(credential: &Value) -> Result<(), Limit> {
    contexts(credential)?;
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
