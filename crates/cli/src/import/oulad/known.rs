//! Registrations that the platform has already, and whether they came about by a campus's seat.

use super::{offer::INSTITUTION, plan::Plan};
use crate::{
    import::{
        ask::{fresh, is_refused},
        line::Line,
    },
    platform::Platform,
};
use anyhow::Result;
use std::collections::HashMap;
use studium_proto::{
    admin::v1::{GetStatusRequest, admin_service_client::AdminServiceClient},
    enrolment::v1::{
        EnrolmentSource, ListRunRosterRequest, enrolment_query_service_client::EnrolmentQueryServiceClient,
    },
};

/// Rows of a roster that are asked for at a time.
const PAGE_SIZE: u32 = 500;

/// How a registration came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a seat of a campus's plan.
    Seat,
    /// By the university's own staff.
    Staff,
}

/// Registrations by index of the run and number of the student.
#[derive(Debug, Default)]
pub struct Known(HashMap<(u16, u64), Way>);

impl Known {
    /// Asks enrolment for all registrations in the presentations that are wanted.
    ///
    /// # Errors
    /// When enrolment does not answer.
    pub async fn ask(platform: &Platform, plan: &Plan) -> Result<Self> {
        let line = Line::open(platform, "enrolment", &["registrar", "operator"], "studium-import", 1).await?;
        let spinner = platform.output.spinner("looking for registrations that are there already");
        let min_position = head(&line, "enrolment").await?;
        let mut known = Self::default();
        for (index, run) in (0_u16..).zip(&plan.files.runs).filter(|(it, _)| plan.offers[usize::from(*it)].wanted) {
            let mut request = ListRunRosterRequest {
                run_id: run.id.clone(),
                institution_id: INSTITUTION.to_owned(),
                page_size: PAGE_SIZE,
                min_position,
                ..ListRunRosterRequest::default()
            };
            loop {
                let reply = match fresh!(line, EnrolmentQueryServiceClient::list_run_roster, request) {
                    Err(e) if is_refused(&e, "RUN_NOT_FOUND") => break,
                    reply => reply.map_err(|e| e.into_error(format!("the roster of {}", run.id)))?,
                };
                for it in &reply.enrolments {
                    let way = if it.source() == EnrolmentSource::CampusSeat { Way::Seat } else { Way::Staff };
                    let student = it.learner_id.strip_prefix("ou-").and_then(|it| it.parse().ok());
                    if let Some(student) = student {
                        known.note(index, student, way);
                    }
                }
                if reply.next_page_token.is_empty() {
                    break;
                }
                request.page_token = reply.next_page_token;
            }
        }
        spinner.finish();
        Ok(known)
    }

    /// Takes down that a registration is there.
    pub fn note(&mut self, run: u16, student: u64, way: Way) {
        self.0.insert((run, student), way);
    }

    /// How a registration came about; `None`: it is still to come.
    pub fn way(&self, run: u16, student: u64) -> Option<Way> {
        self.0.get(&(run, student)).copied()
    }

    /// All registrations.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Way)> {
        self.0.iter().map(|((_, student), way)| (*student, *way))
    }
}

/// How far a service has written.
pub async fn head(line: &Line, service: &str) -> Result<u64> {
    let status = fresh!(line, AdminServiceClient::get_status, GetStatusRequest {});
    Ok(status.map_err(|e| e.into_error(format!("the status of {service}")))?.log_position)
}
