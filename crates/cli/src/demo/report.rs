//! The demo's last chapter: what happened, in plain words, with numbers read back from the views.

use super::{
    desk::{Desk, answer, day, settled},
    sample::{COURSES, INSTITUTIONS, LEARNERS, PROGRAMME, PROGRAMME_LEARNERS, name},
    year::{WITHDRAWAL, Year, roster, statistics},
};
use crate::{
    client::failed,
    commands::log::Verdict,
    progress::{Output, count, table},
};
use anyhow::Result;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use studium_proto::{
    admin::v1::TraceRequest,
    enrolment::v1::{EnrolmentState, GetProgrammeStatisticsRequest, GetProgrammeStatisticsResponse, Statistics},
};

/// What the views say after the year.
pub struct Report {
    rows: Vec<Statistics>,
    census: Statistics,
    promoted: Vec<String>,
    left_line: usize,
    programme: GetProgrammeStatisticsResponse,
    story: Vec<String>,
    leaver: String,
    bulk: usize,
    repeated: usize,
    left: usize,
    results: usize,
    refused: BTreeMap<String, usize>,
}

/// Asks the views.
pub async fn read_back(desk: &Desk, year: &Year) -> Result<Report> {
    let mut rows = vec![];
    for course in 0..COURSES.len() {
        let ended = async || statistics(desk, course, 0).await;
        rows.push(
            settled("every verdict is in the statistics", ended, |it| it.active == 0 && it.requested == 0).await?,
        );
    }
    let census = day("2024-10-01")?;
    let run = COURSES[0].run();
    let in_line = roster(desk, &run, EnrolmentState::Waitlisted, census).await?;
    let still = roster(desk, &run, EnrolmentState::Waitlisted, 0).await?;
    let left = roster(desk, &run, EnrolmentState::Withdrawn, 0).await?;
    let left_line = in_line.iter().filter(|it| left.contains(it)).count();
    let promoted = in_line.into_iter().filter(|it| !still.contains(it) && !left.contains(it)).collect();
    // Its members are those who pass whatever they take.
    let members = PROGRAMME_LEARNERS as u64;
    let programme = settled(
        "the programme's members have completed it",
        async || programme(desk).await,
        |it| it.joined == members && it.completed == members,
    )
    .await?;
    Ok(Report {
        rows,
        census: statistics(desk, 0, census).await?,
        promoted,
        left_line,
        programme,
        story: story(desk).await?,
        leaver: year.leaver.clone(),
        bulk: year.bulk,
        repeated: year.repeated,
        left: year.left,
        results: year.results,
        refused: year.refused.clone().into_iter().collect(),
    })
}

async fn programme(desk: &Desk) -> Result<GetProgrammeStatisticsResponse> {
    let request = GetProgrammeStatisticsRequest {
        programme_id: PROGRAMME.0.to_owned(),
        ..GetProgrammeStatisticsRequest::default()
    };
    answer(desk.joined.clone().get_programme_statistics(request).await)
}

/// What one withdrawal led to, as `studium trace` shows it.
async fn story(desk: &Desk) -> Result<Vec<String>> {
    let mut admin = desk.platform.admin("enrolment").await?;
    let request = TraceRequest { correlation_id: WITHDRAWAL.to_owned() };
    let commits = admin.trace(request).await.map_err(failed)?.into_inner().commits;
    Ok(commits.into_iter().map(|it| format!("{} in {} by {}", it.events.join(", "), it.subject, it.actor)).collect())
}

/// `learner-017` as people call them.
fn called(id: &str) -> String {
    let number = id.rsplit('-').next().and_then(|it| it.parse::<usize>().ok()).unwrap_or(1);
    name(number.saturating_sub(1))
}

impl Report {
    fn sum(&self, of: impl Fn(&Statistics) -> u64) -> u64 {
        self.rows.iter().map(of).sum()
    }

