//! Who graduated, and who stayed how long, with and without a mentor: a pure function of who joined and who had whom.

use crate::{
    joinings::{JoiningRow, Stay, Turn},
    mentorship_times::{MentorshipTimesRow, Round},
    months::Month,
    rates::{self, Share},
    survival::{Curve, Observed},
};
use std::collections::BTreeMap;
use studium_kit::DAY_MS;
use studium_proto::mentorship::v1::{
    GraduationGroup, GraduationLine, RequestSource, SourceCount, SurvivalCurve, SurvivalPoint,
};

/// Milliseconds of a week.
const WEEK_MS: i64 = 7 * DAY_MS;

/// What nobody may read into the numbers.
const OBSERVED: &str = "This is an observed difference, not an effect of mentorship: nobody was assigned to a group by \
                        chance, and who stays longer has more time to be given a mentor. Who left before a mentor came \
                        is in the group of those who never got one.";
const BY_IMPORT: &str = "Learners whose mentors came with an imported registry were grouped by the import's own rule, which \
                         its report states; those are not the real tutors, and nothing follows from it about tutoring.";

/// How a learner stood to mentorship during one stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mentored {
    /// Had a mentor at some time, who was asked for in this way.
    Yes(RequestSource),
    /// A mentor was never asked for.
    No,
    /// A mentor was asked for and never came.
    InVain,
}

/// One joining, what came of it and how it stood to mentorship.
#[derive(Debug, Clone)]
pub struct Learner {
    scope_id: String,
    stay: Stay,
    mentored: Mentored,
}

/// Which joinings count, and when.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit comes last")]
pub struct Window {
    /// Joined then or later.
    pub from_ms: i64,
    /// Joined before; 0 = without an end.
    pub until_ms: i64,
    /// As it was then.
    pub as_of_ms: i64,
}

/// Brings joinings and mentorships together.
pub fn learners(joinings: &[JoiningRow], mentorships: &[MentorshipTimesRow], window: Window) -> Vec<Learner> {
    let rounds: BTreeMap<_, _> = mentorships
        .iter()
        .map(|it| ((it.programme_id.as_str(), it.learner_id.as_str()), it.rounds(window.as_of_ms)))
        .collect();
    let mut learners = Vec::with_capacity(joinings.len());
    for it in joinings {
        let rounds = rounds.get(&(it.scope_id.as_str(), it.learner_id.as_str())).map_or(&[][..], Vec::as_slice);
        for stay in it.stays(window.as_of_ms) {
            let is_late = window.until_ms > 0 && stay.joined_ms >= window.until_ms;
            if stay.joined_ms >= window.from_ms && !is_late {
                let (scope_id, mentored) = (it.scope_id.clone(), mentored(&stay, rounds));
                learners.push(Learner { scope_id, stay, mentored });
            }
        }
    }
    learners
}

/// What happened on the day of joining or of leaving counts, and what ended before the joining does not.
fn mentored(stay: &Stay, rounds: &[Round]) -> Mentored {
    let left = stay.ended.map_or(i64::MAX, |it| it.0);
    let falls_in = |it: &Round, begins: i64| {
        begins <= left && (begins >= stay.joined_ms || it.ended_ms.is_none_or(|end| end > stay.joined_ms))
    };
    let mentors = rounds.iter().filter(|it| it.mentored_ms.is_some_and(|at| falls_in(it, at)));
    match mentors.map(|it| it.source).next() {
        Some(source) => Mentored::Yes(source),
        None if rounds.iter().any(|it| falls_in(it, it.asked_ms)) => Mentored::InVain,
        None => Mentored::No,
    }
}

fn is_with(it: &Learner) -> bool {
    matches!(it.mentored, Mentored::Yes(_))
}

fn is_without(it: &Learner) -> bool {
    it.mentored == Mentored::No
}

fn is_in_vain(it: &Learner) -> bool {
    it.mentored == Mentored::InVain
}

fn group<'a>(learners: impl Iterator<Item = &'a Learner>) -> GraduationGroup {
    let mut group = GraduationGroup::default();
    for it in learners {
        group.learners += 1;
        match it.stay.ended.map(|it| it.1) {
            Some(Turn::Graduated) => group.graduated += 1,
            Some(Turn::Left) => group.withdrawn += 1,
            Some(_) => group.failed += 1,
            None => {
                group.still_in += 1;
                group.suspended += u64::from(it.stay.rests);
            }
        }
    }
    let share = share(&group);
    let (low, high) = share.wilson();
    group.rate_millipoints = share.millipoints();
    (group.rate_from_millipoints, group.rate_to_millipoints) = (rates::millipoints(low), rates::millipoints(high));
    group
}

