//! What has changed, in the order of the log.

use crate::desk::{Desk, malformed};
use std::time::Duration;
use studium_proto::catalogue::v1::{
    AuthoriseInstitutionRequest, Authority, CreateCompositionRequest, FollowChangesRequest, ListChangesRequest,
};

async fn composition(desk: &Desk) {
    let authorise = AuthoriseInstitutionRequest {
        institution_id: "ou".into(),
        authority: Authority::Campus.into(),
        ..AuthoriseInstitutionRequest::default()
    };
    desk.institutions().authorise_institution(authorise).await.unwrap();
    let create = CreateCompositionRequest {
        composition_id: "home-baking".into(),
        campus_id: "ou".into(),
        title: "Home baking".into(),
        ..CreateCompositionRequest::default()
    };
    desk.compositions(&desk.tess).create_composition(create).await.unwrap();
}

pub async fn changes_come_in_order(desk: Desk) {
    composition(&desk).await;
    let min_position = desk.offered("bread", "Bread").await;
    let mut office = desk.queries(&desk.registrar);
    let (mut all, mut after_position) = (Vec::new(), 0);
    loop {
        let list = ListChangesRequest { after_position, limit: 3, min_position, ..ListChangesRequest::default() };
        let page = office.list_changes(list).await.unwrap().into_inner();
        assert!(page.changes.iter().all(|it| it.position > after_position && it.position <= page.position));
        after_position = page.position;
        all.extend(page.changes);
        if !page.more {
            break;
        }
    }
    let positions: Vec<_> = all.iter().map(|it| it.position).collect();
    assert_eq!(positions, (1..=min_position).collect::<Vec<_>>(), "each commit once, in order");
    let last = all.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.id.as_str(), last.events.as_slice()),
        ("course", "bread", ["CoursePublished".to_owned()].as_slice())
    );
    assert_eq!(last.subject_version, 7);

    // Compositions are for their campus: staff sees that something was there, by the gap, and no more.
    let list = ListChangesRequest { min_position, ..ListChangesRequest::default() };
    let staff = desk.queries(&desk.eve).list_changes(list.clone()).await.unwrap().into_inner().changes;
    assert!(staff.iter().all(|it| it.kind != "composition") && staff.len() + 1 == all.len());
    let kinds = ListChangesRequest { kinds: vec!["composition".into()], ..list.clone() };
    assert_eq!(office.list_changes(kinds).await.unwrap().into_inner().changes.len(), 1);
    let bad = ListChangesRequest { kinds: vec!["learner".into()], limit: 1_001, ..list };
    assert_eq!(malformed(office.list_changes(bad).await), ["kinds", "limit"]);
}

pub async fn followers_are_told_what_comes(desk: Desk) {
    let seen = desk.offered("bread", "Bread").await;
    let follow = FollowChangesRequest { after_position: seen - 1, kinds: vec!["course".into()] };
    let mut changes = desk.queries(&desk.registrar).follow_changes(follow).await.unwrap().into_inner();
    let mut next = async || {
        let next = tokio::time::timeout(Duration::from_secs(10), changes.message()).await.expect("in time");
        next.unwrap().unwrap().change.unwrap()
    };
    assert_eq!(next().await.position, seen);
    composition(&desk).await;
    let later = desk.described("bread", "Cake").await;
    let told = next().await;
    assert_eq!((told.position, told.events), (later, vec!["CourseDescribed".to_owned(), "CourseAuthorJoined".into()]));
}
