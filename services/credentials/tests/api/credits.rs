//! From a credential to credits, and back when it is revoked.

use crate::desk::{Desk, patiently};
use studium_proto::credentials::v1::{
    AchievementDefined, AuditDegreeRequest, AwardScheme, AwardedCredit, ClassifyCreditsRequest, CredentialState,
    CreditEntry, CreditEntryState, CreditKind, DegreeType, Framework, GetCreditAccountRequest, LedgerKind, LedgerLine,
    ListCreditEntriesRequest, ListLedgerLinesRequest, ReawardCredentialRequest, ReconsiderCreditsRequest,
    RevokeCredentialRequest, StatusReason, credit_account_service_client::CreditAccountServiceClient,
};
use studium_proto::enrolment::v1::{Attendance, AttendanceRecorded, enrolment_event::Event as EnrolmentEvent};
use studium_testkit::Caller;
use tonic::Code;

const ADA: &str = "course~AAA~1~ada~1";

impl Desk {
    pub async fn accounts(&self) -> CreditAccountServiceClient<Caller> {
        CreditAccountServiceClient::new(self.registrar().await)
    }

    /// Course `AAA` brings these credits.
    pub async fn that_gives(&self, scheme: AwardScheme, credits_milli: u32) {
        self.with_issuer("ou").await;
        self.with_key("ou").await;
        self.approves(giving("AAA", scheme, credits_milli)).await.unwrap();
        self.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    }

    pub async fn balance(&self, learner_id: &str, scheme: AwardScheme) -> Option<u64> {
        let request = GetCreditAccountRequest {
            learner_id: learner_id.into(),
            scheme: scheme as i32,
            min_position: self.head().await,
            ..GetCreditAccountRequest::default()
        };
        let mut accounts = self.accounts().await;
        let answer = patiently!(accounts.get_credit_account(request.clone()));
        answer.ok().and_then(|it| it.account).map(|it| it.balance_milli)
    }

    /// Waits until somebody has so many credits free.
    pub async fn holds(&self, learner_id: &str, scheme: AwardScheme, balance_milli: u64) {
        self.awaits(async |it| it.balance(learner_id, scheme).await == Some(balance_milli)).await;
    }

    pub async fn entries(&self, learner_id: &str, scheme: AwardScheme) -> Vec<CreditEntry> {
        let request = ListCreditEntriesRequest {
            learner_id: learner_id.into(),
            scheme: scheme as i32,
            min_position: self.head().await,
            ..ListCreditEntriesRequest::default()
        };
        let mut accounts = self.accounts().await;
        patiently!(accounts.list_credit_entries(request.clone())).unwrap().entries
    }

    /// The register says of Ada at a session of course run `AAA-2026`.
    async fn attends(&self, session: u32, attendance: Attendance, previous: Attendance) {
        let recorded = AttendanceRecorded {
            session_id: format!("s{session}"),
            attendance: attendance as i32,
            previous: previous as i32,
            ..AttendanceRecorded::default()
        };
        self.elsewhere.say("AAA-2026~ada", vec![EnrolmentEvent::AttendanceRecorded(recorded)]).await;
    }

    /// What is missing of Ada's degree of two years, by row.
    async fn missing(&self, min_position: u64) -> Vec<(String, u64)> {
        let request = AuditDegreeRequest {
            learner_id: "ada".into(),
            degree: DegreeType::Associate2y as i32,
            min_position,
            ..AuditDegreeRequest::default()
        };
        let mut accounts = self.accounts().await;
        let audit = patiently!(accounts.audit_degree(request.clone())).unwrap();
        assert!(!audit.is_complete);
        audit.rows.into_iter().map(|it| (it.code, it.missing_milli)).collect()
    }

    pub async fn ledger(&self, learner_id: &str, scheme: AwardScheme) -> Vec<LedgerLine> {
        let mut request = ListLedgerLinesRequest {
            learner_id: learner_id.into(),
            scheme: scheme as i32,
            page_size: 1,
            min_position: self.head().await,
            ..ListLedgerLinesRequest::default()
        };
        let (mut accounts, mut lines) = (self.accounts().await, Vec::new());
        loop {
            let page = patiently!(accounts.list_ledger_lines(request.clone())).unwrap();
            lines.extend(page.lines);
            if page.next_page_token.is_empty() {
                return lines;
            }
            request.page_token = page.next_page_token;
        }
    }
}

/// A course of institution `ou` that brings credits.
pub fn giving(course: &str, scheme: AwardScheme, credits_milli: u32) -> AchievementDefined {
    AchievementDefined {
        source_id: course.into(),
        eqf_level: 6,
        credits: vec![AwardedCredit { scheme: scheme as i32, credits_milli }],
        ..Desk::course()
    }
}

pub fn revoke(credential_id: &str) -> RevokeCredentialRequest {
    RevokeCredentialRequest {
        credential_id: credential_id.into(),
        reason: StatusReason::AcademicMisconduct as i32,
        ..RevokeCredentialRequest::default()
    }
}

