//! What the bench assigns seats at: a campus of invented students with three plans over one course.

use crate::{
    client::{Channel, failed},
    platform::Platform,
};
use anyhow::{Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::ops::Range;
use studium_proto::{
    campus::v1::{
        AssignSeatsRequest, MemberClass, MemberDescribed, PlanKind, PlanTermsSet, ProvisionPlanRequest,
        PutMemberRequest, RegisterCampusRequest, SeatRowOutcome, SignAgreementRequest,
        agreement_service_client::AgreementServiceClient, campus_service_client::CampusServiceClient,
        member_service_client::MemberServiceClient, plan_service_client::PlanServiceClient,
    },
    catalogue::v1::{
        AuthoriseInstitutionRequest, Authority, DefineSelectionRequest, RegisterInstitutionRequest,
        institution_service_client::InstitutionServiceClient, selection_service_client::SelectionServiceClient,
    },
};

/// The campus.
pub const CAMPUS: &str = "bench-campus";

/// The plan that few hold a seat of, the one that many do, and the one whose seats are used.
pub const FEW: &str = "bench-few";
pub const MANY: &str = "bench-many";
pub const USED: &str = "bench-used";

/// The course that the bench offers a run of, and the selection that holds it.
const COURSE: &str = "bench-course";
const SELECTION: &str = "bench-selection";

/// Calls in flight while members are put, and the connections that they share.
const IN_FLIGHT: usize = 256;
const CONNECTIONS: usize = 4;

/// A year, milliseconds.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Connections to the campus service.
pub struct SeatDesk {
    /// The platform.
    pub platform: Platform,
    /// Plans and seats; the first of several connections.
    pub plans: PlanServiceClient<Channel>,
    channels: Vec<Channel>,
}

impl SeatDesk {
    /// Has the catalogue authorise the campus, and provisions its plans.
    pub async fn open(platform: &Platform, seats: u32) -> Result<Self> {
        let catalogue_position = announce(platform).await?;
        let desk = Self::on(platform).await?;
        let request = RegisterCampusRequest {
            campus_id: CAMPUS.to_owned(),
            name: "Bench Campus".to_owned(),
            catalogue_position,
            at_ms: 0,
        };
        let campus = desk.channels[0].clone();
        let registered = CampusServiceClient::new(campus.clone()).register_campus(request).await.map_err(failed)?;
        let now = studium_log::now_ms();
        let request = SignAgreementRequest {
            agreement_id: "bench-agreement".to_owned(),
            campus_id: CAMPUS.to_owned(),
            title: "Bench".to_owned(),
            starts_at_ms: now - YEAR_MS,
            campus_position: registered.into_inner().position,
            ..SignAgreementRequest::default()
        };
        AgreementServiceClient::new(campus).sign_agreement(request).await.map_err(failed)?;
        for plan in [FEW, MANY, USED] {
            let terms = PlanTermsSet {
                title: plan.to_owned(),
                selection_id: SELECTION.to_owned(),
                member_classes: vec![MemberClass::Student.into()],
                ..PlanTermsSet::default()
            };
            let request = ProvisionPlanRequest {
                plan_id: plan.to_owned(),
                agreement_id: "bench-agreement".to_owned(),
                campus_id: CAMPUS.to_owned(),
                kind: PlanKind::Internal.into(),
                terms: Some(terms),
                seats,
                starts_at_ms: now - YEAR_MS,
                ends_at_ms: now + YEAR_MS,
                catalogue_position,
                at_ms: 0,
            };
            desk.plans.clone().provision_plan(request).await.map_err(failed)?;
        }
        Ok(desk)
    }

    /// Connects to the campus service of a platform whose plans are there.
    pub async fn on(platform: &Platform) -> Result<Self> {
        let mut channels = vec![];
        for _ in 0..CONNECTIONS {
            channels.push(platform.connect("campus", &["registrar"]).await?);
        }
        Ok(Self { platform: platform.clone(), plans: PlanServiceClient::new(channels[0].clone()), channels })
    }

    /// One of the connections.
    pub fn client(&self, n: u32) -> PlanServiceClient<Channel> {
        PlanServiceClient::new(self.channels[n as usize % CONNECTIONS].clone())
    }

    /// Makes so many learners students of the campus.
    pub async fn join(&self, members: u32) -> Result<()> {
        let put = |n: u32| {
            let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
            let request = PutMemberRequest {
                campus_id: CAMPUS.to_owned(),
                learner_id: learner(n),
                record: Some(record),
                at_ms: 0,
            };
            let mut client = MemberServiceClient::new(self.channels[n as usize % CONNECTIONS].clone());
            async move { client.put_member(request).await.map(drop).map_err(failed) }
        };
        stream::iter(0..members).map(put).buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// Assigns seats of a plan to some members in one call; all of them get one.
    pub async fn assign(&self, plan: &str, members: Range<u32>) -> Result<()> {
        let many = members.len();
        let row = |n: u32| AssignSeatsRequest {
            plan_id: plan.to_owned(),
            learner_id: learner(n),
            ..AssignSeatsRequest::default()
        };
        let rows: Vec<_> = members.map(row).collect();
        let mut answers = self.plans.clone().assign_seats(stream::iter(rows)).await.map_err(failed)?.into_inner();
        let mut assigned = 0;
        while let Some(answer) = answers.message().await.map_err(failed)? {
            let row = answer.row.unwrap_or_default();
            ensure!(
                row.outcome() == SeatRowOutcome::Ok,
                "{} got no seat: {} {}",
                row.learner_id,
                row.reason,
                row.detail
            );
            assigned += 1;
        }
        ensure!(assigned == many, "{assigned} of {many} rows were answered");
        Ok(())
    }
}

/// A learner of the bench.
pub fn learner(n: u32) -> String {
    format!("bench-member-{n}")
}

async fn announce(platform: &Platform) -> Result<u64> {
    let channel = platform.connect("catalogue", &["registrar"]).await?;
    let mut institutions = InstitutionServiceClient::new(channel.clone());
    let request = RegisterInstitutionRequest {
        institution_id: CAMPUS.to_owned(),
        name: "Bench Campus".to_owned(),
        ..RegisterInstitutionRequest::default()
    };
    institutions.register_institution(request).await.map_err(failed)?;
    let request = AuthoriseInstitutionRequest {
        institution_id: CAMPUS.to_owned(),
        authority: Authority::Campus.into(),
        at_ms: 0,
    };
    let min_position = institutions.authorise_institution(request).await.map_err(failed)?.into_inner().position;
    let request = DefineSelectionRequest {
        selection_id: SELECTION.to_owned(),
        title: "What the bench enrols in".to_owned(),
        picked_course_ids: vec![COURSE.to_owned()],
        min_position,
        ..DefineSelectionRequest::default()
    };
    let mut selections = SelectionServiceClient::new(channel);
    Ok(selections.define_selection(request).await.map_err(failed)?.into_inner().position)
}
