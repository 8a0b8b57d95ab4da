//! Shows classes to their campus.

use super::Api;
use crate::{
    class_learners::{self, ClassGroups, ClassLearnerRow, ClassLearners},
    class_meetings::{self, ClassMeetingRow, ClassMeetings, ClassPresences},
    class_results::{self, ClassResultRow, ClassResults},
    class_work::{self, ClassWorks},
    classes::{self, ClassRow, Classes},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::campus::v1::{
    GetClassRequest, GetClassResponse, ListClassAttendanceRequest, ListClassAttendanceResponse,
    ListClassLearnersRequest, ListClassLearnersResponse, ListClassResultsRequest, ListClassResultsResponse,
    ListClassesRequest, ListClassesResponse,
};
use tonic::Status;

impl Api {
    pub(super) async fn whole_class(&self, call: &Call, it: &GetClassRequest) -> Result<GetClassResponse, Status> {
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        fields.done()?;
        self.app.reached::<Classes>(it.min_position).await?;
        self.app.reached::<ClassGroups>(it.min_position).await?;
        self.app.reached::<ClassLearners>(it.min_position).await?;
        self.app.reached::<ClassMeetings>(it.min_position).await?;
        self.app.reached::<ClassWorks>(it.min_position).await?;
        let class = self.class_row(call, &it.class_id, &it.campus_id).await?;
        let store = self.app.store();
        let meetings = class_meetings::meetings(store, &it.class_id).await.map_err(fault)?;
        Ok(GetClassResponse {
            groups: class_learners::groups(store, &it.class_id).await.map_err(fault)?,
            meetings: meetings.into_iter().map(ClassMeetingRow::shown).collect(),
            work: class_work::work(store, &it.class_id).await.map_err(fault)?,
            class: Some(class.shown()),
        })
    }

    pub(super) async fn classes_of(&self, it: &ListClassesRequest) -> Result<ListClassesResponse, Status> {
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Classes>(it.min_position).await?;
        let rows = classes::classes(self.app.store(), &it.campus_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.class_id.clone());
        Ok(ListClassesResponse { classes: rows.into_iter().map(ClassRow::shown).collect(), next_page_token })
    }

    pub(super) async fn learners_of_class(
        &self,
        call: &Call,
        it: &ListClassLearnersRequest,
    ) -> Result<ListClassLearnersResponse, Status> {
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Classes>(it.min_position).await?;
        self.app.reached::<ClassLearners>(it.min_position).await?;
        self.class_row(call, &it.class_id, &it.campus_id).await?;
        let rows = class_learners::learners(self.app.store(), &it.class_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let learners = rows.into_iter().map(ClassLearnerRow::shown).collect();
        Ok(ListClassLearnersResponse { learners, next_page_token })
    }

    pub(super) async fn attendance_of_class(
        &self,
        call: &Call,
        it: &ListClassAttendanceRequest,
    ) -> Result<ListClassAttendanceResponse, Status> {
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        fields.id("meeting_id", &it.meeting_id);
        fields.done()?;
        self.app.reached::<Classes>(it.min_position).await?;
        self.app.reached::<ClassPresences>(it.min_position).await?;
        self.class_row(call, &it.class_id, &it.campus_id).await?;
        let rows = class_meetings::attendance_at(self.app.store(), &it.class_id, &it.meeting_id).await;
        Ok(ListClassAttendanceResponse { rows: rows.map_err(fault)? })
    }

    pub(super) async fn results_of_class(
        &self,
        call: &Call,
        it: &ListClassResultsRequest,
    ) -> Result<ListClassResultsResponse, Status> {
        let mut fields = Fields::new();
        fields.id("class_id", &it.class_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Classes>(it.min_position).await?;
        self.app.reached::<ClassResults>(it.min_position).await?;
        self.class_row(call, &it.class_id, &it.campus_id).await?;
        let rows = class_results::results(self.app.store(), &it.class_id, &page).await.map_err(fault)?;
        let mut learners: Vec<_> = rows.iter().map(|it| it.learner_id.clone()).collect();
        learners.dedup();
        let next_page_token = page.next(&learners, Clone::clone);
        let results = rows.into_iter().map(ClassResultRow::shown).collect();
        Ok(ListClassResultsResponse { results, next_page_token })
    }
}
