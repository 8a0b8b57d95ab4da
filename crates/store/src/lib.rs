//! What can be read back: journal, views, checkpoints. The only crate that knows the SQL dialects.

mod address;
mod apply;
mod as_of;
mod changes;
mod checkpoint;
mod connection;
mod create;
mod decode;
mod error;
mod group;
mod holders;
mod journal;
mod mark;
mod member;
mod projector;
mod rebuild;
mod redact;
mod restore;
mod row;
mod status;
mod store;
mod table;
mod values;
mod verify;
mod view;
mod writer;

pub use address::in_plaintext;
pub use as_of::fold_in_memory;
pub use changes::Changes;
pub use create::{create_database, drop_database};
pub use error::{Late, StoreError};
pub use journal::Journal;
pub use projector::{Projection, Projector};
pub use rebuild::Progress;
pub use restore::{Restored, restore};
pub use row::{ColumnShape, FromRow, Row};
pub use status::ViewStatus;
pub use store::{Dialect, Store};
pub use values::{Column, ColumnKind, IntoKey, Json, Value, places};
pub use verify::{Verified, verify};
pub use view::{Recorded, View};

/// What the macros and the test kit need and nobody else.
#[doc(hidden)]
pub mod __private {
    pub use crate::row::next_column;
    pub use crate::store::run_once;
}
