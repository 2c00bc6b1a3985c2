//! The pages of made-up runs of each task.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use embert_report::{PageOptions, Run, Sweep, page, sweep_page, sweep_terminal, terminal};
use embert_tests::runs::{multi_label, question_answering, regression, token_classification};

/// The page of a run; it is kept for people where `EMBERT_PAGES` names a folder.
fn page_of(folders: &[PathBuf]) -> String {
    let runs: Vec<Run> = folders.iter().map(|folder| Run::read(folder).unwrap()).collect();
    assert!(runs.iter().all(|run| run.damage.is_empty()), "{:?}", runs[0].damage);
    let html = page(&runs, &PageOptions::default()).unwrap();
    if let Some(folder) = std::env::var_os("EMBERT_PAGES") {
        let name = if runs.len() == 1 { runs[0].name.clone() } else { format!("{}-runs", runs.len()) };
        fs::write(Path::new(&folder).join(format!("{name}.html")), &html).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.txt")), terminal(&runs[0])).unwrap();
    }
    html
}

fn assert_has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is not in the page");
    }
}

#[test]
fn entities_are_marked_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let html = page_of(&[token_classification(place.path(), "entities", 120)]);
    assert_has(
        &html,
        &[
            "Finds 62.4 % of the entities in 120 test examples",
            "the better of two rules without a model (each word's most frequent tag",
            "id=\"types-test\"",
            "id=\"errors-test\"",
            "id=\"entity-lengths-validation\"",
            "id=\"text-lengths-test\"",
            "Against rules without a model",
            "<mark class=\"entity missed\">",
            " taken for ",
            " invented, ",
            " found as ",
            "By tag",
            "micro average",
        ],
    );
}

#[test]
fn several_labels_have_thresholds_curves_and_company() {
    let place = tempfile::tempdir().unwrap();
    let html = page_of(&[multi_label(place.path(), "labels", 28, 300)]);
    assert_has(
        &html,
        &[
            "Gets all labels of 39.3 % of 300 test examples right; over all labels together F1 is 0.5430, with the fitted thresholds 0.5930",
            "precision at it",
            "16 labels with fewer examples are left out",
            "The 6 labels with the most examples; 22 are left out.",
            "id=\"label-numbers-test\"",
            "id=\"labels-test\"",
            "The other 8 labels",
            "class=\"label missed\"",
            "10 examples of 300",
        ],
    );
}

#[test]
fn numbers_have_residuals_and_their_error_is_shown_once() {
    let place = tempfile::tempdir().unwrap();
    let html = page_of(&[regression(place.path(), "pairs", 300)]);
    assert_has(
        &html,
        &[
            "Is off by 0.5600 in the mean (MAE) over 300 test examples",
            "Pearson 0.8510, Spearman 0.8470",
            "a rule without a model (the mean of the training split) has MAE 1.2900.",
            "id=\"predicted-test\"",
            "id=\"residuals-validation\"",
            "id=\"error-by-score-test\"",
            "id=\"metrics-errors\"",
            "Furthest too low",
        ],
    );
    // The mean squared error is the loss, whose curve is another plot's.
    let errors = html.split("id=\"metrics-errors\"").nth(1).unwrap().split("</figure>").next().unwrap();
    assert!(errors.contains("MAE") && !errors.contains("MSE"), "{errors}");
}

#[test]
fn answers_are_marked_and_counted() {
    let place = tempfile::tempdir().unwrap();
    let html = page_of(&[question_answering(place.path(), "answers", 120, false)]);
    assert_has(
        &html,
        &[
            "Answers 59.8 % of 120 test questions exactly; F1 is 0.7270; a rule without a model (the sentence with most of the question's words) has F1 0.2110.",
            "id=\"question-words-test\"",
            "id=\"answer-lengths-validation\"",
            "id=\"context-lengths-test\"",
            "how many (17)",
            "<th scope=\"row\">why</th><td>–</td><td>–</td><td>0</td>",
            "Against rules without a model",
            "<span class=\"true given\">",
            "<span class=\"given\">",
            "Whole context",
        ],
    );
    for absent in ["null threshold", "null odds", "id=\"null-threshold", "with and without"] {
        assert!(!html.contains(absent), "{absent} is in the page");
    }
}

#[test]
fn questions_that_may_have_no_answer_have_a_null_threshold() {
    let place = tempfile::tempdir().unwrap();
    let html = page_of(&[question_answering(place.path(), "no answers", 300, true)]);
    assert_has(
        &html,
        &[
            "Answers 59.8 % of 300 test questions exactly; F1 is 0.7270; with the fitted null threshold 61.8 %, and F1 is 0.7470;",
            "0.7470 with fitted null threshold",
            "this run, null threshold 0",
            "this run, fitted null threshold",
            "Scores and answers are those with the null threshold that was fitted on the validation split, -0.7500.",
            "id=\"null-threshold-validation\"",
            "id=\"null-threshold-test\"",
            "fitted threshold, -0.75",
            "Null threshold fitted, -0.7500",
            "best F1 of this split, ",
            ", null odds ",
            "no answer, instead of",
        ],
    );
}

