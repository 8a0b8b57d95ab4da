//! A course as its provider lists it: the provider's word, taken over without a review.

use super::{Course, Event};
use crate::{by::By, content, review::Stage};
use std::collections::BTreeMap;
use studium_kit::{Decision, Reason as _};
use studium_proto::catalogue::v1::{CourseCreated, CourseDescribed, CourseSkillsSet, CourseWorkloadSet, Reason, Skill};

/// One course in a provider's listing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    /// The institution that provides it.
    pub institution_id: String,
    /// What the provider calls this sort of course; may be empty.
    pub kind: String,
    /// Title, language and so on. Summary, subject and price are not in a listing and stay as they are.
    pub description: CourseDescribed,
    /// Workload in all; 0 = the listing does not say, and what is known stays.
    pub workload_minutes: u32,
    /// Labels of skills.
    pub skills: Vec<String>,
}

impl Course {
    /// Creates the course, or publishes a new version with what differs. The same listing again changes nothing.
    pub(super) fn import(&self, by: &By, listing: &Listing) -> Decision<Self> {
        by.may_change(&listing.institution_id)?;
        let mut events = Vec::new();
        match &self.created {
            None => events.push(Event::CourseCreated(CourseCreated {
                institution_id: listing.institution_id.clone(),
                kind: listing.kind.clone(),
                title: listing.description.title.clone(),
            })),
            Some(it) => self.may_import(it, listing)?,
        }
        events.extend(self.differences(listing));
        if !events.is_empty() {
            events.push(self.next_version(true));
        }
        Ok(events)
    }

    fn may_import(&self, created: &CourseCreated, listing: &Listing) -> Result<(), super::Rejection<Reason>> {
        if created.institution_id != listing.institution_id {
            return Reason::CourseExists.because(format!("this key is a course of `{}`", created.institution_id));
        }
        if created.kind != listing.kind {
            return Reason::CourseExists.because(format!("this key is a course of the kind \"{}\"", created.kind));
        }
        self.must_not_be_retired()?;
        self.review.may_edit()?;
        if self.review.stage() == Stage::Draft {
            return Reason::DraftUnderWay.because("somebody is writing at the next version; publish that first");
        }
        Ok(())
    }

    fn differences(&self, listing: &Listing) -> impl Iterator<Item = Event> {
        let old = self.page.description.clone().unwrap_or_default();
        let new = CourseDescribed {
            summary: old.summary.clone(),
            subject: old.subject.clone(),
            price_minor: old.price_minor,
            currency: old.currency.clone(),
            ..listing.description.clone()
        };
        let described = (old != new).then_some(Event::CourseDescribed(new));
        let minutes = listing.workload_minutes;
        let workload = (minutes != 0 && minutes != content::minutes(&self.page)).then(|| {
            Event::CourseWorkloadSet(CourseWorkloadSet { study_minutes: minutes, ..CourseWorkloadSet::default() })
        });
        let known: BTreeMap<_, _> = self.page.skills.iter().map(|it| (it.label.as_str(), it.uri.as_str())).collect();
        let uri = |label: &str| known.get(label).copied().unwrap_or_default().to_owned();
        let skills: Vec<_> =
            listing.skills.iter().map(|label| Skill { uri: uri(label), label: label.clone() }).collect();
        let skills = (skills != self.page.skills).then_some(Event::CourseSkillsSet(CourseSkillsSet { skills }));
        [described, workload, skills].into_iter().flatten()
    }
}