    /// Prints it for people.
    pub fn say(&self, output: Output) {
        let seats = COURSES[0].seats;
        output.say(format!(
            "{} institutions offered {} courses; each was written by one person, reviewed by another and published.",
            INSTITUTIONS.len(),
            COURSES.len()
        ));
        output.say(format!(
            "{LEARNERS} learners enrolled {} times, {} of them in bulk; the bulk call was repeated and {} rows were already so: nothing doubled.",
            count(self.sum(|it| it.total)),
            count(self.bulk as u64),
            count(self.repeated as u64)
        ));
        output.say(format!(
            "\"{}\" has {seats} seats and {} wanted one: on census day (1 October 2024) {} were in and {} waited.",
            COURSES[0].title, self.census.total, self.census.active, self.census.waitlisted
        ));
        let promoted: Vec<_> = self.promoted.iter().map(|it| called(it)).collect();
        output.say(format!(
            "In the fifth week {} left a run. In that one {} gave up a seat and {} a place in line; these came in by themselves: {}.",
            self.left,
            self.rows[0].withdrawn - self.left_line as u64,
            self.left_line,
            if promoted.is_empty() { "nobody".to_owned() } else { promoted.join(", ") }
        ));
        output.say(format!("What followed when {} left (`studium trace {WITHDRAWAL}`):", called(&self.leaver)));
        for line in &self.story {
            output.say(format!("  {line}"));
        }
        self.say_results(output);
    }

    fn say_results(&self, output: Output) {
        let refused: Vec<_> = self.refused.iter().map(|(reason, number)| format!("{number} times {reason}")).collect();
        output.say(format!(
            "{} results were recorded. The runs' rules decided; where they could not ({}), staff did, with a reason.\n",
            count(self.results as u64),
            if refused.is_empty() { "never".to_owned() } else { refused.join(", ") }
        ));
        let head = ["run", "enrolled", "passed", "distinction", "failed", "withdrawn", "still in line"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        let line = |label: &str, of: &dyn Fn(fn(&Statistics) -> u64) -> u64| {
            let columns: [fn(&Statistics) -> u64; 6] = [
                |it| it.total,
                |it| it.passed,
                |it| it.distinction,
                |it| it.failed,
                |it| it.withdrawn,
                |it| it.waitlisted,
            ];
            std::iter::once(label.to_owned()).chain(columns.iter().map(|it| count(of(*it)))).collect::<Vec<_>>()
        };
        for (course, statistics) in COURSES.iter().zip(&self.rows) {
            rows.push(line(course.title, &|column| column(statistics)));
        }
        rows.push(line("all", &|column| self.sum(column)));
        output.say(table(&rows));
        output.say(format!(
            "\n{} joined the programme \"{}\"; {} have completed it.",
            self.programme.joined, PROGRAMME.1, self.programme.completed
        ));
    }

    /// The same for scripts.
    pub fn json(&self, verdicts: &[Verdict]) -> Value {
        let run = |it: &Statistics| {
            json!({
                "run": it.run_id, "enrolled": it.total, "passed": it.passed, "distinction": it.distinction,
                "failed": it.failed, "withdrawn": it.withdrawn, "waitlisted": it.waitlisted,
            })
        };
        let log = |it: &Verdict| json!({"service": it.service, "commits": it.checked, "aggregates": it.aggregates, "problems": it.problem_count});
        json!({
            "institutions": INSTITUTIONS.len(), "courses": COURSES.len(), "learners": LEARNERS,
            "bulk": {"rows": self.bulk, "already_when_repeated": self.repeated},
            "census": {"active": self.census.active, "waitlisted": self.census.waitlisted},
            "promoted": self.promoted, "withdrawn": self.left, "results": self.results, "refused": self.refused,
            "runs": self.rows.iter().map(run).collect::<Vec<_>>(),
            "programme": {"joined": self.programme.joined, "completed": self.programme.completed},
            "trace": self.story, "log": verdicts.iter().map(log).collect::<Vec<_>>(),
        })
    }
}
