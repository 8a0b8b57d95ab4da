//! What can be typed: the commands of `studium`, their arguments and their help.

use crate::{
    commands::{
        broker::BrokerCommand, campus::CampusCommand, credentials::CredentialsCommand, health::HealthArgs,
        log::TailArgs, new::NewArgs, parked::ParkedCommand, partners::PartnersCommand, privacy::PrivacyCommand,
        serve::ServeArgs,
    },
    demo::DemoArgs,
    member::Reader,
    platform::Setup,
    progress::Output,
    services::REPLICAS_MAX,
    token::{Wanted, parse_ttl},
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};
use studium_log::Durability;

const EXAMPLES: &str = "\
Start here:
  studium demo                             a story with numbers, from nothing, in a few seconds
  studium up                               the platform on this machine until Ctrl-C

With the platform running, in another terminal:
  studium status                           what runs where, how durable, how large
  studium log tail --follow                every decision as it is written
  studium trace 0198c2f0-…                 all that followed from one command
  studium token --role registrar           a token for grpcurl or your own program

A real registry, end to end:
  studium import catalogue courses.csv.zst
  studium import oulad path/to/oulad       plays it in date order; run it again, nothing doubles
  studium import oulad path/to/oulad --campuses   its regions as campuses, everybody enrolled by seat
  studium import oulad path/to/oulad --tutor-groups   tutor groups as mentorships in half of the presentations
  studium import oulad path/to/oulad --credentials    a signed credential with credits for every pass
  studium import oulad path/to/oulad --check
  studium log verify                       the record is whole, or the exit code is 1

Scripts: every command takes --json. Exit codes: 0 done, 1 failed with one sentence on standard error, 2 wrong usage.";

