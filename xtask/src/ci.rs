//! `cargo xtask ci`: the checks that a change must pass, the cheap ones first.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use crate::{TaskResult, crash, fuzz, root, structure, target_folder};

/// Scripts that may stand beside the checkout; without them the steps that need them are left out, with a
/// message.
const HUB_MIRROR: &str = "../shared/hub/serve.py";
const CUDA_BUILD: &str = "../shared/gpu/cargo-cuda";

/// Seconds for all fuzz targets together, without the time to build them.
const FUZZING: u64 = 60;

/// Seconds for a sample of all faults, kills and power cuts; and how many real processes are killed.
const CRASHES: (u64, usize) = (110, 15);

/// Runs the checks one after the other, up to the first that fails.
pub(crate) fn run() -> TaskResult {
    // Copied before Cargo builds this program anew, as it does for the workspace's tests.
    let wrapper = fuzz::own_copy()?;
    step("format", &mut cargo("fmt --all --check"))?;
    println!("== structure");
    structure::run()?;
    // The candle reader is a workspace of its own.
    step(
        "format of the candle reader",
        &mut cargo("fmt --check --manifest-path tests/candle/reader/Cargo.toml"),
    )?;
    step("clippy", &mut cargo("clippy --workspace --all-targets -- -D warnings"))?;
    step("docs", cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))?;
    chromium()?;
    let readmes = readmes()?;
    for command in readmes.iter().flat_map(|readme| commands(readme, "sh")) {
        step(&command, &mut shell(&command))?;
    }
    with_hub_mirror(&readmes)?;
    println!("== crash");
    let (seconds, kills) = CRASHES;
    crash::run(&crash::Arguments { sample: Some(seconds), kills, seed: 0 })?;
    println!("== fuzz");
    fuzz::run_with(&fuzz::Arguments { seconds: FUZZING, target: Vec::new() }, &wrapper)?;
    cuda_type_checks()
}

/// The text of the pages beside the workspace's manifest, then of each crate's README and of the pages in
/// `docs`: every command in them must work.
fn readmes() -> Result<Vec<String>, Box<dyn Error>> {
    let entries = |folder: &str| -> Result<Vec<PathBuf>, std::io::Error> {
        std::fs::read_dir(root().join(folder))?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths: Vec<PathBuf> = entries("crates")?
        .into_iter()
        .map(|folder| folder.join("README.md"))
        // Beside the pages there are pictures.
        .chain(entries("docs")?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "md")))
        .collect();
    paths.sort();
    let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    paths.splice(0..0, pages);
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path)
            .map_err(|error| format!("can't read {}: {error}", path.display()).into())
    };
    paths.iter().map(read).collect()
}

/// Installs the browser for the test that opens reports, if apt-get can; else that test says that it is left
/// out.
fn chromium() -> TaskResult {
    let has = |program: &str| shell(&format!("command -v {program}")).stdout(Stdio::null()).status();
    if has("chromium")?.success() || has("google-chrome")?.success() {
        return Ok(());
    }
    if !has("apt-get")?.success() {
        println!("== no Chromium and no apt-get: reports are not looked at in a browser");
        return Ok(());
    }
    let root = if has("sudo")?.success() { "sudo -n " } else { "" };
    let install =
        format!("{root}apt-get update -qq && {root}apt-get install -qq -y --no-install-recommends chromium");
    step("install Chromium", &mut shell(&install))
}

/// Runs the commands that need a hub, where a mirror of it is at hand.
fn with_hub_mirror(readmes: &[String]) -> TaskResult {
    let script = root().join(HUB_MIRROR);
    if !script.is_file() {
        println!("== no hub mirror beside the checkout: the commands that fetch are left out");
        return Ok(());
    }
    let home = tempfile::tempdir()?;
    let mut server = Server::start(&script)?;
    let address = server.address()?;
    for command in readmes.iter().flat_map(|readme| commands(readme, "sh hub")) {
        step(&command, shell(&command).env("HF_ENDPOINT", &address).env("HF_HOME", home.path()))?;
    }
    Ok(())
}

/// Type-checks the CUDA features where they can be built.
fn cuda_type_checks() -> TaskResult {
    let script = root().join(CUDA_BUILD);
    if !script.is_file() {
        println!("== nothing to build CUDA with beside the checkout: its features are not checked");
        return Ok(());
    }
    for feature in ["cuda", "cuda-nvrtc"] {
        let mut command = Command::new(&script);
        command.args(["check", "-p", "bert-train", "--features", feature]);
        // CUDA's dependency graph differs: in one folder the two would rebuild each other's crates.
        command.env("CARGO_TARGET_DIR", target_folder().join("cuda"));
        step(&format!("{feature} type-checks"), &mut command)?;
    }
    Ok(())
}

/// The commands in the code blocks of a Markdown text whose language is exactly `language`, one a line; a
/// line that ends with a backslash goes on.
fn commands(markdown: &str, language: &str) -> Vec<String> {
    let mut wanted = false;
    let mut found = Vec::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(name))) => wanted = &*name == language,
            Event::End(TagEnd::CodeBlock) => wanted = false,
            Event::Text(text) if wanted => {
                let text = text.replace("\\\n", " ");
                found.extend(
                    text.lines()
                        .map(str::trim)
                        .filter(|line| !line.is_empty() && !line.starts_with('#'))
                        .map(str::to_owned),
                );
            }
            _ => {}
        }
    }
    found
}

fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments.split(' '));
    command
}

fn shell(line: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", line]);
    command
}

/// Runs one check in the repository's root and says how long it took.
fn step(name: &str, command: &mut Command) -> TaskResult {
    println!("== {name}");
    let began = Instant::now();
    let status = command.current_dir(root()).stdin(Stdio::null()).status()?;
    println!("== {:.0} s: {name}", began.elapsed().as_secs_f64());
    if status.success() { Ok(()) } else { Err(format!("`{name}` failed: {status}").into()) }
}

/// The hub mirror, for as long as this value lives.
struct Server {
    child: Child,
}

impl Server {
    fn start(script: &Path) -> Result<Self, Box<dyn Error>> {
        let child = Command::new("python3")
            .arg(script)
            .args(["--port", "0", "--print-port"])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("can't start {}: {error}", script.display()))?;
        Ok(Self { child })
    }

    fn address(&mut self) -> Result<String, Box<dyn Error>> {
        let out = self.child.stdout.take().ok_or("the hub mirror has no output")?;
        let mut port = String::new();
        BufReader::new(out).read_line(&mut port)?;
        std::thread::sleep(Duration::from_millis(200));
        Ok(format!("http://127.0.0.1:{}", port.trim()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The mirror may have stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn only_blocks_of_the_language_are_commands() {
        let text = "```sh\ncargo a\n# why\ncargo b \\\n  --c\n```\n\n```sh hub\ncargo d\n```\n\n```text\ncargo e\n```\n";
        assert_eq!(commands(text, "sh"), ["cargo a", "cargo b    --c"]);
        assert_eq!(commands(text, "sh hub"), ["cargo d"]);
    }
}
