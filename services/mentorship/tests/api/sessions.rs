//! Sessions from the request to the action items, and what calls them off.

use crate::desk::{DAY, Desk, reason};
use std::time::Duration;
use studium_log::Fault;
use studium_proto::mentorship::v1::{
    ActionItemSet, AssignMentorRequest, CancelSessionRequest, GetCalendarRequest, GetSessionRequest,
    HoldSessionRequest, ListActionItemsRequest, ListSessionsRequest, RecordNoShowRequest, RequestMentorshipRequest,
    RescheduleSessionRequest, ScheduleSessionRequest, Session, SessionCancelCause, SessionKind, SessionSide,
    SessionState, SetAvailabilityRequest, SlotRefusal, TickActionItemRequest, WeeklyWindow,
    calendar_service_client::CalendarServiceClient, session_service_client::SessionServiceClient,
};
use studium_testkit::Caller;
use tonic::Status;

pub const HOUR: i64 = 3_600_000;

impl Desk {
    pub async fn sessions(&self) -> SessionServiceClient<Caller> {
        SessionServiceClient::new(self.registrar().await)
    }

    pub async fn calendars(&self) -> CalendarServiceClient<Caller> {
        CalendarServiceClient::new(self.registrar().await)
    }

    /// A full hour in so many days.
    pub fn in_days(&self, days: i64) -> i64 {
        (self.house.now_ms() / HOUR + 1) * HOUR + days * DAY
    }

    /// A mentor who can be met at any time.
    pub async fn with_open_mentor(&self, mentor: &str, capacity: u32) {
        self.with_mentor(mentor, capacity).await;
        let window = |weekday| WeeklyWindow { weekday, from_minute: 0, until_minute: 1_440 };
        let request = SetAvailabilityRequest {
            mentor_id: mentor.into(),
            time_zone: "Europe/Lisbon".into(),
            windows: (1..=7).map(window).collect(),
            ..SetAvailabilityRequest::default()
        };
        CalendarServiceClient::new(self.mentor(mentor).await).set_availability(request).await.unwrap();
    }

    /// Ada has Mia as a mentor, who can be met at any time; nobody else is a mentor.
    pub async fn ada_and_mia(&self) {
        self.with_programme("p").await;
        self.with_open_mentor("mia", 1).await;
        self.mentored("ada", "mia").await;
    }

    /// The learner asks for an hour.
    pub async fn books(&self, learner: &str, session: &str, start_ms: i64) -> Result<u64, Status> {
        let client = SessionServiceClient::new(self.learner(learner).await);
        booking(client, asked(learner, session, start_ms)).await
    }

    pub async fn session(&self, session: &str) -> Session {
        let (session_id, min_position) = (session.to_owned(), self.head().await);
        let request = GetSessionRequest { session_id, min_position, ..GetSessionRequest::default() };
        self.sessions().await.get_session(request).await.unwrap().into_inner().session.unwrap()
    }

