//! Calls of the teacher's dashboard.

use super::{Api, Reply, no};
use crate::{
    class_comparison,
    class_learners::{self, ClassLearners},
    class_meetings::{ClassMeetings, ClassPresences},
    class_record::{self, ClassRecord},
    class_results::ClassResults,
    class_work::{ClassWorkDones, ClassWorks},
    classes::{ClassCourses, Classes},
    dashboard::{comparison, knowledge, progress, risk, skills},
    enrolments::Enrolments,
    module_progress::ModuleProgress,
};
use studium_kit::{Call, Fields, fault};
use studium_proto::campus::v1::{
    GetBlendedComparisonRequest, GetBlendedComparisonResponse, GetClassProgressRequest, GetClassProgressResponse,
    GetKnowledgeByModuleRequest, GetKnowledgeByModuleResponse, GetLearnersAtRiskRequest, GetLearnersAtRiskResponse,
    GetSkillsRequest, GetSkillsResponse, Reason, dashboard_service_server::DashboardService,
};
use tonic::{Request, Response, Status};

impl Api {
    /// Waits until all that the dashboard reads has seen enough.
    async fn dashboard_reached(&self, min_position: u64, enrolment_position: u64) -> Result<(), Status> {
        self.app.reached::<Classes>(min_position).await?;
        self.app.reached::<ClassCourses>(min_position).await?;
        self.app.reached::<ClassLearners>(min_position).await?;
        self.app.reached::<ClassMeetings>(min_position).await?;
        self.app.reached::<ClassPresences>(min_position).await?;
        self.app.reached::<ClassWorks>(min_position).await?;
        self.app.reached::<ClassWorkDones>(min_position).await?;
        self.app.reached::<ClassResults>(min_position).await?;
        self.app.reached_stream::<Enrolments>("enrolment", enrolment_position).await?;
        self.app.reached_stream::<ModuleProgress>("enrolment", enrolment_position).await
    }

    /// All that is known of a class, for its campus.
    async fn class_record(
        &self,
        call: &Call,
        (class_id, campus_id): (&str, &str),
        (min_position, enrolment_position): (u64, u64),
    ) -> Result<ClassRecord, Status> {
        let mut fields = Fields::new();
        fields.id("class_id", class_id);
        fields.done()?;
        self.dashboard_reached(min_position, enrolment_position).await?;
        self.class_row(call, class_id, campus_id).await?;
        self.record(class_id).await
    }

    async fn record(&self, class_id: &str) -> Result<ClassRecord, Status> {
        let record = class_record::read(self.app.store(), class_id).await.map_err(fault)?;
        record.ok_or_else(|| no(Reason::ClassNotFound, "there is no such class", class_id))
    }
}

#[tonic::async_trait]
impl DashboardService for Api {
    async fn get_class_progress(&self, request: Request<GetClassProgressRequest>) -> Reply<GetClassProgressResponse> {
        let (call, it) = Call::open(request)?;
        let positions = (it.min_position, it.enrolment_position);
        let class = self.class_record(&call, (&it.class_id, &it.campus_id), positions).await?;
        let learners = progress::learners(&class, call.now_ms());
        let totals = Some(progress::totals(&class, &learners));
        Ok(Response::new(GetClassProgressResponse { learners, totals }))
    }

    async fn get_knowledge_by_module(
        &self,
        request: Request<GetKnowledgeByModuleRequest>,
    ) -> Reply<GetKnowledgeByModuleResponse> {
        let (call, it) = Call::open(request)?;
        let positions = (it.min_position, it.enrolment_position);
        let class = self.class_record(&call, (&it.class_id, &it.campus_id), positions).await?;
        Ok(Response::new(GetKnowledgeByModuleResponse { modules: knowledge::by_module(&class) }))
    }

    async fn get_skills(&self, request: Request<GetSkillsRequest>) -> Reply<GetSkillsResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        for (field, id) in [("class_id", &it.class_id), ("learner_id", &it.learner_id)] {
            if !id.is_empty() {
                fields.id(field, id);
            }
        }
        let one = !it.class_id.is_empty() || !it.learner_id.is_empty();
        fields.check("class_id", one, "and `learner_id`: at least one is given");
        fields.done()?;
        self.dashboard_reached(it.min_position, it.enrolment_position).await?;
        let class_ids = if it.class_id.is_empty() {
            class_learners::classes_of(self.app.store(), &it.campus_id, &it.learner_id).await.map_err(fault)?
        } else {
            self.class_row(&call, &it.class_id, &it.campus_id).await?;
            vec![it.class_id]
        };
        let mut classes = Vec::with_capacity(class_ids.len());
        for class_id in class_ids {
            classes.push(self.record(&class_id).await?);
        }
        Ok(Response::new(skills::developed(&classes, &it.learner_id)))
    }

    async fn get_learners_at_risk(
        &self,
        request: Request<GetLearnersAtRiskRequest>,
    ) -> Reply<GetLearnersAtRiskResponse> {
        let (call, it) = Call::open(request)?;
        let positions = (it.min_position, it.enrolment_position);
        let class = self.class_record(&call, (&it.class_id, &it.campus_id), positions).await?;
        let usual = risk::Thresholds::usual(class.pass_mark);
        let thresholds = risk::Thresholds {
            missed_meetings: it.missed_meetings.unwrap_or(usual.missed_meetings),
            overdue_work: it.overdue_work.unwrap_or(usual.overdue_work),
            mean_below_millipoints: it.mean_below_millipoints.unwrap_or(usual.mean_below_millipoints),
            inactive_days: it.inactive_days.unwrap_or(usual.inactive_days),
        };
        Ok(Response::new(GetLearnersAtRiskResponse {
            learners: risk::at_risk(&class, thresholds, call.now_ms()),
            missed_meetings: thresholds.missed_meetings,
            overdue_work: thresholds.overdue_work,
            mean_below_millipoints: thresholds.mean_below_millipoints,
            inactive_days: thresholds.inactive_days,
        }))
    }

    async fn get_blended_comparison(
        &self,
        request: Request<GetBlendedComparisonRequest>,
    ) -> Reply<GetBlendedComparisonResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.id("campus_id", &it.campus_id);
        fields.done()?;
        self.dashboard_reached(it.min_position, it.enrolment_position).await?;
        let enrolled = class_comparison::enrolled(self.app.store(), &it.course_id).await.map_err(fault)?;
        let memberships = class_comparison::memberships(self.app.store(), &it.course_id).await.map_err(fault)?;
        let (blended, online) = comparison::sides(enrolled, &memberships, &it.campus_id);
        Ok(Response::new(GetBlendedComparisonResponse { blended: Some(blended), online: Some(online) }))
    }
}
