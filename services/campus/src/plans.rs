//! Licence plans with their terms and their ledger: what was bought, and where every seat is, now and at any time.

use crate::licence_plan::Ledger;
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::Encoded as _;
use studium_proto::campus::v1::{
    CarryOver, Plan, PlanTermsSet, RenewalScheduled, SeatLedger, UtilisationAlert, licence_plan_event::Event,
};

row! {
    /// One plan. Kinds and the like are numbers of the contract's enums.
    pub struct PlanRow {
        key { plan_id: String }
        campus_id: String,
        agreement_id: String,
        kind: i32,
        /// The terms as the event that set them last.
        terms: Vec<u8>,
        selection_id: String,
        term: u32,
        starts_at_ms: i64,
        ends_at_ms: i64,
        /// When something is to be decided about the term: its end; 0 once the plan expired.
        term_due_ms: i64,
        renewals: Json<Vec<Renewal>>,
        is_frozen: bool,
        is_expired: bool,
        bought: u32,
        unassigned: u32,
        assigned: u32,
        activated: u32,
        revoked: u32,
        expired: u32,
        alerts: Json<Vec<Alert>>,
        /// Seats that were assigned before this position are gone: a term took none over.
        dropped_all: u64,
        /// Seats that were assigned and not activated before this position are gone: a term took only activated ones.
        dropped_unused: u64,
    }
}

/// A term to come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    term: u32,
    seats: u32,
    starts_at_ms: i64,
    ends_at_ms: i64,
    carry_over: i32,
    fee_per_seat_minor: i64,
}

/// A mark of utilisation that was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    term: u32,
    percent: u32,
    held: u32,
    total: u32,
    at_ms: i64,
}

/// Plans by id.
pub struct Plans;

impl View for Plans {
    type Row = PlanRow;
    const NAME: &'static str = "plan_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_campus ON {table} (campus_id)".to_owned(),
            "CREATE INDEX {table}_agreement ON {table} (agreement_id)".to_owned(),
            "CREATE INDEX {table}_due ON {table} (term_due_ms) WHERE term_due_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<PlanRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (plan_id, at, position) = (event.id().to_owned(), event.at_ms(), event.position());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| PlanRow { plan_id, ..PlanRow::default() });
            let mut ledger = row.ledger();
            ledger.take_in(&it);
            row.keep(ledger);
            row.take_in(it, at, position);
        });
    }
}

impl PlanRow {
    fn take_in(&mut self, event: Event, at: i64, position: u64) {
        match event {
            Event::PlanProvisioned(it) => {
                (self.campus_id, self.agreement_id, self.kind) = (it.campus_id, it.agreement_id, it.kind);
                self.run_from(1, it.starts_at_ms, it.ends_at_ms);
            }
            Event::PlanTermsSet(it) => {
                self.selection_id.clone_from(&it.selection_id);
                self.terms = it.encode_to_vec();
            }
            Event::PlanFrozen(_) => self.is_frozen = true,
            Event::PlanUnfrozen(_) => self.is_frozen = false,
            Event::RenewalScheduled(it) => self.renewals.0.push(Renewal {
                term: it.term,
                seats: it.seats,
                starts_at_ms: it.starts_at_ms,
                ends_at_ms: it.ends_at_ms,
                carry_over: it.carry_over,
                fee_per_seat_minor: it.fee_per_seat_minor,
            }),
            Event::RenewalCancelled(it) => self.renewals.0.retain(|renewal| renewal.term < it.term),
            Event::TermBegan(it) => {
                self.renewals.0.retain(|renewal| renewal.term > it.term);
                self.run_from(it.term, it.starts_at_ms, it.ends_at_ms);
                match it.carry_over() {
                    CarryOver::None => self.dropped_all = position,
                    CarryOver::Activated => self.dropped_unused = position,
                    CarryOver::Held | CarryOver::Unspecified => {}
                }
                let terms = PlanTermsSet { fee_per_seat_minor: it.fee_per_seat_minor, ..self.terms() };
                self.terms = terms.encode_to_vec();
            }
            Event::PlanExpired(_) => {
                self.is_expired = true;
                self.term_due_ms = 0;
                self.renewals.0.clear();
            }
            Event::UtilisationReached(it) => {
                let (term, at_ms) = (self.term, at);
                self.alerts.0.push(Alert { term, percent: it.percent, held: it.held, total: it.total, at_ms });
            }
            _ => {}
        }
    }

