//! A campus with a course, a composition, teachers and members: where classes are opened.

use crate::desk::Desk;
use studium_proto::campus::v1::{
    AddClassLearnersRequest, AddMemberRequest, ClassLearnerRow, MemberClass, MemberDescribed, OpenClassRequest,
    PlanExpired, PlanProvisioned, ScheduleClassMeetingRequest, SeatAssigned, TeacherAdded, campus_event,
    class_service_client::ClassServiceClient, dashboard_service_client::DashboardServiceClient, licence_plan_event,
};
use studium_proto::catalogue::v1::{
    AssessmentSchemeSet, CompositionAssessmentAdded, CompositionContentAdded, CompositionCreated, CompositionPublished,
    CompositionResourceAdded, CourseCreated, CourseOutcomesSet, CoursePublished, CourseSkillsSet, ModuleAdded,
    ResourceAdded, RunOpened, RunScheduled, Skill, composition_event, course_event, course_run_event,
};
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentMode, EnrolmentRequested, ProgressRecorded, enrolment_event,
};
use studium_testkit::Caller;

pub const DAY: i64 = 24 * 3_600_000;

/// The URI of the skill that the first module trains.
pub const EQUATIONS: &str = "http://data.europa.eu/esco/skill/equations";

pub type Classes = ClassServiceClient<Caller>;
pub type Dashboards = DashboardServiceClient<Caller>;

fn skill(uri: &str, label: &str) -> Skill {
    Skill { uri: uri.into(), label: label.into() }
}

fn module(module_id: &str, title: &str, place: u32) -> course_event::Event {
    let (module_id, title) = (module_id.into(), title.into());
    course_event::Event::ModuleAdded(ModuleAdded { module_id, parent_id: String::new(), place, title })
}

