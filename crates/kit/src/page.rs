//! Pages of lists: how many rows, and after which.

use crate::Fields;

/// Rows of a page unless the request says otherwise, and at most.
const PAGE: u32 = 50;
const PAGE_MAX: u32 = 500;

/// Which part of a list to show.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The last id of the page before; empty for the first.
    pub after: String,
    /// Rows.
    pub size: i64,
}

impl Page {
    /// What a list request asks for.
    pub fn asked(fields: &mut Fields, size: u32, token: &str) -> Self {
        fields.check("page_size", size <= PAGE_MAX, "is more than 500");
        fields.check("page_token", token.len() <= 300, "is no token of ours");
        let size = if size == 0 { PAGE } else { size.min(PAGE_MAX) };
        Self { after: token.to_owned(), size: i64::from(size) }
    }

    /// The token of the next page: the last id of a full page.
    pub fn next<T>(&self, rows: &[T], id: impl Fn(&T) -> String) -> String {
        if (rows.len() as i64) < self.size { String::new() } else { rows.last().map(id).unwrap_or_default() }
    }
}
