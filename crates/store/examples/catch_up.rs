//! Measures how fast the journal and five views catch up: `cargo run --release -p studium-store --example catch_up -- URL`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a yardstick for developers")]

use prost::Message as _;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use studium_core::{DecodeError, Event};
use studium_log::{Log, Stored, commit_id};
use studium_proto::log::v1::Commit;
use studium_store::{Changes, Json, Projector, Recorded, Store, View, row};

const ENROLMENTS: u64 = 20_000;
const COMMITS: u64 = 200_000;

/// A result of a learner in a run.
#[derive(Clone, PartialEq, prost::Message)]
struct ResultRecorded {
    #[prost(string, tag = "1")]
    run: String,
    #[prost(string, tag = "2")]
    learner: String,
    #[prost(string, tag = "3")]
    assessment: String,
    #[prost(int64, tag = "4")]
    score: i64,
    #[prost(string, tag = "5")]
    remark: String,
}

impl Event for ResultRecorded {
    const AGGREGATE: &'static str = "enrolment.enrolment";

    fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        Self::decode(bytes).map(Some).map_err(|e| DecodeError(e.to_string()))
    }

    fn name(&self) -> &'static str {
        "ResultRecorded"
    }
}

row! {
    /// One enrolment.
    pub struct EnrolmentRow {
        key { id: String }
        run: String, learner: String, state: String, results: i64, last_score: Option<i64>, best_score: Option<i64>,
        last_assessment: Option<String>, remark: Option<String>, changed_at_ms: i64,
    }
}

row! {
    /// One line of a roster.
    pub struct RosterRow {
        key { run: String, learner: String }
        state: String, score_sum: i64, results: i64,
    }
}

row! {
    /// One run in numbers.
    pub struct RunRow {
        key { run: String }
        results: i64, score_sum: i64, changed_at_ms: i64,
    }
}

row! {
    /// One learner's record.
    pub struct RecordRow {
        key { learner: String }
        scores: Json<Vec<(String, i64)>>, changed_at_ms: i64,
    }
}

row! {
    /// One result.
    pub struct ResultRow {
        key { enrolment: String, number: i64 }
        assessment: String, score: i64, at_ms: i64,
    }
}

macro_rules! views {
    ($($view:ident, $row:ident, $name:literal, |$it:ident, $event:ident, $rows:ident| $fold:expr;)*) => {$(
        struct $view;
        impl View for $view {
            type Row = $row;
            const NAME: &'static str = $name;
            const STREAMS: &'static [&'static str] = &["enrolment"];
            fn fold($event: &Recorded<'_>, $rows: &mut Changes<$row>) {
                let Some($it) = $event.read::<ResultRecorded>() else { return };
                $fold
            }
        }
    )*};
}

views! {
    Enrolments, EnrolmentRow, "enrolment_1", |it, event, rows| {
        let (id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| EnrolmentRow {
                id, run: it.run, learner: it.learner, state: "active".into(), ..EnrolmentRow::default()
            });
            row.results += 1;
            row.last_score = Some(it.score);
            row.best_score = row.best_score.max(Some(it.score));
            row.last_assessment = Some(it.assessment);
            row.remark = Some(it.remark);
            row.changed_at_ms = at;
        });
    };
    Rosters, RosterRow, "roster_1", |it, event, rows| {
        rows.row((&it.run.clone(), &it.learner.clone()), move |row| {
            let row = row.get_or_insert_with(|| RosterRow { run: it.run, learner: it.learner, ..RosterRow::default() });
            row.score_sum += it.score;
            row.results += 1;
        });
    };
    Runs, RunRow, "run_1", |it, event, rows| {
        let at = event.at_ms();
        rows.row(&it.run.clone(), move |row| {
            let row = row.get_or_insert_with(|| RunRow { run: it.run, ..RunRow::default() });
            row.results += 1;
            row.score_sum += it.score;
            row.changed_at_ms = at;
        });
    };
    Records, RecordRow, "record_1", |it, event, rows| {
        let at = event.at_ms();
        rows.row(&it.learner.clone(), move |row| {
            let row = row.get_or_insert_with(|| RecordRow { learner: it.learner, ..RecordRow::default() });
            row.scores.0.push((it.assessment, it.score));
            row.changed_at_ms = at;
        });
    };
    Results, ResultRow, "result_1", |it, event, rows| {
        let (enrolment, number, at_ms) = (event.id().to_owned(), event.commit().version as i64, event.at_ms());
        rows.row((event.id(), number), move |row| {
            *row = Some(ResultRow { enrolment, number, assessment: it.assessment, score: it.score, at_ms });
        });
    };
}

