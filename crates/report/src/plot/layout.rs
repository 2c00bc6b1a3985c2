//! The layout of a plot: margins for the widest label, ticks whose labels don't touch, words that stay
//! inside.

use super::figure::{LETTERS, Plot, SIZE, Tick, Ticks};
use super::measure::{fitted, width};
use super::range::round_ticks;
use crate::number::{names_of_ticks, short};

/// The most round ticks of an axis.
const MOST_TICKS: usize = 6;
/// The most width of a tick's label.
const WIDEST_NAME: f64 = 130.0;
/// The least gap between the labels of two ticks.
const GAP: f64 = 8.0;
/// The room for tick marks between labels and the vertical axis.
const BESIDE_AXIS: f64 = 10.0;
/// The least margins.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
pub(super) const TOP: u32 = 8;
pub(super) const BOTTOM: u32 = 36;

/// Margins and ticks.
pub(super) struct Layout {
    /// The margins left and right of the plot, in units.
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) x: Vec<Tick>,
    pub(super) y: Vec<Tick>,
    pub(super) x_title: String,
}

impl Layout {
    pub(super) fn of(plot: &Plot) -> Self {
        let y = match &plot.y_ticks {
            Ticks::At(rows) => distinct(rows),
            Ticks::Numbers | Ticks::Whole => named(round_ticks(&plot.y, MOST_TICKS)),
        };
        let widest = y.iter().map(|place| width(&place.1, LETTERS)).fold(0.0, f64::max);
        let mut layout = Self {
            left: (widest + BESIDE_AXIS).max(LEFT).ceil(),
            right: RIGHT,
            x: Vec::new(),
            y,
            x_title: String::new(),
        };
        // Wider margins make the plot narrower, which may leave room for fewer ticks.
        for _ in 0..3 {
            layout.x = layout.x_ticks(plot);
            layout.widen(plot);
        }
        layout.x_title = fitted(&plot.x_title, LETTERS, layout.inner()).into_owned();
        layout
    }

    /// The width of the plot between its margins.
    pub(super) fn inner(&self) -> f64 {
        f64::from(SIZE.0) - self.left - self.right
    }

    /// The position of a value on the horizontal axis, in units.
    pub(super) fn at(&self, plot: &Plot, value: f64) -> f64 {
        self.left + (value - plot.x.start) / (plot.x.end - plot.x.start) * self.inner()
    }

    /// Widens the margins for the halves of the first and the last label that reach over the ends of the
    /// axis.
    fn widen(&mut self, plot: &Plot) {
        let reach = |place: &Tick| (self.at(plot, place.0), width(&place.1, LETTERS) / 2.0);
        let left = self.x.iter().map(|place| reach(place).1 - reach(place).0).fold(0.0, f64::max);
        let edge = f64::from(SIZE.0);
        let right = self.x.iter().map(|place| reach(place).0 + reach(place).1 - edge).fold(0.0, f64::max);
        self.left += left.ceil();
        self.right += right.ceil();
    }

    fn x_ticks(&self, plot: &Plot) -> Vec<Tick> {
        let (round, whole) = match &plot.x_ticks {
            Ticks::At(places) => {
                let name = |(at, name): &Tick| (*at, fitted(name, LETTERS, WIDEST_NAME).into_owned());
                return self.apart(plot, places.iter().map(name).collect());
            }
            Ticks::Numbers => (named as fn(Vec<f64>) -> Vec<Tick>, false),
            Ticks::Whole => (named as fn(Vec<f64>) -> Vec<Tick>, true),
        };
        let ticks = (2..=MOST_TICKS).rev().map(|most| {
            let mut ticks = round_ticks(&plot.x, most);
            ticks.retain(|tick| !whole || (tick - tick.round()).abs() < 1e-9);
            round(ticks)
        });
        let mut ticks = ticks.collect::<Vec<_>>();
        let fewest = ticks.pop().unwrap_or_default();
        let fits = |places: &Vec<Tick>| self.apart(plot, places.clone()).len() == places.len();
        ticks.into_iter().find(fits).unwrap_or_else(|| self.apart(plot, fewest))
    }

    /// Removes ticks whose labels would touch the label before.
    fn apart(&self, plot: &Plot, places: Vec<Tick>) -> Vec<Tick> {
        let mut end = f64::NEG_INFINITY;
        let mut apart = places;
        apart.retain(|place| {
            let (at, half) = (self.at(plot, place.0), width(&place.1, LETTERS) / 2.0);
            let has_room = at - half >= end + GAP;
            if has_room {
                end = at + half;
            }
            has_room
        });
        apart
    }
}

/// Ticks with the parts of their names that fit; names that are the same when cut have their number before
/// them.
fn distinct(rows: &[Tick]) -> Vec<Tick> {
    let cut: Vec<Tick> =
        rows.iter().map(|(at, name)| (*at, fitted(name, LETTERS, WIDEST_NAME).into_owned())).collect();
    let is_repeated = |name: &str| cut.iter().filter(|place| place.1 == name).count() > 1;
    let place = |(row, (at, name)): (usize, &Tick)| {
        let numbered = || format!("{} {}", row + 1, rows[row].1);
        let name = if is_repeated(name) {
            fitted(&numbered(), LETTERS, WIDEST_NAME).into_owned()
        } else {
            name.clone()
        };
        (*at, name)
    };
    cut.iter().enumerate().map(place).collect()
}

