//! Whether an assessment scheme can decide: what its weights and shares have to sum to.

use std::collections::BTreeSet;
use studium_kit::{Reason as _, Rejection};
use studium_proto::catalogue::v1::{AssessmentPart, AssessmentSchemeSet, Reason};

/// 100 %, in thousandths of a percent.
pub(super) const WHOLE: u32 = 100_000;

/// Refuses a scheme with a pass mark that could not decide, and any with an assessment twice.
///
/// A scheme without a pass mark only records, so its weights may sum to anything: the Open University's own register
/// has presentations with two examinations of 100 % each, and some without any weight on the coursework.
pub(super) fn check(scheme: &AssessmentSchemeSet) -> Result<(), Rejection<Reason>> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = scheme.assessments.iter().find(|it| !seen.insert(it.assessment_id.as_str())) {
        return Reason::AssessmentTwice.because(format!("`{}` is in the scheme twice", twice.assessment_id));
    }
    let share = scheme.coursework_share_millipoints;
    if scheme.pass_mark_millipoints == 0 {
        return if share == 0 && scheme.distinction_mark_millipoints == 0 {
            Ok(())
        } else {
            Reason::WeightsInvalid.because("a scheme without a pass mark has neither a share nor a distinction mark")
        };
    }
    let [coursework, exam] = [AssessmentPart::Coursework, AssessmentPart::Exam].map(|part| sum(scheme, part));
    for (sum, name) in [(coursework, "coursework"), (exam, "examination")] {
        if sum != 0 && sum != u64::from(WHOLE) {
            let percent = sum as f64 / 1000.0;
            return Reason::WeightsInvalid
                .because(format!("the weights of the {name} sum to {percent} %, not to 0 or 100 %"));
        }
    }
    let fits = match (coursework, exam) {
        (0, 0) => return Reason::WeightsInvalid.because("nothing in the scheme has weight"),
        (0, _) => share == 0,
        (_, 0) => share == WHOLE,
        _ => (1..WHOLE).contains(&share),
    };
    if !fits {
        return Reason::WeightsInvalid.because(
            "the coursework's share is 0 without coursework, 100 % without an examination, and between them with both",
        );
    }
    let distinction = scheme.distinction_mark_millipoints;
    if scheme.pass_mark_millipoints > WHOLE
        || (distinction != 0 && !(scheme.pass_mark_millipoints..=WHOLE).contains(&distinction))
    {
        return Reason::WeightsInvalid.because("marks are at most 100 %, and a distinction is not below a pass");
    }
    Ok(())
}

fn sum(scheme: &AssessmentSchemeSet, part: AssessmentPart) -> u64 {
    scheme.assessments.iter().filter(|it| it.part() == part).map(|it| u64::from(it.weight_millipoints)).sum()
}
