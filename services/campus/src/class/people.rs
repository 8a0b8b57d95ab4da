//! The people of a class: teachers, learners with their seats or places, and groups.

use super::{Class, Group, LEARNERS_MAX, Learner, No, one_more};
use std::collections::BTreeSet;
use studium_kit::{Decision, Reason as _};
use studium_proto::campus::v1::{
    ClassGroupDissolved, ClassGroupFormed, ClassLearnerAdded, ClassLearnerRemoved, ClassTeacherAdded,
    ClassTeacherRemoved, Reason, class_event::Event,
};

/// Somebody who is to join, with what others say of the person.
#[derive(Debug, Clone, Default)]
pub struct Newcomer {
    /// The learner.
    pub learner_id: String,
    /// Belongs to the campus.
    pub is_member: bool,
    /// Holds a live seat of one of the campus's plans.
    pub holds_seat: bool,
    /// Only tries things out, and needs no seat.
    pub is_test_user: bool,
}

impl Class {
    pub(super) fn people_change(&mut self, event: &Event) {
        match event {
            Event::ClassTeacherAdded(it) => drop(self.teachers.insert(it.teacher_id.clone())),
            Event::ClassTeacherRemoved(it) => drop(self.teachers.remove(&it.teacher_id)),
            Event::ClassLearnerAdded(it) => {
                let number = self.learners.len() as u32;
                let learner = self.learners.entry(it.learner_id.clone());
                let learner = learner.or_insert_with(|| Learner { number, ..Learner::default() });
                (learner.is_in, learner.has_place) = (true, it.licence_place);
            }
            Event::ClassLearnerRemoved(it) => {
                if let Some(learner) = self.learners.get_mut(&it.learner_id) {
                    (learner.is_in, learner.has_place) = (false, false);
                }
                for group in self.groups.values_mut() {
                    group.members.remove(&it.learner_id);
                }
            }
            Event::ClassGroupFormed(it) => {
                let group = Group { name: it.name.clone(), members: it.learner_ids.iter().cloned().collect() };
                self.groups.insert(it.group_id.clone(), group);
            }
            Event::ClassGroupDissolved(it) => drop(self.groups.remove(&it.group_id)),
            _ => {}
        }
    }

    pub(super) fn add_teacher(&self, teacher_id: &str, is_campus_teacher: bool) -> Decision<Self> {
        if self.teachers.contains(teacher_id) {
            return Ok(Vec::new());
        }
        if !is_campus_teacher {
            return Reason::NotACampusTeacher.because(format!("`{teacher_id}` is no teacher of the campus"));
        }
        Ok(vec![Event::ClassTeacherAdded(ClassTeacherAdded { teacher_id: teacher_id.to_owned() })])
    }

    pub(super) fn remove_teacher(&self, teacher_id: &str) -> Vec<Event> {
        if !self.teachers.contains(teacher_id) {
            return Vec::new();
        }
        vec![Event::ClassTeacherRemoved(ClassTeacherRemoved { teacher_id: teacher_id.to_owned() })]
    }

    /// Learners who are in the class, and its own places that they take.
    pub(super) fn taken(&self) -> (usize, usize) {
        let (mut learners, mut places) = (0, 0);
        for it in self.learners.values().filter(|it| it.is_in) {
            learners += 1;
            places += usize::from(it.has_place);
        }
        (learners, places)
    }

    /// The class's own places.
    pub(super) fn places(&self) -> usize {
        self.opened.as_ref().map_or(0, |it| it.licence_places as usize)
    }

    /// Whether somebody is in the class.
    pub fn has_learner(&self, learner_id: &str) -> bool {
        self.learners.get(learner_id).is_some_and(|it| it.is_in)
    }

    /// Whether somebody may join, and if so whether by one of the class's own places.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn may_join(&self, it: &Newcomer) -> Result<bool, No> {
        self.may_join_beside(it, self.taken())
    }

    fn may_join_beside(&self, it: &Newcomer, (learners, places): (usize, usize)) -> Result<bool, No> {
        if !it.is_member {
            return Reason::NotAMember.because(format!("`{}` is no member of the campus", it.learner_id));
        }
        if learners >= LEARNERS_MAX {
            return Reason::ClassFull.because(format!("a class has {LEARNERS_MAX} learners at most"));
        }
        if it.holds_seat || it.is_test_user {
            return Ok(false);
        }
        if places < self.places() {
            return Ok(true);
        }
        Reason::NeitherSeatNorPlace.because(format!(
            "`{}` holds no seat in a plan of the campus, and all {} places of the class are taken",
            it.learner_id,
            self.places()
        ))
    }

    pub(super) fn add_learners(&self, learners: &[Newcomer]) -> Vec<Event> {
        let (mut taken, mut seen, mut events) = (self.taken(), BTreeSet::new(), Vec::new());
        for it in learners.iter().filter(|it| !self.has_learner(&it.learner_id)) {
            let Ok(licence_place) = self.may_join_beside(it, taken) else { continue };
            if seen.insert(&it.learner_id) {
                taken = (taken.0 + 1, taken.1 + usize::from(licence_place));
                let learner_id = it.learner_id.clone();
                events.push(Event::ClassLearnerAdded(ClassLearnerAdded { learner_id, licence_place }));
            }
        }
        events
    }

    pub(super) fn remove_learners(&self, learner_ids: &[String], reason: &str) -> Vec<Event> {
        let ids: BTreeSet<_> = learner_ids.iter().filter(|it| self.has_learner(it)).collect();
        let removed = |it: &String| ClassLearnerRemoved { learner_id: it.clone(), reason: reason.to_owned() };
        ids.into_iter().map(|it| Event::ClassLearnerRemoved(removed(it))).collect()
    }

    pub(super) fn form_group(&self, it: &ClassGroupFormed) -> Decision<Self> {
        let members: BTreeSet<_> = it.learner_ids.iter().cloned().collect();
        match self.groups.get(&it.group_id) {
            Some(old) if old.name == it.name && old.members == members => return Ok(Vec::new()),
            Some(_) => {}
            None => one_more(self.groups.len(), "groups")?,
        }
        if let Some(stranger) = members.iter().find(|it| !self.has_learner(it)) {
            return Reason::NotInClass.because(format!("`{stranger}` is not in the class"));
        }
        let learner_ids = members.into_iter().collect();
        Ok(vec![Event::ClassGroupFormed(ClassGroupFormed { learner_ids, ..it.clone() })])
    }

    pub(super) fn dissolve_group(&self, group_id: &str) -> Vec<Event> {
        if !self.groups.contains_key(group_id) {
            return Vec::new();
        }
        vec![Event::ClassGroupDissolved(ClassGroupDissolved { group_id: group_id.to_owned() })]
    }
}
