//! The deliveries of rosters: what was decided of each, and how far it is.

use crate::member_policies;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    campus::v1::{
        RosterCause, RosterCounts, RosterImport, RosterImportJudged, RosterImportState as State, RosterVerdict,
        roster_delivery_event::Event as DeliveryEvent, roster_event::Event,
    },
};

row! {
    /// One delivery. What was found in it is the message of the event.
    pub struct RosterImportRow {
        key { campus_id: String, import_id: String }
        state: i32,
        found: Option<Vec<u8>>,
        base: u32,
        number: u32,
        delivery_id: String,
        chunks: u32,
        released: u32,
        released_position: u64,
        begun_position: u64,
        begun_at_ms: i64,
        closed_at_ms: i64,
        reject_reason: String,
    }
}

/// Deliveries by campus and import.
pub struct RosterImports;

impl View for RosterImports {
    type Row = RosterImportRow;
    const NAME: &'static str = "roster_import_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_begun ON {table} (campus_id, begun_position)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RosterImportRow>) {
        if let Some(it) = event.read::<DeliveryEvent>() {
            return released(event, &it, rows);
        }
        let Some(it) = event.read::<Event>() else { return };
        let import_id = match &it {
            Event::RosterImportBegun(it) => it.import_id.clone(),
            Event::RosterImportJudged(it) => it.import_id.clone(),
            Event::RosterImportAccepted(it) => it.import_id.clone(),
            Event::RosterImportRejected(it) => it.import_id.clone(),
            Event::RosterRemovalLimitSet(_) => return,
        };
        let (campus_id, position, at_ms) = (event.id().to_owned(), event.position(), event.at_ms());
        rows.row((event.id(), &import_id.clone()), move |row| {
            let row = row.get_or_insert_with(|| RosterImportRow { campus_id, import_id, ..RosterImportRow::default() });
            match it {
                Event::RosterImportBegun(it) => {
                    (row.state, row.base) = (State::Begun.into(), it.base);
                    (row.begun_position, row.begun_at_ms) = (position, at_ms);
                }
                Event::RosterImportJudged(it) => row.judged(it),
                Event::RosterImportAccepted(it) => {
                    (row.state, row.number) = (State::Applying.into(), it.number);
                    row.closed_at_ms = if it.approved { at_ms } else { 0 };
                }
                Event::RosterImportRejected(it) => {
                    (row.state, row.closed_at_ms) = (State::Rejected.into(), at_ms);
                    row.reject_reason = it.reason;
                }
                Event::RosterRemovalLimitSet(_) => {}
            }
        });
    }
}

fn released(event: &Recorded<'_>, it: &DeliveryEvent, rows: &mut Changes<RosterImportRow>) {
    let DeliveryEvent::RosterChangesReleased(it) = it else { return };
    let mut parts = event.id().split('~');
    let (Some(campus), Some(import)) = (parts.next(), parts.next()) else { return };
    let (chunk, position) = (it.chunk, event.position());
    rows.row((campus, import), move |row| {
        if let Some(row) = row {
            (row.released, row.released_position) = (chunk, position);
        }
    });
}

impl RosterImportRow {
    fn judged(&mut self, it: RosterImportJudged) {
        self.state = match it.verdict() {
            RosterVerdict::Quarantined => State::Quarantined.into(),
            RosterVerdict::Refused => State::Refused.into(),
            RosterVerdict::Accepted | RosterVerdict::Unspecified => State::Applying.into(),
        };
        self.found = Some(it.encode_to_vec());
        (self.delivery_id, self.chunks) = (it.delivery_id, it.chunks);
    }

    /// As it is shown.
    pub fn shown(self) -> RosterImport {
        let found = self.found.as_deref().and_then(|it| RosterImportJudged::decode(it).ok()).unwrap_or_default();
        RosterImport {
            campus_id: self.campus_id,
            import_id: self.import_id,
            state: self.state,
            cause: found.cause,
            detail: in_words(&found),
            mode: found.mode,
            format: found.format,
            counts: Some(counts(&found)),
            begun_at_ms: self.begun_at_ms,
            closed_at_ms: self.closed_at_ms,
            reject_reason: self.reject_reason,
            made_at_ms: found.made_at_ms,
        }
    }
}

