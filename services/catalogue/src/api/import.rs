//! Bulk import: a provider's listing row by row, many at a time, rows of one course in order.

use super::{Api, checks};
use crate::{
    by::By,
    course::{self, Course, Listing},
    institution::{self, Institution},
    slug::slug,
};
use futures::{StreamExt as _, stream::BoxStream};
use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use studium_kit::{Call, Fields};
use studium_proto::catalogue::v1::{
    CourseDescribed, CourseLevel, ImportCoursesRequest, ImportCoursesResponse, ImportOutcome, course_event::Event,
    import_service_server::ImportService,
};
use tokio::sync::{OnceCell, oneshot};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;
use uuid::Uuid;

/// Rows that are decided at once.
const AT_ONCE: usize = 256;

/// Namespace of the request ids that rows derive; fixed for ever.
const ROWS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_696d_706f_7274);

/// Hours in a listing, at most.
const HOURS_MAX: f64 = 10_000.0;

/// What the rows of one call share.
struct Import {
    api: Api,
    call: Call,
    institutions: Mutex<HashMap<String, Arc<OnceCell<()>>>>,
}

#[tonic::async_trait]
impl ImportService for Api {
    type ImportCoursesStream = BoxStream<'static, Result<ImportCoursesResponse, Status>>;

    async fn import_courses(
        &self,
        request: Request<Streaming<ImportCoursesRequest>>,
    ) -> Result<Response<Self::ImportCoursesStream>, Status> {
        let (call, rows) = Call::open(request)?;
        let import = Arc::new(Import { api: self.clone(), call, institutions: Mutex::default() });
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

impl Import {
    async fn row(&self, row: ImportCoursesRequest) -> ImportCoursesResponse {
        let institution_id =
            if row.institution_id.is_empty() { slug(&row.institution) } else { row.institution_id.clone() };
        let answer = ImportCoursesResponse {
            row: row.row,
            course_id: row.slug.clone(),
            institution_id: institution_id.clone(),
            ..ImportCoursesResponse::default()
        };
        match self.take(row, institution_id).await {
            Ok(it) => {
                ImportCoursesResponse { outcome: it.outcome, version: it.version, position: it.position, ..answer }
            }
            Err(status) => refused(answer, &status),
        }
    }

    async fn take(&self, row: ImportCoursesRequest, institution_id: String) -> Result<ImportCoursesResponse, Status> {
        check(&row, &institution_id)?;
        let call = self.call.clone().at(row.at_ms)?;
        // The same row in the same call gets the first answer, wherever it stands in its source.
        let content = ImportCoursesRequest { row: 0, ..row.clone() }.encode_to_vec();
        let call = call.row(Uuid::new_v5(&ROWS, &content).simple());
        self.register(&call, &institution_id, &row.institution).await?;
        let course_id = row.slug.clone();
        let command = course::Command::Import(Box::new(listing(row, institution_id)));
        let asked = By::platform(call.meta.actor.clone()).asks(command);
        let outcome = self.api.app.decide::<Course>(&call, &course_id, &asked).await?;
        let version = outcome.events.iter().find_map(|it| match it {
            Event::CoursePublished(it) => Some(it.version),
            _ => None,
        });
        let done = if outcome.already { ImportOutcome::Already } else { ImportOutcome::Ok };
        Ok(ImportCoursesResponse {
            outcome: done.into(),
            version: version.unwrap_or_default(),
            position: outcome.position,
            ..ImportCoursesResponse::default()
        })
    }

    /// Makes the institution known, once for all rows of the call that name it so.
    async fn register(&self, call: &Call, institution_id: &str, name: &str) -> Result<(), Status> {
        let once = {
            let mut known = self.institutions.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(format!("{institution_id}\n{name}")).or_default())
        };
        let register = || async {
            let command = institution::Command::RegisterListed { name: name.to_owned() };
            self.api.app.decide::<Institution>(&call.row("institution"), institution_id, &command).await.map(drop)
        };
        once.get_or_try_init(register).await.copied()
    }
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

/// A row that was not taken in, with the reason.
fn refused(answer: ImportCoursesResponse, status: &Status) -> ImportCoursesResponse {
    let reason = status.get_details_error_info().map(|it| it.reason).unwrap_or_default();
    let outcome = match status.code() {
        Code::InvalidArgument if reason.is_empty() => ImportOutcome::Malformed,
        Code::Aborted
        | Code::Unavailable
        | Code::Internal
        | Code::Unknown
        | Code::Cancelled
        | Code::DeadlineExceeded => ImportOutcome::Failed,
        _ => ImportOutcome::Refused,
    };
    ImportCoursesResponse { outcome: outcome.into(), reason, detail: status.message().to_owned(), ..answer }
}
