//! Windows of the clock on the wall, above all on the days on which clocks change.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use jiff::civil::DateTime;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, prop_oneof},
    test_runner::TestRunner,
};
use studium_proto::mentorship::v1::DayWindow;
use studium_testkit::laws;

fn instant(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn minute(text: &str) -> u32 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<u32>().unwrap() * 60 + minutes.parse::<u32>().unwrap()
}

/// Open only on one day, from one time on its clocks to another.
fn only_on(zone: &str, date: &str, from: &str, until: &str) -> Availability {
    let windows = vec![DayWindow { from_minute: minute(from), until_minute: minute(until) }];
    let exception = AvailabilityExceptionSet { date: date.into(), away: true, windows };
    let exceptions = [(day_number(date).unwrap(), exception)].into();
    Availability { time_zone: zone.into(), weekly: Vec::new(), exceptions }
}

fn around(date: &str) -> Span {
    let midnight = day_number(date).unwrap() * DAY_MS;
    (midnight - 2 * DAY_MS, midnight + 3 * DAY_MS)
}

#[test]
fn windows_follow_the_clock_on_the_wall_when_it_changes() {
    // Zone, day, window, and what is open in UTC.
    type Case = (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);
    const CASES: &[Case] = &[
        // Lisbon goes from 01:00 to 02:00 on 29 March, and from 02:00 back to 01:00 on 25 October.
        ("Europe/Lisbon", "2026-03-28", "18:00", "20:00", &[("2026-03-28T18:00Z", "2026-03-28T20:00Z")]),
        ("Europe/Lisbon", "2026-03-29", "18:00", "20:00", &[("2026-03-29T17:00Z", "2026-03-29T19:00Z")]),
        ("Europe/Lisbon", "2026-03-29", "01:00", "02:00", &[]),
        ("Europe/Lisbon", "2026-03-29", "01:30", "02:30", &[("2026-03-29T01:00Z", "2026-03-29T01:30Z")]),
        ("Europe/Lisbon", "2026-03-29", "00:30", "01:30", &[("2026-03-29T00:30Z", "2026-03-29T01:00Z")]),
        ("Europe/Lisbon", "2026-03-29", "00:00", "24:00", &[("2026-03-29T00:00Z", "2026-03-29T23:00Z")]),
        ("Europe/Lisbon", "2026-10-25", "01:00", "02:00", &[("2026-10-25T00:00Z", "2026-10-25T02:00Z")]),
        (
            "Europe/Lisbon",
            "2026-10-25",
            "01:30",
            "02:30",
            &[("2026-10-25T00:30Z", "2026-10-25T01:00Z"), ("2026-10-25T01:30Z", "2026-10-25T02:30Z")],
        ),
        ("Europe/Lisbon", "2026-10-25", "00:00", "24:00", &[("2026-10-24T23:00Z", "2026-10-26T00:00Z")]),
        // New York goes from 02:00 to 03:00 on 8 March, and from 02:00 back to 01:00 on 1 November.
        ("America/New_York", "2026-03-07", "18:00", "20:00", &[("2026-03-07T23:00Z", "2026-03-08T01:00Z")]),
        ("America/New_York", "2026-03-08", "18:00", "20:00", &[("2026-03-08T22:00Z", "2026-03-09T00:00Z")]),
        ("America/New_York", "2026-03-08", "02:00", "03:00", &[]),
        ("America/New_York", "2026-11-01", "01:00", "02:00", &[("2026-11-01T05:00Z", "2026-11-01T07:00Z")]),
        ("America/New_York", "2026-11-01", "00:00", "24:00", &[("2026-11-01T04:00Z", "2026-11-02T05:00Z")]),
        // Lord Howe goes from 02:00 to 02:30 on 4 October, and from 02:00 back to 01:30 on 5 April.
        ("Australia/Lord_Howe", "2026-10-04", "01:00", "03:00", &[("2026-10-03T14:30Z", "2026-10-03T16:00Z")]),
        ("Australia/Lord_Howe", "2026-10-04", "02:00", "02:30", &[]),
        ("Australia/Lord_Howe", "2026-04-05", "01:30", "02:00", &[("2026-04-04T14:30Z", "2026-04-04T15:30Z")]),
        ("Australia/Lord_Howe", "2026-04-05", "00:00", "24:00", &[("2026-04-04T13:00Z", "2026-04-05T13:30Z")]),
        // In Kolkata the clocks never change.
        ("Asia/Kolkata", "2026-03-29", "01:00", "02:00", &[("2026-03-28T19:30Z", "2026-03-28T20:30Z")]),
        ("Asia/Kolkata", "2026-10-25", "00:00", "24:00", &[("2026-10-24T18:30Z", "2026-10-25T18:30Z")]),
    ];
    for (zone, date, from, until, expected) in CASES {
        let open = only_on(zone, date, from, until).open(around(date));
        let expected: Vec<_> = expected.iter().map(|(from, until)| (instant(from), instant(until))).collect();
        assert_eq!(open, expected, "{zone} on {date} from {from} to {until}");
    }
}

