//! Pass rates of blended and of purely online learners, with how sure they are.

use super::rate;
use std::collections::BTreeMap;
use studium_proto::{campus::v1::BlendedSide, enrolment::v1::EnrolmentState};

/// 97.5 % of a normal distribution lie below so many standard deviations: 95 % between it and its negative.
const Z: f64 = 1.959_963_984_540_054;

/// One enrolment of the course.
#[derive(Debug, Clone, Default)]
pub struct Enrolled {
    /// The learner.
    pub learner_id: String,
    /// Number of enrolment's `EnrolmentState`.
    pub state: i32,
    /// Asked for then.
    pub requested_at_ms: i64,
    /// Ended then; 0 = it goes on.
    pub ended_at_ms: i64,
}

/// One learner in one class for the course.
#[derive(Debug, Clone, Default)]
pub struct Membership {
    /// The learner.
    pub learner_id: String,
    /// Whose class it is.
    pub campus_id: String,
    /// In it since then.
    pub since_ms: i64,
    /// Left then; 0 = is in it.
    pub left_at_ms: i64,
}

impl Membership {
    /// Whether the learner was in the class while the enrolment ran.
    fn meets(&self, it: &Enrolled) -> bool {
        let began_in_time = it.ended_at_ms == 0 || self.since_ms <= it.ended_at_ms;
        let ended_in_time = self.left_at_ms == 0 || self.left_at_ms >= it.requested_at_ms;
        began_in_time && ended_in_time
    }
}

/// Both sides: in a class of this campus, and in no class anywhere.
/// Who was in a class of another campus only is on neither.
pub fn sides(enrolled: Vec<Enrolled>, memberships: &[Membership], campus_id: &str) -> (BlendedSide, BlendedSide) {
    let mut classes: BTreeMap<&str, Vec<&Membership>> = BTreeMap::new();
    for it in memberships {
        classes.entry(&it.learner_id).or_default().push(it);
    }
    let (mut blended, mut online) = (BTreeMap::new(), BTreeMap::new());
    for it in enrolled.into_iter().filter(has_begun) {
        let of_learner = classes.get(it.learner_id.as_str());
        let mut met = of_learner.into_iter().flatten().filter(|class| class.meets(&it)).peekable();
        let side = if met.peek().is_none() {
            &mut online
        } else if met.any(|class| class.campus_id == campus_id) {
            &mut blended
        } else {
            continue;
        };
        // Each learner counts once on a side, by the enrolment that was asked for last.
        let last: &mut Enrolled = side.entry(it.learner_id.clone()).or_default();
        if last.requested_at_ms <= it.requested_at_ms {
            *last = it;
        }
    }
    (side(blended.values()), side(online.values()))
}

/// Whether it says anything: who waited for a seat in vain neither passed nor failed.
fn has_begun(it: &Enrolled) -> bool {
    matches!(
        EnrolmentState::try_from(it.state).unwrap_or_default(),
        EnrolmentState::Completed
            | EnrolmentState::Failed
            | EnrolmentState::Withdrawn
            | EnrolmentState::Active
            | EnrolmentState::Suspended
    )
}

fn side<'a>(enrolled: impl Iterator<Item = &'a Enrolled>) -> BlendedSide {
    let mut side = BlendedSide::default();
    for it in enrolled {
        match EnrolmentState::try_from(it.state).unwrap_or_default() {
            EnrolmentState::Completed => side.passed += 1,
            EnrolmentState::Failed => side.failed += 1,
            EnrolmentState::Withdrawn => side.withdrawn += 1,
            EnrolmentState::Active | EnrolmentState::Suspended => side.under_way += 1,
            _ => {}
        }
    }
    side.learners = side.passed + side.failed + side.withdrawn;
    side.pass_rate_millipoints = rate(side.passed, side.learners);
    (side.low_millipoints, side.high_millipoints) = wilson(side.passed, side.learners);
    side
}

/// The 95 % interval of a rate after Wilson, in thousandths of a percent: where the true rate may lie, given that
/// `part` of `whole` were seen. Of nothing nothing is known, so it is everything.
pub fn wilson(part: u32, whole: u32) -> (u32, u32) {
    if whole == 0 {
        return (0, 100_000);
    }
    let (n, z2) = (f64::from(whole), Z * Z);
    let seen = f64::from(part) / n;
    let centre = (seen + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (seen * (1.0 - seen) / n + z2 / (4.0 * n * n)).sqrt();
    let millipoints = |it: f64| (it.clamp(0.0, 1.0) * 100_000.0).round() as u32;
    (millipoints(centre - half), millipoints(centre + half))
}
