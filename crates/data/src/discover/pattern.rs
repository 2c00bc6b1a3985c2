//! File name patterns, as cards and READMEs of the hub have them.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern of paths: `*` and `?` stay within a folder, `**` crosses folders, `[..]` and `{..}` choose.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// True for a path with a pattern's special characters.
    pub(crate) fn is_pattern(path: &str) -> bool {
        path.contains(['*', '?', '[', '{'])
    }

    /// Parses a pattern; the error says why it is malformed.
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        glob.map(|glob| Self { text: text.to_owned(), matcher: glob.compile_matcher() })
            .map_err(|error| error.kind().to_string())
    }

    /// True for a path that matches. A pattern has to name hidden files and folders: as many components of
    /// the pattern as of the path begin with a dot, and with two underscores.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let count = |path: &str, start: &str| path.split('/').filter(|part| part.starts_with(start)).count();
        self.matcher.is_match(path)
            && [".", "__"].iter().all(|start| count(path, start) == count(&self.text, start))
    }

    /// The folder that all matches are in, and the rest of the pattern.
    pub(crate) fn base(text: &str) -> (&str, &str) {
        let magic = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
        text[..magic].rfind('/').map_or(("", text), |at| (&text[..at.max(1)], &text[at + 1..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_datasets() {
        for (pattern, path, expected) in [
            ("data/train-*.csv", "data/train-1.csv", true),
            ("data/train-*.csv", "data/x/train-1.csv", false),
            ("data/**", "data/x/train-1.csv", true),
            ("**/*.csv", "a.csv", true),
            ("*.csv", ".a.csv", false),
            (".*.csv", ".a.csv", true),
            ("**/*.csv", "__MACOSX/a.csv", false),
            ("__*/*.csv", "__MACOSX/a.csv", true),
            ("a[0-9].csv", "a1.csv", true),
            ("{a,b}.csv", "b.csv", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
        assert!(Pattern::new("a[").is_err());
    }

    #[test]
    fn the_base_is_what_has_no_magic() {
        assert_eq!(Pattern::base("a/b*/c.csv"), ("a", "b*/c.csv"));
        assert_eq!(Pattern::base("*.csv"), ("", "*.csv"));
        assert_eq!(Pattern::base("/*.csv"), ("/", "*.csv"));
        assert_eq!(Pattern::base("../x/*.csv"), ("../x", "*.csv"));
    }
}
