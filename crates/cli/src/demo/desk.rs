//! The desk at which the demo's commands are given: clients for the people of the story, request ids, many calls at once.

use crate::{
    client::{Channel, failed},
    platform::Platform,
    progress::{Output, Progress},
    token::Wanted,
};
use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use std::time::Duration;
use studium_proto::{
    catalogue::v1::{
        course_run_service_client::CourseRunServiceClient, course_service_client::CourseServiceClient,
        institution_service_client::InstitutionServiceClient, programme_service_client::ProgrammeServiceClient,
    },
    enrolment::v1::{
        enrolment_query_service_client::EnrolmentQueryServiceClient, enrolment_service_client::EnrolmentServiceClient,
        learner_service_client::LearnerServiceClient,
        programme_enrolment_service_client::ProgrammeEnrolmentServiceClient,
    },
};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

/// Calls in flight where the story does not care about their order.
const IN_FLIGHT: usize = 64;

/// How long what follows by itself may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Everybody who acts in the story. Clients are cheap to clone.
pub struct Desk {
    /// The platform.
    pub platform: Platform,
    /// The registrar for institutions.
    pub institutions: InstitutionServiceClient<Channel>,
    /// Who writes courses.
    pub courses: CourseServiceClient<Channel>,
    /// Who reviews courses, and is somebody else.
    pub course_reviews: CourseServiceClient<Channel>,
    /// Who plans runs.
    pub runs: CourseRunServiceClient<Channel>,
    /// Who writes programmes.
    pub programmes: ProgrammeServiceClient<Channel>,
    /// Who reviews programmes.
    pub programme_reviews: ProgrammeServiceClient<Channel>,
    /// The registrar for people.
    pub learners: LearnerServiceClient<Channel>,
    /// The registrar for enrolments.
    pub enrolments: EnrolmentServiceClient<Channel>,
    /// The registrar for programmes that learners are in.
    pub joined: ProgrammeEnrolmentServiceClient<Channel>,
    /// Who reads.
    pub queries: EnrolmentQueryServiceClient<Channel>,
}

impl Desk {
    /// Connects everybody.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let registrar = |subject: &str| Wanted {
            subject: subject.to_owned(),
            roles: vec!["registrar".to_owned()],
            ..Wanted::default()
        };
        let catalogue = platform.connect_as("catalogue", &registrar("demo-registrar")).await?;
        let reviewer = platform.connect_as("catalogue", &registrar("demo-reviewer")).await?;
        let enrolment = platform.connect_as("enrolment", &registrar("demo-registrar")).await?;
        Ok(Self {
            platform: platform.clone(),
            institutions: InstitutionServiceClient::new(catalogue.clone()),
            courses: CourseServiceClient::new(catalogue.clone()),
            course_reviews: CourseServiceClient::new(reviewer.clone()),
            runs: CourseRunServiceClient::new(catalogue.clone()),
            programmes: ProgrammeServiceClient::new(catalogue),
            programme_reviews: ProgrammeServiceClient::new(reviewer),
            learners: LearnerServiceClient::new(enrolment.clone()),
            enrolments: EnrolmentServiceClient::new(enrolment.clone()),
            joined: ProgrammeEnrolmentServiceClient::new(enrolment.clone()),
            queries: EnrolmentQueryServiceClient::new(enrolment),
        })
    }

    /// Who reads what is printed.
    pub fn output(&self) -> Output {
        self.platform.output
    }
}

/// A call with a request id that is the same whenever the demo is played on the same directory.
pub fn asked<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(value) = format!("demo:{key}").parse() {
        request.metadata_mut().insert("x-request-id", value);
    }
    request
}

/// The answer, or the refusal as a sentence.
pub fn answer<T>(result: Result<Response<T>, Status>) -> Result<T> {
    result.map(Response::into_inner).map_err(failed)
}

/// Does `act` to all items, many at a time, and says how far it is.
pub async fn all<I, T, F>(items: Vec<I>, progress: &Progress, act: impl Fn(I) -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    progress.set_total(items.len() as u64);
    let done = stream::iter(items).map(|it| async {
        let result = act(it).await;
        progress.inc(1);
        result
    });
    let results = done.buffered(IN_FLIGHT).try_collect().await;
    progress.finish();
    results
}

/// Waits until what follows by itself has followed.
///
/// # Errors
/// When it has not after a minute; the last view of it is in the sentence.
pub async fn settled<T: std::fmt::Debug>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<T>,
    is_so: impl Fn(&T) -> bool,
) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = look().await.with_context(|| format!("while waiting until {what}"))?;
        if is_so(&seen) {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            bail!(
                "it was not so within {PATIENCE:?} that {what}; last seen: {seen:?}; `studium parked list` may say why"
            );
        }
        sleep(Duration::from_millis(25)).await;
    }
}

/// Nine in the morning of a day of the story, Unix milliseconds.
pub fn day(text: &str) -> Result<i64> {
    Ok(format!("{text}T09:00:00Z").parse::<jiff::Timestamp>()?.as_millisecond())
}
