//! The numbers of the Academic Credit Bank System at their boundaries.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

const GOOD: Class = Class { minutes: 45 * 50, attendance_permille: Some(800), grade_millipoints: Some(60_000) };

fn held(credits_milli: u32, institution_id: &'static str, group: &'static str, term: Term) -> Held<'static> {
    Held { credits_milli, institution_id, group, term }
}

fn term(year: i32, semester: u32) -> Term {
    Term { year, semester }
}

fn reasons(held: &[Held<'_>], new: Held<'_>, class: Class, degree: DegreeType) -> Vec<Reason> {
    problems(held, new, class, degree).into_iter().map(|it| it.0).collect()
}

/// Unix milliseconds of a time in Korea.
fn korea(day: i64, hour: i64) -> i64 {
    day * DAY_MS + (hour - 9) * 3_600_000
}

#[test]
fn a_day_belongs_to_its_semester_by_the_calendar_in_korea() {
    // Days since 1970 of 29 February and 1 March 2024, 31 August and 1 September, 28 February and 1 March 2025.
    for (day, expected) in [
        (19_782, term(2023, 2)),
        (19_783, term(2024, 1)),
        (19_966, term(2024, 1)),
        (19_967, term(2024, 2)),
        (20_088, term(2024, 2)),
        (20_089, term(2024, 2)),
        (20_147, term(2024, 2)),
        (20_148, term(2025, 1)),
    ] {
        assert_eq!(Term::at(korea(day, 0)), expected, "{day} begins");
        assert_eq!(Term::at(korea(day, 23)), expected, "{day} ends");
    }
    assert_eq!(Term::at(0), term(1969, 2));
}

#[test]
fn what_keeps_all_rules_counts() {
    let now = term(2026, 1);
    let new = held(3_000, "ou", "course~A", now);
    assert_eq!(reasons(&[], new, GOOD, DegreeType::Bachelor), []);
    let full = [held(21_000, "ku", "course~B", now), held(18_000, "ku", "course~C", term(2026, 2))];
    assert_eq!(reasons(&full, new, GOOD, DegreeType::Bachelor), [], "24 in the semester and 42 in the year");
}

#[test]
fn every_reason_is_told_in_the_order_of_the_rules() {
    let now = term(2026, 1);
    let before = [
        held(22_000, "ou", "course~A", now),
        held(18_000, "ou", "course~C", term(2026, 2)),
        held(65_001, "ou", "course~D", term(2020, 1)),
    ];
    let bad = Class { minutes: 45 * 50 - 1, attendance_permille: Some(799), grade_millipoints: Some(59_999) };
    let new = held(3_000, "ou", "course~A", now);
    let all = [
        Reason::AcbsSemesterCap,
        Reason::AcbsYearCap,
        Reason::AcbsAttendanceBelow80,
        Reason::AcbsGradeBelow60,
        Reason::AcbsHoursPerCredit,
        Reason::AcbsDuplicateCourse,
        Reason::AcbsInstitutionCap,
    ];
    assert_eq!(reasons(&before, new, bad, DegreeType::Bachelor), all);
    let unknown = Class { attendance_permille: None, grade_millipoints: None, ..GOOD };
    let new = held(3_000, "ku", "course~E", term(2027, 1));
    let missing = [Reason::AcbsAttendanceBelow80, Reason::AcbsGradeBelow60];
    assert_eq!(reasons(&before, new, unknown, DegreeType::Bachelor), missing);
}

#[test]
fn of_one_institution_no_more_counts_than_the_degree_allows() {
    let new = held(3_000, "ou", "course~A", term(2026, 1));
    for (degree, max) in
        [(DegreeType::Bachelor, 105_000), (DegreeType::Associate2y, 60_000), (DegreeType::Associate3y, 90_000)]
    {
        let fits = [held(max - 3_000, "ou", "course~Z", term(2020, 1))];
        assert_eq!(reasons(&fits, new, GOOD, degree), []);
        let over = [held(max - 2_999, "ou", "course~Z", term(2020, 1))];
        assert_eq!(reasons(&over, new, GOOD, degree), [Reason::AcbsInstitutionCap]);
        let elsewhere = [held(max - 2_999, "ku", "course~Z", term(2020, 1))];
        assert_eq!(reasons(&elsewhere, new, GOOD, degree), []);
    }
}

#[test]
fn an_audit_says_what_is_missing_row_by_row() {
    let of = |credits_milli, institution: &str, kind, is_accredited| Counted {
        credits_milli,
        institution_id: institution.to_owned(),
        kind,
        is_accredited,
    };
    let entries = [
        of(70_000, "ou", CreditKind::Major, true),
        of(10_000, "ku", CreditKind::LiberalArts, false),
        of(5_000, "ku", CreditKind::Unspecified, false),
    ];
    let missing = |degree, university: &str| -> Vec<(String, u64)> {
        audit(degree, university, &entries).into_iter().map(|it| (it.code, it.missing_milli)).collect()
    };
    let row = |code: &str, missing: u64| (code.to_owned(), missing);
    assert_eq!(
        missing(DegreeType::Bachelor, ""),
        [
            row("NEEDS_TOTAL", 55_000),
            row("NEEDS_MAJOR", 0),
            row("NEEDS_LIBERAL_ARTS", 20_000),
            row("NEEDS_ACCREDITED_18", 0)
        ]
    );
    // Of the 70 credits of one institution 60 count.
    assert_eq!(
        missing(DegreeType::Associate2y, "ku"),
        [
            row("NEEDS_TOTAL", 5_000),
            row("NEEDS_MAJOR", 0),
            row("NEEDS_LIBERAL_ARTS", 5_000),
            row("NEEDS_ACCREDITED_18", 0),
            row("NEEDS_AT_UNIVERSITY", 33_000)
        ]
    );
    assert_eq!(missing(DegreeType::Associate3y, "")[0], row("NEEDS_TOTAL", 35_000));
    assert_eq!(missing(DegreeType::Associate3y, "")[2], row("NEEDS_LIBERAL_ARTS", 11_000));
}
