//! Calls that concern calendars.

use super::{
    Api, Reply, done, no,
    sessions::{Speaks, who},
    time_zone,
};
use crate::{
    availability::{self, Span},
    calendar::{self, Calendar, Times},
    ical::{self, Entry, Status as Certainty},
    mentors, mentorships_of,
    session::{MINUTES, Who},
    sessions::{self, Only, SessionRow, Sessions},
};
use studium_kit::{By, Call, DAY_MS, Fields, MINUTE_MS, Outcome, Page, fault};
use studium_proto::mentorship::v1::{
    AvailabilityException, AvailabilityExceptionSet, AvailabilitySet, Booking, Calendar as Shown,
    ClearAvailabilityExceptionRequest, ClearAvailabilityExceptionResponse, ExportCalendarRequest,
    ExportCalendarResponse, FreeSlot, GetCalendarRequest, GetCalendarResponse, ListFreeSlotsRequest,
    ListFreeSlotsResponse, Reason, SessionKind, SessionState, SetAvailabilityExceptionRequest,
    SetAvailabilityExceptionResponse, SetAvailabilityRequest, SetAvailabilityResponse, calendar_event::Event,
    calendar_service_server::CalendarService,
};
use tonic::{Request, Response, Status};

/// Windows of a week, and of a day, at most.
const WEEK_MAX: usize = 100;
const DAY_MAX: usize = 20;

/// The longest time that free slots are listed for.
const LISTED_MAX_MS: i64 = 62 * DAY_MS;

/// Slots that are listed, and sessions that are exported, at most.
const SLOTS_MAX: usize = 1_000;
const EXPORTED_MAX: i64 = 1_000;

impl Api {
    /// The institution that a mentor works for; empty if for the platform, or not known.
    async fn owner(&self, mentor_id: &str) -> Result<String, Status> {
        let row = mentors::mentor(self.app.store(), mentor_id).await.map_err(fault)?;
        Ok(row.map(|it| it.institution_id).unwrap_or_default())
    }

    async fn open(
        &self,
        (call, at_ms): (Call, i64),
        mut fields: Fields,
        (mentor, institution): (&str, &str),
        times: Times,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("mentor_id", mentor);
        fields.optional_id("institution_id", institution);
        fields.done()?;
        let call = call.at(at_ms)?;
        let owner = self.owner(mentor).await?;
        let asked = By::caller(&call, &[mentor], institution).asks(calendar::Command::Open { owner, times });
        self.app.decide::<Calendar>(&call, mentor, &asked).await
    }

    /// Lets pass the person, who acts for the platform, and staff of the institution that the mentor works for.
    async fn may_see_calendar(&self, call: &Call, person: &str, institution: &str) -> Result<(), Status> {
        let owner = self.owner(person).await?;
        let is_own = call.caller.subject == person || call.caller.acts_for_all();
        if is_own || By::caller(call, &[], institution).acts_for(&owner) {
            return Ok(());
        }
        Err(no(Reason::NotYourInstitution, "the person does not mentor for your institution", person))
    }

    /// Lets pass the mentor, a learner of the mentor, and the office.
    async fn may_book(&self, call: &Call, it: &ListFreeSlotsRequest) -> Result<(), Status> {
        let speaks = Speaks { learner: &it.learner_id, mentor: &it.mentor_id, institution: &it.institution_id };
        let Who::Learner(learner_id) = who(call, &speaks) else { return Ok(()) };
        let rows = mentorships_of::learner(self.app.store(), &learner_id).await.map_err(fault)?;
        if rows.iter().any(|row| row.mentor_id == it.mentor_id) {
            return Ok(());
        }
        Err(no(Reason::NotTheMentor, "somebody else is the learner's mentor", &it.mentor_id))
    }

    /// What a person's sessions look like in other calendars.
    async fn exported(&self, call: &Call, it: &ExportCalendarRequest) -> Result<Vec<SessionRow>, Status> {
        let (person, institution) = (it.person_id.as_str(), it.institution_id.as_str());
        if it.session_id.is_empty() {
            self.may_see_calendar(call, person, institution).await?;
            let person_id = person.to_owned();
            let only = Only { person_id, from_ms: it.from_ms, ..Only::default() };
            let page = Page { after: String::new(), size: EXPORTED_MAX };
            let rows = sessions::sessions(self.app.store(), &only, &page).await.map_err(fault)?;
            let never_was = SessionState::Refused as i32;
            return Ok(rows.into_iter().filter(|it| it.state != never_was).collect());
        }
        let row = sessions::session(self.app.store(), &it.session_id).await.map_err(fault)?;
        let row = row.filter(|row| row.learner_id == person || row.mentor_id == person);
        let Some(row) = row else {
            return Err(no(Reason::SessionNotFound, "the person has no such session", &it.session_id));
        };
        let is_own = call.caller.subject == person || call.caller.acts_for_all();
        if !is_own && !By::caller(call, &[], institution).acts_for(&row.institution_id) {
            return Err(no(Reason::NotYourInstitution, "the programme is another institution's", &it.session_id));
        }
        Ok(vec![row])
    }
}

