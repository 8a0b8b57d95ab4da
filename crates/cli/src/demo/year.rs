//! The demo's second chapter: people enrol, one run is full, some leave, some are promoted, results, verdicts.

use super::{
    desk::{Desk, all, answer, asked, day, settled},
    sample::{
        ASSESSMENTS, COURSES, Fate, INSTITUTIONS, LEARNERS, PROCTORED, PROGRAMME, PROGRAMME_LEARNERS, choices, fate,
        learner, name, score,
    },
};
use crate::client::{failed, reason};
use anyhow::{Result, bail, ensure};
use futures::stream;
use std::collections::HashMap;
use studium_proto::enrolment::v1::{
    BulkEnrolRequest, ConcludeRequest, EnrolRequest, EnrolmentSource, EnrolmentState, ExternalId, FailRequest,
    GetRunStatisticsRequest, JoinProgrammeRequest, ListRunRosterRequest, RecordResultRequest, RegisterLearnerRequest,
    RowOutcome, Statistics, WithdrawRequest,
};
use tonic::metadata::MetadataValue;

/// The correlation id under which the story of one withdrawal can be read.
pub const WITHDRAWAL: &str = "demo-withdrawal";

/// What happened, as the answers said.
pub struct Year {
    /// Rows of the bulk enrolment.
    pub bulk: usize,
    /// Rows that were already so when the bulk enrolment was repeated.
    pub repeated: usize,
    /// Learners who left a run.
    pub left: usize,
    /// Learner whose leaving is told in full.
    pub leaver: String,
    /// Verdicts that the rule could not give, with the reason.
    pub refused: HashMap<String, usize>,
    /// Results that were recorded.
    pub results: usize,
}

/// Plays the year on a catalogue that is offered at a position.
pub async fn play(desk: &Desk, offered: u64) -> Result<Year> {
    people(desk).await?;
    let (bulk, repeated) = enrol(desk, offered).await?;
    let (left, leaver) = leave(desk).await?;
    let results = assess(desk).await?;
    let refused = conclude(desk).await?;
    Ok(Year { bulk, repeated, left, leaver, refused, results })
}

async fn people(desk: &Desk) -> Result<()> {
    let at_ms = day("2024-07-15")?;
    let bar = desk.output().bar("learners", 0);
    all((0..LEARNERS).collect(), &bar, async |number| {
        let home = &INSTITUTIONS[number % INSTITUTIONS.len()];
        let external_ids =
            vec![ExternalId { institution_id: home.id.to_owned(), external_id: format!("S{:05}", 10_000 + number) }];
        let register = RegisterLearnerRequest {
            learner_id: learner(number),
            name: name(number),
            email: format!("{}@{}", learner(number), home.domain),
            external_ids,
            at_ms,
        };
        answer(desk.learners.clone().register_learner(asked(&format!("learner:{number}"), register)).await)
    })
    .await?;
    Ok(())
}

/// First come, first served in the run that too many want; the rest in bulk, twice, to show that nothing doubles.
async fn enrol(desk: &Desk, offered: u64) -> Result<(usize, usize)> {
    let at_ms = day("2024-08-05")?;
    let wanting: Vec<_> = (0..LEARNERS).filter(|it| choices(*it).contains(&0)).collect();
    let bar = desk.output().bar("a run with thirty seats", wanting.len() as u64);
    for number in &wanting {
        let enrol = EnrolRequest {
            run_id: COURSES[0].run(),
            learner_id: learner(*number),
            source: EnrolmentSource::Staff.into(),
            catalogue_position: offered,
            at_ms,
            ..EnrolRequest::default()
        };
        answer(desk.enrolments.clone().enrol(asked(&format!("enrol:0:{number}"), enrol)).await)?;
        bar.inc(1);
    }
    bar.finish();
    let (seats, all) = (u64::from(COURSES[0].seats), wanting.len() as u64);
    settled(
        "every request has a seat or a place in line",
        async || statistics(desk, 0, 0).await,
        |it| it.total == all && it.ever_active >= seats && it.requested == 0,
    )
    .await?;
    for number in 0..PROGRAMME_LEARNERS {
        let join = JoinProgrammeRequest {
            programme_id: PROGRAMME.0.to_owned(),
            learner_id: learner(number),
            source: EnrolmentSource::Staff.into(),
            catalogue_position: offered,
            at_ms,
            ..JoinProgrammeRequest::default()
        };
        answer(desk.joined.clone().join_programme(asked(&format!("join:{number}"), join)).await)?;
    }
    let (bulk, known) = bulk(desk, "bulk", day("2024-08-12")?).await?;
    if known == bulk {
        // The demo is played again after a break, and this was the repetition. By now some have left or are done, and
        // under another request id their rows would be new wishes.
        return Ok((bulk, known));
    }
    let (_, repeated) = self::bulk(desk, "again", day("2024-08-12")?).await?;
    Ok((bulk, repeated))
}

