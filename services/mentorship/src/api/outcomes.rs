//! Queries for what came of mentorship: each at a date, from rows that keep all their times.

use super::{Api, Reply};
use crate::{
    billing_lines::{self, Billed},
    graduation::{self, Learner, Window},
    joinings::{self, Joinings, Scope},
    mentor_ratings::{self, MentorRatings},
    mentor_terms::MentorTerms,
    mentorship_prices,
    mentorship_times::{self, MentorshipTimes},
    months::Month,
    waiting,
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::mentorship::v1::{
    BillingLine, GetGraduationRequest, GetGraduationResponse, GetSatisfactionRequest, GetSatisfactionResponse,
    GetSurvivalRequest, GetSurvivalResponse, GetWaitingTimeRequest, GetWaitingTimeResponse, ListBillingLinesRequest,
    ListBillingLinesResponse, outcome_service_server::OutcomeService,
};
use tonic::{Request, Response, Status};

/// Weeks of a curve unless the request says otherwise, and at most: ten years.
const WEEKS: u32 = 104;
const WEEKS_MAX: u32 = 520;

/// Days of requests for mentors unless the request says otherwise, and at most: ten years.
const WAITING_DAYS: u32 = 90;
const WAITING_DAYS_MAX: u32 = 3_660;

/// The date of an answer.
fn date(call: &Call, fields: &mut Fields, as_of_ms: i64) -> i64 {
    fields.check("as_of_ms", as_of_ms >= 0, "is Unix milliseconds and not negative");
    fields.check("as_of_ms", as_of_ms <= call.now_ms(), "lies in the future");
    if as_of_ms == 0 { call.now_ms() } else { as_of_ms }
}

/// Who is not of the platform sees what is of one institution; somebody must be named.
fn whose(fields: &mut Fields, field: &str, id: &str, institution_id: &str) {
    fields.optional_id(field, id);
    fields.optional_id("institution_id", institution_id);
    fields.check(field, !id.is_empty() || !institution_id.is_empty(), "is needed where no institution is given");
}

/// Whose learners are asked about, and when they joined.
struct Asked {
    scope: Scope,
    window: Window,
    min_position: u64,
    min_enrolment_position: u64,
}

/// What requests for graduation and survival have in common.
macro_rules! asked {
    ($call:ident, $it:ident, $fields:ident) => {{
        whose(&mut $fields, "scope_id", &$it.scope_id, &$it.institution_id);
        $fields.check("from_ms", $it.from_ms >= 0, "is Unix milliseconds and not negative");
        let ends = $it.until_ms == 0 || $it.until_ms > $it.from_ms;
        $fields.check("until_ms", ends, "is not after `from_ms`");
        let as_of_ms = date(&$call, &mut $fields, $it.as_of_ms);
        Asked {
            scope: Scope { kind: $it.scope(), id: $it.scope_id.clone(), institution_id: $it.institution_id.clone() },
            window: Window { from_ms: $it.from_ms, until_ms: $it.until_ms, as_of_ms },
            min_position: $it.min_position,
            min_enrolment_position: $it.min_enrolment_position,
        }
    }};
}

impl Api {
    async fn learners(&self, asked: &Asked) -> Result<Vec<Learner>, Status> {
        self.app.reached::<MentorshipTimes>(asked.min_position).await?;
        self.app.reached_stream::<Joinings>("enrolment", asked.min_enrolment_position).await?;
        let joinings = joinings::joinings(self.app.store(), &asked.scope).await.map_err(fault)?;
        let mentorships = mentorship_times::of_scope(self.app.store(), &asked.scope).await.map_err(fault)?;
        Ok(graduation::learners(&joinings, &mentorships, asked.window))
    }
}

/// The part of lines that a page asks for, in the order of their ids part by part, and the token of the next.
fn paged<T>(page: &Page, mut lines: Vec<T>, id: impl Fn(&T) -> String) -> (Vec<T>, String) {
    lines.sort_by(|a, b| id(a).split('~').cmp(id(b).split('~')));
    let is_further = |it: &T| page.after.is_empty() || id(it).split('~').gt(page.after.split('~'));
    let lines: Vec<_> = lines.into_iter().filter(is_further).take(page.size as usize).collect();
    let next = page.next(&lines, id);
    (lines, next)
}

#[tonic::async_trait]
impl OutcomeService for Api {
    async fn get_graduation(&self, request: Request<GetGraduationRequest>) -> Reply<GetGraduationResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let asked = asked!(call, it, fields);
        fields.done()?;
        let learners = self.learners(&asked).await?;
        let (total, lines) = graduation::lines(&learners);
        Ok(Response::new(GetGraduationResponse {
            total: Some(total),
            lines,
            sources: graduation::sources(&learners),
            note: graduation::note(&learners),
            as_of_ms: asked.window.as_of_ms,
        }))
    }

    async fn get_survival(&self, request: Request<GetSurvivalRequest>) -> Reply<GetSurvivalResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("weeks", it.weeks <= WEEKS_MAX, "are more than 520");
        let asked = asked!(call, it, fields);
        fields.done()?;
        let learners = self.learners(&asked).await?;
        let as_of_ms = asked.window.as_of_ms;
        let weeks = if it.weeks == 0 { WEEKS } else { it.weeks };
        let [with, without, never_assigned] = graduation::curves(&learners, as_of_ms, weeks);
        Ok(Response::new(GetSurvivalResponse {
            with_mentor: Some(with),
            without_mentor: Some(without),
            never_assigned: Some(never_assigned),
            note: graduation::note(&learners),
            as_of_ms,
        }))
    }

    async fn get_waiting_time(&self, request: Request<GetWaitingTimeRequest>) -> Reply<GetWaitingTimeResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.check("days", it.days <= WAITING_DAYS_MAX, "are more than 3,660");
        let as_of_ms = date(&call, &mut fields, it.as_of_ms);
        fields.done()?;
        self.app.reached::<MentorshipTimes>(it.min_position).await?;
        let days = if it.days == 0 { WAITING_DAYS } else { it.days };
        let rows = mentorship_times::of_programme(self.app.store(), &it.programme_id, &it.institution_id).await;
        Ok(Response::new(waiting::waiting_time(&rows.map_err(fault)?, days, as_of_ms)))
    }

    async fn get_satisfaction(&self, request: Request<GetSatisfactionRequest>) -> Reply<GetSatisfactionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("programme_id", &it.programme_id);
        fields.optional_id("mentor_id", &it.mentor_id);
        fields.optional_id("institution_id", &it.institution_id);
        let as_of_ms = date(&call, &mut fields, it.as_of_ms);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<MentorRatings>(it.min_position).await?;
        self.app.reached::<MentorshipTimes>(it.min_position).await?;
        let (programme, mentor) = (it.programme_id.as_str(), it.mentor_id.as_str());
        let ratings = mentor_ratings::ratings(self.app.store(), programme, mentor, &it.institution_id).await;
        let (total, lines) = mentor_ratings::satisfaction(&ratings.map_err(fault)?, as_of_ms);
        let (lines, next_page_token) = paged(&page, lines, |it| format!("{}~{}", it.programme_id, it.mentor_id));
        Ok(Response::new(GetSatisfactionResponse { total: Some(total), lines, next_page_token, as_of_ms }))
    }

    async fn list_billing_lines(&self, request: Request<ListBillingLinesRequest>) -> Reply<ListBillingLinesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        whose(&mut fields, "programme_id", &it.programme_id, &it.institution_id);
        let month = Month::parse(&it.period);
        fields.check("period", month.is_some(), "is no month; write for example 2026-03");
        let as_of_ms = date(&call, &mut fields, it.as_of_ms);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<MentorshipTimes>(it.min_position).await?;
        self.app.reached::<MentorTerms>(it.min_position).await?;
        let (store, month) = (self.app.store(), month.unwrap_or(Month::of(0)));
        let (programme, institution) = (it.programme_id.as_str(), it.institution_id.as_str());
        let rows = mentorship_times::of_programme(store, programme, institution).await.map_err(fault)?;
        let terms = billing_lines::terms(store, programme, institution, month).await.map_err(fault)?;
        let prices = mentorship_prices::prices(store, programme).await.map_err(fault)?.known_by(as_of_ms);
        let lines = billing_lines::lines(&rows, terms, &prices, Billed { month, as_of_ms });
        let totals = billing_lines::totals(&lines);
        let id =
            |it: &BillingLine| format!("{}~{}~{:020}~{}", it.programme_id, it.learner_id, it.from_ms, it.mentor_id);
        let (lines, next_page_token) = paged(&page, lines, id);
        let note = billing_lines::RULES.to_owned();
        Ok(Response::new(ListBillingLinesResponse { lines, totals, next_page_token, note, as_of_ms }))
    }
}
