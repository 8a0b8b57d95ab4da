//! Stacks: what larger awards demand, as learners and staff ask for them.

use std::fmt::Write as _;
use studium_kit::{Changes, Page, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    credentials::v1::{self as credentials, StackDefined, StackState, stack_event::Event},
};

row! {
    /// One version of a stack.
    pub struct StackRow {
        key { stack_key: String }
        institution_id: String,
        stack_state: i32,
        /// The definition as the event that holds it.
        definition: Vec<u8>,
    }
}

/// Stacks by id and version.
pub struct Stacks;

impl View for Stacks {
    type Row = StackRow;
    const NAME: &'static str = "stack_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StackRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let stack_key = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| StackRow { stack_key, ..StackRow::default() });
            match it {
                Event::StackDefined(it) => {
                    (row.stack_state, row.definition) = (StackState::Draft as i32, it.encode_to_vec());
                    row.institution_id = it.institution_id;
                }
                Event::StackApproved(_) => row.stack_state = StackState::Approved as i32,
                Event::StackRetired(_) => row.stack_state = StackState::Retired as i32,
            }
        });
    }
}

impl StackRow {
    /// What it demands.
    pub fn definition(&self) -> StackDefined {
        StackDefined::decode(self.definition.as_slice()).unwrap_or_default()
    }

    /// Where it stands.
    pub fn state(&self) -> StackState {
        StackState::try_from(self.stack_state).unwrap_or_default()
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::Stack {
        let definition = self.definition();
        credentials::Stack {
            stack_id: definition.stack_id.clone(),
            version: definition.version,
            state: self.stack_state,
            definition: Some(definition),
        }
    }
}

/// One version of a stack, if it is defined.
pub async fn stack(store: &Store, stack_key: &str) -> Result<Option<StackRow>, StoreError> {
    let sql = format!("SELECT {} FROM stack_1 WHERE stack_key = $1", StackRow::COLUMN_LIST);
    Ok(store.query(&sql, &[stack_key.into()]).await?.pop())
}

/// A page of stacks, of one institution if it is given.
pub async fn stacks(store: &Store, institution_id: &str, page: &Page) -> Result<Vec<StackRow>, StoreError> {
    let mut sql = format!("SELECT {} FROM stack_1 WHERE stack_key > $1", StackRow::COLUMN_LIST);
    let mut values = vec![page.after.as_str().into(), page.size.into()];
    if !institution_id.is_empty() {
        values.push(institution_id.into());
        let _ = write!(sql, " AND institution_id = ${}", values.len());
    }
    sql.push_str(" ORDER BY stack_key LIMIT $2");
    store.query(&sql, &values).await
}
