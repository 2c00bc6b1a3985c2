//! Calls of `embert-files` alone, each once: their promises hold whatever else a run does.

use std::fs;
use std::io;
use std::path::Path;

use embert_files::{
    Appender, FileError, create_dir_all, folder, remove_file, remove_folder, remove_leftovers, rename, write,
};

use crate::glue::Ended;
use crate::tree::{Bytes, Node, Tree};

/// The old and the new content; half of either may be on the disk.
const OLD: &[u8] = b"the old content";
const NEW: &[u8] = b"the new content, which is longer";

/// Makes the files that exist before.
pub(crate) fn prepare(work: &Path) -> io::Result<()> {
    for path in ["model/inner", "gone/inner"] {
        fs::create_dir_all(work.join(path))?;
    }
    let files =
        ["file", "model/a", "model/inner/b", "model/only-old", "gone/a", "gone/inner/b", "from", "out"];
    files.iter().try_for_each(|path| fs::write(work.join(path), OLD))?;
    fs::write(work.join("log"), "one\n")
}

/// Makes all calls that have not succeeded yet.
pub(crate) fn run(work: &Path) -> Result<Ended, FileError> {
    write(&work.join("file"), NEW)?;
    write(&work.join("new-file"), NEW)?;
    for name in ["model", "fresh"] {
        folder(&work.join(name), |place| {
            write(&place.join("a"), NEW)?;
            create_dir_all(&place.join("inner"))?;
            write(&place.join("inner/b"), NEW)
        })?;
    }
    if work.join("gone").is_dir() {
        remove_folder(&work.join("gone"))?;
    }
    if work.join("from").is_file() {
        rename(&work.join("from"), &work.join("to"))?;
    }
    if work.join("out").is_file() {
        remove_file(&work.join("out"))?;
    }
    create_dir_all(&work.join("x/y/z"))?;
    let mut log = Appender::open(&work.join("log"))?;
    log.append(b"two\n")?;
    log.append(b"three\n")?;
    log.sync()?;
    write(&work.join("done"), b"the log has three lines")?;
    Ok(Ended::Complete)
}

/// Does what the next start of a program does.
pub(crate) fn go_on(work: &Path) -> Result<Ended, FileError> {
    remove_leftovers(work)?;
    // A log is repaired by the code that knows its lines.
    write(&work.join("log"), b"one\n")?;
    run(work)
}

/// The problems of a state.
pub(crate) fn check(before: &Tree, state: &Tree, exchanges: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let file = |path: &str| match state.get(Path::new(path)) {
        Some(Node::File(bytes)) => Some(bytes.as_slice()),
        _ => None,
    };
    let below = |tree: &Tree, name: &str| -> Tree {
        let mut part = Tree::default();
        for (path, node) in tree.iter() {
            if let Ok(rest) = path.strip_prefix(name) {
                part.insert(rest.to_owned(), node.clone());
            }
        }
        part
    };
    let mut new = Tree::default();
    for (path, node) in [("", Node::Folder), ("inner", Node::Folder)] {
        new.insert(path.into(), node);
    }
    for path in ["a", "inner/b"] {
        new.insert(path.into(), Node::File(Bytes::from(NEW)));
    }
    let is_empty = |tree: &Tree| tree.iter().next().is_none();

    demand([Some(OLD), Some(NEW)].contains(&file("file")), "file is neither the old one nor the new one");
    demand([None, Some(NEW)].contains(&file("new-file")), "new-file is half there");
    let (old, model) = (below(before, "model"), below(state, "model"));
    let aside = || state.iter().any(|(path, _)| path.to_string_lossy().starts_with(".tmp-model-"));
    demand(
        model == old || model == new || (!exchanges && is_empty(&model) && aside()),
        "model is neither the old one nor the new one",
    );
    let fresh = below(state, "fresh");
    demand(is_empty(&fresh) || fresh == new, "fresh is half there");
    let gone = below(state, "gone");
    demand(is_empty(&gone) || gone == below(before, "gone"), "gone is half there");
    demand(
        [(Some(OLD), None), (None, Some(OLD))].contains(&(file("from"), file("to"))),
        "what was moved has no name, or two",
    );
    demand([None, Some(OLD)].contains(&file("out")), "out is half there");
    let log = file("log").unwrap_or_default();
    demand(log.starts_with(b"one\n"), "the log lost its beginning");
    let is_done = file("done").is_some_and(|done| !done.is_empty());
    demand(!is_done || log == b"one\ntwo\nthree\n", "the log lost what was synced");
    wrong
}
