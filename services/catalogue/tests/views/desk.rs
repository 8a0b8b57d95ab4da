//! A desk: writes events of the catalogue and waits until the views have seen them.

use prost::Message as _;
use std::{collections::HashMap, time::Duration};
use studium_catalogue::{
    composition_page::CompositionPage, course_page::CoursePage, course_search::CourseSearch,
    institution_list::InstitutionList, programme_page::ProgrammePage, run_list::RunList,
    selection_contents::SelectionContents, selection_list::SelectionList,
};
use studium_kit::{Event, Projection, Store, View};
use studium_log::{Log, Stored, commit_id};
use studium_proto::{
    catalogue::v1::{
        CourseCreated, CourseDescribed, CourseLevel, CoursePublished, CourseSkillsSet, CourseWorkloadSet,
        InstitutionRegistered, Skill, course_event::Event as CourseEvent, institution_event::Event as InstitutionEvent,
    },
    log::v1::Commit,
};
use studium_store::Projector;

pub const VIEWS: &[&str] = &[
    CourseSearch::NAME,
    CoursePage::NAME,
    RunList::NAME,
    ProgrammePage::NAME,
    InstitutionList::NAME,
    SelectionList::NAME,
    SelectionContents::NAME,
    CompositionPage::NAME,
    "journal",
];

/// Writes events into a log in memory, which the views fold into a store.
pub struct Desk {
    pub store: Store,
    pub projection: Projection,
    log: Log,
    head: u64,
    tips: HashMap<String, (u64, u64, Vec<u8>)>,
}

impl Desk {
    pub async fn open(url: &str) -> Self {
        let (store, log) = (Store::open(url).await.unwrap(), Log::memory());
        let projection = Projector::new("catalogue", store.clone(), log.clone())
            .view::<CourseSearch>()
            .view::<CoursePage>()
            .view::<RunList>()
            .view::<ProgrammePage>()
            .view::<InstitutionList>()
            .view::<SelectionList>()
            .view::<SelectionContents>()
            .view::<CompositionPage>()
            .start()
            .await
            .unwrap();
        Self { store, projection, log, head: 0, tips: HashMap::new() }
    }

    /// Writes one commit and returns its position.
    pub async fn write<E: Event>(&mut self, id: &str, at_ms: i64, events: &[E]) -> u64 {
        let subject = format!("{}.{id}", E::AGGREGATE);
        let (version, previous_position, previous_hash) = self.tips.get(&subject).cloned().unwrap_or_default();
        self.head += 1;
        let request_id = format!("request {}", self.head);
        let commit = Commit {
            id: commit_id(&subject, &request_id).to_string(),
            subject: subject.clone(),
            version: version + 1,
            previous_position,
            previous_hash: previous_hash.into(),
            at_ms,
            recorded_at_ms: at_ms,
            request_id,
            correlation_id: "the story".to_owned(),
            events: events.iter().map(|it| it.to_bytes().into()).collect(),
            ..Commit::default()
        };
        let stored = Stored::decode(self.head, commit.encode_to_vec().into()).unwrap();
        self.tips.insert(subject, (version + 1, self.head, stored.hash().to_vec()));
        self.log.restore("catalogue", &[stored]).await.unwrap();
        self.head
    }

    /// Waits until all views have seen everything.
    pub async fn seen(&self) -> &Store {
        for view in VIEWS {
            self.store.reached(view, "catalogue", self.head, Duration::from_secs(20)).await.unwrap();
        }
        &self.store
    }

    pub async fn institution(&mut self, id: &str, name: &str) {
        let it = InstitutionRegistered { name: name.to_owned(), country: "GB".to_owned() };
        self.write(id, 1, &[InstitutionEvent::InstitutionRegistered(it)]).await;
    }

    /// A handful of offered courses of two institutions, and a draft.
    pub async fn shelf(&mut self) {
        self.institution("ub", "Universitat de Barcelona").await;
        self.institution("ou", "The Open University").await;
        let mut published = 0;
        for it in SHELF {
            self.write(it.id, 1000, &it.events()).await;
            if it.is_offered {
                published += 1;
                self.write(it.id, 1000 * published, &[publication(1)]).await;
            }
        }
    }
}

/// A course of the shelf.
pub struct OnShelf {
    pub id: &'static str,
    institution: &'static str,
    title: &'static str,
    summary: &'static str,
    language: &'static str,
    subject: &'static str,
    level: CourseLevel,
    hours: u32,
    rating: u32,
    skills: &'static [&'static str],
    is_offered: bool,
}

const SHELF: &[OnShelf] = &[
    OnShelf {
        id: "stroke",
        institution: "ub",
        title: "Atención prehospitalaria del ictus agudo",
        summary: "Selección de pacientes",
        language: "Spanish",
        subject: "0912",
        level: CourseLevel::Intermediate,
        hours: 14,
        rating: 0,
        skills: &["Emergency Medicine"],
        is_offered: true,
    },
    OnShelf {
        id: "python",
        institution: "ou",
        title: "Python for Data Analysis",
        summary: "Tables, charts and statistics for beginners",
        language: "English",
        subject: "0613",
        level: CourseLevel::Beginner,
        hours: 20,
        rating: 470,
        skills: &["Python", "Statistics"],
        is_offered: true,
    },
    OnShelf {
        id: "statistics",
        institution: "ou",
        title: "Statistics",
        summary: "From the mean to regression, without Python",
        language: "English",
        subject: "0542",
        level: CourseLevel::Advanced,
        hours: 120,
        rating: 450,
        skills: &["Statistics", "Statistics"],
        is_offered: true,
    },
    OnShelf {
        id: "law",
        institution: "ub",
        title: "Introduction to Law",
        summary: "",
        language: "English",
        subject: "0421",
        level: CourseLevel::Unspecified,
        hours: 0,
        rating: 480,
        skills: &[],
        is_offered: true,
    },
    OnShelf {
        id: "secret",
        institution: "ou",
        title: "Python in the making",
        summary: "",
        language: "English",
        subject: "0613",
        level: CourseLevel::Beginner,
        hours: 9,
        rating: 0,
        skills: &["Python"],
        is_offered: false,
    },
];

impl OnShelf {
    fn events(&self) -> Vec<CourseEvent> {
        vec![
            CourseEvent::CourseCreated(CourseCreated {
                institution_id: self.institution.to_owned(),
                kind: "COURSE".to_owned(),
                title: "working title".to_owned(),
            }),
            CourseEvent::CourseDescribed(CourseDescribed {
                title: self.title.to_owned(),
                summary: self.summary.to_owned(),
                language: self.language.to_owned(),
                subject: self.subject.to_owned(),
                level: self.level.into(),
                rating_hundredths: self.rating,
                ..CourseDescribed::default()
            }),
            CourseEvent::CourseSkillsSet(CourseSkillsSet {
                skills: self.skills.iter().map(|it| Skill { uri: String::new(), label: (*it).to_owned() }).collect(),
            }),
            CourseEvent::CourseWorkloadSet(CourseWorkloadSet {
                study_minutes: self.hours * 60,
                ..CourseWorkloadSet::default()
            }),
        ]
    }
}

pub fn publication(version: u32) -> CourseEvent {
    CourseEvent::CoursePublished(CoursePublished { version, imported: false })
}

pub fn described(title: &str) -> CourseEvent {
    CourseEvent::CourseDescribed(CourseDescribed { title: title.to_owned(), ..CourseDescribed::default() })
}
