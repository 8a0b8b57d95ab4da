//! What the pages and lists show.

use crate::desk::{Desk, described, publication};
use studium_catalogue::{
    change_feed::changes, composition_page as compositions, course_page as courses, institution_list as institutions,
    page::Page, programme_page as programmes, run_list as runs,
};
use studium_proto::catalogue::v1::{
    Authority, CompositionContentAdded, CompositionCreated, CompositionItemMoved, CompositionPublished,
    CompositionResourceAdded, CourseApproved, CourseAuthorJoined, CourseChangesRequested, CourseRetired, CourseStage,
    CourseSubmitted, DomainClaimed, DomainReleased, ElectiveGroup, InstitutionAuthorised, ModuleAdded,
    ModuleReuseLicensed, ProgrammeComposed, ProgrammeCreated, ProgrammeKind, ProgrammePublished, ProgrammeRetired,
    ReuseLicence, RunCapacitySet, RunClosed, RunOpened, RunRescheduled, RunScheduled, RunState,
    composition_event::Event as CompositionEvent, composition_item::Item, course_event::Event as CourseEvent,
    course_run_event::Event as RunEvent, domain_event::Event as DomainEvent,
    institution_event::Event as InstitutionEvent, programme_event::Event as ProgrammeEvent,
};

pub async fn a_published_version_never_changes(mut desk: Desk) {
    desk.shelf().await;
    let module = |id: &str| {
        CourseEvent::ModuleAdded(ModuleAdded { module_id: id.to_owned(), title: id.to_owned(), ..Default::default() })
    };
    let licence = ModuleReuseLicensed { module_id: "m1".to_owned(), licence: ReuseLicence::Everybody.into() };
    desk.write("law", 5000, &[module("m1"), publication(2)]).await;
    let events = [described("Law, again"), module("m2"), CourseEvent::ModuleReuseLicensed(licence), publication(3)];
    desk.write("law", 6000, &events).await;
    desk.write("law", 7000, &[described("Law in the making")]).await;
    let store = desk.seen().await;
    let shown = async |version| {
        let it = courses::course(store, "law", version).await.unwrap().unwrap();
        let modules: Vec<_> = it.modules.iter().map(|it| format!("{} {}", it.module_id, it.licence)).collect();
        let title = it.description.clone().unwrap().title;
        format!("{} {} {title} [{}]", it.version, it.published_at_ms, modules.join(", "))
    };
    assert_eq!(shown(1).await, "1 4000 Introduction to Law []");
    // The licence holds for all versions, also those before.
    assert_eq!(shown(2).await, "2 5000 Introduction to Law [m1 3]");
    assert_eq!(shown(0).await, "3 6000 Law, again [m2 0, m1 3]");
    assert_eq!(courses::course(store, "law", 4).await.unwrap(), None);
    assert_eq!(courses::course(store, "secret", 0).await.unwrap(), None);
    assert_eq!(courses::versions(store, "law").await.unwrap(), [(1, 4000), (2, 5000), (3, 6000)]);
    let draft = courses::draft(store, "law").await.unwrap().unwrap();
    let course = draft.course.clone().unwrap();
    assert_eq!((draft.stage(), course.version), (CourseStage::Draft, 3));
    assert_eq!(course.description.unwrap().title, "Law in the making");
}

