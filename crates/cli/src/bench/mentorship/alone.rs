//! Each learner is matched alone: a mentor is proposed, has a place, and accepts.

use super::{
    Ceiling, Fits,
    desk::{IN_FLIGHT, MentorDesk, Programme, learner},
    fits,
    watch::{News, Watch},
};
use crate::{
    bench::load,
    client::failed,
    progress::{Output, count},
};
use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use studium_proto::mentorship::v1::{AcceptProposalRequest, MentorshipState};
use tokio::task::JoinSet;

const PROGRAMME: Programme = Programme::Alone;

/// Learners who ask one after the other, at most.
const ONE_BY_ONE: u32 = 200;

/// Commits that lead to a mentor: requested, proposed, place taken, opened, assigned.
pub const COMMITS: f64 = 5.0;

/// Gives the first so many learners mentors, one at a time and then all who ask at once.
pub async fn measure(desk: &Arc<MentorDesk>, learners: u32, ceiling: Ceiling, output: Output) -> Result<(Value, Fits)> {
    let profile = desk.platform.state.durability;
    let first = ONE_BY_ONE.min(learners / 4);
    let single = one_by_one(desk, first).await?;
    // Two calls and five commits, none of which can go side by side.
    let limit_ms = 2.0 * ceiling.limits.echo_ms + COMMITS * ceiling.limits.append_ms;
    let to_limit = limit_ms / single.p50_ms;
    output.say(format!(
        "mentorship {profile:<10} alone, one at a time, from request to a mentor in the view: p50 {:.1} ms, p99 {:.1} ms \
         ({to_limit:.2} of the serial limit {limit_ms:.1} ms)",
        single.p50_ms, single.p99_ms
    ));
    let many = at_once(desk, first..learners).await?;
    let fits = fits(&desk.all(PROGRAMME).await?);
    let limit = ceiling.appends_per_second / COMMITS;
    let asked = learners - first;
    let ratio = many.per_second / limit;
    output.say(format!(
        "mentorship {profile:<10} alone, {} ask at once: {:.0} assignments/s ({ratio:.2} of the limit {limit:.0}/s of \
         {COMMITS} appends each), p50 {:.1} s, p99 {:.1} s; {} proposals came too late for a place",
        count(asked),
        many.per_second,
        many.p50_ms / 1000.0,
        many.p99_ms / 1000.0,
        count(many.refused)
    ));
    let told = json!({
        "one_at_a_time": {
            "learners": first, "p50_ms": single.p50_ms, "p99_ms": single.p99_ms, "limit_ms": limit_ms,
            "ratio_to_limit": to_limit,
        },
        "at_once": {
            "learners": asked, "in_flight": IN_FLIGHT, "assigned": many.assigned, "seconds": many.seconds,
            "assignments_per_second": many.per_second, "limit_per_second": limit, "ratio_to_limit": ratio,
            "p50_ms": many.p50_ms, "p99_ms": many.p99_ms, "proposed": many.proposed, "refused": many.refused,
        },
    });
    Ok((told, fits))
}

async fn one_by_one(desk: &Arc<MentorDesk>, learners: u32) -> Result<load::Figures> {
    let mut took = load::histogram()?;
    let mut watch = Watch::begin(desk, PROGRAMME).await?;
    for n in 0..learners {
        let started = Instant::now();
        desk.request(PROGRAMME, n).await?;
        let settled = u64::from(n) + 1;
        while watch.seen.assigned + (watch.seen.in_vain.len() as u64) < settled {
            for it in watch.next().await? {
                if let News::Opened { learner, mentor } = it {
                    let position = accept(desk, n, learner.clone(), mentor.clone()).await?;
                    let shown = desk.mentorship(PROGRAMME, &learner, position).await?;
                    ensure!(shown.mentor_id == mentor, "{learner} has mentor `{}`, not {mentor}", shown.mentor_id);
                    took.saturating_record(started.elapsed().as_micros() as u64);
                }
            }
        }
    }
    Ok(load::figures(&took, Duration::from_secs(1), 0))
}

async fn accept(desk: &MentorDesk, n: u32, learner_id: String, mentor_id: String) -> Result<u64> {
    let programme_id = PROGRAMME.id().to_owned();
    let request = AcceptProposalRequest { programme_id, learner_id, mentor_id, at_ms: 0 };
    Ok(desk.mentorships(n).accept_proposal(request).await.map_err(failed)?.into_inner().position)
}

/// What came of many who ask at once.
struct Many {
    per_second: f64,
    seconds: f64,
    p50_ms: f64,
    p99_ms: f64,
    assigned: u64,
    proposed: u64,
    refused: u64,
}

async fn at_once(desk: &Arc<MentorDesk>, learners: std::ops::Range<u32>) -> Result<Many> {
    let mut watch = Watch::begin(desk, PROGRAMME).await?;
    let asked_at: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let started = Instant::now();
    let many = learners.end - learners.start;
    let mut tasks = JoinSet::new();
    let (asking, times) = (Arc::clone(desk), Arc::clone(&asked_at));
    tasks.spawn(async move {
        let requests = stream::iter(learners).map(|n| {
            note(&times, n);
            asking.request(PROGRAMME, n)
        });
        requests.buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    });
    let mut took = load::histogram()?;
    while !watch.is_settled(many) {
        for (n, it) in (0..).zip(watch.next().await?) {
            match it {
                News::Opened { learner, mentor } => {
                    let desk = Arc::clone(desk);
                    tasks.spawn(async move { accept(&desk, n, learner, mentor).await.map(drop) });
                }
                News::Assigned { learner } => {
                    let asked = asked_at.lock().ok().and_then(|mut it| it.remove(&learner));
                    let time = asked.map_or(Duration::ZERO, |it| it.elapsed());
                    took.saturating_record(time.as_micros() as u64);
                }
            }
        }
        while let Some(done) = tasks.try_join_next() {
            done??;
        }
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    // Whoever was the last is seen in the view now, and all others with him.
    let shown = desk.mentorship(PROGRAMME, &learner(0), watch.seen.position).await?;
    ensure!(shown.state() == MentorshipState::Active, "{} has no mentor: {:?}", learner(0), shown.state());
    let time = started.elapsed();
    let figures = load::figures(&took, time, 0);
    Ok(Many {
        per_second: watch.seen.assigned as f64 / time.as_secs_f64(),
        seconds: time.as_secs_f64(),
        p50_ms: figures.p50_ms,
        p99_ms: figures.p99_ms,
        assigned: watch.seen.assigned,
        proposed: watch.seen.proposed,
        refused: watch.seen.refused,
    })
}

/// Writes down when a learner asks.
fn note(times: &Mutex<HashMap<String, Instant>>, n: u32) {
    if let Ok(mut times) = times.lock() {
        times.insert(learner(n), Instant::now());
    }
}
