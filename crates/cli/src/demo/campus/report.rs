//! What came of the campus's story, in plain words, with numbers read back from the views.

use super::{
    bill::Bill,
    class::{CLASS_ID, Taught},
    lapse::Lapse,
    office::Office,
    people::{ACTIVE, CAMPUS, CLASS, NAME, STUDENTS},
    roster::Roster,
    seats::{self, Seats},
    setup::{PLAN, STATISTICS, Setup},
};
use crate::{
    demo::{
        desk::{answer, settled},
        sample::COURSES,
    },
    progress::{Output, count},
};
use anyhow::Result;
use serde_json::{Value, json};
use studium_proto::campus::v1::{
    BlendedSide, ClassModuleKnowledge, ClassSkill, ClassTotals, GetBlendedComparisonRequest, GetClassProgressRequest,
    GetKnowledgeByModuleRequest, GetLearnersAtRiskRequest, GetSkillsRequest, GetUsageReportRequest, Plan, Statement,
    UsageGroup, UsageRow, report_service_client::ReportServiceClient,
};

/// All that is told of the campus.
pub struct Report {
    /// How it was set up.
    pub setup: Setup,
    /// Who belongs to it.
    pub roster: Roster,
    /// What became of its seats.
    pub seats: Seats,
    /// The class.
    pub taught: Taught,
    /// The plan that ended.
    pub lapse: Lapse,
    /// What the views say.
    pub dashboard: Dashboard,
    /// What it costs.
    pub bill: Bill,
}

/// What the views say after the class.
pub struct Dashboard {
    plan: Plan,
    totals: ClassTotals,
    modules: Vec<ClassModuleKnowledge>,
    skills: Vec<ClassSkill>,
    at_risk: usize,
    blended: BlendedSide,
    online: BlendedSide,
    usage: Vec<UsageRow>,
}

/// Asks the views, as the teacher and the administrator do.
pub async fn read_back(office: &Office<'_>, taught: &Taught) -> Result<Dashboard> {
    let (min_position, enrolment_position) = (taught.position, taught.enrolment);
    let (class_id, campus_id) = (CLASS_ID.to_owned(), CAMPUS.to_owned());
    let mut client = office.dashboard();
    let ask = GetClassProgressRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        min_position,
        enrolment_position,
    };
    let totals = answer(client.get_class_progress(ask).await)?.totals.unwrap_or_default();
    let ask = GetKnowledgeByModuleRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        min_position,
        enrolment_position,
    };
    let modules = answer(client.get_knowledge_by_module(ask).await)?.modules;
    let ask = GetSkillsRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        min_position,
        enrolment_position,
        ..GetSkillsRequest::default()
    };
    let skills = answer(client.get_skills(ask).await)?.skills;
    let ask = GetLearnersAtRiskRequest {
        class_id,
        campus_id: campus_id.clone(),
        min_position,
        enrolment_position,
        ..GetLearnersAtRiskRequest::default()
    };
    let at_risk = answer(client.get_learners_at_risk(ask).await)?.learners.len();
    let ask = GetBlendedComparisonRequest {
        course_id: COURSES[STATISTICS].id.to_owned(),
        campus_id,
        min_position,
        enrolment_position,
    };
    let sides = answer(client.get_blended_comparison(ask).await)?;
    let usage = usage(office, taught).await?;
    let plan = plan(office).await?;
    let (blended, online) = (sides.blended.unwrap_or_default(), sides.online.unwrap_or_default());
    anyhow::ensure!(blended.passed + blended.failed == CLASS as u32, "not everybody in the class has a verdict");
    Ok(Dashboard { plan, totals, modules, skills, at_risk, blended, online, usage })
}

/// How the seats were used, by department.
async fn usage(office: &Office<'_>, taught: &Taught) -> Result<Vec<UsageRow>> {
    let ask = GetUsageReportRequest {
        campus_id: CAMPUS.to_owned(),
        group_by: UsageGroup::Department.into(),
        enrolment_position: taught.enrolment,
        min_position: taught.position,
        ..GetUsageReportRequest::default()
    };
    Ok(answer(ReportServiceClient::new(office.administrator.clone()).get_usage_report(ask).await)?.rows)
}

