//! A class that meets in a room and online: composed by its teacher, taught, examined, credited and closed.

use super::{
    office::Office,
    people::{CAMPUS, CLASS, PEOPLE, TEACHER, external, member, one_in, score},
    setup::{PASS_MARK, STATISTICS, Setup, run},
};
use crate::demo::{
    desk::{all, answer, asked},
    sample::{COURSES, MODULES},
};
use anyhow::{Result, ensure};
use studium_proto::campus::v1::{
    AddClassLearnersRequest, AssignClassWorkRequest, ClassAttendance, ClassAttendanceRow, ClassResultRow,
    CloseClassRequest, DecideClassCreditRequest, FormClassGroupRequest, OpenClassRequest, RecordClassAttendanceRequest,
    RecordClassExerciseRequest, RecordClassResultsRequest, RecordClassWorkDoneRequest, ScheduleClassMeetingRequest,
};
use studium_proto::catalogue::v1::{
    AddContentRequest, AddOwnAssessmentRequest, AddOwnResourceRequest, CreateCompositionRequest, CreditScheme,
    PublishCompositionRequest, ResourceKind, Skill, composition_service_client::CompositionServiceClient,
};
use studium_proto::enrolment::v1::{ConcludeRequest, RecordResultRequest};

/// What the class works with.
pub const COMPOSITION: &str = "lakeside-data-blend";

/// The class.
pub const CLASS_ID: &str = "lakeside-data";

/// One meeting.
type Meeting = (&'static str, &'static str, i64, &'static str, &'static str, [&'static str; 2]);

/// Its meetings: key, title, how many days ago, room, address of the video call, what is to be done before it.
const MEETINGS: [Meeting; 2] = [
    ("studio", "Whose data is it?", 14, "Studio 2", "", ["describe", "own-text"]),
    ("online", "From data to tables", 5, "", "https://lakeside.example/meet/data", ["estimate", "tables"]),
];

/// Which of the scores that the demo's rule gives are for what.
const POSTER: usize = 2;
const EXAM: usize = 3;

/// So many are in the group that does an exercise together.
const GROUP: usize = 5;

/// What came of it.
pub struct Taught {
    /// Learners in the class: on seats, and on places of the class's own.
    pub learners: [usize; 2],
    /// Learners with credit, and without.
    pub credit: [usize; 2],
    /// The campus stream's position with all of it.
    pub position: u64,
    /// The enrolment stream's position with all verdicts.
    pub enrolment: u64,
}

/// Everybody in the class: students by their seats, and the fellow, who has none.
fn learners() -> Vec<usize> {
    (0..CLASS).chain([PEOPLE - 1]).collect()
}

/// Plays the class from its composition to its end.
pub async fn teach(office: &Office<'_>, setup: &Setup) -> Result<Taught> {
    let published = compose(office, setup.position).await?;
    let learners = open(office, setup.position, published).await?;
    meet(office).await?;
    examine(office).await?;
    let (enrolment, passed) = conclude(office).await?;
    let credit = credit(office).await?;
    ensure!(credit[0] >= passed, "{passed} passed and {} have credit", credit[0]);
    let close = CloseClassRequest {
        class_id: CLASS_ID.to_owned(),
        campus_id: CAMPUS.to_owned(),
        ..CloseClassRequest::default()
    };
    let position = answer(office.classes().close_class(asked("class-close", close)).await)?.position;
    Ok(Taught { learners, credit, position, enrolment })
}

/// Modules of two courses by reference, and a text and a check of the teacher's own. Gives the catalogue's position.
async fn compose(office: &Office<'_>, campus_position: u64) -> Result<u64> {
    let mut client = CompositionServiceClient::new(office.author.clone());
    let (composition_id, campus_id) = (COMPOSITION.to_owned(), CAMPUS.to_owned());
    let create = CreateCompositionRequest {
        composition_id: composition_id.clone(),
        campus_id: campus_id.clone(),
        title: "Data for Designers".to_owned(),
        objectives: vec!["Describe what data says".to_owned(), "Keep data so that others can use it".to_owned()],
        ..CreateCompositionRequest::default()
    };
    answer(client.create_composition(asked("composition", create)).await)?;
    for module in &MODULES[..3] {
        let add = AddContentRequest {
            composition_id: composition_id.clone(),
            campus_id: campus_id.clone(),
            item_id: module.id.to_owned(),
            course_id: COURSES[module.course].id.to_owned(),
            module_id: module.id.to_owned(),
            campus_position,
            ..AddContentRequest::default()
        };
        answer(client.add_content(asked(&format!("content:{}", module.id), add)).await)?;
    }
    let text = AddOwnResourceRequest {
        composition_id: composition_id.clone(),
        campus_id: campus_id.clone(),
        item_id: "own-text".to_owned(),
        kind: ResourceKind::Reading.into(),
        title: "Data in our workshops".to_owned(),
        minutes: 30,
        skills: vec![Skill { label: "choose data for a design".to_owned(), ..Skill::default() }],
        ..AddOwnResourceRequest::default()
    };
    answer(client.add_own_resource(asked("own-text", text)).await)?;
    let check = AddOwnAssessmentRequest {
        composition_id: composition_id.clone(),
        campus_id: campus_id.clone(),
        item_id: "own-check".to_owned(),
        title: "A poster from data".to_owned(),
        kind: "project".to_owned(),
        weight_millipoints: 100_000,
        minutes: 120,
        ..AddOwnAssessmentRequest::default()
    };
    answer(client.add_own_assessment(asked("own-check", check)).await)?;
    let publish = PublishCompositionRequest { composition_id, campus_id, ..PublishCompositionRequest::default() };
    Ok(answer(client.publish_composition(asked("composition-publish", publish)).await)?.position)
}

/// Opens the class; learners on seats, and on places of its own.
async fn open(office: &Office<'_>, min_position: u64, catalogue_position: u64) -> Result<[usize; 2]> {
    let mut client = office.classes();
    let (class_id, campus_id) = (CLASS_ID.to_owned(), CAMPUS.to_owned());
    let open = OpenClassRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        composition_id: COMPOSITION.to_owned(),
        title: "Data for Designers".to_owned(),
        term: office.calendar.this_month.clone(),
        licence_places: 1,
        teacher_ids: vec![TEACHER.to_owned()],
        catalogue_position,
        min_position,
        ..OpenClassRequest::default()
    };
    answer(client.open_class(asked("class", open)).await)?;
    let add = AddClassLearnersRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        learner_ids: learners().into_iter().map(member).collect(),
        min_position,
        ..AddClassLearnersRequest::default()
    };
    let told = answer(client.add_class_learners(asked("class-learners", add)).await)?;
    let out: Vec<_> = told.rows.iter().filter(|it| !it.reason.is_empty()).collect();
    ensure!(out.is_empty(), "some came not into the class: {out:?}");
    let group = FormClassGroupRequest {
        class_id,
        campus_id,
        group_id: "posters".to_owned(),
        name: "Posters".to_owned(),
        learner_ids: (0..GROUP).map(member).collect(),
        ..FormClassGroupRequest::default()
    };
    answer(client.form_class_group(asked("class-group", group)).await)?;
    let placed = told.rows.iter().filter(|it| it.licence_place).count();
    Ok([told.rows.len() - placed, placed])
}

