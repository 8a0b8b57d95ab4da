//! Translates between gRPC and the decider and the views; holds no rule.

use crate::{
    note::{Command, Note},
    notes::{self, Notes},
    standings,
    v1::{
        GetNoteRequest, GetNoteResponse, Reason, WriteNoteRequest, WriteNoteResponse,
        sixth_service_server::SixthService,
    },
};
use studium_kit::{App, Call, Fields, done, fault, status};
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

/// The fields that name a note.
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
impl SixthService for Api {
    async fn write_note(&self, request: Request<WriteNoteRequest>) -> Result<Response<WriteNoteResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = of_run(&it.run_id, &it.learner_id);
        fields.text("text", &it.text, TEXT_MAX);
        fields.done()?;
        let standing = standings::standing(self.app.store(), &it.run_id, &it.learner_id).await.map_err(fault)?;
        let command = Command::Write { is_enrolled: standing.is_some(), text: it.text };
        let id = id(&it.run_id, &it.learner_id);
        done!(WriteNoteResponse, self.app.decide::<Note>(&call, &id, &command).await?)
    }

    async fn get_note(&self, request: Request<GetNoteRequest>) -> Result<Response<GetNoteResponse>, Status> {
        let (_, it) = Call::open(request)?;
        of_run(&it.run_id, &it.learner_id).done()?;
        self.app.reached::<Notes>(it.min_position).await?;
        match notes::note(self.app.store(), &it.run_id, &it.learner_id).await.map_err(fault)? {
            Some(row) => Ok(Response::new(GetNoteResponse { text: row.text, written_at_ms: row.written_at_ms })),
            None => Err(status::no(Reason::NoteNotFound, "there is no note of this learner on this run", &it.run_id)),
        }
    }
}