fn share(group: &GraduationGroup) -> Share {
    Share { all: group.learners, some: group.graduated }
}

/// Counts learners.
pub fn line(scope_id: &str, cohort: &str, learners: &[&Learner]) -> GraduationLine {
    let of = |meets: fn(&Learner) -> bool| group(learners.iter().copied().filter(|it| meets(it)));
    let (with, without) = (of(is_with), of(is_without));
    let has_difference = with.learners > 0 && without.learners > 0;
    let (difference, from, to) =
        if has_difference { rates::difference(share(&with), share(&without)) } else { (0.0, 0.0, 0.0) };
    GraduationLine {
        scope_id: scope_id.to_owned(),
        cohort: cohort.to_owned(),
        all: Some(of(|_| true)),
        with_mentor: Some(with),
        without_mentor: Some(without),
        never_assigned: Some(of(is_in_vain)),
        difference_millipoints: rates::signed_millipoints(difference),
        difference_from_millipoints: rates::signed_millipoints(from),
        difference_to_millipoints: rates::signed_millipoints(to),
        has_difference,
    }
}

/// A line for everybody, and lines by programme or run, each with all its months first.
pub fn lines(learners: &[Learner]) -> (GraduationLine, Vec<GraduationLine>) {
    let mut cohorts: BTreeMap<(&str, Option<Month>), Vec<&Learner>> = BTreeMap::new();
    for it in learners {
        // No month comes before every month.
        for cohort in [None, Some(Month::of(it.stay.joined_ms))] {
            cohorts.entry((&it.scope_id, cohort)).or_default().push(it);
        }
    }
    let month = |it: Option<Month>| it.map(|it| it.to_string()).unwrap_or_default();
    let lines = cohorts.iter().map(|((scope, cohort), it)| line(scope, &month(*cohort), it));
    (line("", "", &learners.iter().collect::<Vec<_>>()), lines.collect())
}

/// How those who had a mentor came to be asked for one.
pub fn sources(learners: &[Learner]) -> Vec<SourceCount> {
    let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
    for it in learners {
        if let Mentored::Yes(source) = it.mentored {
            *counts.entry(source as i32).or_default() += 1;
        }
    }
    counts.into_iter().map(|(source, learners)| SourceCount { source, learners }).collect()
}

/// What the numbers mean, in sentences.
pub fn note(learners: &[Learner]) -> String {
    let imported = learners.iter().any(|it| it.mentored == Mentored::Yes(RequestSource::Import));
    if imported { format!("{OBSERVED} {BY_IMPORT}") } else { OBSERVED.to_owned() }
}

/// The curves of those with a mentor, without one, and who asked in vain, for so many weeks at most.
pub fn curves(learners: &[Learner], as_of_ms: i64, weeks: u32) -> [SurvivalCurve; 3] {
    [is_with, is_without, is_in_vain].map(|meets: fn(&Learner) -> bool| {
        let group: Vec<_> = learners.iter().filter(|it| meets(it)).collect();
        let observed = group.iter().map(|it| {
            let until = it.stay.ended.map_or(as_of_ms, |it| it.0);
            let ended = it.stay.ended.is_some_and(|it| it.1 == Turn::Left);
            Observed { lasted_ms: (until - it.stay.joined_ms).max(0), ended }
        });
        let curve = Curve::of(observed.collect());
        SurvivalCurve {
            learners: group.len() as u64,
            withdrawn: curve.steps.iter().map(|it| it.ended).sum(),
            points: points(&curve, weeks),
        }
    })
}

fn points(curve: &Curve, weeks: u32) -> Vec<SurvivalPoint> {
    let Some(longest) = curve.longest_ms() else { return Vec::new() };
    let last = i64::from(weeks).min(longest / WEEK_MS + 1);
    let point = |week: i64| {
        let it = curve.stretch(week * WEEK_MS, (week + 1) * WEEK_MS);
        SurvivalPoint {
            week: week as u32,
            at_risk: it.at_risk,
            withdrawn: it.ended,
            censored: it.censored,
            staying_millipoints: rates::millipoints(it.lasting),
            staying_from_millipoints: rates::millipoints(it.interval.0),
            staying_to_millipoints: rates::millipoints(it.interval.1),
        }
    };
    (0..last).map(point).collect()
}

#[cfg(test)]
mod tests;
