//! What a file for other calendars looks like, to the octet.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

fn entry() -> Entry {
    Entry {
        uid: "s-1@session.mentorship.studium".into(),
        changed_at_ms: 1_767_571_200_000,
        start_ms: 1_767_607_200_000,
        end_ms: 1_767_610_800_000,
        summary: "Mentoring: career planning".into(),
        description: String::new(),
        status: Status::Confirmed,
        sequence: 2,
    }
}

#[test]
fn a_session_is_a_dozen_lines() {
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Studium//Mentorship//EN\r\nCALSCALE:GREGORIAN\r\n\
                    BEGIN:VEVENT\r\nUID:s-1@session.mentorship.studium\r\nDTSTAMP:20260105T000000Z\r\n\
                    DTSTART:20260105T100000Z\r\nDTEND:20260105T110000Z\r\nSUMMARY:Mentoring: career planning\r\n\
                    STATUS:CONFIRMED\r\nSEQUENCE:2\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(calendar(&[entry()]), expected);
    let cancelled = calendar(&[Entry { status: Status::Cancelled, ..entry() }, entry()]);
    assert!(cancelled.contains("STATUS:CANCELLED\r\n") && cancelled.contains("TRANSP:TRANSPARENT\r\n"));
    assert_eq!(cancelled.matches("BEGIN:VEVENT\r\n").count(), 2);
    assert!(calendar(&[]).ends_with("CALSCALE:GREGORIAN\r\nEND:VCALENDAR\r\n"));
}

#[test]
fn text_cannot_break_out_of_its_line() {
    let description = "a, b; c\\d\r\nEND:VEVENT\rx\ny\u{7}\tz".to_owned();
    let text = calendar(&[Entry { description, ..entry() }]);
    assert!(text.contains("\r\nDESCRIPTION:a\\, b\\; c\\\\d\\nEND:VEVENT\\nx\\ny\tz\r\n"), "{text}");
    assert_eq!(text.matches("\r\nEND:VEVENT\r\n").count(), 1);
}

#[test]
fn long_lines_are_folded_between_characters() {
    for letter in ["a", "é", "語", "🦀"] {
        let description = letter.repeat(200);
        let text = calendar(&[Entry { description: description.clone(), ..entry() }]);
        assert!(text.split("\r\n").all(|it| it.len() <= LINE_MAX), "{text}");
        assert!(text.replace("\r\n ", "").contains(&format!("DESCRIPTION:{description}\r\n")));
    }
    // A line of just 75 octets is not folded.
    let exact = calendar(&[Entry { summary: "a".repeat(LINE_MAX - "SUMMARY:".len()), ..entry() }]);
    assert!(!exact.contains("\r\n "));
}
