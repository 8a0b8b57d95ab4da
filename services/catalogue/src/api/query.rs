//! Calls that show the catalogue: search, pages, lists, and what has changed.

use super::{Api, Reply, by, checks, cut, may_read, missing, page_size, read};
use crate::{
    courses::{self, CourseRow, Courses},
    feed,
    institutions::{self, Institutions},
    programmes::{self, ProgrammeRow, Programmes},
    runs::{self, Runs},
    search,
};
use futures::stream::{self, BoxStream};
use std::{collections::VecDeque, time::Duration};
use studium_kit::{App, Call, Fields, fault};
use studium_proto::catalogue::v1::{
    Authority, Change, Course, FollowChangesRequest, FollowChangesResponse, GetCourseDraftRequest,
    GetCourseDraftResponse, GetCourseRequest, GetCourseResponse, GetInstitutionRequest, GetInstitutionResponse,
    GetProgrammeDraftRequest, GetProgrammeDraftResponse, GetProgrammeRequest, GetProgrammeResponse, GetRunRequest,
    GetRunResponse, ListChangesRequest, ListChangesResponse, ListCoursesRequest, ListCoursesResponse,
    ListInstitutionsRequest, ListInstitutionsResponse, ListProgrammesRequest, ListProgrammesResponse, ListRunsRequest,
    ListRunsResponse, Programme, ProgrammeKind, Reason, RunState, SearchCoursesRequest, SearchCoursesResponse,
    SuggestRequest, SuggestResponse, catalogue_service_server::CatalogueService,
};
use tonic::{Request, Response, Status};

/// Courses whose past one page of the catalogue's past looks at.
const PAST_MAX: u32 = 1_000;

/// Courses whose past is read at once.
const PAST_BATCH: u32 = 200;

/// How long a follower waits before it looks by itself.
const IDLE: Duration = Duration::from_secs(15);

/// Commits that a follower reads at once.
const FOLLOW_BATCH: u32 = 500;

/// Kinds of aggregate in the feed.
const KINDS: [&str; 7] = ["course", "course_run", "programme", "institution", "domain", "selection", "composition"];

impl Api {
    async fn course_page(&self, it: &GetCourseRequest) -> Result<Option<Course>, Status> {
        let store = self.app.store();
        if it.version != 0 {
            // A version is shown as it was; whether the course is retired is today's news.
            let Some(now) = read(courses::course(store, &it.course_id).await)? else { return Ok(None) };
            let then = read(courses::version(store, &it.course_id, it.version).await)?;
            return Ok(then.map(|it| Course { retired: now.page().retired, ..it.page() }));
        }
        if it.as_of_ms != 0 {
            let then = read(courses::as_of(store, std::slice::from_ref(&it.course_id), it.as_of_ms).await)?;
            return Ok(then.first().filter(|it| it.offered).map(CourseRow::page));
        }
        let now = read(courses::course(store, &it.course_id).await)?;
        Ok(now.filter(|it| it.version != 0).map(|it| it.page()))
    }

    async fn programme_page(&self, it: &GetProgrammeRequest) -> Result<Option<Programme>, Status> {
        let store = self.app.store();
        if it.version != 0 {
            let Some(now) = read(programmes::programme(store, &it.programme_id).await)? else { return Ok(None) };
            let then = read(programmes::version(store, &it.programme_id, it.version).await)?;
            return Ok(then.map(|it| Programme { retired: now.page().retired, ..it.page() }));
        }
        if it.as_of_ms != 0 {
            let then = read(programmes::as_of(store, &it.programme_id, it.as_of_ms).await)?;
            return Ok(then.filter(|it| it.offered).map(|it| it.page()));
        }
        let now = read(programmes::programme(store, &it.programme_id).await)?;
        Ok(now.filter(|it| it.version != 0).map(|it| it.page()))
    }

