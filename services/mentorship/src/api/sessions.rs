//! Calls that concern sessions.

use super::{Api, Reply, TEXT_MAX, done, no};
use crate::{
    action_items::{self, ActionItemRow, ActionItems},
    session::{Act, Command, Facts, Session, Who, Wish},
    session_policies::facts,
    sessions::{self, Only, SessionRow, Sessions},
};
use studium_kit::{By, Call, Fields, Outcome, Page, fault};
use studium_proto::mentorship::v1::{
    ActionItemSet, CancelSessionRequest, CancelSessionResponse, GetSessionRequest, GetSessionResponse,
    HoldSessionRequest, HoldSessionResponse, ListActionItemsRequest, ListActionItemsResponse, ListSessionsRequest,
    ListSessionsResponse, Reason, RecordNoShowRequest, RecordNoShowResponse, RescheduleSessionRequest,
    RescheduleSessionResponse, ScheduleSessionRequest, ScheduleSessionResponse, SessionKind, SessionSide,
    TickActionItemRequest, TickActionItemResponse, session_event::Event, session_service_server::SessionService,
};
use tonic::{Request, Response, Status};

/// Action items that one session can have.
const ITEMS_MAX: usize = 50;

/// The longest action item, characters.
const ITEM_MAX: usize = 2_000;

/// No session begins later: the year 2200, Unix milliseconds.
const START_MAX: i64 = 7_258_118_400_000;

/// Who acts, as a request says: the learner, the mentor, or staff of an institution.
pub(super) struct Speaks<'a> {
    pub learner: &'a str,
    pub mentor: &'a str,
    pub institution: &'a str,
}

/// The fields of a request that say who acts.
macro_rules! speaks {
    ($it:ident, $($field:ident),*) => {{
        #[allow(clippy::needless_update, reason = "which fields there are differs")]
        Speaks { $($field: speaks!(@ $it $field),)* ..Speaks { learner: "", mentor: "", institution: "" } }
    }};
    (@ $it:ident learner) => { &$it.learner_id };
    (@ $it:ident mentor) => { &$it.mentor_id };
    (@ $it:ident institution) => { &$it.institution_id };
}

/// Whom the caller speaks as. The access layer has let pass only who is one of them.
pub(super) fn who(call: &Call, speaks: &Speaks<'_>) -> Who {
    match call.caller.subject.as_str() {
        _ if call.caller.acts_for_all() => Who::Office,
        it if it == speaks.learner => Who::Learner(it.to_owned()),
        it if it == speaks.mentor => Who::Mentor(it.to_owned()),
        _ => Who::Office,
    }
}

fn time(fields: &mut Fields, start_ms: i64) {
    fields.check("start_ms", (1..=START_MAX).contains(&start_ms), "is no time from 1970 to 2200");
}

fn items(fields: &mut Fields, items: &[ActionItemSet]) {
    fields.check("action_items", items.len() <= ITEMS_MAX, "are more than 50");
    for it in items {
        fields.text("action_items.text", &it.text, ITEM_MAX);
        fields.check("action_items.due_ms", (0..=START_MAX).contains(&it.due_ms), "is no time from 1970 to 2200");
    }
}

impl Api {
    async fn session(
        &self,
        (call, at_ms): (Call, i64),
        mut fields: Fields,
        (id, speaks): (&str, &Speaks<'_>),
        act: impl AsyncFnOnce(&Self) -> Result<Act, Status>,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("session_id", id);
        fields.optional_id("learner_id", speaks.learner);
        fields.optional_id("mentor_id", speaks.mentor);
        fields.optional_id("institution_id", speaks.institution);
        fields.done()?;
        let call = call.at(at_ms)?;
        let who = who(&call, speaks);
        let command = Command::Act(who, act(self).await?);
        let asked = By::caller(&call, &[speaks.learner, speaks.mentor], speaks.institution).asks(command);
        self.app.decide::<Session>(&call, id, &asked).await
    }

    async fn facts(&self, programme_id: &str, learner_id: &str) -> Result<Facts, Status> {
        facts(self.app.store(), programme_id, learner_id).await.map_err(fault)
    }

    /// The facts that concern a session that there is; what it is not known of says the decider.
    async fn facts_of(&self, session_id: &str) -> Result<Facts, Status> {
        let whose = |it: &Session| it.whose().map(|it| (it.0.to_owned(), it.1.to_owned()));
        match self.app.look::<Session, _>(session_id, whose).await? {
            Some((programme, learner)) => self.facts(&programme, &learner).await,
            None => Ok(Facts::default()),
        }
    }

    /// One session that the caller may see.
    pub(super) async fn seen_session(&self, call: &Call, id: &str, speaks: &Speaks<'_>) -> Result<SessionRow, Status> {
        let row = sessions::session(self.app.store(), id).await.map_err(fault)?;
        let Some(row) = row else { return Err(no(Reason::SessionNotFound, "no such session was asked for", id)) };
        match who(call, speaks) {
            Who::Learner(it) if it == row.learner_id => Ok(row),
            Who::Mentor(it) if it == row.mentor_id => Ok(row),
            Who::Office if By::caller(call, &[], speaks.institution).acts_for(&row.institution_id) => Ok(row),
            Who::Office => Err(no(Reason::NotYourInstitution, "the programme is another institution's", id)),
            _ => Err(no(Reason::NotYourSession, "the session is somebody else's", id)),
        }
    }
}

#[tonic::async_trait]
impl SessionService for Api {
    async fn schedule_session(&self, request: Request<ScheduleSessionRequest>) -> Reply<ScheduleSessionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.id("learner_id", &it.learner_id);
        fields.check("kind", it.kind() != SessionKind::Unspecified, "is not given");
        fields.optional_text("topic", &it.topic, TEXT_MAX);
        time(&mut fields, it.start_ms);
        let act = async |api: &Self| {
            let facts = api.facts(&it.programme_id, &it.learner_id).await?;
            let wish = Wish {
                programme_id: it.programme_id.clone(),
                learner_id: it.learner_id.clone(),
                kind: it.kind(),
                start_ms: it.start_ms,
                minutes: it.minutes,
                topic: it.topic.clone(),
            };
            Ok(Act::Schedule(wish, facts))
        };
        let which = (it.session_id.as_str(), &speaks!(it, learner, mentor, institution));
        done!(ScheduleSessionResponse, self.session((call, it.at_ms), fields, which, act).await?)
    }

