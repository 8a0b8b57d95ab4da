//! Rosters as campuses deliver them, good ones and bad ones.

use crate::desk::{Desk, reason};
use std::time::Duration;
use studium_proto::campus::v1::{
    AddMemberRequest, ApproveRosterImportRequest, GetCampusRequest, ImportRosterRequest, ListMembersRequest,
    ListRosterChangesRequest, ListRosterImportsRequest, Member, MemberClass, MemberDescribed, PutMemberRequest,
    RejectRosterImportRequest, RosterCause, RosterHeader, RosterImport, RosterImportState as State, RosterMode,
    RosterOutcome as Outcome, RosterRow, RosterRowAnswer, RosterSummary, RosterVerdict as Verdict,
    SetRosterRemovalLimitRequest, import_roster_request::Part, import_roster_response::Part as Answer,
    roster_service_client::RosterServiceClient,
};
use studium_testkit::Caller;
use tonic::{Code, Status};

/// A campus that every view knows.
pub async fn known_campus(desk: &Desk, campus: &str) {
    desk.campus(campus).await;
    let request = GetCampusRequest { campus_id: campus.into(), min_position: desk.head().await };
    desk.campuses().await.get_campus(request).await.unwrap();
}

pub async fn members_now(desk: &Desk) -> Vec<Member> {
    let min_position = desk.head().await;
    let mut members: Vec<Member> = Vec::new();
    loop {
        let page_token = members.last().map(|it| it.learner_id.clone()).unwrap_or_default();
        let request = ListMembersRequest { campus_id: "ou".into(), page_size: 500, page_token, min_position };
        let page = desk.members().await.list_members(request).await.unwrap().into_inner();
        members.extend(page.members);
        if page.next_page_token.is_empty() {
            return members;
        }
    }
}

async fn rosters(desk: &Desk) -> RosterServiceClient<Caller> {
    RosterServiceClient::new(desk.registrar().await)
}

fn full(import: &str) -> RosterHeader {
    let (campus_id, import_id, mode) = ("ou".into(), import.into(), RosterMode::Full.into());
    RosterHeader { campus_id, import_id, mode, ..RosterHeader::default() }
}

fn row(n: u32) -> RosterRow {
    RosterRow {
        row: n,
        external_id: format!("s{n}"),
        class: "student".into(),
        department: "Law".into(),
        name: format!("Name {n}"),
        email: format!("s{n}@ou.ac.uk"),
        ..RosterRow::default()
    }
}

fn rows(numbers: std::ops::Range<u32>) -> Vec<RosterRow> {
    numbers.map(row).collect()
}

async fn deliver_as(
    mut client: RosterServiceClient<Caller>,
    header: RosterHeader,
    rows: Vec<RosterRow>,
) -> Result<(Vec<RosterRowAnswer>, RosterSummary), Status> {
    let parts = std::iter::once(Part::Header(header)).chain(rows.into_iter().map(Part::Row));
    let requests: Vec<_> = parts.map(|it| ImportRosterRequest { part: Some(it) }).collect();
    let mut answers = client.import_roster(tokio_stream::iter(requests)).await?.into_inner();
    let mut told = Vec::new();
    while let Some(it) = answers.message().await? {
        match it.part.unwrap() {
            Answer::Row(it) => told.push(it),
            Answer::Summary(it) => {
                assert!(answers.message().await?.is_none(), "the summary is the last word");
                return Ok((told, it));
            }
        }
    }
    panic!("there was no summary");
}

async fn deliver(desk: &Desk, header: RosterHeader, rows: Vec<RosterRow>) -> (Vec<RosterRowAnswer>, RosterSummary) {
    for _ in 0..400 {
        match deliver_as(rosters(desk).await, header.clone(), rows.clone()).await {
            // The one before is still being applied.
            Err(it) if it.code() == Code::Unavailable => tokio::time::sleep(Duration::from_millis(25)).await,
            answer => return answer.unwrap(),
        }
    }
    panic!("the delivery before was never applied");
}

async fn listed(desk: &Desk, import: &str) -> RosterImport {
    let min_position = desk.head().await;
    let request =
        ListRosterImportsRequest { campus_id: "ou".into(), min_position, ..ListRosterImportsRequest::default() };
    let imports = rosters(desk).await.list_roster_imports(request).await.unwrap().into_inner().imports;
    imports.into_iter().find(|it| it.import_id == import).unwrap()
}

