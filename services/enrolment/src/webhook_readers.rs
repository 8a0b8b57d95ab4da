//! The webhooks of an institution as readers of its feed: how far each is, beside those who say it themselves.

use crate::{endpoints, webhook_progress};
use studium_kit::{Store, StoreError};

/// Id of each webhook, its acknowledged position, and since when it stands there, Unix milliseconds.
pub async fn readers(store: &Store, institution_id: &str) -> Result<Vec<(String, u64, i64)>, StoreError> {
    let mut readers = Vec::new();
    for row in endpoints::of(store, institution_id).await? {
        let far = webhook_progress::progress(store, &row).await?;
        // One that has acknowledged nothing yet stands where it was added.
        let at_ms = if far.told_ms > 0 { far.told_ms } else { row.added_ms };
        readers.push((row.webhook_id().to_owned(), far.acknowledged, at_ms));
    }
    Ok(readers)
}