    async fn reschedule_session(&self, request: Request<RescheduleSessionRequest>) -> Reply<RescheduleSessionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        time(&mut fields, it.start_ms);
        let (start_ms, minutes) = (it.start_ms, it.minutes);
        let act = async |api: &Self| {
            let facts = api.facts_of(&it.session_id).await?;
            Ok(Act::Reschedule { start_ms, minutes, facts })
        };
        let which = (it.session_id.as_str(), &speaks!(it, learner, mentor, institution));
        done!(RescheduleSessionResponse, self.session((call, it.at_ms), fields, which, act).await?)
    }

    async fn hold_session(&self, request: Request<HoldSessionRequest>) -> Reply<HoldSessionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("notes", &it.notes, TEXT_MAX);
        items(&mut fields, &it.action_items);
        let act = async |_: &Self| Ok(Act::Hold { notes: it.notes.clone(), action_items: it.action_items.clone() });
        let which = (it.session_id.as_str(), &speaks!(it, mentor, institution));
        done!(HoldSessionResponse, self.session((call, it.at_ms), fields, which, act).await?)
    }

    async fn cancel_session(&self, request: Request<CancelSessionRequest>) -> Reply<CancelSessionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let act = async |_: &Self| Ok(Act::Cancel { reason: it.reason.clone() });
        let which = (it.session_id.as_str(), &speaks!(it, learner, mentor, institution));
        done!(CancelSessionResponse, self.session((call, it.at_ms), fields, which, act).await?)
    }

    async fn record_no_show(&self, request: Request<RecordNoShowRequest>) -> Reply<RecordNoShowResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("absent", it.absent() != SessionSide::Unspecified, "is not given");
        let absent = it.absent();
        let which = (it.session_id.as_str(), &speaks!(it, learner, mentor, institution));
        let act = async |_: &Self| Ok(Act::NoShow(absent));
        done!(RecordNoShowResponse, self.session((call, it.at_ms), fields, which, act).await?)
    }

    async fn tick_action_item(&self, request: Request<TickActionItemRequest>) -> Reply<TickActionItemResponse> {
        let (call, it) = Call::open(request)?;
        let item = it.item;
        let which = (it.session_id.as_str(), &speaks!(it, learner, institution));
        let act = async |_: &Self| Ok(Act::Tick { item });
        done!(TickActionItemResponse, self.session((call, it.at_ms), Fields::new(), which, act).await?)
    }

    async fn get_session(&self, request: Request<GetSessionRequest>) -> Reply<GetSessionResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("session_id", &it.session_id);
        fields.done()?;
        self.app.reached::<Sessions>(it.min_position).await?;
        self.app.reached::<ActionItems>(it.min_position).await?;
        let row = self.seen_session(&call, &it.session_id, &speaks!(it, learner, mentor, institution)).await?;
        let mut items = action_items::of_sessions(self.app.store(), &[&row.session_id]).await.map_err(fault)?;
        let items = items.remove(&row.session_id).unwrap_or_default();
        Ok(Response::new(GetSessionResponse { session: Some(row.shown(items)) }))
    }

    async fn list_sessions(&self, request: Request<ListSessionsRequest>) -> Reply<ListSessionsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Sessions>(it.min_position).await?;
        self.app.reached::<ActionItems>(it.min_position).await?;
        let only = Only {
            learner_id: it.learner_id,
            mentor_id: it.mentor_id,
            person_id: String::new(),
            institution_id: it.institution_id,
            state: it.state,
            from_ms: it.from_ms,
            until_ms: it.until_ms,
        };
        let rows = sessions::sessions(self.app.store(), &only, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, SessionRow::token);
        let ids: Vec<_> = rows.iter().map(|it| it.session_id.as_str()).collect();
        let mut items = action_items::of_sessions(self.app.store(), &ids).await.map_err(fault)?;
        let shown = rows.into_iter().map(|row| {
            let items = items.remove(&row.session_id).unwrap_or_default();
            row.shown(items)
        });
        let sessions = shown.collect();
        Ok(Response::new(ListSessionsResponse { sessions, next_page_token }))
    }

    async fn list_action_items(&self, request: Request<ListActionItemsRequest>) -> Reply<ListActionItemsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<ActionItems>(it.min_position).await?;
        let whose = (it.learner_id.as_str(), it.mentor_id.as_str());
        let rows = action_items::action_items(self.app.store(), whose, it.open, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, ActionItemRow::token);
        let action_items = rows.into_iter().map(ActionItemRow::shown).collect();
        Ok(Response::new(ListActionItemsResponse { action_items, next_page_token }))
    }
}