impl Desk {
    /// The campus `ou` with the teacher Tess, the members Ada, Ben, Cid and Dan, of whom Ada and Ben hold seats,
    /// the course `algebra` with its run `algebra-2026`, and the composition `blend` of it.
    pub async fn school(&self) {
        self.campus("ou").await;
        let tess = campus_event::Event::TeacherAdded(TeacherAdded { person_id: "tess".into() });
        self.elsewhere.say("ou", vec![tess]).await;
        for learner in ["ada", "ben", "cid", "dan"] {
            let record = Some(MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() });
            let (campus_id, learner_id) = ("ou".into(), learner.into());
            let request = AddMemberRequest { campus_id, learner_id, record, at_ms: 0 };
            self.members().await.add_member(request).await.unwrap();
        }
        // Dan's seat is another campus's, and Cid's plan is over.
        for (plan, campus, learners) in
            [("p1", "ou", &["ada", "ben"][..]), ("p2", "mit", &["dan"]), ("p3", "ou", &["cid"])]
        {
            let provisioned = PlanProvisioned { campus_id: campus.into(), seats: 2, ..PlanProvisioned::default() };
            self.elsewhere.say(plan, vec![licence_plan_event::Event::PlanProvisioned(provisioned)]).await;
            for learner in learners {
                let assigned = SeatAssigned { learner_id: (*learner).into(), ..SeatAssigned::default() };
                self.elsewhere.say(plan, vec![licence_plan_event::Event::SeatAssigned(assigned)]).await;
            }
        }
        self.elsewhere.say("p3", vec![licence_plan_event::Event::PlanExpired(PlanExpired::default())]).await;
        self.course().await;
        self.composition("blend", "ou", true).await;
    }

    async fn course(&self) {
        use course_event::Event;
        let created = CourseCreated { institution_id: "mit".into(), kind: String::new(), title: "Algebra".into() };
        let resource = ResourceAdded {
            resource_id: "r1".into(),
            module_id: "m1".into(),
            title: "Equations".into(),
            skills: vec![skill(EQUATIONS, "solve equations")],
            ..ResourceAdded::default()
        };
        let content = vec![
            Event::CourseCreated(created),
            Event::CourseOutcomesSet(CourseOutcomesSet { outcomes: vec!["You can solve equations.".into()] }),
            Event::CourseSkillsSet(CourseSkillsSet { skills: vec![skill("", "abstract thinking")] }),
            module("m1", "Equations", 0),
            module("m2", "Groups", 1),
            Event::ResourceAdded(resource),
            Event::CoursePublished(CoursePublished { version: 1, imported: true }),
        ];
        self.elsewhere.say("algebra", content).await;
        let scheduled = RunScheduled { course_id: "algebra".into(), ..RunScheduled::default() };
        let scheme = AssessmentSchemeSet { pass_mark_millipoints: 50_000, ..AssessmentSchemeSet::default() };
        let run = vec![
            course_run_event::Event::RunScheduled(scheduled),
            course_run_event::Event::AssessmentSchemeSet(scheme),
            course_run_event::Event::RunOpened(RunOpened { course_version: 1 }),
        ];
        self.elsewhere.say("algebra-2026", run).await;
    }

    /// A composition of the first module of the course, a resource and an assessment of the teacher's own.
    pub async fn composition(&self, id: &str, campus: &str, is_published: bool) -> u64 {
        use composition_event::Event;
        let content = CompositionContentAdded {
            item_id: "i1".into(),
            course_id: "algebra".into(),
            course_version: 1,
            module_id: "m1".into(),
            title: "Equations".into(),
            ..CompositionContentAdded::default()
        };
        let resource = CompositionResourceAdded {
            item_id: "i2".into(),
            place: 1,
            title: "Proofs".into(),
            skills: vec![skill("", "prove")],
            ..CompositionResourceAdded::default()
        };
        let assessment =
            CompositionAssessmentAdded { item_id: "i3".into(), place: 2, title: "Test".into(), ..Default::default() };
        let created = CompositionCreated {
            campus_id: campus.into(),
            title: "Algebra, blended".into(),
            objectives: vec!["Solve and prove.".into()],
            teacher_id: "tess".into(),
        };
        let mut events = vec![
            Event::CompositionCreated(created),
            Event::CompositionContentAdded(content),
            Event::CompositionResourceAdded(resource),
            Event::CompositionAssessmentAdded(assessment),
        ];
        if is_published {
            events.push(Event::CompositionPublished(CompositionPublished { version: 1 }));
        }
        self.elsewhere.say(id, events).await
    }

    /// How far the catalogue's stream is.
    pub async fn catalogue_head(&self) -> u64 {
        self.house.log().head("catalogue").await.unwrap()
    }

    /// The classes as Tess, a teacher of the campus, sees them.
    pub async fn classes(&self) -> Classes {
        Classes::new(self.caller("tess", &["teacher"], &["ou"]).await)
    }

    /// The classes as somebody of the staff, who may say when something happened.
    pub async fn office(&self) -> Classes {
        Classes::new(self.caller("otto", &["staff"], &["ou"]).await)
    }

    pub async fn dashboards(&self) -> Dashboards {
        Dashboards::new(self.caller("tess", &["teacher"], &["ou"]).await)
    }

    /// What opens a class on the run, with one place of its own.
    pub async fn opening(&self, class: &str) -> OpenClassRequest {
        OpenClassRequest {
            class_id: class.into(),
            campus_id: "ou".into(),
            run_id: "algebra-2026".into(),
            title: "Algebra, Monday".into(),
            term: "2026 autumn".into(),
            licence_places: 1,
            teacher_ids: vec!["tess".into()],
            catalogue_position: self.catalogue_head().await,
            min_position: self.head().await,
            ..OpenClassRequest::default()
        }
    }

    /// A class on the run with these learners, who joined at a time.
    pub async fn class_of(&self, class: &str, learners: &[&str], at_ms: i64) -> u64 {
        let request = OpenClassRequest { at_ms, ..self.opening(class).await };
        self.office().await.open_class(request).await.unwrap();
        let rows = self.add(class, learners, at_ms).await;
        assert!(rows.1.iter().all(|it| it.reason.is_empty()), "{rows:?}");
        rows.0
    }

    /// Adds learners to a class; gives the position and what came of each.
    pub async fn add(&self, class: &str, learners: &[&str], at_ms: i64) -> (u64, Vec<ClassLearnerRow>) {
        let request = AddClassLearnersRequest {
            class_id: class.into(),
            campus_id: "ou".into(),
            learner_ids: learners.iter().map(|it| (*it).to_owned()).collect(),
            min_position: self.head().await,
            at_ms,
        };
        let reply = self.office().await.add_class_learners(request).await.unwrap().into_inner();
        (reply.position, reply.rows)
    }

    /// A meeting of a class in a room, for an hour.
    pub async fn meeting(&self, class: &str, meeting: &str, starts_at_ms: i64) -> u64 {
        let request = ScheduleClassMeetingRequest {
            class_id: class.into(),
            campus_id: "ou".into(),
            meeting_id: meeting.into(),
            starts_at_ms,
            ends_at_ms: starts_at_ms + 3_600_000,
            room: "B 12".into(),
            ..ScheduleClassMeetingRequest::default()
        };
        self.classes().await.schedule_class_meeting(request).await.unwrap().into_inner().position
    }

    /// Has enrolment say that a learner is in the run since a time, and what happened then.
    pub async fn enrolled(&self, learner: &str, at_ms: i64, then: Vec<enrolment_event::Event>) -> u64 {
        let requested = EnrolmentRequested {
            course_id: "algebra".into(),
            mode: EnrolmentMode::Certificate.into(),
            ..EnrolmentRequested::default()
        };
        let id = format!("algebra-2026~{learner}");
        let begins = vec![
            enrolment_event::Event::EnrolmentRequested(requested),
            enrolment_event::Event::EnrolmentActivated(EnrolmentActivated::default()),
        ];
        let position = self.elsewhere.say_at(&id, at_ms, begins).await;
        if then.is_empty() { position } else { self.elsewhere.say_at(&id, at_ms + DAY, then).await }
    }
}

/// A module is done.
pub fn completed(module: &str) -> enrolment_event::Event {
    enrolment_event::Event::ProgressRecorded(ProgressRecorded {
        module_id: module.into(),
        minutes: 30,
        completed: true,
        added_minutes: 30,
        completed_now: true,
    })
}
