//! Questions that may have no answer: scores over the null threshold, and what is answered at two of them.

use embert_metrics::{AnswerAccumulator, AnswerReport};
use embert_run::AnsweredExample;
use maud::{Markup, html};

use super::super::figure::{Figure, Table};
use super::super::matrix::Matrix;
use crate::answers::{NullThreshold, accumulated, given};
use crate::number::{figure, or_dash, percent, short, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks, range};

/// The most thresholds of the curve, each of which costs a pass over all questions.
const MOST_THRESHOLDS: usize = 200;

/// Scores at each null threshold.
pub(super) struct Curve<'a> {
    examples: &'a [&'a AnsweredExample],
    accumulator: AnswerAccumulator,
    fitted: NullThreshold,
    /// With an answer to no question.
    lowest: AnswerReport,
    /// Ascending thresholds with the scores from each on.
    points: Vec<(f64, AnswerReport)>,
    /// The number of different null odds.
    all: usize,
}

impl<'a> Curve<'a> {
    /// `None` without questions.
    pub(super) fn of(examples: &'a [&'a AnsweredExample], fitted: NullThreshold) -> Option<Self> {
        let accumulator = accumulated(examples.iter().copied())?;
        let mut odds: Vec<f64> = examples.iter().filter_map(|example| example.null_odds).collect();
        odds.sort_by(f64::total_cmp);
        odds.dedup();
        let all = odds.len();
        let every = all.div_ceil(MOST_THRESHOLDS).max(1);
        // The last of each part, so that the curve ends where all questions are answered.
        let mut thresholds: Vec<f64> = odds.chunks(every).filter_map(<[_]>::last).copied().collect();
        thresholds.extend([0.0, fitted.value()]);
        let lowest = accumulator.report_at(f64::NEG_INFINITY).ok()?;
        thresholds.extend([lowest.best_f1_thresh, lowest.best_exact_thresh].into_iter().flatten());
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        let points = thresholds
            .into_iter()
            .map(|threshold| Some((threshold, accumulator.report_at(threshold).ok()?)))
            .collect::<Option<_>>()?;
        Some(Self { examples, accumulator, fitted, lowest, points, all })
    }

    /// Exact match and F1 as steps: between two null odds nothing changes.
    pub(super) fn figure(&self, key: &str) -> Figure {
        let x = range(self.points.iter().map(|point| point.0), false);
        let steps = |score: fn(&AnswerReport) -> f64| {
            let mut last = score(&self.lowest);
            let mut points = vec![(x.start, last)];
            for (threshold, report) in &self.points {
                let threshold = threshold.clamp(x.start, x.end);
                points.push((threshold, last));
                last = score(report);
                points.push((threshold, last));
            }
            points.push((x.end, last));
            points
        };
        let mut layers = vec![
            Layer::Line { points: steps(|report| report.exact_match), ink: Ink::Series(1), faint: false },
            Layer::Line { points: steps(|report| report.f1), ink: Ink::Series(0), faint: false },
            Layer::Marks { marks: vec![(0.0, String::new())], ink: Ink::Reference },
        ];
        let mut legend = vec![
            (Ink::Series(1), "exact match".to_owned()),
            (Ink::Series(0), "F1".to_owned()),
            (Ink::Reference, "threshold 0".to_owned()),
        ];
        if let NullThreshold::Fitted(fitted) = self.fitted {
            layers.push(Layer::Marks { marks: vec![(fitted, String::new())], ink: Ink::Alert });
            legend.push((Ink::Alert, format!("fitted threshold, {}", short(fitted))));
        }
        let rows =
            self.points.iter().map(|(threshold, report)| self.row(short(*threshold), *threshold, report));
        let every = if self.all > MOST_THRESHOLDS {
            format!(" The curve has {} of {} null odds.", thousands(self.points.len()), thousands(self.all))
        } else {
            String::new()
        };
        let best = self.lowest.best_f1_thresh.map_or_else(String::new, |threshold| {
            format!(" F1 is greatest at {}, {}.", short(threshold), or_dash(self.lowest.best_f1))
        });
        Figure {
            key: key.to_owned(),
            title: "Null threshold".to_owned(),
            value: self.at(self.fitted.value()).map(|report| format!("F1 {}", figure(report.f1))),
            alt: format!(
                "Exact match and F1 against the null threshold: {} and {} where no question is answered, {} and {} where all are.{best}",
                figure(self.lowest.exact_match),
                figure(self.lowest.f1),
                or_dash(self.points.last().map(|(_, report)| report.exact_match)),
                or_dash(self.points.last().map(|(_, report)| report.f1)),
            ),
            plot: Plot {
                id: "null-threshold",
                x: x.clone(),
                y: 0.0..1.02,
                x_title: "null threshold".into(),
                x_ticks: Ticks::Numbers,
                y_ticks: Ticks::Numbers,
                layers,
            },
            legend,
            note: format!(
                "A question is given no answer where its null odds are above the threshold.{every}"
            ),
            table: Table::new(HEADINGS, rows.collect()),
        }
    }

    fn at(&self, threshold: f64) -> Option<AnswerReport> {
        self.accumulator.report_at(threshold).ok()
    }

    fn row(&self, name: String, threshold: f64, report: &AnswerReport) -> Vec<String> {
        let answered = self.examples.iter().filter(|example| !given(example, Some(threshold)).is_empty());
        vec![
            name,
            figure(report.exact_match),
            figure(report.f1),
            or_dash(report.has_ans_f1),
            or_dash(report.no_ans_f1),
            percent(answered.count() as f64 / self.examples.len().max(1) as f64),
        ]
    }

    /// The scores at the thresholds that have a name, and questions with and without an answer against those
    /// that are answered.
    pub(super) fn tables(&self) -> Markup {
        let mut named = vec![("0".to_owned(), 0.0)];
        if let NullThreshold::Fitted(fitted) = self.fitted {
            named.push((format!("fitted, {}", figure(fitted)), fitted));
        }
        let matrices = named.clone();
        for (name, best) in [
            ("best exact match of this split", self.lowest.best_exact_thresh),
            ("best F1 of this split", self.lowest.best_f1_thresh),
        ] {
            named.extend(best.map(|best| (format!("{name}, {}", figure(best)), best)));
        }
        let rows = named
            .into_iter()
            .filter_map(|(name, threshold)| Some(self.row(name, threshold, &self.at(threshold)?)));
        html! {
            h3 class="after" { "With and without an answer" }
            div class="columns rules" {
                div { (Table::new(HEADINGS, rows.collect()).render("Scores at null thresholds")) }
            }
            div class="columns" {
                @for (name, threshold) in &matrices {
                    div { h3 { "Null threshold " (name) } (self.matrix(*threshold)) }
                }
            }
        }
    }

    fn matrix(&self, threshold: f64) -> Markup {
        let mut counts = [[0_usize; 2]; 2];
        for example in self.examples {
            let is_given_none = given(example, Some(threshold)).is_empty();
            counts[usize::from(example.answers.is_empty())][usize::from(is_given_none)] += 1;
        }
        let names = ["an answer", "no answer"].map(str::to_owned);
        Matrix { label: "Questions with and without an answer", corner: "true ╲ given", names: &names }
            .render(|row, column| counts[row][column])
    }
}

