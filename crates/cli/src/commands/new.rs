//! `studium new`: a service of one's own, from a template that is built and tested with everything else.

use crate::progress::Output;
use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What `studium new` takes.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Its name: a to z, 0 to 9 and _; what comes after _ begins with a letter.
    name: String,
    /// Where it is written; in a checkout of Studium its name in `services`, which makes it a member of the workspace.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The checkout of Studium that it is built upon; without it the one around the current directory.
    #[arg(long, value_name = "DIR")]
    studium: Option<PathBuf>,
}

/// The name that the template has, small and as a type.
const SIXTH: [&str; 2] = ["sixth", "Sixth"];

/// What no crate, package or module may be called (the Rust reference, "Keywords"), and whose contracts are others'.
const TAKEN_IN_CODE: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "google", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "studium",
    "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

macro_rules! template {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../template/", $path)))),*]
    };
}

/// The files of the template.
const FILES: [(&str, &str); 14] = template![
    "Cargo.toml",
    "build.rs",
    "proto/sixth/v1/events.proto",
    "proto/sixth/v1/service.proto",
    "src/api.rs",
    "src/contract.rs",
    "src/lib.rs",
    "src/main.rs",
    "src/note.rs",
    "src/note/tests.rs",
    "src/notes.rs",
    "src/standings.rs",
    "tests/api.rs",
    "tests/api/desk.rs",
];

/// Writes the service and says what to do next.
pub fn new(args: &NewArgs, output: Output) -> Result<()> {
    let name = &*args.name;
    crate::member::fits_as_name(name)?;
    fits_in_code(name)?;
    let checkout = checkout(args.studium.as_deref())?;
    let dir = args.dir.clone().unwrap_or_else(|| checkout.join("services").join(name));
    let shown = dir.display();
    ensure!(!dir.exists(), "{shown} is there already; choose another --dir or another name");
    let place = std::path::absolute(&dir).with_context(|| format!("cannot tell where {shown} is"))?;
    let folder = place.parent().and_then(|it| it.canonicalize().ok());
    let is_member = folder.is_some_and(|it| it == checkout.join("services"));
    if is_member && let Some(there) = package(name, &checkout)? {
        bail!(
            "the checkout has a package `studium-{name}` already, in {}; choose another name, or another place with --dir",
            there.display()
        );
    }
    for (path, text) in FILES {
        let file = dir.join(named(path, name));
        let folder = file.parent().unwrap_or(&dir);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, named(text, name)))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    if !is_member {
        stand_alone(&dir, &checkout)?;
    }
    output.json(&json!({"name": name, "dir": dir, "member": is_member}));
    output.say(format!("The service `{name}` is in {shown}."));
    // Both are typed where this was.
    let (build, home) = if is_member {
        (format!("cargo test -p studium-{name}"), &checkout)
    } else {
        (format!("cargo test --manifest-path {}", dir.join("Cargo.toml").display()), &dir)
    };
    let program = home.join(format!("target/debug/studium-{name}"));
    let here = std::env::current_dir().context("the current directory is gone")?;
    let program = program.strip_prefix(&here).unwrap_or(&program).display();
    output.say(format!("Next: `{build}`, then `studium up --with {program}`; docs/extending.md goes on."));
    Ok(())
}

/// Whether a name can stand in a contract and in code, where its words become those of a type.
fn fits_in_code(name: &str) -> Result<()> {
    ensure!(
        !TAKEN_IN_CODE.contains(&name),
        "`{name}` is no name for a service: it is a word of Rust or of another's contract; choose another"
    );
    let is_word = |it: &str| it.starts_with(|it: char| it.is_ascii_lowercase());
    ensure!(
        name.split('_').all(is_word),
        "`{name}` is no name for a service: before and after each _ there is a word that begins with a letter"
    );
    Ok(())
}

/// The folder with the checkout's package of a service of that name, whatever the folder is called: two of one name in
/// a workspace would keep all of it from being built.
fn package(name: &str, checkout: &Path) -> Result<Option<PathBuf>> {
    let wanted = format!("name = \"studium-{name}\"");
    let mut folders = vec![checkout.join("proto"), checkout.join("tests"), checkout.join("crates/cli/template")];
    for group in ["crates", "examples", "services"].map(|it| checkout.join(it)) {
        // Who has no examples has no clash with them.
        let entries = fs::read_dir(&group).into_iter().flatten();
        for entry in entries {
            folders.push(entry.with_context(|| format!("cannot read {}", group.display()))?.path());
        }
    }
    let is_it = |it: &Path| {
        let manifest = fs::read_to_string(it.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == wanted)
    };
    Ok(folders.iter().find(|it| is_it(it)).map(|it| it.strip_prefix(checkout).unwrap_or(it).to_owned()))
}

/// A text of the template with another name.
fn named(text: &str, name: &str) -> String {
    let capital = |it: &str| it[..1].to_uppercase() + &it[1..];
    let pascal: String = name.split('_').filter(|it| !it.is_empty()).map(capital).collect();
    text.replace(SIXTH[0], name).replace(SIXTH[1], &pascal)
}

