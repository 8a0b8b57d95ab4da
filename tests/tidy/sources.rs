//! What every Rust file keeps: a first sentence, a size, and deciders that only decide.

use crate::{Source, crates::SERVICES, files, none, root};

/// Files longer than the guide, with the length that is granted and the reason.
const LONG: &[(&str, usize, &str)] = &[];

/// Lines in a file. Functions are counted by clippy (`too-many-lines-threshold`).
const FILE_LINES: usize = 400;

/// Words that say nothing of what a file holds.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "helpers", "util", "utils", "common", "impl", "base", "misc"];

/// What a decider may take from the kit.
const FOR_DECIDERS: &[&str] = &["Asked", "By", "DAY_MS", "MINUTE_MS", "Decider", "Decision", "Reason", "Rejection"];

/// What deciders of one service may use from outside: it is as pure as they are.
const PURE_OUTSIDE: &[(&str, &str)] = &[
    // Windows of the clock on the wall, with the time zones that are built in: decision 12.
    ("services/mentorship/", "jiff"),
    // How long a status list is, and how an identifier is written: decision 14.
    ("services/credentials/", "studium_vc"),
];

/// Whether a file is part of a service, ours or one built upon the platform.
fn is_of_service(path: &str) -> bool {
    SERVICES.iter().any(|it| path.strip_prefix(it).is_some_and(|rest| rest.starts_with('/')))
}

fn rust() -> Vec<Source> {
    files(&[".rs"])
}

#[test]
fn every_module_says_what_it_is_for() {
    let wrong: Vec<_> = rust()
        .iter()
        .filter(|it| {
            let first = it.text.lines().next().unwrap_or_default();
            !first.starts_with("//! ") || first.split_whitespace().count() < 4
        })
        .map(|it| it.path.clone())
        .collect();
    none(&wrong, "the first line of a file is `//!` and a sentence that a newcomer understands:");
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    let all = rust();
    for file in &all {
        let lines = file.text.lines().count();
        let granted = LONG.iter().find(|(path, ..)| *path == file.path).map_or(FILE_LINES, |(_, lines, _)| *lines);
        if lines > granted {
            wrong.push(format!("{}: {lines} lines, {granted} granted", file.path));
        }
    }
    for (path, _, why) in LONG {
        let lines = all.iter().find(|it| it.path == *path).map_or(0, |it| it.text.lines().count());
        if lines <= FILE_LINES {
            wrong.push(format!("{path}: {lines} lines need no exception"));
        }
        if why.len() < 20 {
            wrong.push(format!("{path}: an exception has a reason in a sentence"));
        }
    }
    none(&wrong, "a long file holds one idea too many, or has a reason in the table above:");
}

#[test]
fn names_say_something() {
    let wrong: Vec<_> = rust()
        .iter()
        .filter(|it| {
            let stem = it.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
            stem.split('_').any(|word| EMPTY_WORDS.contains(&word))
        })
        .map(|it| it.path.clone())
        .collect();
    none(&wrong, "a file is named after what it holds:");
}

#[test]
fn nothing_is_left_undone() {
    // Put together here, so that this file does not find itself.
    let marks = ["todo", "unimplemented", "dbg"].map(|it| format!("{it}!"));
    let notes = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["#[ign", "ore]"].concat()];
    let mut wrong = Vec::new();
    for file in files(&[".rs", ".proto", ".sh", "/run"]) {
        for (n, line) in file.lines() {
            if marks.iter().chain(&notes).any(|it| line.contains(it.as_str())) {
                wrong.push(format!("{}:{n}: {}", file.path, line.trim()));
            }
        }
    }
    none(&wrong, "finish it, or write an issue and leave no mark:");
}

/// Files of libraries that print, with the reason.
const PRINTING: &[(&str, &str)] = &[
    (
        "crates/kit/src/program.rs",
        "`main` of every service's own binary: the one sentence before it exits, for whoever typed the command",
    ),
    ("crates/build/src/lib.rs", "build scripts tell cargo what they found by printing it"),
];

#[test]
fn only_the_command_line_prints() {
    let mut wrong = Vec::new();
    let granted = |path: &str| path.starts_with("crates/cli/") || PRINTING.iter().any(|(it, _)| *it == path);
    for file in rust().iter().filter(|it| !it.is_test() && !granted(&it.path)) {
        for (n, line) in file.lines().filter(|_| !file.path.ends_with("build.rs")) {
            if ["println!(", "print!("].iter().any(|it| line.contains(it)) {
                wrong.push(format!("{}:{n}: {}", file.path, line.trim()));
            }
        }
    }
    none(&wrong, "a library traces, only the command line prints:");
}

