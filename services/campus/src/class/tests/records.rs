//! Exercises in class, results, and credit.

use super::*;
use studium_proto::campus::v1::{ClassLearnerRemoved, ClassResultRecorded};

fn exercise(group: &str, learners: &[&str], score: Option<u32>) -> ClassExerciseRecorded {
    ClassExerciseRecorded {
        exercise_id: "e1".into(),
        group_id: group.into(),
        learner_ids: learners.iter().map(|it| (*it).to_owned()).collect(),
        score_millipoints: score,
        ..ClassExerciseRecorded::default()
    }
}

fn record(exercise: ClassExerciseRecorded) -> Asked<Command> {
    asks(Command::RecordExercise { exercise, is_content_known: true })
}

fn formed(ids: &[&str]) -> Event {
    let learner_ids = ids.iter().map(|it| (*it).to_owned()).collect();
    Event::ClassGroupFormed(ClassGroupFormed { group_id: "g".into(), name: "Red".into(), learner_ids })
}

#[test]
fn a_groups_exercise_counts_for_its_members_at_that_time() {
    let recorded = Event::ClassExerciseRecorded(exercise("g", &["ada", "ben"], Some(80_000)));
    let past = with(&[formed(&["ada", "ben"])]);
    given::<Class>(&past).when(record(exercise("g", &[], Some(80_000)))).then(std::slice::from_ref(&recorded));
    // A correction is of those who did it, whoever is in the group by now.
    let later = [past, vec![recorded, formed(&["ben"])]].concat();
    let mut corrected = exercise("g", &["ada", "ben"], Some(70_000));
    corrected.correction_reason = "counted wrong".into();
    let asked = ClassExerciseRecorded { learner_ids: Vec::new(), ..corrected.clone() };
    given::<Class>(&later).when(record(asked)).then(&[Event::ClassExerciseRecorded(corrected)]);
    given::<Class>(&later).when(record(exercise("g", &[], None))).refused(Reason::RecordedDifferently);
    given::<Class>(&later).when(record(exercise("h", &[], None))).refused(Reason::GroupNotFound);
    let left = Event::ClassLearnerRemoved(ClassLearnerRemoved { learner_id: "ben".into(), ..Default::default() });
    let nobody = with(&[formed(&["ben"]), left]);
    given::<Class>(&nobody).when(record(exercise("g", &[], None))).refused(Reason::NotInClass);
}

#[test]
fn an_individuals_exercise_is_of_a_learner_about_known_content() {
    let alone = exercise("", &["ada"], None);
    given::<Class>(&past()).when(record(alone.clone())).then(&[Event::ClassExerciseRecorded(alone.clone())]);
    given::<Class>(&past()).when(record(exercise("", &["eve"], None))).refused(Reason::NotInClass);
    let about = ClassExerciseRecorded { content_id: "c1".into(), ..alone.clone() };
    let unknown = asks(Command::RecordExercise { exercise: about.clone(), is_content_known: false });
    given::<Class>(&past()).when(unknown).refused(Reason::ContentNotFound);
    let past = with(&[Event::ClassExerciseRecorded(alone)]);
    given::<Class>(&past).when(record(about)).refused(Reason::RecordedDifferently);
}

fn result(learner: &str, score_millipoints: u32, correction: &str) -> Event {
    Event::ClassResultRecorded(ClassResultRecorded {
        assessment_id: "a1".into(),
        content_id: String::new(),
        learner_id: learner.into(),
        score_millipoints,
        correction_reason: correction.into(),
    })
}

fn results(rows: &[(&str, u32)], correction: &str) -> Asked<Command> {
    let results = Results {
        assessment_id: "a1".into(),
        content_id: String::new(),
        rows: rows.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect(),
        correction_reason: correction.into(),
    };
    asks(Command::RecordResults { results, is_content_known: true })
}

#[test]
fn results_are_of_learners_and_corrected_with_a_reason() {
    let both = results(&[("ada", 50_000), ("ben", 60_000)], "");
    given::<Class>(&past()).when(both).then(&[result("ada", 50_000, ""), result("ben", 60_000, "")]);
    let one = with(&[result("ada", 50_000, "")]);
    given::<Class>(&one).when(results(&[("ada", 51_000)], "")).refused(Reason::RecordedDifferently);
    // The reason belongs to what is corrected, not to what is new.
    given::<Class>(&one)
        .when(results(&[("ada", 51_000), ("ben", 60_000)], "counted wrong"))
        .then(&[result("ada", 51_000, "counted wrong"), result("ben", 60_000, "")]);
    given::<Class>(&past()).when(results(&[("ada", 1), ("eve", 1)], "")).refused(Reason::NotInClass);
    let left = Event::ClassLearnerRemoved(ClassLearnerRemoved { learner_id: "ada".into(), ..Default::default() });
    let gone = [one, vec![left]].concat();
    given::<Class>(&gone).when(results(&[("ada", 51_000)], "counted wrong")).then(&[result(
        "ada",
        51_000,
        "counted wrong",
    )]);
}

#[test]
fn credit_is_granted_on_results_and_denied_with_a_reason() {
    let decide = |it: ClassCreditDecided| asks(Command::DecideCredit(it));
    given::<Class>(&past()).when(decide(credit("ada", true))).refused(Reason::ResultsNeeded);
    let one = with(&[result("ada", 50_000, "")]);
    let granted = Event::ClassCreditDecided(credit("ada", true));
    given::<Class>(&one).when(decide(credit("ada", true))).then(&[granted]);
    given::<Class>(&past()).when(decide(credit("ada", false))).then(&[Event::ClassCreditDecided(credit("ada", false))]);
    let silent = ClassCreditDecided { reason: String::new(), ..credit("ada", false) };
    given::<Class>(&past()).when(decide(silent)).refused(Reason::ExplanationRequired);
    given::<Class>(&past()).when(decide(credit("eve", false))).refused(Reason::NotInClass);
}

#[test]
fn a_decision_stands_until_it_is_corrected_with_a_reason() {
    let past = with(&[result("ada", 50_000, ""), Event::ClassCreditDecided(credit("ada", false))]);
    given::<Class>(&past).when(asks(Command::DecideCredit(credit("ada", true)))).refused(Reason::CreditDecided);
    given::<Class>(&past).when(asks(Command::DecideCredit(credit("ada", false)))).nothing();
    let corrected = ClassCreditDecided { correction_reason: "a result came late".into(), ..credit("ada", true) };
    given::<Class>(&past)
        .when(asks(Command::DecideCredit(corrected.clone())))
        .then(&[Event::ClassCreditDecided(corrected)]);
}
