//! Calls that concern stacks and stack awards.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, no};
use crate::{
    credentials::Credentials,
    credit_account,
    credit_entries::CreditEntries,
    stack::{self, Command as StackCommand, Stack},
    stack_award::{self, Application, Command, StackAward},
    stack_awards::{self, StackAwardRow, StackAwards, Wanted},
    stack_components, stacking,
    stacks::{self, StackRow, Stacks},
};
use studium_kit::{By, Call, Fields, Page, done, fault};
use studium_proto::credentials::v1::{
    ApplyForStackRequest, ApplyForStackResponse, ApproveStackRequest, ApproveStackResponse, AwardScheme,
    CheckStackRequest, CheckStackResponse, DefineStackRequest, DefineStackResponse, GetStackAwardRequest,
    GetStackAwardResponse, GetStackRequest, GetStackResponse, KeepStackAwardRequest, KeepStackAwardResponse,
    ListStackAwardsRequest, ListStackAwardsResponse, ListStacksRequest, ListStacksResponse, Reason,
    ReleaseStackAwardRequest, ReleaseStackAwardResponse, RetireStackRequest, RetireStackResponse, StackDefined,
    stack_service_server::StackService,
};
use tonic::{Request, Response, Status};

/// Components of one application at most.
const COMPONENTS_MAX: usize = 200;

impl Api {
    async fn stack(&self, stack_id: &str, version: u32) -> Result<StackRow, Status> {
        let id = stack::id(stack_id, version);
        let row = stacks::stack(self.app.store(), &id).await.map_err(fault)?;
        row.ok_or_else(|| no(Reason::StackNotFound, "no such stack is defined", &id))
    }

    /// Who applies for which stack with what.
    async fn application(
        &self,
        learner_id: &str,
        (stack_id, version): (&str, u32),
        named: &[String],
        at_ms: i64,
    ) -> Result<Application, Status> {
        let row = self.stack(stack_id, version).await?;
        let (stack, state) = (row.definition(), row.state());
        let components = stack_components::named_or_chosen(self.app.store(), learner_id, &stack, named, at_ms).await;
        let components = components.map_err(fault)?;
        Ok(Application { learner_id: learner_id.to_owned(), stack, state, components })
    }

    /// Waits until all views on which an application rests have seen a position.
    async fn reached_for_stacks(&self, min_position: u64) -> Result<(), Status> {
        self.app.reached::<Credentials>(min_position).await?;
        self.app.reached::<CreditEntries>(min_position).await?;
        self.app.reached::<Stacks>(min_position).await
    }
}

fn application_fields(learner_id: &str, stack_id: &str, version: u32, components: &[String]) -> Fields {
    let mut fields = Fields::new();
    fields.id("learner_id", learner_id);
    fields.id("stack_id", stack_id);
    fields.check("version", version > 0, "is below 1");
    fields.check("components", components.len() <= COMPONENTS_MAX, "are more than 200");
    for it in components {
        fields.joined_id("components", it);
    }
    fields
}

fn check_stack(fields: &mut Fields, it: &StackDefined) {
    fields.id("definition.stack_id", &it.stack_id);
    fields.check("definition.version", it.version > 0, "is below 1");
    fields.id("definition.institution_id", &it.institution_id);
    fields.text("definition.title", &it.title, NAME_MAX);
    fields.optional_text("definition.description", &it.description, TEXT_MAX);
    fields.check("definition.scheme", it.scheme() != AwardScheme::Unspecified, "is not set");
    fields.check("definition.target_milli", it.target_milli > 0, "is below 1");
    fields.check("definition.eqf_level", it.eqf_level <= 8, "is above 8");
    fields.check("definition.level_share_percent", it.level_share_percent <= 100, "is above 100");
    for named in it.required_achievements.iter().chain(&it.accepted_achievements) {
        fields.joined_id("definition.required_achievements or accepted_achievements", named);
    }
    for it in &it.partner_institutions {
        fields.id("definition.partner_institutions", it);
    }
}

#[tonic::async_trait]
impl StackService for Api {
    async fn define_stack(&self, request: Request<DefineStackRequest>) -> Reply<DefineStackResponse> {
        let (call, it) = Call::open(request)?;
        let definition = it.definition.unwrap_or_default();
        let mut fields = Fields::new();
        check_stack(&mut fields, &definition);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let id = stack::id(&definition.stack_id, definition.version);
        let command = By::caller(&call, &[], &it.institution_id).asks(StackCommand::Define(Box::new(definition)));
        done!(DefineStackResponse, self.app.decide::<Stack>(&call, &id, &command).await?)
    }

    async fn approve_stack(&self, request: Request<ApproveStackRequest>) -> Reply<ApproveStackResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("stack_id", &it.stack_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = StackCommand::Approve { approved_by: call.caller.subject.clone() };
        let command = By::caller(&call, &[], &it.institution_id).asks(command);
        let id = stack::id(&it.stack_id, it.version);
        done!(ApproveStackResponse, self.app.decide::<Stack>(&call, &id, &command).await?)
    }

    async fn retire_stack(&self, request: Request<RetireStackRequest>) -> Reply<RetireStackResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("stack_id", &it.stack_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = By::caller(&call, &[], &it.institution_id).asks(StackCommand::Retire { reason: it.reason });
        let id = stack::id(&it.stack_id, it.version);
        done!(RetireStackResponse, self.app.decide::<Stack>(&call, &id, &command).await?)
    }

