//! The partner roster: enrolments that concern an institution, with what consent covers and nothing else.

use super::Api;
use crate::{
    consents::{self, ConsentRow, Consents},
    enrolments::{EnrolmentRow, Enrolments},
    external_ids::ExternalIds,
    learners::{LearnerRow, Learners},
    partner_rosters,
};
use std::collections::HashMap;
use studium_kit::{Fields, Page, fault};
use studium_proto::enrolment::v1::{
    ConsentScope, Enrolment, ListPartnerRosterRequest, ListPartnerRosterResponse, PartnerRow, PartnerSide,
};
use tonic::Status;

/// What is known of somebody at a time, for one institution.
struct Known {
    /// The person's rows, the learner who stays first.
    rows: Vec<LearnerRow>,
    scopes: Vec<ConsentScope>,
}

impl Api {
    pub(super) async fn partner_roster(
        &self,
        it: ListPartnerRosterRequest,
    ) -> Result<ListPartnerRosterResponse, Status> {
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.optional_id("run_id", &it.run_id);
        fields.check("side", PartnerSide::try_from(it.side).is_ok(), "is unknown");
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        self.app.reached::<Learners>(it.min_position).await?;
        self.app.reached::<Consents>(it.min_position).await?;
        self.app.reached::<ExternalIds>(it.min_position).await?;
        let found = partner_rosters::rows(self.app.store(), &it.institution_id, it.side(), &it.run_id, &page).await;
        let rows = found.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| format!("{}~{}", it.run_id, it.learner_id));
        let rows = self.at(rows, it.as_of_ms).await?;
        let known = self.known(&it.institution_id, &rows, it.as_of_ms).await?;
        let rows = rows.into_iter().map(|row| {
            let about = known.get(&row.learner_id);
            covered(row, about, &it.institution_id)
        });
        Ok(ListPartnerRosterResponse { rows: rows.collect(), next_page_token })
    }

    /// Who these learners are and what they let the institution see, at the time and still.
    async fn known(
        &self,
        institution: &str,
        rows: &[EnrolmentRow],
        as_of_ms: i64,
    ) -> Result<HashMap<String, Known>, Status> {
        let store = self.app.store();
        let mut ids: Vec<String> = rows.iter().map(|it| it.learner_id.clone()).collect();
        ids.sort();
        ids.dedup();
        let people = partner_rosters::people(store, &ids).await.map_err(fault)?;
        let mut all: Vec<String> =
            people.values().flatten().map(|it| it.learner_id.clone()).chain(ids.clone()).collect();
        all.sort();
        all.dedup();
        let now = consents::to_institution(store, institution, &all).await.map_err(fault)?;
        let (mut then, mut past) = (now.clone(), HashMap::new());
        if as_of_ms > 0 {
            let subjects: Vec<_> = all.iter().map(|it| format!("enrolment.consent.{institution}~{it}")).collect();
            then = store.as_of::<Consents>("enrolment", &subjects, as_of_ms).await.map_err(fault)?;
            let subjects: Vec<_> = all.iter().map(|it| format!("enrolment.learner.{it}")).collect();
            let rows = store.as_of::<Learners>("enrolment", &subjects, as_of_ms).await.map_err(fault)?;
            past = rows.into_iter().map(|it| (it.learner_id.clone(), it)).collect();
        }
        let mut known = HashMap::new();
        for id in ids {
            let mut rows = people.get(&id).cloned().unwrap_or_default();
            let person: Vec<String> =
                if rows.is_empty() { vec![id.clone()] } else { rows.iter().map(|it| it.learner_id.clone()).collect() };
            let mut scopes = scopes_of(&then, &person);
            scopes.retain(|it| scopes_of(&now, &person).contains(it));
            if as_of_ms > 0 {
                // What was erased since stays erased.
                rows = rows
                    .into_iter()
                    .filter_map(|it| if it.erased { Some(it) } else { past.get(&it.learner_id).cloned() })
                    .collect();
            }
            known.insert(id, Known { rows, scopes });
        }
        Ok(known)
    }
}

/// The consent of the learner who stays; if that one never said anything, an alias's.
fn scopes_of(consents: &[ConsentRow], person: &[String]) -> Vec<ConsentScope> {
    let said = person.iter().find_map(|id| consents.iter().find(|it| it.learner_id == *id));
    said.map(ConsentRow::scopes).unwrap_or_default()
}

/// One row with what consent covers.
fn covered(row: EnrolmentRow, known: Option<&Known>, institution: &str) -> PartnerRow {
    let scopes = known.map(|it| it.scopes.clone()).unwrap_or_default();
    let may = |scope| scopes.contains(&scope);
    let mut enrolment = Enrolment::from(row);
    if !may(ConsentScope::Results) {
        (enrolment.outcome, enrolment.grade_millipoints, enrolment.results) = (0, None, 0);
        (enrolment.minutes, enrolment.modules_completed) = (0, 0);
        (enrolment.sessions, enrolment.sessions_present, enrolment.last_activity_at_ms) = (0, 0, 0);
    }
    let rows = known.map(|it| it.rows.as_slice()).unwrap_or_default();
    let stays = rows.first();
    let name = stays.filter(|_| may(ConsentScope::Name)).map(|it| it.name.clone()).unwrap_or_default();
    let email = stays.filter(|_| may(ConsentScope::Email)).map(|it| it.email.clone()).unwrap_or_default();
    let own = rows.iter().flat_map(|it| &it.external_ids.0).filter(|(it, _)| it == institution);
    let mut external_ids: Vec<String> = own.map(|(_, external_id)| external_id.clone()).collect();
    external_ids.sort();
    PartnerRow {
        enrolment: Some(enrolment),
        external_ids,
        name,
        email,
        scopes: scopes.into_iter().map(Into::into).collect(),
    }
}
