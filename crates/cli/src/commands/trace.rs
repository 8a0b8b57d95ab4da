//! `studium trace`: everything that followed from one command, across services.

use crate::{client::failed, platform::Platform, progress::time};
use anyhow::{Result, bail};
use serde_json::json;
use std::collections::HashMap;
use studium_proto::admin::v1::{TraceRequest, TracedCommit};

/// Prints the story of a correlation id, each commit below the one that it follows from.
pub async fn trace(platform: &Platform, correlation_id: &str) -> Result<()> {
    let mut commits = vec![];
    for service in platform.services(None)? {
        let request = TraceRequest { correlation_id: correlation_id.to_owned() };
        commits.extend(platform.admin(&service).await?.trace(request).await.map_err(failed)?.into_inner().commits);
    }
    if commits.is_empty() {
        bail!(
            "no commit has the correlation id `{correlation_id}`; `studium log tail --json` shows those of the latest commits"
        );
    }
    commits.sort_by(|a, b| (a.recorded_at_ms, &a.stream, a.position).cmp(&(b.recorded_at_ms, &b.stream, b.position)));
    let depths = depths(&commits);
    for (it, depth) in commits.iter().zip(&depths) {
        platform.output.json(&json!({
            "stream": it.stream, "position": it.position, "subject": it.subject, "version": it.version,
            "at": time(it.at_ms), "recorded_at": time(it.recorded_at_ms), "actor": it.actor,
            "id": it.id, "causation_id": it.causation_id, "events": it.events, "depth": depth,
        }));
        platform.output.say(format!(
            "{}  {:indent$}{} v{}: {} by {} ({} {})",
            time(it.recorded_at_ms),
            "",
            it.subject,
            it.version,
            it.events.join(", "),
            it.actor,
            it.stream,
            it.position,
            indent = 2 * depth
        ));
    }
    Ok(())
}

/// How many causes each commit has before it within the story.
fn depths(commits: &[TracedCommit]) -> Vec<usize> {
    let causes: HashMap<_, _> = commits.iter().map(|it| (it.id.as_str(), it.causation_id.as_str())).collect();
    let depth = |it: &TracedCommit| {
        let mut cause = it.causation_id.as_str();
        let mut depth = 0;
        // A commit cannot cause itself, but a damaged record could say so.
        while let Some(next) = causes.get(cause).filter(|_| depth < commits.len()) {
            cause = next;
            depth += 1;
        }
        depth
    };
    commits.iter().map(depth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: &str, cause: &str) -> TracedCommit {
        TracedCommit { id: id.into(), causation_id: cause.into(), ..TracedCommit::default() }
    }

    #[test]
    fn a_commit_stands_below_its_cause_and_a_circle_ends() {
        let story = [commit("a", "elsewhere"), commit("b", "a"), commit("c", "b"), commit("d", "a")];
        assert_eq!(depths(&story), [0, 1, 2, 1]);
        assert_eq!(depths(&[commit("a", "a")]), [1]);
    }
}
