//! `report` makes of a run folder a page that a real browser shows as it should.

use std::fs;
use std::path::{Path, PathBuf};

use embert_tests::program::{bert_train, fail, small_run, succeed};

use crate::made_up::{axes, hostile_run, hostile_sweep};
use crate::sound::{assert_is_sound, assert_prints, browser};

/// A text that would do harm as markup of the page.
const NASTY: &str = "Awful & <script>document.title = 'taken'; fetch('http://example.com/')</script> <img src=x onerror=alert(1)> \"quoted\" </blockquote> ünïcödé";

/// Reviews in which nothing can be learned, with one nasty text among few for validation, so that it is
/// shown.
fn reviews(folder: &Path) -> PathBuf {
    let data = folder.join("reviews");
    fs::create_dir(&data).unwrap();
    let row = |text: &str, label: &str| serde_json::json!({"text": text, "label": label}).to_string() + "\n";
    let mut train = String::new();
    for n in 0..48 {
        let (text, label) = if n % 2 == 0 { ("lovely", "pos") } else { ("awful <i>", "neg") };
        train += &row(&format!("{text} evening, number {n}, {}", "and on it goes ".repeat(n % 9)), label);
    }
    let mut validation = row(NASTY, "neg") + &row(&"a long tale ".repeat(60), "pos");
    for n in 0..6 {
        validation += &row(&format!("evening {n}"), if n % 2 == 0 { "pos" } else { "neg" });
    }
    fs::write(data.join("train.jsonl"), train).unwrap();
    fs::write(data.join("validation.jsonl"), &validation).unwrap();
    fs::write(data.join("test.jsonl"), validation.replace("evening", "night")).unwrap();
    data
}

/// The sample's model with random weights, on short texts.
const SAMPLE_BERT: [&str; 6] =
    ["--model", "datasets/sample/bert", "--set", "from_scratch=true", "--max-length", "48"];

/// A run of 12 steps on `data`, with a page of its own.
fn train(folder: &Path, data: &Path, name: &str, more: &[&str]) -> PathBuf {
    let run = folder.join(name);
    let mut command = bert_train();
    command
        .arg("train")
        .args(SAMPLE_BERT)
        .args([
            "--epochs",
            "2",
            "--batch-size",
            "8",
            "--learning-rate",
            "5e-4",
            "--set",
            "evaluate_test=true",
        ])
        .args(["--head-learning-rate", "1e-3", "--set", "evaluate_every=3", "--dataset"])
        .arg(data)
        .args(more)
        .arg("--output")
        .arg(&run);
    let said = succeed(&mut command);
    assert!(said.contains("report.html"), "{said}");
    run
}

/// A sweep over learning rates with two seeds, made of the runs in `folder` and their own figures; and a
/// point with a failed and a missing run.
fn sweep_of(folder: &Path, rates: &[(&str, [Option<&str>; 2])]) -> PathBuf {
    let sweep = folder.join("sweep-rates-001");
    let mut points = Vec::new();
    for (index, (rate, runs)) in rates.iter().chain([&("5.0", [None, None])]).enumerate() {
        let (mut values, mut records) = (Vec::new(), Vec::new());
        for (seed, run) in runs.iter().enumerate() {
            let name = format!("runs/point-{:02}-seed-{seed}", index + 1);
            let Some(run) = run else {
                let status = if seed == 0 { "failed" } else { "missing" };
                let error = (seed == 0).then_some(NASTY);
                records.push(serde_json::json!({"run": name, "seed": seed, "status": status, "error": error, "value": null, "step": null, "seconds": null, "metrics": null}));
                continue;
            };
            fs::create_dir_all(sweep.join(&name)).unwrap();
            for file in ["config.toml", "metrics.jsonl", "facts.json"] {
                fs::copy(folder.join(run).join(file), sweep.join(&name).join(file)).unwrap();
            }
            let events = embert_tests::program::json_lines(&sweep.join(&name).join("metrics.jsonl"));
            let end = events.iter().find(|event| event["event"] == "end").unwrap();
            let kept = events
                .iter()
                .find(|event| event["split"] == "validation" && event["step"] == end["best_step"])
                .unwrap();
            values.push(kept["accuracy"].as_f64().unwrap());
            records.push(serde_json::json!({"run": name, "seed": seed, "status": "complete", "value": kept["accuracy"], "step": kept["step"], "seconds": end["seconds"], "metrics": kept}));
        }
        let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        let deviation = (values.len() == 2).then(|| (values[0] - values[1]).abs() / std::f64::consts::SQRT_2);
        points.push(serde_json::json!({
            "point": format!("point-{:02}", index + 1), "settings": {"optimizer.learning_rate": rate.parse::<f64>().unwrap()},
            "mean": mean, "standard_deviation": deviation, "seconds": mean.map(|_| 1.0 + index as f64), "trainable": 9, "parameters": 9,
            "runs": records,
        }));
    }
    write_sweep(&sweep, &["optimizer.learning_rate"], &[0, 1], &points)
}

