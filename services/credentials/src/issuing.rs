//! Puts together what a credential will say, and what its award rests on: for staff, for completions, for new awards.

use crate::{
    achievements::{self, AchievementRow},
    award::Facts,
    completions::{self, CompletionRow},
    credential::{self, Credential},
    credentials::{self, CredentialRow},
    issuers, issuing_institutions, key_store, registered_learners,
    settings::Settings,
    signing,
};
use studium_kit::{App, Store, StoreError};
use studium_proto::credentials::v1::{AchievementSource, AwardGrade, CredentialIssued, CredentialState, IssueCause};
use studium_vc::times;

/// The form in which credentials are written; a change of the form is a new number, since old ones are written again.
const FORM: u32 = 1;

/// What is to be issued, to whom, and why.
#[derive(Debug, Default)]
pub struct Wish<'a> {
    /// For what.
    pub achievement_id: &'a str,
    /// To whom.
    pub learner_id: &'a str,
    /// At which attempt.
    pub attempt: u32,
    /// What makes it be issued.
    pub cause: IssueCause,
    /// Why, where staff decides it.
    pub reason: &'a str,
    /// The credential whose place it takes.
    pub supersedes: Option<&'a CredentialRow>,
    /// The mark, where it is another than before.
    pub grade_millipoints: Option<u32>,
    /// The components of a stack.
    pub components: &'a [String],
}

/// What the credential will say, and what the award rests on.
pub async fn prepare(app: &App, wish: &Wish<'_>, at_ms: i64) -> Result<(CredentialIssued, Facts), StoreError> {
    let store = app.store();
    let achievement = achievements::achievement(store, wish.achievement_id).await?;
    let completion = match &achievement {
        Some(it) => completion(store, it, wish.learner_id).await?,
        None => None,
    };
    let mut issued = said(wish, achievement.as_ref(), completion.as_ref(), at_ms);
    let facts = facts(app, wish, achievement.as_ref(), completion, &mut issued).await?;
    Ok((issued, facts))
}

async fn completion(
    store: &Store,
    achievement: &AchievementRow,
    learner_id: &str,
) -> Result<Option<CompletionRow>, StoreError> {
    let it = achievement.definition();
    completions::completion(store, learner_id, it.source(), &it.source_id, it.source_version).await
}

/// What follows from the achievement, the completion and the credential before.
fn said(
    wish: &Wish<'_>,
    achievement: Option<&AchievementRow>,
    completion: Option<&CompletionRow>,
    at_ms: i64,
) -> CredentialIssued {
    let definition = achievement.map(AchievementRow::definition).unwrap_or_default();
    let before = wish.supersedes.map(CredentialRow::issued);
    let valid_until_ms = match definition.valid_months {
        0 => 0,
        months => times::add_months(at_ms, months).unwrap_or_default(),
    };
    let mut issued = CredentialIssued {
        learner_id: wish.learner_id.to_owned(),
        achievement_id: wish.achievement_id.to_owned(),
        attempt: wish.attempt,
        institution_id: definition.institution_id,
        awarded_ms: before.as_ref().map_or(at_ms, |it| it.awarded_ms),
        valid_from_ms: at_ms,
        valid_until_ms,
        credits: definition.credits,
        cause: wish.cause as i32,
        reason: wish.reason.to_owned(),
        supersedes: wish.supersedes.map(|it| it.credential_id.clone()).unwrap_or_default(),
        form: FORM,
        components: wish.components.to_vec(),
        ..CredentialIssued::default()
    };
    if let Some(it) = completion {
        issued.completed_id.clone_from(&it.completed_id);
        (issued.grade, issued.grade_millipoints) = (it.grade, it.grade_millipoints);
        (issued.activity_start_ms, issued.activity_end_ms) = (it.started_ms, it.completed_ms);
        (issued.identity_verified, issued.evidence) = (it.identity_verified, it.evidence());
    } else if let Some(it) = before {
        (issued.completed_id, issued.grade, issued.grade_millipoints) =
            (it.completed_id, it.grade, it.grade_millipoints);
        (issued.activity_start_ms, issued.activity_end_ms) = (it.activity_start_ms, it.activity_end_ms);
        (issued.identity_verified, issued.evidence) = (it.identity_verified, it.evidence);
    } else {
        issued.grade = AwardGrade::Pass as i32;
    }
    if wish.grade_millipoints.is_some() {
        issued.grade_millipoints = wish.grade_millipoints;
    }
    issued
}

