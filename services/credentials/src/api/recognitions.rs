//! Calls that concern recognitions.

use super::{Api, Reply, TEXT_MAX, no};
use crate::{
    achievements,
    credential::Credential,
    credentials, foreign,
    recognition::{Command, DAY_MS, DAYS, Recognition, Verdict},
    recognitions::{self, RecognitionRow, Recognitions, Wanted},
};
use studium_kit::{App, By, Call, Fields, Outcome, Page, done, fault};
use studium_proto::credentials::v1::{
    AppealRecognitionRequest, AppealRecognitionResponse, AwardedCredit, CredentialState, DecideAppealRequest,
    DecideAppealResponse, DecideRecognitionRequest, DecideRecognitionResponse, GetRecognitionRequest,
    GetRecognitionResponse, ListRecognitionsRequest, ListRecognitionsResponse, Reason, RecognitionSubmitted,
    StartReviewRequest, StartReviewResponse, SubmitForeignCredentialRequest, SubmitForeignCredentialResponse,
    SubmitRecognitionRequest, SubmitRecognitionResponse, recognition_event::Event,
    recognition_service_server::RecognitionService,
};
use tonic::{Request, Response, Status};

/// The longest credential of another platform, bytes.
const FOREIGN_MAX: usize = 500_000;

/// The longest time in which a recognition may be decided, days.
const DAYS_MAX: u32 = 366;

fn submission(learner_id: &str, institution_id: &str, programme_id: &str, note: &str, days: u32) -> Fields {
    let mut fields = Fields::new();
    fields.id("learner_id", learner_id);
    fields.id("institution_id", institution_id);
    fields.optional_id("programme_id", programme_id);
    fields.optional_text("note", note, TEXT_MAX);
    fields.check("days", days <= DAYS_MAX, "are more than 366");
    fields
}

fn due(call: &Call, days: u32) -> i64 {
    call.now_ms() + i64::from(if days == 0 { DAYS } else { days }) * DAY_MS
}

/// What an officer decides, with what the programme recognised before. What was handed in the recognition itself
/// knows; a view may not have seen it yet.
async fn verdict(app: &App, recognition_id: &str, mut verdict: Verdict) -> Result<Verdict, Status> {
    let submitted = app.look::<Recognition, _>(recognition_id, |it| it.submitted().clone()).await?;
    if !submitted.credential_id.is_empty() {
        let state = app.look::<Credential, _>(&submitted.credential_id, |it| it.standing().0).await?;
        verdict.is_gone = state != CredentialState::Active;
    }
    if verdict.cap_milli > 0 {
        let before = recognitions::recognised_before(app.store(), &submitted, recognition_id, verdict.scheme).await;
        verdict.before_milli = before.map_err(fault)?;
    }
    Ok(verdict)
}

fn verdict_fields(recognition_id: &str, explanation: &str) -> Result<(), Status> {
    let mut fields = Fields::new();
    fields.joined_id("recognition_id", recognition_id);
    fields.optional_text("explanation", explanation, TEXT_MAX);
    fields.done()
}

impl Api {
    async fn submit(&self, call: &Call, id: &str, it: RecognitionSubmitted) -> Result<Outcome<Event>, Status> {
        let command = By::platform(call.now_ms()).asks(Command::Submit(Box::new(it)));
        self.app.decide::<Recognition>(call, id, &command).await
    }

    /// What a credential of this platform says, if it is the learner's and holds.
    async fn own_credential(
        &self,
        learner_id: &str,
        credential_id: &str,
        at_ms: i64,
    ) -> Result<(credentials::CredentialRow, String), Status> {
        let store = self.app.store();
        let row = credentials::credential(store, credential_id).await.map_err(fault)?;
        let Some(row) = row.filter(credentials::CredentialRow::is_signed) else {
            return Err(no(Reason::CredentialNotFound, "no such credential was issued", credential_id));
        };
        if row.learner_id != learner_id {
            return Err(no(Reason::NotYourCredential, "the credential is another learner's", credential_id));
        }
        if row.state() != CredentialState::Active || (row.valid_until_ms != 0 && row.valid_until_ms <= at_ms) {
            let why = "the credential is suspended, revoked or superseded, or has run out";
            return Err(no(Reason::CredentialNotActive, why, credential_id));
        }
        let achievement = achievements::achievement(store, &row.achievement_id).await.map_err(fault)?;
        Ok((row, achievement.map(|it| it.definition().name).unwrap_or_default()))
    }
}

#[tonic::async_trait]
impl RecognitionService for Api {
    async fn submit_recognition(&self, request: Request<SubmitRecognitionRequest>) -> Reply<SubmitRecognitionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = submission(&it.learner_id, &it.institution_id, &it.programme_id, &it.note, it.days);
        fields.joined_id("credential_id", &it.credential_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let (row, title) = self.own_credential(&it.learner_id, &it.credential_id, call.now_ms()).await?;
        let id = format!("{}~{}", it.credential_id, it.institution_id);
        let claimed: Vec<AwardedCredit> = row.issued().credits;
        let submitted = RecognitionSubmitted {
            due_at_ms: due(&call, it.days),
            learner_id: it.learner_id,
            institution_id: it.institution_id,
            credential_id: it.credential_id,
            issuer_institution_id: row.institution_id,
            title,
            claimed,
            programme_id: it.programme_id,
            note: it.note,
            ..RecognitionSubmitted::default()
        };
        done!(SubmitRecognitionResponse, self.submit(&call, &id, submitted).await?)
    }