    /// The session once it is as expected; policies take their time.
    pub async fn session_becomes(&self, session: &str, what: &str, is: impl Fn(&Session) -> bool) -> Session {
        let mut seen = None;
        for _ in 0..500 {
            let it = self.session(session).await;
            if is(&it) {
                return it;
            }
            seen = Some(it);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{session}: never {what}: {seen:?}")
    }

    pub async fn is_agreed(&self, session: &str) -> Session {
        self.session_becomes(session, "scheduled", |it| it.state() == SessionState::Scheduled).await
    }

    pub async fn is_refused(&self, session: &str) -> (SlotRefusal, SessionSide) {
        let it = self.session_becomes(session, "refused", |it| it.state() == SessionState::Refused).await;
        (it.refusal(), it.refused_by())
    }

    pub async fn is_cancelled(&self, session: &str) -> SessionCancelCause {
        let it = self.session_becomes(session, "cancelled", |it| it.state() == SessionState::Cancelled).await;
        it.cancel_cause()
    }

    /// What a person's calendar holds: sessions and when they begin.
    pub async fn booked(&self, person: &str) -> Vec<(String, i64)> {
        let request = GetCalendarRequest { person_id: person.into(), from_ms: 1, ..GetCalendarRequest::default() };
        let calendar = self.calendars().await.get_calendar(request).await.unwrap().into_inner().calendar.unwrap();
        calendar.bookings.into_iter().map(|it| (it.session_id, it.start_ms)).collect()
    }

    /// The calendar once it holds just this.
    pub async fn is_booked(&self, person: &str, expected: &[(&str, i64)]) {
        let expected: Vec<_> = expected.iter().map(|(session, at)| ((*session).to_owned(), *at)).collect();
        let mut seen = Vec::new();
        for _ in 0..500 {
            seen = self.booked(person).await;
            if seen == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{person} holds {seen:?}, not {expected:?}")
    }

    pub async fn moves(&self, learner: &str, session: &str, start_ms: i64) -> Result<u64, Status> {
        let (session_id, learner_id) = (session.into(), learner.into());
        let request =
            RescheduleSessionRequest { session_id, learner_id, start_ms, ..RescheduleSessionRequest::default() };
        let mut client = SessionServiceClient::new(self.learner(learner).await);
        client.reschedule_session(request).await.map(|it| it.into_inner().position)
    }

    /// Has staff give a learner a mentor in a further programme.
    pub async fn assigned(&self, programme: &str, learner: &str, mentor: &str) {
        let (programme_id, learner_id, institution_id) = (programme.to_owned(), learner.to_owned(), "ou".to_owned());
        let request = RequestMentorshipRequest {
            programme_id: programme_id.clone(),
            learner_id: learner_id.clone(),
            institution_id,
            ..RequestMentorshipRequest::default()
        };
        self.mentorships().await.request_mentorship(request).await.unwrap();
        let mentor_id = mentor.to_owned();
        let request = AssignMentorRequest { programme_id, learner_id, mentor_id, ..AssignMentorRequest::default() };
        self.mentorships().await.assign_mentor(request).await.unwrap();
    }
}

pub fn asked(learner: &str, session: &str, start_ms: i64) -> ScheduleSessionRequest {
    ScheduleSessionRequest {
        session_id: session.into(),
        programme_id: "p".into(),
        learner_id: learner.into(),
        kind: SessionKind::CareerPlanning.into(),
        start_ms,
        minutes: 60,
        topic: "Which job?".into(),
        ..ScheduleSessionRequest::default()
    }
}

async fn booking(mut client: SessionServiceClient<Caller>, request: ScheduleSessionRequest) -> Result<u64, Status> {
    client.schedule_session(request).await.map(|it| it.into_inner().position)
}

fn refusal(outcome: Result<u64, Status>) -> String {
    reason(&outcome.unwrap_err())
}

pub async fn a_session_is_booked_held_and_followed_up(desk: Desk) {
    desk.ada_and_mia().await;
    // As it was two days ago, for yesterday.
    let (now, yesterday) = (desk.house.now_ms(), desk.in_days(-2));
    let request = ScheduleSessionRequest { at_ms: now - 3 * DAY, ..asked("ada", "s", yesterday) };
    booking(desk.sessions().await, request.clone()).await.unwrap();
    let agreed = desk.is_agreed("s").await;
    assert_eq!((agreed.mentor_id.as_str(), agreed.institution_id.as_str()), ("mia", "ou"));
    assert_eq!((agreed.start_ms, agreed.minutes, agreed.kind()), (yesterday, 60, SessionKind::CareerPlanning));
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[("s", yesterday)]).await;
    }
    assert!(desk.sessions().await.schedule_session(request).await.unwrap().into_inner().already);
    let item = |text: &str, due_ms| ActionItemSet { text: text.into(), due_ms };
    let hold = HoldSessionRequest {
        session_id: "s".into(),
        mentor_id: "mia".into(),
        notes: "Went well".into(),
        action_items: vec![item("Write a CV", now + DAY), item("Send it", now + 2 * DAY)],
        ..HoldSessionRequest::default()
    };
    let mut mentor = SessionServiceClient::new(desk.mentor("mia").await);
    mentor.hold_session(hold).await.unwrap();
    let mut learner = SessionServiceClient::new(desk.learner("ada").await);
    let tick =
        TickActionItemRequest { session_id: "s".into(), learner_id: "ada".into(), item: 1, ..Default::default() };
    let min_position = learner.tick_action_item(tick).await.unwrap().into_inner().position;
    let open = ListActionItemsRequest { learner_id: "ada".into(), open: true, min_position, ..Default::default() };
    let open = learner.list_action_items(open).await.unwrap().into_inner().action_items;
    assert_eq!(open.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["Send it"]);
    let seen = desk.session("s").await;
    assert_eq!((seen.state(), seen.notes.as_str()), (SessionState::Held, "Went well"));
    assert_eq!(seen.action_items.iter().map(|it| it.done_at_ms > 0).collect::<Vec<_>>(), [true, false]);
    let list = |page_token: String| ListSessionsRequest {
        mentor_id: "mia".into(),
        page_size: 1,
        page_token,
        ..ListSessionsRequest::default()
    };
    let page = mentor.list_sessions(list(String::new())).await.unwrap().into_inner();
    assert_eq!(page.sessions, [seen]);
    assert!(mentor.list_sessions(list(page.next_page_token)).await.unwrap().into_inner().sessions.is_empty());
}

