//! How often learners were in class, for credits that demand it.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::{Attendance, enrolment_event::Event};

row! {
    /// One learner in one course run.
    pub struct AttendanceRow {
        key { run_id: String, learner_id: String }
        present: u32,
        absent: u32,
    }
}

/// Attendances by course run and learner.
pub struct Attendances;

impl View for Attendances {
    type Row = AttendanceRow;
    const NAME: &'static str = "credit_attendance_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<AttendanceRow>) {
        let Some(Event::AttendanceRecorded(it)) = event.read() else { return };
        let Some((run_id, learner_id)) = event.id().split_once('~') else { return };
        let new =
            AttendanceRow { run_id: run_id.to_owned(), learner_id: learner_id.to_owned(), ..AttendanceRow::default() };
        rows.row((run_id, learner_id), move |row| {
            let row = row.get_or_insert(new);
            if let Some(count) = row.count(it.previous()) {
                *count = count.saturating_sub(1);
            }
            if let Some(count) = row.count(it.attendance()) {
                *count += 1;
            }
        });
    }
}

impl AttendanceRow {
    /// What is counted; who was away with leave counts neither way.
    fn count(&mut self, attendance: Attendance) -> Option<&mut u32> {
        match attendance {
            Attendance::Present => Some(&mut self.present),
            Attendance::Absent => Some(&mut self.absent),
            Attendance::Excused | Attendance::Unspecified => None,
        }
    }
}

/// Attendance of a learner in a course run, thousandths; none if nobody noted it.
pub async fn permille(store: &Store, run_id: &str, learner_id: &str) -> Result<Option<u32>, StoreError> {
    let sql = "SELECT present, absent FROM credit_attendance_1 WHERE run_id = $1 AND learner_id = $2";
    let rows: Vec<(u32, u32)> = store.query(sql, &[run_id.into(), learner_id.into()]).await?;
    let noted = rows.first().filter(|(present, absent)| present + absent > 0);
    Ok(noted.map(|(present, absent)| present * 1_000 / (present + absent)))
}
