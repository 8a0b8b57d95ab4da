//! What follows for stacks: the account is asked, its answer comes back, and the stack's credential is issued.

use crate::{
    achievement::{self, Achievement},
    achievements::{self, Achievements},
    award::Facts,
    checks::Awarding,
    credential::{self, Credential},
    credentials::{self, Credentials},
    credit_account::{self, CreditAccount},
    drafting,
    issuers::Issuers,
    issuing,
    stack_award::{self, StackAward},
    stack_awards::{self, StackAwards},
    stacks::{self, Stacks},
};
use studium_kit::{App, LookUpPolicy, Policy, Reaction, StoreError, View, by_itself};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementSource, AchievementState, AchievementType, AwardedCredit, CredentialIssued,
    IssueCause, StackAwardState, StatusReason, credential_event::Event as CredentialEvent,
    credit_account_event::Event as AccountEvent, issuer_event::Event as IssuerEvent,
    stack_award_event::Event as AwardEvent, stack_event::Event as StackEvent,
};

/// Makes an approved stack an achievement, unless its institution described that itself.
pub struct StacksAreAchievements;

impl LookUpPolicy for StacksAreAchievements {
    const NAME: &'static str = "stacks-are-achievements";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Stacks::NAME, Achievements::NAME];
    type Event = StackEvent;
    type Target = Achievement;

    fn concerns(event: &StackEvent) -> bool {
        matches!(event, StackEvent::StackApproved(_))
    }

    async fn react(
        app: &App,
        id: &str,
        event: &StackEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Achievement>>, StoreError> {
        let StackEvent::StackApproved(approved) = event else { return Ok(Vec::new()) };
        let Some(row) = stacks::stack(app.store(), id).await? else { return Ok(Vec::new()) };
        let stack = row.definition();
        let achievement_id = achievement::id(AchievementSource::Stack, &stack.stack_id, stack.version);
        let described = achievements::achievement(app.store(), &achievement_id).await?;
        if described.as_ref().is_some_and(|it| it.institution_id != stack.institution_id) {
            // Somebody else's words stand under this name; nothing is issued in their name.
            return Ok(Vec::new());
        }
        let mut commands = Vec::new();
        if described.is_none() {
            let source = AchievementSource::Stack;
            let published = drafting::published(app.store(), source, &stack.stack_id, stack.version).await?;
            let definition = AchievementDefined {
                source: source as i32,
                source_id: stack.stack_id,
                source_version: stack.version,
                institution_id: stack.institution_id,
                achievement_type: AchievementType::Certificate as i32,
                name: stack.title,
                description: stack.description,
                eqf_level: stack.eqf_level,
                credits: vec![AwardedCredit { scheme: stack.scheme, credits_milli: stack.target_milli }],
                ..AchievementDefined::default()
            };
            commands.push(achievement::Command::Define(Box::new(definition), published));
        }
        if described.is_none_or(|it| it.state() == AchievementState::Draft) {
            // A stack claims to keep no rules that ask for the institution.
            let awarding = Awarding::default();
            commands.push(achievement::Command::Approve { approved_by: approved.approved_by.clone(), awarding });
        }
        let reaction = |it| Reaction { id: achievement_id.clone(), command: by_itself(at_ms, it) };
        Ok(commands.into_iter().map(reaction).collect())
    }
}

/// Asks the learner's account for the credits of an application, and lets go of them when the award is withdrawn.
pub struct AccountsFollowStackAwards;

impl Policy for AccountsFollowStackAwards {
    const NAME: &'static str = "accounts-follow-stack-awards";
    const STREAM: &'static str = "credentials";
    type Event = AwardEvent;
    type Target = CreditAccount;

    fn react(&self, id: &str, event: &AwardEvent, at_ms: i64) -> Vec<Reaction<CreditAccount>> {
        let award_id = id.to_owned();
        let (account, command) = match event {
            AwardEvent::StackAwardRequested(it) => (
                credit_account::id(&it.learner_id, it.scheme()),
                credit_account::Command::Apply {
                    award_id,
                    round: it.round,
                    target_milli: it.target_milli,
                    components: it.components.clone(),
                },
            ),
            AwardEvent::StackAwardReleased(it) => (
                credit_account::id(&it.learner_id, it.scheme()),
                credit_account::Command::Release { award_id, round: it.round },
            ),
            _ => return Vec::new(),
        };
        vec![Reaction { id: account, command: by_itself(at_ms, command) }]
    }
}

/// Brings the account's answer back to the stack award, and tells it when a component is lost.
/// One policy does both, so that no loss is told before the answer.
pub struct StackAwardsFollowAccounts;

impl Policy for StackAwardsFollowAccounts {
    const NAME: &'static str = "stack-awards-follow-accounts";
    const STREAM: &'static str = "credentials";
    type Event = AccountEvent;
    type Target = StackAward;