/// Processor time of this process so far, seconds (proc(5), fields 14 and 15, in hundredths).
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|it| it.parse::<f64>().ok()).sum::<f64>() / 100.0
}

async fn fill(log: &Log) {
    let mut tips: HashMap<u64, (u64, u64)> = HashMap::new();
    let mut batch = Vec::new();
    for position in 1..=COMMITS {
        // Enrolments come back in no order, as a registry played by date has them.
        let number = position.wrapping_mul(2_654_435_761) % ENROLMENTS;
        let (run, learner) = (format!("AAA-{}", number % 22), format!("learner-{number:07}"));
        let subject = format!("enrolment.enrolment.{run}~{learner}");
        let (version, previous_position) = tips.get(&number).copied().unwrap_or_default();
        let request_id = format!("request-{position}");
        let event = ResultRecorded {
            run,
            learner,
            assessment: format!("TMA-{}", position % 12),
            score: (position % 101) as i64,
            remark: "handed in on time, marked by the tutor".into(),
        };
        let commit = Commit {
            id: commit_id(&subject, &request_id).to_string(),
            correlation_id: commit_id("story", &request_id).to_string(),
            request_id,
            subject,
            version: version + 1,
            previous_position,
            previous_hash: vec![7; 32].into(),
            at_ms: position as i64,
            recorded_at_ms: position as i64,
            actor: "registrar".into(),
            events: vec![event.to_bytes().into()],
            ..Commit::default()
        };
        tips.insert(number, (version + 1, position));
        batch.push(Stored::decode(position, commit.encode_to_vec().into()).unwrap());
        if batch.len() == 1000 {
            log.restore("enrolment", &batch).await.unwrap();
            batch.clear();
        }
    }
}

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite:target/catch_up.db".to_owned());
    if let Some(path) = url.strip_prefix("sqlite:") {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{path}{end}"));
        }
    }
    let log = Log::memory();
    fill(&log).await;
    let store = Store::open(&url).await.unwrap();
    let views = ["enrolment_1", "roster_1", "run_1", "record_1", "result_1"];
    for table in views.iter().chain(&["journal", "checkpoint"]) {
        let _ = store.execute(&format!("DELETE FROM {table}"), &[]).await;
    }
    let (since, used) = (Instant::now(), processor());
    let projection = Projector::new("enrolment", store.clone(), log.clone())
        .view::<Enrolments>()
        .view::<Rosters>()
        .view::<Runs>()
        .view::<Records>()
        .view::<Results>()
        .start()
        .await
        .unwrap();
    for view in views {
        store.reached(view, "enrolment", COMMITS, Duration::from_mins(5)).await.unwrap();
    }
    let (took, used) = (since.elapsed(), processor() - used);
    println!(
        "{COMMITS} events into the journal and five views in {took:.2?} ({used:.2} s of processor): {:.0}/s",
        COMMITS as f64 / took.as_secs_f64()
    );
    let (journal, since) = (store.journal(), Instant::now());
    let lookups = (0..20_000u64).map(|i| {
        let number = i.wrapping_mul(48_271) % ENROLMENTS;
        let (journal, subject) =
            (journal.clone(), format!("enrolment.enrolment.AAA-{}~learner-{number:07}", number % 22));
        async move { journal.commits(&subject).await.unwrap().len() }
    });
    let found: usize = futures::StreamExt::fold(
        futures::StreamExt::buffer_unordered(futures::stream::iter(lookups), 64),
        0,
        |sum, it| async move { sum + it },
    )
    .await;
    println!("20000 look-ups of {found} commits, 64 at once, in {:.2?}", since.elapsed());
    projection.stop().await;
}
