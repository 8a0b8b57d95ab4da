//! When people can meet, and what other calendars are told of it.

use crate::desk::{DAY, Desk, reason};
use crate::sessions::{HOUR, asked};
use studium_log::Fault;
use studium_proto::mentorship::v1::{
    AvailabilityExceptionSet, CancelSessionRequest, ClearAvailabilityExceptionRequest, DayWindow,
    ExportCalendarRequest, GetCalendarRequest, GetSessionRequest, ListFreeSlotsRequest, SessionSide,
    SetAvailabilityExceptionRequest, SetAvailabilityRequest, SlotHeld, SlotRefusal, WeeklyWindow,
    calendar_event::Event, calendar_service_client::CalendarServiceClient,
    session_service_client::SessionServiceClient,
};
use tonic::Code;

/// Sunday 31 March 2030, when the clocks of Europe go forward, and the Saturday before; midnight in UTC.
const SUNDAY: i64 = 1_901_145_600_000;
const SATURDAY: i64 = SUNDAY - DAY;

fn weekly(mentor: &str, windows: &[(u32, u32, u32)]) -> SetAvailabilityRequest {
    let windows = windows.iter();
    let windows = windows.map(|(weekday, from, until)| WeeklyWindow {
        weekday: *weekday,
        from_minute: *from * 60,
        until_minute: *until * 60,
    });
    SetAvailabilityRequest {
        mentor_id: mentor.into(),
        time_zone: "Europe/Lisbon".into(),
        windows: windows.collect(),
        ..SetAvailabilityRequest::default()
    }
}

fn slots_of(learner: &str, time_zone: &str) -> ListFreeSlotsRequest {
    ListFreeSlotsRequest {
        mentor_id: "mia".into(),
        learner_id: learner.into(),
        from_ms: SATURDAY,
        until_ms: SUNDAY + DAY,
        minutes: 60,
        time_zone: time_zone.into(),
        ..ListFreeSlotsRequest::default()
    }
}

pub async fn free_slots_follow_the_clock_on_the_wall(desk: Desk) {
    desk.ada_and_mia().await;
    let mut mentor = CalendarServiceClient::new(desk.mentor("mia").await);
    mentor.set_availability(weekly("mia", &[(6, 18, 20), (7, 18, 20)])).await.unwrap();
    let mut learner = CalendarServiceClient::new(desk.learner("ada").await);
    let slots = learner.list_free_slots(slots_of("ada", "")).await.unwrap().into_inner().slots;
    let expected = [
        (SATURDAY + 18 * HOUR, "2030-03-30T18:00:00+00:00[Europe/Lisbon]"),
        (SATURDAY + 19 * HOUR, "2030-03-30T19:00:00+00:00[Europe/Lisbon]"),
        (SUNDAY + 17 * HOUR, "2030-03-31T18:00:00+01:00[Europe/Lisbon]"),
        (SUNDAY + 18 * HOUR, "2030-03-31T19:00:00+01:00[Europe/Lisbon]"),
    ];
    let told: Vec<_> = slots.iter().map(|it| (it.start_ms, it.start_local.as_str())).collect();
    assert_eq!(told, expected);
    assert!(slots.iter().all(|it| it.end_ms == it.start_ms + HOUR));
    // A slot that is offered can be booked, and is then offered no more; in Kolkata it is later.
    desk.books("ada", "s", expected[2].0).await.unwrap();
    desk.is_agreed("s").await;
    let slots = learner.list_free_slots(slots_of("ada", "Asia/Kolkata")).await.unwrap().into_inner().slots;
    let told: Vec<_> = slots.iter().map(|it| it.start_local.as_str()).collect();
    let kolkata = ["2030-03-30T23:30:00", "2030-03-31T00:30:00", "2030-03-31T23:30:00"];
    assert_eq!(told, kolkata.map(|it| format!("{it}+05:30[Asia/Kolkata]")));
    // An hour before is another time on the wall than it was on Saturday.
    desk.books("ada", "t", SUNDAY + 19 * HOUR).await.unwrap();
    assert_eq!(desk.is_refused("t").await, (SlotRefusal::OutsideAvailability, SessionSide::Mentor));
}

