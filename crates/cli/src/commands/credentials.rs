//! `studium credentials`: what is achieved and who signs it; issuing and status are in a file of their own.

use super::credentials_issue::{
    self, ChangeArgs, IssueArgs, IssueBatchArgs, ListArgs, ShowArgs, reinstate, revoke, suspend,
};
use crate::{
    client::failed,
    platform::Platform,
    progress::{table, time},
};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};
use std::{fs, io::Read as _, path::PathBuf};
use studium_proto::{
    DESCRIPTORS, Encoded,
    credentials::v1::{
        AchievementDefined, AchievementSource, ApproveAchievementRequest, CheckAchievementRequest, CheckAwardRequest,
        CreateIssuerKeyRequest, DefineAchievementRequest, DraftAchievementRequest, Framework, GetIssuerRequest,
        PublishIssuerRequest, achievement_service_client::AchievementServiceClient,
        award_service_client::AwardServiceClient, issuer_service_client::IssuerServiceClient,
    },
};

/// What `studium credentials` can do.
#[derive(Debug, Subcommand)]
pub enum CredentialsCommand {
    /// Prints what the catalogue says of a version of a course or programme: a definition to begin with.
    #[command(after_help = "Example:\n  studium credentials draft --course statistics > statistics.json")]
    Draft(DraftArgs),
    /// Defines an achievement from a file, as often as wished until it is approved.
    #[command(after_help = "Examples:\n  studium credentials define statistics.json\n  \
                      studium credentials draft --course statistics | studium credentials define -")]
    Define(DefineArgs),
    /// Lists all that is wrong with an achievement by its rules, or all that stands against an award. Exit code 1 if anything.
    #[command(after_help = "Examples:\n  studium credentials check course~statistics~1 --rules cmf-2022,eu-2022\n  \
                      studium credentials check --file statistics.json --rules cmf-2022\n  \
                      studium credentials check course~statistics~1 --learner ada")]
    Check(CheckArgs),
    /// Approves an achievement: whoever completes it gets a credential, and it never changes again.
    Approve(ApproveArgs),
    /// Issues one credential.
    #[command(
        after_help = "Example:\n  studium credentials issue course~statistics~1 ada --override-reason \"completed on paper\""
    )]
    Issue(IssueArgs),
    /// Issues credentials to the learners in a CSV file; prints what came of each row. Exit code 1 if any was refused.
    #[command(
        after_help = "The file has a header with the column learner_id and, as wished, attempt and override_reason.\n\
                      Run it again after a break: what is done is told as already there.\n\n\
                      Example:\n  studium credentials issue-batch course~statistics~1 learners.csv"
    )]
    IssueBatch(IssueBatchArgs),
    /// Lists credentials.
    List(ListArgs),
    /// Shows one credential: where it stands, or what is signed.
    #[command(after_help = "Example:\n  studium credentials show course~statistics~1~ada~1 --signed > ada.json")]
    Show(ShowArgs),
    /// Withdraws a credential for good.
    #[command(after_help = "Example:\n  studium credentials revoke course~statistics~1~ada~1 --reason issued-in-error")]
    Revoke(ChangeArgs),
    /// Takes trust in a credential back for the time being.
    Suspend(ChangeArgs),
    /// Gives it back.
    #[command(after_help = "Example:\n  studium credentials reinstate course~statistics~1~ada~1 --reason cleared")]
    Reinstate(ChangeArgs),
    /// Makes an institution an issuer, gives it a key, and shows both.
    Issuer {
        /// What to do.
        #[command(subcommand)]
        command: IssuerCommand,
    },
}

/// What `studium credentials issuer` can do.
#[derive(Debug, Subcommand)]
pub enum IssuerCommand {
    /// Publishes an institution that the catalogue authorises as an issuer, under an address that stays.
    Publish(InstitutionArgs),
    /// Creates a key with which the issuer signs from now on; older credentials stay good.
    Key(InstitutionArgs),
    /// Shows an issuer with its keys.
    Show(InstitutionArgs),
}

/// Which institution.
#[derive(Debug, Args)]
pub struct InstitutionArgs {
    /// The institution.
    #[arg(value_name = "INSTITUTION")]
    institution: String,
}

/// What `studium credentials draft` takes.
#[derive(Debug, Args)]
pub struct DraftArgs {
    /// The course.
    #[arg(long, value_name = "ID", required_unless_present = "programme", conflicts_with = "programme")]
    course: Option<String>,
    /// The programme.
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// Its version; without it the latest that is published.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    version: u32,
}

