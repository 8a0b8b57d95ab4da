//! What the fields of calls on classes must look like.

use super::NAME_MAX;
use std::{collections::BTreeSet, ops::RangeInclusive};
use studium_kit::Fields;

/// Teachers of one class when it is opened.
pub(super) const TEACHERS_MAX: usize = 50;

/// Learners who are added or removed by one call: each is looked up.
pub(super) const ROWS_MAX: usize = 500;

/// Learners of one class.
pub(super) const CLASS_MAX: usize = crate::class::LEARNERS_MAX;

/// Contents of one piece of work: the class keeps a bit for each.
const CONTENTS_MAX: usize = 50;

/// The longest URL, characters.
const URL_MAX: usize = 2_000;

/// Ids, so many of them, none twice.
pub(super) fn ids(fields: &mut Fields, field: &str, ids: &[String], count: RangeInclusive<usize>) {
    let (least, most) = (count.start(), count.end());
    fields.check(field, count.contains(&ids.len()), &format!("are not between {least} and {most}"));
    let mut seen = BTreeSet::new();
    for id in ids.iter().take(*most) {
        fields.id(field, id);
        fields.check(field, seen.insert(id), "has an id twice");
    }
}

/// Exactly one of two ids.
pub(super) fn one_of(fields: &mut Fields, (one, one_id): (&str, &str), (other, other_id): (&str, &str)) {
    match (one_id.is_empty(), other_id.is_empty()) {
        (false, true) => fields.id(one, one_id),
        (true, false) => fields.id(other, other_id),
        _ => fields.check(one, false, &format!("and `{other}`: exactly one is given")),
    }
}

/// When and where a meeting is.
pub(super) fn meeting(fields: &mut Fields, (meeting_id, starts_at_ms): (&str, i64), (room, url): (&str, &str)) {
    fields.id("meeting_id", meeting_id);
    fields.check("starts_at_ms", starts_at_ms > 0, "is not given");
    fields.optional_text("room", room, NAME_MAX);
    fields.optional_text("url", url, URL_MAX);
}

/// The id of a content: `<item>`, `<module>` or `<item>~<module>`.
pub(super) fn content_id(fields: &mut Fields, field: &str, id: &str) {
    if id.contains('~') { fields.joined_id(field, id) } else { fields.id(field, id) }
}

/// The content that something is about, if it is given.
pub(super) fn content(fields: &mut Fields, id: &str) {
    if !id.is_empty() {
        content_id(fields, "content_id", id);
    }
}

/// Contents of a piece of work, none twice.
pub(super) fn contents(fields: &mut Fields, ids: &[String], least: usize) {
    let fits = (least..=CONTENTS_MAX).contains(&ids.len());
    fields.check("content_ids", fits, &format!("are not between {least} and {CONTENTS_MAX}"));
    let mut seen = BTreeSet::new();
    for id in ids.iter().take(CONTENTS_MAX) {
        content_id(fields, "content_ids", id);
        fields.check("content_ids", seen.insert(id), "has an id twice");
    }
}

/// Whether a number is a rate in thousandths of a percent.
pub(super) fn is_rate(it: u32) -> bool {
    it <= 100_000
}
