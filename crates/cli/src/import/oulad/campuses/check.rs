//! Comparing the campuses' ledgers with the files, which are counted here anew and not taken from the plan.

use super::{
    regions::{Named, plan_of},
    seats::learner_id,
};
use crate::{
    import::{
        ask::{fresh, is_refused},
        line::Line,
        oulad::{
            check::each,
            known::{Known, Way, head},
        },
    },
    platform::Platform,
    progress::{count, table},
};
use anyhow::Result;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};
use studium_proto::campus::v1::{
    GetPlanRequest, ListSeatUsesRequest, SeatLedger, SeatUseState, plan_service_client::PlanServiceClient,
};

/// Uses of seats that are asked for at a time.
const PAGE_SIZE: u32 = 500;

/// Every seat is in a learner's hands, thousandths of a percent.
const WHOLE_MILLIPOINTS: u32 = 100_000;

/// One region, as the files and as the views have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// As the files name it.
    pub region: String,
    /// The campus's id.
    pub campus: String,
    /// Learners in the files.
    pub learners: u64,
    /// Registrations in the files.
    pub registrations: u64,
    /// As the views show it.
    pub views: Views,
    /// Whether both agree.
    pub equal: bool,
}

/// What the views show of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Views {
    /// Seats bought.
    pub seats: u64,
    /// Seats in learners' hands.
    pub held: u64,
    /// Of these, seats that are used.
    pub activated: u64,
    /// Of what was bought, thousandths of a percent.
    pub utilisation_millipoints: u32,
    /// Registrations that came about by a seat.
    pub by_seat: u64,
    /// Registrations that were there otherwise, of learners whose seat was activated for them.
    pub otherwise: u64,
    /// Uses that enrolment refused, or has not answered.
    pub refused: u64,
}

/// Learners and registrations by region, in the files.
pub type Counts = BTreeMap<String, (BTreeSet<u64>, BTreeSet<(String, u64)>)>;

impl Compared {
    /// Whether ledger, utilisation and registrations are what the files say.
    pub fn judge(mut self) -> Self {
        let it = self.views;
        self.equal = [it.seats, it.held, it.activated] == [self.learners; 3]
            && it.utilisation_millipoints == WHOLE_MILLIPOINTS
            && it.by_seat + it.otherwise == self.registrations
            && it.refused == 0;
        self
    }
}

/// Compares all regions of the files.
///
/// # Errors
/// When a service does not answer or the files cannot be read.
pub async fn compare(platform: &Platform, dir: &Path, known: &Known) -> Result<Vec<Compared>> {
    let named = Named::read(dir)?;
    let files = count_files(dir, &named)?;
    let line = Line::open(platform, "campus", &["registrar", "operator"], "studium-import", 1).await?;
    let min_position = head(&line, "campus").await?;
    let mut otherwise: HashMap<&str, u64> = HashMap::new();
    for (student, way) in known.iter() {
        if let Some(id) = named.of(student).filter(|_| way == Way::Staff) {
            *otherwise.entry(id).or_default() += 1;
        }
    }
    let bar = platform.output.bar("comparing the campuses with the files", files.len() as u64);
    let mut all = vec![];
    for (id, (learners, registrations)) in &files {
        let mut views = ask_ledger(&line, &plan_of(id), min_position).await?;
        let (by_seat, refused) = ask_uses(&line, &plan_of(id), registrations, min_position).await?;
        (views.by_seat, views.refused) = (by_seat, refused);
        views.otherwise = otherwise.get(id.as_str()).copied().unwrap_or_default();
        let compared = Compared {
            region: named.names().get(id).cloned().unwrap_or_default(),
            campus: id.clone(),
            learners: learners.len() as u64,
            registrations: registrations.len() as u64,
            views,
            equal: false,
        };
        all.push(compared.judge());
        bar.inc(1);
    }
    bar.finish();
    Ok(all)
}

/// Counts the files by the ids of regions.
pub fn count_files(dir: &Path, named: &Named) -> Result<Counts> {
    let mut counts = Counts::new();
    let mut take = |[module, presentation, student]: [&str; 3]| {
        let Ok(student) = student.parse::<u64>() else { return };
        let Some(region) = named.of(student) else { return };
        let (learners, registrations) = counts.entry(region.to_owned()).or_default();
        learners.insert(student);
        registrations.insert((format!("{module}-{presentation}"), student));
    };
    let head = ["code_module", "code_presentation", "id_student"];
    each(dir, "studentInfo", head, &mut take)?;
    each(dir, "studentRegistration", head, &mut take)?;
    Ok(counts)
}

