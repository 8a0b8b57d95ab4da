//! Calls that concern credit accounts.

use super::{Api, Reply, no};
use crate::{
    acbs,
    credential::Credential,
    credentials,
    credit_account::{self, Command, CreditAccount},
    credit_accounts::{self, CreditAccountRow, CreditAccounts},
    credit_entries::{self, CreditEntries, CreditEntryRow},
    credit_policies,
    ledger_lines::{self, LedgerLineRow, LedgerLines},
};
use studium_kit::{By, Call, Fields, Page, done, fault};
use studium_proto::credentials::v1::{
    AuditDegreeRequest, AuditDegreeResponse, AwardScheme, ClassifyCreditsRequest, ClassifyCreditsResponse,
    CredentialState, DegreeType, GetCreditAccountRequest, GetCreditAccountResponse, ListCreditAccountsRequest,
    ListCreditAccountsResponse, ListCreditEntriesRequest, ListCreditEntriesResponse, ListLedgerLinesRequest,
    ListLedgerLinesResponse, Reason, ReconsiderCreditsRequest, ReconsiderCreditsResponse, SetDegreeAimRequest,
    SetDegreeAimResponse, SumCreditsRequest, SumCreditsResponse, credit_account_service_server::CreditAccountService,
};
use tonic::{Request, Response};

/// A learner and a scheme, both said.
fn account_fields(learner_id: &str, scheme: AwardScheme) -> Fields {
    let mut fields = Fields::new();
    fields.id("learner_id", learner_id);
    fields.check("scheme", scheme != AwardScheme::Unspecified, "is not set");
    fields
}

#[tonic::async_trait]
impl CreditAccountService for Api {
    async fn get_credit_account(&self, request: Request<GetCreditAccountRequest>) -> Reply<GetCreditAccountResponse> {
        let (_, it) = Call::open(request)?;
        account_fields(&it.learner_id, it.scheme()).done()?;
        self.app.reached::<CreditAccounts>(it.min_position).await?;
        let store = self.app.store();
        let mut row = credit_accounts::account(store, &it.learner_id, it.scheme()).await.map_err(fault)?;
        if !it.institution_id.is_empty() {
            // Staff sees an account to which its institution contributed.
            let one = Page { after: String::new(), size: 1 };
            let own = credit_entries::entries(store, &it.learner_id, it.scheme(), &it.institution_id, &one).await;
            row = row.filter(|_| own.as_ref().is_ok_and(|it| !it.is_empty()));
            own.map_err(fault)?;
        }
        let Some(row) = row else {
            let id = credit_account::id(&it.learner_id, it.scheme());
            return Err(no(Reason::AccountNotFound, "the learner has no such account", &id));
        };
        Ok(Response::new(GetCreditAccountResponse { account: Some(row.shown()) }))
    }

