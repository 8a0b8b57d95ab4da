//! The settings of a service: flags first, then the environment, all shown at start with secrets hidden.

use crate::auth::{DevelopmentIssuer, Verifier};
use anyhow::Context as _;
use clap::{Args, Command, error::ErrorKind};
use std::{
    env,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    time::Duration,
};
use studium_log::{Durability, MasterKey};

/// Variables that are nobody's setting here but others' of the platform.
const OF_OTHERS: [&str; 11] = [
    "STUDIUM_NATS_SERVER",
    "STUDIUM_LOG",
    "STUDIUM_DATA",
    "STUDIUM_TEST_",
    "STUDIUM_REQUIRE_",
    // Settings that only the credentials service has.
    "STUDIUM_CREDENTIALS_URL",
    "STUDIUM_CREDENTIALS_KEY_FILE",
    "STUDIUM_CREDENTIALS_VC_API",
    // Settings that only the enrolment service has.
    "STUDIUM_ENROLMENT_PARTNER_KEY_FILE",
    "STUDIUM_ENROLMENT_WEBHOOK_ALLOW",
    "STUDIUM_ENROLMENT_WEBHOOK_RETRY",
];

/// Letters that a misspelt setting may differ in and still be recognised.
const TYPOS_MAX: usize = 2;

/// What a service must be told to run.
#[derive(Args, Debug, Clone)]
pub struct Config {
    /// Where it listens, `host:port`; port 0 takes a free one
    #[arg(long, env = "STUDIUM_LISTEN", default_value = "127.0.0.1:0", value_parser = host_and_port)]
    pub listen: String,
    /// The NATS servers, with commas between them
    #[arg(long, env = "STUDIUM_NATS_URL", default_value = "nats://127.0.0.1:4222")]
    pub nats: String,
    /// What an acknowledged command has survived: `disk`, `process` or `replicated`
    #[arg(long, env = "STUDIUM_DURABILITY", default_value_t)]
    pub durability: Durability,
    /// File with the master key, which wraps the keys of persons: 32 bytes in Base64, the same for all services
    #[arg(long, env = "STUDIUM_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
    /// The service's own store: `sqlite:PATH` or `postgres://…`
    #[arg(long, env = "STUDIUM_STORE_URL", value_parser = store_url)]
    pub store: String,
    /// Where the issuer of the callers' tokens publishes its keys
    #[arg(long, env = "STUDIUM_JWKS_URL")]
    pub jwks_url: Option<String>,
    /// `iss` that tokens must carry; without it every token of the key set counts
    #[arg(long, env = "STUDIUM_ISSUER")]
    pub issuer: Option<String>,
    /// Key file of a development issuer, made when missing; never for real people
    #[arg(long, env = "STUDIUM_DEVELOPMENT_ISSUER", value_name = "FILE")]
    pub development_issuer: Option<PathBuf>,
    /// `aud` that tokens must carry
    #[arg(long, env = "STUDIUM_AUDIENCE", default_value = "studium")]
    pub audience: String,
    /// How long running requests may take to finish at the end, seconds
    #[arg(long, env = "STUDIUM_DRAIN_SECONDS", default_value_t = 30)]
    pub drain_seconds: u64,
}

