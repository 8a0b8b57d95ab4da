//! What a person sees while something takes long, and how results are printed for people and for scripts.

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::{
    fmt::Display,
    io::{IsTerminal, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a line is written where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Whether people or scripts read what is printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    terminal: bool,
    quiet: bool,
}

impl Output {
    /// With `json` only results are printed, as JSON, and nothing about progress.
    pub fn new(json: bool) -> Self {
        Self { json, terminal: std::io::stderr().is_terminal(), quiet: false }
    }

    /// Prints nothing at all: for tests and for work behind another command's progress.
    pub fn silent() -> Self {
        Self { json: true, terminal: false, quiet: true }
    }

    /// Whether scripts read it.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether whoever read the results has gone away; what would print for ever ends then.
    pub fn is_closed(self) -> bool {
        CLOSED.load(Ordering::Relaxed)
    }

    /// A line of the result, for people.
    pub fn say(self, line: impl Display) {
        if !self.json {
            print(&line);
        }
    }

    /// A line of the result that people and scripts read alike: a document.
    pub fn line(self, document: &str) {
        print(&document);
    }

    /// A remark beside the result, for people.
    pub fn note(self, line: impl Display) {
        if !self.json {
            eprintln!("{line}");
        }
    }

    /// The result, for scripts: one line of JSON.
    pub fn json(self, result: &impl Serialize) {
        if self.json
            && !self.quiet
            && let Ok(line) = serde_json::to_string(result)
        {
            print(&line);
        }
    }

    /// A bar of `total` steps.
    pub fn bar(self, label: &str, total: u64) -> Progress {
        self.progress(
            label,
            ProgressBar::new(total),
            "{prefix} {wide_bar} {human_pos}/{human_len} {per_sec} {eta} {msg}",
        )
    }

    /// Something whose length nobody knows.
    pub fn spinner(self, label: &str) -> Progress {
        let progress = self.progress(label, ProgressBar::no_length(), "{spinner} {prefix} {msg} {elapsed}");
        progress.bar.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    fn progress(self, label: &str, bar: ProgressBar, template: &str) -> Progress {
        let drawn = self.terminal && !self.json;
        bar.set_draw_target(if drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        bar.set_prefix(label.to_owned());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let lines = (!drawn && !self.json).then(|| Arc::new(Mutex::new(Instant::now())));
        Progress { bar, lines }
    }
}

/// Whoever read the results has gone away: `studium log tail --follow | head`.
static CLOSED: AtomicBool = AtomicBool::new(false);

/// A closed pipe is no reason to fall over: whoever reads has seen enough.
fn print(line: &impl Display) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        CLOSED.store(true, Ordering::Relaxed);
    }
}

/// A bar or a spinner; a line every few seconds where none can be drawn. Clones show the same one.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
    /// When the last line was written; `None` where a bar is drawn or nothing is wanted.
    lines: Option<Arc<Mutex<Instant>>>,
}

impl Progress {
    /// So many steps more.
    pub fn inc(&self, steps: u64) {
        self.bar.inc(steps);
        self.line();
    }

    /// So many steps in all.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
        self.line();
    }

    /// The length turned out to be another.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// What is being done at this moment.
    pub fn message(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
        self.line();
    }

    /// Done: the bar goes away, the result is printed by whoever has it.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self) {
        let Some(lines) = &self.lines else { return };
        let mut last = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() < LINE_EVERY {
            return;
        }
        *last = Instant::now();
        let (label, message, position) = (self.bar.prefix(), self.bar.message(), self.bar.position());
        match self.bar.length() {
            Some(total) => eprintln!("{label}: {} of {} {message}", HumanCount(position), HumanCount(total)),
            None => eprintln!("{label}: {message}"),
        }
    }
}

/// A number as people write it: 32,593.
pub fn count(number: impl Into<u64>) -> String {
    HumanCount(number.into()).to_string()
}

/// Unix milliseconds as people and scripts both read it: `2013-10-01T00:00:00Z`.
pub fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| format!("{at_ms} ms"), |it| it.to_string())
}

/// A table for people: the first row is its head, columns as wide as their widest cell.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|it| it.get(column)).map(|it| it.chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
