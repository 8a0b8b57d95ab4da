//! Paper: sheets of A4 with text in lines, links and QR codes, written as PDF. The same content gives the same bytes.

use super::{facts::date, qr::Qr};
use krilla::{
    Data, Document,
    action::{Action, LinkAction},
    annotation::{Annotation, LinkAnnotation, Target},
    color::rgb,
    geom::{PathBuilder, Point, Rect},
    metadata::{DateTime, Metadata},
    page::PageSettings,
    paint::Fill,
    text::{Font, TextDirection},
};
use studium_kit::StoreError;
use ttf_parser::Face;

/// A4 in points (ISO 216).
const SHEET: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
/// Where the second column begins.
const COLUMN: f32 = 190.0;
/// Sheets at most: texts of people are long, but not so long.
const SHEETS_MAX: usize = 200;

/// How text is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Points.
    pub size: f32,
    /// Bold.
    pub bold: bool,
    /// Grey rather than black.
    pub faint: bool,
}

/// What a sheet is headed with.
pub const TITLE: Style = Style { size: 20.0, bold: true, faint: false };
/// What a part is headed with.
pub const HEADING: Style = Style { size: 12.0, bold: true, faint: false };
/// What is read.
pub const TEXT: Style = Style { size: 9.5, bold: false, faint: false };
/// The same, to be found.
pub const STRONG: Style = Style { size: 9.5, bold: true, faint: false };
/// What need not be read.
pub const NOTE: Style = Style { size: 8.5, bold: false, faint: true };

enum Piece {
    Line { x: f32, y: f32, style: Style, text: String },
    Link { x: f32, y: f32, width: f32, height: f32, url: String },
    Code { x: f32, y: f32, side: f32, code: Qr },
}

/// What is being written: pieces on sheets.
pub struct Paper {
    faces: Option<(Face<'static>, Face<'static>)>,
    sheets: Vec<Vec<Piece>>,
    y: f32,
}

impl Paper {
    /// An empty sheet.
    pub fn new() -> Self {
        let face = |bytes| Face::parse(bytes, 0).ok();
        let faces = face(dejavu::sans::regular()).zip(face(dejavu::sans::bold()));
        Self { faces, sheets: vec![Vec::new()], y: MARGIN }
    }

    /// A part of the page's width in lines, from `x` to the right margin.
    pub fn text(&mut self, x: f32, style: Style, text: &str) {
        for line in self.lines(SHEET.0 - MARGIN - x, style, text) {
            self.line(x, style, line);
        }
    }

    /// Text over the whole width.
    pub fn paragraph(&mut self, style: Style, text: &str) {
        self.text(MARGIN, style, text);
        self.space(style.size * 0.4);
    }

