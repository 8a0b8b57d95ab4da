//! The webhooks of partners, as those who send to them and those who ask for them find them.

use crate::endpoint::overlapping;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::webhook_event::Event;

/// Replays of a webhook that are told apart.
const REPLAYS_MAX: usize = 50;

row! {
    /// One webhook, `<institution>~<webhook>`.
    pub struct EndpointRow {
        key { endpoint: String }
        url: String,
        types: Json<Vec<String>>,
        enabled: bool,
        /// How often it was enabled.
        enablings: u32,
        cause: i32,
        detail: String,
        added_ms: i64,
        /// 0 = it is not.
        disabled_ms: i64,
        after_position: u64,
        /// How often it was asked to send again.
        replays: u32,
        /// The how manieth of them began at which position. Those are left out that a later one from further back holds.
        replays_from: Json<Vec<(u32, u64)>>,
        /// Number of the secret that it had when it was added; tells it from one of the same id that was removed.
        first_round: u32,
        /// Number of the newest secret.
        newest_round: u32,
        /// Older secrets, and until when they are in use.
        older_rounds: Json<Vec<(u32, i64)>>,
    }
}

/// Webhooks by institution and id.
pub struct Endpoints;

impl View for Endpoints {
    type Row = EndpointRow;
    const NAME: &'static str = "endpoint_2";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<EndpointRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (endpoint, at_ms) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| match it {
            Event::WebhookAdded(it) => {
                *row = Some(EndpointRow {
                    endpoint,
                    url: it.url,
                    types: Json(it.types),
                    enabled: true,
                    enablings: 1,
                    added_ms: at_ms,
                    after_position: it.after_position,
                    first_round: it.round,
                    newest_round: it.round,
                    ..EndpointRow::default()
                });
            }
            Event::WebhookRemoved(_) => *row = None,
            other => {
                if let Some(row) = row {
                    row.change(other, at_ms);
                }
            }
        });
    }
}

impl EndpointRow {
    fn change(&mut self, event: Event, at_ms: i64) {
        match event {
            Event::WebhookChanged(it) => (self.url, self.types) = (it.url, Json(it.types)),
            Event::WebhookDisabled(it) => {
                (self.enabled, self.cause, self.detail, self.disabled_ms) = (false, it.cause, it.detail, at_ms);
            }
            Event::WebhookEnabled(it) => {
                (self.enabled, self.enablings) = (true, it.number);
                (self.cause, self.detail, self.disabled_ms) = (0, String::new(), 0);
            }
            Event::WebhookSecretRotated(it) => {
                self.older_rounds = Json(overlapping(&self.older_rounds.0, self.newest_round, it.overlap_until_ms));
                self.newest_round = it.round;
            }
            Event::WebhookReplayed(it) => self.replay(it.number, it.from_position),
            Event::WebhookAdded(_) | Event::WebhookRemoved(_) => {}
        }
    }

    fn replay(&mut self, number: u32, from_position: u64) {
        self.replays = number;
        let all = &mut self.replays_from.0;
        all.retain(|(_, from)| *from < from_position);
        all.push((number, from_position));
        if all.len() > REPLAYS_MAX {
            // The two oldest become one that leaves nothing out.
            let (_, from) = all.remove(0);
            all[0].1 = from;
        }
    }

    /// The first position that was asked for again once so many replays had begun; none if nobody asked.
    pub fn replay_from(&self, begun: u32) -> Option<u64> {
        self.replays_from.0.iter().filter(|(number, _)| *number > begun).map(|it| it.1).min()
    }

    /// The institution whose feed it sends.
    pub fn institution_id(&self) -> &str {
        self.endpoint.split_once('~').map_or("", |it| it.0)
    }

    /// Its id within the institution.
    pub fn webhook_id(&self) -> &str {
        self.endpoint.split_once('~').map_or("", |it| it.1)
    }

    /// The secrets that sign at a time, the newest first, and until when; 0 = until another one replaces it.
    pub fn rounds(&self, now_ms: i64) -> Vec<(u32, i64)> {
        let older = self.older_rounds.0.iter().rev().filter(|(_, until_ms)| *until_ms > now_ms);
        [(self.newest_round, 0)].into_iter().chain(older.copied()).collect()
    }
}

/// All webhooks.
pub async fn all(store: &Store) -> Result<Vec<EndpointRow>, StoreError> {
    store.query(&format!("SELECT {} FROM endpoint_2 ORDER BY endpoint", EndpointRow::COLUMN_LIST), &[]).await
}

/// The webhooks of an institution.
pub async fn of(store: &Store, institution_id: &str) -> Result<Vec<EndpointRow>, StoreError> {
    // `~` is followed by DEL, and no id holds it: all that begin so, by the key's index.
    let sql = format!(
        "SELECT {} FROM endpoint_2 WHERE endpoint >= $1 AND endpoint < $2 ORDER BY endpoint",
        EndpointRow::COLUMN_LIST
    );
    let (from, until) = (format!("{institution_id}~"), format!("{institution_id}\u{7f}"));
    store.query(&sql, &[from.into(), until.into()]).await
}

/// One webhook.
pub async fn one(store: &Store, endpoint: &str) -> Result<Option<EndpointRow>, StoreError> {
    let sql = format!("SELECT {} FROM endpoint_2 WHERE endpoint = $1", EndpointRow::COLUMN_LIST);
    Ok(store.query(&sql, &[endpoint.into()]).await?.pop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_replay_that_has_not_begun_is_forgotten() {
        let mut row = EndpointRow::default();
        assert_eq!(row.replay_from(0), None);
        for (number, from) in [(1, 20), (2, 5), (3, 10)] {
            row.replay(number, from);
        }
        assert_eq!([0, 1, 2, 3].map(|it| row.replay_from(it)), [Some(5), Some(5), Some(10), None]);
    }

    #[test]
    fn many_replays_are_kept_in_little() {
        let mut row = EndpointRow::default();
        for number in 1..=200 {
            row.replay(number, u64::from(number) * 2);
        }
        assert_eq!(row.replays_from.0.len(), REPLAYS_MAX);
        assert_eq!([0, 199, 200].map(|it| row.replay_from(it)), [Some(2), Some(400), None]);
    }
}
