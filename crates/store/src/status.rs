//! What an operator sees of the views.

use crate::{Projection, StoreError, checkpoint, journal};
use std::collections::HashMap;

/// A view further behind than this is still building.
const LAG_MAX: u64 = 1000;

/// One view and one stream that it folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewStatus {
    /// The view's name, which is its table's; `journal` for the journal.
    pub name: String,
    /// The stream that it folds.
    pub stream: String,
    /// Position up to which it has seen the stream.
    pub position: u64,
    /// Last position of the stream.
    pub head: u64,
    /// `serving`, `building`, `retired` (a table of an earlier version), or `broken: …` with why it stands still.
    pub state: String,
}

impl ViewStatus {
    /// Whether it serves and goes on: no table of an earlier version, none that is made beside another, none that
    /// stands still.
    pub fn is_in_use(&self) -> bool {
        let is_beside = self.name.ends_with(&crate::rebuild::beside(""));
        !is_beside && self.state != "retired" && !self.state.starts_with("broken")
    }
}

impl Projection {
    /// Every view with its position and state, by name.
    pub async fn views(&self) -> Result<Vec<ViewStatus>, StoreError> {
        let runner = &self.runner;
        let mut heads = HashMap::new();
        let mut views = Vec::new();
        for it in checkpoint::all(&runner.store).await? {
            if !heads.contains_key(&it.stream) {
                heads.insert(it.stream.clone(), runner.log.head(&it.stream).await?);
            }
            let head = heads.get(&it.stream).copied().unwrap_or(0);
            let is_known = it.view == journal::NAME || runner.members.iter().any(|member| member.name == it.view);
            let state = if it.view.ends_with(&crate::rebuild::beside("")) {
                "building".to_owned()
            } else if !is_known {
                "retired".to_owned()
            } else if !it.fault.is_empty() {
                format!("broken: {}", it.fault)
            } else if it.position + LAG_MAX < head {
                "building".to_owned()
            } else {
                "serving".to_owned()
            };
            views.push(ViewStatus { name: it.view, stream: it.stream, position: it.position, head, state });
        }
        views.sort_by(|a, b| (&a.name, &a.stream).cmp(&(&b.name, &b.stream)));
        Ok(views)
    }
}
