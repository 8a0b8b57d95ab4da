//! The master key: what wraps the keys of persons, so that their bucket alone opens nothing.

use crate::{LogError, hex};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest as _, Sha256};
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;

/// Bytes of a digest that tell master keys apart.
const ID_BYTES: usize = 8;

/// A key with which things are sealed: AES-256-GCM. It is kept as its bytes: made ready for use it takes sixteen times
/// the room, and many are remembered of which few are used at a time.
#[derive(Clone)]
pub(crate) struct Key(Zeroizing<[u8; KEY_BYTES]>);

impl Key {
    pub(crate) fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.0[..]).ok().map(LessSafeKey::new)
    }
}

/// What wraps the keys of persons: one key, and older ones that go on opening what they wrapped. Whoever has them and the
/// bucket can read all that is personal.
#[derive(Clone)]
pub struct MasterKey {
    /// The one that wraps, then the older ones.
    ring: Arc<[(Id, Key)]>,
}

/// What tells master keys apart.
type Id = [u8; ID_BYTES];

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A master key of 32 bytes.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self { ring: Arc::new([identified(bytes)]) }
    }

    /// Reads master keys as they stand in their file: each 32 bytes in Base64 on a line of its own. The first one wraps;
    /// the others only open.
    pub fn read(text: &str) -> Result<Self, LogError> {
        let lines = text.lines().zip(1..).filter(|(it, _)| !it.trim().is_empty());
        let ring: Vec<_> = lines
            .map(|(line, number)| {
                let bytes = BASE64.decode(line.trim()).ok().and_then(|it| it.try_into().ok());
                let why = || {
                    LogError::Setup(format!(
                        "line {number} is no master key: 32 bytes in Base64; make one with: head -c 32 /dev/urandom | base64"
                    ))
                };
                bytes.ok_or_else(why).map(identified)
            })
            .collect::<Result<_, _>>()?;
        if ring.is_empty() {
            let why = "there is no master key in it; make one with: head -c 32 /dev/urandom | base64";
            return Err(LogError::Setup(why.to_owned()));
        }
        Ok(Self { ring: ring.into() })
    }

    /// A master key that nobody else has.
    pub(crate) fn random() -> Result<Self, LogError> {
        random().map(Self::new)
    }

    /// What tells the one that wraps from all others.
    pub(crate) fn id(&self) -> String {
        hex(&self.ring[0].0)
    }

    /// Wraps the key of a name: which master key, nonce, sealed key.
    pub(crate) fn wrap(&self, name: &str, bytes: &[u8; KEY_BYTES]) -> Result<Vec<u8>, LogError> {
        let (id, key) = &self.ring[0];
        let (nonce, sealed) = seal(key, name, bytes)?;
        Ok([&id[..], &nonce, &sealed].concat())
    }

    /// Unwraps it.
    pub(crate) fn unwrap(&self, name: &str, wrapped: &[u8]) -> Result<Key, LogError> {
        self.unwrapped(name, wrapped).map(Key::new)
    }

    /// Wraps it anew, whichever of the master keys had wrapped it.
    pub(crate) fn rewrap(&self, name: &str, wrapped: &[u8]) -> Result<Vec<u8>, LogError> {
        self.wrap(name, &self.unwrapped(name, wrapped)?)
    }

    /// Whether two wrapped keys of a name are the same key.
    pub(crate) fn are_same(&self, name: &str, one: &[u8], other: &[u8]) -> Result<bool, LogError> {
        Ok(self.unwrapped(name, one)? == self.unwrapped(name, other)?)
    }

    fn unwrapped(&self, name: &str, wrapped: &[u8]) -> Result<[u8; KEY_BYTES], LogError> {
        let damaged = || {
            LogError::Damaged(format!(
                "the personal key `{name}` is not as it was wrapped; bring it back from a backup with \
                 `studium privacy keys restore`"
            ))
        };
        let (id, rest) = wrapped.split_at_checked(ID_BYTES).ok_or_else(damaged)?;
        let (_, master) = self.ring.iter().find(|it| it.0 == id).ok_or_else(|| {
            LogError::Setup(format!(
                "the personal key `{name}` was wrapped with another master key; add that one as a further line to \
                 STUDIUM_MASTER_KEY_FILE"
            ))
        })?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(damaged)?;
        open(master, name, nonce, sealed).and_then(|it| it.try_into().ok()).ok_or_else(damaged)
    }
}

fn identified(bytes: [u8; KEY_BYTES]) -> (Id, Key) {
    let mut id = [0; ID_BYTES];
    id.copy_from_slice(&Sha256::digest([b"studium master key ".as_slice(), &bytes].concat())[..ID_BYTES]);
    (id, Key::new(bytes))
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], LogError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| LogError::Setup("the system gives no randomness for keys".to_owned()))?;
    Ok(bytes)
}

/// Seals with a nonce drawn for it. One key seals what is said of one person, far less than the 2^32 texts that random
/// nonces are good for (NIST SP 800-38D § 8.3).
pub(crate) fn seal(key: &Key, bound_to: &str, text: &[u8]) -> Result<([u8; NONCE_LEN], Vec<u8>), LogError> {
    let nonce = random()?;
    let mut sealed = text.to_vec();
    key.cipher()
        .and_then(|it| {
            it.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound_to), &mut sealed).ok()
        })
        .ok_or_else(|| LogError::Setup("too much to seal at once".to_owned()))?;
    Ok((nonce, sealed))
}

pub(crate) fn open(key: &Key, bound_to: &str, nonce: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = sealed.to_vec();
    let length = key.cipher()?.open_in_place(nonce, Aad::from(bound_to), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}