#[test]
fn no_path_of_one_machine() {
    let places = ["work", "root", "home", "Users", "tmp"].map(|it| format!("/{it}/"));
    let mut wrong = Vec::new();
    for file in files(&[".rs", ".proto", ".toml", ".md", ".yaml", ".yml", ".sh", ".conf", "run", "Dockerfile"]) {
        for (n, line) in file.lines() {
            let found = places.iter().any(|place| {
                line.match_indices(place.as_str()).any(|(at, _)| {
                    // `a/work/b`, `./tmp/` and `../home/` are relative, `{dir}/tmp/` and `https://host/root/` are no paths of ours.
                    !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}~$*)".contains(c))
                })
            });
            if found {
                wrong.push(format!("{}:{n}: {}", file.path, line.trim()));
            }
        }
    }
    none(&wrong, "a path of one machine is of no use on another:");
}

/// What a service leaves to the kit, and what it uses instead.
const FOR_THE_KIT: &[(&str, &str)] = &[
    (
        "tokio::spawn",
        "a task that nobody waits for outlives the drain; hand it to the kit as a policy, deadline or view",
    ),
    ("thread::spawn", "use tokio::task::spawn_blocking and wait for it"),
    ("SystemTime", "time comes in with the call: call.now_ms()"),
    ("Instant::now", "time comes in with the call: call.now_ms()"),
    ("Timestamp::now", "time comes in with the call: call.now_ms()"),
    ("Zoned::now", "time comes in with the call: call.now_ms()"),
    ("TimeZone::system", "two replicas decide alike, wherever they are: name the zone"),
    ("std::env", "settings are the kit's, which checks and prints them at start"),
    ("sleep(", "what happens later is a deadline, which survives a restart"),
    ("std::fs", "what is kept is an event or a row"),
];

#[test]
fn services_leave_the_world_to_the_kit() {
    let mut wrong = Vec::new();
    for file in rust().iter().filter(|it| is_of_service(&it.path) && !it.is_test()) {
        for (n, line) in file.lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for (call, instead) in FOR_THE_KIT.iter().filter(|(call, _)| line.contains(call)) {
                wrong.push(format!("{}:{n}: {call}: {instead}", file.path));
            }
        }
    }
    none(&wrong, "a service decides; what touches the world is the kit's:");
}

/// Deciders of the services, and every module of theirs that a decider uses.
fn deciders() -> Vec<Source> {
    let (mut pure, mut rest): (Vec<_>, Vec<_>) = rust()
        .into_iter()
        .filter(|it| is_of_service(&it.path) && !it.is_test())
        .partition(|it| it.text.contains("impl Decider for"));
    let mut next = 0;
    while next < pure.len() {
        let folder = pure[next].path.split("/src/").next().unwrap_or_default().to_owned();
        for name in used(&pure[next]).filter_map(|it| it.strip_prefix("crate::").map(first_name)).collect::<Vec<_>>() {
            if let Some(at) = rest.iter().position(|it| it.path == format!("{folder}/src/{name}.rs")) {
                pure.push(rest.swap_remove(at));
            }
        }
        next += 1;
    }
    pure
}

/// The paths after `use`, each on one line.
fn used(file: &Source) -> impl Iterator<Item = String> {
    file.text
        .split(';')
        .filter_map(|it| it.split_once("use ").filter(|(before, _)| before.trim_end_matches(' ').ends_with('\n')))
        .map(|(_, path)| path.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn deciders_only_decide() {
    let mut wrong = Vec::new();
    for file in deciders() {
        for (n, line) in file.lines().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            for word in ["async ", ".await", "HashMap", "HashSet", "RandomState", "static "] {
                if line.contains(word) && !line.contains("'static ") {
                    wrong.push(format!(
                        "{}:{n}: `{}` (ordered maps decide the same every time)",
                        file.path,
                        word.trim()
                    ));
                }
            }
        }
        for path in used(&file) {
            let from = first_name(&path);
            let is_pure = PURE_OUTSIDE.iter().any(|(folder, it)| file.path.starts_with(folder) && from == *it);
            if !is_pure && !["std", "studium_kit", "studium_proto", "crate", "super", "self"].contains(&from.as_str()) {
                wrong.push(format!("{}: uses {path}", file.path));
            }
            if from == "studium_kit" {
                let names = path.trim_start_matches("studium_kit::").replace(['{', '}'], "");
                let names = names.split(',').filter_map(|it| it.split_whitespace().next());
                for name in names.filter(|it| !FOR_DECIDERS.contains(it)) {
                    wrong.push(format!("{}: takes {name} from the kit", file.path));
                }
            }
        }
    }
    none(&wrong, "a decider is a pure function of its state and its command:");
}

#[test]
fn every_decider_has_rules_and_laws() {
    let mut wrong = Vec::new();
    for file in rust().iter().filter(|it| is_of_service(&it.path) && it.text.contains("impl Decider for")) {
        let tests = file.path.replace(".rs", "/tests.rs");
        let text = std::fs::read_to_string(root().join(&tests)).unwrap_or_default();
        for needed in ["given", "laws::hold"] {
            if !text.contains(needed) {
                wrong.push(format!("{tests}: no `{needed}`"));
            }
        }
    }
    none(&wrong, "a decider is tested by sentences and by laws:");
}
