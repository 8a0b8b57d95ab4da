//! What follows here from what happened: seats, deferrals, cancelled runs, programmes, campuses.

mod campus;

pub use campus::EnrolmentsFollowCampusSeats;

use crate::{
    enrolment::{self, Act, Authority, By, Enrolment, Offer, RunStatus, Terms},
    enrolments::{self, EnrolmentRow, Enrolments},
    learners::{self, Learners},
    programme_enrolment::{self, ProgrammeEnrolment},
    programme_enrolments::{self, ProgrammeEnrolments, ProgrammeRow},
    run_capacity::{self, RunCapacity},
};
use studium_kit::{App, Deadline, LookUpPolicy, Policy, Reaction, StoreError, View};
use studium_proto::{
    catalogue::v1::course_run_event::Event as RunEvent,
    enrolment::v1::{
        EndCause, EnrolmentState, Outcome, enrolment_event::Event as EnrolmentEvent,
        learner_event::Event as LearnerEvent, programme_enrolment_event::Event as ProgrammeEvent,
        run_capacity_event::Event as SeatEvent,
    },
};

/// What follows by itself has a registrar's authority.
fn by_itself(at_ms: i64) -> By {
    By { at_ms, authority: Authority::Registrar, institution_id: String::new() }
}

/// Asks the run for a seat, keeps it, gives it back: as the enrolment goes.
/// One policy for all of it, so that a run hears of one enrolment in order.
pub struct SeatsFollowEnrolments;

impl Policy for SeatsFollowEnrolments {
    const NAME: &'static str = "seats-follow-enrolments";
    const STREAM: &'static str = "enrolment";
    type Event = EnrolmentEvent;
    type Target = RunCapacity;

    fn react(&self, id: &str, event: &EnrolmentEvent, _at_ms: i64) -> Vec<Reaction<RunCapacity>> {
        use run_capacity::Command::{Confirm, Release, Reserve};
        let Some((run, learner)) = id.split_once('~') else { return Vec::new() };
        let learner_id = learner.to_owned();
        let command = match event {
            EnrolmentEvent::EnrolmentRequested(it) if it.capacity > 0 => {
                let (round, capacity, waiting_list) = (it.round, it.capacity, it.waiting_list);
                Reserve { learner_id, round, capacity, waiting_list }
            }
            EnrolmentEvent::EnrolmentReinstated(it) if it.seat_needed => {
                let (round, capacity, waiting_list) = (it.round, it.capacity, it.waiting_list);
                Reserve { learner_id, round, capacity, waiting_list }
            }
            EnrolmentEvent::EnrolmentActivated(it) if it.seat_held => Confirm { learner_id, round: it.round },
            EnrolmentEvent::EnrolmentSuspended(it) if it.seat_released => Release { learner_id, round: it.round },
            EnrolmentEvent::EnrolmentWithdrawn(it) if it.seat_released => Release { learner_id, round: it.round },
            EnrolmentEvent::EnrolmentDeferred(it) if it.seat_released => Release { learner_id, round: it.round },
            EnrolmentEvent::EnrolmentExpired(it) if it.seat_released => Release { learner_id, round: it.round },
            _ => return Vec::new(),
        };
        vec![Reaction { id: run.to_owned(), command }]
    }
}

/// Tells the enrolment what the run answered.
pub struct EnrolmentsFollowSeats;

impl Policy for EnrolmentsFollowSeats {
    const NAME: &'static str = "enrolments-follow-seats";
    const STREAM: &'static str = "enrolment";
    type Event = SeatEvent;
    type Target = Enrolment;

    fn react(&self, run: &str, event: &SeatEvent, at_ms: i64) -> Vec<Reaction<Enrolment>> {
        let (learner, act) = match event {
            SeatEvent::SeatReserved(it) => (&it.learner_id, Act::GrantSeat { round: it.round }),
            SeatEvent::SeatWaitlisted(it) => (&it.learner_id, Act::Waitlist { round: it.round }),
            SeatEvent::SeatRefused(it) => (&it.learner_id, Act::RefuseSeat { round: it.round, cause: it.cause() }),
            _ => return Vec::new(),
        };
        vec![Reaction { id: format!("{run}~{learner}"), command: enrolment::Command { by: by_itself(at_ms), act } }]
    }
}