impl Config {
    /// Checks what single flags cannot: the environment holds no setting that nobody reads,
    /// and exactly one issuer of tokens is named.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        check_environment()?;
        match (&self.jwks_url, &self.development_issuer) {
            (Some(_), None) => Ok(()),
            (None, Some(_)) if self.issuer.is_none() => Ok(()),
            (None, Some(_)) => {
                anyhow::bail!("--issuer (STUDIUM_ISSUER) goes with --jwks-url; a development issuer names itself")
            }
            (Some(_), Some(_)) => anyhow::bail!(
                "--jwks-url (STUDIUM_JWKS_URL) and --development-issuer (STUDIUM_DEVELOPMENT_ISSUER) exclude each other; remove one"
            ),
            (None, None) => anyhow::bail!(
                "nobody says whose tokens count: give --jwks-url (STUDIUM_JWKS_URL), or --development-issuer FILE \
                 (STUDIUM_DEVELOPMENT_ISSUER) for development"
            ),
        }
    }

    /// What wraps the keys of persons.
    ///
    /// # Errors
    /// When no file is named, or it holds no key.
    pub fn master_key(&self) -> anyhow::Result<MasterKey> {
        let make = "make one with: head -c 32 /dev/urandom | base64";
        let Some(file) = &self.master_key_file else {
            anyhow::bail!("name a file with the master key for personal data (STUDIUM_MASTER_KEY_FILE); {make}")
        };
        let shown = file.display();
        let text = std::fs::read_to_string(file).map_err(|e| {
            anyhow::anyhow!("STUDIUM_MASTER_KEY_FILE names {shown}, which cannot be read ({e}); {make}")
        })?;
        MasterKey::read(&text).with_context(|| format!("STUDIUM_MASTER_KEY_FILE: {shown}"))
    }

    /// Who verifies the callers' tokens.
    ///
    /// # Errors
    /// As [`Config::check`], and when the development issuer's key can be neither read nor made.
    pub async fn verifier(&self) -> anyhow::Result<Verifier> {
        self.check()?;
        match (&self.jwks_url, &self.development_issuer) {
            (Some(url), _) => Verifier::from_url(url, self.issuer.clone(), &self.audience).await,
            (None, Some(file)) => Ok(Verifier::development(&DevelopmentIssuer::load_or_create(file)?, &self.audience)),
            (None, None) => anyhow::bail!("no issuer of tokens is named"),
        }
    }

    /// How long running requests may take to finish at the end.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// Every setting as it is in force, secrets hidden.
    pub fn shown(&self) -> Vec<(String, String)> {
        let issuer = self.development_issuer.as_ref().map(|it| it.display().to_string());
        [
            ("listen", Some(self.listen.clone())),
            ("nats", Some(hide_secrets(&self.nats))),
            ("master_key_file", self.master_key_file.as_ref().map(|it| it.display().to_string())),
            ("durability", Some(self.durability.to_string())),
            ("store", Some(hide_secrets(&self.store))),
            ("jwks_url", self.jwks_url.as_deref().map(hide_secrets)),
            ("issuer", self.issuer.clone()),
            ("development_issuer", issuer),
            ("audience", Some(self.audience.clone())),
            ("drain_seconds", Some(self.drain_seconds.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
    }

    /// Logs every setting as it is in force, secrets hidden.
    pub fn announce(&self, service: &str) {
        let shown: Vec<_> = self.shown().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        tracing::info!(service, settings = shown.join(" "), "starting");
    }
}

/// Refuses a `STUDIUM_*` variable that nobody reads: a misspelt setting must not be ignored in silence.
///
/// # Errors
/// With a sentence that says what to do.
pub fn check_environment() -> anyhow::Result<()> {
    check_names(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))
}

fn check_names(mut names: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let command = Config::augment_args(Command::new("settings"));
    let known: Vec<_> = command.get_arguments().filter_map(|it| it.get_env()?.to_str()).chain(OF_OTHERS).collect();
    let is_known = |name: &str| known.iter().any(|it| *it == name || (it.ends_with('_') && name.starts_with(it)));
    let Some(name) = names.find(|it| it.starts_with("STUDIUM_") && !is_known(it)) else { return Ok(()) };
    let settings: Vec<_> = known.into_iter().filter(|it| !it.ends_with('_')).collect();
    match settings.iter().find(|it| distance(&name, it) <= TYPOS_MAX) {
        Some(meant) => anyhow::bail!("{name} is set but is no setting; unset it, or correct it: did you mean {meant}?"),
        None => anyhow::bail!("{name} is set but is no setting; unset it, the settings are {}", settings.join(", ")),
    }
}

/// What was typed wrongly, in one sentence; help and version, which are no errors, are printed and end the process.
pub fn wrong_use(e: &clap::Error) -> String {
    if !e.use_stderr() || e.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        e.exit();
    }
    let text = e.render().to_string();
    let is_usage = |it: &&str| ["Usage:", "For more information"].iter().any(|start| it.starts_with(start));
    let told = text.split("\n\n").map(str::trim).filter(|it| !it.is_empty() && !is_usage(it));
    let told: Vec<_> = told.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    format!("{}; --help lists what there is", told.join("; ").trim_start_matches("error: "))
}

/// Letters to insert, remove or change to make one text the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The text with every password in its addresses replaced; a lone name before `@` may be a token and goes too.
fn hide_secrets(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        match part.rsplit_once('@') {
            Some((who, rest)) => {
                let user = who.split_once(':').map_or(String::new(), |(user, _)| format!("{user}:"));
                let _ = write!(shown, "{user}***@{rest}");
            }
            None => shown.push_str(part),
        }
    }
    // libpq takes passwords as parameters too: `password`, `sslpassword`.
    let mut from = 0;
    while let Some(at) = shown[from..].find("password=") {
        let start = from + at + "password=".len();
        let end = shown[start..].find('&').map_or(shown.len(), |it| start + it);
        shown.replace_range(start..end, "***");
        from = start;
    }
    shown
}

