//! Plots: axes and layers, drawn by plotters into SVG that a page's style sheet colours.

mod axis;
mod backend;
mod draw;
mod layout;
mod measure;
mod range;

use std::borrow::Cow;
use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use plotters::prelude::RGBAColor;
use plotters::style::{Color as _, ShapeStyle};

pub(crate) use self::axis::Axis;
pub(crate) use self::range::range;
use crate::ReportError;

/// Width and height in units: where a telephone leaves 333 px for them, letters of 12 still have 10 px.
const SIZE: (u32, u32) = (400, 240);

/// The size of the letters at the axes.
const LETTERS: u32 = 12;

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
}
