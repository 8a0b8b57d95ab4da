//! Paging: where a page of a list begins, how long it is, and where the next one begins.

use std::{fmt, str::FromStr};

/// Rows on a page unless the caller says otherwise.
const DEFAULT: u32 = 50;

/// Rows on a page, at most.
const MOST: u32 = 500;

/// A page that somebody asks for. `K` is what the list is ordered by: an id, or a number of rows to skip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    /// Rows on it, 1 to 500.
    pub size: u32,
    /// The last row of the page before; nothing for the first page.
    pub after: Option<K>,
}

impl<K> Default for Page<K> {
    fn default() -> Self {
        Self { size: DEFAULT, after: None }
    }
}

impl<K: FromStr> Page<K> {
    /// Reads `page_size` (0 = 50, at most 500) and `page_token` of a request; `None` if the token is none of ours.
    pub fn read(size: u32, token: &str) -> Option<Self> {
        let size = if size == 0 { DEFAULT } else { size.min(MOST) };
        let after = if token.is_empty() { None } else { Some(token.parse().ok()?) };
        Some(Self { size, after })
    }

    /// How many rows to fetch: one more than the page has, to see whether another follows.
    pub(crate) fn limit(&self) -> u32 {
        self.size + 1
    }

    /// Cuts what was fetched to the page, and makes the token of the next; empty on the last.
    pub(crate) fn cut<T, D: fmt::Display>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> D) -> (Vec<T>, String) {
        let has_more = rows.len() > self.size as usize;
        rows.truncate(self.size as usize);
        let token = rows.last().filter(|_| has_more).map(|it| key(it).to_string()).unwrap_or_default();
        (rows, token)
    }
}

impl Page<String> {
    /// The id after which the page begins; every id is greater than the empty one.
    pub(crate) fn after_id(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Page;

    #[test]
    fn a_token_leads_to_the_next_page() {
        let page = Page::<u64>::read(2, "").unwrap();
        assert_eq!(page.cut(vec![7, 8, 9], |it| *it), (vec![7, 8], "8".to_owned()));
        assert_eq!(page.cut(vec![7, 8], |it| *it), (vec![7, 8], String::new()));
        assert_eq!(Page::<u64>::read(9000, "8").unwrap(), Page { size: 500, after: Some(8) });
        assert_eq!(Page::<u64>::read(0, "eight"), None);
    }
}
