//! Mentorships as learners, mentors and staff meet them: hand-overs, deadlines, pauses, explanations, access.

use crate::desk::{DAY, Desk, reason};
use studium_proto::enrolment::v1::{
    ProgrammeReinstated, ProgrammeSuspended, ProgrammeWithdrawn, programme_enrolment_event::Event,
};
use studium_proto::mentorship::v1::{
    BlockPairRequest, CancelHandOverRequest, DeclineProposalRequest, DescribeMenteeRequest, Exclusion,
    ExplainMatchRequest, GetMentorshipRequest, GetTermsRequest, LeaveMentorRequest, ListMentorshipsRequest,
    MenteeDescribed, MentorshipEnd, MentorshipState, PauseMentorRequest, RateMentorRequest, RequestHandOverRequest,
    RequestMentorshipRequest, RequestSource, SetTermsRequest, TermsSet, mentor_service_client::MentorServiceClient,
    mentorship_service_client::MentorshipServiceClient,
};
use tonic::Code;

fn which(mentor: &str, institution: &str) -> GetMentorshipRequest {
    GetMentorshipRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        mentor_id: mentor.into(),
        institution_id: institution.into(),
        min_position: 0,
    }
}

fn hand_over(mentor: &str, institution: &str) -> RequestHandOverRequest {
    RequestHandOverRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        mentor_id: mentor.into(),
        institution_id: institution.into(),
        ..RequestHandOverRequest::default()
    }
}

pub async fn who_declines_is_followed_by_the_next_and_who_finds_nobody_waits(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "open to mia", |it| it.answer_by_ms > 0).await;
    let decline = DeclineProposalRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        mentor_id: "mia".into(),
        ..DeclineProposalRequest::default()
    };
    let mut mia = MentorshipServiceClient::new(desk.mentor("mia").await);
    mia.decline_proposal(decline.clone()).await.unwrap();
    assert!(mia.decline_proposal(decline).await.unwrap().into_inner().already);
    desk.becomes("ada", "without anybody", |it| it.proposed_mentor_id.is_empty()).await;
    desk.loads(&[("mia", 0)]).await;
    // Whoever has a place now gets who waits; who declined is not asked again.
    desk.with_mentor("noa", 1).await;
    desk.becomes("ada", "open to noa", |it| it.proposed_mentor_id == "noa" && it.answer_by_ms > 0).await;
    desk.accepts("noa", "ada").await.unwrap();
    // Bob finds mia; cyd finds nobody until bob leaves.
    desk.mentored("bob", "mia").await;
    desk.joins("cyd", 0).await;
    desk.becomes("cyd", "waiting", |it| it.state() == MentorshipState::Waiting).await;
    desk.programme_says("bob", Event::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    desk.becomes("cyd", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
}

pub async fn a_proposal_lapses_by_itself_and_goes_to_the_next(desk: Desk) {
    desk.with_programme("p").await;
    let long_ago = desk.house.now_ms() - 5 * DAY;
    desk.with_mentor_since("mia", 1, long_ago).await;
    desk.with_mentor_since("noa", 1, long_ago).await;
    // Somebody asked five days ago; three days later the mentor who was proposed had not answered.
    let request = RequestMentorshipRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        at_ms: long_ago,
        ..RequestMentorshipRequest::default()
    };
    desk.mentorships().await.request_mentorship(request).await.unwrap();
    desk.has_happened("ada", "ProposalOpened", 2).await;
    let open = desk.becomes("ada", "open to the next", |it| it.answer_by_ms > desk.house.now_ms()).await;
    let (next, silent) = if open.proposed_mentor_id == "mia" { ("mia", "noa") } else { ("noa", "mia") };
    assert_eq!(reason(&desk.accepts(silent, "ada").await.unwrap_err()), "PROPOSAL_LAPSED");
    desk.accepts(next, "ada").await.unwrap();
    desk.loads(&[(silent, 0), (next, 1)]).await;
}

