//! How definitions are written and read, and what may be typed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::args::Cli;
use clap::Parser as _;
use studium_proto::credentials::v1::{AwardScheme, AwardedCredit, Supervision};

#[test]
fn a_definition_that_was_printed_is_read_again() {
    let credits = vec![AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 4_500 }];
    let definition = AchievementDefined {
        source: AchievementSource::Course as i32,
        source_id: "AAA".into(),
        source_version: 3,
        name: "Algèbre".into(),
        credits,
        supervision: Supervision::OnlineIdentified as i32,
        frameworks: vec![Framework::Cmf2022 as i32],
        ..AchievementDefined::default()
    };
    let printed = serde_json::to_string_pretty(&to_json(&definition).unwrap()).unwrap();
    assert!(printed.contains("FRAMEWORK_CMF_2022") && printed.contains("Algèbre"), "{printed}");
    assert_eq!(from_json(&printed).unwrap(), definition);
    assert_eq!(from_json(r#"{"source_id": "AAA"}"#).unwrap().source_id, "AAA");
    for wrong in ["", "{", r#"{"titel": "Algebra"}"#, r#"{"source_id": "AAA"} x"#] {
        assert!(from_json(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_belongs_together_is_typed_together() {
    let typed = |line: &str| Cli::try_parse_from(format!("studium credentials {line}").split(' '));
    for line in [
        "draft --course AAA",
        "draft --programme P --version 2",
        "define -",
        "check course~AAA~1",
        "check course~AAA~1 --rules cmf-2022,eu-2022",
        "check --file x.json",
        "check course~AAA~1 --learner ada",
        "approve course~AAA~1",
        "issue course~AAA~1 ada",
        "issue-batch course~AAA~1 learners.csv",
        "list --state withheld",
        "show course~AAA~1~ada~1 --jwt",
        "revoke course~AAA~1~ada~1 --reason id-fraud",
        "suspend course~AAA~1~ada~1 --reason academic-misconduct",
        "reinstate course~AAA~1~ada~1 --reason cleared",
        "issuer publish ou",
        "issuer key ou",
        "issuer show ou --json",
    ] {
        typed(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    }
    for line in [
        "draft",
        "draft --course A --programme P",
        "check",
        "check course~AAA~1 --file x.json",
        "check course~AAA~1 --learner ada --rules cmf-2022",
        "revoke course~AAA~1~ada~1",
        "show course~AAA~1~ada~1 --jwt --signed",
    ] {
        assert!(typed(line).is_err(), "{line}");
    }
}
