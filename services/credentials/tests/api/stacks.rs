//! From several credentials to a stack's own, and what happens when one is lost.

use crate::{
    credits::{giving, revoke},
    desk::{Desk, patiently},
    thread::verified,
};
use studium_proto::credentials::v1::{
    ApplyForStackRequest, ApproveStackRequest, AwardScheme, CheckStackRequest, CredentialState, DefineStackRequest,
    IssueCause, KeepStackAwardRequest, ListStackAwardsRequest, ReleaseStackAwardRequest, StackAward, StackAwardState,
    StackDefined, StatusReason, SuspendCredentialRequest, stack_service_client::StackServiceClient,
};
use studium_proto::enrolment::v1::{
    EnrolmentCompleted, EnrolmentMode, Outcome, enrolment_event::Event as EnrolmentEvent,
};
use studium_testkit::Caller;
use studium_vc::verify;
use tonic_types::StatusExt as _;

const A: &str = "course~AAA~1~ada~1";
const B: &str = "course~BBB~1~ada~1";

impl Desk {
    pub async fn stacks(&self) -> StackServiceClient<Caller> {
        StackServiceClient::new(self.registrar().await)
    }

    async fn stack_of_ada(&self) -> StackServiceClient<Caller> {
        StackServiceClient::new(self.house.call(&self.running, "ada", &["learner"], &[]).await.unwrap())
    }

    /// Courses `AAA` and `BBB` with 5 ECTS each, and Ada has passed both.
    async fn with_both_courses(&self) {
        self.that_gives(AwardScheme::Ects, 5_000).await;
        self.approves(giving("BBB", AwardScheme::Ects, 5_000)).await.unwrap();
        self.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
        self.passes("ada").await;
        self.completes_run("BBB-2026", "BBB", "ada").await;
        self.holds("ada", AwardScheme::Ects, 10_000).await;
    }

    /// A learner passes another course.
    async fn completes_run(&self, run: &str, course: &str, learner: &str) {
        let completed = EnrolmentCompleted {
            outcome: Outcome::Passed as i32,
            grade_millipoints: Some(70_000),
            course_id: course.into(),
            institution_id: "ou".into(),
            mode: EnrolmentMode::Credit as i32,
            identity_verified: true,
            course_version: 1,
            ..EnrolmentCompleted::default()
        };
        let id = format!("{run}~{learner}");
        self.elsewhere.say(&id, vec![EnrolmentEvent::EnrolmentCompleted(completed)]).await;
    }

    /// Version 1 of a stack of `ou` demands so many ECTS.
    pub async fn defines_stack(&self, stack_id: &str, target_milli: u32) {
        let definition = StackDefined {
            stack_id: stack_id.into(),
            version: 1,
            institution_id: "ou".into(),
            title: "Certificate of mathematics".into(),
            description: "Algebra and analysis.".into(),
            scheme: AwardScheme::Ects as i32,
            target_milli,
            eqf_level: 6,
            required_achievements: vec!["course~AAA".into()],
            ..StackDefined::default()
        };
        let define =
            DefineStackRequest { institution_id: "ou".into(), definition: Some(definition), ..Default::default() };
        self.stacks().await.define_stack(define).await.unwrap();
    }

    async fn with_stack(&self, stack_id: &str, target_milli: u32) {
        self.defines_stack(stack_id, target_milli).await;
        let mut stacks = self.stacks().await;
        let approve = ApproveStackRequest { stack_id: stack_id.into(), version: 1, ..ApproveStackRequest::default() };
        stacks.approve_stack(approve).await.unwrap();
        self.awaits(async |it| it.running.is_caught_up().await.unwrap()).await;
    }

    async fn award_of(&self, award_id: &str) -> Option<StackAward> {
        let request = ListStackAwardsRequest { min_position: self.head().await, ..ListStackAwardsRequest::default() };
        let mut stacks = self.stacks().await;
        let all = patiently!(stacks.list_stack_awards(request.clone())).unwrap().awards;
        all.into_iter().find(|it| it.award_id == award_id)
    }

