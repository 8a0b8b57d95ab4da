//! One delivery of a roster: taken in whole, compared, kept, decided, answered row by row.

use super::{Api, no};
use crate::{
    campus_list, members,
    members::Members,
    roster::{self, Roster},
    roster_changes::{self, RosterChangeRow, RosterChanges},
    roster_delivery::{self, RosterDelivery},
    roster_diff::{self, Found, is_change},
    roster_imports,
};
use futures::stream::{self, BoxStream, StreamExt as _};
use std::{collections::HashMap, mem};
use studium_kit::{Call, Fields, fault, status};
use studium_proto::{
    Encoded as _,
    campus::v1::{
        ImportRosterRequest, ImportRosterResponse, Reason, RosterChange, RosterHeader, RosterImportJudged, RosterMode,
        RosterOutcome as Outcome, RosterRow, RosterRowAnswer, RosterSummary, RosterVerdict,
        import_roster_request::Part, import_roster_response::Part as Answer, roster_event::Event,
    },
};
use tonic::{Status, Streaming};

/// Rows of one call.
const ROWS_MAX: usize = 100_000;

/// A chunk of changes is no larger, bytes: four of them fit into what the log takes as one message.
const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// Nor has it more changes: so many commands follow from one event.
const CHUNK_CHANGES_MAX: usize = 500;

/// What an import answers.
pub(super) type Answers = BoxStream<'static, Result<ImportRosterResponse, Status>>;

impl Api {
    /// Takes in a delivery. Nothing is written before its last row is here.
    pub(super) async fn take_roster(
        &self,
        call: Call,
        mut parts: Streaming<ImportRosterRequest>,
    ) -> Result<Answers, Status> {
        let Some(Part::Header(header)) = parts.message().await?.and_then(|it| it.part) else {
            return Err(status::malformed("header", "is not the first message"));
        };
        check(&call, &header)?;
        let roster: Roster = self.app.state(&header.campus_id).await?;
        if roster.judged(&header.import_id).is_none() {
            // Before all the rows are sent for nothing.
            self.applied(&header.campus_id, roster.accepted()).await?;
        }
        let mut rows = Vec::new();
        while let Some(it) = parts.message().await? {
            let Some(Part::Row(row)) = it.part else { return Err(status::malformed("row", "is missing")) };
            if rows.len() == ROWS_MAX {
                let why = format!("are more than {ROWS_MAX}; deliver changes instead of the whole roster");
                return Err(status::malformed("rows", &why));
            }
            rows.push(row);
        }
        if campus_list::campus(self.app.store(), &header.campus_id).await.map_err(fault)?.is_none() {
            return Err(no(Reason::CampusNotFound, "no such campus is registered", &header.campus_id));
        }
        let (answers, summary) = if header.dry_run {
            self.try_out(&header, &rows).await?
        } else {
            self.judge(&call, &header, &rows).await?
        };
        let answers = answers.into_iter().map(Answer::Row).chain([Answer::Summary(summary)]);
        Ok(stream::iter(answers.map(|it| Ok(ImportRosterResponse { part: Some(it) }))).boxed())
    }

    /// Says what would happen, and writes nothing. So it cannot wait for what others wrote a moment ago.
    async fn try_out(&self, header: &RosterHeader, rows: &[RosterRow]) -> Result<Told, Status> {
        let roster: Roster = self.app.state(&header.campus_id).await?;
        self.applied(&header.campus_id, roster.accepted()).await?;
        let found = self.compare(header, rows).await?;
        let judged = roster.verdict(&found.judged, found.is_cut);
        Ok((told(found.answers, &judged), RosterSummary { dry_run: true, ..summary(&judged) }))
    }

