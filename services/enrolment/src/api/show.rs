//! Rows of views as messages of the contract.

use crate::{
    enrolments::EnrolmentRow, programme_enrolments::ProgrammeRow, results::ResultRow, run_offers::RunOfferRow,
};
use studium_proto::enrolment::v1::{AssessmentRule, Enrolment, GetRunOfferResponse, ProgrammeEnrolment, Result};

impl From<EnrolmentRow> for Enrolment {
    fn from(it: EnrolmentRow) -> Self {
        Self {
            run_id: it.run_id,
            learner_id: it.learner_id,
            course_id: it.course_id,
            institution_id: it.institution_id,
            sponsor_institution_id: it.sponsor_institution_id,
            state: it.state,
            source: it.source,
            source_ref: it.source_ref,
            mode: it.mode,
            end_cause: it.end_cause,
            outcome: it.outcome,
            grade_millipoints: it.grade_millipoints,
            requested_at_ms: it.requested_at_ms,
            active_at_ms: it.active_at_ms,
            started_at_ms: it.started_at_ms,
            ended_at_ms: it.ended_at_ms,
            last_activity_at_ms: it.last_activity_at_ms,
            minutes: it.minutes,
            modules_completed: it.modules_completed,
            sessions: it.sessions,
            sessions_present: it.sessions_present,
            results: it.results,
            amount_due_minor: it.amount_due_minor,
            currency: it.currency,
            waits_until_ms: it.waits_until_ms,
        }
    }
}

impl From<ResultRow> for Result {
    fn from(it: ResultRow) -> Self {
        Self {
            run_id: it.run_id,
            learner_id: it.learner_id,
            assessment_id: it.assessment_id,
            attempt: it.attempt,
            score_millipoints: it.score_millipoints,
            weight_millipoints: it.weight_millipoints,
            identity_verified: it.identity_verified,
            banked: it.banked,
            submitted_at_ms: it.submitted_at_ms,
            overridden: it.overridden,
        }
    }
}

impl From<ProgrammeRow> for ProgrammeEnrolment {
    fn from(it: ProgrammeRow) -> Self {
        Self {
            required_course_ids: it.required().to_vec(),
            elective_groups: it.elective_groups(),
            programme_id: it.programme_id,
            learner_id: it.learner_id,
            state: it.state,
            programme_version: it.programme_version,
            completed_course_ids: it.completed.0,
            amount_due_minor: it.amount_due_minor,
            currency: it.currency,
            joined_at_ms: it.joined_at_ms,
            ended_at_ms: it.ended_at_ms,
            mentorship: it.mentorship,
        }
    }
}

impl From<&RunOfferRow> for GetRunOfferResponse {
    fn from(it: &RunOfferRow) -> Self {
        let assessment = |it: &crate::run_offers::Assessment| AssessmentRule {
            assessment_id: it.id.clone(),
            weight_millipoints: it.weight,
            due_at_ms: it.due_ms,
            exam: it.exam,
        };
        Self {
            course_id: it.course_id.clone(),
            institution_id: it.institution_id.clone(),
            status: it.status,
            starts_at_ms: it.starts_at_ms,
            ends_at_ms: it.ends_at_ms,
            enrolment_opens_at_ms: it.enrol_from_ms,
            enrolment_closes_at_ms: it.enrol_until_ms,
            capacity: it.capacity,
            waiting_list: it.waiting_list,
            pass_mark_millipoints: it.pass_mark_millipoints,
            assessments: it.assessments.0.iter().map(assessment).collect(),
        }
    }
}
