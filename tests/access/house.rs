//! The five services in one process, and calls of them in bytes: no generated client is needed to ask.

use bytes::Bytes;
use std::collections::BTreeMap;
use studium_credentials::{KeyStore, Settings};
use studium_kit::{Log, Running};
use studium_proto::DESCRIPTORS;
use studium_testkit::{House, Raw};
use tonic::{
    Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};

/// The running platform.
pub struct Platform {
    pub house: House,
    pub services: Vec<(Running, Channel)>,
}

impl Platform {
    pub async fn start() -> Self {
        let house = House::new(Log::memory()).unwrap();
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
        let keys = Some(KeyStore::read(&key).unwrap());
        let settings = Settings { url: "https://credentials.example".into(), keys, vc_api: false };
        let mut services = Vec::new();
        for service in [
            studium_catalogue::service(),
            studium_enrolment::service_with(None),
            studium_campus::service(),
            studium_mentorship::service(),
            studium_credentials::service_with(settings),
        ] {
            let running = house.start(service).await.unwrap();
            let channel =
                Endpoint::from_shared(format!("http://{}", running.address)).unwrap().connect().await.unwrap();
            services.push((running, channel));
        }
        Self { house, services }
    }

    /// Every rpc of the contract with where it is answered, as `<service>/<rpc>`; nowhere, once, or in each service.
    pub async fn rpcs(&self) -> BTreeMap<String, Vec<Channel>> {
        let mut all = BTreeMap::new();
        for service in DESCRIPTORS.services().filter(|it| it.package_name().starts_with("studium.")) {
            for rpc in service.methods() {
                let name = format!("{}/{}", service.full_name(), rpc.name());
                let mut answering = Vec::new();
                for (_, channel) in &self.services {
                    let asked = ask(channel, &name, None, Bytes::new()).await;
                    if !asked.is_err_and(|it| it.code() == tonic::Code::Unimplemented) {
                        answering.push(channel.clone());
                    }
                }
                all.insert(name, answering);
            }
        }
        all
    }
}

/// Makes a call of any sort with one message, and waits until it is known whether it is answered.
pub async fn ask(channel: &Channel, rpc: &str, token: Option<&str>, message: Bytes) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.map_err(|e| Status::unavailable(e.to_string()))?;
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    // On the wire a call with one answer looks like one with a stream of one; its refusal comes with the headers.
    client.server_streaming(request, format!("/{rpc}").parse().unwrap(), Raw).await.map(drop)
}