    fn react(&self, _: &str, event: &AccountEvent, at_ms: i64) -> Vec<Reaction<StackAward>> {
        let (award_id, command) = match event {
            AccountEvent::CreditsApplied(it) => {
                let credits_milli = it.lines.iter().map(|it| it.credits_milli).sum();
                (&it.award_id, stack_award::Command::Award { round: it.round, credits_milli })
            }
            AccountEvent::CreditsNotApplied(it) => {
                let (reasons, details) = (it.reasons.clone(), it.details.clone());
                (&it.award_id, stack_award::Command::Refuse { round: it.round, reasons, details })
            }
            AccountEvent::CreditsReversed(it) if !it.award_id.is_empty() => {
                let cause = it.cause().as_str_name().trim_start_matches("REVERSAL_CAUSE_").to_owned();
                let entry_id = it.entry_id.clone();
                (&it.award_id, stack_award::Command::Lose { round: it.round, entry_id, cause })
            }
            _ => return Vec::new(),
        };
        vec![Reaction { id: award_id.clone(), command: by_itself(at_ms, command) }]
    }
}

/// Issues the credential of a stack that is awarded, and revokes it when the award is withdrawn.
pub struct StackCredentialsFollowAwards;

impl LookUpPolicy for StackCredentialsFollowAwards {
    const NAME: &'static str = "stack-credentials-follow-awards";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Achievements::NAME, Credentials::NAME, Issuers::NAME, StackAwards::NAME];
    type Event = AwardEvent;
    type Target = Credential;

    fn concerns(event: &AwardEvent) -> bool {
        matches!(event, AwardEvent::StackAwarded(_) | AwardEvent::StackAwardReleased(_))
    }

    async fn react(
        app: &App,
        id: &str,
        event: &AwardEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        match event {
            AwardEvent::StackAwarded(it) => {
                Ok(issue(app, id, it.round, &it.components, at_ms).await?.into_iter().collect())
            }
            AwardEvent::StackAwardReleased(it) if it.was_awarded => {
                let reason =
                    if it.asked_by_learner { StatusReason::LearnerRequest } else { StatusReason::IssuedInError };
                Ok(revoke(id, it.round, reason, at_ms).into_iter().collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

async fn issue(
    app: &App,
    award_id: &str,
    round: u32,
    components: &[String],
    at_ms: i64,
) -> Result<Option<Reaction<Credential>>, StoreError> {
    let Some((achievement_id, learner_id)) = stack_award::achievement_of(award_id) else { return Ok(None) };
    let wish = issuing::Wish {
        achievement_id: &achievement_id,
        learner_id,
        attempt: round,
        cause: IssueCause::Stack,
        components,
        ..issuing::Wish::default()
    };
    let basis = issuing::Basis::read(app, &achievement_id).await?;
    let (issued, facts): (CredentialIssued, Facts) = issuing::prepare(app, &basis, &wish, at_ms).await?;
    let command = credential::Command::IssueOrWithhold(Box::new(issued), facts);
    let id = credential::id(&achievement_id, learner_id, round);
    Ok(Some(Reaction { id, command: by_itself(at_ms, command) }))
}

fn revoke(award_id: &str, round: u32, reason: StatusReason, at_ms: i64) -> Option<Reaction<Credential>> {
    let id = stack_awards::credential_id(award_id, round)?;
    let command = credential::Command::Revoke { reason, note: String::new() };
    Some(Reaction { id, command: by_itself(at_ms, command) })
}

/// Revokes a stack's credential whose award was withdrawn before it was signed: until then it could not be revoked.
pub struct LateStackCredentialsAreRevoked;

impl LookUpPolicy for LateStackCredentialsAreRevoked {
    const NAME: &'static str = "late-stack-credentials-are-revoked";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME, StackAwards::NAME];
    type Event = CredentialEvent;
    type Target = Credential;

    fn concerns(event: &CredentialEvent) -> bool {
        matches!(event, CredentialEvent::CredentialSigned(_))
    }

    async fn react(
        app: &App,
        id: &str,
        _: &CredentialEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let Some(award_id) = award_of(id) else { return Ok(Vec::new()) };
        let row = credentials::credential(app.store(), id).await?;
        let award = stack_awards::award(app.store(), &award_id).await?;
        let (Some(row), Some(award)) = (row, award) else { return Ok(Vec::new()) };
        // What staff awards anew in place of the award's own credential is no late one.
        let is_anew = row.issued().cause() != IssueCause::Stack;
        let holds = is_anew || (award.state() == StackAwardState::Awarded && award.round == row.attempt);
        let late = (!holds).then(|| revoke(&award_id, row.attempt, StatusReason::IssuedInError, at_ms));
        Ok(late.flatten().into_iter().collect())
    }
}

/// The stack award of a stack's credential `stack~<stack id>~<version>~<learner id>~<attempt>`.
fn award_of(credential_id: &str) -> Option<String> {
    let (award_id, _) = credential_id.strip_prefix("stack~")?.rsplit_once('~')?;
    Some(award_id.to_owned())
}

/// Issues what was withheld of stacks' credentials, once the issuer has a key.
pub struct WithheldStacksAreLookedAtAgain;

impl LookUpPolicy for WithheldStacksAreLookedAtAgain {
    const NAME: &'static str = "withheld-stacks-are-looked-at-again";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Achievements::NAME, Credentials::NAME, Issuers::NAME, StackAwards::NAME];
    type Event = IssuerEvent;
    type Target = Credential;

    fn concerns(event: &IssuerEvent) -> bool {
        matches!(event, IssuerEvent::IssuerKeyCreated(_))
    }

    async fn react(app: &App, id: &str, _: &IssuerEvent, at_ms: i64) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let mut reactions = Vec::new();
        for row in credentials::withheld(app.store(), id).await? {
            let Some(award_id) = award_of(&row.credential_id) else { continue };
            let award = stack_awards::award(app.store(), &award_id).await?;
            let is_current =
                |it: &stack_awards::StackAwardRow| it.state() == StackAwardState::Awarded && it.round == row.attempt;
            if let Some(it) = award.filter(is_current) {
                reactions.extend(issue(app, &award_id, it.round, &it.components.0, at_ms).await?);
            }
        }
        Ok(reactions)
    }
}
