//! Statements: previewed, issued, corrected, credited, computed again.

use crate::desk::{DAY, Desk, YEAR_2025, reason};
use studium_proto::{
    Encoded as _,
    campus::v1::{
        CreditStatementRequest, GetStatementRequest, IssueStatementRequest, LineKind, ListStatementsRequest,
        PreviewStatementRequest, RecomputeStatementRequest, SeatsBought, SeatsGivenBack, Statement,
        licence_plan_event::Event, statement_service_client::StatementServiceClient,
    },
};
use studium_testkit::Caller;
use tonic::Code;

async fn statements(desk: &Desk) -> StatementServiceClient<Caller> {
    StatementServiceClient::new(desk.registrar().await)
}

/// A campus with an agreement and a plan of 20 seats for 2025.
async fn licensed(desk: &Desk) -> u64 {
    desk.campus("ou").await;
    desk.agreement("ou", "a").await;
    desk.told_plan("p", "a", "ou").await
}

fn preview(period: &str, min_position: u64) -> PreviewStatementRequest {
    let (agreement_id, period) = ("a".to_owned(), period.to_owned());
    PreviewStatementRequest { agreement_id, period, min_position, ..PreviewStatementRequest::default() }
}

async fn issue(desk: &Desk, period: &str) -> u64 {
    let (min_position, period) = (desk.head().await, period.to_owned());
    let request = IssueStatementRequest { agreement_id: "a".into(), period, min_position, at_ms: 0 };
    statements(desk).await.issue_statement(request).await.unwrap().into_inner().position
}

async fn issued(desk: &Desk, period: &str, min_position: u64) -> Statement {
    let (agreement_id, period) = ("a".to_owned(), period.to_owned());
    let request = GetStatementRequest { agreement_id, period, min_position, ..GetStatementRequest::default() };
    statements(desk).await.get_statement(request).await.unwrap().into_inner().statement.unwrap()
}

/// Kind, month, seats and amount of each line.
fn told(statement: &Statement) -> Vec<(LineKind, &str, i64, i64)> {
    statement.lines.iter().map(|it| (it.kind(), it.period.as_str(), it.seats, it.amount_minor)).collect()
}

fn given_back(seats: u32) -> Vec<Event> {
    vec![Event::SeatsGivenBack(SeatsGivenBack { seats, total: 0 })]
}

pub async fn a_preview_has_the_same_answer_for_ever(desk: Desk) {
    let position = licensed(&desk).await;
    let mut client = statements(&desk).await;
    let first = client.preview_statement(preview("2025-01", position)).await.unwrap().into_inner();
    let shown = first.statement.clone().unwrap();
    assert_eq!(told(&shown), [(LineKind::TermSeats, "2025-01", 20, 10_000)]);
    assert_eq!((shown.number, shown.uses[0].bought, shown.totals[0].amount_minor), (0, 20, 10_000));
    assert_eq!(
        client.preview_statement(preview("2024-12", position)).await.unwrap().into_inner().statement.unwrap().lines,
        []
    );

    // Said later of an earlier time, and billed: neither changes what was answered.
    let late = desk.elsewhere.say_at("p", YEAR_2025 - DAY, given_back(5)).await;
    issue(&desk, "2024-12").await;
    issue(&desk, "2025-01").await;
    let again = PreviewStatementRequest {
        as_of_ms: first.as_of_ms,
        ledger_position: shown.ledger_position,
        ..preview("2025-01", late)
    };
    let second = client.preview_statement(again).await.unwrap().into_inner();
    assert_eq!(second.encode_to_vec(), first.encode_to_vec());
    let now = client.preview_statement(preview("2025-01", late)).await.unwrap().into_inner().statement.unwrap();
    assert_eq!(told(&now), [(LineKind::TermSeats, "2025-01", 15, 7_500)]);
    // January was billed only today: in February of that year it was still open.
    let then = PreviewStatementRequest { as_of_ms: YEAR_2025 + 45 * DAY, ..preview("2025-02", desk.head().await) };
    let then = client.preview_statement(then).await.unwrap().into_inner().statement.unwrap();
    assert_eq!(told(&then), [(LineKind::Adjustment, "2025-01", 15, 7_500)]);
    let now = client.preview_statement(preview("2025-02", desk.head().await)).await.unwrap().into_inner();
    assert_eq!(now.statement.unwrap().lines, []);
    let before = PreviewStatementRequest { as_of_ms: YEAR_2025 - 1, ..preview("2025-01", late) };
    assert_eq!(client.preview_statement(before).await.unwrap().into_inner().statement.unwrap().lines, []);
}

