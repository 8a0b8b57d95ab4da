//! The bits of status lists as they are published.

use crate::status_list::ENTRIES;
use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::status_list_event::Event;
use studium_vc::status::StatusList;

row! {
    /// One list.
    pub struct StatusListRow {
        key { institution_id: String, list: u32 }
        /// The bits, eight in a byte, the first left-most.
        bits: Vec<u8>,
        /// It is so since then, by the date of what changed it.
        changed_ms: i64,
        /// Position of what changed it last.
        changed_position: u64,
    }
}

/// Lists by issuer and number.
pub struct StatusLists;

impl View for StatusLists {
    type Row = StatusListRow;
    const NAME: &'static str = "status_list_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StatusListRow>) {
        let (institution_id, changed_ms, changed_position) = (event.id().to_owned(), event.at_ms(), event.position());
        match event.read() {
            Some(Event::StatusListOpened(it)) => {
                let bits = vec![0; (it.entries / 8) as usize];
                let row = StatusListRow { institution_id, list: it.list, bits, changed_ms, changed_position };
                rows.row((event.id(), it.list), move |at| *at = Some(row));
            }
            Some(Event::StatusBitSet(it)) => rows.row((event.id(), it.list), move |row| {
                let Some(row) = row else { return };
                let (at, mask) = ((it.index / 8) as usize, 0x80 >> (it.index % 8));
                if let Some(byte) = row.bits.get_mut(at) {
                    *byte = if it.is_set { *byte | mask } else { *byte & !mask };
                }
                (row.changed_ms, row.changed_position) = (changed_ms, changed_position);
            }),
            Some(Event::StatusIndexAllocated(_)) | None => {}
        }
    }
}

impl StatusListRow {
    /// The list as it is signed.
    pub fn list(&self) -> Option<StatusList> {
        let mut list = StatusList::new(self.bits.len() * 8).or_else(|_| StatusList::new(ENTRIES as usize)).ok()?;
        for (at, byte) in self.bits.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            for bit in (0..8).filter(|bit| byte & (0x80 >> bit) != 0) {
                list.set(at * 8 + bit, true).ok()?;
            }
        }
        Some(list)
    }
}

/// One list, if it was opened.
pub async fn list(store: &Store, institution_id: &str, list: u32) -> Result<Option<StatusListRow>, StoreError> {
    let columns = StatusListRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM status_list_1 WHERE institution_id = $1 AND list = $2");
    Ok(store.query(&sql, &[institution_id.into(), list.into()]).await?.pop())
}
