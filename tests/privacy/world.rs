//! Enrolment, mentorship and campus over one log, with persons whose data can be told apart from everything else.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use studium_kit::{Dialect, Running, Service, Store};
use studium_log::Log;
use studium_proto::{
    admin::v1::{ListPersonalRequest, RebuildViewRequest, VerifyLogRequest, admin_service_client::AdminServiceClient},
    campus::v1::{
        AddMemberRequest, ListMembersRequest, MemberClass, MemberDescribed, member_service_client::MemberServiceClient,
    },
    enrolment::v1::{
        EraseLearnerRequest, ExternalId, GetLearnerRequest, RegisterLearnerRequest,
        learner_service_client::LearnerServiceClient,
    },
    mentorship::v1::{DescribeMenteeRequest, MenteeDescribed, mentorship_service_client::MentorshipServiceClient},
};
use studium_testkit::{Caller, House, Postgres, holds};

pub const NAME: &str = "Zerubbabel Quixote";
pub const EMAIL: &str = "zq-7f3a@nowhere.example";
pub const GOAL: &str = "to outlive seven windmills";

pub struct World {
    pub house: House,
    running: BTreeMap<&'static str, Running>,
    stores: BTreeMap<&'static str, String>,
}

fn service(name: &str) -> Service {
    match name {
        "enrolment" => studium_enrolment::service(),
        "campus" => studium_campus::service(),
        _ => studium_mentorship::service(),
    }
}

impl World {
    pub async fn open(log: Log, server: Option<Postgres>) -> Self {
        let house = House::new(log).unwrap();
        let house = match server {
            Some(it) => house.on_postgres(it),
            None => house,
        };
        let mut world = Self { house, running: BTreeMap::new(), stores: BTreeMap::new() };
        for name in ["campus", "enrolment", "mentorship"] {
            let store = world.house.store_url(name).await.unwrap();
            world.stores.insert(name, store);
            world.start(name).await;
        }
        // What is followed must be there to be followed.
        world.house.log().open("catalogue").await.unwrap();
        world
    }

