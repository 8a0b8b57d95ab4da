//! Compares a delivery with the members of its campus: what comes of each row, and who would leave.
//!
//! Nobody leaves for a row that makes no sense. A row that can be told to speak of a member keeps that one; one that
//! cannot may speak of anybody, and then nobody leaves who is not in a row.

use crate::{member, members::MemberRow, roster_row::Said};
use std::collections::{HashMap, HashSet};
use studium_proto::{
    Encoded as _,
    campus::v1::{
        MemberDescribed, Reason, RosterChange, RosterHeader, RosterImportJudged, RosterMode, RosterOutcome as Outcome,
        RosterRow, RosterRowAnswer,
    },
};
use uuid::Uuid;

/// Namespace of the learner ids that are derived from external ids; fixed for ever.
const LEARNERS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_726f_7374_6572);

/// Namespace of digests of rows and of changes; fixed for ever.
const DIGESTS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6469_6765_7374);

/// What was found in a delivery.
#[derive(Debug, Default)]
pub struct Found {
    /// One for each row, then one for each member who leaves without being in one.
    pub answers: Vec<RosterRowAnswer>,
    /// What is counted; without verdict.
    pub judged: RosterImportJudged,
    /// The last row is cut.
    pub is_cut: bool,
}

/// Says which rows a delivery has, whatever they are called and wherever they come from.
pub fn fingerprint(mode: RosterMode, rows: &[RosterRow]) -> String {
    let mut bytes = vec![u8::try_from(i32::from(mode)).unwrap_or_default()];
    for row in rows {
        let row = RosterRow { row: 0, ..row.clone() };
        // A message that begins with its length: no two lists of rows have the same bytes.
        bytes.extend(row.encode_length_delimited_to_vec());
    }
    Uuid::new_v5(&DIGESTS, &bytes).to_string()
}

/// The learner whom a campus knows by an external id and nobody else knows yet: the same in every import.
pub fn derived_learner(campus_id: &str, external_id: &str) -> String {
    Uuid::new_v5(&LEARNERS, format!("{campus_id}\n{external_id}").as_bytes()).to_string()
}

/// Compares; `members` are all of the campus.
pub fn compare(header: &RosterHeader, rows: &[RosterRow], members: &[MemberRow]) -> Found {
    let present = Present::of(members);
    let mode = header.mode();
    let mut read: Vec<_> = rows.iter().map(|it| present.read(&header.campus_id, it, mode)).collect();
    let duplicates = told_apart(rows, &mut read);
    let mut found = Found {
        is_cut: rows.last().is_some_and(|it| !it.unreadable.is_empty()),
        judged: RosterImportJudged {
            import_id: header.import_id.clone(),
            fingerprint: fingerprint(mode, rows),
            mode: header.mode,
            format: header.format,
            made_at_ms: header.made_at_ms,
            rows: rows.len() as u32,
            expected_rows: header.expected_rows,
            roster_members: members.iter().filter(|it| member::ends_by_roster(it.source)).count() as u32,
            ..RosterImportJudged::default()
        },
        ..Found::default()
    };
    let mut in_rows = HashSet::new();
    for (n, (row, read)) in rows.iter().zip(&read).enumerate() {
        let answer = match read {
            Err(why) => RosterRowAnswer { detail: why.clone(), ..answer(row, "", Outcome::Malformed) },
            Ok(it) if duplicates.contains(&n) => answer(row, &it.learner_id, Outcome::Duplicate),
            Ok(it) => {
                in_rows.insert(it.learner_id.as_str());
                present.answer(row, it)
            }
        };
        found.take(answer);
    }
    if mode == RosterMode::Full {
        let unread: Vec<_> = rows.iter().zip(&read).filter(|it| it.1.is_err()).map(|it| it.0).collect();
        let (kept, anybody) = present.kept_by(&unread);
        let gone = members.iter().filter(|it| member::ends_by_roster(it.source));
        for it in gone.filter(|it| !in_rows.contains(it.learner_id.as_str())) {
            if anybody || kept.contains(it.learner_id.as_str()) {
                found.judged.withheld += 1;
            } else {
                let row = RosterRow { external_id: it.external_id.clone(), ..RosterRow::default() };
                let was = Some(it.record());
                found.take(RosterRowAnswer { was, ..answer(&row, &it.learner_id, Outcome::Removed) });
            }
        }
    }
    found
}

impl Found {
    fn take(&mut self, answer: RosterRowAnswer) {
        let counts = &mut self.judged;
        match answer.outcome() {
            Outcome::Added => counts.added += 1,
            Outcome::Changed => counts.changed += 1,
            Outcome::Unchanged | Outcome::Unspecified => counts.unchanged += 1,
            Outcome::Removed => counts.removed += 1,
            Outcome::Malformed => counts.malformed += 1,
            Outcome::Duplicate => counts.duplicates += 1,
            Outcome::Refused => counts.refused += 1,
        }
        self.answers.push(answer);
    }

    /// What is to be kept so that it can be applied later.
    pub fn changes(&self) -> Vec<RosterChange> {
        let changes = self.answers.iter().filter(|it| is_change(it.outcome()));
        let change = |it: &RosterRowAnswer| RosterChange {
            row: it.row,
            learner_id: it.learner_id.clone(),
            was: it.was.clone().into_iter().collect(),
            becomes: it.becomes.clone().into_iter().collect(),
        };
        changes.map(change).collect()
    }
}

/// Whether something happens to a member.
pub fn is_change(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Added | Outcome::Changed | Outcome::Removed)
}

/// A digest of changes, which names where they are kept.
pub fn digest(changes: &[RosterChange]) -> String {
    let bytes: Vec<_> = changes.iter().flat_map(RosterChange::encode_length_delimited_to_vec).collect();
    Uuid::new_v5(&DIGESTS, &bytes).to_string()
}

