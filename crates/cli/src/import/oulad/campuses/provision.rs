//! What has to be there before a seat can be used: institutions, a selection of the modules, campuses, plans.

use super::regions::{Region, Regions};
use crate::{
    import::{
        ask::{fresh, is_refused, same},
        line::Line,
        oulad::{
            known::head,
            offer::{INSTITUTION, course_id},
            plan::Plan,
        },
    },
    platform::Platform,
};
use anyhow::Result;
use std::collections::BTreeSet;
use studium_proto::{
    campus::v1::{
        GetPlanRequest, MemberClass, PlanKind, PlanTermsSet, ProvisionPlanRequest, RegisterCampusRequest,
        SetSeatsRequest, SignAgreementRequest, agreement_service_client::AgreementServiceClient,
        campus_service_client::CampusServiceClient, plan_service_client::PlanServiceClient,
    },
    catalogue::v1::{
        AuthoriseInstitutionRequest, Authority, DefineSelectionRequest, GetSelectionRequest,
        RegisterInstitutionRequest, institution_service_client::InstitutionServiceClient,
        selection_service_client::SelectionServiceClient,
    },
};

/// The selection that every plan covers.
pub const SELECTION: &str = "oulad-modules";

/// How long plans run on from the day on which they are provisioned.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// Since when campuses are there, and where the catalogue's stream tells of everything.
#[derive(Debug, Clone, Copy)]
pub struct Since {
    /// When the first presentation was announced, Unix milliseconds.
    pub at_ms: i64,
    /// Position of the catalogue's stream.
    pub catalogue_position: u64,
}

/// Whether an import with campuses was ever begun here.
///
/// # Errors
/// When the catalogue does not answer.
pub async fn was_begun(platform: &Platform) -> Result<bool> {
    let line = Line::open(platform, "catalogue", &["registrar"], "studium-import", 1).await?;
    let request = GetSelectionRequest { selection_id: SELECTION.to_owned(), min_position: 0 };
    match fresh!(line, SelectionServiceClient::get_selection, request) {
        Ok(_) => Ok(true),
        Err(e) if is_refused(&e, "SELECTION_NOT_FOUND") => Ok(false),
        Err(e) => Err(e.into_error("the selection of the modules")),
    }
}

/// Makes every region a campus with a plan; gives the position of the catalogue that tells of all.
///
/// # Errors
/// When a service refuses or does not answer.
pub async fn provision(platform: &Platform, plan: &Plan, regions: &Regions, since: Since) -> Result<Since> {
    let bar = platform.output.bar("provisioning campuses", regions.list.len() as u64);
    let catalogue = Line::open(platform, "catalogue", &["registrar"], "studium-import", 1).await?;
    let campus = Line::open(platform, "campus", &["registrar", "operator"], "studium-import", 1).await?;
    // What an earlier run provisioned a moment ago must be seen.
    let head = head(&campus, "campus").await?;
    let mut position = define_selection(&catalogue, plan, since).await?;
    for region in &regions.list {
        bar.message(region.name.as_str());
        position = position.max(authorise(&catalogue, region, since.at_ms).await?);
        let since = Since { catalogue_position: position, ..since };
        let registered = register(&campus, region, since).await?;
        sign(&campus, region, since, registered.max(head)).await?;
        provision_plan(&campus, head, region, plan, since).await?;
        bar.inc(1);
    }
    bar.finish();
    Ok(Since { catalogue_position: position, ..since })
}

fn modules(plan: &Plan) -> Vec<String> {
    let modules: BTreeSet<_> = plan.files.runs.iter().map(|it| it.module.as_str()).collect();
    modules.into_iter().map(course_id).collect()
}

