//! Acts on learners, their external ids and consents, and what can be read of them.

use super::{Api, NAME_MAX, No, TEXT_MAX, by, decide, done, no, outcome};
use crate::{
    consent::{self, Consent},
    consents::{self, Consents},
    enrolment::Authority,
    external_id::{self, ExternalId},
    external_ids,
    learner::{self, Learner},
    learners::{self, LearnerRow, Learners},
};
use studium_kit::{Call, Fields, Outcome, fault};
use studium_proto::enrolment::v1::{
    ChangeEmailRequest, ChangeEmailResponse, Consent as ShownConsent, ConsentScope, EraseLearnerRequest,
    EraseLearnerResponse, ExternalId as ShownExternalId, FindLearnerRequest, FindLearnerResponse, GetLearnerRequest,
    GetLearnerResponse, GiveConsentRequest, GiveConsentResponse, LinkExternalIdRequest, LinkExternalIdResponse,
    ListConsentsRequest, ListConsentsResponse, MergeLearnersRequest, MergeLearnersResponse, Reason,
    RegisterLearnerRequest, RegisterLearnerResponse, UnlinkExternalIdRequest, UnlinkExternalIdResponse,
    WithdrawConsentRequest, WithdrawConsentResponse, learner_event::Event, learner_service_server::LearnerService,
};
use tonic::{Request, Response, Status};

/// External ids that one call may bring.
const EXTERNAL_IDS_MAX: usize = 20;

/// The longest external id, characters.
const EXTERNAL_ID_MAX: usize = 128;

