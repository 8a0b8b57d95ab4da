//! A term in which everything happens of which a partner can be told, each thing at least once.

use crate::desk::{Acts, DAY, Desk, People, asking};
use studium_proto::catalogue::v1::{
    CourseDescribed, CoursePublished, RunOpened, RunScheduled, course_event, course_run_event,
};
use studium_proto::enrolment::v1::{
    ChangeEmailRequest, ChangeModeRequest, ConcludeRequest, ConsentScope, DeclineInvitationRequest, DeferRequest,
    EnrolRequest, EnrolmentMode, EnrolmentSource, EnrolmentState, ExpireRequest, ExternalId, FailRequest,
    GiveConsentRequest, InviteRequest, LinkExternalIdRequest, RecordPaymentRequest, RecordProgressRequest,
    RecordResultRequest, RegisterLearnerRequest, ReinstateRequest, SuspendRequest, UnlinkExternalIdRequest,
    WithdrawConsentRequest, WithdrawRequest,
};

/// The partner.
pub const PARTNER: &str = "ou";

const STATISTICS: &str = "statistics-spring";
const STATISTICS_LATER: &str = "statistics-autumn";
const BIOLOGY: &str = "biology-spring";
const PHYSICS: &str = "physics-elsewhere";

/// Plays the term: one thing a day, so that every run of it has the same order.
pub struct Term<'a> {
    desk: &'a Desk,
    acts: Acts,
    people: People,
    day: i64,
}

impl<'a> Term<'a> {
    pub async fn play(desk: &'a Desk) {
        let mut term = Self { desk, acts: desk.acts().await, people: desk.people().await, day: -100 };
        term.catalogue().await;
        for learner in ["ada", "ben", "cyd", "dan", "eve", "fay", "gus", "hal"] {
            term.registers(learner, &format!("{PARTNER}-{learner}")).await;
        }
        term.registers("ivy", "").await;
        term.ada_completes().await;
        term.ben_pays().await;
        term.cyd_makes_room_for_dan().await;
        term.eve_and_fay_are_invited().await;
        term.gus_comes_later_and_hal_fails().await;
        term.ivy_comes_into_view_and_leaves_it().await;
    }

    /// The next day, Unix milliseconds.
    fn next(&mut self) -> i64 {
        self.day += 1;
        self.desk.now + self.day * DAY
    }

    async fn catalogue(&mut self) {
        self.desk.open_run(STATISTICS, "statistics", 0, false).await;
        self.desk.run_says(STATISTICS, vec![self.desk.scheme()]).await;
        self.desk.open_run(STATISTICS_LATER, "statistics", 0, false).await;
        let described = CourseDescribed { price_minor: 4_900, currency: "EUR".into(), ..CourseDescribed::default() };
        let published = CoursePublished { version: 1, ..CoursePublished::default() };
        let priced = [course_event::Event::CourseDescribed(described), course_event::Event::CoursePublished(published)];
        self.desk.course_says("statistics", priced.into()).await;
        self.desk.open_run(BIOLOGY, "biology", 1, true).await;
        let course_run_event::Event::RunScheduled(run) = self.desk.scheduled("physics", 0, false) else { panic!() };
        let elsewhere = RunScheduled { institution_id: "elsewhere".into(), ..run };
        let opened = course_run_event::Event::RunOpened(RunOpened { course_version: 1 });
        self.desk.run_says(PHYSICS, vec![course_run_event::Event::RunScheduled(elsewhere), opened]).await;
    }

    async fn registers(&mut self, learner: &str, external_id: &str) {
        let ids = [ExternalId { institution_id: PARTNER.into(), external_id: external_id.into() }];
        let request = RegisterLearnerRequest {
            learner_id: learner.into(),
            name: format!("{}{} Example", learner[..1].to_uppercase(), &learner[1..]),
            email: format!("{learner}@learners.example"),
            external_ids: ids.into_iter().filter(|it| !it.external_id.is_empty()).collect(),
            at_ms: self.desk.now - 120 * DAY,
        };
        self.people.register_learner(request).await.unwrap();
    }