/// Two meetings, each with work before it; who came, and who was prepared.
async fn meet(office: &Office<'_>) -> Result<()> {
    let mut client = office.classes();
    for (salt, (meeting, title, ago, room, url, contents)) in MEETINGS.into_iter().enumerate() {
        let starts_at_ms = office.calendar.days_ago(ago);
        let (class_id, campus_id) = (CLASS_ID.to_owned(), CAMPUS.to_owned());
        let key = |act: &str| format!("class-{act}:{meeting}");
        let schedule = ScheduleClassMeetingRequest {
            class_id: class_id.clone(),
            campus_id: campus_id.clone(),
            meeting_id: meeting.to_owned(),
            title: title.to_owned(),
            starts_at_ms,
            ends_at_ms: starts_at_ms + 2 * 3_600_000,
            room: room.to_owned(),
            url: url.to_owned(),
            ..ScheduleClassMeetingRequest::default()
        };
        answer(client.schedule_class_meeting(asked(&key("meeting"), schedule)).await)?;
        let assign = AssignClassWorkRequest {
            class_id: class_id.clone(),
            campus_id: campus_id.clone(),
            work_id: format!("before-{meeting}"),
            title: format!("Before \"{title}\""),
            content_ids: contents.map(str::to_owned).to_vec(),
            meeting_id: meeting.to_owned(),
            ..AssignClassWorkRequest::default()
        };
        answer(client.assign_class_work(asked(&key("work"), assign)).await)?;
        prepare(office, (meeting, salt), starts_at_ms).await?;
        let row = |number| ClassAttendanceRow {
            learner_id: member(number),
            attendance: if one_in(9, number, salt) { ClassAttendance::Absent } else { ClassAttendance::Present }.into(),
        };
        let attendance = RecordClassAttendanceRequest {
            class_id,
            campus_id,
            meeting_id: meeting.to_owned(),
            rows: learners().into_iter().map(row).collect(),
            ..RecordClassAttendanceRequest::default()
        };
        answer(client.record_class_attendance(asked(&key("attendance"), attendance)).await)?;
    }
    Ok(())
}

