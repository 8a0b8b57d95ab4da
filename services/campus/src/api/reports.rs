//! The call for reports.

use super::{Api, Reply};
use crate::{
    activity::ActivityByMonth,
    enrolments::Enrolments,
    members::Members,
    period::Month,
    usage::{self, Months},
};
use studium_kit::{Call, Fields, fault};
use studium_proto::campus::v1::{
    GetUsageReportRequest, GetUsageReportResponse, UsageGroup, report_service_server::ReportService,
};
use tonic::{Request, Response};

#[tonic::async_trait]
impl ReportService for Api {
    async fn get_usage_report(&self, request: Request<GetUsageReportRequest>) -> Reply<GetUsageReportResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.check("group_by", it.group_by() != UsageGroup::Unspecified, "is not given");
        let mut month = |field: &str, text: &str, otherwise: i64| {
            let month = if text.is_empty() { Some(Month::of(otherwise)) } else { Month::parse(text) };
            fields.check(field, month.is_some(), "is no month; write for example 2026-03");
            month.unwrap_or(Month::of(otherwise))
        };
        // Nothing that is reported lies before the epoch or after the present.
        let (first, last) =
            (month("from_period", &it.from_period, 0), month("to_period", &it.to_period, call.now_ms()));
        fields.check("to_period", first <= last, "is before `from_period`");
        fields.done()?;
        self.app.reached::<Members>(it.min_position).await?;
        self.app.reached_stream::<Enrolments>("enrolment", it.enrolment_position).await?;
        self.app.reached_stream::<ActivityByMonth>("enrolment", it.enrolment_position).await?;
        let usage = usage::usage(self.app.store(), &it.campus_id).await.map_err(fault)?;
        let (rows, total) = usage::report(&usage, it.group_by(), Months { first, last });
        Ok(Response::new(GetUsageReportResponse { rows, total: Some(total) }))
    }
}
