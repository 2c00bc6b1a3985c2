//! The result of a run in one sentence, in the words of its task.

use embert_metrics::{Metric, NamedMetric as _, names};
use embert_run::{Eval, Metrics};

use super::baselines::clause;
use crate::Run;
use crate::examples::Kind;
use crate::number::{counted, figure, percent, thousands};
use crate::predictions::Predictions;

/// The evaluation that the result is quoted from: on the test split if there is one, since nothing was chosen
/// on that split.
pub(super) fn quoted(run: &Run) -> Option<&Eval> {
    run.result("test").or_else(|| run.result("validation"))
}

pub(super) fn result(run: &Run, splits: &[Predictions<'_>]) -> String {
    let Some(eval) = quoted(run) else {
        return match run.log.steps.last() {
            Some(step) => {
                format!(
                    "Not evaluated; {} done, the last with a loss of {}.",
                    counted(step.step, "step"),
                    figure(step.loss)
                )
            }
            None => "Nothing has happened yet.".to_owned(),
        };
    };
    let line = match run.kind() {
        Kind::SingleLabel | Kind::Unknown => None,
        Kind::MultiLabel => Some((multi_label(eval, fitted(run, eval)), LABEL_METRICS)),
        Kind::Score => Some((regression(eval), SCORE_METRICS)),
        Kind::Entities => Some((entities(eval, found(run, eval)), ENTITY_METRICS)),
        Kind::Answers => Some((answers(eval, fitted(run, eval)), ANSWER_METRICS)),
        Kind::Summaries => Some((summaries(eval), SUMMARY_METRICS)),
        Kind::Masks => Some((masks(eval), MASK_METRICS)),
    };
    if let Some((Some(line), said)) = line {
        let scores = run.scores.as_ref().and_then(|scores| scores.split(&eval.split));
        let rule = scores.and_then(|scores| clause(&scores.baselines, &eval.metrics, said, &run.metrics));
        return match rule {
            Some(rule) => format!("{line}; {rule}."),
            None => line + ".",
        };
    }
    let accuracy = match run.kind() {
        Kind::SingleLabel | Kind::Unknown => eval.metrics.get(Metric::Accuracy.name()),
        _ => None,
    };
    let Some(accuracy) = accuracy else {
        let metric = run.metric();
        let value = eval.metrics.get(&metric.name).map_or_else(|| "no".to_owned(), figure);
        return format!("Has {value} {} on the {} split.", metric.in_sentence(), eval.split);
    };
    let line =
        format!("Gets {} of {} {} examples right", percent(accuracy), thousands(eval.examples), eval.split);
    match baseline(run, &eval.split, splits) {
        Some((name, share)) => format!(
            "{line}; always answering “{name}”, the most frequent label of the training split, would get {}.",
            percent(share)
        ),
        None => line + ".",
    }
}

/// The metrics of this evaluation with the fitted thresholds.
pub(super) fn fitted<'a>(run: &'a Run, eval: &Eval) -> Option<&'a Metrics> {
    Some(&run.scores.as_ref()?.split(&eval.split)?.detail.at_thresholds).filter(|metrics| !metrics.is_empty())
}

fn examples(eval: &Eval) -> String {
    counted(eval.examples, &format!("{} example", eval.split))
}

/// The metrics that the sentences of each task name; rules without a model are compared by the first that is
/// defined for them.
const ENTITY_METRICS: &[&str] = &[names::F1, names::RECALL, names::PRECISION];
const LABEL_METRICS: &[&str] = &[names::MICRO_F1, names::SUBSET_ACCURACY];
const ANSWER_METRICS: &[&str] = &[names::F1, names::EXACT_MATCH];
const SUMMARY_METRICS: &[&str] = &[names::ROUGE1];
const MASK_METRICS: &[&str] = &[names::MASKED_ACCURACY];
const SCORE_METRICS: &[&str] = &[names::MAE, names::PEARSON, names::SPEARMAN];

/// The number of entities that the run found in this split: of the recorded table of types, all but the column
/// that stands for no entity. `None` where no table is recorded.
fn found(run: &Run, eval: &Eval) -> Option<usize> {
    let matrix = &run.scores.as_ref()?.split(&eval.split)?.detail.confusion_matrix;
    let of_row = |row: &Vec<usize>| row.split_last().map_or(0, |(_, found)| found.iter().sum());
    (!matrix.is_empty()).then(|| matrix.iter().map(of_row).sum())
}

fn entities(eval: &Eval, found: Option<usize>) -> Option<String> {
    let [recall, precision, f1] =
        [names::RECALL, names::PRECISION, names::F1].map(|name| eval.metrics.get(name));
    let (recall, precision, f1) = (recall?, precision?, figure(f1?));
    let of = examples(eval);
    if found == Some(0) {
        return Some(format!("Finds no entity in {of}; F1 is {f1}"));
    }
    let line = format!("Finds {} of the entities in {of}", percent(recall));
    // A precision of 0 without the number of found ones may be 0 divided by 0.
    Some(if precision == 0.0 && found.is_none() {
        format!("{line}; F1 is {f1}")
    } else {
        format!("{line}, and {} of those that it finds are right; F1 is {f1}", percent(precision))
    })
}

fn summaries(eval: &Eval) -> Option<String> {
    let rouge = figure(eval.metrics.get(names::ROUGE1)?);
    Some(format!(
        "Chooses sentences of {} with a ROUGE-1 of {rouge} against their true summaries",
        examples(eval)
    ))
}