/// What the award rests on; completes what the credential says of its issuer.
async fn facts(
    app: &App,
    wish: &Wish<'_>,
    achievement: Option<&AchievementRow>,
    completion: Option<CompletionRow>,
    issued: &mut CredentialIssued,
) -> Result<Facts, StoreError> {
    let store = app.store();
    let institution = issuing_institutions::institution(store, &issued.institution_id).await?;
    let published = issuers::issuer(store, &issued.institution_id).await?;
    let keys = app.belonging::<Settings>().and_then(|it| it.keys.as_ref());
    let key = published.as_ref().and_then(|it| it.current()).filter(|key| {
        keys.is_some_and(|it| it.open(&key.sealed(), &signing::whose(&issued.institution_id, &key.id)).is_some())
    });
    let has_key = key.is_some();
    issued.key_id = key.map(|it| it.id.clone()).unwrap_or_default();
    if let Some(it) = published {
        (issued.issuer_did, issued.base_url) = (it.did, it.base_url);
    }
    (issued.issuer_name, issued.issuer_country) = (institution.name, institution.country);
    issued.public_id = public_id().unwrap_or_default();
    let superseded = wish.supersedes.map(|it| it.credential_id.as_str()).unwrap_or_default();
    let others = credentials::of_learner(store, wish.learner_id, wish.achievement_id).await?;
    let holds =
        |it: &&CredentialRow| is_alive(it.state()) && it.attempt != wish.attempt && it.credential_id != superseded;
    let definition = achievement.map(AchievementRow::definition).unwrap_or_default();
    let is_stack = wish.cause == IssueCause::Stack;
    let before = match wish.supersedes {
        Some(it) => Some(standing(app, &it.credential_id, &issued.institution_id).await?),
        None => None,
    };
    // A view may be behind; where the attempt before this one stands, its own aggregate knows.
    let earlier = credential::id(wish.achievement_id, wish.learner_id, wish.attempt.saturating_sub(1));
    let earlier_state = if wish.attempt < 2 || before.is_some() || is_stack {
        None
    } else {
        Some(standing(app, &earlier, &issued.institution_id).await?.0)
    };
    let earlier = earlier_state.is_some_and(is_alive).then_some(earlier);
    Ok(Facts {
        achievement: achievement.map(AchievementRow::state).unwrap_or_default(),
        frameworks: definition.frameworks().collect(),
        pass_mark_millipoints: definition.pass_mark_millipoints,
        completed: completion.map(|it| it.completed()),
        // What takes the place of another one, or sums others up, rests on these.
        is_overridden: !wish.reason.is_empty() || wish.supersedes.is_some() || is_stack,
        is_identified: registered_learners::is_known(store, wish.learner_id).await?,
        // Of a stack there is one award at a time, and what it withdrew is about to be revoked.
        existing: others.iter().find(holds).filter(|_| !is_stack).map(|it| it.credential_id.clone()).or(earlier),
        before,
        skips_attempt: earlier_state
            .is_some_and(|it| matches!(it, CredentialState::Unspecified | CredentialState::Withheld)),
        is_unasked_stack: definition.source() == AchievementSource::Stack && !is_stack,
        is_authorised: institution.is_issuer,
        has_key: has_key && !issued.public_id.is_empty(),
    })
}

/// Whether a credential in this state counts as one that the learner has.
fn is_alive(state: CredentialState) -> bool {
    matches!(state, CredentialState::Issued | CredentialState::Active | CredentialState::Suspended)
}

/// Where a credential stands as its own aggregate knows it, and whether it is this institution's.
async fn standing(app: &App, id: &str, institution_id: &str) -> Result<(CredentialState, bool), StoreError> {
    let it = app.look::<Credential, _>(id, |it| (it.standing().0, it.standing().1 == institution_id)).await;
    it.map_err(|e| StoreError::Unavailable(e.message().to_owned()))
}

/// A name that nobody can guess, as a UUID of version 8 (RFC 9562 § 5.8) made of random bits.
fn public_id() -> Option<String> {
    let random = key_store::random()?;
    Some(uuid::Builder::from_custom_bytes(random.to_be_bytes()).into_uuid().to_string())
}

/// What is issued for a completion of `source`, if credentials are issued for it.
pub async fn earned(
    app: &App,
    learner_id: &str,
    (source, source_id, version): (AchievementSource, &str, u32),
    at_ms: i64,
) -> Result<Option<(CredentialIssued, Facts)>, StoreError> {
    let Some(row) = achievements::approved(app.store(), source, source_id, version).await? else { return Ok(None) };
    let wish = Wish {
        achievement_id: &row.achievement_id,
        learner_id,
        attempt: 1,
        cause: IssueCause::Completion,
        ..Wish::default()
    };
    prepare(app, &wish, at_ms).await.map(Some)
}