    async fn award_becomes(&self, award_id: &str, state: StackAwardState) -> StackAward {
        self.awaits(async |it| it.award_of(award_id).await.is_some_and(|it| it.state() == state)).await;
        self.award_of(award_id).await.unwrap()
    }
}

fn apply(stack_id: &str, components: &[&str], min_position: u64) -> ApplyForStackRequest {
    ApplyForStackRequest {
        learner_id: "ada".into(),
        stack_id: stack_id.into(),
        version: 1,
        components: components.iter().map(|it| (*it).to_owned()).collect(),
        min_position,
        ..ApplyForStackRequest::default()
    }
}

pub async fn credentials_that_add_up_become_one_that_a_stranger_verifies(desk: Desk) {
    desk.with_both_courses().await;
    desk.with_stack("maths", 10_000).await;
    let mut stacks = desk.stack_of_ada().await;
    let short = patiently!(stacks.apply_for_stack(apply("maths", &[B], desk.head().await))).unwrap_err();
    assert_eq!(short.get_details_error_info().unwrap().reason, "STACK_CREDITS_SHORT");
    assert!(short.message().contains("STACK_REQUIRED_MISSING: `course~AAA`"), "{}", short.message());
    let check = CheckStackRequest {
        learner_id: "ada".into(),
        stack_id: "maths".into(),
        version: 1,
        min_position: desk.head().await,
        ..CheckStackRequest::default()
    };
    let told = patiently!(stacks.check_stack(check.clone())).unwrap();
    assert_eq!((told.components, told.reasons), (vec![A.to_owned(), B.to_owned()], Vec::new()));

    let done = patiently!(stacks.apply_for_stack(apply("maths", &[], desk.head().await))).unwrap();
    assert_eq!(done.id, "maths~1~ada");
    let award = desk.award_becomes("maths~1~ada", StackAwardState::Awarded).await;
    assert_eq!((award.credits_milli, award.components.len()), (10_000, 2));
    let shown = desk.becomes(&award.credential_id, CredentialState::Active).await;
    assert_eq!(shown.cause(), IssueCause::Stack);
    let report = verified(&desk, &shown.url, "application/vc+ld+json").await;
    assert_eq!(report.outcome(), verify::Outcome::Ok, "{report:?}");
    // The stack's credential brings no credits of its own, and those of its components are used.
    assert_eq!(desk.balance("ada", AwardScheme::Ects).await, Some(0));

    // Another stack cannot use them again, whoever asks.
    desk.with_stack("algebra", 5_000).await;
    let mut registrar = desk.stacks().await;
    let used = patiently!(registrar.apply_for_stack(apply("algebra", &[A], desk.head().await))).unwrap_err();
    assert_eq!(used.get_details_error_info().unwrap().reason, "STACK_ALREADY_USED");

    let release = ReleaseStackAwardRequest {
        learner_id: "ada".into(),
        award_id: "maths~1~ada".into(),
        reason: "I go another way.".into(),
        ..ReleaseStackAwardRequest::default()
    };
    stacks.release_stack_award(release).await.unwrap();
    let revoked = desk.becomes(&award.credential_id, CredentialState::Revoked).await;
    assert_eq!(revoked.status_reason(), StatusReason::LearnerRequest);
    desk.holds("ada", AwardScheme::Ects, 10_000).await;
    patiently!(registrar.apply_for_stack(apply("algebra", &[A], desk.head().await))).unwrap();
    desk.award_becomes("algebra~1~ada", StackAwardState::Awarded).await;
    desk.holds("ada", AwardScheme::Ects, 5_000).await;
}