    async fn judge(&self, call: &Call, header: &RosterHeader, rows: &[RosterRow]) -> Result<Told, Status> {
        let (campus, import) = (&header.campus_id, &header.import_id);
        let (base, position) = self.begin(call, header, rows).await?;
        let roster: Roster = self.app.state(campus).await?;
        if let Some(judged) = roster.judged(import) {
            let judged = judged.clone();
            return self.again(header, rows, judged, position).await;
        }
        // All that the deliveries before it changed lies before its own beginning.
        self.app.reached::<Members>(position).await?;
        let mut found = self.compare(header, rows).await?;
        found.judged.base = base;
        if roster::problem(&found.judged, found.is_cut).is_none() {
            (found.judged.delivery_id, found.judged.chunks) = self.keep(call, header, found.changes()).await?;
        }
        let judge = roster::Command::Judge { found: Box::new(found.judged.clone()), is_cut: found.is_cut };
        let call = call.row(format!("judge-{base}-{}", roster_diff::digest(&found.changes())));
        let decided = self.app.decide::<Roster>(&call, campus, &judge).await?;
        let judged = decided.events.iter().find_map(|it| match it {
            Event::RosterImportJudged(it) => Some(it.clone()),
            _ => None,
        });
        if let Some(judged) = judged {
            let already = decided.already;
            let summary = RosterSummary { position: decided.position, already, ..summary(&judged) };
            return Ok((told(found.answers, &judged), summary));
        }
        // Another call with the same rows was faster.
        let roster: Roster = self.app.state(campus).await?;
        let judged = roster.judged(import).cloned().ok_or_else(status::busy)?;
        self.again(header, rows, judged, decided.position).await
    }

    /// Begins an import on the roster that holds, once that is applied; says after how many accepted ones, and where.
    async fn begin(&self, call: &Call, header: &RosterHeader, rows: &[RosterRow]) -> Result<(u32, u64), Status> {
        let (campus, import_id) = (&header.campus_id, header.import_id.clone());
        let fingerprint = roster_diff::fingerprint(header.mode(), rows);
        let begin = roster::Command::Begin { import_id, fingerprint };
        loop {
            let roster: Roster = self.app.state(campus).await?;
            let accepted = roster.accepted();
            if roster.judged(&header.import_id).is_none() {
                self.applied(campus, accepted).await?;
            }
            let call = call.row(format!("begin-{accepted}"));
            let position = self.app.decide::<Roster>(&call, campus, &begin).await?.position;
            let roster: Roster = self.app.state(campus).await?;
            let base = roster.base_of(&header.import_id).unwrap_or_default();
            // Where another one was accepted in between, that one has to be applied first.
            if base == accepted || roster.judged(&header.import_id).is_some() {
                return Ok((base, position));
            }
        }
    }

    /// Whether the deliveries before are applied: a comparison with half of a roster would be wrong.
    async fn applied(&self, campus: &str, accepted: u32) -> Result<(), Status> {
        if roster_imports::is_applied(self.app.store(), campus, accepted).await.map_err(fault)? {
            return Ok(());
        }
        Err(status::late("the roster before is still being applied; ask again"))
    }

    async fn compare(&self, header: &RosterHeader, rows: &[RosterRow]) -> Result<Found, Status> {
        let members = members::of_campus(self.app.store(), &header.campus_id).await.map_err(fault)?;
        Ok(roster_diff::compare(header, rows, &members))
    }

    /// Keeps what changes; says where, and in how many chunks.
    async fn keep(
        &self,
        call: &Call,
        header: &RosterHeader,
        changes: Vec<RosterChange>,
    ) -> Result<(String, u32), Status> {
        if changes.is_empty() {
            return Ok((String::new(), 0));
        }
        let digest = roster_diff::digest(&changes);
        let id = format!("{}~{}~{digest}", header.campus_id, header.import_id);
        let mut chunk = 0;
        for changes in chunks(changes) {
            chunk += 1;
            let call = call.row(format!("keep-{digest}-{chunk}"));
            let command = roster_delivery::Command::Keep { chunk, changes };
            self.app.decide::<RosterDelivery>(&call, &id, &command).await?;
        }
        Ok((id, chunk))
    }

