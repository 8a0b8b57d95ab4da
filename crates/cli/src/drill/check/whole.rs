//! Whether every stream is whole: positions without a gap, versions 1, 2, 3 …, and each commit linked to the one before.

use super::{Finding, Record};
use std::collections::HashMap;

/// Follows the links of every aggregate.
pub fn check(record: &Record) -> Finding {
    let mut found = Finding::of("every stream is without a gap, every aggregate's versions and hash chain are whole");
    for (stream, commits) in &record.streams {
        let mut tips: HashMap<&str, (u64, u64, [u8; 32])> = HashMap::new();
        for (expected, it) in (1..).zip(commits) {
            let (subject, version) = (it.commit.subject.as_str(), it.commit.version);
            let tip = tips.get(subject);
            let (last, position) = tip.map_or((0, 0), |it| (it.0, it.1));
            let hash = tip.map_or(&[] as &[u8], |it| &it.2);
            let is_linked = it.commit.previous_position == position && it.commit.previous_hash == hash;
            found.check(it.position == expected && version == last + 1 && is_linked, || {
                let at = it.position;
                format!("{stream} {at}: `{subject}` v{version} does not follow v{last} at {position} (expected at {expected})")
            });
            tips.insert(subject, (version, it.position, it.hash()));
        }
    }
    found
}
