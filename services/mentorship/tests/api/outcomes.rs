//! What came of mentorship, asked for at dates in the past and at the present.

use crate::desk::{DAY, Desk};
use studium_proto::admin::v1::{ListViewsRequest, admin_service_client::AdminServiceClient};
use studium_proto::catalogue::v1::{MentorshipPlanSet, programme_event::Event as Programme};
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentFailed, EnrolmentRequested, EnrolmentWithdrawn, ProgrammeCompleted, ProgrammeJoined,
    ProgrammeWithdrawn, enrolment_event::Event as Run, programme_enrolment_event::Event as Joins,
};
use studium_proto::mentorship::v1::{
    AssignMentorRequest, BillingBasis, EndMentorshipRequest, GetGraduationRequest, GetGraduationResponse,
    GetSatisfactionRequest, GetSurvivalRequest, GetWaitingTimeRequest, GraduationGroup, ListBillingLinesRequest,
    MentorshipEnd, OutcomeScope, ProposalOrigin, RateMentorRequest, RequestMentorshipRequest, RequestSource,
    outcome_service_client::OutcomeServiceClient,
};
use studium_testkit::Caller;
use tonic::Code;

/// 1 March 2026, noon.
const START: i64 = 1_772_323_200_000 + DAY / 2;

fn day(day: i64) -> i64 {
    START + day * DAY
}

impl Desk {
    async fn outcomes(&self) -> OutcomeServiceClient<Caller> {
        OutcomeServiceClient::new(self.registrar().await)
    }

    /// Something happens to a learner's place in programme `p`; gives the position in enrolment's stream.
    async fn enrolment_says(&self, learner: &str, at_ms: i64, event: Joins) -> u64 {
        self.elsewhere.say_at(&format!("p~{learner}"), at_ms, vec![event]).await
    }

    async fn joined(&self, learner: &str, at_ms: i64, round: u32) -> u64 {
        let joined = ProgrammeJoined { institution_id: "ou".into(), round, ..ProgrammeJoined::default() };
        self.enrolment_says(learner, at_ms, Joins::ProgrammeJoined(joined)).await
    }

