//! Draws a [`Plot`] with plotters.

use std::convert::Infallible;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::{
    AreaSeries, ChartBuilder, Circle, ErrorBar, IntoDrawingArea as _, IntoFont as _, LineSeries, PathElement,
    Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, TextStyle};

use super::axis::TickedAxis;
use super::backend::{SCALE, SvgClasses};
use super::figure::{Ink, LETTERS, Layer, Plot, SIZE, Tick};
use super::layout::{BOTTOM, Layout, TOP, Words};
use super::measure::{fitted, width};
use super::range::thinned;

/// More ticks than the layout ever chooses, so that plotters leaves none out.
const ALL_TICKS: usize = 100;
/// The font size of words in a plot.
const SMALL: u32 = 11;
/// Rows of words at the top of a plot.
const ROWS: usize = 3;

type Done = Result<(), DrawingAreaErrorKind<Infallible>>;
type Area<'a> = DrawingArea<SvgClasses<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SvgClasses<'b>, Cartesian2d<TickedAxis, TickedAxis>>;

fn letters(size: u32) -> TextStyle<'static> {
    ("sans-serif", size * SCALE as u32).into_font().color(&Ink::Axis.color(1.0))
}

/// The name of the tick at a place.
fn name_at(places: &[Tick], value: f64) -> String {
    let place = places.iter().find(|place| place.0.total_cmp(&value).is_eq());
    place.map(|place| place.1.clone()).unwrap_or_default()
}

