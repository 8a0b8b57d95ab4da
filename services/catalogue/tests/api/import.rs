//! Bulk import: every row answered, the second time without a trace.

use crate::desk::{Desk, refused};
use studium_proto::catalogue::v1::{
    GetCourseRequest, ImportCoursesRequest, ImportOutcome, RetireCourseRequest, SearchCoursesRequest, SelectionFilter,
    SuggestRequest, import_service_client::ImportServiceClient,
};
use tonic::Code;

pub fn row(n: u64, slug: &str, title: &str, institution: &str) -> ImportCoursesRequest {
    ImportCoursesRequest {
        row: n,
        slug: slug.into(),
        kind: "COURSE".into(),
        title: title.into(),
        institution: institution.into(),
        institution_id: if institution == "Open University" { "ou".into() } else { String::new() },
        hours: 12.5,
        level: 2,
        language: "English".into(),
        subtitles: vec!["French".into()],
        category: "Health".into(),
        rating: 4.7,
        skills: vec!["Baking".into()],
        url: "https://example.org/learn".into(),
        ..ImportCoursesRequest::default()
    }
}

pub async fn a_listing_is_taken_in_once(desk: Desk) {
    let rows =
        || vec![row(1, "bread", "Bread", "Universitat de Barcelona"), row(2, "pa", "Pà", "Universitat de Barcelona")];
    let first = desk.import(rows()).await;
    assert!(first.iter().all(|it| it.outcome() == ImportOutcome::Ok && it.version == 1), "{first:?}");
    assert_eq!(first[0].institution_id, "universitat-de-barcelona");
    let head = desk.house.log().head("catalogue").await.unwrap();
    let second = desk.import(rows()).await;
    assert!(second.iter().all(|it| it.outcome() == ImportOutcome::Already), "{second:?}");
    assert_eq!(desk.house.log().head("catalogue").await.unwrap(), head, "a second run changes nothing");

    let changed = ImportCoursesRequest { hours: 13.0, ..row(1, "bread", "Bread", "Universitat de Barcelona") };
    let third = desk.import(vec![changed]).await;
    assert_eq!((third[0].outcome(), third[0].version), (ImportOutcome::Ok, 2));
    let get = GetCourseRequest { course_id: "bread".into(), min_position: third[0].position, ..Default::default() };
    let it = desk.anybody().await.get_course(get).await.unwrap().into_inner().course.unwrap();
    assert_eq!((it.workload.unwrap().study_minutes, it.description.unwrap().rating_hundredths), (780, 470));
}

pub async fn every_row_gets_an_answer(desk: Desk) {
    desk.written("draft", "Draft").await;
    desk.offered("retired", "Retired").await;
    let retire = RetireCourseRequest {
        course_id: "retired".into(),
        institution_id: "ou".into(),
        reason: "old".into(),
        at_ms: 0,
    };
    desk.courses(&desk.ann).retire_course(retire).await.unwrap();
    let rows = vec![
        row(1, "fine", "Fine", "Open University"),
        row(2, "not an id", "Bad", "Open University"),
        ImportCoursesRequest { hours: f64::NAN, rating: 9.0, ..row(3, "hours", "Bad", "Open University") },
        row(4, "fine", "Fine", "Another University"),
        ImportCoursesRequest { kind: String::new(), ..row(5, "draft", "Draft", "Open University") },
        ImportCoursesRequest { kind: String::new(), ..row(6, "retired", "Retired", "Open University") },
        ImportCoursesRequest { institution_id: "mit".into(), ..row(7, "other", "Other", "Another University") },
        row(8, "", "", ""),
    ];
    let answers = desk.import(rows).await;
    let told: Vec<_> = answers.iter().map(|it| (it.row, it.outcome(), it.reason.as_str())).collect();
    let expected = [
        (1, ImportOutcome::Ok, ""),
        (2, ImportOutcome::Malformed, ""),
        (3, ImportOutcome::Malformed, ""),
        (4, ImportOutcome::Refused, "COURSE_EXISTS"),
        (5, ImportOutcome::Refused, "DRAFT_UNDER_WAY"),
        (6, ImportOutcome::Refused, "COURSE_RETIRED"),
        (7, ImportOutcome::Refused, "INSTITUTION_EXISTS"),
        (8, ImportOutcome::Malformed, ""),
    ];
    assert_eq!(told, expected);
    assert!(answers[2].detail.contains("`hours`") && answers[2].detail.contains("`rating`"), "{}", answers[2].detail);
    let rows = futures::stream::iter([row(1, "a", "A", "B")]);
    let staff = ImportServiceClient::new(desk.ann.clone()).import_courses(rows).await;
    refused(staff.map(|_| ()), Code::PermissionDenied, "ACCESS_DENIED");
}

pub async fn rows_of_one_course_are_taken_in_order(desk: Desk) {
    let rows = (1..=60).map(|n| row(n, "bread", &format!("Bread {n}"), "Open University")).collect();
    let answers = desk.import(rows).await;
    let versions: Vec<_> = answers.iter().map(|it| u64::from(it.version)).collect();
    assert_eq!(versions, (1..=60).collect::<Vec<_>>());
}

pub async fn thousands_of_rows_are_found_afterwards(desk: Desk) {
    let rows: Vec<_> = (0..2_000_u64)
        .map(|n| row(n, &format!("course-{n}"), &format!("Statistics part {n}"), &format!("University {}", n % 40)))
        .collect();
    let answers = desk.import(rows).await;
    assert_eq!(answers.len(), 2_000);
    assert!(answers.iter().all(|it| it.outcome() == ImportOutcome::Ok));
    let min_position = answers.iter().map(|it| it.position).max().unwrap();
    let mut anybody = desk.anybody().await;
    let filter = SelectionFilter { text: "statistics 77".into(), ..SelectionFilter::default() };
    let search = SearchCoursesRequest { filter: Some(filter), min_position, ..SearchCoursesRequest::default() };
    // 77, 770 to 779, and 1770 is none of them: the word begins otherwise.
    assert_eq!(anybody.search_courses(search).await.unwrap().into_inner().total, 11);
    let filter = SelectionFilter { institution_ids: vec!["university-7".into()], ..SelectionFilter::default() };
    let search = SearchCoursesRequest { filter: Some(filter), facets: true, page_size: 20, ..Default::default() };
    let mut found = anybody.search_courses(search.clone()).await.unwrap().into_inner();
    assert_eq!((found.total, found.courses.len()), (50, 20));
    let institutions = found.facets.iter().find(|it| it.name == "institution").unwrap();
    assert_eq!((institutions.values.len(), institutions.values[0].count), (40, 50));
    let mut seen = found.courses.len();
    while !found.next_page_token.is_empty() {
        let next = SearchCoursesRequest { page_token: found.next_page_token.clone(), ..search.clone() };
        found = anybody.search_courses(next).await.unwrap().into_inner();
        seen += found.courses.len();
    }
    assert_eq!(seen, 50);
    let typed = SuggestRequest { text: "univ".into(), limit: 3, min_position: 0 };
    assert_eq!(anybody.suggest(typed).await.unwrap().into_inner().suggestions.len(), 3);
}
