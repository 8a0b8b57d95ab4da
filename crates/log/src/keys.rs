//! Keys of persons: one each, made at first use, wrapped in a bucket, destroyed for good.

use crate::{
    LogError,
    bucket::{Bucket, Changes, Slot},
    hex,
    master::{self, Key, MasterKey},
};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio_util::task::AbortOnDropHandle;

/// Keys that one process remembers.
const REMEMBERED_MAX: usize = 50_000;

/// Keys that are asked for at the same time.
const AT_ONCE: usize = 64;

/// The pause before a bucket that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether something is sealed already with the key of a name, as one knows who keeps commits.
type IsInUse = dyn Fn(String) -> BoxFuture<'static, Result<bool, LogError>> + Send + Sync;

/// Keys of persons, as one process knows them. Clones share what they know.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
}

struct Inner {
    /// None: what is sealed stays so, and nothing can be sealed.
    store: Option<(Bucket, MasterKey)>,
    known: Cache<String, Known>,
    /// Counts keys that were forgotten here.
    generation: AtomicU64,
    /// Counts times that something was forgotten, also where nothing was remembered: a key may be on its way then.
    forgotten: AtomicU64,
    /// Held while a key is remembered or forgotten: what was read before a key was forgotten is not remembered after it.
    turn: Mutex<()>,
    watching: OnceLock<AbortOnDropHandle<()>>,
    in_use: OnceLock<Box<IsInUse>>,
}

/// What is known of a name.
#[derive(Clone)]
enum Known {
    Key(Key),
    Destroyed,
}

/// The name under which a holder's key is kept: it tells nobody who that is.
pub fn key_name(holder: &str) -> String {
    hex(&Sha256::digest(holder))
}