pub async fn a_draft_shows_its_way_to_publication(mut desk: Desk) {
    desk.shelf().await;
    let joined = |id: &str| CourseEvent::CourseAuthorJoined(CourseAuthorJoined { author_id: id.to_owned() });
    let submitted = CourseEvent::CourseSubmitted(CourseSubmitted { submitted_by: "ada".to_owned() });
    let changes = CourseChangesRequested { reviewer_id: "eve".to_owned(), comment: "more examples".to_owned() };
    let approved = CourseApproved { reviewer_id: "eve".to_owned(), comment: "good".to_owned() };
    for (events, stage, authors, comment) in [
        (vec![joined("ada"), joined("bob"), joined("ada")], CourseStage::Draft, vec!["ada", "bob"], ""),
        (vec![submitted.clone()], CourseStage::InReview, vec!["ada", "bob"], ""),
        (vec![CourseEvent::CourseChangesRequested(changes)], CourseStage::Draft, vec!["ada", "bob"], "more examples"),
        (vec![submitted, CourseEvent::CourseApproved(approved)], CourseStage::Approved, vec!["ada", "bob"], "good"),
        (vec![publication(1)], CourseStage::Published, vec![], "good"),
    ] {
        desk.write("secret", 5000, &events).await;
        let draft = courses::draft(desk.seen().await, "secret").await.unwrap().unwrap();
        assert_eq!((draft.stage(), draft.review_comment.as_str()), (stage, comment));
        assert_eq!(draft.author_ids, authors);
    }
    desk.write("law", 6000, &[CourseEvent::CourseRetired(CourseRetired::default())]).await;
    let store = desk.seen().await;
    assert!(courses::course(store, "law", 0).await.unwrap().unwrap().retired);
    let (published, _) = courses::drafts(store, "ou", CourseStage::Published, &Page::default()).await.unwrap();
    let ids: Vec<_> = published.iter().map(|it| it.course_id.as_str()).collect();
    assert_eq!(ids, ["python", "secret", "statistics"]);
    let (retired, _) = courses::drafts(store, "", CourseStage::Retired, &Page::default()).await.unwrap();
    assert_eq!(retired.len(), 1);
}

pub async fn a_course_can_be_asked_as_it_was(mut desk: Desk) {
    desk.shelf().await;
    desk.write("law", 6000, &[described("Law, again"), publication(2)]).await;
    desk.write("law", 7000, &[CourseEvent::CourseRetired(CourseRetired::default())]).await;
    let store = desk.seen().await;
    let shown = async |version, at_ms| courses::course_as_of(store, "law", version, at_ms).await.unwrap();
    assert_eq!(shown(0, 3999).await, None);
    assert_eq!(shown(0, 4000).await.unwrap().version, 1);
    assert_eq!(shown(2, 5999).await, None);
    assert_eq!(shown(1, 6000).await.unwrap().description.unwrap().title, "Introduction to Law");
    let last = shown(0, 6999).await.unwrap();
    assert_eq!((last.version, last.retired), (2, false));
    assert_eq!(shown(0, 7000).await, courses::course(store, "law", 0).await.unwrap());
}

pub async fn runs_show_what_holds_now(mut desk: Desk) {
    let scheduled = |course: &str, start| {
        RunEvent::RunScheduled(RunScheduled {
            course_id: course.to_owned(),
            institution_id: "ou".to_owned(),
            starts_at_ms: start,
            ends_at_ms: start + 10,
            capacity: 5,
            ..RunScheduled::default()
        })
    };
    for (id, course, start) in [("c", "law", 100), ("a", "law", 300), ("b", "python", -200), ("d", "law", 100)] {
        desk.write(id, 10, &[scheduled(course, start)]).await;
    }
    let moved = RunRescheduled { starts_at_ms: 400, ends_at_ms: 500, ..RunRescheduled::default() };
    let seats = RunCapacitySet { capacity: 0, waiting_list: true };
    desk.write("c", 20, &[RunEvent::RunRescheduled(moved), RunEvent::RunCapacitySet(seats)]).await;
    desk.write("c", 30, &[RunEvent::RunOpened(RunOpened { course_version: 3 })]).await;
    desk.write("c", 40, &[RunEvent::RunClosed(RunClosed { reason: "full".to_owned() })]).await;
    let store = desk.seen().await;
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let page = Page::read(2, &token).unwrap();
        let (rows, next) = runs::runs(store, "", "ou", RunState::Unspecified, &page).await.unwrap();
        ids.extend(rows.into_iter().map(|it| it.run_id));
        token = next;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["b", "d", "a", "c"]);
    let (closed, _) = runs::runs(store, "law", "", RunState::Closed, &Page::default()).await.unwrap();
    assert_eq!(closed.len(), 1);
    let run = runs::run(store, "c").await.unwrap().unwrap();
    let plan = run.plan.clone().unwrap();
    assert_eq!((run.course_version, run.reason.as_str(), plan.starts_at_ms), (3, "full", 400));
    assert!(plan.course_id == "law" && plan.waiting_list && plan.capacity == 0);
    assert_eq!(runs::run_as_of(store, "c", 30).await.unwrap().unwrap().state(), RunState::Open);
    assert_eq!(runs::run_as_of(store, "c", 9).await.unwrap(), None);
    assert_eq!(Page::<runs::Start>::read(2, "soon"), None);
}