pub async fn who_does_not_come_is_noted(desk: Desk) {
    desk.ada_and_mia().await;
    let (now, start) = (desk.house.now_ms(), desk.in_days(-2));
    let request = ScheduleSessionRequest { at_ms: now - 3 * DAY, ..asked("ada", "s", start) };
    booking(desk.sessions().await, request).await.unwrap();
    desk.is_agreed("s").await;
    let mut learner = SessionServiceClient::new(desk.learner("ada").await);
    let cancel =
        CancelSessionRequest { session_id: "s".into(), learner_id: "ada".into(), ..CancelSessionRequest::default() };
    assert_eq!(reason(&learner.cancel_session(cancel).await.unwrap_err()), "SESSION_BEGAN");
    let absent = SessionSide::Mentor.into();
    let (session_id, learner_id) = ("s".into(), "ada".into());
    let missed = RecordNoShowRequest { session_id, learner_id, absent, ..RecordNoShowRequest::default() };
    learner.record_no_show(missed).await.unwrap();
    let seen = desk.session("s").await;
    assert_eq!((seen.state(), seen.absent()), (SessionState::NoShow, SessionSide::Mentor));
}

pub async fn nobody_is_booked_twice_on_either_side(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_open_mentor("mia", 2).await;
    desk.mentored("ada", "mia").await;
    desk.mentored("bob", "mia").await;
    let start = desk.in_days(2);
    desk.books("ada", "s", start).await.unwrap();
    desk.is_agreed("s").await;
    desk.books("bob", "t", start + HOUR / 2).await.unwrap();
    assert_eq!(desk.is_refused("t").await, (SlotRefusal::Taken, SessionSide::Mentor));
    // Ada learns with Kim elsewhere, who is free, but Ada is not.
    desk.with_programme("q").await;
    desk.with_open_mentor("kim", 1).await;
    desk.assigned("q", "ada", "kim").await;
    let request = ScheduleSessionRequest { programme_id: "q".into(), ..asked("ada", "u", start - HOUR / 2) };
    for _ in 0..500 {
        if booking(desk.sessions().await, request.clone()).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.is_refused("u").await, (SlotRefusal::Taken, SessionSide::Learner));
    // What was held for it is free again.
    desk.is_booked("kim", &[]).await;
    desk.books("bob", "v", start + HOUR).await.unwrap();
    desk.is_agreed("v").await;
    desk.is_booked("mia", &[("s", start), ("v", start + HOUR)]).await;
}

