//! `cargo xtask fuzz`: runs the fuzz targets, one after the other, each for its share of the time.
//!
//! The engine is libFuzzer, linked into the program `embert-fuzz`. It has to see which code an input reaches,
//! so the crates of the workspace and some parsers below them are compiled with counters. Cargo can't set
//! flags for single crates, but it can call a wrapper in the compiler's place: this program, which adds the
//! flags. Burn is compiled without counters, as in the ordinary build.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::{TaskResult, root, target_folder};

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The time for all targets together; building is not counted
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// Only this target; may be given several times
    #[arg(long)]
    pub(crate) target: Vec<String>,
}

/// The variable that is set for the compiler's calls: this program is the wrapper then.
const AS_COMPILER: &str = "EMBERT_FUZZ_COMPILER";

/// Parsers between a file's bytes and the workspace's code. Burn depends on none of them, or it would be
/// built again.
const PARSERS: [&str; 4] = ["parquet", "tokenizers", "serde-saphyr", "globset"];

/// The compiler's flags for counters: libFuzzer counts an input as new by the code that it reaches, and by
/// how close it comes to passing a comparison.
const COUNTERS: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=3",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// The time limit for one input, in seconds.
const HANGS: u64 = 20;

/// Runs as the compiler's wrapper, if this program was called as one: compiles, with counters for the chosen
/// crates.
pub(crate) fn as_compiler() -> Option<ExitCode> {
    std::env::var_os(AS_COMPILER)?;
    let mut arguments = std::env::args_os().skip(1);
    let compiler = arguments.next()?;
    let mut arguments: Vec<OsString> = arguments.collect();
    if wants_counters(&arguments) {
        arguments.extend(COUNTERS.map(OsString::from));
    }
    // `exit` passes on the compiler's status.
    match Command::new(compiler).args(arguments).status() {
        Ok(status) if status.success() => Some(ExitCode::SUCCESS),
        Ok(status) => {
            Some(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
        }
        Err(error) => {
            eprintln!("error: can't run the compiler: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// Whether a call of the compiler builds a crate of the workspace or one of the parsers, and has no counters
/// yet: for crates of the workspace Cargo calls two wrappers, one through the other.
fn wants_counters(arguments: &[OsString]) -> bool {
    let name = arguments.windows(2).find(|pair| pair[0] == "--crate-name");
    let Some(name) = name.and_then(|pair| pair[1].to_str()) else { return false };
    let counted =
        name.starts_with("embert_") || PARSERS.iter().any(|parser| parser.replace('-', "_") == name);
    counted && !arguments.iter().any(|argument| *argument == *COUNTERS[0])
}

/// The result of a target.
struct Row {
    target: String,
    inputs: u64,
    took: Duration,
    /// The places in the code that the seeds and the earlier findings reach, and those reached at the end.
    coverage: Option<(u64, u64)>,
    findings: Vec<String>,
}

/// Runs the targets.
pub(crate) fn run(arguments: &Arguments) -> TaskResult {
    run_with(arguments, &own_copy()?)
}

/// As [`run`], with this copy of the program as the compiler's wrapper.
pub(crate) fn run_with(arguments: &Arguments, wrapper: &Path) -> TaskResult {
    let mut guided = has_cpp();
    if !guided {
        println!("no C++ compiler, which libFuzzer needs: the seeds are changed blindly instead");
    }
    let began = Instant::now();
    let program = match build(guided.then_some(wrapper)) {
        Err(error) if guided => {
            println!("{error}, with counters: the seeds are changed blindly instead");
            guided = false;
            build(None)?
        }
        built => built?,
    };
    println!("built in {:.0} s", began.elapsed().as_secs_f64());
    let all = String::from_utf8(Command::new(&program).arg("list").output()?.stdout)?;
    let all: Vec<&str> = all.lines().collect();
    if let Some(unknown) = arguments.target.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(format!("there is no target `{unknown}`: they are {}", all.join(", ")).into());
    }
    let wanted: Vec<&str> =
        if arguments.target.is_empty() { all } else { arguments.target.iter().map(String::as_str).collect() };

    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    let place = target_folder().join("fuzz");
    let mut rows = Vec::new();
    for (number, target) in wanted.iter().enumerate() {
        // The time that a target leaves over goes to the next ones.
        let left = end.saturating_duration_since(Instant::now()).as_secs_f64();
        let share = (left / (wanted.len() - number) as f64).round().max(1.0) as u64;
        let row = fuzz(&program, target, &place.join(target), share, guided)?;
        println!("{}", line(&row));
        rows.push(row);
    }
    summary(&rows, &program)
}

fn summary(rows: &[Row], program: &Path) -> TaskResult {
    println!(
        "\n{:<16} {:>11} {:>9} {:>9} {:>6} {:>9}",
        "target", "inputs", "inputs/s", "coverage", "new", "findings"
    );
    for row in rows {
        let (covered, new) = row.coverage.map_or_else(
            || ("–".to_owned(), "–".to_owned()),
            |(before, after)| (after.to_string(), after.saturating_sub(before).to_string()),
        );
        let rate = row.inputs as f64 / row.took.as_secs_f64().max(1e-3);
        println!(
            "{:<16} {:>11} {rate:>9.0} {covered:>9} {new:>6} {:>9}",
            row.target,
            row.inputs,
            row.findings.len()
        );
    }
    println!("{:<16} {:>11}", "all", rows.iter().map(|row| row.inputs).sum::<u64>());
    let mut findings = 0;
    for row in rows {
        for finding in &row.findings {
            println!("\n{}: {finding}", row.target);
            findings += 1;
        }
    }
    if findings == 0 {
        return Ok(());
    }
    println!("\nto run one again: {} run TARGET FILE", program.display());
    Err(format!("fuzzing found {findings}").into())
}

fn line(row: &Row) -> String {
    let new = row.coverage.map_or(0, |(before, after)| after.saturating_sub(before));
    let seconds = row.took.as_secs_f64();
    format!(
        "{}: {} inputs in {seconds:.0} s, {new} new places, {} findings",
        row.target,
        row.inputs,
        row.findings.len()
    )
}

/// A copy of this program for the compiler's wrapper: Cargo may replace the program while it runs.
pub(crate) fn own_copy() -> Result<PathBuf, Box<dyn Error>> {
    let copy = target_folder().join("fuzz").join(format!("compiler{}", std::env::consts::EXE_SUFFIX));
    let this = fs::read(std::env::current_exe()?)?;
    // An unchanged copy keeps Cargo from building anew.
    if fs::read(&copy).is_ok_and(|there| there == this) {
        return Ok(copy);
    }
    fs::create_dir_all(target_folder().join("fuzz"))?;
    fs::copy(std::env::current_exe()?, &copy)?;
    Ok(copy)
}

/// Builds the program, with counters if there is a wrapper for the compiler, and returns its path.
fn build(wrapper: Option<&Path>) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "embert-fuzz"]).current_dir(root());
    if let Some(this) = wrapper {
        // The first setting changes the crates' names in Cargo's folder, so that those with counters are
        // stored beside those without.
        cargo.env("RUSTC_WORKSPACE_WRAPPER", this).env("RUSTC_WRAPPER", this).env(AS_COMPILER, "1");
        cargo.args(["--features", "libfuzzer"]);
        for parser in PARSERS {
            // Any other setting would do too; with this one a backtrace has lines.
            cargo.arg("--config").arg(format!("profile.dev.package.{parser}.debug=\"line-tables-only\""));
        }
    }
    let status = cargo.stdin(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("the fuzz targets don't build: {status}").into());
    }
    Ok(target_folder().join("debug").join(format!("embert-fuzz{}", std::env::consts::EXE_SUFFIX)))
}

