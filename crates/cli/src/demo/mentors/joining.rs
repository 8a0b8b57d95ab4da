//! Learners join the nanodegree and pay; before that nobody is sought for them.

use super::{
    office::Office,
    people::LEARNERS,
    programme::{PRICE, PROGRAMME},
    proposals::is_proposed,
};
use crate::demo::desk::{all, answer, asked, settled};
use anyhow::Result;
use studium_proto::{
    enrolment::v1::{EnrolmentSource, JoinProgrammeRequest, RecordProgrammePaymentRequest},
    mentorship::v1::{Mentorship, MentorshipState},
};

/// What came of it.
pub struct Joined {
    /// Learners who joined.
    pub learners: usize,
    /// Learners for whom nobody was sought before they paid.
    pub announced: usize,
    /// Learners who paid.
    pub paid: usize,
}

/// All join; the first pays, and then the others.
pub async fn join_and_pay(office: &Office<'_>, offered: u64) -> Result<Joined> {
    let bar = office.desk.output().bar("a nanodegree", 0);
    let joined = all((0..LEARNERS.len()).collect(), &bar, |it| join(office, it, offered)).await?.len();
    let announced = settled(
        "the mentors' desk has heard of everybody who joined",
        async || office.all().await,
        |it| it.iter().all(|it| it.mentorship.is_some()),
    )
    .await?;
    let waits = |it: &&Mentorship| it.state() == MentorshipState::Announced;
    let announced = announced.iter().filter_map(|it| it.mentorship.as_ref()).filter(waits).count();
    pay(office, 0).await?;
    office.once("a mentor is proposed to the first who paid", 0, is_proposed).await?;
    let bar = office.desk.output().bar("payments", 0);
    let paid = all((1..LEARNERS.len()).collect(), &bar, |it| pay(office, it)).await?.len();
    Ok(Joined { learners: joined, announced, paid: paid + 1 })
}

async fn join(office: &Office<'_>, learner: usize, catalogue_position: u64) -> Result<()> {
    let learner_id = LEARNERS[learner].id;
    let join = JoinProgrammeRequest {
        programme_id: PROGRAMME.to_owned(),
        learner_id: learner_id.to_owned(),
        source: EnrolmentSource::SelfPaid.into(),
        catalogue_position,
        ..JoinProgrammeRequest::default()
    };
    answer(office.desk.joined.clone().join_programme(asked(&format!("join:{learner_id}"), join)).await).map(drop)
}

async fn pay(office: &Office<'_>, learner: usize) -> Result<()> {
    let learner_id = LEARNERS[learner].id;
    let pay = RecordProgrammePaymentRequest {
        programme_id: PROGRAMME.to_owned(),
        learner_id: learner_id.to_owned(),
        payment_id: format!("payment-{learner_id}"),
        amount_minor: PRICE,
        currency: "EUR".to_owned(),
        ..RecordProgrammePaymentRequest::default()
    };
    let mut client = office.desk.joined.clone();
    answer(client.record_programme_payment(asked(&format!("pay:{learner_id}"), pay)).await).map(drop)
}