pub async fn a_time_outside_the_availability_is_refused(desk: Desk) {
    desk.ada_and_mia().await;
    let start = desk.in_days(3);
    let none = SetAvailabilityRequest {
        mentor_id: "mia".into(),
        time_zone: "Europe/Lisbon".into(),
        ..SetAvailabilityRequest::default()
    };
    desk.calendars().await.set_availability(none).await.unwrap();
    desk.books("ada", "s", start).await.unwrap();
    assert_eq!(desk.is_refused("s").await, (SlotRefusal::OutsideAvailability, SessionSide::Mentor));
    assert_eq!(refusal(desk.moves("ada", "s", start + HOUR).await), "SESSION_OVER");
}

pub async fn the_old_time_is_kept_until_the_new_one_is_there(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_open_mentor("mia", 2).await;
    desk.mentored("ada", "mia").await;
    desk.mentored("bob", "mia").await;
    let (old, new) = (desk.in_days(2), desk.in_days(3));
    desk.books("ada", "s", old).await.unwrap();
    desk.is_agreed("s").await;
    // Mia's calendar holds the new time, Ada's own is about to.
    desk.house.log().faults().script_of("mentorship.calendar.ada", [Fault::Hold]);
    desk.moves("ada", "s", new).await.unwrap();
    desk.house.log().faults().held().await;
    let moving = desk.session("s").await;
    assert_eq!((moving.state(), moving.start_ms, moving.pending_start_ms), (SessionState::Scheduled, old, new));
    assert_eq!(desk.booked("mia").await, [("s".to_owned(), old), ("s".to_owned(), new)]);
    // Bob wants the old time while it is still Ada's.
    desk.books("bob", "t", old).await.unwrap();
    desk.house.log().faults().release();
    let moved = desk.session_becomes("s", "moved", |it| it.start_ms == new).await;
    assert_eq!((moved.pending_start_ms, moved.sequence), (0, 1));
    assert_eq!(desk.is_refused("t").await, (SlotRefusal::Taken, SessionSide::Mentor));
    for person in ["ada", "mia"] {
        desk.is_booked(person, &[("s", new)]).await;
    }
    // Now it is free; and to a time that is not, nothing moves.
    desk.books("bob", "u", old).await.unwrap();
    desk.is_agreed("u").await;
    desk.moves("ada", "s", old).await.unwrap();
    let stays = desk.session_becomes("s", "refused", |it| it.refusal() == SlotRefusal::Taken).await;
    assert_eq!((stays.state(), stays.start_ms, stays.pending_start_ms), (SessionState::Scheduled, new, 0));
    desk.is_booked("mia", &[("u", old), ("s", new)]).await;
    desk.is_booked("ada", &[("s", new)]).await;
}

pub async fn two_sessions_never_get_one_slot(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_open_mentor("mia", 2).await;
    desk.mentored("ada", "mia").await;
    desk.mentored("bob", "mia").await;
    let other = desk.house.start(studium_mentorship::service()).await.unwrap();
    let start = desk.in_days(2);
    // Mia's calendar is about to hold the time for Ada while Bob asks another replica for it.
    desk.house.log().faults().script_of("mentorship.calendar.mia", [Fault::Hold]);
    desk.books("ada", "s", start).await.unwrap();
    desk.house.log().faults().held().await;
    let bob = desk.house.call(&other, "bob", &["learner"], &[]).await.unwrap();
    let mut outcome = Err(Status::unknown(""));
    for _ in 0..500 {
        outcome = booking(SessionServiceClient::new(bob.clone()), asked("bob", "t", start)).await;
        if outcome.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outcome.unwrap();
    desk.house.log().faults().release();
    desk.is_agreed("s").await;
    assert_eq!(desk.is_refused("t").await, (SlotRefusal::Taken, SessionSide::Mentor));
    desk.is_booked("mia", &[("s", start)]).await;
    desk.is_booked("bob", &[]).await;
}
