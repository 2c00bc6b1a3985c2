//! [`ReadOptions`]: how files are read, where their names and contents leave it open.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// How files are read, where their names and contents leave it open. An option that is unset follows the
/// file's name, or the file's content where the content leaves no doubt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadOptions {
    /// The format, in place of the one that a file's name tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The delimiter of CSV. Unset: a comma in `.csv` and a tab in `.tsv`, unless the heading has the wanted
    /// columns with exactly one other delimiter. In CoNLL columns: a tab where each of the first lines has
    /// one, otherwise any spaces and tabs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
    /// What quotes in CSV mean. Unset: quotes around a field are no part of its text, and in a tab-separated
    /// file a quoted field that holds a tab or a line end is a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoting: Option<Quoting>,
    /// The encoding of text files. Unset: UTF-8, or UTF-16 where a byte order mark or zero bytes tell so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// The heading of CSV: whether the first row is one, or the columns' names where it is not. Unset: the
    /// first row is a heading. In CoNLL columns, which have no heading, the columns' names; unset: `tokens`,
    /// `column2` and so on, and `tags`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
}

impl ReadOptions {
    /// Whether nothing is set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// These options; an option that is unset here is taken from `other`.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            format: self.format.or(other.format),
            delimiter: self.delimiter.or(other.delimiter),
            quoting: self.quoting.or(other.quoting),
            encoding: self.encoding.or(other.encoding),
            header: self.header.clone().or_else(|| other.header.clone()),
        }
    }
}

/// A file format.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[non_exhaustive]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated, with a heading.
    Csv,
    /// Tab-separated, with a heading.
    Tsv,
    /// One JSON object a line.
    #[serde(rename = "jsonl")]
    #[strum(serialize = "jsonl")]
    JsonLines,
    /// JSON objects: an array of them, one after the other, or as an array within one object.
    Json,
    /// A token a line, with its tag in the last column, and a blank line between sentences.
    Conll,
    /// One text a line, without labels.
    Lines,
}

/// The endings of compressed files.
pub(crate) const COMPRESSED: [&str; 4] = ["gz", "gzip", "zst", "zstd"];

impl Format {
    /// Every format, in the order of messages.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The format's name in options and cards.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The endings of the names of the format's files, the usual one first.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Parquet => &["parquet"],
            Self::Csv => &["csv"],
            Self::Tsv => &["tsv"],
            Self::JsonLines => &["jsonl", "ndjson"],
            Self::Json => &["json"],
            Self::Conll => &["conll", "bio", "iob", "iob2"],
            Self::Lines => &["txt"],
        }
    }

    /// The format that a file's name tells, compressed (`.gz`, `.zst`) or not.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
        let mut ending = extension(path)?;
        if COMPRESSED.contains(&ending.as_str()) {
            ending = extension(Path::new(path.file_stem()?))?;
        }
        Self::ALL.iter().copied().find(|format| format.endings().contains(&ending.as_str()))
    }

    /// The usual ending of each format, as a message lists them: `.parquet, .csv or .txt`.
    pub fn usual_endings() -> String {
        let endings: Vec<String> =
            Self::ALL.iter().map(|format| format!(".{}", format.endings()[0])).collect();
        let (last, others) =
            endings.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        format!("{} or {last}", others.join(", "))
    }

    /// The usual endings of tables, but for `.csv`, as a message lists them: `.parquet, .tsv, .jsonl, .json`.
    pub(crate) fn other_tables() -> String {
        let others = Self::ALL.iter().filter(|format| !matches!(format, Self::Csv | Self::Lines));
        others.map(|format| format!(".{}", format.endings()[0])).collect::<Vec<_>>().join(", ")
    }
}

/// Why the text of a reading option can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found} is no {what}: expected {expected}")]
pub struct ReadOptionError {
    found: String,
    what: &'static str,
    expected: &'static str,
}

fn refuse(found: &str, what: &'static str, expected: &'static str) -> ReadOptionError {
    ReadOptionError { found: format!("\"{}\"", crate::shown::shown(found)), what, expected }
}

/// What separates the fields of CSV: one ASCII character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(u8);

