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
    let own = credentials::all_of_learner(store, learner_id).await?;
    if named.is_empty() {
        let all = entries.iter().map(|it| component(&it.entry_id, Some(it), own.get(&it.entry_id)));
        return Ok(stacking::choose(stack, all.collect(), at_ms));
    }
    let each: std::collections::BTreeSet<_> = named.iter().collect();
    let entry = |id: &str| entries.iter().find(|it| it.entry_id == id);
    Ok(each.into_iter().map(|id| component(id, entry(id), own.get(id))).collect())
}

/// One component: what it brought to the account, and the learner's own credential if it is one.
fn component(id: &str, entry: Option<&CreditEntryRow>, own: Option<&CredentialRow>) -> Component {
    let mut component = Component { entry_id: id.to_owned(), ..Component::default() };
    if let Some(it) = entry {
        let state = it.state();
        if matches!(state, CreditEntryState::Free | CreditEntryState::Applied) {
            component.credits_milli = it.credits_milli;
        }
        if state == CreditEntryState::Applied {
            component.used_by.clone_from(&it.award_id);
        }
        // A recognition stands by its entry alone; of a credential, the credential itself says more.
        component.standing = if state == CreditEntryState::Reversed { Standing::Revoked } else { Standing::Active };
        component.institution_id.clone_from(&it.institution_id);
        component.achievement_id.clone_from(&it.achievement_id);
        (component.group, component.eqf_level) = (it.equivalence_group.clone(), it.eqf_level);
        component.finished_ms = it.entered_ms;
    }
    if let Some(it) = own {
        describe(&mut component, it);
    }
    component
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