#[test]
fn runs_of_several_tasks_are_compared_by_what_they_share() {
    let place = tempfile::tempdir().unwrap();
    let folders = [
        multi_label(place.path(), "labels", 5, 20),
        multi_label(place.path(), "more labels", 5, 20),
        regression(place.path(), "pairs", 20),
    ];
    let html = page_of(&folders);
    assert_has(
        &html,
        &[
            "The runs are of 2 tasks:",
            "<li>text-classification, multi_label_classification: labels, more labels</li>",
            "<li>text-classification, regression: pairs</li>",
            "the metrics that all have: loss.",
            "No run is the best: they are of several tasks",
        ],
    );
    for ranked in ["Best validation", "the best first", "compare-points"] {
        assert!(!html.contains(ranked), "{ranked} is in the page");
    }
    // The regression comes last in the folders, and its loss is the highest or the lowest.
    for order in [[0, 1, 2], [2, 0, 1]] {
        let html = page_of(&order.map(|index| folders[index].clone()));
        let rows = html.split("id=\"runs\"").nth(1).unwrap();
        let place = |name: &str| rows.find(&format!("<th scope=\"row\">{name}</th>")).unwrap();
        let names = order.map(|index| ["labels", "more labels", "pairs"][index]);
        assert!(names.windows(2).all(|pair| place(pair[0]) < place(pair[1])), "{names:?}");
    }
    let html = page_of(&folders[..2]);
    assert!(!html.contains("The runs are of") && html.contains("Best validation"));
}

/// A page of many labels and many examples stays small, and one of few has all its parts.
#[test]
fn a_page_is_small_whatever_the_run_has() {
    let place = tempfile::tempdir().unwrap();
    for (run, most) in [
        (multi_label(place.path(), "many", 60, 5000), 1_500_000),
        (token_classification(place.path(), "many entities", 5000), 600_000),
        (regression(place.path(), "many pairs", 5000), 1_000_000),
        (question_answering(place.path(), "many questions", 5000, true), 600_000),
        (multi_label(place.path(), "one of two", 2, 1), 150_000),
        (multi_label(place.path(), "one", 1, 1), 150_000),
        (token_classification(place.path(), "one sentence", 1), 150_000),
        (regression(place.path(), "one pair", 1), 150_000),
        (question_answering(place.path(), "one question", 1, true), 150_000),
        (multi_label(place.path(), "none", 3, 0), 150_000),
        (token_classification(place.path(), "no sentence", 0), 150_000),
        (regression(place.path(), "no pair", 0), 150_000),
        (question_answering(place.path(), "no question", 0, true), 150_000),
    ] {
        let html = page_of(std::slice::from_ref(&run));
        assert!(html.len() < most, "{} has {} bytes", run.display(), html.len());
        assert!(html.contains("id=\"test\""), "{}", run.display());
        assert!(!html.contains(">NaN<"), "{}", run.display());
    }
}

#[test]
fn a_terminal_says_the_result_and_what_rules_get() {
    let place = tempfile::tempdir().unwrap();
    for (run, parts) in [
        (
            token_classification(place.path(), "entities", 9),
            [
                "Finds 62.4 % of the entities",
                "each word's most frequent",
                "LOC (81)",
                "0.6841",
                "validation f1:",
            ],
        ),
        (
            multi_label(place.path(), "labels", 3, 9),
            ["Gets all labels of", "with fitted", "the most frequent", "0.5930", "validation micro_f1:"],
        ),
        (
            regression(place.path(), "pairs", 9),
            ["Is off by 0.5600", "the mean of the training ", "2.2800", "Spearman", "validation pearson:"],
        ),
        (
            question_answering(place.path(), "questions", 9, true),
            ["Answers 59.8 % of 9 test", "with fitted null", "the sentence with", "0.7470", "validation f1:"],
        ),
    ] {
        let text = terminal(&Run::read(&run).unwrap());
        for part in parts {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    // Where each question has an answer, the others have no numbers, and no columns.
    for (name, with_none) in [("answered", false), ("some answered", true)] {
        let run = question_answering(place.path(), name, 9, with_none);
        let text = terminal(&Run::read(&run).unwrap());
        assert_eq!(text.contains("NoAns F1"), with_none, "{text}");
    }
}

/// A run records 0 divided by 0 as 0.
#[test]
fn a_type_that_is_never_found_has_a_dash_for_its_precision() {
    let place = tempfile::tempdir().unwrap();
    let run = token_classification(place.path(), "entities", 9);
    let path = run.join("scores.json");
    let mut scores: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for split in scores["splits"].as_array_mut().unwrap() {
        let detail = &mut split["detail"];
        detail["classes"][0]["metrics"] = serde_json::json!({"precision": 0.0, "recall": 0.0, "f1": 0.0});
        for row in detail["confusion_matrix"].as_array_mut().unwrap() {
            row[0] = 0.into();
        }
    }
    fs::write(&path, scores.to_string()).unwrap();
    assert_has(
        &page_of(std::slice::from_ref(&run)),
        &["<th scope=\"row\">LOC</th><td>–</td><td>0.0000</td><td>0.0000</td><td>81</td>"],
    );
    let text = terminal(&Run::read(&run).unwrap());
    let row = text.lines().find(|line| line.contains("LOC (81)")).unwrap();
    assert_eq!((row.matches('–').count(), row.matches("0.0000").count()), (1, 2), "{row}");
}

#[test]
fn a_sweep_over_several_tasks_says_so() {
    let place = tempfile::tempdir().unwrap();
    let runs = place.path().join("runs");
    token_classification(&runs, "a", 9);
    let row = |run: &str, value: f64| {
        format!(
            r#"{{"point": "{run}", "settings": {{"freeze": "{run}"}}, "mean": {value}, "standard_deviation": null, "runs": [
            {{"run": "runs/{run}", "seed": 0, "status": "complete", "value": {value}, "step": 90, "seconds": 1.0}}]}}"#
        )
    };
    let table = format!(
        r#"{{"name": "mixed", "metric": "accuracy", "better": "higher", "split": "validation", "keys": ["freeze"], "seeds": [0],
        "points": [{}, {}]}}"#,
        row("a", 0.5),
        row("b", 0.25)
    );
    fs::write(place.path().join("sweep.json"), table).unwrap();
    let html = || sweep_page(&Sweep::read(place.path()).unwrap(), &PageOptions::default()).unwrap();
    assert!(!html().contains("several tasks"));
    // The accuracy is that of tokens, of which there are more than examples.
    assert!(!html().contains("one standard error"));
    multi_label(&runs, "b", 3, 9);
    assert_has(
        &html(),
        &[
            "The runs are of several tasks (token-classification; text-classification, multi_label_classification)",
        ],
    );
}

