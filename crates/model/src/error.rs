//! [`ModelError`].

use std::io;
use std::path::{Path, PathBuf};

use embert_files::FileError;
use safetensors::SafeTensorError;

use crate::{HeadFunction, ProblemType};

/// Why a model can't be configured, loaded or saved.
///
/// Messages name the file, the key or the weight, the value found and the value expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file or folder of the checkpoint could not be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A file could not be written; no partly written file remains.
    #[error("can't write {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// The weights could not be encoded.
    #[error("can't write {}", path.display())]
    WriteWeights {
        /// The file.
        path: PathBuf,
        /// The safetensors library's error.
        source: SafeTensorError,
    },
    /// A file is not JSON, or not of the expected form.
    #[error("{origin} is not valid JSON of the expected form")]
    Json {
        /// The file, or "config" for text from another source.
        origin: String,
        /// The JSON library's error, with line and column.
        source: serde_json::Error,
    },
    /// A key of `config.json` has a value that can't be used.
    #[error("{origin}: \"{key}\" is {found}, expected {expected}")]
    Config {
        /// The file, or "config" for a config made in code.
        origin: String,
        /// The key of `config.json`.
        key: String,
        /// The value found.
        found: String,
        /// The values that are allowed.
        expected: String,
    },
    /// A key of `config.json` has a value of the wrong type.
    #[error("{origin}: \"{key}\" is {problem}")]
    ConfigValue {
        /// The file, or "config" for text from another source.
        origin: String,
        /// The path of the key.
        key: String,
        /// The value found and the type expected.
        problem: String,
    },
    /// The sizes make a model that is too large, although each size is possible.
    #[error("{origin}: the sizes make a model of {parameters} parameters, expected at most {most}")]
    TooLarge {
        /// The file, or "config" for a config made in code.
        origin: String,
        /// The number of parameters that the model would have.
        parameters: u128,
        /// The largest number of parameters allowed.
        most: u128,
    },
    /// The checkpoint is of an architecture that is not BERT.
    #[error(
        "{origin}: this is a {found} checkpoint, and only BERT (model_type \"bert\") is implemented: choose a BERT checkpoint"
    )]
    Architecture {
        /// The config file.
        origin: String,
        /// The name of the architecture.
        found: String,
    },
    /// The folder has no safetensors weights under a name that is read.
    #[error(
        "{} has neither model.safetensors nor model.safetensors.index.json{}",
        dir.display(),
        if found.is_empty() { String::new() } else { format!("; found {}, {}", found.join(", "), advice(found)) }
    )]
    NoWeights {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The folder's weight files in other formats or under other names.
        found: Vec<String>,
    },
    /// A part of the checkpoint that `transformers` reads, but that is not implemented.
    #[error("{} is there, {problem}", path.display())]
    Part {
        /// The file.
        path: PathBuf,
        /// Why the file can't be used, and the remedy.
        problem: &'static str,
    },
    /// Two weights for one parameter, under two names or in two files, differ.
    #[error(
        "weight \"{name}\" is there twice, with different values: as {first} and as {second}; take the wrong one out"
    )]
    Twice {
        /// The weight's name.
        name: String,
        /// The first weight's name and file.
        first: String,
        /// The second weight's name and file.
        second: String,
    },
    /// A weight has values that are NaN or infinite.
    #[error(
        "weight \"{name}\" in {} has {count} value(s) that are NaN or infinite, the first at {index} ({value}): the training that wrote it diverged, or the file is damaged; choose another checkpoint",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The weight's name in the checkpoint.
        name: String,
        /// The number of values that are NaN or infinite as f32.
        count: usize,
        /// The index of the first value that is NaN or infinite, in the file's order.
        index: usize,
        /// The first value that is NaN or infinite.
        value: f32,
    },
    /// A weight file is empty.
    #[error("{} is empty, expected a safetensors file: fetch it again", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A weight file is only a Git LFS pointer.
    #[error(
        "{} is a Git LFS pointer, not the weights: run `git lfs pull` in its repository, or fetch it again",
        path.display()
    )]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// The header's length, the file's first eight bytes, is larger than the file.
    #[error(
        "{} claims a header of {claimed} bytes in a file of {size}: it is damaged, or not a safetensors file",
        path.display()
    )]
    HeaderLength {
        /// The file.
        path: PathBuf,
        /// The header's length in bytes, as the file states it.
        claimed: u64,
        /// The file's length in bytes.
        size: u64,
    },
    /// The file is shorter or longer than its header describes.
    #[error(
        "{} has {size} bytes, its header describes {expected}: it was cut off or changed, fetch it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The file's length in bytes, as its header describes it.
        expected: u64,
        /// The file's length in bytes.
        size: u64,
    },
    /// The safetensors library can't read the file.
    #[error("{} is not a safetensors file, or is damaged", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// The safetensors library's error.
        source: SafeTensorError,
    },
    /// A sharded checkpoint's index disagrees with its files.
    #[error("{} says that \"{name}\" is in \"{shard}\", {problem}", index.display())]
    Shard {
        /// The index file.
        index: PathBuf,
        /// The weight's name.
        name: String,
        /// The file that should have the weight.
        shard: String,
        /// Why the shard can't be used, and the remedy.
        problem: &'static str,
    },
    /// The checkpoint lacks a weight of the encoder.
    #[error(
        "{} has no weight \"{name}\" among its {found}: {}",
        dir.display(),
        match similar {
            Some(similar) => format!("it has \"{similar}\", under a prefix that is none of bert., module. and _orig_mod.; rename its weights"),
            None => "the config and the weights belong to different models".to_owned(),
        }
    )]
    MissingWeight {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The weight's name in a checkpoint.
        name: String,
        /// The number of weights in the checkpoint.
        found: usize,
        /// A weight of the checkpoint with the same name behind another prefix.
        similar: Option<String>,
    },
    /// A weight has another shape than the config requires.
    #[error(
        "weight \"{name}\" in {origin} has shape {found:?}, the model needs {expected:?}: the config and the weights belong to different models"
    )]
    Shape {
        /// The file, or "the state dict".
        origin: String,
        /// The weight's name in the checkpoint.
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape of the model's parameter, in the checkpoint's layout.
        expected: Vec<usize>,
    },
    /// A weight is stored in a dtype that is not read, such as integers or 8-bit floats.
    #[error("weight \"{name}\" in {} is stored as {found}, expected F32, F16, BF16 or F64", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The weight's name in the checkpoint.
        name: String,
        /// The stored dtype.
        found: String,
    },
    /// The checkpoint's classification head has other labels than the data, or another number of them.
    #[error(
        "the classification head in {} has {} labels ({}), the data has {} ({}): use data with the same labels, or start with a new head (new_head=true)",
        dir.display(),
        checkpoint.len(),
        checkpoint.join(", "),
        wanted.len(),
        wanted.join(", ")
    )]
    Labels {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The checkpoint's labels.
        checkpoint: Vec<String>,
        /// The data's labels.
        wanted: Vec<String>,
    },
    /// The checkpoint's head does not choose one of several classes.
    #[error(
        "the data set has {} classes ({}), but the classification head in {} has {} ({function}): use it with `predict`, or train with a new head (new_head=true)",
        wanted.len(),
        wanted.join(", "),
        dir.display(),
        count(*outputs)
    )]
    NoClasses {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The number of the head's outputs.
        outputs: usize,
        /// The function that turns the outputs into scores.
        function: HeadFunction,
        /// The data's labels.
        wanted: Vec<String>,
    },
    /// The checkpoint's head is for another problem than the data.
    #[error(
        "the data set needs a head for {wanted}{}, but the classification head in {} is for {} with {} ({function}): use it with `predict`, or train with a new head (new_head=true)",
        if *wanted_outputs == 0 { String::new() } else { format!(" with {}", count(*wanted_outputs)) },
        dir.display(),
        problem_type.map_or("no stated problem type", Into::into),
        count(*outputs)
    )]
    OtherProblem {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The problem that the checkpoint's head was trained for.
        problem_type: Option<ProblemType>,
        /// The number of the head's outputs.
        outputs: usize,
        /// The function that turns the outputs into scores.
        function: HeadFunction,
        /// The data's problem.
        wanted: ProblemType,
        /// The number of outputs that the data need; 0 if they need no particular number.
        wanted_outputs: usize,
    },
    /// The checkpoint's head has another number of outputs than its class has.
    #[error(
        "the head of {} has {} by its \"id2label\" or \"num_labels\" ({}), but {architecture} has {}: choose another checkpoint, or train with a new head (new_head=true)",
        config.display(),
        count(labels.len()),
        labels.join(", "),
        count(*outputs)
    )]
    Outputs {
        /// The config file.
        config: PathBuf,
        /// The names of the outputs in the config.
        labels: Vec<String>,
        /// The class in `transformers` with the head.
        architecture: &'static str,
        /// The number of outputs of this class.
        outputs: usize,
    },
    /// The checkpoint's decoder has other values than the parameter to which it is tied.
    #[error(
        "weight \"{name}\" in {} differs from \"{tied_to}\", to which {architecture} ties it: a decoder with weights of its own is not implemented; choose another checkpoint, or train with a new head (new_head=true)",
        path.display()
    )]
    Untied {
        /// The file.
        path: PathBuf,
        /// The decoder's weight in the checkpoint.
        name: String,
        /// The weight of the checkpoint to which it is tied.
        tied_to: String,
        /// The class in `transformers` with the head.
        architecture: &'static str,
    },
    /// A rate of dropout is set for a head without dropout.
    #[error("classifier_dropout = {rate}: the head of {architecture} has no dropout; leave the setting out")]
    NoHeadDropout {
        /// The requested rate.
        rate: f64,
        /// The class in `transformers` with the head.
        architecture: &'static str,
    },
    /// The tokenizer uses more token types than the model has embeddings for.
    #[error(
        "the tokenizer gives {what} the token types 0 to {}, but the model in {} has {type_vocab_size} (\"type_vocab_size\"): use single texts, or a model for pairs",
        types - 1,
        dir.display()
    )]
    TokenTypes {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The tokenizer's inputs: `pairs of texts` or `a text`.
        what: &'static str,
        /// The number of token types that the tokenizer uses.
        types: usize,
        /// The number of token types that the model has.
        type_vocab_size: usize,
    },
    /// A state dict lacks a parameter.
    #[error("the state dict has no \"{name}\": it belongs to another model")]
    StateMissing {
        /// The parameter's name in a checkpoint.
        name: String,
    },
    /// A state dict has a name that the model lacks, or has a name twice.
    #[error(
        "the state dict has \"{name}\", which the model has not, or has it twice: it belongs to another model"
    )]
    StateUnexpected {
        /// The name in the state dict.
        name: String,
    },
    /// A value is finite in the model and would be infinite in the file.
    #[error(
        "weight \"{name}\" has the value {value:e}, which {dtype} can't hold: save in another dtype (`save_dtype`)"
    )]
    SaveRange {
        /// The weight's name in a checkpoint.
        name: String,
        /// The first value that is out of range.
        value: f32,
        /// The requested dtype.
        dtype: &'static str,
    },
    /// The dtype to save in is unknown.
    #[error("unknown dtype \"{found}\": expected f32, f16 or bf16")]
    SaveDtype {
        /// The given text.
        found: String,
    },
    /// The freezing policy is unknown.
    #[error(
        "unknown freezing \"{found}\": expected one of {known}, with a number of layers or a share as in 50% for N"
    )]
    Freeze {
        /// The given text.
        found: String,
        /// The spellings.
        known: String,
    },
    /// A freezing policy names more encoder layers than the model has.
    #[error("can't freeze \"{freeze}\": the model has {layers} encoder layers")]
    FreezeLayers {
        /// The freezing policy.
        freeze: String,
        /// The number of the model's encoder layers.
        layers: usize,
    },
    /// A freezing pattern is no glob.
    #[error("a freezing pattern can't be used: expected a glob, as in bert.encoder.layer.[0-3].*")]
    FreezePattern {
        /// The glob library's error, with the pattern.
        source: globset::Error,
    },
    /// A freezing pattern matches no parameter.
    #[error(
        "the freezing pattern \"{pattern}\" matches no parameter: expected a glob for names as {example}"
    )]
    FreezeNothing {
        /// The pattern.
        pattern: String,
        /// The name of one of the model's parameters.
        example: String,
    },
    /// More layers are to be reinitialized than the model has.
    #[error(
        "reinit_layers = {found}: can't start the last {found} encoder layers anew: the model has {layers}"
    )]
    ReinitLayers {
        /// The number of layers requested.
        found: usize,
        /// The number of the model's encoder layers.
        layers: usize,
    },
    /// The pooler of a model that has none is to be frozen or reinitialized.
    #[error("{setting}: the model has no pooler, since its head does not read one; leave the setting out")]
    NoPooler {
        /// The setting with its value.
        setting: &'static str,
    },
}

/// A number of outputs, in words.
fn count(outputs: usize) -> String {
    format!("{outputs} output{}", if outputs == 1 { "" } else { "s" })
}

/// The advice for weights in a format, or under a name, that is not read.
fn advice(found: &[String]) -> &'static str {
    if found.iter().all(|name| has_extension(name, "safetensors")) {
        "which is not read under that name: rename it to model.safetensors if it is the whole model"
    } else if found.iter().any(|name| has_extension(name, "bin")) {
        "a format that can run code when read: convert it to safetensors with transformers"
    } else {
        "a format that is not implemented: convert it to safetensors"
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

impl From<FileError> for ModelError {
    fn from(FileError { path, source, .. }: FileError) -> Self {
        Self::Write { path, source }
    }
}
