//! YAML as far as the document needs it: maps in the order in which they are written, text always in quotes of JSON.

use serde_json::Value;
use std::fmt::Write as _;

pub enum Node {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// A scalar.
    Value(Value),
}

pub fn text(it: &str) -> Node {
    Node::Value(it.into())
}

pub fn list(it: impl IntoIterator<Item = Node>) -> Node {
    Node::List(it.into_iter().collect())
}

pub fn map<'a>(it: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    Node::Map(it.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
}

impl Node {
    /// Adds a member to a map.
    pub fn add(&mut self, name: &str, node: Node) {
        match self {
            Self::Map(members) => members.push((name.to_owned(), node)),
            _ => panic!("`{name}` goes into a map"),
        }
    }

    pub fn yaml(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    /// What comes after a name or a dash: scalars on the same line, the rest below it.
    fn write_after(&self, depth: usize, out: &mut String) {
        match self {
            Self::Value(it) => writeln!(out, " {it}").unwrap(),
            Self::Map(it) if it.is_empty() => out.push_str(" {}\n"),
            Self::List(it) if it.is_empty() => out.push_str(" []\n"),
            _ => {
                out.push('\n');
                self.write(depth, out);
            }
        }
    }

    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Map(members) => {
                for (name, node) in members {
                    // `$ref` and names with dots are plain; nothing else that YAML reads in its own way is a name here.
                    write!(out, "{indent}{name}:").unwrap();
                    node.write_after(depth + 1, out);
                }
            }
            Self::List(items) => {
                for item in items {
                    write!(out, "{indent}-").unwrap();
                    item.write_after(depth + 1, out);
                }
            }
            Self::Value(it) => writeln!(out, "{indent}{it}").unwrap(),
        }
    }
}
