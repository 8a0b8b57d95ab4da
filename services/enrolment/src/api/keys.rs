//! Keys of institutions: made, rotated, revoked, listed.

use super::Api;
use crate::{
    api_key::{ApiKey, Command, LIFETIME_USUAL_MS, OVERLAP_USUAL_MS},
    api_key_secret::Secret,
    api_keys::{self, ApiKeyRow, ApiKeyRows},
};
use studium_kit::{Call, Fields, Outcome, done, fault, now_ms, status};
use studium_proto::enrolment::v1::{Reason, api_key_event::Event};
use studium_proto::partner::v1::{
    ApiKey as Shown, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, ListApiKeysResponse,
    RevokeApiKeyRequest, RevokeApiKeyResponse, RotateApiKeyRequest, RotateApiKeyResponse,
    api_key_service_server::ApiKeyService,
};
use tonic::{Request, Response, Status};

/// Keys of one institution, without those that were revoked.
const KEYS_MAX: usize = 50;

/// What a program may be. Everything else is somebody's own, or the platform's.
const ROLES: [&str; 2] = ["partner", "staff"];

#[tonic::async_trait]
impl ApiKeyService for Api {
    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.key_id);
        fields.check("role", ROLES.contains(&it.role.as_str()), "is neither partner nor staff");
        fields.check("lifetime_ms", it.lifetime_ms >= 0, "is negative");
        fields.done()?;
        let id = id(&it.institution_id, &it.key_id);
        by_a_person(&call, &id)?;
        if !call.caller.acts_for_all() && !call.caller.has(&it.role) {
            let why = format!("who is not {} makes no key for {0}; ask one, or a registrar", it.role);
            return Err(status::no(Reason::ApiKeyRoleNotGranted, why, &id));
        }
        self.has_room(&it.institution_id, &id).await?;
        let secret = Secret::random().map_err(fault)?;
        let (role, secret_sha256, lifetime_ms) = (it.role, secret.sha256(), lifetime(it.lifetime_ms));
        let command = Command::Create { role, secret_sha256, now_ms: call.now_ms(), lifetime_ms };
        let outcome = self.app.decide::<ApiKey>(&call, &id, &command).await?;
        let (secret, expires_ms) = told(&secret, &outcome);
        done!(CreateApiKeyResponse, outcome, secret: secret, expires_ms: expires_ms)
    }

    async fn rotate_api_key(
        &self,
        request: Request<RotateApiKeyRequest>,
    ) -> Result<Response<RotateApiKeyResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.key_id);
        fields.check("lifetime_ms", it.lifetime_ms >= 0, "is negative");
        fields.check("overlap_ms", it.overlap_ms.is_none_or(|it| it >= 0), "is negative");
        fields.done()?;
        let id = id(&it.institution_id, &it.key_id);
        by_a_person(&call, &id)?;
        self.may_hold(&call, &id).await?;
        let secret = Secret::random().map_err(fault)?;
        let command = Command::Rotate {
            secret_sha256: secret.sha256(),
            now_ms: call.now_ms(),
            lifetime_ms: lifetime(it.lifetime_ms),
            overlap_ms: it.overlap_ms.unwrap_or(OVERLAP_USUAL_MS),
        };
        let outcome = self.app.decide::<ApiKey>(&call, &id, &command).await?;
        let (secret, expires_ms) = told(&secret, &outcome);
        done!(RotateApiKeyResponse, outcome, secret: secret, expires_ms: expires_ms)
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<RevokeApiKeyResponse>, Status> {
        let (call, it) = Call::open(request)?;
        named(&it.institution_id, &it.key_id).done()?;
        let id = id(&it.institution_id, &it.key_id);
        by_a_person(&call, &id)?;
        done!(RevokeApiKeyResponse, self.app.decide::<ApiKey>(&call, &id, &Command::Revoke).await?)
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        by_a_person(&call, &it.institution_id)?;
        self.app.reached::<ApiKeyRows>(it.min_position).await?;
        let rows = api_keys::of(self.app.store(), &it.institution_id).await.map_err(fault)?;
        Ok(Response::new(ListApiKeysResponse { keys: rows.into_iter().map(shown).collect() }))
    }
}

impl Api {
    async fn has_room(&self, institution_id: &str, id: &str) -> Result<(), Status> {
        let rows = api_keys::of(self.app.store(), institution_id).await.map_err(fault)?;
        let others = rows.iter().filter(|it| it.revoked_ms == 0 && it.api_key != id);
        if others.count() >= KEYS_MAX {
            let why = format!("an institution has {KEYS_MAX} keys at most; revoke one");
            return Err(status::no(Reason::ApiKeysTooMany, why, id));
        }
        Ok(())
    }

    /// Whoever gives a key a new secret holds it afterwards, and so must have its role.
    async fn may_hold(&self, call: &Call, id: &str) -> Result<(), Status> {
        if call.caller.acts_for_all() {
            return Ok(());
        }
        let role = self.app.look::<ApiKey, _>(id, |it| it.role().to_owned()).await?;
        if role.is_empty() || call.caller.has(&role) {
            return Ok(());
        }
        let why = format!("who is not {role} gives a key of {role} no secret; ask one, or a registrar");
        Err(status::no(Reason::ApiKeyRoleNotGranted, why, id))
    }
}

/// A key that leaked must not become many.
fn by_a_person(call: &Call, id: &str) -> Result<(), Status> {
    if api_keys::calls_by_key(&call.caller) {
        return Err(status::no(Reason::ApiKeyNotByKey, "keys are not made, changed or seen with a key", id));
    }
    Ok(())
}

/// The secret, if it is this one that counts now and not that of an earlier request.
fn told(secret: &Secret, outcome: &Outcome<Event>) -> (String, i64) {
    let ours = secret.sha256();
    let expires_ms = outcome.events.iter().find_map(|it| match it {
        Event::ApiKeyCreated(it) if it.secret_sha256 == ours => Some(it.expires_at_ms),
        Event::ApiKeyRotated(it) if it.secret_sha256 == ours => Some(it.expires_at_ms),
        _ => None,
    });
    expires_ms.map(|it| (secret.shown(&outcome.id), it)).unwrap_or_default()
}

fn lifetime(asked_ms: i64) -> i64 {
    if asked_ms == 0 { LIFETIME_USUAL_MS } else { asked_ms }
}

fn id(institution: &str, key: &str) -> String {
    format!("{institution}~{key}")
}

fn named(institution: &str, key: &str) -> Fields {
    let mut fields = Fields::new();
    fields.id("institution_id", institution);
    fields.id("key_id", key);
    fields
}

fn shown(row: ApiKeyRow) -> Shown {
    let overlaps = row.revoked_ms == 0 && row.older_until_ms > now_ms();
    Shown {
        institution_id: row.institution_id().to_owned(),
        key_id: row.key_id().to_owned(),
        created_ms: row.created_ms,
        rotated_ms: row.rotated_ms,
        expires_ms: row.expires_ms,
        overlap_until_ms: if overlaps { row.older_until_ms } else { 0 },
        revoked_ms: row.revoked_ms,
        role: row.role,
    }
}
