//! What a well-formed request looks like: lengths, ranges, codes. Whether it may happen is the deciders' matter.

use studium_kit::Fields;
use studium_proto::catalogue::v1::{
    AssessmentPart, AssessmentSchemeSet, CourseDescribed, CourseLevel, Pacing, ProgrammeComposed, RestrictionKind,
    RunRestriction, SelectionFilter, Skill,
};

/// Characters in a title or name.
pub const TITLE: usize = 500;

/// Characters in a text of several sentences.
pub const TEXT: usize = 20_000;

/// Characters in a word or code.
pub const WORD: usize = 100;

/// Items in a list of a request.
pub const LIST: usize = 500;

/// Courses that a list picks by hand.
pub const COURSES: usize = 10_000;

/// Web addresses that people can follow.
pub fn url(fields: &mut Fields, field: &str, value: &str) {
    fields.optional_text(field, value, 2_000);
    let is_web = value.is_empty() || value.starts_with("https://") || value.starts_with("http://");
    fields.check(field, is_web, "is no http or https address");
}

/// A value of an enum that this build knows; 0 only if it is not `needed`.
pub fn known<E: TryFrom<i32>>(fields: &mut Fields, field: &str, value: i32, needed: bool) {
    fields.check(field, E::try_from(value).is_ok(), "is no value of its enum");
    fields.check(field, !needed || value != 0, "is not said");
}

/// A list of texts, none of them empty.
pub fn texts(fields: &mut Fields, field: &str, values: &[String], max: usize) {
    fields.check(field, values.len() <= LIST, "has more than 500 items");
    for (n, value) in values.iter().take(LIST).enumerate() {
        fields.text(&format!("{field}[{n}]"), value, max);
    }
}

/// A list of ids.
pub fn ids(fields: &mut Fields, field: &str, values: &[String], max: usize) {
    fields.check(field, values.len() <= max, &format!("has more than {max} items"));
    for (n, value) in values.iter().take(max).enumerate() {
        fields.id(&format!("{field}[{n}]"), value);
    }
}

/// A list of skills, each with a label.
pub fn skills(fields: &mut Fields, field: &str, values: &[Skill]) {
    fields.check(field, values.len() <= LIST, "has more than 500 items");
    for (n, it) in values.iter().take(LIST).enumerate() {
        fields.text(&format!("{field}[{n}].label"), &it.label, TITLE);
        url(fields, &format!("{field}[{n}].uri"), &it.uri);
    }
}

/// ISO 3166-1 alpha-2; empty only if it is not `needed`.
pub fn country(fields: &mut Fields, field: &str, value: &str, needed: bool) {
    let is_code = value.len() == 2 && value.bytes().all(|it| it.is_ascii_uppercase());
    fields.check(field, is_code || (value.is_empty() && !needed), "is no country code of two capital letters");
}

/// An amount with its currency: both or neither.
pub fn price(fields: &mut Fields, field: &str, minor: i64, currency: &str) {
    let is_code = currency.len() == 3 && currency.bytes().all(|it| it.is_ascii_uppercase());
    fields.check(&format!("{field}price_minor"), minor >= 0, "is below 0");
    let fits = if minor == 0 { currency.is_empty() || is_code } else { is_code };
    fields.check(&format!("{field}currency"), fits, "is no currency code of three capital letters");
}

/// ISCED-F 2013: two to four digits.
fn isced(fields: &mut Fields, field: &str, value: &str) {
    let is_code = (2..=4).contains(&value.len()) && value.bytes().all(|it| it.is_ascii_digit());
    fields.check(field, is_code || value.is_empty(), "is no ISCED-F code of two to four digits");
}

/// The description of a course.
pub fn description(fields: &mut Fields, it: &CourseDescribed) {
    fields.text("description.title", &it.title, TITLE);
    fields.optional_text("description.summary", &it.summary, TEXT);
    fields.optional_text("description.language", &it.language, WORD);
    texts(fields, "description.subtitles", &it.subtitles, WORD);
    isced(fields, "description.subject", &it.subject);
    fields.optional_text("description.category", &it.category, TITLE);
    fields.optional_text("description.subcategory", &it.subcategory, TITLE);
    known::<CourseLevel>(fields, "description.level", it.level, false);
    price(fields, "description.", it.price_minor, &it.currency);
    url(fields, "description.url", &it.url);
    fields.check("description.rating_hundredths", it.rating_hundredths <= 500, "is above 500");
}

