//! What the turns of a mentorship come to at any date.

use super::{MentorshipTimesRow, Turn};
use studium_kit::Json;
use studium_proto::mentorship::v1::RequestSource;

fn row(turns: &[(i64, Turn)]) -> MentorshipTimesRow {
    MentorshipTimesRow { turns: Json(turns.to_vec()), ..MentorshipTimesRow::default() }
}

#[test]
fn every_date_has_its_own_rounds() {
    let staff = RequestSource::Staff as i32;
    let row = row(&[
        (10, Turn::Asked(1)),
        (20, Turn::Rests),
        (30, Turn::Back),
        (40, Turn::Mentored),
        (50, Turn::Rests),
        (60, Turn::Ended),
        (70, Turn::Asked(staff)),
    ]);
    assert!(row.rounds(9).is_empty());
    let then = row.rounds(25);
    assert_eq!((then[0].mentored_ms, then[0].rests.as_slice()), (None, [(20, None)].as_slice()));
    assert_eq!((then[0].awake_ms(10, 25), then[0].awake_ms(10, 15)), (10, 5));
    let now = row.rounds(100);
    assert_eq!((now.len(), now[1].number, now[1].source), (2, 2, RequestSource::Staff));
    assert_eq!((now[0].mentored_ms, now[0].ended_ms), (Some(40), Some(60)));
    assert_eq!(now[0].rests, [(20, Some(30)), (50, Some(60))], "the end ends the rest");
    assert_eq!(now[0].awake_ms(10, 40), 20, "10 of 30 were rest");
    assert!(now[1].rests.is_empty() && now[1].mentored_ms.is_none());
}

#[test]
fn who_rests_before_it_is_paid_rests_on() {
    let row = row(&[(5, Turn::Rests), (10, Turn::Asked(1)), (20, Turn::Back), (25, Turn::Mentored)]);
    assert_eq!(row.rounds(15)[0].awake_ms(10, 15), 0);
    assert_eq!(row.rounds(30)[0].awake_ms(10, 25), 5);
}