pub async fn a_hand_over_has_no_gap_and_can_be_taken_back(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.mentored("ada", "mia").await;
    let mut ada = MentorshipServiceClient::new(desk.learner("ada").await);
    ada.request_hand_over(hand_over("", "")).await.unwrap();
    let seeking = desk.becomes("ada", "handed over", |it| it.hand_over_due_ms > 0).await;
    assert_eq!((seeking.mentor_id.as_str(), seeking.state()), ("mia", MentorshipState::Active));
    let cancel = CancelHandOverRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        ..CancelHandOverRequest::default()
    };
    ada.cancel_hand_over(cancel).await.unwrap();
    desk.becomes("ada", "mia's again", |it| it.hand_over_due_ms == 0).await;

    let mut noa = MentorshipServiceClient::new(desk.mentor("noa").await);
    let refused = noa.request_hand_over(hand_over("noa", "")).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_THE_MENTOR");
    let mut mia = MentorshipServiceClient::new(desk.mentor("mia").await);
    mia.request_hand_over(hand_over("mia", "")).await.unwrap();
    desk.with_mentor("noa", 1).await;
    let between = desk.becomes("ada", "open to noa", |it| it.answer_by_ms > 0).await;
    assert_eq!(between.mentor_id, "mia");
    desk.accepts("noa", "ada").await.unwrap();
    desk.becomes("ada", "noa's", |it| it.mentor_id == "noa").await;
    desk.loads(&[("mia", 0), ("noa", 1)]).await;
    let shown = GetMentorshipRequest { min_position: desk.head().await, ..which("", "") };
    let terms = ada.get_mentorship(shown).await.unwrap().into_inner().terms;
    let names: Vec<_> = terms.iter().map(|it| it.mentor_id.as_str()).collect();
    assert_eq!((names, terms[0].until_ms == terms[1].from_ms, terms[1].until_ms), (vec!["mia", "noa"], true, 0));
}

pub async fn an_overdue_hand_over_assigns_the_best_without_being_asked(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.mentored("ada", "mia").await;
    let late = RequestHandOverRequest { at_ms: desk.house.now_ms() - 22 * DAY, ..hand_over("", "") };
    desk.mentorships().await.request_hand_over(late).await.unwrap();
    desk.has_happened("ada", "HandOverOverdue", 1).await;
    let still = desk.mentorship("ada").await.unwrap();
    assert_eq!(still.mentor_id, "mia", "nobody else is there, so the mentor stays");
    desk.with_mentor("noa", 1).await;
    desk.becomes("ada", "noa's without a word of hers", |it| it.mentor_id == "noa").await;
    desk.loads(&[("mia", 0), ("noa", 1)]).await;
}

pub async fn a_blocked_pair_never_meets_again(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 3).await;
    desk.mentored("ada", "mia").await;
    let block = BlockPairRequest { mentor_id: "mia".into(), learner_id: "ada".into(), ..BlockPairRequest::default() };
    let mut eve = MentorServiceClient::new(desk.learner("eve").await);
    assert_eq!(eve.block_pair(block.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let mut ada = MentorServiceClient::new(desk.learner("ada").await);
    ada.block_pair(block).await.unwrap();
    let barred = desk.becomes("ada", "without contact", |it| it.contact_barred).await;
    assert_eq!(barred.mentor_id, "mia", "responsible until somebody else is there");
    desk.with_mentor("noa", 1).await;
    desk.becomes("ada", "open to noa", |it| it.proposed_mentor_id == "noa" && it.answer_by_ms > 0).await;
    desk.accepts("noa", "ada").await.unwrap();
    let theirs = desk.becomes("ada", "noa's", |it| it.mentor_id == "noa").await;
    assert!(!theirs.contact_barred);
    // Noa leaves, and mia has two free places; ada waits for somebody else all the same.
    let leave = LeaveMentorRequest { mentor_id: "noa".into(), ..LeaveMentorRequest::default() };
    let so_far = desk.times("ada", "NoMentorFound").await;
    desk.mentors().await.leave_mentor(leave).await.unwrap();
    desk.has_happened("ada", "NoMentorFound", so_far + 1).await;
    let explain = ExplainMatchRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        min_position: desk.head().await,
        ..ExplainMatchRequest::default()
    };
    let lines = desk.mentorships().await.explain_match(explain).await.unwrap().into_inner().lines;
    let mia = lines.iter().find(|it| it.candidate.as_ref().unwrap().mentor_id == "mia").unwrap();
    assert_eq!(mia.exclusion(), Exclusion::Blocked);
}

