//! Keeps what many webhooks have to keep, together: one transaction for all that came while the last one was running.

use crate::webhook_progress::{self as progress, Statement};
use studium_kit::Store;
use tokio::sync::{mpsc, oneshot};

/// Webhooks that wait for one transaction.
const TOGETHER_MAX: usize = 256;

type Note = (Vec<Statement>, oneshot::Sender<Result<(), String>>);

/// Where webhooks hand in what they have to keep.
#[derive(Clone)]
pub struct Keeper {
    notes: mpsc::Sender<Note>,
}

impl Keeper {
    /// A keeper, and what it does for as long as somebody holds it.
    pub fn new(store: Store) -> (Self, impl Future<Output = ()> + Send) {
        let (notes, taken) = mpsc::channel(TOGETHER_MAX);
        (Self { notes }, work(store, taken))
    }

    /// Keeps this; when it returns, it is kept.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn keep(&self, statements: Vec<Statement>) -> Result<(), String> {
        let (told, answer) = oneshot::channel();
        let gone = || "nobody keeps what webhooks did any more".to_owned();
        self.notes.send((statements, told)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn work(store: Store, mut taken: mpsc::Receiver<Note>) {
    let mut notes = Vec::with_capacity(TOGETHER_MAX);
    while taken.recv_many(&mut notes, TOGETHER_MAX).await > 0 {
        let (statements, told): (Vec<Vec<Statement>>, Vec<_>) = notes.drain(..).unzip();
        let statements: Vec<Statement> = statements.into_iter().flatten().collect();
        let outcome = progress::run(&store, &statements).await.map_err(|e| e.to_string());
        for it in told {
            // Who does not wait any more has been stopped, and begins from what is kept.
            let _ = it.send(outcome.clone());
        }
    }
}
