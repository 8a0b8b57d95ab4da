//! The page of a transcript: a line for each credential, and the sums of what is valid.

use super::{
    answers::{self, NEVER},
    credential_page::named,
    facts::{self, credit, date, hours},
};
use crate::transcript::{Transcript, is_over};
use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use std::collections::BTreeMap;
use studium_proto::credentials::v1::TranscriptEntry;

/// The page; `at` is its own address.
pub fn response(it: &Transcript, name: Option<&str>, at: &str, now_ms: i64) -> Response {
    answers::page(StatusCode::OK, NEVER, "Transcript of records", &body(it, name, at, now_ms))
}

fn body(it: &Transcript, name: Option<&str>, at: &str, now_ms: i64) -> Markup {
    let issuers: BTreeMap<_, _> = it.entries.iter().map(|it| (&it.institution_id, &it.issuer_name)).collect();
    html! {
        h1 { "Transcript of records" }
        @if let Some(name) = name { (named(name)) }
        p.note { "As of " (date(now_ms)) ". Each credential leads to a page where it is checked." }
        table {
            caption { "Credentials, oldest award first" }
            thead {
                tr {
                    @for it in ["Credential", "Issuer", "Awarded", "Level", "Hours", "Credits", "Grade", "State"] {
                        th scope="col" { (it) }
                    }
                }
            }
            tbody { @for it in &it.entries { (row(it)) } }
        }
        h2 { "Sums of what is valid" }
        ul {
            li { (hours(it.study_minutes)) " of study" }
            @for it in &it.credits { li { (credit(*it)) } }
        }
        p.note { "Credits of different schemes are different quantities and are not added up." }
        h2 { "Files" }
        ul {
            li { a href=(format!("{at}/pdf")) { "For printing (PDF)" } }
            @for (id, name) in issuers {
                li {
                    a href=(format!("{at}/clr?institution_id={id}")) {
                        "Comprehensive Learner Record 2.0, signed by " (name) " (token)"
                    }
                }
            }
        }
    }
}

fn row(it: &TranscriptEntry) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(it.url) { (it.name) } }
            td { (it.issuer_name) }
            td { (date(it.awarded_ms)) }
            td { (level(it)) }
            td { @if it.study_minutes > 0 { (hours(it.study_minutes)) } }
            td { @for it in &it.credits { div { (credit(*it)) } } }
            td { (facts::grade(it.grade(), it.grade_millipoints)) }
            td { @if it.counts { "✓ " } @else { "✗ " } (facts::state(it.state(), is_over(it))) }
        }
    }
}

/// A level in a few letters.
pub fn level(it: &TranscriptEntry) -> String {
    match (it.eqf_level, it.national_level.as_str()) {
        (0, national) => national.to_owned(),
        (eqf, "") => format!("EQF {eqf}"),
        (eqf, national) => format!("EQF {eqf}, {national}"),
    }
}
