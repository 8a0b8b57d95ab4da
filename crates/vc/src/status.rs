//! Bitstring Status List 1.0: one bit for each credential, so that whoever asks for a list does not say for which.

use crate::{contexts::CREDENTIALS_V2, times};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use flate2::{Compression, GzBuilder, bufread::GzDecoder};
use serde_json::{Value, json};
use std::{
    fmt,
    io::{Read, Write},
};
use thiserror::Error;

/// The shortest list, so that the credentials in it hide among each other: 16 KiB.
pub const ENTRIES_MIN: usize = 131_072;
/// The longest list that is unpacked: 16 MiB.
pub const ENTRIES_MAX: usize = 134_217_728;

/// A status list or an entry for it is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StatusError {
    /// Too short, too long, or not whole bytes.
    #[error("a status list has {ENTRIES_MIN} to {ENTRIES_MAX} entries in whole bytes, not {0}")]
    Length(usize),
    /// The credential's number is beyond the list.
    #[error("the list has no entry {0}")]
    Range(usize),
    /// The text does not unpack to a list.
    #[error("the status list cannot be unpacked: {0}")]
    Encoding(String),
    /// A member of an entry or a list is missing or has no form that can be read.
    #[error("`{member}` {why}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// What a set bit means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The credential is withdrawn for good.
    Revocation,
    /// It is not to be relied on for the time being.
    Suspension,
    /// Something of which only a reader can say what it means for them, for instance `refresh`.
    Other(String),
}

impl Purpose {
    fn read(text: &str) -> Self {
        match text {
            "revocation" => Self::Revocation,
            "suspension" => Self::Suspension,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Other(it) => it,
        })
    }
}

/// The bits. The first is the left-most of the first byte.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList(Vec<u8>);

impl StatusList {
    /// A list in which no bit is set.
    pub fn new(entries: usize) -> Result<Self, StatusError> {
        if !entries.is_multiple_of(8) || !(ENTRIES_MIN..=ENTRIES_MAX).contains(&entries) {
            return Err(StatusError::Length(entries));
        }
        Ok(Self(vec![0; entries / 8]))
    }

    /// How many credentials it has a bit for.
    pub fn entries(&self) -> usize {
        self.0.len() * 8
    }

    /// The bit of one credential.
    pub fn get(&self, index: usize) -> Result<bool, StatusError> {
        let byte = self.0.get(index / 8).ok_or(StatusError::Range(index))?;
        Ok(byte & mask(index) != 0)
    }

    /// Sets or clears the bit of one credential.
    pub fn set(&mut self, index: usize, on: bool) -> Result<(), StatusError> {
        let byte = self.0.get_mut(index / 8).ok_or(StatusError::Range(index))?;
        if on {
            *byte |= mask(index);
        } else {
            *byte &= !mask(index);
        }
        Ok(())
    }

    /// `u` and the packed bits in base64url. The same list gives the same text: no time, no name, one level.
    pub fn encode(&self) -> Result<String, StatusError> {
        let failed = |e: std::io::Error| StatusError::Encoding(e.to_string());
        let mut packer = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
        packer.write_all(&self.0).map_err(failed)?;
        Ok(format!("u{}", BASE64URL.encode(packer.finish().map_err(failed)?)))
    }

    /// Unpacks a list; one that would fill the memory is given up in time.
    pub fn decode(text: &str) -> Result<Self, StatusError> {
        let wrong = |why: &str| StatusError::Encoding(why.to_owned());
        let digits = text.strip_prefix('u').ok_or_else(|| wrong("no `u` for base64url in front"))?;
        let packed = BASE64URL.decode(digits).map_err(|_| wrong("not base64url without padding"))?;
        let mut unpacker = GzDecoder::new(&packed[..]);
        let mut bits = Vec::new();
        let cap = (ENTRIES_MAX / 8) as u64 + 1;
        (&mut unpacker).take(cap).read_to_end(&mut bits).map_err(|e| StatusError::Encoding(e.to_string()))?;
        if !(ENTRIES_MIN / 8..=ENTRIES_MAX / 8).contains(&bits.len()) {
            return Err(StatusError::Length(bits.len() * 8));
        }
        if !unpacker.into_inner().is_empty() {
            return Err(wrong("something follows the packed bits"));
        }
        Ok(Self(bits))
    }
}

