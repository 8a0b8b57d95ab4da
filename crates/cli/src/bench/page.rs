//! The page of a bench: every figure that it gave, what was wanted, and where it falls short and why.

mod plot;
mod wanted;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};
use std::{fmt::Write as _, fs, path::Path};

/// What is beside a figure and not a figure of its own.
const BESIDE: [&str; 3] = ["echo", "append", "cpu_us_per_call"];

/// What everybody looks for first.
const FIRST: [&str; 3] = ["per_second", "p50_ms", "p99_ms"];

/// What stands before the figures.
const INTRODUCTION: &str = "\
Written by `studium bench all`; every figure is of one run on one machine.
A time says little about another machine, so what counts is the *ratio*: what the platform reaches, divided by what the
machine can do at best, measured in the same run. For commands that is 1 / (1 / echo + 1 / append), of a bare gRPC call
that does nothing and a bare append to the broker, both at the same concurrency and while nothing else is at work.
";

/// One object of the results that holds figures.
struct Row {
    part: String,
    what: String,
    figures: String,
    ratio: Option<f64>,
    /// Processor time of a call by process.
    cost: Option<String>,
}

/// Writes the page, and its plots into a folder of the same name beside it.
///
/// # Errors
/// When a file cannot be written.
pub fn write(path: &Path, results: &Map<String, Value>, seconds: f64) -> Result<()> {
    let text = text(path, results, seconds)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn text(path: &Path, results: &Map<String, Value>, seconds: f64) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("# Benchmarks\n\n{INTRODUCTION}\n{cores} cores, {seconds} s a loop, version {VERSION}.\n");
    text += "\n## Wanted and reached\n\n| figure | wanted | reached | |\n|---|---|---|---|\n";
    let judged = wanted::judge(results);
    for it in &judged {
        let word = if it.is_met { "reached" } else { "**short**" };
        writeln!(text, "| {} | {} | {} | {word} |", it.name, it.wanted, short(it.reached))?;
    }
    text += "\n## Where it falls short, and why\n\n";
    let mut whys: Vec<_> = judged.iter().filter(|it| !it.is_met).map(|it| it.why).collect();
    whys.dedup();
    if whys.is_empty() {
        text += "Nowhere in this run.\n";
    }
    whys.iter().try_for_each(|it| writeln!(text, "- {it}"))?;

    let mut rows = Vec::new();
    gather(&mut Vec::new(), &Value::Object(results.clone()), &mut rows);
    let folder = path.with_extension("");
    fs::create_dir_all(&folder).with_context(|| format!("cannot write {}", folder.display()))?;
    for part in parts(&rows) {
        let rows: Vec<_> = rows.iter().filter(|it| it.part == part).collect();
        write!(text, "\n## {}\n\n", said(&part))?;
        let bars: Vec<_> = rows.iter().filter_map(|it| Some((it.what.clone(), it.ratio?))).collect();
        if !bars.is_empty() {
            plot::bars(&folder.join(format!("{part}.svg")), &bars)?;
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            write!(text, "![ratios of {part}]({name}/{part}.svg)\n\n")?;
        }
        text += "| what | figures | ratio |\n|---|---|---|\n";
        for it in rows {
            writeln!(text, "| {} | {} | {} |", it.what, it.figures, it.ratio.map_or_else(String::new, short))?;
        }
    }
    text += "\n## What a call costs\n\nMicroseconds of processor time, by process.\n\n| what | where |\n|---|---|\n";
    for it in &rows {
        if let Some(cost) = &it.cost {
            writeln!(text, "| {} · {} | {cost} |", said(&it.part), it.what)?;
        }
    }
    Ok(text)
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Parts in the order in which they were met.
fn parts(rows: &[Row]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for it in rows {
        if !parts.contains(&it.part) {
            parts.push(it.part.clone());
        }
    }
    parts
}

/// Finds all objects with figures, wherever they are: what a new part gives is on the page without anyone's doing.
fn gather(path: &mut Vec<String>, value: &Value, rows: &mut Vec<Row>) {
    let Value::Object(fields) = value else { return };
    let mut numbers: Vec<_> = fields.iter().filter_map(|(key, it)| Some((key.as_str(), it.as_f64()?))).collect();
    numbers.sort_by_key(|(key, _)| FIRST.iter().position(|it| it == key).unwrap_or(FIRST.len()));
    if let ([part, what @ ..], false) = (&path[..], numbers.is_empty()) {
        let is_ratio = |key: &str| key.starts_with("ratio") && key != "ratio_wanted";
        let figures: Vec<_> = numbers.iter().filter(|it| !is_ratio(it.0)).map(|it| figure(it.0, it.1)).collect();
        rows.push(Row {
            part: part.clone(),
            what: said(&what.join(" · ")),
            figures: figures.join(", "),
            ratio: numbers.iter().find(|it| is_ratio(it.0)).map(|it| it.1),
            cost: fields.get("cpu_us_per_call").and_then(cost),
        });
    }
    for (key, value) in fields.iter().filter(|(key, _)| !BESIDE.contains(&key.as_str())) {
        // What was measured on PostgreSQL stands in the same part.
        let moved = key == "on_postgres";
        if moved {
            for (part, value) in value.as_object().into_iter().flatten() {
                gather(&mut vec![part.clone(), "PostgreSQL".to_owned()], value, rows);
            }
        } else {
            path.push(key.clone());
            gather(path, value, rows);
            path.pop();
        }
    }
}

/// Processor time by process, in words.
fn cost(by_name: &Value) -> Option<String> {
    let by_name = by_name.as_object()?.iter().map(|(name, micros)| format!("{name} {micros}"));
    Some(by_name.collect::<Vec<_>>().join(", "))
}

/// A figure with its unit, which its name ends with.
fn figure(key: &str, value: f64) -> String {
    let number = short(value);
    for (ending, unit) in [("_per_second", "/s"), ("_ms", " ms"), ("_seconds", " s"), ("_percent", " %")] {
        if let Some(name) = key.strip_suffix(ending) {
            return format!("{} {number}{unit}", said(name));
        }
    }
    match key {
        "per_second" => format!("{number}/s"),
        "seconds" => format!("{number} s"),
        _ => format!("{} {number}", said(key)),
    }
}

fn said(key: &str) -> String {
    key.replace('_', " ")
}

/// Three digits that count, or the whole number.
fn short(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_shows_every_figure_and_says_where_it_falls_short() {
        let results = json!({
            "commands": {"disk": {"64": {"per_second": 5000.0, "p50_ms": 12.34, "ratio_to_limit": 0.4, "limit_per_second": 12500.0,
                "echo": {"per_second": 1.0}, "cpu_us_per_call": {"nats": 70, "enrolment": 100},
                "alone": {"per_second": 8000.0, "ratio_to_limit": 0.64}}}},
            "history_length": {"disk": {"ratio": 1.05}},
            "on_postgres": {"history_length": {"disk": {"ratio": 1.3}}},
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.md");
        write(&path, results.as_object().unwrap(), 3.0).unwrap();
        let page = fs::read_to_string(&path).unwrap();
        for line in [
            "| disk · 64 | 5000/s, p50 12.3 ms, limit 12500/s | 0.40 |",
            "| disk · 64 · alone | 8000/s | 0.64 |",
            "| PostgreSQL · disk |  | 1.30 |",
            "| commands · disk · 64 | enrolment 100, nats 70 |",
            "| commands.disk.64.ratio_to_limit | ≥ 0.50 | 0.40 | **short** |",
            "| history_length.disk.ratio | ≤ 1.20 | 1.05 | reached |",
            "| on_postgres.history_length.disk.ratio | ≤ 1.20 | 1.30 | **short** |",
            "![ratios of commands](page/commands.svg)",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
        assert!(page.contains("processors"), "it says why: {page}");
        let plot = fs::read_to_string(folder.path().join("page/commands.svg")).unwrap();
        assert!(plot.starts_with("<svg") && plot.contains("disk"), "{plot}");
    }
}
