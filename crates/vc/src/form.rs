//! The two forms in which a credential is handed over, JSON with a proof and a token, read before anything is checked.

use crate::{
    contexts::Contexts,
    data_model, json,
    jwt::Token,
    limits::{self, Lengths, Limit},
    proof::{ProofError, Secured},
    report::{Check, CheckName, Finding},
};
use serde_json::Value;

/// A credential in one of its two forms, parted from what proves it.
pub(crate) enum Form {
    Json { whole: Value, secured: Result<Secured, ProofError> },
    Token(Token),
}

impl Form {
    /// Reads a credential, or says in a check why it cannot be read.
    pub(crate) fn read(text: &str, lengths: &Lengths) -> Result<Self, Check> {
        let more = |e: &Limit| Check::not_checked(CheckName::Structure, &format!("It is too much to be checked: {e}."));
        let form = if text.trim_start().starts_with('{') {
            limits::text(text, lengths.json).map_err(|e| more(&e))?;
            let whole = json::read(text.as_bytes()).map_err(|e| {
                Check::new(CheckName::Structure, Finding::Malformed, &format!("It is not JSON that can be read: {e}."))
            })?;
            limits::document(&whole).map_err(|e| more(&e))?;
            let secured = Secured::read(&whole);
            Self::Json { whole, secured }
        } else {
            limits::text(text, lengths.token).map_err(|e| more(&e))?;
            Self::Token(Token::read(text).map_err(|e| {
                let sentence = format!("It is neither JSON nor a token that can be checked: {e}.");
                Check::new(CheckName::Proof, Finding::Unproven, &sentence)
            })?)
        };
        limits::credential(form.credential()).map_err(|e| more(&e))?;
        Ok(form)
    }

    pub(crate) fn credential(&self) -> &Value {
        match self {
            Self::Json { whole, .. } => whole,
            Self::Token(token) => &token.credential,
        }
    }

    /// Whether something is there that could prove it.
    pub(crate) fn is_secured(&self) -> bool {
        !matches!(self, Self::Json { secured: Err(_), .. })
    }

    /// Whether it is a credential at all.
    pub(crate) fn structure(&self, contexts: &Contexts) -> Check {
        let problems = data_model::problems(self.credential(), contexts);
        if problems.is_empty() {
            return Check::new(CheckName::Structure, Finding::Sound, "It is a verifiable credential, version 2.0.");
        }
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let sentence = format!("It is not a verifiable credential: {}.", problems.join("; "));
        Check::new(CheckName::Structure, Finding::Malformed, &sentence)
    }
}
