//! Rosters as people write them, good ones and bad ones, and what is told of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::{fs, path::Path};
use studium_proto::campus::v1::{MemberDescribed, RosterCounts, RosterOutcome, RosterRowAnswer, RosterSummary};
use tempfile::{TempDir, tempdir};

fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn table(text: &str) -> Result<Source> {
    let dir = tempdir().unwrap();
    source::table(&write(dir.path(), "roster.csv", text), "roster.csv".into())
}

fn export(files: &[(&str, &str)]) -> TempDir {
    let dir = tempdir().unwrap();
    for (name, text) in files {
        write(dir.path(), name, text);
    }
    dir
}

#[test]
fn columns_come_in_any_order() {
    let text = "class,shoe size,external_id,status,email,test_user\nstudent,42,s1,active,a@b.c,yes\nstaff,43,t1,,,\n";
    let source = table(text).unwrap();
    assert_eq!(source.unused_columns, ["shoe size"]);
    let it = &source.rows[0];
    let told = (it.row, it.external_id.as_str(), it.class.as_str(), it.email.as_str(), it.status.as_str());
    assert_eq!((told, it.test_user), ((2, "s1", "student", "a@b.c", "active"), Some(true)));
    assert_eq!((source.rows[1].test_user, source.rows[1].department.as_str()), (None, ""));
}

#[test]
fn an_empty_file_is_no_roster_and_one_with_names_alone_has_no_rows() {
    assert!(table("").unwrap_err().to_string().contains("is empty"));
    assert!(table("external_id,class\n").unwrap().rows.is_empty());
    assert!(table("external_id,name\ns1,Ada\n").unwrap_err().to_string().contains("no column class"));
}

#[test]
fn a_row_that_is_cut_is_a_row_all_the_same() {
    let source = table("external_id,class,name\ns1,student,Ada\ns2,stud").unwrap();
    let last = &source.rows[1];
    assert_eq!((source.rows.len(), last.row, last.external_id.as_str()), (2, 3, ""));
    assert!(!last.unreadable.is_empty());
    // That the last line has no end says nothing.
    assert!(table("external_id,class\ns1,student").unwrap().rows[0].unreadable.is_empty());
}

#[test]
fn a_oneroster_export_is_read_with_its_quirks() {
    let users = "sourcedId,enabledUser,status,orgSourcedIds,role,givenName,familyName,email\n\
                 u1,TRUE,,\"o2,o1\",student,Ada,Lovelace,ada@b.c\nu2,TRUE,,o1,proctor,Bob,,\n\
                 u3,TRUE,tobedeleted,o9,Student,,,\nu4,TRUE,,o1,parent,,,\nu5,TRUE,,o1,ada@b.c,,,";
    let orgs = "sourcedId,name\no1,School of Law\no2,School of Arts";
    let dir = export(&[
        ("users_v1p1.csv", users),
        ("orgs_v1p1.csv", orgs),
        ("manifest_v1p1.csv", "propertyName,value\nsource.systemName,Manual"),
    ]);
    let source = oneroster::folder(dir.path(), false).unwrap();
    let told: Vec<_> =
        source.rows.iter().map(|it| (it.external_id.as_str(), it.class.as_str(), it.department.as_str())).collect();
    assert_eq!(
        told,
        [("u1", "student", "School of Arts"), ("u2", "staff", "School of Law"), ("u3", "student", ""), ("", "", "")]
    );
    assert_eq!((source.rows[0].name.as_str(), source.rows[1].name.as_str()), ("Ada Lovelace", "Bob"));
    assert_eq!((source.rows[2].status.as_str(), source.skipped["parent"]), ("tobedeleted", 1));
    // What stands where a role should is no role that is skipped: the row makes no sense.
    assert!(source.rows[3].unreadable.contains("role"));
    assert_eq!(source.unused_columns, ["enabledUser"]);
}

