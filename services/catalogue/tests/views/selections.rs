//! What selections hold.

use crate::desk::Desk;
use studium_catalogue::{
    course_search::{matching, unoffered},
    page::Page,
    selection_contents::{contents, courses, diff, selections_with},
    selection_list::{selection, selections},
};
use studium_proto::catalogue::v1::{
    SelectionDefined, SelectionFilter, SelectionRevised, SelectionRevisionDeclined, SelectionRevisionProposed,
    selection_event::Event,
};

fn ids(it: &[&str]) -> Vec<String> {
    it.iter().map(|it| (*it).to_owned()).collect()
}

fn revised(revision: u32, added: &[&str], removed: &[&str]) -> Event {
    Event::SelectionRevised(SelectionRevised {
        revision,
        subjects: ids(&["06"]),
        picked_course_ids: ids(&["law"]),
        added_course_ids: ids(added),
        removed_course_ids: ids(removed),
        ..SelectionRevised::default()
    })
}

fn defined() -> Event {
    let title = "For the campus".to_owned();
    Event::SelectionDefined(SelectionDefined { title, institution_id: "ou".to_owned(), threshold_percent: 20 })
}

/// Positions of three revisions: law and python; also stroke, but not python; python again.
async fn revisions(desk: &mut Desk) -> [u64; 3] {
    desk.shelf().await;
    [
        desk.write("campus", 10, &[defined(), revised(1, &["law", "python"], &[])]).await,
        desk.write("campus", 20, &[revised(2, &["stroke"], &["python"])]).await,
        desk.write("campus", 30, &[revised(3, &["python"], &[])]).await,
    ]
}

pub async fn contents_follow_the_revisions(mut desk: Desk) {
    revisions(&mut desk).await;
    let proposed = SelectionRevisionProposed { proposal: 4, added_course_ids: ids(&["x"]), ..Default::default() };
    desk.write("campus", 40, &[Event::SelectionRevisionProposed(proposed)]).await;
    let store = desk.seen().await;
    assert_eq!(contents(store, "campus").await.unwrap(), ["law", "python", "stroke"]);
    let it = selection(store, "campus").await.unwrap().unwrap();
    assert_eq!((it.title.as_str(), it.revision, it.courses, it.threshold_percent), ("For the campus", 3, 3, 20));
    assert_eq!(it.filter.unwrap().subjects, ["06"]);
    assert_eq!(it.proposal.unwrap().proposal, 4);
    assert_eq!(selections_with(store, "stroke").await.unwrap(), ["campus"]);
    let (page, next) = courses(store, "campus", 0, &Page::read(2, "").unwrap()).await.unwrap();
    assert_eq!((page.len(), next.as_str(), page[0].title.as_str()), (2, "python", "Introduction to Law"));
    for (at_ms, expected) in [(9, vec![]), (10, vec!["law", "python"]), (20, vec!["law", "stroke"])] {
        let (page, _) = courses(store, "campus", at_ms, &Page::default()).await.unwrap();
        let page: Vec<_> = page.iter().map(|it| it.course_id.as_str()).collect();
        assert_eq!(page, expected, "at {at_ms}");
    }
    desk.write("campus", 50, &[Event::SelectionRevisionDeclined(SelectionRevisionDeclined::default())]).await;
    let store = desk.seen().await;
    let (page, _) = selections(store, "ou", &Page::default()).await.unwrap();
    assert_eq!((page.len(), &page[0].proposal), (1, &None));
    assert!(selections(store, "ub", &Page::default()).await.unwrap().0.is_empty());
}

pub async fn two_positions_differ_by_what_came_and_went(mut desk: Desk) {
    let [first, second, third] = revisions(&mut desk).await;
    let store = desk.seen().await;
    let differ = async |from, until| {
        let it = diff(store, "campus", from, until).await.unwrap();
        format!("+{} -{}", it.added_course_ids.join(" "), it.removed_course_ids.join(" "))
    };
    assert_eq!(differ(0, first).await, "+law python -");
    assert_eq!(differ(first, second).await, "+stroke -python");
    assert_eq!(differ(first, third).await, "+stroke -");
    assert_eq!(differ(second, 0).await, "+python -");
    assert_eq!(differ(third, first).await, "+ -stroke");
    assert_eq!(differ(first, second - 1).await, "+ -");
}

pub async fn a_filter_matches_offered_courses_only(mut desk: Desk) {
    desk.shelf().await;
    let store = desk.seen().await;
    let filter = SelectionFilter { subjects: ids(&["06"]), ..SelectionFilter::default() };
    assert_eq!(matching(store, &filter).await.unwrap(), ["python"]);
    assert_eq!(matching(store, &SelectionFilter::default()).await.unwrap(), Vec::<String>::new());
    assert_eq!(unoffered(store, &ids(&["secret", "law", "nobody"])).await.unwrap(), ["secret", "nobody"]);
}
