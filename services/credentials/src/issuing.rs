//! Puts together what a credential will say, and what its award rests on: for staff, for completions, for new awards.

use crate::{
    achievement, achievements,
    award::Facts,
    completions::{self, CompletionRow},
    credential::{self, Credential},
    credentials::{self, CredentialRow},
    issuers::{self, IssuerRow},
    issuing_institutions::{self, IssuingInstitutionRow},
    key_store, registered_learners,
    settings::Settings,
};
use studium_kit::{App, StoreError};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementSource, AchievementState, AwardGrade, CredentialIssued, CredentialState, IssueCause,
};
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

/// What awards for an achievement rest on, whoever they are for: read once for many learners.
#[derive(Debug, Default)]
pub struct Basis {
    state: AchievementState,
    definition: AchievementDefined,
    institution: IssuingInstitutionRow,
    issuer: IssuerRow,
    /// The key that signs; empty = there is none whose operator's key is here.
    key_id: String,
}

impl Basis {
    /// What stands now; of an achievement that is not defined, nothing.
    pub async fn read(app: &App, achievement_id: &str) -> Result<Self, StoreError> {
        let store = app.store();
        let Some(achievement) = achievements::achievement(store, achievement_id).await? else {
            return Ok(Self::default());
        };
        let definition = achievement.definition();
        let issuer = issuers::issuer(store, &definition.institution_id).await?.unwrap_or_default();
        let keys = app.belonging::<Settings>().and_then(|it| it.keys.as_ref());
        let key = issuer.current().filter(|key| keys.is_some_and(|it| it.holds(&key.sealed())));
        Ok(Self {
            state: achievement.state(),
            institution: issuing_institutions::institution(store, &definition.institution_id).await?,
            key_id: key.map(|it| it.id.clone()).unwrap_or_default(),
            definition,
            issuer,
        })
    }

    /// Whose achievement it is; none = it is not defined.
    pub fn owner(&self) -> Option<&str> {
        (self.state != AchievementState::Unspecified).then_some(self.definition.institution_id.as_str())
    }

    /// What is achieved.
    pub fn definition(&self) -> &AchievementDefined {
        &self.definition
    }
}

/// What the credential will say, and what the award rests on.
pub async fn prepare(
    app: &App,
    basis: &Basis,
    wish: &Wish<'_>,
    at_ms: i64,
) -> Result<(CredentialIssued, Facts), StoreError> {
    let it = &basis.definition;
    let (source, version) = (it.source(), it.source_version);
    let completion = match basis.state {
        AchievementState::Unspecified => None,
        _ => completions::completion(app.store(), wish.learner_id, source, &it.source_id, version).await?,
    };
    let mut issued = said(wish, it, completion.as_ref(), at_ms);
    let facts = facts(app, basis, wish, completion, &mut issued).await?;
    Ok((issued, facts))
}

/// What follows from the achievement, the completion and the credential before.
fn said(
    wish: &Wish<'_>,
    definition: &AchievementDefined,
    completion: Option<&CompletionRow>,
    at_ms: i64,
) -> CredentialIssued {
    let before = wish.supersedes.map(CredentialRow::issued);
    let valid_until_ms = match definition.valid_months {
        0 => 0,
        months => times::add_months(at_ms, months).unwrap_or_default(),
    };
    let mut issued = CredentialIssued {
        learner_id: wish.learner_id.to_owned(),
        achievement_id: wish.achievement_id.to_owned(),
        attempt: wish.attempt,
        institution_id: definition.institution_id.clone(),
        awarded_ms: before.as_ref().map_or(at_ms, |it| it.awarded_ms),
        valid_from_ms: at_ms,
        valid_until_ms,
        credits: definition.credits.clone(),
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
    basis: &Basis,
    wish: &Wish<'_>,
    completion: Option<CompletionRow>,
    issued: &mut CredentialIssued,
) -> Result<Facts, StoreError> {
    let (store, definition, institution) = (app.store(), &basis.definition, &basis.institution);
    issued.key_id.clone_from(&basis.key_id);
    (issued.issuer_did, issued.base_url) = (basis.issuer.did.clone(), basis.issuer.base_url.clone());
    (issued.issuer_name, issued.issuer_country) = (institution.name.clone(), institution.country.clone());
    issued.public_id = public_id().unwrap_or_default();
    let superseded = wish.supersedes.map(|it| it.credential_id.as_str()).unwrap_or_default();
    let others = credentials::of_learner(store, wish.learner_id, wish.achievement_id).await?;
    let holds =
        |it: &&CredentialRow| is_alive(it.state()) && it.attempt != wish.attempt && it.credential_id != superseded;
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
        achievement: basis.state,
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
        has_key: !basis.key_id.is_empty() && !issued.public_id.is_empty(),
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
    let achievement_id = achievement::id(source, source_id, version);
    let basis = Basis::read(app, &achievement_id).await?;
    earned_by(app, &basis, (&achievement_id, learner_id), at_ms).await
}

/// What is issued to a learner who completed an achievement, if credentials are issued for it.
pub async fn earned_by(
    app: &App,
    basis: &Basis,
    (achievement_id, learner_id): (&str, &str),
    at_ms: i64,
) -> Result<Option<(CredentialIssued, Facts)>, StoreError> {
    if basis.state != AchievementState::Approved {
        return Ok(None);
    }
    let wish = Wish { achievement_id, learner_id, attempt: 1, cause: IssueCause::Completion, ..Wish::default() };
    prepare(app, basis, &wish, at_ms).await.map(Some)
}
