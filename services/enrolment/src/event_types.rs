//! Which types of events somebody wants of a feed: named, or all that begin so; none named = all.

use crate::partner_feed::MEANINGS;
use serde::Deserialize;
use std::borrow::Cow;
use studium_kit::{Fields, Stored};

/// Types in one filter.
const TYPES_MAX: usize = 50;

/// What of an event says whether it is wanted.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// Checks a filter as somebody asks for it.
pub fn check(fields: &mut Fields, types: &[String]) {
    fields.check("types", types.len() <= TYPES_MAX, "has more than 50 entries");
    let is_known = |asked: &String| MEANINGS.iter().any(|(kind, _)| fits(asked, kind));
    let why = "has an entry that no type of event fits; docs/partner lists them";
    fields.check("types", types.iter().all(is_known), why);
}

/// Whether an event passes a filter.
///
/// # Errors
/// When it does not say of which type it is.
pub fn wants(types: &[String], event: &Stored) -> Result<bool, serde_json::Error> {
    if types.is_empty() {
        return Ok(true);
    }
    let head: Head<'_> = serde_json::from_slice(&event.bytes)?;
    Ok(types.iter().any(|it| fits(it, &head.kind)))
}

fn fits(asked: &str, kind: &str) -> bool {
    asked.strip_suffix('*').map_or(asked == kind, |it| kind.starts_with(it))
}
