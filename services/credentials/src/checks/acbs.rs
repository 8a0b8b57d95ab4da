//! Korea's Academic Credit Bank System: what a course must be for its credits to be recognised.
//!
//! A credit is 15 class hours of 50 minutes at least, and it is recognised with 60 of 100 points; learners of K-MOOC
//! credit courses are identified (rules of the National Institute for Lifelong Education). What depends on the learner,
//! attendance and the caps of a semester, a year and an institution, is asked when credits are booked.

use super::{Found, MILLI, credits, credits_in, hours, identifies, supervised};
use studium_proto::credentials::v1::{AchievementDefined, AwardScheme};

/// Minutes of class for a credit at least: 15 class hours of 50 minutes.
const CLASS_MINUTES: u64 = 750;
/// Points that a learner needs at least, thousandths of 100 points.
const PASS_MARK_MIN: u32 = 60_000;

/// Asks all that can be asked before anybody is enrolled.
pub fn check(it: &AchievementDefined, found: &mut Found<'_>) {
    let milli = credits_in(it, AwardScheme::KrAcbs);
    if milli == 0 {
        found.no("ACBS_NO_CREDIT", "it gives no credits of the Academic Credit Bank System; say how many");
    }
    let given = u64::from(it.class_minutes);
    if given * MILLI < CLASS_MINUTES * milli {
        let (c, needed) = (credits(milli), CLASS_MINUTES * milli / MILLI);
        let why = format!(
            "{} of class are not enough for {c} credits: 15 class hours of 50 minutes a credit are {}",
            hours(given),
            hours(needed)
        );
        found.no("ACBS_HOURS_PER_CREDIT", why);
    }
    if it.pass_mark_millipoints < PASS_MARK_MIN {
        let why =
            format!("the pass mark is {} of 100; at least 60 are needed", credits(it.pass_mark_millipoints.into()));
        found.no("ACBS_PASS_MARK_BELOW_60", why);
    }
    if !identifies(it) {
        let why = format!("the assessment is {}; the learner must be identified", supervised(it));
        found.no("ACBS_NO_ID_VERIFICATION", why);
    }
}

#[cfg(test)]
mod tests;
