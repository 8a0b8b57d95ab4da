//! Calls that look at awards before anybody issues them, and that issue many.

use super::{Api, Reply, TEXT_MAX, no};
use crate::{
    award,
    completions::Completions,
    credential::{self, Command, Credential},
    credentials::Credentials,
    issuing::{self, Basis, Wish},
};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::HashSet;
use studium_kit::{
    Asked, By, Call, DecideError, Decider as _, Decision, Fields, Reason as _, Rejection, fault, status,
};
use studium_proto::credentials::v1::{
    AwardFinding, AwardRow, AwardRowResult, CheckAwardRequest, CheckAwardResponse, IssueCause, IssueCredentialsRequest,
    IssueCredentialsResponse, Reason, award_service_server::AwardService,
};
use tonic::{Request, Response, Status};

/// Learners of one call.
const ROWS_MAX: usize = 1_000;

/// Learners whose awards are decided at the same time; a log that packs fills its batches from them.
const DECIDED_MAX: usize = 32;

/// What came of one row, and the position of its commit.
type Came = (AwardRowResult, u64);

/// An award as it would be decided.
pub(super) struct Award {
    /// The credential.
    pub id: String,
    /// What is asked of it.
    pub command: Asked<Command>,
    facts: award::Facts,
}

impl Api {
    /// What all awards for an achievement rest on, for whoever may issue for it.
    pub(super) async fn basis(&self, call: &Call, achievement_id: &str, institution_id: &str) -> Result<Basis, Status> {
        let basis = Basis::read(&self.app, achievement_id).await.map_err(fault)?;
        let Some(owner) = basis.owner() else {
            return Err(no(Reason::AchievementNotFound, "no such achievement is defined", achievement_id));
        };
        let may = By::caller(call, &[], institution_id).may_act_for(owner, Reason::NotYourInstitution);
        may.map_err(|it| status::refused(&it, [("id", achievement_id)]))?;
        Ok(basis)
    }

    /// Puts the award of one learner together, as an institution asks for it.
    pub(super) async fn award(
        &self,
        call: &Call,
        basis: &Basis,
        wish: &Wish<'_>,
        institution_id: &str,
    ) -> Result<Award, Status> {
        let (issued, facts) = issuing::prepare(&self.app, basis, wish, call.now_ms()).await.map_err(fault)?;
        let id = credential::id(wish.achievement_id, wish.learner_id, wish.attempt);
        let command = By::caller(call, &[], institution_id).asks(Command::Issue(Box::new(issued), facts.clone()));
        Ok(Award { id, command, facts })
    }

    /// Issues to one learner, named for the first time or again in this call. Only what is broken is an error; everything else is the row's own answer.
    async fn issue_row(
        &self,
        call: &Call,
        (about, basis): (&IssueCredentialsRequest, &Basis),
        (row, is_first): (AwardRow, bool),
    ) -> Result<Came, Status> {
        let refused = |code: &str, detail: &str| {
            let findings = vec![AwardFinding { code: code.to_owned(), detail: detail.to_owned() }];
            (AwardRowResult { learner_id: row.learner_id.clone(), findings, ..AwardRowResult::default() }, 0)
        };
        let mut fields = Fields::new();
        check_row(&mut fields, &row);
        if let Err(e) = fields.done() {
            return Ok(refused("MALFORMED", e.message()));
        }
        if !is_first {
            // Both rows would be decided before either is seen in the views.
            return Ok(refused(Reason::DuplicateAward.name(), "an earlier row of this call is for the same learner"));
        }
        let award = self.award(call, basis, &wish(&about.achievement_id, &row), &about.institution_id).await?;
        let mut result = AwardRowResult { learner_id: row.learner_id.clone(), ..AwardRowResult::default() };
        let mut position = 0;
        match self.app.decide_as::<Credential>(&call.meta, &award.id, &award.command).await {
            Ok(it) => {
                (result.credential_id, result.already, position) = (award.id, it.already, it.position);
            }
            Err(DecideError::Refused(it)) => result.findings = against(it, &award.facts),
            Err(DecideError::Busy) => {
                return Ok(refused("BUSY", "others keep changing the same credential; try again"));
            }
            Err(DecideError::Outdated) => return Err(status::outdated()),
            Err(DecideError::Fault(e)) => return Err(fault(e)),
        }
        Ok((result, position))
    }
}