#[tonic::async_trait]
impl LearnerService for Api {
    async fn register_learner(
        &self,
        request: Request<RegisterLearnerRequest>,
    ) -> Result<Response<RegisterLearnerResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_text("name", &it.name, NAME_MAX);
        fields.optional_text("email", &it.email, NAME_MAX);
        fields.check("external_ids", it.external_ids.len() <= EXTERNAL_IDS_MAX, "are more than 20");
        for id in &it.external_ids {
            external(&mut fields, &id.institution_id, &id.external_id);
        }
        fields.done()?;
        for id in &it.external_ids {
            may_name(&call, &id.institution_id, &it.learner_id)?;
        }
        let ids = it.external_ids.into_iter().map(|it| (it.institution_id, it.external_id)).collect();
        let command = learner::Command::Register { name: it.name, email: it.email, external_ids: ids };
        done!(RegisterLearnerResponse, self.with_claims(&call, &it.learner_id, command).await?)
    }

    async fn link_external_id(
        &self,
        request: Request<LinkExternalIdRequest>,
    ) -> Result<Response<LinkExternalIdResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        external(&mut fields, &it.institution_id, &it.external_id);
        fields.done()?;
        let command =
            learner::Command::LinkExternalId { institution_id: it.institution_id, external_id: it.external_id };
        done!(LinkExternalIdResponse, self.with_claims(&call, &it.learner_id, command).await?)
    }

    async fn unlink_external_id(
        &self,
        request: Request<UnlinkExternalIdRequest>,
    ) -> Result<Response<UnlinkExternalIdResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        external(&mut fields, &it.institution_id, &it.external_id);
        fields.done()?;
        let claim = external_ids::id(&it.institution_id, &it.external_id);
        let command =
            learner::Command::UnlinkExternalId { institution_id: it.institution_id, external_id: it.external_id };
        let unlinked = self.app.decide::<Learner>(&call, &it.learner_id, &command).await?;
        // After the learner, so that a break in between leaves the id taken, not given out twice; repeating frees it.
        let release = external_id::Command::Release { learner_id: it.learner_id };
        self.app.decide::<ExternalId>(&call.row("release"), &claim, &release).await?;
        done!(UnlinkExternalIdResponse, unlinked)
    }

    async fn change_email(
        &self,
        request: Request<ChangeEmailRequest>,
    ) -> Result<Response<ChangeEmailResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_text("email", &it.email, NAME_MAX);
        fields.done()?;
        let command = learner::Command::ChangeEmail { email: it.email };
        done!(ChangeEmailResponse, self.app.decide::<Learner>(&call, &it.learner_id, &command).await?)
    }

    async fn merge_learners(
        &self,
        request: Request<MergeLearnersRequest>,
    ) -> Result<Response<MergeLearnersResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("from_learner_id", &it.from_learner_id);
        fields.id("into_learner_id", &it.into_learner_id);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let into = self.app.state::<Learner>(&it.into_learner_id).await?.standing();
        let command = learner::Command::Merge {
            from_learner_id: it.from_learner_id.clone(),
            into_learner_id: it.into_learner_id.clone(),
            into,
            reason: it.reason,
        };
        let merged = self.app.decide::<Learner>(&call, &it.from_learner_id, &command).await?;
        self.aliases.merged(&it.from_learner_id, &it.into_learner_id);
        done!(MergeLearnersResponse, merged)
    }

    async fn erase_learner(
        &self,
        request: Request<EraseLearnerRequest>,
    ) -> Result<Response<EraseLearnerResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = learner::Command::Erase { reason: it.reason };
        // Whoever is forgotten is forgotten under every id.
        for other in self.person(&it.learner_id).await?.into_iter().filter(|other| *other != it.learner_id) {
            self.app.decide::<Learner>(&call, &other, &command).await?;
        }
        done!(EraseLearnerResponse, self.app.decide::<Learner>(&call, &it.learner_id, &command).await?)
    }

    async fn give_consent(
        &self,
        request: Request<GiveConsentRequest>,
    ) -> Result<Response<GiveConsentResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        let scopes = scopes(&mut fields, &it.scopes);
        fields.check("scopes", !scopes.is_empty(), "is empty");
        fields.optional_text("wording", &it.wording, NAME_MAX);
        consent_ids(&mut fields, &it.institution_id, &it.learner_id);
        fields.done()?;
        let stays = self.person(&it.learner_id).await?.swap_remove(0);
        let id = format!("{}~{stays}", it.institution_id);
        let command = consent::Command::Give { scopes, wording: it.wording };
        done!(GiveConsentResponse, self.app.decide::<Consent>(&call, &id, &command).await?)
    }

    async fn withdraw_consent(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<WithdrawConsentResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        let scopes = scopes(&mut fields, &it.scopes);
        consent_ids(&mut fields, &it.institution_id, &it.learner_id);
        fields.done()?;
        let command = consent::Command::Withdraw { scopes };
        // What was let under any id of the person is let no longer; the answer tells of the last one that changed.
        let mut person = self.person(&it.learner_id).await?;
        let id = |learner: &str| format!("{}~{learner}", it.institution_id);
        let mut answer = self.app.decide::<Consent>(&call, &id(&person.swap_remove(0)), &command).await?;
        for learner in person {
            let outcome = self.app.decide::<Consent>(&call, &id(&learner), &command).await?;
            if !outcome.already {
                answer = outcome;
            }
        }
        done!(WithdrawConsentResponse, answer)
    }

    async fn get_learner(&self, request: Request<GetLearnerRequest>) -> Result<Response<GetLearnerResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<Learners>(it.min_position).await?;
        let person = learners::same_person(self.app.store(), &it.learner_id).await.map_err(fault)?;
        let rows = learners::learners(self.app.store(), &person).await.map_err(fault)?;
        match shown(person, rows) {
            Some(it) => Ok(Response::new(it)),
            None => {
                Err(no(Reason::LearnerNotFound, "nobody is registered under this learner id", &it.learner_id).into())
            }
        }
    }

    async fn find_learner(
        &self,
        request: Request<FindLearnerRequest>,
    ) -> Result<Response<FindLearnerResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        external(&mut fields, &it.institution_id, &it.external_id);
        fields.done()?;
        self.app.reached::<Learners>(it.min_position).await?;
        let claim = self.app.state::<ExternalId>(&external_ids::id(&it.institution_id, &it.external_id)).await?;
        let Some(learner_id) = claim.learner_id() else {
            let sentence = "the institution knows nobody by this external id";
            return Err(no(Reason::ExternalIdNotFound, sentence, &it.institution_id).into());
        };
        let learner_id = learners::stays(self.app.store(), learner_id).await.map_err(fault)?;
        Ok(Response::new(FindLearnerResponse { learner_id }))
    }

    async fn list_consents(
        &self,
        request: Request<ListConsentsRequest>,
    ) -> Result<Response<ListConsentsResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<Consents>(it.min_position).await?;
        let person = learners::same_person(self.app.store(), &it.learner_id).await.map_err(fault)?;
        let rows = consents::of_learner(self.app.store(), &person).await.map_err(fault)?;
        let consents = rows.into_iter().map(|it| ShownConsent {
            scopes: it.scopes().into_iter().map(i32::from).collect(),
            institution_id: it.institution_id,
            changed_at_ms: it.changed_at_ms,
        });
        Ok(Response::new(ListConsentsResponse { consents: consents.collect() }))
    }
}

