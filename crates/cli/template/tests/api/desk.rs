//! The service with a store and a log of its own; enrolment's stream says what a test has it say.

use studium_kit::{Log, Running};
use studium_sixth::v1::sixth_service_client::SixthServiceClient;
use studium_testkit::{Caller, Elsewhere, House, Postgres};

pub struct Desk {
    house: House,
    running: Running,
    pub elsewhere: Elsewhere,
}

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        let log = Log::memory();
        let house = House::new(log.clone()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let running = house.start(studium_sixth::service()).await.unwrap();
        Self { running, elsewhere: Elsewhere::new(log), house }
    }

    pub async fn learner(&self, id: &str) -> SixthServiceClient<Caller> {
        SixthServiceClient::new(self.house.call(&self.running, id, &["learner"], &[]).await.unwrap())
    }

    /// Waits until a view has seen a position of another service's stream.
    pub async fn has_seen(&self, view: &str, stream: &str, position: u64) {
        let store = self.running.app.store();
        store.reached(view, stream, position, std::time::Duration::from_secs(30)).await.unwrap();
    }
}
