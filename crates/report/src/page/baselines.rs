//! A split's result beside what simple rules without a model would get.

use std::cmp::Ordering;

use embert_run::{Baseline, Better, LOSS, MetricInfo, Metrics, SplitScores};
use maud::{Markup, html};

use super::figure::Table;
use crate::examples::Kind;
use crate::measures::with_values;
use crate::number::{figure, or_dash};

/// The table of all metrics: this run's, those with fitted thresholds, and each rule's. `None` where there is
/// nothing beside this run's.
pub(super) fn beside(scores: &SplitScores, kind: Kind, known: &[MetricInfo]) -> Option<Markup> {
    let fitted = &scores.detail.at_thresholds;
    if scores.baselines.is_empty() && fitted.is_empty() {
        return None;
    }
    let rows = if fitted.is_empty() {
        vec![("this run".to_owned(), &scores.metrics)]
    } else {
        vec![
            (format!("this run, {}", kind.first_threshold()), &scores.metrics),
            (format!("this run, {}", kind.fitted_threshold()), fitted),
        ]
    };
    Some(against(rows, &scores.baselines, known))
}

/// The table of all metrics of `rows` and of each rule.
pub(super) fn against<'a>(
    mut rows: Vec<(String, &'a Metrics)>,
    rules: &'a [Baseline],
    known: &[MetricInfo],
) -> Markup {
    rows.extend(rules.iter().map(|rule| (rule.name.clone(), &rule.metrics)));
    let shown = with_values(known, &rows.iter().map(|(_, values)| *values).collect::<Vec<_>>());
    let table = rows.iter().map(|(name, values)| {
        let figures = shown.iter().map(|metric| or_dash(values.get(&metric.name)));
        std::iter::once(name.clone()).chain(figures).collect()
    });
    let headings =
        std::iter::once("metric".to_owned()).chain(shown.iter().map(|metric| metric.in_sentence()));
    let title = if rules.is_empty() { "All metrics" } else { "Against rules without a model" };
    html! {
        div class="columns rules" { div { h3 { (title) } (Table::new(headings, table.collect()).render(title)) } }
    }
}

/// What the best rule without a model gets, as a clause after the result: by the first metric of `said`, which
/// the result names, or else by another. `None` without rules.
pub(super) fn clause(
    rules: &[Baseline],
    metrics: &Metrics,
    said: &[&str],
    known: &[MetricInfo],
) -> Option<String> {
    // The mean has no correlation with anything, so the first metric may be undefined for it.
    let is_shared = |metric: &&MetricInfo| {
        metrics.get(&metric.name).is_some()
            && rules.iter().any(|rule| rule.metrics.get(&metric.name).is_some())
    };
    let of_result = said.iter().filter_map(|name| known.iter().find(|metric| metric.name == *name));
    let others = known.iter().filter(|metric| metric.name != LOSS);
    let metric = of_result.chain(others).find(is_shared)?;
    let value = |rule: &Baseline| rule.metrics.get(&metric.name);
    let by_value = |one: &&Baseline, other: &&Baseline| match (value(one), value(other)) {
        (Some(one), Some(other)) if metric.better == Better::Lower => other.total_cmp(&one),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    };
    // The first of several that are equal.
    let best = rules.iter().rev().max_by(by_value)?;
    let of = match rules.len().cmp(&2) {
        Ordering::Less => "a rule without a model".to_owned(),
        Ordering::Equal => "the better of two rules without a model".to_owned(),
        Ordering::Greater => format!("the best of {} rules without a model", rules.len()),
    };
    let than = if said.contains(&metric.name.as_str()) {
        String::new()
    } else {
        format!(" where this run has {}", figure(metrics.get(&metric.name)?))
    };
    Some(format!("{of} ({}) has {} {}{than}", best.name, metric.in_sentence(), figure(value(best)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(name: &str, better: Better) -> MetricInfo {
        MetricInfo { name: name.to_owned(), title: name.to_uppercase(), better, headline: true }
    }

    fn rule(name: &str, metrics: &[(&str, f64)]) -> Baseline {
        Baseline { name: name.to_owned(), metrics: metrics.iter().copied().collect() }
    }

    #[test]
    fn the_best_rule_is_told_by_the_first_metric_that_it_has() {
        let known =
            [info("pearson", Better::Higher), info("mse", Better::Lower), info("loss", Better::Lower)];
        let metrics: Metrics = [("pearson", 0.5), ("mse", 0.25), ("loss", 0.25)].into_iter().collect();
        assert_eq!(clause(&[], &metrics, &[], &known), None);
        let mean = rule("the mean", &[("mse", 2.0)]);
        assert_eq!(
            clause(std::slice::from_ref(&mean), &metrics, &["pearson"], &known).unwrap(),
            "a rule without a model (the mean) has MSE 2.0000 where this run has 0.2500"
        );
        let rules = [rule("zero", &[("mse", 3.0)]), mean, rule("nothing", &[])];
        assert_eq!(
            clause(&rules, &metrics, &["pearson", "mse"], &known).unwrap(),
            "the best of 3 rules without a model (the mean) has MSE 2.0000"
        );
        let higher = [rule("a", &[("pearson", 0.1)]), rule("b", &[("pearson", 0.2), ("mse", 9.0)])];
        assert_eq!(
            clause(&higher, &metrics, &[], &known).unwrap(),
            "the better of two rules without a model (b) has PEARSON 0.2000 where this run has 0.5000"
        );
    }
}
