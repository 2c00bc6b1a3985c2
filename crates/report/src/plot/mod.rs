//! Plots: axes and layers, drawn by plotters into SVG that a page's style sheet colours.

mod axis;
mod backend;

use std::borrow::Cow;
use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    AreaSeries, ChartBuilder, Circle, EmptyElement, ErrorBar, IntoDrawingArea as _, IntoFont as _,
    LineSeries, PathElement, RGBAColor, Ranged as _, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, ShapeStyle, TextStyle};

pub(crate) use self::axis::Axis;
use self::axis::Places;
use self::backend::{SCALE, SvgClasses};
use crate::ReportError;
use crate::number::short;

/// Width and height in units: where a telephone leaves 333 px for them, letters of 12 still have 10 px.
const SIZE: (u32, u32) = (400, 240);

/// Ticks of an axis; those of [`Ticks::At`] are all shown.
const MOST_TICKS: usize = 100;

/// A colour of the style sheet, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ink {
    /// One of the colours for what is shown, from 0; they come again after eight.
    Series(usize),
    /// Letters and axes.
    Axis,
    /// Lines behind the data.
    Grid,
    /// What data are compared with; broken lines.
    Reference,
    /// What needs attention.
    Alert,
    /// A place in a row, from 0 at its bottom to 1 at its top: shades of one hue.
    Shade(f64),
}

/// Shades that the style sheet has.
const SHADES: u8 = 16;

impl Ink {
    /// The number that plotters carries through as a colour, and that the class is named after.
    fn number(self) -> u8 {
        match self {
            Self::Series(index) => (index % 8) as u8 + 1,
            Self::Axis => 10,
            Self::Grid => 11,
            Self::Reference => 12,
            Self::Alert => 13,
            Self::Shade(place) => 20 + (place.clamp(0.0, 1.0) * f64::from(SHADES - 1)).round() as u8,
        }
    }

    /// The class.
    pub(crate) fn class(self) -> String {
        format!("i{}", self.number())
    }

    fn color(self, opacity: f64) -> RGBAColor {
        RGBAColor(0, 0, self.number(), opacity)
    }

    fn line(self, width: u32, opacity: f64) -> ShapeStyle {
        self.color(opacity).stroke_width(width)
    }
}

/// One thing in a plot.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    /// Points joined by a line; a faint one stands back behind others.
    Line { points: Vec<(f64, f64)>, ink: Ink, faint: bool },
    /// Like a line, with the area down to 0.
    Area { points: Vec<(f64, f64)>, ink: Ink },
    /// Dots.
    Dots { points: Vec<(f64, f64)>, ink: Ink },
    /// Short strokes along the bottom.
    Ticks { at: Vec<f64>, ink: Ink },
    /// Bars from 0: left, right, height.
    Bars { bars: Vec<(f64, f64, f64)>, ink: Ink },
    /// A mean with what is above and below it: position, low, mean, high.
    Spreads { spreads: Vec<(f64, f64, f64, f64)>, ink: Ink },
    /// Words above and to the right of points.
    Words { words: Vec<(f64, f64, String)> },
    /// Lines from the bottom to the top, with a word each.
    Marks { marks: Vec<(f64, String)>, ink: Ink },
}

/// How the ticks of an axis are named.
#[derive(Clone, Debug, Default)]
pub(crate) enum Ticks {
    /// By their value.
    #[default]
    Numbers,
    /// Not at all, since they stand between whole numbers.
    Whole,
    /// At these places alone.
    At(Vec<(f64, String)>),
}

impl Ticks {
    /// The names of 0, 1, ..., as many of them as there is room for.
    pub(crate) fn names(names: impl ExactSizeIterator<Item = String>) -> Self {
        let every = names.len().div_ceil(12).max(1);
        Self::At(names.enumerate().step_by(every).map(|(index, name)| (index as f64, name)).collect())
    }
}

/// Axes, and what stands between them.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    /// Its name in the page.
    pub(crate) id: &'static str,
    pub(crate) x: Range<f64>,
    pub(crate) y: Range<f64>,
    pub(crate) x_title: Cow<'static, str>,
    pub(crate) x_ticks: Ticks,
    pub(crate) layers: Vec<Layer>,
}