/// A random search of a hundred points with one seed, of which only the table is left.
fn large_sweep(folder: &Path) -> PathBuf {
    let point = |n: usize| {
        // Spread as at random, but fixed.
        let (one, other) = ((n * 37 % 100) as f64 / 100.0, (n * 61 % 100) as f64 / 100.0);
        let freeze = ["none", "encoder_below:6", "embeddings+encoder_below:10", "all_but_head"][n % 4];
        let value = 0.9 - (one - 0.6).powi(2) - 0.05 * (n % 4) as f64;
        serde_json::json!({
            "point": format!("point-{:03}", n + 1),
            "settings": {"optimizer.learning_rate": 1e-6 * 1000f64.powf(one), "hidden_dropout": other / 2.0, "freeze": freeze},
            "mean": value, "standard_deviation": null, "seconds": 100.0 / (1 + n % 4) as f64 + other, "trainable": 109_000_000 / (1 + (n % 4).pow(4)), "parameters": 109_000_000,
            "runs": [{"run": format!("runs/point-{:03}-seed-0", n + 1), "seed": 0, "status": "complete", "value": value, "step": 9, "seconds": 10.0, "metrics": null}],
        })
    };
    let points: Vec<serde_json::Value> = (0..100).map(point).collect();
    write_sweep(
        &folder.join("sweep-many-001"),
        &["optimizer.learning_rate", "hidden_dropout", "freeze"],
        &[0],
        &points,
    )
}

fn write_sweep(folder: &Path, keys: &[&str], seeds: &[u64], points: &[serde_json::Value]) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let name = folder.file_name().unwrap().to_str();
    let sweep = serde_json::json!({
        "name": name, "metric": "accuracy", "better": "higher", "split": "validation", "keys": keys, "seeds": seeds, "points": points,
    });
    fs::write(folder.join("sweep.json"), sweep.to_string()).unwrap();
    folder.to_owned()
}

