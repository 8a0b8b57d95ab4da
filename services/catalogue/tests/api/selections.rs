//! Selections: contents by filter and by hand, proposals, and what was in them when.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    ConfirmRevisionRequest, DeclineRevisionRequest, DefineSelectionRequest, DiffSelectionRequest,
    FindSelectionsRequest, GetSelectionRequest, ListSelectionCoursesRequest, ListSelectionsRequest,
    ReviseSelectionRequest, SelectionFilter, SetSelectionThresholdRequest,
};
use tonic::Code;

/// Ten courses about bread; says the position of the last.
async fn shelf(desk: &Desk) -> u64 {
    let rows = (0..10_u64).map(|n| crate::import::row(n, &format!("bread-{n}"), "Bread", "Open University"));
    desk.import(rows.collect()).await.iter().map(|it| it.position).max().unwrap()
}

fn filter(text: &str) -> SelectionFilter {
    SelectionFilter { text: text.into(), ..SelectionFilter::default() }
}

fn define(min_position: u64) -> DefineSelectionRequest {
    DefineSelectionRequest {
        selection_id: "baking".into(),
        institution_id: "ou".into(),
        title: "Baking".into(),
        filter: Some(filter("bread")),
        min_position,
        ..DefineSelectionRequest::default()
    }
}

fn revise(excluded: &[&str]) -> ReviseSelectionRequest {
    ReviseSelectionRequest {
        selection_id: "baking".into(),
        institution_id: "ou".into(),
        filter: Some(filter("bread")),
        excluded_course_ids: excluded.iter().map(|it| (*it).to_owned()).collect(),
        ..ReviseSelectionRequest::default()
    }
}

fn confirm(proposal: u32) -> ConfirmRevisionRequest {
    ConfirmRevisionRequest { selection_id: "baking".into(), institution_id: "ou".into(), proposal, at_ms: 0 }
}

pub async fn large_revisions_wait_for_a_word(desk: Desk) {
    let seen = shelf(&desk).await;
    let mut ann = desk.selections(&desk.ann);
    let bad = DefineSelectionRequest { threshold_percent: Some(101), title: String::new(), ..define(0) };
    assert_eq!(malformed(ann.define_selection(bad).await), ["title", "threshold_percent"]);
    let hidden = DefineSelectionRequest { picked_course_ids: vec!["cake".into()], ..define(seen) };
    refused(ann.define_selection(hidden).await, Code::FailedPrecondition, "COURSE_NOT_PUBLISHED");
    let it = ann.define_selection(define(seen)).await.unwrap().into_inner();
    assert_eq!((it.revision, it.added, it.courses, it.proposal), (1, 10, 10, 0));
    assert!(ann.define_selection(define(0)).await.unwrap().into_inner().already);

    let it = ann.revise_selection(revise(&["bread-0", "bread-1"])).await.unwrap().into_inner();
    assert_eq!((it.revision, it.removed, it.courses, it.proposal), (2, 2, 8, 0));
    let it = ann.revise_selection(revise(&[])).await.unwrap().into_inner();
    assert_eq!((it.revision, it.added, it.courses, it.proposal), (2, 2, 8, 1));
    let get = GetSelectionRequest { selection_id: "baking".into(), min_position: it.position };
    let shown = ann.get_selection(get).await.unwrap().into_inner().selection.unwrap();
    assert_eq!(shown.proposal.unwrap().added_course_ids, ["bread-0", "bread-1"]);
    refused(ann.confirm_revision(confirm(2)).await, Code::FailedPrecondition, "PROPOSAL_NOT_OPEN");
    let it = ann.confirm_revision(confirm(1)).await.unwrap().into_inner();
    assert_eq!((it.revision, it.courses, it.proposal), (3, 10, 0));

    let half = ["bread-0", "bread-1", "bread-2", "bread-3", "bread-4"];
    let it = ann.revise_selection(revise(&half)).await.unwrap().into_inner();
    assert_eq!((it.proposal, it.courses), (2, 10));
    let decline = DeclineRevisionRequest {
        selection_id: "baking".into(),
        institution_id: "ou".into(),
        proposal: 2,
        reason: "too many".into(),
        at_ms: 0,
    };
    ann.decline_revision(decline).await.unwrap();
    let threshold = SetSelectionThresholdRequest {
        selection_id: "baking".into(),
        institution_id: "ou".into(),
        threshold_percent: 50,
        at_ms: 0,
    };
    ann.set_selection_threshold(threshold).await.unwrap();
    let it = ann.revise_selection(revise(&half)).await.unwrap().into_inner();
    assert_eq!((it.revision, it.courses, it.proposal), (4, 5, 0));
    let mut eve = desk.selections(&desk.eve);
    let theirs = ReviseSelectionRequest { institution_id: "mit".into(), ..revise(&[]) };
    refused(eve.revise_selection(theirs).await, Code::PermissionDenied, "NOT_YOUR_INSTITUTION");
    let list = ListSelectionsRequest { institution_id: "ou".into(), min_position: it.position, ..Default::default() };
    assert_eq!(eve.list_selections(list).await.unwrap().into_inner().selections[0].courses, 5);
}

pub async fn contents_can_be_asked_as_they_were(desk: Desk) {
    let seen = shelf(&desk).await;
    let mut ann = desk.selections(&desk.ann);
    let first = ann.define_selection(define(seen)).await.unwrap().into_inner().position;
    let between = desk.house.now_ms();
    // The clock of the test must move on, or both revisions happened at once.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let second = ann.revise_selection(revise(&["bread-7"])).await.unwrap().into_inner().position;
    let list = |as_of_ms, page_token: &str| ListSelectionCoursesRequest {
        selection_id: "baking".into(),
        as_of_ms,
        page_size: 6,
        page_token: page_token.into(),
        min_position: second,
    };
    for (as_of_ms, expected) in [(0, 9), (between, 10), (1, 0)] {
        let (mut courses, mut token) = (Vec::new(), String::new());
        loop {
            let page = ann.list_selection_courses(list(as_of_ms, &token)).await.unwrap().into_inner();
            courses.extend(page.courses);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(courses.len(), expected, "as of {as_of_ms}");
        assert!(courses.iter().all(|it| it.title == "Bread"));
    }
    let diff = |from_position, until_position| DiffSelectionRequest {
        selection_id: "baking".into(),
        from_position,
        until_position,
    };
    let it = ann.diff_selection(diff(first, second)).await.unwrap().into_inner();
    assert_eq!((it.added_course_ids.len(), it.removed_course_ids), (0, vec!["bread-7".to_owned()]));
    let it = ann.diff_selection(diff(0, 0)).await.unwrap().into_inner();
    assert_eq!((it.added_course_ids.len(), it.removed_course_ids.len()), (9, 0));
    let nothing = DiffSelectionRequest { selection_id: "nothing".into(), ..diff(0, 0) };
    refused(ann.diff_selection(nothing).await, Code::NotFound, "SELECTION_NOT_FOUND");
    let find = |id: &str| FindSelectionsRequest { course_id: id.into(), min_position: second };
    assert_eq!(ann.find_selections(find("bread-6")).await.unwrap().into_inner().selection_ids, ["baking"]);
    assert!(ann.find_selections(find("bread-7")).await.unwrap().into_inner().selection_ids.is_empty());
}
