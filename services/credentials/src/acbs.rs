//! Korea's Academic Credit Bank System: when a credential counts, and what a degree demands.
//!
//! Numbers are those of the National Institute for Lifelong Education: standard curriculum and recognition of credits
//! under the Act on Recognition of Credits.

use studium_proto::credentials::v1::{AuditRow, CreditKind, DegreeType, Reason};

/// Most credits of one semester, thousandths.
const SEMESTER_MILLI_MAX: u64 = 24_000;

/// Most credits of one academic year, thousandths.
const YEAR_MILLI_MAX: u64 = 42_000;

/// Least attendance, thousandths.
const ATTENDANCE_PERMILLE_MIN: u32 = 800;

/// Least mark, thousandths of 100 points.
const GRADE_MILLIPOINTS_MIN: u32 = 60_000;

/// Class hours of a credit, and minutes of a class hour.
const HOURS_PER_CREDIT: u64 = 15;
const MINUTES_PER_HOUR: u64 = 50;

/// Korea has had UTC+9 without summer time since 1988; dates before are of no matter here.
const KOREA_MS: i64 = 9 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A semester of an academic year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Term {
    /// The year in which it began, on 1 March.
    pub year: i32,
    /// 1 from March to August, 2 from September to the end of February.
    pub semester: u32,
}

impl Term {
    /// The term of a time, Unix milliseconds, by the calendar in Korea.
    pub fn at(ms: i64) -> Self {
        let (year, month) = year_and_month((ms + KOREA_MS).div_euclid(DAY_MS));
        match month {
            1 | 2 => Self { year: year - 1, semester: 2 },
            3..=8 => Self { year, semester: 1 },
            _ => Self { year, semester: 2 },
        }
    }
}

/// Year and month of a day, counted from 1 January 1970, in the Gregorian calendar.
/// Years begin in March here, so that the leap day is a year's last: 400 of them are 146,097 days.
fn year_and_month(day: i64) -> (i32, u32) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (i32::try_from(era * 400 + year).unwrap_or_default(), u32::try_from(month).unwrap_or_default())
}

/// What an account holds already, one entry.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// Thousandths of a credit.
    pub credits_milli: u32,
    /// Who issued or recognised it.
    pub institution_id: &'a str,
    /// Subjects with one name here are the same; empty for what was recognised.
    pub group: &'a str,
    /// When it counts.
    pub term: Term,
}

/// What the class of a credential was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Class {
    /// Taught minutes.
    pub minutes: u32,
    /// Attendance, thousandths; none if nobody noted it.
    pub attendance_permille: Option<u32>,
    /// Mark, thousandths of 100 points; none if there is none.
    pub grade_millipoints: Option<u32>,
}

/// All that stands against counting `new`, in the order of the rules.
pub fn problems(held: &[Held<'_>], new: Held<'_>, class: Class, degree: DegreeType) -> Vec<(Reason, String)> {
    let mut found = Vec::new();
    let mut no = |reason: Reason, detail: String| found.push((reason, detail));
    let add = u64::from(new.credits_milli);
    let sum = |counts: &dyn Fn(&Held<'_>) -> bool| -> u64 {
        held.iter().filter(|it| counts(it)).map(|it| u64::from(it.credits_milli)).sum()
    };
    let over = |have: u64, max: u64, of: &str| {
        (have + add > max)
            .then(|| format!("{} and {} more, at most {} {of}", credits(have), credits(add), credits(max)))
    };
    let of_semester = sum(&|it| it.term == new.term);
    if let Some(why) = over(of_semester, SEMESTER_MILLI_MAX, "a semester") {
        no(Reason::AcbsSemesterCap, why);
    }
    if let Some(why) = over(sum(&|it| it.term.year == new.term.year), YEAR_MILLI_MAX, "a year") {
        no(Reason::AcbsYearCap, why);
    }
    match class.attendance_permille {
        Some(it) if it >= ATTENDANCE_PERMILLE_MIN => {}
        Some(it) => no(Reason::AcbsAttendanceBelow80, format!("{}.{} of 100 attended", it / 10, it % 10)),
        None => no(Reason::AcbsAttendanceBelow80, "no attendance was noted".to_owned()),
    }
    match class.grade_millipoints {
        Some(it) if it >= GRADE_MILLIPOINTS_MIN => {}
        Some(it) => no(Reason::AcbsGradeBelow60, format!("{} of 100 points", credits(it.into()))),
        None => no(Reason::AcbsGradeBelow60, "there is no mark".to_owned()),
    }
    if add * HOURS_PER_CREDIT * MINUTES_PER_HOUR > u64::from(class.minutes) * 1_000 {
        let hours = u64::from(class.minutes) / MINUTES_PER_HOUR;
        let why = format!("{hours} class hours for {} credits, {HOURS_PER_CREDIT} for each", credits(add));
        no(Reason::AcbsHoursPerCredit, why);
    }
    if !new.group.is_empty() && held.iter().any(|it| it.group == new.group) {
        no(Reason::AcbsDuplicateCourse, format!("`{}` counts already", new.group));
    }
    let of_institution = sum(&|it| it.institution_id == new.institution_id);
    if let Some(why) = over(of_institution, demands(degree).institution_max, "of one institution") {
        no(Reason::AcbsInstitutionCap, why);
    }
    found
}

/// Thousandths as people write them.
pub fn credits(milli: u64) -> String {
    let (whole, part) = (milli / 1_000, milli % 1_000);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}").trim_end_matches('0').to_owned() }
}

