//! Headless Chromium, controlled over the `DevTools` protocol, to see a page in a real browser.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The longest wait for an answer or a page.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one tab, for as long as this value lives.
pub struct Browser {
    child: Child,
    commands: ChildStdin,
    /// The browser's messages, read by a thread of their own, so that a wait for them can time out.
    answers: Receiver<Value>,
    session: Option<String>,
    last_id: u64,
    /// The events that the browser reported.
    events: Vec<Value>,
}

/// The browser's program, if one is installed.
pub fn chromium() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

impl Browser {
    /// Starts `program` with its settings and caches in the empty folder `profile`, and opens a tab.
    ///
    /// # Panics
    /// The browser can't be started, or does not answer.
    pub fn start(program: &Path, profile: &Path) -> Self {
        // The browser reads commands from descriptor 3 and answers on descriptor 4: our two ends of a pipe.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#])
            .arg(program)
            .args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            // A container has neither a second user nor room in /dev/shm.
            .args(["--no-sandbox", "--disable-dev-shm-usage"])
            // Without these options the browser uses the network by itself.
            .args([
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let commands = child.stdin.take().expect("a pipe to the browser");
        let out = child.stdout.take().expect("a pipe from the browser");
        let (sender, answers) = channel();
        thread::spawn(move || {
            for message in BufReader::new(out).split(0) {
                let message = message.ok().and_then(|message| serde_json::from_slice(&message).ok());
                // The thread ends with the browser, or with the test.
                if message.is_none_or(|message| sender.send(message).is_err()) {
                    break;
                }
            }
        });
        let mut browser = Self { child, commands, answers, session: None, last_id: 0, events: Vec::new() };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let attached =
            browser.call("Target.attachToTarget", &json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        // A scroll bar would take a part of the width.
        browser.call("Emulation.setScrollbarsHidden", &json!({"hidden": true}));
        browser
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Panics
    /// The page does not load.
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        let opened = self.call("Page.navigate", &json!({"url": url}));
        assert!(opened.get("errorText").is_none(), "{url}: {opened}");
        let began = Instant::now();
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            assert!(began.elapsed() < PATIENCE, "{url} does not load");
            self.receive();
        }
    }

    /// The events of these kinds since the page was opened.
    pub fn events(&self, methods: &[&str]) -> Vec<&Value> {
        let wanted =
            |event: &&Value| event["method"].as_str().is_some_and(|method| methods.contains(&method));
        self.events.iter().filter(wanted).collect()
    }

    /// Makes the window `width` pixels wide and asks for a light or dark page (`scheme`).
    ///
    /// # Panics
    /// The browser refuses.
    pub fn view(&mut self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", &json!({"media": "", "features": [scheme]}));
    }

    /// Shows the page as printed on paper of `width` pixels, by someone whose screen is light or dark
    /// (`scheme`).
    ///
    /// # Panics
    /// The browser refuses.
    pub fn paper(&mut self, width: u32, scheme: &str) {
        self.view(width, scheme);
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", &json!({"media": "print", "features": [scheme]}));
    }

    /// The page as a PDF on A4, in base64.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn pdf(&mut self) -> String {
        let paper = json!({"printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69});
        self.call("Page.printToPDF", &paper)["data"].as_str().expect("a document").to_owned()
    }

    /// The value of an expression in the page.
    ///
    /// # Panics
    /// The expression throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The whole page as a PNG, in base64.
    ///
    /// # Panics
    /// The browser refuses.
    pub fn screenshot(&mut self) -> String {
        let size = self.call("Page.getLayoutMetrics", &json!({}))["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let shot = self.call("Page.captureScreenshot", &json!({"captureBeyondViewport": true, "clip": clip}));
        shot["data"].as_str().expect("an image").to_owned()
    }

    /// Sends a command and waits for its answer.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            if let Some(mut answer) = self.receive().filter(|answer| answer["id"] == id) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    /// Receives a message: an answer is returned, an event is kept.
    fn receive(&mut self) -> Option<Value> {
        let message = self.answers.recv_timeout(PATIENCE).expect("the browser answers");
        if message.get("id").is_some() {
            return Some(message);
        }
        self.events.push(message);
        None
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