/// Waits for an effect that follows by itself.
async fn becomes(desk: &Desk, import: &str, state: State) -> RosterImport {
    for _ in 0..400 {
        let it = listed(desk, import).await;
        if it.state() == state {
            return it;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{import} never became {state:?}: {:?}", listed(desk, import).await);
}

/// A campus with s0 to s19 from a roster, and an administrator's `ann`.
async fn twenty(desk: &Desk) {
    known_campus(desk, "ou").await;
    let record = MemberDescribed { class: MemberClass::Staff.into(), ..MemberDescribed::default() };
    let ann = AddMemberRequest { campus_id: "ou".into(), learner_id: "ann".into(), record: Some(record), at_ms: 0 };
    desk.members().await.add_member(ann).await.unwrap();
    let (_, summary) = deliver(desk, full("first"), rows(0..20)).await;
    assert_eq!((summary.verdict(), summary.counts.unwrap().added), (Verdict::Accepted, 20));
    becomes(desk, "first", State::Applied).await;
    assert_eq!(members_now(desk).await.len(), 21);
}

pub async fn a_roster_comes_in_once(desk: Desk) {
    twenty(&desk).await;
    let head = desk.head().await;
    let (told, again) = deliver(&desk, full("first"), rows(0..20)).await;
    assert!(again.already && told.iter().all(|it| it.outcome() == Outcome::Added));
    assert_eq!((again.counts.unwrap().added, desk.head().await), (20, head));
    let (told, other) = deliver(&desk, full("second"), rows(0..20)).await;
    assert!(!other.already && told.iter().all(|it| it.outcome() == Outcome::Unchanged));
    assert_eq!(other.verdict(), Verdict::Accepted);
    let differs = deliver_as(rosters(&desk).await, full("first"), rows(0..19)).await.unwrap_err();
    assert_eq!((reason(&differs).as_str(), differs.code()), ("ROSTER_IMPORT_EXISTS", Code::AlreadyExists));
    let mut changed = rows(0..21);
    changed[3].department = "Arts".into();
    changed.remove(7);
    let (told, third) = deliver(&desk, full("third"), changed).await;
    let counts = third.counts.unwrap();
    assert_eq!((counts.added, counts.changed, counts.removed, counts.unchanged), (1, 1, 1, 18));
    let gone = told.last().unwrap();
    assert_eq!((gone.row, gone.outcome(), gone.external_id.as_str()), (0, Outcome::Removed, "s7"));
    becomes(&desk, "third", State::Applied).await;
    let members = members_now(&desk).await;
    assert_eq!(members.len(), 21);
    assert!(members.iter().any(|it| it.record.as_ref().unwrap().department == "Arts"));
    assert!(members.iter().all(|it| it.record.as_ref().unwrap().external_id != "s7"));
}

pub async fn a_roster_that_drops_many_waits(desk: Desk) {
    twenty(&desk).await;
    let before = members_now(&desk).await;
    let (told, summary) = deliver(&desk, full("half"), rows(0..10)).await;
    assert_eq!((summary.verdict(), summary.cause()), (Verdict::Quarantined, RosterCause::MassRemoval));
    assert_eq!(told.iter().filter(|it| it.outcome() == Outcome::Removed).count(), 10);
    assert_eq!(members_now(&desk).await, before);
    let waiting = listed(&desk, "half").await;
    assert_eq!((waiting.state(), waiting.counts.unwrap().removed), (State::Quarantined, 10));
    // Nobody who had a word in between is overruled, and the rest follows.
    let changed = before.iter().find(|it| it.record.as_ref().unwrap().external_id == "s15").unwrap();
    let record = MemberDescribed { department: "Music".into(), ..changed.record.clone().unwrap() };
    let (campus_id, learner_id) = ("ou".to_owned(), changed.learner_id.clone());
    let put = PutMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
    desk.members().await.put_member(put).await.unwrap();
    let listed = ListRosterChangesRequest {
        campus_id: "ou".into(),
        import_id: "half".into(),
        page_size: 6,
        ..ListRosterChangesRequest::default()
    };
    let first = rosters(&desk).await.list_roster_changes(listed.clone()).await.unwrap().into_inner();
    let next = ListRosterChangesRequest { page_token: first.next_page_token, ..listed };
    let second = rosters(&desk).await.list_roster_changes(next).await.unwrap().into_inner();
    assert_eq!((first.changes.len(), second.changes.len(), second.next_page_token.as_str()), (6, 4, ""));
    let approve = ApproveRosterImportRequest { campus_id: "ou".into(), import_id: "half".into() };
    rosters(&desk).await.approve_roster_import(approve.clone()).await.unwrap();
    assert!(rosters(&desk).await.approve_roster_import(approve).await.unwrap().into_inner().already);
    becomes(&desk, "half", State::Applied).await;
    let members = members_now(&desk).await;
    assert_eq!(members.len(), 12);
    assert!(members.iter().any(|it| it.learner_id == "ann"));
    assert!(members.iter().any(|it| it.record.as_ref().unwrap().department == "Music"));
}

pub async fn a_rejected_roster_leaves_everything(desk: Desk) {
    twenty(&desk).await;
    let before = members_now(&desk).await;
    deliver(&desk, full("half"), rows(0..10)).await;
    let (campus_id, import_id) = ("ou".to_owned(), "half".to_owned());
    let mute = RejectRosterImportRequest { campus_id, import_id, reason: String::new() };
    let status = rosters(&desk).await.reject_roster_import(mute.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let reject = RejectRosterImportRequest { reason: "the feed was broken".into(), ..mute };
    rosters(&desk).await.reject_roster_import(reject).await.unwrap();
    let it = listed(&desk, "half").await;
    assert_eq!((it.state(), it.reject_reason.as_str()), (State::Rejected, "the feed was broken"));
    let approve = ApproveRosterImportRequest { campus_id: "ou".into(), import_id: "half".into() };
    let status = rosters(&desk).await.approve_roster_import(approve).await.unwrap_err();
    assert_eq!(reason(&status), "ROSTER_IMPORT_CLOSED");
    assert_eq!(members_now(&desk).await, before);
    let limit = SetRosterRemovalLimitRequest { campus_id: "ou".into(), percent: 50 };
    rosters(&desk).await.set_roster_removal_limit(limit).await.unwrap();
    let (_, summary) = deliver(&desk, full("half-2"), rows(0..10)).await;
    assert_eq!(summary.verdict(), Verdict::Accepted);
}

pub async fn bad_files_drop_nobody(desk: Desk) {
    twenty(&desk).await;
    let before = members_now(&desk).await;
    let mut cut = rows(0..18);
    cut.push(RosterRow { row: 19, unreadable: "3 of 7 fields".into(), ..RosterRow::default() });
    let swap = |it: RosterRow| RosterRow { class: it.email.clone(), email: it.class.clone(), ..it };
    let swapped: Vec<_> = rows(0..20).into_iter().map(swap).collect();
    let exchange = |it: RosterRow| RosterRow { name: it.email.clone(), email: it.name.clone(), ..it };
    let misnamed: Vec<_> = rows(0..20).into_iter().map(exchange).collect();
    let announced = RosterHeader { expected_rows: 20, ..full("short") };
    let bad = [
        (full("empty"), Vec::new(), RosterCause::Empty),
        (full("cut"), cut, RosterCause::Truncated),
        (announced, rows(0..19), RosterCause::Truncated),
        (full("swapped"), swapped, RosterCause::ManyMalformed),
        (full("misnamed"), misnamed, RosterCause::ManyMalformed),
    ];
    for (header, rows, cause) in bad {
        let import = header.import_id.clone();
        let (told, summary) = deliver(&desk, header, rows.clone()).await;
        assert_eq!((summary.verdict(), summary.cause()), (Verdict::Refused, cause), "{import}");
        assert_eq!(told.len(), rows.len(), "{import}");
        let is_no = |it: &RosterRowAnswer| matches!(it.outcome(), Outcome::Malformed | Outcome::Refused);
        assert!(told.iter().all(is_no) && !summary.detail.is_empty(), "{import}");
        assert_eq!(listed(&desk, &import).await.state(), State::Refused);
    }
    assert_eq!(members_now(&desk).await, before);
    // A few bad rows are told, and spoil neither the rest nor anybody whom they may speak of.
    let mut few = rows(0..20);
    few.push(RosterRow { row: 20, ..row(1) });
    few.push(RosterRow { row: 21, department: "Arts".into(), ..row(2) });
    few[5].department = "Arts".into();
    few.remove(9);
    let (told, summary) = deliver(&desk, full("few"), few).await;
    let counts = summary.counts.unwrap();
    assert_eq!((counts.duplicates, counts.malformed, counts.changed, counts.removed), (1, 2, 1, 1));
    assert_eq!((told[2].outcome(), told[19].outcome()), (Outcome::Malformed, Outcome::Duplicate));
    becomes(&desk, "few", State::Applied).await;
    assert_eq!(members_now(&desk).await.len(), 20);
}

pub async fn an_older_roster_does_not_undo_a_later_one(desk: Desk) {
    twenty(&desk).await;
    deliver(&desk, full("half"), rows(0..10)).await;
    let later = RosterHeader { made_at_ms: 1_000, ..full("later") };
    deliver(&desk, later, rows(0..21)).await;
    becomes(&desk, "later", State::Applied).await;
    assert_eq!(listed(&desk, "half").await.state(), State::Superseded);
    let approve = ApproveRosterImportRequest { campus_id: "ou".into(), import_id: "half".into() };
    let status = rosters(&desk).await.approve_roster_import(approve).await.unwrap_err();
    assert_eq!(reason(&status), "ROSTER_SUPERSEDED");
    let (_, summary) = deliver(&desk, RosterHeader { made_at_ms: 999, ..full("older") }, rows(0..20)).await;
    assert_eq!((summary.verdict(), summary.cause()), (Verdict::Refused, RosterCause::Older));
    let (_, summary) = deliver(&desk, full("first-again"), rows(0..20)).await;
    assert_eq!((summary.verdict(), summary.cause()), (Verdict::Quarantined, RosterCause::OldRows));
    assert_eq!(members_now(&desk).await.len(), 22);
}

pub async fn changes_alone_are_a_delivery(desk: Desk) {
    twenty(&desk).await;
    let delta = RosterHeader { mode: RosterMode::Delta.into(), ..full("delta") };
    let say = |n, status: &str| RosterRow { status: status.into(), ..row(n) };
    let told = vec![say(1, "tobedeleted"), say(30, "active"), say(2, ""), say(3, "active")];
    let dry = RosterHeader { dry_run: true, ..delta.clone() };
    let head = desk.head().await;
    let (answers, summary) = deliver(&desk, dry, told.clone()).await;
    assert!(summary.dry_run && summary.position == 0 && desk.head().await == head);
    let outcomes: Vec<_> = answers.iter().map(RosterRowAnswer::outcome).collect();
    assert_eq!(outcomes, [Outcome::Removed, Outcome::Added, Outcome::Malformed, Outcome::Unchanged]);
    let (answers, summary) = deliver(&desk, delta, told).await;
    assert_eq!(answers.iter().map(RosterRowAnswer::outcome).collect::<Vec<_>>(), outcomes);
    assert_eq!(summary.verdict(), Verdict::Accepted);
    becomes(&desk, "delta", State::Applied).await;
    assert_eq!(members_now(&desk).await.len(), 21);
}

pub async fn staff_delivers_for_its_own_campus(desk: Desk) {
    known_campus(&desk, "ou").await;
    let own = RosterServiceClient::new(desk.caller("sam", &["campus_administrator"], &["ou"]).await);
    deliver_as(own, full("own"), rows(0..2)).await.unwrap();
    let other = RosterServiceClient::new(desk.caller("sam", &["campus_administrator"], &["mit"]).await);
    let status = deliver_as(other, full("other"), rows(0..2)).await.unwrap_err();
    assert_eq!((reason(&status).as_str(), status.code()), ("NOT_YOUR_CAMPUS", Code::PermissionDenied));
    let nowhere = RosterHeader { campus_id: "mit".into(), ..full("x") };
    let status = deliver_as(rosters(&desk).await, nowhere, rows(0..2)).await.unwrap_err();
    assert_eq!(reason(&status), "CAMPUS_NOT_FOUND");
    let status = deliver_as(rosters(&desk).await, RosterHeader::default(), Vec::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}

pub async fn a_roster_is_applied_to_its_end_after_a_restart(desk: Desk) {
    known_campus(&desk, "ou").await;
    deliver(&desk, full("large"), rows(0..1_200)).await;
    // Stopped somewhere on the way; the next one has a new store, and therefore begins at the beginning.
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let running = house.start(studium_campus::service()).await.unwrap();
    let desk = Desk { house, running, elsewhere };
    becomes(&desk, "large", State::Applied).await;
    let members = members_now(&desk).await;
    assert_eq!(members.len(), 1_200);
    let head = desk.head().await;
    let (_, summary) = deliver(&desk, full("large"), rows(0..1_200)).await;
    assert!(summary.already && desk.head().await == head);
}
