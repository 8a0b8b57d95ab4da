//! Makes the university an issuer and its modules achievements, and waits until every pass has its credential.

use super::check::{Credits, credits};
use crate::{
    import::{
        ask::{fresh, is_refused, same},
        line::Line,
        oulad::{
            offer::{INSTITUTION, course_id},
            plan::Plan,
        },
    },
    platform::Platform,
    progress::count,
};
use anyhow::{Result, bail};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};
use studium_proto::{
    catalogue::v1::{
        AuthoriseInstitutionRequest, Authority, GetRunRequest, catalogue_service_client::CatalogueServiceClient,
        institution_service_client::InstitutionServiceClient,
    },
    credentials::v1::{
        AchievementSource, ApproveAchievementRequest, CountCredentialsRequest, CreateIssuerKeyRequest, CredentialState,
        DefineAchievementRequest, DraftAchievementRequest, GetIssuerRequest, PublishIssuerRequest,
        achievement_service_client::AchievementServiceClient, credential_service_client::CredentialServiceClient,
        issuer_service_client::IssuerServiceClient,
    },
};
use tokio::time::sleep;

/// How often the credentials are counted.
const EVERY: Duration = Duration::from_millis(250);

/// How long credentials that do not come are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long credits that do not arrive are waited for; they follow what is signed at once.
const CREDITS_WITHIN: Duration = Duration::from_secs(10);

/// Makes the university an issuer and each wanted module an achievement. Gives how many achievements there are.
///
/// # Errors
/// When a service refuses, or does not answer for long.
pub async fn play(platform: &Platform, plan: &Plan, catalogue_position: u64, at_ms: i64) -> Result<u64> {
    let spinner = platform.output.spinner("making the university an issuer");
    let catalogue = Line::open(platform, "catalogue", &["registrar"], "studium-import", 1).await?;
    let line = Line::open(platform, "credentials", &["registrar"], "studium-import", 1).await?;
    let request = AuthoriseInstitutionRequest {
        institution_id: INSTITUTION.to_owned(),
        authority: Authority::Issuer.into(),
        at_ms,
    };
    let authorised = same!(catalogue, InstitutionServiceClient::authorise_institution, request);
    let authorised = authorised.map_err(|e| e.into_error("the university as an issuer"))?;
    let catalogue_position = catalogue_position.max(authorised.position);
    let request = PublishIssuerRequest { institution_id: INSTITUTION.to_owned(), catalogue_position, at_ms };
    match fresh!(line, IssuerServiceClient::publish_issuer, request) {
        Ok(it) => create_key(&line, it.position).await?,
        // Under an address that the platform had before: it stays, since credentials name it.
        Err(e) if is_refused(&e, "ISSUER_PUBLISHED") => create_key(&line, 0).await?,
        Err(e) => return Err(e.into_error("the university as an issuer")),
    }
    let mut taught = BTreeSet::new();
    for (run, _) in plan.wanted() {
        taught.insert((run.module.as_str(), version_of(&catalogue, &run.id, catalogue_position).await?));
    }
    for (module, version) in &taught {
        spinner.message(*module);
        approve(&line, module, *version, (catalogue_position, at_ms)).await?;
    }
    spinner.finish();
    Ok(taught.len() as u64)
}

/// The version of its module that a presentation teaches.
async fn version_of(catalogue: &Line, run_id: &str, min_position: u64) -> Result<u32> {
    let request = GetRunRequest { run_id: run_id.to_owned(), min_position, ..GetRunRequest::default() };
    let run = fresh!(catalogue, CatalogueServiceClient::get_run, request);
    Ok(run.map_err(|e| e.into_error(run_id))?.run.unwrap_or_default().course_version)
}

