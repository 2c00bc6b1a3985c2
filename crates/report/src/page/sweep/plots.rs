//! The plots of a sweep: the ranking, the metric over each key, over time and over trained parameters.

use super::super::comparison::{Entry, colour, ranking, sentence};
use super::super::figure::{Figure, Table};
use super::words::SERIES;
use crate::compare::Group;
use crate::number::{counted, figure, thousands};
use crate::plot::{Axis, Ink, Layer, Plot, Ticks, range};
use crate::sweep::{Sweep, SweepPoint};

/// The most points that a plot names all of; of more points, only the best [`NAMED`] are named.
const ALL_NAMED: usize = 20;
const NAMED: usize = 1;

/// The points as groups of their existing runs.
pub(super) fn groups(sweep: &Sweep) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    for point in &sweep.points {
        let runs = point.runs.iter().filter_map(|run| run.folder.as_ref()).collect();
        groups.push(Group { runs, values: vec![point.name(&sweep.keys)] });
    }
    groups
}

pub(super) fn points(sweep: &Sweep) -> Option<Figure> {
    let entries =
        sweep.ranked().map(|(_, point, _)| Entry { name: point.name(&sweep.keys), values: point.values() });
    ranking("sweep-points", entries.collect(), &sweep.keys, &sweep.split, &sweep.metric)
}

/// An error bar: a point's mean with one standard deviation above and below.
fn bar(at: f64, point: &SweepPoint, mean: f64) -> (f64, f64, f64, f64) {
    let around = point.row.standard_deviation.unwrap_or(0.0);
    (at, mean - around, mean, mean + around)
}

/// The values of a key among the points with a result, in numerical order or by rank.
fn values_of(sweep: &Sweep, key: &str) -> Vec<String> {
    let mut values: Vec<(Option<f64>, String)> = Vec::new();
    for (_, point, _) in sweep.ranked() {
        let value = point.setting(key);
        if !values.iter().any(|(_, known)| *known == value) {
            values.push((point.number(key), value));
        }
    }
    if values.iter().all(|(number, _)| number.is_some()) {
        values.sort_by(|one, other| one.0.unwrap_or(0.0).total_cmp(&other.0.unwrap_or(0.0)));
    }
    values.into_iter().map(|(_, value)| value).collect()
}

/// A plot for each key that was given several values.
pub(super) fn by_key(sweep: &Sweep) -> Vec<Figure> {
    let varied: Vec<&String> = sweep.keys.iter().filter(|key| values_of(sweep, key).len() > 1).collect();
    let is_number = |key: &str| sweep.ranked().all(|(_, point, _)| point.number(key).is_some());
    let mut drawn = Vec::new();
    for key in &varied {
        let others: Vec<&str> =
            varied.iter().filter(|other| *other != key).map(|other| other.as_str()).collect();
        // The ranking shows a single key of names already, and the lines over a numeric key show the names of
        // another key.
        let shown =
            is_number(key) || others.len() > 1 || others.first().is_some_and(|other| !is_number(other));
        if shown {
            drawn.push(of_key(sweep, key, &others, is_number(key), drawn.len()));
        }
    }
    drawn
}

