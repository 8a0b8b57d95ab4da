//! What follows from completions: a credential is issued, gets its bit, and is signed.

use crate::{
    achievements::Achievements,
    completions::{self, Completions},
    credential::{self, Command, Credential},
    credentials::{self, CredentialRow, Credentials},
    issuers::Issuers,
    issuing::{self, Basis},
    issuing_institutions::IssuingInstitutions,
    registered_learners::RegisteredLearners,
    signing,
    status_list::{self, StatusList},
};
use std::collections::{BTreeMap, btree_map::Entry};
use studium_kit::{App, Asked, LookUpPolicy, Policy, Reaction, StoreError, View, by_itself};
use studium_proto::{
    catalogue::v1::{Authority, institution_event::Event as InstitutionEvent},
    credentials::v1::{
        AchievementSource, CredentialIssued, CredentialSigned, CredentialState, IssueCause,
        achievement_event::Event as AchievementEvent, credential_event::Event as CredentialEvent,
        issuer_event::Event as IssuerEvent, status_list_event::Event as ListEvent,
    },
    enrolment::v1::{
        enrolment_event::Event as EnrolmentEvent, learner_event::Event as LearnerEvent,
        programme_enrolment_event::Event as ProgrammeEvent,
    },
};

fn reaction(issued: CredentialIssued, facts: crate::award::Facts, at_ms: i64) -> Reaction<Credential> {
    let id = credential::id(&issued.achievement_id, &issued.learner_id, issued.attempt);
    Reaction { id, command: by_itself(at_ms, Command::IssueOrWithhold(Box::new(issued), facts)) }
}

/// Issues a credential to whoever completes a course for which credentials are issued.
pub struct CredentialsFollowCourses;

impl LookUpPolicy for CredentialsFollowCourses {
    const NAME: &'static str = "credentials-follow-courses";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Completions::NAME];
    type Event = EnrolmentEvent;
    type Target = Credential;

    fn concerns(event: &EnrolmentEvent) -> bool {
        matches!(event, EnrolmentEvent::EnrolmentCompleted(_))
    }

    async fn react(
        app: &App,
        id: &str,
        event: &EnrolmentEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let (EnrolmentEvent::EnrolmentCompleted(it), Some((_, learner_id))) = (event, id.split_once('~')) else {
            return Ok(Vec::new());
        };
        let what = (AchievementSource::Course, it.course_id.as_str(), it.course_version);
        let earned = issuing::earned(app, learner_id, what, at_ms).await?;
        Ok(earned.into_iter().map(|(issued, facts)| reaction(issued, facts, at_ms)).collect())
    }
}

/// Issues a credential to whoever completes a programme for which credentials are issued.
pub struct CredentialsFollowProgrammes;

impl LookUpPolicy for CredentialsFollowProgrammes {
    const NAME: &'static str = "credentials-follow-programmes";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Completions::NAME];
    type Event = ProgrammeEvent;
    type Target = Credential;

    fn concerns(event: &ProgrammeEvent) -> bool {
        matches!(event, ProgrammeEvent::ProgrammeCompleted(_))
    }

    async fn react(
        app: &App,
        id: &str,
        event: &ProgrammeEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let (ProgrammeEvent::ProgrammeCompleted(it), Some((programme_id, learner_id))) = (event, id.split_once('~'))
        else {
            return Ok(Vec::new());
        };
        let what = (AchievementSource::Programme, programme_id, it.programme_version);
        let earned = issuing::earned(app, learner_id, what, at_ms).await?;
        Ok(earned.into_iter().map(|(issued, facts)| reaction(issued, facts, at_ms)).collect())
    }
}

/// Issues a credential for an achievement that is approved to everybody who completed it before.
pub struct CredentialsFollowApprovals;

impl LookUpPolicy for CredentialsFollowApprovals {
    const NAME: &'static str = "credentials-follow-approvals";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Achievements::NAME, Credentials::NAME, Issuers::NAME];
    type Event = AchievementEvent;
    type Target = Credential;

    fn concerns(event: &AchievementEvent) -> bool {
        matches!(event, AchievementEvent::AchievementApproved(_))
    }

