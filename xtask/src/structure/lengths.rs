//! No Rust file has more than 500 lines.

use std::error::Error;
use std::process::Command;

use crate::root;

/// The most lines that a file may have.
const MOST_LINES: usize = 500;

/// Files that may be longer, each with the reason.
const LONGER: &[(&str, &str)] = &[];

/// Every Rust file of the repository that is too long, and every exception that is not needed.
pub(super) fn violations() -> Result<Vec<String>, Box<dyn Error>> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"])
        .current_dir(root())
        .output()?;
    let mut files = Vec::new();
    for name in String::from_utf8(listed.stdout)?.lines() {
        // A file that was deleted is listed until the deletion is staged.
        if let Ok(text) = std::fs::read_to_string(root().join(name)) {
            files.push((name.to_owned(), text.lines().count()));
        }
    }
    Ok(too_long(&files, LONGER))
}

fn too_long(files: &[(String, usize)], longer: &[(&str, &str)]) -> Vec<String> {
    let is_long = |name: &str| files.iter().any(|(file, lines)| file == name && *lines > MOST_LINES);
    let files = files.iter().filter(|(name, _)| longer.iter().all(|(allowed, _)| allowed != name));
    let files = files.filter(|(_, lines)| *lines > MOST_LINES).map(|(name, lines)| {
        format!(
            "{name} has {lines} lines, the limit is {MOST_LINES}: move one of its concepts into a file of its own, \
             or add the file to LONGER in xtask/src/structure/lengths.rs with the reason"
        )
    });
    let unused = longer.iter().filter(|(name, _)| !is_long(name)).map(|(name, _)| {
        format!(
            "{name} has no more than {MOST_LINES} lines: remove it from LONGER in xtask/src/structure/lengths.rs"
        )
    });
    files.chain(unused).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_needs_a_reason_and_a_short_one_has_none() {
        let files =
            [("a.rs", 500), ("b.rs", 501), ("c.rs", 900)].map(|(name, lines)| (name.to_owned(), lines));
        let found = too_long(&files, &[("c.rs", "one table"), ("a.rs", "was longer")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("b.rs has 501 lines") && found[1].starts_with("a.rs has no more"),
            "{found:?}"
        );
    }
}
