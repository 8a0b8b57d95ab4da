//! Keys of programs that have no token of an issuer: a service that holds such keys says itself whose they are.

use crate::{App, Caller};
use futures::future::BoxFuture;
use std::sync::Arc;
use tonic::Status;

/// Keys that a service holds. No other service knows of them: such a key opens only the one that holds it.
pub trait ApiKeys: Send + Sync + 'static {
    /// What every key starts with, and no token of an issuer does: those start with `ey`.
    const PREFIX: &'static str;

    /// Whose key it is; none if it is nobody's or counts no more.
    fn caller(app: &App, key: &str) -> impl Future<Output = Result<Option<Caller>, Status>> + Send;
}

type Ask = dyn Fn(App, String) -> BoxFuture<'static, Result<Option<Caller>, Status>> + Send + Sync;

/// The keys of a service that runs, with their type erased.
#[derive(Clone)]
pub(crate) struct Holder {
    app: App,
    prefix: &'static str,
    ask: Arc<Ask>,
}

impl Holder {
    pub(crate) fn new<K: ApiKeys>(app: &App) -> Self {
        let ask: Arc<Ask> = Arc::new(|app, key| Box::pin(async move { K::caller(&app, &key).await }));
        Self { app: app.clone(), prefix: K::PREFIX, ask }
    }

    /// Whether something is meant to be a key.
    pub(crate) fn means(&self, token: &str) -> bool {
        token.starts_with(self.prefix)
    }

    /// Whose key it is.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it does not count, without a word on why: whoever tries keys learns nothing.
    pub(crate) async fn caller(&self, key: &str) -> Result<Arc<Caller>, Status> {
        let found = (self.ask)(self.app.clone(), key.to_owned()).await?;
        found.map(Arc::new).ok_or_else(|| Status::unauthenticated("the key is unknown, expired or revoked"))
    }
}
