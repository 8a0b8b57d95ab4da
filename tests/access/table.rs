//! `docs/access.md` as a test reads it: roles, and who may make each call in which way.

use std::{collections::BTreeMap, fs, path::Path};

/// Whom a role acts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    Platform,
    Institution,
    Person,
}

/// A way in.
#[derive(Debug, PartialEq, Eq)]
pub enum Way {
    /// The role suffices.
    Role,
    /// This field of the request must be the caller's own.
    Own(String),
    /// The handler looks at what is meant.
    Record,
}

/// What the paper says of one rpc.
#[derive(Debug, Default)]
pub struct Row {
    /// No token is needed.
    pub anyone: bool,
    /// Roles and their ways in.
    pub ways: Vec<(String, Way)>,
}

impl Row {
    /// The ways of a role.
    pub fn of<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Way> {
        self.ways.iter().filter(move |(it, _)| it == role).map(|(_, way)| way)
    }

    /// Fields that are somebody's own, each once.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<_> = self.ways.iter().filter_map(|(_, way)| way.field()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

impl Way {
    fn field(&self) -> Option<&str> {
        if let Self::Own(it) = self { Some(it) } else { None }
    }
}

/// The whole paper.
#[derive(Debug, Default)]
pub struct Table {
    /// Every role.
    pub roles: Vec<(String, Whom)>,
    /// `<service>/<rpc>` and who may call it.
    pub rows: BTreeMap<String, Row>,
}

impl Table {
    pub fn read() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/access.md");
        let (mut table, mut part) = (Self::default(), String::new());
        for line in fs::read_to_string(file).unwrap().lines() {
            if let Some(it) = line.strip_prefix("## ") {
                it.clone_into(&mut part);
            }
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            match cells[..] {
                ["", "role" | "rpc" | "---", ..] => {}
                ["", role, whom, ""] if part == "Roles" => table.roles.push((role.to_owned(), Whom::read(whom))),
                ["", rpc, roles, owns, records, ""] => {
                    let row = Row::read(roles, owns, records);
                    assert!(table.rows.insert(format!("{part}/{rpc}"), row).is_none(), "{rpc} stands there twice");
                }
                _ => assert!(!line.starts_with('|'), "a line that no table has: {line}"),
            }
        }
        assert!(table.roles.len() > 2 && table.rows.len() > 100, "the paper can be read");
        table
    }
}

impl Whom {
    fn read(text: &str) -> Self {
        match text {
            "the platform" => Self::Platform,
            "an institution" => Self::Institution,
            "a person" => Self::Person,
            _ => panic!("nobody acts for {text}"),
        }
    }
}

impl Row {
    fn read(roles: &str, owns: &str, records: &str) -> Self {
        let list = |text: &str| -> Vec<String> {
            text.split(',').map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
        };
        let mut row = Self { anyone: roles == "anyone", ways: Vec::new() };
        if !row.anyone {
            row.ways.extend(list(roles).into_iter().map(|it| (it, Way::Role)));
        }
        for own in owns.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            let (field, of) = own.split_once(": ").unwrap();
            let field = field.trim_matches('`');
            row.ways.extend(list(of).into_iter().map(|it| (it, Way::Own(field.to_owned()))));
        }
        row.ways.extend(list(records).into_iter().map(|it| (it, Way::Record)));
        row
    }
}
