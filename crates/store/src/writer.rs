//! Writes what a batch means to one member after the other: while the database takes the rows of one, those of the
//! next are worked out.

use crate::{StoreError, Value, apply::Halt, changes::Written, member::Member, store::Tx};
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// Values that are worth a task of their own; with fewer, handing them over costs more than is won.
const BEHIND_MIN: usize = 1000;

/// A write that is under way: it gives back the transaction, and says what came of it.
type Write = AbortOnDropHandle<(Tx, Result<(), StoreError>)>;

/// A transaction, and what is being written in it just now. Dropped, it takes the transaction with it.
pub(crate) struct Writer {
    /// None while a write has it.
    tx: Option<Tx>,
    under_way: Option<(Arc<Member>, Write)>,
}

impl Writer {
    pub(crate) fn new(tx: Tx) -> Self {
        Self { tx: Some(tx), under_way: None }
    }

    /// Takes the transaction, as soon as all is written that was given so far.
    ///
    /// # Errors
    /// When something of it could not be, with the member whose it was; the transaction is lost then.
    async fn take(&mut self) -> Result<Tx, Halt> {
        let Some((member, write)) = self.under_way.take() else {
            let over = || StoreError::Unavailable("the transaction is over; it begins again".to_owned());
            return Ok(self.tx.take().ok_or_else(over)?);
        };
        let (tx, written) = write.await.map_err(|e| StoreError::Unavailable(format!("a write was lost: {e}")))?;
        written.map_err(|e| refused(&member, e))?;
        Ok(tx)
    }

    /// The transaction, as [`Writer::take`] gives it, for something else to be asked of it.
    pub(crate) async fn tx(&mut self) -> Result<&mut Tx, Halt> {
        let tx = self.take().await?;
        Ok(self.tx.insert(tx))
    }

    /// The transaction for whoever ends it.
    pub(crate) async fn into_tx(mut self) -> Result<Tx, Halt> {
        self.take().await
    }

    /// Rows of a member's table, as they are after everything given so far.
    pub(crate) async fn fetch(&mut self, member: &Arc<Member>, keys: Vec<Value>) -> Result<Vec<Vec<Value>>, Halt> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.tx().await?.connection()?;
        member.table.fetch(db, keys).await.map_err(|e| refused(member, e))
    }

    /// Writes rows of a member's table, and takes out others; of many it only begins to.
    pub(crate) async fn write(&mut self, member: &Arc<Member>, written: Written) -> Result<(), Halt> {
        let mut tx = self.take().await?;
        if written.rows.len() < BEHIND_MIN {
            let done = write(&mut tx, member, written).await;
            self.tx = Some(tx);
            return done.map_err(|e| refused(member, e));
        }
        let whose = Arc::clone(member);
        let task = tokio::spawn(async move {
            let done = write(&mut tx, &whose, written).await;
            (tx, done)
        });
        self.under_way = Some((Arc::clone(member), AbortOnDropHandle::new(task)));
        Ok(())
    }
}

async fn write(tx: &mut Tx, member: &Member, written: Written) -> Result<(), StoreError> {
    let db = tx.connection()?;
    member.table.write(db, written.rows).await?;
    member.table.delete(db, written.deleted).await
}

/// What the database does not take is wrong with the member's rows; anything else is a fault of the database.
fn refused(member: &Arc<Member>, e: StoreError) -> Halt {
    match e {
        StoreError::Query(why) => Halt::Broken(Arc::clone(member), why),
        e => Halt::Fault(e),
    }
}