    fn run_from(&mut self, term: u32, starts_at_ms: i64, ends_at_ms: i64) {
        (self.term, self.starts_at_ms, self.ends_at_ms) = (term, starts_at_ms, ends_at_ms);
        self.term_due_ms = ends_at_ms;
    }

    /// Where the seats are.
    pub fn ledger(&self) -> Ledger {
        Ledger {
            bought: self.bought,
            unassigned: self.unassigned,
            assigned: self.assigned,
            activated: self.activated,
            revoked: self.revoked,
            expired: self.expired,
        }
    }

    fn keep(&mut self, it: Ledger) {
        (self.bought, self.unassigned, self.assigned) = (it.bought, it.unassigned, it.assigned);
        (self.activated, self.revoked, self.expired) = (it.activated, it.revoked, it.expired);
    }

    /// What the plan promises.
    pub fn terms(&self) -> PlanTermsSet {
        PlanTermsSet::decode(self.terms.as_slice()).unwrap_or_default()
    }

    /// The ledger as it is shown.
    pub fn shown_ledger(&self) -> SeatLedger {
        let it = self.ledger();
        let held = u64::from(it.held());
        SeatLedger {
            bought: it.bought,
            unassigned: it.unassigned,
            assigned: it.assigned,
            activated: it.activated,
            revoked: it.revoked,
            expired: it.expired,
            utilisation_millipoints: (held * 100_000).checked_div(u64::from(it.bought)).unwrap_or(0) as u32,
        }
    }

    /// The plan as it is shown.
    pub fn shown(&self) -> Plan {
        let renewals = self.renewals.0.iter().map(|it| RenewalScheduled {
            term: it.term,
            seats: it.seats,
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            carry_over: it.carry_over,
            fee_per_seat_minor: it.fee_per_seat_minor,
        });
        let alerts = self.alerts.0.iter().map(|it| UtilisationAlert {
            term: it.term,
            percent: it.percent,
            held: it.held,
            total: it.total,
            at_ms: it.at_ms,
        });
        Plan {
            plan_id: self.plan_id.clone(),
            campus_id: self.campus_id.clone(),
            agreement_id: self.agreement_id.clone(),
            kind: self.kind,
            terms: Some(self.terms()),
            term: self.term,
            starts_at_ms: self.starts_at_ms,
            ends_at_ms: self.ends_at_ms,
            renewals: renewals.collect(),
            frozen: self.is_frozen,
            expired: self.is_expired,
            ledger: Some(self.shown_ledger()),
            alerts: alerts.collect(),
        }
    }
}

/// One plan.
pub async fn plan(store: &Store, plan_id: &str) -> Result<Option<PlanRow>, StoreError> {
    let sql = format!("SELECT {} FROM plan_1 WHERE plan_id = $1", PlanRow::COLUMN_LIST);
    Ok(store.query(&sql, &[plan_id.into()]).await?.pop())
}

/// One plan as it was at a time, Unix milliseconds.
pub async fn plan_as_of(store: &Store, plan_id: &str, at_ms: i64) -> Result<Option<PlanRow>, StoreError> {
    let subject = format!("campus.licence_plan.{plan_id}");
    Ok(store.as_of::<Plans>("campus", &[subject], at_ms).await?.pop())
}

/// A page of a campus's plans by id.
pub async fn of_campus(store: &Store, campus_id: &str, page: &Page) -> Result<Vec<PlanRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM plan_1 WHERE campus_id = $1 AND plan_id > $2 ORDER BY plan_id LIMIT $3",
        PlanRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into(), page.after.as_str().into(), page.size.into()]).await
}

/// A campus's plans that may cover something: those that did not expire, the one that ends last first.
pub async fn that_cover(store: &Store, campus_id: &str) -> Result<Vec<PlanRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM plan_1 WHERE campus_id = $1 ORDER BY is_expired, ends_at_ms DESC, plan_id LIMIT 100",
        PlanRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into()]).await
}

/// The plans of an agreement by id.
pub async fn of_agreement(store: &Store, agreement_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT plan_id FROM plan_1 WHERE agreement_id = $1 ORDER BY plan_id";
    Ok(store.query::<(String,)>(sql, &[agreement_id.into()]).await?.into_iter().map(|it| it.0).collect())
}
