//! What search finds, counts and suggests.

use crate::desk::{Desk, described, publication};
use studium_catalogue::{
    course_facets::{facets, suggest},
    course_search::{list, list_as_of, search},
    page::Page,
};
use studium_kit::Store;
use studium_proto::catalogue::v1::{
    CourseCreditOffered, CourseLevel, CourseRetired, CreditScheme, SelectionFilter,
    SuggestionKind::{Course, Institution, Skill},
    course_event::Event as CourseEvent,
};

fn text(text: &str) -> SelectionFilter {
    SelectionFilter { text: text.to_owned(), ..SelectionFilter::default() }
}

async fn found(store: &Store, filter: &SelectionFilter) -> Vec<String> {
    let (hits, total, next) = search(store, filter, &Page::default()).await.unwrap();
    assert_eq!((hits.len() as u64, next.as_str()), (total, ""));
    hits.into_iter().map(|it| it.course_id).collect()
}

pub async fn courses_are_found_by_their_words(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    // In the title before elsewhere; without words, the best rated first.
    assert_eq!(found(store, &text("statistics")).await, ["statistics", "python"]);
    assert_eq!(found(store, &text("PYTHON")).await, ["python", "statistics"]);
    assert_eq!(found(store, &text("")).await, ["law", "python", "statistics", "stroke"]);
    // All words, in whatever field; the last may be a beginning, the others may not.
    assert_eq!(found(store, &text("python begin")).await, ["python"]);
    assert_eq!(found(store, &text("pyth beginners")).await, Vec::<String>::new());
    assert_eq!(found(store, &text("emergency")).await, ["stroke"]);
    // With and without accents.
    assert_eq!(found(store, &text("atencion prehospitalaria")).await, ["stroke"]);
    assert_eq!(found(store, &text("SELECCIÓN")).await, ["stroke"]);
    let (hits, ..) = search(store, &text("ictus"), &Page::default()).await.unwrap();
    assert_eq!((hits[0].title.as_str(), hits[0].version), ("Atención prehospitalaria del ictus agudo", 1));
    assert_eq!(hits[0].institution_name, "Universitat de Barcelona");
}

pub async fn what_a_user_types_is_never_syntax(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    let everything = found(store, &text("")).await;
    for nothing in ["\"", "'", "*", ":*", "( ) & | !", "  ", "\\", "-", "%", "NULL;"] {
        let hits = found(store, &text(nothing)).await;
        assert!(hits == everything || hits.is_empty(), "{nothing}");
        suggest(store, nothing, 0).await.unwrap();
    }
    let attacks = [
        "python\"",
        "python'",
        "python*",
        "python AND",
        "python OR (",
        "title_words:python",
        "NEAR(python",
        "python:*A",
        "python & ",
        "python'; DROP TABLE course_search_1; --",
        "python\0",
        "pythön \u{301}",
        "C++ \\ python",
    ];
    for attack in attacks {
        search(store, &text(attack), &Page::default()).await.unwrap();
        facets(store, &text(attack)).await.unwrap();
        suggest(store, attack, 0).await.unwrap();
    }
    assert_eq!(found(store, &text("\"python* for")).await, ["python"]);
    assert_eq!(found(store, &text(&"statistics ".repeat(500))).await, ["statistics", "python"]);
}

pub async fn every_part_of_a_filter_narrows(mut desk: Desk) {
    desk.shelf().await;
    let offer = CourseCreditOffered { scheme: CreditScheme::Ects.into(), credits_milli: 5000, ..Default::default() };
    desk.write("law", 9000, &[CourseEvent::CourseCreditOffered(offer), publication(2)]).await;
    let store = desk.seen().await;
    let all = SelectionFilter::default;
    let strings = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    for (filter, expected) in [
        (SelectionFilter { institution_ids: strings(&["ub", "nobody"]), ..all() }, vec!["law", "stroke"]),
        (SelectionFilter { subjects: strings(&["06", "0421"]), ..all() }, vec!["law", "python"]),
        (SelectionFilter { levels: vec![CourseLevel::Advanced.into(), 1], ..all() }, vec!["python", "statistics"]),
        (SelectionFilter { languages: strings(&["Spanish"]), ..all() }, vec!["stroke"]),
        (SelectionFilter { skills: strings(&["Python", "Emergency Medicine"]), ..all() }, vec!["python", "stroke"]),
        (SelectionFilter { workload_from_minutes: 1200, ..all() }, vec!["python", "statistics"]),
        (SelectionFilter { workload_until_minutes: 1200, ..all() }, vec!["python", "stroke"]),
        (SelectionFilter { credit_bearing: true, ..all() }, vec!["law"]),
        (SelectionFilter { categories: strings(&["Health"]), ..all() }, vec![]),
        (
            SelectionFilter { institution_ids: strings(&["ou"]), workload_until_minutes: 1200, ..text("stat") },
            vec!["python"],
        ),
        (SelectionFilter { skills: strings(&["it's \"quoted\""]), ..all() }, vec![]),
    ] {
        assert_eq!(found(store, &filter).await, expected, "{filter:?}");
    }
}