/// Counts as many seats as the catalogue says, and closes with a cancelled run.
pub struct SeatsFollowCatalogue;

impl Policy for SeatsFollowCatalogue {
    const NAME: &'static str = "seats-follow-catalogue";
    const STREAM: &'static str = "catalogue";
    type Event = RunEvent;
    type Target = RunCapacity;

    fn react(&self, run: &str, event: &RunEvent, _at_ms: i64) -> Vec<Reaction<RunCapacity>> {
        use run_capacity::Command::{Close, SetCapacity};
        let command = match event {
            RunEvent::RunScheduled(it) if it.capacity > 0 => {
                SetCapacity { capacity: it.capacity, waiting_list: it.waiting_list }
            }
            RunEvent::RunCapacitySet(it) => SetCapacity { capacity: it.capacity, waiting_list: it.waiting_list },
            RunEvent::RunCancelled(_) => Close { cause: EndCause::RunCancelled },
            _ => return Vec::new(),
        };
        vec![Reaction { id: run.to_owned(), command }]
    }
}

/// Ends every open enrolment of a run that is closed for good.
pub struct EnrolmentsEndWithRun;

impl LookUpPolicy for EnrolmentsEndWithRun {
    const NAME: &'static str = "enrolments-end-with-run";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Enrolments::NAME];
    type Event = SeatEvent;
    type Target = Enrolment;

    async fn react(
        app: &App,
        run: &str,
        event: &SeatEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Enrolment>>, StoreError> {
        let SeatEvent::CapacityClosed(closed) = event else { return Ok(Vec::new()) };
        let cause = closed.cause();
        // All of them, whatever their state: what is parked finds its reaction by its place in this list.
        let learners = enrolments::ever_in_run(app.store(), run).await?;
        let end = |learner: String| Reaction {
            id: format!("{run}~{learner}"),
            command: enrolment::Command { by: by_itself(at_ms), act: Act::EndWithRun { cause } },
        };
        Ok(learners.into_iter().map(end).collect())
    }
}

/// Enrols a deferred learner in the run that was chosen, on the same terms.
pub struct DeferralsArrive;

impl Policy for DeferralsArrive {
    const NAME: &'static str = "deferrals-arrive";
    const STREAM: &'static str = "enrolment";
    type Event = EnrolmentEvent;
    type Target = Enrolment;

    fn react(&self, id: &str, event: &EnrolmentEvent, at_ms: i64) -> Vec<Reaction<Enrolment>> {
        let EnrolmentEvent::EnrolmentDeferred(it) = event else { return Vec::new() };
        let Some((run, learner)) = id.split_once('~') else { return Vec::new() };
        // That the run takes the learner was judged when the deferral was; only its seats are judged again.
        let offer = Offer {
            course_id: it.to_course_id.clone(),
            course_version: it.to_course_version,
            institution_id: it.to_institution_id.clone(),
            status: RunStatus::Open,
            capacity: it.to_capacity,
            waiting_list: it.to_waiting_list,
            price_minor: it.amount_due_minor,
            currency: it.currency.clone(),
            ..Offer::default()
        };
        let terms = Terms {
            source: it.source(),
            source_ref: it.source_ref.clone(),
            mode: it.mode(),
            sponsor_institution_id: it.sponsor_institution_id.clone(),
            deferred_from_run_id: run.to_owned(),
        };
        let act = Act::Enrol { offer, terms, override_reason: String::new() };
        vec![Reaction {
            id: format!("{}~{learner}", it.to_run_id),
            command: enrolment::Command { by: by_itself(at_ms), act },
        }]
    }
}

/// A completed course counts in every programme of the learner that contains it.
pub struct CoursesCount;

impl LookUpPolicy for CoursesCount {
    const NAME: &'static str = "courses-count";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[ProgrammeEnrolments::NAME, Learners::NAME];
    type Event = EnrolmentEvent;
    type Target = ProgrammeEnrolment;