/// Whether a row can be read.
pub(super) fn check_row(fields: &mut Fields, row: &AwardRow) {
    fields.id("learner_id", &row.learner_id);
    fields.optional_text("override_reason", &row.override_reason, TEXT_MAX);
}

/// What a row asks for: what was completed, or what staff decides.
pub(super) fn wish<'a>(achievement_id: &'a str, row: &'a AwardRow) -> Wish<'a> {
    Wish {
        achievement_id,
        learner_id: &row.learner_id,
        attempt: row.attempt.max(1),
        cause: if row.override_reason.is_empty() { IssueCause::Completion } else { IssueCause::Staff },
        reason: &row.override_reason,
        ..Wish::default()
    }
}

/// All that stands against an award that was refused: what the credential itself says, and what the facts say.
fn against(refusal: Rejection<Reason>, facts: &award::Facts) -> Vec<AwardFinding> {
    let mut problems = award::problems(facts);
    // A refusal for the facts sums all of them up under the first one's name.
    if problems.first().is_none_or(|(first, _)| *first != refusal.reason) {
        problems.insert(0, (refusal.reason, refusal.detail));
    }
    let finding = |(reason, detail): award::Problem| AwardFinding { code: reason.name().to_owned(), detail };
    problems.into_iter().map(finding).collect()
}

#[tonic::async_trait]
impl AwardService for Api {
    async fn check_award(&self, request: Request<CheckAwardRequest>) -> Reply<CheckAwardResponse> {
        let (call, it) = Call::open(request)?;
        let row = AwardRow { learner_id: it.learner_id, attempt: it.attempt, override_reason: it.override_reason };
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        check_row(&mut fields, &row);
        fields.done()?;
        self.app.reached_stream::<Completions>("enrolment", it.enrolment_position).await?;
        self.app.reached::<Credentials>(it.min_position).await?;
        let basis = self.basis(&call, &it.achievement_id, &it.institution_id).await?;
        let award = self.award(&call, &basis, &wish(&it.achievement_id, &row), &it.institution_id).await?;
        let decided: Decision<Credential> =
            self.app.look::<Credential, _>(&award.id, |it| it.decide(&award.command)).await?;
        let (already, findings) = match decided {
            Ok(events) => (events.is_empty(), Vec::new()),
            Err(refusal) => (false, against(refusal, &award.facts)),
        };
        Ok(Response::new(CheckAwardResponse { credential_id: award.id, already, findings }))
    }

    async fn issue_credentials(&self, request: Request<IssueCredentialsRequest>) -> Reply<IssueCredentialsResponse> {
        let (call, mut it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        fields.check("rows", !it.rows.is_empty(), "are none");
        fields.check("rows", it.rows.len() <= ROWS_MAX, "are more than 1,000; send the rest in another call");
        fields.done()?;
        self.app.reached_stream::<Completions>("enrolment", it.enrolment_position).await?;
        let call = call.at(it.at_ms)?;
        let basis = self.basis(&call, &it.achievement_id, &it.institution_id).await?;
        let rows = std::mem::take(&mut it.rows);
        let (about, call) = ((&it, &basis), &call);
        let mut seen = HashSet::new();
        let rows: Vec<_> = rows.into_iter().map(|row| (seen.insert(row.learner_id.clone()), row)).collect();
        let asked = rows
            .into_iter()
            .enumerate()
            .map(|(n, (is_first, row))| async move { self.issue_row(&call.row(n), about, (row, is_first)).await });
        let came: Vec<Came> = stream::iter(asked).buffered(DECIDED_MAX).try_collect().await?;
        let mut response = IssueCredentialsResponse::default();
        for (result, position) in came {
            let count = match (&result.findings[..], result.already) {
                ([], true) => &mut response.already,
                ([], false) => &mut response.issued,
                _ => &mut response.refused,
            };
            *count += 1;
            response.position = response.position.max(position);
            response.results.push(result);
        }
        Ok(Response::new(response))
    }
}
