//! Seats: assigned in bulk, used by learners, and refused to those for whom they are not, with the exact reason.

use super::{
    office::Office,
    people::{ACTIVE, CAMPUS, CLASS, PEOPLE, STUDENTS, member},
    setup::{DATABASES, PLAN, STATISTICS, Setup, WRITING, run},
};
use crate::{
    client::{explain, failed, reason},
    demo::{
        desk::{all, answer, asked, settled},
        sample::{COURSES, learner},
    },
};
use anyhow::{Context, Result, bail, ensure};
use futures::stream;
use studium_proto::campus::v1::{
    AssignSeatsRequest, EnrolBySeatRequest, GetPlanRequest, ListSeatUsesRequest, ListStuckSeatUsesRequest, Plan,
    SeatRowOutcome, SeatUse, SeatUseState, WhyNotRequest,
};

/// Seats are assigned first to so many students, then to all.
const FIRST: usize = STUDENTS * 3 / 4;

/// What came of it.
pub struct Seats {
    /// Seats that were assigned.
    pub assigned: usize,
    /// Rows that were already so when the whole call was repeated.
    pub repeated: usize,
    /// Learners who activated their seat by enrolling, and whom enrolment took in.
    pub accepted: usize,
    /// Who was refused.
    pub refused: Vec<Refused>,
}

/// Somebody for whom there is no seat.
pub struct Refused {
    /// Who it is.
    pub who: &'static str,
    /// The reason as the contract names it.
    pub reason: String,
    /// The reason in a sentence.
    pub detail: String,
}

/// Assigns and uses seats.
pub async fn use_up(office: &Office<'_>, setup: &Setup) -> Result<Seats> {
    assign(office, "seats-first", FIRST).await?;
    assign(office, "seats", STUDENTS).await?;
    let repeated = assign(office, "seats-again", STUDENTS).await?;
    ensure!(repeated == STUDENTS, "{repeated} of {STUDENTS} rows were already so when they were repeated");
    let bar = office.desk.output().bar("enrolments by seat", 0);
    all((0..ACTIVE).collect(), &bar, |number| enrol(office, setup, number)).await?;
    let uses = settled(
        "every use of a seat is answered",
        async || uses(office).await,
        |it| it.len() == ACTIVE && it.iter().all(|it| it.state() != SeatUseState::Requested),
    )
    .await?;
    let accepted = uses.iter().filter(|it| it.state() != SeatUseState::Refused).count();
    ensure!(accepted == ACTIVE, "{ACTIVE} seats were used and {accepted} accepted: {uses:?}");
    let stuck = ListStuckSeatUsesRequest { campus_id: CAMPUS.to_owned(), ..ListStuckSeatUsesRequest::default() };
    let stuck = answer(office.plans().list_stuck_seat_uses(stuck).await)?.uses;
    ensure!(stuck.is_empty(), "uses of seats hang: {stuck:?}");
    let refused = refusals(office, setup).await?;
    Ok(Seats { assigned: STUDENTS, repeated, accepted, refused })
}

/// Assigns seats to the first so many students; says how many rows were already so.
async fn assign(office: &Office<'_>, call: &str, students: usize) -> Result<usize> {
    let row = |number| AssignSeatsRequest {
        plan_id: PLAN.to_owned(),
        campus_id: CAMPUS.to_owned(),
        learner_id: member(number),
        ..AssignSeatsRequest::default()
    };
    let rows = stream::iter((0..students).map(row));
    let mut answers = answer(office.plans().assign_seats(asked(call, rows)).await)?;
    let (mut new, mut already) = (0, 0);
    while let Some(it) = answers.message().await.map_err(failed)? {
        let row = it.row.unwrap_or_default();
        match row.outcome() {
            SeatRowOutcome::Ok => new += 1,
            SeatRowOutcome::Already => already += 1,
            other => bail!("the seat of {} came out as {other:?}: {} {}", row.learner_id, row.reason, row.detail),
        }
    }
    ensure!(new + already == students, "{students} rows were sent and {} answered", new + already);
    Ok(already)
}