/// The folder that holds the kernel's crates.
fn checkout(said: Option<&Path>) -> Result<PathBuf> {
    let is_one = |it: &&Path| it.join("crates/kit/Cargo.toml").is_file() && it.join("proto/studium").is_dir();
    let here = std::env::current_dir().context("the current directory is gone")?;
    let found = match said {
        Some(it) => Some(it).filter(is_one),
        None => here.ancestors().find(is_one),
    };
    match found {
        Some(it) => it.canonicalize().with_context(|| format!("cannot read {}", it.display())),
        None => bail!("this is no checkout of Studium; run it inside one, or name one with --studium"),
    }
}

/// Outside the checkout the service is a workspace of its own, with the checkout's versions and its lock file.
fn stand_alone(dir: &Path, checkout: &Path) -> Result<()> {
    let read = |file: &Path| fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
    let (own, root) = (dir.join("Cargo.toml"), checkout.join("Cargo.toml"));
    let of_workspace = ["members = ", "default-members = "];
    let lines = read(&root)?;
    let lines = lines.lines().filter(|it| !of_workspace.iter().any(|start| it.starts_with(start)));
    let workspace =
        lines.collect::<Vec<_>>().join("\n").replace("path = \"", &format!("path = \"{}/", checkout.display()));
    let heading = "# What follows is the workspace's own from the checkout of Studium, without its members.";
    fs::write(&own, format!("{}\n{heading}\n{workspace}\n", read(&own)?))?;
    fs::copy(checkout.join("Cargo.lock"), dir.join("Cargo.lock"))
        .map(drop)
        .with_context(|| format!("cannot copy {}", checkout.join("Cargo.lock").display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::collections::BTreeSet;

    /// Every file in the template's folder, as the template names it.
    fn files(folder: &Path, below: &str) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let all = entries.flat_map(|it| {
            let name = format!("{below}{}", it.file_name().to_str().unwrap());
            if it.path().is_dir() { files(&it.path(), &format!("{name}/")) } else { vec![name] }
        });
        all.collect()
    }

    #[test]
    fn no_file_of_the_template_is_left_out() {
        let mut there = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("template"), "");
        there.sort();
        assert_eq!(there, FILES.map(|(path, _)| path));
    }

    #[test]
    fn the_name_is_everywhere() {
        for (path, text) in FILES {
            let (path, text) = (named(path, "study_groups"), named(text, "study_groups"));
            assert!(![path, text].iter().any(|it| it.to_lowercase().contains("sixth")));
        }
        assert_eq!(named("use sixth::SixthService;", "study_groups"), "use study_groups::StudyGroupsService;");
    }

    /// A checkout with a service in a folder of another name; only what `new` looks at.
    fn some_checkout() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["crates/kit", "proto/studium", "services/old_name", "examples/feedback"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        for (folder, name) in
            [("crates/kit", "kit"), ("services/old_name", "study_groups"), ("examples/feedback", "feedback")]
        {
            let manifest = format!("[package]\nname = \"studium-{name}\"\n");
            fs::write(dir.path().join(folder).join("Cargo.toml"), manifest).unwrap();
        }
        dir
    }

    fn written(checkout: &Path, name: &str, dir: Option<&str>) -> Result<()> {
        let dir = dir.map(|it| checkout.join(it));
        new(&NewArgs { name: name.to_owned(), dir, studium: Some(checkout.to_owned()) }, Output::new(true))
    }

    #[test]
    fn a_name_that_clashes_is_refused_and_nothing_is_written() {
        let checkout = some_checkout();
        let all = || files(checkout.path(), "").into_iter().collect::<BTreeSet<_>>();
        let before = all();
        let long = "a".repeat(41);
        for (name, says) in [
            ("enrolment", "there is a service `enrolment` already"),
            ("partner_x", "is no name for a service"),
            ("kit", "is no name for a service"),
            ("postgres", "is no name for a service"),
            ("StudyGroups", "a to z"),
            ("study-groups", "a to z"),
            ("2fast", "a to z"),
            ("", "a to z"),
            (&*long, "at most 40"),
            ("async", "a word of Rust"),
            ("self", "a word of Rust"),
            ("gen", "a word of Rust"),
            ("studium", "of another's contract"),
            ("groups_", "begins with a letter"),
            ("study__groups", "begins with a letter"),
            ("study_2", "begins with a letter"),
            ("old_name", "is there already"),
            ("study_groups", "already, in services/old_name"),
            ("feedback", "already, in examples/feedback"),
        ] {
            let why = written(checkout.path(), name, None).unwrap_err().to_string();
            assert!(why.contains(says), "{name}: {why}");
        }
        let why = written(checkout.path(), "feedback", Some("services/elsewhere")).unwrap_err().to_string();
        assert!(why.contains("already, in examples/feedback"), "{why}");
        assert_eq!(all(), before);
    }

    #[test]
    fn a_name_that_is_free_is_taken() {
        let checkout = some_checkout();
        written(checkout.path(), "feedback2", None).unwrap();
        assert!(checkout.path().join("services/feedback2/src/note.rs").exists());
        written(checkout.path(), "reading_circles", Some("services/circles")).unwrap();
        let why = written(checkout.path(), "reading_circles", None).unwrap_err().to_string();
        assert!(why.contains("already, in services/circles"), "{why}");
    }
}