impl Plot {
    pub(super) fn draw(&self, out: &mut String) -> Done {
        let layout = Layout::of(self);
        let scale = SCALE as u32;
        let area = SvgClasses::new(out, SIZE).into_drawing_area();
        let at = |places: &[Tick]| places.iter().map(|place| place.0).collect();
        let mut chart = ChartBuilder::on(&area)
            .margin_top(TOP * scale)
            .margin_right(layout.right as u32 * scale)
            .x_label_area_size(BOTTOM * scale)
            .y_label_area_size(layout.left as u32 * scale)
            .build_cartesian_2d(
                TickedAxis::new(self.x.clone(), at(&layout.x)),
                TickedAxis::new(self.y.clone(), at(&layout.y)),
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(ALL_TICKS)
            .y_labels(ALL_TICKS)
            .x_label_formatter(&|value| name_at(&layout.x, *value))
            .y_label_formatter(&|value| name_at(&layout.y, *value))
            .label_style(letters(LETTERS))
            .axis_desc_style(letters(LETTERS))
            .x_desc(layout.x_title.as_str())
            .set_all_tick_mark_size(4 * scale)
            .axis_style(Ink::Axis.line(scale, 1.0))
            .bold_line_style(Ink::Grid.line(scale, 1.0))
            .light_line_style(Ink::Grid.line(0, 0.0))
            .draw()?;
        let mut words = Words::default();
        for layer in &self.layers {
            self.draw_layer(&mut chart, layer)?;
            match layer {
                Layer::Words { words: named } => self.draw_words(&area, &layout, named, &mut words)?,
                Layer::Marks { marks, .. } => self.draw_words_of_marks(&area, &layout, marks, &mut words)?,
                _ => {}
            }
        }
        area.present()
    }

    fn draw_layer(&self, chart: &mut Chart<'_, '_>, layer: &Layer) -> Done {
        let scale = SCALE as u32;
        match layer {
            Layer::Line { points, ink, faint } => {
                let style = if *faint { ink.line(scale, 0.4) } else { ink.line(2 * scale, 1.0) };
                // A NaN is a gap in the line.
                for part in points.split(|point| !is_finite(point)) {
                    match part {
                        [] => {}
                        // A line through one point can't be seen.
                        [point] => {
                            let dot = Circle::new(*point, 2 * scale, ink.color(1.0).filled());
                            chart.draw_series([dot])?;
                        }
                        part => {
                            chart.draw_series(LineSeries::new(thinned(part, &self.x), style))?;
                        }
                    }
                }
            }
            Layer::Area { points, ink } => {
                let points: Vec<(f64, f64)> = finite(points).collect();
                let line = ink.line(2 * scale, 1.0);
                let thinned = thinned(&points, &self.x);
                chart.draw_series(
                    AreaSeries::new(thinned, self.y.start, ink.color(0.15)).border_style(line),
                )?;
            }
            Layer::Dots { points, ink } => {
                let style = ink.color(1.0).filled();
                let points = thinned(&finite(points).collect::<Vec<_>>(), &self.x);
                chart.draw_series(points.into_iter().map(|point| Circle::new(point, 3 * scale, style)))?;
            }
            Layer::Cloud { points, ink } => {
                let style = ink.color(0.45).filled();
                let radius = 2 * scale + scale / 2;
                chart.draw_series(finite(points).map(|point| Circle::new(point, radius, style)))?;
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
                let is_drawn = |bar: &&(f64, f64, f64)| bar.2 > 0.0 && bar.2.is_finite();
                chart.draw_series(bars.iter().filter(is_drawn).map(rectangle))?;
            }
            Layer::Spreads { spreads, ink } => {
                let style = ink.color(1.0).filled().stroke_width(2 * scale);
                let width = self.width_of_spreads() * scale;
                let is_drawn = |&&(at, low, mean, high): &&(f64, f64, f64, f64)| {
                    [at, low, mean, high].iter().all(|value| value.is_finite())
                };
                chart.draw_series(spreads.iter().filter(is_drawn).map(|&(at, low, mean, high)| {
                    ErrorBar::new_vertical(at, low, mean, high, style, width)
                }))?;
            }
            Layer::Marks { marks, ink } => {
                let (bottom, top) = (self.y.start, self.y.end);
                let stroke = |(x, _): &(f64, String)| {
                    PathElement::new([(*x, bottom), (*x, top)], ink.line(scale, 1.0))
                };
                chart.draw_series(marks.iter().map(stroke))?;
            }
            Layer::Words { .. } => {}
        }
        Ok(())
    }

    /// The width of an error bar's ends: smaller if there are many.
    fn width_of_spreads(&self) -> u32 {
        let spreads = self.layers.iter().map(|layer| match layer {
            Layer::Spreads { spreads, .. } => spreads.len() as u32,
            _ => 0,
        });
        (300 / spreads.sum::<u32>().max(1)).clamp(4, 10)
    }

    /// Draws words above and to the right of their points, or to the left if there is no room.
    fn draw_words(
        &self,
        area: &Area<'_>,
        layout: &Layout,
        named: &[(f64, f64, String)],
        words: &mut Words,
    ) -> Done {
        for (x, y, word) in named.iter().filter(|(x, y, _)| is_finite(&(*x, *y))) {
            let height = f64::from(SIZE.1 - TOP - BOTTOM);
            let down = f64::from(TOP) + (self.y.end - y) / (self.y.end - self.y.start) * height;
            let (at, tall) = (layout.at(self, *x), f64::from(SMALL));
            let word = fitted(word, SMALL, layout.inner() / 2.0);
            let long = width(&word, SMALL);
            let boxes = [-2.0, tall + 4.0].into_iter().flat_map(|down_by| {
                let bottom = down + down_by;
                [at + 4.0, at - 4.0 - long].map(|left| (left, bottom - tall, left + long, bottom))
            });
            draw_word(area, &word, words.place(boxes))?;
        }
        Ok(())
    }

    /// Draws the words of vertical lines beside their tops, in several rows if they would touch.
    fn draw_words_of_marks(
        &self,
        area: &Area<'_>,
        layout: &Layout,
        marks: &[(f64, String)],
        words: &mut Words,
    ) -> Done {
        for (x, word) in marks.iter().filter(|(x, word)| x.is_finite() && !word.is_empty()) {
            let (at, tall) = (layout.at(self, *x), f64::from(SMALL));
            let word = fitted(word, SMALL, layout.inner() / 2.0);
            let long = width(&word, SMALL);
            let boxes = (0..ROWS).flat_map(|row| {
                let top = f64::from(TOP) + row as f64 * (tall + 1.0);
                [at + 3.0, at - 3.0 - long].map(|left| (left, top, left + long, top + tall))
            });
            draw_word(area, &word, words.place(boxes))?;
        }
        Ok(())
    }
}

/// Draws a word if there is room. A word without room is left out: the figure's table has it too.
fn draw_word(area: &Area<'_>, word: &str, place: Option<(f64, f64, f64, f64)>) -> Done {
    let Some((left, top, ..)) = place else { return Ok(()) };
    let style = letters(SMALL).pos(Pos::new(HPos::Left, VPos::Top));
    let pixels = |units: f64| (units * f64::from(SCALE)).round() as i32;
    area.draw(&Text::new(word.to_owned(), (pixels(left), pixels(top)), style))
}

fn is_finite(point: &(f64, f64)) -> bool {
    point.0.is_finite() && point.1.is_finite()
}

fn finite(points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
    points.iter().copied().filter(is_finite)
}
