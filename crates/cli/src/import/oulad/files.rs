//! The five tables of the Open University data set, read into memory with their line numbers.

use crate::import::rows::{Row, Table, Unreadable, find};
use anyhow::Result;
use jiff::{civil::date, tz::TimeZone};
use std::{collections::HashMap, path::Path};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Days from the start of a presentation, the data's own calendar.
pub type Day = i32;

/// One presentation of a module: a course run.
#[derive(Debug, Clone)]
pub struct Run {
    /// `AAA-2013J`.
    pub id: String,
    /// `AAA`.
    pub module: String,
    /// `2013J`.
    pub presentation: String,
    /// First day, midnight UTC.
    pub starts_at_ms: i64,
    /// Its last day.
    pub length: Day,
}

impl Run {
    /// Midnight UTC of one of its days.
    pub fn at_ms(&self, day: Day) -> i64 {
        self.starts_at_ms + i64::from(day) * DAY_MS
    }

    /// When its last day is over.
    pub fn ends_at_ms(&self) -> i64 {
        self.at_ms(self.length) + DAY_MS
    }
}

/// One assessment of a run.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The data's own number for it.
    pub id: String,
    /// Index of its run.
    pub run: u16,
    /// `TMA`, `CMA` or `Exam`.
    pub kind: String,
    /// When it is due, if the data says so.
    pub due: Option<Day>,
    /// Thousandths of a percent.
    pub weight_millipoints: u32,
    /// Line in assessments.csv.
    pub line: u32,
}

/// How a student's presentation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinalResult {
    /// Passed.
    Pass,
    /// Passed with distinction.
    Distinction,
    /// Did not pass.
    Fail,
    /// Left before the end.
    Withdrawn,
}

impl FinalResult {
    /// The data's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Distinction => "Distinction",
            Self::Fail => "Fail",
            Self::Withdrawn => "Withdrawn",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        [Self::Pass, Self::Distinction, Self::Fail, Self::Withdrawn]
            .into_iter()
            .find(|it| it.name() == text)
            .ok_or_else(|| format!("final_result is `{text}`, which is none of Pass, Distinction, Fail, Withdrawn"))
    }
}

/// A row of studentInfo.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// Number of the student.
    pub student: u64,
    /// Index of the run.
    pub run: u16,
    /// How it ended.
    pub result: FinalResult,
    /// Line in the file.
    pub line: u32,
}

/// A row of studentRegistration.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    /// Number of the student.
    pub student: u64,
    /// Index of the run.
    pub run: u16,
    /// Day of registration.
    pub registered: Option<Day>,
    /// Day of unregistration.
    pub unregistered: Option<Day>,
    /// Line in the file.
    pub line: u32,
}

/// A row of studentAssessment.
#[derive(Debug, Clone, Copy)]
pub struct Submission {
    /// Number of the student.
    pub student: u64,
    /// Index of the assessment.
    pub assessment: u16,
    /// Day on which the work was handed in.
    pub day: Day,
    /// Carried over from an earlier presentation.
    pub banked: bool,
    /// Thousandths of a percent.
    pub score_millipoints: Option<u32>,
    /// Line in the file.
    pub line: u32,
}

/// The data set.
#[derive(Debug, Default)]
pub struct Files {
    /// Presentations.
    pub runs: Vec<Run>,
    /// Assessments.
    pub assessments: Vec<Assessment>,
    /// Final results.
    pub infos: Vec<Info>,
    /// Registrations.
    pub registrations: Vec<Registration>,
    /// Results.
    pub submissions: Vec<Submission>,
    /// Rows that could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// What rows are looked up by while the tables are read.
#[derive(Default)]
struct Known {
    runs: HashMap<String, HashMap<String, u16>>,
    assessments: HashMap<String, u16>,
}

impl Known {
    /// The run that the first two columns name.
    fn run(&self, row: &Row<'_>) -> Result<u16, String> {
        let (module, presentation) = (row.required(0, "code_module")?, row.required(1, "code_presentation")?);
        let found = self.runs.get(module).and_then(|it| it.get(presentation));
        found.copied().ok_or_else(|| format!("courses.csv has no presentation {module}-{presentation}"))
    }
}

impl Files {
    /// Reads the directory of the data set.
    ///
    /// # Errors
    /// When a table is missing or is not what it should be; single rows are only noted.
    pub fn read(dir: &Path) -> Result<Self> {
        let (mut files, mut known) = (Self::default(), Known::default());
        files.read_runs(dir, &mut known)?;
        files.read_assessments(dir, &mut known)?;
        files.read_infos(dir, &known)?;
        files.read_registrations(dir, &known)?;
        files.read_submissions(dir, &known)?;
        Ok(files)
    }