    /// A label, and beside it texts one below the other.
    pub fn entry<'a>(&mut self, label: &str, texts: impl IntoIterator<Item = &'a str>) {
        let height = TEXT.size * 1.4;
        self.keep(height);
        let (sheet, top) = (self.sheets.len(), self.y);
        self.text(MARGIN, NOTE, label);
        // Labels are short: what is beside them begins where they began.
        if self.sheets.len() == sheet {
            self.y = top;
        }
        for text in texts {
            self.text(COLUMN, TEXT, text);
        }
        self.space(2.0);
    }

    /// Nothing.
    pub fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// A QR code with its address below, which is a link.
    pub fn code(&mut self, url: &str, side: f32) {
        self.keep(side + 20.0);
        if let Some(code) = Qr::of(url) {
            let y = self.y;
            self.put(Piece::Code { x: MARGIN, y, side, code });
            self.y += side + 4.0;
        }
        let (y, height) = (self.y, NOTE.size * 1.4);
        let width = SHEET.0 - 2.0 * MARGIN;
        self.put(Piece::Link { x: MARGIN, y, width, height, url: url.to_owned() });
        self.text(MARGIN, NOTE, url);
    }

    fn put(&mut self, piece: Piece) {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.push(piece);
        }
    }

    /// Begins a new sheet unless so much fits on this one.
    pub fn keep(&mut self, height: f32) {
        if self.y + height > SHEET.1 - MARGIN && self.sheets.len() < SHEETS_MAX {
            self.sheets.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn line(&mut self, x: f32, style: Style, text: String) {
        let height = style.size * 1.4;
        self.keep(height);
        let y = self.y + style.size;
        self.put(Piece::Line { x, y, style, text });
        self.y += height;
    }

    fn width(&self, style: Style, text: &str) -> f32 {
        let Some((regular, bold)) = &self.faces else { return 0.0 };
        let face = if style.bold { bold } else { regular };
        let units: u32 = text
            .chars()
            .map(|it| face.glyph_index(it).and_then(|it| face.glyph_hor_advance(it)).unwrap_or(1_200))
            .map(u32::from)
            .sum();
        units as f32 * style.size / f32::from(face.units_per_em())
    }

    /// Breaks text between words, and within one that is too long for a line.
    fn lines(&self, width: f32, style: Style, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(style, &longer) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for letter in word.chars() {
                    line.push(letter);
                    if self.width(style, &line) > width && line.chars().nth(1).is_some() {
                        line.pop();
                        lines.push(std::mem::replace(&mut line, letter.to_string()));
                    }
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines
    }

    /// The file. `dated_ms` is what it says of its making, so that no clock is in it.
    pub fn written(self, title: &str, dated_ms: i64) -> Result<Vec<u8>, StoreError> {
        let unfit = |why: &str| StoreError::Unfit(format!("the paper cannot be written: {why}"));
        let font = |bytes: &'static [u8]| Font::new(Data::from(bytes), 0).ok_or_else(|| unfit("a font is broken"));
        let fonts = (font(dejavu::sans::regular())?, font(dejavu::sans::bold())?);
        let mut document = Document::new();
        for sheet in &self.sheets {
            let settings = PageSettings::from_wh(SHEET.0, SHEET.1).ok_or_else(|| unfit("no sheet has this size"))?;
            let mut page = document.start_page_with(settings);
            for piece in sheet {
                if let Piece::Link { x, y, width, height, url } = piece {
                    let Some(place) = Rect::from_xywh(*x, *y, *width, *height) else { continue };
                    let target = Target::Action(Action::Link(LinkAction::new(url.clone())));
                    page.add_annotation(Annotation::new_link(LinkAnnotation::new(place, target), Some(url.clone())));
                }
            }
            let mut surface = page.surface();
            for piece in sheet {
                draw(&mut surface, &fonts, piece);
            }
            surface.finish();
            page.finish();
        }
        let about = Metadata::new().title(title.to_owned()).language("en".to_owned()).producer("Studium".to_owned());
        document.set_metadata(match day(dated_ms) {
            Some(day) => about.creation_date(day),
            None => about,
        });
        document.finish().map_err(|e| unfit(&format!("{e:?}")))
    }
}

fn day(ms: i64) -> Option<DateTime> {
    let text = date(ms);
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(DateTime::new(year).month(month).day(day))
}

fn draw(surface: &mut krilla::surface::Surface<'_>, fonts: &(Font, Font), piece: &Piece) {
    let ink = |level| Some(Fill { paint: rgb::Color::new(level, level, level).into(), ..Fill::default() });
    match piece {
        Piece::Line { x, y, style, text } => {
            let font = if style.bold { &fonts.1 } else { &fonts.0 };
            surface.set_fill(ink(if style.faint { 80 } else { 0 }));
            let at = Point::from_xy(*x, *y);
            surface.draw_text(at, font.clone(), style.size, text, false, TextDirection::Auto);
        }
        Piece::Code { x, y, side, code } => {
            let module = side / code.width as f32;
            let mut path = PathBuilder::new();
            for (column, row, length) in code.bars() {
                let (left, top) = (x + column as f32 * module, y + row as f32 * module);
                if let Some(bar) = Rect::from_xywh(left, top, length as f32 * module, module) {
                    path.push_rect(bar);
                }
            }
            surface.set_fill(ink(0));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Piece::Link { .. } => {}
    }
}

#[cfg(test)]
pub mod tests;
