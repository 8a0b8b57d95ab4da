//! Looks up what a learner applies with: each credential or recognition, and what it brought to the account.

use crate::{
    credentials::{self, CredentialRow},
    credit_entries::{self, CreditEntryRow},
    stacking::{self, Component, Standing},
};
use studium_kit::{Store, StoreError};
use studium_proto::credentials::v1::{CredentialState, CreditEntryState, StackDefined};

/// The components that a learner names; of none, as many of all that fit as are needed.
pub async fn named_or_chosen(
    store: &Store,
    learner_id: &str,
    stack: &StackDefined,
    named: &[String],
    at_ms: i64,
) -> Result<Vec<Component>, StoreError> {
    let entries = credit_entries::all(store, learner_id, stack.scheme()).await?;
    let mut components = Vec::new();
    if named.is_empty() {
        for entry in entries {
            components.push(component(store, learner_id, &entry.entry_id.clone(), Some(entry)).await?);
        }
        return Ok(stacking::choose(stack, components, at_ms));
    }
    let each: std::collections::BTreeSet<_> = named.iter().collect();
    for id in each {
        let entry = entries.iter().find(|it| it.entry_id == *id).cloned();
        components.push(component(store, learner_id, id, entry).await?);
    }
    Ok(components)
}

async fn component(
    store: &Store,
    learner_id: &str,
    id: &str,
    entry: Option<CreditEntryRow>,
) -> Result<Component, StoreError> {
    let mut component = Component { entry_id: id.to_owned(), ..Component::default() };
    if let Some(it) = entry {
        let state = it.state();
        if matches!(state, CreditEntryState::Free | CreditEntryState::Applied) {
            component.credits_milli = it.credits_milli;
        }
        if state == CreditEntryState::Applied {
            component.used_by = it.award_id;
        }
        // A recognition stands by its entry alone; of a credential, the credential itself says more.
        component.standing = if state == CreditEntryState::Reversed { Standing::Revoked } else { Standing::Active };
        (component.institution_id, component.achievement_id) = (it.institution_id, it.achievement_id);
        (component.group, component.eqf_level) = (it.equivalence_group, it.eqf_level);
        component.finished_ms = it.entered_ms;
    }
    let own = credentials::credential(store, id).await?.filter(|it| it.learner_id == learner_id);
    if let Some(it) = own {
        describe(&mut component, &it);
    }
    Ok(component)
}

fn describe(component: &mut Component, row: &CredentialRow) {
    let issued = row.issued();
    component.standing = match row.state() {
        CredentialState::Active => Standing::Active,
        CredentialState::Suspended => Standing::Suspended,
        CredentialState::Revoked | CredentialState::Superseded => Standing::Revoked,
        CredentialState::Unspecified | CredentialState::Issued | CredentialState::Withheld => Standing::Unknown,
    };
    component.valid_until_ms = row.valid_until_ms;
    component.finished_ms = if issued.activity_end_ms == 0 { issued.awarded_ms } else { issued.activity_end_ms };
    component.institution_id.clone_from(&row.institution_id);
    component.achievement_id.clone_from(&row.achievement_id);
}
