//! The meetings of classes, and who was there.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{ClassAttendanceRow, ClassMeeting, class_event::Event};

row! {
    /// One meeting of one class.
    pub struct ClassMeetingRow {
        key { class_id: String, meeting_id: String }
        title: String,
        starts_at_ms: i64,
        ends_at_ms: i64,
        room: String,
        url: String,
        is_cancelled: bool,
    }
}

/// Meetings by class.
pub struct ClassMeetings;

impl View for ClassMeetings {
    type Row = ClassMeetingRow;
    const NAME: &'static str = "class_meeting_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassMeetingRow>) {
        let class_id = event.id().to_owned();
        match event.read() {
            Some(Event::ClassMeetingScheduled(it)) => rows.row((event.id(), it.meeting_id.clone()), move |row| {
                *row = Some(ClassMeetingRow {
                    class_id,
                    meeting_id: it.meeting_id,
                    title: it.title,
                    starts_at_ms: it.starts_at_ms,
                    ends_at_ms: it.ends_at_ms,
                    room: it.room,
                    url: it.url,
                    is_cancelled: false,
                });
            }),
            Some(Event::ClassMeetingRescheduled(it)) => rows.row((class_id, it.meeting_id), move |row| {
                let Some(row) = row else { return };
                (row.starts_at_ms, row.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
                (row.room, row.url) = (it.room, it.url);
            }),
            Some(Event::ClassMeetingCancelled(it)) => rows.row((class_id, it.meeting_id), |row| {
                if let Some(row) = row {
                    row.is_cancelled = true;
                }
            }),
            _ => {}
        }
    }
}

impl ClassMeetingRow {
    /// As it is shown.
    pub fn shown(self) -> ClassMeeting {
        ClassMeeting {
            meeting_id: self.meeting_id,
            title: self.title,
            starts_at_ms: self.starts_at_ms,
            ends_at_ms: self.ends_at_ms,
            room: self.room,
            url: self.url,
            cancelled: self.is_cancelled,
        }
    }
}

row! {
    /// One learner at one meeting.
    pub struct AttendanceRow {
        key { class_id: String, meeting_id: String, learner_id: String }
        attendance: i32,
    }
}

/// Attendance by class and meeting.
pub struct ClassPresences;

impl View for ClassPresences {
    type Row = AttendanceRow;
    const NAME: &'static str = "class_attendance_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<AttendanceRow>) {
        let Some(Event::ClassAttendanceRecorded(it)) = event.read() else { return };
        let (class_id, meeting_id, learner_id) = (event.id().to_owned(), it.meeting_id, it.learner_id);
        let row = AttendanceRow { class_id, meeting_id, learner_id, attendance: it.attendance };
        let key = (row.class_id.clone(), row.meeting_id.clone(), row.learner_id.clone());
        rows.row(key, move |it| *it = Some(row));
    }
}

/// The meetings of a class in the order of time.
pub async fn meetings(store: &Store, class_id: &str) -> Result<Vec<ClassMeetingRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM class_meeting_1 WHERE class_id = $1 ORDER BY starts_at_ms, meeting_id",
        ClassMeetingRow::COLUMN_LIST
    );
    store.query(&sql, &[class_id.into()]).await
}

/// What was noted of all meetings of a class.
pub async fn attendance(store: &Store, class_id: &str) -> Result<Vec<AttendanceRow>, StoreError> {
    let sql = format!("SELECT {} FROM class_attendance_1 WHERE class_id = $1", AttendanceRow::COLUMN_LIST);
    store.query(&sql, &[class_id.into()]).await
}

/// What was noted of one meeting, by learner id.
pub async fn attendance_at(
    store: &Store,
    class_id: &str,
    meeting_id: &str,
) -> Result<Vec<ClassAttendanceRow>, StoreError> {
    let sql = "SELECT learner_id, attendance FROM class_attendance_1 WHERE class_id = $1 AND meeting_id = $2 \
               ORDER BY learner_id";
    let rows: Vec<(String, i32)> = store.query(sql, &[class_id.into(), meeting_id.into()]).await?;
    Ok(rows.into_iter().map(|(learner_id, attendance)| ClassAttendanceRow { learner_id, attendance }).collect())
}