pub async fn programmes_are_found_while_they_are_offered(mut desk: Desk) {
    let created = |title: &str| {
        let kind = ProgrammeKind::Nanodegree.into();
        let it = ProgrammeCreated { institution_id: "ou".to_owned(), kind, title: title.to_owned() };
        ProgrammeEvent::ProgrammeCreated(it)
    };
    let composed = |required: &str, elective: &str| {
        let group = ElectiveGroup { choose: 1, course_ids: vec![elective.to_owned()], ..ElectiveGroup::default() };
        ProgrammeEvent::ProgrammeComposed(ProgrammeComposed {
            required_course_ids: vec![required.to_owned()],
            elective_groups: vec![group],
            ordered: false,
        })
    };
    let published = |version| ProgrammeEvent::ProgrammePublished(ProgrammePublished { version });
    desk.write("data", 10, &[created("Data"), composed("python", "statistics"), published(1)]).await;
    desk.write("data", 20, &[composed("python", "law")]).await;
    desk.write("draft", 20, &[created("Draft"), composed("python", "law")]).await;
    let found = async |desk: &Desk, course: &str| {
        let store = desk.seen().await;
        let kind = ProgrammeKind::Unspecified;
        let (rows, _) = programmes::programmes(store, "ou", kind, course, &Page::default()).await.unwrap();
        rows.into_iter().map(|it| it.programme_id).collect::<Vec<_>>()
    };
    assert_eq!(found(&desk, "").await, ["data"]);
    assert_eq!(found(&desk, "statistics").await, ["data"]);
    assert_eq!(found(&desk, "law").await, Vec::<String>::new());
    let draft = programmes::draft(&desk.store, "data").await.unwrap().unwrap();
    assert_eq!(draft.stage(), CourseStage::Draft);
    desk.write("data", 30, &[published(2)]).await;
    assert_eq!(found(&desk, "law").await, ["data"]);
    desk.write("data", 40, &[ProgrammeEvent::ProgrammeRetired(ProgrammeRetired::default())]).await;
    assert_eq!(found(&desk, "").await, Vec::<String>::new());
    let shown = programmes::programme(&desk.store, "data", 1).await.unwrap().unwrap();
    assert_eq!(shown.composition.unwrap().elective_groups[0].course_ids, ["statistics"]);
    assert!(shown.retired);
    let past = programmes::programme_as_of(&desk.store, "data", 0, 35).await.unwrap().unwrap();
    assert_eq!((past.version, past.published_at_ms, past.retired), (2, 30, false));
}