#[test]
fn a_session_lies_within_what_is_open() {
    let tuesday = WeeklyWindow { weekday: 2, from_minute: minute("18:00"), until_minute: minute("20:00") };
    let availability =
        Availability { time_zone: "Europe/Lisbon".into(), weekly: vec![tuesday], ..Availability::default() };
    let covers = |from: &str, until: &str| availability.covers((instant(from), instant(until)));
    // The same time on the wall, before and after the clocks went forward.
    assert!(covers("2026-03-24T18:00Z", "2026-03-24T20:00Z"));
    assert!(covers("2026-03-31T17:00Z", "2026-03-31T19:00Z"));
    assert!(!covers("2026-03-31T18:00Z", "2026-03-31T20:00Z"));
    // Half-open: it may end when the window ends, and has to last.
    assert!(covers("2026-03-24T19:59Z", "2026-03-24T20:00Z"));
    assert!(!covers("2026-03-24T19:59Z", "2026-03-24T20:01Z"));
    assert!(!covers("2026-03-24T17:59Z", "2026-03-24T18:30Z"));
    assert!(!covers("2026-03-24T19:00Z", "2026-03-24T19:00Z"));
    // Another day, no zone, a zone that nobody knows, and the end of time.
    assert!(!covers("2026-03-25T18:00Z", "2026-03-25T20:00Z"));
    assert!(!Availability::default().covers((0, 1)));
    assert!(!Availability { time_zone: "Atlantis/Middle".into(), ..availability.clone() }.covers((0, 1)));
    assert!(!availability.covers((i64::MAX - 1, i64::MAX)) && !availability.covers((i64::MIN, i64::MIN + 1)));
}

#[test]
fn windows_that_touch_are_one_also_over_midnight() {
    let window = |weekday, from: &str, until: &str| WeeklyWindow {
        weekday,
        from_minute: minute(from),
        until_minute: minute(until),
    };
    let weekly = vec![window(1, "22:00", "24:00"), window(2, "00:00", "01:00"), window(2, "00:30", "02:00")];
    let availability = Availability { time_zone: "Asia/Kolkata".into(), weekly, ..Availability::default() };
    // 5 January 2026 is a Monday.
    let expected = [(instant("2026-01-05T16:30Z"), instant("2026-01-05T20:30Z"))];
    assert_eq!(availability.open(around("2026-01-05")), expected);
    assert!(availability.covers((instant("2026-01-05T18:00Z"), instant("2026-01-05T19:00Z"))));
}

