//! What partners are told: one event for each change of what one of them may see of an enrolment, in the order of the log.

use crate::{
    concerns::Concerns,
    consents::Consents,
    enrolments::{self, Enrolments},
    learners::{self, Learners},
    partner_digest,
    partner_record::{Past, Seen},
    partners::{self, Partners},
};
use std::collections::BTreeSet;
use studium_kit::{App, Event as _, Feed, Notice, StoreError, Stored, View};
use studium_proto::enrolment::v1::{consent_event, enrolment_event, learner_event, partner_feed_event};
use studium_proto::json_of;
use studium_proto::partner::v1::EnrolmentChange;

/// The sorts of subjects that a feed has, as tokens in the broker.
const ENROLMENT: &str = "enrolment";
const DIGEST: &str = "digest";

/// Types of events, CloudEvents 1.0 § 3.1.1: reverse domain name, subject, what happened, version.
/// The sentence over each is what partners are told of it.
macro_rules! kinds {
    ($(#[doc = $meaning:literal] $name:ident: $text:literal;)*) => {
        $(const $name: &str = concat!("org.studium.partner.", $text, ".v1");)*
        /// All types of events, and what each of them means.
        pub const MEANINGS: &[(&str, &str)] = &[$(($name, $meaning)),*];
    };
}

kinds! {
    /// The learner was invited, and has not answered yet.
    INVITED: "enrolment.invited";
    /// The learner is to be in the run; a seat or a payment is still missing.
    REQUESTED: "enrolment.requested";
    /// The learner stands in the run's line.
    WAITLISTED: "enrolment.waitlisted";
    /// The learner came out of the run's line and got the seat.
    PROMOTED: "enrolment.promoted";
    /// The learner is in the run.
    ENROLLED: "enrolment.enrolled";
    /// What the learner is in the run for changed, for example from listening to credit.
    MODE_CHANGED: "enrolment.mode_changed";
    /// The learner has done a module. Told where consent covers results.
    PROGRESSED: "enrolment.progressed";
    /// A result was recorded. Told where consent covers results.
    RESULT_RECORDED: "enrolment.result_recorded";
    /// The learner may not go on for now.
    SUSPENDED: "enrolment.suspended";
    /// The learner may go on.
    REINSTATED: "enrolment.reinstated";
    /// The learner left or was taken out; `endCause` says why.
    WITHDRAWN: "enrolment.withdrawn";
    /// The learner moved to another run; what happens there is told of the enrolment there.
    DEFERRED: "enrolment.deferred";
    /// The learner passed; how well is told where consent covers results.
    COMPLETED: "enrolment.completed";
    /// The learner did not pass.
    FAILED: "enrolment.failed";
    /// The enrolment came to nothing; `endCause` says why.
    EXPIRED: "enrolment.expired";
    /// The learner lets you see more, or something else: `consents` says what. A name or an address is looked up.
    CONSENT_GIVEN: "enrolment.consent_given";
    /// The learner takes a consent back: delete what `withdrawn` names, wherever you keep it.
    CONSENT_WITHDRAWN: "enrolment.consent_withdrawn";
    /// Who the person is changed: an id of yours, a name or an address that you may look up, or two were found to be one.
    IDENTITY_CHANGED: "enrolment.identity_changed";
    /// An enrolment that was there before concerns you from now on, for example because the learner got an id of yours.
    REVEALED: "enrolment.revealed";
    /// The enrolment does not concern you any more: delete what you have of it.
    CONCEALED: "enrolment.concealed";
    /// A day is over: what your copy has to come to when it has taken in everything before this event.
    PUBLISHED: "digest.published";
}

/// The feeds of partners.
pub struct PartnerFeed;

impl Feed for PartnerFeed {
    const NAME: &'static str = "partner";
    const VIEWS: &'static [&'static str] =
        &[Enrolments::NAME, Learners::NAME, Consents::NAME, Concerns::NAME, Partners::NAME];
    const SORTS: &'static [&'static str] = &[ENROLMENT, DIGEST];

    async fn open(app: &App) -> Result<Vec<String>, StoreError> {
        partners::open(app.store()).await
    }

    async fn tell(app: &App, feeds: &[String], commit: &Stored) -> Result<Vec<Notice>, StoreError> {
        let told = match commit.aggregate() {
            enrolment_event::Event::AGGREGATE => {
                let Some(kind) = kind_of_enrolment(commit) else { return Ok(Vec::new()) };
                Told { kind, only: None, enrolments: vec![commit.id().to_owned()] }
            }
            consent_event::Event::AGGREGATE => {
                let Some((institution, learner)) = commit.id().split_once('~') else { return Ok(Vec::new()) };
                let feeds = feeds.iter().filter(|it| *it == institution).cloned().collect::<Vec<_>>();
                if feeds.is_empty() {
                    return Ok(Vec::new());
                }
                let kind = if takes_back(commit) { CONSENT_WITHDRAWN } else { CONSENT_GIVEN };
                Told { kind, only: Some(feeds), enrolments: of_person(app, learner).await? }
            }
            learner_event::Event::AGGREGATE => {
                let enrolments = of_person(app, commit.id()).await?;
                Told { kind: IDENTITY_CHANGED, only: None, enrolments }
            }
            partner_feed_event::Event::AGGREGATE => return day(app, feeds, commit).await,
            _ => return Ok(Vec::new()),
        };
        told.notices(app, feeds, commit.position).await
    }
}