impl Plot {
    /// The drawing, with `title` and `alt` for those who can't see it. `key` tells apart plots of one kind in a page.
    pub(crate) fn svg(&self, key: &str, title: &str, alt: &str) -> Result<Markup, ReportError> {
        let mut drawing = String::new();
        self.draw(&mut drawing)
            .map_err(|error| ReportError::Plot { plot: self.id, source: error.to_string().into() })?;
        let (width, height) = SIZE;
        let (title_id, alt_id) = (format!("{}{key}-title", self.id), format!("{}{key}-alt", self.id));
        Ok(html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) role="img"
                aria-labelledby=(format!("{title_id} {alt_id}")) {
                title id=(title_id) { (title) }
                desc id=(alt_id) { (alt) }
                (PreEscaped(drawing))
            }
        })
    }

    /// Where the ticks of the horizontal axis are.
    fn x_ticks_at(&self) -> Vec<f64> {
        let round = || RangedCoordf64::from(self.x.clone()).key_points(6);
        match &self.x_ticks {
            Ticks::Numbers => round(),
            Ticks::Whole => round().into_iter().filter(|at| (at - at.round()).abs() < 1e-9).collect(),
            Ticks::At(places) => places.iter().map(|place| place.0).collect(),
        }
    }

    fn draw(
        &self,
        out: &mut String,
    ) -> Result<(), plotters::drawing::DrawingAreaErrorKind<std::convert::Infallible>> {
        let scale = SCALE as u32;
        let area = SvgClasses::new(out, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(8 * scale)
            .margin_right(12 * scale)
            .x_label_area_size(36 * scale)
            .y_label_area_size(44 * scale)
            .build_cartesian_2d(Places::new(self.x.clone(), self.x_ticks_at()), self.y.clone())?;
        let letters = |size: u32| -> TextStyle<'static> {
            ("sans-serif", size * scale).into_font().color(&Ink::Axis.color(1.0))
        };
        let name = |value: &f64| match &self.x_ticks {
            Ticks::Numbers => short(*value),
            Ticks::Whole => short(value.round()),
            Ticks::At(places) => {
                let place = places.iter().find(|place| place.0.total_cmp(value).is_eq());
                place.map(|place| place.1.clone()).unwrap_or_default()
            }
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(MOST_TICKS)
            .y_labels(6)
            .x_label_formatter(&name)
            .y_label_formatter(&|value| short(*value))
            .label_style(letters(12))
            .axis_desc_style(letters(12))
            .x_desc(self.x_title.as_ref())
            .set_all_tick_mark_size(4 * scale)
            .axis_style(Ink::Axis.line(scale, 1.0))
            .bold_line_style(Ink::Grid.line(scale, 1.0))
            .light_line_style(Ink::Grid.line(0, 0.0))
            .draw()?;

        let spreads = self.layers.iter().map(|layer| match layer {
            Layer::Spreads { spreads, .. } => spreads.len() as u32,
            _ => 0,
        });
        // Narrower where many stand side by side.
        let width = (300 / spreads.sum::<u32>().max(1)).clamp(4, 10);
        for layer in &self.layers {
            match layer {
                Layer::Line { points, ink, faint } => {
                    let style = if *faint { ink.line(scale, 0.4) } else { ink.line(2 * scale, 1.0) };
                    chart.draw_series(LineSeries::new(thinned(points, &self.x), style))?;
                }
                Layer::Area { points, ink } => {
                    let line = ink.line(2 * scale, 1.0);
                    let thinned = thinned(points, &self.x);
                    chart.draw_series(
                        AreaSeries::new(thinned, self.y.start, ink.color(0.15)).border_style(line),
                    )?;
                }
                Layer::Dots { points, ink } => {
                    let style = ink.color(1.0).filled();
                    chart.draw_series(points.iter().map(|&point| Circle::new(point, 3 * scale, style)))?;
                }
                Layer::Ticks { at, ink } => {
                    let height = self.y.start + (self.y.end - self.y.start) * 0.05;
                    let stroke =
                        |&x: &f64| PathElement::new([(x, self.y.start), (x, height)], ink.line(scale, 0.7));
                    chart.draw_series(at.iter().map(stroke))?;
                }
                Layer::Bars { bars, ink } => {
                    let style = ink.color(0.75).filled();
                    let rectangle = |&(left, right, height): &(f64, f64, f64)| {
                        Rectangle::new([(left, self.y.start.max(0.0)), (right, height)], style)
                    };
                    chart.draw_series(bars.iter().filter(|bar| bar.2 > 0.0).map(rectangle))?;
                }
                Layer::Spreads { spreads, ink } => {
                    let style = ink.color(1.0).filled().stroke_width(2 * scale);
                    chart.draw_series(spreads.iter().map(|&(at, low, mean, high)| {
                        ErrorBar::new_vertical(at, low, mean, high, style, width * scale)
                    }))?;
                }
                Layer::Words { words } => {
                    let style = letters(11).pos(Pos::new(HPos::Left, VPos::Bottom));
                    let away = 4 * SCALE;
                    chart.draw_series(words.iter().map(|(x, y, word)| {
                        EmptyElement::at((*x, *y)) + Text::new(word.clone(), (away, -away / 2), style.clone())
                    }))?;
                }
                Layer::Marks { marks, ink } => {
                    let (bottom, top) = (self.y.start, self.y.end);
                    let stroke = |(x, _): &(f64, String)| {
                        PathElement::new([(*x, bottom), (*x, top)], ink.line(scale, 1.0))
                    };
                    chart.draw_series(marks.iter().map(stroke))?;
                    let style = letters(11).pos(Pos::new(HPos::Left, VPos::Top));
                    chart.draw_series(marks.iter().map(|(x, word)| {
                        EmptyElement::at((*x, top)) + Text::new(word.clone(), (3 * SCALE, 0), style.clone())
                    }))?;
                }
            }
        }
        area.present()
    }
}