    fn read_runs(&mut self, dir: &Path, known: &mut Known) -> Result<()> {
        let columns = ["code_module", "code_presentation", "module_presentation_length"];
        Table::open(&find(dir, "courses")?, &columns)?.each(&mut self.unreadable, |row| {
            let (module, presentation) = (row.required(0, "code_module")?, row.required(1, "code_presentation")?);
            if !is_id(module) {
                return Err(format!("code_module is `{module}`; only letters, digits, - and _ can be in an id"));
            }
            let length = row.number(2, "module_presentation_length")?;
            let starts_at_ms = start_of(presentation)?;
            let index = u16::try_from(self.runs.len()).map_err(|_| "too many presentations".to_owned())?;
            let of_module = known.runs.entry(module.to_owned()).or_default();
            if of_module.contains_key(presentation) {
                return Err(format!("{module}-{presentation} is there twice; the first one counts"));
            }
            of_module.insert(presentation.to_owned(), index);
            let (module, presentation) = (module.to_owned(), presentation.to_owned());
            self.runs.push(Run { id: format!("{module}-{presentation}"), module, presentation, starts_at_ms, length });
            Ok(())
        })
    }

    fn read_assessments(&mut self, dir: &Path, known: &mut Known) -> Result<()> {
        let columns = ["code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"];
        Table::open(&find(dir, "assessments")?, &columns)?.each(&mut self.unreadable, |row| {
            let id = row.required(2, "id_assessment")?;
            if !is_id(id) {
                return Err(format!("id_assessment is `{id}`; only letters, digits, - and _ can be in an id"));
            }
            let it = Assessment {
                id: id.to_owned(),
                run: known.run(row)?,
                kind: row.required(3, "assessment_type")?.to_owned(),
                due: row.optional(4, "date")?,
                weight_millipoints: millipoints(row.number(5, "weight")?, "weight")?,
                line: row.line as u32,
            };
            if known.assessments.contains_key(id) {
                return Err(format!("assessment {id} is there twice; the first one counts"));
            }
            let index = u16::try_from(self.assessments.len()).map_err(|_| "too many assessments".to_owned())?;
            known.assessments.insert(id.to_owned(), index);
            self.assessments.push(it);
            Ok(())
        })
    }

    fn read_infos(&mut self, dir: &Path, known: &Known) -> Result<()> {
        let columns = ["code_module", "code_presentation", "id_student", "final_result"];
        Table::open(&find(dir, "studentInfo")?, &columns)?.each(&mut self.unreadable, |row| {
            let (run, student) = (known.run(row)?, row.number(2, "id_student")?);
            let result = FinalResult::parse(row.required(3, "final_result")?)?;
            self.infos.push(Info { student, run, result, line: row.line as u32 });
            Ok(())
        })
    }

    fn read_registrations(&mut self, dir: &Path, known: &Known) -> Result<()> {
        let columns = ["code_module", "code_presentation", "id_student", "date_registration", "date_unregistration"];
        Table::open(&find(dir, "studentRegistration")?, &columns)?.each(&mut self.unreadable, |row| {
            let (run, student) = (known.run(row)?, row.number(2, "id_student")?);
            let (registered, unregistered) =
                (row.optional(3, "date_registration")?, row.optional(4, "date_unregistration")?);
            self.registrations.push(Registration { student, run, registered, unregistered, line: row.line as u32 });
            Ok(())
        })
    }

    fn read_submissions(&mut self, dir: &Path, known: &Known) -> Result<()> {
        let columns = ["id_assessment", "id_student", "date_submitted", "is_banked", "score"];
        Table::open(&find(dir, "studentAssessment")?, &columns)?.each(&mut self.unreadable, |row| {
            let id = row.required(0, "id_assessment")?;
            let assessment =
                known.assessments.get(id).ok_or_else(|| format!("assessments.csv has no assessment {id}"))?;
            let banked = match row.required(3, "is_banked")? {
                "0" => false,
                "1" => true,
                other => return Err(format!("is_banked is `{other}`, which is neither 0 nor 1")),
            };
            let score = row.optional(4, "score")?.map(|it| millipoints(it, "score")).transpose()?;
            self.submissions.push(Submission {
                student: row.number(1, "id_student")?,
                assessment: *assessment,
                day: row.number(2, "date_submitted")?,
                banked,
                score_millipoints: score,
                line: row.line as u32,
            });
            Ok(())
        })
    }
}

/// Whether the text can be an id, or a part of one, in the platform.
fn is_id(text: &str) -> bool {
    text.len() <= 60 && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

/// A percentage as thousandths of a percent.
fn millipoints(percent: f64, name: &str) -> Result<u32, String> {
    if (0.0..=100.0).contains(&percent) {
        Ok((percent * 1000.0).round() as u32)
    } else {
        Err(format!("{name} is {percent}, which is not between 0 and 100"))
    }
}

/// The first day of `2013B` (1 February) or `2013J` (1 October), as the data set's description says.
fn start_of(presentation: &str) -> Result<i64, String> {
    let wrong = || format!("code_presentation is `{presentation}`, which is no year followed by B or J");
    let month = match presentation.as_bytes().last() {
        Some(b'B') => 2,
        Some(b'J') => 10,
        _ => return Err(wrong()),
    };
    let year = presentation[..presentation.len() - 1]
        .parse()
        .ok()
        .filter(|it| (1900..=2999).contains(it))
        .ok_or_else(wrong)?;
    let start = date(year, month, 1).to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
    Ok(start.timestamp().as_millisecond())
}
