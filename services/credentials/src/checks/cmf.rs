//! The Common Microcredential Framework (European MOOC Consortium, 2019): twelve questions to a definition.
//!
//! Study time, levels and the credit ranges are the framework's own (criteria 1 to 5 and the credit equivalents that
//! its platforms publish). Hours to a credit are those of the ECTS Users' Guide 2015, and of the United Kingdom's
//! credit system. The two names of its wordings, 2019 and 2022, are ours.

use super::{Found, MILLI, credits, credits_in, hours, identifies, minutes, supervised};
use studium_proto::credentials::v1::{AchievementDefined, AwardScheme, CreditRoute, Framework, Supervision};

/// Least total study time, minutes: 100 hours (criterion 1).
const MINUTES_MIN: u64 = 6_000;
/// Most total study time, minutes: 150 hours (criterion 1).
const MINUTES_MAX: u64 = 9_000;
/// The highest level of the European Qualifications Framework (2017/C 189/03, Annex II).
const LEVEL_MAX: u32 = 8;
/// Minutes of work for an ECTS credit at least: 25 hours (ECTS Users' Guide 2015).
const ECTS_MINUTES_MIN: u64 = 1_500;
/// Minutes of work for an ECTS credit at most: 30 hours (ECTS Users' Guide 2015).
const ECTS_MINUTES_MAX: u64 = 1_800;
/// Minutes of work for a credit of the United Kingdom: 10 hours.
const UK_MINUTES: u64 = 600;

/// Schemes that the framework names, with their credits for 100 to 150 hours.
const RANGES: [(AwardScheme, &str, u64, u64); 3] = [
    (AwardScheme::Ects, "ECTS", 4 * MILLI, 6 * MILLI),
    (AwardScheme::UkCats, "UK", 10 * MILLI, 15 * MILLI),
    (AwardScheme::UsSemester, "US", 2 * MILLI, 3 * MILLI),
];

/// Asks all twelve questions.
pub fn check(it: &AchievementDefined, found: &mut Found<'_>) {
    study_time(it, found);
    level(it, found);
    credit_points(it, found);
    credit_route(it, found);
    assessment(it, found);
    transcript(it, found);
}

/// Rows 1 and 2: how long it takes, and that revision and assessment are counted.
fn study_time(it: &AchievementDefined, found: &mut Found<'_>) {
    let minutes = minutes(it);
    let told = hours(minutes);
    if minutes < MINUTES_MIN {
        found.no("CMF_HOURS_BELOW_MIN", format!("it takes {told} in all; at least 100 h are needed"));
    }
    if minutes > MINUTES_MAX {
        found.no("CMF_HOURS_ABOVE_MAX", format!("it takes {told} in all; at most 150 h are allowed"));
    }
    if it.revision_minutes == 0 || it.assessment_minutes == 0 {
        let why = "the hours do not say how many are for revision and how many for the assessment; give both, above 0";
        found.no("CMF_HOURS_EXCLUDE_ASSESSMENT", why);
    }
}

/// Rows 3 to 5: the level, and the national level that stands for it.
fn level(it: &AchievementDefined, found: &mut Found<'_>) {
    let level = it.eqf_level;
    match level {
        0 => found.no("CMF_LEVEL_MISSING", "no level is given; state the EQF level, 6 or 7"),
        1..=LEVEL_MAX => {}
        _ => found.no("CMF_LEVEL_UNKNOWN", format!("there is no EQF level {level}; they are 1 to 8")),
    }
    match (level, found.framework) {
        (6 | 7, _) => {}
        (4 | 5, Framework::Cmf2022) if credits_in(it, AwardScheme::Ects) > 0 => {}
        (4 | 5, Framework::Cmf2022) => {
            let why = format!("EQF level {level} is allowed only with ECTS credits; offer 4 to 6 of them");
            found.no("CMF_LEVEL_REQUIRES_ECTS", why);
        }
        (1..=LEVEL_MAX, Framework::Cmf2022) => {
            let why = format!("EQF level {level} is not allowed; 6 and 7 are, and 4 and 5 with ECTS credits");
            found.no("CMF_LEVEL_NOT_ELIGIBLE", why);
        }
        (1..=LEVEL_MAX, _) => {
            found.no("CMF_LEVEL_NOT_ELIGIBLE", format!("EQF level {level} is not allowed; 6 and 7 are"));
        }
        _ => {}
    }
    // Without a level there is nothing that the national one could differ from; that is said above.
    let is_stated = (1..=LEVEL_MAX).contains(&level);
    let has_national = !it.national_level.trim().is_empty() || it.national_level_eqf > 0;
    if is_stated && has_national && it.national_level_eqf != level {
        let national = it.national_level.trim();
        let why = match it.national_level_eqf {
            0 => format!("it is not said to which EQF level the national level `{national}` is referenced"),
            other => format!(
                "the national level `{national}` is referenced to EQF level {other}, and the EQF level given is {level}; \
                 they must be the same"
            ),
        };
        found.no("CMF_NQF_MISMATCH", why);
    }
}

