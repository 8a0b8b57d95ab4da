//! Durable deadlines: a view says what is due, the kernel gives the command, once, also across restarts.

use crate::{
    App,
    app::{Answer, Todo},
    policies::is_our_turn,
};
use std::{marker::PhantomData, time::Duration};
use studium_core::Decider;
use studium_log::{Meta, now_ms};
use studium_store::StoreError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Namespace of the request ids that deadlines derive; fixed for ever.
const DEADLINES: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6465_6164_6c69);

/// How often the store is asked what is due: a deadline fires at most this late.
const EVERY: Duration = Duration::from_millis(500);

/// Deadlines fired in one round.
const ROUND_MAX: i64 = 1000;

/// Something that follows when a time has come.
///
/// The time stands in a view, so that whatever makes the deadline void also removes it there.
/// The command's request id is derived from (name, id, time): it fires once, whoever runs it.
pub trait Deadline: Send + Sync + 'static {
    /// Stable name; part of every request id.
    const NAME: &'static str;
    /// The decider that is commanded.
    type Target: Decider;
    /// Selects `id` and `due_ms` of all that is due at `$1`, from a view of this service.
    const DUE: &'static str;

    /// Id of the aggregate that is commanded; the selected id, unless what is due is only a part of it.
    fn target(id: &str) -> &str {
        id
    }

    /// What is asked when the time has come.
    fn command(id: &str, due_ms: i64) -> <Self::Target as Decider>::Command;
}

/// A deadline with its types erased.
pub(crate) trait AnyDeadline: Send + Sync {
    fn name(&self) -> &'static str;
    fn due(&self) -> &'static str;
    fn todo(&self, id: String, due_ms: i64) -> Todo;
}

/// A deadline, erased.
pub(crate) struct Erased<D>(pub PhantomData<D>);

impl<D: Deadline> AnyDeadline for Erased<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn due(&self) -> &'static str {
        D::DUE
    }

    fn todo(&self, id: String, due_ms: i64) -> Todo {
        let command = D::command(&id, due_ms);
        Todo::new::<D::Target>(D::target(&id).to_owned(), command)
    }
}

/// Fires one kind of deadline, while this process is the one that folds the service's views, until it is told to stop.
pub(crate) async fn run(
    app: App,
    deadline: Box<dyn AnyDeadline>,
    mut active: watch::Receiver<bool>,
    mut caught_up: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    // A view that is made anew does not know yet what made a deadline void.
    let _ = stop.run_until_cancelled(caught_up.wait_for(|it| *it)).await;
    while is_our_turn(&mut active, &stop).await {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = active.wait_for(|it| !*it) => break,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(e) = round(&app, deadline.as_ref(), now_ms()).await {
                tracing::warn!(deadline = deadline.name(), error = %e, "deadlines could not be looked up; trying again");
            }
        }
        // The next one counts them; what this process saw last would be shown for ever.
        app.metrics().deadlines_due(deadline.name(), 0);
    }
}

/// Fires what is due at a time.
pub(crate) async fn round(app: &App, deadline: &dyn AnyDeadline, at_ms: i64) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT due.id, due.due_ms FROM ({}) AS due WHERE NOT EXISTS (SELECT 1 FROM deadline_fired f \
         WHERE f.deadline = $2 AND f.id = due.id AND f.due_ms = due.due_ms) ORDER BY due.due_ms LIMIT $3",
        deadline.due()
    );
    let args = [at_ms.into(), deadline.name().into(), ROUND_MAX.into()];
    let due: Vec<(String, i64)> = app.store().query(&sql, &args).await?;
    app.metrics().deadlines_due(deadline.name(), due.len());
    let (all, mut fired) = (due.len(), Vec::new());
    for (id, due_ms) in due {
        fired.extend(fire(app, deadline, id, due_ms).await);
    }
    let left = all - fired.len();
    app.kept(fired.iter().map(|it| it.position).max().unwrap_or_default()).await?;
    for Fired { id, due_ms, outcome, .. } in fired {
        let sql = "INSERT INTO deadline_fired (deadline, id, due_ms, outcome, at_ms) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let args = [deadline.name().into(), id.into(), due_ms.into(), outcome.into(), now_ms().into()];
        app.store().execute(sql, &args).await?;
    }
    app.metrics().deadlines_due(deadline.name(), left);
    Ok(())
}

/// A deadline that was answered.
struct Fired {
    id: String,
    due_ms: i64,
    outcome: String,
    /// Of what was written; 0 when it was refused.
    position: u64,
}

/// Fires one; nothing if it has to be tried again.
async fn fire(app: &App, deadline: &dyn AnyDeadline, id: String, due_ms: i64) -> Option<Fired> {
    let name = deadline.name();
    let request = Uuid::new_v5(&DEADLINES, format!("{name}\n{id}\n{due_ms}").as_bytes()).to_string();
    let meta = Meta {
        at_ms: due_ms,
        actor: format!("deadline:{name}"),
        correlation_id: request.clone(),
        request_id: request,
        ..Meta::default()
    };
    let (outcome, position) = match deadline.todo(id.clone(), due_ms).run(app, meta).await {
        Answer::Done(position) => ("done".to_owned(), position),
        Answer::Refused(why) => (why, 0),
        Answer::Failed(why) | Answer::Unreachable(why) => {
            tracing::warn!(deadline = name, id, why, "a deadline could not fire; trying again");
            return None;
        }
    };
    Some(Fired { id, due_ms, outcome, position })
}