/// Most did the work a day before the meeting, some a day after, a few never.
async fn prepare(office: &Office<'_>, (meeting, salt): (&str, usize), starts_at_ms: i64) -> Result<()> {
    const DAY_MS: i64 = 24 * 3_600_000;
    let (late, prepared): (Vec<_>, Vec<_>) = learners().into_iter().partition(|it| one_in(6, *it, salt + 20));
    let late = late.into_iter().filter(|it| !one_in(3, *it, salt + 30)).collect();
    for (when, done, done_at_ms) in [("on-time", prepared, -DAY_MS), ("late", late, DAY_MS)] {
        let record = RecordClassWorkDoneRequest {
            class_id: CLASS_ID.to_owned(),
            campus_id: CAMPUS.to_owned(),
            work_id: format!("before-{meeting}"),
            learner_ids: done.into_iter().map(member).collect(),
            done_at_ms: starts_at_ms + done_at_ms,
            ..RecordClassWorkDoneRequest::default()
        };
        if record.learner_ids.is_empty() {
            continue;
        }
        let key = format!("class-{when}:{meeting}");
        answer(office.classes().record_class_work_done(asked(&key, record)).await)?;
    }
    Ok(())
}

/// A poster by a group in class, the teacher's own check, and an examination about the course.
async fn examine(office: &Office<'_>) -> Result<()> {
    let mut client = office.classes();
    let exercise = RecordClassExerciseRequest {
        class_id: CLASS_ID.to_owned(),
        campus_id: CAMPUS.to_owned(),
        exercise_id: "poster-draft".to_owned(),
        content_id: "describe".to_owned(),
        group_id: "posters".to_owned(),
        score_millipoints: Some(78_000),
        ..RecordClassExerciseRequest::default()
    };
    answer(client.record_class_exercise(asked("class-exercise", exercise)).await)?;
    for (assessment, content, salt) in [("poster", "own-check", POSTER), ("exam", "estimate", EXAM)] {
        let row = |number| ClassResultRow { learner_id: member(number), score_millipoints: score(number, salt) };
        let record = RecordClassResultsRequest {
            class_id: CLASS_ID.to_owned(),
            campus_id: CAMPUS.to_owned(),
            assessment_id: assessment.to_owned(),
            content_id: content.to_owned(),
            rows: learners().into_iter().map(row).collect(),
            ..RecordClassResultsRequest::default()
        };
        answer(client.record_class_results(asked(&format!("class-result:{assessment}"), record)).await)?;
    }
    Ok(())
}

/// The examination counts in the run of the course, whose rule decides. Gives enrolment's position, and who passed.
async fn conclude(office: &Office<'_>) -> Result<(u64, usize)> {
    let bar = office.desk.output().bar("verdicts of the class", 0);
    let positions = all((0..CLASS).collect(), &bar, async |number| {
        let (mut client, learner_id) = (office.desk.enrolments.clone(), member(number));
        let record = RecordResultRequest {
            run_id: run(STATISTICS),
            learner_id: learner_id.clone(),
            assessment_id: "exam".to_owned(),
            attempt: 1,
            score_millipoints: Some(score(number, EXAM)),
            identity_verified: true,
            ..RecordResultRequest::default()
        };
        let key = external(number);
        answer(client.record_result(asked(&format!("class-exam:{key}"), record)).await)?;
        let conclude = ConcludeRequest { run_id: run(STATISTICS), learner_id, ..ConcludeRequest::default() };
        Ok(answer(client.conclude(asked(&format!("class-conclude:{key}"), conclude)).await)?.position)
    })
    .await?;
    let passed = (0..CLASS).filter(|it| score(*it, EXAM) >= PASS_MARK).count();
    Ok((positions.into_iter().max().unwrap_or_default(), passed))
}

/// Credit for whoever passed the examination; others are told why not.
async fn credit(office: &Office<'_>) -> Result<[usize; 2]> {
    let mut decided = [0, 0];
    for number in learners() {
        let granted = score(number, EXAM) >= PASS_MARK;
        let decide = DecideClassCreditRequest {
            class_id: CLASS_ID.to_owned(),
            campus_id: CAMPUS.to_owned(),
            learner_id: member(number),
            granted,
            credits_milli: if granted { COURSES[STATISTICS].hours * 1000 / 25 } else { 0 },
            scheme: if granted { CreditScheme::Ects } else { CreditScheme::Unspecified }.into(),
            reason: if granted { String::new() } else { "the examination was not passed".to_owned() },
            ..DecideClassCreditRequest::default()
        };
        answer(office.classes().decide_class_credit(asked(&format!("class-credit:{number}"), decide)).await)?;
        decided[usize::from(!granted)] += 1;
    }
    Ok(decided)
}