/// Ticks labelled with their values.
fn named(ticks: Vec<f64>) -> Vec<Tick> {
    let names = names_of_ticks(&ticks);
    ticks.into_iter().zip(names).collect()
}

/// Whether the labels of values fit side by side; each place is a position in 0..1 and a value.
pub(super) fn have_room(places: &[(f64, f64)]) -> bool {
    let inner = f64::from(SIZE.0) - LEFT - RIGHT;
    places.windows(2).all(|pair| {
        let half = |value: f64| width(&short(value), LETTERS) / 2.0;
        (pair[1].0 - pair[0].0) * inner >= half(pair[0].1) + half(pair[1].1) + GAP
    })
}

/// The rectangle of a word: left, top, right, bottom.
type Space = (f64, f64, f64, f64);

/// Places words so that none overlaps another or the plot's edge.
#[derive(Default)]
pub(super) struct Words {
    taken: Vec<Space>,
}

impl Words {
    /// Takes the first of these rectangles that is free and inside the drawing.
    pub(super) fn place(&mut self, spaces: impl IntoIterator<Item = Space>) -> Option<Space> {
        let (right, bottom) = (f64::from(SIZE.0), f64::from(SIZE.1));
        let is_inside = |area: &Space| area.0 >= 0.0 && area.1 >= 0.0 && area.2 <= right && area.3 <= bottom;
        let is_free = |area: &Space| {
            self.taken
                .iter()
                .all(|other| area.2 <= other.0 || other.2 <= area.0 || area.3 <= other.1 || other.3 <= area.1)
        };
        let found = spaces.into_iter().find(|area| is_inside(area) && is_free(area))?;
        self.taken.push(found);
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::range::range;

    fn plot(x: std::ops::Range<f64>, y: std::ops::Range<f64>, x_ticks: Ticks) -> Plot {
        let x_title = "optimizer.head_learning_rate_with_a_name_that_goes_on, logarithmic".into();
        Plot { id: "p", x, y, x_title, x_ticks, y_ticks: Ticks::Numbers, layers: Vec::new() }
    }

    #[test]
    fn margins_follow_the_widest_label() {
        let left = |y| Layout::of(&plot(0.0..1.0, y, Ticks::Numbers)).left.to_bits();
        assert_eq!(left(0.0..1.0), LEFT.to_bits());
        assert!(f64::from_bits(left(range([0.793_14, 0.793_15], false))) > LEFT);
    }

    #[test]
    fn every_name_is_whole_and_beside_the_others() {
        let long = |n: usize| (n as f64, format!("{n} {}", "a long name ".repeat(n * n)));
        for (x, ticks) in [
            (0.0..1.0, Ticks::Numbers),
            (0.0..10_200.0, Ticks::Whole),
            (0.0..1.02, Ticks::Whole),
            (22_713_900.0..22_713_990.0, Ticks::Numbers),
            (-1e9..-0.9e9, Ticks::Numbers),
            (-0.5..5.5, Ticks::At((0..6).map(long).collect())),
            (-0.5..0.5, Ticks::At(vec![long(0)])),
            (-0.5..99.5, Ticks::At((0..100).map(|n| (f64::from(n), format!("point {n}"))).collect())),
        ] {
            for y in [0.0..1.0, range([0.793_147, 0.793_148], false), range([1e9, -3e12], false)] {
                let plot = plot(x.clone(), y, ticks.clone());
                let layout = Layout::of(&plot);
                assert!(layout.inner() > 150.0 && !layout.x.is_empty() && layout.y.len() > 1, "{plot:?}");
                for (_, name) in &layout.y {
                    assert!(width(name, LETTERS) + BESIDE_AXIS <= layout.left, "{name}");
                }
                let mut end = 0.0;
                for (at, name) in &layout.x {
                    let (middle, half) = (layout.at(&plot, *at), width(name, LETTERS) / 2.0);
                    assert!(middle - half >= end - 0.5 && middle + half <= 400.5, "{name} of {plot:?}");
                    end = middle + half;
                }
                assert!(width(&layout.x_title, LETTERS) <= layout.inner());
            }
        }
    }

    #[test]
    fn rows_have_their_names_and_no_two_the_same() {
        let long = "a label with a name that goes on and on".to_owned();
        let names = ["short".to_owned(), long.clone(), long + " and on"];
        let (y, y_ticks) = Plot::rows(names.into_iter());
        let layout = Layout::of(&Plot { y_ticks, ..plot(0.0..1.0, y.clone(), Ticks::Numbers) });
        assert_eq!((y.start, y.end), (-2.5, 0.5));
        assert!(layout.left > 100.0 && layout.y.iter().all(|row| y.contains(&row.0)), "{:?}", layout.y);
        let [one, two, three] = [0, 1, 2].map(|row| layout.y[row].1.as_str());
        assert!(
            one == "short" && two.starts_with("2 a label") && three.starts_with("3 a label"),
            "{two} {three}"
        );
    }

    #[test]
    fn a_word_finds_a_free_place_inside_or_none() {
        let mut words = Words::default();
        let (free, taken) = ((10.0, 10.0, 30.0, 20.0), (20.0, 12.0, 40.0, 22.0));
        assert_eq!(words.place([(395.0, 0.0, 410.0, 10.0), free]), Some(free));
        assert_eq!(words.place([taken]), None);
        assert_eq!(words.place([taken, (30.0, 10.0, 50.0, 20.0)]), Some((30.0, 10.0, 50.0, 20.0)));
    }
}