    async fn list_credit_accounts(
        &self,
        request: Request<ListCreditAccountsRequest>,
    ) -> Reply<ListCreditAccountsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<CreditAccounts>(it.min_position).await?;
        let rows = credit_accounts::accounts(self.app.store(), &it.learner_id).await.map_err(fault)?;
        let accounts = rows.into_iter().map(CreditAccountRow::shown).collect();
        Ok(Response::new(ListCreditAccountsResponse { accounts }))
    }

    async fn list_credit_entries(
        &self,
        request: Request<ListCreditEntriesRequest>,
    ) -> Reply<ListCreditEntriesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, it.scheme());
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<CreditEntries>(it.min_position).await?;
        let (store, scheme) = (self.app.store(), it.scheme());
        let rows = credit_entries::entries(store, &it.learner_id, scheme, &it.institution_id, &page).await;
        let rows = rows.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.entry_id.clone());
        let entries = rows.into_iter().map(CreditEntryRow::shown).collect();
        Ok(Response::new(ListCreditEntriesResponse { entries, next_page_token }))
    }

    async fn list_ledger_lines(&self, request: Request<ListLedgerLinesRequest>) -> Reply<ListLedgerLinesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, it.scheme());
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<LedgerLines>(it.min_position).await?;
        let rows = ledger_lines::lines(self.app.store(), &it.learner_id, it.scheme(), &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.line_id.clone());
        let lines = rows.into_iter().map(LedgerLineRow::shown).collect();
        Ok(Response::new(ListLedgerLinesResponse { lines, next_page_token }))
    }

    async fn audit_degree(&self, request: Request<AuditDegreeRequest>) -> Reply<AuditDegreeResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, AwardScheme::KrAcbs);
        fields.optional_id("university_id", &it.university_id);
        fields.done()?;
        self.app.reached::<CreditEntries>(it.min_position).await?;
        self.app.reached::<CreditAccounts>(it.min_position).await?;
        let store = self.app.store();
        let mut degree = it.degree();
        if degree == DegreeType::Unspecified {
            let row = credit_accounts::account(store, &it.learner_id, AwardScheme::KrAcbs).await.map_err(fault)?;
            let aim = row.map(|it| it.degree()).filter(|it| *it != DegreeType::Unspecified);
            degree = aim.unwrap_or(DegreeType::Bachelor);
        }
        let entries = credit_entries::all(store, &it.learner_id, AwardScheme::KrAcbs).await.map_err(fault)?;
        let entries: Vec<_> = entries.into_iter().filter_map(CreditEntryRow::counted).collect();
        let rows = acbs::audit(degree, &it.university_id, &entries);
        let is_complete = rows.iter().all(|it| it.missing_milli == 0);
        Ok(Response::new(AuditDegreeResponse { degree: degree as i32, rows, is_complete }))
    }

    async fn set_degree_aim(&self, request: Request<SetDegreeAimRequest>) -> Reply<SetDegreeAimResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, AwardScheme::KrAcbs);
        fields.check("degree", it.degree() != DegreeType::Unspecified, "is not set");
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = By::platform(call.now_ms()).asks(Command::Aim(it.degree()));
        let id = credit_account::id(&it.learner_id, AwardScheme::KrAcbs);
        done!(SetDegreeAimResponse, self.app.decide::<CreditAccount>(&call, &id, &command).await?)
    }

    async fn classify_credits(&self, request: Request<ClassifyCreditsRequest>) -> Reply<ClassifyCreditsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, it.scheme());
        fields.joined_id("entry_id", &it.entry_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = Command::Classify { entry_id: it.entry_id.clone(), kind: it.kind() };
        let command = By::caller(&call, &[], &it.institution_id).asks(command);
        let id = credit_account::id(&it.learner_id, it.scheme());
        done!(ClassifyCreditsResponse, self.app.decide::<CreditAccount>(&call, &id, &command).await?)
    }

    async fn reconsider_credits(&self, request: Request<ReconsiderCreditsRequest>) -> Reply<ReconsiderCreditsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = account_fields(&it.learner_id, it.scheme());
        fields.joined_id("credential_id", &it.credential_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let id = credit_account::id(&it.learner_id, it.scheme());
        let row = credentials::credential(self.app.store(), &it.credential_id).await.map_err(fault)?;
        // The view may not have seen a revocation yet; the credential itself has.
        let state = self.app.look::<Credential, _>(&it.credential_id, |it| it.standing().0).await?;
        let row = row.filter(|row| {
            row.learner_id == it.learner_id && matches!(state, CredentialState::Active | CredentialState::Suspended)
        });
        let earnings = match row {
            Some(row) => credit_policies::earnings(&self.app, &row).await.map_err(fault)?,
            None => Vec::new(),
        };
        let Some((_, earning)) = earnings.into_iter().find(|(account_id, _)| *account_id == id) else {
            return Err(no(Reason::CredentialNotFound, "no such credential brings credits there", &it.credential_id));
        };
        let command = By::caller(&call, &[&it.learner_id], &it.institution_id).asks(Command::Earn(Box::new(earning)));
        done!(ReconsiderCreditsResponse, self.app.decide::<CreditAccount>(&call, &id, &command).await?)
    }
    async fn sum_credits(&self, request: Request<SumCreditsRequest>) -> Reply<SumCreditsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.check("scheme", it.scheme() != AwardScheme::Unspecified, "is not given");
        fields.done()?;
        self.app.reached::<CreditEntries>(it.min_position).await?;
        let sum = credit_entries::sum(self.app.store(), &it.institution_id, it.scheme()).await.map_err(fault)?;
        let [entries, learners, credits_milli] = sum;
        Ok(Response::new(SumCreditsResponse { entries, learners, credits_milli }))
    }
}