pub async fn a_month_is_issued_corrected_in_the_next_and_can_be_computed_again(desk: Desk) {
    licensed(&desk).await;
    let position = issue(&desk, "2025-01").await;
    let january = issued(&desk, "2025-01", position).await;
    assert_eq!((january.number, told(&january)), (1, vec![(LineKind::TermSeats, "2025-01", 20, 10_000)]));

    let bought = vec![Event::SeatsBought(SeatsBought { seats: 3, total: 23 })];
    desk.elsewhere.say_at("p", YEAR_2025 + 40 * DAY, bought).await;
    desk.elsewhere.say_at("p", YEAR_2025 - DAY, given_back(2)).await;
    assert_eq!(issue(&desk, "2025-01").await, position, "what was issued stays");
    let position = issue(&desk, "2025-02").await;
    let february = issued(&desk, "2025-02", position).await;
    let expected = [(LineKind::AddedSeats, "2025-02", 3, 1_500), (LineKind::Adjustment, "2025-01", -2, -1_000)];
    assert_eq!((february.number, told(&february).as_slice()), (2, &expected[..]));
    assert_eq!(february.totals[0].amount_minor, 500);

    desk.elsewhere.say_at("p", YEAR_2025 - DAY, given_back(1)).await;
    for (period, statement) in [("2025-01", january.clone()), ("2025-02", february)] {
        let request = RecomputeStatementRequest {
            agreement_id: "a".into(),
            period: period.into(),
            ..RecomputeStatementRequest::default()
        };
        let proof = statements(&desk).await.recompute_statement(request).await.unwrap().into_inner();
        assert!(proof.same, "{period}");
        assert_eq!(proof.statement.unwrap().encode_to_vec(), statement.encode_to_vec());
    }
    assert_eq!(issued(&desk, "2025-01", position).await, january);
    let request = IssueStatementRequest {
        agreement_id: "a".into(),
        period: "2024-12".into(),
        ..IssueStatementRequest::default()
    };
    let refused = statements(&desk).await.issue_statement(request.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "LATER_MONTH_BILLED");
    let request = IssueStatementRequest { period: "2199-01".into(), ..request };
    let refused = statements(&desk).await.issue_statement(request).await.unwrap_err();
    assert_eq!(reason(&refused), "MONTH_NOT_OVER");
}

pub async fn a_statement_is_credited_up_to_what_was_billed(desk: Desk) {
    licensed(&desk).await;
    let credit = CreditStatementRequest {
        agreement_id: "a".into(),
        period: "2025-01".into(),
        credit_note_id: "c1".into(),
        currency: "EUR".into(),
        amount_minor: 4_000,
        reason: "outage".into(),
        at_ms: 0,
    };
    let refused = statements(&desk).await.credit_statement(credit.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "STATEMENT_NOT_FOUND");
    issue(&desk, "2025-01").await;
    let position = statements(&desk).await.credit_statement(credit.clone()).await.unwrap().into_inner().position;
    assert!(statements(&desk).await.credit_statement(credit.clone()).await.unwrap().into_inner().already);
    let more = CreditStatementRequest { credit_note_id: "c2".into(), amount_minor: 6_001, ..credit };
    let refused = statements(&desk).await.credit_statement(more).await.unwrap_err();
    assert_eq!(reason(&refused), "CREDIT_TOO_HIGH");
    let notes = issued(&desk, "2025-01", position).await.credit_notes;
    assert_eq!((notes.len(), notes[0].number, notes[0].amount_minor), (1, 1, 4_000));
}

pub async fn staff_sees_the_statements_of_its_own_campus(desk: Desk) {
    licensed(&desk).await;
    let min_position = issue(&desk, "2025-01").await;
    let list = |campus: &str| ListStatementsRequest {
        campus_id: campus.into(),
        agreement_id: "a".into(),
        min_position,
        ..ListStatementsRequest::default()
    };
    let mut own = StatementServiceClient::new(desk.caller("sue", &["staff"], &["ou"]).await);
    assert_eq!(own.list_statements(list("ou")).await.unwrap().into_inner().statements.len(), 1);
    let request = IssueStatementRequest {
        agreement_id: "a".into(),
        period: "2025-02".into(),
        ..IssueStatementRequest::default()
    };
    assert_eq!(own.issue_statement(request).await.unwrap_err().code(), Code::PermissionDenied);
    let mut stranger = StatementServiceClient::new(desk.caller("sam", &["staff"], &["mit"]).await);
    assert_eq!(reason(&stranger.list_statements(list("mit")).await.unwrap_err()), "AGREEMENT_NOT_FOUND");
    let peek = PreviewStatementRequest { campus_id: "mit".into(), ..preview("2025-01", 0) };
    assert_eq!(reason(&stranger.preview_statement(peek).await.unwrap_err()), "AGREEMENT_NOT_FOUND");
    let nonsense = PreviewStatementRequest { period: "2025-1".into(), ..preview("", 0) };
    assert_eq!(statements(&desk).await.preview_statement(nonsense).await.unwrap_err().code(), Code::InvalidArgument);
}
