//! What people see of a credential in a browser and on paper.

use crate::desk::{Desk, URL, patiently};
use studium_proto::catalogue::v1::{
    Authority, InstitutionAuthorisationWithdrawn, InstitutionCountrySet, InstitutionRenamed,
    institution_event::Event as InstitutionEvent,
};
use studium_proto::credentials::v1::{
    AchievedSkill, AchievementDefined, AwardScheme, AwardedCredit, CompromiseIssuerKeyRequest, CredentialState,
    GetIssuerRequest, ListIssuersRequest, ReawardCredentialRequest, RevokeCredentialRequest, StatusReason,
    SuspendCredentialRequest, achievement_event::Event as AchievementEvent,
};

const ADA: &str = "course~AAA~1~ada~1";
const AGAIN: &str = "course~AAA~1~ada~2";
/// As browsers ask.
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// What comes back to a browser: status, headers, text.
pub async fn browsed(desk: &Desk, url: &str) -> (u16, reqwest::header::HeaderMap, String) {
    let (status, headers, text) = desk.finds(url, &[BROWSER]).await;
    (status, headers, text)
}

/// The bytes at an address.
pub async fn fetched(desk: &Desk, url: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let path = url.strip_prefix(URL).unwrap_or(url);
    let answer = reqwest::get(format!("http://{}{path}", desk.running.address)).await.unwrap();
    (answer.status().as_u16(), answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

/// The text of a PDF by a reader of others.
pub fn read(pdf: &[u8]) -> String {
    let read = lopdf::Document::load_mem(pdf).unwrap();
    let pages: Vec<_> = read.get_pages().into_keys().collect();
    read.extract_text(&pages).unwrap()
}

fn described() -> AchievementDefined {
    AchievementDefined {
        name: "Algebra <script>alert(1)</script>".into(),
        outcomes: vec!["<b>Solve</b> equations".into(), "Prove theorems".into()],
        skills: vec![AchievedSkill { uri: "javascript:alert(2)".into(), label: "Proving".into() }],
        eqf_level: 6,
        study_minutes: 7_500,
        credits: vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 }],
        ..Desk::course()
    }
}

async fn issued(desk: &Desk) -> studium_proto::credentials::v1::Credential {
    desk.with_issuer("ou").await;
    desk.with_key("ou").await;
    // As definitions could be before addresses were checked: what it says is shown all the same.
    desk.elsewhere.say("course~AAA~1", vec![AchievementEvent::AchievementDefined(described())]).await;
    desk.approve("course~AAA~1").await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await
}

pub async fn a_browser_gets_a_page_that_spells_the_checks_out(desk: Desk) {
    let shown = issued(&desk).await;
    let (status, headers, page) = browsed(&desk, &shown.url).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    for it in [
        "passed every check",
        "Issued by",
        "The Open University (GB)",
        "level 6",
        "5 ECTS credits",
        "125 h",
        "78 of 100",
    ] {
        assert!(page.contains(it), "{it} is missing in {page}");
    }
    let order: Vec<_> =
        ["Proof", "Issuer trusted", "Already valid", "Not expired", "Not suspended", "Not revoked", "Not replaced"]
            .iter()
            .map(|it| page.find(&format!("<strong>{it}</strong>")).expect(it))
            .collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(page.matches("✓ passed").count(), 7, "{page}");
    for it in ["/json\"", "/jwt\"", "/pdf\"", "https://www.linkedin.com/profile/add?", "<svg", "lang=\"en\""] {
        assert!(page.contains(it), "{it} is missing in {page}");
    }
    assert!(!page.contains("~ada"), "nothing says who it is");

    // What others wrote is text and nothing else.
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("href=\"javascript"), "{page}");
    assert!(page.contains("&lt;script&gt;"));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert_eq!(
        (headers["x-content-type-options"].as_bytes(), headers["referrer-policy"].as_bytes()),
        (&b"nosniff"[..], &b"no-referrer"[..])
    );
    assert_eq!(headers["cache-control"], "no-cache");

    let (_, headers, json) = desk.finds(&shown.url, &[]).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert_eq!(headers["vary"], "accept");
    let (_, headers, same) = desk.finds(&format!("{}/json", shown.url), &[BROWSER]).await;
    assert_eq!((headers["content-type"].to_str().unwrap(), same), ("application/vc+ld+json", json));
    assert_eq!(browsed(&desk, "/credentials/nothing").await.0, 404);
}