/// A key, unless there is one that signs.
async fn create_key(line: &Line, min_position: u64) -> Result<()> {
    let request = GetIssuerRequest { institution_id: INSTITUTION.to_owned(), min_position };
    let issuer = fresh!(line, IssuerServiceClient::get_issuer, request);
    let issuer = issuer.map_err(|e| e.into_error("the issuer"))?.issuer.unwrap_or_default();
    if issuer.keys.iter().any(|it| it.current) {
        return Ok(());
    }
    let request = CreateIssuerKeyRequest { institution_id: INSTITUTION.to_owned(), at_ms: 0 };
    let created = fresh!(line, IssuerServiceClient::create_issuer_key, request);
    created.map(drop).map_err(|e| e.into_error("the university's key"))
}

/// A version of a module as an achievement for which credentials are issued.
async fn approve(line: &Line, module: &str, version: u32, (catalogue_position, at_ms): (u64, i64)) -> Result<()> {
    let what = format!("the achievement of module {module}, version {version}");
    let institution_id = INSTITUTION.to_owned();
    let request = DraftAchievementRequest {
        institution_id: institution_id.clone(),
        source: AchievementSource::Course.into(),
        source_id: course_id(module),
        source_version: version,
        catalogue_position,
    };
    let draft = fresh!(line, AchievementServiceClient::draft_achievement, request).map_err(|e| e.into_error(&what))?;
    let request =
        DefineAchievementRequest { institution_id: institution_id.clone(), definition: draft.definition, at_ms };
    let achievement_id = match fresh!(line, AchievementServiceClient::define_achievement, request) {
        Ok(it) => it.id,
        // Somebody approved it with words of their own.
        Err(e) if is_refused(&e, "ACHIEVEMENT_APPROVED") => return Ok(()),
        Err(e) => return Err(e.into_error(&what)),
    };
    let request = ApproveAchievementRequest { institution_id, achievement_id, at_ms };
    let approved = fresh!(line, AchievementServiceClient::approve_achievement, request);
    approved.map(drop).map_err(|e| e.into_error(&what))
}

/// Waits until so many credentials of the university are signed.
///
/// # Errors
/// When no more come for long.
pub async fn wait(platform: &Platform, expected: u64) -> Result<()> {
    let line = Line::open(platform, "credentials", &["registrar"], "studium-import", 1).await?;
    let bar = platform.output.bar("waiting until every pass has its credential", expected);
    let (mut seen, mut since) = (u64::MAX, Instant::now());
    loop {
        let now = signed(&line).await?;
        bar.set(now.min(expected));
        if now >= expected {
            bar.finish();
            return Ok(());
        }
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            bail!(
                "only {} of {} credentials are signed; see `studium parked list` and the logs, and repeat the command",
                count(now),
                count(expected)
            );
        }
        sleep(EVERY).await;
    }
}

/// Waits until the credits of so many passes are in the learners' accounts, as long as any more arrive.
///
/// # Errors
/// When the service does not answer for long.
pub async fn wait_for_credits(platform: &Platform, passes: u64, each: u32) -> Result<Credits> {
    let (mut seen, mut since) = (Credits::default(), Instant::now());
    loop {
        let now = credits(platform, passes, each).await?;
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if now.equal() || since.elapsed() > CREDITS_WITHIN {
            return Ok(now);
        }
        sleep(EVERY).await;
    }
}

/// How many credentials of the university are signed.
async fn signed(line: &Line) -> Result<u64> {
    let request = CountCredentialsRequest { institution_id: INSTITUTION.to_owned(), min_position: 0 };
    let reply = fresh!(line, CredentialServiceClient::count_credentials, request);
    let reply = reply.map_err(|e| e.into_error("the number of credentials"))?;
    let is_signed = |it: CredentialState| {
        matches!(
            it,
            CredentialState::Active
                | CredentialState::Suspended
                | CredentialState::Revoked
                | CredentialState::Superseded
        )
    };
    Ok(reply.counts.iter().filter(|it| is_signed(it.state())).map(|it| it.credentials).sum())
}