impl Api {
    /// Claims the external ids that a command brings, then gives it. Claiming first keeps two learners from one id;
    /// what breaks in between is healed by repeating the call, and what is refused gives its claims back.
    async fn with_claims(
        &self,
        call: &Call,
        learner_id: &str,
        command: learner::Command,
    ) -> Result<Outcome<Event>, Status> {
        let ids = match &command {
            learner::Command::Register { external_ids, .. } => external_ids.clone(),
            learner::Command::LinkExternalId { institution_id, external_id } => {
                vec![(institution_id.clone(), external_id.clone())]
            }
            _ => Vec::new(),
        };
        let mut claimed = Vec::new();
        let mut refused = None;
        for (n, (institution_id, external_id)) in ids.iter().enumerate() {
            let claim = external_ids::id(institution_id, external_id);
            let mine = external_id::Command::Claim { learner_id: learner_id.to_owned() };
            match decide::<ExternalId>(&self.app, &call.row(format!("claim-{n}")), &claim, &mine).await {
                Ok(it) if it.already => {}
                Ok(_) => claimed.push(claim),
                Err(e) => {
                    refused = Some(e);
                    break;
                }
            }
        }
        let answer = match refused {
            Some(e) => Err(e),
            None => decide::<Learner>(&self.app, call, learner_id, &command).await,
        };
        if matches!(answer, Err(No::Rejected(..))) {
            for claim in claimed {
                let release = external_id::Command::Release { learner_id: learner_id.to_owned() };
                let call = call.row(format!("release-{claim}"));
                decide::<ExternalId>(&self.app, &call, &claim, &release).await?;
            }
        }
        Ok(outcome(learner_id, answer?))
    }
}

/// Only staff of an institution and registrars say by which id it knows somebody.
fn may_name(call: &Call, institution: &str, learner: &str) -> Result<(), Status> {
    if by(call, institution).authority > Authority::Learner {
        return Ok(());
    }
    let sentence = format!("only staff of `{institution}` and registrars give its ids");
    Err(no(Reason::NotYourInstitution, sentence, learner).into())
}

fn external(fields: &mut Fields, institution_id: &str, external_id: &str) {
    fields.id("institution_id", institution_id);
    fields.text("external_id", external_id, EXTERNAL_ID_MAX);
}

fn scopes(fields: &mut Fields, numbers: &[i32]) -> Vec<ConsentScope> {
    let known = |it: &i32| ConsentScope::try_from(*it).ok().filter(|it| *it != ConsentScope::Unspecified);
    fields.check("scopes", numbers.iter().all(|it| known(it).is_some()), "has an unknown one");
    numbers.iter().filter_map(known).collect()
}

fn consent_ids(fields: &mut Fields, institution_id: &str, learner_id: &str) {
    fields.id("institution_id", institution_id);
    fields.id("learner_id", learner_id);
}

/// One person: the learner who stays, with the aliases' external ids.
fn shown(person: Vec<String>, mut rows: Vec<LearnerRow>) -> Option<GetLearnerResponse> {
    let external_ids = rows.iter().flat_map(|it| &it.external_ids.0).map(|(institution_id, external_id)| {
        let (institution_id, external_id) = (institution_id.clone(), external_id.clone());
        ShownExternalId { institution_id, external_id }
    });
    let mut external_ids: Vec<_> = external_ids.collect();
    external_ids.sort_by(|a, b| (&a.institution_id, &a.external_id).cmp(&(&b.institution_id, &b.external_id)));
    let stays = rows.iter().position(|it| Some(&it.learner_id) == person.first())?;
    let row = rows.swap_remove(stays);
    Some(GetLearnerResponse {
        learner_id: row.learner_id,
        name: row.name,
        email: row.email,
        erased: row.erased,
        aliases: person.into_iter().skip(1).collect(),
        external_ids,
        registered_at_ms: row.registered_at_ms,
    })
}
