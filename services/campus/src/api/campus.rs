//! Calls that concern campuses.

use super::{Api, NAME_MAX, Reply, done, no};
use crate::{
    campus::{Campus, Command},
    campus_list::{self, CampusList},
    institutions::{self, Institutions},
};
use studium_kit::{Call, Fields, fault};
use studium_proto::campus::v1::{
    GetCampusRequest, GetCampusResponse, Reason, RegisterCampusRequest, RegisterCampusResponse,
    campus_service_server::CampusService,
};
use tonic::{Request, Response};

#[tonic::async_trait]
impl CampusService for Api {
    async fn register_campus(&self, request: Request<RegisterCampusRequest>) -> Reply<RegisterCampusResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.text("name", &it.name, NAME_MAX);
        fields.done()?;
        self.app.reached_stream::<Institutions>("catalogue", it.catalogue_position).await?;
        let authorised = institutions::is_campus(self.app.store(), &it.campus_id).await.map_err(fault)?;
        let command = Command::Register { name: it.name, authorised };
        done!(RegisterCampusResponse, self.app.decide::<Campus>(&call.at(it.at_ms)?, &it.campus_id, &command).await?)
    }

    async fn get_campus(&self, request: Request<GetCampusRequest>) -> Reply<GetCampusResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("campus_id", &it.campus_id);
        fields.done()?;
        self.app.reached::<CampusList>(it.min_position).await?;
        match campus_list::campus(self.app.store(), &it.campus_id).await.map_err(fault)? {
            Some(campus) => Ok(Response::new(GetCampusResponse { campus: Some(campus) })),
            None => Err(no(Reason::CampusNotFound, "no such campus is registered", &it.campus_id)),
        }
    }
}
