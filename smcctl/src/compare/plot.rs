// SPDX-License-Identifier: MIT OR Apache-2.0
//! A picture of a result: both distributions of each telling metric, every sample a
//! dot, and below each the ratio with its interval against 1.

use super::plan::Which;
use super::report::ComparisonReport;
use super::result::{Comparing, Row};
use super::verdict::{number, short, telling, verdict};
use crate::failure::Failure;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{register_font, FontStyle};
use std::path::Path;

const WIDTH: u32 = 900;
const HEAD: u32 = 84;
const PANEL: u32 = 230;
/// Where samples are drawn, from the left.
const LEFT: i32 = 130;
const RIGHT: i32 = 840;
const FONT: &str = "sans-serif";
/// Distinguishable also for those who see few colours.
const A: RGBColor = RGBColor(0x55, 0x6b, 0x8d);
const B: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const PALE: RGBColor = RGBColor(0xbb, 0xbb, 0xbb);

/// Draws it into a file, by the end of its name as SVG or PNG.
///
/// # Errors
/// When it cannot be written, or there is nothing to draw.
pub fn plot(comparing: &Comparing, path: &Path) -> Result<(), Failure> {
    let report = ComparisonReport::new(comparing);
    if !report.is_comparable() {
        return Err(Failure::new(format!(
            "nothing to plot: {}",
            report.verdict()
        )));
    }
    let rows: Vec<&Row> = telling(report.rows())
        .into_iter()
        .filter(|row| !row.samples.is_empty())
        .collect();
    let height = HEAD + PANEL * u32::try_from(rows.len()).unwrap_or(1);
    // A host need not have fonts.
    let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
    let drawn = if is_png(path)? {
        let area = BitMapBackend::new(path, (WIDTH, height)).into_drawing_area();
        draw(&area, comparing, &report, &rows)
    } else {
        let area = SVGBackend::new(path, (WIDTH, height)).into_drawing_area();
        draw(&area, comparing, &report, &rows)
    };
    drawn.map_err(|why| Failure::new(format!("cannot draw {}: {why}", path.display())))
}

/// Whether it is to be PNG; if not, SVG.
///
/// # Errors
/// When it is neither.
pub fn is_png(path: &Path) -> Result<bool, Failure> {
    let end = path.extension().unwrap_or_default().to_ascii_lowercase();
    match end.to_str() {
        Some("png") => Ok(true),
        Some("svg") => Ok(false),
        _ => Err(Failure::new(format!(
            "{}: expected a file that ends in .svg or .png",
            path.display()
        ))),
    }
}

type Area<D> = DrawingArea<D, Shift>;

fn draw<D: DrawingBackend>(
    area: &Area<D>,
    comparing: &Comparing,
    report: &ComparisonReport,
    rows: &[&Row],
) -> Result<(), String> {
    let words = |error: DrawingAreaErrorKind<D::ErrorType>| error.to_string();
    area.fill(&WHITE).map_err(words)?;
    let mut title = report.commands();
    if title.chars().count() > 110 {
        title = title.chars().take(109).chain(['…']).collect();
    }
    text(area, &title, (20, 22), 14, INK, HPos::Left)?;
    text(area, &verdict(comparing), (20, 46), 13, INK, HPos::Left)?;
    let names = [Which::A, Which::B].map(|which| comparing.name(which));
    for (place, row) in (0_i32..).zip(rows) {
        let top = i32::try_from(HEAD).unwrap_or(0) + place * i32::try_from(PANEL).unwrap_or(0);
        panel(area, row, &names, top)?;
    }
    area.present().map_err(words)
}

/// One metric.
fn panel<D: DrawingBackend>(
    area: &Area<D>,
    row: &Row,
    names: &[String; 2],
    top: i32,
) -> Result<(), String> {
    let better = match row.metric.better {
        super::metrics::Better::Higher => "more is better",
        super::metrics::Better::Lower => "less is better",
    };
    let title = format!("{} [{}], {better}", row.metric.name, row.metric.unit);
    text(area, &title, (20, top + 14), 15, INK, HPos::Left)?;
    let (a, b): (Vec<f64>, Vec<f64>) = row.samples.iter().copied().unzip();
    let largest = a.iter().chain(&b).copied().fold(0.0, f64::max);
    // From nothing on: a small difference is to look small.
    let scale = Scale::new(0.0, largest * 1.05);
    let axis = top + 116;
    scale.draw(area, axis, number)?;
    for (samples, name, color, line) in [(&a, &names[0], A, top + 48), (&b, &names[1], B, top + 86)]
    {
        let name: String = name.chars().take(16).collect();
        text(area, &name, (LEFT - 12, line), 14, color, HPos::Right)?;
        distribution(area, samples, &scale, color, line)?;
    }
    ratio(area, row, top + 176)
}