    async fn react(
        app: &App,
        id: &str,
        _: &AchievementEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let basis = Basis::read(app, id).await?;
        let of = basis.definition();
        let what = (of.source(), of.source_id.as_str(), of.source_version);
        let mut reactions = Vec::new();
        for learner_id in completions::learners(app.store(), what).await? {
            if let Some((issued, facts)) = issuing::earned_by(app, &basis, (id, &learner_id), at_ms).await? {
                reactions.push(reaction(issued, facts, at_ms));
            }
        }
        Ok(reactions)
    }
}

/// Looks again at what was withheld because the issuer had no key, once it has one.
pub struct WithheldAreLookedAtAgain;

impl LookUpPolicy for WithheldAreLookedAtAgain {
    const NAME: &'static str = "withheld-are-looked-at-again";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Achievements::NAME, Credentials::NAME, Issuers::NAME];
    type Event = IssuerEvent;
    type Target = Credential;

    fn concerns(event: &IssuerEvent) -> bool {
        matches!(event, IssuerEvent::IssuerKeyCreated(_))
    }

    async fn react(app: &App, id: &str, _: &IssuerEvent, at_ms: i64) -> Result<Vec<Reaction<Credential>>, StoreError> {
        look_again(app, &credentials::withheld(app.store(), id).await?, at_ms).await
    }
}

/// Issues what was withheld, if nothing stands against it any more.
async fn look_again(
    app: &App,
    withheld: &[CredentialRow],
    at_ms: i64,
) -> Result<Vec<Reaction<Credential>>, StoreError> {
    let (mut reactions, mut read) = (Vec::new(), BTreeMap::new());
    // What is withheld of stacks rests on awards: `stack_policies` looks at it.
    for row in withheld.iter().filter(|it| !it.achievement_id.starts_with("stack~")) {
        let wish = issuing::Wish {
            achievement_id: &row.achievement_id,
            learner_id: &row.learner_id,
            attempt: row.attempt,
            cause: IssueCause::Completion,
            ..issuing::Wish::default()
        };
        let basis = match read.entry(&row.achievement_id) {
            Entry::Occupied(it) => it.into_mut(),
            Entry::Vacant(it) => it.insert(Basis::read(app, &row.achievement_id).await?),
        };
        let (issued, facts) = issuing::prepare(app, basis, &wish, at_ms).await?;
        reactions.push(reaction(issued, facts, at_ms));
    }
    Ok(reactions)
}

/// Looks again at what was withheld because the institution was not authorised, once it is.
pub struct WithheldFollowAuthorisations;

impl LookUpPolicy for WithheldFollowAuthorisations {
    const NAME: &'static str = "withheld-follow-authorisations";
    const STREAM: &'static str = "catalogue";
    const VIEWS: &'static [&'static str] = &[IssuingInstitutions::NAME];
    type Event = InstitutionEvent;
    type Target = Credential;

    fn concerns(event: &InstitutionEvent) -> bool {
        matches!(event, InstitutionEvent::InstitutionAuthorised(it) if it.authority() == Authority::Issuer)
    }

    async fn react(
        app: &App,
        id: &str,
        _: &InstitutionEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        look_again(app, &credentials::withheld(app.store(), id).await?, at_ms).await
    }
}

/// Looks again at what was withheld because nobody knew who the learner is, once the learner is registered.
pub struct WithheldFollowRegistrations;

impl LookUpPolicy for WithheldFollowRegistrations {
    const NAME: &'static str = "withheld-follow-registrations";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[RegisteredLearners::NAME];
    type Event = LearnerEvent;
    type Target = Credential;

    fn concerns(event: &LearnerEvent) -> bool {
        matches!(event, LearnerEvent::LearnerRegistered(_))
    }

    async fn react(app: &App, id: &str, _: &LearnerEvent, at_ms: i64) -> Result<Vec<Reaction<Credential>>, StoreError> {
        look_again(app, &credentials::withheld_from(app.store(), id).await?, at_ms).await
    }
}

/// Looks again at what was withheld just now: what stood against it may have been settled after it was looked at and
/// before it was written down, when nobody who looks for what is withheld could find it.
pub struct WithheldAreLookedAtTwice;

impl LookUpPolicy for WithheldAreLookedAtTwice {
    const NAME: &'static str = "withheld-are-looked-at-twice";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME, Achievements::NAME, Issuers::NAME];
    type Event = CredentialEvent;
    type Target = Credential;

