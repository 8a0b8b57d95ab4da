//! Whether a credential holds, spelled out: each check in the order in which it is made, with a sentence.

use crate::{
    credentials::{self, CredentialRow},
    document, issuers, issuing_institutions,
    signing::{self, Signed},
    status_lists,
};
use studium_kit::{App, StoreError};
use studium_proto::credentials::v1::CredentialState;
use studium_vc::{
    contexts::Contexts,
    did::Document,
    resolver::Fetched,
    verify::{self, CheckName, Finding, Outcome, Report},
};

/// One check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was looked at, in a few words.
    pub name: &'static str,
    /// What came out.
    pub outcome: Outcome,
    /// What was found, in a sentence.
    pub sentence: String,
    /// Where to read on.
    pub link: Option<String>,
}

/// What speaks for a credential and against it beside its own bytes.
#[derive(Debug, Clone, Default)]
struct Facts {
    /// The issuer is published under the identifier that the credential names.
    is_published: bool,
    /// The catalogue authorises it.
    is_authorised: bool,
    state: CredentialState,
    successor: Option<String>,
}

/// Makes all checks now, with the keys and the status list that any stranger would be given.
pub async fn all(app: &App, row: &CredentialRow, signed: &Signed, now_ms: i64) -> Result<Vec<Line>, StoreError> {
    let named = row.issued().issuer_did;
    let issuer = issuers::issuer(app.store(), &row.institution_id).await?;
    let mut found = Fetched::default();
    if let Some(issuer) = &issuer {
        if let Ok(document) = Document::read(&issuer.did, &signing::did_document(issuer)) {
            found.documents.insert(issuer.did.clone(), document);
        }
        // An issuer without a safe key publishes no list; then the status cannot be checked, and the page says so.
        let list = status_lists::list(app.store(), &row.institution_id, row.list).await?;
        if let Some(list) = list.and_then(|it| signing::status_list(app, issuer, &it, now_ms).ok()) {
            let url = document::status_list_url(&issuer.base_url, &issuer.institution_id, row.list);
            found.status_lists.insert(url, list.json);
        }
    }
    let report = verify::credential(&signed.json, &found, now_ms, Contexts::embedded());
    let institution = issuing_institutions::institution(app.store(), &row.institution_id).await?;
    let successor = match row.superseded_by.as_str() {
        "" => None,
        id => credentials::credential(app.store(), id).await?,
    };
    let facts = Facts {
        is_published: issuer.is_some_and(|it| it.did == named),
        is_authorised: institution.is_issuer,
        state: row.state(),
        successor: successor.filter(CredentialRow::is_signed).map(|it| document::credential_url(&it.issued())),
    };
    Ok(lines(&report, &facts))
}

/// The first finding that is not sound, or the last.
fn check(report: &Report, names: &[CheckName]) -> (Finding, String) {
    let mut of = report.checks.iter().filter(|it| names.contains(&it.name));
    let bad = of.clone().find(|it| it.finding != Finding::Sound).or_else(|| of.next_back());
    bad.map_or((Finding::NotChecked, "It was not checked.".to_owned()), |it| (it.finding, it.sentence.clone()))
}

fn lines(report: &Report, facts: &Facts) -> Vec<Line> {
    let line = |name, outcome, sentence: &str| Line { name, outcome, sentence: sentence.to_owned(), link: None };
    let (proof, as_signed) = check(report, &[CheckName::Structure, CheckName::Proof]);
    let (period, in_words) = check(report, &[CheckName::ValidityPeriod]);
    let begun = match period {
        Finding::NotYetValid => line("Already valid", Outcome::Failed, &in_words),
        Finding::Sound | Finding::Expired => line("Already valid", Outcome::Ok, "Its time has begun."),
        _ => line("Already valid", Outcome::NotChecked, &in_words),
    };
    let over = match period {
        Finding::Expired => line("Not expired", Outcome::Failed, &in_words),
        Finding::NotYetValid => line("Not expired", Outcome::Ok, "Its time is not over."),
        it => line("Not expired", it.outcome(), &in_words),
    };
    vec![
        line("Proof", proof.outcome(), &as_signed),
        trusted(report, facts),
        begun,
        over,
        suspended(facts.state),
        revoked(report, facts.state),
        superseded(facts),
    ]
}

fn trusted(report: &Report, facts: &Facts) -> Line {
    let (key, sentence) = check(report, &[CheckName::IssuerKey]);
    let (outcome, sentence) = if !facts.is_published {
        (Outcome::Failed, "The issuer that it names is not published here.".to_owned())
    } else if key != Finding::Sound {
        (key.outcome(), sentence)
    } else if facts.is_authorised {
        (Outcome::Ok, format!("{sentence} The catalogue of this platform authorises the institution to issue."))
    } else {
        let not = "The catalogue of this platform does not authorise the institution to issue at present.";
        (Outcome::Failed, format!("{sentence} {not}"))
    };
    Line { name: "Issuer trusted", outcome, sentence, link: None }
}

