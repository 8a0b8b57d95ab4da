//! What follows by itself for partners: when a day is over, the feed is told what a copy has to come to.

use crate::partner::{Command, Partner};
use studium_kit::Deadline;
use studium_proto::Timestamp;

/// Closes each partner's day at midnight, UTC. Days that ended while nobody was there are closed one after the other.
pub struct DaysEnd;

impl Deadline for DaysEnd {
    const NAME: &'static str = "partner-days-end";
    type Target = Partner;
    const DUE: &'static str = "SELECT institution_id AS id, day_ends_ms AS due_ms FROM partner_1 \
                               WHERE day_ends_ms > 0 AND day_ends_ms <= $1";

    fn command(_id: &str, due_ms: i64) -> Command {
        Command::CloseDay { date: date(due_ms - 1) }
    }
}

/// The day that a time belongs to, ISO 8601, UTC.
fn date(at_ms: i64) -> String {
    let time = Timestamp { seconds: at_ms.div_euclid(1000), nanos: 0 }.to_string();
    time.split_once('T').map(|(date, _)| date.to_owned()).unwrap_or_default()
}
