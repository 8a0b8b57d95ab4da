//! The selections: their definition, and the proposal that waits for somebody's word.

use crate::{message::Message, page::Page, selection::Criteria};
use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Selection, selection_event::Event};

row! {
    /// One selection; its courses are rows of [`crate::selection_contents`].
    pub struct SelectionRow {
        key { selection_id: String }
        institution_id: String,
        selection: Message<Selection>,
    }
}

/// All selections.
pub struct SelectionList;

impl View for SelectionList {
    type Row = SelectionRow;
    const NAME: &'static str = "selection_list_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SelectionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let selection_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| SelectionRow { selection_id, ..SelectionRow::default() });
            change(&mut row.selection.0, it);
            row.selection.0.selection_id.clone_from(&row.selection_id);
            row.institution_id.clone_from(&row.selection.0.institution_id);
        });
    }
}

fn change(selection: &mut Selection, event: Event) {
    match event {
        Event::SelectionDefined(it) => {
            selection.title = it.title;
            selection.institution_id = it.institution_id;
            selection.threshold_percent = it.threshold_percent;
        }
        Event::SelectionThresholdSet(it) => selection.threshold_percent = it.threshold_percent,
        Event::SelectionRevised(it) => {
            selection.revision = it.revision;
            let criteria = Criteria::of_revision(&it);
            selection.filter = (!criteria.has_no_condition()).then_some(criteria.filter);
            selection.picked_course_ids = criteria.picked_course_ids;
            selection.excluded_course_ids = criteria.excluded_course_ids;
            let (added, removed) = (it.added_course_ids.len() as u32, it.removed_course_ids.len() as u32);
            selection.courses = (selection.courses + added).saturating_sub(removed);
            selection.proposal = None;
        }
        Event::SelectionRevisionProposed(it) => selection.proposal = Some(it),
        Event::SelectionRevisionConfirmed(_) | Event::SelectionRevisionDeclined(_) => selection.proposal = None,
    }
}

/// One selection.
pub async fn selection(store: &Store, selection_id: &str) -> Result<Option<Selection>, StoreError> {
    let sql = "SELECT selection FROM selection_list_1 WHERE selection_id = $1";
    let rows: Vec<(Message<Selection>,)> = store.query(sql, &[selection_id.into()]).await?;
    Ok(rows.into_iter().next().map(|it| it.0.0))
}

/// A page of the selections of an institution (empty = all), by id.
pub async fn selections(
    store: &Store,
    institution_id: &str,
    page: &Page<String>,
) -> Result<(Vec<Selection>, String), StoreError> {
    let sql = "SELECT selection FROM selection_list_1 WHERE ($1 = '' OR institution_id = $1) AND selection_id > $2 \
               ORDER BY selection_id LIMIT $3";
    let args = [institution_id.into(), page.after_id().into(), page.limit().into()];
    let rows: Vec<(Message<Selection>,)> = store.query(sql, &args).await?;
    Ok(page.cut(rows.into_iter().map(|it| it.0.0).collect(), |it: &Selection| it.selection_id.clone()))
}
