//! Paper as a program of others reads it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::public::qr;
use lopdf::{Document as Read, content::Content};

/// The text of all sheets.
pub fn text(pdf: &[u8]) -> String {
    let read = Read::load_mem(pdf).unwrap();
    let pages: Vec<_> = read.get_pages().into_keys().collect();
    read.extract_text(&pages).unwrap()
}

/// What a reader of QR codes reads from the boxes that are drawn on the last sheet.
pub fn code(pdf: &[u8]) -> String {
    let read = Read::load_mem(pdf).unwrap();
    let (_, page) = read.get_pages().into_iter().next_back().unwrap();
    let content = Content::decode(&read.get_page_content(page)).unwrap();
    let mut boxes: Vec<Vec<(f32, f32)>> = Vec::new();
    let mut flips = false;
    for it in &content.operations {
        let numbers: Vec<_> = it.operands.iter().filter_map(|it| it.as_float().ok()).collect();
        match (it.operator.as_str(), numbers.as_slice()) {
            ("m", [x, y]) => boxes.push(vec![(*x, *y)]),
            ("l", [x, y]) => boxes.last_mut().unwrap().push((*x, *y)),
            ("re", [x, y, width, height]) => boxes.push(vec![(*x, *y), (x + width, y + height)]),
            ("cm", [_, _, _, d, _, _]) => flips |= *d < 0.0,
            _ => {}
        }
    }
    let low = |at: &[f32]| at.iter().copied().fold(f32::MAX, f32::min);
    let high = |at: &[f32]| at.iter().copied().fold(f32::MIN, f32::max);
    let boxes: Vec<_> = boxes
        .iter()
        .map(|it| {
            let (xs, ys): (Vec<_>, Vec<_>) = it.iter().copied().unzip();
            (low(&xs), low(&ys), high(&xs), high(&ys))
        })
        .collect();
    let module = boxes.iter().map(|it| it.3 - it.1).fold(f32::MAX, f32::min);
    let left = boxes.iter().map(|it| it.0).fold(f32::MAX, f32::min);
    let (bottom, top) =
        (boxes.iter().map(|it| it.1).fold(f32::MAX, f32::min), boxes.iter().map(|it| it.3).fold(f32::MIN, f32::max));
    let modules = |length: f32| (length / module).round() as usize;
    let bars: Vec<_> = boxes
        .iter()
        .map(|it| {
            let row = if flips { modules(it.1 - bottom) } else { modules(top - it.3) };
            (modules(it.0 - left), row, modules(it.2 - it.0))
        })
        .collect();
    qr::tests::read(modules(top - bottom), &bars)
}

const URL: &str = "https://credentials.example/credentials/018f6d3e-0000-4000-8000-000000000000";

fn sheet() -> Vec<u8> {
    let mut paper = Paper::new();
    paper.paragraph(TITLE, "Élan à Łódź — Ἀριθμός, Алгебра");
    paper.entry("Credits", ["5 ECTS credits", "3 other credits"]);
    for it in 0..120 {
        paper.paragraph(TEXT, &format!("Line {it} of a text that is long enough to need a second sheet."));
    }
    paper.paragraph(TEXT, &"long".repeat(100));
    paper.code(URL, 110.0);
    paper.written("Algebra", 1_782_810_000_000).unwrap()
}

#[test]
fn others_read_what_is_written() {
    let pdf = sheet();
    let read = Read::load_mem(&pdf).unwrap();
    assert!(read.get_pages().len() > 1);
    let text = text(&pdf);
    for it in ["Élan à Łódź", "Ἀριθμός", "Алгебра", "5 ECTS credits", "Line 119 of a text"] {
        assert!(text.contains(it), "{it} is missing in {text}");
    }
    assert_eq!(code(&pdf), URL);
}

#[test]
fn the_same_content_gives_the_same_bytes() {
    assert_eq!(sheet(), sheet());
}

#[test]
fn no_line_is_wider_than_the_sheet() {
    let paper = Paper::new();
    let lines = paper.lines(100.0, TEXT, &format!("one two three {} four", "x".repeat(200)));
    assert!(lines.len() > 5, "{lines:?}");
    assert!(lines.iter().all(|it| paper.width(TEXT, it) <= 100.0), "{lines:?}");
    assert_eq!(lines.concat().replace(' ', "").len(), "onetwothreefour".len() + 200);
}
