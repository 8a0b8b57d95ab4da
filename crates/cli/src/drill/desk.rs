//! What the load acts on: a course with an open run and one of few seats, an issuer, a campus with a plan, and mentors.

use crate::{
    client::{Channel, failed},
    platform::Platform,
};
use anyhow::{Context as _, Result, bail, ensure};
use futures::stream;
use std::{collections::BTreeMap, time::Duration};
use studium_proto::{
    campus::v1::{
        MemberClass, PlanKind, PlanTermsSet, ProvisionPlanRequest, RegisterCampusRequest, SignAgreementRequest,
        agreement_service_client::AgreementServiceClient, campus_service_client::CampusServiceClient,
        plan_service_client::PlanServiceClient,
    },
    catalogue::v1::{
        AuthoriseInstitutionRequest, Authority, CourseLevel, DefineSelectionRequest, ImportCoursesRequest,
        OpenRunRequest, Pacing, RegisterInstitutionRequest, ScheduleRunRequest,
        course_run_service_client::CourseRunServiceClient, import_service_client::ImportServiceClient,
        institution_service_client::InstitutionServiceClient, selection_service_client::SelectionServiceClient,
    },
    credentials::v1::{
        AchievementDefined, AchievementSource, ApproveAchievementRequest, AwardScheme, AwardedCredit,
        CreateIssuerKeyRequest, DefineAchievementRequest, DraftAchievementRequest, PublishIssuerRequest,
        achievement_service_client::AchievementServiceClient, issuer_service_client::IssuerServiceClient,
    },
    enrolment::v1::{GetRunOfferRequest, enrolment_query_service_client::EnrolmentQueryServiceClient},
    mentorship::v1::{MentorDescribed, RegisterMentorRequest, mentor_service_client::MentorServiceClient},
};
use tokio::time::{Instant, sleep};

/// The university, which is also the campus and the issuer.
pub const UNIVERSITY: &str = "drill-university";

/// Its course.
pub const COURSE: &str = "drill-course";

/// The run that everybody may join, and the one with few seats and a waiting list.
pub const OPEN: &str = "drill-open";
pub const TIGHT: &str = "drill-tight";
const SEATS: u32 = 12;

/// The campus's plan.
pub const PLAN: &str = "drill-plan";
const PLAN_SEATS: u32 = 100_000;

/// The programme for which mentors are asked, and the mentors with their places: fewer than are asked for.
pub const PROGRAMME: &str = "drill-programme";
const MENTORS: u32 = 4;
const PLACES: u32 = 8;

/// A year, milliseconds.
const YEAR_MS: i64 = 365 * 24 * 3_600_000;

/// How long what was set up may take to be known everywhere.
const PATIENCE: Duration = Duration::from_mins(1);

/// Connections to every replica of the services, and what they must know before they are asked.
#[derive(Clone)]
pub struct Desk {
    channels: BTreeMap<&'static str, Vec<Channel>>,
    /// Position of the catalogue at which all is offered.
    pub catalogue: u64,
    /// The course as the catalogue names it.
    pub course_id: String,
}

