//! Ratios as bars.

use anyhow::{Result, anyhow};
use plotters::prelude::{
    ChartBuilder, Color, IntoDrawingArea as _, IntoFont as _, PathElement, RGBColor, Rectangle, SVGBackend, Text, WHITE,
};
use std::path::Path;

/// Pixels of the plot, and of one bar.
const WIDTH: u32 = 900;
const BAR: u32 = 24;
const REST: u32 = 56;

const BARS: RGBColor = RGBColor(150, 190, 230);
const INK: RGBColor = RGBColor(30, 30, 30);

/// Draws a bar for each ratio, and a line where the limit is.
///
/// # Errors
/// When the file cannot be written.
pub fn bars(path: &Path, ratios: &[(String, f64)]) -> Result<()> {
    draw(path, ratios).map_err(|e| anyhow!("cannot draw {}: {e}", path.display()))
}

fn draw(path: &Path, ratios: &[(String, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    let many = ratios.len() as u32;
    let area = SVGBackend::new(path, (WIDTH, REST + BAR * many)).into_drawing_area();
    area.fill(&WHITE)?;
    let most = ratios.iter().map(|it| it.1).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(&area)
        .margin(10)
        .x_label_area_size(30)
        .build_cartesian_2d(0.0..most * 1.02, 0.0..f64::from(many))?;
    chart.configure_mesh().disable_y_mesh().disable_y_axis().x_desc("ratio").draw()?;
    let font = ("sans-serif", 13).into_font();
    // The first on top.
    for ((name, ratio), row) in ratios.iter().rev().zip(0..) {
        let (low, high) = (f64::from(row) + 0.12, f64::from(row) + 0.88);
        chart.draw_series([Rectangle::new([(0.0, low), (*ratio, high)], BARS.filled())])?;
        let label = format!("{name}: {ratio:.2}");
        chart.draw_series([Text::new(label, (most * 0.005, high - 0.12), font.clone().color(&INK))])?;
    }
    chart.draw_series([PathElement::new([(1.0, 0.0), (1.0, f64::from(many))], INK)])?;
    area.present()?;
    Ok(())
}