pub async fn pages_show_every_course_once(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    for filter in [text(""), text("statistics")] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::read(1, &token).unwrap();
            let (hits, total, next) = search(store, &filter, &page).await.unwrap();
            assert!(hits.len() == 1 && total >= 2);
            seen.extend(hits.into_iter().map(|it| it.course_id));
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, found(store, &filter).await);
    }
    let (first, next) = list(store, "", &Page::read(3, "").unwrap()).await.unwrap();
    let (second, end) = list(store, "", &Page::read(3, &next).unwrap()).await.unwrap();
    let ids: Vec<_> = first.iter().chain(&second).map(|it| it.course_id.as_str()).collect();
    assert_eq!((ids, end), (vec!["law", "python", "statistics", "stroke"], String::new()));
}

pub async fn facets_count_what_else_could_be_chosen(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    let filter = SelectionFilter { institution_ids: vec!["ou".to_owned()], ..SelectionFilter::default() };
    let counted: Vec<_> = facets(store, &filter)
        .await
        .unwrap()
        .into_iter()
        .map(|it| {
            let values: Vec<_> = it.values.iter().map(|it| format!("{}={}", it.value, it.count)).collect();
            format!("{}: {}", it.name, values.join(" "))
        })
        .collect();
    assert_eq!(
        counted,
        [
            // Its own part of the filter does not narrow it.
            "institution: ou=2 ub=2",
            "subject: 0542=1 0613=1",
            "category: ",
            "level: COURSE_LEVEL_BEGINNER=1 COURSE_LEVEL_ADVANCED=1",
            "language: English=2",
            "hours: 100-150=1 20-50=1",
            // A skill that is named twice counts once.
            "skill: Statistics=2 Python=1",
            "credit_bearing: false=2",
        ]
    );
    let counted =
        facets(store, &SelectionFilter { skills: vec!["Python".to_owned()], ..text("tables") }).await.unwrap();
    let label = |name: &str| counted.iter().find(|it| it.name == name).unwrap().values[0].label.clone();
    assert_eq!(label("institution"), "The Open University");
    assert_eq!(label("level"), "Beginner");
    assert_eq!(label("hours"), "20 to under 50 hours");
    assert_eq!(counted.iter().find(|it| it.name == "skill").unwrap().values.len(), 2);
}

pub async fn suggestions_complete_what_is_typed(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    let suggested = async |text: &str, limit| {
        let all = suggest(store, text, limit).await.unwrap();
        all.into_iter().map(|it| (it.kind(), it.id)).collect::<Vec<_>>()
    };
    // The skill is a word of two courses; only one has it in its title.
    assert_eq!(suggested("pyth", 0).await, [(Course, "python".into()), (Skill, "Python".into())]);
    assert_eq!(suggested("stat", 0).await, [(Course, "statistics".into()), (Skill, "Statistics".into())]);
    // A title that begins with it comes before one that has it somewhere.
    assert_eq!(suggested("a", 2).await, [(Course, "stroke".into()), (Course, "python".into())]);
    assert_eq!(suggested("univ barc", 0).await, [(Institution, "ub".into())]);
    assert_eq!(suggested("data pyt", 0).await, [(Course, "python".into())]);
    assert_eq!(suggested("", 0).await, []);
}

pub async fn only_what_is_offered_is_found(mut desk: Desk) {
    desk.shelf().await;
    desk.write("python", 9000, &[described("Snakes")]).await;
    let store = desk.seen().await;
    assert_eq!(found(store, &text("snakes")).await, Vec::<String>::new());
    assert_eq!(found(store, &text("python")).await, ["python", "statistics"]);
    desk.write("python", 9001, &[publication(2)]).await;
    let retired = CourseEvent::CourseRetired(CourseRetired { reason: "too dry".to_owned() });
    desk.write("statistics", 9002, &[retired]).await;
    let store = desk.seen().await;
    assert_eq!(found(store, &text("snakes")).await, ["python"]);
    // Now only by its skill.
    assert_eq!(found(store, &text("python")).await, ["python"]);
    assert_eq!(found(store, &text("regression")).await, Vec::<String>::new());
}

pub async fn search_survives_a_rebuild(mut desk: Desk) {
    desk.shelf().await;
    desk.seen().await;
    let mut progress = desk.projection.rebuild("course_search_1");
    while let Some(step) = progress.recv().await {
        step.unwrap();
    }
    desk.write("secret", 9000, &[publication(1)]).await;
    let store = desk.seen().await;
    let mut ids = found(store, &text("python")).await;
    // Which of two titles is the better match is the database's word.
    ids.sort_unstable();
    assert_eq!(ids, ["python", "secret", "statistics"]);
}

pub async fn the_catalogue_can_be_asked_as_it_was(mut desk: Desk) {
    desk.shelf().await;
    desk.write("stroke", 9000, &[CourseEvent::CourseRetired(CourseRetired::default())]).await;
    let store = desk.seen().await;
    // Published one each second: stroke, python, statistics, law.
    for (at_ms, expected) in
        [(999, vec![]), (2000, vec!["python", "stroke"]), (9000, vec!["law", "python", "statistics"])]
    {
        let (hits, next) = list_as_of(store, "", at_ms, &Page::default()).await.unwrap();
        let ids: Vec<_> = hits.iter().map(|it| it.course_id.as_str()).collect();
        assert_eq!((ids, next.as_str()), (expected, ""), "at {at_ms}");
    }
    let (hits, next) = list_as_of(store, "ub", 2000, &Page::read(1, "").unwrap()).await.unwrap();
    assert!(hits.is_empty() && next == "law");
    let (hits, _) = list_as_of(store, "ub", 2000, &Page::read(1, &next).unwrap()).await.unwrap();
    assert_eq!(hits[0].institution_name, "Universitat de Barcelona");
}