/// What a commit may have changed of what partners see.
struct Told {
    kind: &'static str,
    /// Only these partners; all if not said.
    only: Option<Vec<String>>,
    /// As `<run>~<learner>`.
    enrolments: Vec<String>,
}

impl Told {
    /// One notice for each partner and enrolment where it did.
    async fn notices(self, app: &App, feeds: &[String], position: u64) -> Result<Vec<Notice>, StoreError> {
        if self.enrolments.is_empty() {
            return Ok(Vec::new());
        }
        let feeds = self.only.as_deref().unwrap_or(feeds);
        let mut past = Past::read(app, &self.enrolments).await?;
        let mut moments = Vec::with_capacity(self.enrolments.len());
        let mut concerned: BTreeSet<String> = BTreeSet::new();
        for enrolment in &self.enrolments {
            let (was, is) = (past.at(enrolment, position - 1)?, past.at(enrolment, position)?);
            concerned.extend(was.iter().chain(&is).flat_map(|it| it.concerns()).map(str::to_owned));
            moments.push((enrolment, was, is));
        }
        concerned.retain(|it| feeds.contains(it));
        past.read_consents(app, &concerned).await?;
        let mut notices = Vec::new();
        for (enrolment, was, is) in moments {
            for feed in &concerned {
                let before = was.as_ref().map(|it| past.seen_by(feed, it, position - 1)).transpose()?.flatten();
                let after = is.as_ref().map(|it| past.seen_by(feed, it, position)).transpose()?.flatten();
                if before != after {
                    notices.push(notice(feed, enrolment, self.kind, before.as_ref(), after));
                }
            }
        }
        Ok(notices)
    }
}

fn notice(feed: &str, enrolment: &str, kind: &'static str, before: Option<&Seen>, after: Option<Seen>) -> Notice {
    let kind = match (before, &after, kind) {
        (Some(_), None, _) => CONCEALED,
        (None, Some(_), IDENTITY_CHANGED | CONSENT_GIVEN | CONSENT_WITHDRAWN) => REVEALED,
        _ => kind,
    };
    let granted = after.as_ref().map(Seen::consents).unwrap_or_default();
    let withdrawn = before.into_iter().flat_map(Seen::consents).copied().filter(|it| !granted.contains(it)).collect();
    let change = EnrolmentChange {
        enrolment_id: enrolment.to_owned(),
        previous_state: before.map(Seen::state).unwrap_or_default(),
        withdrawn,
        enrolment: after.map(Seen::told),
    };
    let data = json_of("studium.partner.v1.EnrolmentChange", &change);
    Notice { feed: feed.to_owned(), sort: ENROLMENT, subject: enrolment.to_owned(), kind, data }
}

