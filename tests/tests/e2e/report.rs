//! `report` makes of a run folder a page that a real browser shows as it should.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use embert_tests::browser::{Browser, chromium};
use embert_tests::program::{bert_train, fail, small_run, succeed};
use embert_tests::runs;

use crate::made_up::{axes, hostile_run, hostile_sweep};

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

/// Starts the browser; `None`, with the reason printed, where there is none. In CI there has to be one.
#[allow(clippy::print_stderr, reason = "a test that is skipped says why")]
fn browser(folder: &Path) -> Option<Browser> {
    let Some(program) = chromium() else {
        assert!(std::env::var_os("CI").is_none(), "CI is set, so Chromium has to be installed");
        eprintln!("skipped: no Chromium is installed");
        return None;
    };
    let profile = folder.join("profile");
    fs::create_dir(&profile).unwrap();
    Some(Browser::start(&program, &profile))
}

/// Asserts what holds of every page: it shows all plots, fits the window, makes no requests and logs no
/// complaint.
fn assert_is_sound(browser: &mut Browser, page: &Path, plots: usize, name: &str) {
    let url = format!("file://{}", page.display());
    for (width, scheme) in [(1440, "light"), (1440, "dark"), (375, "light"), (375, "dark")] {
        browser.view(width, scheme);
        browser.open(&url);
        let place = format!("{name}, {width} px, {scheme}");
        assert_eq!(browser.evaluate("document.documentElement.clientWidth"), width, "{place}");
        let complaints =
            browser.events(&["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"]);
        assert!(complaints.is_empty(), "{place}: {complaints:?}");
        let requests: Vec<String> = browser
            .events(&["Network.requestWillBeSent"])
            .iter()
            .map(|event| event["params"]["request"]["url"].to_string())
            .filter(|request| !request.contains(&url) && !request.starts_with("\"data:"))
            .collect();
        assert!(requests.is_empty(), "{place}: {requests:?}");

        let scripts = browser.evaluate("document.querySelectorAll('script, img, iframe, [onerror]').length");
        assert_eq!(scripts, 0, "{place}");
        let sizes = browser.evaluate(
            "[...document.querySelectorAll('svg')].map(svg => { const box = svg.getBoundingClientRect(); return Math.min(box.width, box.height); })",
        );
        let sizes: Vec<f64> = sizes.as_array().unwrap().iter().map(|size| size.as_f64().unwrap()).collect();
        assert_eq!(sizes.len(), plots, "{place}");
        assert!(sizes.iter().all(|size| *size > 100.0), "{place}: {sizes:?}");
        assert_plots_are_legible(browser, &place);
        let unnamed = "[...document.querySelectorAll('svg')].filter(svg => svg.getAttribute('aria-labelledby').split(' ').some(id => !document.getElementById(id)?.textContent)).length";
        assert_eq!(browser.evaluate(unnamed), 0, "{place}: a plot has no text in its place");
        let twice = "(() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id); return ids.filter((id, at) => ids.indexOf(id) < at); })()";
        assert_eq!(browser.evaluate(twice), serde_json::json!([]), "{place}: the same id twice");
        assert_fits(browser, &place);
        save_screenshot(browser, &format!("{name}-{width}-{scheme}"));
        browser.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)");
        assert_fits(browser, &format!("{place}, all open"));
        assert_contrast(browser, &place);
    }
}

/// Asserts that the page on A4 (794 px less margins) is dark on white whatever the screen is, that all of it
/// fits, and that everything that can be opened is open or hidden.
fn assert_prints(browser: &mut Browser, page: &Path, name: &str) {
    let place = format!("{name}, on paper");
    browser.paper(688, "dark");
    browser.open(&format!("file://{}", page.display()));
    assert_eq!(
        browser.evaluate("getComputedStyle(document.body).backgroundColor"),
        "rgb(255, 255, 255)",
        "{place}"
    );
    assert_contrast(browser, &place);
    assert_fits(browser, &place);
    let over = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible').length";
    assert_eq!(browser.evaluate(over), 0, "{place}: a table is cut");
    let closed = "[...document.querySelectorAll('details:not(figure details) > :not(summary)')].filter(e => !e.checkVisibility({contentVisibilityAuto: true})).map(e => e.outerHTML.slice(0, 80))";
    assert_eq!(browser.evaluate(closed), serde_json::json!([]), "{place}: closed");
    let cut = "[...document.querySelectorAll('figure')].filter(e => getComputedStyle(e).breakInside !== 'avoid').length";
    assert_eq!(browser.evaluate(cut), 0, "{place}: a figure may be cut in two");
    if let Some(folder) = std::env::var_os("EMBERT_SCREENSHOTS") {
        let document = base64::engine::general_purpose::STANDARD.decode(browser.pdf()).unwrap();
        fs::write(Path::new(&folder).join(format!("{name}.pdf")), document).unwrap();
    }
}

