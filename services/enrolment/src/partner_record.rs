//! What a partner may see of an enrolment at a moment of the log: a function of the journal up to there, and of nothing
//! else. The feed, the digest, the differences and whoever looks a record up all ask it.

use crate::{
    consents::Consents,
    enrolments::{EnrolmentRow, Enrolments},
    learners::{self, LearnerRow, Learners},
    results::{ResultRow, Results},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::{BTreeSet, HashMap, HashSet};
use studium_kit::{App, Event as _, StoreError, Stored, fold_in_memory};
use studium_proto::enrolment::v1::{ConsentScope, learner_event};
use studium_proto::partner::v1::{self as public, EnrolmentRecord, Relation};

/// Records that one call of [`GetRecords`](public::GetRecordsRequest) looks up, at most.
pub const RECORDS_MAX: usize = 200;

/// Histories that are looked up at the same time; the journal answers those that come together with one query.
const AT_ONCE: usize = 64;

/// The service's own stream.
const STREAM: &str = "enrolment";

/// Histories of some enrolments, of the people in them, and of what they let some institutions see.
pub struct Past {
    /// Of each subject, in order.
    commits: HashMap<String, Vec<Stored>>,
    /// All ids that the person behind an id ever had, by id.
    people: HashMap<String, Vec<String>>,
}

/// An enrolment and the person in it, at a moment.
pub struct Moment {
    row: EnrolmentRow,
    results: Vec<ResultRow>,
    /// The learner who stays first, then the aliases in order of id.
    person: Vec<LearnerRow>,
    said: Said,
}

/// Positions of the commits that said a name and an address last. They stay when what they said can be read no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    name: u64,
    email: u64,
}

/// What an institution may see of a moment.
///
/// Two are equal if it can be told the same of both. That depends on nothing that is personal: who was erased since
/// changes neither what was told nor where it stands.
pub struct Seen {
    told: Told,
    /// The institution's own ids, as far as they can be read.
    external_ids: Vec<String>,
    name: String,
    email: String,
}

/// As much of it as can be read for ever.
#[derive(PartialEq)]
struct Told {
    /// With nothing in it that is personal.
    record: EnrolmentRecord,
    /// How many ids of its own the institution has for the person.
    own_ids: usize,
    /// Where the log says what consent covers.
    said: Said,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        self.told == other.told
    }
}

impl Past {
    /// Reads these enrolments, as `<run>~<learner>`, and the people in them.
    pub async fn read(app: &App, enrolments: &[String]) -> Result<Self, StoreError> {
        let learners: BTreeSet<String> =
            enrolments.iter().filter_map(|it| Some(it.split_once('~')?.1.into())).collect();
        let found: Vec<_> = learners.into_iter().map(|it| person(app, it)).collect();
        let people: HashMap<String, Vec<String>> = stream::iter(found).buffered(AT_ONCE).try_collect().await?;
        let mut subjects: HashSet<String> = enrolments.iter().map(|it| enrolment(it)).collect();
        subjects.extend(people.values().flatten().map(|it| of_learner(it)));
        Ok(Self { commits: histories(app, subjects).await?, people })
    }

    /// Reads what these people let institutions see; before that they let them see nothing.
    pub async fn read_consents(&mut self, app: &App, institutions: &BTreeSet<String>) -> Result<(), StoreError> {
        let people = self.people.iter().flat_map(|(id, person)| person.iter().chain([id]));
        let subjects = people.flat_map(|learner| institutions.iter().map(|it| consent(it, learner))).collect();
        self.commits.extend(histories(app, subjects).await?);
        Ok(())
    }

    /// The enrolment as it was when the stream had come to a position; none if there was none.
    pub fn at(&self, enrolment_id: &str, position: u64) -> Result<Option<Moment>, StoreError> {
        let commits = self.until(&enrolment(enrolment_id), position);
        let Some(row) = fold_in_memory::<Enrolments>(STREAM, commits)?.pop() else { return Ok(None) };
        let mut results = fold_in_memory::<Results>(STREAM, commits)?;
        results.sort_by(|a, b| (&a.assessment_id, a.attempt).cmp(&(&b.assessment_id, b.attempt)));
        let person = self.person(&row.learner_id, position)?;
        let stays = person.first().map_or(row.learner_id.as_str(), |it| it.learner_id.as_str());
        let said = said(self.until(&of_learner(stays), position));
        Ok(Some(Moment { row, results, person, said }))
    }

