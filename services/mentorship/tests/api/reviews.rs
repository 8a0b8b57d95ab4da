//! Reviews as learners and reviewers meet them: rounds, who may review, the queue, and who sees what.

use crate::{
    desk::{Desk, reason},
    review_desk::{cv, returning, submission},
};
use studium_proto::enrolment::v1::{ProgrammeCompleted, programme_enrolment_event};
use studium_proto::mentorship::v1::{
    BlockPairRequest, GetReviewQueueRequest, GetReviewRequest, ListReviewsRequest, ReviewKind, ReviewStanding,
    ReviewState, ReviewVerdict, ReviewWithdrawalCause, ReviewWork, SubmitReviewRequest, review_event::Event,
};
use tonic::Code;

pub async fn a_review_goes_through_its_rounds(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    let line = desk.queue("mia").await.remove(0);
    let review = line.review.unwrap();
    // The programme promised an answer within 4 hours.
    assert_eq!((line.own, line.due_ms), (true, review.round_at_ms + 4 * 3_600_000));
    assert_eq!(desk.seen_review("ada", "r").await.queue_position, 1);
    let claimed = desk.claims("mia", "r").await.unwrap();
    assert!(claimed.round == 1 && claimed.until_ms > desk.house.now_ms());
    let seen = desk.seen_review("ada", "r").await;
    assert_eq!((seen.review.unwrap().reviewer_id.as_str(), seen.queue_position), ("mia", 0));
    assert!(desk.queue("mia").await.is_empty());
    assert_eq!(desk.held("mia").await, ["r"]);
    assert_eq!(desk.returns("mia", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap(), ReviewStanding::Counts);
    assert!(desk.held("mia").await.is_empty());
    let changes = desk.seen_review("ada", "r").await;
    assert_eq!(changes.review.unwrap().state(), ReviewState::RequiresChanges);
    assert_eq!((changes.feedback[0].scores[0].score, changes.feedback[0].scores[0].comment.as_str()), (3, "shorter"));
    desk.resubmits("r", 2).await.unwrap();
    assert_eq!(desk.queued("mia").await, ["r"]);
    assert_eq!(desk.claims("mia", "r").await.unwrap().round, 2);
    desk.returns("mia", "r", 2, ReviewVerdict::MeetsSpecifications).await.unwrap();
    let met = desk.seen_review("ada", "r").await;
    assert_eq!(met.review.unwrap().state(), ReviewState::MeetsSpecifications);
    let told: Vec<_> = met.rounds.iter().map(|it| (it.work.as_ref().unwrap().text.as_str(), it.verdict())).collect();
    assert_eq!(told, [("one", ReviewVerdict::RequiresChanges), ("round 2", ReviewVerdict::MeetsSpecifications)]);
    let words: Vec<_> = met.feedback.iter().map(|it| it.comment.as_str()).collect();
    assert_eq!(words, ["mia on round 1", "mia on round 2"]);
    assert_eq!(reason(&desk.resubmits("r", 3).await.unwrap_err()), "REVIEW_FINISHED");
}

pub async fn the_mentor_goes_before_others_and_others_when_the_mentor_is_away(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    assert!(desk.queue("ben").await.is_empty());
    assert_eq!(reason(&desk.claims("ben", "r").await.unwrap_err()), "MENTOR_REVIEWS_FIRST");
    assert_eq!(reason(&desk.claims("stranger", "r").await.unwrap_err()), "NOT_A_REVIEWER");
    desk.pauses("mia").await;
    assert!(desk.queue("mia").await.is_empty());
    assert_eq!(reason(&desk.claims("mia", "r").await.unwrap_err()), "NOT_A_REVIEWER");
    let line = desk.queue("ben").await.remove(0);
    assert!(!line.own);
    desk.claims("ben", "r").await.unwrap();
    desk.returns("ben", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap();
    // The next round is his own, though anybody may while the mentor is away; it comes before what is older.
    desk.submits("ada", "older").await;
    desk.resubmits("r", 2).await.unwrap();
    assert_eq!(desk.queued("ben").await, ["r", "older"]);
    assert_eq!(desk.queued("kim").await, ["older", "r"]);
}

pub async fn a_blocked_pair_does_not_meet_in_a_review(desk: Desk) {
    desk.with_reviewers().await;
    desk.submits("ada", "r").await;
    desk.claims("mia", "r").await.unwrap();
    // That Bob has a mentor now follows from later events: the policies are done with the lock, and saw no block.
    desk.mentored("bob", "mia").await;
    let (mentor_id, learner_id) = ("mia".into(), "ada".into());
    let request = BlockPairRequest { mentor_id, learner_id, ..BlockPairRequest::default() };
    desk.mentors().await.block_pair(request).await.unwrap();
    desk.holds("mia", &[]).await;
    assert_eq!(
        reason(&desk.returns("mia", "r", 1, ReviewVerdict::RequiresChanges).await.unwrap_err()),
        "PAIR_IS_BLOCKED"
    );
    assert_eq!(reason(&desk.claims("mia", "r").await.unwrap_err()), "PAIR_IS_BLOCKED");
    assert!(desk.queue("mia").await.is_empty());
    // Mia is the mentor still, until there is another; somebody else reviews meanwhile.
    desk.becomes("ada", "barred", |it| it.contact_barred).await;
    assert_eq!(desk.queued("ben").await, ["r"]);
    desk.claims("ben", "r").await.unwrap();
}

pub async fn open_reviews_end_with_the_mentorship_and_can_be_returned_all_the_same(desk: Desk) {
    desk.with_reviewers().await;
    for review in ["locked", "open", "returned"] {
        desk.submits("ada", review).await;
    }
    for review in ["locked", "returned"] {
        desk.claims("mia", review).await.unwrap();
    }
    desk.returns("mia", "returned", 1, ReviewVerdict::RequiresChanges).await.unwrap();
    let completed = programme_enrolment_event::Event::ProgrammeCompleted(ProgrammeCompleted::default());
    desk.programme_says("ada", completed).await;
    for review in ["locked", "open"] {
        desk.happens(review, "withdrawn", |it| matches!(it, Event::ReviewWithdrawn(_))).await;
        let seen = desk.seen_review("ada", review).await.review.unwrap();
        assert_eq!((seen.state(), seen.withdrawal()), (ReviewState::Withdrawn, ReviewWithdrawalCause::MentorshipEnded));
    }
    desk.holds("mia", &[]).await;
    let standing = desk.returns("mia", "locked", 1, ReviewVerdict::MeetsSpecifications).await.unwrap();
    assert_eq!(standing, ReviewStanding::AfterWithdrawal);
    assert_eq!(desk.seen_review("ada", "locked").await.feedback.len(), 1);
    // What has its verdict keeps it, and no round follows.
    let returned = desk.seen_review("ada", "returned").await.review.unwrap();
    assert_eq!(returned.state(), ReviewState::RequiresChanges);
    desk.becomes("ada", "ended", |it| it.ended_at_ms > 0).await;
    assert_eq!(reason(&desk.resubmits("returned", 2).await.unwrap_err()), "MENTORSHIP_ENDED");
    let late = desk.as_learner("ada").await.submit_review(submission("late", "ada")).await.unwrap_err();
    assert_eq!(reason(&late), "MENTORSHIP_ENDED");
}

pub async fn the_queue_is_in_order_and_can_be_searched(desk: Desk) {
    desk.with_reviewers().await;
    desk.mentored("bob", "mia").await;
    desk.submits("bob", "r1").await;
    desk.submits("ada", "r2").await;
    let work = ReviewWork { title: "A 100% Parser".into(), skills: vec!["C".into(), "Rust".into()], ..cv("code") };
    let project = SubmitReviewRequest { kind: ReviewKind::Project as i32, work: Some(work), ..submission("r3", "ada") };
    desk.as_learner("ada").await.submit_review(project).await.unwrap();
    assert_eq!(desk.queued("mia").await, ["r1", "r2", "r3"]);
    assert_eq!(desk.seen_review("ada", "r3").await.queue_position, 3);
    desk.claims("mia", "r1").await.unwrap();
    assert_eq!(desk.seen_review("ada", "r3").await.queue_position, 2);
    desk.releases("mia", "r1").await.unwrap();
    let min_position = desk.head().await;
    let all = GetReviewQueueRequest { mentor_id: "mia".into(), min_position, ..GetReviewQueueRequest::default() };
    let skill = |it: &str| GetReviewQueueRequest { skill: it.into(), ..all.clone() };
    let text = |it: &str| GetReviewQueueRequest { text: it.into(), ..all.clone() };
    let mut mia = desk.as_mentor("mia").await;
    for (request, expected) in [
        (GetReviewQueueRequest { kind: ReviewKind::Project as i32, ..all.clone() }, &["r3"][..]),
        (skill("rust"), &["r1", "r2", "r3"]),
        // A skill is meant whole: `ru` is none.
        (skill("ru"), &[]),
        (skill("c"), &["r3"]),
        (text("100% pars"), &["r3"]),
        (text("cv"), &["r1", "r2"]),
    ] {
        let lines = mia.get_review_queue(request.clone()).await.unwrap().into_inner().lines;
        let ids: Vec<_> = lines.into_iter().map(|it| it.review.unwrap().review_id).collect();
        assert_eq!(ids, expected, "{request:?}");
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    for _ in 0..4 {
        let request = GetReviewQueueRequest { page_size: 1, page_token, ..all.clone() };
        let page = mia.get_review_queue(request).await.unwrap().into_inner();
        seen.extend(page.lines.into_iter().map(|it| it.review.unwrap().review_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["r1", "r2", "r3"]);
    let request = ListReviewsRequest { learner_id: "ada".into(), min_position, ..ListReviewsRequest::default() };
    let listed = desk.as_learner("ada").await.list_reviews(request).await.unwrap().into_inner().reviews;
    assert_eq!(listed.iter().map(|it| it.review_id.as_str()).collect::<Vec<_>>(), ["r2", "r3"]);
}

pub async fn a_waiting_time_is_told_once_five_were_returned(desk: Desk) {
    desk.with_reviewers().await;
    let now = desk.house.now_ms();
    for n in 1..=5_i64 {
        let review = format!("r{n}");
        // Handed in n hours ago, returned at once.
        let request = SubmitReviewRequest { at_ms: now - n * 3_600_000, ..submission(&review, "ada") };
        desk.office().await.submit_review(request).await.unwrap();
        desk.claims("mia", &review).await.unwrap();
        let request = returning(&review, "mia", 1, ReviewVerdict::MeetsSpecifications);
        let request = studium_proto::mentorship::v1::ReturnReviewRequest { at_ms: now, ..request };
        desk.office().await.return_review(request).await.unwrap();
        let wait = desk.seen_review("ada", &review).await.wait.unwrap();
        assert_eq!((i64::from(wait.count), wait.median_ms), (n, (n == 5).then_some(3 * 3_600_000)));
    }
    // What is returned after the withdrawal is no time that anybody waited for a verdict.
    desk.submits("ada", "gone").await;
    desk.claims("mia", "gone").await.unwrap();
    desk.as_learner("ada").await.withdraw_review(crate::review_desk::withdrawal("gone", "ada")).await.unwrap();
    desk.returns("mia", "gone", 1, ReviewVerdict::RequiresChanges).await.unwrap();
    assert_eq!(desk.seen_review("ada", "gone").await.wait.unwrap().count, 5);
}

pub async fn a_review_is_shown_to_those_whom_it_concerns(desk: Desk) {
    desk.with_reviewers().await;
    let position = desk.submits("ada", "r").await;
    let request = GetReviewRequest { review_id: "r".into(), min_position: position, ..GetReviewRequest::default() };
    let as_mentor = |it: &str| GetReviewRequest { mentor_id: it.into(), ..request.clone() };
    desk.as_mentor("mia").await.get_review(as_mentor("mia")).await.unwrap();
    let status = desk.as_mentor("ben").await.get_review(as_mentor("ben")).await.unwrap_err();
    assert_eq!((reason(&status).as_str(), status.code()), ("NOT_YOUR_REVIEW", Code::PermissionDenied));
    let bob = GetReviewRequest { learner_id: "bob".into(), ..request.clone() };
    let status = desk.as_learner("bob").await.get_review(bob).await.unwrap_err();
    assert_eq!((reason(&status).as_str(), status.code()), ("REVIEW_NOT_FOUND", Code::NotFound));
    for (institution, seen) in [("ou", true), ("mit", false)] {
        let staff = desk.caller("sue", &["staff"], &[institution]).await;
        let mut staff = studium_proto::mentorship::v1::review_service_client::ReviewServiceClient::new(staff);
        let asked = GetReviewRequest { institution_id: institution.into(), ..request.clone() };
        assert_eq!(staff.get_review(asked).await.is_ok(), seen, "{institution}");
    }
    // The mentor is away: Ben may review it, and therefore see it.
    desk.pauses("mia").await;
    desk.as_mentor("ben").await.get_review(as_mentor("ben")).await.unwrap();
    // Nobody acts in another's name.
    let request = returning("r", "mia", 1, ReviewVerdict::MeetsSpecifications);
    let status = desk.as_mentor("ben").await.return_review(request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let status = desk.as_learner("bob").await.withdraw_review(crate::review_desk::withdrawal("r", "bob")).await;
    assert_eq!(reason(&status.unwrap_err()), "REVIEW_NOT_FOUND");
}

pub async fn malformed_work_is_told_whole(desk: Desk) {
    use tonic_types::StatusExt as _;
    let url = "https://host/cv".to_owned();
    let wrong = |work: ReviewWork, fields: &[&str]| (Some(work), fields.iter().map(ToString::to_string).collect());
    let cases: Vec<(Option<ReviewWork>, Vec<String>)> = vec![
        (None, vec!["work".into(), "work.title".into(), "work".into()]),
        wrong(ReviewWork { url: url.clone(), ..cv("both") }, &["work", "work.sha256"]),
        wrong(ReviewWork { url: "ftp://host".into(), sha256: "A".repeat(64), ..cv("") }, &["work.url", "work.sha256"]),
        wrong(ReviewWork { sha256: "0".repeat(64), ..cv("text") }, &["work.sha256"]),
    ];
    for (work, fields) in cases {
        let request = SubmitReviewRequest { work, ..submission("r", "ada") };
        let status = desk.as_learner("ada").await.submit_review(request).await.unwrap_err();
        let told = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(told.into_iter().map(|it| it.field).collect::<Vec<_>>(), fields);
    }
    let mut request = returning("r", "mia", 0, ReviewVerdict::Unspecified);
    request.scores[0].score = 6;
    request.scores.push(request.scores[0].clone());
    request.comment.clear();
    let status = desk.as_mentor("mia").await.return_review(request).await.unwrap_err();
    let told: Vec<_> = status.get_details_bad_request().unwrap().field_violations;
    let told: Vec<_> = told.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(told, ["verdict", "round", "comment", "scores.score", "scores.score", "scores"]);
}