pub async fn a_programme_that_rests_or_ends_takes_its_mentorship_along(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 2).await;
    desk.mentored("ada", "mia").await;
    desk.programme_says("ada", Event::ProgrammeSuspended(ProgrammeSuspended::default())).await;
    let rests = desk.becomes("ada", "at rest", |it| it.state() == MentorshipState::Paused).await;
    assert_eq!(rests.mentor_id, "mia");
    desk.programme_says("ada", Event::ProgrammeReinstated(ProgrammeReinstated::default())).await;
    desk.becomes("ada", "active again", |it| it.state() == MentorshipState::Active).await;
    desk.programme_says("ada", Event::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    let over = desk.becomes("ada", "over", |it| it.state() == MentorshipState::Ended).await;
    assert_eq!((over.end(), over.mentor_id.as_str()), (MentorshipEnd::Withdrawn, ""));
    desk.loads(&[("mia", 0)]).await;
    let rate = RateMentorRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        stars: 4,
        ..RateMentorRequest::default()
    };
    let mut ada = MentorshipServiceClient::new(desk.learner("ada").await);
    ada.rate_mentor(rate.clone()).await.unwrap();
    ada.rate_mentor(RateMentorRequest { stars: 5, ..rate }).await.unwrap();
    let mia = desk.shown_mentor("mia").await;
    assert_eq!((mia.ratings, mia.mean_millistars), (1, 5_000));
    // Who comes back is taken on again.
    desk.joins("ada", 0).await;
    let again = desk.becomes("ada", "open to mia", |it| it.answer_by_ms > 0).await;
    assert_eq!((again.round, again.state()), (2, MentorshipState::Waiting));
}

pub async fn a_paused_mentor_is_not_proposed(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 2).await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "open to mia", |it| it.answer_by_ms > 0).await;
    let pause = PauseMentorRequest { mentor_id: "mia".into(), ..PauseMentorRequest::default() };
    let mut mia = MentorServiceClient::new(desk.mentor("mia").await);
    mia.pause_mentor(pause.clone()).await.unwrap();
    desk.becomes("ada", "waiting", |it| it.proposed_mentor_id.is_empty()).await;
    desk.loads(&[("mia", 0)]).await;
    // She says until when, and is back by herself.
    let until_ms = desk.house.now_ms() + 300;
    mia.pause_mentor(PauseMentorRequest { until_ms, ..pause }).await.unwrap();
    desk.becomes("ada", "open to mia again", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
}

pub async fn what_the_learner_says_moves_the_match(desk: Desk) {
    desk.with_programme("p").await;
    let describe = DescribeMenteeRequest {
        learner_id: "ada".into(),
        profile: Some(MenteeDescribed {
            languages: vec!["ko".into(), "en".into()],
            time_zone: "Asia/Seoul".into(),
            ..MenteeDescribed::default()
        }),
        at_ms: 0,
    };
    let mut ada = MentorshipServiceClient::new(desk.learner("ada").await);
    ada.describe_mentee(describe.clone()).await.unwrap();
    let nowhere = MenteeDescribed { time_zone: "Mars/Olympus".into(), ..MenteeDescribed::default() };
    let nowhere = DescribeMenteeRequest { profile: Some(nowhere), ..describe };
    assert_eq!(ada.describe_mentee(nowhere).await.unwrap_err().code(), Code::InvalidArgument);
    desk.with_mentor("mia", 2).await;
    desk.joins("ada", 0).await;
    let open = desk.becomes("ada", "open to mia", |it| it.answer_by_ms > 0).await;
    let part = &open.candidates[0];
    assert_eq!((part.skills, part.language, part.capacity), (1_000, 750, 1_000));
    assert!(part.overlap < 500, "Seoul sleeps while Lisbon works: {}", part.overlap);
}

async fn held(desk: &Desk, programme: &str) -> TermsSet {
    let request = GetTermsRequest { programme_id: programme.into(), min_position: desk.head().await };
    desk.mentorships().await.get_terms(request).await.unwrap().into_inner().terms.unwrap()
}