/// What `studium credentials define` takes.
#[derive(Debug, Args)]
pub struct DefineArgs {
    /// The definition as JSON, as `draft` prints it; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What `studium credentials check` takes.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The achievement.
    #[arg(value_name = "ACHIEVEMENT", required_unless_present = "file")]
    achievement: Option<String>,
    /// A definition that is not stored yet, as JSON; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["achievement", "learner"])]
    file: Option<PathBuf>,
    /// Which rules; without it those that it claims to keep.
    #[arg(long, value_enum, value_delimiter = ',', conflicts_with = "learner")]
    rules: Vec<Rules>,
    /// Checks the award to this learner instead of the definition.
    #[arg(long, value_name = "ID")]
    learner: Option<String>,
}

/// What `studium credentials approve` takes.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The achievement.
    #[arg(value_name = "ACHIEVEMENT")]
    achievement: String,
}

/// Rules that an achievement may keep.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rules {
    /// Common Microcredential Framework of 2019.
    #[value(name = "cmf-2019")]
    Cmf2019,
    /// Its later wording.
    #[value(name = "cmf-2022")]
    Cmf2022,
    /// The EU's recommendation of 2022.
    #[value(name = "eu-2022")]
    Eu2022,
    /// Korea's Academic Credit Bank System.
    #[value(name = "kr-acbs")]
    KrAcbs,
}

impl From<Rules> for Framework {
    fn from(it: Rules) -> Self {
        match it {
            Rules::Cmf2019 => Self::Cmf2019,
            Rules::Cmf2022 => Self::Cmf2022,
            Rules::Eu2022 => Self::Eu2022,
            Rules::KrAcbs => Self::KrAcbs,
        }
    }
}

/// Does one of them.
pub async fn credentials(platform: &Platform, command: CredentialsCommand) -> Result<()> {
    match command {
        CredentialsCommand::Draft(args) => draft(platform, args).await,
        CredentialsCommand::Define(args) => define(platform, args).await,
        CredentialsCommand::Check(args) => check(platform, args).await,
        CredentialsCommand::Approve(args) => approve(platform, args).await,
        CredentialsCommand::Issue(args) => credentials_issue::issue(platform, args).await,
        CredentialsCommand::IssueBatch(args) => credentials_issue::issue_batch(platform, args).await,
        CredentialsCommand::List(args) => credentials_issue::list(platform, args).await,
        CredentialsCommand::Show(args) => credentials_issue::show(platform, args).await,
        CredentialsCommand::Revoke(args) => revoke(platform, args).await,
        CredentialsCommand::Suspend(args) => suspend(platform, args).await,
        CredentialsCommand::Reinstate(args) => reinstate(platform, args).await,
        CredentialsCommand::Issuer { command } => issuer(platform, command).await,
    }
}

async fn draft(platform: &Platform, args: DraftArgs) -> Result<()> {
    let (source, source_id) = match (args.course, args.programme) {
        (_, Some(id)) => (AchievementSource::Programme, id),
        (id, None) => (AchievementSource::Course, id.unwrap_or_default()),
    };
    let request = DraftAchievementRequest {
        source: source.into(),
        source_id,
        source_version: args.version,
        ..DraftAchievementRequest::default()
    };
    let mut client = AchievementServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let answer = client.draft_achievement(request).await.map_err(failed)?.into_inner();
    let shown = to_json(&answer.definition.unwrap_or_default())?;
    platform.output.json(&shown);
    platform.output.say(serde_json::to_string_pretty(&shown)?);
    Ok(())
}

async fn define(platform: &Platform, args: DefineArgs) -> Result<()> {
    let definition = read_definition(&args.file)?;
    let institution_id = definition.institution_id.clone();
    let request = DefineAchievementRequest { institution_id, definition: Some(definition), at_ms: 0 };
    let mut client = AchievementServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let answer = client.define_achievement(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"achievement": answer.id, "already": answer.already}));
    platform.output.say(format!("{} is defined; approve it once it is right.", answer.id));
    Ok(())
}

