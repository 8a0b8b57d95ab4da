//! What an agreement's plans cost and what was billed of it, read from the record itself: as of a time, up to a position.

use crate::{
    billing::Billing,
    charges::{self, Happened},
    period::Month,
    plans::{self, Plans},
};
use std::time::Duration;
use studium_kit::{App, Event, Stored, fault, replay, status};
use studium_proto::campus::v1::{
    StatementLine, StatementUse, billing_event::Event as BillingEvent, licence_plan_event::Event as PlanEvent,
};
use tonic::Status;

/// How long the record is waited for.
const REACHED_WITHIN: Duration = Duration::from_secs(2);

/// What the plans of an agreement come to.
pub struct Ledger {
    /// What fell due, in order.
    pub charges: Vec<StatementLine>,
    /// How the plans were used.
    pub uses: Vec<StatementUse>,
}

/// The position up to which the record is to be read: the one that is asked for, or all that is known here.
pub async fn position(app: &App, asked: u64, min_position: u64) -> Result<u64, Status> {
    let wanted = asked.max(min_position);
    app.store().reached("journal", app.service(), wanted, REACHED_WITHIN).await.map_err(|late| {
        status::late(format!("the record is known here up to position {}, not yet {wanted}; ask again", late.at))
    })?;
    Ok(if asked == 0 { app.store().journal().position() } else { asked })
}

/// The ledger of an agreement's plans: what happened up to a time, as far as it was recorded up to a position.
pub async fn read(app: &App, agreement_id: &str, as_of_ms: i64, position: u64) -> Result<Ledger, Status> {
    app.reached::<Plans>(position).await?;
    let mut ledger = Ledger { charges: Vec::new(), uses: Vec::new() };
    for plan_id in plans::of_agreement(app.store(), agreement_id).await.map_err(fault)? {
        let happened = happened::<PlanEvent>(app, &plan_id, position).await?;
        let happened =
            happened.into_iter().map(|(it, events)| Happened { at_ms: it.commit.at_ms, position: it.position, events });
        let account = charges::account(&plan_id, happened.collect(), as_of_ms);
        ledger.charges.extend(account.lines);
        ledger.uses.extend(account.used);
    }
    // Lines that fell due at the same time stay in the order of the plans.
    ledger.charges.sort_by_key(|it| it.due_at_ms);
    Ok(ledger)
}

/// The agreement's billing before a month: what was billed up to a time, as far as it was recorded up to a position.
pub async fn billed_before(
    app: &App,
    agreement_id: &str,
    month: Month,
    as_of_ms: i64,
    position: u64,
) -> Result<Billing, Status> {
    let period = month.to_string();
    let happened = happened::<BillingEvent>(app, agreement_id, position).await?;
    let events = happened.iter().filter(|(it, _)| it.commit.at_ms <= as_of_ms).flat_map(|(_, events)| events);
    Ok(replay(events.filter(|it| match it {
        BillingEvent::StatementIssued(it) => it.period < period,
        BillingEvent::StatementCredited(_) => false,
    })))
}

/// The commits of an aggregate with their events.
async fn happened<E: Event>(app: &App, id: &str, position: u64) -> Result<Vec<(Stored, Vec<E>)>, Status> {
    let commits = app.store().journal().commits(&format!("{}.{id}", E::AGGREGATE)).await.map_err(fault)?;
    let known = commits.into_iter().filter(|it| it.position <= position);
    known.map(|it| Ok((it.clone(), events(&it)?))).collect()
}

/// What cannot be read must not be left out of a bill.
fn events<E: Event>(commit: &Stored) -> Result<Vec<E>, Status> {
    let read = |it: &[u8]| E::from_bytes(it).map_err(fault)?.ok_or_else(status::outdated);
    commit.commit.events.iter().map(|it| read(it)).collect()
}
