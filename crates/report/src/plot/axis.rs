//! [`Axis`]: the horizontal axis of quantities that may span decades.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::Ranged;

use super::figure::Ticks;
use super::layout::have_room;
use super::range::range;
use crate::number::short;

/// The scale of an axis: linear, or logarithmic if the values are positive and span more than a decade.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) range: Range<f64>,
    pub(crate) ticks: Ticks,
    pub(crate) is_log: bool,
}

impl Axis {
    /// An axis for all values, with ticks at the values themselves if there is room for their labels.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let (low, high) = match values.as_slice() {
            [] => (0.0, 1.0),
            values => (values[0], values[values.len() - 1]),
        };
        let is_log = low > 0.0 && high > 10.0 * low;
        let place = |value: f64| if is_log { value.log10() } else { value };
        let range = range(values.iter().map(|&value| place(value)), false);
        let share = |value: f64| (place(value) - range.start) / (range.end - range.start);
        let shares: Vec<(f64, f64)> = values.iter().map(|&value| (share(value), value)).collect();
        let ticks = if have_room(&shares) {
            Ticks::At(values.iter().map(|&value| (place(value), short(value))).collect())
        } else if is_log {
            Ticks::At(decades(low, high))
        } else {
            Ticks::Numbers
        };
        Self { range, ticks, is_log }
    }

    /// The position of a value on the axis.
    pub(crate) fn at(&self, value: f64) -> f64 {
        if self.is_log { value.log10() } else { value }
    }

    /// The axis title, which says if the axis is logarithmic.
    pub(crate) fn title(&self, name: &str) -> String {
        if self.is_log { format!("{name}, logarithmic") } else { name.to_owned() }
    }
}

/// plotters' axis of numbers with given ticks.
pub(super) struct TickedAxis {
    axis: RangedCoordf64,
    ticks: Vec<f64>,
}

impl TickedAxis {
    pub(super) fn new(range: Range<f64>, ticks: Vec<f64>) -> Self {
        Self { axis: range.into(), ticks }
    }
}

impl Ranged for TickedAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.axis.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.axis.range()
    }
}

/// Round ticks of a logarithmic axis between two values: 1, 2 and 5 of each decade, or powers of ten if those
/// are too many.
fn decades(low: f64, high: f64) -> Vec<(f64, String)> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let steps: &[f64] = if high <= 100.0 * low { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = ((last - first) as usize).div_ceil(6).max(1);
    let values = (first..=last).step_by(every).flat_map(|power| {
        // Parsed from text, since the computed power of ten is not always the nearest number to 1e-5.
        steps.iter().filter_map(move |step| format!("{step}e{power}").parse::<f64>().ok())
    });
    values.filter(|value| (low..=high).contains(value)).map(|value| (value.log10(), short(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(axis: &Axis) -> Vec<&str> {
        match &axis.ticks {
            Ticks::At(places) => places.iter().map(|place| place.1.as_str()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn more_than_a_decade_is_logarithmic() {
        let rates = Axis::of([5e-5, 1e-5, 1e-3, 5e-5]);
        assert!(rates.is_log && (rates.at(1e-5) + 5.0).abs() < 1e-12);
        assert_eq!(names(&rates), ["1e-5", "5e-5", "0.001"]);
        assert!(rates.range.start < -5.0 && rates.range.end > -3.0);
        for values in [[8.0, 80.0], [0.0, 100.0], [-1.0, 100.0]] {
            let axis = Axis::of(values);
            assert!(!axis.is_log && axis.at(80.0).to_bits() == 80f64.to_bits(), "{values:?}");
        }
    }

    #[test]
    fn where_values_crowd_the_ticks_are_round() {
        let drawn = (0..40).map(|n| 1.3e-5 * 1.12f64.powi(n));
        let axis = Axis::of(drawn);
        assert!(axis.is_log);
        assert_eq!(names(&axis), ["2e-5", "5e-5", "1e-4", "2e-4", "5e-4", "0.001"]);
        let wide = Axis::of((0..40).map(|n| 3e-9 * 2f64.powi(n)));
        assert_eq!(names(&wide), ["1e-6", "0.001", "1", "1,000"]);
        assert!(matches!(Axis::of((0..40).map(f64::from)).ticks, Ticks::Numbers));
        assert!(!Axis::of([]).is_log && !Axis::of([3.0]).is_log);
    }
}