async fn check(platform: &Platform, args: CheckArgs) -> Result<()> {
    let achievement_id = args.achievement.unwrap_or_default();
    let channel = platform.connect("credentials", &["operator"]).await?;
    let found: Vec<_> = if let Some(learner_id) = args.learner {
        let request = CheckAwardRequest { achievement_id, learner_id, ..CheckAwardRequest::default() };
        let answer = AwardServiceClient::new(channel).check_award(request).await.map_err(failed)?.into_inner();
        answer.findings.into_iter().map(|it| (it.code, it.detail)).collect()
    } else {
        let definition = args.file.map(|it| read_definition(&it)).transpose()?;
        let frameworks = args.rules.into_iter().map(|it| Framework::from(it).into()).collect();
        let request =
            CheckAchievementRequest { definition, achievement_id, frameworks, ..CheckAchievementRequest::default() };
        let mut client = AchievementServiceClient::new(channel);
        let answer = client.check_achievement(request).await.map_err(failed)?.into_inner();
        answer.findings.into_iter().map(|it| (it.code, it.detail)).collect()
    };
    for (code, detail) in &found {
        platform.output.json(&json!({"code": code, "detail": detail}));
        platform.output.say(format!("{code}: {detail}"));
    }
    if found.is_empty() {
        platform.output.say("Nothing is wrong.");
        return Ok(());
    }
    bail!("{} things are wrong", found.len())
}

async fn approve(platform: &Platform, args: ApproveArgs) -> Result<()> {
    let achievement_id = args.achievement;
    let request = ApproveAchievementRequest { achievement_id, ..ApproveAchievementRequest::default() };
    let mut client = AchievementServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let answer = client.approve_achievement(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"achievement": answer.id, "already": answer.already}));
    platform.output.say(format!("{} is approved; whoever completed it gets a credential.", answer.id));
    Ok(())
}

async fn issuer(platform: &Platform, command: IssuerCommand) -> Result<()> {
    let mut client = IssuerServiceClient::new(platform.connect("credentials", &["operator"]).await?);
    let (institution_id, answer) = match command {
        IssuerCommand::Publish(args) => {
            let institution_id = args.institution;
            let request = PublishIssuerRequest { institution_id: institution_id.clone(), ..Default::default() };
            (institution_id, client.publish_issuer(request).await.map_err(failed)?.into_inner().position)
        }
        IssuerCommand::Key(args) => {
            let institution_id = args.institution;
            let request = CreateIssuerKeyRequest { institution_id: institution_id.clone(), ..Default::default() };
            (institution_id, client.create_issuer_key(request).await.map_err(failed)?.into_inner().position)
        }
        IssuerCommand::Show(args) => (args.institution, 0),
    };
    let request = GetIssuerRequest { institution_id, min_position: answer };
    let shown = client.get_issuer(request).await.map_err(failed)?.into_inner().issuer.unwrap_or_default();
    platform.output.json(&to_json(&shown)?);
    let authorised = if shown.authorised { "authorised" } else { "not authorised by the catalogue" };
    platform.output.say(format!("{} ({}), {authorised}\n{}", shown.name, shown.institution_id, shown.did));
    let mut rows = vec![["key", "since", ""].map(str::to_owned).to_vec()];
    for it in &shown.keys {
        let state = match (it.compromised_ms > 0, it.current) {
            (true, _) => "compromised",
            (_, true) => "signs",
            _ => "signed",
        };
        rows.push(vec![it.key_id.clone(), time(it.created_ms), state.to_owned()]);
    }
    platform.output.say(if shown.keys.is_empty() { "It has no key yet.".to_owned() } else { table(&rows) });
    Ok(())
}

/// How a message of the contract is described.
fn descriptor(name: &str) -> Result<MessageDescriptor> {
    DESCRIPTORS.get_message_by_name(name).with_context(|| format!("the contract has no message `{name}`"))
}

/// What has a name in the contract.
pub(super) trait Named: Encoded {
    /// Its full name.
    const NAME: &'static str;
}

impl Named for AchievementDefined {
    const NAME: &'static str = "studium.credentials.v1.AchievementDefined";
}

impl Named for studium_proto::credentials::v1::Issuer {
    const NAME: &'static str = "studium.credentials.v1.Issuer";
}

impl Named for studium_proto::credentials::v1::Credential {
    const NAME: &'static str = "studium.credentials.v1.Credential";
}

/// A message as canonical proto JSON.
pub(super) fn to_json<M: Named>(message: &M) -> Result<Value> {
    let message = DynamicMessage::decode(descriptor(M::NAME)?, message.encode_to_vec().as_slice())?;
    Ok(serde_json::to_value(message)?)
}

/// A definition from canonical proto JSON.
fn from_json(text: &str) -> Result<AchievementDefined> {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(descriptor(AchievementDefined::NAME)?, &mut json)?;
    json.end()?;
    Ok(message.transcode_to()?)
}

fn read_definition(path: &PathBuf) -> Result<AchievementDefined> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
    } else {
        text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    }
    from_json(&text).with_context(|| {
        format!("{} is no definition; `studium credentials draft` prints one to begin with", path.display())
    })
}

#[cfg(test)]
mod tests;
