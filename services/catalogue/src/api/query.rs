//! Calls that show the catalogue: search, pages, lists, and what has changed.

use super::{Api, Reply, checks, may_read, missing, page, read};
use crate::{
    change_feed, course_facets,
    course_page::{self, CoursePage},
    course_search::{self, CourseSearch},
    institution_list::{self, InstitutionList},
    programme_page::{self, ProgrammePage},
    run_list::{self, RunList},
};
use futures::stream::{self, BoxStream};
use std::{collections::VecDeque, time::Duration};
use studium_kit::{App, Call, Fields};
use studium_proto::catalogue::v1::{
    Authority, Change, FollowChangesRequest, FollowChangesResponse, GetCourseDraftRequest, GetCourseDraftResponse,
    GetCourseRequest, GetCourseResponse, GetInstitutionRequest, GetInstitutionResponse, GetProgrammeDraftRequest,
    GetProgrammeDraftResponse, GetProgrammeRequest, GetProgrammeResponse, GetRunRequest, GetRunResponse,
    ListChangesRequest, ListChangesResponse, ListCoursesRequest, ListCoursesResponse, ListInstitutionsRequest,
    ListInstitutionsResponse, ListProgrammesRequest, ListProgrammesResponse, ListRunsRequest, ListRunsResponse,
    ProgrammeKind, Reason, RunState, SearchCoursesRequest, SearchCoursesResponse, SuggestRequest, SuggestResponse,
    catalogue_service_server::CatalogueService,
};
use tonic::{Request, Response, Status};

/// How long a follower waits before it looks by itself.
const IDLE: Duration = Duration::from_secs(15);

/// Commits that a follower reads at once.
const FOLLOW_BATCH: u32 = 500;

/// Kinds of aggregate in the feed.
const KINDS: [&str; 7] = ["course", "course_run", "programme", "institution", "domain", "selection", "composition"];

fn kinds(fields: &mut Fields, kinds: &[String]) {
    let known = kinds.iter().all(|it| KINDS.contains(&it.as_str()));
    fields.check("kinds", known, &format!("holds something other than {}", KINDS.join(", ")));
}

/// Which kinds of change the caller wants and may see: compositions are private to their campus.
fn shows(call: &Call, wanted: Vec<String>) -> impl Fn(&str) -> bool + Send + use<> {
    let sees_all = call.caller.acts_for_all();
    move |kind| {
        let is_wanted = wanted.is_empty() || wanted.iter().any(|it| it == kind);
        is_wanted && (sees_all || kind != "composition")
    }
}

