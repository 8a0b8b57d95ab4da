//! Bearer tokens: none is accepted but what the issuer signed.

use crate::text;
use std::{sync::LazyLock, time::Duration};
use studium_kit::{DevelopmentIssuer, Verifier};
use tokio::runtime::{Builder, Runtime};

struct World {
    runtime: Runtime,
    verifier: Verifier,
    good: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevelopmentIssuer::load_or_create(&folder.path().join("issuer.pk8")).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let good = issuer.token("ann", &["learner"], &["uni"], Duration::from_hours(24 * 365));
    World { verifier: Verifier::development(&issuer, "studium"), runtime, good }
});

/// The bytes as a token; and a good token with the bytes put over a part of it, from the place that the first two say.
pub fn token(data: &[u8]) {
    let verify = |token: &str| WORLD.runtime.block_on(WORLD.verifier.verify(token));
    if let Some(token) = text(data) {
        assert!(verify(token).is_err());
    }
    let Some((place, over)) = data.split_first_chunk::<2>() else { return };
    let good = &WORLD.good;
    let at = usize::from(u16::from_be_bytes(*place)) % good.len();
    let end = (at + over.len()).min(good.len());
    let Some(over) = text(over) else { return };
    let changed = format!("{}{over}{}", &good[..at], &good[end..]);
    if changed != *good {
        assert!(verify(&changed).is_err(), "{changed}");
    }
}