pub async fn a_day_can_be_made_different_and_usual_again(desk: Desk) {
    desk.ada_and_mia().await;
    let mut mentor = CalendarServiceClient::new(desk.mentor("mia").await);
    mentor.set_availability(weekly("mia", &[(6, 18, 20)])).await.unwrap();
    let other = SetAvailabilityExceptionRequest {
        mentor_id: "mia".into(),
        date: "2030-03-30".into(),
        away: true,
        windows: vec![DayWindow { from_minute: 600, until_minute: 660 }],
        ..SetAvailabilityExceptionRequest::default()
    };
    mentor.set_availability_exception(other.clone()).await.unwrap();
    assert!(mentor.set_availability_exception(other).await.unwrap().into_inner().already);
    let starts = |slots: Vec<studium_proto::mentorship::v1::FreeSlot>| {
        slots.iter().map(|it| (it.start_ms - SATURDAY) / HOUR).collect::<Vec<_>>()
    };
    let slots = mentor.list_free_slots(slots_of("", "")).await.unwrap().into_inner().slots;
    assert_eq!(starts(slots), [10]);
    let seen = GetCalendarRequest { person_id: "mia".into(), ..GetCalendarRequest::default() };
    let seen = mentor.get_calendar(seen).await.unwrap().into_inner().calendar.unwrap();
    assert_eq!((seen.time_zone.as_str(), seen.exceptions[0].date.as_str()), ("Europe/Lisbon", "2030-03-30"));
    let usual = ClearAvailabilityExceptionRequest {
        mentor_id: "mia".into(),
        date: "2030-03-30".into(),
        ..ClearAvailabilityExceptionRequest::default()
    };
    mentor.clear_availability_exception(usual).await.unwrap();
    let slots = mentor.list_free_slots(slots_of("", "")).await.unwrap().into_inner().slots;
    assert_eq!(starts(slots), [18, 19]);
}

pub async fn what_changes_while_the_time_is_being_held_counts(desk: Desk) {
    desk.ada_and_mia().await;
    let noon = SUNDAY + 12 * HOUR;
    let (session_id, side) = ("elsewhere".into(), SessionSide::Mentor.into());
    let taken = SlotHeld { session_id, round: 1, side, start_ms: noon - HOUR / 2, minutes: 60 };
    let away = AvailabilityExceptionSet { date: "2030-03-31".into(), away: true, windows: Vec::new() };
    let cases = [
        ("s", Event::SlotHeld(taken), SlotRefusal::Taken),
        ("t", Event::AvailabilityExceptionSet(away), SlotRefusal::OutsideAvailability),
    ];
    for (session, meanwhile, refusal) in cases {
        // Another process decides while this one's decision, to hold the time, is on its way.
        desk.house.log().faults().script_of("mentorship.calendar.mia", [Fault::Hold]);
        desk.books("ada", session, noon).await.unwrap();
        desk.house.log().faults().held().await;
        desk.elsewhere.say("mia", vec![meanwhile]).await;
        desk.house.log().faults().release();
        assert_eq!(desk.is_refused(session).await, (refusal, SessionSide::Mentor));
    }
    desk.is_booked("ada", &[]).await;
    desk.is_booked("mia", &[("elsewhere", noon - HOUR / 2)]).await;
}