/// Rows 6 to 8: credits in a known scheme, as many as the framework foresees, and as many as the hours are worth.
fn credit_points(it: &AchievementDefined, found: &mut Found<'_>) {
    let is_wrong = |scheme, milli| scheme == AwardScheme::Unspecified || milli == 0;
    if it.credits.is_empty() || it.credits.iter().any(|it| is_wrong(it.scheme(), it.credits_milli)) {
        let why = "it gives no credits, or none in a scheme that is known; 4 to 6 ECTS, 10 to 15 UK or 2 to 3 US \
                   credits are needed";
        found.no("CMF_NO_CREDIT", why);
    }
    let given = RANGES.map(|(scheme, name, least, most)| (scheme, name, least, most, credits_in(it, scheme)));
    for (_, name, least, most, milli) in given.iter().filter(|it| it.4 > 0) {
        if !(least..=most).contains(&milli) {
            let (given, least, most) = (credits(*milli), credits(*least), credits(*most));
            let why = format!("it gives {given} {name} credits; {least} to {most} are allowed");
            found.no("CMF_CREDITS_OUT_OF_RANGE", why);
        }
    }
    let (minutes, told) = (minutes(it), hours(minutes(it)));
    for (scheme, _, _, _, milli) in given.iter().filter(|it| it.4 > 0) {
        let (c, worked) = (credits(*milli), minutes * MILLI);
        match scheme {
            AwardScheme::Ects if !(ECTS_MINUTES_MIN * milli..=ECTS_MINUTES_MAX * milli).contains(&worked) => {
                let (from, until) = (ECTS_MINUTES_MIN * milli / MILLI, ECTS_MINUTES_MAX * milli / MILLI);
                let why = format!(
                    "{told} do not make {c} ECTS credits: at 25 to 30 h a credit that is {} to {}",
                    hours(from),
                    hours(until)
                );
                found.no("CMF_CREDITS_HOURS_MISMATCH", why);
            }
            AwardScheme::UkCats if worked != UK_MINUTES * milli => {
                let right = hours(UK_MINUTES * milli / MILLI);
                let why = format!("{told} do not make {c} UK credits: at 10 h a credit that is {right}");
                found.no("CMF_CREDITS_HOURS_MISMATCH", why);
            }
            _ => {}
        }
    }
}

/// Row 9: how the credits come to count, and for what.
fn credit_route(it: &AchievementDefined, found: &mut Found<'_>) {
    if it.credit_route() == CreditRoute::Unspecified {
        let why = "it is not said how the credits come to count; directly, or by recognition of prior learning";
        found.no("CMF_NO_CREDIT_ROUTE", why);
    }
    if it.degree_programmes.iter().all(|it| it.trim().is_empty()) {
        let why = "no degree programme is named towards which the credits count; name one at least";
        found.no("CMF_NO_DEGREE_PROGRAMME", why);
    }
}

/// Rows 10 and 11: a summative assessment that can be failed, and somebody who knows who sat it.
fn assessment(it: &AchievementDefined, found: &mut Found<'_>) {
    if !it.summative_assessment || it.pass_mark_millipoints == 0 {
        let why = "there is no summative assessment with a pass mark; state both";
        found.no("CMF_NO_SUMMATIVE_ASSESSMENT", why);
    }
    if it.supervision() == Supervision::Unspecified {
        let why = "it is not said how the learner is identified at the assessment; declare it under `supervision`";
        found.no("CMF_NO_ID_VERIFICATION", why);
    } else if !identifies(it) {
        let why = format!(
            "the assessment is {}; the learner must be identified: online, on the premises or by a document",
            supervised(it)
        );
        found.no("CMF_ID_METHOD_NOT_APPROVED", why);
    }
}

/// Row 12: what a transcript needs besides.
fn transcript(it: &AchievementDefined, found: &mut Found<'_>) {
    let missing: Vec<_> = [
        ("learning outcomes", it.outcomes.iter().all(|it| it.trim().is_empty())),
        ("title", it.name.trim().is_empty()),
        ("language", it.language.trim().is_empty()),
    ]
    .into_iter()
    .filter_map(|(name, is_missing)| is_missing.then_some(name))
    .collect();
    if !missing.is_empty() {
        found.no("CMF_TRANSCRIPT_INCOMPLETE", format!("a transcript needs these as well: {}", missing.join(", ")));
    }
}

#[cfg(test)]
mod tests;