impl Delimiter {
    /// The delimiter's byte.
    pub fn byte(self) -> u8 {
        self.0
    }
}

impl FromStr for Delimiter {
    type Err = ReadOptionError;

    /// Reads one character; `tab` and `\t` stand for a tab.
    fn from_str(text: &str) -> Result<Self, ReadOptionError> {
        match (text, text.as_bytes()) {
            ("tab" | "\\t", _) => Ok(Self(b'\t')),
            (_, &[byte])
                if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(&byte) =>
            {
                Ok(Self(byte))
            }
            _ => Err(refuse(
                text,
                "delimiter",
                "one ASCII character that is no letter, digit, quote or line end, as in \";\", or \"tab\"",
            )),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == b'\t' { f.write_str("tab") } else { char::from(self.0).fmt(f) }
    }
}

/// What quotes in CSV mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flag", into = "String")]
pub enum Quoting {
    /// A field in quotes may hold delimiters, line ends, and quotes written as two (RFC 4180).
    Csv,
    /// A quote is a character like any other, as in the files of GLUE.
    None,
}

impl FromStr for Quoting {
    type Err = ReadOptionError;

    fn from_str(text: &str) -> Result<Self, ReadOptionError> {
        match text {
            "csv" | "true" => Ok(Self::Csv),
            "none" | "false" => Ok(Self::None),
            _ => Err(refuse(text, "quoting", "\"csv\" or \"none\"")),
        }
    }
}

impl fmt::Display for Quoting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Csv { "csv" } else { "none" })
    }
}

/// The encoding of a text file, by a label of the WHATWG's encoding standard: `utf-8`, `windows-1252`,
/// `utf-16le`, `gbk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TextEncoding(pub(super) &'static Encoding);

impl FromStr for TextEncoding {
    type Err = ReadOptionError;

    fn from_str(text: &str) -> Result<Self, ReadOptionError> {
        // Python's names for two encodings.
        let label = match text.trim().to_ascii_lowercase().as_str() {
            "cp1252" => "windows-1252".to_owned(),
            "utf-8-sig" | "utf_8" => "utf-8".to_owned(),
            label => label.replace('_', "-"),
        };
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self).ok_or_else(|| {
            refuse(text, "encoding", "a name as in \"utf-8\", \"utf-16le\", \"windows-1252\" or \"gb18030\"")
        })
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

/// Whether CSV begins with a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flag", into = "Flag")]
pub enum Header {
    /// The first row names the columns.
    Present,
    /// The first row is data; the columns are named by their numbers from 1: `1`, `2`, ...
    Absent,
    /// The first row is data; the columns have these names, one for each column.
    Names(Vec<String>),
}

impl Header {
    fn names(names: Vec<String>) -> Result<Self, ReadOptionError> {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let twice = names.iter().enumerate().any(|(index, name)| names[..index].contains(name));
        if twice || names.iter().any(String::is_empty) || names.is_empty() {
            let expected = "true, false or one name for each column, each once";
            return Err(refuse(&names.join(","), "header", expected));
        }
        Ok(Self::Names(names))
    }
}

impl FromStr for Header {
    type Err = ReadOptionError;

    /// Reads `true`, `false`, or names with commas between them.
    fn from_str(text: &str) -> Result<Self, ReadOptionError> {
        match text {
            "true" => Ok(Self::Present),
            "false" => Ok(Self::Absent),
            _ => Self::names(text.split(',').map(str::to_owned).collect()),
        }
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("true"),
            Self::Absent => f.write_str("false"),
            Self::Names(names) => f.write_str(&names.join(",")),
        }
    }
}

/// The value of `quoting` or `header` in TOML.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected true, false, a text or a list of texts")]
enum Flag {
    Bool(bool),
    Text(String),
    List(Vec<String>),
}

impl TryFrom<Flag> for Quoting {
    type Error = ReadOptionError;

    fn try_from(flag: Flag) -> Result<Self, ReadOptionError> {
        match flag {
            Flag::Bool(flag) => Ok(if flag { Self::Csv } else { Self::None }),
            Flag::Text(text) => text.parse(),
            Flag::List(list) => list.join(",").parse(),
        }
    }
}