fn answer(row: &RosterRow, learner_id: &str, outcome: Outcome) -> RosterRowAnswer {
    RosterRowAnswer {
        row: row.row,
        outcome: outcome.into(),
        external_id: row.external_id.clone(),
        learner_id: learner_id.to_owned(),
        ..RosterRowAnswer::default()
    }
}

/// Rows of one person: equal ones stand once, and of different ones none does. Gives those that repeat an earlier one.
fn told_apart(rows: &[RosterRow], read: &mut [Result<Said, String>]) -> HashSet<usize> {
    let mut persons: HashMap<(bool, String), Vec<usize>> = HashMap::new();
    for (n, (row, read)) in rows.iter().zip(read.iter()).enumerate() {
        let external_id = row.external_id.trim();
        if !external_id.is_empty() {
            persons.entry((true, external_id.to_owned())).or_default().push(n);
        }
        if let Ok(it) = read {
            persons.entry((false, it.learner_id.clone())).or_default().push(n);
        }
    }
    let (mut duplicates, mut spoilt) = (HashSet::new(), HashMap::new());
    for same in persons.into_values().filter(|it| it.len() > 1) {
        let first = read[same[0]].as_ref().ok();
        if first.is_some() && same.iter().all(|n| read[*n].as_ref().ok() == first) {
            duplicates.extend(&same[1..]);
        } else {
            let numbers: Vec<_> = same.iter().take(5).map(|n| rows[*n].row.to_string()).collect();
            spoilt.extend(same.iter().map(|n| (*n, numbers.join(", "))));
        }
    }
    for (n, numbers) in spoilt {
        if read[n].is_ok() {
            read[n] = Err(format!("rows {numbers} say different things of the same person"));
        }
    }
    duplicates
}

/// The members of a campus, by what rows call them.
struct Present<'a> {
    learners: HashMap<&'a str, &'a MemberRow>,
    externals: HashMap<&'a str, Vec<&'a MemberRow>>,
    emails: HashMap<String, &'a str>,
}

impl<'a> Present<'a> {
    fn of(members: &'a [MemberRow]) -> Self {
        let mut externals: HashMap<_, Vec<_>> = HashMap::new();
        for it in members.iter().filter(|it| !it.external_id.is_empty()) {
            externals.entry(it.external_id.as_str()).or_default().push(it);
        }
        let with_email = members.iter().filter(|it| !it.email.is_empty());
        Self {
            learners: members.iter().map(|it| (it.learner_id.as_str(), it)).collect(),
            externals,
            emails: with_email.map(|it| (it.email.to_lowercase(), it.learner_id.as_str())).collect(),
        }
    }

    /// What a row says, and of whom.
    fn read(&self, campus_id: &str, row: &RosterRow, mode: RosterMode) -> Result<Said, String> {
        let mut said = Said::read(row, mode)?;
        let known = self.externals.get(said.external_id.as_str()).map_or(&[][..], Vec::as_slice);
        match (known, said.learner_id.is_empty()) {
            ([], true) => said.learner_id = derived_learner(campus_id, &said.external_id),
            ([one], true) => said.learner_id.clone_from(&one.learner_id),
            ([], false) => {}
            ([_, _, ..], true) => {
                return Err("several members have this external id; say which with learner_id".to_owned());
            }
            (known, false) if known.iter().all(|it| it.learner_id != said.learner_id) => {
                return Err(
                    "the external id is that of another member; correct it, or remove that one first".to_owned()
                );
            }
            (_, false) => {}
        }
        // What the roster does not say of a test user stays as it is.
        let is_test_user = self.learners.get(said.learner_id.as_str()).is_some_and(|it| it.test_user);
        if let Some(record) = &mut said.record {
            record.test_user = row.test_user.unwrap_or(is_test_user);
        }
        Ok(said)
    }

    fn answer(&self, row: &RosterRow, said: &Said) -> RosterRowAnswer {
        let present = self.learners.get(said.learner_id.as_str());
        let was: Option<MemberDescribed> = present.map(|it| it.record());
        let outcome = match (&was, &said.record) {
            (was, becomes) if was == becomes => Outcome::Unchanged,
            (None, _) => Outcome::Added,
            (Some(_), Some(_)) => Outcome::Changed,
            (Some(_), None) if present.is_some_and(|it| member::ends_by_roster(it.source)) => Outcome::Removed,
            (Some(_), None) => {
                return RosterRowAnswer {
                    reason: Reason::MemberNotFromRoster.as_str_name().to_owned(),
                    detail: "the member did not come from a roster; an administrator may end the membership".to_owned(),
                    ..answer(row, &said.learner_id, Outcome::Refused)
                };
            }
        };
        let shown = if is_change(outcome) { (was, said.record.clone()) } else { (None, None) };
        RosterRowAnswer { was: shown.0, becomes: shown.1, ..answer(row, &said.learner_id, outcome) }
    }

    /// Members of whom rows that make no sense may speak; true if they may speak of anybody.
    fn kept_by(&self, unread: &[&RosterRow]) -> (HashSet<&'a str>, bool) {
        let (mut kept, mut anybody) = (HashSet::new(), false);
        for row in unread {
            let external = self.externals.get(row.external_id.trim()).map_or(&[][..], Vec::as_slice);
            let mut named: Vec<&str> = external.iter().map(|it| it.learner_id.as_str()).collect();
            named.extend(self.learners.get(row.learner_id.trim()).map(|it| it.learner_id.as_str()));
            named.extend(self.emails.get(&row.email.trim().to_lowercase()).copied());
            anybody |= named.is_empty();
            kept.extend(named);
        }
        (kept, anybody)
    }
}

#[cfg(test)]
mod tests;