#[test]
fn a_browser_shows_the_pages_of_runs_and_sweeps() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut browser) = browser(dir.path()) else { return };
    let data = reviews(dir.path());
    let run = train(dir.path(), &data, "one", &[]);
    // Plots: four of training, four of each split, the lengths.
    assert_is_sound(&mut browser, &run.join("report.html"), 13, "run");
    assert_prints(&mut browser, &run.join("report.html"), "run");
    let texts = "[...document.querySelectorAll('blockquote')].map(quote => quote.textContent)";
    let texts: Vec<String> = serde_json::from_value(browser.evaluate(texts)).unwrap();
    assert!(texts.iter().any(|text| text == NASTY), "{texts:?}");
    assert_eq!(browser.evaluate("document.title"), "one – embert");

    let others = [("two", "2", "5e-4"), ("three", "0", "5e-5"), ("four", "2", "5e-5")]
        .map(|(name, seed, rate)| train(dir.path(), &data, name, &["--seed", seed, "--learning-rate", rate]));
    let page = dir.path().join("compared.html");
    succeed(bert_train().arg("report").arg(&run).args(&others).arg("--output").arg(&page));
    assert_is_sound(&mut browser, &page, 4, "compared");
    // Two seeds with one rate are one point, with a bar.
    let rows = "[...document.querySelectorAll('#points table')][0].querySelectorAll('tbody tr').length";
    assert_eq!(browser.evaluate(rows), 2);
    assert!(
        browser.evaluate("document.querySelector('#points').textContent").as_str().unwrap().contains('±')
    );

    let sweep = sweep_of(
        dir.path(),
        &[("5e-4", [Some("one"), Some("two")]), ("5e-5", [Some("three"), Some("four")])],
    );
    let said = succeed(bert_train().arg("report").arg(&sweep));
    assert_eq!(Path::new(said.trim()), sweep.join("report.html"));
    // Plots: the ranking, by rate, by time; three kinds of curves.
    assert_is_sound(&mut browser, &sweep.join("report.html"), 6, "sweep");
    assert_prints(&mut browser, &sweep.join("report.html"), "sweep");
    let text = browser.evaluate("document.querySelector('main').textContent");
    let text = text.as_str().unwrap();
    for part in [NASTY, "2 of 2", "0 of 2, 1 failed, 1 missing", "not run yet", "so far"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let rows = "[...document.querySelectorAll('#points tbody th')].map(cell => cell.textContent)";
    assert_eq!(browser.evaluate(rows), serde_json::json!(["1", "2", "–"]));

    // A real sweep, over a number and a name, whose page its own command wrote.
    let real = dir.path().join("real");
    let said = succeed(
        bert_train()
            .arg("sweep")
            .args(SAMPLE_BERT)
            .args(["--epochs", "1", "--batch-size", "16", "--seeds", "2", "--dataset"])
            .arg(&data)
            .args([
                "--grid",
                "freeze=none,all_but_head",
                "--grid",
                "optimizer.learning_rate=5e-5,1e-3",
                "--output",
            ])
            .arg(&real),
    );
    assert!(said.contains(real.join("report.html").to_str().unwrap()), "{said}");
    // Plots: the ranking, by rate with a line for each freeze, by time, by parameters; three kinds of curves.
    assert_is_sound(&mut browser, &real.join("report.html"), 7, "real");
    let shares = browser.evaluate("[...document.querySelectorAll('#points tbody td')].filter(cell => cell.textContent.endsWith('%)')).length");
    assert_eq!(shares, 2);

    let many = large_sweep(dir.path());
    succeed(bert_train().arg("report").arg(&many));
    // Plots: the ranking, two numbers and a name among others, by time, by parameters.
    assert_is_sound(&mut browser, &many.join("report.html"), 6, "many");
    assert_prints(&mut browser, &many.join("report.html"), "many");

    // A run with a rate for each layer, and stages.
    let more = [
        "--set",
        "optimizer.layerwise_lr_decay=0.5",
        "--freeze",
        "all_but_head",
        "--set",
        "unfreeze_every=3",
    ];
    let staged = train(dir.path(), &data, "staged", &more);
    assert_is_sound(&mut browser, &staged.join("report.html"), 13, "staged");
    assert_prints(&mut browser, &staged.join("report.html"), "staged");
    let groups = "document.querySelector('#learning-rate .legend').textContent";
    let groups = browser.evaluate(groups);
    let groups: Vec<&str> = groups.as_str().unwrap().split_whitespace().collect();
    assert_eq!(groups, ["embeddings", "layer", "0", "layer", "1", "pooler", "head"]);
    let stages =
        "[...document.querySelectorAll('#training > .scroll tbody tr')].map(row => row.cells[1].textContent)";
    assert_eq!(browser.evaluate(stages), serde_json::json!(["1", "4", "7", "10"]));

    // A run that has only begun.
    let begun = dir.path().join("begun");
    fs::create_dir(&begun).unwrap();
    fs::copy(run.join("config.toml"), begun.join("config.toml")).unwrap();
    succeed(bert_train().arg("report").arg(&begun));
    assert_is_sound(&mut browser, &begun.join("report.html"), 0, "begun");
}