pub async fn other_calendars_are_told(desk: Desk) {
    desk.ada_and_mia().await;
    let start = SATURDAY + 10 * HOUR;
    desk.books("ada", "s", start).await.unwrap();
    desk.is_agreed("s").await;
    desk.moves("ada", "s", start + HOUR).await.unwrap();
    desk.session_becomes("s", "moved", |it| it.sequence == 1).await;
    desk.books("ada", "t", start + 5 * HOUR).await.unwrap();
    desk.is_agreed("t").await;
    let mut learner = CalendarServiceClient::new(desk.learner("ada").await);
    let request = |session: &str, with_topic| ExportCalendarRequest {
        person_id: "ada".into(),
        session_id: session.into(),
        with_topic,
        ..ExportCalendarRequest::default()
    };
    let one = learner.export_calendar(request("s", false)).await.unwrap().into_inner().ics;
    for line in [
        "UID:s@session.mentorship.studium",
        "DTSTART:20300330T110000Z",
        "DTEND:20300330T120000Z",
        "SUMMARY:Mentoring: career planning",
        "STATUS:CONFIRMED",
        "SEQUENCE:1",
    ] {
        assert!(one.contains(&format!("\r\n{line}\r\n")), "{line} in {one}");
    }
    assert!(!one.contains("ada") && !one.contains("mia") && !one.contains("Which job"), "{one}");
    let cancel =
        CancelSessionRequest { session_id: "s".into(), learner_id: "ada".into(), ..CancelSessionRequest::default() };
    let mut sessions = SessionServiceClient::new(desk.learner("ada").await);
    let min_position = sessions.cancel_session(cancel).await.unwrap().into_inner().position;
    let all = ExportCalendarRequest { min_position, ..request("", true) };
    let all = learner.export_calendar(all).await.unwrap().into_inner().ics;
    assert_eq!(all.matches("BEGIN:VEVENT").count(), 2);
    assert_eq!(all.matches("DESCRIPTION:Which job?").count(), 2);
    assert!(all.contains("STATUS:CANCELLED\r\nSEQUENCE:2\r\n"), "{all}");
    assert_eq!(reason(&learner.export_calendar(request("u", false)).await.unwrap_err()), "SESSION_NOT_FOUND");
}

pub async fn calendars_and_sessions_are_for_those_whom_they_concern(desk: Desk) {
    desk.ada_and_mia().await;
    desk.books("ada", "s", desk.in_days(2)).await.unwrap();
    desk.is_agreed("s").await;
    let mut bob = CalendarServiceClient::new(desk.learner("bob").await);
    assert_eq!(reason(&bob.list_free_slots(slots_of("bob", "")).await.unwrap_err()), "NOT_THE_MENTOR");
    let theirs = GetCalendarRequest { person_id: "mia".into(), ..GetCalendarRequest::default() };
    assert_eq!(bob.get_calendar(theirs.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let staff = desk.caller("sue", &["staff"], &["ou"]).await;
    let theirs = GetCalendarRequest { institution_id: "ou".into(), ..theirs };
    let mut calendars = CalendarServiceClient::new(staff.clone());
    assert_eq!(reason(&calendars.get_calendar(theirs).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    let request = |learner: &str, mentor: &str, institution: &str| GetSessionRequest {
        session_id: "s".into(),
        learner_id: learner.into(),
        mentor_id: mentor.into(),
        institution_id: institution.into(),
        ..GetSessionRequest::default()
    };
    let mut sessions = SessionServiceClient::new(staff);
    sessions.get_session(request("", "", "ou")).await.unwrap();
    let mut bob = SessionServiceClient::new(desk.learner("bob").await);
    assert_eq!(reason(&bob.get_session(request("bob", "", "")).await.unwrap_err()), "NOT_YOUR_SESSION");
    let mut elsewhere = SessionServiceClient::new(desk.caller("tom", &["staff"], &["mit"]).await);
    let denied = elsewhere.get_session(request("", "", "mit")).await.unwrap_err();
    assert_eq!(reason(&denied), "NOT_YOUR_INSTITUTION");
    // What is malformed is told before anything is asked.
    let mut malformed = asked("ada", "s.1", 0);
    malformed.kind = 0;
    let told = desk.sessions().await.schedule_session(malformed).await.unwrap_err();
    assert_eq!(told.code(), Code::InvalidArgument);
    for field in ["session_id", "kind", "start_ms"] {
        assert!(told.message().contains(field), "{}", told.message());
    }
    let mut wrapping = weekly("mia", &[(8, 9, 10)]);
    wrapping.windows[0] = WeeklyWindow { weekday: 1, from_minute: 1_320, until_minute: 120 };
    let told = desk.calendars().await.set_availability(wrapping).await.unwrap_err();
    assert_eq!(told.code(), Code::InvalidArgument);
}
