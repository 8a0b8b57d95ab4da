//! What is wanted of the figures, and why one may fall short.

use serde_json::{Map, Value};

/// The only direction in which a figure may miss.
#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};

/// A figure, `*` for any name; what is wanted of it; and what is known of why it falls short where it does.
const WANTED: [(&str, Bound, &str); 11] = [
    ("commands.*.64.ratio_to_limit", AtLeast(0.5), COMMANDS),
    ("commands.*.512.ratio_to_limit", AtLeast(0.5), COMMANDS),
    ("commands.process.1.p50_ms", AtMost(1.0), ALONE),
    ("commands.disk.1.p50_ms", AtMost(3.0), ALONE),
    ("hot_aggregate.process.per_second", AtLeast(3000.0), HOT),
    ("history_length.*.ratio", AtMost(1.2), LENGTH),
    ("freshness.*.p99_ms", AtMost(50.0), FRESH),
    ("views.sqlite.per_second", AtLeast(30_000.0), VIEWS),
    ("views.postgres.per_second", AtLeast(20_000.0), VIEWS),
    ("import.disk.seconds", AtMost(90.0), IMPORT),
    ("import.*.memory_mb.*", AtMost(200.0), MEMORY),
];

const COMMANDS: &str = "\
    **Commands under load**: on a machine where all services share the processors, a command costs more than its call and \
    its append. What it wrote is delivered to every service that follows, decoded, folded and put into a store, while the \
    limit is measured with all of them idle. *What a call costs* says which process used how much; *alone* is the same \
    load while those stand still that only read. What remains is the edge (tokens, limits, traces, HTTP/2), the broker's \
    accounts (each append and each delivery crosses from one account to another, which doubles the broker's own work: \
    14 µs become 28 µs for an append, measured apart), and the service's own journal and views.";
const ALONE: &str = "\
    **One command at a time**: it waits for one call, one append and, in `disk`, one sync; a disk that syncs slowly or \
    processors that are busy otherwise show here at once.";
const HOT: &str = "\
    **One aggregate**: its commands are decided one after the other, and those that wait together go as one batch, so the \
    rate is one by what a batch costs: the broker stages it in a file before it stores it.";
const LENGTH: &str =
    "**Long histories**: the state is in memory, so what is measured is mostly the noise between two loops.";
const FRESH: &str = "\
    **Freshness**: under load views write a transaction every 10 to 30 ms (decision 10); what is above that waits for the \
    processors or the disk.";
const VIEWS: &str = "\
    **Catch-up**: it is bound by the processors: one thread reads and folds, one works out the rows of a view, and the \
    database takes those of the one before.";
const IMPORT: &str = "\
    **Import**: it is bound by the processors, which 268,000 commands share with all that follows from them; *what a call \
    costs* says which process used how much.";
const MEMORY: &str = "**Memory**: what a service keeps is bounded by numbers of states, commits and rows, which these were too large for.";

/// A figure that is wanted, and whether it is reached.
pub struct Judged {
    pub name: String,
    pub wanted: String,
    pub reached: f64,
    pub is_met: bool,
    pub why: &'static str,
}

/// Holds results against what is wanted; what was not measured is not judged.
pub fn judge(results: &Map<String, Value>) -> Vec<Judged> {
    let mut judged = Vec::new();
    for (pointer, bound, why) in WANTED {
        let steps: Vec<_> = pointer.split('.').collect();
        let mut found = Vec::new();
        find(&Value::Object(results.clone()), &steps, "", &mut found);
        if let Some(it) = results.get("on_postgres") {
            find(it, &steps, "on_postgres", &mut found);
        }
        for (name, reached) in found {
            let (wanted, is_met) = match bound {
                AtLeast(it) => (format!("≥ {}", super::short(it)), reached >= it),
                AtMost(it) => (format!("≤ {}", super::short(it)), reached <= it),
            };
            judged.push(Judged { name, wanted, reached, is_met, why });
        }
    }
    judged
}

fn find(value: &Value, steps: &[&str], at: &str, found: &mut Vec<(String, f64)>) {
    let [step, rest @ ..] = steps else {
        found.extend(value.as_f64().map(|it| (at.to_owned(), it)));
        return;
    };
    for (key, value) in value.as_object().into_iter().flatten().filter(|(key, _)| *step == "*" || key == step) {
        let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        find(value, rest, &at, found);
    }
}
