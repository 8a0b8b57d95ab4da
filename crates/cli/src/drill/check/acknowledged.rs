//! Whether everything that was acknowledged is in the log, once, where it was said to be.

use super::{Finding, Record, Told};
use std::collections::HashMap;

/// Looks every acknowledged command up by its request id. One whose outcome stayed unknown may be there, once.
pub fn check(record: &Record, told: &Told) -> Finding {
    let mut found = Finding::of("every acknowledged command is in the log exactly once, where its answer said");
    let mut by_request: HashMap<(&str, &str), Vec<u64>> = HashMap::new();
    for (stream, commits) in &record.streams {
        for it in commits {
            // What a service derives from a caller's request id stands behind a `#`.
            let asked = it.commit.request_id.split('#').next().unwrap_or_default();
            by_request.entry((stream, asked)).or_default().push(it.position);
        }
    }
    let positions = |service, request| by_request.get(&(service, request)).map_or(&[] as &[u64], Vec::as_slice);
    for it in &told.acknowledged {
        let there = positions(it.service, &it.request_id);
        found.check(there == [it.position], || {
            let (service, request) = (it.service, &it.request_id);
            format!("{service}: `{request}` was acknowledged at {} and is at {there:?}", it.position)
        });
    }
    for (service, request) in &told.unknown {
        let there = positions(service, request);
        found.check(there.len() <= 1, || format!("{service}: `{request}` was sent and is at {there:?}"));
    }
    found
}
