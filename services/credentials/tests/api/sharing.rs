//! How a learner shows others what they achieved, and takes it back.

use crate::{
    desk::{Desk, URL, patiently},
    people::{browsed, fetched, read},
};
use studium_proto::credentials::v1::{
    AchievementDefined, CreateShareLinkRequest, CreateShareLinkResponse, CredentialState, GetTranscriptRequest,
    ListShareLinksRequest, RevokeCredentialRequest, ShareLink, StatusReason, WithdrawShareLinkRequest,
    share_service_client::ShareServiceClient,
};
use studium_testkit::Caller;
use studium_vc::{clr, contexts::Contexts, did::Document, jwt::Token, resolver::Fetched, verify};
use tonic::Code;

const ADA: &str = "course~AAA~1~ada~1";

async fn shares(desk: &Desk, who: &str, role: &str) -> ShareServiceClient<Caller> {
    let caller = desk.house.call(&desk.running, who, &[role], &["ou"]).await.unwrap();
    ShareServiceClient::new(caller)
}

async fn shared(desk: &Desk, change: impl FnOnce(&mut CreateShareLinkRequest)) -> CreateShareLinkResponse {
    let mut request = CreateShareLinkRequest {
        learner_id: "ada".into(),
        min_position: desk.head().await,
        ..CreateShareLinkRequest::default()
    };
    change(&mut request);
    let mut shares = shares(desk, "ada", "learner").await;
    let made = patiently!(shares.create_share_link(request.clone())).unwrap();
    desk.awaits(async |it| browsed(it, &made.url).await.0 == 200).await;
    made
}

async fn listed(desk: &Desk) -> Vec<ShareLink> {
    let min_position = desk.head().await;
    let request = ListShareLinksRequest { learner_id: "ada".into(), min_position, ..ListShareLinksRequest::default() };
    let mut shares = shares(desk, "ada", "learner").await;
    patiently!(shares.list_share_links(request.clone())).unwrap().share_links
}

pub async fn a_link_shows_a_credential_with_the_name_that_the_learner_gives(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    let shown = desk.becomes(ADA, CredentialState::Active).await;
    let made = shared(&desk, |it| {
        it.credential_id = ADA.into();
        it.name = "Ada <Lovelace>".into();
        it.label = "for my landlord".into();
    })
    .await;
    let secret = made.url.strip_prefix(&format!("{URL}/shared/")).unwrap();
    assert_eq!(secret.len(), 43, "256 bits");
    assert!(!made.id.contains(secret) && !format!("{:?}", listed(&desk).await).contains(secret));
    let (_, headers, page) = browsed(&desk, &made.url).await;
    for it in ["Ada &lt;Lovelace&gt;", "not part of what the issuer signed", "passed every check", "Algebra"] {
        assert!(page.contains(it), "{it} is missing in {page}");
    }
    assert!(!page.contains("landlord"), "a label is for the learner's own eyes");
    assert_eq!(
        (headers["cache-control"].as_bytes(), headers["referrer-policy"].as_bytes()),
        (&b"no-store"[..], &b"no-referrer"[..])
    );
    let (_, _, pdf) = fetched(&desk, &format!("{}/pdf", made.url)).await;
    assert!(read(&pdf).contains("Ada <Lovelace>"));
    assert!(!browsed(&desk, &shown.url).await.2.contains("Lovelace"), "without the link nobody sees the name");
    let (status, _, token) = desk.finds(&format!("{}/clr", made.url), &[]).await;
    assert_eq!((status, clr::held(&Token::read(&token).unwrap().credential).len()), (200, 1));

    desk.awaits(async |it| listed(it).await[0].opened > 0).await;
    let link = listed(&desk).await.remove(0);
    assert!(link.opened <= 2 && link.last_opened_ms > 0, "many looks within ten minutes are one: {link:?}");
    assert_eq!((link.label.as_str(), link.withdrawn_ms), ("for my landlord", 0));
}