/// From a value to a place.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn new(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high }
    }

    #[allow(clippy::cast_possible_truncation, reason = "clamped to the picture")]
    fn place(&self, value: f64) -> i32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        LEFT + (share * f64::from(RIGHT - LEFT)).round() as i32
    }

    /// Round numbers, about five.
    fn marks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough)
            .unwrap_or(rough);
        let first = (self.low / step).ceil();
        let marks = (0..12).map(|count| (first + f64::from(count)) * step);
        marks.take_while(|mark| *mark <= self.high).collect()
    }

    fn draw<D: DrawingBackend>(
        &self,
        area: &Area<D>,
        line: i32,
        words: fn(f64) -> String,
    ) -> Result<(), String> {
        stroke(area, [(LEFT, line), (RIGHT, line)], PALE, 1)?;
        for mark in self.marks() {
            let place = self.place(mark);
            stroke(area, [(place, line), (place, line + 4)], PALE, 1)?;
            text(
                area,
                &words(mark),
                (place, line + 13),
                11,
                INK,
                HPos::Center,
            )?;
        }
        Ok(())
    }
}

/// Every sample, the middle half of them and the median.
fn distribution<D: DrawingBackend>(
    area: &Area<D>,
    samples: &[f64],
    scale: &Scale,
    color: RGBColor,
    line: i32,
) -> Result<(), String> {
    let words = |error: DrawingAreaErrorKind<D::ErrorType>| error.to_string();
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: usize| {
        sorted
            .get((sorted.len().saturating_sub(1)) * share / 4)
            .copied()
    };
    if let (Some(low), Some(high)) = (at(1), at(3)) {
        let corners = [
            (scale.place(low), line - 12),
            (scale.place(high), line + 12),
        ];
        let rectangle = Rectangle::new(corners, color.mix(0.25).filled());
        area.draw(&rectangle).map_err(words)?;
    }
    if let Some(median) = super::statistics::median(sorted.clone()) {
        let place = scale.place(median);
        stroke(area, [(place, line - 15), (place, line + 15)], color, 3)?;
    }
    // Those of the same value are beside each other.
    for (turn, sample) in samples.iter().enumerate() {
        let aside = [0, -5, 5, -9, 9].get(turn % 5).copied().unwrap_or(0);
        let place = (scale.place(*sample), line + aside);
        area.draw(&Circle::new(place, 3, color.mix(0.8).filled()))
            .map_err(words)?;
    }
    Ok(())
}

/// The ratio with its interval, and where 1 is.
fn ratio<D: DrawingBackend>(area: &Area<D>, row: &Row, line: i32) -> Result<(), String> {
    let words = |error: DrawingAreaErrorKind<D::ErrorType>| error.to_string();
    let Some(ratio) = row.compared.ratio else {
        return Ok(());
    };
    let (low, high) = row.compared.interval.unwrap_or((ratio, ratio));
    let color = if row.compared.is_clear() { B } else { A };
    let scale = Scale::new(0.0, high.max(1.0) * 1.15);
    scale.draw(area, line + 14, short)?;
    let one = scale.place(1.0);
    stroke(area, [(one, line - 14), (one, line + 14)], INK, 1)?;
    stroke(
        area,
        [(scale.place(low), line), (scale.place(high), line)],
        color,
        4,
    )?;
    let place = (scale.place(ratio), line);
    area.draw(&Circle::new(place, 6, color.filled()))
        .map_err(words)?;
    text(area, "ratio", (LEFT - 12, line - 8), 14, INK, HPos::Right)?;
    let said = match row.compared.interval {
        Some((low, high)) => format!("{} ({} to {})", short(ratio), short(low), short(high)),
        None => short(ratio),
    };
    text(area, &said, (LEFT - 12, line + 9), 11, INK, HPos::Right)
}

fn stroke<D: DrawingBackend>(
    area: &Area<D>,
    path: [(i32, i32); 2],
    color: RGBColor,
    width: u32,
) -> Result<(), String> {
    let path = PathElement::new(path.to_vec(), color.stroke_width(width));
    area.draw(&path).map_err(|error| error.to_string())
}

fn text<D: DrawingBackend>(
    area: &Area<D>,
    words: &str,
    place: (i32, i32),
    size: i32,
    color: RGBColor,
    anchor: HPos,
) -> Result<(), String> {
    let style = (FONT, size)
        .into_text_style(area)
        .color(&color)
        .pos(Pos::new(anchor, VPos::Center));
    area.draw_text(words, &style, place)
        .map_err(|error| error.to_string())
}