/// What training has won stands in a sweep's result, in its table of points and in a table of all metrics.
#[test]
fn a_sweep_has_the_rules_without_a_model() {
    let place = tempfile::tempdir().unwrap();
    multi_label(&place.path().join("runs"), "a", 3, 9);
    let with = |baselines: &str| {
        let table = format!(
            r#"{{"name": "s", "metric": "micro_f1", "better": "higher", "split": "validation", "keys": ["freeze"], "seeds": [0],
            "points": [{{"point": "a", "settings": {{"freeze": "a"}}, "mean": 0.5, "standard_deviation": null, "baseline": 0.125, "runs": [
            {{"run": "runs/a", "seed": 0, "status": "complete", "value": 0.5, "step": 90, "seconds": 1.0,
              "metrics": {{"micro_f1": 0.5, "macro_f1": 0.375}}, "baselines": [{baselines}]}}]}}]}}"#
        );
        fs::write(place.path().join("sweep.json"), table).unwrap();
        Sweep::read(place.path()).unwrap()
    };
    let rules = r#"{"name": "no label", "metrics": {"micro_f1": 0.0}},
        {"name": "always joy", "metrics": {"micro_f1": 0.125, "macro_f1": 0.0625}}"#;
    let sweep = with(rules);
    let said = "The better of two rules without a model (always joy) has micro F1 0.1250.";
    assert_has(
        &sweep_page(&sweep, &PageOptions::default()).unwrap(),
        &[said, "without a model</th>", "Against rules without a model", "the best point, seed 0", "0.0625"],
    );
    assert!(sweep_terminal(&sweep).replace('\n', " ").contains("(always joy)"), "{}", sweep_terminal(&sweep));
    // Where no rule has the metric, as with a correlation, the table of all metrics has the rules.
    let other =
        sweep_page(&with(r#"{"name": "b", "metrics": {"macro_f1": 0.0625}}"#), &PageOptions::default());
    let other = other.unwrap();
    assert!(other.contains("0.0625") && !other.contains("rule without a model ("), "{other}");
}

/// A run that has lost its examples has the tables that it recorded, and one without scores has all that its
/// examples give.
#[test]
fn what_is_lost_is_said_and_the_rest_is_shown() {
    let place = tempfile::tempdir().unwrap();
    for (run, what) in [
        (
            token_classification(place.path(), "entities", 9),
            "Errors by kind, F1 by length and marked texts: there is",
        ),
        (
            multi_label(place.path(), "labels", 3, 9),
            "Curves, figures at fitted thresholds and single examples: there is",
        ),
        (
            regression(place.path(), "pairs", 9),
            "Predicted against true, residuals and single examples: there is",
        ),
        (
            question_answering(place.path(), "questions", 9, true),
            "Scores by question word and length, and marked answers: there is",
        ),
    ] {
        let examples = fs::read(run.join("examples.jsonl")).unwrap();
        fs::remove_file(run.join("examples.jsonl")).unwrap();
        let html = page_of(std::slice::from_ref(&run));
        assert_has(&html, &[what, "Against rules without a model", "id=\"test\""]);
        fs::remove_file(run.join("scores.json")).unwrap();
        assert!(!page_of(std::slice::from_ref(&run)).contains("id=\"test\""));
        fs::write(run.join("examples.jsonl"), examples).unwrap();
        let html = page_of(std::slice::from_ref(&run));
        assert!(html.contains("id=\"test\"") && !html.contains("Not in this report"), "{html}");
    }
}