async fn define_selection(line: &Line, plan: &Plan, since: Since) -> Result<u64> {
    let request = DefineSelectionRequest {
        selection_id: SELECTION.to_owned(),
        institution_id: INSTITUTION.to_owned(),
        title: "All modules of the Open University's data set".to_owned(),
        picked_course_ids: modules(plan),
        min_position: since.catalogue_position,
        at_ms: since.at_ms,
        ..DefineSelectionRequest::default()
    };
    match fresh!(line, SelectionServiceClient::define_selection, request) {
        Ok(it) => Ok(it.position.max(since.catalogue_position)),
        Err(e) => Err(e.into_error("the selection of the modules")),
    }
}

async fn authorise(line: &Line, region: &Region, at_ms: i64) -> Result<u64> {
    let (institution_id, what) = (region.id.clone(), format!("campus {}", region.id));
    let request = RegisterInstitutionRequest {
        institution_id: institution_id.clone(),
        name: region.name.clone(),
        // The files do not say; Ireland is a region of the university, too.
        country: String::new(),
        at_ms,
    };
    same!(line, InstitutionServiceClient::register_institution, request).map_err(|e| e.into_error(&what))?;
    let request = AuthoriseInstitutionRequest { institution_id, authority: Authority::Campus.into(), at_ms };
    let reply = same!(line, InstitutionServiceClient::authorise_institution, request);
    Ok(reply.map_err(|e| e.into_error(&what))?.position)
}

async fn register(line: &Line, region: &Region, since: Since) -> Result<u64> {
    let request = RegisterCampusRequest {
        campus_id: region.id.clone(),
        name: region.name.clone(),
        catalogue_position: since.catalogue_position,
        at_ms: since.at_ms,
    };
    match fresh!(line, CampusServiceClient::register_campus, request) {
        Ok(it) => Ok(it.position),
        Err(e) => Err(e.into_error(format!("campus {}", region.id))),
    }
}

async fn sign(line: &Line, region: &Region, since: Since, campus_position: u64) -> Result<()> {
    let request = SignAgreementRequest {
        agreement_id: region.agreement_id(),
        campus_id: region.id.clone(),
        title: format!("The data set's modules for {}", region.name),
        starts_at_ms: since.at_ms,
        ends_at_ms: 0,
        campus_position,
        at_ms: since.at_ms,
    };
    fresh!(line, AgreementServiceClient::sign_agreement, request)
        .map(drop)
        .map_err(|e| e.into_error(region.agreement_id()))
}

/// The plan with a seat for each learner; one that is there already only gets the seats that it lacks.
async fn provision_plan(line: &Line, head: u64, region: &Region, plan: &Plan, since: Since) -> Result<()> {
    let what = region.plan_id();
    let request = GetPlanRequest { plan_id: region.plan_id(), min_position: head, ..GetPlanRequest::default() };
    let known = match fresh!(line, PlanServiceClient::get_plan, request) {
        Ok(it) => it.plan.and_then(|it| it.ledger),
        Err(e) if is_refused(&e, "NO_PLAN") => None,
        Err(e) => return Err(e.into_error(what)),
    };
    if let Some(ledger) = known {
        if ledger.bought < region.seats() {
            let request = SetSeatsRequest { plan_id: region.plan_id(), total: region.seats(), at_ms: 0 };
            fresh!(line, PlanServiceClient::set_seats, request).map_err(|e| e.into_error(what))?;
        }
        return Ok(());
    }
    let terms = PlanTermsSet {
        title: format!("All modules for {}", region.name),
        selection_id: SELECTION.to_owned(),
        member_classes: vec![MemberClass::Student.into()],
        credit_course_ids: modules(plan),
        ..PlanTermsSet::default()
    };
    let request = ProvisionPlanRequest {
        plan_id: region.plan_id(),
        agreement_id: region.agreement_id(),
        campus_id: region.id.clone(),
        kind: PlanKind::Internal.into(),
        terms: Some(terms),
        seats: region.seats(),
        starts_at_ms: since.at_ms,
        ends_at_ms: studium_log::now_ms() + YEAR_MS,
        catalogue_position: since.catalogue_position,
        at_ms: since.at_ms,
    };
    fresh!(line, PlanServiceClient::provision_plan, request).map(drop).map_err(|e| e.into_error(what))
}