pub async fn an_award_that_lost_a_component_waits_for_staff(desk: Desk) {
    desk.with_both_courses().await;
    desk.with_stack("maths", 10_000).await;
    let mut stacks = desk.stack_of_ada().await;
    patiently!(stacks.apply_for_stack(apply("maths", &[A, B], desk.head().await))).unwrap();
    let award = desk.award_becomes("maths~1~ada", StackAwardState::Awarded).await;
    desk.becomes(&award.credential_id, CredentialState::Active).await;
    desk.credentials().await.revoke_credential(revoke(B)).await.unwrap();
    let flagged = async |it: &Desk| it.award_of("maths~1~ada").await.unwrap().lost_components == [B];
    desk.awaits(flagged).await;
    let award = desk.award_of("maths~1~ada").await.unwrap();
    assert_eq!(award.state(), StackAwardState::Awarded, "staff decides");
    assert_eq!(desk.balance("ada", AwardScheme::Ects).await, Some(0), "what was freed was taken back");
    let keep = KeepStackAwardRequest {
        institution_id: "ou".into(),
        award_id: "maths~1~ada".into(),
        reason: "the rest was more than enough".into(),
        ..KeepStackAwardRequest::default()
    };
    desk.stacks().await.keep_stack_award(keep).await.unwrap();
    assert!(desk.award_of("maths~1~ada").await.unwrap().lost_components.is_empty());
    // Nobody else withdraws it.
    let eve = desk.house.call(&desk.running, "eve", &["learner"], &[]).await.unwrap();
    let release = ReleaseStackAwardRequest {
        learner_id: "eve".into(),
        institution_id: "ou".into(),
        award_id: "maths~1~ada".into(),
        reason: "so".into(),
        ..ReleaseStackAwardRequest::default()
    };
    assert!(StackServiceClient::new(eve).release_stack_award(release).await.is_err());
}

pub async fn who_withdraws_may_apply_again(desk: Desk) {
    desk.with_both_courses().await;
    desk.with_stack("maths", 10_000).await;
    let mut stacks = desk.stack_of_ada().await;
    patiently!(stacks.apply_for_stack(apply("maths", &[A, B], desk.head().await))).unwrap();
    desk.award_becomes("maths~1~ada", StackAwardState::Awarded).await;
    // Withdrawn at once: its credential may not even be signed, and cannot be revoked before.
    let release = ReleaseStackAwardRequest {
        learner_id: "ada".into(),
        award_id: "maths~1~ada".into(),
        reason: "too early".into(),
        ..ReleaseStackAwardRequest::default()
    };
    stacks.release_stack_award(release).await.unwrap();
    desk.holds("ada", AwardScheme::Ects, 10_000).await;
    patiently!(stacks.apply_for_stack(apply("maths", &[A, B], desk.head().await))).unwrap();
    let award = desk.award_becomes("maths~1~ada", StackAwardState::Awarded).await;
    assert_eq!((award.round, award.credential_id.as_str()), (2, "stack~maths~1~ada~2"));
    desk.becomes("stack~maths~1~ada~2", CredentialState::Active).await;
    desk.becomes("stack~maths~1~ada~1", CredentialState::Revoked).await;
}

pub async fn what_is_suspended_or_another_learners_does_not_add_up(desk: Desk) {
    desk.with_both_courses().await;
    desk.with_stack("maths", 10_000).await;
    desk.passes("bob").await;
    let bobs = "course~AAA~1~bob~1";
    desk.becomes(bobs, CredentialState::Active).await;
    let reason = StatusReason::IdFraud as i32;
    let suspend = SuspendCredentialRequest { credential_id: B.into(), reason, ..SuspendCredentialRequest::default() };
    desk.credentials().await.suspend_credential(suspend).await.unwrap();
    let mut stacks = desk.stack_of_ada().await;
    let no = patiently!(stacks.apply_for_stack(apply("maths", &[A, B, bobs], desk.head().await))).unwrap_err();
    for told in
        [format!("STACK_COMPONENT_SUSPENDED: `{B}`"), format!("STACK_COMPONENT_UNKNOWN: the learner has no `{bobs}`")]
    {
        assert!(no.message().contains(&told), "{told} is missing in {}", no.message());
    }
}
