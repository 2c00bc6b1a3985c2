//! The range of an axis, and its round ticks.

use std::ops::Range;

/// The limit of values on an axis: the distance between larger values overflows.
const LARGEST: f64 = 1e300;

/// Values with a relative difference below this are equal but for rounding.
const SAME: f64 = 1e-9;

/// The least range relative to the values' size: ticks in a smaller range need more digits than there is room
/// for.
const NARROWEST: f64 = 1e-6;

/// A range for all finite values, with some room above; from 0 if `from_zero`.
pub(crate) fn range(values: impl IntoIterator<Item = f64>, from_zero: bool) -> Range<f64> {
    let (low, high) = values
        .into_iter()
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(-LARGEST, LARGEST))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return 0.0..1.0;
    }
    let low = if from_zero { low.min(0.0) } else { low };
    let (span, size) = (high - low, low.abs().max(high.abs()));
    let room = if span > size * SAME {
        (span * 0.06).max(size * NARROWEST)
    } else if size > 0.0 {
        size * 0.5
    } else {
        1e-3
    };
    (if from_zero && low == 0.0 { 0.0 } else { low - room })..high + room
}

/// At most `most` round values in a range: multiples of 1, 2 or 5 times a power of ten.
pub(crate) fn round_ticks(range: &Range<f64>, most: usize) -> Vec<f64> {
    let span = range.end - range.start;
    if !(span.is_finite() && span > 0.0) || most == 0 {
        return Vec::new();
    }
    // A value on the edge may be beyond it by a rounding error.
    let first_last =
        |step: f64| ((range.start / step - 1e-6).ceil() as i64, (range.end / step + 1e-6).floor() as i64);
    let power = (span / most as f64).log10().floor() as i32;
    let steps = (power..=power + 2).flat_map(|power| [(1.0, power), (2.0, power), (5.0, power)]);
    for (digit, power) in steps {
        // Parsed from text, since ten to the power of -5 is not the number nearest to 1e-5.
        let Ok(step) = format!("{digit}e{power}").parse::<f64>() else { continue };
        let (first, last) = first_last(step);
        if last.saturating_sub(first) < i64::try_from(most).unwrap_or(i64::MAX) {
            return (first..=last)
                .map(|n| if power < 0 { n as f64 * digit / 10f64.powi(-power) } else { n as f64 * step })
                .collect();
        }
    }
    Vec::new()
}

/// The number of columns that a line is thinned to: two for each unit.
const COLUMNS: f64 = 800.0;

/// Thins a line: keeps the first, the lowest, the highest and the last point of each of many narrow columns.
/// A plot of a hundred thousand steps looks the same and fits a page.
pub(super) fn thinned(points: &[(f64, f64)], x: &Range<f64>) -> Vec<(f64, f64)> {
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

    /// For any values the range is not empty, contains the finite values, and has at least two ticks.
    #[test]
    fn every_kind_of_values_has_an_axis() {
        let third = 1.0 / 3.0;
        for values in [
            vec![],
            vec![0.0],
            vec![-0.0, 0.0],
            vec![0.5],
            vec![-3.0],
            vec![1e-5, 5e-5],
            vec![1e-300, 2e-300],
            vec![0.793_147_1, 0.793_147_2],
            vec![0.1 + 0.2, 0.3],
            vec![third, third * (1.0 + 1e-8)],
            vec![22_713_986.0, 22_713_990.0],
            vec![0.0, 4e9],
            vec![-1.0, 1.0],
            vec![-1e308, 1e308],
            vec![f64::MAX],
            vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY],
            vec![f64::NAN, 1.0, f64::INFINITY, 2.0],
        ] {
            for from_zero in [true, false] {
                let range = range(values.iter().copied(), from_zero);
                assert!(
                    range.start < range.end && (range.end - range.start).is_finite(),
                    "{values:?}: {range:?}"
                );
                for value in values.iter().filter(|value| value.is_finite() && value.abs() < LARGEST) {
                    assert!(range.contains(value), "{value} of {values:?} is not in {range:?}");
                }
                let ticks = round_ticks(&range, 6);
                assert!((2..=6).contains(&ticks.len()), "{values:?}: {range:?} {ticks:?}");
                let room = (range.end - range.start) * 1e-6;
                let inside = range.start - room..range.end + room;
                assert!(ticks.iter().all(|tick| inside.contains(tick)), "{values:?}: {range:?} {ticks:?}");
            }
        }
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(round_ticks(&(0.0..1.0), 6), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(round_ticks(&(-0.02..1.02), 6), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(round_ticks(&(0.79295..0.79345), 6), [0.793, 0.7931, 0.7932, 0.7933, 0.7934]);
        assert_eq!(round_ticks(&(0.0..12.24), 6), [0.0, 5.0, 10.0]);
        assert_eq!(round_ticks(&(0.0..5e-5), 6), [0.0, 1e-5, 2e-5, 3e-5, 4e-5, 5e-5]);
        assert!(round_ticks(&(1.0..1.0), 6).is_empty());
        assert!(round_ticks(&(0.0..f64::INFINITY), 6).is_empty());
    }
}