    async fn get_stack(&self, request: Request<GetStackRequest>) -> Reply<GetStackResponse> {
        let (_, it) = Call::open(request)?;
        self.app.reached::<Stacks>(it.min_position).await?;
        let row = self.stack(&it.stack_id, it.version).await?;
        Ok(Response::new(GetStackResponse { stack: Some(row.shown()) }))
    }

    async fn list_stacks(&self, request: Request<ListStacksRequest>) -> Reply<ListStacksResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Stacks>(it.min_position).await?;
        let rows = stacks::stacks(self.app.store(), &it.institution_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.stack_key.clone());
        let stacks = rows.into_iter().map(StackRow::shown).collect();
        Ok(Response::new(ListStacksResponse { stacks, next_page_token }))
    }

    async fn check_stack(&self, request: Request<CheckStackRequest>) -> Reply<CheckStackResponse> {
        let (call, it) = Call::open(request)?;
        application_fields(&it.learner_id, &it.stack_id, it.version, &it.components).done()?;
        self.reached_for_stacks(it.min_position).await?;
        let stack = (it.stack_id.as_str(), it.version);
        let application = self.application(&it.learner_id, stack, &it.components, call.now_ms()).await?;
        let owner = &application.stack.institution_id;
        if !it.institution_id.is_empty() && it.institution_id != *owner {
            let why = format!("it belongs to institution `{owner}`");
            return Err(no(Reason::NotYourInstitution, why, &it.stack_id));
        }
        let problems = stacking::problems(&application.stack, &application.components, call.now_ms());
        let (reasons, details) = credit_account::named(problems);
        let components = application.components.into_iter().map(|it| it.entry_id).collect();
        Ok(Response::new(CheckStackResponse { components, reasons, details }))
    }

    async fn apply_for_stack(&self, request: Request<ApplyForStackRequest>) -> Reply<ApplyForStackResponse> {
        let (call, it) = Call::open(request)?;
        application_fields(&it.learner_id, &it.stack_id, it.version, &it.components).done()?;
        let call = call.at(it.at_ms)?;
        self.reached_for_stacks(it.min_position).await?;
        let stack = (it.stack_id.as_str(), it.version);
        let application = self.application(&it.learner_id, stack, &it.components, call.now_ms()).await?;
        let command = Command::Request(Box::new(application));
        let command = By::caller(&call, &[&it.learner_id], &it.institution_id).asks(command);
        let id = stack_award::id(&it.stack_id, it.version, &it.learner_id);
        done!(ApplyForStackResponse, self.app.decide::<StackAward>(&call, &id, &command).await?)
    }

    async fn keep_stack_award(&self, request: Request<KeepStackAwardRequest>) -> Reply<KeepStackAwardResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("award_id", &it.award_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = By::caller(&call, &[], &it.institution_id).asks(Command::Keep { reason: it.reason });
        done!(KeepStackAwardResponse, self.app.decide::<StackAward>(&call, &it.award_id, &command).await?)
    }

    async fn release_stack_award(
        &self,
        request: Request<ReleaseStackAwardRequest>,
    ) -> Reply<ReleaseStackAwardResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("award_id", &it.award_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let learner = it.award_id.rsplit_once('~').map_or("", |it| it.1);
        let is_own = call.caller.subject == learner;
        // Whoever asks as a learner asks for the own award.
        if !it.learner_id.is_empty() && it.learner_id != learner {
            return Err(no(Reason::StackAwardNotFound, "no such stack award was asked for", &it.award_id));
        }
        let command = Command::Release { reason: it.reason, asked_by_learner: is_own };
        let command = By::caller(&call, &[learner], &it.institution_id).asks(command);
        done!(ReleaseStackAwardResponse, self.app.decide::<StackAward>(&call, &it.award_id, &command).await?)
    }

    async fn get_stack_award(&self, request: Request<GetStackAwardRequest>) -> Reply<GetStackAwardResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("award_id", &it.award_id);
        fields.done()?;
        self.app.reached::<StackAwards>(it.min_position).await?;
        let row = stack_awards::award(self.app.store(), &it.award_id).await.map_err(fault)?;
        let may = |row: &StackAwardRow| {
            (it.learner_id.is_empty() || row.learner_id == it.learner_id)
                && (it.institution_id.is_empty() || row.institution_id == it.institution_id)
        };
        let Some(row) = row.filter(may) else {
            return Err(no(Reason::StackAwardNotFound, "no such stack award was asked for", &it.award_id));
        };
        Ok(Response::new(GetStackAwardResponse { award: Some(row.shown()) }))
    }

    async fn list_stack_awards(&self, request: Request<ListStackAwardsRequest>) -> Reply<ListStackAwardsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<StackAwards>(it.min_position).await?;
        let wanted =
            Wanted { learner_id: &it.learner_id, institution_id: &it.institution_id, is_flagged: it.is_flagged };
        let rows = stack_awards::awards(self.app.store(), &wanted, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.award_id.clone());
        let awards = rows.into_iter().map(StackAwardRow::shown).collect();
        Ok(Response::new(ListStackAwardsResponse { awards, next_page_token }))
    }
}
