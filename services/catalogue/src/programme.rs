//! A programme: several courses towards one award, reviewed and published in versions like a course.

mod composition;

pub(crate) use composition::courses;

use crate::{
    by::{Asked, By},
    review::Review,
};
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::catalogue::v1::{
    self, MentorshipPlanSet, ProgrammeApproved, ProgrammeAuthorJoined, ProgrammeChangesRequested, ProgrammeComposed,
    ProgrammeCreated, ProgrammeCredentialSet, ProgrammeDescribed, ProgrammePublished, ProgrammeRetired,
    ProgrammeSubmitted, Reason, programme_event::Event,
};

/// What can be asked of a programme.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, for an institution that is `institution_known`.
    Create { programme: ProgrammeCreated, institution_known: bool },
    /// To have this description.
    Describe(ProgrammeDescribed),
    /// To have these courses, of which those in `unknown` do not exist.
    Compose { composition: ProgrammeComposed, unknown: Vec<String> },
    /// To have this mentorship.
    SetMentorship(MentorshipPlanSet),
    /// To award this.
    SetCredential(ProgrammeCredentialSet),
    /// To be reviewed.
    Submit,
    /// To be written at again.
    RequestChanges { comment: String },
    /// To be approved.
    Approve { comment: String },
    /// To be offered as the next version; of its courses those in `unoffered` are not offered.
    Publish { unoffered: Vec<String> },
    /// To take nobody in any more.
    Retire { reason: String },
}

/// A programme as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Programme {
    created: Option<ProgrammeCreated>,
    page: v1::Programme,
    review: Review,
}

/// Changes a page by one event. Events of the way to publication leave it as it is.
pub(crate) fn apply(page: &mut v1::Programme, event: &Event) {
    match event {
        Event::ProgrammeCreated(it) => {
            page.institution_id.clone_from(&it.institution_id);
            page.kind = it.kind;
            page.description = Some(ProgrammeDescribed { title: it.title.clone(), ..ProgrammeDescribed::default() });
        }
        Event::ProgrammeDescribed(it) => page.description = Some(it.clone()),
        Event::ProgrammeComposed(it) => page.composition = Some(it.clone()),
        Event::MentorshipPlanSet(it) => page.mentorship = Some(it.clone()),
        Event::ProgrammeCredentialSet(it) => page.credential = Some(it.clone()),
        Event::ProgrammeRetired(_) => page.retired = true,
        Event::ProgrammeAuthorJoined(_)
        | Event::ProgrammeSubmitted(_)
        | Event::ProgrammeChangesRequested(_)
        | Event::ProgrammeApproved(_)
        | Event::ProgrammePublished(_) => {}
    }
}

impl Decider for Programme {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        if let Command::Create { programme, institution_known } = command {
            return self.create(by, programme, *institution_known);
        }
        let Some(created) = &self.created else {
            return Reason::ProgrammeNotFound.because("there is no such programme");
        };
        by.may_change(&created.institution_id)?;
        if let Command::Retire { reason } = command {
            return Ok(once(!self.page.retired, || {
                Event::ProgrammeRetired(ProgrammeRetired { reason: reason.clone() })
            }));
        }
        if self.page.retired {
            return Reason::ProgrammeRetired.because("the programme is retired for good");
        }
        let page = &self.page;
        match command {
            Command::Create { .. } | Command::Retire { .. } => Ok(Vec::new()),
            Command::Describe(it) => {
                self.write(by, page.description.as_ref() != Some(it), || Event::ProgrammeDescribed(it.clone()))
            }
            Command::Compose { composition, unknown } => self.compose(by, composition, unknown),
            Command::SetMentorship(it) => {
                self.write(by, page.mentorship.as_ref() != Some(it), || Event::MentorshipPlanSet(it.clone()))
            }
            Command::SetCredential(it) => {
                self.write(by, page.credential.as_ref() != Some(it), || Event::ProgrammeCredentialSet(it.clone()))
            }
            Command::Submit => self.submit(by),
            Command::RequestChanges { comment } => self.request_changes(by, comment),
            Command::Approve { comment } => self.approve(by, comment),
            Command::Publish { unoffered } => self.publish(unoffered),
        }
    }

    fn evolve(&mut self, event: &Event) {
        apply(&mut self.page, event);
        match event {
            Event::ProgrammeCreated(it) => self.created = Some(it.clone()),
            Event::ProgrammeAuthorJoined(it) => self.review.joined(&it.author_id),
            Event::ProgrammeDescribed(_)
            | Event::ProgrammeComposed(_)
            | Event::MentorshipPlanSet(_)
            | Event::ProgrammeCredentialSet(_) => self.review.edited(),
            Event::ProgrammeSubmitted(it) => self.review.submitted(&it.submitted_by),
            Event::ProgrammeChangesRequested(it) => self.review.changes_wanted(&it.reviewer_id, &it.comment),
            Event::ProgrammeApproved(_) => self.review.approved(),
            Event::ProgrammePublished(it) => self.review.published(it.version),
            Event::ProgrammeRetired(_) => {}
        }
    }
}

