//! The settings of a service: flags first, then the environment, all shown at start with secrets hidden.

use crate::{
    Security,
    auth::{self, DevelopmentIssuer, Expected, Verifier},
    limits::Limits,
};
use anyhow::Context as _;
use clap::{Args, error::ErrorKind};
use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    time::Duration,
};
use studium_log::{Durability, MasterKey};

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
    /// URL of the OpenID Connect provider whose tokens count, as it calls itself; it says where its keys are
    #[arg(long, env = "STUDIUM_ISSUER")]
    pub issuer: Option<String>,
    /// Where the issuer publishes its keys, when it does not say so itself; without --issuer every `iss` counts
    #[arg(long, env = "STUDIUM_JWKS_URL", value_parser = jwks_url)]
    pub jwks_url: Option<String>,
    /// Key file of a development issuer, made when missing; never for real people
    #[arg(long, env = "STUDIUM_DEVELOPMENT_ISSUER", value_name = "FILE")]
    pub development_issuer: Option<PathBuf>,
    /// `aud` that tokens must carry
    #[arg(long, env = "STUDIUM_AUDIENCE", default_value = "studium")]
    pub audience: String,
    /// Claim with the caller's roles, a list or words with spaces between; within another with dots: `realm_access.roles`
    #[arg(long, env = "STUDIUM_ROLES_CLAIM", value_name = "NAME", default_value = auth::ROLES)]
    pub roles_claim: String,
    /// Claim with the ids of the institutions that the caller acts for, likewise
    #[arg(long, env = "STUDIUM_INSTITUTIONS_CLAIM", value_name = "NAME", default_value = auth::INSTITUTIONS)]
    pub institutions_claim: String,
    /// How long running requests may take to finish at the end, seconds
    #[arg(long, env = "STUDIUM_DRAIN_SECONDS", default_value_t = 30)]
    pub drain_seconds: u64,
    /// How far it lets itself be used
    #[command(flatten)]
    pub limits: Limits,
    /// What is encrypted
    #[command(flatten)]
    pub security: Security,
}

