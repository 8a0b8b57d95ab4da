//! The catalogue: institutions, courses and their runs, programmes, selections and compositions.

mod api;
mod by;
pub mod change_feed;
mod composition;
pub mod composition_page;
mod content;
mod course;
pub mod course_facets;
mod course_filter;
pub mod course_page;
mod course_run;
pub mod course_search;
mod domain;
mod institution;
pub mod institution_list;
mod licences;
mod message;
pub mod page;
mod programme;
pub mod programme_page;
mod review;
pub mod run_list;
mod selection;
pub mod selection_contents;
pub mod selection_list;
mod slug;
mod words;

use api::Api;
use studium_kit::Service;
use studium_proto::catalogue::v1::{
    catalogue_service_server::CatalogueServiceServer, composition_service_server::CompositionServiceServer,
    course_run_service_server::CourseRunServiceServer, course_service_server::CourseServiceServer,
    import_service_server::ImportServiceServer, institution_service_server::InstitutionServiceServer,
    programme_service_server::ProgrammeServiceServer, selection_service_server::SelectionServiceServer,
};

/// All parts of the catalogue.
pub fn service() -> Service {
    Service::new("catalogue")
        .decider::<institution::Institution>()
        .decider::<domain::Domain>()
        .decider::<course::Course>()
        .decider::<course_run::CourseRun>()
        .decider::<programme::Programme>()
        .decider::<selection::Selection>()
        .decider::<composition::Composition>()
        .view::<institution_list::InstitutionList>()
        .view::<course_page::CoursePage>()
        .view::<course_search::CourseSearch>()
        .view::<run_list::RunList>()
        .view::<programme_page::ProgrammePage>()
        .view::<selection_list::SelectionList>()
        .view::<selection_contents::SelectionContents>()
        .view::<composition_page::CompositionPage>()
        .view::<licences::Licences>()
        .grpc(|app| InstitutionServiceServer::new(Api::new(app)))
        .grpc(|app| CourseServiceServer::new(Api::new(app)))
        .grpc(|app| CourseRunServiceServer::new(Api::new(app)))
        .grpc(|app| ProgrammeServiceServer::new(Api::new(app)))
        .grpc(|app| SelectionServiceServer::new(Api::new(app)))
        .grpc(|app| CompositionServiceServer::new(Api::new(app)))
        .grpc(|app| CatalogueServiceServer::new(Api::new(app)))
        .grpc(|app| ImportServiceServer::new(Api::new(app)))
}
