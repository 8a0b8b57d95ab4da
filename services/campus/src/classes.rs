//! The classes of campuses, and the courses that each works with.

use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{Class, class_event::Event};

row! {
    /// One class.
    pub struct ClassRow {
        key { class_id: String }
        campus_id: String,
        composition_id: String,
        composition_version: u32,
        run_id: String,
        course_ids: Json<Vec<String>>,
        course_version: u32,
        title: String,
        term: String,
        objectives: Json<Vec<String>>,
        licence_places: u32,
        teachers: Json<Vec<String>>,
        opened_at_ms: i64,
        closed_at_ms: i64,
    }
}

/// Classes by id.
pub struct Classes;

impl View for Classes {
    type Row = ClassRow;
    const NAME: &'static str = "class_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_campus ON {table} (campus_id, class_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (class_id, at) = (event.id().to_owned(), event.at_ms());
        let concerns = matches!(
            it,
            Event::ClassOpened(_) | Event::ClassTeacherAdded(_) | Event::ClassTeacherRemoved(_) | Event::ClassClosed(_)
        );
        if !concerns {
            return;
        }
        rows.row(event.id(), move |row| match (it, row) {
            (Event::ClassOpened(it), row) => {
                *row = Some(ClassRow {
                    class_id,
                    campus_id: it.campus_id,
                    composition_id: it.composition_id,
                    composition_version: it.composition_version,
                    run_id: it.run_id,
                    course_ids: Json(it.course_ids),
                    course_version: it.course_version,
                    title: it.title,
                    term: it.term,
                    objectives: Json(it.objectives),
                    licence_places: it.licence_places,
                    teachers: Json(Vec::new()),
                    opened_at_ms: at,
                    closed_at_ms: 0,
                });
            }
            (Event::ClassTeacherAdded(it), Some(row)) => row.teachers.0.push(it.teacher_id),
            (Event::ClassTeacherRemoved(it), Some(row)) => row.teachers.0.retain(|id| *id != it.teacher_id),
            (Event::ClassClosed(_), Some(row)) => row.closed_at_ms = at,
            _ => {}
        });
    }
}

impl ClassRow {
    /// As it is shown.
    pub fn shown(self) -> Class {
        Class {
            class_id: self.class_id,
            campus_id: self.campus_id,
            composition_id: self.composition_id,
            composition_version: self.composition_version,
            run_id: self.run_id,
            course_ids: self.course_ids.0,
            title: self.title,
            term: self.term,
            objectives: self.objectives.0,
            licence_places: self.licence_places,
            teacher_ids: self.teachers.0,
            opened_at_ms: self.opened_at_ms,
            closed_at_ms: self.closed_at_ms,
        }
    }
}

row! {
    /// One course that one class works with.
    pub struct ClassCourseRow {
        key { course_id: String, class_id: String }
    }
}

/// Classes by course.
pub struct ClassCourses;

impl View for ClassCourses {
    type Row = ClassCourseRow;
    const NAME: &'static str = "class_course_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_class ON {table} (class_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassCourseRow>) {
        let Some(Event::ClassOpened(it)) = event.read() else { return };
        for course_id in it.course_ids {
            let class_id = event.id().to_owned();
            rows.row((course_id.clone(), event.id()), move |row| {
                *row = Some(ClassCourseRow { course_id, class_id });
            });
        }
    }
}

/// One class.
pub async fn class(store: &Store, class_id: &str) -> Result<Option<ClassRow>, StoreError> {
    let sql = format!("SELECT {} FROM class_1 WHERE class_id = $1", ClassRow::COLUMN_LIST);
    Ok(store.query(&sql, &[class_id.into()]).await?.pop())
}

/// A page of the classes of a campus by id.
pub async fn classes(store: &Store, campus_id: &str, page: &Page) -> Result<Vec<ClassRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM class_1 WHERE campus_id = $1 AND class_id > $2 ORDER BY class_id LIMIT $3",
        ClassRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into(), page.after.as_str().into(), page.size.into()]).await
}