fn windows(fields: &mut Fields, count: usize, max: usize, mut ok: impl Iterator<Item = bool>) {
    fields.check("windows", count <= max, &format!("are more than {max}"));
    let whole = ok.all(|it| it);
    fields.check("windows", whole, "do not all lie within one day; say one that goes over midnight as two");
}

fn date(fields: &mut Fields, date: &str) {
    fields.check("date", availability::day_number(date).is_some(), "is no day written like 2026-03-29");
}

/// Times one after the other, each of a length.
fn slots(open: &[Span], minutes: u32, is_free: impl Fn(Span) -> bool) -> impl Iterator<Item = Span> {
    let length = i64::from(minutes) * MINUTE_MS;
    open.iter().flat_map(move |(from, until)| {
        // Sessions begin at whole quarters of an hour, however odd the instant from which on is asked.
        let quarter = 15 * MINUTE_MS;
        let first = from.div_euclid(quarter) * quarter + if from.rem_euclid(quarter) == 0 { 0 } else { quarter };
        let mut found = Vec::new();
        let mut at = first;
        while at + length <= *until {
            if is_free((at, at + length)) {
                found.push((at, at + length));
                at += length;
            } else {
                at += quarter;
            }
        }
        found
    })
}

fn entry(row: SessionRow, with_topic: bool) -> Entry {
    let summary = match SessionKind::try_from(row.kind).unwrap_or_default() {
        SessionKind::LearningAdvice => "Mentoring: learning advice",
        SessionKind::TradeInstruction => "Mentoring: trade instruction",
        SessionKind::CareerPlanning => "Mentoring: career planning",
        SessionKind::MockInterview => "Mentoring: mock interview",
        SessionKind::Unspecified => "Mentoring",
    };
    let status = match SessionState::try_from(row.state).unwrap_or_default() {
        SessionState::Requested | SessionState::Unspecified => Certainty::Tentative,
        SessionState::Refused | SessionState::Cancelled => Certainty::Cancelled,
        SessionState::Scheduled | SessionState::Held | SessionState::NoShow => Certainty::Confirmed,
    };
    Entry {
        uid: format!("{}@session.mentorship.studium", row.session_id),
        changed_at_ms: row.changed_at_ms,
        start_ms: row.start_ms,
        end_ms: row.start_ms + i64::from(row.minutes) * MINUTE_MS,
        summary: summary.to_owned(),
        description: if with_topic { row.topic } else { String::new() },
        status,
        sequence: row.sequence,
    }
}

fn shown(person_id: String, it: &Calendar, from_ms: i64) -> Shown {
    let exceptions = it.availability().exceptions.values().cloned();
    let exceptions = exceptions.map(|it| AvailabilityException { date: it.date, away: it.away, windows: it.windows });
    let bookings = it.bookings().filter(|(_, span, _)| span.1 > from_ms);
    let mut bookings: Vec<_> = bookings
        .map(|(session, (start_ms, end_ms), side)| Booking {
            session_id: session.to_owned(),
            start_ms,
            end_ms,
            side: side as i32,
        })
        .collect();
    bookings.sort_by_key(|it| it.start_ms);
    Shown {
        person_id,
        time_zone: it.availability().time_zone.clone(),
        windows: it.availability().weekly.clone(),
        exceptions: exceptions.collect(),
        bookings,
    }
}

