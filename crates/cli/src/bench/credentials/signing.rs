//! One core, no platform: a full microcredential signed with proof and as a token, and checked as a stranger does.

use crate::progress::Output;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use studium_vc::{
    contexts::Contexts,
    did, jwt,
    keys::SigningKey,
    open_badge::{
        self, Achievement, Assessment, Badge, Credits, Evidence, Grade, Issuer, Participation, Quality, Results,
        Scheme, Score, Skill, Stackability, Supervision,
    },
    proof,
    resolver::Fetched,
    verify,
};

/// Awarded then: 30 June 2026.
const AWARDED_MS: i64 = 1_782_810_000_000;

/// What one core does in a second.
#[derive(Debug, Clone, Copy)]
pub struct Core {
    /// Bare Ed25519 signatures of a hash.
    pub bare: f64,
    /// Proofs.
    pub proof: f64,
    /// Tokens.
    pub token: f64,
    /// Credentials in both forms.
    pub proof_and_token: f64,
    /// Checks of a credential with its proof.
    pub checks: f64,
    /// Checks of a token.
    pub token_checks: f64,
}

/// Measures each for a time.
pub fn measure(time: Duration) -> Result<Core> {
    let key = SigningKey::from_seed(&[7; 32])?;
    let issuer = key.verifying_key().did_key();
    let method = did::method_id(&issuer, &key.verifying_key());
    let document = open_badge::credential(&badge(&issuer));
    let contexts = Contexts::embedded();
    let signed = proof::add(&document, &key, &method, AWARDED_MS, contexts)?.to_string();
    let token = jwt::sign(&document, &key, &method)?;
    let check = |text: &str| -> Result<()> {
        let report = verify::credential(text, &Fetched::default(), AWARDED_MS + 1_000, contexts);
        ensure!(report.outcome() == verify::Outcome::Ok, "the sample does not hold: {report:?}");
        Ok(())
    };
    let prove = || Ok(proof::add(&document, &key, &method, AWARDED_MS, contexts)?);
    let write = || Ok(jwt::sign(&document, &key, &method)?);
    Ok(Core {
        bare: rate(time, || Ok(key.sign(&[1; 64])))?,
        proof: rate(time, prove)?,
        token: rate(time, write)?,
        proof_and_token: rate(time, || Ok((prove()?, write()?)))?,
        checks: rate(time, || check(&signed))?,
        token_checks: rate(time, || check(&token))?,
    })
}

/// How often something is done in a second.
fn rate<T>(time: Duration, act: impl Fn() -> Result<T>) -> Result<f64> {
    act().context("before it was measured")?;
    let (started, mut times) = (Instant::now(), 0_u32);
    while started.elapsed() < time {
        std::hint::black_box(act()?);
        times += 1;
    }
    Ok(f64::from(times) / started.elapsed().as_secs_f64())
}

impl Core {
    /// In words.
    pub fn say(&self, output: Output) {
        output.say(format!(
            "credentials one core  signs {:.0}/s with proof and as a token (proof alone {:.0}/s, token alone {:.0}/s; {:.4} of the \
             bare limit {:.0} Ed25519 signatures/s)",
            self.proof_and_token,
            self.proof,
            self.token,
            self.proof_and_token / self.bare,
            self.bare
        ));
        output.say(format!(
            "credentials one core  checks {:.0}/s with proof, {:.0}/s as a token",
            self.checks, self.token_checks
        ));
    }

    /// As figures.
    pub fn json(&self) -> Value {
        json!({
            "bare_signatures_per_second": self.bare, "proofs_per_second": self.proof, "tokens_per_second": self.token,
            "proof_and_token_per_second": self.proof_and_token, "ratio_to_bare": self.proof_and_token / self.bare,
            "checks_per_second": self.checks, "token_checks_per_second": self.token_checks,
        })
    }
}

/// A full microcredential, as the platform issues it.
#[expect(clippy::too_many_lines, reason = "one credential, member by member")]
fn badge(issuer: &str) -> Badge {
    let event = |n: u32| Evidence {
        id: format!("urn:uuid:00000000-0000-4000-8000-{n:012}"),
        kind: "Event".into(),
        name: "ResultRecorded".into(),
        narrative: format!("Position {n} of the stream enrolment; SHA-256 of the commit: {n:064x}."),
    };
    Badge {
        id: "https://credentials.example/credentials/00000000-0000-8000-8000-000000000001".into(),
        issuer: Issuer {
            id: issuer.to_owned(),
            name: "Open University".into(),
            url: "https://credentials.example/issuers/ou".into(),
            country: String::new(),
            country_code: "GB".into(),
        },
        awarded_ms: AWARDED_MS,
        valid_from_ms: AWARDED_MS,
        valid_until_ms: Some(AWARDED_MS + 5 * 365 * 86_400_000),
        subject: "urn:uuid:00000000-0000-5000-8000-000000000002".into(),
        identity: None,
        activity_start_ms: Some(AWARDED_MS - 100 * 86_400_000),
        activity_end_ms: Some(AWARDED_MS - 86_400_000),
        credits: Some(Credits { milli: 5_000, scheme: Scheme::Ects }),
        results: Results {
            score: Some(Score { per_mille: 780, pass_mark_per_mille: 500 }),
            grade: Some(Grade::Pass),
            study_minutes: Some(7_500),
            study_hours_range: Some((100, 150)),
            learning_outcomes: vec![
                "Choose and justify a method for a question.".into(),
                "Write analyses that can be repeated.".into(),
                "Report results and their limits.".into(),
            ],
            assessment: Some(Assessment::ApplicationOfSkill),
            supervision: Some(Supervision::SupervisedOnlineWithId),
            participation: Some(Participation::Online),
            stackability: Some(Stackability::Towards("BSc Data Science".into())),
        },
        achievement: Achievement {
            id: "https://credentials.example/achievements/course~analysis~1".into(),
            kind: "MicroCredential".into(),
            name: "Applied Data Analysis".into(),
            description: "Plan, carry out and report an analysis of a real data set.".into(),
            version: Some("1".into()),
            language: Some("en".into()),
            criteria: "Pass the project.".into(),
            credits_available_milli: Some(5_000),
            eqf_level: Some(6),
            skills: vec![Skill {
                name: "perform data analysis".into(),
                url: "http://data.europa.eu/esco/skill/2b92a5b2-6758-4ee3-9fb4-b6387a55cc8f".into(),
            }],
            quality: Some(Quality {
                name: "Institutional review".into(),
                url: "https://qa.example/decisions/17".into(),
            }),
            ..Achievement::default()
        },
        evidence: (1..=4).map(event).collect(),
        status: None,
    }
}