    /// The catalogue of the past, a page of it: ids are gone through in order, and each course is looked up as it was.
    async fn past_courses(&self, it: &ListCoursesRequest, size: u32) -> Result<ListCoursesResponse, Status> {
        let store = self.app.store();
        let (mut courses, mut after) = (Vec::new(), it.page_token.clone());
        for _ in 0..PAST_MAX / PAST_BATCH {
            let ids = read(courses::ids(store, &it.institution_id, &after, PAST_BATCH).await)?;
            let then = read(courses::as_of(store, &ids, it.as_of_ms).await)?;
            for id in &ids {
                after.clone_from(id);
                if let Some(row) = then.iter().find(|row| row.course_id == *id && row.offered) {
                    courses.push(row.hit());
                }
                if courses.len() == size as usize {
                    return Ok(ListCoursesResponse { courses, next_page_token: after });
                }
            }
            if ids.len() < PAST_BATCH as usize {
                return Ok(ListCoursesResponse { courses, next_page_token: String::new() });
            }
        }
        Ok(ListCoursesResponse { courses, next_page_token: after })
    }
}

fn version_or_time(fields: &mut Fields, version: u32, as_of_ms: i64) {
    fields.check("as_of_ms", as_of_ms >= 0, "is below 0");
    fields.check("version", version == 0 || as_of_ms == 0, "and `as_of_ms` are both said; one of them suffices");
}

fn kinds(fields: &mut Fields, kinds: &[String]) {
    let known = kinds.iter().all(|it| KINDS.contains(&it.as_str()));
    fields.check("kinds", known, &format!("holds something other than {}", KINDS.join(", ")));
}

/// Who may see campus-private changes in the feed.
fn sees_compositions(call: &Call) -> bool {
    by(call, "").institution.is_none() || call.caller.has("service")
}