    async fn react(
        app: &App,
        id: &str,
        event: &EnrolmentEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<ProgrammeEnrolment>>, StoreError> {
        let EnrolmentEvent::EnrolmentCompleted(it) = event else { return Ok(Vec::new()) };
        let Some((run, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let person = learners::same_person(app.store(), learner).await?;
        let places = programme_enrolments::of_learner(app.store(), &person).await?;
        let passed = Passed { run, course: &it.course_id, outcome: it.outcome(), grade: it.grade_millipoints };
        Ok(places.iter().filter_map(|place| passed.counts_in(place, at_ms)).collect())
    }
}

/// Who joins a programme brings along the courses that were completed before.
pub struct EarlierCoursesCount;

impl LookUpPolicy for EarlierCoursesCount {
    const NAME: &'static str = "earlier-courses-count";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Enrolments::NAME, ProgrammeEnrolments::NAME, Learners::NAME];
    type Event = ProgrammeEvent;
    type Target = ProgrammeEnrolment;

    async fn react(
        app: &App,
        id: &str,
        event: &ProgrammeEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<ProgrammeEnrolment>>, StoreError> {
        let ProgrammeEvent::ProgrammeJoined(_) = event else { return Ok(Vec::new()) };
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let person = learners::same_person(app.store(), learner).await?;
        let mut places = programme_enrolments::of_learner(app.store(), &person).await?;
        places.retain(|it| it.programme_id == programme);
        all_that_count(app, &person, &places, at_ms).await
    }
}

/// Two learners who turn out to be one have completed together what each of them did.
pub struct MergedCoursesCount;

impl LookUpPolicy for MergedCoursesCount {
    const NAME: &'static str = "merged-courses-count";
    const STREAM: &'static str = "enrolment";
    const VIEWS: &'static [&'static str] = &[Enrolments::NAME, ProgrammeEnrolments::NAME, Learners::NAME];
    type Event = LearnerEvent;
    type Target = ProgrammeEnrolment;

    async fn react(
        app: &App,
        id: &str,
        event: &LearnerEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<ProgrammeEnrolment>>, StoreError> {
        let LearnerEvent::LearnerMerged(_) = event else { return Ok(Vec::new()) };
        let person = learners::same_person(app.store(), id).await?;
        let places = programme_enrolments::of_learner(app.store(), &person).await?;
        all_that_count(app, &person, &places, at_ms).await
    }
}

/// A course that somebody passed.
struct Passed<'a> {
    run: &'a str,
    course: &'a str,
    outcome: Outcome,
    grade: Option<u32>,
}

impl<'a> Passed<'a> {
    fn of(row: &'a EnrolmentRow) -> Option<Self> {
        (row.state == EnrolmentState::Completed as i32).then(|| Self {
            run: &row.run_id,
            course: &row.course_id,
            outcome: Outcome::try_from(row.outcome).unwrap_or_default(),
            grade: row.grade_millipoints,
        })
    }

    fn counts_in(&self, place: &ProgrammeRow, at_ms: i64) -> Option<Reaction<ProgrammeEnrolment>> {
        place.contains(self.course).then(|| Reaction {
            id: format!("{}~{}", place.programme_id, place.learner_id),
            command: programme_enrolment::Command {
                by: by_itself(at_ms),
                act: programme_enrolment::Act::CompleteCourse {
                    course_id: self.course.to_owned(),
                    run_id: self.run.to_owned(),
                    outcome: self.outcome,
                    grade_millipoints: self.grade,
                },
            },
        })
    }
}

async fn all_that_count(
    app: &App,
    person: &[String],
    places: &[ProgrammeRow],
    at_ms: i64,
) -> Result<Vec<Reaction<ProgrammeEnrolment>>, StoreError> {
    let rows = enrolments::of_learner(app.store(), person).await?;
    let passed: Vec<_> = rows.iter().filter_map(Passed::of).collect();
    Ok(places.iter().flat_map(|place| passed.iter().filter_map(|it| it.counts_in(place, at_ms))).collect())
}

/// Invitations that nobody answered and seats that nobody paid lapse.
pub struct Lapses;

impl Deadline for Lapses {
    const NAME: &'static str = "lapses";
    type Target = Enrolment;
    const DUE: &'static str = "SELECT run_id || '~' || learner_id AS id, waits_until_ms AS due_ms FROM enrolment_1 \
                               WHERE waits_until_ms > 0 AND waits_until_ms <= $1";

    fn command(_id: &str, due_ms: i64) -> enrolment::Command {
        enrolment::Command { by: by_itself(due_ms), act: Act::Lapse }
    }
}

#[cfg(test)]
mod tests;
