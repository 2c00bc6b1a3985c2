//! The options that say how files are read.

use clap::Args;
use embert_data::{Delimiter, Header, Quoting, ReadOptions, TextEncoding};

use super::options::ToSetting;

/// How files are read, for `eval` and `predict`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reading")]
pub(crate) struct ReadingArgs {
    /// What separates the fields of CSV: one character, or tab [default: as the file's name or heading says]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<Delimiter>,
    /// csv where quotes hold fields of CSV together, none where they are text [default: csv]
    #[arg(long, value_name = "HOW")]
    quoting: Option<Quoting>,
    /// The encoding of text files: windows-1252, utf-16le, ... [default: utf-8, or what a byte order mark says]
    #[arg(long, value_name = "NAME")]
    encoding: Option<TextEncoding>,
    /// The names of CSV's columns where it has no heading, as in text,label [default: it has one]
    #[arg(long, value_name = "NAMES")]
    header: Option<Header>,
}

impl ReadingArgs {
    /// The options that were given.
    pub(crate) fn options(&self) -> ReadOptions {
        ReadOptions {
            format: None,
            delimiter: self.delimiter,
            quoting: self.quoting,
            encoding: self.encoding,
            header: self.header.clone(),
        }
    }
}

impl ToSetting for Delimiter {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for Quoting {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for TextEncoding {
    fn to_setting(&self) -> toml::Value {
        self.to_string().into()
    }
}

impl ToSetting for Header {
    fn to_setting(&self) -> toml::Value {
        match self {
            Self::Present => true.into(),
            Self::Absent => false.into(),
            Self::Names(names) => names.clone().into(),
        }
    }
}
