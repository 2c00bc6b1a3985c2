//! The pages of runs of each task, in a real browser.

use std::fs;

use embert_tests::program::{bert_train, succeed};
use embert_tests::runs;

use crate::made_up::HOSTILE;
use crate::sound::{assert_is_sound, assert_prints, browser};

/// The pages of the other tasks, from few examples to many.
#[test]
fn a_browser_shows_the_pages_of_every_task() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut browser) = browser(dir.path()) else { return };
    let tagged = runs::token_classification(dir.path(), "entities", 120);
    let labels = runs::multi_label(dir.path(), "labels", 28, 300);
    let pairs = runs::regression(dir.path(), "pairs", 1500);
    let answers = runs::question_answering(dir.path(), "answers", 60, false);
    let no_answers = runs::question_answering(dir.path(), "no-answers", 300, true);
    // Plots of training: four, or five with errors; of each split four, or three without a null threshold; the
    // lengths.
    for (run, plots) in [(&tagged, 13), (&labels, 13), (&pairs, 14), (&answers, 11), (&no_answers, 13)] {
        let name = run.file_name().unwrap().to_str().unwrap();
        succeed(bert_train().arg("report").arg(run));
        assert_is_sound(&mut browser, &run.join("report.html"), plots, name);
        assert_prints(&mut browser, &run.join("report.html"), name);
        // What scrolls or opens can be reached with keys.
        let unreachable = "[...document.querySelectorAll('.scroll')].filter(e => e.tabIndex !== 0 || !e.getAttribute('aria-label')).length + document.querySelectorAll('details > :first-child:not(summary)').length";
        assert_eq!(browser.evaluate(unreachable), 0, "{name}");
        let drawn = succeed(bert_train().args(["report", "--terminal"]).arg(run));
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{name}: {drawn}");
    }
    // Marks are told apart by their words, and by more than colour.
    browser.view(1280, "light");
    browser.open(&format!("file://{}", tagged.join("report.html").display()));
    let styles = "[...new Set([...document.querySelectorAll('#test mark')].map(mark => getComputedStyle(mark)).map(style => style.borderBottomStyle + ' ' + style.borderBottomWidth + ' ' + style.borderBottomColor))].length";
    assert_eq!(browser.evaluate(styles), 6);
    let silent = "[...document.querySelectorAll('#test .examples mark')].filter(mark => !mark.querySelector('small')?.textContent.trim()).length";
    assert_eq!(browser.evaluate(silent), 0);

    browser.open(&format!("file://{}", no_answers.join("report.html").display()));
    let of_pieces = "[...new Set([...document.querySelectorAll('#test mark.answer > span')].map(piece => getComputedStyle(piece)).map(style => style.borderBottomStyle + ' ' + style.borderTopStyle))].sort()";
    assert_eq!(browser.evaluate(of_pieces), serde_json::json!(["none dotted", "solid dotted", "solid none"]));
    assert_eq!(browser.evaluate(silent), 0);

    for (run, plots, name) in [
        (runs::token_classification(dir.path(), "sentence", 1), 13, "one"),
        (runs::multi_label(dir.path(), "label", 1, 1), 13, "one-label"),
        (runs::multi_label(dir.path(), "60 labels", 60, 400), 13, "many-labels"),
        (runs::regression(dir.path(), "nothing", 0), 6, "none"),
        (runs::question_answering(dir.path(), "question", 1, true), 13, "one-question"),
    ] {
        let drawn = dir.path().join(format!("{name}.html"));
        succeed(bert_train().arg("report").arg(&run).arg("--output").arg(&drawn));
        let html = fs::read_to_string(&drawn).unwrap();
        assert!(html.matches("<figure").count() <= plots, "{name}");
        assert_is_sound(&mut browser, &drawn, html.matches("<figure").count(), name);
    }
    let page = dir.path().join("tasks.html");
    succeed(bert_train().arg("report").args([&tagged, &labels, &pairs, &answers]).arg("--output").arg(&page));
    assert_is_sound(&mut browser, &page, 3, "tasks");
}

/// Types, labels and texts that are markup, control characters or marks of direction, in runs of each task.
#[test]
fn hostile_names_do_no_harm_in_the_page_of_any_task() {
    let dir = tempfile::tempdir().unwrap();
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let mut pages = Vec::new();
    for (run, names) in [
        (
            runs::token_classification(dir.path(), "entities", 40),
            ["PER", "LOC", "each word's most frequent tag in the training split"],
        ),
        (runs::multi_label(dir.path(), "labels", 14, 40), ["neutral", "admiration", "no label anywhere"]),
        (runs::regression(dir.path(), "pairs", 40), ["MAE", "MSE", "the mean of the training split"]),
        (
            runs::question_answering(dir.path(), "answers", 40, true),
            ["HasAns F1", "Exact match", "the sentence with most of the question's words"],
        ),
    ] {
        for file in ["facts.json", "scores.json", "examples.jsonl"] {
            let mut text = fs::read_to_string(run.join(file)).unwrap();
            for (place, name) in names.iter().enumerate() {
                text = text.replace(&quoted(name), &quoted(&format!("{place}{HOSTILE}שלום")));
            }
            // As long as what it replaces, so that entities keep their places.
            text = text.replace("quietly", "<b>\\u0007\\u202e&א").replace("weather", "</mark>");
            fs::write(run.join(file), text).unwrap();
        }
        let page = run.with_extension("html");
        succeed(bert_train().arg("report").arg(&run).arg("--output").arg(&page));
        let html = fs::read_to_string(&page).unwrap();
        assert!(!html.contains("Not in this report"), "{html}");
        assert!(!html.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{html}");
        for part in ["<script>document", "<img", "<svg/", "</title></style>", "<b>\\"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
        assert!(html.contains("\\u{1b}[31m\\u{0}\\u{7f}") && html.contains("&lt;/mark&gt;"), "{html}");
        pages.push((page, html.matches("<figure").count()));
    }
    let Some(mut browser) = browser(dir.path()) else { return };
    for (page, plots) in &pages {
        let name = page.file_stem().unwrap().to_str().unwrap();
        assert_is_sound(&mut browser, page, *plots, &format!("hostile-{name}"));
    }
}