fn of_key(sweep: &Sweep, key: &str, others: &[&str], is_number: bool, index: usize) -> Figure {
    let names = values_of(sweep, key);
    let numbers = || sweep.ranked().filter_map(|(_, point, _)| point.number(key));
    let name = sweep.metric.in_sentence();
    let mut note = String::new();
    let axis = if is_number {
        Axis::of(numbers())
    } else {
        let fits = names.iter().map(|name| name.chars().count() + 3).sum::<usize>() < 54;
        if !fits {
            let numbered = names.iter().enumerate().map(|(index, name)| format!("{} is {name}", index + 1));
            note = format!("{}. ", numbered.collect::<Vec<_>>().join("; "));
        }
        let name =
            |(index, name): (usize, &String)| if fits { name.clone() } else { (index + 1).to_string() };
        let ticks = Ticks::names(names.iter().enumerate().map(name).collect::<Vec<_>>().into_iter());
        Axis { range: -0.5..names.len() as f64 - 0.5, ticks, is_log: false }
    };
    let at = |point: &SweepPoint| match point.number(key).filter(|_| is_number) {
        Some(number) => axis.at(number),
        None => names.iter().position(|name| *name == point.setting(key)).unwrap_or(0) as f64,
    };
    // With one other key, each of its values is a line; with more, all points are one series.
    let series = match others {
        [] => vec![None],
        [other] if values_of(sweep, other).len() <= SERIES => {
            values_of(sweep, other).into_iter().map(Some).collect()
        }
        _ => {
            note = format!("{note}The points differ in {} too.", others.join(", "));
            vec![None]
        }
    };
    let is_line = others.is_empty() || series.len() > 1;
    let apart = (axis.range.end - axis.range.start) * 0.02;
    let (mut layers, mut legend, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for (number, value) in series.iter().enumerate() {
        let ink = Ink::Series(number);
        // The bars at the same value are side by side.
        let aside = apart * (number as f64 - (series.len() - 1) as f64 / 2.0);
        let belongs = |point: &SweepPoint| match (value, others.first()) {
            (Some(value), Some(other)) => point.setting(other) == *value,
            _ => true,
        };
        let mut spreads: Vec<_> = sweep
            .ranked()
            .filter(|(_, point, _)| belongs(point))
            .map(|(_, point, mean)| bar(at(point) + aside, point, mean))
            .collect();
        spreads.sort_by(|one, other| one.0.total_cmp(&other.0));
        all.extend(spreads.iter().flat_map(|&(_, low, _, high)| [low, high]));
        if is_line && spreads.len() > 1 {
            let points = spreads.iter().map(|&(at, _, mean, _)| (at, mean)).collect();
            layers.push(Layer::Line { points, ink, faint: true });
        }
        layers.push(Layer::Spreads { spreads, ink });
        if let (Some(value), Some(other)) = (value, others.first()) {
            legend.push((ink, format!("{other} = {value}")));
        }
    }
    let mut rows: Vec<(f64, Vec<String>)> = sweep
        .ranked()
        .map(|(_, point, mean)| {
            let of_others = others.iter().map(|other| point.setting(other));
            let deviation = point.row.standard_deviation.map_or_else(|| "–".to_owned(), figure);
            let row = std::iter::once(point.setting(key)).chain(of_others).chain([figure(mean), deviation]);
            (at(point), row.collect())
        })
        .collect();
    rows.sort_by(|one, other| one.0.total_cmp(&other.0));
    let headings = std::iter::once(key).chain(others.iter().copied()).chain([&name, "deviation"]);
    let best = sweep.ranked().next().map_or_else(String::new, |(_, point, _)| point.setting(key));
    Figure {
        key: format!("-{}", index + 1),
        title: format!("{} {name} by {key}", sentence(&sweep.split)),
        value: None,
        alt: format!(
            "{} of {key}, from {} to {}; the best point has {best}.",
            counted(names.len(), "value"),
            names[0],
            names[names.len() - 1]
        ),
        plot: Plot {
            id: "sweep-key",
            x: axis.range.clone(),
            y: range(all, false),
            x_title: axis.title(key).into(),
            x_ticks: axis.ticks.clone(),
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: note.trim().to_owned(),
        table: Table::new(headings, rows.into_iter().map(|row| row.1).collect()),
    }
}

/// A plot of the points' values over another quantity of each point.
fn against(
    sweep: &Sweep,
    id: &'static str,
    title: String,
    quantity: &str,
    of: impl Fn(&SweepPoint) -> Option<f64>,
    shown: impl Fn(f64) -> String,
) -> Option<Figure> {
    let points: Vec<(usize, &SweepPoint, f64, f64)> =
        sweep.ranked().filter_map(|(place, point, mean)| Some((place, point, mean, of(point)?))).collect();
    let axis = Axis::of(points.iter().map(|point| point.3));
    let count = points.len();
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| (low.min(point.3), high.max(point.3)));
    if low >= high {
        return None;
    }
    let name = sweep.metric.in_sentence();
    let (mut layers, mut legend, mut words, mut all, mut rows) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for &(place, point, mean, value) in &points {
        let ink = colour(place, sweep.points.len());
        let spread = bar(axis.at(value), point, mean);
        all.extend([spread.1, spread.3]);
        if count <= ALL_NAMED || place < NAMED {
            words.push((spread.0, mean, (place + 1).to_string()));
        }
        legend.extend(ink.map(|ink| (ink, format!("{}: {}", place + 1, point.name(&sweep.keys)))));
        layers.push(Layer::Spreads { spreads: vec![spread], ink: ink.unwrap_or(Ink::Axis) });
        rows.push(vec![format!("{}: {}", place + 1, point.name(&sweep.keys)), shown(value), point.result()]);
    }
    // The best is drawn last, on top.
    layers.reverse();
    layers.push(Layer::Words { words });
    // A setting has ticks at its values; a measured quantity has round ticks.
    let ticks = if axis.is_log { axis.ticks.clone() } else { Ticks::Numbers };
    Some(Figure {
        key: String::new(),
        title,
        value: None,
        alt: format!("{} from {} to {}.", counted(count, "point"), shown(low), shown(high)),
        plot: Plot {
            id,
            x: axis.range.clone(),
            y: range(all, false),
            x_title: axis.title(quantity).into(),
            x_ticks: ticks,
            y_ticks: Ticks::Numbers,
            layers,
        },
        legend,
        note: "Numbers are places in the table of points.".to_owned(),
        table: Table::new(["point", quantity, &name], rows),
    })
}

pub(super) fn time(sweep: &Sweep) -> Option<Figure> {
    let title = format!("{} {} by time", sentence(&sweep.split), sweep.metric.in_sentence());
    against(
        sweep,
        "sweep-time",
        title,
        "seconds",
        |point| point.row.seconds,
        |seconds| format!("{seconds:.1}"),
    )
}

pub(super) fn parameters(sweep: &Sweep) -> Option<Figure> {
    let title = format!("{} {} by trained parameters", sentence(&sweep.split), sweep.metric.in_sentence());
    let trained = |point: &SweepPoint| point.row.trainable.map(|count| count as f64);
    against(sweep, "sweep-parameters", title, "trained parameters", trained, |count| {
        thousands(count as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sweep::tests::{of, point};

    /// Two numeric keys: a plot over each, with a line for each value of the other. A name and a number: one
    /// plot over the number. Three keys: a plot for each.
    #[test]
    fn keys_are_drawn_by_what_they_are() {
        let with = |keys: &[&str], settings: &[&str]| {
            let keys = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(",");
            let points = settings.iter().enumerate().map(|(n, settings)| {
                point(&format!("p{n}"), 0.5 + n as f64 / 10.0, None, &[0.5])
                    .replace(&format!(r#""freeze": "p{n}""#), settings)
            });
            let text = format!(
                r#"{{"name": "s", "metric": "f1", "better": "higher", "split": "validation", "keys": [{keys}], "seeds": [0], "points": [{}]}}"#,
                points.collect::<Vec<_>>().join(",")
            );
            by_key(&of(&text))
                .into_iter()
                .map(|figure| (figure.title, figure.legend.len()))
                .collect::<Vec<_>>()
        };
        let title = |key: &str, lines: usize| (format!("Validation F1 by {key}"), lines);
        assert_eq!(
            with(&["a", "b"], &[r#""a": 1, "b": 2"#, r#""a": 2, "b": 2"#, r#""a": 1, "b": 3"#]),
            [title("a", 2), title("b", 2)]
        );
        assert_eq!(
            with(&["a", "b"], &[r#""a": 1, "b": "x""#, r#""a": 2, "b": "x""#, r#""a": 1, "b": "y""#]),
            [title("a", 2)]
        );
        assert_eq!(with(&["b"], &[r#""b": "x""#, r#""b": "y""#]), []);
        assert_eq!(
            with(&["a", "b", "c"], &[r#""a": 1, "b": "x", "c": 1"#, r#""a": 2, "b": "y", "c": 2"#]),
            [title("a", 0), title("b", 0), title("c", 0)]
        );
    }
}