#[test]
fn days_and_windows_are_well_formed_or_not() {
    assert_eq!(
        [day_number("1970-01-01"), day_number("1969-12-31"), day_number("2026-03-29")].map(Option::unwrap),
        [0, -1, 20_541]
    );
    for bad in ["", "2026-3-29", "2026-02-29", "20260329", "2026-03-29T00:00", "+002026-03-29", " 2026-03-29"] {
        assert_eq!(day_number(bad), None, "{bad}");
    }
    assert!(is_window(0, 1_440) && is_window(1_439, 1_440));
    assert!(!is_window(0, 1_441) && !is_window(600, 600) && !is_window(1_320, 120));
    assert!(is_zone("Europe/Lisbon") && !is_zone("") && !is_zone("Europe/Atlantis"));
    let shown = on_the_wall(instant("2026-03-31T17:00Z"), "Europe/Lisbon");
    assert_eq!(shown, "2026-03-31T18:00:00+01:00[Europe/Lisbon]");
}

/// Whether the clock on the wall shows a time in a window at an instant, worked out minute by minute.
fn is_shown(availability: &Availability, at_ms: i64) -> bool {
    let zone = TimeZone::get(&availability.time_zone).unwrap();
    let clock: DateTime = zone.to_datetime(Timestamp::from_millisecond(at_ms).unwrap());
    let minute = u32::try_from(clock.hour()).unwrap() * 60 + u32::try_from(clock.minute()).unwrap();
    let exception = availability.exceptions.values().find(|it| it.date == clock.date().to_string());
    let weekday = u32::try_from(clock.weekday().to_monday_one_offset()).unwrap();
    let weekly = availability.weekly.iter().filter(|it| it.weekday == weekday && exception.is_none_or(|it| !it.away));
    let more = exception.into_iter().flat_map(|it| &it.windows).map(|it| (it.from_minute, it.until_minute));
    let mut all = weekly.map(|it| (it.from_minute, it.until_minute)).chain(more);
    all.any(|(from, until)| (from..until).contains(&minute))
}

#[test]
fn an_instant_is_open_exactly_if_the_clock_shows_a_time_in_a_window() {
    let window = || (0_u32..96, 1_u32..20).prop_map(|(from, length)| (from * 15, (from + length).min(96) * 15));
    let zone_and_date = prop_oneof![
        Just(("Europe/Lisbon", "2026-03-29")),
        Just(("Europe/Lisbon", "2026-10-25")),
        Just(("America/New_York", "2026-03-08")),
        Just(("America/New_York", "2026-11-01")),
        Just(("Australia/Lord_Howe", "2026-04-05")),
        Just(("Australia/Lord_Howe", "2026-10-04")),
        // The clocks change at midnight, and once a whole day was left out.
        Just(("Africa/Cairo", "2026-04-24")),
        Just(("Pacific/Apia", "2011-12-30")),
        Just(("Asia/Kolkata", "2026-03-29")),
    ];
    let weekly = vec((1_u32..8, window()), 0..8);
    let any = (zone_and_date, weekly, vec(window(), 0..3), proptest::bool::ANY);
    let outcome = TestRunner::new(laws::config_with(60)).run(&any, |((zone, date), weekly, day, away)| {
        let weekly = weekly.into_iter();
        let weekly =
            weekly.map(|(weekday, (from_minute, until_minute))| WeeklyWindow { weekday, from_minute, until_minute });
        let windows =
            day.into_iter().map(|(from_minute, until_minute)| DayWindow { from_minute, until_minute }).collect();
        let exception = AvailabilityExceptionSet { date: date.into(), away, windows };
        let exceptions = [(day_number(date).unwrap(), exception)].into();
        let availability = Availability { time_zone: zone.into(), weekly: weekly.collect(), exceptions };
        let within = around(date);
        let open = availability.open(within);
        assert!(open.windows(2).all(|it| it[0].1 < it[1].0), "{open:?} touch");
        for at in (within.0..within.1).step_by(5 * MINUTE_MS as usize) {
            let is_open = open.iter().any(|it| (it.0..it.1).contains(&at));
            let clock = on_the_wall(at, zone);
            proptest::prop_assert_eq!(is_open, is_shown(&availability, at), "{} in {:?}", clock, &availability);
        }
        Ok(())
    });
    outcome.unwrap();
}