/// A range that holds all values, with some room above; from 0 where `from_zero`.
pub(crate) fn range(values: impl IntoIterator<Item = f64>, from_zero: bool) -> Range<f64> {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return 0.0..1.0;
    }
    let low = if from_zero { low.min(0.0) } else { low };
    let room = if high > low { (high - low) * 0.06 } else { high.abs().max(1e-3) * 0.5 };
    (if from_zero && low == 0.0 { 0.0 } else { low - room })..high + room
}

/// How many columns a line is thinned to: two for each unit.
const COLUMNS: f64 = 800.0;

/// The points that can be told apart: in each of many narrow columns the first, the lowest, the highest and the last. A plot of
/// a hundred thousand steps looks the same and fits a page.
fn thinned(points: &[(f64, f64)], x: &Range<f64>) -> Vec<(f64, f64)> {
    if points.len() <= 4 * COLUMNS as usize {
        return points.to_vec();
    }
    let column = |point: &(f64, f64)| ((point.0 - x.start) / (x.end - x.start) * COLUMNS) as i64;
    let mut thin = Vec::new();
    for part in points.chunk_by(|one, other| column(one) == column(other)) {
        let by_height = |one: &usize, other: &usize| part[*one].1.total_cmp(&part[*other].1);
        let lowest = (0..part.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..part.len()).max_by(by_height).unwrap_or(0);
        let mut kept = [0, lowest, highest, part.len() - 1];
        kept.sort_unstable();
        thin.extend(
            kept.iter()
                .enumerate()
                .filter(|(at, index)| *at == 0 || kept[at - 1] != **index)
                .map(|(_, &index)| part[index]),
        );
    }
    thin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(layers: Vec<Layer>) -> Plot {
        Plot { id: "p", x: 0.0..10.0, y: 0.0..1.0, x_title: "step".into(), x_ticks: Ticks::Numbers, layers }
    }

    #[test]
    fn colours_are_classes_and_texts_are_there() {
        let line = Layer::Line { points: vec![(0.0, 0.0), (10.0, 1.0)], ink: Ink::Series(1), faint: false };
        let svg = plot(vec![line]).svg("", "Loss <b>", "It falls").unwrap().into_string();
        assert!(svg.contains("Loss &lt;b&gt;") && svg.contains("<desc id=\"p-alt\">It falls"), "{svg}");
        assert!(
            svg.contains("class=\"i2\"") && svg.contains(">step</text>") && svg.contains(">0.4</text>"),
            "{svg}"
        );
        assert!(!svg.contains("rgb(") && !svg.contains('#'), "{svg}");
    }

    #[test]
    fn a_line_goes_where_its_points_are() {
        let line = Layer::Line { points: vec![(0.0, 0.0), (10.0, 1.0)], ink: Ink::Series(0), faint: false };
        let svg = plot(vec![line]).svg("", "", "").unwrap().into_string();
        // From the lower left to the upper right corner of what margins and labels leave of 400 x 240.
        assert!(svg.contains("d=\"M44 203.9L387.9 8\""), "{svg}");
    }

    #[test]
    fn a_thin_line_keeps_its_peaks() {
        let points: Vec<(f64, f64)> =
            (0..100_000).map(|n| (f64::from(n), if n == 54_321 { 9.0 } else { f64::from(n % 7) })).collect();
        let thin = thinned(&points, &(0.0..100_000.0));
        assert!(thin.len() <= 3300 && thin.contains(&(54_321.0, 9.0)), "{}", thin.len());
        assert_eq!((thin[0], thin[thin.len() - 1]), (points[0], points[99_999]));
        assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_range_has_room_even_for_one_value() {
        assert_eq!(range([], true), 0.0..1.0);
        let one = range([0.5], false);
        assert!(one.start < 0.5 && one.end > 0.5);
        assert_eq!(range([1.0, 2.0], true).start.to_bits(), 0);
    }
}