    async fn consents(&mut self, learner: &str, scopes: &[ConsentScope]) {
        let request = GiveConsentRequest {
            learner_id: learner.into(),
            institution_id: PARTNER.into(),
            scopes: scopes.iter().map(|it| *it as i32).collect(),
            at_ms: self.next(),
            ..GiveConsentRequest::default()
        };
        self.people.give_consent(request).await.unwrap();
    }

    async fn enrols(&mut self, run: &str, learner: &str, source: EnrolmentSource) {
        let catalogue_position = self.desk.house.log().head("catalogue").await.unwrap();
        let (source, at_ms) = (source.into(), self.next());
        let request = EnrolRequest { source, catalogue_position, at_ms, ..asking(run, learner) };
        self.acts.enrol(request).await.unwrap();
    }

    async fn result(&mut self, learner: &str, assessment_id: &str, score: u32) {
        let request = RecordResultRequest {
            run_id: STATISTICS.into(),
            learner_id: learner.into(),
            assessment_id: assessment_id.into(),
            score_millipoints: Some(score),
            at_ms: self.next(),
            ..RecordResultRequest::default()
        };
        self.acts.record_result(request).await.unwrap();
    }

    /// Someone who lets the partner see everything: from joining to passing.
    async fn ada_completes(&mut self) {
        self.enrols(STATISTICS, "ada", EnrolmentSource::Staff).await;
        self.consents("ada", &[ConsentScope::Name, ConsentScope::Email, ConsentScope::Results]).await;
        let (run_id, learner_id) = (STATISTICS.to_owned(), "ada".to_owned());
        let (mode, at_ms) = (EnrolmentMode::Credit.into(), self.next());
        let request = ChangeModeRequest {
            run_id: run_id.clone(),
            learner_id: learner_id.clone(),
            mode,
            at_ms,
            reason: "needs the credits".into(),
            ..ChangeModeRequest::default()
        };
        self.acts.change_mode(request).await.unwrap();
        let request = RecordProgressRequest {
            run_id: run_id.clone(),
            learner_id: learner_id.clone(),
            module_id: "averages".into(),
            minutes: 90,
            completed: true,
            at_ms: self.next(),
            ..RecordProgressRequest::default()
        };
        self.acts.record_progress(request).await.unwrap();
        self.result("ada", "tma", 81_500).await;
        let (email, at_ms) = ("ada@work.example".to_owned(), self.next());
        let request = ChangeEmailRequest { learner_id: learner_id.clone(), email, at_ms };
        self.people.change_email(request).await.unwrap();
        self.result("ada", "exam", 74_000).await;
        let at_ms = self.next();
        self.acts.conclude(ConcludeRequest { run_id, learner_id, at_ms, ..ConcludeRequest::default() }).await.unwrap();
    }

    /// Someone who pays, and takes a consent back.
    async fn ben_pays(&mut self) {
        self.enrols(STATISTICS, "ben", EnrolmentSource::SelfPaid).await;
        let request = RecordPaymentRequest {
            run_id: STATISTICS.into(),
            learner_id: "ben".into(),
            payment_id: "payment-1".into(),
            amount_minor: 4_900,
            currency: "EUR".into(),
            at_ms: self.next(),
            ..RecordPaymentRequest::default()
        };
        self.acts.record_payment(request).await.unwrap();
        self.desk.becomes(STATISTICS, "ben", EnrolmentState::Active).await;
        self.consents("ben", &[ConsentScope::Name, ConsentScope::Results]).await;
        let (learner_id, institution_id, at_ms) = ("ben".into(), PARTNER.into(), self.next());
        let scopes = vec![ConsentScope::Results.into()];
        let request = WithdrawConsentRequest { learner_id, institution_id, scopes, at_ms };
        self.people.withdraw_consent(request).await.unwrap();
    }

