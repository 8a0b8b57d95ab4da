//! Institutions, their domains and what they may act as.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    AuthoriseInstitutionRequest, Authority, ClaimDomainRequest, GetInstitutionRequest, ListInstitutionsRequest,
    RegisterInstitutionRequest, ReleaseDomainRequest, RenameInstitutionRequest, SetInstitutionCountryRequest,
    WithdrawAuthorisationRequest, institution_service_client::InstitutionServiceClient,
};
use tonic::Code;

fn claim(institution_id: &str, domain: &str) -> ClaimDomainRequest {
    ClaimDomainRequest { institution_id: institution_id.into(), domain: domain.into(), at_ms: 0 }
}

pub async fn institutions_are_known_by_name_domain_and_capacity(desk: Desk) {
    let mut office = desk.institutions();
    let again =
        RegisterInstitutionRequest { institution_id: "ou".into(), name: "Another".into(), ..Default::default() };
    refused(office.register_institution(again).await, Code::AlreadyExists, "INSTITUTION_EXISTS");
    let bad = RegisterInstitutionRequest { institution_id: "o u".into(), country: "gb".into(), ..Default::default() };
    assert_eq!(malformed(office.register_institution(bad).await), ["name", "country", "institution_id"]);

    let country = SetInstitutionCountryRequest { institution_id: "ou".into(), country: "GB".into(), at_ms: 0 };
    office.set_institution_country(country).await.unwrap();
    let name = RenameInstitutionRequest { institution_id: "ou".into(), name: "The Open University".into(), at_ms: 0 };
    refused(
        InstitutionServiceClient::new(desk.eve.clone()).rename_institution(name.clone()).await,
        Code::PermissionDenied,
        "ACCESS_DENIED",
    );
    InstitutionServiceClient::new(desk.ann.clone()).rename_institution(name).await.unwrap();
    let campus = AuthoriseInstitutionRequest {
        institution_id: "ou".into(),
        authority: Authority::Campus.into(),
        ..AuthoriseInstitutionRequest::default()
    };
    office.authorise_institution(campus.clone()).await.unwrap();
    assert!(office.authorise_institution(campus).await.unwrap().into_inner().already);

    office.claim_domain(claim("ou", "Open.ac.uk")).await.unwrap();
    refused(office.claim_domain(claim("mit", "open.ac.uk")).await, Code::AlreadyExists, "DOMAIN_TAKEN");
    refused(office.claim_domain(claim("nobody", "nobody.org")).await, Code::NotFound, "INSTITUTION_NOT_FOUND");
    assert_eq!(malformed(office.claim_domain(claim("ou", "localhost")).await), ["domain"]);
    let release = ReleaseDomainRequest { institution_id: "ou".into(), domain: "open.ac.uk".into(), at_ms: 0 };
    office.release_domain(release).await.unwrap();
    office.claim_domain(claim("mit", "open.ac.uk")).await.unwrap();
    let min_position = office.claim_domain(claim("ou", "ou.ac.uk")).await.unwrap().into_inner().position;

    let mut anybody = desk.anybody().await;
    let get = GetInstitutionRequest { institution_id: "ou".into(), min_position };
    let it = anybody.get_institution(get).await.unwrap().into_inner().institution.unwrap();
    assert_eq!(
        (it.name.as_str(), it.country.as_str(), it.campus, it.issuer),
        ("The Open University", "GB", true, false)
    );
    assert_eq!(it.domains, ["ou.ac.uk"]);
    let list = ListInstitutionsRequest { text: "techno".into(), ..ListInstitutionsRequest::default() };
    let found = anybody.list_institutions(list).await.unwrap().into_inner().institutions;
    assert_eq!(found.iter().map(|it| it.institution_id.as_str()).collect::<Vec<_>>(), ["mit"]);

    let withdraw = WithdrawAuthorisationRequest {
        institution_id: "ou".into(),
        authority: Authority::Campus.into(),
        reason: "contract ended".into(),
        at_ms: 0,
    };
    let min_position = office.withdraw_authorisation(withdraw).await.unwrap().into_inner().position;
    let campuses = ListInstitutionsRequest {
        authority: Authority::Campus.into(),
        min_position,
        ..ListInstitutionsRequest::default()
    };
    assert!(anybody.list_institutions(campuses).await.unwrap().into_inner().institutions.is_empty());
}

pub async fn one_domain_goes_to_one_of_many_who_claim_it_at_once(desk: Desk) {
    let claims = (0..20).map(|n| {
        let mut office = desk.institutions();
        let institution = ["ou", "mit"][n % 2];
        async move { (institution, office.claim_domain(claim(institution, "learn.org")).await.is_ok()) }
    });
    let owners: std::collections::BTreeSet<_> =
        futures::future::join_all(claims).await.into_iter().filter(|it| it.1).map(|it| it.0).collect();
    assert_eq!(owners.len(), 1, "{owners:?}");
}