async fn ask_ledger(line: &Line, plan_id: &str, min_position: u64) -> Result<Views> {
    let request = GetPlanRequest { plan_id: plan_id.to_owned(), min_position, ..GetPlanRequest::default() };
    let ledger = match fresh!(line, PlanServiceClient::get_plan, request) {
        Ok(it) => it.plan.and_then(|it| it.ledger).unwrap_or_default(),
        Err(e) if is_refused(&e, "NO_PLAN") => SeatLedger::default(),
        Err(e) => return Err(e.into_error(plan_id)),
    };
    Ok(Views {
        seats: ledger.bought.into(),
        held: (ledger.assigned + ledger.activated).into(),
        activated: ledger.activated.into(),
        utilisation_millipoints: ledger.utilisation_millipoints,
        ..Views::default()
    })
}

/// How many registrations of the files are uses of the plan's seats, and how many uses came to nothing.
async fn ask_uses(
    line: &Line,
    plan_id: &str,
    registrations: &BTreeSet<(String, u64)>,
    min_position: u64,
) -> Result<(u64, u64)> {
    let wanted: BTreeSet<_> = registrations.iter().map(|(run, student)| (run.clone(), learner_id(*student))).collect();
    let (mut by_seat, mut refused) = (0, 0);
    let mut request = ListSeatUsesRequest {
        plan_id: plan_id.to_owned(),
        page_size: PAGE_SIZE,
        min_position,
        ..ListSeatUsesRequest::default()
    };
    loop {
        let reply = match fresh!(line, PlanServiceClient::list_seat_uses, request) {
            Err(e) if is_refused(&e, "NO_PLAN") => return Ok((0, 0)),
            reply => reply.map_err(|e| e.into_error(format!("uses of seats of {plan_id}")))?,
        };
        for it in reply.uses {
            match it.state() {
                SeatUseState::Accepted | SeatUseState::Ended => {
                    by_seat += u64::from(wanted.contains(&(it.run_id, it.learner_id)));
                }
                _ => refused += 1,
            }
        }
        if reply.next_page_token.is_empty() {
            return Ok((by_seat, refused));
        }
        request.page_token = reply.next_page_token;
    }
}

/// The sum of all regions.
pub fn total(all: &[Compared]) -> Compared {
    let mut total = Compared { region: "all".to_owned(), ..Compared::default() };
    for it in all {
        total.learners += it.learners;
        total.registrations += it.registrations;
        let (sum, views) = (&mut total.views, it.views);
        sum.seats += views.seats;
        sum.held += views.held;
        sum.activated += views.activated;
        sum.by_seat += views.by_seat;
        sum.otherwise += views.otherwise;
        sum.refused += views.refused;
    }
    let held = total.views.held * u64::from(WHOLE_MILLIPOINTS);
    total.views.utilisation_millipoints = held.checked_div(total.views.seats).unwrap_or_default() as u32;
    total.judge()
}

/// The comparison as a table for people.
pub fn shown(all: &[Compared]) -> String {
    let head = ["region", "learners", "registrations", "by seat", "seats", "activated", "utilisation", ""];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for it in all.iter().chain([&total(all)]) {
        rows.push(vec![
            it.region.clone(),
            count(it.learners),
            count(it.registrations),
            count(it.views.by_seat),
            count(it.views.seats),
            count(it.views.activated),
            format!("{:.1} %", f64::from(it.views.utilisation_millipoints) / 1000.0),
            if it.equal { "equal" } else { "DIFFERS" }.to_owned(),
        ]);
    }
    table(&rows)
}

/// The comparison in sentences.
pub fn verdict(all: &[Compared]) -> String {
    let it = total(all);
    let different = all.iter().filter(|it| !it.equal).count();
    let agreed = match different {
        0 => format!("All {} campuses are equal to the files", all.len()),
        _ => format!("{different} of {} campuses DIFFER from the files", all.len()),
    };
    let mut lines = vec![format!(
        "{agreed}: {} registrations use the seats of {} learners; a seat is one learner's in one plan, however many \
         presentations the learner is registered in.",
        count(it.registrations),
        count(it.learners)
    )];
    if it.views.otherwise > 0 {
        lines.push(format!(
            "{} registrations were there before the campuses were, or came too late for a seat: they stay enrolled by \
             staff, and their learners' seats are activated at the first of them instead.",
            count(it.views.otherwise)
        ));
    }
    if it.views.refused > 0 {
        lines.push(format!("{} uses of seats were refused by enrolment or are not answered.", count(it.views.refused)));
    }
    lines.join("\n")
}
