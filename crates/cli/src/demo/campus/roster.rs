//! The campus's roster: people are registered, the roster is taken in, and a wrong file is held back.

use super::{
    office::Office,
    people::{CAMPUS, DOMAIN, Kind, PEOPLE, department, external, kind, member},
};
use crate::{
    client::failed,
    demo::{
        desk::{all, answer, asked, settled},
        sample::name,
    },
};
use anyhow::{Context, Result, bail, ensure};
use futures::stream;
use std::time::Duration;
use studium_proto::{
    campus::v1::{
        ImportRosterRequest, ListMembersRequest, ListRosterImportsRequest, MemberClass, RejectRosterImportRequest,
        RosterHeader, RosterImportState, RosterMode, RosterRow, RosterSummary, RosterVerdict, import_roster_request,
        import_roster_response, member_service_client::MemberServiceClient, roster_service_client::RosterServiceClient,
    },
    enrolment::v1::{ExternalId, RegisterLearnerRequest},
};
use tonic::Code;

/// What came of it.
pub struct Roster {
    /// Members by class: students, staff, fellows.
    pub members: [usize; 3],
    /// Members whom the wrong file would have dropped.
    pub would_drop: u32,
    /// So many percent may leave without anybody looking.
    pub limit_percent: u32,
}

/// Takes the roster in, and a wrong file after it.
pub async fn take_in(office: &Office<'_>) -> Result<Roster> {
    register(office).await?;
    let rows: Vec<_> = (0..PEOPLE).map(row).collect();
    let told = deliver(office, "autumn", &rows).await?;
    let counts = told.counts.unwrap_or_default();
    ensure!(
        told.verdict() == RosterVerdict::Accepted && counts.added == PEOPLE as u32,
        "the roster came out otherwise: {told:?}"
    );
    let members = settled(
        "the people in the roster are members",
        async || members(office).await,
        |it| it.iter().sum::<usize>() == PEOPLE,
    )
    .await?;
    applied(office, "autumn", RosterImportState::Applied).await?;
    // Somebody sends the file of another school.
    let others: Vec<_> = (0..5).map(|it| RosterRow { external_id: format!("H{it}"), ..stranger(it) }).collect();
    let told = deliver(office, "wrong-file", &others).await?;
    let counts = told.counts.unwrap_or_default();
    ensure!(
        told.verdict() == RosterVerdict::Quarantined && counts.removed == PEOPLE as u32,
        "a file that would drop everybody came out otherwise: {told:?}"
    );
    let reject = RejectRosterImportRequest {
        campus_id: CAMPUS.to_owned(),
        import_id: "wrong-file".to_owned(),
        reason: "the file of another school".to_owned(),
    };
    answer(client(office).reject_roster_import(asked("wrong-file", reject)).await)?;
    applied(office, "wrong-file", RosterImportState::Rejected).await?;
    ensure!(self::members(office).await? == members, "a rejected roster changed the members");
    Ok(Roster { members, would_drop: counts.removed, limit_percent: counts.limit_percent })
}

fn client(office: &Office<'_>) -> RosterServiceClient<crate::client::Channel> {
    RosterServiceClient::new(office.administrator.clone())
}

/// Whoever is to be enrolled is somebody: the registrar knows names and the campus's own keys.
async fn register(office: &Office<'_>) -> Result<()> {
    let bar = office.desk.output().bar("people of the campus", 0);
    all((0..PEOPLE).collect(), &bar, async |number| {
        let external_ids = vec![ExternalId { institution_id: CAMPUS.to_owned(), external_id: external(number) }];
        let register = RegisterLearnerRequest {
            learner_id: member(number),
            name: name(number),
            email: format!("{}@{DOMAIN}", member(number)),
            external_ids,
            ..RegisterLearnerRequest::default()
        };
        answer(office.desk.learners.clone().register_learner(asked(&format!("member:{number}"), register)).await)
    })
    .await?;
    Ok(())
}

fn row(number: usize) -> RosterRow {
    let class = match kind(number) {
        Kind::Student => "student",
        Kind::Staff => "staff",
        Kind::Fellow => "fellow",
    };
    RosterRow {
        row: number as u32 + 1,
        external_id: external(number),
        learner_id: member(number),
        class: class.to_owned(),
        department: department(number).to_owned(),
        name: name(number),
        email: format!("{}@{DOMAIN}", member(number)),
        ..RosterRow::default()
    }
}

fn stranger(number: u32) -> RosterRow {
    RosterRow { row: number + 1, class: "student".to_owned(), ..RosterRow::default() }
}

/// Sends one roster, whole; it waits until the one before is applied.
async fn deliver(office: &Office<'_>, import: &str, rows: &[RosterRow]) -> Result<RosterSummary> {
    let header = RosterHeader {
        campus_id: CAMPUS.to_owned(),
        import_id: import.to_owned(),
        mode: RosterMode::Full.into(),
        expected_rows: rows.len() as u32,
        ..RosterHeader::default()
    };
    for _ in 0..400 {
        let parts = std::iter::once(import_roster_request::Part::Header(header.clone()))
            .chain(rows.iter().cloned().map(import_roster_request::Part::Row));
        let parts: Vec<_> = parts.map(|it| ImportRosterRequest { part: Some(it) }).collect();
        let mut answers = match client(office).import_roster(asked(import, stream::iter(parts))).await {
            Ok(it) => it.into_inner(),
            Err(it) if it.code() == Code::Unavailable => {
                tokio::time::sleep(Duration::from_millis(25)).await;
                continue;
            }
            Err(it) => return Err(failed(it)),
        };
        let mut summary = None;
        while let Some(it) = answers.message().await.map_err(failed)? {
            if let Some(import_roster_response::Part::Summary(it)) = it.part {
                summary = Some(it);
            }
        }
        return summary.context("the roster was not answered to its end");
    }
    bail!("the roster before `{import}` was never applied")
}

/// Waits until a roster stands so.
async fn applied(office: &Office<'_>, import: &str, state: RosterImportState) -> Result<()> {
    let look = async || {
        let request = ListRosterImportsRequest { campus_id: CAMPUS.to_owned(), ..ListRosterImportsRequest::default() };
        let imports = answer(client(office).list_roster_imports(request).await)?.imports;
        Ok(imports.into_iter().find(|it| it.import_id == import).map(|it| it.state()))
    };
    settled(&format!("the roster `{import}` is {}", state.as_str_name()), look, |it| *it == Some(state)).await?;
    Ok(())
}

/// Members as they are now: students, staff, fellows.
async fn members(office: &Office<'_>) -> Result<[usize; 3]> {
    let mut client = MemberServiceClient::new(office.administrator.clone());
    let mut counted = [0; 3];
    let mut page_token = String::new();
    loop {
        let request = ListMembersRequest {
            campus_id: CAMPUS.to_owned(),
            page_size: 500,
            page_token,
            ..ListMembersRequest::default()
        };
        let page = answer(client.list_members(request).await)?;
        for it in page.members {
            match it.record.unwrap_or_default().class() {
                MemberClass::Student => counted[0] += 1,
                MemberClass::Staff => counted[1] += 1,
                MemberClass::Fellow => counted[2] += 1,
                MemberClass::Unspecified => bail!("{} is in no class of members", it.learner_id),
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(counted);
        }
    }
}
