//! Calls that concern achievements.

use super::{Api, NAME_MAX, Reply, TEXT_MAX, no};
use crate::{
    achievement::{self, Achievement, Command},
    achievements::{self, AchievementRow, Achievements},
    checks::{self, Awarding},
    course_versions::CourseVersions,
    drafting, issuing_institutions,
    programme_versions::ProgrammeVersions,
    run_marks::RunMarks,
};
use studium_kit::{By, Call, Fields, Page, done, fault, status};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementSource, ApproveAchievementRequest, ApproveAchievementResponse,
    CheckAchievementRequest, CheckAchievementResponse, DefineAchievementRequest, DefineAchievementResponse,
    DraftAchievementRequest, DraftAchievementResponse, GetAchievementRequest, GetAchievementResponse,
    ListAchievementsRequest, ListAchievementsResponse, Reason, RetireAchievementRequest, RetireAchievementResponse,
    achievement_service_server::AchievementService,
};
use studium_vc::data_model;
use tonic::{Request, Response, Status};

/// Outcomes, skills, programmes that one definition can name.
const NAMED_MAX: usize = 100;

/// The longest address, characters; the catalogue's.
const URL_MAX: usize = 2_000;

/// Longest validity, months.
const MONTHS_MAX: u32 = 1_200;

/// Whether it is an address that people can follow and a credential can hold, or none.
fn url(fields: &mut Fields, field: &str, text: &str) {
    fields.optional_text(field, text, URL_MAX);
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_web = rest.is_some_and(|it| !it.is_empty()) && data_model::is_url(text);
    fields.check(field, text.is_empty() || is_web, "is no http or https address");
}

/// Whether a definition can be stored.
fn check_definition(fields: &mut Fields, it: &AchievementDefined) {
    let named = |it: AchievementSource| it != AchievementSource::Unspecified;
    fields.check("definition.source", named(it.source()), "is not given");
    fields.id("definition.source_id", &it.source_id);
    fields.check("definition.source_version", it.source_version > 0, "is not given");
    fields.id("definition.institution_id", &it.institution_id);
    fields.text("definition.name", &it.name, NAME_MAX);
    for (field, text) in [
        ("definition.description", &it.description),
        ("definition.criteria", &it.criteria),
        ("definition.assessment_method", &it.assessment_method),
        ("definition.quality_assurance", &it.quality_assurance),
        ("definition.prerequisites", &it.prerequisites),
    ] {
        fields.optional_text(field, text, TEXT_MAX);
    }
    for (field, text) in [
        ("definition.language", &it.language),
        ("definition.national_level", &it.national_level),
        ("definition.field_of_study", &it.field_of_study),
        ("definition.human_code", &it.human_code),
        ("definition.equivalence_group", &it.equivalence_group),
    ] {
        fields.optional_text(field, text, NAME_MAX);
    }
    for (field, texts) in
        [("definition.outcomes", &it.outcomes), ("definition.degree_programmes", &it.degree_programmes)]
    {
        fields.check(field, texts.len() <= NAMED_MAX, "are more than 100");
        for text in texts {
            fields.text(field, text, TEXT_MAX);
        }
    }
    fields.check("definition.skills", it.skills.len() <= NAMED_MAX, "are more than 100");
    for skill in &it.skills {
        fields.text("definition.skills.label", &skill.label, NAME_MAX);
        url(fields, "definition.skills.uri", &skill.uri);
    }
    url(fields, "definition.quality_assurance_url", &it.quality_assurance_url);
    let mut schemes: Vec<_> = it.credits.iter().map(|it| it.scheme).collect();
    schemes.sort_unstable();
    schemes.dedup();
    fields.check("definition.credits", schemes.len() == it.credits.len(), "name a scheme twice");
    fields.check("definition.credits", !schemes.contains(&0), "name no scheme");
    fields.check("definition.eqf_level", it.eqf_level <= 8, "is not 1 to 8, or 0");
    fields.check("definition.valid_months", it.valid_months <= MONTHS_MAX, "is more than 1,200");
    fields.check("definition.pass_mark_millipoints", it.pass_mark_millipoints <= 100_000, "is above 100 points");
}

impl Api {
    pub(super) async fn achievement(&self, id: &str) -> Result<AchievementRow, Status> {
        let row = achievements::achievement(self.app.store(), id).await.map_err(fault)?;
        row.ok_or_else(|| no(Reason::AchievementNotFound, "no such achievement is defined", id))
    }

    /// What the catalogue says of who would issue.
    async fn awarding(&self, institution_id: &str) -> Result<Awarding, Status> {
        let it = issuing_institutions::institution(self.app.store(), institution_id).await.map_err(fault)?;
        Ok(Awarding { name: it.name, country: it.country })
    }

