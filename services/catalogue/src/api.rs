//! gRPC in, decisions and views out. Translates and looks up; holds no rule.

mod checks;
mod composition;
mod course;
mod import;
mod institution;
mod programme;
mod query;
mod run;
mod selection;

use crate::{
    by::{Asked, By},
    course::Course,
    course_run::CourseFacts,
    institution::Institution,
    page::Page,
};
use std::{str::FromStr, time::Duration};
use studium_kit::{App, Call, Decider, Fields, Outcome, Reason as _, View, done, fault, status};
use studium_proto::catalogue::v1::Reason;
use tonic::{Response, Status};

/// Rows on a page, at most.
const PAGE_MAX: u32 = 500;

/// How long a look into the past waits for the journal.
const JOURNAL_WITHIN: Duration = Duration::from_secs(2);

/// What a handler answers.
type Reply<T> = Result<Response<T>, Status>;

/// What the handlers hold.
#[derive(Clone)]
pub struct Api {
    app: App,
}

impl Api {
    /// Handlers over the parts of the service.
    pub fn new(app: App) -> Self {
        Self { app }
    }

    /// Gives a command to an aggregate, once its fields are in order.
    async fn ask<D, C>(
        &self,
        call: Call,
        at_ms: i64,
        fields: Fields,
        (id, institution_id): (&str, &str),
        command: C,
    ) -> Result<Outcome<D::Event>, Status>
    where
        D: Decider<Command = Asked<C>>,
    {
        fields.done()?;
        let call = call.at(at_ms)?;
        let asked = by(&call, institution_id).asks(command);
        self.app.decide::<D>(&call, id, &asked).await
    }

    async fn is_institution(&self, id: &str) -> Result<bool, Status> {
        Ok(checks::is_id(id) && self.app.state::<Institution>(id).await?.is_registered())
    }

    async fn course_facts(&self, course_id: &str) -> Result<CourseFacts, Status> {
        if !checks::is_id(course_id) {
            return Ok(CourseFacts::default());
        }
        let course = self.app.state::<Course>(course_id).await?;
        Ok(CourseFacts {
            institution_id: course.institution_id().map(str::to_owned),
            offered_version: course.offered_version(),
            is_retired: course.is_retired(),
        })
    }

    /// Waits until a view, and the journal behind it, have seen a position.
    async fn seen<V: View>(&self, min_position: u64) -> Result<(), Status> {
        self.app.reached::<V>(min_position).await?;
        self.journalled(min_position).await
    }

    /// Waits until the journal has seen a position: the past is folded from it.
    async fn journalled(&self, min_position: u64) -> Result<(), Status> {
        let journal = self.app.store().reached("journal", self.app.service(), min_position, JOURNAL_WITHIN).await;
        journal.map_err(|late| {
            status::late(format!("the journal has seen position {}, not yet {min_position}; ask again", late.at))
        })
    }
}

/// Who asks, and for whom: some act for the platform, others for the institution that they name.
fn by(call: &Call, institution_id: &str) -> By {
    let actor = call.meta.actor.clone();
    if call.caller.acts_for_all() { By::platform(actor) } else { By::of(actor, institution_id) }
}

/// The institution that is meant: the one named, which is the caller's own unless the caller acts for the platform.
fn may_read(call: &Call, institution_id: &str, owner: &str) -> Result<(), Status> {
    by(call, institution_id).may_change(owner).map_err(|it| status::refused(&it, [("owner", owner)]))
}

/// There is no such thing, or it is not to be seen.
fn missing(reason: Reason, what: &str) -> Status {
    match reason.because::<()>(format!("there is no {what}")) {
        Err(it) => status::refused(&it, [("what", what)]),
        Ok(()) => Status::not_found(what),
    }
}

/// The page of a list that is asked for.
fn page<K: FromStr>(fields: &mut Fields, size: u32, token: &str) -> Page<K> {
    fields.check("page_size", size <= PAGE_MAX, "is above 500");
    let page = Page::read(size, token);
    fields.check("page_token", page.is_some() && !token.contains('\0'), "comes from no earlier page");
    page.unwrap_or_default()
}

/// A view's answer.
fn read<T>(answer: Result<T, studium_kit::StoreError>) -> Result<T, Status> {
    answer.map_err(fault)
}
