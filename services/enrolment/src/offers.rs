//! What a run offers, kept in memory as long as the catalogue's views stand still: the one look-up of an enrolment.

use crate::{
    course_offers::{self, CourseOffers},
    enrolment::{Offer, RunStatus},
    learners,
    run_capacity::RunCapacity,
    run_offers::{self, RunOfferRow, RunOffers},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use studium_kit::{App, Rejection, StoreError, View, fault};
use studium_proto::enrolment::v1::Reason;
use tonic::Status;

/// Offers kept at most; a platform with more runs in enrolment at once reads some of them again.
const KEPT_MAX: usize = 10_000;

/// Run offers of one process.
#[derive(Clone)]
pub struct Offers {
    app: App,
    kept: Arc<Mutex<Kept>>,
}

/// What is remembered, and which state of the catalogue it tells of.
#[derive(Default)]
struct Kept {
    seen: (u64, u64),
    offers: HashMap<String, Arc<Offered>>,
}

/// A run as the catalogue tells of it, with what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The run.
    pub run: RunOfferRow,
    price_minor: i64,
    currency: String,
}

/// Why there is no offer.
pub enum Missing {
    /// The catalogue has not told of the run.
    Unknown(Rejection<Reason>),
    /// The store could not be asked.
    Fault(Box<Status>),
}

impl Offers {
    /// Nothing remembered yet.
    pub fn new(app: App) -> Self {
        Self { app, kept: Arc::default() }
    }

    /// Waits until the catalogue's views have seen a position of its stream; 0 returns at once.
    ///
    /// # Errors
    /// UNAVAILABLE after 2 s.
    pub async fn reached(&self, catalogue_position: u64) -> Result<(), Status> {
        self.app.reached_stream::<RunOffers>("catalogue", catalogue_position).await?;
        self.app.reached_stream::<CourseOffers>("catalogue", catalogue_position).await
    }

    /// A run, as it was known a moment ago at the latest.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`, after it was looked for in the store.
    pub async fn run(&self, run_id: &str) -> Result<Arc<Offered>, Missing> {
        match self.remembered(run_id) {
            Some(it) => Ok(it),
            None => self.read(run_id).await,
        }
    }

    /// A run as the store has it now: before somebody is told no.
    ///
    /// # Errors
    /// `RUN_NOT_FOUND`.
    pub async fn read(&self, run_id: &str) -> Result<Arc<Offered>, Missing> {
        // Before the reading: what comes in between makes it stale, not fresh.
        let seen = self.seen();
        let Some(offered) = self.stored(run_id).await.map_err(|e| Missing::Fault(Box::new(fault(e))))? else {
            let detail = format!(
                "no event of the catalogue tells of run `{run_id}` up to position {}; if it was just scheduled, \
                 pass the position of that as `catalogue_position`",
                seen.0
            );
            return Err(Missing::Unknown(Rejection { reason: Reason::RunNotFound, detail }));
        };
        let offered = Arc::new(offered);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.seen != seen || kept.offers.len() >= KEPT_MAX {
            kept.offers.clear();
            kept.seen = seen;
        }
        kept.offers.insert(run_id.to_owned(), Arc::clone(&offered));
        Ok(offered)
    }

    fn remembered(&self, run_id: &str) -> Option<Arc<Offered>> {
        let seen = self.seen();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // A replica that does not fold keeps an eye on how far the one is that does, so its positions move, too.
        if kept.seen == seen { kept.offers.get(run_id).map(Arc::clone) } else { None }
    }

    fn seen(&self) -> (u64, u64) {
        let at = |view| self.app.store().position_of(view, "catalogue");
        (at(RunOffers::NAME), at(CourseOffers::NAME))
    }

    async fn stored(&self, run_id: &str) -> Result<Option<Offered>, StoreError> {
        let Some(run) = run_offers::run(self.app.store(), run_id).await? else { return Ok(None) };
        // A row without a course tells of a run whose planning was never seen.
        if run.course_id.is_empty() {
            return Ok(None);
        }
        let (price_minor, currency) = course_offers::price(self.app.store(), &run.course_id).await?;
        Ok(Some(Offered { run, price_minor, currency }))
    }

    /// The facts for a decision about one learner. Only limited and restricted runs cost a further look-up.
    pub async fn facts(&self, offered: &Offered, learner_id: &str, sponsor: &str) -> Result<Offer, Status> {
        let mut offer = offered.offer();
        if offer.capacity > 0 && !offer.waiting_list {
            offer.is_full = self.app.state::<RunCapacity>(&offered.run.run_id).await?.is_full();
        }
        let members_of = &offered.run.members_of.0;
        if !members_of.is_empty() && !members_of.iter().any(|it| it == sponsor) {
            let is_member = learners::is_member(self.app.store(), learner_id, members_of).await.map_err(fault)?;
            offer.is_stranger = !is_member;
        }
        Ok(offer)
    }
}

impl Offered {
    /// The facts for decisions that neither fullness nor membership matters to.
    pub fn offer(&self) -> Offer {
        let run = &self.run;
        Offer {
            course_id: run.course_id.clone(),
            course_version: run.course_version,
            institution_id: run.institution_id.clone(),
            status: RunStatus::try_from(run.status).unwrap_or_default(),
            opens_at_ms: run.enrol_from_ms,
            closes_at_ms: run.enrol_until_ms,
            ends_at_ms: run.ends_at_ms,
            capacity: run.capacity,
            waiting_list: run.waiting_list,
            is_full: false,
            by_invitation: run.by_invitation,
            is_stranger: false,
            price_minor: self.price_minor,
            currency: self.currency.clone(),
        }
    }
}
