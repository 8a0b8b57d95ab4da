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
    /// Its name: a to z, 0 to 9 and _.
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
    let checkout = checkout(args.studium.as_deref())?;
    let dir = args.dir.clone().unwrap_or_else(|| checkout.join("services").join(name));
    let shown = dir.display();
    ensure!(!dir.exists(), "{shown} is there already; choose another --dir or another name");
    let place = std::path::absolute(&dir).with_context(|| format!("cannot tell where {shown} is"))?;
    let folder = place.parent().and_then(|it| it.canonicalize().ok());
    let is_member = folder.is_some_and(|it| it == checkout.join("services"));
    // Two packages of one name in a workspace would keep all of it from being built.
    let has_package = name == SIXTH[0] || checkout.join("examples").join(name).join("Cargo.toml").exists();
    if is_member && has_package {
        bail!("the checkout has a package `studium-{name}` already; choose another name, or another place with --dir");
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
}
