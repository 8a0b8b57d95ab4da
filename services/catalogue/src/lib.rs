//! The catalogue: institutions, courses and their runs, programmes, selections and compositions.

pub mod by;
pub mod change_feed;
pub mod composition;
pub mod composition_page;
mod content;
pub mod course;
pub mod course_facets;
mod course_filter;
pub mod course_page;
pub mod course_run;
pub mod course_search;
pub mod domain;
pub mod institution;
pub mod institution_list;
mod message;
pub mod page;
pub mod programme;
pub mod programme_page;
mod review;
pub mod run_list;
pub mod selection;
pub mod selection_contents;
pub mod selection_list;
mod words;
