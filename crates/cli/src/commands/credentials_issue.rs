//! `studium credentials`, where credentials are issued, shown and changed.

use super::credentials::to_json;
use crate::{
    client::failed,
    platform::Platform,
    progress::{count, table, time},
};
use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{fs::File, io::Read, path::PathBuf};
use studium_proto::credentials::v1::{
    AwardFinding, AwardRow, AwardRowResult, Credential, CredentialState, GetCredentialRequest, IssueCredentialRequest,
    IssueCredentialsRequest, ListCredentialsRequest, ReinstateCredentialRequest, RevokeCredentialRequest, StatusReason,
    SuspendCredentialRequest, award_service_client::AwardServiceClient,
    credential_service_client::CredentialServiceClient,
};

/// Learners of one call, as the contract allows.
const ROWS_MAX: usize = 1_000;

/// What `studium credentials issue` takes.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The achievement.
    #[arg(value_name = "ACHIEVEMENT")]
    achievement: String,
    /// The learner.
    #[arg(value_name = "LEARNER")]
    learner: String,
    /// Which attempt.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    attempt: u32,
    /// Why it is issued although nothing was completed on the platform.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    override_reason: String,
}

/// What `studium credentials issue-batch` takes.
#[derive(Debug, Args)]
pub struct IssueBatchArgs {
    /// The achievement.
    #[arg(value_name = "ACHIEVEMENT")]
    achievement: String,
    /// The learners.
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
}

/// What `studium credentials list` takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only this learner's.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    learner: String,
    /// Only this issuer's.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    institution: String,
    /// Only for this achievement.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    achievement: String,
    /// Only in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
}

/// What `studium credentials show` takes.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The credential.
    #[arg(value_name = "CREDENTIAL")]
    credential: String,
    /// Prints the signed JSON, byte for byte.
    #[arg(long, conflicts_with = "jwt")]
    signed: bool,
    /// Prints the signed token.
    #[arg(long)]
    jwt: bool,
}

/// What a change of status takes.
#[derive(Debug, Args)]
pub struct ChangeArgs {
    /// The credential.
    #[arg(value_name = "CREDENTIAL")]
    credential: String,
    /// Why.
    #[arg(long, value_enum)]
    reason: Why,
    /// The same in words.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
}

/// Where a credential stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Accepted, about to be signed.
    Issued,
    /// Signed, holds.
    Active,
    /// Not to be relied on for the time being.
    Suspended,
    /// Withdrawn for good.
    Revoked,
    /// Another one took its place.
    Superseded,
    /// Not issued.
    Withheld,
}

impl From<State> for CredentialState {
    fn from(it: State) -> Self {
        match it {
            State::Issued => Self::Issued,
            State::Active => Self::Active,
            State::Suspended => Self::Suspended,
            State::Revoked => Self::Revoked,
            State::Superseded => Self::Superseded,
            State::Withheld => Self::Withheld,
        }
    }
}

/// Why a status changes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Why {
    /// It should not have been issued, or not so.
    IssuedInError,
    /// The learner cheated, or is suspected to have.
    AcademicMisconduct,
    /// Somebody else was assessed, or is suspected to have been.
    IdFraud,
    /// The key that signed it fell into wrong hands.
    KeyCompromise,
    /// The learner asked for it.
    LearnerRequest,
    /// What was suspected proved unfounded.
    Cleared,
}

impl From<Why> for i32 {
    fn from(it: Why) -> Self {
        let reason = match it {
            Why::IssuedInError => StatusReason::IssuedInError,
            Why::AcademicMisconduct => StatusReason::AcademicMisconduct,
            Why::IdFraud => StatusReason::IdFraud,
            Why::KeyCompromise => StatusReason::KeyCompromise,
            Why::LearnerRequest => StatusReason::LearnerRequest,
            Why::Cleared => StatusReason::Cleared,
        };
        reason as Self
    }
}

/// One line of the file.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Line {
    learner_id: String,
    #[serde(default)]
    attempt: Option<u32>,
    #[serde(default)]
    override_reason: String,
}

/// Issues one credential.
pub async fn issue(platform: &Platform, args: IssueArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let request = IssueCredentialRequest {
        achievement_id: args.achievement,
        learner_id: args.learner,
        attempt: args.attempt,
        override_reason: args.override_reason,
        ..IssueCredentialRequest::default()
    };
    let answer = client.issue_credential(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"credential": answer.id, "already": answer.already}));
    let how = if answer.already { "was there already" } else { "is issued and signed in a moment" };
    platform.output.say(format!("{} {how}.", answer.id));
    Ok(())
}

/// Issues credentials to many.
pub async fn issue_batch(platform: &Platform, args: IssueBatchArgs) -> Result<()> {
    let shown = args.file.display();
    let file = File::open(&args.file).with_context(|| format!("{shown} cannot be read"))?;
    let rows = read_rows(file).with_context(|| format!("{shown} is no list of learners"))?;
    if rows.is_empty() {
        bail!("{shown} names no learners");
    }
    let mut client = AwardServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let (mut issued, mut already, mut refused) = (0_u32, 0_u32, 0_u32);
    for rows in rows.chunks(ROWS_MAX) {
        let request = IssueCredentialsRequest {
            achievement_id: args.achievement.clone(),
            rows: rows.to_vec(),
            ..IssueCredentialsRequest::default()
        };
        let answer = client.issue_credentials(request).await.map_err(failed)?.into_inner();
        issued += answer.issued;
        already += answer.already;
        refused += answer.refused;
        for it in &answer.results {
            platform.output.json(&result_json(it));
            for AwardFinding { code, detail } in &it.findings {
                platform.output.say(format!("{}: {code}: {detail}", it.learner_id));
            }
        }
    }
    let (issued, already, told) = (count(issued), count(already), count(refused));
    platform.output.say(format!("{issued} issued, {already} there already, {told} refused."));
    if refused > 0 {
        bail!("{told} rows were refused");
    }
    Ok(())
}