/// The page has the figures that the run logged, and is the same for the same files.
#[test]
fn the_page_says_what_the_log_says() {
    let dir = tempfile::tempdir().unwrap();
    let run = train(dir.path(), &reviews(dir.path()), "run", &[]);
    let html = fs::read_to_string(run.join("report.html")).unwrap();
    let events = embert_tests::program::json_lines(&run.join("metrics.jsonl"));
    let test = events.iter().find(|event| event["split"] == "test").unwrap();
    for key in ["accuracy", "f1", "loss", "roc_auc"] {
        let figure = format!("{:.4}", test[key].as_f64().unwrap());
        assert!(html.contains(&figure), "{key} {figure}");
    }
    succeed(bert_train().arg("report").arg(&run));
    assert_eq!(fs::read_to_string(run.join("report.html")).unwrap(), html);
    let drawn = succeed(bert_train().arg("report").arg(&run).arg("--terminal"));
    assert!(drawn.contains("training loss") && drawn.contains("validation loss"), "{drawn}");
    let sweep = sweep_of(dir.path(), &[("5e-4", [Some("run"), None])]);
    let table = succeed(bert_train().arg("report").arg(&sweep).arg("--terminal"));
    assert!(table.contains("1 of 2") && table.contains("Best validation accuracy so far"), "{table}");
    let both = fail(bert_train().arg("report").arg(&run).arg(&sweep));
    assert!(both.contains("is a sweep, which has a page of its own"), "{both}");
    let no_run = fail(bert_train().arg("report").arg(dir.path()));
    assert!(no_run.contains("no run folder"), "{no_run}");
}

/// A run without a validation split, and one from before there were facts and examples, still have a page.
#[test]
fn a_page_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    succeed(small_run(&run, 0).args(["--split-ratios", "1/0/0", "--epochs", "1"]));
    let page = || fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page().contains("no validation split") && !page().contains("facts.json"), "{}", page());
    for file in ["facts.json", "examples.jsonl"] {
        fs::remove_file(run.join(file)).unwrap();
    }
    succeed(bert_train().arg("report").arg(&run));
    assert!(page().contains("no facts.json") && page().contains("no examples.jsonl"), "{}", page());
}

/// The axes of the page have names that fit and differ, whatever the numbers are.
#[test]
fn every_kind_of_axis_is_legible() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut browser) = browser(dir.path()) else { return };
    for run in axes(dir.path()) {
        let name = run.file_name().unwrap().to_str().unwrap();
        succeed(bert_train().arg("report").arg(&run));
        assert_is_sound(&mut browser, &run.join("report.html"), 4, name);
        let drawn = succeed(bert_train().args(["report", "--terminal"]).arg(&run));
        assert!(drawn.lines().all(|line| line.chars().count() <= 80), "{name}: {drawn}");
    }
}

/// Labels, settings and errors that are markup, control characters or marks of direction stay texts, and stay
/// in their place.
#[test]
fn hostile_names_do_no_harm_in_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let runs = [hostile_run(dir.path()), hostile_sweep(dir.path())];
    for run in &runs {
        succeed(bert_train().arg("report").arg(run));
        let html = fs::read_to_string(run.join("report.html")).unwrap();
        assert!(!html.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{html}");
        for part in ["<script>document", "<img", "<svg/", "</title></style>"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
        // Marks of direction are left in texts alone.
        let mut rest = html.split("<blockquote dir=\"auto\">");
        let names = rest.next().unwrap().to_owned()
            + &rest.map(|part| part.split_once("</blockquote>").unwrap().1).collect::<String>();
        let marks = |c: char| {
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}')
        };
        assert!(!names.contains(marks), "{names}");
        assert_eq!(names.matches('\u{2068}').count(), names.matches('\u{2069}').count());
        assert!(html.contains("\\u{1b}[31m\\u{0}\\u{7f}") && html.contains("\u{2068}שלום\u{2069}"), "{html}");
    }
    let Some(mut browser) = browser(dir.path()) else { return };
    // The page is copied, since the folder's name has characters that a URL can't have.
    let page = dir.path().join("page.html");
    for (run, name) in runs.iter().zip(["hostile-run", "hostile-sweep"]) {
        let html = fs::read_to_string(run.join("report.html")).unwrap();
        fs::write(&page, &html).unwrap();
        assert_is_sound(&mut browser, &page, html.matches("<figure").count(), name);
        let harmful = "document.querySelectorAll('a, base, form, object, embed, meta[http-equiv=refresh], body style').length + document.querySelectorAll('style, title').length - 2 - document.querySelectorAll('svg title').length";
        assert_eq!(browser.evaluate(harmful), 0);
        let not_isolated = "[...document.querySelectorAll('blockquote')].filter(e => getComputedStyle(e).unicodeBidi !== 'isolate' && getComputedStyle(e).unicodeBidi !== 'plaintext').length";
        assert_eq!(browser.evaluate(not_isolated), 0);
    }
}