#[tonic::async_trait]
impl CatalogueService for Api {
    async fn search_courses(&self, request: Request<SearchCoursesRequest>) -> Reply<SearchCoursesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let filter = it.filter.unwrap_or_default();
        checks::filter(&mut fields, &filter);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<CourseSearch>(it.min_position).await?;
        let store = self.app.store();
        let (courses, total, next_page_token) = read(course_search::search(store, &filter, &page).await)?;
        let facets = if it.facets { read(course_facets::facets(store, &filter).await)? } else { Vec::new() };
        Ok(Response::new(SearchCoursesResponse { courses, total, facets, next_page_token }))
    }

    async fn suggest(&self, request: Request<SuggestRequest>) -> Reply<SuggestResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("text", &it.text, checks::TITLE);
        fields.check("limit", it.limit <= 20, "is above 20");
        fields.done()?;
        self.app.reached::<CourseSearch>(it.min_position).await?;
        let suggestions = read(course_facets::suggest(self.app.store(), &it.text, it.limit).await)?;
        Ok(Response::new(SuggestResponse { suggestions }))
    }

    async fn get_course(&self, request: Request<GetCourseRequest>) -> Reply<GetCourseResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        fields.done()?;
        self.seen::<CoursePage>(it.min_position).await?;
        let store = self.app.store();
        let course = if it.as_of_ms == 0 {
            course_page::course(store, &it.course_id, it.version).await
        } else {
            course_page::course_as_of(store, &it.course_id, it.version, it.as_of_ms).await
        };
        let course = read(course)?.ok_or_else(|| missing(Reason::CourseNotFound, "such course on offer"))?;
        Ok(Response::new(GetCourseResponse { course: Some(course) }))
    }

    async fn get_course_draft(&self, request: Request<GetCourseDraftRequest>) -> Reply<GetCourseDraftResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.done()?;
        self.app.reached::<CoursePage>(it.min_position).await?;
        let draft = read(course_page::draft(self.app.store(), &it.course_id).await)?;
        let draft = draft.ok_or_else(|| missing(Reason::CourseNotFound, "such course"))?;
        let owner = draft.course.as_ref().map_or("", |it| &it.institution_id);
        may_read(&call, &it.institution_id, owner)?;
        Ok(Response::new(draft))
    }

    async fn list_courses(&self, request: Request<ListCoursesRequest>) -> Reply<ListCoursesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.seen::<CourseSearch>(it.min_position).await?;
        let (store, institution) = (self.app.store(), it.institution_id.as_str());
        let listed = if it.as_of_ms == 0 {
            course_search::list(store, institution, &page).await
        } else {
            course_search::list_as_of(store, institution, it.as_of_ms, &page).await
        };
        let (courses, next_page_token) = read(listed)?;
        Ok(Response::new(ListCoursesResponse { courses, next_page_token }))
    }

    async fn list_runs(&self, request: Request<ListRunsRequest>) -> Reply<ListRunsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("course_id", &it.course_id);
        fields.optional_id("institution_id", &it.institution_id);
        checks::known::<RunState>(&mut fields, "state", it.state, false);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<RunList>(it.min_position).await?;
        let listed = run_list::runs(self.app.store(), &it.course_id, &it.institution_id, it.state(), &page).await;
        let (runs, next_page_token) = read(listed)?;
        Ok(Response::new(ListRunsResponse { runs, next_page_token }))
    }

    async fn get_run(&self, request: Request<GetRunRequest>) -> Reply<GetRunResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("run_id", &it.run_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        fields.done()?;
        self.seen::<RunList>(it.min_position).await?;
        let run = if it.as_of_ms == 0 {
            run_list::run(self.app.store(), &it.run_id).await
        } else {
            run_list::run_as_of(self.app.store(), &it.run_id, it.as_of_ms).await
        };
        let run = read(run)?.ok_or_else(|| missing(Reason::RunNotFound, "such run"))?;
        Ok(Response::new(GetRunResponse { run: Some(run) }))
    }

    async fn list_programmes(&self, request: Request<ListProgrammesRequest>) -> Reply<ListProgrammesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_id("course_id", &it.course_id);
        checks::known::<ProgrammeKind>(&mut fields, "kind", it.kind, false);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<ProgrammePage>(it.min_position).await?;
        let (store, institution, kind) = (self.app.store(), it.institution_id.as_str(), it.kind());
        let listed = programme_page::programmes(store, institution, kind, &it.course_id, &page).await;
        let (programmes, next_page_token) = read(listed)?;
        Ok(Response::new(ListProgrammesResponse { programmes, next_page_token }))
    }

    async fn get_programme(&self, request: Request<GetProgrammeRequest>) -> Reply<GetProgrammeResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        fields.done()?;
        self.seen::<ProgrammePage>(it.min_position).await?;
        let store = self.app.store();
        let programme = if it.as_of_ms == 0 {
            programme_page::programme(store, &it.programme_id, it.version).await
        } else {
            programme_page::programme_as_of(store, &it.programme_id, it.version, it.as_of_ms).await
        };
        let programme =
            read(programme)?.ok_or_else(|| missing(Reason::ProgrammeNotFound, "such programme on offer"))?;
        Ok(Response::new(GetProgrammeResponse { programme: Some(programme) }))
    }

    async fn get_programme_draft(
        &self,
        request: Request<GetProgrammeDraftRequest>,
    ) -> Reply<GetProgrammeDraftResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.done()?;
        self.app.reached::<ProgrammePage>(it.min_position).await?;
        let draft = read(programme_page::draft(self.app.store(), &it.programme_id).await)?;
        let draft = draft.ok_or_else(|| missing(Reason::ProgrammeNotFound, "such programme"))?;
        let owner = draft.programme.as_ref().map_or("", |it| &it.institution_id);
        may_read(&call, &it.institution_id, owner)?;
        Ok(Response::new(draft))
    }

    async fn list_institutions(&self, request: Request<ListInstitutionsRequest>) -> Reply<ListInstitutionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("text", &it.text, checks::TITLE);
        checks::country(&mut fields, "country", &it.country, false);
        checks::known::<Authority>(&mut fields, "authority", it.authority, false);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<InstitutionList>(it.min_position).await?;
        let (store, authority) = (self.app.store(), it.authority());
        let listed = institution_list::institutions(store, &it.text, &it.country, authority, &page).await;
        let (institutions, next_page_token) = read(listed)?;
        Ok(Response::new(ListInstitutionsResponse { institutions, next_page_token }))
    }

    async fn get_institution(&self, request: Request<GetInstitutionRequest>) -> Reply<GetInstitutionResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<InstitutionList>(it.min_position).await?;
        let institution = read(institution_list::institution(self.app.store(), &it.institution_id).await)?;
        let institution = institution.ok_or_else(|| missing(Reason::InstitutionNotFound, "such institution"))?;
        Ok(Response::new(GetInstitutionResponse { institution: Some(institution) }))
    }

    async fn list_changes(&self, request: Request<ListChangesRequest>) -> Reply<ListChangesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        kinds(&mut fields, &it.kinds);
        fields.check("limit", it.limit <= 1_000, "is above 1,000");
        fields.check("after_position", i64::try_from(it.after_position).is_ok(), "is no position");
        fields.done()?;
        self.journalled(it.min_position).await?;
        let shows = shows(&call, it.kinds);
        let answer = change_feed::changes(self.app.store(), it.after_position, it.limit, shows).await;
        Ok(Response::new(read(answer)?))
    }

    type FollowChangesStream = BoxStream<'static, Result<FollowChangesResponse, Status>>;

    async fn follow_changes(&self, request: Request<FollowChangesRequest>) -> Reply<Self::FollowChangesStream> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        kinds(&mut fields, &it.kinds);
        fields.check("after_position", it.after_position < i64::MAX as u64, "is no position");
        fields.done()?;
        let follower = Follower {
            app: self.app.clone(),
            shows: Box::new(shows(&call, it.kinds)),
            position: it.after_position,
            ready: VecDeque::new(),
        };
        let changes = stream::try_unfold(follower, async |mut follower| {
            let change = follower.next().await?;
            Ok(Some((FollowChangesResponse { change: Some(change) }, follower)))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}

/// Somebody who is told of each change as it comes.
struct Follower {
    app: App,
    shows: Box<dyn Fn(&str) -> bool + Send>,
    position: u64,
    ready: VecDeque<Change>,
}

impl Follower {
    async fn next(&mut self) -> Result<Change, Status> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(change);
            }
            let store = self.app.store();
            // Filtered afterwards: a closure that is not shared between threads cannot be lent over a wait.
            let page = read(change_feed::changes(store, self.position, FOLLOW_BATCH, |_| true).await)?;
            if page.position == self.position {
                // Nothing came in that time, or something did: either way it looks again.
                let _ = store.reached("journal", self.app.service(), self.position + 1, IDLE).await;
            }
            self.position = page.position;
            self.ready = page.changes.into_iter().filter(|it| (self.shows)(&it.kind)).collect();
        }
    }
}