/// The records side of an online university: event-sourced services on one machine, from one program.
#[derive(Debug, Parser)]
#[command(name = "studium", version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Directory that holds everything a run writes: log, stores, keys, output of the services.
    #[arg(long, global = true, env = "STUDIUM_DATA", default_value = "studium-data", value_name = "DIR")]
    pub data: PathBuf,
    /// Print results as JSON, one object per line, and nothing about progress.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Who reads what is printed.
    pub fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// The platform on the directory: the one that runs, or one for as long as a command takes.
    pub fn setup(&self) -> Setup {
        Setup::new(&self.data, self.output())
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays a year of small universities, a nanodegree with mentors and a campus: enrols, fills a waiting list, records
    /// results, gives everybody a mentor, uses seats, teaches a class, proves the log whole.
    #[command(
        after_help = "Example:\n  studium demo --json\nWithout --keep all is written to a temporary directory and removed."
    )]
    Demo(DemoArgs),
    /// Runs the platform until Ctrl-C: nats-server and the services.
    #[command(
        after_help = "Examples:\n  studium up\n  studium up --durability replicated --port 8400 --data cluster-data\n  \
                            studium up --postgres postgres://studium:secret@127.0.0.1:5432\n  \
                            studium up --durability replicated --replicas 2 --store postgres\n  \
                            studium up --with target/debug/studium-feedback --reader reports=enrolment\n\n\
                            Ports with --port 7400: catalogue 7401, enrolment 7402, mentorship 7403, credentials 7404, campus 7405, services of --with from 7406, nats 7422 (replicated: to 7424, and 7522 to 7524 between nodes); second replicas 7431 to 7435, third ones 7436 to 7440."
    )]
    Up(UpArgs),
    /// Runs one service in this process; settings as for its own binary.
    #[command(after_help = "Example:\n  studium serve enrolment --nats nats://127.0.0.1:4222 --listen 127.0.0.1:7402")]
    Serve(Box<ServeArgs>),
    /// Says whether one service is ready; exit code 1 when it is not.
    #[command(
        after_help = "Example:\n  studium health --listen 127.0.0.1:7402\n  studium health --listen 127.0.0.1:7402 --ca ca.pem --server-name enrolment.example.org"
    )]
    Health(HealthArgs),
    /// Writes a service of your own from a template: a contract, a decider, views, calls, tests.
    #[command(
        after_help = "Examples:\n  studium new study_groups\n  studium new study_groups --dir ../study_groups --studium ."
    )]
    New(NewArgs),
    /// Plays data from elsewhere as ordinary commands; uses the platform that runs, or starts one.
    Import(ImportArgs),
    /// Shows what a campus's seats were used for and cost, which rosters wait for a word, and why a course is not covered.
    Campus {
        /// What to show.
        #[command(subcommand)]
        command: CampusCommand,
    },
    /// Defines what is achieved, issues credentials for it, and changes their status.
    Credentials {
        /// What to do.
        #[command(subcommand)]
        command: CredentialsCommand,
    },
    /// Opens feeds of partner universities, prints them, and says how far they are and whether a copy is right.
    Partners {
        /// What to do.
        #[command(subcommand)]
        command: PartnersCommand,
    },
    /// Reads, proves and restores the record.
    Log {
        /// What to do with it.
        #[command(subcommand)]
        command: LogCommand,
    },
    /// Shows how far the views are, and builds one anew.
    Views {
        /// What to do with them.
        #[command(subcommand)]
        command: ViewsCommand,
    },
    /// Shows how far the policies are, which do by themselves what follows from events.
    Policies {
        /// What to do with them.
        #[command(subcommand)]
        command: PoliciesCommand,
    },
    /// Says what is kept of a person, forgets a person, and keeps the keys that personal data are sealed with.
    #[command(
        after_help = "Examples:\n  studium privacy report ada --json\n  studium privacy erase ada --reason 'asked on 2026-05-04'\n  \
                            studium privacy keys backup keys-2026-05-04.jsonl"
    )]
    Privacy {
        /// What to do.
        #[command(subcommand)]
        command: PrivacyCommand,
    },
    /// Shows reactions that keep failing, and what to do about them.
    Parked {
        /// What to do with them.
        #[command(subcommand)]
        command: ParkedCommand,
    },
    /// Prints all that followed from one command, across services.
    Trace {
        /// As `log tail --json` and every reply's metadata show it.
        correlation_id: String,
    },
    /// Shows what runs on the directory, where, how durable, how far and how large. Starts nothing.
    Status {
        /// Shows instead what each service does, anew every so many seconds, until Ctrl-C; with --json a line each time
        #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
            value_parser = clap::value_parser!(u64).range(1..=3600))]
        watch: Option<u64>,
    },
    /// Prints what a broker needs to know that `up` does not run: accounts of all services, your own included.
    Broker {
        /// What to print.
        #[command(subcommand)]
        command: BrokerCommand,
    },
    /// Prints a token of the built-in development issuer.
    #[command(
        after_help = "Example:\n  grpcurl -plaintext -H \"authorization: Bearer $(studium token --role registrar)\" 127.0.0.1:7402 list"
    )]
    Token(TokenArgs),
    /// Breaks something under load, mends it as an operator would, and proves what is left.
    #[command(after_help = "Examples:\n  studium drill store\n  studium drill store broker node --json\n\n\
                      Each drill runs on a platform of its own, which is removed afterwards. Exit code 1 when anything does not hold.")]
    Drill(crate::drill::DrillArgs),
    /// Measures the platform against what the machine and its parts can do at best.
    Bench(crate::bench::Bench),
    /// The bare gRPC call that `bench` compares with, in a process of its own.
    #[command(hide = true)]
    BenchEcho {
        /// Certificate and private key, PEM; without them it speaks plaintext
        #[arg(long)]
        identity: Option<PathBuf>,
    },
}

/// What `studium up` takes.
#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// First port; each part has its place after it.
    #[arg(long, default_value_t = 7400, value_name = "BASE", value_parser = clap::value_parser!(u16).range(1..=65_000))]
    port: u16,
    /// Encrypt all that travels between processes, with certificates of an authority in the data directory.
    /// The data directory remembers it.
    #[arg(long)]
    tls: bool,
    /// Run a service of your own with the platform, with an account in the broker; may be repeated.
    #[arg(long, value_name = "PROGRAM")]
    with: Vec<PathBuf>,
    /// Let a program of your own read streams over NATS, and nothing else; may be repeated.
    #[arg(long = "reader", value_name = "NAME=SERVICE,…")]
    readers: Vec<Reader>,
    /// Processes of each service, on PostgreSQL only; one of them folds the views, all answer calls.
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=REPLICAS_MAX.into()))]
    replicas: u16,
}