#[tonic::async_trait]
impl CatalogueService for Api {
    async fn search_courses(&self, request: Request<SearchCoursesRequest>) -> Reply<SearchCoursesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let filter = it.filter.unwrap_or_default();
        checks::filter(&mut fields, &filter);
        let offset: Option<u32> = if it.page_token.is_empty() { Some(0) } else { it.page_token.parse().ok() };
        fields.check("page_token", offset.is_some(), "comes from no earlier page");
        let size = page_size(&mut fields, it.page_size);
        fields.done()?;
        self.app.reached::<Courses>(it.min_position).await?;
        let offset = offset.unwrap_or_default();
        let (courses, total) = read(search::hits(self.app.store(), &filter, offset, size).await)?;
        let mut facets = Vec::new();
        if it.facets {
            facets = read(search::facets(self.app.store(), &filter).await)?;
        }
        let next = u64::from(offset) + courses.len() as u64;
        let next_page_token = if next < total { next.to_string() } else { String::new() };
        Ok(Response::new(SearchCoursesResponse { courses, total, facets, next_page_token }))
    }

    async fn suggest(&self, request: Request<SuggestRequest>) -> Reply<SuggestResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("text", &it.text, checks::TITLE);
        fields.check("limit", it.limit <= 20, "is above 20");
        fields.done()?;
        self.app.reached::<Courses>(it.min_position).await?;
        let limit = if it.limit == 0 { 5 } else { it.limit };
        let suggestions = read(search::suggest(self.app.store(), &it.text, limit).await)?;
        Ok(Response::new(SuggestResponse { suggestions }))
    }

    async fn get_course(&self, request: Request<GetCourseRequest>) -> Reply<GetCourseResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        version_or_time(&mut fields, it.version, it.as_of_ms);
        fields.done()?;
        self.seen::<Courses>(it.min_position).await?;
        let course = self.course_page(&it).await?;
        let course = course.ok_or_else(|| missing(Reason::CourseNotFound, "such course on offer"))?;
        Ok(Response::new(GetCourseResponse { course: Some(course) }))
    }

    async fn get_course_draft(&self, request: Request<GetCourseDraftRequest>) -> Reply<GetCourseDraftResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.done()?;
        self.app.reached::<Courses>(it.min_position).await?;
        let Some(row) = read(courses::course(self.app.store(), &it.course_id).await)? else {
            return Err(missing(Reason::CourseNotFound, "such course"));
        };
        may_read(&call, &it.institution_id, &row.institution_id)?;
        Ok(Response::new(GetCourseDraftResponse {
            course: Some(row.draft()),
            stage: row.stage,
            author_ids: row.authors.0,
            review_comment: row.review_comment,
        }))
    }

    async fn list_courses(&self, request: Request<ListCoursesRequest>) -> Reply<ListCoursesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::optional_id(&mut fields, "institution_id", &it.institution_id);
        checks::optional_id(&mut fields, "page_token", &it.page_token);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        let size = page_size(&mut fields, it.page_size);
        fields.done()?;
        self.seen::<Courses>(it.min_position).await?;
        if it.as_of_ms != 0 {
            return Ok(Response::new(self.past_courses(&it, size).await?));
        }
        let mut courses = read(search::list(self.app.store(), &it.institution_id, &it.page_token, size + 1).await)?;
        let next_page_token = cut(&mut courses, size, |it| it.course_id.clone());
        Ok(Response::new(ListCoursesResponse { courses, next_page_token }))
    }

    async fn list_runs(&self, request: Request<ListRunsRequest>) -> Reply<ListRunsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::optional_id(&mut fields, "course_id", &it.course_id);
        checks::optional_id(&mut fields, "institution_id", &it.institution_id);
        checks::known::<RunState>(&mut fields, "state", it.state, false);
        let (at, id) = it.page_token.split_once('~').unwrap_or(("0", ""));
        let at: Option<i64> = at.parse().ok();
        let is_token = it.page_token.is_empty() || (at.is_some() && checks::is_id(id));
        fields.check("page_token", is_token, "comes from no earlier page");
        let size = page_size(&mut fields, it.page_size);
        fields.done()?;
        self.app.reached::<Runs>(it.min_position).await?;
        let state = it.state();
        let wanted = runs::Wanted { course_id: &it.course_id, institution_id: &it.institution_id, state };
        let listed = runs::list(self.app.store(), &wanted, (at.unwrap_or_default(), id), size + 1).await;
        let mut runs = read(listed)?;
        let next_page_token = cut(&mut runs, size, |it| {
            format!("{}~{}", it.plan.as_ref().map_or(0, |plan| plan.starts_at_ms), it.run_id)
        });
        Ok(Response::new(ListRunsResponse { runs, next_page_token }))
    }

    async fn get_run(&self, request: Request<GetRunRequest>) -> Reply<GetRunResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("run_id", &it.run_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        fields.done()?;
        self.seen::<Runs>(it.min_position).await?;
        let run = read(runs::run(self.app.store(), &it.run_id, it.as_of_ms).await)?;
        let run = run.ok_or_else(|| missing(Reason::RunNotFound, "such run"))?;
        Ok(Response::new(GetRunResponse { run: Some(run) }))
    }

    async fn list_programmes(&self, request: Request<ListProgrammesRequest>) -> Reply<ListProgrammesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        checks::optional_id(&mut fields, "institution_id", &it.institution_id);
        checks::optional_id(&mut fields, "course_id", &it.course_id);
        checks::optional_id(&mut fields, "page_token", &it.page_token);
        checks::known::<ProgrammeKind>(&mut fields, "kind", it.kind, false);
        let size = page_size(&mut fields, it.page_size);
        fields.done()?;
        self.app.reached::<Programmes>(it.min_position).await?;
        let kind = it.kind();
        let wanted = programmes::Wanted { institution_id: &it.institution_id, kind, course_id: &it.course_id };
        let mut programmes = read(programmes::list(self.app.store(), &wanted, &it.page_token, size + 1).await)?;
        let next_page_token = cut(&mut programmes, size, |it| it.programme_id.clone());
        Ok(Response::new(ListProgrammesResponse { programmes, next_page_token }))
    }

    async fn get_programme(&self, request: Request<GetProgrammeRequest>) -> Reply<GetProgrammeResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        version_or_time(&mut fields, it.version, it.as_of_ms);
        fields.done()?;
        self.seen::<Programmes>(it.min_position).await?;
        let programme = self.programme_page(&it).await?;
        let programme = programme.ok_or_else(|| missing(Reason::ProgrammeNotFound, "such programme on offer"))?;
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
        self.app.reached::<Programmes>(it.min_position).await?;
        let found: Option<ProgrammeRow> = read(programmes::programme(self.app.store(), &it.programme_id).await)?;
        let Some(row) = found else { return Err(missing(Reason::ProgrammeNotFound, "such programme")) };
        may_read(&call, &it.institution_id, &row.institution_id)?;
        Ok(Response::new(GetProgrammeDraftResponse {
            programme: Some(row.draft()),
            stage: row.stage,
            author_ids: row.authors.0,
            review_comment: row.review_comment,
        }))
    }

    async fn list_institutions(&self, request: Request<ListInstitutionsRequest>) -> Reply<ListInstitutionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("text", &it.text, checks::TITLE);
        checks::country(&mut fields, "country", &it.country, false);
        checks::known::<Authority>(&mut fields, "authority", it.authority, false);
        checks::optional_id(&mut fields, "page_token", &it.page_token);
        let size = page_size(&mut fields, it.page_size);
        fields.done()?;
        self.app.reached::<Institutions>(it.min_position).await?;
        let wanted = institutions::Wanted { text: &it.text, country: &it.country, authority: it.authority() };
        let mut institutions = read(institutions::list(self.app.store(), &wanted, &it.page_token, size + 1).await)?;
        let next_page_token = cut(&mut institutions, size, |it| it.institution_id.clone());
        Ok(Response::new(ListInstitutionsResponse { institutions, next_page_token }))
    }

    async fn get_institution(&self, request: Request<GetInstitutionRequest>) -> Reply<GetInstitutionResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Institutions>(it.min_position).await?;
        let institution = read(institutions::institution(self.app.store(), &it.institution_id).await)?;
        let institution = institution.ok_or_else(|| missing(Reason::InstitutionNotFound, "such institution"))?;
        Ok(Response::new(GetInstitutionResponse { institution: Some(institution) }))
    }

    async fn list_changes(&self, request: Request<ListChangesRequest>) -> Reply<ListChangesResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        kinds(&mut fields, &it.kinds);
        fields.check("limit", it.limit <= 1_000, "is above 1,000");
        fields.done()?;
        self.seen::<Courses>(it.min_position).await?;
        let limit = if it.limit == 0 { 100 } else { it.limit };
        let wanted = feed::Wanted { kinds: it.kinds, with_compositions: sees_compositions(&call) };
        let page = read(feed::after(self.app.store(), it.after_position, &wanted, limit).await)?;
        Ok(Response::new(ListChangesResponse { changes: page.changes, position: page.position, more: page.more }))
    }

    type FollowChangesStream = BoxStream<'static, Result<FollowChangesResponse, Status>>;

    async fn follow_changes(&self, request: Request<FollowChangesRequest>) -> Reply<Self::FollowChangesStream> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        kinds(&mut fields, &it.kinds);
        fields.done()?;
        let wanted = feed::Wanted { kinds: it.kinds, with_compositions: sees_compositions(&call) };
        let follower = Follower { app: self.app.clone(), wanted, position: it.after_position, ready: VecDeque::new() };
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
    wanted: feed::Wanted,
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
            let page = feed::after(store, self.position, &self.wanted, FOLLOW_BATCH).await.map_err(fault)?;
            if page.position == self.position {
                // Nothing came in that time, or something did: either way it looks again.
                let _ = store.reached("journal", self.app.service(), self.position + 1, IDLE).await;
            }
            self.position = page.position;
            self.ready = page.changes.into();
        }
    }
}