pub async fn institutions_show_domains_and_capacities(mut desk: Desk) {
    desk.shelf().await;
    let claimed = |it: &str| {
        let it = DomainClaimed { institution_id: "ou".to_owned(), domain: it.to_owned() };
        DomainEvent::DomainClaimed(it)
    };
    desk.write("open~ac~uk", 10, &[claimed("open.ac.uk")]).await;
    desk.write("old~org", 10, &[claimed("old.org")]).await;
    let released = DomainReleased { institution_id: "ou".to_owned(), domain: "old.org".to_owned() };
    desk.write("old~org", 20, &[DomainEvent::DomainReleased(released)]).await;
    let authorised = InstitutionAuthorised { authority: Authority::Campus.into() };
    desk.write("ou", 30, &[InstitutionEvent::InstitutionAuthorised(authorised)]).await;
    let store = desk.seen().await;
    let it = institutions::institution(store, "ou").await.unwrap().unwrap();
    assert_eq!((it.name.as_str(), it.country.as_str()), ("The Open University", "GB"));
    assert_eq!(it.domains, ["open.ac.uk"]);
    assert_eq!((it.issuer, it.campus, it.offered_courses), (false, true, 2));
    let found = async |text: &str, country: &str, authority| {
        let (rows, _) = institutions::institutions(store, text, country, authority, &Page::default()).await.unwrap();
        rows.into_iter().map(|it| it.institution_id).collect::<Vec<_>>()
    };
    assert_eq!(found("univ", "", Authority::Unspecified).await, ["ou", "ub"]);
    assert_eq!(found("uni ope", "GB", Authority::Unspecified).await, ["ou"]);
    assert_eq!(found("", "", Authority::Campus).await, ["ou"]);
    assert_eq!(found("%", "FR", Authority::Unspecified).await, Vec::<String>::new());
}

pub async fn compositions_keep_their_versions(mut desk: Desk) {
    let created = CompositionCreated { campus_id: "ou".to_owned(), title: "Blended".to_owned(), ..Default::default() };
    let content =
        CompositionContentAdded { item_id: "i1".to_owned(), course_id: "law".to_owned(), ..Default::default() };
    let resource = CompositionResourceAdded { item_id: "i2".to_owned(), place: 0, ..Default::default() };
    let published = |version| CompositionEvent::CompositionPublished(CompositionPublished { version });
    let events = [
        CompositionEvent::CompositionCreated(created),
        CompositionEvent::CompositionContentAdded(content),
        CompositionEvent::CompositionResourceAdded(resource),
        published(1),
    ];
    desk.write("blend", 10, &events).await;
    let moved = CompositionItemMoved { item_id: "i2".to_owned(), place: 1 };
    desk.write("blend", 20, &[CompositionEvent::CompositionItemMoved(moved)]).await;
    let store = desk.seen().await;
    let shown = async |version| {
        let it = compositions::composition(store, "blend", version).await.unwrap().unwrap();
        let ids: Vec<_> = it
            .items
            .iter()
            .map(|it| match it.item.as_ref().unwrap() {
                Item::Content(it) => it.item_id.clone(),
                Item::Resource(it) => it.item_id.clone(),
                Item::Assessment(it) => it.item_id.clone(),
            })
            .collect();
        (ids.join(" "), it.version, it.changed)
    };
    assert_eq!(shown(1).await, ("i2 i1".to_owned(), 1, false));
    assert_eq!(shown(0).await, ("i1 i2".to_owned(), 1, true));
    let (rows, _) = compositions::compositions(store, "ou", &Page::default()).await.unwrap();
    assert!(rows.len() == 1 && rows[0].items.is_empty() && rows[0].title == "Blended");
    assert!(compositions::compositions(store, "ub", &Page::default()).await.unwrap().0.is_empty());
}

pub async fn the_feed_names_what_happened_in_order(mut desk: Desk) {
    desk.institution("ou", "The Open University").await;
    desk.write("law", 20, &[described("Law"), publication(1)]).await;
    desk.write("law", 30, &[CourseEvent::CourseRetired(CourseRetired::default())]).await;
    let store = desk.seen().await;
    let first = changes(store, 0, 2, |_| true).await.unwrap();
    assert_eq!((first.position, first.more, first.changes.len()), (2, true, 2));
    let it = &first.changes[1];
    assert_eq!((it.position, it.at_ms, it.kind.as_str(), it.id.as_str()), (2, 20, "course", "law"));
    assert_eq!((it.subject_version, it.correlation_id.as_str()), (1, "the story"));
    assert_eq!(it.events, ["CourseDescribed", "CoursePublished"]);
    let rest = changes(store, 2, 0, |kind| kind == "institution").await.unwrap();
    assert_eq!((rest.position, rest.more, rest.changes.len()), (3, false, 0));
    assert_eq!(changes(store, 3, 0, |_| true).await.unwrap().position, 3);
}
