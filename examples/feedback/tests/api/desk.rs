//! The service with a store and a log of its own; enrolment's stream says what a test has it say.

use studium_feedback::v1::feedback_service_client::FeedbackServiceClient;
use studium_kit::{Log, Running};
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
        let running = house.start(studium_feedback::service()).await.unwrap();
        Self { running, elsewhere: Elsewhere::new(log), house }
    }

    pub async fn learner(&self, id: &str) -> FeedbackServiceClient<Caller> {
        FeedbackServiceClient::new(self.house.call(&self.running, id, &["learner"], &[]).await.unwrap())
    }

    pub async fn staff(&self, institution: &str) -> FeedbackServiceClient<Caller> {
        let caller = self.house.call(&self.running, "moderator", &["staff"], &[institution]).await.unwrap();
        FeedbackServiceClient::new(caller)
    }

    /// An aggregate's last commit, as it lies in the log.
    pub async fn stored(&self, subject: &str) -> Vec<u8> {
        self.house.log().last(subject).await.unwrap().unwrap().bytes.to_vec()
    }

    /// Waits until a view has seen a position of another service's stream.
    pub async fn has_seen(&self, view: &str, stream: &str, position: u64) {
        let store = self.running.app.store();
        store.reached(view, stream, position, std::time::Duration::from_secs(30)).await.unwrap();
    }
}