/// The dates of a run.
pub fn dates(fields: &mut Fields, starts: i64, ends: i64, from: i64, until: i64) {
    fields.check("starts_at_ms", starts > 0, "is not said");
    fields.check("ends_at_ms", ends > 0, "is not said");
    fields.check("enrol_from_ms", from >= 0, "is below 0");
    fields.check("enrol_until_ms", until >= 0, "is below 0");
}

/// The restrictions of a run.
pub fn restrictions(fields: &mut Fields, list: &[RunRestriction]) {
    fields.check("restrictions", list.len() <= LIST, "has more than 500 items");
    for (n, it) in list.iter().take(LIST).enumerate() {
        let field = format!("restrictions[{n}].value");
        match it.kind() {
            RestrictionKind::MembersOf => fields.id(&field, &it.value),
            RestrictionKind::CountryExcluded => country(fields, &field, &it.value, true),
            RestrictionKind::InvitationOnly => fields.check(&field, it.value.is_empty(), "is not empty"),
            RestrictionKind::Unspecified => {
                fields.check(&format!("restrictions[{n}].kind"), false, "is not said");
            }
        }
    }
}

/// Who sets the pace of a run.
pub fn pacing(fields: &mut Fields, value: i32) {
    known::<Pacing>(fields, "pacing", value, true);
}

/// The assessments of a run.
pub fn scheme(fields: &mut Fields, it: &AssessmentSchemeSet) {
    fields.check("scheme.assessments", it.assessments.len() <= LIST, "has more than 500 items");
    for (n, it) in it.assessments.iter().take(LIST).enumerate() {
        let field = |name: &str| format!("scheme.assessments[{n}].{name}");
        fields.id(&field("assessment_id"), &it.assessment_id);
        fields.optional_text(&field("title"), &it.title, TITLE);
        fields.text(&field("kind"), &it.kind, WORD);
        known::<AssessmentPart>(fields, &field("part"), it.part, true);
        fields.check(&field("weight_millipoints"), it.weight_millipoints <= 100_000, "is above 100,000");
        fields.check(&field("due_at_ms"), it.due_at_ms >= 0, "is below 0");
    }
    fields.check("scheme.pass_mark_millipoints", it.pass_mark_millipoints <= 100_000, "is above 100,000");
}

/// The courses of a programme.
pub fn composition(fields: &mut Fields, it: &ProgrammeComposed) {
    ids(fields, "composition.required_course_ids", &it.required_course_ids, LIST);
    fields.check("composition.elective_groups", it.elective_groups.len() <= LIST, "has more than 500 items");
    for (n, it) in it.elective_groups.iter().take(LIST).enumerate() {
        let field = |name: &str| format!("composition.elective_groups[{n}].{name}");
        fields.id(&field("group_id"), &it.group_id);
        fields.optional_text(&field("title"), &it.title, TITLE);
        ids(fields, &field("course_ids"), &it.course_ids, LIST);
    }
}

/// The conditions of a search or selection.
pub fn filter(fields: &mut Fields, it: &SelectionFilter) {
    fields.optional_text("filter.text", &it.text, TITLE);
    ids(fields, "filter.institution_ids", &it.institution_ids, LIST);
    for (n, it) in it.subjects.iter().take(LIST).enumerate() {
        isced(fields, &format!("filter.subjects[{n}]"), it);
    }
    fields.check("filter.subjects", it.subjects.len() <= LIST, "has more than 500 items");
    texts(fields, "filter.categories", &it.categories, TITLE);
    texts(fields, "filter.languages", &it.languages, WORD);
    texts(fields, "filter.skills", &it.skills, TITLE);
    for (n, level) in it.levels.iter().take(LIST).enumerate() {
        known::<CourseLevel>(fields, &format!("filter.levels[{n}]"), *level, false);
    }
    fields.check("filter.levels", it.levels.len() <= LIST, "has more than 500 items");
}

/// An id that a client gives, so that it may be looked up.
pub fn is_id(value: &str) -> bool {
    let mut fields = Fields::new();
    fields.id("id", value);
    fields.done().is_ok()
}