const HEADINGS: [&str; 6] =
    ["null threshold", "exact match", "F1", "F1 with an answer", "F1 without an answer", "answered"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers;

    fn example(truth: Option<&str>, predicted: &str, null_odds: f64) -> AnsweredExample {
        answers::example(truth.as_slice(), predicted, Some(null_odds))
    }

    fn questions() -> [AnsweredExample; 4] {
        [
            example(Some("cat"), "cat", -2.0),
            example(Some("cat dog"), "cat mouse", 1.0),
            example(None, "cat", 0.5),
            example(None, "", 3.0),
        ]
    }

    #[test]
    fn the_curve_goes_in_steps_from_no_answer_to_all() {
        let questions = questions();
        let examples: Vec<&AnsweredExample> = questions.iter().collect();
        let figure = Curve::of(&examples, NullThreshold::Fitted(-1.0)).unwrap().figure("-test");
        let rows: Vec<String> = figure.table.rows.iter().map(|row| row.join(" ")).collect();
        assert_eq!(
            rows,
            [
                "-2 0.7500 0.7500 0.5000 1.0000 25.0 %",
                "-1 0.7500 0.7500 0.5000 1.0000 25.0 %",
                "0 0.7500 0.7500 0.5000 1.0000 25.0 %",
                "0.5 0.5000 0.5000 0.5000 0.5000 50.0 %",
                "1 0.5000 0.6250 0.7500 0.5000 75.0 %",
                "3 0.5000 0.6250 0.7500 0.5000 75.0 %",
            ]
        );
        let Layer::Line { points, .. } = &figure.plot.layers[1] else { panic!("no line") };
        assert_eq!((points[0].1, points[1]), (0.5, (-2.0, 0.5)));
        assert_eq!(points[2], (-2.0, 0.75));
        assert_eq!(points.last().copied(), Some((figure.plot.x.end, 0.625)));
        let marks: Vec<f64> = figure
            .plot
            .layers
            .iter()
            .filter_map(|layer| match layer {
                Layer::Marks { marks, .. } => Some(marks[0].0),
                _ => None,
            })
            .collect();
        assert_eq!(marks, [0.0, -1.0]);
        assert_eq!(figure.value.as_deref(), Some("F1 0.7500"));
        assert!(figure.alt.contains("F1 is greatest at -2, 0.7500."), "{}", figure.alt);
    }

    #[test]
    fn questions_are_counted_at_both_thresholds() {
        let questions = questions();
        let examples: Vec<&AnsweredExample> = questions.iter().collect();
        let cells = |html: &str| -> Vec<String> {
            html.split("<td class=")
                .skip(1)
                .map(|cell| cell.split('>').nth(1).unwrap().split(' ').next().unwrap().to_owned())
                .collect()
        };
        let curve = Curve::of(&examples, NullThreshold::Fitted(1.0)).unwrap();
        // True with and without an answer; given one, and none.
        assert_eq!(cells(&curve.matrix(0.0).into_string()), ["1", "1", "0", "2"]);
        // An empty answer is none.
        assert_eq!(cells(&curve.matrix(3.0).into_string()), ["2", "0", "1", "1"]);
        let html = curve.tables().into_string();
        assert_eq!(html.matches("Null threshold ").count(), 2, "{html}");
        assert!(
            html.contains("Null threshold fitted, 1.0000") && html.contains("best F1 of this split, -2.0000"),
            "{html}"
        );
        let zero = Curve::of(&examples, NullThreshold::Zero).unwrap();
        assert_eq!(zero.tables().into_string().matches("Null threshold ").count(), 1);
        assert_eq!(zero.figure("").legend.len(), 3);
    }

    #[test]
    fn a_curve_of_many_questions_is_thinned_and_says_so() {
        let many: Vec<AnsweredExample> =
            (0..1000).map(|odds| example((odds % 2 == 0).then_some("cat"), "cat", f64::from(odds))).collect();
        let examples: Vec<&AnsweredExample> = many.iter().collect();
        let figure = Curve::of(&examples, NullThreshold::Zero).unwrap().figure("");
        assert!(figure.note.contains(" of 1,000 null odds."), "{}", figure.note);
        let rows = &figure.table.rows;
        assert!(rows.len() <= MOST_THRESHOLDS + 4 && rows.last().unwrap()[0] == "999", "{}", rows.len());
    }
}
