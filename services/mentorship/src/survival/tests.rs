//! Curves beside textbook examples and by hand.
#![allow(clippy::unwrap_used)]

use super::{Curve, Observed};

fn ended(lasted_ms: i64) -> Observed {
    Observed { lasted_ms, ended: true }
}

fn watched(lasted_ms: i64) -> Observed {
    Observed { lasted_ms, ended: false }
}

/// Weeks of remission under 6-MP: Freireich et al. 1963, in Collett and in Kleinbaum & Klein.
fn freireich() -> Curve {
    let relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(ended);
    let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(watched);
    Curve::of(relapsed.into_iter().chain(censored).collect())
}

fn thousandths(share: f64) -> i32 {
    (share * 1_000.0).round() as i32
}

#[test]
fn the_textbook_curve_is_met() {
    let curve = freireich();
    let told: Vec<_> = curve.steps.iter().map(|it| (it.at_ms, it.at_risk, it.ended, thousandths(it.lasting))).collect();
    assert_eq!(
        told,
        [
            (6, 21, 3, 857),
            (7, 17, 1, 807),
            (10, 15, 1, 753),
            (13, 12, 1, 690),
            (16, 11, 1, 627),
            (22, 7, 1, 538),
            (23, 6, 1, 448)
        ]
    );
    // Greenwood's standard errors as they are printed.
    let errors: Vec<_> =
        curve.steps.iter().map(|it| thousandths((it.lasting - it.interval.0) / crate::rates::Z)).collect();
    assert_eq!(errors, [76, 87, 96, 107, 114, 128, 135]);
    assert!((curve.steps[0].interval.1 - 1.0).abs() < f64::EPSILON, "0.857 + 1.96 x 0.076 is cut off at 1");
    assert_eq!(curve.ended_by(0.5), Some(23), "the median");
    assert_eq!(curve.ended_by(0.9), None, "never so many");
}

#[test]
fn stretches_count_everybody_once() {
    let curve = freireich();
    let stretches: Vec<_> = (0..6).map(|it| curve.stretch(it * 7, (it + 1) * 7)).collect();
    let told: Vec<_> = stretches.iter().map(|it| (it.at_risk, it.ended, it.censored)).collect();
    assert_eq!(told, [(21, 3, 1), (17, 3, 3), (11, 1, 3), (7, 2, 1), (4, 0, 3), (1, 0, 1)]);
    assert_eq!(thousandths(stretches[1].lasting), 690);
    assert_eq!(thousandths(stretches[5].lasting), 448, "it stays where it was");
}

#[test]
fn who_is_not_observed_any_longer_at_the_time_of_an_event_was_at_risk_then() {
    // By hand: at 2, four are at risk and one ends: 3/4. At 3, two are at risk and one ends: 3/8.
    let curve = Curve::of(vec![ended(2), watched(2), ended(3), watched(5)]);
    let told: Vec<_> = curve.steps.iter().map(|it| (it.at_risk, it.lasting)).collect();
    assert_eq!(told, [(4, 0.75), (2, 0.375)]);
    // Greenwood by hand: 1/(4 x 3) + 1/(2 x 1) = 7/12.
    let error = 0.375 * (7.0_f64 / 12.0).sqrt();
    assert!((curve.steps[1].interval.1 - (0.375 + 1.959_963_984_540_054 * error)).abs() < 1e-12);
}

#[test]
fn a_share_that_is_met_exactly_is_met() {
    // 9/10 x 8/9 x … x 5/6 is a half, whatever floating-point numbers make of it.
    for many in 2..200_i64 {
        let curve = Curve::of((1..=2 * many).map(ended).collect());
        assert_eq!(curve.ended_by(0.5), Some(many), "{many}");
        let curve = Curve::of((1..=10 * many).map(ended).collect());
        assert_eq!(curve.ended_by(0.9), Some(9 * many), "{many}");
    }
}

#[test]
fn where_nobody_is_left_the_interval_does_not_pretend_to_know() {
    let curve = Curve::of(vec![ended(1), ended(2), ended(3)]);
    let last = curve.steps.last().unwrap();
    assert!(last.lasting.abs() < f64::EPSILON && last.interval.0.abs() < f64::EPSILON);
    assert!(last.interval.1 > 0.5, "{last:?}");
    assert_eq!((Curve::of(Vec::new()).longest_ms(), Curve::of(Vec::new()).ended_by(0.5)), (None, None));
    let nothing = Curve::of(vec![watched(3)]).stretch(0, 2);
    assert_eq!((nothing.at_risk, nothing.ended, nothing.censored), (1, 0, 0));
    assert!((nothing.lasting - 1.0).abs() < f64::EPSILON);
}
