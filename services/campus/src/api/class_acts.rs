//! Looks up what classes must know of others, and asks them.

use super::{Api, no};
use crate::{
    campus_list::{self, CampusList},
    class::{Basis, Class, Command, Facts, Newcomer, Who},
    class_content,
    classes::{self, ClassRow},
    composition_content::{self, CompositionContents},
    course_content,
    members::Members,
    plans::Plans,
    runs::{self, Runs},
    seats::{self, Seats},
};
use std::collections::BTreeSet;
use studium_kit::{Call, Json, Outcome, Reason as _, fault, status};
use studium_proto::campus::v1::{
    AddClassLearnersRequest, ClassLearnerRow, ClassOpened, ClassRowOutcome, OpenClassRequest, Reason,
    RemoveClassLearnersRequest, class_event::Event,
};
use tonic::Status;

/// Who asks: some for the platform, others for the campus that they name.
pub(super) fn who(call: &Call, campus_id: &str) -> Who {
    if call.caller.acts_for_all() { Who::Platform } else { Who::Campus(campus_id.to_owned()) }
}

impl Api {
    /// Asks a class on behalf of a campus.
    pub(super) async fn class(
        &self,
        call: &Call,
        (class_id, campus_id): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        self.app.decide::<Class>(call, class_id, &who(call, campus_id).asks(command)).await
    }

    /// Asks a class on behalf of a learner.
    pub(super) async fn own_work(
        &self,
        call: &Call,
        class_id: &str,
        learner_id: String,
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        let who = if call.caller.acts_for_all() { Who::Platform } else { Who::Learner(learner_id) };
        self.app.decide::<Class>(call, class_id, &who.asks(command)).await
    }

    /// A class as the view knows it, which may be asked about it only by its campus.
    pub(super) async fn class_row(&self, call: &Call, class_id: &str, campus_id: &str) -> Result<ClassRow, Status> {
        let Some(row) = classes::class(self.app.store(), class_id).await.map_err(fault)? else {
            return Err(no(Reason::ClassNotFound, "there is no such class", class_id));
        };
        let who = who(call, campus_id);
        who.may_act_for(&row.campus_id).map_err(|it| status::refused(&it, [("id", class_id)]))?;
        Ok(row)
    }

    /// The command that opens a class, with what the catalogue and the campus say.
    pub(super) async fn opening(&self, it: OpenClassRequest) -> Result<Command, Status> {
        self.app.reached_stream::<CompositionContents>("catalogue", it.catalogue_position).await?;
        self.app.reached_stream::<Runs>("catalogue", it.catalogue_position).await?;
        self.app.reached::<CampusList>(it.min_position).await?;
        let campus = campus_list::campus(self.app.store(), &it.campus_id).await.map_err(fault)?;
        let is_teacher = |id: &&String| campus.as_ref().is_some_and(|campus| campus.teacher_ids.contains(id));
        let strangers = it.teacher_ids.iter().filter(|id| !is_teacher(id)).cloned().collect();
        let class = ClassOpened {
            campus_id: it.campus_id,
            composition_id: it.composition_id,
            composition_version: it.composition_version,
            run_id: it.run_id,
            title: it.title,
            term: it.term,
            licence_places: it.licence_places,
            ..ClassOpened::default()
        };
        let (class, basis) =
            if class.run_id.is_empty() { self.on_composition(class).await? } else { self.on_run(class).await? };
        let facts = Facts { is_campus: campus.is_some(), basis, strangers };
        Ok(Command::Open { class, teacher_ids: it.teacher_ids, facts })
    }

    async fn on_composition(&self, class: ClassOpened) -> Result<(ClassOpened, Basis), Status> {
        let store = self.app.store();
        let found = composition_content::composition(store, &class.composition_id, class.composition_version).await;
        let Some(it) = found.map_err(fault)? else {
            let latest = composition_content::composition(store, &class.composition_id, 0).await.map_err(fault)?;
            let basis = if latest.is_some() { Basis::Unpublished } else { Basis::NoComposition };
            return Ok((class, basis));
        };
        if it.version == 0 {
            return Ok((class, Basis::Unpublished));
        }
        let courses: BTreeSet<_> = it.items.0.into_iter().map(|it| it.source.0).filter(|it| !it.is_empty()).collect();
        let class = ClassOpened {
            composition_version: it.version,
            course_ids: courses.into_iter().collect(),
            objectives: it.objectives.0,
            ..class
        };
        Ok((class, Basis::Composition { campus_id: it.campus_id }))
    }

    async fn on_run(&self, class: ClassOpened) -> Result<(ClassOpened, Basis), Status> {
        let store = self.app.store();
        let Some(run) = runs::run(store, &class.run_id).await.map_err(fault)? else { return Ok((class, Basis::NoRun)) };
        let course = course_content::course(store, &run.course_id, run.course_version).await.map_err(fault)?;
        let class = ClassOpened {
            course_ids: vec![run.course_id],
            course_version: run.course_version,
            objectives: course.map(|it| it.outcomes.0).unwrap_or_default(),
            ..class
        };
        Ok((class, Basis::Run))
    }