    async fn submit_foreign_credential(
        &self,
        request: Request<SubmitForeignCredentialRequest>,
    ) -> Reply<SubmitForeignCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = submission(&it.learner_id, &it.institution_id, &it.programme_id, &it.note, it.days);
        fields.check("credential", it.credential.len() <= FOREIGN_MAX, "is longer than 500,000 bytes");
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let foreign = match foreign::read(&it.credential, call.now_ms()) {
            Ok(it) => it,
            Err(why) => return Err(no(Reason::ForeignCredentialNotVerified, why, &it.learner_id)),
        };
        let name = foreign.sha256.get(..32).unwrap_or_default();
        let id = format!("foreign~{name}~{}~{}", it.learner_id, it.institution_id);
        let submitted = RecognitionSubmitted {
            due_at_ms: due(&call, it.days),
            learner_id: it.learner_id,
            institution_id: it.institution_id,
            title: foreign.title,
            claimed: foreign.claimed,
            programme_id: it.programme_id,
            note: it.note,
            foreign_sha256: foreign.sha256,
            foreign_issuer: foreign.issuer,
            ..RecognitionSubmitted::default()
        };
        done!(SubmitForeignCredentialResponse, self.submit(&call, &id, submitted).await?)
    }

    async fn start_review(&self, request: Request<StartReviewRequest>) -> Reply<StartReviewResponse> {
        let (call, it) = Call::open(request)?;
        verdict_fields(&it.recognition_id, "")?;
        let call = call.at(it.at_ms)?;
        let command = Command::Review { officer: call.caller.subject.clone() };
        let command = By::caller(&call, &[], &it.institution_id).asks(command);
        done!(StartReviewResponse, self.app.decide::<Recognition>(&call, &it.recognition_id, &command).await?)
    }

    async fn decide_recognition(&self, request: Request<DecideRecognitionRequest>) -> Reply<DecideRecognitionResponse> {
        let (call, it) = Call::open(request)?;
        verdict_fields(&it.recognition_id, &it.explanation)?;
        let call = call.at(it.at_ms)?;
        let decided = Verdict {
            outcome: it.outcome(),
            credits_milli: it.credits_milli,
            scheme: it.scheme(),
            kind: it.kind(),
            difference: it.difference(),
            explanation: it.explanation,
            officer: call.caller.subject.clone(),
            cap_milli: it.programme_cap_milli,
            before_milli: 0,
            is_gone: false,
        };
        let decided = verdict(&self.app, &it.recognition_id, decided).await?;
        let command = By::caller(&call, &[], &it.institution_id).asks(Command::Decide(Box::new(decided)));
        done!(DecideRecognitionResponse, self.app.decide::<Recognition>(&call, &it.recognition_id, &command).await?)
    }

    async fn appeal_recognition(&self, request: Request<AppealRecognitionRequest>) -> Reply<AppealRecognitionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.joined_id("recognition_id", &it.recognition_id);
        fields.optional_text("grounds", &it.grounds, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = Command::Appeal { learner_id: it.learner_id, grounds: it.grounds };
        let command = By::platform(call.now_ms()).asks(command);
        done!(AppealRecognitionResponse, self.app.decide::<Recognition>(&call, &it.recognition_id, &command).await?)
    }

    async fn decide_appeal(&self, request: Request<DecideAppealRequest>) -> Reply<DecideAppealResponse> {
        let (call, it) = Call::open(request)?;
        verdict_fields(&it.recognition_id, &it.explanation)?;
        let call = call.at(it.at_ms)?;
        let decided = Verdict {
            outcome: it.outcome(),
            credits_milli: it.credits_milli,
            scheme: it.scheme(),
            kind: it.kind(),
            difference: it.difference(),
            explanation: it.explanation,
            officer: call.caller.subject.clone(),
            cap_milli: it.programme_cap_milli,
            before_milli: 0,
            is_gone: false,
        };
        let decided = verdict(&self.app, &it.recognition_id, decided).await?;
        let command = By::caller(&call, &[], &it.institution_id).asks(Command::DecideAppeal(Box::new(decided)));
        done!(DecideAppealResponse, self.app.decide::<Recognition>(&call, &it.recognition_id, &command).await?)
    }

    async fn get_recognition(&self, request: Request<GetRecognitionRequest>) -> Reply<GetRecognitionResponse> {
        let (call, it) = Call::open(request)?;
        verdict_fields(&it.recognition_id, "")?;
        self.app.reached::<Recognitions>(it.min_position).await?;
        let row = recognitions::recognition(self.app.store(), &it.recognition_id).await.map_err(fault)?;
        let is = |asked: &str, has: &str| asked.is_empty() || asked == has;
        let may = |row: &RecognitionRow| {
            is(&it.learner_id, &row.learner_id)
                && is(&it.institution_id, &row.institution_id)
                && is(&it.issuer_institution_id, &row.issuer_institution_id)
        };
        let Some(row) = row.filter(may) else {
            let why = "no such recognition was asked for";
            return Err(no(Reason::RecognitionNotFound, why, &it.recognition_id));
        };
        Ok(Response::new(GetRecognitionResponse { recognition: Some(row.shown(&call.caller)) }))
    }

    async fn list_recognitions(&self, request: Request<ListRecognitionsRequest>) -> Reply<ListRecognitionsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_id("issuer_institution_id", &it.issuer_institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Recognitions>(it.min_position).await?;
        let wanted = Wanted {
            learner_id: &it.learner_id,
            institution_id: &it.institution_id,
            issuer_institution_id: &it.issuer_institution_id,
            state: it.state(),
            due_until_ms: it.due_until_ms,
        };
        let rows = recognitions::recognitions(self.app.store(), &wanted, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.recognition_id.clone());
        let recognitions = rows.into_iter().map(|it| it.shown(&call.caller)).collect();
        Ok(Response::new(ListRecognitionsResponse { recognitions, next_page_token }))
    }
}