pub async fn a_link_that_is_withdrawn_over_or_made_up_shows_the_same_nothing(desk: Desk) {
    desk.that_issues().await;
    let made = shared(&desk, |_| {}).await;
    let (status, _, nothing) = browsed(&desk, &format!("{URL}/shared/{}", "A".repeat(43))).await;
    assert_eq!(status, 404);
    let (status, _, same) = browsed(&desk, &format!("{URL}/shared/{}", made.id)).await;
    assert_eq!((status, &same), (404, &nothing), "the id opens nothing");
    assert_eq!(browsed(&desk, &format!("/shared/{}", "A".repeat(5_000))).await.2, nothing);

    let withdraw =
        |learner: &str| WithdrawShareLinkRequest { learner_id: learner.into(), share_link_id: made.id.clone() };
    let mut bob = shares(&desk, "bob", "learner").await;
    assert_eq!(bob.withdraw_share_link(withdraw("ada")).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(bob.withdraw_share_link(withdraw("bob")).await.unwrap_err().code(), Code::NotFound);
    shares(&desk, "ada", "learner").await.withdraw_share_link(withdraw("ada")).await.unwrap();
    desk.awaits(async |it| browsed(it, &made.url).await.0 == 404).await;
    assert_eq!(browsed(&desk, &made.url).await.2, nothing);
    for part in ["pdf", "clr"] {
        assert_eq!(browsed(&desk, &format!("{}/{part}", made.url)).await.0, 404);
    }
    let soon = desk.house.now_ms() + 3_000;
    let made = shared(&desk, |it| it.expires_ms = soon).await;
    desk.awaits(async |it| browsed(it, &made.url).await.0 == 404).await;
    assert_eq!(browsed(&desk, &made.url).await.2, nothing);
}

pub async fn a_learner_shares_only_what_is_theirs_and_not_for_ever(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let ask = async |who: &str, change: &dyn Fn(&mut CreateShareLinkRequest)| {
        let mut request = CreateShareLinkRequest { learner_id: who.into(), ..CreateShareLinkRequest::default() };
        change(&mut request);
        shares(&desk, who, "learner").await.create_share_link(request).await.map(|_| ()).map_err(|it| it.code())
    };
    assert_eq!(ask("bob", &|it| it.credential_id = ADA.into()).await, Err(Code::NotFound));
    assert_eq!(ask("bob", &|it| it.learner_id = "ada".into()).await, Err(Code::PermissionDenied));
    assert_eq!(ask("ada", &|it| it.expires_ms = i64::MAX / 2).await, Err(Code::InvalidArgument));
    assert_eq!(ask("ada", &|it| it.expires_ms = 1).await, Err(Code::InvalidArgument));
    assert_eq!(ask("ada", &|it| it.name = "x".repeat(501)).await, Err(Code::InvalidArgument));
    assert_eq!(ask("ada", &|it| it.credential_id = ADA.into()).await, Ok(()));
}

pub async fn a_transcript_sums_up_what_is_valid(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let made = shared(&desk, |_| {}).await;
    let (_, _, page) = browsed(&desk, &made.url).await;
    for it in ["Transcript of records", "Algebra", "The Open University", "✓ valid", "Pass, 78 of 100 points"] {
        assert!(page.contains(it), "{it} is missing in {page}");
    }
    let (_, headers, pdf) = fetched(&desk, &format!("{}/pdf", made.url)).await;
    assert_eq!(headers["content-type"], "application/pdf");
    for it in ["Transcript of records", "Algebra", "Pass, 78 of 100 points"] {
        assert!(read(&pdf).contains(it), "{it} is missing");
    }
    let min_position = desk.head().await;
    let request = GetTranscriptRequest { learner_id: "ada".into(), institution_id: "ou".into(), min_position };
    let mut staff = shares(&desk, "sam", "staff").await;
    let told = patiently!(staff.get_transcript(request.clone())).unwrap();
    assert_eq!((told.entries.len(), told.entries[0].counts, told.entries[0].name.as_str()), (1, true, "Algebra"));
    let elsewhere = GetTranscriptRequest { institution_id: "mit".into(), ..request.clone() };
    assert_eq!(staff.get_transcript(elsewhere).await.unwrap_err().code(), Code::PermissionDenied);

    let reason = StatusReason::IssuedInError as i32;
    let revoke = RevokeCredentialRequest { credential_id: ADA.into(), reason, ..RevokeCredentialRequest::default() };
    desk.credentials().await.revoke_credential(revoke).await.unwrap();
    desk.becomes(ADA, CredentialState::Revoked).await;
    let request = GetTranscriptRequest { min_position: desk.head().await, ..request };
    let told = patiently!(staff.get_transcript(request.clone())).unwrap();
    assert!(!told.entries[0].counts && told.credits.is_empty() && told.clr_jwt.is_empty(), "{told:?}");
    assert!(browsed(&desk, &made.url).await.2.contains("✗ revoked"));
}

pub async fn a_transcript_names_each_achievement(desk: Desk) {
    desk.that_issues().await;
    let other = AchievementDefined { source_version: 2, name: "Linear algebra".into(), ..Desk::course() };
    desk.approves(other).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.completes("ada", |it| it.course_version = 2).await;
    desk.becomes("course~AAA~2~ada~1", CredentialState::Active).await;
    let min_position = desk.head().await;
    let request = GetTranscriptRequest { learner_id: "ada".into(), institution_id: "ou".into(), min_position };
    let mut staff = shares(&desk, "sam", "staff").await;
    let told = patiently!(staff.get_transcript(request.clone())).unwrap();
    let mut names: Vec<_> = told.entries.iter().map(|it| (it.credential_id.as_str(), it.name.as_str())).collect();
    names.sort_unstable();
    assert_eq!(names, [(ADA, "Algebra"), ("course~AAA~2~ada~1", "Linear algebra")]);
}

pub async fn a_stranger_checks_a_record_and_each_credential_in_it(desk: Desk) {
    desk.that_issues().await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    let made = shared(&desk, |_| {}).await;
    assert_eq!(desk.finds(&format!("{}/clr", made.url), &[]).await.0, 400, "of which issuer is not said");
    assert_eq!(desk.finds(&format!("{}/clr?institution_id=mit", made.url), &[]).await.0, 404);
    let (status, headers, token) = desk.finds(&format!("{}/clr?institution_id=ou", made.url), &[]).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/vc+jwt"));
    let issuer = "did:web:credentials.example:issuers:ou";
    let (_, _, document) = desk.finds("/issuers/ou/did.json", &[]).await;
    let document = Document::read(issuer, &serde_json::from_str(&document).unwrap()).unwrap();
    let (_, _, list) = desk.finds("/issuers/ou/status/1", &[]).await;
    let found = Fetched {
        documents: [(issuer.to_owned(), document.clone())].into(),
        status_lists: [(format!("{URL}/issuers/ou/status/1"), list)].into(),
    };
    let read = Token::read(&token).unwrap();
    let key = document.method(read.key_id.as_deref().unwrap()).unwrap().key;
    assert!(read.verifies(&key), "the issuer signed it");
    let held = clr::held(&read.credential);
    assert_eq!(held.len(), 1);
    let report = verify::credential(&held[0].to_string(), &found, desk.house.now_ms(), Contexts::embedded());
    assert_eq!(report.outcome(), verify::Outcome::Ok, "{report:?}");
    assert_eq!(desk.finds(&format!("{}/clr?institution_id=ou", made.url), &[]).await.2, token, "always the same");
}