    /// The first answer again: from what was decided and kept, whatever became of the members since.
    async fn again(
        &self,
        header: &RosterHeader,
        rows: &[RosterRow],
        judged: RosterImportJudged,
        position: u64,
    ) -> Result<Told, Status> {
        self.app.reached::<RosterChanges>(position).await?;
        let kept = roster_changes::after(self.app.store(), &judged.delivery_id, (0, -1), i64::MAX);
        let kept = kept.await.map_err(fault)?;
        let kept = kept.into_iter().map(RosterChangeRow::shown);
        let (mut by_row, mut in_none) = (HashMap::new(), Vec::new());
        for it in kept {
            if it.row == 0 { in_none.push(it) } else { drop(by_row.insert((it.row, it.learner_id.clone()), it)) }
        }
        let found = self.compare(header, rows).await?;
        let is_refused = judged.verdict() == RosterVerdict::Refused;
        let answers = found.answers.into_iter().filter(|it| it.row != 0).map(|it| {
            match by_row.remove(&(it.row, it.learner_id.clone())) {
                Some(kept) => kept,
                None if is_refused || !is_change(it.outcome()) => it,
                // It was so when the delivery came.
                None => RosterRowAnswer { outcome: Outcome::Unchanged.into(), was: None, becomes: None, ..it },
            }
        });
        let answers: Vec<_> = answers.chain(in_none).collect();
        Ok((told(answers, &judged), RosterSummary { already: true, position, ..summary(&judged) }))
    }
}

/// Answers and summary.
type Told = (Vec<RosterRowAnswer>, RosterSummary);

/// Whether the header can be worked with, and by this caller.
fn check(call: &Call, header: &RosterHeader) -> Result<(), Status> {
    let mut fields = Fields::new();
    fields.id("header.campus_id", &header.campus_id);
    fields.id("header.import_id", &header.import_id);
    let known = RosterMode::try_from(header.mode).is_ok_and(|it| it != RosterMode::Unspecified);
    fields.check("header.mode", known, "is neither FULL nor DELTA");
    fields.check("header.made_at_ms", header.made_at_ms >= 0, "is Unix milliseconds and not negative");
    fields.done()?;
    if call.caller.acts_for(&header.campus_id) {
        return Ok(());
    }
    let sentence = format!("you do not act for `{}`", header.campus_id);
    Err(no(Reason::NotYourCampus, sentence, &header.campus_id))
}

/// What is told of rows in view of what was decided: where nothing is done, no row says that something is.
fn told(answers: Vec<RosterRowAnswer>, judged: &RosterImportJudged) -> Vec<RosterRowAnswer> {
    if judged.verdict() != RosterVerdict::Refused {
        return answers;
    }
    let answers = answers.into_iter().filter(|it| it.row != 0 || it.outcome() != Outcome::Removed);
    let refuse = |it: RosterRowAnswer| match it.outcome() {
        Outcome::Malformed | Outcome::Duplicate | Outcome::Refused => it,
        _ => RosterRowAnswer {
            outcome: Outcome::Refused.into(),
            reason: judged.cause().as_str_name().to_owned(),
            detail: "the whole delivery was refused".to_owned(),
            was: None,
            becomes: None,
            ..it
        },
    };
    answers.map(refuse).collect()
}

fn summary(judged: &RosterImportJudged) -> RosterSummary {
    RosterSummary {
        import_id: judged.import_id.clone(),
        verdict: judged.verdict,
        cause: judged.cause,
        detail: roster_imports::in_words(judged),
        counts: Some(roster_imports::counts(judged)),
        ..RosterSummary::default()
    }
}

/// Cuts changes into pieces that the log takes.
fn chunks(changes: Vec<RosterChange>) -> Vec<Vec<RosterChange>> {
    let (mut chunks, mut chunk, mut bytes) = (Vec::new(), Vec::new(), 0);
    for it in changes {
        let more = it.encoded_len();
        if !chunk.is_empty() && (bytes + more > CHUNK_BYTES_MAX || chunk.len() == CHUNK_CHANGES_MAX) {
            chunks.push(mem::take(&mut chunk));
            bytes = 0;
        }
        bytes += more;
        chunk.push(it);
    }
    chunks.extend((!chunk.is_empty()).then_some(chunk));
    chunks
}