fn read_rows(file: impl Read) -> Result<Vec<AwardRow>> {
    let mut rows = Vec::new();
    for line in csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file).deserialize() {
        let Line { learner_id, attempt, override_reason } = line?;
        rows.push(AwardRow { learner_id, attempt: attempt.unwrap_or_default(), override_reason });
    }
    Ok(rows)
}

fn result_json(it: &AwardRowResult) -> Value {
    let findings: Vec<_> = it.findings.iter().map(|it| json!({"code": it.code, "detail": it.detail})).collect();
    json!({
        "learner": it.learner_id, "credential": it.credential_id, "already": it.already, "findings": findings,
    })
}

fn state(it: &Credential) -> String {
    it.state().as_str_name().trim_start_matches("CREDENTIAL_STATE_").to_lowercase()
}

/// Lists credentials.
pub async fn list(platform: &Platform, args: ListArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let mut request = ListCredentialsRequest {
        learner_id: args.learner,
        institution_id: args.institution,
        achievement_id: args.achievement,
        state: args.state.map(CredentialState::from).unwrap_or_default().into(),
        page_size: 500,
        ..ListCredentialsRequest::default()
    };
    let mut rows = vec![["credential", "state", "awarded"].map(str::to_owned).to_vec()];
    loop {
        let page = client.list_credentials(request.clone()).await.map_err(failed)?.into_inner();
        for it in &page.credentials {
            platform.output.json(&to_json(it)?);
            let awarded = if it.awarded_ms == 0 { String::new() } else { time(it.awarded_ms) };
            rows.push(vec![it.credential_id.clone(), state(it), awarded]);
        }
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    platform.output.say(if rows.len() == 1 { "There are none.".to_owned() } else { table(&rows) });
    Ok(())
}

/// Shows one credential.
pub async fn show(platform: &Platform, args: ShowArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let request = GetCredentialRequest { credential_id: args.credential, ..GetCredentialRequest::default() };
    let answer = client.get_credential(request).await.map_err(failed)?.into_inner();
    let it = answer.credential.unwrap_or_default();
    if args.signed || args.jwt {
        let bytes = if args.jwt { answer.jwt } else { answer.json };
        if bytes.is_empty() {
            bail!("{} is not signed", it.credential_id);
        }
        // What is signed is printed as it is, also for scripts.
        crate::progress::Output::new(false).say(bytes);
        return Ok(());
    }
    platform.output.json(&to_json(&it)?);
    platform.output.say(format!("{} is {}.", it.credential_id, state(&it)));
    if !it.url.is_empty() {
        platform.output.say(&it.url);
    }
    for (code, detail) in it.withheld_reasons.iter().zip(&it.withheld_details) {
        platform.output.say(format!("{code}: {detail}"));
    }
    if !it.superseded_by.is_empty() {
        platform.output.say(format!("{} took its place.", it.superseded_by));
    }
    Ok(())
}

/// Tells of a change.
fn changed(platform: &Platform, credential: &str, is_now: &str, already: bool) {
    platform.output.json(&json!({"credential": credential, "state": is_now, "already": already}));
    let was = if already { " already" } else { "" };
    platform.output.say(format!("{credential} is{was} {is_now}."));
}

/// Withdraws a credential for good.
pub async fn revoke(platform: &Platform, args: ChangeArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let (credential_id, reason, note) = (args.credential, args.reason.into(), args.note);
    let request = RevokeCredentialRequest { credential_id, reason, note, ..RevokeCredentialRequest::default() };
    let answer = client.revoke_credential(request).await.map_err(failed)?.into_inner();
    changed(platform, &answer.id, "revoked", answer.already);
    Ok(())
}

/// Takes trust in a credential back for the time being.
pub async fn suspend(platform: &Platform, args: ChangeArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let (credential_id, reason, note) = (args.credential, args.reason.into(), args.note);
    let request = SuspendCredentialRequest { credential_id, reason, note, ..SuspendCredentialRequest::default() };
    let answer = client.suspend_credential(request).await.map_err(failed)?.into_inner();
    changed(platform, &answer.id, "suspended", answer.already);
    Ok(())
}

/// Gives it back.
pub async fn reinstate(platform: &Platform, args: ChangeArgs) -> Result<()> {
    let mut client = CredentialServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let (credential_id, reason, note) = (args.credential, args.reason.into(), args.note);
    let request = ReinstateCredentialRequest { credential_id, reason, note, ..ReinstateCredentialRequest::default() };
    let answer = client.reinstate_credential(request).await.map_err(failed)?.into_inner();
    changed(platform, &answer.id, "active", answer.already);
    Ok(())
}

#[cfg(test)]
mod tests;
