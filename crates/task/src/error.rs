//! [`TaskError`] and [`ExampleProblem`].

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use embert_data::{DataError, Location, QuestionProblem, RowProblem, SplitKind, shown_names};
use embert_metrics::{MetricsError, Scheme};
use embert_model::ModelError;
use embert_run::RunError;

use crate::labels::problem::few;
use crate::{LabelProblem, Unlabelled};

/// Why a task does not fit a data set, a checkpoint or a setting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The data set can't be read or encoded.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The checkpoint doesn't fit the task.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The metrics can't be computed.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A data set for sentence similarity has no second texts.
    #[error(
        "the data set {dataset} has no column of second texts: name it in a card, [columns] text_pair = \"...\", or call the \
         columns sentence1 and sentence2"
    )]
    NoPairs {
        /// The data set.
        dataset: String,
    },
    /// The folder puts a prompt before each text.
    #[error(
        "the model in {} puts a prompt before each text by default, which this task does not: set \"default_prompt_name\" to null in its config_sentence_transformers.json to compare texts without it",
        folder.display()
    )]
    DefaultPrompt {
        /// The checkpoint's folder.
        folder: PathBuf,
    },
    /// The thresholds of a checkpoint can't be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The thresholds of a checkpoint are not those of its labels.
    #[error(
        "{} has thresholds for {}, expected one for each of {}: let it have the labels of config.json, or remove it for the \
         threshold 0.5",
        path.display(), few(found), few(labels)
    )]
    Thresholds {
        /// The file.
        path: PathBuf,
        /// The labels that have a threshold.
        found: Vec<String>,
        /// The labels of the head.
        labels: Vec<String>,
    },
    /// The head of a checkpoint is for another kind of labels.
    #[error("the head in {} has {found}, expected {wanted}: choose a checkpoint that was trained for this", folder.display())]
    OtherHead {
        /// The checkpoint's folder.
        folder: PathBuf,
        /// What the outputs are.
        found: String,
        /// What the task needs.
        wanted: &'static str,
    },
    /// The user asks for another task, or kind of labels, than the card states.
    #[error(
        "{key} = \"{wanted}\", but the card of the data set {dataset} states {stated}: leave {key} out, or change the card"
    )]
    OtherTask {
        /// The key of the config.
        key: &'static str,
        /// The user's value.
        wanted: String,
        /// The card's value.
        stated: String,
        /// The data set.
        dataset: String,
    },
    /// A key of the card that means nothing for the task.
    #[error(
        "the card of the data set {dataset} has {key}, but {instead}: leave {key} out of the card, or choose another task or problem_type"
    )]
    UnusedKey {
        /// The key of the card.
        key: &'static str,
        /// The data set.
        dataset: String,
        /// Why the key means nothing.
        instead: &'static str,
    },
    /// No training row has a label.
    #[error("no row of {} has a label: all lists of labels are empty, so there is nothing to learn; where the labels are in another column, name it in a card ([columns] label = \"...\")", path.display())]
    NoLabels {
        /// The first training file.
        path: PathBuf,
    },
    /// A threshold that no probability can meet, or that every probability meets.
    #[error("{}: the threshold of \"{label}\" is {found}, expected a probability, from 0 to 1", path.display())]
    ThresholdRange {
        /// The file.
        path: PathBuf,
        /// The label.
        label: String,
        /// The threshold.
        found: f64,
    },
    /// The thresholds of a checkpoint have no null threshold.
    #[error(
        "{} has no finite null_score_diff_threshold, which a checkpoint for question answering has there: remove the file, \
         and no answer is null",
        path.display()
    )]
    NoNullThreshold {
        /// The file.
        path: PathBuf,
    },
    /// No training row has an entity.
    #[error("no row of {} has an entity: all tags are O, so there is nothing to learn; where the tags are in another column, name it in a card ([columns] tags = \"...\")", path.display())]
    NoEntities {
        /// The first training file.
        path: PathBuf,
    },
    /// Annotations of Label Studio that are no spans.
    #[error(
        "{location}, and each other row that was looked at, has results of Label Studio that are no spans of characters, as \
         {kind} here: export the project as JSON-MIN or CSV, in which they have a column of their own, and name it in a card: \
         [columns] label = \"{column}\""
    )]
    NoSpans {
        /// The first row with such a result.
        location: Location,
        /// The type of the result, as in `choices`.
        kind: String,
        /// The name of its column in the other exports.
        column: String,
    },
    /// The tags of a head are of another scheme than the data set's.
    #[error(
        "the head in {} has tags of the scheme {head} ({}), but the data set has tags of {data}: use data or a checkpoint of the \
         same scheme, or train with a new head (new_head=true)",
        folder.display(), few(labels)
    )]
    HeadScheme {
        /// The checkpoint's folder.
        folder: PathBuf,
        /// The scheme of the head's tags.
        head: Scheme,
        /// The head's tags.
        labels: Vec<String>,
        /// The scheme of the data set's tags.
        data: Scheme,
    },
    /// A setting does not fit the task's labels.
    #[error("{key} = {found}: expected {expected}")]
    Setting {
        /// The config key.
        key: &'static str,
        /// The setting's value.
        found: String,
        /// The values that fit.
        expected: String,
    },
    /// A row of the data set that can't be an example of the task.
    #[error("{location}: {problem}")]
    Row {
        /// The row's file and line.
        location: Location,
        /// Why the row can't be used.
        problem: ExampleProblem,
    },
    /// A column of labels that can't be used, whichever rows are left out.
    #[error("the labels in the column \"{column}\" can't be used: {problem}")]
    Labels {
        /// The name of the column.
        column: String,
        /// Why the column can't be used.
        problem: Box<LabelProblem>,
    },
    /// Fewer than two labels.
    #[error("{} has the label(s) {} only: a classifier needs at least two; where there are others, list all of them in a card (labels = [...])", path.display(), found.join(", "))]
    TooFewLabels {
        /// The training file.
        path: PathBuf,
        /// The labels of the training split.
        found: Vec<String>,
    },
    /// The data set and the classifier have different labels.
    #[error(
        "the data set has the labels {data:?}, but the classifier has {checkpoint:?}{}",
        conflict_hint(data, checkpoint)
    )]
    LabelConflict {
        /// The data set's labels.
        data: Vec<String>,
        /// The classifier's labels.
        checkpoint: Vec<String>,
    },
    /// A split in which some rows have a label and others have none.
    #[error(
        "{rows} of the {all} rows of the {split} split have no label, the first is {first}{}: label them, or leave them out \
         with data.skip_bad_rows=true{}",
        if *minus_one { ", whose -1 stands for \"no label\" in a column of class numbers (if -1 is a class, list it in a card: labels = [...])" } else { "" },
        none.as_ref().map_or_else(String::new, |none| format!("; {none}"))
    )]
    SomeUnlabelled {
        /// The split.
        split: SplitKind,
        /// Rows without a label.
        rows: usize,
        /// All rows of the split.
        all: usize,
        /// The first row without a label.
        first: Location,
        /// Whether the first row without a label has the class number -1.
        minus_one: bool,
        /// How a row states that it has none of the labels, where the task has such rows.
        none: Option<String>,
    },
    /// A split without labels that is to be trained on or evaluated.
    #[error("{unlabelled}: {hint}")]
    AllUnlabelled {
        /// The split.
        unlabelled: Unlabelled,
        /// What to do.
        hint: String,
    },
    /// An example without a label that is to be trained on or evaluated.
    #[error("example {id} has no label")]
    Unlabelled {
        /// The example's row number, from 0.
        id: u64,
    },
    /// A span that no tags of the words say into which the checkpoint's tokenizer splits its text.
    #[error(
        "row {id} (counted from 0 over all files) has the span {start}..{end} {text}, which is no whole words of this \
         checkpoint's tokenizer, and a tag is for a whole word: leave the span out, or take a checkpoint whose tokenizer has \
         no tokens added to its vocabulary and splits Chinese characters (tokenize_chinese_chars)"
    )]
    SpanWords {
        /// The example's row number, from 0.
        id: u64,
        /// The span's first character.
        start: usize,
        /// One past its last character.
        end: usize,
        /// The span's text, quoted.
        text: String,
    },
    /// Words that were cut off can't count as outside of entities.
    #[error(
        "row {id} (counted from 0 over all files) has words that the model does not read, and none of the model's labels is \
         O, which such words would have: read texts whole, without --stride none, or leave the row out"
    )]
    NoOutside {
        /// The example's row number, from 0.
        id: u64,
    },
}

