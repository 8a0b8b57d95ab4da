//! A course: written, reviewed by somebody else, published as numbered versions that never change, retired.

mod listing;
mod modules;

pub use listing::Listing;
pub use modules::{Part, SourceModule};

use crate::{
    by::{Asked, By},
    content,
    review::Review,
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::catalogue::v1::{
    self, CourseApproved, CourseAssessmentMethodSet, CourseAuthorJoined, CourseChangesRequested, CourseCreated,
    CourseCreditOfferWithdrawn, CourseCreditOffered, CourseDescribed, CourseOutcomesSet, CoursePublished,
    CourseRetired, CourseSkillsSet, CourseSubmitted, CourseWorkloadSet, ModuleAdded, ModuleMoved, ModuleReuseLicensed,
    ModuleReused, Reason, ResourceAdded, course_event::Event,
};

/// What can be asked of a course.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, for an institution that is `institution_known`.
    Create { course: CourseCreated, institution_known: bool },
    /// To have this description.
    Describe(CourseDescribed),
    /// To have these learning outcomes.
    SetOutcomes(CourseOutcomesSet),
    /// To have these skills.
    SetSkills(CourseSkillsSet),
    /// To have this workload.
    SetWorkload(CourseWorkloadSet),
    /// To offer credits in one scheme.
    OfferCredit(CourseCreditOffered),
    /// To offer no credits in a scheme.
    WithdrawCreditOffer(CourseCreditOfferWithdrawn),
    /// To be assessed like this.
    SetAssessmentMethod(CourseAssessmentMethodSet),
    /// To have a further module; a place beyond the end is the end.
    AddModule(ModuleAdded),
    /// To have a module of another course by reference; `source` is what that course says of it, if it has it.
    /// `is_own`: that course is this one.
    ReuseModule { module: ModuleReused, source: Option<SourceModule>, is_own: bool },
    /// To have a module elsewhere; a place beyond the end is the end.
    MoveModule(ModuleMoved),
    /// To have a module no longer.
    RemoveModule { module_id: String },
    /// To have a further resource.
    AddResource(ResourceAdded),
    /// To have a resource no longer.
    RemoveResource { resource_id: String },
    /// To let others reuse a module.
    LicenseModule(ModuleReuseLicensed),
    /// To be reviewed.
    Submit,
    /// To be written at again.
    RequestChanges { comment: String },
    /// To be approved.
    Approve { comment: String },
    /// To be offered as the next version.
    Publish,
    /// To be offered no longer.
    Retire { reason: String },
    /// To be as the provider lists it.
    Import(Box<Listing>),
}

/// A course as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Course {
    created: Option<CourseCreated>,
    page: v1::Course,
    review: Review,
    /// Titles of the modules of each published version; under the empty id that of the whole.
    versions: BTreeMap<u32, BTreeMap<String, String>>,
    licences: BTreeMap<String, i32>,
    used_modules: BTreeSet<String>,
    used_resources: BTreeSet<String>,
}

impl Decider for Course {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        match command {
            Command::Create { course, institution_known } => return self.create(by, course, *institution_known),
            Command::Import(listing) => return self.import(by, listing),
            _ => {}
        }
        let Some(created) = &self.created else { return Reason::CourseNotFound.because("there is no such course") };
        by.may_change(&created.institution_id)?;
        match command {
            Command::Retire { reason } => return Ok(self.retire(reason)),
            _ => self.must_not_be_retired()?,
        }
        match command {
            Command::Submit => self.submit(by),
            Command::RequestChanges { comment } => self.request_changes(by, comment),
            Command::Approve { comment } => self.approve(by, comment),
            Command::Publish => self.publish(),
            Command::LicenseModule(it) => self.license_module(it),
            other => self.write(by, other),
        }
    }

    fn evolve(&mut self, event: &Event) {
        content::apply(&mut self.page, event);
        match event {
            Event::CourseCreated(it) => self.created = Some(it.clone()),
            Event::CourseAuthorJoined(it) => self.review.joined(&it.author_id),
            Event::ModuleAdded(v1::ModuleAdded { module_id, .. })
            | Event::ModuleReused(v1::ModuleReused { module_id, .. }) => {
                self.used_modules.insert(module_id.clone());
                self.review.edited();
            }
            Event::ResourceAdded(it) => {
                self.used_resources.insert(it.resource_id.clone());
                self.review.edited();
            }
            Event::CourseDescribed(_)
            | Event::CourseOutcomesSet(_)
            | Event::CourseSkillsSet(_)
            | Event::CourseWorkloadSet(_)
            | Event::CourseCreditOffered(_)
            | Event::CourseCreditOfferWithdrawn(_)
            | Event::CourseAssessmentMethodSet(_)
            | Event::ModuleMoved(_)
            | Event::ModuleRemoved(_)
            | Event::ResourceRemoved(_) => self.review.edited(),
            Event::ModuleReuseLicensed(it) => drop(self.licences.insert(it.module_id.clone(), it.licence)),
            Event::CourseSubmitted(it) => self.review.submitted(&it.submitted_by),
            Event::CourseChangesRequested(it) => self.review.changes_wanted(&it.reviewer_id, &it.comment),
            Event::CourseApproved(_) => self.review.approved(),
            Event::CoursePublished(it) => {
                let modules = self.page.modules.iter().map(|it| (it.module_id.clone(), it.title.clone()));
                let whole = (String::new(), content::title(&self.page).to_owned());
                self.versions.insert(it.version, modules.chain([whole]).collect());
                self.review.published(it.version);
            }
            Event::CourseRetired(_) => {}
        }
    }
}

