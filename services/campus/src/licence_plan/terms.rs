//! What a plan promises and for how long: provision, amendment, seats bought, freeze, renewal, end.

use super::LicencePlan;
use crate::by::By;
use studium_kit::{Decision, Reason as _};
use studium_proto::campus::v1::{
    CarryOver, FallBack, PlanExpired, PlanFrozen, PlanProvisioned, PlanTermsSet, PlanUnfrozen, Reason,
    RenewalCancelled, RenewalScheduled, SeatsBought, SeatsGivenBack, TermBegan, licence_plan_event::Event,
};

impl LicencePlan {
    pub(super) fn provision(
        &self,
        by: &By,
        plan: &PlanProvisioned,
        terms: &PlanTermsSet,
        agreement: Result<(), Reason>,
        selection: bool,
    ) -> Decision<Self> {
        by.may_act_for(&plan.campus_id)?;
        match &self.provisioned {
            Some(it) if it == plan && self.first_terms == *terms => return Ok(Vec::new()),
            Some(it) => {
                let sentence = format!("this id is a plan of campus `{}` already, with other contents", it.campus_id);
                return Reason::PlanExists.because(sentence);
            }
            None => {}
        }
        if let Err(reason) = agreement {
            return reason.because(format!("agreement `{}` cannot carry a plan of this campus", plan.agreement_id));
        }
        if plan.ends_at_ms <= plan.starts_at_ms {
            return Reason::TermNotInOrder.because("the term ends before it begins");
        }
        if !selection {
            return unknown(&terms.selection_id);
        }
        Ok(vec![Event::PlanProvisioned(plan.clone()), Event::PlanTermsSet(terms.clone())])
    }

    pub(super) fn amend(&self, terms: &PlanTermsSet, selection: bool) -> Decision<Self> {
        if self.terms == *terms {
            return Ok(Vec::new());
        }
        if !selection && terms.selection_id != self.terms.selection_id {
            return unknown(&terms.selection_id);
        }
        Ok(vec![Event::PlanTermsSet(terms.clone())])
    }

    pub(super) fn set_seats(&self, total: u32) -> Decision<Self> {
        let bought = self.ledger.bought;
        if total == bought {
            return Ok(Vec::new());
        }
        if self.is_expired {
            return Reason::PlanExpired.because("the plan is over");
        }
        if total > bought {
            return Ok(vec![Event::SeatsBought(SeatsBought { seats: total - bought, total })]);
        }
        let (seats, free) = (bought - total, self.ledger.unassigned);
        if seats > free {
            let taken = bought - free;
            return Reason::SeatsInUse.because(format!("{taken} seats are in use or used up; at least so many stay"));
        }
        Ok(vec![Event::SeatsGivenBack(SeatsGivenBack { seats, total })])
    }

    pub(super) fn freeze(&self, reason: &str) -> Decision<Self> {
        if self.is_frozen {
            return Ok(Vec::new());
        }
        if self.is_expired {
            return Reason::PlanExpired.because("the plan is over");
        }
        if reason.is_empty() {
            return Reason::ExplanationRequired.because("say why the plan is frozen");
        }
        let seats_given_back = self.ledger.unassigned;
        let (total, reason) = (self.ledger.bought - seats_given_back, reason.to_owned());
        Ok(vec![Event::PlanFrozen(PlanFrozen { seats_given_back, total, reason })])
    }

    pub(super) fn unfreeze(&self) -> Vec<Event> {
        if self.is_frozen { vec![Event::PlanUnfrozen(PlanUnfrozen {})] } else { Vec::new() }
    }

    pub(super) fn schedule_renewal(&self, it: &RenewalScheduled) -> Decision<Self> {
        // Where it begins follows from the term before; nobody has to say it.
        let renewal = RenewalScheduled { starts_at_ms: self.last_end_ms(), ..*it };
        if let Some(known) = self.renewals.iter().find(|known| known.term == it.term)
            && *known == (RenewalScheduled { starts_at_ms: known.starts_at_ms, ..*it })
        {
            return Ok(Vec::new());
        }
        if self.is_expired {
            return Reason::PlanExpired.because("the plan is over; provision another");
        }
        let next = self.renewals.last().map_or(self.term, |it| it.term) + 1;
        if it.term != next {
            return Reason::TermNotInOrder.because(format!("the next term to be arranged for is {next}"));
        }
        if renewal.ends_at_ms <= renewal.starts_at_ms {
            return Reason::TermNotInOrder
                .because(format!("the term would begin at {} ms, when it has ended", renewal.starts_at_ms));
        }
        Ok(vec![Event::RenewalScheduled(renewal)])
    }

    pub(super) fn cancel_renewal(&self, term: u32) -> Decision<Self> {
        if term <= self.term {
            return Reason::TermNotFound.because(format!("term {term} has begun or is over"));
        }
        if !self.renewals.iter().any(|it| it.term == term) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::RenewalCancelled(RenewalCancelled { term })])
    }

    /// At the end of a term the next begins with what learners hold at that instant, whatever was changed how late.
    pub(super) fn end_term(&self, at_ms: i64) -> Vec<Event> {
        if self.is_expired || at_ms < self.ends_at_ms {
            return Vec::new();
        }
        let fall_back = self.terms.fall_back;
        let Some(next) = self.renewals.first() else {
            let (term, ledger) = (self.term, self.ledger);
            return vec![Event::PlanExpired(PlanExpired {
                term,
                unassigned: ledger.unassigned,
                assigned: ledger.assigned,
                activated: ledger.activated,
                fall_back,
            })];
        };
        let (assigned, activated) = self.carried(next.carry_over());
        vec![Event::TermBegan(TermBegan {
            term: next.term,
            seats: next.seats.max(assigned + activated),
            starts_at_ms: next.starts_at_ms,
            ends_at_ms: next.ends_at_ms,
            carry_over: next.carry_over,
            fee_per_seat_minor: next.fee_per_seat_minor,
            assigned,
            activated,
            fall_back,
        })]
    }

    pub(super) fn on_provisioned(&mut self, it: &PlanProvisioned) {
        self.provisioned = Some(it.clone());
        self.term = 1;
        (self.starts_at_ms, self.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
    }

    pub(super) fn on_terms_set(&mut self, it: &PlanTermsSet) {
        if self.terms == PlanTermsSet::default() {
            self.first_terms = it.clone();
        }
        self.terms = it.clone();
    }

    pub(super) fn on_term_began(&mut self, it: &TermBegan) {
        self.term = it.term;
        (self.starts_at_ms, self.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
        self.terms.fee_per_seat_minor = it.fee_per_seat_minor;
        self.renewals.retain(|renewal| renewal.term > it.term);
        let carry_over = it.carry_over();
        self.seats.retain(|_, seat| match carry_over {
            CarryOver::Held | CarryOver::Unspecified => true,
            CarryOver::Activated => seat.activated,
            CarryOver::None => false,
        });
        self.revoked_activated = 0;
        self.told_percent = 0;
    }

    pub(super) fn on_expired(&mut self) {
        self.is_expired = true;
        self.renewals.clear();
        self.seats.clear();
    }

    /// What becomes of enrolments whose seat ends.
    pub(super) fn fall_back(&self) -> FallBack {
        self.terms.fall_back()
    }
}

fn unknown(selection_id: &str) -> Decision<LicencePlan> {
    Reason::SelectionNotFound.because(format!(
        "no event of the catalogue tells of selection `{selection_id}`; define it there, or pass the position of that \
         as `catalogue_position`"
    ))
}
