//! What follows here from a campus's seats: enrolments by them, and what becomes of those whose seat ends.

use super::by_itself;
use crate::{
    campus_seats::{self, CampusSeats},
    course_offers::CourseOffers,
    enrolment::{self, Act, Enrolment, SeatWish},
    offers::{Missing, Offers},
    run_offers::RunOffers,
};
use studium_kit::{App, LookUpPolicy, Reaction, StoreError, View};
use studium_proto::campus::v1::{CarryOver, FallBack, SeatUseRequested, licence_plan_event::Event as PlanEvent};

/// Enrols by a campus's seats, and lets enrolments fall back when seats end.
/// One policy for all of it, so that an enrolment hears of its seat in order.
pub struct EnrolmentsFollowCampusSeats;

impl LookUpPolicy for EnrolmentsFollowCampusSeats {
    const NAME: &'static str = "enrolments-follow-campus-seats";
    const STREAM: &'static str = "campus";
    const VIEWS: &'static [&'static str] = &[CampusSeats::NAME];
    type Event = PlanEvent;
    type Target = Enrolment;

    async fn react(
        app: &App,
        plan: &str,
        event: &PlanEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Enrolment>>, StoreError> {
        match event {
            PlanEvent::SeatUseRequested(it) => Ok(vec![enrol(app, plan, it, at_ms).await?]),
            PlanEvent::SeatUseEnded(it) if it.fall_back() != FallBack::Unspecified => {
                Ok(vec![lose(plan, &it.run_id, &it.learner_id, it.fall_back(), at_ms)])
            }
            PlanEvent::PlanExpired(it) => all_lose(app, plan, it.fall_back(), at_ms).await,
            PlanEvent::TermBegan(it) if it.carry_over() == CarryOver::None => {
                all_lose(app, plan, it.fall_back(), at_ms).await
            }
            _ => Ok(Vec::new()),
        }
    }
}

async fn enrol(app: &App, plan: &str, it: &SeatUseRequested, at_ms: i64) -> Result<Reaction<Enrolment>, StoreError> {
    for view in [RunOffers::NAME, CourseOffers::NAME] {
        // The campus knew so much of the catalogue when it wished.
        app.seen_by(view, "catalogue", it.catalogue_position).await?;
    }
    let offers = Offers::new(app.clone());
    let offer = match offers.run(&it.run_id).await {
        Ok(offered) => {
            let facts = offers.facts(&offered, &it.learner_id, &it.campus_id).await;
            Some(facts.map_err(|e| StoreError::Query(e.message().to_owned()))?)
        }
        Err(Missing::Unknown(_)) => None,
        Err(Missing::Fault(e)) => return Err(StoreError::Query(e.message().to_owned())),
    };
    let wish = SeatWish {
        plan_id: plan.to_owned(),
        seat_round: it.round,
        campus_id: it.campus_id.clone(),
        for_credit: it.for_credit,
    };
    let command = enrolment::Command { by: by_itself(at_ms), act: Act::EnrolBySeat { wish, offer } };
    Ok(Reaction { id: format!("{}~{}", it.run_id, it.learner_id), command })
}

fn lose(plan: &str, run: &str, learner: &str, fall_back: FallBack, at_ms: i64) -> Reaction<Enrolment> {
    let act = Act::LoseSeat { plan_id: plan.to_owned(), fall_back };
    Reaction { id: format!("{run}~{learner}"), command: enrolment::Command { by: by_itself(at_ms), act } }
}

async fn all_lose(
    app: &App,
    plan: &str,
    fall_back: FallBack,
    at_ms: i64,
) -> Result<Vec<Reaction<Enrolment>>, StoreError> {
    let uses = campus_seats::of_plan(app.store(), plan).await?;
    Ok(uses.iter().map(|(run, learner)| lose(plan, run, learner, fall_back, at_ms)).collect())
}
