//! Comparing the university's credentials with the files, which are counted here anew and not taken from the plan.

use crate::{
    import::{
        ask::fresh,
        line::Line,
        oulad::{
            check::{ask_views, count_files},
            known::head,
            offer::{INSTITUTION, course_id},
        },
    },
    platform::Platform,
    progress::{count, table},
};
use anyhow::Result;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use studium_proto::credentials::v1::{
    AwardScheme, CountCredentialsRequest, CredentialState, SumCreditsRequest,
    credential_service_client::CredentialServiceClient, credit_account_service_client::CreditAccountServiceClient,
};

/// One module, as the files and as the views have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// The module.
    pub module: String,
    /// Final results Pass and Distinction.
    pub passes: u64,
    /// Credentials that are signed and hold.
    pub credentials: u64,
    /// Credentials that were withheld, suspended, or withdrawn, or are not signed yet.
    pub others: u64,
    /// Whether every pass has its credential and nobody else has one.
    pub equal: bool,
}

/// The credits of all passes together, as the files and as the accounts have them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Credits {
    /// Passes, each with the credits of a module; thousandths of an ECTS credit.
    pub expected_milli: u64,
    /// In the learners' accounts; thousandths of an ECTS credit.
    pub accounts_milli: u64,
    /// Learners who hold any.
    pub learners: u64,
}

/// Asks what the university brought to accounts, and says what it should be.
///
/// # Errors
/// When the service does not answer for long.
pub async fn credits(platform: &Platform, passes: u64, credits: u32) -> Result<Credits> {
    let line = Line::open(platform, "credentials", &["registrar", "operator"], "studium-import", 1).await?;
    let min_position = head(&line, "credentials").await?;
    let (institution_id, scheme) = (INSTITUTION.to_owned(), AwardScheme::Ects.into());
    let request = SumCreditsRequest { institution_id, scheme, min_position };
    let sum = fresh!(line, CreditAccountServiceClient::sum_credits, request);
    let sum = sum.map_err(|e| e.into_error("the sum of credits"))?;
    let expected_milli = passes * u64::from(credits) * 1_000;
    Ok(Credits { expected_milli, accounts_milli: sum.credits_milli, learners: sum.learners })
}

impl Credits {
    /// Whether the accounts hold what the passes bring.
    pub fn equal(self) -> bool {
        self.expected_milli == self.accounts_milli
    }

    /// In a sentence.
    pub fn verdict(self) -> String {
        let (have, want) = (count(self.accounts_milli / 1_000), count(self.expected_milli / 1_000));
        let learners = count(self.learners);
        if self.equal() {
            return format!("The accounts of {learners} learners hold {have} ECTS, as the passes bring.");
        }
        format!(
            "The accounts of {learners} learners hold {have} ECTS; the passes bring {want} by --credits: they DIFFER."
        )
    }
}

/// Compares the modules of the presentations that are wanted (none = all), and whatever else has credentials by now:
/// what other imports brought counts in the accounts, too.
///
/// # Errors
/// When the files cannot be read or the service does not answer for long.
pub async fn compare(platform: &Platform, dir: &Path, wanted: &[String]) -> Result<Vec<Compared>> {
    let known = ask_views(platform).await?;
    let (mut modules, mut are_wanted) = (BTreeMap::<String, Compared>::new(), BTreeSet::new());
    for (presentation, counts) in count_files(dir)? {
        let Some((module, _)) = presentation.rsplit_once('-') else { continue };
        let is_wanted = wanted.is_empty() || wanted.contains(&presentation);
        if is_wanted {
            are_wanted.insert(module.to_owned());
        }
        if is_wanted || known.contains_key(&presentation) {
            modules.entry(module.to_owned()).or_default().passes += counts.pass + counts.distinction;
        }
    }
    let line = Line::open(platform, "credentials", &["registrar", "operator"], "studium-import", 1).await?;
    let min_position = head(&line, "credentials").await?;
    let request = CountCredentialsRequest { institution_id: INSTITUTION.to_owned(), min_position };
    let reply = fresh!(line, CredentialServiceClient::count_credentials, request);
    for it in reply.map_err(|e| e.into_error("the number of credentials"))?.counts {
        let module = modules.iter_mut().find(|(module, _)| is_of(&it.achievement_id, module));
        let Some((_, module)) = module else { continue };
        match it.state() {
            CredentialState::Active => module.credentials += it.credentials,
            _ => module.others += it.credentials,
        }
    }
    // A module that was imported without credentials has none.
    modules.retain(|module, it| are_wanted.contains(module) || it.credentials + it.others > 0);
    let judged = modules.into_iter().map(|(module, it)| Compared {
        module,
        equal: it.passes == it.credentials && it.others == 0,
        ..it
    });
    Ok(judged.collect())
}

/// Whether an achievement is some version of a module.
fn is_of(achievement_id: &str, module: &str) -> bool {
    achievement_id.rsplit_once('~').is_some_and(|(course, _)| course == format!("course~{}", course_id(module)))
}

/// The sum of all modules.
pub fn total(compared: &[Compared]) -> Compared {
    let mut all = Compared { module: "all".to_owned(), equal: true, ..Compared::default() };
    for it in compared {
        all.passes += it.passes;
        all.credentials += it.credentials;
        all.others += it.others;
        all.equal &= it.equal;
    }
    all
}

/// The comparison as a table for people.
pub fn shown(compared: &[Compared]) -> String {
    let head = ["module", "passes in the files", "credentials", "others", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for it in compared.iter().chain([&total(compared)]) {
        let verdict = if it.equal { "equal" } else { "DIFFERS" };
        rows.push(vec![
            it.module.clone(),
            count(it.passes),
            count(it.credentials),
            count(it.others),
            verdict.to_owned(),
        ]);
    }
    table(&rows)
}

/// The comparison in a sentence.
pub fn verdict(compared: &[Compared]) -> String {
    let all = total(compared);
    if all.equal {
        return format!(
            "Every one of {} passes has its signed credential, and nobody else has one.",
            count(all.passes)
        );
    }
    let different = compared.iter().filter(|it| !it.equal).count();
    format!("Credentials of {different} of {} modules DIFFER from the passes in the files.", compared.len())
}