pub async fn terms_are_the_programmes_else_the_platforms_else_what_is_promised(desk: Desk) {
    desk.with_programme("p").await;
    let defaults = TermsSet {
        proposal_minutes: 4_320,
        hand_over_minutes: 30_240,
        first_answer_minutes: 240,
        review_lock_minutes: 30,
        review_locks_max: 4,
        risk_days: vec![7, 14, 21],
        cohort_matching: false,
    };
    assert_eq!(held(&desk, "p").await, defaults);
    assert_eq!(held(&desk, "other").await, TermsSet { first_answer_minutes: 480, ..defaults.clone() });
    let set = |programme: &str, terms| SetTermsRequest { programme_id: programme.into(), terms: Some(terms), at_ms: 0 };
    let platform = TermsSet { proposal_minutes: 60, first_answer_minutes: 90, ..TermsSet::default() };
    desk.mentorships().await.set_terms(set("platform", platform)).await.unwrap();
    let own = TermsSet { review_locks_max: 2, risk_days: vec![3], ..TermsSet::default() };
    desk.mentorships().await.set_terms(set("p", own)).await.unwrap();
    let expected = TermsSet { proposal_minutes: 60, review_locks_max: 2, risk_days: vec![3], ..defaults.clone() };
    assert_eq!(held(&desk, "p").await, expected, "the catalogue promises this programme's learners 240 minutes");
    assert_eq!(held(&desk, "other").await.first_answer_minutes, 90);
    for risk_days in [vec![7, 3], vec![0, 7]] {
        let wrong = set("p", TermsSet { risk_days, ..TermsSet::default() });
        assert_eq!(desk.mentorships().await.set_terms(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

pub async fn everybody_sees_and_does_what_is_his(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.mentored("ada", "mia").await;
    let see = |caller, which| async move { MentorshipServiceClient::new(caller).get_mentorship(which).await };
    let own = see(desk.learner("ada").await, which("", "")).await.unwrap().into_inner();
    assert_eq!(own.mentorship.unwrap().mentor_id, "mia");
    see(desk.mentor("mia").await, which("mia", "")).await.unwrap();
    see(desk.caller("sue", &["staff"], &["ou"]).await, which("", "ou")).await.unwrap();
    let denied = see(desk.learner("eve").await, which("", "")).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let denied = see(desk.mentor("noa").await, which("noa", "")).await.unwrap_err();
    assert_eq!(reason(&denied), "NOT_THE_MENTOR");
    let denied = see(desk.mentor("noa").await, which("mia", "")).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let denied = see(desk.caller("tom", &["staff"], &["mit"]).await, which("", "mit")).await.unwrap_err();
    assert_eq!(reason(&denied), "NOT_YOUR_INSTITUTION");

    let mut tom = MentorshipServiceClient::new(desk.caller("tom", &["staff"], &["mit"]).await);
    assert_eq!(reason(&tom.request_hand_over(hand_over("", "mit")).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    let list = |mentor: &str| ListMentorshipsRequest { mentor_id: mentor.into(), ..ListMentorshipsRequest::default() };
    let mut mia = MentorshipServiceClient::new(desk.mentor("mia").await);
    assert_eq!(mia.list_mentorships(list("mia")).await.unwrap().into_inner().mentorships.len(), 1);
    assert_eq!(mia.list_mentorships(list("noa")).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(mia.list_mentorships(list("")).await.unwrap_err().code(), Code::PermissionDenied);
}

pub async fn an_import_says_itself_who_the_mentor_was(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 2).await;
    let request = RequestMentorshipRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        source: RequestSource::Import.into(),
        ..RequestMentorshipRequest::default()
    };
    desk.mentorships().await.request_mentorship(request).await.unwrap();
    // Bob comes later; what was to follow for ada has followed by then.
    desk.mentored("bob", "mia").await;
    let ada = desk.mentorship("ada").await.unwrap();
    assert_eq!((ada.state(), ada.proposed_mentor_id.as_str()), (MentorshipState::Waiting, ""));
}
