//! [`LabelProblem`]: why a column can't be used as labels.

use std::path::PathBuf;

use embert_data::Location;
use embert_metrics::Scheme;

/// What separates labels within a text, unless the card states it.
pub(crate) const SEPARATOR: char = '|';

/// Why a column can't be used as labels, whichever rows are left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelProblem {
    /// Lists of several labels, or empty lists.
    #[error(
        "{rows} row(s) have a list with no label or several, the first is {first} with {example}{}: for several labels a text \
         set problem_type=multi_label_classification; for one label a text leave these rows out with data.skip_bad_rows=true",
        others(*ones, *plain)
    )]
    Several {
        /// The number of rows whose list doesn't have one label.
        rows: usize,
        /// The first of these rows.
        first: Location,
        /// The list of the first row, as JSON writes it.
        example: String,
        /// The number of rows with a list of one label.
        ones: usize,
        /// The number of rows with one label that is no list.
        plain: usize,
    },
    /// Scores of pairs that are no cosines, of a range that nothing states.
    #[error(
        "its numbers are from {low} to {high}, and cosines from -1 to 1: state the scores of texts that have nothing in common \
         and of texts that mean the same in a card, as in score_range = [{low}, {high}]"
    )]
    ScoreRange {
        /// The lowest number.
        low: String,
        /// The highest number.
        high: String,
    },
    /// Numbers that measure something.
    #[error(
        "it has {distinct} different numbers in {rows} rows, such as {}: this looks like a measure; to predict \
         a number set problem_type=regression; where each number is a class, list them in a card: labels = [...]",
        examples.join(", ")
    )]
    Measures {
        /// The number of different numbers.
        distinct: usize,
        /// The number of rows with a number.
        rows: usize,
        /// Some of the numbers.
        examples: Vec<String>,
    },
    /// Texts that are not names of classes.
    #[error(
        "it has {distinct} different texts in {rows} rows, such as {}: this looks like texts, not like classes; which column \
         is the label? Name it in a card ([columns] label = \"...\"), or, where each of them is a class, list them there: \
         labels = [...]",
        few(examples)
    )]
    Texts {
        /// The number of different texts.
        distinct: usize,
        /// The number of rows with a text.
        rows: usize,
        /// Some of the texts.
        examples: Vec<String>,
    },
    /// Labels that are most likely one label in several spellings.
    #[error(
        "{} differ in case, white space or the way a number is written alone ({} is first in {location}): write them alike, \
         or, where they are different classes, list all labels in a card: labels = [...]",
        few(names), few(&names[1..2])
    )]
    Variants {
        /// The spellings.
        names: Vec<String>,
        /// The first row with the second spelling.
        location: Location,
    },
    /// Numbers and names in one column: the numbers may be indices of the names.
    #[error(
        "it has numbers ({}) and names ({}, first in {location}): if the numbers are indices of the \
         names, or if each is a class, list the labels in a card: labels = [...]; if one of them means \"no label\", leave \
         its cells empty (null)",
        few(numbers),
        few(names)
    )]
    Mixed {
        /// The numbers.
        numbers: Vec<String>,
        /// The names, truth values included.
        names: Vec<String>,
        /// The first row with the first of these names.
        location: Location,
    },
    /// Numbers with a fraction and one name in one column.
    #[error(
        "it has {distinct} different numbers, such as {examples}, and one name ({name}, first in {location}): to predict a number set \
         problem_type=regression, and mend the cells with the name or leave them empty (null); where each of them is a class, \
         list them in a card: labels = [...]"
    )]
    MeasuresAndName {
        /// The number of different numbers.
        distinct: usize,
        /// Some of the numbers, separated by commas.
        examples: String,
        /// The name, in quotes.
        name: String,
        /// The first row with the name.
        location: Location,
    },
    /// Truth values and other names in one column.
    #[error(
        "it has truth values beside other names ({}, first in {location}): if each is a class, list the labels in a card: \
         labels = [...]; if one of them means \"no label\", leave its cells empty (null)",
        few(names)
    )]
    Truths {
        /// The names, truth values first.
        names: Vec<String>,
        /// The first row with the first of these names.
        location: Location,
    },
    /// The card and a file name the labels in different ways.
    #[error(
        "the card has labels = {card:?}, but {} states that the classes from 0 on are {file:?}: let the card have the same \
         labels in the same order, or leave them out of it", path.display()
    )]
    CardNames {
        /// The card's labels.
        card: Vec<String>,
        /// The file.
        path: PathBuf,
        /// The file's class names.
        file: Vec<String>,
    },
    /// Two files name the classes in different ways, or one file has numbers as class names and the other
    /// states no class names.
    #[error(
        "{} states that the classes from 0 on are {names:?}, but in {} they are {}: a number would mean two labels; let all \
         files name the same classes in the same order",
        path.display(),
        other.display(),
        if other_names.is_empty() { "without names".to_owned() } else { format!("{other_names:?}") }
    )]
    FileNames {
        /// The first file.
        path: PathBuf,
        /// The first file's class names.
        names: Vec<String>,
        /// The second file.
        other: PathBuf,
        /// The second file's class names; empty if the file states none.
        other_names: Vec<String>,
    },
    /// A file gives two classes one name.
    #[error("{} states that the classes from 0 on are {names:?}, of which two are the same: give each class a name of its own", path.display())]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The file's class names.
        names: Vec<String>,
    },
    /// Numbers that a file names as classes, where a number is to be predicted.
    #[error(
        "{} states that its numbers are the classes {}: these are no measure; leave problem_type=regression out",
        path.display(), few(names)
    )]
    NamedNumbers {
        /// The file.
        path: PathBuf,
        /// The names of the classes.
        names: Vec<String>,
    },
    /// A training split in which all numbers are the same.
    #[error("all {rows} training rows have the number {number}: there is nothing to learn")]
    OneNumber {
        /// The number.
        number: String,
        /// The number of rows.
        rows: usize,
    },
    /// Tags that are numbers without names.
    #[error(
        "the tags are numbers (first in {location}), and no file names them: list the tags in a card, \
         labels = [\"O\", \"B-...\", ...], in the order of their numbers"
    )]
    TagNumbers {
        /// The first row with a number.
        location: Location,
    },
    /// Tags that keep neither to IOB1 nor to IOB2.
    #[error(
        "the tags can be read in two ways: as IOB2 since {}, word {}, begins an entity with B, and as IOB1 since {}, word {}, \
         begins one with I; say which with data.scheme=iob2 or data.scheme=iob1",
        iob2.0, iob2.1, iob1.0, iob1.1
    )]
    Schemes {
        /// A row and the number of its word, from 1, that says IOB2.
        iob2: (Location, usize),
        /// A row and the number of its word, from 1, that says IOB1.
        iob1: (Location, usize),
    },
    /// Tags that contradict the scheme that the card or the user states.
    #[error(
        "the stated scheme is {stated}, but the tags are in {}: the first that breaks {stated} is in {}, word {}, {}; state {}, or \
         no scheme",
        either(found), place.0, place.1, place.2, either(found)
    )]
    OtherScheme {
        /// The stated scheme.
        stated: Scheme,
        /// The schemes that the tags may be in.
        found: Vec<Scheme>,
        /// The row, the number of the word, from 1, and the first tag that breaks the stated scheme, in
        /// quotes.
        place: (Location, usize, String),
    },
    /// Tags that no scheme has.
    #[error(
        "{}: expected O, and prefixes of one scheme with a type: B and I (IOB1, IOB2), B, I, E and S (IOBES), or B, I, L and \
         U (BILOU), as in B-PER",
        match place {
            Some((location, word, tag)) => format!("no scheme has the tag {tag} of {location}, word {word}"),
            None => "the tags mix several schemes".to_owned(),
        }
    )]
    NoScheme {
        /// The row, the number of the word, from 1, and the first tag that no scheme has, in quotes; `None`
        /// where each tag is of some scheme.
        place: Option<(Location, usize, String)>,
    },
    /// Texts of which none has the separator that the card states.
    #[error(
        "the card has label_separator = {stated:?}, but no label has it, such as {}: state the separator that the file has, or \
         leave label_separator out for {:?}",
        few(examples),
        SEPARATOR.to_string()
    )]
    NoSeparator {
        /// The card's separator.
        stated: String,
        /// Some of the labels.
        examples: Vec<String>,
    },
    /// A list that is written as a text.
    #[error(
        "{} is a list written as a text (first in {location}), and CSV has no lists: write the labels with {separator:?} between \
         them, as in a{separator}b, and {separator:?} alone for none, or the rows as JSON Lines{}",
        few(std::slice::from_ref(name)),
        if *is_one { ", and for several labels a text set problem_type=multi_label_classification" } else { "" }
    )]
    WrittenList {
        /// The text.
        name: String,
        /// What separates labels.
        separator: String,
        /// The first row with the text.
        location: Location,
        /// Whether the task is one label a text.
        is_one: bool,
    },
    /// Labels that are most likely several labels with another separator between them.
    #[error(
        "{} is most likely several labels with {separator:?} between them (first in {location}): state the separator in a card, \
         label_separator = {separator:?}, or, where it is one label, list all labels there: labels = [...]",
        few(std::slice::from_ref(name))
    )]
    Unseparated {
        /// The label.
        name: String,
        /// What separates its parts.
        separator: char,
        /// The first row with the label.
        location: Location,
    },
    /// Class numbers from 0 on under a card whose labels are numbers from 1 on.
    #[error(
        "the card's labels are the numbers {}, but the column has 0 and goes to {largest} (0 is first in {location}): a \
         number is taken for a label's name here, never for its index; if 0 is the first label, add class_numbers = true to \
         the card",
        few(card)
    )]
    Shifted {
        /// The card's labels.
        card: Vec<String>,
        /// The largest number in the column.
        largest: i64,
        /// The first row with 0.
        location: Location,
    },
}

