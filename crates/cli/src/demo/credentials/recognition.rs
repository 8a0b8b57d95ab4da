//! Another university looks at the credential: an officer refuses, the learner appeals, another officer lets it count.

use super::bureau::Bureau;
use crate::{
    client::{Channel, reason},
    demo::desk::{answer, asked, settled},
    token::Wanted,
};
use anyhow::{Context as _, Result, ensure};
use studium_proto::credentials::v1::{
    AppealRecognitionRequest, AwardScheme, Credential, DecideAppealRequest, DecideRecognitionRequest,
    GetCreditAccountRequest, GetRecognitionRequest, Recognition, RecognitionOutcome, RecognitionState,
    SubmitRecognitionRequest, SubstantialDifference, credit_account_service_client::CreditAccountServiceClient,
    recognition_service_client::RecognitionServiceClient,
};

/// Who is asked: a Korean university, whose credits are another quantity.
pub const RECEIVER: &str = "hanbit";

/// So many of its credits count in the end, thousandths.
const CREDITS: u32 = 3_000;

/// What came of it.
pub struct Recognised {
    /// The learner.
    pub learner: String,
    /// What the first officer may not do: refuse without one of the five differences.
    pub refused_refusal: String,
    /// What the record says in the end.
    pub recognition: Recognition,
    /// Who decided first.
    pub first_officer: String,
    /// Credits of the issuer's scheme in the learner's account, thousandths.
    pub ects_milli: u64,
    /// Credits of the receiver's scheme in the learner's account, thousandths.
    pub korean_milli: u64,
}

type Recognitions = RecognitionServiceClient<Channel>;

async fn person(bureau: &Bureau<'_>, subject: &str, role: &str, institution: &str) -> Result<Channel> {
    let institutions = if institution.is_empty() { vec![] } else { vec![institution.to_owned()] };
    let who = Wanted { subject: subject.to_owned(), roles: vec![role.to_owned()], institutions, ..Wanted::default() };
    bureau.desk.platform.connect_as("credentials", &who).await
}

/// Hands the credential in, and plays it through to the end.
pub async fn recognise(bureau: &Bureau<'_>, it: &Credential) -> Result<Recognised> {
    let learner = person(bureau, &it.learner_id, "learner", "").await?;
    let submit = SubmitRecognitionRequest {
        learner_id: it.learner_id.clone(),
        institution_id: RECEIVER.to_owned(),
        credential_id: it.credential_id.clone(),
        ..SubmitRecognitionRequest::default()
    };
    let mut own = RecognitionServiceClient::new(learner);
    let id = answer(own.submit_recognition(asked("submit-recognition", submit)).await)?.id;
    let mut officers = vec![];
    for subject in ["hanbit-officer-1", "hanbit-officer-2"] {
        officers.push(RecognitionServiceClient::new(person(bureau, subject, "credential_officer", RECEIVER).await?));
    }
    let refused_refusal = refuse(&mut officers[0], &id).await?;
    let first_officer = shown(&mut own, it, &id).await?.officer;
    let appeal = AppealRecognitionRequest {
        learner_id: it.learner_id.clone(),
        recognition_id: id.clone(),
        grounds: "125 hours of work, see what the credential says".to_owned(),
        ..AppealRecognitionRequest::default()
    };
    answer(own.appeal_recognition(asked("appeal-recognition", appeal)).await)?;
    let verdict = DecideAppealRequest {
        institution_id: RECEIVER.to_owned(),
        recognition_id: id.clone(),
        outcome: RecognitionOutcome::Full.into(),
        credits_milli: CREDITS,
        scheme: AwardScheme::KrAcbs.into(),
        explanation: "45 hours of class are in it".to_owned(),
        ..DecideAppealRequest::default()
    };
    answer(officers[1].decide_appeal(asked("decide-appeal", verdict)).await)?;
    let what = "the decision is in the learner's record";
    let recognition =
        settled(what, async || shown(&mut own, it, &id).await, |it| it.state() == RecognitionState::Final).await?;
    let what = "the credits are in the learner's account";
    let korean_milli =
        settled(what, async || balance(bureau, &it.learner_id, AwardScheme::KrAcbs).await, |it| *it > 0).await?;
    let ects_milli = balance(bureau, &it.learner_id, AwardScheme::Ects).await?;
    Ok(Recognised {
        learner: it.learner_id.clone(),
        refused_refusal,
        recognition,
        first_officer,
        ects_milli,
        korean_milli,
    })
}

/// Refuses, at first without naming one of the five differences; gives the reason why that does not go.
async fn refuse(officer: &mut Recognitions, id: &str) -> Result<String> {
    let refusal = DecideRecognitionRequest {
        institution_id: RECEIVER.to_owned(),
        recognition_id: id.to_owned(),
        outcome: RecognitionOutcome::Refused.into(),
        explanation: "too few hours".to_owned(),
        ..DecideRecognitionRequest::default()
    };
    let no = officer.decide_recognition(asked("decide-without", refusal.clone())).await.err();
    let no = no.and_then(|it| reason(&it)).context("a refusal names one of five substantial differences")?;
    let refusal = DecideRecognitionRequest { difference: SubstantialDifference::Workload.into(), ..refusal };
    answer(officer.decide_recognition(asked("decide-recognition", refusal)).await)?;
    Ok(no)
}

async fn shown(own: &mut Recognitions, it: &Credential, id: &str) -> Result<Recognition> {
    let request = GetRecognitionRequest {
        learner_id: it.learner_id.clone(),
        recognition_id: id.to_owned(),
        ..GetRecognitionRequest::default()
    };
    let what = "the recognition is in the learner's record";
    let seen = settled(
        what,
        async || match own.get_recognition(request.clone()).await {
            Ok(it) => Ok(it.into_inner().recognition),
            Err(late) if late.code() == tonic::Code::NotFound => Ok(None),
            Err(no) => Err(crate::client::failed(no)),
        },
        |it| it.as_ref().is_some_and(|it| it.state() != RecognitionState::Submitted),
    )
    .await?;
    seen.context(what)
}

/// Credits in a learner's account, thousandths; none where there is no account.
async fn balance(bureau: &Bureau<'_>, learner_id: &str, scheme: AwardScheme) -> Result<u64> {
    let channel = person(bureau, learner_id, "learner", "").await?;
    let request = GetCreditAccountRequest {
        learner_id: learner_id.to_owned(),
        scheme: scheme.into(),
        ..GetCreditAccountRequest::default()
    };
    match CreditAccountServiceClient::new(channel).get_credit_account(request).await {
        Ok(it) => Ok(it.into_inner().account.map_or(0, |it| it.balance_milli)),
        Err(none) if none.code() == tonic::Code::NotFound => Ok(0),
        Err(no) => Err(crate::client::failed(no)),
    }
}

impl Recognised {
    /// Whether it came out as it should.
    pub fn check(&self) -> Result<()> {
        let it = &self.recognition;
        ensure!(it.officer != self.first_officer, "the appeal was decided by the same officer");
        ensure!(self.korean_milli == u64::from(CREDITS), "{} thousandths are in the account", self.korean_milli);
        Ok(())
    }
}