#[test]
fn an_export_is_not_taken_for_what_it_is_not() {
    let users = ("users.csv", "sourcedId,role,status\nu1,student,active\n");
    let manifest = |said| format!("propertyName,value\nmanifest.version,1.0\nfile.users,{said}\n");
    for (said, delta, fits) in [
        ("bulk", false, true),
        ("bulk", true, false),
        ("delta", true, true),
        ("delta", false, false),
        ("absent", false, false),
    ] {
        let dir = export(&[users, ("manifest.csv", &manifest(said))]);
        assert_eq!(oneroster::folder(dir.path(), delta).is_ok(), fits, "{said} {delta}");
    }
    let dir = export(&[users, ("users_v1p1.csv", users.1)]);
    assert!(oneroster::folder(dir.path(), false).unwrap_err().to_string().contains("several"));
    assert!(oneroster::folder(export(&[]).path(), false).is_err());
}

fn header(dry_run: bool) -> RosterHeader {
    RosterHeader { campus_id: "ou".into(), import_id: "i".into(), dry_run, ..RosterHeader::default() }
}

fn report(verdict: RosterVerdict, answers: Vec<RosterRowAnswer>, counts: RosterCounts, dry_run: bool) -> Report {
    let summary = RosterSummary { verdict: verdict.into(), counts: Some(counts), dry_run, ..RosterSummary::default() };
    let answers = answers.into_iter().map(Answer::Row).chain([Answer::Summary(summary)]).collect();
    Report::new(&header(dry_run), &Source { name: "roster.csv".into(), ..Source::default() }, answers).unwrap()
}

#[test]
fn a_difference_can_be_read() {
    let record = |department: &str| MemberDescribed {
        class: 1,
        department: department.into(),
        name: "Ada".into(),
        ..MemberDescribed::default()
    };
    let come = |n: u32| RosterRowAnswer {
        row: n,
        outcome: RosterOutcome::Added.into(),
        external_id: format!("s{n}"),
        becomes: Some(record("Law")),
        ..RosterRowAnswer::default()
    };
    let change = RosterRowAnswer {
        row: 40,
        outcome: RosterOutcome::Changed.into(),
        external_id: "x".into(),
        was: Some(record("Law")),
        becomes: Some(record("Arts")),
        ..RosterRowAnswer::default()
    };
    let answers = (2..24).map(come).chain([change]).collect();
    let counts = RosterCounts { added: 22, changed: 1, rows: 23, ..RosterCounts::default() };
    let report = report(RosterVerdict::Accepted, answers, counts, true);
    let words = report.words();
    for part in [
        "would be accepted; nothing was written",
        "22 come, 0 go, 1 change",
        "+ line 2: s2 Ada, student, Law",
        "and 2 more",
        "~ line 40: x department `Law` → `Arts`",
    ] {
        assert!(words.contains(part), "{part} is not in\n{words}");
    }
    assert!(report.outcome().is_ok());
    let json = serde_json::to_value(report.scripted()).unwrap();
    assert_eq!((json["verdict"].as_str(), json["people"].as_array().map(Vec::len)), (Some("ACCEPTED"), Some(23)));
}

#[test]
fn what_is_not_taken_in_is_a_failure() {
    let counts = |malformed| RosterCounts { malformed, rows: 9, ..RosterCounts::default() };
    for (verdict, malformed) in
        [(RosterVerdict::Quarantined, 0), (RosterVerdict::Refused, 0), (RosterVerdict::Accepted, 1)]
    {
        for dry_run in [true, false] {
            let mut report = report(verdict, vec![], counts(malformed), dry_run);
            report.applied = !dry_run;
            assert!(report.outcome().is_err(), "{verdict:?}");
        }
    }
}

#[test]
fn the_same_rows_are_one_delivery() {
    let args = |delta| RosterArgs {
        campus: "ou".into(),
        file: None,
        dir: None,
        format: None,
        dry_run: false,
        delta,
        expect_rows: None,
        made_at: None,
        import_id: None,
    };
    let source = table("external_id,class\ns1,student\n").unwrap();
    let other = table("external_id,class\ns2,student\n").unwrap();
    let id = |delta, source: &Source| args(delta).header(source).import_id;
    assert_eq!(id(false, &source), id(false, &source));
    assert_ne!(id(false, &source), id(true, &source));
    assert_ne!(id(false, &source), id(false, &other));
    let dry = RosterArgs { dry_run: true, ..args(false) };
    assert_eq!(dry.header(&source).import_id, id(false, &source));
}
