//! Calls that concern compositions, which are seen by their campus only.

use super::{Api, Reply, checks, done, may_read, missing, page, read};
use crate::{
    composition::{Campus, Command, Composition},
    composition_page::{self, CompositionPage},
    course::Course,
    institution::Institution,
    licences::{self, Licences},
};
use studium_kit::{Call, Fields, Outcome, fault};
use studium_proto::catalogue::v1::{
    AddContentRequest, AddContentResponse, AddOwnAssessmentRequest, AddOwnAssessmentResponse, AddOwnResourceRequest,
    AddOwnResourceResponse, CompositionAssessmentAdded, CompositionContentAdded, CompositionCreated,
    CompositionDescribed, CompositionItemMoved, CompositionResourceAdded, CreateCompositionRequest,
    CreateCompositionResponse, DescribeCompositionRequest, DescribeCompositionResponse, GetCompositionRequest,
    GetCompositionResponse, ListCompositionsRequest, ListCompositionsResponse, MoveItemRequest, MoveItemResponse,
    PublishCompositionRequest, PublishCompositionResponse, Reason, RemoveItemRequest, RemoveItemResponse, ResourceKind,
    composition_event::Event, composition_service_server::CompositionService,
};
use tonic::{Request, Response, Status};

impl Api {
    async fn composition(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (composition_id, campus_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("composition_id", composition_id);
        self.ask::<Composition, _>(call, at_ms, fields, (composition_id, campus_id), command).await
    }
}

#[tonic::async_trait]
impl CompositionService for Api {
    async fn create_composition(&self, request: Request<CreateCompositionRequest>) -> Reply<CreateCompositionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("composition_id", &it.composition_id);
        fields.id("campus_id", &it.campus_id);
        fields.text("title", &it.title, checks::TITLE);
        checks::texts(&mut fields, "objectives", &it.objectives, checks::TITLE);
        fields.done()?;
        let institution = self.app.state::<Institution>(&it.campus_id).await?;
        let campus = match (institution.is_registered(), institution.is_campus()) {
            (_, true) => Campus::Authorised,
            (true, false) => Campus::NotAuthorised,
            (false, false) => Campus::Unknown,
        };
        let composition = CompositionCreated {
            campus_id: it.campus_id.clone(),
            title: it.title,
            objectives: it.objectives,
            teacher_id: call.meta.actor.clone(),
        };
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        let command = Command::Create { composition, campus };
        done!(CreateCompositionResponse, self.composition(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn describe_composition(
        &self,
        request: Request<DescribeCompositionRequest>,
    ) -> Reply<DescribeCompositionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.text("title", &it.title, checks::TITLE);
        checks::texts(&mut fields, "objectives", &it.objectives, checks::TITLE);
        let command = Command::Describe(CompositionDescribed { title: it.title, objectives: it.objectives });
        done!(
            DescribeCompositionResponse,
            self.composition(call, it.at_ms, fields, (&it.composition_id, &it.campus_id), command).await?
        )
    }

    async fn add_content(&self, request: Request<AddContentRequest>) -> Reply<AddContentResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("composition_id", &it.composition_id);
        fields.id("item_id", &it.item_id);
        fields.id("course_id", &it.course_id);
        fields.optional_id("module_id", &it.module_id);
        fields.done()?;
        self.app.reached_stream::<Licences>("campus", it.campus_position).await?;
        let course = self.app.state::<Course>(&it.course_id).await?;
        let part = course.part(it.course_version, &it.module_id);
        let campus = self.app.look::<Composition, _>(&it.composition_id, |it| it.campus_id().to_owned()).await?;
        let is_own = course.institution_id() == Some(campus.as_str());
        let licensed = is_own || licences::cover(self.app.store(), &campus, &it.course_id).await.map_err(fault)?;
        let content = CompositionContentAdded {
            item_id: it.item_id,
            place: it.place.unwrap_or(u32::MAX),
            course_id: it.course_id,
            course_version: it.course_version,
            module_id: it.module_id,
            title: String::new(),
        };
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        let command = Command::AddContent { content, part, licensed };
        done!(AddContentResponse, self.composition(call, it.at_ms, Fields::new(), ids, command).await?)
    }