impl fmt::Debug for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: u32 = self.0.iter().map(|it| it.count_ones()).sum();
        write!(f, "StatusList({set} of {} set)", self.entries())
    }
}

fn mask(index: usize) -> u8 {
    0x80 >> (index % 8)
}

/// Where a credential's status is: which bit of which list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// The URL of the list credential.
    pub list: String,
    /// What the bit means.
    pub purpose: Purpose,
    /// The number of the bit.
    pub index: usize,
}

impl StatusEntry {
    /// The member `credentialStatus` of a credential.
    pub fn to_json(&self) -> Value {
        json!({
            "id": format!("{}#{}", self.list, self.index),
            "type": "BitstringStatusListEntry",
            "statusPurpose": self.purpose.to_string(),
            "statusListIndex": self.index.to_string(),
            "statusListCredential": self.list,
        })
    }

    /// Reads one entry of the type `BitstringStatusListEntry`.
    pub fn read(entry: &Value) -> Result<Self, StatusError> {
        let text = |member: &'static str| {
            entry[member].as_str().ok_or(StatusError::Member { member, why: "is missing or not a text" })
        };
        let wrong = |member, why| StatusError::Member { member, why };
        if entry["type"] != "BitstringStatusListEntry" && entry["type"] != json!(["BitstringStatusListEntry"]) {
            return Err(wrong("type", "is not BitstringStatusListEntry"));
        }
        let (list, index) = (text("statusListCredential")?, text("statusListIndex")?);
        if !crate::data_model::is_url(list) {
            return Err(wrong("statusListCredential", "is not a URL"));
        }
        if entry["id"] == list {
            return Err(wrong("id", "is the list's; an entry has its own"));
        }
        let digits = !index.is_empty() && index.bytes().all(|it| it.is_ascii_digit());
        let index = index.parse().ok().filter(|_| digits);
        let index = index.ok_or(wrong("statusListIndex", "is not a whole number in decimal digits"))?;
        let size = &entry["statusSize"];
        if !size.is_null() && *size != 1 {
            return Err(wrong("statusSize", "is not 1; more than one bit for a status is not supported"));
        }
        Ok(Self { list: list.to_owned(), purpose: Purpose::read(text("statusPurpose")?), index })
    }
}

/// What a list credential says beside its bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTerms<'a> {
    /// Its URL, where it can be fetched.
    pub id: &'a str,
    /// Whose credentials it is about: the same issuer's.
    pub issuer: &'a str,
    /// What a set bit means.
    pub purpose: Purpose,
    /// From when on it tells the status.
    pub valid_from_ms: i64,
    /// Until when it may be kept, if there is an end.
    pub valid_until_ms: Option<i64>,
}

/// The list as a credential, still to be signed by its issuer.
pub fn list_credential(terms: &ListTerms<'_>, list: &StatusList) -> Result<Value, StatusError> {
    let mut credential = json!({
        "@context": [CREDENTIALS_V2],
        "id": terms.id,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": terms.issuer,
        "validFrom": times::format(terms.valid_from_ms),
        "credentialSubject": {
            "id": format!("{}#list", terms.id),
            "type": "BitstringStatusList",
            "statusPurpose": terms.purpose.to_string(),
            "encodedList": list.encode()?,
        },
    });
    if let Some(until) = terms.valid_until_ms {
        credential["validUntil"] = times::format(until).into();
    }
    Ok(credential)
}

/// Purpose and bits of a list credential; whether it is genuine must have been checked before.
pub fn read_list(credential: &Value) -> Result<(Purpose, StatusList), StatusError> {
    let wrong = |member, why| StatusError::Member { member, why };
    if !crate::loss::strings(&credential["type"]).any(|it| it == "BitstringStatusListCredential") {
        return Err(wrong("type", "is not BitstringStatusListCredential"));
    }
    let subject = &credential["credentialSubject"];
    if !crate::loss::strings(&subject["type"]).any(|it| it == "BitstringStatusList") {
        return Err(wrong("credentialSubject.type", "is not BitstringStatusList"));
    }
    let purpose = subject["statusPurpose"].as_str();
    let purpose = purpose.ok_or(wrong("credentialSubject.statusPurpose", "is missing or not a text"))?;
    let encoded = subject["encodedList"].as_str();
    let encoded = encoded.ok_or(wrong("credentialSubject.encodedList", "is missing or not a text"))?;
    Ok((Purpose::read(purpose), StatusList::decode(encoded)?))
}
