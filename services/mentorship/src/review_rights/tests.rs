//! Who may review whose work, and who may not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

/// Mia, who mentors for the whole platform, looks at Ada's work of institution `ou`.
fn mia() -> Rights {
    Rights {
        reviewer_id: "mia".into(),
        reviewer: MentorState::Active,
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        ..Rights::default()
    }
}

fn why_not(rights: &Rights) -> Option<Reason> {
    rights.check().err().map(|it| it.reason)
}

#[test]
fn the_mentor_who_is_here_goes_before_others() {
    let of = |present: &str| Rights { present_mentor_id: present.into(), ..mia() };
    assert_eq!(why_not(&of("mia")), None);
    assert!(of("mia").own());
    assert_eq!(why_not(&of("ben")), Some(Reason::MentorReviewsFirst));
    // Nobody is there: anybody may.
    assert_eq!(why_not(&of("")), None);
    assert!(!of("").own());
}

#[test]
fn who_returned_the_round_before_may_go_on() {
    let it = Rights { present_mentor_id: "ben".into(), last_reviewer_id: "mia".into(), ..mia() };
    assert_eq!(why_not(&it), None);
    assert!(it.own());
}

#[test]
fn others_review_for_their_house_only() {
    let of = |works_for: &str| Rights { works_for: works_for.into(), ..mia() };
    assert_eq!(why_not(&of("ou")), None);
    assert_eq!(why_not(&of("mit")), Some(Reason::ReviewerOfAnotherInstitution));
    // The learner's own mentor was given to the learner, wherever he works.
    assert_eq!(why_not(&Rights { present_mentor_id: "mia".into(), ..of("mit") }), None);
}

#[test]
fn only_mentors_who_are_here_review() {
    for reviewer in [MentorState::Unspecified, MentorState::Paused, MentorState::Leaving, MentorState::Left] {
        let it = Rights { reviewer, last_reviewer_id: "mia".into(), ..mia() };
        assert_eq!(why_not(&it), Some(Reason::NotAReviewer), "{reviewer:?}");
    }
}

#[test]
fn nobody_reviews_himself_and_a_blocked_pair_never_meets() {
    let himself = Rights { reviewer_id: "ada".into(), present_mentor_id: "ada".into(), ..mia() };
    assert_eq!(why_not(&himself), Some(Reason::NobodyReviewsHimself));
    let blocked = Rights { is_blocked: true, last_reviewer_id: "mia".into(), ..mia() };
    assert_eq!(why_not(&blocked), Some(Reason::PairIsBlocked));
}