fn has_cpp() -> bool {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let asked = Command::new(compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// Runs one target for `seconds` seconds.
fn fuzz(
    program: &Path,
    target: &str,
    folder: &Path,
    seconds: u64,
    guided: bool,
) -> Result<Row, Box<dyn Error>> {
    let (seeds, corpus, findings) = (folder.join("seeds"), folder.join("corpus"), folder.join("findings"));
    for old in [&seeds, &findings] {
        if old.is_dir() {
            fs::remove_dir_all(old)?;
        }
    }
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    // libFuzzer's warnings don't matter, so its output is shown only after a failure.
    let written = Command::new(program).args(["seeds", target]).arg(folder).output()?;
    if !written.status.success() {
        let why = String::from_utf8_lossy(&written.stderr).into_owned();
        return Err(format!("the seeds of {target} can't be written: {why}").into());
    }
    let log_path = folder.join("log");
    let log = fs::File::create(&log_path)?;
    let mut engine = Command::new(program);
    if guided {
        engine.env("EMBERT_FUZZ_TARGET", target).env("EMBERT_FUZZ_FOLDER", folder);
        engine.arg(&corpus).arg(&seeds).arg(format!("-dict={}", folder.join("words").display()));
        engine.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={HANGS}"));
        engine.args(["-rss_limit_mb=1024", "-print_final_stats=1"]);
        engine.arg(format!("-artifact_prefix={}/", findings.display()));
    } else {
        engine.args(["blind", target, "--seconds", &seconds.to_string(), "--folder"]).arg(folder);
    }
    let began = Instant::now();
    let status = engine.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).status()?;
    let took = began.elapsed();
    // A panic's message may have any bytes.
    let log = String::from_utf8_lossy(&fs::read(&log_path)?).into_owned();
    let mut row = read_log(target, &log, took);
    for finding in &row.findings {
        if let Some(path) = finding.split(' ').next() {
            Command::new(program).args(["minimize", target, path]).stderr(Stdio::null()).status()?;
        }
    }
    if !status.success() {
        // The engine keeps the failing input; if the engine was killed, it is the current input.
        let kept = findings.join("ended-the-process");
        fs::write(&kept, last_input(&fs::read(folder.join("current"))?))?;
        let last: Vec<&str> = log
            .lines()
            .rev()
            .filter(|line| line.contains("ERROR") || line.contains("memory allocation"))
            .take(2)
            .collect();
        row.findings.push(format!(
            "{} {status}: {} (log: {})",
            kept.display(),
            last.join("; "),
            log_path.display()
        ));
    }
    Ok(row)
}

/// The input in the file `current`: its length in eight bytes, the input, then the rest of earlier, longer
/// ones.
fn last_input(current: &[u8]) -> &[u8] {
    let Some((length, rest)) = current.split_first_chunk() else { return &[] };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    &rest[..length.min(rest.len())]
}

/// The numbers in an engine's log.
fn read_log(target: &str, log: &str, took: Duration) -> Row {
    let number = |text: &str| text.split_whitespace().next()?.parse::<u64>().ok();
    let covered = |line: &str| number(line.split_once(" cov: ")?.1);
    let before = log.lines().find(|line| line.contains("INITED")).and_then(covered);
    let after = log.lines().filter_map(covered).next_back();
    let counted = log.lines().rev().find_map(|line| number(line.split_once("number_of_executed_units:")?.1));
    // A process that ends early has the number of its last progress line.
    let seen =
        || log.lines().rev().find_map(|line| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok());
    Row {
        target: target.to_owned(),
        inputs: counted.or_else(seen).unwrap_or(0),
        took,
        coverage: before.zip(after),
        findings: log.lines().filter_map(|line| line.strip_prefix("FINDING ")).map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_crates_and_the_parsers_get_counters_once() {
        let call = |name: &str, more: &[&str]| {
            let all = ["--crate-name", name, "--edition=2024"]
                .iter()
                .chain(more)
                .map(OsString::from)
                .collect::<Vec<_>>();
            wants_counters(&all)
        };
        assert!(call("embert_data", &[]) && call("serde_saphyr", &[]));
        assert!(!call("burn_core", &[]) && !call("build_script_build", &[]));
        assert!(!call("embert_data", &COUNTERS));
        assert!(!wants_counters(&[OsString::from("-vV")]));
    }

    #[test]
    fn the_last_input_is_cut_from_what_stood_there() {
        assert_eq!(last_input(b"\x02\0\0\0\0\0\0\0abcde"), b"ab");
        assert_eq!(last_input(b"\x09\0\0\0\0\0\0\0abc"), b"abc");
        assert_eq!(last_input(b""), b"");
    }

    #[test]
    fn a_log_is_understood() {
        let log = "#2\tINITED cov: 100 ft: 5\n#9\tNEW    cov: 107 ft: 8\nFINDING /x/finding-1 a.rs:3: no\n#12\tDONE   cov: 108 ft: 9\nstat::number_of_executed_units: 12\n";
        let row = read_log("csv", log, Duration::from_secs(1));
        assert_eq!((row.inputs, row.coverage), (12, Some((100, 108))));
        assert_eq!(row.findings, ["/x/finding-1 a.rs:3: no"]);
        let row = read_log(
            "csv",
            "#2\tINITED cov: 100 ft: 5\n#900\tNEW    cov: 107 ft: 8\n==1== ERROR",
            Duration::ZERO,
        );
        assert_eq!(row.inputs, 900);
    }
}
