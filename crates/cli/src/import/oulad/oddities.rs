//! What is odd about the data set, how often, and by which rule the import handles it.

use serde::Serialize;

/// How many places are named for each oddity.
const EXAMPLES_MAX: usize = 3;

/// Declares the oddities: what it is, and the rule for it.
macro_rules! oddities {
    ($($name:ident: $what:literal => $rule:literal;)*) => {
        /// One sort of oddity.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Oddity {
            $(#[doc = $what] $name,)*
        }

        impl Oddity {
            /// All of them, in the order of the report.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is.
            pub fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// How the import handles it.
            pub fn rule(self) -> &'static str {
                match self { $(Self::$name => $rule,)* }
            }
        }
    };
}

oddities! {
    RegistrationWithoutDate: "registration without a date"
        => "enrolled on the day of the first thing known of the student there, at the latest on the first day";
    RegistrationMissing: "final result without a registration"
        => "enrolled as if registered without a date";
    RegistrationAfterStart: "registration after the first day"
        => "as dated; the run's enrolment window spans all registrations of the files";
    RegistrationTwice: "second registration of a student in a presentation"
        => "left out: the first row counts";
    UnregisteredSameDay: "unregistered on the day of registration"
        => "as dated: enrolled, then withdrawn";
    UnregisteredBeforeStart: "unregistered before the first day"
        => "as dated: enrolled, then withdrawn";
    UnregisteredAfterEnd: "unregistered after the last day"
        => "as dated";
    UnregisteredBeforeRegistration: "unregistered before being registered"
        => "withdrawn on the day of registration";
    WithdrawnWithoutDate: "Withdrawn without a date of unregistration"
        => "withdrawn on the last day, or on that of the last result if later";
    UnregisteredNotWithdrawn: "unregistered, but the final result is not Withdrawn"
        => "withdrawn on that day, reinstated and concluded with the final result at the end";
    OutcomeMissing: "registration without a final result"
        => "enrolled, and active unless unregistered";
    OutcomeTwice: "second final result of a student in a presentation"
        => "left out: the first row counts";
    OutcomeUndated: "final result without a date and a grade (the files have neither)"
        => "dated on the last day, or on that of the last result if later; recorded without a grade";
    OutcomeWithoutResults: "Pass or Distinction without a single result"
        => "recorded all the same, with the reason that the registry says so";
    ResultAfterUnregistration: "result handed in after unregistration"
        => "recorded on its day, with the reason that the enrolment was not active any more";
    ResultOnUnregistrationDay: "result handed in on the day of unregistration"
        => "recorded before the withdrawal";
    ResultBeforeRegistration: "result dated before the registration"
        => "recorded on the day of registration, with its own date as the date of submission";
    ResultBeforeStart: "result dated before the first day (banked ones all are)"
        => "as dated";
    ResultAfterEnd: "result handed in after the last day"
        => "as dated";
    ResultAfterDue: "result handed in after the assessment was due"
        => "as dated";
    ResultBanked: "banked result, carried over from an earlier presentation"
        => "recorded as banked";
    ResultWithoutScore: "result without a score"
        => "recorded without a score";
    ResultOfNoWeight: "result of an assessment that weighs nothing"
        => "recorded with weight 0";
    ResultWithoutRegistration: "result of a student who is not registered in its presentation"
        => "left out: there is no enrolment that it could belong to";
    ResultTwice: "second result of a student in an assessment"
        => "left out: the first row counts";
    ExamWithoutDate: "exam without a date"
        => "due on the last day";
    AssessmentWithoutDate: "assessment, not an exam, without a date"
        => "due on the last day";
    AssessmentWithoutResults: "assessment without a single result"
        => "part of the run all the same";
    WeightsNotHundred: "presentation whose weights do not sum to 100 % (usually 100 % of coursework beside 100 % of exam)"
        => "weights as in the files; the run has no rule that could decide, so the registry's final results are recorded with that reason";
    SeveralPresentations: "student in more than one presentation"
        => "one learner with several enrolments";
    RegionMissing: "student without a region"
        => "member of no campus: enrolled by staff";
    RegionsSeveral: "student with rows of several regions"
        => "the campus of the first row: member there, with one seat";
}

/// Counts of oddities with examples.
#[derive(Debug)]
pub struct Oddities(Vec<Found>);

/// One sort of oddity as it was found.
#[derive(Debug, Clone, Default)]
struct Found {
    count: u64,
    examples: Vec<String>,
}

/// One oddity as the report has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What it is.
    pub what: &'static str,
    /// How often it was found.
    pub count: u64,
    /// How it was handled.
    pub rule: &'static str,
    /// Where, for example.
    pub examples: Vec<String>,
}

impl Default for Oddities {
    fn default() -> Self {
        Self(vec![Found::default(); Oddity::ALL.len()])
    }
}

impl Oddities {
    /// Counts one; `place` says where, and is asked for the first few only.
    pub fn note(&mut self, oddity: Oddity, place: impl FnOnce() -> String) {
        let found = &mut self.0[oddity as usize];
        found.count += 1;
        if found.examples.len() < EXAMPLES_MAX {
            found.examples.push(place());
        }
    }

    /// How often it was found.
    #[cfg(test)]
    pub fn count(&self, oddity: Oddity) -> u64 {
        self.0[oddity as usize].count
    }

    /// Those that were found at all.
    pub fn lines(&self) -> Vec<Line> {
        let all = Oddity::ALL.iter().zip(&self.0).filter(|(_, found)| found.count > 0);
        all.map(|(it, found)| Line {
            what: it.what(),
            count: found.count,
            rule: it.rule(),
            examples: found.examples.clone(),
        })
        .collect()
    }
}