    async fn add_own_resource(&self, request: Request<AddOwnResourceRequest>) -> Reply<AddOwnResourceResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("item_id", &it.item_id);
        checks::known::<ResourceKind>(&mut fields, "kind", it.kind, true);
        fields.text("title", &it.title, checks::TITLE);
        checks::url(&mut fields, "url", &it.url);
        checks::skills(&mut fields, "skills", &it.skills);
        let command = Command::AddResource(CompositionResourceAdded {
            item_id: it.item_id,
            place: it.place.unwrap_or(u32::MAX),
            kind: it.kind,
            title: it.title,
            url: it.url,
            minutes: it.minutes,
            skills: it.skills,
        });
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        done!(AddOwnResourceResponse, self.composition(call, it.at_ms, fields, ids, command).await?)
    }

    async fn add_own_assessment(&self, request: Request<AddOwnAssessmentRequest>) -> Reply<AddOwnAssessmentResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("item_id", &it.item_id);
        fields.text("title", &it.title, checks::TITLE);
        fields.text("kind", &it.kind, checks::WORD);
        fields.check("weight_millipoints", it.weight_millipoints <= 100_000, "is above 100,000");
        let command = Command::AddAssessment(CompositionAssessmentAdded {
            item_id: it.item_id,
            place: it.place.unwrap_or(u32::MAX),
            title: it.title,
            kind: it.kind,
            weight_millipoints: it.weight_millipoints,
            minutes: it.minutes,
        });
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        done!(AddOwnAssessmentResponse, self.composition(call, it.at_ms, fields, ids, command).await?)
    }

    async fn move_item(&self, request: Request<MoveItemRequest>) -> Reply<MoveItemResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("item_id", &it.item_id);
        let place = it.place.unwrap_or(u32::MAX);
        let command = Command::MoveItem(CompositionItemMoved { item_id: it.item_id, place });
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        done!(MoveItemResponse, self.composition(call, it.at_ms, fields, ids, command).await?)
    }

    async fn remove_item(&self, request: Request<RemoveItemRequest>) -> Reply<RemoveItemResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("item_id", &it.item_id);
        let command = Command::RemoveItem { item_id: it.item_id };
        done!(
            RemoveItemResponse,
            self.composition(call, it.at_ms, fields, (&it.composition_id, &it.campus_id), command).await?
        )
    }

    async fn publish_composition(
        &self,
        request: Request<PublishCompositionRequest>,
    ) -> Reply<PublishCompositionResponse> {
        let (call, it) = Call::open(request)?;
        let ids = (it.composition_id.as_str(), it.campus_id.as_str());
        let outcome = self.composition(call, it.at_ms, Fields::new(), ids, Command::Publish).await?;
        let version = self.app.state::<Composition>(&it.composition_id).await?.version();
        done!(PublishCompositionResponse, outcome, version: version)
    }

    async fn get_composition(&self, request: Request<GetCompositionRequest>) -> Reply<GetCompositionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("composition_id", &it.composition_id);
        fields.done()?;
        self.seen::<CompositionPage>(it.min_position).await?;
        let found = read(composition_page::composition(self.app.store(), &it.composition_id, it.version).await)?;
        let Some(composition) = found else { return Err(missing(Reason::CompositionNotFound, "such composition")) };
        may_read(&call, &it.campus_id, &composition.campus_id)?;
        Ok(Response::new(GetCompositionResponse { composition: Some(composition) }))
    }

    async fn list_compositions(&self, request: Request<ListCompositionsRequest>) -> Reply<ListCompositionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("campus_id", &it.campus_id);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<CompositionPage>(it.min_position).await?;
        let listed = composition_page::compositions(self.app.store(), &it.campus_id, &page).await;
        let (compositions, next_page_token) = read(listed)?;
        Ok(Response::new(ListCompositionsResponse { compositions, next_page_token }))
    }
}