/// What was counted.
pub fn counts(it: &RosterImportJudged) -> RosterCounts {
    RosterCounts {
        rows: it.rows,
        added: it.added,
        changed: it.changed,
        unchanged: it.unchanged,
        removed: it.removed,
        malformed: it.malformed,
        duplicates: it.duplicates,
        refused: it.refused,
        withheld: it.withheld,
        roster_members: it.roster_members,
        limit_percent: it.limit_percent,
    }
}

/// Why a delivery was not simply accepted, as a sentence for whoever sent it.
pub fn in_words(it: &RosterImportJudged) -> String {
    match it.cause() {
        RosterCause::Unspecified => String::new(),
        RosterCause::MassRemoval => format!(
            "{} of {} members would leave, more than {} %; approve or reject it",
            it.removed, it.roster_members, it.limit_percent
        ),
        RosterCause::OldRows => {
            "the same rows were the roster before others were, so this may be an old file; approve or reject it".into()
        }
        RosterCause::Empty => "a whole roster without a row would let everybody leave; nothing was done".into(),
        RosterCause::Truncated if it.expected_rows != 0 && it.expected_rows != it.rows => {
            format!("{} rows came and {} were announced; nothing was done", it.rows, it.expected_rows)
        }
        RosterCause::Truncated => "the last row is cut, so others may be missing; nothing was done".into(),
        RosterCause::ManyMalformed => {
            format!("{} of {} rows make no sense; nothing was done", it.malformed, it.rows)
        }
        RosterCause::Older => "it was made before the roster that holds; nothing was done".into(),
    }
}

/// The columns with the state as it is now: whether the policy is through with what was accepted, and whether another
/// delivery was accepted since, follow from elsewhere.
fn columns() -> String {
    let told = format!(
        "CASE WHEN state = {applying} AND number > 0 AND released = chunks AND released_position <= \
         (SELECT COALESCE(MAX(position), 0) FROM policy_checkpoint WHERE policy = '{policy}' AND stream = 'campus') \
         THEN {applied} WHEN state = {quarantined} AND base < \
         (SELECT COALESCE(MAX(number), 0) FROM roster_import_1 other WHERE other.campus_id = it.campus_id) \
         THEN {superseded} ELSE state END AS state",
        applying = State::Applying as i32,
        applied = State::Applied as i32,
        quarantined = State::Quarantined as i32,
        superseded = State::Superseded as i32,
        policy = member_policies::MEMBERS_FOLLOW_ROSTERS,
    );
    RosterImportRow::COLUMN_LIST.replacen("state", &told, 1)
}

/// One delivery.
pub async fn import(store: &Store, campus_id: &str, import_id: &str) -> Result<Option<RosterImportRow>, StoreError> {
    let sql = format!("SELECT {} FROM roster_import_1 it WHERE campus_id = $1 AND import_id = $2", columns());
    Ok(store.query(&sql, &[campus_id.into(), import_id.into()]).await?.pop())
}

/// Deliveries of a campus that began before a position, the latest first; of one state, or all if that is 0.
pub async fn of_campus(
    store: &Store,
    campus_id: &str,
    state: i32,
    before: i64,
    size: i64,
) -> Result<Vec<RosterImportRow>, StoreError> {
    let sql = format!(
        "SELECT {list} FROM (SELECT {columns} FROM roster_import_1 it WHERE campus_id = $1 AND begun_position < $3) seen \
         WHERE $2 = 0 OR state = $2 ORDER BY begun_position DESC LIMIT $4",
        list = RosterImportRow::COLUMN_LIST,
        columns = columns(),
    );
    store.query(&sql, &[campus_id.into(), state.into(), before.into(), size.into()]).await
}

/// Whether all deliveries of a campus up to a number are known here and applied.
pub async fn is_applied(store: &Store, campus_id: &str, number: u32) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT COALESCE(MAX(number), 0), COALESCE(MAX(CASE WHEN state = {} THEN 1 ELSE 0 END), 0) \
         FROM (SELECT {} FROM roster_import_1 it WHERE campus_id = $1) seen",
        State::Applying as i32,
        columns()
    );
    let rows: Vec<(i64, i64)> = store.query(&sql, &[campus_id.into()]).await?;
    Ok(rows.first().is_some_and(|it| it.0 >= i64::from(number) && it.1 == 0))
}