    /// Whether somebody is a teacher of the campus that a class belongs to.
    pub(super) async fn is_teacher(&self, class_id: &str, person: &str, min_position: u64) -> Result<bool, Status> {
        self.app.reached::<CampusList>(min_position).await?;
        let class = self.app.state::<Class>(class_id).await?;
        let campus = campus_list::campus(self.app.store(), class.campus_id()).await.map_err(fault)?;
        Ok(campus.is_some_and(|it| it.teacher_ids.iter().any(|it| it == person)))
    }

    /// Those of some contents that a class does not work with.
    pub(super) async fn unknown(&self, class_id: &str, content_ids: &[String]) -> Result<Vec<String>, Status> {
        if content_ids.iter().all(String::is_empty) {
            return Ok(Vec::new());
        }
        // What a class works with is pinned when it is opened, so its own past knows it before any view does.
        let class = self.app.state::<Class>(class_id).await?;
        let row = class.opened().map(|it| ClassRow {
            composition_id: it.composition_id.clone(),
            composition_version: it.composition_version,
            course_ids: Json(it.course_ids.clone()),
            course_version: it.course_version,
            ..ClassRow::default()
        });
        let contents = class_content::of_class(self.app.store(), &row.unwrap_or_default()).await.map_err(fault)?;
        let is_known = |id: &&String| contents.iter().any(|it| it.id == **id);
        Ok(content_ids.iter().filter(|id| !is_known(id)).cloned().collect())
    }

    async fn newcomer(&self, campus_id: &str, learner_id: &str) -> Result<Newcomer, Status> {
        let member = self.assignee(campus_id, learner_id).await?.member;
        let holds_seat = seats::holds_seat(self.app.store(), campus_id, learner_id).await.map_err(fault)?;
        let is_test_user = member.as_ref().is_some_and(|it| it.test_user);
        Ok(Newcomer { learner_id: learner_id.to_owned(), is_member: member.is_some(), holds_seat, is_test_user })
    }

    /// Adds learners as far as each may be, and says what came of each.
    pub(super) async fn add_all(
        &self,
        call: &Call,
        it: AddClassLearnersRequest,
    ) -> Result<(Outcome<Event>, Vec<ClassLearnerRow>), Status> {
        self.app.reached::<Members>(it.min_position).await?;
        self.app.reached::<Seats>(it.min_position).await?;
        self.app.reached::<Plans>(it.min_position).await?;
        let class = self.app.state::<Class>(&it.class_id).await?;
        let mut learners = Vec::with_capacity(it.learner_ids.len());
        for learner_id in &it.learner_ids {
            learners.push(self.newcomer(class.campus_id(), learner_id).await?);
        }
        let command = Command::AddLearners { learners: learners.clone() };
        let outcome = self.class(call, (&it.class_id, &it.campus_id), command).await?;
        // Who was not added either was in the class or is told which rule says no, as it stands afterwards.
        let class = self.app.state::<Class>(&it.class_id).await?;
        let added = |id: &str| {
            outcome.events.iter().find_map(|event| match event {
                Event::ClassLearnerAdded(it) if it.learner_id == id => Some(it.licence_place),
                _ => None,
            })
        };
        let rows = learners.iter().map(|it| match added(&it.learner_id) {
            Some(licence_place) => ClassLearnerRow { licence_place, ..row(&it.learner_id, ClassRowOutcome::Ok) },
            None if class.has_learner(&it.learner_id) => row(&it.learner_id, ClassRowOutcome::Already),
            None => refused(&class, it),
        });
        let rows = rows.collect();
        Ok((outcome, rows))
    }

    /// Removes learners as far as they are there, and says what came of each.
    pub(super) async fn remove_all(
        &self,
        call: &Call,
        it: RemoveClassLearnersRequest,
    ) -> Result<(Outcome<Event>, Vec<ClassLearnerRow>), Status> {
        let command = Command::RemoveLearners { learner_ids: it.learner_ids.clone(), reason: it.reason };
        let outcome = self.class(call, (&it.class_id, &it.campus_id), command).await?;
        let is_gone = |id: &str| {
            outcome.events.iter().any(|it| matches!(it, Event::ClassLearnerRemoved(it) if it.learner_id == id))
        };
        let told = |id: &str| if is_gone(id) { ClassRowOutcome::Ok } else { ClassRowOutcome::Already };
        let rows = it.learner_ids.iter().map(|id| row(id, told(id))).collect();
        Ok((outcome, rows))
    }
}

fn row(learner_id: &str, outcome: ClassRowOutcome) -> ClassLearnerRow {
    ClassLearnerRow { learner_id: learner_id.to_owned(), outcome: outcome.into(), ..ClassLearnerRow::default() }
}

fn refused(class: &Class, it: &Newcomer) -> ClassLearnerRow {
    let refused = row(&it.learner_id, ClassRowOutcome::Refused);
    match class.may_join(it) {
        Err(no) => ClassLearnerRow { reason: no.reason.name().to_owned(), detail: no.detail, ..refused },
        // Somebody left in between; asked again, the answer is another.
        Ok(_) => ClassLearnerRow { detail: "there is room by now; ask again".to_owned(), ..refused },
    }
}
