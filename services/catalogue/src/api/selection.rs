//! Calls that concern selections.

use super::{Api, Reply, checks, done, missing, page, read};
use crate::{
    course_search::{self, CourseSearch},
    selection::{Command, Criteria, Matches, Selection},
    selection_contents::{self, SelectionContents},
    selection_list::{self, SelectionList},
};
use studium_kit::{Call, Fields, Outcome};
use studium_proto::catalogue::v1::{
    ConfirmRevisionRequest, ConfirmRevisionResponse, DeclineRevisionRequest, DeclineRevisionResponse,
    DefineSelectionRequest, DefineSelectionResponse, DiffSelectionRequest, DiffSelectionResponse,
    FindSelectionsRequest, FindSelectionsResponse, GetSelectionRequest, GetSelectionResponse,
    ListSelectionCoursesRequest, ListSelectionCoursesResponse, ListSelectionsRequest, ListSelectionsResponse, Reason,
    ReviseSelectionRequest, ReviseSelectionResponse, SelectionDefined, SelectionFilter, SetSelectionThresholdRequest,
    SetSelectionThresholdResponse, selection_event::Event, selection_service_server::SelectionService,
};
use tonic::{Request, Response, Status};

/// How much a revision may change at once unless the definition says otherwise, percent.
const THRESHOLD_PERCENT: u32 = 20;

/// What the reply to a revision says of it.
struct Revised {
    revision: u32,
    proposal: u32,
    added: u32,
    removed: u32,
    courses: u32,
}

impl Api {
    async fn selection(
        &self,
        call: Call,
        at_ms: i64,
        mut fields: Fields,
        (selection_id, institution_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("selection_id", selection_id);
        self.ask::<Selection, _>(call, at_ms, fields, (selection_id, institution_id), command).await
    }

    /// What the catalogue offers now that meets the criteria.
    async fn matches(&self, criteria: &Criteria, min_position: u64) -> Result<Matches, Status> {
        self.app.reached::<CourseSearch>(min_position).await?;
        let matching = read(course_search::matching(self.app.store(), &criteria.filter).await)?;
        let unoffered = read(course_search::unoffered(self.app.store(), &criteria.picked_course_ids).await)?;
        Ok(Matches { matching, unoffered })
    }

    async fn revised(&self, outcome: &Outcome<Event>) -> Result<Revised, Status> {
        let state = self.app.state::<Selection>(&outcome.id).await?;
        let (added, removed) = outcome
            .events
            .iter()
            .find_map(|it| match it {
                Event::SelectionRevised(it) => Some((it.added_course_ids.len(), it.removed_course_ids.len())),
                Event::SelectionRevisionProposed(it) => Some((it.added_course_ids.len(), it.removed_course_ids.len())),
                _ => None,
            })
            .unwrap_or_default();
        Ok(Revised {
            revision: state.revision(),
            proposal: state.open_proposal(),
            added: added as u32,
            removed: removed as u32,
            courses: state.size(),
        })
    }
}

/// Checks criteria and puts their lists in order, so that the same criteria are always written the same.
fn criteria(
    fields: &mut Fields,
    filter: Option<SelectionFilter>,
    mut picked_course_ids: Vec<String>,
    mut excluded_course_ids: Vec<String>,
) -> Criteria {
    let mut filter = filter.unwrap_or_default();
    checks::filter(fields, &filter);
    checks::ids(fields, "picked_course_ids", &picked_course_ids, checks::COURSES);
    checks::ids(fields, "excluded_course_ids", &excluded_course_ids, checks::COURSES);
    let lists = [
        &mut filter.institution_ids,
        &mut filter.subjects,
        &mut filter.categories,
        &mut filter.languages,
        &mut filter.skills,
        &mut picked_course_ids,
        &mut excluded_course_ids,
    ];
    for list in lists {
        list.sort_unstable();
        list.dedup();
    }
    filter.levels.sort_unstable();
    filter.levels.dedup();
    Criteria { filter, picked_course_ids, excluded_course_ids }
}

macro_rules! revised {
    ($response:ident, $outcome:expr, $it:expr) => {{
        let it = $it;
        done!($response, $outcome, revision: it.revision, proposal: it.proposal, added: it.added, removed: it.removed,
            courses: it.courses)
    }};
}

#[tonic::async_trait]
impl SelectionService for Api {
    async fn define_selection(&self, request: Request<DefineSelectionRequest>) -> Reply<DefineSelectionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("selection_id", &it.selection_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.text("title", &it.title, checks::TITLE);
        let threshold_percent = it.threshold_percent.unwrap_or(THRESHOLD_PERCENT);
        fields.check("threshold_percent", threshold_percent <= 100, "is above 100");
        let criteria = criteria(&mut fields, it.filter, it.picked_course_ids, it.excluded_course_ids);
        fields.done()?;
        let institution_known = self.is_institution(&it.institution_id).await?;
        let catalogue = self.matches(&criteria, it.min_position).await?;
        let ids = (it.selection_id.as_str(), it.institution_id.as_str());
        let selection =
            SelectionDefined { title: it.title, institution_id: it.institution_id.clone(), threshold_percent };
        let command = Command::Define { selection, criteria, catalogue, institution_known };
        let outcome = self.selection(call, it.at_ms, Fields::new(), ids, command).await?;
        let revised = self.revised(&outcome).await?;
        revised!(DefineSelectionResponse, outcome, revised)
    }

