//! `studium campus`, at the desk: rosters that wait for a word, and why a learner may not take a course.

use crate::{
    client::failed,
    platform::Platform,
    progress::{table, time},
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use studium_proto::campus::v1::{
    ApproveRosterImportRequest, ListRosterImportsRequest, RejectRosterImportRequest, RosterImport, WhyNotRequest,
    plan_service_client::PlanServiceClient, roster_service_client::RosterServiceClient,
};

/// What `studium campus rosters` takes.
#[derive(Debug, Args)]
pub struct RostersArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
}

/// What `studium campus approve` takes.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
    /// The delivery, as `studium campus rosters` names it.
    #[arg(long, value_name = "ID")]
    import: String,
}

/// What `studium campus reject` takes.
#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
    /// The delivery, as `studium campus rosters` names it.
    #[arg(long, value_name = "ID")]
    import: String,
    /// Why it is dropped.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What `studium campus why-not` takes.
#[derive(Debug, Args)]
pub struct WhyNotArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
    /// The learner.
    #[arg(long, value_name = "ID")]
    learner: String,
    /// The course.
    #[arg(long, value_name = "ID")]
    course: String,
    /// Whether it is to be taken for credit.
    #[arg(long)]
    for_credit: bool,
}

/// Lists the deliveries of a campus, the waiting ones marked.
pub async fn rosters(platform: &Platform, args: RostersArgs) -> Result<()> {
    let mut client = RosterServiceClient::new(platform.connect("campus", &["registrar"]).await?);
    let mut imports = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListRosterImportsRequest {
            campus_id: args.campus.clone(),
            page_token,
            ..ListRosterImportsRequest::default()
        };
        let page = client.list_roster_imports(request).await.map_err(failed)?.into_inner();
        imports.extend(page.imports);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    for it in &imports {
        platform.output.json(&json!({"import": it.import_id, "state": state(it), "detail": it.detail}));
    }
    if imports.is_empty() {
        platform.output.say(format!("Nothing was ever delivered for campus {}.", args.campus));
        return Ok(());
    }
    let mut rows = vec![["delivery", "begun", "state", "why"].map(str::to_owned).to_vec()];
    rows.extend(
        imports.iter().map(|it| vec![it.import_id.clone(), time(it.begun_at_ms), state(it), it.detail.clone()]),
    );
    platform.output.say(table(&rows));
    Ok(())
}

/// A state as the contract names it, in lower case.
fn state(it: &RosterImport) -> String {
    it.state().as_str_name().trim_start_matches("ROSTER_IMPORT_STATE_").to_lowercase()
}

/// Takes in a delivery that waits.
pub async fn approve(platform: &Platform, args: ApproveArgs) -> Result<()> {
    let mut client = RosterServiceClient::new(platform.connect("campus", &["registrar"]).await?);
    let request = ApproveRosterImportRequest { campus_id: args.campus, import_id: args.import.clone() };
    let answer = client.approve_roster_import(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"import": args.import, "approved": true, "already": answer.already}));
    platform.output.say(format!("{} is approved; its members follow by themselves.", args.import));
    Ok(())
}

/// Drops a delivery that waits.
pub async fn reject(platform: &Platform, args: RejectArgs) -> Result<()> {
    let mut client = RosterServiceClient::new(platform.connect("campus", &["registrar"]).await?);
    let (campus_id, import_id, reason) = (args.campus, args.import.clone(), args.reason);
    let request = RejectRosterImportRequest { campus_id, import_id, reason };
    let answer = client.reject_roster_import(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({"import": args.import, "rejected": true, "already": answer.already}));
    platform.output.say(format!("{} is rejected; nobody was changed.", args.import));
    Ok(())
}

/// Says whether a campus covers a course for a learner, and what each of its plans says.
pub async fn why_not(platform: &Platform, args: WhyNotArgs) -> Result<()> {
    let mut client = PlanServiceClient::new(platform.connect("campus", &["registrar"]).await?);
    let request = WhyNotRequest {
        campus_id: args.campus,
        learner_id: args.learner,
        course_id: args.course,
        for_credit: args.for_credit,
        ..WhyNotRequest::default()
    };
    let it = client.why_not(request).await.map_err(failed)?.into_inner();
    platform.output.json(&json!({
        "covered": it.covered, "plan": it.plan_id, "holds_seat": it.holds_seat, "reason": it.reason,
        "detail": it.detail,
    }));
    let said = match (it.covered, it.holds_seat) {
        (true, true) => format!("Yes: by the seat of plan {} that the learner holds.", it.plan_id),
        (true, false) => format!("Yes: plan {} has a seat for the learner.", it.plan_id),
        (false, _) => format!("No: {} ({}).", it.detail, it.reason),
    };
    platform.output.say(said);
    for plan in it.plans.iter().filter(|it| !it.covered) {
        platform.output.say(format!("  {}: {} ({})", plan.plan_id, plan.detail, plan.reason));
    }
    Ok(())
}
