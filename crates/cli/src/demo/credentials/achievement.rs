//! What the university wants to issue: one course is refused, the other becomes a microcredential.

use super::bureau::{Bureau, COURSE, TOO_SHORT, issuer};
use crate::{
    client::reason,
    demo::{
        desk::{answer, asked, settled},
        sample::COURSES,
    },
};
use anyhow::{Context as _, Result, bail, ensure};
use std::time::Instant;
use studium_proto::{
    credentials::v1::{
        AchievementDefined, AchievementSource, AchievementType, ApproveAchievementRequest, AssessmentType,
        CheckAchievementRequest, Credential, CredentialState, CreditRoute, DefineAchievementRequest,
        DraftAchievementRequest, Finding, Framework, ParticipationForm,
    },
    enrolment::v1::{EnrolmentState, ListRunRosterRequest},
};

/// What came of it.
pub struct Issued {
    /// The achievement.
    pub achievement_id: String,
    /// Learners who had passed the course before.
    pub passed: usize,
    /// Credentials that were signed.
    pub signed: usize,
    /// From the approval until the last was signed, seconds.
    pub seconds: f64,
    /// One of them.
    pub first: Credential,
    /// Credits of each, thousandths.
    pub credits_milli: u32,
}

/// What the catalogue says of a course, and what only the university knows.
async fn definition(bureau: &Bureau<'_>, course: usize, catalogue_position: u64) -> Result<AchievementDefined> {
    let draft = DraftAchievementRequest {
        institution_id: COURSES[course].institution.to_owned(),
        source: AchievementSource::Course.into(),
        source_id: COURSES[course].id.to_owned(),
        source_version: 1,
        catalogue_position,
    };
    let it = answer(bureau.achievements().draft_achievement(draft).await)?.definition;
    let mut it = it.context("a draft is a definition")?;
    it.achievement_type = AchievementType::Microcredential.into();
    it.criteria = "Pass the essay, the project and the examination.".into();
    it.credit_route = CreditRoute::Direct.into();
    it.degree_programmes = vec!["BSc Computing".to_owned()];
    it.assessment_type = AssessmentType::Testing.into();
    (it.summative_assessment, it.pass_mark_millipoints) = (true, 50_000);
    it.participation = ParticipationForm::Online.into();
    it.quality_assurance = "Institutional review by an agency of the European register".into();
    it.quality_assurance_url = "https://qa.example/decisions/2024-17".into();
    it.frameworks = vec![Framework::Cmf2022.into(), Framework::Eu2022.into()];
    Ok(it)
}

/// A course that does not keep the framework, with all that is wrong with it.
pub async fn too_short(bureau: &Bureau<'_>, catalogue_position: u64) -> Result<Vec<Finding>> {
    let definition = Some(definition(bureau, TOO_SHORT, catalogue_position).await?);
    let institution_id = COURSES[TOO_SHORT].institution.to_owned();
    let check = CheckAchievementRequest { institution_id, definition, ..CheckAchievementRequest::default() };
    let findings = answer(bureau.achievements().check_achievement(check).await)?.findings;
    ensure!(!findings.is_empty(), "a course of {} hours is no microcredential", COURSES[TOO_SHORT].hours);
    Ok(findings)
}

/// The other course is approved, and everybody who passed it gets the credential without asking.
pub async fn approve(bureau: &Bureau<'_>, catalogue_position: u64) -> Result<Issued> {
    let passed = passed(bureau).await?;
    let definition = definition(bureau, COURSE, catalogue_position).await?;
    let credits_milli = definition.credits.first().map_or(0, |it| it.credits_milli);
    let institution_id = issuer().to_owned();
    let define =
        DefineAchievementRequest { institution_id: institution_id.clone(), definition: Some(definition), at_ms: 0 };
    let defined = bureau.achievements().define_achievement(asked("define-achievement", define)).await;
    let achievement_id = match defined {
        Ok(it) => it.into_inner().id,
        // The demo is played again after a break.
        Err(no) if reason(&no).as_deref() == Some("ACHIEVEMENT_APPROVED") => format!("course~{}~1", COURSES[COURSE].id),
        Err(no) => bail!(no),
    };
    let started = Instant::now();
    let approve = ApproveAchievementRequest { institution_id, achievement_id: achievement_id.clone(), at_ms: 0 };
    answer(bureau.achievements().approve_achievement(asked("approve-achievement", approve)).await)?;
    let signed = settled(
        "everybody who passed has a signed credential",
        async || bureau.in_state(CredentialState::Active).await,
        |it| it.len() == passed,
    )
    .await?;
    let seconds = started.elapsed().as_secs_f64();
    let first = signed.first().cloned().context("somebody passed")?;
    Ok(Issued { achievement_id, passed, signed: signed.len(), seconds, first, credits_milli })
}

/// How many passed the course.
async fn passed(bureau: &Bureau<'_>) -> Result<usize> {
    let request = ListRunRosterRequest {
        run_id: COURSES[COURSE].run(),
        state: EnrolmentState::Completed.into(),
        page_size: 500,
        ..ListRunRosterRequest::default()
    };
    Ok(answer(bureau.desk.queries.clone().list_run_roster(request).await)?.enrolments.len())
}
