//! A transcript on paper: the credentials one below the other, each with the address where it is checked.

use super::{
    facts::{self, credit, date, hours},
    paper::{self, Paper},
    transcript_page::level,
};
use crate::transcript::{Transcript, is_over};
use studium_kit::StoreError;
use studium_proto::credentials::v1::TranscriptEntry;

/// The side of the code, points.
const CODE: f32 = 90.0;

/// The file, as of a day; the code leads to `at`.
pub fn pdf(it: &Transcript, name: Option<&str>, at: &str, now_ms: i64) -> Result<Vec<u8>, StoreError> {
    let title = "Transcript of records";
    let mut sheet = Paper::new();
    sheet.paragraph(paper::TITLE, title);
    if let Some(name) = name {
        sheet.paragraph(paper::STRONG, name);
        let whose = "The name was given by the learner who shares this. It is not part of what the issuers signed.";
        sheet.paragraph(paper::NOTE, whose);
    }
    sheet.paragraph(paper::NOTE, &format!("As of {}.", date(now_ms)));
    sheet.space(8.0);
    for entry in &it.entries {
        sheet.keep(80.0);
        sheet.paragraph(paper::HEADING, &entry.name);
        for (label, texts) in lines(entry) {
            sheet.entry(label, texts.iter().map(String::as_str));
        }
        sheet.space(8.0);
    }
    sheet.keep(60.0);
    sheet.paragraph(paper::HEADING, "Sums of what is valid");
    sheet.paragraph(paper::TEXT, &format!("{} of study", hours(it.study_minutes)));
    for it in &it.credits {
        sheet.paragraph(paper::TEXT, &credit(*it));
    }
    sheet.paragraph(paper::NOTE, "Credits of different schemes are different quantities and are not added up.");
    sheet.space(10.0);
    sheet.keep(CODE + 50.0);
    sheet.paragraph(
        paper::NOTE,
        "Paper proves nothing. What holds today, this page tells until its learner withdraws it:",
    );
    sheet.code(at, CODE);
    sheet.written(title, now_ms)
}

fn lines(it: &TranscriptEntry) -> Vec<(&'static str, Vec<String>)> {
    let hours = if it.study_minutes > 0 { hours(it.study_minutes) } else { String::new() };
    let mut lines = vec![
        ("Issued by", vec![it.issuer_name.clone()]),
        ("Awarded on", vec![date(it.awarded_ms)]),
        ("Level", vec![level(it)]),
        ("Study time", vec![hours]),
        ("Credits", it.credits.iter().copied().map(credit).collect()),
        ("Grade", vec![facts::grade(it.grade(), it.grade_millipoints)]),
        ("State", vec![facts::state(it.state(), is_over(it)).to_owned()]),
        ("Checked at", vec![it.url.clone()]),
    ];
    lines.retain(|(_, texts)| texts.iter().any(|it| !it.is_empty()));
    lines
}
