//! Sealing: what is personal leaves for the log only under its holder's key, and comes back as long as there is that key.

use crate::{
    Keys, LogError, Stored,
    keys::{key_name, lost},
    master::{self, Key},
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use studium_core::Event;
use studium_proto::{
    log::v1::{Commit, Sealed},
    personal,
};

/// Events of one decision as they leave for the log.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pub(crate) events: Vec<Bytes>,
    pub(crate) sealed: Vec<Sealed>,
    /// Something was about a person whose key was destroyed, and is kept nowhere.
    pub(crate) has_lost: bool,
}

/// What a seal is bound to beside its text, so that it opens nowhere else.
fn bound_to(subject: &str, commit: &str, event: u32, holder: &str) -> String {
    format!("{subject}\n{commit}\n{event}\n{holder}")
}

/// Whom an aggregate is about after some events; unchanged where none says so.
pub(crate) fn owner_after<E: Event>(owner: &mut String, events: &[Bytes]) {
    let Some(personal) = personal(E::AGGREGATE) else { return };
    if let Some(it) = events.iter().rev().find_map(|it| personal.owner(it)) {
        it.clone_into(owner);
    }
}

impl Outgoing {
    /// Takes out of events what is personal, and seals it. Events of aggregates where nothing is pay nothing.
    pub(crate) async fn of<E: Event>(
        keys: &Keys,
        subject: &str,
        commit: &str,
        owner: &str,
        events: &[E],
    ) -> Result<Self, LogError> {
        let mut out = Self { events: events.iter().map(|it| it.to_bytes().into()).collect(), ..Self::default() };
        let Some(personal) = personal(E::AGGREGATE) else { return Ok(out) };
        let mut owner = owner.to_owned();
        let mut parts = Vec::new();
        for (event, index) in out.events.iter_mut().zip(0..) {
            if let Some(it) = personal.owner(event) {
                it.clone_into(&mut owner);
            }
            if let Some(cut) = personal.cut(subject, &owner, event) {
                *event = cut.event.into();
                parts.extend(cut.parts.into_iter().map(|(holder, part)| (index, holder, part)));
            }
        }
        if parts.is_empty() {
            return Ok(out);
        }
        let holders: BTreeSet<_> = parts.iter().map(|(_, holder, _)| holder.clone()).collect();
        let keys: HashMap<_, _> = keys.keys_for(holders.into_iter().collect()).await?.into_iter().collect();
        for (event, holder, part) in parts {
            let Some(Some(key)) = keys.get(&holder) else {
                out.has_lost = true;
                continue;
            };
            let (nonce, ciphertext) = master::seal(key, &bound_to(subject, commit, event, &holder), &part)?;
            out.sealed.push(Sealed { event, holder, nonce: nonce.to_vec().into(), ciphertext: ciphertext.into() });
        }
        Ok(out)
    }
}

impl Keys {
    /// Puts back into commits what was taken out of their events, as far as there are keys.
    ///
    /// # Errors
    /// When the keys cannot be reached, or one was lost, or something was changed; the commits are then as they were.
    pub async fn open(&self, commits: &mut [Stored]) -> Result<(), LogError> {
        self.unseal(commits, false).await.map(drop)
    }

    /// The same, but what a lost key would open stays sealed. Returns the positions of such commits, with a key of each.
    pub async fn open_what_can_be(&self, commits: &mut [Stored]) -> Result<BTreeMap<u64, String>, LogError> {
        self.unseal(commits, true).await
    }

    async fn unseal(&self, commits: &mut [Stored], may_lack: bool) -> Result<BTreeMap<u64, String>, LogError> {
        if commits.iter().all(|it| it.commit.sealed.is_empty()) || !self.can_open() {
            return Ok(BTreeMap::new());
        }
        let sealed = commits.iter().flat_map(|it| &it.commit.sealed);
        let names: HashMap<_, _> = sealed.map(|it| (it.holder.clone(), key_name(&it.holder))).collect();
        let (keys, missing) = self.of_names(names.values().cloned().collect()).await?;
        if !may_lack && let Some(name) = missing.first() {
            return Err(lost(name));
        }
        let (mut locked, mut all) = (BTreeMap::new(), Vec::new());
        for (stored, index) in commits.iter().zip(0..).filter(|(it, _)| !it.commit.sealed.is_empty()) {
            let mut holders = stored.commit.sealed.iter().filter_map(|it| names.get(&it.holder));
            if let Some(name) = holders.find(|it| missing.contains(it)) {
                locked.insert(stored.position, name.clone());
            }
            let events = opened(&stored.commit, |holder| keys.get(names.get(holder)?)).ok_or_else(|| {
                LogError::Damaged(format!(
                    "position {} of `{}` holds a seal that does not fit its commit: it was changed, or its key is \
                     another; run `studium log verify {}`",
                    stored.position,
                    stored.stream(),
                    stored.stream()
                ))
            })?;
            all.push((index, events));
        }
        // All or none: whoever comes again after an error must not mend twice.
        for (index, events) in all {
            let stored: &mut Stored = &mut commits[index];
            Arc::make_mut(&mut stored.commit).events = events;
        }
        Ok(locked)
    }
}

/// The events of a commit with what there are keys for; `None` when a seal does not fit.
fn opened<'a>(commit: &Commit, key: impl Fn(&str) -> Option<&'a Key>) -> Option<Vec<Bytes>> {
    let aggregate = commit.subject.rsplit_once('.').map_or("", |(aggregate, _)| aggregate);
    let mut events = commit.events.clone();
    for Sealed { event, holder, nonce, ciphertext } in &commit.sealed {
        let Some(key) = key(holder) else { continue };
        let part = master::open(key, &bound_to(&commit.subject, &commit.id, *event, holder), nonce, ciphertext)?;
        let event = events.get_mut(*event as usize)?;
        *event = match personal(aggregate) {
            Some(it) => it.mend(event, &part).into(),
            None => [&event[..], &part].concat().into(),
        };
    }
    Some(events)
}