impl Keys {
    pub(crate) fn new(store: Option<(Bucket, MasterKey)>) -> Self {
        let known = Cache::new(REMEMBERED_MAX);
        let (generation, forgotten, turn) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::default());
        let (watching, in_use) = (OnceLock::new(), OnceLock::new());
        Self { inner: Arc::new(Inner { store, known, generation, forgotten, turn, watching, in_use }) }
    }

    /// Whether this process can seal and open at all.
    pub fn can_open(&self) -> bool {
        self.inner.store.is_some()
    }

    fn store(&self) -> Result<&(Bucket, MasterKey), LogError> {
        self.inner.store.as_ref().ok_or_else(|| {
            LogError::Setup("nothing personal can be kept without a master key; set STUDIUM_MASTER_KEY_FILE".to_owned())
        })
    }

    /// Counts keys that were forgotten here. What was opened under an earlier count may hold what is to be gone.
    pub fn generation(&self) -> u64 {
        self.inner.generation.load(Ordering::Acquire)
    }

    /// Has somebody asked before a key is made whether its name had one: then it was lost, and a new one would keep the
    /// old one from ever coming back.
    pub fn ask_before_making<F>(&self, is_in_use: F)
    where
        F: Fn(String) -> BoxFuture<'static, Result<bool, LogError>> + Send + Sync + 'static,
    {
        let _ = self.inner.in_use.set(Box::new(is_in_use));
    }

    /// Forgets keys that were destroyed.
    pub fn forget(&self, names: &[String]) {
        if names.is_empty() {
            return;
        }
        let _turn = self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            self.inner.known.insert(name.clone(), Known::Destroyed);
        }
        self.inner.forgotten.fetch_add(1, Ordering::AcqRel);
        // Counted after it, so that whoever has just used a key sees the count change; once, since each count has all
        // that was opened loaded anew.
        self.inner.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// How often something was forgotten.
    fn forgotten(&self) -> u64 {
        self.inner.forgotten.load(Ordering::Acquire)
    }

    /// Remembers what is known of a name, which was asked for when so much had been forgotten; false if it was more since.
    fn remember(&self, name: &str, known: Known, before: u64) -> bool {
        let _turn = self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = matches!(known, Known::Destroyed) || self.forgotten() == before;
        if holds {
            self.inner.known.insert(name.to_owned(), known);
        }
        holds
    }

    /// Takes in what changed in the bucket: a key that was made elsewhere need not be asked for. Who never had anything
    /// to open remembers none.
    fn heard(&self, master: &MasterKey, changes: Vec<(String, Slot)>) {
        let mut destroyed = Vec::new();
        for (name, slot) in changes {
            match slot {
                Slot::Destroyed => destroyed.push(name),
                Slot::Wrapped(it) if !self.inner.known.is_empty() => {
                    let _turn = self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
                    // It may be known already, if only that it was destroyed. Whoever needs one that does not open is
                    // told why.
                    if self.inner.known.peek(&name).is_none()
                        && let Ok(key) = master.unwrap(&name, &it)
                    {
                        self.inner.known.insert(name, Known::Key(key));
                    }
                }
                Slot::Wrapped(_) => {}
            }
        }
        self.forget(&destroyed);
    }

    /// Forgets all keys here, so that each is asked for again: some may have been destroyed unheard of.
    pub fn forget_all(&self) {
        let _turn = self.inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.forgotten.fetch_add(1, Ordering::AcqRel);
        if self.inner.known.is_empty() {
            return;
        }
        self.inner.known.clear();
        self.inner.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// The key of a holder, made now if there is none; `None` when it was destroyed.
    pub(crate) async fn key_for(&self, holder: &str) -> Result<Option<Key>, LogError> {
        let name = key_name(holder);
        let (bucket, wrapping) = self.store()?;
        loop {
            if let Some(known) = self.look(&name).await? {
                return Ok(match known {
                    Known::Key(it) => Some(it),
                    Known::Destroyed => None,
                });
            }
            if let Some(is_in_use) = self.inner.in_use.get()
                && is_in_use(name.clone()).await?
                // Somebody may have made it, and sealed with it, since it was looked for.
                && bucket.get(&name).await?.is_none()
            {
                return Err(lost(&name));
            }
            let before = self.forgotten();
            let bytes = master::random()?;
            // Whoever is first has made it; the others read what it is.
            if bucket.create(&name, wrapping.wrap(&name, &bytes)?).await? {
                let key = Key::new(bytes);
                if self.remember(&name, Known::Key(key.clone()), before) {
                    return Ok(Some(key));
                }
            }
        }
    }

    /// Keys of holders, each made now if there is none.
    pub(crate) async fn keys_for(&self, holders: Vec<String>) -> Result<Vec<(String, Option<Key>)>, LogError> {
        let keys = holders.into_iter().map(|holder| async move {
            let key = self.key_for(&holder).await?;
            Ok((holder, key))
        });
        stream::iter(keys).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Keys by name, without those that were destroyed, and the names of those that are neither there nor destroyed:
    /// these were lost, and nobody must take that for an erasure.
    pub(crate) async fn of_names(
        &self,
        names: HashSet<String>,
    ) -> Result<(HashMap<String, Key>, Vec<String>), LogError> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            names.into_iter().map(|name| (self.inner.known.get(&name), name)).partition(|(known, _)| known.is_some());
        let looked_up =
            unknown.into_iter().map(|(_, name)| async move { Ok::<_, LogError>((self.look(&name).await?, name)) });
        let looked_up: Vec<_> = stream::iter(looked_up).buffer_unordered(AT_ONCE).try_collect().await?;
        let (mut found, mut lost) = (HashMap::new(), Vec::new());
        for (known, name) in known.into_iter().chain(looked_up) {
            match known {
                Some(Known::Key(it)) => drop(found.insert(name, it)),
                Some(Known::Destroyed) => {}
                None => lost.push(name),
            }
        }
        Ok((found, lost))
    }

    async fn look(&self, name: &str) -> Result<Option<Known>, LogError> {
        if let Some(it) = self.inner.known.get(name) {
            return Ok(Some(it));
        }
        let (bucket, master) = self.store()?;
        loop {
            let before = self.forgotten();
            let known = match bucket.get(name).await? {
                None => return Ok(None),
                Some(Slot::Destroyed) => Known::Destroyed,
                Some(Slot::Wrapped(it)) => Known::Key(master.unwrap(name, &it)?),
            };
            // A key that was destroyed while it was on its way must not be remembered.
            if self.remember(name, known.clone(), before) {
                return Ok(Some(known));
            }
        }
    }

    /// Destroys the key of a holder, for ever: nobody gets another one under this name.
    pub async fn destroy(&self, holder: &str) -> Result<(), LogError> {
        let name = key_name(holder);
        self.store()?.0.destroy(&name).await?;
        self.forget(&[name]);
        Ok(())
    }

    /// Revision of the bucket, and which bucket that is: one that was lost and made anew counts from the beginning.
    pub async fn revision(&self) -> Result<(u64, String), LogError> {
        self.store()?.0.revision().await
    }

    /// Names of keys that were destroyed after a revision of the bucket, as far as there are any now, with the revision
    /// that was reached. Nothing where nothing can be opened.
    pub async fn destroyed_since(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        match &self.inner.store {
            Some((bucket, _)) => bucket.destroyed_since(revision).await,
            None => Ok((Vec::new(), revision)),
        }
    }

    /// Names of keys that were destroyed after a revision of the bucket, with the revision reached; waits for the next.
    pub async fn destroyed_after(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        self.store()?.0.destroyed_after(revision).await
    }

    /// Every key as it is kept, by name: for a backup, which opens nothing without the master key.
    pub async fn wrapped(&self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        self.store()?.0.all().await
    }

    /// Puts back a key from a backup, unless there is one or there was one that was destroyed. Says whether it did.
    /// It is wrapped anew, so that a bucket that is restored needs no older master key.
    pub async fn put_back(&self, name: &str, wrapped: &[u8]) -> Result<bool, LogError> {
        let (bucket, master) = self.store()?;
        bucket.create(name, master.rewrap(name, wrapped)?).await
    }

    /// Whether a name has another key than that of a backup.
    pub async fn is_another(&self, name: &str, wrapped: &[u8]) -> Result<bool, LogError> {
        let (bucket, master) = self.store()?;
        match bucket.get(name).await? {
            Some(Slot::Wrapped(it)) => Ok(!master.are_same(name, &it, wrapped)?),
            Some(Slot::Destroyed) | None => Ok(false),
        }
    }

    /// Hears of keys that are made, and forgets those that somebody destroys, as long as anybody holds these keys.
    pub(crate) fn watch(&self) {
        let inner = Arc::downgrade(&self.inner);
        self.inner.watching.get_or_init(|| AbortOnDropHandle::new(tokio::spawn(watch(inner))));
    }
}

