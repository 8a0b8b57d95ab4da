//! The page of a credential: what it says, whether it holds, and where its files are.

use super::{
    answers,
    checks::{self, Line},
    facts::{self, Fact, Text},
    qr::Qr,
};
use crate::{credentials::CredentialRow, document};
use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use std::fmt::Write as _;
use studium_proto::credentials::v1::{AchievementDefined, CredentialIssued};
use studium_vc::{times, verify::Outcome};

/// What a page shows.
pub struct Shown<'a> {
    /// The credential.
    pub row: &'a CredentialRow,
    /// The event that issued it.
    pub issued: &'a CredentialIssued,
    /// What was achieved.
    pub achievement: &'a AchievementDefined,
    /// All checks.
    pub checks: &'a [Line],
    /// The learner's name, where the learner shares it.
    pub name: Option<&'a str>,
}

/// The page that anyone sees.
pub fn response(shown: &Shown<'_>, cache: &'static str) -> Response {
    answers::page(StatusCode::OK, cache, &shown.achievement.name, &body(shown))
}

fn body(it: &Shown<'_>) -> Markup {
    let url = document::credential_url(it.issued);
    html! {
        p.note { "Credential issued by " (it.issued.issuer_name) }
        h1 lang=[language(it.achievement)] { (it.achievement.name) }
        @if let Some(name) = it.name { (named(name)) }
        @if !it.achievement.description.is_empty() {
            p lang=[language(it.achievement)] { (it.achievement.description) }
        }
        (verdict(it.checks))
        h2 { "What was achieved" }
        (list(&facts::of(it.issued, it.achievement)))
        h2 { "Checks" }
        (lines(it.checks))
        p.note {
            "These checks were made when this page was called up, with the keys and the status list that "
            a href=(format!("{}/issuers/{}", it.issued.base_url, it.row.institution_id)) { "the issuer publishes" }
            ". Whoever does not wish to rely on this page can check the signed files with any program for Open Badges 3.0."
        }
        h2 { "Files and links" }
        ul {
            // With a name of its own, since a browser that asks for the credential itself gets this page.
            li { a href=(format!("{url}/json")) { "Signed credential (JSON)" } }
            li { a href=(format!("{url}/jwt")) { "Signed credential (token)" } }
            li { a href=(format!("{url}/pdf")) { "For printing (PDF)" } }
            li { a href=(linked_in(it.issued, it.achievement, &url)) rel="noopener noreferrer" { "Add to a LinkedIn profile" } }
        }
        @if let Some(qr) = Qr::of(&url) {
            (qr.svg("QR code with the address of this credential"))
        }
        p.note { code { (url) } }
    }
}

/// A name is the learner's own word, and the reader must know that.
pub fn named(name: &str) -> Markup {
    html! {
        p { "Shared by " strong { (name) } "." }
        p.note { "The name was given by the learner who shares this. It is not part of what the issuer signed." }
    }
}

/// The language that an achievement is described in, if it is told by a tag.
pub fn language(it: &AchievementDefined) -> Option<&str> {
    let is_tag = (2..=3).contains(&it.language.split('-').next().unwrap_or_default().len())
        && it.language.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
    is_tag.then_some(it.language.as_str())
}

fn verdict(lines: &[Line]) -> Markup {
    let (class, words) = match checks::verdict(lines) {
        Outcome::Ok => ("verdict passed", "✓ This credential holds: it passed every check."),
        Outcome::Failed => ("verdict failed", "✗ This credential does not hold: a check failed."),
        Outcome::NotChecked => ("verdict unknown", "? Not everything could be checked."),
    };
    html! { p class=(class) { strong { (words) } } }
}

fn lines(all: &[Line]) -> Markup {
    html! {
        ol.checks {
            @for it in all {
                @let (class, mark) = match it.outcome {
                    Outcome::Ok => ("passed", "✓ passed"),
                    Outcome::Failed => ("failed", "✗ failed"),
                    Outcome::NotChecked => ("unknown", "? not checked"),
                };
                li class=(class) {
                    span.mark { (mark) } " — " strong { (it.name) } ": " (it.sentence)
                    @if let Some(link) = &it.link { " " a href=(link) { "See the credential that replaces it" } "." }
                }
            }
        }
    }
}

/// Facts as a list of terms.
pub fn list(facts: &[Fact]) -> Markup {
    html! {
        dl {
            @for fact in facts {
                dt { (fact.label) }
                dd {
                    @match fact.texts.as_slice() {
                        [one] => (text(one)),
                        many => ul { @for it in many { li { (text(it)) } } },
                    }
                }
            }
        }
    }
}

fn text(it: &Text) -> Markup {
    html! {
        @match &it.link {
            Some(link) => a href=(link) rel="noopener noreferrer nofollow" { (it.words) },
            None => (it.words),
        }
    }
}

/// The address under which `LinkedIn` takes a certificate into a profile.
fn linked_in(it: &CredentialIssued, achievement: &AchievementDefined, url: &str) -> String {
    let month = |ms: i64| {
        let text = times::format(ms);
        let mut parts = text.split('-').map(str::to_owned);
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default().trim_start_matches('0').to_owned())
    };
    let (year, in_month) = month(it.awarded_ms);
    let mut query = vec![
        ("startTask", "CERTIFICATION_NAME".to_owned()),
        ("name", achievement.name.clone()),
        ("organizationName", it.issuer_name.clone()),
        ("issueYear", year),
        ("issueMonth", in_month),
    ];
    if it.valid_until_ms != 0 {
        let (year, in_month) = month(it.valid_until_ms);
        query.extend([("expirationYear", year), ("expirationMonth", in_month)]);
    }
    query.extend([("certUrl", url.to_owned()), ("certId", it.public_id.clone())]);
    let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={}", encoded(&value))).collect();
    format!("https://www.linkedin.com/profile/add?{}", query.join("&"))
}

/// A text as part of a query (RFC 3986, § 2.3).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, it| {
        if it.is_ascii_alphanumeric() || b"-._~".contains(&it) {
            all.push(char::from(it));
        } else {
            let _ = write!(all, "%{it:02X}");
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_gets_name_organisation_dates_and_address() {
        let issued = CredentialIssued {
            issuer_name: "Ümlaut & Sons".into(),
            awarded_ms: 1_782_810_000_000,
            public_id: "018f".into(),
            ..CredentialIssued::default()
        };
        let achievement = AchievementDefined { name: "Algebra 1".into(), ..AchievementDefined::default() };
        assert_eq!(
            linked_in(&issued, &achievement, "https://c.example/credentials/018f"),
            "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME&name=Algebra%201\
             &organizationName=%C3%9Cmlaut%20%26%20Sons&issueYear=2026&issueMonth=6\
             &certUrl=https%3A%2F%2Fc.example%2Fcredentials%2F018f&certId=018f"
        );
    }
}