fn multi_label(eval: &Eval, fitted: Option<&Metrics>) -> Option<String> {
    let [subset, micro] = [names::SUBSET_ACCURACY, names::MICRO_F1].map(|name| eval.metrics.get(name));
    let line = format!(
        "Gets all labels of {} of {} right; over all labels together F1 is {}",
        percent(subset?),
        examples(eval),
        figure(micro?)
    );
    Some(match fitted.and_then(|metrics| metrics.get(names::MICRO_F1)) {
        Some(fitted) => format!("{line}, with the fitted thresholds {}", figure(fitted)),
        None => line,
    })
}

fn masks(eval: &Eval) -> Option<String> {
    let found = percent(eval.metrics.get(names::MASKED_ACCURACY)?);
    let line = format!("Finds {found} of the masked words in {}", examples(eval));
    Some(match eval.metrics.get(names::PERPLEXITY) {
        Some(perplexity) => format!("{line}, with a perplexity of {}", figure(perplexity)),
        None => line,
    })
}

fn regression(eval: &Eval) -> Option<String> {
    let away = eval.metrics.get(names::MAE)?;
    let line = format!("Is off by {} in the mean (MAE) over {}", figure(away), examples(eval));
    let named = [(names::PEARSON, "Pearson"), (names::SPEARMAN, "Spearman")];
    let known: Vec<String> = named
        .iter()
        .filter_map(|(name, title)| Some(format!("{title} {}", figure(eval.metrics.get(name)?))))
        .collect();
    Some(if known.is_empty() {
        format!("{line}; its scores have no correlation with the true ones, since one side is constant")
    } else {
        format!("{line}; its scores correlate with the true ones: {}", known.join(", "))
    })
}

fn answers(eval: &Eval, fitted: Option<&Metrics>) -> Option<String> {
    let of = |metrics: &Metrics| {
        let [exact, f1] = [names::EXACT_MATCH, names::F1].map(|name| metrics.get(name));
        Some((percent(exact?), figure(f1?)))
    };
    let (exact, f1) = of(&eval.metrics)?;
    let questions = counted(eval.examples, &format!("{} question", eval.split));
    let line = format!("Answers {exact} of {questions} exactly; F1 is {f1}");
    Some(match fitted.and_then(of) {
        Some((exact, f1)) => format!("{line}; with the fitted null threshold {exact}, and F1 is {f1}"),
        None => line,
    })
}

/// The name of the training split's majority class, and its share of another split.
fn baseline(run: &Run, split: &str, splits: &[Predictions<'_>]) -> Option<(String, f64)> {
    let facts = run.facts.as_ref()?;
    let majority = run.majority()?;
    let name = facts.labels.get(majority)?.clone();
    if let Some(predictions) = splits.iter().find(|found| found.split == split && !found.examples.is_empty())
    {
        return Some((name, predictions.share_of(majority)));
    }
    let counted =
        if split == "test" { facts.splits.test.as_ref() } else { facts.splits.validation.as_ref() }?;
    Some((name, *counted.labels.get(majority)? as f64 / counted.examples.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(metrics: &[(&str, f64)], examples: usize) -> Eval {
        let metrics = metrics.iter().copied().collect();
        Eval { split: "test".to_owned(), step: 1, epoch: 1, metrics, examples }
    }

    #[test]
    fn each_task_has_its_own_words() {
        assert_eq!(
            entities(&eval(&[("f1", 0.5), ("recall", 0.4), ("precision", 0.65)], 1287), None).unwrap(),
            "Finds 40.0 % of the entities in 1,287 test examples, and 65.0 % of those that it finds are right; F1 is 0.5000"
        );
        assert_eq!(entities(&eval(&[("f1", 0.5)], 1), None), None);
        let labels = eval(&[("subset_accuracy", 0.5), ("micro_f1", 0.625)], 1);
        assert_eq!(
            multi_label(&labels, None).unwrap(),
            "Gets all labels of 50.0 % of 1 test example right; over all labels together F1 is 0.6250"
        );
        let fitted = [("micro_f1", 0.75)].into_iter().collect();
        assert!(
            multi_label(&labels, Some(&fitted)).unwrap().ends_with(", with the fitted thresholds 0.7500")
        );
        assert_eq!(
            regression(&eval(&[("mae", 0.5), ("pearson", 0.875), ("spearman", 0.75)], 9)).unwrap(),
            "Is off by 0.5000 in the mean (MAE) over 9 test examples; its scores correlate with the true ones: Pearson 0.8750, Spearman 0.7500"
        );
        assert!(regression(&eval(&[("mae", 0.5)], 9)).unwrap().ends_with("since one side is constant"));
        let questions = eval(&[("f1", 0.75), ("exact_match", 0.5)], 1);
        assert_eq!(
            answers(&questions, None).unwrap(),
            "Answers 50.0 % of 1 test question exactly; F1 is 0.7500"
        );
        let fitted = [("f1", 0.8), ("exact_match", 0.625)].into_iter().collect();
        assert!(
            answers(&questions, Some(&fitted))
                .unwrap()
                .ends_with("; with the fitted null threshold 62.5 %, and F1 is 0.8000")
        );
        assert_eq!(answers(&eval(&[("f1", 0.5)], 1), None), None);
    }

    #[test]
    fn a_share_of_no_found_entity_is_not_said() {
        let nothing = eval(&[("f1", 0.0), ("recall", 0.0), ("precision", 0.0)], 20);
        let said = |found| entities(&nothing, found).unwrap();
        assert_eq!(said(Some(0)), "Finds no entity in 20 test examples; F1 is 0.0000");
        assert_eq!(
            said(Some(3)),
            "Finds 0.0 % of the entities in 20 test examples, and 0.0 % of those that it finds are right; F1 is 0.0000"
        );
        assert_eq!(said(None), "Finds 0.0 % of the entities in 20 test examples; F1 is 0.0000");
    }
}