fn host_and_port(text: &str) -> Result<String, String> {
    let wrong =
        || format!("`{text}` is no address to listen on; write host:port, for example 127.0.0.1:50051 or [::1]:0");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    port.parse::<u16>().map_err(|_| wrong())?;
    let v6 = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let ok = match v6 {
        Some(it) => it.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().map(IpAddr::from).is_ok() || is_host_name(host),
    };
    if ok { Ok(text.to_owned()) } else { Err(wrong()) }
}

fn is_host_name(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'.')
}

fn store_url(text: &str) -> Result<String, String> {
    let known =
        ["sqlite:", "postgres://", "postgresql://"].iter().any(|it| text.len() > it.len() && text.starts_with(it));
    // The text is not repeated: it may hold a password.
    if known { Ok(text.to_owned()) } else { Err("write sqlite:PATH or postgres://user@host/database".to_owned()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        config: Config,
    }

    fn read(flags: &[&str]) -> Result<Config, String> {
        let all = ["program", "--store", "sqlite:x.db"].iter().chain(flags);
        Program::try_parse_from(all).map(|it| it.config).map_err(|e| e.to_string())
    }

    #[test]
    fn exactly_one_issuer_is_named() {
        let why = |flags: &[&str]| read(flags).unwrap().check().map_err(|e| e.to_string());
        assert!(why(&[]).unwrap_err().contains("give --jwks-url"));
        assert!(why(&["--jwks-url", "http://a", "--development-issuer", "key"]).unwrap_err().contains("remove one"));
        assert!(why(&["--issuer", "x", "--development-issuer", "key"]).is_err());
        why(&["--jwks-url", "http://a", "--issuer", "x"]).unwrap();
        why(&["--development-issuer", "key"]).unwrap();
    }

    #[test]
    fn malformed_settings_are_refused_with_what_to_do() {
        assert!(read(&["--listen", "50051"]).unwrap_err().contains("write host:port"));
        assert!(read(&["--listen", "a b:1"]).is_err() && read(&["--listen", "localhost:99999"]).is_err());
        for good in ["localhost:1", "0.0.0.0:50051", "[::]:0"] {
            assert_eq!(read(&["--listen", good]).unwrap().listen, good);
        }
        assert!(read(&["--durability", "fast"]).unwrap_err().contains("choose disk, process or replicated"));
        let program = Program::try_parse_from(["program", "--store", "mysql://ann:secret@db/x"]);
        assert!(program.is_err_and(|e| e.to_string().contains("write sqlite:PATH")));
    }

    #[test]
    fn wrong_use_is_one_sentence() {
        let why = |flags: &[&str]| match Program::try_parse_from(["program"].iter().chain(flags)) {
            Ok(_) => String::new(),
            Err(e) => wrong_use(&e),
        };
        assert_eq!(
            why(&["--store", "sqlite:x.db", "--lisen", "x"]),
            "unexpected argument '--lisen' found; tip: a similar argument exists: '--listen'; --help lists what there is"
        );
        let missing = why(&[]);
        assert!(missing.contains("not provided: --store <STORE>") && !missing.contains('\n'), "{missing}");
    }

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        let check =
            |name: &str| check_names([name.to_owned(), "PATH".to_owned()].into_iter()).map_err(|e| e.to_string());
        assert!(check("STUDIUM_STORE_ULR").unwrap_err().contains("did you mean STUDIUM_STORE_URL?"));
        assert!(check("STUDIUM_PORT").unwrap_err().contains("the settings are STUDIUM_LISTEN, "));
        for known in ["STUDIUM_NATS_URL", "STUDIUM_LOG", "STUDIUM_TEST_X", "STUDIUM_REQUIRE_POSTGRES", "STUDIUM_DATA"] {
            check(known).unwrap();
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn secrets_are_hidden() {
        for (given, shown) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("nats://u:s@a:1,nats://u:s@b:2", "nats://u:***@a:1,nats://u:***@b:2"),
            ("nats://token@a:1", "nats://***@a:1"),
            ("postgres://ann:p@ss/w@db/x?sslmode=require", "postgres://ann:***@db/x?sslmode=require"),
            (
                "postgres://db/x?user=ann&password=s&sslpassword=t",
                "postgres://db/x?user=ann&password=***&sslpassword=***",
            ),
            ("sqlite:studium-data/x.db", "sqlite:studium-data/x.db"),
        ] {
            assert_eq!(hide_secrets(given), shown);
        }
    }
}