    /// What the institution may see of a moment; nothing if the enrolment does not concern it.
    pub fn seen_by(&self, institution: &str, moment: &Moment, position: u64) -> Result<Option<Seen>, StoreError> {
        let relations = moment.relations(institution);
        if relations.is_empty() {
            return Ok(None);
        }
        let mut scopes = Vec::new();
        // The consent of the learner who stays; if that one never said anything, an alias's.
        for learner in &moment.person {
            let commits = self.until(&consent(institution, &learner.learner_id), position);
            if let Some(row) = fold_in_memory::<Consents>(STREAM, commits)?.pop() {
                scopes = row.scopes();
                break;
            }
        }
        // Whoever is erased lets nobody see anything any more.
        if moment.person.iter().any(|it| it.erased) {
            scopes.clear();
        }
        Ok(Some(moment.seen(institution, relations, &scopes)))
    }

    fn until(&self, subject: &str, position: u64) -> &[Stored] {
        let commits = self.commits.get(subject).map(Vec::as_slice).unwrap_or_default();
        &commits[..commits.partition_point(|it| it.position <= position)]
    }

    /// Everything that was known of the person behind an id. Merges are never undone, so whom the views take for one
    /// person now includes all who were one then.
    fn person(&self, learner: &str, position: u64) -> Result<Vec<LearnerRow>, StoreError> {
        let nobody = |id: &str| LearnerRow { learner_id: id.to_owned(), ..LearnerRow::default() };
        let mut rows: HashMap<&str, LearnerRow> = HashMap::new();
        for id in self.people.get(learner).into_iter().flatten() {
            let commits = self.until(&of_learner(id), position);
            if let Some(row) = fold_in_memory::<Learners>(STREAM, commits)?.pop() {
                rows.insert(id, row);
            }
        }
        let stays = |id: &str| {
            let mut id = id.to_owned();
            for _ in 0..=rows.len() {
                match rows.get(id.as_str()) {
                    Some(it) if !it.merged_into.is_empty() => id.clone_from(&it.merged_into),
                    _ => break,
                }
            }
            id
        };
        let id = stays(learner);
        let mut person: Vec<LearnerRow> =
            rows.iter().filter(|(it, _)| stays(it) == id).map(|(_, row)| row.clone()).collect();
        if !person.iter().any(|it| it.learner_id == id) {
            person.push(nobody(&id));
        }
        person.sort_by(|a, b| (a.learner_id != id, &a.learner_id).cmp(&(b.learner_id != id, &b.learner_id)));
        Ok(person)
    }
}

async fn person(app: &App, learner: String) -> Result<(String, Vec<String>), StoreError> {
    let person = learners::same_person(app.store(), &learner).await?;
    Ok((learner, person))
}

async fn histories(app: &App, subjects: HashSet<String>) -> Result<HashMap<String, Vec<Stored>>, StoreError> {
    let read: Vec<_> = subjects.into_iter().map(|it| history(app, it)).collect();
    stream::iter(read).buffer_unordered(AT_ONCE).try_collect().await
}

async fn history(app: &App, subject: String) -> Result<(String, Vec<Stored>), StoreError> {
    let commits = app.store().journal().commits(&subject).await?;
    Ok((subject, commits))
}

impl Moment {
    /// Institutions that the enrolment concerns.
    pub fn concerns(&self) -> BTreeSet<&str> {
        let known_to = self.person.iter().flat_map(|it| &it.external_ids.0).map(|(it, _)| it.as_str());
        let mut all: BTreeSet<&str> = known_to.collect();
        all.extend([self.row.institution_id.as_str(), self.row.sponsor_institution_id.as_str()]);
        all.remove("");
        all
    }

