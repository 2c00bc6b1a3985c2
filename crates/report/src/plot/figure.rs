//! [`Plot`]: the content of a plot before it is drawn: two axes and the layers, with their colours.

use std::borrow::Cow;
use std::ops::Range;

use plotters::prelude::RGBAColor;
use plotters::style::{Color as _, ShapeStyle};

/// Width and height in units. On a telephone with 333 px, a font size of 12 is still 10 px.
pub(super) const SIZE: (u32, u32) = (400, 240);

/// The font size of the axes' labels.
pub(super) const LETTERS: u32 = 12;

/// A colour of the style sheet, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ink {
    /// The colour of a series, from 0; there are eight, which repeat.
    Series(usize),
    /// Letters and axes.
    Axis,
    /// Lines behind the data.
    Grid,
    /// A reference that data are compared with; dashed lines.
    Reference,
    /// A warning colour.
    Alert,
    /// A shade of one hue, from 0 to 1.
    Shade(f64),
}

/// The number of shades in the style sheet.
const SHADES: u8 = 16;

impl Ink {
    /// The number in the name of the class, which plotters carries as a colour.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Series(index) => (index % 8) as u8 + 1,
            Self::Axis => 10,
            Self::Grid => 11,
            Self::Reference => 12,
            Self::Alert => 13,
            Self::Shade(place) => 20 + (place.clamp(0.0, 1.0) * f64::from(SHADES - 1)).round() as u8,
        }
    }

    /// The class in the style sheet.
    pub(crate) fn class(self) -> String {
        format!("i{}", self.number())
    }

    pub(super) fn color(self, opacity: f64) -> RGBAColor {
        RGBAColor(0, 0, self.number(), opacity)
    }

    pub(super) fn line(self, width: u32, opacity: f64) -> ShapeStyle {
        self.color(opacity).stroke_width(width)
    }
}

/// A layer of a plot.
#[derive(Clone, Debug)]
pub(crate) enum Layer {
    /// A line through points; a faint line is drawn lighter.
    Line { points: Vec<(f64, f64)>, ink: Ink, faint: bool },
    /// A line with the area below it, down to the lower edge of the plot.
    Area { points: Vec<(f64, f64)>, ink: Ink },
    /// Dots.
    Dots { points: Vec<(f64, f64)>, ink: Ink },
    /// Small dots that let others show through: many points of which some coincide.
    Cloud { points: Vec<(f64, f64)>, ink: Ink },
    /// Short strokes along the bottom.
    Ticks { at: Vec<f64>, ink: Ink },
    /// Bars from 0: left, right, height.
    Bars { bars: Vec<(f64, f64, f64)>, ink: Ink },
    /// Error bars: position, low, mean, high.
    Spreads { spreads: Vec<(f64, f64, f64, f64)>, ink: Ink },
    /// Words above and to the right of points.
    Words { words: Vec<(f64, f64, String)> },
    /// Vertical lines with a word each.
    Marks { marks: Vec<(f64, String)>, ink: Ink },
}

/// A tick of an axis: its value and its label.
pub(crate) type Tick = (f64, String);

/// The ticks of an axis.
#[derive(Clone, Debug, Default)]
pub(crate) enum Ticks {
    /// Round numbers.
    #[default]
    Numbers,
    /// Round whole numbers.
    Whole,
    /// The given ticks.
    At(Vec<Tick>),
}

impl Ticks {
    /// The labels of 0, 1, ..., thinned to at most twelve.
    pub(crate) fn names(names: impl ExactSizeIterator<Item = String>) -> Self {
        let every = names.len().div_ceil(12).max(1);
        Self::At(names.enumerate().step_by(every).map(|(index, name)| (index as f64, name)).collect())
    }
}

/// The most rows of a plot with a name for each row: their names just don't touch.
pub(crate) const MOST_ROWS: usize = 12;

impl Plot {
    /// The vertical axis of a plot with a named row each, the first at the top: its range and its ticks. A
    /// row's place is its number from 0, negative.
    pub(crate) fn rows(names: impl Iterator<Item = String>) -> (Range<f64>, Ticks) {
        let ticks: Vec<Tick> = names.enumerate().map(|(row, name)| (-(row as f64), name)).collect();
        (0.5 - ticks.len().max(1) as f64..0.5, Ticks::At(ticks))
    }
}

/// A plot: two axes and the layers.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    /// The plot's name in the page.
    pub(crate) id: &'static str,
    pub(crate) x: Range<f64>,
    pub(crate) y: Range<f64>,
    pub(crate) x_title: Cow<'static, str>,
    pub(crate) x_ticks: Ticks,
    /// Names beside the vertical axis, as in a plot with a row for each label; else numbers.
    pub(crate) y_ticks: Ticks,
    pub(crate) layers: Vec<Layer>,
}
