//! Calls that concern members one by one.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, done};
use crate::{
    member::{Command, Member},
    members::{self, MemberRow, Members},
};
use studium_kit::{Call, Fields, Outcome, Page, fault};
use studium_proto::campus::v1::{
    AddMemberRequest, AddMemberResponse, ListMembersRequest, ListMembersResponse, MemberClass, MemberDescribed,
    MemberSource, PutMemberRequest, PutMemberResponse, RemoveMemberRequest, RemoveMemberResponse, member_event::Event,
    member_service_server::MemberService,
};
use tonic::{Request, Response, Status};

impl Api {
    async fn member(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (campus, learner): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("campus_id", campus);
        fields.id("learner_id", learner);
        fields.done()?;
        self.app.decide::<Member>(&call.at(at_ms)?, &format!("{campus}~{learner}"), &command).await
    }
}

/// Whether a record can be stored.
pub(super) fn check_record(fields: &mut Fields, record: Option<&MemberDescribed>) {
    let Some(it) = record else { return fields.check("record", false, "is not given") };
    let known = MemberClass::try_from(it.class).is_ok_and(|it| it != MemberClass::Unspecified);
    fields.check("record.class", known, "is not given");
    fields.optional_text("record.department", &it.department, NAME_MAX);
    fields.optional_text("record.external_id", &it.external_id, NAME_MAX);
    fields.optional_text("record.name", &it.name, NAME_MAX);
    fields.optional_text("record.email", &it.email, NAME_MAX);
}

#[tonic::async_trait]
impl MemberService for Api {
    async fn add_member(&self, request: Request<AddMemberRequest>) -> Reply<AddMemberResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        check_record(&mut fields, it.record.as_ref());
        let (record, source) = (it.record.unwrap_or_default(), MemberSource::Administrator);
        let command = Command::Add { record, source, source_ref: String::new() };
        let ids = (it.campus_id.as_str(), it.learner_id.as_str());
        done!(AddMemberResponse, self.member(call, it.at_ms, fields, ids, command).await?)
    }

    async fn put_member(&self, request: Request<PutMemberRequest>) -> Reply<PutMemberResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        check_record(&mut fields, it.record.as_ref());
        let (record, source) = (it.record.unwrap_or_default(), MemberSource::Administrator);
        let command = Command::Put { record, source, source_ref: String::new() };
        let ids = (it.campus_id.as_str(), it.learner_id.as_str());
        done!(PutMemberResponse, self.member(call, it.at_ms, fields, ids, command).await?)
    }

    async fn remove_member(&self, request: Request<RemoveMemberRequest>) -> Reply<RemoveMemberResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let command = Command::Remove { source_ref: String::new(), reason: it.reason };
        let ids = (it.campus_id.as_str(), it.learner_id.as_str());
        done!(RemoveMemberResponse, self.member(call, it.at_ms, fields, ids, command).await?)
    }

    async fn list_members(&self, request: Request<ListMembersRequest>) -> Reply<ListMembersResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Members>(it.min_position).await?;
        let rows = members::members(self.app.store(), &it.campus_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let members = rows.into_iter().map(MemberRow::shown).collect();
        Ok(Response::new(ListMembersResponse { members, next_page_token }))
    }
}
