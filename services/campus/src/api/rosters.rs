//! Calls that concern the rosters that campuses deliver.

use super::{Api, Reply, TEXT_MAX, done, no, roster_import::Answers};
use crate::{
    roster::{Command, Roster},
    roster_changes::{self, RosterChanges},
    roster_imports::{self, RosterImportRow, RosterImports},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::campus::v1::{
    ApproveRosterImportRequest, ApproveRosterImportResponse, ImportRosterRequest, ListRosterChangesRequest,
    ListRosterChangesResponse, ListRosterImportsRequest, ListRosterImportsResponse, Reason, RejectRosterImportRequest,
    RejectRosterImportResponse, RosterImportState, SetRosterRemovalLimitRequest, SetRosterRemovalLimitResponse,
    roster_service_server::RosterService,
};
use tonic::{Request, Response, Streaming};

#[tonic::async_trait]
impl RosterService for Api {
    type ImportRosterStream = Answers;

    async fn import_roster(&self, request: Request<Streaming<ImportRosterRequest>>) -> Reply<Answers> {
        let (call, parts) = Call::open(request)?;
        Ok(Response::new(self.take_roster(call, parts).await?))
    }

    async fn approve_roster_import(
        &self,
        request: Request<ApproveRosterImportRequest>,
    ) -> Reply<ApproveRosterImportResponse> {
        let (call, it) = Call::open(request)?;
        ids(&it.campus_id, &it.import_id).done()?;
        let command = Command::Approve { import_id: it.import_id };
        done!(ApproveRosterImportResponse, self.app.decide::<Roster>(&call, &it.campus_id, &command).await?)
    }

    async fn reject_roster_import(
        &self,
        request: Request<RejectRosterImportRequest>,
    ) -> Reply<RejectRosterImportResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = ids(&it.campus_id, &it.import_id);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let command = Command::Reject { import_id: it.import_id, reason: it.reason };
        done!(RejectRosterImportResponse, self.app.decide::<Roster>(&call, &it.campus_id, &command).await?)
    }

    async fn set_roster_removal_limit(
        &self,
        request: Request<SetRosterRemovalLimitRequest>,
    ) -> Reply<SetRosterRemovalLimitResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.check("percent", it.percent <= 100, "is more than 100");
        fields.done()?;
        let command = Command::SetRemovalLimit { percent: it.percent };
        done!(SetRosterRemovalLimitResponse, self.app.decide::<Roster>(&call, &it.campus_id, &command).await?)
    }

    async fn list_roster_imports(
        &self,
        request: Request<ListRosterImportsRequest>,
    ) -> Reply<ListRosterImportsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let known = RosterImportState::try_from(it.state).is_ok();
        fields.check("state", known, "is no state of an import");
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        let before = if page.after.is_empty() { Ok(i64::MAX) } else { page.after.parse() };
        fields.check("page_token", before.is_ok(), "is no token of ours");
        fields.done()?;
        self.app.reached::<RosterImports>(it.min_position).await?;
        let before = before.unwrap_or_default();
        let rows = roster_imports::of_campus(self.app.store(), &it.campus_id, it.state, before, page.size);
        let rows = rows.await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.begun_position.to_string());
        let imports = rows.into_iter().map(RosterImportRow::shown).collect();
        Ok(Response::new(ListRosterImportsResponse { imports, next_page_token }))
    }

    async fn list_roster_changes(
        &self,
        request: Request<ListRosterChangesRequest>,
    ) -> Reply<ListRosterChangesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = ids(&it.campus_id, &it.import_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        let after = place(&page.after);
        fields.check("page_token", after.is_some(), "is no token of ours");
        fields.done()?;
        self.app.reached::<RosterImports>(it.min_position).await?;
        self.app.reached::<RosterChanges>(it.min_position).await?;
        let store = self.app.store();
        let Some(import) = roster_imports::import(store, &it.campus_id, &it.import_id).await.map_err(fault)? else {
            return Err(no(Reason::RosterImportNotFound, "the campus has no such import", &it.import_id));
        };
        let rows = roster_changes::after(store, &import.delivery_id, after.unwrap_or_default(), page.size);
        let rows = rows.await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| format!("{}-{}", it.chunk, it.place));
        let changes = rows.into_iter().map(roster_changes::RosterChangeRow::shown).collect();
        Ok(Response::new(ListRosterChangesResponse { changes, next_page_token }))
    }
}

fn ids(campus_id: &str, import_id: &str) -> Fields {
    let mut fields = Fields::new();
    fields.id("campus_id", campus_id);
    fields.id("import_id", import_id);
    fields
}

/// Chunk and place of a token; before all of them without one.
fn place(token: &str) -> Option<(i64, i64)> {
    if token.is_empty() {
        return Some((0, -1));
    }
    let (chunk, place) = token.split_once('-')?;
    Some((chunk.parse().ok()?, place.parse().ok()?))
}
