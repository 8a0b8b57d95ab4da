//! An address as a QR code, for a page and for paper.

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write as _;

/// Light modules around a code, without which readers do not find it (ISO/IEC 18004, § 9.1).
pub const QUIET: usize = 4;

/// The modules of a code, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qr {
    /// Modules in a row.
    pub width: usize,
    dark: Vec<bool>,
}

impl Qr {
    /// The code of a text; none if it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let dark = code.to_colors().into_iter().map(|it| it == Color::Dark).collect();
        Some(Self { width: code.width(), dark })
    }

    /// The dark modules that follow each other in a row: column, row, how many.
    pub fn bars(&self) -> Vec<(usize, usize, usize)> {
        let mut bars = Vec::new();
        for (y, row) in self.dark.chunks(self.width).enumerate() {
            let mut x = 0;
            while x < row.len() {
                let length = row[x..].iter().take_while(|it| **it).count();
                if length > 0 {
                    bars.push((x, y, length));
                }
                x += length.max(1);
            }
        }
        bars
    }

    /// The code as a picture in a page; `label` says what it is to whoever does not see it.
    pub fn svg(&self, label: &str) -> Markup {
        let side = self.width + 2 * QUIET;
        let path = self.bars().into_iter().fold(String::new(), |mut path, (x, y, length)| {
            let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
            path
        });
        html! {
            svg.qr xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {side} {side}")) role="img"
                aria-label=(label) shape-rendering="crispEdges" {
                rect width=(side) height=(side) fill="#fff" {}
                path d=(path) fill="#000" {}
            }
        }
    }
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What a reader of QR codes, not ours, reads from bars of unit height.
    pub fn read(width: usize, bars: &[(usize, usize, usize)]) -> String {
        let (side, scale) = (width + 2 * QUIET, 4);
        let is_dark = |x: usize, y: usize| {
            let (x, y) = (x / scale, y / scale);
            bars.iter()
                .any(|(from, row, length)| y == row + QUIET && (from + QUIET..from + QUIET + length).contains(&x))
        };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * scale, side * scale, |x, y| {
            if is_dark(x, y) { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_reader_reads_the_address() {
        let url = "https://credentials.example/credentials/018f6d3e-0000-4000-8000-000000000000";
        let qr = Qr::of(url).unwrap();
        assert_eq!(read(qr.width, &qr.bars()), url);
        assert!(Qr::of(&"x".repeat(3_000)).is_none());
    }
}