pub async fn a_credential_earns_and_its_revocation_takes_back_exactly_that(desk: Desk) {
    desk.that_gives(AwardScheme::Ects, 4_500).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.holds("ada", AwardScheme::Ects, 4_500).await;
    // Who wants to see another one's credits is not let in; the learner and the issuer are.
    let request = GetCreditAccountRequest {
        learner_id: "ada".into(),
        scheme: AwardScheme::Ects as i32,
        ..GetCreditAccountRequest::default()
    };
    for (subject, role, institution, expected) in [
        ("ada", "learner", "", None),
        ("bob", "learner", "", Some(Code::PermissionDenied)),
        ("eve", "staff", "ou", None),
        ("mia", "staff", "mit", Some(Code::NotFound)),
    ] {
        let caller = desk.house.call(&desk.running, subject, &[role], &[institution]).await.unwrap();
        let asked = GetCreditAccountRequest { institution_id: institution.into(), ..request.clone() };
        let answer = CreditAccountServiceClient::new(caller).get_credit_account(asked).await;
        assert_eq!(answer.err().map(|it| it.code()), expected, "{subject}");
    }

    desk.credentials().await.revoke_credential(revoke(ADA)).await.unwrap();
    desk.holds("ada", AwardScheme::Ects, 0).await;
    let lines = desk.ledger("ada", AwardScheme::Ects).await;
    let told: Vec<_> = lines.iter().map(|it| (it.kind(), it.entry_id.as_str(), it.amount_milli)).collect();
    assert_eq!(told, [(LedgerKind::Earned, ADA, 4_500), (LedgerKind::Reversed, ADA, -4_500)]);
    assert_eq!(desk.entries("ada", AwardScheme::Ects).await[0].state(), CreditEntryState::Reversed);
}

pub async fn a_new_award_earns_anew_and_the_old_one_gives_its_credits_back(desk: Desk) {
    desk.that_gives(AwardScheme::Ects, 5_000).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.holds("ada", AwardScheme::Ects, 5_000).await;
    let request = ReawardCredentialRequest {
        credential_id: ADA.into(),
        grade_millipoints: Some(81_000),
        reason: "a mark was added up wrongly".into(),
        ..ReawardCredentialRequest::default()
    };
    let mut credentials = desk.credentials().await;
    patiently!(credentials.reaward_credential(request.clone())).unwrap();
    desk.becomes(ADA, CredentialState::Superseded).await;
    desk.awaits(async |it| it.entries("ada", AwardScheme::Ects).await.len() == 2).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    let entries = desk.entries("ada", AwardScheme::Ects).await;
    let told: Vec<_> = entries.iter().map(|it| (it.entry_id.as_str(), it.state())).collect();
    assert_eq!(told, [(ADA, CreditEntryState::Reversed), ("course~AAA~1~ada~2", CreditEntryState::Free)]);
    assert_eq!(desk.balance("ada", AwardScheme::Ects).await, Some(5_000));
}

pub async fn korean_credits_need_attendance_and_are_audited(desk: Desk) {
    let definition = AchievementDefined {
        class_minutes: 45 * 50,
        frameworks: vec![Framework::KrAcbs as i32],
        // These stand for what the framework demands of a definition.
        language: "ko".into(),
        outcomes: vec!["Solves systems of equations.".into()],
        summative_assessment: true,
        supervision: studium_proto::credentials::v1::Supervision::OnsiteIdentified as i32,
        pass_mark_millipoints: 60_000,
        ..giving("AAA", AwardScheme::KrAcbs, 3_000)
    };
    desk.with_issuer("ou").await;
    desk.with_key("ou").await;
    desk.approves(definition).await.unwrap();
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    for session in 1..=3 {
        desk.attends(session, Attendance::Present, Attendance::Unspecified).await;
    }
    desk.attends(4, Attendance::Absent, Attendance::Unspecified).await;
    desk.attends(5, Attendance::Excused, Attendance::Unspecified).await;
    desk.passes("ada").await;
    desk.becomes(ADA, CredentialState::Active).await;
    desk.awaits(async |it| !it.entries("ada", AwardScheme::KrAcbs).await.is_empty()).await;
    let entry = desk.entries("ada", AwardScheme::KrAcbs).await.remove(0);
    assert_eq!(entry.state(), CreditEntryState::Refused);
    assert_eq!(entry.refused_reasons, ["ACBS_ATTENDANCE_BELOW_80"]);
    assert_eq!(entry.refused_details, ["75.0 of 100 attended"]);

    // A mistake of the register is corrected, and the account is asked again.
    desk.attends(4, Attendance::Present, Attendance::Absent).await;
    desk.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    let request = ReconsiderCreditsRequest {
        learner_id: "ada".into(),
        scheme: AwardScheme::KrAcbs as i32,
        credential_id: ADA.into(),
        ..ReconsiderCreditsRequest::default()
    };
    let mut accounts = desk.accounts().await;
    assert!(!patiently!(accounts.reconsider_credits(request.clone())).unwrap().already);
    assert!(patiently!(accounts.reconsider_credits(request.clone())).unwrap().already);
    desk.holds("ada", AwardScheme::KrAcbs, 3_000).await;

    let request = ClassifyCreditsRequest {
        learner_id: "ada".into(),
        scheme: AwardScheme::KrAcbs as i32,
        entry_id: ADA.into(),
        kind: CreditKind::Major as i32,
        ..ClassifyCreditsRequest::default()
    };
    let position = patiently!(accounts.classify_credits(request.clone())).unwrap().position;
    let expected = [
        ("NEEDS_TOTAL", 77_000),
        ("NEEDS_MAJOR", 42_000),
        ("NEEDS_LIBERAL_ARTS", 15_000),
        ("NEEDS_ACCREDITED_18", 15_000),
    ];
    assert_eq!(desk.missing(position).await, expected.map(|(code, milli)| (code.to_owned(), milli)));
}