/// Enrols everybody in all runs with unlimited seats; rows, and how many of them were already so.
async fn bulk(desk: &Desk, call: &str, at_ms: i64) -> Result<(usize, usize)> {
    let rows: Vec<_> = (0..LEARNERS)
        .flat_map(|number| choices(number).into_iter().filter(|it| *it != 0).map(move |course| (number, course)))
        .map(|(number, course)| BulkEnrolRequest {
            run_id: COURSES[course].run(),
            learner_id: learner(number),
            source: EnrolmentSource::Staff.into(),
            at_ms,
            ..BulkEnrolRequest::default()
        })
        .collect();
    let total = rows.len();
    let bar = desk.output().bar("bulk enrolment", total as u64);
    let mut answers = answer(desk.enrolments.clone().bulk_enrol(asked(call, stream::iter(rows))).await)?;
    let (mut rows, mut already) = (0, 0);
    while let Some(row) = answers.message().await.map_err(failed)? {
        rows += 1;
        bar.inc(1);
        match row.outcome() {
            RowOutcome::Ok => {}
            RowOutcome::Already => already += 1,
            other => {
                bail!("row {} of the bulk enrolment came out as {other:?}: {} {}", row.row_id, row.reason, row.detail)
            }
        }
    }
    bar.finish();
    ensure!(rows == total, "{total} rows were sent and {rows} answered");
    Ok((rows, already))
}

/// Some leave in the fifth week; whoever leaves the full run makes room for the first in line.
async fn leave(desk: &Desk) -> Result<(usize, String)> {
    let at_ms = day("2024-10-14")?;
    let leaving: Vec<_> = (0..LEARNERS)
        .flat_map(|number| choices(number).into_iter().map(move |course| (number, course)))
        .filter(|(number, course)| matches!(fate(*number, *course), Fate::Leaves))
        .collect();
    let before = statistics(desk, 0, day("2024-10-01")?).await?;
    let bar = desk.output().bar("withdrawals", 0);
    let of_full_run = leaving.iter().filter(|it| it.1 == 0).count() as u64;
    let leaver = leaving.iter().find(|it| it.1 == 0).map_or(0, |it| it.0);
    let left = all(leaving, &bar, async |(number, course)| {
        let withdraw = WithdrawRequest {
            run_id: COURSES[course].run(),
            learner_id: learner(number),
            reason: "took up work".to_owned(),
            at_ms,
            ..WithdrawRequest::default()
        };
        let mut request = asked(&format!("withdraw:{course}:{number}"), withdraw);
        if (number, course) == (leaver, 0) {
            request.metadata_mut().insert("x-correlation-id", MetadataValue::from_static(WITHDRAWAL));
        }
        answer(desk.enrolments.clone().withdraw(request).await)
    })
    .await?;
    let seats = u64::from(COURSES[0].seats);
    settled(
        "the freed seats are taken by the first in line",
        async || statistics(desk, 0, 0).await,
        |it| it.withdrawn == of_full_run && it.waitlisted + it.withdrawn + seats == before.total,
    )
    .await?;
    Ok((left.len(), learner(leaver)))
}

