//! Reports of what seats were used for.

use crate::desk::{DAY, Desk, YEAR_2025};
use studium_proto::campus::v1::{
    AddMemberRequest, GetUsageReportRequest, GetUsageReportResponse, MemberClass, MemberDescribed, UsageGroup,
    UsageRow, report_service_client::ReportServiceClient,
};
use studium_proto::enrolment::v1::{
    EnrolmentCompleted, EnrolmentRequested, EnrolmentSource, ProgressRecorded, enrolment_event::Event,
};
use tonic::Code;

async fn member(desk: &Desk, learner: &str, department: &str, test_user: bool) {
    let (class, department) = (MemberClass::Student.into(), department.to_owned());
    let record = MemberDescribed { class, department, test_user, ..MemberDescribed::default() };
    let (campus_id, learner_id) = ("ou".to_owned(), learner.to_owned());
    let request = AddMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
    desk.members().await.add_member(request).await.unwrap();
}

/// Has enrolment take somebody in, on the campus's seat or otherwise, in January 2025.
async fn enrolled(desk: &Desk, run: &str, learner: &str, source: EnrolmentSource) {
    let requested = EnrolmentRequested {
        course_id: format!("course-{run}"),
        source: source.into(),
        sponsor_institution_id: "ou".into(),
        ..EnrolmentRequested::default()
    };
    let id = format!("{run}~{learner}");
    desk.elsewhere.say_at(&id, YEAR_2025 + DAY, vec![Event::EnrolmentRequested(requested)]).await;
}

async fn learnt(desk: &Desk, run: &str, learner: &str, day: i64, added_minutes: u32) -> u64 {
    let progress = ProgressRecorded { added_minutes, ..ProgressRecorded::default() };
    let id = format!("{run}~{learner}");
    desk.elsewhere.say_at(&id, YEAR_2025 + day * DAY, vec![Event::ProgressRecorded(progress)]).await
}

async fn report(desk: &Desk, by: UsageGroup, from: &str, to: &str, seen: u64) -> GetUsageReportResponse {
    let request = GetUsageReportRequest {
        campus_id: "ou".into(),
        group_by: by.into(),
        from_period: from.into(),
        to_period: to.into(),
        enrolment_position: seen,
        min_position: desk.head().await,
    };
    let mut client = ReportServiceClient::new(desk.caller("sue", &["staff"], &["ou"]).await);
    client.get_usage_report(request).await.unwrap().into_inner()
}

/// Key, seats held, learners active, enrolments, completed and minutes.
fn told(row: &UsageRow) -> (&str, [u64; 5]) {
    let counts = [row.seats_held, row.learners_active, row.enrolments, row.completed].map(u64::from);
    (&row.key, [counts[0], counts[1], counts[2], counts[3], row.minutes])
}

pub async fn seats_are_reported_by_course_department_and_month(desk: Desk) {
    desk.campus("ou").await;
    member(&desk, "ada", "Law", false).await;
    member(&desk, "bob", "Arts", false).await;
    member(&desk, "tess", "Arts", true).await;
    for (run, learner) in [("r1", "ada"), ("r1", "bob"), ("r2", "ada"), ("r1", "tess")] {
        enrolled(&desk, run, learner, EnrolmentSource::CampusSeat).await;
    }
    // Paid by the learner: none of the campus's seats.
    enrolled(&desk, "r1", "eve", EnrolmentSource::SelfPaid).await;
    learnt(&desk, "r1", "ada", 5, 30).await;
    learnt(&desk, "r1", "ada", 40, 60).await;
    learnt(&desk, "r1", "tess", 5, 500).await;
    learnt(&desk, "r1", "eve", 5, 500).await;
    let completed = vec![Event::EnrolmentCompleted(EnrolmentCompleted::default())];
    let seen = desk.elsewhere.say_at("r1~ada", YEAR_2025 + 41 * DAY, completed).await;

    let all = report(&desk, UsageGroup::Course, "", "", seen).await;
    let rows: Vec<_> = all.rows.iter().map(told).collect();
    assert_eq!(rows, [("course-r1", [2, 1, 2, 1, 90]), ("course-r2", [1, 0, 1, 0, 0])]);
    assert_eq!(told(&all.total.unwrap()), ("", [2, 1, 3, 1, 90]));
    let by = report(&desk, UsageGroup::Department, "2025-01", "2025-01", seen).await;
    let rows: Vec<_> = by.rows.iter().map(told).collect();
    assert_eq!(rows, [("Arts", [1, 0, 1, 0, 0]), ("Law", [1, 1, 2, 0, 30])]);
    let by = report(&desk, UsageGroup::Month, "2025-01", "2025-03", seen).await;
    let rows: Vec<_> = by.rows.iter().map(told).collect();
    let expected = [("2025-01", [2, 1, 3, 0, 30]), ("2025-02", [2, 1, 0, 1, 60]), ("2025-03", [2, 0, 0, 0, 0])];
    assert_eq!(rows, expected);

    let nonsense = GetUsageReportRequest {
        campus_id: "ou".into(),
        from_period: "2025-03".into(),
        to_period: "2025-01".into(),
        ..GetUsageReportRequest::default()
    };
    let mut client = ReportServiceClient::new(desk.registrar().await);
    assert_eq!(client.get_usage_report(nonsense.clone()).await.unwrap_err().code(), Code::InvalidArgument);
    let mut stranger = ReportServiceClient::new(desk.caller("sam", &["staff"], &["mit"]).await);
    assert_eq!(stranger.get_usage_report(nonsense).await.unwrap_err().code(), Code::PermissionDenied);
}