/// Why a row can't be an example of a task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleProblem {
    /// The row lacks a value, or has one of another type.
    #[error(transparent)]
    Row(#[from] RowProblem),
    /// The question, its context or an answer can't be used.
    #[error(transparent)]
    Question(#[from] QuestionProblem),
    /// The row has no label.
    #[error("there is no label")]
    NoLabel {
        /// Whether the label is the class number -1, which stands for no label.
        minus_one: bool,
    },
    /// A label that is not among the known labels.
    #[error("the label {found} is none of {}{}", shown_names(known), similar_hint(similar.as_deref()))]
    UnknownLabel {
        /// The unknown label, as the file has it.
        found: String,
        /// The known labels.
        known: Arc<[String]>,
        /// A known label that differs from the unknown label in case or white space alone.
        similar: Option<Box<str>>,
    },
    /// A list of several labels, or an empty list.
    #[error(
        "the label is the list {found}, expected one label; for several labels a text, set \
         problem_type=multi_label_classification"
    )]
    SeveralLabels {
        /// The list, as JSON writes it.
        found: String,
    },
    /// A label that is no number.
    #[error("the label is {found}, expected a number")]
    NoNumber {
        /// The value, as JSON writes it.
        found: String,
    },
    /// A score outside of its range.
    #[error("the score is {found}, expected a number {range}")]
    ScoreRange {
        /// The score.
        found: String,
        /// The possible scores, as in `from 0 to 5`.
        range: String,
    },
    /// A number whose square is too large for the loss.
    #[error(
        "the label is {found}, expected a number from -1e15 to 1e15: the loss sums squares in 32-bit floats; scale the numbers"
    )]
    LargeNumber {
        /// The number.
        found: String,
    },
    /// A list of labels with a list in it.
    #[error("the labels are {found}: one of them is a list, expected names or numbers alone")]
    NestedLabels {
        /// The list, as JSON writes it.
        found: String,
    },
    /// A list of labels with a null in it.
    #[error("the labels are {found}: one of them is null or -1; an empty list says that a text has none")]
    NullLabel {
        /// The list, as JSON writes it.
        found: String,
    },
    /// A column of 0 and 1 that has something else.
    #[error(
        "the column \"{column}\" has {found}, expected 1 (the text has this label) or 0; the columns of labels are listed in a \
         card: label_columns = [...]"
    )]
    Indicator {
        /// The column.
        column: String,
        /// The value, as JSON writes it.
        found: String,
    },
    /// A sentence without words.
    #[error("there are no words, expected one at least")]
    NoWords,
    /// Words and tags of unequal number.
    #[error("{words} words have {tags} tags, expected a tag for each word")]
    WordsAndTags {
        /// The number of words.
        words: usize,
        /// The number of tags.
        tags: usize,
    },
    /// Tags that are no list of names or numbers.
    #[error("the tags are {found}, expected a list with a name, or the number of a name, for each word")]
    NoTags {
        /// The value, as JSON writes it.
        found: String,
    },
    /// A tag that is no name and no number.
    #[error("word {word} has the tag {found}, expected a name, or the number of a name")]
    NoTag {
        /// The number of the word, from 1.
        word: usize,
        /// The value, as JSON writes it.
        found: String,
    },
    /// A tag without a type beside tags with one.
    #[error(
        "word {word}, {text}, has the tag {tag} without a type, while other tags have one, as in B-PER: add its type"
    )]
    NoType {
        /// The number of the word, from 1.
        word: usize,
        /// The word, in quotes.
        text: String,
        /// The tag, in quotes.
        tag: String,
    },
    /// The number of a tag that has no name.
    #[error(
        "word {word} has the tag number {number}, but {}: list the tags in a card, labels = [\"O\", \"B-...\", ...]",
        if *known == 0 { "no file names the tags".to_owned() } else { format!("the names go from 0 to {}", known - 1) }
    )]
    TagNumber {
        /// The number of the word, from 1.
        word: usize,
        /// The tag's number.
        number: i64,
        /// The number of names.
        known: usize,
    },
    /// A tag that its scheme does not have.
    #[error(
        "word {word}, {text}, has the tag {tag}, which the scheme {scheme} does not have (O, or {} with a type, as in B-PER); \
         another scheme is stated with data.scheme",
        scheme.prefixes().iter().map(char::to_string).collect::<Vec<_>>().join(", ")
    )]
    Tag {
        /// The number of the word, from 1.
        word: usize,
        /// The word, in quotes.
        text: String,
        /// The tag, in quotes.
        tag: String,
        /// The scheme.
        scheme: Scheme,
    },
    /// A tag that is none of the known tags.
    #[error("word {word}, {text}, has the tag {tag}, which is none of {}", shown_names(known))]
    UnknownTag {
        /// The number of the word, from 1.
        word: usize,
        /// The word, in quotes.
        text: String,
        /// The tag, in quotes.
        tag: String,
        /// The known tags.
        known: Arc<[String]>,
    },
    /// A span without a word: of white space alone, or of characters that the tokenizer removes.
    #[error(
        "the span {span} has no word, only white space or characters that BERT's tokenizer removes: mend its offsets, \
         or leave it out"
    )]
    EmptySpan {
        /// The span with its text.
        span: String,
    },
    /// A span that begins or ends within a word.
    #[error(
        "the span {span} begins or ends within a word of BERT's tokenizer, {word}, but a tag is for a whole word: mend the \
         span, or widen such spans to their words with data.widen_spans=true{}",
        if *counts_differ { "; the text has characters that are two UTF-16 units: if the offsets count these, let each span state its own text" } else { "" }
    )]
    CutSpan {
        /// The span with its text.
        span: String,
        /// The word, quoted.
        word: String,
        /// Whether the text has other offsets in UTF-16 units.
        counts_differ: bool,
    },
    /// Two spans that overlap.
    #[error("the spans {one} and {other} overlap, but a word has one tag: leave one of them out")]
    Overlap {
        /// The first span with its text.
        one: String,
        /// The second span with its text.
        other: String,
    },
}