/// The class learns statistics for credit; others take a course by themselves.
async fn enrol(office: &Office<'_>, setup: &Setup, number: usize) -> Result<()> {
    let course = match number {
        0..CLASS => STATISTICS,
        it if it % 2 == 0 => DATABASES,
        _ => WRITING,
    };
    let request = EnrolBySeatRequest {
        campus_id: CAMPUS.to_owned(),
        learner_id: member(number),
        run_id: run(course),
        for_credit: course == STATISTICS,
        catalogue_position: setup.catalogue,
        ..EnrolBySeatRequest::default()
    };
    answer(office.learner(&member(number)).await?.enrol_by_seat(asked(&format!("by-seat:{number}"), request)).await)?;
    Ok(())
}

/// Uses of the students' seats.
async fn uses(office: &Office<'_>) -> Result<Vec<SeatUse>> {
    let request = ListSeatUsesRequest {
        plan_id: PLAN.to_owned(),
        campus_id: CAMPUS.to_owned(),
        page_size: 500,
        ..ListSeatUsesRequest::default()
    };
    Ok(answer(office.plans().list_seat_uses(request).await)?.uses)
}

/// One plan, once what it says has reached the view.
pub async fn plan(office: &Office<'_>, plan: &str) -> Result<Plan> {
    let request =
        GetPlanRequest { plan_id: plan.to_owned(), campus_id: CAMPUS.to_owned(), ..GetPlanRequest::default() };
    answer(office.plans().get_plan(request).await)?.plan.context("the plan is not shown")
}

/// Everybody for whom there is no seat asks, and asks why not.
async fn refusals(office: &Office<'_>, setup: &Setup) -> Result<Vec<Refused>> {
    let closed = COURSES[6].run();
    let asking = [
        ("a learner of another university", learner(0), run(STATISTICS), "NOT_A_MEMBER"),
        ("a lecturer", member(STUDENTS + 9), run(STATISTICS), "CLASS_NOT_COVERED"),
        ("a student who wants Korean", member(STUDENTS - 1), closed, "COURSE_NOT_IN_SELECTION"),
        ("the fellow, after all seats are given", member(PEOPLE - 1), run(STATISTICS), "NO_SEATS_LEFT"),
    ];
    let mut refused = vec![];
    for (who, learner_id, run_id, expected) in asking {
        let it = refusal(office, setup, (who, &learner_id), &run_id).await?;
        ensure!(it.reason == expected, "{who} was refused because of {} instead of {expected}", it.reason);
        refused.push(it);
    }
    Ok(refused)
}

async fn refusal(
    office: &Office<'_>,
    setup: &Setup,
    (who, learner_id): (&'static str, &str),
    run_id: &str,
) -> Result<Refused> {
    let mut client = office.learner(learner_id).await?;
    let ask = WhyNotRequest {
        campus_id: CAMPUS.to_owned(),
        learner_id: learner_id.to_owned(),
        run_id: run_id.to_owned(),
        min_position: setup.position,
        ..WhyNotRequest::default()
    };
    let why = answer(client.why_not(ask).await)?;
    let request = EnrolBySeatRequest {
        campus_id: CAMPUS.to_owned(),
        learner_id: learner_id.to_owned(),
        run_id: run_id.to_owned(),
        catalogue_position: setup.catalogue,
        ..EnrolBySeatRequest::default()
    };
    let Err(status) = client.enrol_by_seat(asked(&format!("refused:{learner_id}"), request)).await else {
        bail!("{who} was enrolled by seat");
    };
    let said = reason(&status).with_context(|| explain(&status))?;
    ensure!(!why.covered && why.reason == said, "{who} was refused because of {said}, and told {}", why.reason);
    Ok(Refused { who, reason: said, detail: why.detail })
}
