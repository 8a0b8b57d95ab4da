//! All that is known of a class, learner by learner: what the dashboard is worked out from.

use crate::{
    class_content::{self, Content},
    class_learners::{self, ClassLearnerRow},
    class_meetings::{self, AttendanceRow, ClassMeetingRow},
    class_results::{self, ClassResultRow},
    class_work::{self, WorkDoneRow},
    classes::{self, ClassRow},
    module_progress::{self, Completed},
    runs,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Store, StoreError};
use studium_proto::{
    campus::v1::{ClassAttendance, ClassWork},
    enrolment::v1::EnrolmentState,
};

/// The mark from which on a result counts as passed where the run sets none: 40 %, the platform's default.
pub const PASS_MARK: u32 = 40_000;

/// All that is known of a class.
#[derive(Debug, Clone, Default)]
pub struct ClassRecord {
    /// The class.
    pub class: ClassRow,
    /// What it works with, in order.
    pub contents: Vec<Content>,
    /// Meetings that were not cancelled, in the order of time.
    pub meetings: Vec<ClassMeetingRow>,
    /// Work, by id.
    pub work: Vec<ClassWork>,
    /// From that score on a result counts as passed.
    pub pass_mark: u32,
    /// Those who are in the class, and those who were, by id.
    pub learners: Vec<LearnerRecord>,
}

/// All that is known of a learner of a class.
#[derive(Debug, Clone, Default)]
pub struct LearnerRecord {
    /// The learner in the class.
    pub learner: ClassLearnerRow,
    /// By meeting.
    pub attendance: BTreeMap<String, ClassAttendance>,
    /// When each piece of work was done as a whole, by work; those that are not done are missing.
    pub work_done: BTreeMap<String, i64>,
    /// Results and exercises.
    pub results: Vec<ClassResultRow>,
    /// Ids of contents that are completed.
    pub completed: BTreeSet<String>,
    /// Last presence, work done or activity online; 0 = none.
    pub last_activity_at_ms: i64,
}

/// What the tables say, before it is sorted by learner.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Presences.
    pub attendance: Vec<AttendanceRow>,
    /// Work done.
    pub done: Vec<WorkDoneRow>,
    /// Results and exercises.
    pub results: Vec<ClassResultRow>,
    /// Modules completed online.
    pub completed: Vec<Completed>,
    /// Where learners stand online.
    pub online: Vec<Online>,
}

/// Where a learner stands in a run of one of the courses.
#[derive(Debug, Clone, Default)]
pub struct Online {
    /// The learner.
    pub learner_id: String,
    /// The course.
    pub course_id: String,
    /// The learner passed.
    pub is_completed: bool,
    /// Last activity.
    pub last_activity_at_ms: i64,
}

impl LearnerRecord {
    /// Whether the learner is in the class.
    pub fn is_in(&self) -> bool {
        self.learner.left_at_ms == 0
    }

    /// Scores of assessments.
    pub fn scores(&self) -> Vec<u32> {
        self.results.iter().filter(|it| !it.is_exercise).filter_map(|it| it.score_millipoints).collect()
    }
}

impl ClassRecord {
    /// Those who are in the class.
    pub fn present(&self) -> impl Iterator<Item = &LearnerRecord> {
        self.learners.iter().filter(|it| it.is_in())
    }

    /// Takes in what the tables say, learner by learner.
    pub fn sort_in(&mut self, learners: Vec<ClassLearnerRow>, tables: Tables) {
        let new = |learner: ClassLearnerRow| {
            (learner.learner_id.clone(), LearnerRecord { learner, ..LearnerRecord::default() })
        };
        let mut by_id: BTreeMap<_, _> = learners.into_iter().map(new).collect();
        self.attend(&mut by_id, tables.attendance);
        self.do_work(&mut by_id, tables.done);
        for it in tables.results {
            if let Some(learner) = by_id.get_mut(&it.learner_id) {
                learner.results.push(it);
            }
        }
        self.learn(&mut by_id, &tables.completed, &tables.online);
        self.learners = by_id.into_values().collect();
    }

    fn attend(&self, learners: &mut BTreeMap<String, LearnerRecord>, attendance: Vec<AttendanceRow>) {
        let begins: BTreeMap<_, _> = self.meetings.iter().map(|it| (&it.meeting_id, it.starts_at_ms)).collect();
        for it in attendance {
            let (Some(learner), Some(at)) = (learners.get_mut(&it.learner_id), begins.get(&it.meeting_id)) else {
                continue;
            };
            let attendance = ClassAttendance::try_from(it.attendance).unwrap_or_default();
            if attendance == ClassAttendance::Present {
                learner.last_activity_at_ms = learner.last_activity_at_ms.max(*at);
            }
            learner.attendance.insert(it.meeting_id, attendance);
        }
    }