/// Schemes, as in `iob1 or iob2`.
fn either(schemes: &[Scheme]) -> String {
    schemes.iter().map(Scheme::to_string).collect::<Vec<_>>().join(" or ")
}

/// What the rows have that are no lists of several labels.
fn others(ones: usize, plain: usize) -> String {
    match (ones, plain) {
        (0, 0) => String::new(),
        (ones, 0) => format!(", and {ones} row(s) have a list of one label"),
        (0, plain) => format!(", and {plain} row(s) have one label that is no list"),
        (ones, plain) => {
            format!(", {ones} row(s) have a list of one label, and {plain} row(s) one label that is no list")
        }
    }
}

/// The first few names in quotes, and the number of further names. Control characters are escaped, long names
/// are cut.
pub(crate) fn few<T: AsRef<str>>(names: &[T]) -> String {
    const NAMES: usize = 10;
    let mut shown: Vec<String> = names.iter().take(NAMES).map(|name| quoted(name.as_ref())).collect();
    if names.len() > NAMES {
        shown.push(format!("and {} more", names.len() - NAMES));
    }
    shown.join(", ")
}

/// A name in quotes, with control characters escaped; a long name is cut.
pub(crate) fn quoted(name: &str) -> String {
    const CHARACTERS: usize = 60;
    match name.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{:?}...", &name[..end]),
        None => format!("{name:?}"),
    }
}
