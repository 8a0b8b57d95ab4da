//! What follows for credits: they are entered with a credential, and taken back with it.

use crate::{
    acbs::Class,
    achievements::{self, Achievements},
    attendances::{self, Attendances},
    credentials::{self, CredentialRow, Credentials},
    credit_account::{self, Command, CreditAccount, Earning},
};
use studium_kit::{App, LookUpPolicy, Reaction, StoreError, View, by_itself};
use studium_proto::credentials::v1::{
    AchievementDefined, AwardScheme, CreditsEarned, Framework, ReversalCause, credential_event::Event,
};

/// Enters credits when a credential is signed, and takes them back when it is revoked or gives way.
pub struct CreditsFollowCredentials;

impl LookUpPolicy for CreditsFollowCredentials {
    const NAME: &'static str = "credits-follow-credentials";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME, Achievements::NAME];
    type Event = Event;
    type Target = CreditAccount;

    fn concerns(event: &Event) -> bool {
        matches!(event, Event::CredentialSigned(_) | Event::CredentialRevoked(_) | Event::CredentialSuperseded(_))
    }

    async fn react(app: &App, id: &str, event: &Event, at_ms: i64) -> Result<Vec<Reaction<CreditAccount>>, StoreError> {
        let Some(row) = credentials::credential(app.store(), id).await? else { return Ok(Vec::new()) };
        let cause = match event {
            Event::CredentialSigned(_) => {
                let reaction = |(id, it)| Reaction { id, command: by_itself(at_ms, Command::Earn(Box::new(it))) };
                return Ok(earnings(app, &row).await?.into_iter().map(reaction).collect());
            }
            Event::CredentialRevoked(_) => ReversalCause::Revoked,
            _ => ReversalCause::Superseded,
        };
        let command = Command::Reverse { entry_id: id.to_owned(), cause };
        // Others may have recognised it in schemes of their own; what has no entry stays as it is.
        let every = [AwardScheme::Ects, AwardScheme::KrAcbs, AwardScheme::UkCats, AwardScheme::UsSemester];
        let account = every.into_iter().map(|it| credit_account::id(&row.learner_id, it));
        Ok(account.map(|id| Reaction { id, command: by_itself(at_ms, command.clone()) }).collect())
    }
}

/// What a credential brings, by account. A stack's credential brings nothing: its components did.
pub async fn earnings(app: &App, row: &CredentialRow) -> Result<Vec<(String, Earning)>, StoreError> {
    let issued = row.issued();
    if row.achievement_id.starts_with("stack~") || issued.credits.is_empty() {
        return Ok(Vec::new());
    }
    let store = app.store();
    let definition = match achievements::achievement(store, &row.achievement_id).await? {
        Some(it) => it.definition(),
        None => AchievementDefined::default(),
    };
    let seen = issued.evidence.iter().filter(|it| it.stream == "enrolment").map(|it| it.position).max();
    app.seen_by(Attendances::NAME, "enrolment", seen.unwrap_or_default()).await?;
    let class = Class {
        minutes: definition.class_minutes,
        attendance_permille: attendances::permille(store, &issued.completed_id, &row.learner_id).await?,
        grade_millipoints: issued.grade_millipoints,
    };
    let finished_at_ms = if issued.activity_end_ms == 0 { issued.awarded_ms } else { issued.activity_end_ms };
    let is_accredited = definition.frameworks().any(|it| it == Framework::KrAcbs);
    let earning = |it: &studium_proto::credentials::v1::AwardedCredit| Earning {
        scheme: it.scheme(),
        entry: CreditsEarned {
            credential_id: row.credential_id.clone(),
            credits_milli: it.credits_milli,
            institution_id: row.institution_id.clone(),
            achievement_id: row.achievement_id.clone(),
            equivalence_group: group(&definition, &row.achievement_id),
            eqf_level: definition.eqf_level,
            finished_at_ms,
            is_accredited,
            ..CreditsEarned::default()
        },
        class,
        supersedes: issued.supersedes.clone(),
    };
    let some = issued.credits.iter().filter(|it| it.credits_milli > 0);
    Ok(some.map(|it| (credit_account::id(&row.learner_id, it.scheme()), earning(it))).collect())
}

/// Its group of equivalents; without one it is equivalent to its own other versions.
fn group(definition: &AchievementDefined, achievement_id: &str) -> String {
    if !definition.equivalence_group.is_empty() {
        return definition.equivalence_group.clone();
    }
    achievement_id.rsplit_once('~').map_or(achievement_id, |it| it.0).to_owned()
}
