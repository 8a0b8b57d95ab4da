//! Calls that concern campuses.

use super::{Api, NAME_MAX, Reply, done, no};
use crate::{
    campus::{Campus, Command},
    campus_list::{self, CampusList},
    institutions::{self, Institutions},
    selections::{self, Selections},
};
use std::collections::BTreeSet;
use studium_kit::{Call, Fields, Outcome, Page, fault};
use studium_proto::campus::v1::{
    AddAdministratorRequest, AddAdministratorResponse, AddTeacherRequest, AddTeacherResponse, GetCampusRequest,
    GetCampusResponse, ListCampusesRequest, ListCampusesResponse, Reason, RegisterCampusRequest,
    RegisterCampusResponse, RemoveAdministratorRequest, RemoveAdministratorResponse, RemoveTeacherRequest,
    RemoveTeacherResponse, SetSsoDomainsRequest, SetSsoDomainsResponse, StartTrialRequest, StartTrialResponse,
    TrialStarted, campus_event::Event, campus_service_server::CampusService,
};
use tonic::{Request, Response, Status};

/// The most domains of one campus.
const DOMAINS_MAX: usize = 100;

/// The longest id of a person, characters: a token's subject.
const PERSON_MAX: usize = 128;

/// Whether these are domain names in lower case, as DNS knows them.
pub(super) fn check_domains(fields: &mut Fields, domains: &[String]) {
    fields.check("sso_domains", domains.len() <= DOMAINS_MAX, "are more than 100");
    for domain in domains.iter().filter(|it| !is_domain(it)) {
        let shown: String = domain.chars().take(80).collect();
        let wrong = format!("holds `{shown}`, which is no domain name in lower case; write for example open.ac.uk");
        fields.check("sso_domains", false, &wrong);
    }
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    // The last label of a domain is never a number, that of an address is.
    let is_address = name.rsplit('.').next().is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()));
    name.len() <= 253 && name.contains('.') && !is_address && name.split('.').all(is_label)
}

/// Whether this can be the subject of a token.
pub(super) fn check_person(fields: &mut Fields, field: &str, person: &str) {
    fields.text(field, person, PERSON_MAX);
    fields.check(field, !person.chars().any(char::is_control), "holds a control character");
}

impl Api {
    /// Asks a campus something about a person.
    async fn person(
        &self,
        call: Call,
        at_ms: i64,
        (campus, person): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        let mut fields = Fields::new();
        fields.id("campus_id", campus);
        check_person(&mut fields, "person_id", person);
        fields.done()?;
        self.app.decide::<Campus>(&call.at(at_ms)?, campus, &command).await
    }
}