    /// What the version of a course or programme said, for whoever may define it.
    async fn drafted(&self, call: &Call, it: &DraftAchievementRequest) -> Result<AchievementDefined, Status> {
        let (store, source, id) = (self.app.store(), it.source(), it.source_id.as_str());
        let published = drafting::published(store, source, id, it.source_version).await.map_err(fault)?;
        let Some(owner) = published.institution_id else {
            return Err(no(Reason::SourceNotFound, "the catalogue does not know it", id));
        };
        By::caller(call, &[], &it.institution_id)
            .may_act_for(&owner, Reason::SourceOfAnotherInstitution)
            .map_err(|it| status::refused(&it, [("id", id)]))?;
        let version = if it.source_version == 0 { published.latest } else { it.source_version };
        // Version 0 is the working copy, which is nobody's promise.
        let draft = match version {
            0 => None,
            version => drafting::draft(store, source, id, version).await.map_err(fault)?,
        };
        let why = "the catalogue has not published this version";
        draft.ok_or_else(|| no(Reason::SourceVersionNotPublished, why, id))
    }
}

#[tonic::async_trait]
impl AchievementService for Api {
    async fn define_achievement(&self, request: Request<DefineAchievementRequest>) -> Reply<DefineAchievementResponse> {
        let (call, it) = Call::open(request)?;
        let definition = it.definition.unwrap_or_default();
        let mut fields = Fields::new();
        check_definition(&mut fields, &definition);
        fields.done()?;
        let id = achievement::id(definition.source(), &definition.source_id, definition.source_version);
        let call = call.at(it.at_ms)?;
        let (source, source_id, version) = (definition.source(), &definition.source_id, definition.source_version);
        let published = drafting::published(self.app.store(), source, source_id, version).await.map_err(fault)?;
        let command = Command::Define(Box::new(definition), published);
        let command = By::caller(&call, &[], &it.institution_id).asks(command);
        done!(DefineAchievementResponse, self.app.decide::<Achievement>(&call, &id, &command).await?)
    }

    async fn approve_achievement(
        &self,
        request: Request<ApproveAchievementRequest>,
    ) -> Reply<ApproveAchievementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        // The view may be behind a definition of a moment ago.
        let owner = self.app.look::<Achievement, _>(&it.achievement_id, |it| it.institution_id().to_owned()).await?;
        let awarding = self.awarding(&owner).await?;
        let command = Command::Approve { approved_by: call.caller.subject.clone(), awarding };
        let command = By::caller(&call, &[], &it.institution_id).asks(command);
        done!(ApproveAchievementResponse, self.app.decide::<Achievement>(&call, &it.achievement_id, &command).await?)
    }

    async fn retire_achievement(&self, request: Request<RetireAchievementRequest>) -> Reply<RetireAchievementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let command = By::caller(&call, &[], &it.institution_id).asks(Command::Retire { reason: it.reason });
        done!(RetireAchievementResponse, self.app.decide::<Achievement>(&call, &it.achievement_id, &command).await?)
    }

    async fn draft_achievement(&self, request: Request<DraftAchievementRequest>) -> Reply<DraftAchievementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        let has_versions = matches!(it.source(), AchievementSource::Course | AchievementSource::Programme);
        fields.check("source", has_versions, "is neither a course nor a programme");
        fields.id("source_id", &it.source_id);
        fields.done()?;
        self.app.reached_stream::<CourseVersions>("catalogue", it.catalogue_position).await?;
        self.app.reached_stream::<ProgrammeVersions>("catalogue", it.catalogue_position).await?;
        self.app.reached_stream::<RunMarks>("catalogue", it.catalogue_position).await?;
        let definition = self.drafted(&call, &it).await?;
        Ok(Response::new(DraftAchievementResponse { definition: Some(definition) }))
    }

    async fn check_achievement(&self, request: Request<CheckAchievementRequest>) -> Reply<CheckAchievementResponse> {
        let (_, it) = Call::open(request)?;
        let frameworks: Vec<_> = it.frameworks().collect();
        let definition = if let Some(it) = it.definition {
            it
        } else {
            let mut fields = Fields::new();
            fields.joined_id("achievement_id", &it.achievement_id);
            fields.done()?;
            self.app.reached::<Achievements>(it.min_position).await?;
            self.achievement(&it.achievement_id).await?.definition()
        };
        let frameworks = if frameworks.is_empty() { checks::claimed(&definition) } else { frameworks };
        let awarding = self.awarding(&definition.institution_id).await?;
        let findings = checks::findings(&definition, &awarding, &frameworks);
        Ok(Response::new(CheckAchievementResponse { findings }))
    }

    async fn get_achievement(&self, request: Request<GetAchievementRequest>) -> Reply<GetAchievementResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        fields.done()?;
        self.app.reached::<Achievements>(it.min_position).await?;
        let row = self.achievement(&it.achievement_id).await?;
        Ok(Response::new(GetAchievementResponse { achievement: Some(row.shown()) }))
    }

    async fn list_achievements(&self, request: Request<ListAchievementsRequest>) -> Reply<ListAchievementsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Achievements>(it.min_position).await?;
        let rows = achievements::achievements(self.app.store(), &it.institution_id, it.state(), &page).await;
        let rows = rows.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.achievement_id.clone());
        let achievements = rows.into_iter().map(AchievementRow::shown).collect();
        Ok(Response::new(ListAchievementsResponse { achievements, next_page_token }))
    }
}