fn suspended(state: CredentialState) -> Line {
    // Open Badges 3.0 have one status entry, and it is for revocation.
    let only_here =
        "Suspension is a state of this platform: only this page shows it, the signed file and the status list do not.";
    let (outcome, sentence) = match state {
        CredentialState::Suspended => (Outcome::Failed, "Its issuer has suspended it for the time being."),
        _ => (Outcome::Ok, "Its issuer has not suspended it."),
    };
    Line { name: "Not suspended", outcome, sentence: format!("{sentence} {only_here}"), link: None }
}

fn revoked(report: &Report, state: CredentialState) -> Line {
    let (status, sentence) = check(report, &[CheckName::Status]);
    let (outcome, sentence) = match state {
        // The bit follows the decision within seconds; the decision counts.
        CredentialState::Revoked => (Outcome::Failed, "Its issuer has revoked it.".to_owned()),
        _ => (status.outcome(), sentence),
    };
    Line { name: "Not revoked", outcome, sentence, link: None }
}

fn superseded(facts: &Facts) -> Line {
    let name = "Not replaced";
    if facts.state == CredentialState::Superseded {
        let sentence = "Another credential took its place.".to_owned();
        return Line { name, outcome: Outcome::Failed, sentence, link: facts.successor.clone() };
    }
    Line { name, outcome: Outcome::Ok, sentence: "No other credential took its place.".to_owned(), link: None }
}

/// What all checks say together.
pub fn verdict(lines: &[Line]) -> Outcome {
    let any = |outcome| lines.iter().any(|it| it.outcome == outcome);
    match (any(Outcome::Failed), any(Outcome::NotChecked)) {
        (true, _) => Outcome::Failed,
        (_, true) => Outcome::NotChecked,
        _ => Outcome::Ok,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use studium_vc::verify::Check;

    fn report(findings: [Finding; 5]) -> Report {
        use CheckName::{IssuerKey, Proof, Status, Structure, ValidityPeriod};
        let names = [Structure, Proof, IssuerKey, ValidityPeriod, Status];
        let checks = names.into_iter().zip(findings).map(|(name, finding)| Check {
            name,
            finding,
            sentence: format!("{finding:?}."),
        });
        Report { credential: None, checks: checks.collect() }
    }

    fn good() -> Facts {
        Facts { is_published: true, is_authorised: true, state: CredentialState::Active, successor: None }
    }

    fn failed(report: &Report, facts: &Facts) -> Vec<&'static str> {
        lines(report, facts).iter().filter(|it| it.outcome != Outcome::Ok).map(|it| it.name).collect()
    }

    #[test]
    fn what_is_sound_passes_every_check_in_this_order() {
        let lines = lines(&report([Finding::Sound; 5]), &good());
        let names: Vec<_> = lines.iter().map(|it| it.name).collect();
        let order =
            ["Proof", "Issuer trusted", "Already valid", "Not expired", "Not suspended", "Not revoked", "Not replaced"];
        assert_eq!(names, order);
        assert_eq!(verdict(&lines), Outcome::Ok);
    }

    #[test]
    fn each_fault_is_seen_by_its_own_check() {
        use Finding::{Expired, KeyRevoked, NotYetValid, Revoked, Sound, Unproven};
        assert_eq!(failed(&report([Sound, Unproven, Sound, Sound, Sound]), &good()), ["Proof"]);
        assert_eq!(failed(&report([Sound, Sound, KeyRevoked, Sound, Sound]), &good()), ["Issuer trusted"]);
        assert_eq!(failed(&report([Sound, Sound, Sound, NotYetValid, Sound]), &good()), ["Already valid"]);
        assert_eq!(failed(&report([Sound, Sound, Sound, Expired, Sound]), &good()), ["Not expired"]);
        assert_eq!(failed(&report([Sound, Sound, Sound, Sound, Revoked]), &good()), ["Not revoked"]);
        let sound = report([Sound; 5]);
        assert_eq!(failed(&sound, &Facts { is_authorised: false, ..good() }), ["Issuer trusted"]);
        assert_eq!(failed(&sound, &Facts { is_published: false, ..good() }), ["Issuer trusted"]);
        let state = |state| Facts { state, ..good() };
        assert_eq!(failed(&sound, &state(CredentialState::Suspended)), ["Not suspended"]);
        assert_eq!(failed(&sound, &state(CredentialState::Revoked)), ["Not revoked"]);
        assert_eq!(failed(&sound, &state(CredentialState::Superseded)), ["Not replaced"]);
    }

    #[test]
    fn what_cannot_be_checked_is_no_pass() {
        let report = report([Finding::Sound, Finding::Sound, Finding::Sound, Finding::Sound, Finding::NotChecked]);
        assert_eq!(verdict(&lines(&report, &good())), Outcome::NotChecked);
    }
}