    /// Ids by which the institution knows the person; empty where nobody can read them any more.
    fn own_ids<'a>(&'a self, institution: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.person.iter().flat_map(|it| &it.external_ids.0);
        all.filter(move |(it, _)| it == institution).map(|(_, id)| id.as_str())
    }

    fn relations(&self, institution: &str) -> Vec<Relation> {
        let all = [
            (self.row.institution_id == institution, Relation::Provider),
            (self.row.sponsor_institution_id == institution, Relation::Sponsor),
            (self.own_ids(institution).next().is_some(), Relation::Member),
        ];
        all.into_iter().filter_map(|(is, it)| is.then_some(it)).collect()
    }

    fn seen(&self, institution: &str, relations: Vec<Relation>, scopes: &[ConsentScope]) -> Seen {
        let external_ids: BTreeSet<&str> = self.own_ids(institution).filter(|it| !it.is_empty()).collect();
        let external_ids = external_ids.into_iter().map(str::to_owned).collect();
        let own_ids = self.own_ids(institution).count();
        let (mut said, mut name, mut email) = (Said::default(), String::new(), String::new());
        let stays = self.person.first();
        if scopes.contains(&ConsentScope::Name) {
            said.name = self.said.name;
            name = stays.map(|it| it.name.clone()).unwrap_or_default();
        }
        if scopes.contains(&ConsentScope::Email) {
            said.email = self.said.email;
            email = stays.map(|it| it.email.clone()).unwrap_or_default();
        }
        let record = self.record(relations, scopes);
        Seen { told: Told { record, own_ids, said }, external_ids, name, email }
    }

    /// The record with nothing in it that is personal.
    fn record(&self, relations: Vec<Relation>, scopes: &[ConsentScope]) -> EnrolmentRecord {
        let row = &self.row;
        let stays = self.person.first();
        let mut record = EnrolmentRecord {
            enrolment_id: format!("{}~{}", row.run_id, row.learner_id),
            run_id: row.run_id.clone(),
            course_id: row.course_id.clone(),
            learner_id: stays.map_or_else(|| row.learner_id.clone(), |it| it.learner_id.clone()),
            relations: relations.into_iter().map(i32::from).collect(),
            // The numbers of these enums are the same in both contracts, which a test holds.
            state: row.state,
            mode: row.mode,
            source: row.source,
            end_cause: row.end_cause,
            requested_at: time(row.requested_at_ms),
            active_at: time(row.active_at_ms),
            ended_at: time(row.ended_at_ms),
            consents: scopes.iter().map(|it| *it as i32).collect(),
            ..EnrolmentRecord::default()
        };
        if scopes.contains(&ConsentScope::Results) {
            record.outcome = row.outcome;
            record.grade_millipoints = row.grade_millipoints;
            record.modules_completed = row.modules_completed;
            record.results = self.results.iter().map(result).collect();
        }
        record
    }
}

impl Seen {
    /// Where the enrolment stands.
    pub fn state(&self) -> i32 {
        self.told.record.state
    }

    /// What the learner lets the institution see.
    pub fn consents(&self) -> &[i32] {
        &self.told.record.consents
    }

    /// The record as feeds tell it, who keep it for ever: of the person it has the institution's own ids and no more.
    pub fn told(self) -> EnrolmentRecord {
        EnrolmentRecord { external_ids: self.external_ids, ..self.told.record }
    }

    /// The record for whoever looks it up and is answered once, with all that consent covers.
    pub fn looked_up(self) -> EnrolmentRecord {
        let Self { told, external_ids, name, email } = self;
        EnrolmentRecord { external_ids, name, email, ..told.record }
    }
}

/// What an institution may see of some enrolments when the enrolment stream had come to a position; of those that did
/// not concern it, nothing.
pub async fn seen(app: &App, institution: &str, ids: &[String], position: u64) -> Result<Vec<Seen>, StoreError> {
    let mut past = Past::read(app, ids).await?;
    past.read_consents(app, &[institution.to_owned()].into()).await?;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(moment) = past.at(id, position)? {
            all.extend(past.seen_by(institution, &moment, position)?);
        }
    }
    Ok(all)
}

/// Where a learner's name and address were said last.
fn said(commits: &[Stored]) -> Said {
    let mut said = Said::default();
    for it in commits {
        let events = it.commit.events.iter().filter_map(|it| learner_event::Event::from_bytes(it).ok().flatten());
        for event in events {
            match event {
                learner_event::Event::LearnerRegistered(_) => said = Said { name: it.position, email: it.position },
                learner_event::Event::EmailChanged(_) => said.email = it.position,
                _ => {}
            }
        }
    }
    said
}

fn result(row: &ResultRow) -> public::AssessmentResult {
    public::AssessmentResult {
        assessment_id: row.assessment_id.clone(),
        attempt: row.attempt,
        score_millipoints: row.score_millipoints,
        weight_millipoints: row.weight_millipoints,
        banked: row.banked,
    }
}

fn time(at_ms: i64) -> Option<studium_proto::Timestamp> {
    let nanos = i32::try_from(at_ms.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
    (at_ms != 0).then(|| studium_proto::Timestamp { seconds: at_ms.div_euclid(1000), nanos })
}

fn of_learner(id: &str) -> String {
    format!("enrolment.learner.{id}")
}

fn enrolment(id: &str) -> String {
    format!("enrolment.enrolment.{id}")
}

fn consent(institution: &str, learner: &str) -> String {
    format!("enrolment.consent.{institution}~{learner}")
}

#[cfg(test)]
mod tests;