impl UpArgs {
    /// The platform that is asked for.
    pub fn setup(&self, cli: &Cli) -> Setup {
        let (with, readers) = (self.with.clone(), self.readers.clone());
        let (port, replicas, tls) = (Some(self.port), self.replicas, self.tls);
        Setup { port, replicas, with, readers, tls, ..self.store.setup(cli) }
    }
}

/// Where and how durably a platform writes.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// What an acknowledgement is worth: `disk` survives a power cut, `process` a kill -9, `replicated` the loss of a node.
    /// Without it `disk`, or what runs already.
    #[arg(long, env = "STUDIUM_DURABILITY", value_name = "disk|process|replicated")]
    durability: Option<Durability>,
    /// Keep the stores in databases `studium_SERVICE` of this PostgreSQL server instead of SQLite files.
    /// The data directory remembers it.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Keep the stores on a PostgreSQL server that is made in the data directory, started and stopped with the platform,
    /// instead of SQLite files. The data directory remembers it.
    #[arg(long, value_enum, value_name = "WHERE")]
    store: Option<Kept>,
}

/// Where stores are kept instead of in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// A PostgreSQL server of the data directory's own.
    Postgres,
}

impl StoreArgs {
    /// The platform that is asked for, on free ports.
    pub fn setup(&self, cli: &Cli) -> Setup {
        let own_postgres = self.store == Some(Kept::Postgres) && self.postgres.is_none();
        Setup { durability: self.durability, postgres: self.postgres.clone(), own_postgres, ..cli.setup() }
    }
}

/// What `studium import` takes.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Where and how durably it is written, when no platform runs yet.
    #[command(flatten)]
    pub store: StoreArgs,
    /// What to import.
    #[command(subcommand)]
    pub command: ImportCommand,
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Courses and institutions from a CSV file, plain or compressed (.zst).
    Catalogue(crate::import::CatalogueArgs),
    /// A university's registry in the form of the Open University Learning Analytics Dataset.
    Oulad(crate::import::OuladArgs),
    /// A campus's roster from a CSV file or a OneRoster 1.1 folder; what would drop many members waits for approval.
    #[command(after_help = "Examples:\n  studium import roster --campus ID --file roster.csv --dry-run\n  \
                      studium import roster --campus ID --dir oneroster --expect-rows 9000\n\n\
                      A roster in quarantine, or one that was refused, is exit code 1.")]
    Roster(crate::import::RosterArgs),
}

/// What `studium log` can do.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Prints commits as they were recorded: position, subject, version, time, actor, events.
    Tail(TailArgs),
    /// Compares stream and journal and checks every hash chain; exit code 1 when anything is wrong.
    Verify {
        /// Only this service.
        #[arg(long)]
        service: Option<String>,
    },
    /// Rebuilds a lost stream from the service's journal. Nothing may run on the directory.
    Restore {
        /// Which service: catalogue, enrolment, mentorship, credentials or campus.
        service: String,
        /// Where the journal is.
        #[command(flatten)]
        store: StoreArgs,
    },
}

/// What `studium views` can do.
#[derive(Debug, Subcommand)]
pub enum ViewsCommand {
    /// Lists every view with its position and how far it is behind.
    List,
    /// Builds a view anew beside the one that serves.
    Rebuild {
        /// The view as the list shows it.
        name: String,
    },
}

/// What `studium policies` can do.
#[derive(Debug, Subcommand)]
pub enum PoliciesCommand {
    /// Lists every policy with its position and how far it is behind.
    List,
}

/// What `studium token` takes.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// operator, registrar, service, staff, `campus_administrator`, `credential_officer`, `course_author`, reviewer,
    /// teacher, partner, mentor or learner; may be repeated.
    #[arg(long = "role", required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// Who the token is for; a learner's or mentor's own id.
    #[arg(long, default_value = "studium-cli")]
    subject: String,
    /// An institution that the caller belongs to, or a campus; may be repeated.
    #[arg(long = "institution", value_name = "ID")]
    institutions: Vec<String>,
    /// How long it is valid: 90s, 30m, 1h, 7d.
    #[arg(long, default_value = "1h", value_parser = parse_ttl)]
    ttl: Duration,
}

impl TokenArgs {
    /// The token that is asked for.
    pub fn wanted(self) -> Wanted {
        Wanted { subject: self.subject, roles: self.roles, institutions: self.institutions, ttl: self.ttl }
    }
}
