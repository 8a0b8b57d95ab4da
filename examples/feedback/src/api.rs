//! Translates between gRPC and the decider and the views; holds no rule.

use crate::{
    feedback::{Command, Feedback},
    feedbacks::{self, Feedbacks},
    finished,
    v1::{
        FeedbackLeft, LeaveRequest, LeaveResponse, ModerateRequest, ModerateResponse, SummariseRequest,
        SummariseResponse, feedback_service_server::FeedbackService,
    },
};
use studium_kit::{App, By, Call, Fields, done, fault};
use tonic::{Request, Response, Status};

/// The longest text, characters.
const TEXT_MAX: usize = 2_000;

/// What all handlers hold.
#[derive(Clone)]
pub struct Api {
    app: App,
}

impl Api {
    /// Handlers over a running service.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

/// The fields that name a feedback.
fn of_run(run_id: &str, learner_id: &str) -> Fields {
    let mut fields = Fields::new();
    fields.id("run_id", run_id);
    fields.id("learner_id", learner_id);
    fields
}

/// The id of what a learner has on a run.
fn id(run_id: &str, learner_id: &str) -> String {
    format!("{run_id}~{learner_id}")
}

#[tonic::async_trait]
impl FeedbackService for Api {
    async fn leave(&self, request: Request<LeaveRequest>) -> Result<Response<LeaveResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = of_run(&it.run_id, &it.learner_id);
        fields.check("rating", (1..=5).contains(&it.rating), "is not 1 to 5");
        fields.optional_text("comment", &it.comment, TEXT_MAX);
        fields.done()?;
        let run = finished::of(self.app.store(), &it.run_id, &it.learner_id).await.map_err(fault)?.unwrap_or_default();
        let feedback = FeedbackLeft {
            rating: it.rating,
            comment: it.comment,
            course_id: run.course_id,
            course_version: run.course_version,
            institution_id: run.institution_id,
        };
        let command = Command::Leave { is_finished: run.is_finished, feedback };
        let id = id(&it.run_id, &it.learner_id);
        let asked = By::platform(call.now_ms()).asks(command);
        done!(LeaveResponse, self.app.decide::<Feedback>(&call, &id, &asked).await?)
    }

    async fn moderate(&self, request: Request<ModerateRequest>) -> Result<Response<ModerateResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = of_run(&it.run_id, &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let by = By::caller(&call, &[], &it.institution_id);
        let command = if it.hidden { Command::Hide { reason: it.reason } } else { Command::Show };
        let id = id(&it.run_id, &it.learner_id);
        done!(ModerateResponse, self.app.decide::<Feedback>(&call, &id, &by.asks(command)).await?)
    }

    async fn summarise(&self, request: Request<SummariseRequest>) -> Result<Response<SummariseResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.optional_id("run_id", &it.run_id);
        fields.done()?;
        self.app.reached::<Feedbacks>(it.min_position).await?;
        let meant = [it.course_id.into(), i64::from(it.course_version).into(), it.run_id.into()];
        let given = feedbacks::counts(self.app.store(), &meant).await.map_err(fault)?;
        let comments = feedbacks::comments(self.app.store(), &meant).await.map_err(fault)?;
        let of = |rating| given.iter().find(|it| it.0 == rating).map_or(0, |it| it.1);
        let (all, sum) = given.iter().fold((0, 0), |(all, sum), it| (all + it.1, sum + i64::from(it.0) * it.1));
        Ok(Response::new(SummariseResponse {
            counts: (1..=5).map(|rating| of(rating) as u32).collect(),
            mean: if all == 0 { 0.0 } else { sum as f64 / all as f64 },
            comments: comments.into_iter().map(|it| it.0).collect(),
        }))
    }
}
