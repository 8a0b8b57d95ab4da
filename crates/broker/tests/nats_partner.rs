//! Two partners with the NATS client of others: each gets all of its own, and neither sees or changes anything of the other's.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_nats::jetstream::{self, Context, stream};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};
use studium_broker::{NatsServer, binary, partners};
use studium_log::{Durability, address};

/// Where nats-py is; the test plays only if somebody says.
const NATS_PY: &str = "STUDIUM_TEST_NATS_PY";

const PARTNERS: [&str; 2] = ["alma-mater", "beta_1"];
const STORED: u64 = 500;
const LIVE: u64 = 50;

async fn tell(platform: &Context, from: u64, many: u64) {
    for number in from..from + many {
        // Between the partners' messages nothing may depend on whose was first.
        for institution in PARTNERS {
            let subject = format!("partner_{institution}.enrolment.run~{number}");
            let payload = json!({"specversion": "1.0", "id": format!("{institution}-{number}")}).to_string();
            assert_eq!(platform.publish(subject, payload.into()).await.unwrap().await.unwrap().sequence, number);
        }
    }
}

/// Every stream of the platform, with its last sequence and its consumers.
async fn streams(platform: &Context) -> BTreeMap<String, (u64, usize)> {
    let all: Vec<_> = platform.streams().try_collect().await.unwrap();
    all.into_iter().map(|it| (it.config.name, (it.state.last_sequence, it.state.consumer_count))).collect()
}

/// The partner's program, and what it says.
struct Partner {
    child: Child,
    says: std::io::Lines<BufReader<ChildStdout>>,
}

impl Partner {
    fn start(nats_py: &str, question: &Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/strangers/nats_partner.py");
        let mut command = Command::new("python3");
        command.arg(script).env("PYTHONPATH", nats_py).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{question}").unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, says }
    }

    fn says(&mut self) -> String {
        self.says.next().expect("it goes on").unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stock_python_client_gets_all_of_its_own_and_nothing_of_another() {
    let Ok(nats_py) = std::env::var(NATS_PY) else {
        eprintln!("skipped: {NATS_PY} does not say where nats-py is; `.ci/run strangers` does");
        return;
    };
    let executable = binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path;
    let dir = tempfile::tempdir().unwrap();
    let mut server = NatsServer::start(&executable, Durability::Process, dir.path(), None).await.unwrap();
    let (servers, options) = address::connection(&server.url()).unwrap();
    let platform = jetstream::new(options.connect(servers).await.unwrap());
    // Besides the partners' streams there are those of services.
    for name in PARTNERS.map(|it| format!("partner_{it}")).into_iter().chain(["enrolment".into(), "campus".into()]) {
        let subjects = vec![format!("{name}.>")];
        let config = stream::Config { name, subjects, allow_direct: true, ..stream::Config::default() };
        platform.create_stream(config).await.unwrap();
    }
    for service in ["enrolment.enrolment.x", "campus.campus.x"] {
        platform.publish(service, "theirs".into()).await.unwrap().await.unwrap();
    }
    tell(&platform, 1, STORED).await;
    let mut running = vec![];
    for (institution, other) in [(PARTNERS[0], PARTNERS[1]), (PARTNERS[1], PARTNERS[0])] {
        let access = partners::add(dir.path(), institution).await.unwrap();
        running.push(json!({
            "servers": access.servers, "seed": access.seed, "institution": institution, "other": other,
            "stored": STORED, "live": LIVE,
        }));
    }
    let mut running: Vec<_> = running.iter().map(|it| Partner::start(&nats_py, it)).collect();
    for partner in &mut running {
        assert_eq!(partner.says(), "live");
    }
    tell(&platform, STORED + 1, LIVE).await;
    for partner in &mut running {
        eprintln!("{}", partner.says());
        assert!(partner.child.wait().unwrap().success());
    }
    // Mirrors read without a consumer that counts.
    let mirrored = |it: &str| (format!("partner_{it}"), (STORED + LIVE, 0));
    let mut whole = BTreeMap::from(PARTNERS.map(mirrored));
    whole.extend([("campus".to_owned(), (1, 0)), ("enrolment".to_owned(), (1, 0))]);
    assert_eq!(streams(&platform).await, whole, "nothing was written, and nobody has a consumer there");
    server.stop().await;
}