impl Programme {
    /// The latest version; 0 = never published.
    pub fn version(&self) -> u32 {
        self.review.version()
    }

    /// Courses of the working copy.
    pub fn courses(&self) -> Vec<String> {
        self.page.composition.as_ref().map(composition::courses).unwrap_or_default()
    }

    fn create(&self, by: &By, programme: &ProgrammeCreated, institution_known: bool) -> Decision<Self> {
        by.may_change(&programme.institution_id)?;
        match &self.created {
            Some(it) if it == programme => Ok(Vec::new()),
            Some(it) => Reason::ProgrammeExists.because(format!("this id is the programme \"{}\" already", it.title)),
            None if !institution_known => Reason::InstitutionNotFound
                .because(format!("no institution `{}` is registered", programme.institution_id)),
            None => Ok(vec![
                Event::ProgrammeCreated(programme.clone()),
                Event::ProgrammeAuthorJoined(ProgrammeAuthorJoined { author_id: by.actor.clone() }),
            ]),
        }
    }

    /// Changes the working copy: whoever does becomes an author of the version in the making.
    fn write(&self, by: &By, is_new: bool, event: impl FnOnce() -> Event) -> Decision<Self> {
        if !is_new {
            return Ok(Vec::new());
        }
        self.review.may_edit()?;
        let mut events = vec![event()];
        if !self.review.is_author(&by.actor) {
            events.push(Event::ProgrammeAuthorJoined(ProgrammeAuthorJoined { author_id: by.actor.clone() }));
        }
        Ok(events)
    }

    fn compose(&self, by: &By, composition: &ProgrammeComposed, unknown: &[String]) -> Decision<Self> {
        composition::check(composition)?;
        if let Some(first) = unknown.first() {
            return Reason::CourseNotFound.because(format!("there is no course `{first}`"));
        }
        let is_new = self.page.composition.as_ref() != Some(composition);
        self.write(by, is_new, || Event::ProgrammeComposed(composition.clone()))
    }

    fn submit(&self, by: &By) -> Decision<Self> {
        let missing: &[&str] = if self.courses().is_empty() { &["courses"] } else { &[] };
        let is_new = self.review.may_submit(missing)?;
        Ok(once(is_new, || Event::ProgrammeSubmitted(ProgrammeSubmitted { submitted_by: by.actor.clone() })))
    }

    fn request_changes(&self, by: &By, comment: &str) -> Decision<Self> {
        let is_new = self.review.may_want_changes(&by.actor, comment)?;
        let (reviewer_id, comment) = (by.actor.clone(), comment.to_owned());
        Ok(once(is_new, || Event::ProgrammeChangesRequested(ProgrammeChangesRequested { reviewer_id, comment })))
    }

    fn approve(&self, by: &By, comment: &str) -> Decision<Self> {
        let is_new = self.review.may_approve(&by.actor)?;
        let (reviewer_id, comment) = (by.actor.clone(), comment.to_owned());
        Ok(once(is_new, || Event::ProgrammeApproved(ProgrammeApproved { reviewer_id, comment })))
    }

    fn publish(&self, unoffered: &[String]) -> Decision<Self> {
        let is_new = self.review.may_publish()?;
        match unoffered.first() {
            Some(first) if is_new => Reason::CourseNotPublished.because(format!("`{first}` is not offered")),
            _ => Ok(once(is_new, || {
                Event::ProgrammePublished(ProgrammePublished { version: self.review.version() + 1 })
            })),
        }
    }
}

fn once(is_new: bool, event: impl FnOnce() -> Event) -> Vec<Event> {
    if is_new { vec![event()] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