#[tonic::async_trait]
impl CampusService for Api {
    async fn register_campus(&self, request: Request<RegisterCampusRequest>) -> Reply<RegisterCampusResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.text("name", &it.name, NAME_MAX);
        fields.done()?;
        self.app.reached_stream::<Institutions>("catalogue", it.catalogue_position).await?;
        let authorised = institutions::is_campus(self.app.store(), &it.campus_id).await.map_err(fault)?;
        let command = Command::Register { name: it.name, authorised };
        done!(RegisterCampusResponse, self.app.decide::<Campus>(&call.at(it.at_ms)?, &it.campus_id, &command).await?)
    }

    async fn get_campus(&self, request: Request<GetCampusRequest>) -> Reply<GetCampusResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.done()?;
        self.app.reached::<CampusList>(it.min_position).await?;
        match campus_list::campus(self.app.store(), &it.campus_id).await.map_err(fault)? {
            Some(campus) => Ok(Response::new(GetCampusResponse { campus: Some(campus) })),
            None => Err(no(Reason::CampusNotFound, "no such campus is registered", &it.campus_id)),
        }
    }

    async fn set_sso_domains(&self, request: Request<SetSsoDomainsRequest>) -> Reply<SetSsoDomainsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        check_domains(&mut fields, &it.domains);
        fields.done()?;
        let command = Command::SetSsoDomains { domains: BTreeSet::from_iter(it.domains) };
        done!(SetSsoDomainsResponse, self.app.decide::<Campus>(&call.at(it.at_ms)?, &it.campus_id, &command).await?)
    }

    async fn add_administrator(&self, request: Request<AddAdministratorRequest>) -> Reply<AddAdministratorResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::AddAdministrator { person_id: it.person_id.clone() };
        let ids = (it.campus_id.as_str(), it.person_id.as_str());
        done!(AddAdministratorResponse, self.person(call, it.at_ms, ids, command).await?)
    }

    async fn remove_administrator(
        &self,
        request: Request<RemoveAdministratorRequest>,
    ) -> Reply<RemoveAdministratorResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::RemoveAdministrator { person_id: it.person_id.clone() };
        let ids = (it.campus_id.as_str(), it.person_id.as_str());
        done!(RemoveAdministratorResponse, self.person(call, it.at_ms, ids, command).await?)
    }

    async fn add_teacher(&self, request: Request<AddTeacherRequest>) -> Reply<AddTeacherResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::AddTeacher { person_id: it.person_id.clone() };
        let ids = (it.campus_id.as_str(), it.person_id.as_str());
        done!(AddTeacherResponse, self.person(call, it.at_ms, ids, command).await?)
    }

    async fn remove_teacher(&self, request: Request<RemoveTeacherRequest>) -> Reply<RemoveTeacherResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::RemoveTeacher { person_id: it.person_id.clone() };
        let ids = (it.campus_id.as_str(), it.person_id.as_str());
        done!(RemoveTeacherResponse, self.person(call, it.at_ms, ids, command).await?)
    }

    async fn start_trial(&self, request: Request<StartTrialRequest>) -> Reply<StartTrialResponse> {
        let (call, it) = Call::open(request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.id("agreement_id", &it.agreement_id);
        fields.id("plan_id", &it.plan_id);
        fields.id("selection_id", &it.selection_id);
        fields.check("seats", it.seats > 0, "is not above 0");
        fields.check("ends_at_ms", it.ends_at_ms > call.now_ms(), "is not in the future");
        fields.done()?;
        self.app.reached_stream::<Selections>("catalogue", it.catalogue_position).await?;
        if !selections::exists(self.app.store(), &it.selection_id).await.map_err(fault)? {
            return Err(no(Reason::SelectionNotFound, "the catalogue has told of no such selection", &it.selection_id));
        }
        let command = Command::StartTrial(TrialStarted {
            agreement_id: it.agreement_id,
            plan_id: it.plan_id,
            selection_id: it.selection_id,
            seats: it.seats,
            ends_at_ms: it.ends_at_ms,
        });
        done!(StartTrialResponse, self.app.decide::<Campus>(&call, &it.campus_id, &command).await?)
    }

    async fn list_campuses(&self, request: Request<ListCampusesRequest>) -> Reply<ListCampusesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<CampusList>(it.min_position).await?;
        let campuses = campus_list::campuses(self.app.store(), &page).await.map_err(fault)?;
        let next_page_token = page.next(&campuses, |it| it.campus_id.clone());
        Ok(Response::new(ListCampusesResponse { campuses, next_page_token }))
    }
}

#[cfg(test)]
mod tests {
    use super::is_domain;

    #[test]
    fn domains_are_what_dns_knows() {
        for it in ["open.ac.uk", "x.org", "xn--bcher-kva.example", "3com.com", "a-b.c1"] {
            assert!(is_domain(it), "{it}");
        }
        let long = format!("{}.org", "a".repeat(64));
        for it in [
            "",
            "uk",
            "Open.ac.uk",
            "open..uk",
            ".uk",
            "a.",
            "-a.org",
            "a-.org",
            "a b.org",
            "a@b.org",
            "10.0.0.1",
            &long,
        ] {
            assert!(!is_domain(it), "{it}");
        }
    }
}