    pub fn services(&self) -> Vec<&'static str> {
        self.stores.keys().copied().collect()
    }

    pub async fn start(&mut self, name: &'static str) {
        let running = self.house.start_on(service(name), &self.stores[name]).await.unwrap();
        self.running.insert(name, running);
    }

    pub async fn stop(&mut self, name: &'static str) {
        self.running.remove(name).unwrap().stop().await.unwrap();
    }

    pub async fn stop_all(&mut self) {
        for name in self.services() {
            self.stop(name).await;
        }
    }

    pub fn running(&self, name: &str) -> &Running {
        &self.running[name]
    }

    pub async fn call(&self, name: &str) -> Caller {
        self.house.registrar(&self.running[name]).await.unwrap()
    }

    fn store(&self, name: &str) -> &Store {
        self.running[name].app.store()
    }

    /// Says all there is to say of a person, in each service.
    pub async fn plant(&self, learner: &str) {
        let (name, email) = (format!("{NAME} of {learner}"), format!("{EMAIL} of {learner}"));
        let external = ExternalId { institution_id: "mit".into(), external_id: email.clone() };
        let register = RegisterLearnerRequest {
            learner_id: learner.into(),
            name: name.clone(),
            email: email.clone(),
            external_ids: vec![external],
            at_ms: 0,
        };
        LearnerServiceClient::new(self.call("enrolment").await).register_learner(register).await.unwrap();
        let record = MemberDescribed {
            class: MemberClass::Student.into(),
            external_id: email.clone(),
            name,
            email,
            ..MemberDescribed::default()
        };
        let (campus_id, learner_id) = ("ou".into(), learner.into());
        let add = AddMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
        MemberServiceClient::new(self.call("campus").await).add_member(add).await.unwrap();
        self.describe_mentee(learner).await;
    }

    pub async fn describe_mentee(&self, learner: &str) {
        let profile = MenteeDescribed {
            languages: vec!["en".into()],
            time_zone: "Europe/Berlin".into(),
            goals: format!("{GOAL} of {learner}"),
            ..MenteeDescribed::default()
        };
        let describe = DescribeMenteeRequest { learner_id: learner.into(), profile: Some(profile), at_ms: 0 };
        MentorshipServiceClient::new(self.call("mentorship").await).describe_mentee(describe).await.unwrap();
    }

    pub async fn erase(&self, learner: &str) {
        let (learner_id, reason) = (learner.into(), "asked".into());
        let erase = EraseLearnerRequest { learner_id, reason, at_ms: 0 };
        LearnerServiceClient::new(self.call("enrolment").await).erase_learner(erase).await.unwrap();
    }

    /// Waits until every view has seen all there is.
    pub async fn caught_up(&self) {
        for running in self.running.values() {
            becomes(async || running.is_caught_up().await.unwrap()).await;
        }
    }

    /// What a service says that it keeps of a person.
    pub async fn report(&self, name: &str, person: &str) -> Vec<String> {
        let request = ListPersonalRequest { person_id: person.into() };
        let mut told =
            AdminServiceClient::new(self.call(name).await).list_personal(request).await.unwrap().into_inner();
        let mut all = Vec::new();
        while let Some(it) = told.message().await.unwrap() {
            all.push(format!("{} {}", it.event, it.fields));
        }
        all
    }

    /// Waits until a service has forgotten a person, in what it says and in its tables.
    pub async fn forgets(&self, name: &str, person: &str) {
        becomes(async || {
            let mut is_there = !self.report(name, person).await.is_empty();
            for planted in [NAME, EMAIL, GOAL] {
                is_there |= self.tables_hold(name, &format!("{planted} of {person}")).await;
            }
            !is_there
        })
        .await;
    }

    pub async fn journal_holds(&self, name: &str, needles: &[&str]) -> bool {
        let rows: Vec<(Vec<u8>,)> = self.store(name).query("SELECT bytes FROM journal", &[]).await.unwrap();
        assert!(!rows.is_empty());
        rows.iter().any(|(bytes,)| needles.iter().any(|it| holds(bytes, it.as_bytes())))
    }

    /// Whether any table of a service holds a text.
    pub async fn tables_hold(&self, name: &str, needle: &str) -> bool {
        let store = self.store(name);
        let tables = match store.dialect() {
            Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Dialect::Postgres => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
        };
        let tables: Vec<(String,)> = store.query(tables, &[]).await.unwrap();
        for (table,) in tables {
            if table_holds(store, &table, needle).await {
                return true;
            }
        }
        false
    }

    pub async fn verifies(&self, name: &str) {
        let mut steps =
            AdminServiceClient::new(self.call(name).await).verify_log(VerifyLogRequest {}).await.unwrap().into_inner();
        let mut last = None;
        while let Some(step) = steps.message().await.unwrap() {
            last = Some(step);
        }
        let last = last.unwrap();
        assert!(last.done && last.checked > 0 && last.problem_count == 0, "{:?}", last.problems);
    }

    pub async fn rebuild(&self, name: &str, view: &str) {
        let request = RebuildViewRequest { name: view.into() };
        let mut steps =
            AdminServiceClient::new(self.call(name).await).rebuild_view(request).await.unwrap().into_inner();
        while steps.message().await.unwrap().is_some() {}
    }

    /// What views show of everybody.
    pub async fn seen(&self) -> String {
        let members = ListMembersRequest { campus_id: "ou".into(), ..ListMembersRequest::default() };
        let members = MemberServiceClient::new(self.call("campus").await).list_members(members).await.unwrap();
        let mut seen = format!("{:?}", members.into_inner().members);
        for learner in ["ada", "bob"] {
            let learner = GetLearnerRequest { learner_id: learner.into(), ..GetLearnerRequest::default() };
            let learner = LearnerServiceClient::new(self.call("enrolment").await).get_learner(learner).await.unwrap();
            let _ = write!(seen, "{:?}", learner.into_inner());
        }
        seen
    }
}

/// Whether any column of a table holds a text.
async fn table_holds(store: &Store, table: &str, needle: &str) -> bool {
    let columns = match store.dialect() {
        Dialect::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
        Dialect::Postgres => format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
             AND table_schema = current_schema()"
        ),
    };
    let columns: Vec<(String,)> = store.query(&columns, &[]).await.unwrap();
    // Bytes are searched as hexadecimal digits, texts as they are.
    let hex = studium_kit::hex(needle.as_bytes()).to_uppercase();
    for (column,) in columns {
        let found = match store.dialect() {
            Dialect::Sqlite => format!(
                "SELECT COUNT(*) FROM {table} WHERE instr(hex({column}), $1) > 0 OR instr(CAST({column} AS TEXT), $2) > 0"
            ),
            Dialect::Postgres => format!(
                "SELECT COUNT(*) FROM {table} WHERE position(lower($1) in {column}::text) > 0 \
                 OR position($2 in {column}::text) > 0"
            ),
        };
        let found: Vec<(i64,)> = store.query(&found, &[hex.as_str().into(), needle.into()]).await.unwrap();
        if found[0].0 > 0 {
            return true;
        }
    }
    false
}

pub async fn becomes(is_so: impl AsyncFn() -> bool) {
    for _ in 0..1200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it should have become so within a minute");
}

/// All that is logged, with every span and its fields.
#[derive(Clone, Default)]
pub struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on this process keeps what it logs, down to our own debug lines.
pub fn capture() -> Logged {
    let logged = Logged::default();
    let writer = logged.clone();
    tracing_subscriber::fmt()
        .with_env_filter("info,studium=trace,studium_kit=trace,studium_log=trace,studium_store=trace")
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .init();
    logged
}
