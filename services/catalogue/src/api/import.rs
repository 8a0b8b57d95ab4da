//! Bulk import: a provider's listing row by row, many at a time, rows of one course in order.

use super::{Api, checks};
use crate::{
    by::By,
    course::{self, Course, Listing},
    institution::{self, Institution},
    slug::slug,
};
use futures::{StreamExt as _, stream::BoxStream};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use studium_kit::{App, Call, DecideError, Decided, Fields, Rejection, fault, status};
use studium_proto::catalogue::v1::{
    CourseDescribed, CourseLevel, ImportCoursesRequest, ImportCoursesResponse, ImportOutcome, Reason,
    course_event::Event, import_service_server::ImportService,
};
use tokio::sync::{OnceCell, oneshot};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

/// Rows that are decided at once.
const AT_ONCE: usize = 256;

/// Namespace of the request ids that rows derive; fixed for ever.
const ROWS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_696d_706f_7274);

/// Hours in a listing, at most.
const HOURS_MAX: f64 = 10_000.0;

/// What the rows of one call share.
struct Import {
    app: App,
    call: Call,
    /// By id and name: what was said of it stands.
    institutions: Mutex<HashMap<(String, String), Once>>,
}

/// Set once the institution is known; who comes meanwhile waits.
type Once = Arc<OnceCell<()>>;

#[tonic::async_trait]
impl ImportService for Api {
    type ImportCoursesStream = BoxStream<'static, Result<ImportCoursesResponse, Status>>;

    async fn import_courses(
        &self,
        request: Request<Streaming<ImportCoursesRequest>>,
    ) -> Result<Response<Self::ImportCoursesStream>, Status> {
        let (call, rows) = Call::open(request)?;
        let import = Arc::new(Import { app: self.app.clone(), call, institutions: Mutex::default() });
        // The last row of each course: the next one of the same course waits until it is done.
        let mut last: HashMap<String, oneshot::Receiver<()>> = HashMap::new();
        let answers = rows.map(move |row| {
            let import = Arc::clone(&import);
            let (done, next) = oneshot::channel::<()>();
            let before = row.as_ref().ok().and_then(|row| last.insert(row.slug.clone(), next));
            async move {
                if let Some(before) = before {
                    // An error only says that it is done.
                    let _ = before.await;
                }
                let answer = import.row(row?).await;
                drop(done);
                Ok(answer)
            }
        });
        Ok(Response::new(answers.buffer_unordered(AT_ONCE).boxed()))
    }
}

/// Why a row was not taken in.
enum No {
    /// It makes no sense.
    Malformed(Status),
    /// A rule says no.
    Refused(Rejection<Reason>),
    /// The log or the store is not there, or does not come to an end.
    Failed(Status),
}

impl From<DecideError<Reason>> for No {
    fn from(e: DecideError<Reason>) -> Self {
        match e {
            DecideError::Refused(it) => Self::Refused(it),
            DecideError::Busy => Self::Failed(status::busy()),
            DecideError::Outdated => Self::Failed(status::outdated()),
            DecideError::Fault(e) => Self::Failed(fault(e)),
        }
    }
}

impl Import {
    async fn row(&self, row: ImportCoursesRequest) -> ImportCoursesResponse {
        let institution_id =
            if row.institution_id.is_empty() { slug(&row.institution) } else { row.institution_id.clone() };
        let mut answer = ImportCoursesResponse {
            row: row.row,
            course_id: row.slug.clone(),
            institution_id: institution_id.clone(),
            ..ImportCoursesResponse::default()
        };
        let outcome = match self.take(row, institution_id).await {
            Ok(it) => {
                answer.position = it.position;
                answer.version = version(&it.events);
                if it.already { ImportOutcome::Already } else { ImportOutcome::Ok }
            }
            Err(No::Malformed(status)) => {
                status.message().clone_into(&mut answer.detail);
                ImportOutcome::Malformed
            }
            Err(No::Refused(it)) => {
                it.reason.as_str_name().clone_into(&mut answer.reason);
                answer.detail = it.detail;
                ImportOutcome::Refused
            }
            Err(No::Failed(status)) => {
                status.message().clone_into(&mut answer.detail);
                ImportOutcome::Failed
            }
        };
        answer.outcome = outcome.into();
        answer
    }

    async fn take(&self, row: ImportCoursesRequest, institution_id: String) -> Result<Decided<Event>, No> {
        check(&row, &institution_id).map_err(No::Malformed)?;
        let call = self.call.clone().at(row.at_ms).map_err(No::Malformed)?;
        // The same row in the same call gets the first answer, wherever it stands in its source.
        let content = format!("{:?}", ImportCoursesRequest { row: 0, ..row.clone() });
        let call = call.row(Uuid::new_v5(&ROWS, content.as_bytes()).simple());
        self.register(&call, &institution_id, &row.institution).await?;
        let course_id = row.slug.clone();
        let command = course::Command::Import(Box::new(listing(row, institution_id)));
        let asked = By::platform(call.meta.actor.clone()).asks(command);
        Ok(self.app.decide_as::<Course>(&call.meta, &course_id, &asked).await?)
    }

    /// Makes the institution known, once for all rows of the call that name it so.
    async fn register(&self, call: &Call, institution_id: &str, name: &str) -> Result<(), No> {
        let once = {
            let mut known = self.institutions.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry((institution_id.to_owned(), name.to_owned())).or_default())
        };
        let register = || async {
            let command = institution::Command::RegisterListed { name: name.to_owned() };
            let call = call.row("institution");
            let decided = self.app.decide_as::<Institution>(&call.meta, institution_id, &command).await;
            decided.map(drop).map_err(No::from)
        };
        once.get_or_try_init(register).await.copied()
    }
}

/// The version that was published, if one was.
fn version(events: &[Event]) -> u32 {
    let published = events.iter().find_map(|it| match it {
        Event::CoursePublished(it) => Some(it.version),
        _ => None,
    });
    published.unwrap_or_default()
}

fn check(row: &ImportCoursesRequest, institution_id: &str) -> Result<(), Status> {
    let mut fields = Fields::new();
    fields.id("slug", &row.slug);
    fields.id("institution_id", institution_id);
    fields.text("institution", &row.institution, checks::TITLE);
    fields.text("title", &row.title, checks::TITLE);
    fields.optional_text("kind", &row.kind, checks::WORD);
    fields.optional_text("language", &row.language, checks::WORD);
    checks::texts(&mut fields, "subtitles", &row.subtitles, checks::WORD);
    fields.optional_text("category", &row.category, checks::TITLE);
    fields.optional_text("subcategory", &row.subcategory, checks::TITLE);
    checks::texts(&mut fields, "skills", &row.skills, checks::TITLE);
    checks::url(&mut fields, "url", &row.url);
    checks::known::<CourseLevel>(&mut fields, "level", row.level, false);
    fields.check("hours", (0.0..=HOURS_MAX).contains(&row.hours), "is not 0 to 10,000");
    fields.check("rating", (0.0..=5.0).contains(&row.rating), "is not 0 to 5");
    fields.done()
}

fn listing(row: ImportCoursesRequest, institution_id: String) -> Listing {
    Listing {
        institution_id,
        kind: row.kind,
        workload_minutes: (row.hours * 60.0).round() as u32,
        skills: row.skills,
        description: CourseDescribed {
            title: row.title,
            language: row.language,
            subtitles: row.subtitles,
            category: row.category,
            subcategory: row.subcategory,
            level: row.level,
            url: row.url,
            rating_hundredths: (row.rating * 100.0).round() as u32,
            ..CourseDescribed::default()
        },
    }
}