impl TryFrom<Flag> for Header {
    type Error = ReadOptionError;

    fn try_from(flag: Flag) -> Result<Self, ReadOptionError> {
        match flag {
            Flag::Bool(flag) => Ok(if flag { Self::Present } else { Self::Absent }),
            Flag::Text(text) => text.parse(),
            Flag::List(names) => Self::names(names),
        }
    }
}

impl From<Header> for Flag {
    fn from(header: Header) -> Self {
        match header {
            Header::Present => Self::Bool(true),
            Header::Absent => Self::Bool(false),
            Header::Names(names) => Self::List(names),
        }
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}

as_text!(Delimiter Quoting TextEncoding);

macro_rules! from_text {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = ReadOptionError;

            fn try_from(text: String) -> Result<Self, ReadOptionError> {
                text.parse()
            }
        }
    )*};
}

from_text!(Delimiter TextEncoding);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_back_from_the_toml_that_they_write() {
        for text in [
            "",
            "format = \"json\"\ndelimiter = \"tab\"\nquoting = \"none\"\nencoding = \"windows-1252\"\nheader = [\"text\", \"label\"]\n",
            "delimiter = \";\"\nquoting = \"csv\"\nencoding = \"utf-16le\"\nheader = false\n",
        ] {
            let options: ReadOptions = toml::from_str(text).unwrap();
            assert_eq!(toml::to_string(&options).unwrap(), text);
        }
        let options: ReadOptions =
            toml::from_str("delimiter = \"\\t\"\nquoting = false\nencoding = \"latin1\"\nheader = \"a, b\"")
                .unwrap();
        assert_eq!((options.delimiter, options.quoting), (Some(Delimiter(b'\t')), Some(Quoting::None)));
        assert_eq!(options.encoding, "cp1252".parse().ok());
        assert_eq!(options.header, Some(Header::Names(vec!["a".into(), "b".into()])));
    }

    #[test]
    fn an_option_that_means_nothing_is_refused_with_what_would() {
        for (text, part) in [
            ("delimiter = \"||\"", "one ASCII character"),
            ("delimiter = \"a\"", "one ASCII character"),
            ("delimiter = \"\\\"\"", "one ASCII character"),
            ("quoting = \"some\"", "\\\"none\\\""),
            ("encoding = \"utf-9\"", "windows-1252"),
            ("header = [\"a\", \"a\"]", "each once"),
            ("header = []", "each once"),
            ("header = 3", "true, false"),
            ("headings = true", "header"),
        ] {
            let message = toml::from_str::<ReadOptions>(text).unwrap_err().to_string();
            assert!(message.contains(&part.replace('\\', "")), "{text}: {message}");
        }
    }

    #[test]
    fn a_format_has_one_name_everywhere_and_endings_of_its_own() {
        let mut endings = Vec::new();
        for &format in Format::ALL {
            let options: ReadOptions = toml::from_str(&format!("format = \"{}\"", format.name())).unwrap();
            assert_eq!((options.format, format.name().parse()), (Some(format), Ok(format)));
            for ending in format.endings() {
                assert_eq!(Format::of(Path::new(&format!("a.{ending}"))), Some(format));
                endings.push(*ending);
            }
        }
        let all = endings.len();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), all, "two formats have the same ending");
        assert_eq!(Format::usual_endings(), ".parquet, .csv, .tsv, .jsonl, .json, .conll or .txt");
        assert_eq!(Format::other_tables(), ".parquet, .tsv, .jsonl, .json, .conll");
    }

    #[test]
    fn a_compressed_file_has_the_format_of_its_name() {
        for (name, format) in [
            ("a.csv.gz", Some(Format::Csv)),
            ("a.b.TSV.ZST", Some(Format::Tsv)),
            ("a.json", Some(Format::Json)),
            ("a.jsonl.gz", Some(Format::JsonLines)),
            ("a.txt.gz", Some(Format::Lines)),
            ("a.conll.gz", Some(Format::Conll)),
            ("A.IOB2", Some(Format::Conll)),
            ("a.gz", None),
            ("a.tar.gz", None),
            ("csv", None),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
