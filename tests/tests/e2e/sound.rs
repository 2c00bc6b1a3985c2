//! What holds of every page in a real browser, on a screen and on paper.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use embert_tests::browser::{Browser, chromium};

/// Starts the browser; `None`, with the reason printed, where there is none. In CI there has to be one.
#[allow(clippy::print_stderr, reason = "a test that is skipped says why")]
pub(crate) fn browser(folder: &Path) -> Option<Browser> {
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
pub(crate) fn assert_is_sound(browser: &mut Browser, page: &Path, plots: usize, name: &str) {
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
pub(crate) fn assert_prints(browser: &mut Browser, page: &Path, name: &str) {
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
