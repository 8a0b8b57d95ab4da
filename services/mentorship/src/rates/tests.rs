//! Intervals beside those that were published with the methods.

use super::{Share, difference, millipoints, signed_millipoints};

fn share(some: u64, all: u64) -> Share {
    Share { all, some }
}

/// Ten-thousandths, as the papers print them.
fn printed(value: f64) -> i32 {
    (value * 10_000.0).round() as i32
}

#[test]
fn one_share_has_the_interval_of_the_paper() {
    // Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    for ((some, all), expected) in
        [((81, 263), (2_553, 3_662)), ((15, 148), (624, 1_605)), ((0, 20), (0, 1_611)), ((1, 29), (61, 1_718))]
    {
        let (low, high) = share(some, all).wilson();
        assert_eq!((printed(low), printed(high)), expected, "{some} of {all}");
    }
    assert_eq!(share(0, 0).wilson(), (0.0, 1.0), "nobody says nothing");
    let ((low, _), (_, high)) = (share(0, 7).wilson(), share(7, 7).wilson());
    assert_eq!((signed_millipoints(low), millipoints(high)), (0, 100_000));
}

#[test]
fn two_shares_differ_by_the_interval_of_the_paper() {
    // Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10.
    for (first, second, expected) in [
        (share(56, 70), share(48, 80), (524, 3_339)),
        (share(9, 10), share(3, 10), (1_705, 8_090)),
        (share(6, 7), share(2, 7), (582, 8_062)),
        (share(5, 56), share(0, 29), (-381, 1_926)),
        (share(0, 10), share(0, 20), (-1_611, 2_775)),
        (share(0, 10), share(0, 10), (-2_775, 2_775)),
        (share(10, 10), share(0, 20), (6_791, 10_000)),
        (share(10, 10), share(0, 10), (6_075, 10_000)),
    ] {
        let (_, low, high) = difference(first, second);
        assert_eq!((printed(low), printed(high)), expected, "{first:?} less {second:?}");
    }
    assert_eq!(signed_millipoints(difference(share(1, 4), share(1, 2)).0), -25_000);
}

#[test]
fn a_share_is_counted_in_whole_numbers() {
    assert_eq!(share(1, 3).millipoints(), 33_333);
    assert_eq!(share(2, 3).millipoints(), 66_667);
    assert_eq!(share(1, 200_000).millipoints(), 1, "half a thousandth goes up");
    assert_eq!(share(1, 200_001).millipoints(), 0);
    assert_eq!((share(0, 0).millipoints(), share(5, 5).millipoints()), (0, 100_000));
}