    fn do_work(&self, learners: &mut BTreeMap<String, LearnerRecord>, done: Vec<WorkDoneRow>) {
        let mut pieces: BTreeMap<(String, String), Vec<WorkDoneRow>> = BTreeMap::new();
        for it in done {
            if let Some(learner) = learners.get_mut(&it.learner_id) {
                learner.last_activity_at_ms = learner.last_activity_at_ms.max(it.done_at_ms);
                learner.completed.insert(it.content_id.clone());
                pieces.entry((it.learner_id.clone(), it.work_id.clone())).or_default().push(it);
            }
        }
        let lengths: BTreeMap<_, _> = self.work.iter().map(|it| (&it.work_id, it.content_ids.len())).collect();
        for ((learner_id, work_id), pieces) in pieces {
            if lengths.get(&work_id) == Some(&pieces.len())
                && let Some(learner) = learners.get_mut(&learner_id)
            {
                learner.work_done.insert(work_id, pieces.iter().map(|it| it.done_at_ms).max().unwrap_or_default());
            }
        }
    }

    fn learn(&self, learners: &mut BTreeMap<String, LearnerRecord>, completed: &[Completed], online: &[Online]) {
        let mut modules: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for it in completed {
            modules.entry(&it.learner).or_default().insert((&it.course, &it.module));
        }
        // A course that is completed stands for the course as a whole, which has no module.
        for it in online.iter().filter(|it| it.is_completed) {
            modules.entry(&it.learner_id).or_default().insert((&it.course_id, ""));
        }
        for (learner_id, modules) in modules {
            let Some(learner) = learners.get_mut(learner_id) else { continue };
            let is_done =
                |it: &&Content| !it.course_id.is_empty() && modules.contains(&(&it.course_id, it.module_id.as_str()));
            learner.completed.extend(self.contents.iter().filter(is_done).map(|it| it.id.clone()));
        }
        for learner in learners.values_mut() {
            let is_whole = |it: &&Content| {
                !it.top_content_ids.is_empty() && it.top_content_ids.iter().all(|id| learner.completed.contains(id))
            };
            let whole: Vec<_> = self.contents.iter().filter(is_whole).map(|it| it.id.clone()).collect();
            learner.completed.extend(whole);
        }
        for it in online {
            if let Some(learner) = learners.get_mut(&it.learner_id) {
                learner.last_activity_at_ms = learner.last_activity_at_ms.max(it.last_activity_at_ms);
            }
        }
    }
}

/// All that is known of a class; none if it is not known.
pub async fn read(store: &Store, class_id: &str) -> Result<Option<ClassRecord>, StoreError> {
    let Some(class) = classes::class(store, class_id).await? else { return Ok(None) };
    let run = if class.run_id.is_empty() { None } else { runs::run(store, &class.run_id).await? };
    let mut meetings = class_meetings::meetings(store, class_id).await?;
    meetings.retain(|it| !it.is_cancelled);
    let mut record = ClassRecord {
        contents: class_content::of_class(store, &class).await?,
        meetings,
        work: class_work::work(store, class_id).await?,
        pass_mark: run.map(|it| it.pass_mark_millipoints).filter(|it| *it > 0).unwrap_or(PASS_MARK),
        learners: Vec::new(),
        class,
    };
    let tables = Tables {
        attendance: class_meetings::attendance(store, class_id).await?,
        done: class_work::done(store, class_id).await?,
        results: class_results::all(store, class_id).await?,
        completed: module_progress::of_class(store, class_id).await?,
        online: online(store, class_id).await?,
    };
    record.sort_in(class_learners::all(store, class_id).await?, tables);
    Ok(Some(record))
}

async fn online(store: &Store, class_id: &str) -> Result<Vec<Online>, StoreError> {
    let sql = "SELECT e.learner_id, e.course_id, e.state, e.last_activity_at_ms FROM class_learner_1 l \
               JOIN campus_enrolment_1 e ON e.learner_id = l.learner_id \
               JOIN class_course_1 c ON c.course_id = e.course_id AND c.class_id = l.class_id WHERE l.class_id = $1";
    let rows: Vec<(String, String, i32, i64)> = store.query(sql, &[class_id.into()]).await?;
    let shown = |(learner_id, course_id, state, last_activity_at_ms)| Online {
        learner_id,
        course_id,
        is_completed: state == EnrolmentState::Completed as i32,
        last_activity_at_ms,
    };
    Ok(rows.into_iter().map(shown).collect())
}
