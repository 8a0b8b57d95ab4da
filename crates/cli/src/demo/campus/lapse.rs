//! A plan whose term ends while the demo is played: what it paid for falls back to listening, by itself.

use super::{
    office::Office,
    people::{CAMPUS, LISTENERS, STUDENTS, member},
    seats::plan,
    setup::{AGREEMENT, Setup, WRITING, run, terms},
};
use crate::{
    client::{failed, reason},
    demo::desk::{answer, asked, settled},
};
use anyhow::{Context, Result, bail, ensure};
use studium_proto::{
    campus::v1::{EnrolBySeatRequest, MemberClass, PlanKind, ProvisionPlanRequest},
    enrolment::v1::{Enrolment, EnrolmentMode, EnrolmentState, GetEnrolmentRequest},
};

/// So long the first term lasts, milliseconds. On a machine that is too slow for it another plan lasts twice as long.
const TERM_MS: i64 = 2_000;

/// What came of it.
pub struct Lapse {
    /// The plan.
    pub plan: String,
    /// Learners who were enrolled by a seat of it, for a certificate.
    pub enrolled: usize,
    /// Learners who only listen since it ended.
    pub listening: usize,
    /// Seats that expired.
    pub expired: u32,
    /// What somebody hears who wants a seat of it now.
    pub reason: String,
}

/// Gives the staff a plan of a few seconds, and has some of them use it.
pub async fn begin(office: &Office<'_>, setup: &Setup) -> Result<String> {
    for attempt in 0..5 {
        let plan_id = format!("lakeside-staff-{}", attempt + 1);
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let provision = ProvisionPlanRequest {
            plan_id: plan_id.clone(),
            agreement_id: AGREEMENT.to_owned(),
            campus_id: CAMPUS.to_owned(),
            kind: PlanKind::Trial.into(),
            terms: Some(terms("Staff, for a moment", &[MemberClass::Staff])),
            seats: LISTENERS as u32 + 1,
            starts_at_ms: now_ms,
            ends_at_ms: now_ms + (TERM_MS << attempt),
            catalogue_position: setup.catalogue,
            ..ProvisionPlanRequest::default()
        };
        answer(office.all_plans().provision_plan(asked(&plan_id, provision)).await)?;
        if in_time(office, setup, &plan_id).await? {
            return Ok(plan_id);
        }
    }
    bail!("no plan lasted long enough for {LISTENERS} learners to use it; is the machine very busy?")
}

/// Whether all could use the plan before it ended.
async fn in_time(office: &Office<'_>, setup: &Setup, plan_id: &str) -> Result<bool> {
    for number in STUDENTS..STUDENTS + LISTENERS {
        let Err(status) = enrol(office, setup, plan_id, number, "by-seat").await? else { continue };
        if reason(&status).as_deref() == Some("PLAN_EXPIRED") {
            return Ok(false);
        }
        return Err(failed(status));
    }
    Ok(true)
}

async fn enrol(
    office: &Office<'_>,
    setup: &Setup,
    plan_id: &str,
    number: usize,
    key: &str,
) -> Result<Result<u64, tonic::Status>> {
    let request = EnrolBySeatRequest {
        plan_id: plan_id.to_owned(),
        campus_id: CAMPUS.to_owned(),
        learner_id: member(number),
        run_id: run(WRITING),
        catalogue_position: setup.catalogue,
        ..EnrolBySeatRequest::default()
    };
    let mut client = office.learner(&member(number)).await?;
    let told = client.enrol_by_seat(asked(&format!("{key}:{plan_id}:{number}"), request)).await;
    Ok(told.map(|it| it.into_inner().position))
}

/// Waits until the plan has ended, and looks at what it paid for.
pub async fn end(office: &Office<'_>, setup: &Setup, plan_id: String) -> Result<Lapse> {
    let bar = office.desk.output().spinner("a plan ends by itself");
    let ended = settled("the plan has ended", async || plan(office, &plan_id).await, |it| it.expired).await?;
    let (mut enrolled, mut listening) = (0, 0);
    for learner_id in (STUDENTS..STUDENTS + LISTENERS).map(member) {
        let look = async || enrolment(office, &learner_id, 0).await;
        let now = settled("its learner only listens", look, |it| it.mode() == EnrolmentMode::Audit).await?;
        listening += usize::from(now.state() == EnrolmentState::Active);
        let before = enrolment(office, &learner_id, now.active_at_ms).await?;
        let with_certificate = before.mode() == EnrolmentMode::Certificate && before.source_ref == plan_id;
        enrolled += usize::from(with_certificate);
    }
    ensure!(
        (enrolled, listening) == (LISTENERS, LISTENERS),
        "of {LISTENERS} learners {enrolled} were enrolled for a certificate, and {listening} listen now"
    );
    let ledger = ended.ledger.unwrap_or_default();
    ensure!(ledger.expired == ledger.bought, "not every seat of the plan expired: {ledger:?}");
    let Err(status) = enrol(office, setup, &plan_id, STUDENTS + LISTENERS, "too-late").await? else {
        bail!("somebody was enrolled by a seat of a plan that is over");
    };
    let reason = reason(&status).context("a plan that is over refuses without a reason")?;
    ensure!(reason == "PLAN_EXPIRED", "a plan that is over refuses because of {reason}");
    bar.finish();
    Ok(Lapse { plan: plan_id, enrolled, listening, expired: ledger.expired, reason })
}

/// Somebody's enrolment, as of a time (0 = now).
async fn enrolment(office: &Office<'_>, learner_id: &str, as_of_ms: i64) -> Result<Enrolment> {
    let request = GetEnrolmentRequest {
        run_id: run(WRITING),
        learner_id: learner_id.to_owned(),
        as_of_ms,
        ..GetEnrolmentRequest::default()
    };
    Ok(answer(office.desk.queries.clone().get_enrolment(request).await)?.enrolment.unwrap_or_default())
}
