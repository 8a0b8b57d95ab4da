//! Ways by which people become members themselves: keys, and signing in at the campus.

use crate::{
    desk::{Desk, reason},
    roster::{known_campus, members_now},
};
use futures::future::join_all;
use std::time::Duration;
use studium_proto::campus::v1::{
    AdmitBySsoRequest, CreateInviteKeyRequest, DeactivateInviteKeyRequest, GetCampusRequest, InviteKey,
    ListInviteKeysRequest, MemberClass, MemberDescribed, MemberSource, RedeemInviteRequest, SsoDomainsSet,
    campus_event, invite_service_client::InviteServiceClient,
};
use studium_testkit::Caller;
use tonic::Code;

async fn invites(desk: &Desk) -> InviteServiceClient<Caller> {
    InviteServiceClient::new(desk.registrar().await)
}

async fn key(desk: &Desk, key: &str, uses_max: u32) -> String {
    let (campus_id, class, department) = ("ou".into(), MemberClass::Fellow.into(), "Law".into());
    let request = CreateInviteKeyRequest {
        campus_id,
        key: key.into(),
        class,
        department,
        uses_max,
        ..CreateInviteKeyRequest::default()
    };
    invites(desk).await.create_invite_key(request).await.unwrap().into_inner().id
}

async fn shown(desk: &Desk, key: &str) -> InviteKey {
    let min_position = desk.head().await;
    let request = ListInviteKeysRequest { campus_id: "ou".into(), min_position, ..ListInviteKeysRequest::default() };
    let keys = invites(desk).await.list_invite_keys(request).await.unwrap().into_inner().keys;
    keys.into_iter().find(|it| it.key == key).unwrap()
}

async fn redeem(desk: &Desk, key: &str, learner: &str) -> Result<bool, String> {
    let caller = desk.caller(learner, &["learner"], &[]).await;
    let request = RedeemInviteRequest { key: key.into(), learner_id: learner.into(), at_ms: 0 };
    let answer = InviteServiceClient::new(caller).redeem_invite(request).await;
    answer.map(|it| it.into_inner().already).map_err(|it| reason(&it))
}

async fn becomes_members(desk: &Desk, number: usize) {
    for _ in 0..400 {
        if members_now(desk).await.len() == number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{:?} are members, not {number}", members_now(desk).await);
}

pub async fn a_key_makes_members_until_it_ends(desk: Desk) {
    known_campus(&desk, "ou").await;
    let made = key(&desk, "", 0).await;
    let it = shown(&desk, &made).await;
    assert_eq!((it.uses, it.uses_max, it.expires_at_ms - it.created_at_ms), (0, 10_000, 365 * 86_400_000));
    assert_eq!(redeem(&desk, &made, "ada").await, Ok(false));
    assert_eq!(redeem(&desk, &made, "ada").await, Ok(true));
    becomes_members(&desk, 1).await;
    let member = members_now(&desk).await.remove(0);
    let record = member.record.clone().unwrap();
    assert_eq!(
        (member.source(), record.class(), record.department.as_str()),
        (MemberSource::Invite, MemberClass::Fellow, "Law")
    );
    assert_eq!(shown(&desk, &made).await.uses, 1);
    let request = DeactivateInviteKeyRequest { campus_id: "mit".into(), key: made.clone(), ..Default::default() };
    let status = invites(&desk).await.deactivate_invite_key(request.clone()).await.unwrap_err();
    assert_eq!(reason(&status), "INVITE_KEY_NOT_FOUND");
    let request = DeactivateInviteKeyRequest { campus_id: "ou".into(), ..request };
    invites(&desk).await.deactivate_invite_key(request).await.unwrap();
    assert_eq!(redeem(&desk, &made, "bob").await, Err("INVITE_KEY_DEACTIVATED".into()));
    assert!(shown(&desk, &made).await.deactivated_at_ms > 0);
    // Nobody redeems for somebody else, and a limit is a limit.
    let caller = desk.caller("eve", &["learner"], &[]).await;
    let request = RedeemInviteRequest { key: made, learner_id: "bob".into(), at_ms: 0 };
    let status = InviteServiceClient::new(caller).redeem_invite(request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let beyond = CreateInviteKeyRequest {
        campus_id: "ou".into(),
        class: MemberClass::Student.into(),
        valid_days: 366,
        ..CreateInviteKeyRequest::default()
    };
    let status = invites(&desk).await.create_invite_key(beyond).await.unwrap_err();
    assert_eq!((reason(&status).as_str(), status.code()), ("INVITE_KEY_BEYOND_LIMITS", Code::InvalidArgument));
}

pub async fn many_at_once_use_a_key_no_more_often_than_may_be(desk: Desk) {
    known_campus(&desk, "ou").await;
    let made = key(&desk, "spring-term", 3).await;
    // Every learner comes twice.
    let learners: Vec<_> = (0..16).map(|n| format!("l{}", n / 2)).collect();
    let answers = join_all(learners.iter().map(|it| redeem(&desk, &made, it))).await;
    let used = answers.iter().filter(|it| **it == Ok(false)).count();
    assert_eq!(used, 3, "{answers:?}");
    assert!(answers.iter().filter_map(|it| it.as_ref().err()).all(|it| it == "INVITE_KEY_USED_UP"));
    assert_eq!(shown(&desk, &made).await.uses, 3);
    becomes_members(&desk, 3).await;
}

pub async fn an_address_of_the_campus_admits(desk: Desk) {
    known_campus(&desk, "ou").await;
    let domains = vec!["open.ac.uk".to_owned()];
    let set = campus_event::Event::SsoDomainsSet(SsoDomainsSet { domains });
    let min_position = desk.elsewhere.say("ou", vec![set]).await;
    let asked = GetCampusRequest { campus_id: "ou".into(), min_position };
    desk.campuses().await.get_campus(asked).await.unwrap();
    let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
    let request = AdmitBySsoRequest {
        campus_id: "ou".into(),
        learner_id: "ada".into(),
        email_domain: "mail.org".into(),
        record: Some(record),
        at_ms: 0,
    };
    let status = invites(&desk).await.admit_by_sso(request.clone()).await.unwrap_err();
    assert_eq!(reason(&status), "NOT_AN_SSO_DOMAIN");
    let gateway = desk.caller("gateway", &["service"], &[]).await;
    let request = AdmitBySsoRequest { email_domain: "Open.ac.uk".into(), ..request };
    let mut client = InviteServiceClient::new(gateway);
    assert!(!client.admit_by_sso(request.clone()).await.unwrap().into_inner().already);
    assert!(client.admit_by_sso(request.clone()).await.unwrap().into_inner().already);
    assert_eq!(members_now(&desk).await[0].source(), MemberSource::Sso);
    let learner = desk.caller("ada", &["learner"], &[]).await;
    let status = InviteServiceClient::new(learner).admit_by_sso(request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}