    /// An import says who mentors a learner from when on, in a programme or run; returns once it is so.
    async fn imported(&self, programme: &str, learner: &str, mentor: &str, at_ms: i64) -> u64 {
        let mut client = self.mentorships().await;
        self.asked(programme, learner, at_ms).await;
        let request = AssignMentorRequest {
            programme_id: programme.into(),
            learner_id: learner.into(),
            mentor_id: mentor.into(),
            origin: ProposalOrigin::Import.into(),
            at_ms,
            ..AssignMentorRequest::default()
        };
        client.assign_mentor(request).await.unwrap();
        for _ in 0..500 {
            let waits = GetWaitingTimeRequest {
                programme_id: programme.into(),
                days: 3_660,
                min_position: self.head().await,
                ..GetWaitingTimeRequest::default()
            };
            if self.outcomes().await.get_waiting_time(waits).await.unwrap().into_inner().waiting_now == 0 {
                return self.head().await;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{learner} never had {mentor}");
    }

    async fn asked(&self, programme: &str, learner: &str, at_ms: i64) -> u64 {
        let request = RequestMentorshipRequest {
            programme_id: programme.into(),
            learner_id: learner.into(),
            institution_id: "ou".into(),
            source: RequestSource::Import.into(),
            at_ms,
        };
        self.mentorships().await.request_mentorship(request).await.unwrap().into_inner().position
    }

    async fn over(&self, programme: &str, learner: &str, end: MentorshipEnd, at_ms: i64) -> u64 {
        let request = EndMentorshipRequest {
            programme_id: programme.into(),
            learner_id: learner.into(),
            end: end.into(),
            at_ms,
            ..EndMentorshipRequest::default()
        };
        self.mentorships().await.end_mentorship(request).await.unwrap().into_inner().position
    }

    /// The catalogue's stream is seen up to a position; no request waits for prices.
    async fn knows_the_price(&self, position: u64) {
        for _ in 0..500 {
            let mut admin = AdminServiceClient::new(self.caller("ops", &["operator"], &[]).await);
            let views = admin.list_views(ListViewsRequest {}).await.unwrap().into_inner().views;
            if views.iter().any(|it| it.name.starts_with("mentorship_price") && it.position >= position) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the price was never seen");
    }

    async fn graduation(&self, scope_id: &str, as_of_ms: i64, enrolment: u64) -> GetGraduationResponse {
        let request = GetGraduationRequest {
            scope_id: scope_id.into(),
            as_of_ms,
            min_position: self.head().await,
            min_enrolment_position: enrolment,
            ..GetGraduationRequest::default()
        };
        self.outcomes().await.get_graduation(request).await.unwrap().into_inner()
    }
}

fn counts(it: Option<GraduationGroup>) -> [u64; 5] {
    let it = it.unwrap();
    [it.learners, it.graduated, it.withdrawn, it.failed, it.still_in]
}

pub async fn graduation_is_told_with_and_without_a_mentor_and_stays_as_it_was(desk: Desk) {
    desk.with_mentor("mia", 5).await;
    for learner in ["ada", "ben", "cyd"] {
        desk.joined(learner, day(0), 1).await;
    }
    desk.joined("dan", day(31), 1).await;
    desk.imported("p", "ada", "mia", day(2)).await;
    desk.enrolment_says("ben", day(10), Joins::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    let position = desk.enrolment_says("ada", day(40), Joins::ProgrammeCompleted(ProgrammeCompleted::default())).await;
    let before = desk.graduation("p", day(50), position).await;
    let total = before.total.clone().unwrap();
    assert_eq!(counts(total.with_mentor), [1, 1, 0, 0, 0]);
    assert_eq!(counts(total.without_mentor), [3, 0, 1, 0, 2]);
    assert_eq!((total.difference_millipoints, total.has_difference), (100_000, true));
    assert_eq!(total.with_mentor.unwrap().rate_from_millipoints, 20_655, "Wilson of 1 of 1");
    let cohorts: Vec<_> = before.lines.iter().map(|it| (it.cohort.as_str(), it.all.unwrap().learners)).collect();
    assert_eq!(cohorts, [("", 4), ("2026-03", 3), ("2026-04", 1)]);
    let sources: Vec<_> = before.sources.iter().map(|it| (it.source(), it.learners)).collect();
    assert_eq!(sources, [(RequestSource::Import, 1)]);
    assert!(before.note.contains("not an effect") && before.note.contains("not the real tutors"), "{}", before.note);

    // What comes later changes today, and not that day.
    desk.imported("p", "cyd", "mia", day(60)).await;
    desk.joined("eve", day(61), 1).await;
    let position = desk.enrolment_says("cyd", day(70), Joins::ProgrammeCompleted(ProgrammeCompleted::default())).await;
    assert_eq!(desk.graduation("p", day(50), position).await, before);
    let now = desk.graduation("p", 0, position).await;
    assert_eq!(counts(now.total.clone().unwrap().with_mentor), [2, 2, 0, 0, 0]);
    let earlier = desk.graduation("p", day(5), position).await.total.unwrap();
    assert_eq!((counts(earlier.with_mentor), counts(earlier.without_mentor)), ([1, 0, 0, 0, 1], [2, 0, 0, 0, 2]));
}

/// A learner asks for a seat in a run of course `c`.
fn asked(institution: &str) -> Run {
    let institution_id = institution.into();
    Run::EnrolmentRequested(EnrolmentRequested { course_id: "c".into(), institution_id, ..Default::default() })
}

pub async fn runs_count_as_programmes_do_and_a_course_brings_its_runs_together(desk: Desk) {
    desk.with_mentor("mia", 5).await;
    let mut position = 0;
    for (run, learner, end) in [
        ("r1", "ada", None),
        ("r1", "ben", Some(Run::EnrolmentWithdrawn(EnrolmentWithdrawn::default()))),
        ("r2", "cyd", Some(Run::EnrolmentFailed(EnrolmentFailed::default()))),
    ] {
        let id = format!("{run}~{learner}");
        let events = vec![asked("ou"), Run::EnrolmentActivated(EnrolmentActivated::default())];
        position = desk.elsewhere.say_at(&id, day(0), events).await;
        if let Some(it) = end {
            position = desk.elsewhere.say_at(&id, day(20), vec![it]).await;
        }
    }
    // Who only asked for a seat was never in the run.
    position = desk.elsewhere.say_at("r2~dan", day(0), vec![asked("")]).await.max(position);
    // And who gave that up and came again is counted from when the learner was in.
    let gave_up = Run::EnrolmentWithdrawn(EnrolmentWithdrawn::default());
    let again = vec![asked("ou"), gave_up, asked("ou"), Run::EnrolmentActivated(EnrolmentActivated::default())];
    position = desk.elsewhere.say_at("r2~eve", day(0), again).await.max(position);
    desk.imported("r1", "ada", "mia", day(0)).await;
    desk.imported("r1", "ben", "mia", day(0)).await;
    desk.over("r1", "ben", MentorshipEnd::Withdrawn, day(20)).await;
    let ask = |scope: OutcomeScope, scope_id: &str, institution: &str| GetGraduationRequest {
        scope: scope.into(),
        scope_id: scope_id.into(),
        institution_id: institution.into(),
        min_enrolment_position: position,
        ..GetGraduationRequest::default()
    };
    let mut outcomes = desk.outcomes().await;
    let mut told = async |request: GetGraduationRequest| {
        let request = GetGraduationRequest { min_position: desk.head().await, ..request };
        let reply = outcomes.get_graduation(request).await.unwrap().into_inner();
        let total = reply.total.unwrap();
        (counts(total.with_mentor), counts(total.without_mentor))
    };
    assert_eq!(told(ask(OutcomeScope::Run, "r1", "")).await, ([2, 0, 1, 0, 1], [0; 5]));
    assert_eq!(told(ask(OutcomeScope::Run, "r2", "")).await, ([0; 5], [2, 0, 0, 1, 1]));
    for all in [ask(OutcomeScope::Course, "c", ""), ask(OutcomeScope::Run, "", "ou")] {
        assert_eq!(told(all).await, ([2, 0, 1, 0, 1], [2, 0, 0, 1, 1]));
    }
    assert_eq!(told(ask(OutcomeScope::Programme, "", "ou")).await, ([0; 5], [0; 5]), "a run is no programme");

    let request = GetSurvivalRequest {
        scope: OutcomeScope::Course.into(),
        scope_id: "c".into(),
        as_of_ms: day(30),
        ..GetSurvivalRequest::default()
    };
    let curves = outcomes.get_survival(request).await.unwrap().into_inner();
    let with = curves.with_mentor.unwrap();
    let points: Vec<_> = with.points.iter().map(|it| (it.at_risk, it.withdrawn, it.staying_millipoints)).collect();
    assert_eq!(points, [(2, 0, 100_000), (2, 0, 100_000), (2, 1, 50_000), (1, 0, 50_000), (1, 0, 50_000)]);
    assert_eq!((curves.without_mentor.unwrap().withdrawn, curves.as_of_ms), (0, day(30)));
    assert!(curves.note.contains("not an effect"));
}

pub async fn who_still_waits_is_counted_and_anybody_may_ask(desk: Desk) {
    desk.with_mentor("mia", 5).await;
    desk.imported("p", "ada", "mia", day(0)).await;
    desk.asked("q", "ben", day(5)).await;
    let mut learner = OutcomeServiceClient::new(desk.learner("ada").await);
    let ask = |programme: &str, as_of_ms: i64, min_position: u64| GetWaitingTimeRequest {
        programme_id: programme.into(),
        as_of_ms,
        min_position,
        ..GetWaitingTimeRequest::default()
    };
    let head = desk.head().await;
    let served = learner.get_waiting_time(ask("p", day(10), head)).await.unwrap().into_inner();
    assert_eq!((served.requests, served.assigned, served.median_ms, served.p90_ms), (1, 1, Some(0), Some(0)));
    let waits = learner.get_waiting_time(ask("q", day(10), head)).await.unwrap().into_inner();
    assert_eq!((waits.requests, waits.waiting, waits.waiting_now, waits.median_ms), (1, 1, 1, None));
    assert_eq!((waits.oldest_waiting_ms, waits.days), (5 * DAY, 90));
    let mut mentor = OutcomeServiceClient::new(desk.mentor("mia").await);
    assert_eq!(mentor.get_waiting_time(ask("q", day(4), 0)).await.unwrap().into_inner().requests, 0);
    desk.over("q", "ben", MentorshipEnd::Withdrawn, day(12)).await;
    let again = learner.get_waiting_time(ask("q", day(10), desk.head().await)).await.unwrap().into_inner();
    assert_eq!(again, waits, "as it was");
    let later = learner.get_waiting_time(ask("q", day(20), 0)).await.unwrap().into_inner();
    assert_eq!((later.given_up, later.waiting_now), (1, 0));
}

pub async fn satisfaction_counts_the_last_word_of_each(desk: Desk) {
    desk.with_mentor("mia", 5).await;
    let mut client = desk.mentorships().await;
    for (learner, stars) in [("ada", [2, 5]), ("ben", [4, 4])] {
        desk.imported("p", learner, "mia", day(0)).await;
        for (n, stars) in (1..).zip(stars) {
            let request = RateMentorRequest {
                programme_id: "p".into(),
                learner_id: learner.into(),
                stars,
                at_ms: day(n * 10),
                ..RateMentorRequest::default()
            };
            client.rate_mentor(request).await.unwrap();
        }
    }
    let mut outcomes = desk.outcomes().await;
    let mut told = async |institution: &str, as_of_ms: i64| {
        let request = GetSatisfactionRequest {
            institution_id: institution.into(),
            as_of_ms,
            min_position: desk.head().await,
            ..GetSatisfactionRequest::default()
        };
        let reply = outcomes.get_satisfaction(request).await.unwrap().into_inner();
        let total = reply.total.unwrap();
        (total.stars, total.mean_millistars, reply.lines.len())
    };
    assert_eq!(told("ou", 0).await, (vec![0, 0, 0, 1, 1], 4_500, 1));
    assert_eq!(told("ou", day(15)).await, (vec![0, 1, 0, 1, 0], 3_000, 1));
    assert_eq!(told("other", 0).await, (vec![0; 5], 0, 0));
}

pub async fn a_month_is_billed_by_days_and_the_price_once(desk: Desk) {
    desk.with_mentor("mia", 5).await;
    desk.with_mentor("noa", 5).await;
    let plan = MentorshipPlanSet { price_minor: 9_900, currency: "EUR".into(), ..MentorshipPlanSet::default() };
    let catalogue = desk.elsewhere.say_at("p", day(-10), vec![Programme::MentorshipPlanSet(plan)]).await;
    desk.imported("p", "ada", "mia", day(9)).await;
    desk.imported("p", "ben", "noa", day(40)).await;
    desk.over("p", "ada", MentorshipEnd::Completed, day(14)).await;
    desk.knows_the_price(catalogue).await;
    let mut outcomes = desk.outcomes().await;
    let mut lines = async |period: &str, as_of_ms: i64, size: u32, token: &str| {
        let request = ListBillingLinesRequest {
            institution_id: "ou".into(),
            period: period.into(),
            as_of_ms,
            page_size: size,
            page_token: token.into(),
            min_position: desk.head().await,
            ..ListBillingLinesRequest::default()
        };
        outcomes.list_billing_lines(request).await.unwrap().into_inner()
    };
    let march = lines("2026-03", 0, 0, "").await;
    let told: Vec<_> =
        march.lines.iter().map(|it| (it.learner_id.as_str(), it.days, it.amount_minor, it.basis())).collect();
    assert_eq!(told, [("ada", 6, 9_900, BillingBasis::Price)]);
    assert_eq!((march.totals[0].currency.as_str(), march.totals[0].amount_minor), ("EUR", 9_900));
    let april = lines("2026-04", 0, 0, "").await;
    assert_eq!((april.lines[0].mentor_id.as_str(), april.lines[0].days), ("noa", 21), "10 to 30 April");
    assert!(lines("2026-02", 0, 0, "").await.lines.is_empty());
    let then = lines("2026-03", day(11), 0, "").await;
    assert_eq!((then.lines[0].days, then.lines[0].until_ms), (3, 0), "nobody knew of the end");
    let may = lines("2026-05", day(70), 0, "").await;
    assert_eq!((may.lines[0].amount_minor, may.lines[0].basis()), (0, BillingBasis::BilledBefore));

    desk.imported("p", "cyd", "mia", day(10)).await;
    let first = lines("2026-03", 0, 1, "").await;
    let second = lines("2026-03", 0, 1, &first.next_page_token).await;
    assert_eq!((first.lines[0].learner_id.as_str(), second.lines[0].learner_id.as_str()), ("ada", "cyd"));
    assert_eq!((first.totals[0].lines, &first.totals), (2, &second.totals), "sums are of all pages");
    assert!(lines("2026-03", 0, 1, &second.next_page_token).await.lines.is_empty());
}

pub async fn staff_sees_its_own_institution_and_learners_see_no_outcomes(desk: Desk) {
    let position = desk.joined("ada", day(0), 1).await;
    let ask = |institution: &str, scope_id: &str| GetGraduationRequest {
        institution_id: institution.into(),
        scope_id: scope_id.into(),
        min_enrolment_position: position,
        ..GetGraduationRequest::default()
    };
    let mut staff = OutcomeServiceClient::new(desk.caller("sam", &["staff"], &["ou"]).await);
    let own = staff.get_graduation(ask("ou", "")).await.unwrap().into_inner();
    assert_eq!(own.total.unwrap().all.unwrap().learners, 1);
    assert_eq!(staff.get_graduation(ask("", "p")).await.unwrap_err().code(), Code::PermissionDenied);
    let mut other = OutcomeServiceClient::new(desk.caller("sue", &["staff"], &["other"]).await);
    assert_eq!(other.get_graduation(ask("ou", "p")).await.unwrap_err().code(), Code::PermissionDenied);
    let nothing = other.get_graduation(ask("other", "p")).await.unwrap().into_inner();
    assert_eq!(nothing.total.unwrap().all.unwrap().learners, 0);
    let mut learner = OutcomeServiceClient::new(desk.learner("ada").await);
    assert_eq!(learner.get_graduation(ask("ou", "p")).await.unwrap_err().code(), Code::PermissionDenied);
    let mut outcomes = desk.outcomes().await;
    let future = GetGraduationRequest { as_of_ms: i64::MAX, ..ask("", "p") };
    for wrong in [ask("", ""), future, GetGraduationRequest { from_ms: 5, until_ms: 5, ..ask("", "p") }] {
        assert_eq!(outcomes.get_graduation(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