impl Config {
    /// Checks what single flags cannot: the environment holds no setting that nobody reads,
    /// and either an issuer for real people is named or one for development.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn check(&self) -> anyhow::Result<()> {
        crate::check_environment()?;
        let Some(named) = self.issuer.as_ref().or(self.jwks_url.as_ref()) else { return self.check_development() };
        anyhow::ensure!(
            self.development_issuer.is_none(),
            "{named} issues tokens for real people, and with --development-issuer (STUDIUM_DEVELOPMENT_ISSUER) whoever \
             reads a file can be any of them; remove one"
        );
        match &self.issuer {
            // With a URL of its keys it need not be an address: some are a mere name.
            Some(issuer) if self.jwks_url.is_none() => {
                auth::issuer(issuer).map_err(|e| anyhow::anyhow!("--issuer (STUDIUM_ISSUER) {e}"))
            }
            _ => Ok(()),
        }
    }

    fn check_development(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.development_issuer.is_some(),
            "nobody says whose tokens count: give --issuer (STUDIUM_ISSUER) or --jwks-url (STUDIUM_JWKS_URL), or \
             --development-issuer FILE (STUDIUM_DEVELOPMENT_ISSUER) for development"
        );
        anyhow::ensure!(
            is_of_this_machine(&self.listen),
            "a development issuer is for this machine only, and {} can be reached from elsewhere; listen on 127.0.0.1, \
             or give --issuer (STUDIUM_ISSUER)",
            self.listen
        );
        anyhow::ensure!(
            self.roles_claim == auth::ROLES && self.institutions_claim == auth::INSTITUTIONS,
            "--roles-claim and --institutions-claim (STUDIUM_ROLES_CLAIM, STUDIUM_INSTITUTIONS_CLAIM) go with --issuer; \
             a development issuer has names of its own"
        );
        Ok(())
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
        if let Some(file) = &self.development_issuer {
            return Ok(Verifier::development(&DevelopmentIssuer::load_or_create(file)?, &self.audience));
        }
        let expected = Expected {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            roles: self.roles_claim.clone(),
            institutions: self.institutions_claim.clone(),
        };
        match &self.jwks_url {
            Some(url) => Verifier::from_url(url, expected).await,
            None => Verifier::discover(expected).await,
        }
    }

    /// How long running requests may take to finish at the end.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// Every setting as it is in force, secrets hidden.
    pub fn shown(&self) -> Vec<(String, String)> {
        let path = |it: &Option<PathBuf>| it.as_ref().map(|it| it.display().to_string());
        let security = &self.security;
        let allowed = Some(security.allow_plaintext.join(",")).filter(|it| !it.is_empty());
        [
            ("listen", Some(self.listen.clone())),
            ("nats", Some(hide_secrets(&self.nats))),
            ("master_key_file", self.master_key_file.as_ref().map(|it| it.display().to_string())),
            ("durability", Some(self.durability.to_string())),
            ("store", Some(hide_secrets(&self.store))),
            ("issuer", self.issuer.as_deref().map(hide_secrets)),
            ("jwks_url", self.jwks_url.as_deref().map(hide_secrets)),
            ("development_issuer", path(&self.development_issuer)),
            ("audience", Some(self.audience.clone())),
            ("roles_claim", Some(self.roles_claim.clone())),
            ("institutions_claim", Some(self.institutions_claim.clone())),
            ("drain_seconds", Some(self.drain_seconds.to_string())),
            ("tls_cert", path(&security.tls_cert)),
            ("tls_client_ca", path(&security.tls_client_ca)),
            ("allow_plaintext", allowed),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .chain(self.limits.shown().map(|(name, value)| (name.to_owned(), value.to_string())))
        .collect()
    }

    /// Logs every setting as it is in force, secrets hidden.
    pub fn announce(&self, service: &str) {
        let shown: Vec<_> = self.shown().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        tracing::info!(service, settings = shown.join(" "), "starting");
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

/// Whether only this machine's own programs reach an address to listen on.
fn is_of_this_machine(listen: &str) -> bool {
    studium_log::address::is_here(listen.rsplit_once(':').map_or(listen, |(host, _)| host))
}

fn jwks_url(text: &str) -> Result<String, String> {
    auth::encrypted(text).map(|()| text.to_owned())
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
        assert!(why(&[]).unwrap_err().contains("give --issuer"));
        for production in [["--jwks-url", "https://a"], ["--issuer", "https://a"]] {
            let both = [&production[..], &["--development-issuer", "key"]].concat();
            assert!(why(&both).unwrap_err().contains("https://a issues tokens for real people"), "{both:?}");
            why(&production).unwrap();
        }
        assert!(why(&["--issuer", "http://a"]).unwrap_err().contains("is no https:// URL"));
        assert!(read(&["--jwks-url", "http://a"]).unwrap_err().contains("is no https:// URL"));
        why(&["--jwks-url", "https://a", "--issuer", "x"]).unwrap();
        why(&["--development-issuer", "key"]).unwrap();
    }

    #[test]
    fn a_development_issuer_stays_on_this_machine() {
        let why = |flags: &[&str]| {
            let all = [&["--development-issuer", "key"], flags].concat();
            read(&all).unwrap().check().map_err(|e| e.to_string())
        };
        for here in ["127.0.0.1:0", "[::1]:0", "localhost:7401"] {
            why(&["--listen", here]).unwrap();
        }
        for elsewhere in ["0.0.0.0:7401", "[::]:0", "10.0.0.7:1", "campus.example:1"] {
            assert!(why(&["--listen", elsewhere]).unwrap_err().contains("for this machine only"), "{elsewhere}");
        }
        for claim in ["--roles-claim", "--institutions-claim"] {
            assert!(why(&[claim, "x"]).unwrap_err().contains("names of its own"));
        }
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