impl Desk {
    /// Connects, and sets everything up.
    ///
    /// # Errors
    /// When a service refuses.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let mut channels = BTreeMap::new();
        for entry in &crate::supervise::SERVICES {
            channels.insert(entry.name, platform.connect_to_all(entry.name, &["registrar", "operator"]).await?);
        }
        let mut desk = Self { channels, catalogue: 0, course_id: String::new() };
        desk.offer().await?;
        desk.issue().await?;
        desk.provide().await?;
        desk.mentor().await?;
        desk.is_known().await?;
        Ok(desk)
    }

    /// A connection to a service; another number may lead to another replica.
    pub fn to(&self, service: &str, number: u64) -> Channel {
        let all = &self.channels[service];
        all[number as usize % all.len()].clone()
    }

    /// The university, its course, and two runs of it.
    async fn offer(&mut self) -> Result<()> {
        let catalogue = self.to("catalogue", 0);
        let mut institutions = InstitutionServiceClient::new(catalogue.clone());
        let register = RegisterInstitutionRequest {
            institution_id: UNIVERSITY.to_owned(),
            name: "Drill University".to_owned(),
            country: "IE".to_owned(),
            at_ms: 0,
        };
        institutions.register_institution(register).await.map_err(failed)?;
        for authority in [Authority::Issuer, Authority::Campus] {
            let (institution_id, authority) = (UNIVERSITY.to_owned(), authority.into());
            let authorise = AuthoriseInstitutionRequest { institution_id, authority, at_ms: 0 };
            institutions.authorise_institution(authorise).await.map_err(failed)?;
        }
        let course = ImportCoursesRequest {
            row: 1,
            slug: COURSE.to_owned(),
            title: "A course to drill with".to_owned(),
            institution: "Drill University".to_owned(),
            institution_id: UNIVERSITY.to_owned(),
            level: CourseLevel::Beginner.into(),
            language: "English".to_owned(),
            hours: 125.0,
            ..ImportCoursesRequest::default()
        };
        let rows = ImportServiceClient::new(catalogue.clone()).import_courses(stream::iter([course])).await;
        let row = rows.map_err(failed)?.into_inner().message().await.map_err(failed)?.context("a row is answered")?;
        ensure!(row.reason.is_empty(), "the course was refused: {} ({})", row.detail, row.reason);
        self.course_id = row.course_id;
        let mut runs = CourseRunServiceClient::new(catalogue.clone());
        let now = studium_log::now_ms();
        for (run, capacity) in [(OPEN, 0), (TIGHT, SEATS)] {
            let schedule = ScheduleRunRequest {
                run_id: run.to_owned(),
                course_id: self.course_id.clone(),
                starts_at_ms: now - YEAR_MS,
                ends_at_ms: now + YEAR_MS,
                pacing: Pacing::Self_.into(),
                capacity,
                waiting_list: capacity > 0,
                ..ScheduleRunRequest::default()
            };
            runs.schedule_run(schedule).await.map_err(failed)?;
            let open = OpenRunRequest { run_id: run.to_owned(), ..OpenRunRequest::default() };
            self.catalogue = runs.open_run(open).await.map_err(failed)?.into_inner().position;
        }
        let selection = DefineSelectionRequest {
            selection_id: UNIVERSITY.to_owned(),
            title: "What the campus pays for".to_owned(),
            picked_course_ids: vec![self.course_id.clone()],
            min_position: self.catalogue,
            ..DefineSelectionRequest::default()
        };
        let defined = SelectionServiceClient::new(catalogue).define_selection(selection).await.map_err(failed)?;
        self.catalogue = defined.into_inner().position;
        Ok(())
    }

    /// An achievement, so that everybody who passes the course gets a credential.
    async fn issue(&self) -> Result<()> {
        let (institution_id, at_ms) = (UNIVERSITY.to_owned(), 0);
        let credentials = self.to("credentials", 0);
        let mut issuers = IssuerServiceClient::new(credentials.clone());
        let publish =
            PublishIssuerRequest { institution_id: institution_id.clone(), catalogue_position: self.catalogue, at_ms };
        issuers.publish_issuer(publish).await.map_err(failed)?;
        let key = CreateIssuerKeyRequest { institution_id: institution_id.clone(), at_ms };
        issuers.create_issuer_key(key).await.map_err(failed)?;
        let mut achievements = AchievementServiceClient::new(credentials);
        let draft = DraftAchievementRequest {
            institution_id: institution_id.clone(),
            source: AchievementSource::Course.into(),
            source_id: self.course_id.clone(),
            source_version: 1,
            catalogue_position: self.catalogue,
        };
        let draft = achievements.draft_achievement(draft).await.map_err(failed)?.into_inner().definition;
        let definition = AchievementDefined {
            description: "What a drill issues.".to_owned(),
            outcomes: vec!["Keeps calm.".to_owned(), "Carries on.".to_owned(), "Counts afterwards.".to_owned()],
            study_minutes: 7_500,
            eqf_level: 6,
            credits: vec![AwardedCredit { scheme: AwardScheme::Ects.into(), credits_milli: 5_000 }],
            ..draft.context("a draft is a definition")?
        };
        let (id, definition) = (institution_id.clone(), Some(definition));
        let define = DefineAchievementRequest { institution_id: id, definition, at_ms };
        let achievement_id = achievements.define_achievement(define).await.map_err(failed)?.into_inner().id;
        let approve = ApproveAchievementRequest { institution_id, achievement_id, at_ms };
        achievements.approve_achievement(approve).await.map_err(failed)?;
        Ok(())
    }

    /// A campus with a plan that pays for its students.
    async fn provide(&self) -> Result<()> {
        let (channel, now) = (self.to("campus", 0), studium_log::now_ms());
        let register = RegisterCampusRequest {
            campus_id: UNIVERSITY.to_owned(),
            name: "Drill Campus".to_owned(),
            catalogue_position: self.catalogue,
            at_ms: 0,
        };
        let registered = CampusServiceClient::new(channel.clone()).register_campus(register).await.map_err(failed)?;
        let sign = SignAgreementRequest {
            agreement_id: "drill-agreement".to_owned(),
            campus_id: UNIVERSITY.to_owned(),
            title: "Drill".to_owned(),
            starts_at_ms: now - YEAR_MS,
            campus_position: registered.into_inner().position,
            ..SignAgreementRequest::default()
        };
        AgreementServiceClient::new(channel.clone()).sign_agreement(sign).await.map_err(failed)?;
        let terms = PlanTermsSet {
            title: PLAN.to_owned(),
            selection_id: UNIVERSITY.to_owned(),
            member_classes: vec![MemberClass::Student.into()],
            ..PlanTermsSet::default()
        };
        let provision = ProvisionPlanRequest {
            plan_id: PLAN.to_owned(),
            agreement_id: "drill-agreement".to_owned(),
            campus_id: UNIVERSITY.to_owned(),
            kind: PlanKind::Internal.into(),
            terms: Some(terms),
            seats: PLAN_SEATS,
            starts_at_ms: now - YEAR_MS,
            ends_at_ms: now + YEAR_MS,
            catalogue_position: self.catalogue,
            at_ms: 0,
        };
        PlanServiceClient::new(channel).provision_plan(provision).await.map(drop).map_err(failed)
    }

    /// Mentors with few places.
    async fn mentor(&self) -> Result<()> {
        let mut mentors = MentorServiceClient::new(self.to("mentorship", 0));
        for n in 0..MENTORS {
            let profile = MentorDescribed {
                name: format!("Mentor {n}"),
                skills: vec!["calm".to_owned()],
                languages: vec!["en".to_owned()],
                time_zone: "Europe/Dublin".to_owned(),
                about: String::new(),
            };
            let register = RegisterMentorRequest {
                mentor_id: format!("drill-mentor-{n}"),
                institution_id: UNIVERSITY.to_owned(),
                profile: Some(profile),
                capacity: PLACES,
                at_ms: 0,
            };
            mentors.register_mentor(register).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Waits until enrolment knows both runs.
    async fn is_known(&self) -> Result<()> {
        let mut offers = EnrolmentQueryServiceClient::new(self.to("enrolment", 0));
        let deadline = Instant::now() + PATIENCE;
        for run in [OPEN, TIGHT] {
            let wanted = GetRunOfferRequest { run_id: run.to_owned(), catalogue_position: self.catalogue };
            while let Err(e) = offers.get_run_offer(wanted.clone()).await {
                if Instant::now() > deadline {
                    bail!(failed(e));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}
