//! Campuses and their members one by one.

use crate::desk::{Desk, reason};
use studium_proto::campus::v1::{
    AddAdministratorRequest, AddMemberRequest, AddTeacherRequest, GetAgreementRequest, GetCampusRequest,
    ListCampusesRequest, ListMembersRequest, Member, MemberClass, MemberDescribed, PutMemberRequest,
    RegisterCampusRequest, RemoveAdministratorRequest, RemoveMemberRequest, RemoveTeacherRequest, SetSsoDomainsRequest,
    StartTrialRequest, agreement_service_client::AgreementServiceClient, campus_service_client::CampusServiceClient,
};
use studium_proto::catalogue::v1::{SelectionDefined, selection_event};
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

pub async fn people_domains_and_a_trial_belong_to_a_campus(desk: Desk) {
    desk.campus("ou").await;
    let (campus_id, mut campuses) = ("ou".to_owned(), desk.campuses().await);
    let domains =
        |domain: &str| SetSsoDomainsRequest { campus_id: "ou".into(), domains: vec![domain.into()], at_ms: 0 };
    assert_eq!(campuses.set_sso_domains(domains("Open.ac.uk")).await.unwrap_err().code(), Code::InvalidArgument);
    campuses.set_sso_domains(domains("open.ac.uk")).await.unwrap();
    let (id, person_id) = (campus_id.clone(), "ann".to_owned());
    campuses.add_teacher(AddTeacherRequest { campus_id: id, person_id, at_ms: 0 }).await.unwrap();
    for person in ["ann", "bob"] {
        let request = AddAdministratorRequest { campus_id: "ou".into(), person_id: person.into(), at_ms: 0 };
        campuses.add_administrator(request).await.unwrap();
    }
    let request = RemoveAdministratorRequest { campus_id: "ou".into(), person_id: "bob".into(), at_ms: 0 };
    let min_position = campuses.remove_administrator(request).await.unwrap().into_inner().position;
    let list = ListCampusesRequest { min_position, ..ListCampusesRequest::default() };
    let shown = campuses.list_campuses(list).await.unwrap().into_inner().campuses;
    assert_eq!((shown.len(), shown[0].sso_domains.as_slice()), (1, &["open.ac.uk".to_owned()][..]));
    assert_eq!(
        (&shown[0].administrator_ids, &shown[0].teacher_ids),
        (&vec!["ann".to_owned()], &vec!["ann".to_owned()])
    );
    let request = RemoveTeacherRequest { campus_id: "ou".into(), person_id: "ann".into(), at_ms: 0 };
    assert!(!campuses.remove_teacher(request.clone()).await.unwrap().into_inner().already);
    assert!(campuses.remove_teacher(request).await.unwrap().into_inner().already);
    a_trial_has_an_agreement(&desk, campus_id).await;
}

async fn a_trial_has_an_agreement(desk: &Desk, campus_id: String) {
    let trial = StartTrialRequest {
        campus_id,
        agreement_id: "t".into(),
        plan_id: "tp".into(),
        selection_id: "ds".into(),
        seats: 20,
        ends_at_ms: desk.house.now_ms() + 1_000_000,
        ..StartTrialRequest::default()
    };
    let refused = desk.campuses().await.start_trial(trial.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "SELECTION_NOT_FOUND");
    let defined = selection_event::Event::SelectionDefined(SelectionDefined::default());
    let catalogue_position = desk.elsewhere.say("ds", vec![defined]).await;
    let trial = StartTrialRequest { catalogue_position, ..trial };
    desk.campuses().await.start_trial(trial.clone()).await.unwrap();
    assert!(desk.campuses().await.start_trial(trial.clone()).await.unwrap().into_inner().already);
    let another = StartTrialRequest { plan_id: "tq".into(), ..trial };
    assert_eq!(reason(&desk.campuses().await.start_trial(another).await.unwrap_err()), "TRIAL_USED");
    let mut agreements = AgreementServiceClient::new(desk.registrar().await);
    for _ in 0..400 {
        let asked = GetAgreementRequest { agreement_id: "t".into(), ..GetAgreementRequest::default() };
        if let Ok(it) = agreements.get_agreement(asked).await {
            assert_eq!(it.into_inner().agreement.unwrap().campus_id, "ou");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the trial should have had an agreement");
}