    /// One seat and two who want it.
    async fn cyd_makes_room_for_dan(&mut self) {
        self.enrols(BIOLOGY, "cyd", EnrolmentSource::Staff).await;
        self.desk.becomes(BIOLOGY, "cyd", EnrolmentState::Active).await;
        self.enrols(BIOLOGY, "dan", EnrolmentSource::Staff).await;
        self.desk.becomes(BIOLOGY, "dan", EnrolmentState::Waitlisted).await;
        let (run_id, learner_id) = (BIOLOGY.to_owned(), "cyd".to_owned());
        let (reason, at_ms) = ("fees".to_owned(), self.next());
        let (run, learner) = (run_id.clone(), learner_id.clone());
        let rest = SuspendRequest { run_id: run, learner_id: learner, reason, at_ms, ..SuspendRequest::default() };
        self.acts.suspend(rest).await.unwrap();
        let (reason, at_ms) = ("paid".to_owned(), self.next());
        let (run, learner) = (run_id.clone(), learner_id.clone());
        let back = ReinstateRequest { run_id: run, learner_id: learner, reason, at_ms, ..ReinstateRequest::default() };
        self.acts.reinstate(back).await.unwrap();
        let (reason, at_ms) = ("moved away".to_owned(), self.next());
        let leave = WithdrawRequest { run_id, learner_id, reason, at_ms, ..WithdrawRequest::default() };
        self.acts.withdraw(leave).await.unwrap();
        self.desk.becomes(BIOLOGY, "dan", EnrolmentState::Active).await;
    }

    async fn eve_and_fay_are_invited(&mut self) {
        let catalogue_position = self.desk.house.log().head("catalogue").await.unwrap();
        for learner in ["eve", "fay"] {
            let request = InviteRequest {
                run_id: STATISTICS.into(),
                learner_id: learner.into(),
                expires_at_ms: self.desk.now + DAY,
                catalogue_position,
                at_ms: self.next(),
                ..InviteRequest::default()
            };
            self.acts.invite(request).await.unwrap();
        }
        let (run_id, learner_id, at_ms) = (STATISTICS.into(), "eve".into(), self.next());
        let request = DeclineInvitationRequest { run_id, learner_id, at_ms, ..DeclineInvitationRequest::default() };
        self.acts.decline_invitation(request).await.unwrap();
        let (run_id, learner_id, at_ms) = (STATISTICS.into(), "fay".into(), self.next());
        self.acts.expire(ExpireRequest { run_id, learner_id, at_ms, ..ExpireRequest::default() }).await.unwrap();
    }

    async fn gus_comes_later_and_hal_fails(&mut self) {
        self.enrols(STATISTICS, "gus", EnrolmentSource::Staff).await;
        let request = DeferRequest {
            run_id: STATISTICS.into(),
            learner_id: "gus".into(),
            to_run_id: STATISTICS_LATER.into(),
            reason: "illness".into(),
            at_ms: self.next(),
            ..DeferRequest::default()
        };
        self.acts.defer(request).await.unwrap();
        self.desk.becomes(STATISTICS_LATER, "gus", EnrolmentState::Active).await;
        self.enrols(STATISTICS, "hal", EnrolmentSource::Staff).await;
        for (assessment, score) in [("tma", 31_000), ("exam", 24_500)] {
            self.result("hal", assessment, score).await;
        }
        let (run_id, learner_id, at_ms) = (STATISTICS.into(), "hal".into(), self.next());
        self.acts.fail(FailRequest { run_id, learner_id, at_ms, ..FailRequest::default() }).await.unwrap();
    }

    /// Someone in another institution's course, who for some time is one of the partner's.
    async fn ivy_comes_into_view_and_leaves_it(&mut self) {
        self.enrols(PHYSICS, "ivy", EnrolmentSource::Staff).await;
        let (learner_id, institution_id, external_id) = ("ivy".to_owned(), PARTNER.to_owned(), "ou-ivy".to_owned());
        let (learner, institution, id, at_ms) =
            (learner_id.clone(), institution_id.clone(), external_id.clone(), self.next());
        let link = LinkExternalIdRequest { learner_id: learner, institution_id: institution, external_id: id, at_ms };
        self.people.link_external_id(link).await.unwrap();
        let at_ms = self.next();
        let unlink = UnlinkExternalIdRequest { learner_id, institution_id, external_id, at_ms };
        self.people.unlink_external_id(unlink).await.unwrap();
    }
}
