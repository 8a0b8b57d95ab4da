//! What a class records of its learners: exercises in class, results, and credit for the course.

use super::{Assessment, Class, Exercise, ExerciseDone, No, Number, Results, one_more};
use studium_kit::{Decision, Reason as _};
use studium_proto::campus::v1::{
    ClassCreditDecided, ClassExerciseRecorded, ClassResultRecorded, Reason, class_event::Event,
};

impl Class {
    pub(super) fn records_change(&mut self, event: &Event) {
        match event {
            Event::ClassExerciseRecorded(it) => {
                let exercise = self.exercises.entry(it.exercise_id.clone());
                let new = || Exercise { content_id: it.content_id.clone(), ..Exercise::default() };
                let done = ExerciseDone { score: it.score_millipoints, learner_ids: it.learner_ids.clone() };
                exercise.or_insert_with(new).done.insert(doer(it), done);
            }
            Event::ClassResultRecorded(it) => {
                let Some(number) = self.number(&it.learner_id) else { return };
                let assessment = self.assessments.entry(it.assessment_id.clone());
                let new = || Assessment { content_id: it.content_id.clone(), ..Assessment::default() };
                assessment.or_insert_with(new).scores.insert(number, it.score_millipoints);
            }
            Event::ClassCreditDecided(it) => {
                let Some(number) = self.number(&it.learner_id) else { return };
                // The words stay in the log: the rules only ask what was decided.
                let (reason, correction_reason) = (String::new(), String::new());
                self.credits.insert(number, ClassCreditDecided { reason, correction_reason, ..it.clone() });
            }
            _ => {}
        }
    }

    pub(super) fn record_exercise(&self, it: &ClassExerciseRecorded) -> Decision<Self> {
        let exercise = self.exercises.get(&it.exercise_id);
        match exercise {
            Some(old) => must_be_about(&old.content_id, &it.content_id)?,
            None => one_more(self.exercises.len(), "exercises")?,
        }
        let recorded = exercise.and_then(|old| old.done.get(&doer(it)));
        let learner_ids = match recorded {
            // It counts for those who did it, wherever they are now.
            Some(old) => old.learner_ids.clone(),
            None => self.doers(it)?,
        };
        let correction_reason = match recorded {
            Some(old) if old.score == it.score_millipoints => return Ok(Vec::new()),
            Some(_) => corrected(&it.correction_reason)?,
            None => String::new(),
        };
        let recorded = ClassExerciseRecorded { learner_ids, correction_reason, ..it.clone() };
        Ok(vec![Event::ClassExerciseRecorded(recorded)])
    }

    /// For whom an exercise counts that was not recorded yet.
    fn doers(&self, it: &ClassExerciseRecorded) -> Result<Vec<String>, No> {
        if it.group_id.is_empty() {
            for learner_id in &it.learner_ids {
                self.recorded(learner_id, |_| false)?;
            }
            return Ok(it.learner_ids.clone());
        }
        match self.groups.get(&it.group_id) {
            Some(group) if group.members.is_empty() => {
                Reason::NotInClass.because(format!("nobody of the group `{}` is in the class any more", it.group_id))
            }
            Some(group) => Ok(group.members.iter().cloned().collect()),
            None => Reason::GroupNotFound.because(format!("the class has no group `{}`", it.group_id)),
        }
    }

    pub(super) fn record_results(&self, it: &Results) -> Decision<Self> {
        let assessment = self.assessments.get(&it.assessment_id);
        match assessment {
            Some(old) => must_be_about(&old.content_id, &it.content_id)?,
            None => one_more(self.assessments.len(), "assessments")?,
        }
        let score = |number: Number| assessment.and_then(|it| it.scores.get(&number)).copied();
        let mut events = Vec::new();
        for (learner_id, score_millipoints) in &it.rows {
            let number = self.recorded(learner_id, |it| score(it).is_some())?;
            let correction_reason = match score(number) {
                Some(old) if old == *score_millipoints => continue,
                Some(_) => corrected(&it.correction_reason)?,
                None => String::new(),
            };
            events.push(Event::ClassResultRecorded(ClassResultRecorded {
                assessment_id: it.assessment_id.clone(),
                content_id: it.content_id.clone(),
                learner_id: learner_id.clone(),
                score_millipoints: *score_millipoints,
                correction_reason,
            }));
        }
        Ok(events)
    }

    pub(super) fn decide_credit(&self, it: &ClassCreditDecided) -> Decision<Self> {
        let number = self.recorded(&it.learner_id, |it| self.credits.contains_key(&it))?;
        if !it.granted && it.reason.is_empty() {
            return Reason::ExplanationRequired.because("whoever is denied credit is told why");
        }
        let what = |it: &ClassCreditDecided| (it.granted, it.credits_milli, it.scheme);
        let correction_reason = match self.credits.get(&number) {
            Some(old) if what(old) == what(it) => return Ok(Vec::new()),
            Some(_) if it.correction_reason.is_empty() => {
                return Reason::CreditDecided.because("it was decided otherwise; say why it is to be corrected");
            }
            Some(_) => it.correction_reason.clone(),
            None => String::new(),
        };
        if it.granted && !self.assessments.values().any(|it| it.scores.contains_key(&number)) {
            return Reason::ResultsNeeded
                .because(format!("`{}` has no result on which credit could be granted", it.learner_id));
        }
        Ok(vec![Event::ClassCreditDecided(ClassCreditDecided { correction_reason, ..it.clone() })])
    }
}

/// Who did an exercise: whether a group, and its id or the learner's.
fn doer(it: &ClassExerciseRecorded) -> (bool, String) {
    let individual = || it.learner_ids.first().cloned().unwrap_or_default();
    if it.group_id.is_empty() { (false, individual()) } else { (true, it.group_id.clone()) }
}

fn corrected(reason: &str) -> Result<String, No> {
    if reason.is_empty() {
        return Reason::RecordedDifferently.because("something else was recorded; say why it is to be corrected");
    }
    Ok(reason.to_owned())
}

fn must_be_about(old: &str, new: &str) -> Result<(), No> {
    if old == new {
        return Ok(());
    }
    Reason::RecordedDifferently.because(format!("it is about `{old}` since it was first recorded"))
}
