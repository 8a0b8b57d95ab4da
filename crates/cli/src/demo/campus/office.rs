//! Who acts on the campus: connections in their names.

use super::people::{ADMINISTRATOR, CAMPUS, Calendar, TEACHER};
use crate::{client::Channel, demo::desk::Desk, token::Wanted};
use anyhow::Result;
use studium_proto::campus::v1::{
    class_service_client::ClassServiceClient, dashboard_service_client::DashboardServiceClient,
    plan_service_client::PlanServiceClient, provision_service_client::ProvisionServiceClient,
};

/// Everybody who acts in the campus's story.
pub struct Office<'a> {
    /// The desk of the whole demo.
    pub desk: &'a Desk,
    /// When it happens.
    pub calendar: Calendar,
    /// The platform's registrar, at the campus service.
    pub registrar: Channel,
    /// The campus's administrator, at the campus service.
    pub administrator: Channel,
    /// The campus's teacher, at the campus service.
    pub teacher: Channel,
    /// The same teacher, at the catalogue.
    pub author: Channel,
    /// The platform's registrar, at the catalogue.
    pub shelves: Channel,
}

fn who(subject: &str, role: &str, institution: &str) -> Wanted {
    Wanted {
        subject: subject.to_owned(),
        roles: vec![role.to_owned()],
        institutions: if institution.is_empty() { vec![] } else { vec![institution.to_owned()] },
        ..Wanted::default()
    }
}

impl<'a> Office<'a> {
    /// Connects everybody.
    pub async fn open(desk: &'a Desk) -> Result<Self> {
        let (platform, teacher) = (&desk.platform, who(TEACHER, "teacher", CAMPUS));
        let registrar = who("demo-registrar", "registrar", "");
        Ok(Self {
            desk,
            calendar: Calendar::of(jiff::Timestamp::now())?,
            registrar: platform.connect_as("campus", &registrar).await?,
            administrator: platform.connect_as("campus", &who(ADMINISTRATOR, "campus_administrator", CAMPUS)).await?,
            teacher: platform.connect_as("campus", &teacher).await?,
            author: platform.connect_as("catalogue", &teacher).await?,
            shelves: platform.connect_as("catalogue", &registrar).await?,
        })
    }

    /// Plans as a learner sees them.
    pub async fn learner(&self, learner_id: &str) -> Result<PlanServiceClient<Channel>> {
        let learner = who(learner_id, "learner", "");
        Ok(PlanServiceClient::new(self.desk.platform.connect_as("campus", &learner).await?))
    }

    /// Plans as the administrator sees them.
    pub fn plans(&self) -> PlanServiceClient<Channel> {
        PlanServiceClient::new(self.administrator.clone())
    }

    /// Plans as the registrar sees them.
    pub fn all_plans(&self) -> PlanServiceClient<Channel> {
        PlanServiceClient::new(self.registrar.clone())
    }

    /// Where campuses are set up.
    pub fn provisioning(&self) -> ProvisionServiceClient<Channel> {
        ProvisionServiceClient::new(self.registrar.clone())
    }

    /// Classes as the teacher sees them.
    pub fn classes(&self) -> ClassServiceClient<Channel> {
        ClassServiceClient::new(self.teacher.clone())
    }

    /// The teacher's dashboard.
    pub fn dashboard(&self) -> DashboardServiceClient<Channel> {
        DashboardServiceClient::new(self.teacher.clone())
    }
}
