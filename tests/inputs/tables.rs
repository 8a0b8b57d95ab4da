//! Tables of other people's making.

use crate::import::{
    records::Records,
    roster::{oneroster, source},
};
use std::{fs, io::Cursor};

/// Records come in order, and a table of them is read whole or refused.
pub fn csv(data: &[u8]) {
    let mut records = Records::new(Box::new(Cursor::new(data.to_vec())));
    let mut last = 0;
    while let Ok(Some(record)) = records.next(None) {
        assert!(record.line > last, "line {} after {last}", record.line);
        last = record.line;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster.csv");
    fs::write(&path, data).unwrap();
    let _ = source::table(&path, "roster.csv".to_owned());
}

/// The tables of an export, with `%%` on a line of its own between them: users, organisations, manifest.
pub fn oneroster(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let mut rest = data;
    for name in ["users.csv", "orgs.csv", "manifest.csv"] {
        let end = rest.windows(4).position(|it| it == b"\n%%\n");
        let (table, after) = end.map_or((rest, None), |at| (&rest[..=at], Some(&rest[at + 4..])));
        fs::write(folder.path().join(name), table).unwrap();
        let Some(after) = after else { break };
        rest = after;
    }
    for delta in [false, true] {
        if let Ok(source) = oneroster::folder(folder.path(), delta) {
            assert!(source.rows.is_sorted_by_key(|it| it.row), "rows come in the order of their lines");
        }
    }
}