/// Everything under any id of a person, in order of run and learner. What came later is not seen at the commit's time.
async fn of_person(app: &App, learner: &str) -> Result<Vec<String>, StoreError> {
    let person = learners::same_person(app.store(), learner).await?;
    let rows = enrolments::of_learner(app.store(), &person).await?;
    let ids: BTreeSet<(String, String)> = rows.into_iter().map(|it| (it.run_id, it.learner_id)).collect();
    Ok(ids.into_iter().map(|(run, learner)| format!("{run}~{learner}")).collect())
}

fn takes_back(commit: &Stored) -> bool {
    let mut events = commit.commit.events.iter().filter_map(|it| consent_event::Event::from_bytes(it).ok().flatten());
    events.any(|it| matches!(it, consent_event::Event::ConsentWithdrawn(_)))
}

/// What a decision on an enrolment is called outside: by the one of its events that says most.
fn kind_of_enrolment(commit: &Stored) -> Option<&'static str> {
    let events = commit.commit.events.iter().filter_map(|it| enrolment_event::Event::from_bytes(it).ok().flatten());
    events.filter_map(|it| kind(&it)).max_by_key(|(rank, _)| *rank).map(|(_, kind)| kind)
}

/// What an event is called outside, and how much it says beside others of the same decision.
fn kind(event: &enrolment_event::Event) -> Option<(u8, &'static str)> {
    use enrolment_event::Event::{
        AttendanceRecorded, CampusSeatAnswered, EnrolmentActivated, EnrolmentCompleted, EnrolmentDeferred,
        EnrolmentExpired, EnrolmentFailed, EnrolmentInvited, EnrolmentPromoted, EnrolmentReinstated,
        EnrolmentRequested, EnrolmentStarted, EnrolmentSuspended, EnrolmentWaitlisted, EnrolmentWithdrawn,
        InvitationAccepted, InvitationDeclined, ModeChanged, PaymentRecorded, ProgressRecorded, ResultRecorded,
        SeatHeld,
    };
    Some(match event {
        AttendanceRecorded(_) | CampusSeatAnswered(_) | EnrolmentStarted(_) => return None,
        PaymentRecorded(_) | SeatHeld(_) | InvitationAccepted(_) | EnrolmentRequested(_) => (0, REQUESTED),
        ProgressRecorded(_) => (1, PROGRESSED),
        ResultRecorded(_) => (1, RESULT_RECORDED),
        ModeChanged(_) => (1, MODE_CHANGED),
        EnrolmentInvited(_) => (2, INVITED),
        EnrolmentWaitlisted(_) => (2, WAITLISTED),
        EnrolmentActivated(_) => (2, ENROLLED),
        EnrolmentPromoted(_) => (3, PROMOTED),
        EnrolmentReinstated(_) => (3, REINSTATED),
        EnrolmentSuspended(_) => (4, SUSPENDED),
        InvitationDeclined(_) | EnrolmentWithdrawn(_) => (4, WITHDRAWN),
        EnrolmentDeferred(_) => (4, DEFERRED),
        EnrolmentCompleted(_) => (4, COMPLETED),
        EnrolmentFailed(_) => (4, FAILED),
        EnrolmentExpired(_) => (4, EXPIRED),
    })
}

/// At the end of a day: what a copy has to come to.
async fn day(app: &App, feeds: &[String], commit: &Stored) -> Result<Vec<Notice>, StoreError> {
    let closed_day = commit.commit.events.iter().find_map(|it| match partner_feed_event::Event::from_bytes(it) {
        Ok(Some(partner_feed_event::Event::PartnerDayClosed(it))) => Some(it.date),
        _ => None,
    });
    let (Some(day), Some(feed)) = (closed_day, feeds.iter().find(|it| *it == commit.id())) else {
        return Ok(Vec::new());
    };
    let tree = partner_digest::tree(app, feed, commit.position, &[]).await?;
    let digest = partner_digest::published(app, feed, &day, &tree);
    let data = json_of("studium.partner.v1.DigestPublished", &digest);
    Ok(vec![Notice { feed: feed.clone(), sort: DIGEST, subject: DIGEST.to_owned(), kind: PUBLISHED, data }])
}
