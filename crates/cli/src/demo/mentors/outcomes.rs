//! The claim of mentorship is measured: who graduates, with what confidence.

use super::{office::Office, programme::PROGRAMME};
use crate::demo::desk::{answer, settled};
use anyhow::Result;
use studium_proto::mentorship::v1::{
    GetGraduationRequest, GetSatisfactionRequest, GraduationGroup, OutcomeScope,
    outcome_service_client::OutcomeServiceClient,
};

/// What is measured.
pub struct Outcomes {
    /// Learners with a mentor.
    pub mentored: GraduationGroup,
    /// Ratings of mentors, and their mean in thousandths of a star.
    pub ratings: (u64, u32),
}

/// Learners of the nanodegree with a mentor, at this moment.
async fn mentored(office: &Office<'_>) -> Result<GraduationGroup> {
    let request = GetGraduationRequest {
        scope: OutcomeScope::Programme.into(),
        scope_id: PROGRAMME.to_owned(),
        ..GetGraduationRequest::default()
    };
    let mut outcomes = OutcomeServiceClient::new(office.registrar.clone());
    let total = answer(outcomes.get_graduation(request).await)?.total.unwrap_or_default();
    Ok(total.with_mentor.unwrap_or_default())
}

/// Measures once so many have graduated.
pub async fn measure(office: &Office<'_>, graduated: u64) -> Result<Outcomes> {
    let now = async || mentored(office).await;
    let mentored = settled("the graduation statistics move", now, |it| it.graduated == graduated).await?;
    let rated = async || {
        let request =
            GetSatisfactionRequest { programme_id: PROGRAMME.to_owned(), ..GetSatisfactionRequest::default() };
        let mut outcomes = OutcomeServiceClient::new(office.registrar.clone());
        Ok(answer(outcomes.get_satisfaction(request).await)?.total.unwrap_or_default())
    };
    let total = settled("the rating counts", rated, |it| it.ratings > 0).await?;
    Ok(Outcomes { mentored, ratings: (total.ratings, total.mean_millistars) })
}