    fn concerns(event: &CredentialEvent) -> bool {
        matches!(event, CredentialEvent::CredentialWithheld(_))
    }

    async fn react(
        app: &App,
        id: &str,
        _: &CredentialEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let row = credentials::credential(app.store(), id).await?;
        // On a new store all that was ever withheld comes by again.
        let row = row.filter(|it| it.state() == CredentialState::Withheld);
        look_again(app, row.as_slice(), at_ms).await
    }
}

/// Gives every credential a bit in its issuer's status list, and keeps the bit as the credential's status is.
pub struct StatusFollowsCredentials;

impl Policy for StatusFollowsCredentials {
    const NAME: &'static str = "status-follows-credentials";
    const STREAM: &'static str = "credentials";
    type Event = CredentialEvent;
    type Target = StatusList;

    fn react(&self, id: &str, event: &CredentialEvent, _: i64) -> Vec<Reaction<StatusList>> {
        let credential_id = id.to_owned();
        match event {
            CredentialEvent::CredentialIssued(it) => {
                // The name is random, so that the bit drawn by it says nothing of order, and each replay draws the same.
                let draw = it.public_id.bytes().fold(0, |all: u64, it| all.wrapping_mul(257).wrapping_add(it.into()));
                let command = status_list::Command::Allocate { credential_id, draw };
                vec![Reaction { id: it.institution_id.clone(), command }]
            }
            _ => Vec::new(),
        }
    }
}

/// Sets the bit of a credential that is revoked.
pub struct BitsFollowRevocations;

impl LookUpPolicy for BitsFollowRevocations {
    const NAME: &'static str = "bits-follow-revocations";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME];
    type Event = CredentialEvent;
    type Target = StatusList;

    fn concerns(event: &CredentialEvent) -> bool {
        matches!(event, CredentialEvent::CredentialRevoked(_))
    }

    async fn react(app: &App, id: &str, _: &CredentialEvent, _: i64) -> Result<Vec<Reaction<StatusList>>, StoreError> {
        let row = credentials::credential(app.store(), id).await?;
        let command = status_list::Command::Set { credential_id: id.to_owned(), is_set: true };
        Ok(row.into_iter().map(|it| Reaction { id: it.institution_id, command: command.clone() }).collect())
    }
}

/// Signs a credential once it has a bit.
pub struct CredentialsAreSigned;

impl LookUpPolicy for CredentialsAreSigned {
    const NAME: &'static str = "credentials-are-signed";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME, Achievements::NAME, Issuers::NAME];
    type Event = ListEvent;
    type Target = Credential;

    fn concerns(event: &ListEvent) -> bool {
        matches!(event, ListEvent::StatusIndexAllocated(_))
    }

    async fn react(app: &App, _: &str, event: &ListEvent, at_ms: i64) -> Result<Vec<Reaction<Credential>>, StoreError> {
        let ListEvent::StatusIndexAllocated(it) = event else { return Ok(Vec::new()) };
        let row = credentials::credential(app.store(), &it.credential_id).await?;
        // On a new store all that was ever signed comes by again.
        let Some(row) = row.filter(|row| !row.is_signed()) else { return Ok(Vec::new()) };
        let signed = signing::credential(app, &row, it.list, it.index).await?;
        let command = Command::Sign(CredentialSigned {
            list: it.list,
            index: it.index,
            json_sha256: signed.json_sha256(),
            jwt_sha256: signed.jwt_sha256(),
        });
        Ok(vec![asked(it.credential_id.clone(), by_itself(at_ms, command))])
    }
}

/// Lets a credential give way to the one that was awarded in its place, once that one is signed.
pub struct OldCredentialsGiveWay;

impl LookUpPolicy for OldCredentialsGiveWay {
    const NAME: &'static str = "old-credentials-give-way";
    const STREAM: &'static str = "credentials";
    const VIEWS: &'static [&'static str] = &[Credentials::NAME];
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
        let Some(row) = credentials::credential(app.store(), id).await? else { return Ok(Vec::new()) };
        let before = row.issued().supersedes;
        if before.is_empty() {
            return Ok(Vec::new());
        }
        let command = Command::Supersede { superseded_by: id.to_owned() };
        Ok(vec![asked(before, by_itself(at_ms, command))])
    }
}

fn asked(id: String, command: Asked<Command>) -> Reaction<Credential> {
    Reaction { id, command }
}