impl Course {
    /// The institution that provides it; none if there is no such course.
    pub fn institution_id(&self) -> Option<&str> {
        self.created.as_ref().map(|it| it.institution_id.as_str())
    }

    /// The version that is offered; 0 if none is.
    pub fn offered_version(&self) -> u32 {
        if self.page.retired { 0 } else { self.review.version() }
    }

    /// It was retired.
    pub fn is_retired(&self) -> bool {
        self.page.retired
    }

    fn must_not_be_retired(&self) -> Result<(), Rejection<Reason>> {
        if self.page.retired { Reason::CourseRetired.because("the course is retired for good") } else { Ok(()) }
    }

    fn create(&self, by: &By, course: &CourseCreated, institution_known: bool) -> Decision<Self> {
        by.may_change(&course.institution_id)?;
        match &self.created {
            Some(it) if it == course => Ok(Vec::new()),
            Some(it) => Reason::CourseExists.because(format!("this key is the course \"{}\" already", it.title)),
            None if !institution_known => {
                Reason::InstitutionNotFound.because(format!("no institution `{}` is registered", course.institution_id))
            }
            None => Ok(vec![
                Event::CourseCreated(course.clone()),
                Event::CourseAuthorJoined(CourseAuthorJoined { author_id: by.actor.clone() }),
            ]),
        }
    }

    /// Commands that change the working copy: whoever gives one becomes an author of the version in the making.
    fn write(&self, by: &By, command: &Command) -> Decision<Self> {
        let Some(event) = self.change(command)? else { return Ok(Vec::new()) };
        self.review.may_edit()?;
        let mut events = vec![event];
        if !self.review.is_author(&by.actor) {
            events.push(Event::CourseAuthorJoined(CourseAuthorJoined { author_id: by.actor.clone() }));
        }
        Ok(events)
    }

    /// What a command would change in the working copy, if anything.
    fn change(&self, command: &Command) -> Result<Option<Event>, Rejection<Reason>> {
        let page = &self.page;
        let changed = |is_new: bool, event: Event| Ok(is_new.then_some(event));
        match command {
            Command::Describe(it) => changed(page.description.as_ref() != Some(it), Event::CourseDescribed(it.clone())),
            Command::SetOutcomes(it) => changed(page.outcomes != it.outcomes, Event::CourseOutcomesSet(it.clone())),
            Command::SetSkills(it) => changed(page.skills != it.skills, Event::CourseSkillsSet(it.clone())),
            Command::SetWorkload(it) => changed(page.workload.as_ref() != Some(it), Event::CourseWorkloadSet(*it)),
            Command::OfferCredit(it) => {
                changed(!page.credit_offers.contains(it), Event::CourseCreditOffered(it.clone()))
            }
            Command::WithdrawCreditOffer(it) => changed(
                page.credit_offers.iter().any(|old| old.scheme == it.scheme),
                Event::CourseCreditOfferWithdrawn(*it),
            ),
            Command::SetAssessmentMethod(it) => {
                changed(page.assessment_method.as_ref() != Some(it), Event::CourseAssessmentMethodSet(it.clone()))
            }
            Command::AddModule(it) => self.add_module(it),
            Command::ReuseModule { module, source, is_own } => self.reuse_module(module, source.as_ref(), *is_own),
            Command::MoveModule(it) => self.move_module(it),
            Command::RemoveModule { module_id } => self.remove_module(module_id),
            Command::AddResource(it) => self.add_resource(it),
            Command::RemoveResource { resource_id } => self.remove_resource(resource_id),
            Command::Create { .. }
            | Command::LicenseModule(_)
            | Command::Submit
            | Command::RequestChanges { .. }
            | Command::Approve { .. }
            | Command::Publish
            | Command::Retire { .. }
            | Command::Import(_) => Ok(None),
        }
    }

    fn submit(&self, by: &By) -> Decision<Self> {
        let description = self.page.description.as_ref();
        let missing: Vec<_> = [
            (content::title(&self.page).is_empty(), "a title"),
            (description.is_none_or(|it| it.language.is_empty()), "the language"),
            (self.page.outcomes.is_empty(), "learning outcomes"),
            (content::minutes(&self.page) == 0, "the workload"),
        ]
        .into_iter()
        .filter_map(|(is_missing, what)| is_missing.then_some(what))
        .collect();
        let is_new = self.review.may_submit(&missing)?;
        Ok(once(is_new, || Event::CourseSubmitted(CourseSubmitted { submitted_by: by.actor.clone() })))
    }

    fn request_changes(&self, by: &By, comment: &str) -> Decision<Self> {
        let is_new = self.review.may_want_changes(&by.actor, comment)?;
        Ok(once(is_new, || {
            Event::CourseChangesRequested(CourseChangesRequested {
                reviewer_id: by.actor.clone(),
                comment: comment.to_owned(),
            })
        }))
    }

    fn approve(&self, by: &By, comment: &str) -> Decision<Self> {
        let is_new = self.review.may_approve(&by.actor)?;
        Ok(once(is_new, || {
            Event::CourseApproved(CourseApproved { reviewer_id: by.actor.clone(), comment: comment.to_owned() })
        }))
    }

    fn publish(&self) -> Decision<Self> {
        let is_new = self.review.may_publish()?;
        Ok(once(is_new, || self.next_version(false)))
    }

    fn next_version(&self, imported: bool) -> Event {
        Event::CoursePublished(CoursePublished { version: self.review.version() + 1, imported })
    }

    fn retire(&self, reason: &str) -> Vec<Event> {
        once(!self.page.retired, || Event::CourseRetired(CourseRetired { reason: reason.to_owned() }))
    }
}

fn once(is_new: bool, event: impl FnOnce() -> Event) -> Vec<Event> {
    if is_new { vec![event()] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