/// What a degree demands, thousandths of credits.
struct Demands {
    total: u64,
    major: u64,
    liberal_arts: u64,
    /// From accredited courses or part-time enrolment.
    accredited: u64,
    /// Most of one institution.
    institution_max: u64,
    /// Least at the university whose president confers the degree.
    at_university: u64,
}

fn demands(degree: DegreeType) -> Demands {
    let of = |[total, major, liberal_arts, institution_max, at_university]: [u64; 5]| Demands {
        total: total * 1_000,
        major: major * 1_000,
        liberal_arts: liberal_arts * 1_000,
        accredited: 18_000,
        institution_max: institution_max * 1_000,
        at_university: at_university * 1_000,
    };
    match degree {
        DegreeType::Unspecified | DegreeType::Bachelor => of([140, 60, 30, 105, 84]),
        DegreeType::Associate2y => of([80, 45, 15, 60, 48]),
        DegreeType::Associate3y => of([120, 54, 21, 90, 65]),
    }
}

/// One entry as an audit counts it.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Thousandths of a credit.
    pub credits_milli: u32,
    /// Who issued or recognised it.
    pub institution_id: String,
    /// As what.
    pub kind: CreditKind,
    /// From an accredited course.
    pub is_accredited: bool,
}

/// What is missing for a degree, row by row. Of one institution no more counts than its limit.
pub fn audit(degree: DegreeType, university_id: &str, entries: &[Counted]) -> Vec<AuditRow> {
    let demands = demands(degree);
    let sum = |counts: &dyn Fn(&Counted) -> bool| -> u64 {
        let mut by_institution = std::collections::BTreeMap::<&str, u64>::new();
        for it in entries.iter().filter(|it| counts(it)) {
            *by_institution.entry(&it.institution_id).or_default() += u64::from(it.credits_milli);
        }
        by_institution.values().map(|it| (*it).min(demands.institution_max)).sum()
    };
    let row = |code: &str, need_milli: u64, have_milli: u64| AuditRow {
        code: code.to_owned(),
        need_milli,
        have_milli,
        missing_milli: need_milli.saturating_sub(have_milli),
    };
    let mut rows = vec![
        row("NEEDS_TOTAL", demands.total, sum(&|_| true)),
        row("NEEDS_MAJOR", demands.major, sum(&|it| it.kind == CreditKind::Major)),
        row("NEEDS_LIBERAL_ARTS", demands.liberal_arts, sum(&|it| it.kind == CreditKind::LiberalArts)),
        row("NEEDS_ACCREDITED_18", demands.accredited, sum(&|it| it.is_accredited)),
    ];
    if !university_id.is_empty() {
        let have = sum(&|it| it.institution_id == university_id);
        rows.push(row("NEEDS_AT_UNIVERSITY", demands.at_university, have));
    }
    rows
}

#[cfg(test)]
mod tests;