/// The students' plan, whose ledger must say what happened.
async fn plan(office: &Office<'_>) -> Result<Plan> {
    settled(
        "the students' plan shows both marks",
        async || seats::plan(office, PLAN).await,
        |it| {
            let ledger = it.ledger.unwrap_or_default();
            let percent: Vec<_> = it.alerts.iter().map(|it| it.percent).collect();
            percent == [75, 100]
                && (ledger.bought, ledger.activated) == (STUDENTS as u32, ACTIVE as u32)
                && ledger.assigned + ledger.activated == ledger.bought
        },
    )
    .await
}

/// `61.5 %` of thousandths of a percent.
fn percent(millipoints: u32) -> String {
    let tenths = (millipoints + 50) / 100;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The same of a mean that there may not be.
fn mean(millipoints: Option<u32>) -> String {
    millipoints.map_or_else(|| "none".to_owned(), percent)
}

/// `5,400.00` of cents.
fn euro(minor: i64) -> String {
    format!("{}.{:02} EUR", count(minor.unsigned_abs() / 100), minor % 100)
}

fn side(it: &BlendedSide) -> String {
    format!(
        "{} of {} passed, {} failed, {} left: {} (95 % sure: {} to {})",
        it.passed,
        it.learners,
        it.failed,
        it.withdrawn,
        mean(it.pass_rate_millipoints),
        percent(it.low_millipoints),
        percent(it.high_millipoints)
    )
}

impl Report {
    /// Prints it for people.
    pub fn say(&self, output: Output) {
        let (roster, setup) = (&self.roster, &self.setup);
        output.say(format!("\n{NAME} is a campus now. One call set it up, first as a dry run, then for good:"));
        for step in &setup.steps {
            output.say(format!("  {step}"));
        }
        output.say(format!(
            "The same call again had nothing to do. The plan covers {} courses in English.",
            setup.courses
        ));
        let [students, staff, fellows] = roster.members;
        output.say(format!(
            "Its roster brought {students} students, {staff} staff and {fellows} fellow. A wrong file would have dropped {} of them; more than {} % is held back until somebody looks, and was rejected.",
            roster.would_drop, roster.limit_percent
        ));
        self.say_seats(output);
        self.say_class(output);
        self.say_end(output);
    }

    fn say_seats(&self, output: Output) {
        let seats = &self.seats;
        output.say(format!(
            "{} seats were assigned in bulk; the call was repeated and {} rows were already so. {} students enrolled by their seats. Refused were:",
            seats.assigned, seats.repeated, seats.accepted
        ));
        for it in &seats.refused {
            output.say(format!("  {}: {} ({})", it.who, it.detail, it.reason));
        }
        let ledger = self.dashboard.plan.ledger.unwrap_or_default();
        output.say(format!(
            "The ledger: {} bought = {} unassigned + {} assigned + {} activated + {} revoked + {} expired. In use: {}.",
            ledger.bought,
            ledger.unassigned,
            ledger.assigned,
            ledger.activated,
            ledger.revoked,
            ledger.expired,
            percent(ledger.utilisation_millipoints)
        ));
        for it in &self.dashboard.plan.alerts {
            output.say(format!(
                "  the mark of {} % was told when {} of {} seats were held",
                it.percent, it.held, it.total
            ));
        }
    }

    fn say_class(&self, output: Output) {
        let (taught, dashboard, totals) = (&self.taught, &self.dashboard, &self.dashboard.totals);
        output.say(format!(
            "\nA teacher put modules of two courses, a text and a check of their own together and taught a class with them: {} learners by seat, {} on a place of the class, {} meetings (one in a room, one online).",
            taught.learners[0], taught.learners[1], totals.meetings
        ));
        output.say(format!(
            "Attendance {}; work before class {} times on time, {} late, {} not done; mean result {}; {} learners at risk.",
            mean(totals.attendance_millipoints),
            totals.work_on_time,
            totals.work_late,
            totals.work_overdue,
            mean(totals.results_mean_millipoints),
            dashboard.at_risk
        ));
        for it in &dashboard.modules {
            // The teacher's own check is nothing to be done with: it only has results.
            let done =
                if it.completed == 0 { None } else { Some(format!("done by {} of {}", it.completed, it.learners)) };
            let mean = it.mean_millipoints.map(|it| format!("mean {}", percent(it)));
            output.say(format!("  {}: {}", it.title, done.into_iter().chain(mean).collect::<Vec<_>>().join(", ")));
        }
        let skills: Vec<_> = dashboard.skills.iter().map(|it| format!("{} ({})", it.label, it.learners)).collect();
        output.say(format!("Skills developed, by learners: {}.", skills.join(", ")));
        output.say(format!(
            "Credit was granted to {} and denied to {}; the class is closed. \"{}\", blended: {}; online, in the year before: {}.",
            taught.credit[0],
            taught.credit[1],
            COURSES[STATISTICS].title,
            side(&dashboard.blended),
            side(&dashboard.online)
        ));
    }

    fn say_end(&self, output: Output) {
        let (lapse, bill) = (&self.lapse, &self.bill);
        output.say(format!(
            "\nA trial plan for staff ran for a few seconds: {} enrolled by it, its {} seats expired, and {} only listen now, by themselves. Whoever comes too late hears {}.",
            lapse.enrolled, lapse.expired, lapse.listening, lapse.reason
        ));
        let total = |it: &Statement| euro(it.totals.iter().map(|it| it.amount_minor).sum());
        let (issued, preview) = (&bill.issued, &bill.preview);
        output.say(format!(
            "Statement {} for {}: {} for {STUDENTS} seats. Preview for {}: {}, since a trial costs nothing; so far:",
            issued.number,
            issued.period,
            total(issued),
            preview.period,
            total(preview)
        ));
        for it in &preview.uses {
            output.say(format!("  {}: {} seats, {} held, {} activated", it.plan_id, it.bought, it.held, it.activated));
        }
        output.say("The statement was computed again from the ledger and is the same.");
    }

    /// The same for scripts.
    pub fn json(&self) -> Value {
        let (dashboard, taught, bill) = (&self.dashboard, &self.taught, &self.bill);
        let ledger = dashboard.plan.ledger.unwrap_or_default();
        let side = |it: &BlendedSide| {
            json!({
                "learners": it.learners, "passed": it.passed, "failed": it.failed, "withdrawn": it.withdrawn,
                "pass_rate_millipoints": it.pass_rate_millipoints,
            })
        };
        let alert = |percent: u32| dashboard.plan.alerts.iter().find(|it| it.percent == percent).map(|it| it.held);
        let total: i64 = bill.issued.totals.iter().map(|it| it.amount_minor).sum();
        let refused = self.seats.refused.iter().map(|it| it.reason.as_str());
        json!({
            "campus": CAMPUS, "courses": self.setup.courses, "steps": self.setup.steps,
            "already_when_repeated": self.setup.already,
            "roster": {"members": self.roster.members, "would_drop": self.roster.would_drop},
            "seats": {
                "bought": ledger.bought, "unassigned": ledger.unassigned, "assigned": ledger.assigned,
                "activated": ledger.activated, "revoked": ledger.revoked, "expired": ledger.expired,
                "already_when_repeated": self.seats.repeated, "uses_accepted": self.seats.accepted,
                "refused": refused.collect::<Vec<_>>(), "held_at_75": alert(75), "held_at_100": alert(100),
            },
            "class": {
                "by_seat": taught.learners[0], "on_places": taught.learners[1], "credit": taught.credit,
                "meetings": dashboard.totals.meetings, "attendance_millipoints": dashboard.totals.attendance_millipoints,
                "work_on_time": dashboard.totals.work_on_time, "work_late": dashboard.totals.work_late,
                "at_risk": dashboard.at_risk, "blended": side(&dashboard.blended), "online": side(&dashboard.online),
            },
            "departments": dashboard.usage.iter().map(|it| json!({
                "department": it.key, "seats_held": it.seats_held, "enrolments": it.enrolments,
                "completed": it.completed,
            })).collect::<Vec<_>>(),
            "lapsed": {
                "plan": self.lapse.plan, "enrolled": self.lapse.enrolled, "listening": self.lapse.listening,
                "expired": self.lapse.expired, "afterwards": self.lapse.reason,
            },
            "statement": {
                "period": bill.issued.period, "number": bill.issued.number, "amount_minor": total,
                "recomputed_the_same": true,
                "preview_minor": bill.preview.totals.iter().map(|it| it.amount_minor).sum::<i64>(),
            },
        })
    }
}
