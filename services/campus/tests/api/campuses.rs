//! Campuses and their members one by one.

use crate::desk::{Desk, reason};
use studium_proto::campus::v1::{
    AddMemberRequest, GetCampusRequest, ListMembersRequest, Member, MemberClass, MemberDescribed, PutMemberRequest,
    RegisterCampusRequest, RemoveMemberRequest, campus_service_client::CampusServiceClient,
};
use tonic::Code;

pub async fn an_authorised_institution_becomes_a_campus(desk: Desk) {
    let (campus_id, name) = ("ou".to_owned(), "Open University".to_owned());
    let request = RegisterCampusRequest { campus_id: campus_id.clone(), name, ..RegisterCampusRequest::default() };
    let refused = desk.campuses().await.register_campus(request.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "CAMPUS_NOT_AUTHORISED");
    let catalogue_position = desk.authorise("ou").await;
    let request = RegisterCampusRequest { catalogue_position, ..request };
    let min_position = desk.campuses().await.register_campus(request).await.unwrap().into_inner().position;
    let asked = GetCampusRequest { campus_id, min_position };
    let campus = desk.campuses().await.get_campus(asked.clone()).await.unwrap().into_inner().campus.unwrap();
    assert_eq!(campus.name, "Open University");
    let stranger = desk.caller("sam", &["staff"], &["mit"]).await;
    let denied = CampusServiceClient::new(stranger).get_campus(asked).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
}

async fn listed(desk: &Desk, min_position: u64) -> Vec<Member> {
    let request = ListMembersRequest { campus_id: "ou".into(), min_position, ..ListMembersRequest::default() };
    desk.members().await.list_members(request).await.unwrap().into_inner().members
}

pub async fn members_are_added_changed_and_removed(desk: Desk) {
    desk.campus("ou").await;
    let (campus_id, learner_id) = ("ou".to_owned(), "ada".to_owned());
    let student = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
    let add = AddMemberRequest {
        campus_id: campus_id.clone(),
        learner_id: learner_id.clone(),
        record: Some(student),
        at_ms: 0,
    };
    let position = desk.members().await.add_member(add).await.unwrap().into_inner().position;
    assert_eq!(listed(&desk, position).await[0].record.clone().unwrap().class(), MemberClass::Student);
    let staff =
        MemberDescribed { class: MemberClass::Staff.into(), department: "Law".into(), ..MemberDescribed::default() };
    let put = PutMemberRequest {
        campus_id: campus_id.clone(),
        learner_id: learner_id.clone(),
        record: Some(staff),
        at_ms: 0,
    };
    let position = desk.members().await.put_member(put).await.unwrap().into_inner().position;
    assert_eq!(listed(&desk, position).await[0].record.clone().unwrap().department, "Law");
    let remove = RemoveMemberRequest { campus_id, learner_id, ..RemoveMemberRequest::default() };
    let position = desk.members().await.remove_member(remove).await.unwrap().into_inner().position;
    assert!(listed(&desk, position).await.is_empty());
    let nonsense = AddMemberRequest { campus_id: "ou".into(), learner_id: "b".into(), ..AddMemberRequest::default() };
    assert_eq!(desk.members().await.add_member(nonsense).await.unwrap_err().code(), Code::InvalidArgument);
}