/// Essays, projects and examinations of everybody who is in a run.
async fn assess(desk: &Desk) -> Result<usize> {
    // Who has a verdict took part, too: the demo may be played again after a break.
    use EnrolmentState::{Active, Completed, Failed};
    let mut results = 0;
    for (assessment, (id, title, coursework, _, due)) in ASSESSMENTS.into_iter().enumerate() {
        let at_ms = day(due)?;
        let mut taking = in_runs(desk, &[Active, Completed, Failed]).await?;
        taking.retain(|(number, course)| coursework || !matches!(fate(*number, *course), Fate::MissesExam));
        let bar = desk.output().bar(title, 0);
        let recorded = all(taking, &bar, async |(number, course)| {
            let record = RecordResultRequest {
                run_id: COURSES[course].run(),
                learner_id: learner(number),
                assessment_id: id.to_owned(),
                attempt: 1,
                score_millipoints: Some(score(number, course, assessment)),
                identity_verified: !coursework || course == PROCTORED,
                at_ms,
                ..RecordResultRequest::default()
            };
            answer(
                desk.enrolments.clone().record_result(asked(&format!("result:{id}:{course}:{number}"), record)).await,
            )
        });
        results += recorded.await?.len();
    }
    Ok(results)
}

/// Applies each run's rule; where the rule cannot decide, staff does.
async fn conclude(desk: &Desk) -> Result<HashMap<String, usize>> {
    let bar = desk.output().bar("verdicts", 0);
    let refusals = all(in_runs(desk, &[EnrolmentState::Active]).await?, &bar, async |(number, course)| {
        verdict(desk, number, course).await
    })
    .await?;
    let mut refused = HashMap::new();
    for reason in refusals.into_iter().flatten() {
        *refused.entry(reason).or_default() += 1;
    }
    Ok(refused)
}

/// The reason why the rule could not decide, if it could not.
async fn verdict(desk: &Desk, number: usize, course: usize) -> Result<Option<String>> {
    let (run_id, learner_id) = (COURSES[course].run(), learner(number));
    let conclude = ConcludeRequest {
        run_id: run_id.clone(),
        learner_id: learner_id.clone(),
        at_ms: day("2025-02-03")?,
        ..ConcludeRequest::default()
    };
    let mut client = desk.enrolments.clone();
    let Err(status) = client.conclude(asked(&format!("conclude:{course}:{number}"), conclude)).await else {
        return Ok(None);
    };
    let Some(reason) = reason(&status) else { return Err(failed(status)) };
    let fail = FailRequest {
        run_id,
        learner_id,
        reason: "did not sit the examination".to_owned(),
        at_ms: day("2025-02-10")?,
        ..FailRequest::default()
    };
    answer(client.fail(asked(&format!("fail:{course}:{number}"), fail)).await)?;
    Ok(Some(reason))
}

/// Everybody who is in a run in one of these states now, as the rosters say.
async fn in_runs(desk: &Desk, states: &[EnrolmentState]) -> Result<Vec<(usize, usize)>> {
    // `learner-001` is number 0.
    let number = |id: &String| id.rsplit('-').next().and_then(|it| it.parse::<usize>().ok()).map(|it| it - 1);
    let mut all = vec![];
    for (course, it) in COURSES.iter().enumerate() {
        for state in states {
            let learners = roster(desk, &it.run(), *state, 0).await?;
            all.extend(learners.iter().filter_map(number).map(|it| (it, course)));
        }
    }
    Ok(all)
}

/// Ids of the learners in a state of a run, as of a time (0 = now).
pub async fn roster(desk: &Desk, run_id: &str, state: EnrolmentState, as_of_ms: i64) -> Result<Vec<String>> {
    let mut learners = vec![];
    let mut page_token = String::new();
    loop {
        let request = ListRunRosterRequest {
            run_id: run_id.to_owned(),
            state: state.into(),
            as_of_ms,
            page_size: 500,
            page_token,
            ..ListRunRosterRequest::default()
        };
        let page = answer(desk.queries.clone().list_run_roster(request).await)?;
        learners.extend(page.enrolments.into_iter().map(|it| it.learner_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(learners);
        }
    }
}

/// Numbers of a course's run, as of a time (0 = now).
pub async fn statistics(desk: &Desk, course: usize, as_of_ms: i64) -> Result<Statistics> {
    let request =
        GetRunStatisticsRequest { run_id: COURSES[course].run(), as_of_ms, ..GetRunStatisticsRequest::default() };
    Ok(answer(desk.queries.clone().get_run_statistics(request).await)?.statistics.unwrap_or_default())
}