/// A key that is neither there nor destroyed.
pub(crate) fn lost(name: &str) -> LogError {
    LogError::Damaged(format!("the personal key `{name}` is lost; bring it back with `studium privacy keys restore`"))
}

async fn watch(inner: Weak<Inner>) {
    let mut changes: Option<Changes> = None;
    loop {
        let Some(keys) = inner.upgrade().map(|inner| Keys { inner }) else { return };
        let Ok((bucket, master)) = keys.store().cloned() else { return };
        let step = async {
            let changes = match &mut changes {
                Some(it) => it,
                none => {
                    // What was destroyed before is not heard of, so nothing from before may be remembered.
                    let (revision, _) = bucket.revision().await?;
                    keys.forget_all();
                    none.insert(bucket.changes(revision).await?)
                }
            };
            drop(keys);
            changes.next().await
        };
        let step = step.await;
        let Some(keys) = inner.upgrade().map(|inner| Keys { inner }) else { return };
        match step {
            Ok(changes) => keys.heard(&master, changes),
            Err(e) => {
                tracing::debug!(error = %e, "changes of keys cannot be heard of just now; trying again");
                // It may be another bucket by the time it answers. Forgotten once, however long that takes.
                if changes.take().is_some() {
                    keys.forget_all();
                }
                drop(keys);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