#[tonic::async_trait]
impl CalendarService for Api {
    async fn set_availability(&self, request: Request<SetAvailabilityRequest>) -> Reply<SetAvailabilityResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("time_zone", !it.time_zone.is_empty(), "is not given");
        time_zone(&mut fields, "time_zone", &it.time_zone);
        let is_window = |it: &studium_proto::mentorship::v1::WeeklyWindow| {
            (1..=7).contains(&it.weekday) && availability::is_window(it.from_minute, it.until_minute)
        };
        windows(&mut fields, it.windows.len(), WEEK_MAX, it.windows.iter().map(is_window));
        let times = Times::Week(AvailabilitySet { time_zone: it.time_zone, windows: it.windows });
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(SetAvailabilityResponse, self.open((call, it.at_ms), fields, ids, times).await?)
    }

    async fn set_availability_exception(
        &self,
        request: Request<SetAvailabilityExceptionRequest>,
    ) -> Reply<SetAvailabilityExceptionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        date(&mut fields, &it.date);
        let ok = it.windows.iter().map(|it| availability::is_window(it.from_minute, it.until_minute));
        windows(&mut fields, it.windows.len(), DAY_MAX, ok);
        let times = Times::Day(AvailabilityExceptionSet { date: it.date, away: it.away, windows: it.windows });
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(SetAvailabilityExceptionResponse, self.open((call, it.at_ms), fields, ids, times).await?)
    }

    async fn clear_availability_exception(
        &self,
        request: Request<ClearAvailabilityExceptionRequest>,
    ) -> Reply<ClearAvailabilityExceptionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        date(&mut fields, &it.date);
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        let times = Times::AsUsual(it.date);
        done!(ClearAvailabilityExceptionResponse, self.open((call, it.at_ms), fields, ids, times).await?)
    }

    async fn get_calendar(&self, request: Request<GetCalendarRequest>) -> Reply<GetCalendarResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("person_id", &it.person_id);
        fields.done()?;
        self.may_see_calendar(&call, &it.person_id, &it.institution_id).await?;
        let from_ms = if it.from_ms == 0 { call.now_ms() } else { it.from_ms };
        let person = it.person_id.clone();
        let look = move |it: &Calendar| shown(person, it, from_ms);
        let calendar = self.app.look::<Calendar, _>(&it.person_id, look).await?;
        Ok(Response::new(GetCalendarResponse { calendar: Some(calendar) }))
    }

    async fn list_free_slots(&self, request: Request<ListFreeSlotsRequest>) -> Reply<ListFreeSlotsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.optional_id("learner_id", &it.learner_id);
        fields.check("minutes", MINUTES.contains(&it.minutes), "are not 15 to 240");
        time_zone(&mut fields, "time_zone", &it.time_zone);
        let length = it.until_ms.saturating_sub(it.from_ms);
        let fits = it.from_ms >= 0 && (0..=LISTED_MAX_MS).contains(&length);
        fields.check("until_ms", fits, "is before `from_ms`, or more than 62 days later");
        fields.done()?;
        self.may_book(&call, &it).await?;
        let within = (it.from_ms.max(call.now_ms()), it.until_ms);
        let booked = |it: &Calendar| -> Vec<Span> {
            it.bookings().map(|it| it.1).filter(|it| availability::overlap(*it, within)).collect()
        };
        let look = |it: &Calendar| (it.availability().clone(), booked(it));
        let (availability, mut booked_by_both) = self.app.look::<Calendar, _>(&it.mentor_id, look).await?;
        if !it.learner_id.is_empty() {
            booked_by_both.extend(self.app.look::<Calendar, _>(&it.learner_id, booked).await?);
        }
        let open = if within.0 < within.1 { availability.open(within) } else { Vec::new() };
        let zone = if it.time_zone.is_empty() { availability.time_zone } else { it.time_zone };
        let is_free = |span| booked_by_both.iter().all(|it| !availability::overlap(*it, span));
        let slots = slots(&open, it.minutes, is_free).take(SLOTS_MAX);
        let slots = slots.map(|(start_ms, end_ms)| {
            let start_local = availability::on_the_wall(start_ms, &zone);
            FreeSlot { start_ms, end_ms, start_local }
        });
        Ok(Response::new(ListFreeSlotsResponse { slots: slots.collect() }))
    }

    async fn export_calendar(&self, request: Request<ExportCalendarRequest>) -> Reply<ExportCalendarResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("person_id", &it.person_id);
        fields.optional_id("session_id", &it.session_id);
        fields.done()?;
        self.app.reached::<Sessions>(it.min_position).await?;
        let rows = self.exported(&call, &it).await?;
        let entries: Vec<_> = rows.into_iter().map(|row| entry(row, it.with_topic)).collect();
        Ok(Response::new(ExportCalendarResponse { ics: ical::calendar(&entries) }))
    }
}
