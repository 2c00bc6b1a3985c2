//! The pages of runs of each task, in a real browser.

use std::fs;

use embert_tests::program::{bert_train, succeed};
use embert_tests::runs;

use crate::sound::{assert_is_sound, assert_prints, browser};

/// The pages of the other tasks, from few examples to many.
#[test]
fn a_browser_shows_the_pages_of_every_task() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut browser) = browser(dir.path()) else { return };
    let tagged = runs::token_classification(dir.path(), "entities", 120);
    let labels = runs::multi_label(dir.path(), "labels", 28, 300);
    let pairs = runs::regression(dir.path(), "pairs", 1500);
    // Plots of training: four, or five with errors; of each split four; the lengths.
    for (run, plots) in [(&tagged, 13), (&labels, 13), (&pairs, 14)] {
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

    for (run, plots, name) in [
        (runs::token_classification(dir.path(), "sentence", 1), 13, "one"),
        (runs::multi_label(dir.path(), "label", 1, 1), 13, "one-label"),
        (runs::multi_label(dir.path(), "60 labels", 60, 400), 13, "many-labels"),
        (runs::regression(dir.path(), "nothing", 0), 6, "none"),
    ] {
        let drawn = dir.path().join(format!("{name}.html"));
        succeed(bert_train().arg("report").arg(&run).arg("--output").arg(&drawn));
        let html = fs::read_to_string(&drawn).unwrap();
        assert!(html.matches("<figure").count() <= plots, "{name}");
        assert_is_sound(&mut browser, &drawn, html.matches("<figure").count(), name);
    }
    let page = dir.path().join("tasks.html");
    succeed(bert_train().arg("report").args([&tagged, &labels, &pairs]).arg("--output").arg(&page));
    assert_is_sound(&mut browser, &page, 4, "tasks");
}