    async fn revise_selection(&self, request: Request<ReviseSelectionRequest>) -> Reply<ReviseSelectionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("selection_id", &it.selection_id);
        let criteria = criteria(&mut fields, it.filter, it.picked_course_ids, it.excluded_course_ids);
        fields.done()?;
        let catalogue = self.matches(&criteria, it.min_position).await?;
        let ids = (it.selection_id.as_str(), it.institution_id.as_str());
        let command = Command::Revise { criteria, catalogue };
        let outcome = self.selection(call, it.at_ms, Fields::new(), ids, command).await?;
        let revised = self.revised(&outcome).await?;
        revised!(ReviseSelectionResponse, outcome, revised)
    }

    async fn set_selection_threshold(
        &self,
        request: Request<SetSelectionThresholdRequest>,
    ) -> Reply<SetSelectionThresholdResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("threshold_percent", it.threshold_percent <= 100, "is above 100");
        let command = Command::SetThreshold { threshold_percent: it.threshold_percent };
        let ids = (it.selection_id.as_str(), it.institution_id.as_str());
        done!(SetSelectionThresholdResponse, self.selection(call, it.at_ms, fields, ids, command).await?)
    }

    async fn confirm_revision(&self, request: Request<ConfirmRevisionRequest>) -> Reply<ConfirmRevisionResponse> {
        let (call, it) = Call::open(request)?;
        let command = Command::Confirm { proposal: it.proposal };
        let ids = (it.selection_id.as_str(), it.institution_id.as_str());
        let outcome = self.selection(call, it.at_ms, Fields::new(), ids, command).await?;
        let revised = self.revised(&outcome).await?;
        revised!(ConfirmRevisionResponse, outcome, revised)
    }

    async fn decline_revision(&self, request: Request<DeclineRevisionRequest>) -> Reply<DeclineRevisionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, checks::TITLE);
        let command = Command::Decline { proposal: it.proposal, reason: it.reason };
        let ids = (it.selection_id.as_str(), it.institution_id.as_str());
        done!(DeclineRevisionResponse, self.selection(call, it.at_ms, fields, ids, command).await?)
    }

    async fn get_selection(&self, request: Request<GetSelectionRequest>) -> Reply<GetSelectionResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("selection_id", &it.selection_id);
        fields.done()?;
        self.app.reached::<SelectionList>(it.min_position).await?;
        let found = read(selection_list::selection(self.app.store(), &it.selection_id).await)?;
        let Some(selection) = found else { return Err(missing(Reason::SelectionNotFound, "such selection")) };
        Ok(Response::new(GetSelectionResponse { selection: Some(selection) }))
    }

    async fn list_selections(&self, request: Request<ListSelectionsRequest>) -> Reply<ListSelectionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<SelectionList>(it.min_position).await?;
        let listed = selection_list::selections(self.app.store(), &it.institution_id, &page).await;
        let (selections, next_page_token) = read(listed)?;
        Ok(Response::new(ListSelectionsResponse { selections, next_page_token }))
    }

    async fn list_selection_courses(
        &self,
        request: Request<ListSelectionCoursesRequest>,
    ) -> Reply<ListSelectionCoursesResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("selection_id", &it.selection_id);
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        let page = page(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.seen::<SelectionContents>(it.min_position).await?;
        let listed = selection_contents::courses(self.app.store(), &it.selection_id, it.as_of_ms, &page).await;
        let (courses, next_page_token) = read(listed)?;
        Ok(Response::new(ListSelectionCoursesResponse { courses, next_page_token }))
    }

    async fn find_selections(&self, request: Request<FindSelectionsRequest>) -> Reply<FindSelectionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("course_id", &it.course_id);
        fields.done()?;
        self.app.reached::<SelectionContents>(it.min_position).await?;
        let selection_ids = read(selection_contents::selections_with(self.app.store(), &it.course_id).await)?;
        Ok(Response::new(FindSelectionsResponse { selection_ids }))
    }

    async fn diff_selection(&self, request: Request<DiffSelectionRequest>) -> Reply<DiffSelectionResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("selection_id", &it.selection_id);
        let until = if it.until_position == 0 { u64::MAX } else { it.until_position };
        fields.check("until_position", it.from_position <= until, "is before `from_position`");
        fields.done()?;
        self.seen::<SelectionList>(it.from_position.max(it.until_position)).await?;
        let known = read(selection_list::selection(self.app.store(), &it.selection_id).await)?;
        if known.is_none() {
            return Err(missing(Reason::SelectionNotFound, "such selection"));
        }
        let (from, until) = (it.from_position, it.until_position);
        let answer = selection_contents::diff(self.app.store(), &it.selection_id, from, until).await;
        Ok(Response::new(read(answer)?))
    }
}