/// Which checks the page says failed.
async fn failing(desk: &Desk, url: &str) -> Vec<String> {
    let (_, _, page) = browsed(desk, url).await;
    let failed = page.split("✗ failed").skip(1);
    failed.map(|it| it.split("<strong>").nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

pub async fn the_page_tells_what_happened_to_a_credential(desk: Desk) {
    let shown = issued(&desk).await;
    assert!(failing(&desk, &shown.url).await.is_empty());
    let reason = StatusReason::IdFraud as i32;
    let suspend = SuspendCredentialRequest { credential_id: ADA.into(), reason, ..SuspendCredentialRequest::default() };
    desk.credentials().await.suspend_credential(suspend).await.unwrap();
    desk.becomes(ADA, CredentialState::Suspended).await;
    assert_eq!(failing(&desk, &shown.url).await, ["Not suspended"]);
    assert!(browsed(&desk, &shown.url).await.2.contains("only this page shows it"));

    let revoke = RevokeCredentialRequest { credential_id: ADA.into(), reason, ..RevokeCredentialRequest::default() };
    desk.credentials().await.revoke_credential(revoke).await.unwrap();
    desk.becomes(ADA, CredentialState::Revoked).await;
    assert_eq!(failing(&desk, &shown.url).await, ["Not revoked"]);
}

pub async fn the_page_leads_to_what_replaces_a_credential(desk: Desk) {
    let first = issued(&desk).await;
    let request = ReawardCredentialRequest {
        credential_id: ADA.into(),
        grade_millipoints: Some(81_000),
        reason: "a mark was added up wrongly".into(),
        ..ReawardCredentialRequest::default()
    };
    let mut credentials = desk.credentials().await;
    patiently!(credentials.reaward_credential(request.clone())).unwrap();
    let second = desk.becomes(AGAIN, CredentialState::Active).await;
    desk.becomes(ADA, CredentialState::Superseded).await;
    assert_eq!(failing(&desk, &first.url).await, ["Not replaced"]);
    assert!(browsed(&desk, &first.url).await.2.contains(&format!("href=\"{}\"", second.url)));
    assert!(failing(&desk, &second.url).await.is_empty());
}

pub async fn a_credential_is_printed_always_the_same(desk: Desk) {
    let shown = issued(&desk).await;
    let at = format!("{}/pdf", shown.url);
    let (status, headers, pdf) = fetched(&desk, &at).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "application/pdf"));
    let text = read(&pdf);
    for it in ["Algebra", "The Open University", "5 ECTS credits", "Prove theorems", &shown.url] {
        assert!(text.contains(it), "{it} is missing in {text}");
    }
    assert!(!text.contains("~ada"), "nothing says who it is: {text}");
    assert_eq!(fetched(&desk, &at).await.2, pdf);
    let desk = desk.start_anew().await;
    desk.becomes(ADA, CredentialState::Active).await;
    assert_eq!(fetched(&desk, &at).await.2, pdf, "also from a store that was built again");
}

pub async fn the_page_of_an_issuer_tells_its_keys(desk: Desk) {
    let shown = issued(&desk).await;
    let (status, _, page) = browsed(&desk, "/issuers/ou").await;
    assert_eq!(status, 200);
    for it in ["The Open University", "GB", "did:web:credentials.example:issuers:ou", "signs at present", "did.json"] {
        assert!(page.contains(it), "{it} is missing in {page}");
    }
    let request = GetIssuerRequest { institution_id: "ou".into(), min_position: desk.head().await };
    let issuer = desk.issuers().await.get_issuer(request).await.unwrap().into_inner().issuer.unwrap();
    let request = CompromiseIssuerKeyRequest {
        institution_id: "ou".into(),
        key_id: issuer.keys[0].key_id.clone(),
        reason: "it was found on a train".into(),
        ..CompromiseIssuerKeyRequest::default()
    };
    desk.issuers().await.compromise_issuer_key(request).await.unwrap();
    desk.awaits(async |it| browsed(it, "/issuers/ou").await.2.contains("in wrong hands")).await;
    // Its list cannot be signed any more, either, so that nobody can say whether it was revoked.
    assert_eq!(failing(&desk, &shown.url).await, ["Issuer trusted"]);
    assert_eq!(browsed(&desk, "/issuers/nobody").await.0, 404);
}

pub async fn issuers_are_listed_with_what_the_catalogue_says_of_each(desk: Desk) {
    for institution in ["ku", "mit", "ou"] {
        desk.with_issuer(institution).await;
    }
    let renamed = InstitutionRenamed { name: "Korea University".into() };
    let country = InstitutionCountrySet { country: "KR".into() };
    let events = vec![InstitutionEvent::InstitutionRenamed(renamed), InstitutionEvent::InstitutionCountrySet(country)];
    desk.elsewhere.say("ku", events).await;
    let withdrawn = InstitutionAuthorisationWithdrawn { authority: Authority::Issuer as i32, reason: "lapsed".into() };
    desk.elsewhere.say("mit", vec![InstitutionEvent::InstitutionAuthorisationWithdrawn(withdrawn)]).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    let mut issuers = desk.issuers().await;
    let mut list = async |page_size: u32, page_token: &str| {
        let page_token = page_token.to_owned();
        let request = ListIssuersRequest { page_size, page_token, ..ListIssuersRequest::default() };
        let page = patiently!(issuers.list_issuers(request.clone())).unwrap();
        let told = page.issuers.into_iter().map(|it| (it.institution_id, it.name, it.country, it.authorised));
        (told.collect::<Vec<_>>(), page.next_page_token)
    };
    let told = |id: &str, name: &str, country: &str, authorised| {
        (id.to_owned(), name.to_owned(), country.to_owned(), authorised)
    };
    let expected = [
        told("ku", "Korea University", "KR", true),
        told("mit", "The Open University", "GB", false),
        told("ou", "The Open University", "GB", true),
    ];
    assert_eq!(list(0, "").await.0, expected);
    let (first, next) = list(2, "").await;
    assert_eq!(first, expected[..2]);
    assert_eq!(list(2, &next).await.0, expected[2..]);
}