impl ExampleProblem {
    /// The number of the word that the problem is about, from 1; `None` for a problem of the whole row.
    pub fn word(&self) -> Option<usize> {
        match self {
            Self::TagNumber { word, .. }
            | Self::Tag { word, .. }
            | Self::NoTag { word, .. }
            | Self::NoType { word, .. }
            | Self::UnknownTag { word, .. }
            | Self::Row(RowProblem::BlankWord { word, .. }) => Some(*word),
            _ => None,
        }
    }
}

fn similar_hint(similar: Option<&str>) -> String {
    similar
        .map_or_else(String::new, |known| format!("; it differs from {known:?} in case or white space alone"))
}

/// What to do where the data set's labels don't fit the classifier, or an empty text.
fn conflict_hint(data: &[String], checkpoint: &[String]) -> String {
    let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<BTreeSet<_>>();
    if data.iter().enumerate().all(|(index, name)| *name == index.to_string())
        && data.len() == checkpoint.len()
    {
        return format!(
            "; if they are the indices of the classifier's labels, list the labels in a card: labels = {checkpoint:?}"
        );
    }
    if lower(data) == lower(checkpoint) {
        return "; they differ in case alone: write them alike".to_owned();
    }
    if data.iter().all(|name| checkpoint.contains(name)) {
        return format!(
            "; if the data set has no examples of the other labels, list all labels in a card: labels = {checkpoint:?}"
        );
    }
    "; choose data with the classifier's labels, or a model that was trained on the data's".to_owned()
}
