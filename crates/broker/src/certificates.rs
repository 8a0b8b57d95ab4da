//! Certificates for a platform on one machine: an authority of its own, and what it signs for a month at most.

use crate::{reload, secret};
use anyhow::{Context as _, Result};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where they are, beside what the broker keeps.
const FOLDER: &str = "tls";

/// The names of the authority's files, and of the servers' own certificate.
const AUTHORITY: &str = "ca";
const BROKER: &str = "broker";

/// How long what the authority signs is good, days. It is signed anew at every start, and while all runs.
const DAYS: i64 = 30;

/// How long a partner's certificate is good, days: people carry it, and it opens nothing without the partner's key.
const PARTNER_DAYS: i64 = 90;

/// How long the authority is good, days; its own certificate, too, is made anew at every start.
const AUTHORITY_DAYS: i64 = 3650;

/// The folder with the certificates of the servers on a directory.
#[derive(Debug, Clone)]
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// What is there already; `None` when the servers on `dir` speak plaintext.
    pub fn of(dir: &Path) -> Option<Self> {
        let it = Self { folder: dir.join(FOLDER) };
        it.path(AUTHORITY, "key").exists().then_some(it)
    }

    /// Signs a certificate for the broker and each of these users and services, and makes the authority when there is none.
    ///
    /// # Errors
    /// When a file can be neither read nor written.
    pub fn sign(dir: &Path, names: &[&str]) -> Result<Self> {
        let it = Self { folder: dir.join(FOLDER) };
        fs::create_dir_all(&it.folder).with_context(|| format!("cannot write to {}", it.folder.display()))?;
        let key = it.authority_key()?;
        let params = authority(Timestamp::now())?;
        secret::replace(&it.path(AUTHORITY, "pem"), params.self_signed(&key)?.pem().as_bytes())?;
        let issuer = Issuer::new(params, key);
        for name in names.iter().chain(&[BROKER]) {
            let key = KeyPair::generate()?;
            let certificate = leaf(name, Timestamp::now())?.signed_by(&key, &issuer)?;
            // In one file: two files cannot be replaced at the same moment.
            secret::replace(&it.path(name, "pem"), (certificate.pem() + &key.serialize_pem()).as_bytes())?;
        }
        Ok(it)
    }

    /// The same while servers run on `dir`: they and the services show the new ones from then on.
    ///
    /// # Errors
    /// As [`Certificates::sign`], and when a server does not take its own.
    pub async fn renew(dir: &Path, names: &[&str]) -> Result<()> {
        Self::sign(dir, names)?;
        reload::reload(&fs::canonicalize(dir)?).await
    }

    /// A certificate with its private key for a partner's connections to the broker, PEM.
    ///
    /// # Errors
    /// When the authority's key cannot be read.
    pub fn of_partner(&self, institution: &str) -> Result<String> {
        let now = Timestamp::now();
        let issuer = Issuer::new(authority(now)?, self.authority_key()?);
        let key = KeyPair::generate()?;
        let mut params = named(&format!("partner {institution}"), now, PARTNER_DAYS)?;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // It connects, and never answers in anybody's name.
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Ok(params.signed_by(&key, &issuer)?.pem() + &key.serialize_pem())
    }

    /// Who is to be believed.
    pub fn authority(&self) -> PathBuf {
        self.path(AUTHORITY, "pem")
    }

    /// The certificate of a user or service, and its private key in the same file.
    pub fn identity(&self, name: &str) -> PathBuf {
        self.path(name, "pem")
    }

    /// What an address of the broker says of them.
    pub(crate) fn parameters(&self, name: &str) -> String {
        let identity = self.identity(name);
        let plain = |it: &Path| {
            it.display().to_string().replace('%', "%25").replace('&', "%26").replace(',', "%2C").replace('@', "%40")
        };
        format!("?ca={}&cert={}&key={}", plain(&self.authority()), plain(&identity), plain(&identity))
    }

    /// The servers' part of their configuration, for clients and for each other.
    pub(crate) fn configuration(&self) -> String {
        let (own, authority) = (self.identity(BROKER), self.authority());
        let [own, authority] = [&own, &authority].map(|it| it.display().to_string());
        format!("tls {{ cert_file: {own:?}, key_file: {own:?}, ca_file: {authority:?}, verify: true, timeout: 10 }}\n")
    }

    fn authority_key(&self) -> Result<KeyPair> {
        let path = self.path(AUTHORITY, "key");
        if !path.exists() {
            secret::replace(&path, KeyPair::generate()?.serialize_pem().as_bytes())?;
        }
        let shown = path.display();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
        KeyPair::from_pem(&text).with_context(|| format!("{shown} holds no private key"))
    }

    fn path(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{name}.{kind}"))
    }
}

/// The same at every start but for its dates, so that what an earlier one signed stays good.
fn authority(now: Timestamp) -> Result<CertificateParams> {
    let mut params = named("Studium on this machine", now, AUTHORITY_DAYS)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// Good for this machine, and for both ends of a connection.
fn leaf(name: &str, now: Timestamp) -> Result<CertificateParams> {
    let mut params = named(name, now, DAYS)?;
    params.subject_alt_names =
        CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(str::to_owned))?.subject_alt_names;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

/// From yesterday on, for clocks differ.
fn named(name: &str, now: Timestamp, days: i64) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let today = now.to_zoned(TimeZone::UTC).date();
    let midnight = |date: jiff::civil::Date| date_time_ymd(date.year().into(), date.month() as u8, date.day() as u8);
    params.not_before = midnight(today.checked_sub(1.day())?);
    params.not_after = midnight(today.checked_add(days.days())?);
    Ok(params)
}