/// Asserts that every word of a plot lies within it, that no two words touch, and that no two ticks of the
/// vertical axis have the same name.
fn assert_plots_are_legible(browser: &mut Browser, place: &str) {
    let outside = "[...document.querySelectorAll('svg text')].filter(text => { const [box, plot] = [text, text.closest('svg')].map(e => e.getBoundingClientRect()); return box.left < plot.left || box.right > plot.right || box.top < plot.top || box.bottom > plot.bottom; }).map(text => text.closest('figure').id + ': ' + text.textContent)";
    assert_eq!(browser.evaluate(outside), serde_json::json!([]), "{place}: a word leaves its plot");
    // The box of a line of text is higher than its letters.
    let touching = "[...document.querySelectorAll('figure svg')].flatMap(plot => { const words = [...plot.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]); return words.flatMap(([one, a], at) => words.slice(0, at).filter(([other, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > a.height * 0.35).map(([other]) => plot.closest('figure').id + ': ' + one + ' / ' + other)); })";
    assert_eq!(browser.evaluate(touching), serde_json::json!([]), "{place}: words touch");
    let same = "[...document.querySelectorAll('figure svg')].flatMap(plot => { const names = [...plot.querySelectorAll('text[text-anchor=end]')].map(text => text.textContent); return names.filter((name, at) => names.indexOf(name) < at); })";
    assert_eq!(browser.evaluate(same), serde_json::json!([]), "{place}: ticks have the same name");
}

/// Asserts that nothing reaches beyond the window except elements that scroll by themselves.
fn assert_fits(browser: &mut Browser, place: &str) {
    let over = "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg') && e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5).map(e => e.outerHTML.slice(0, 120))";
    assert_eq!(browser.evaluate(over), serde_json::json!([]), "{place}");
    assert_eq!(
        browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"),
        false,
        "{place}"
    );
}

/// Asserts contrasts of 4.5 to 1 for letters and 3 to 1 for lines of data, as WCAG 2.2 requires (1.4.3,
/// 1.4.11).
fn assert_contrast(browser: &mut Browser, place: &str) {
    let faint = r"(() => {
        const parts = color => color.match(/[\d.]+/g).map(Number);
        const luminance = color => {
            const [r, g, b] = parts(color).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = e => {
            for (; e; e = e.parentElement) {
                const color = getComputedStyle(e).backgroundColor;
                if ((parts(color)[3] ?? 1) === 1) return color;
            }
            return 'rgb(255, 255, 255)';
        };
        const found = [];
        const check = (e, least) => {
            const [one, other] = [luminance(getComputedStyle(e).color), luminance(behind(e))];
            const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            if (ratio < least) found.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 100));
        };
        const has_text = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        document.querySelectorAll('main *:not(svg *), footer').forEach(e => has_text(e) && check(e, 4.5));
        document.querySelectorAll('svg text').forEach(e => check(e, 4.5));
        document.querySelectorAll('svg :is(path, circle, rect):not(.i11)').forEach(e => check(e, 3));
        return found;
    })()";
    assert_eq!(browser.evaluate(faint), serde_json::json!([]), "{place}");
}

/// Saves a screenshot for people, where `EMBERT_SCREENSHOTS` names a folder.
fn save_screenshot(browser: &mut Browser, name: &str) {
    let Some(folder) = std::env::var_os("EMBERT_SCREENSHOTS") else { return };
    let image = base64::engine::general_purpose::STANDARD.decode(browser.screenshot()).unwrap();
    fs::write(Path::new(&folder).join(format!("{name}.png")), image).unwrap();
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
