//! [`ModelError`].

use std::io;
use std::path::{Path, PathBuf};

use embert_files::FileError;
use safetensors::SafeTensorError;

use crate::HeadFunction;

/// Why a model can't be configured, loaded or saved.
///
/// Messages name the file, the key or the weight, what was found and what was expected.
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
    /// A file holds no JSON object of the expected form.
    #[error("{origin} is not valid JSON of the expected form")]
    Json {
        /// The file, or "config" for text that came from elsewhere.
        origin: String,
        /// Line, column and cause.
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
        /// The values that can be used.
        expected: String,
    },
    /// A key of `config.json` has a value of another type.
    #[error("{origin}: \"{key}\" is {problem}")]
    ConfigValue {
        /// The file, or "config" for text that came from elsewhere.
        origin: String,
        /// The key's path.
        key: String,
        /// The value found, and what was expected.
        problem: String,
    },
    /// Sizes that are possible each, but not together.
    #[error("{origin}: the sizes make a model of {parameters} parameters, expected at most {most}")]
    TooLarge {
        /// The file, or "config" for a config made in code.
        origin: String,
        /// How many parameters the model would have.
        parameters: u128,
        /// How many are allowed.
        most: u128,
    },
    /// The checkpoint is of an architecture that is not BERT.
    #[error(
        "{origin}: this is a {found} checkpoint, and only BERT (model_type \"bert\") is implemented: choose a BERT checkpoint"
    )]
    Architecture {
        /// The config file.
        origin: String,
        /// The architecture, by name.
        found: String,
    },
    /// No weights in a format that is read.
    #[error(
        "{} has neither model.safetensors nor model.safetensors.index.json{}",
        dir.display(),
        if found.is_empty() { String::new() } else { format!("; found {}, {}", found.join(", "), advice(found)) }
    )]
    NoWeights {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// Weights in other formats, or under other names.
        found: Vec<String>,
    },
    /// A part of the checkpoint that `transformers` reads and that is not implemented.
    #[error("{} is there, {problem}", path.display())]
    Part {
        /// The file.
        path: PathBuf,
        /// What the file is, and what to do.
        problem: &'static str,
    },
    /// A weight under two names, or in two files.
    #[error(
        "weight \"{name}\" is there twice, with different values: as {first} and as {second}; take the wrong one out"
    )]
    Twice {
        /// The weight's name.
        name: String,
        /// The first, with its file.
        first: String,
        /// The second, with its file.
        second: String,
    },
    /// A weight that is not a number.
    #[error(
        "weight \"{name}\" in {} has {count} value(s) that are NaN or infinite, the first at {index} ({value}): the training that wrote it diverged, or the file is damaged; choose another checkpoint",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The weight's name in the checkpoint.
        name: String,
        /// How many values are not finite as f32.
        count: usize,
        /// Where the first one is, counted in the file's order.
        index: usize,
        /// The first one.
        value: f32,
    },
    /// A weight file without any content.
    #[error("{} is empty, expected a safetensors file: fetch it again", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A pointer that Git left in the place of a large file.
    #[error(
        "{} is a Git LFS pointer, not the weights: run `git lfs pull` in its repository, or fetch it again",
        path.display()
    )]
    LfsPointer {
        /// The file.
        path: PathBuf,
    },
    /// The file's first eight bytes, the header's length, go beyond the file.
    #[error(
        "{} claims a header of {claimed} bytes in a file of {size}: it is damaged, or not a safetensors file",
        path.display()
    )]
    HeaderLength {
        /// The file.
        path: PathBuf,
        /// The length that the header claims.
        claimed: u64,
        /// The file's length in bytes.
        size: u64,
    },
    /// The header describes more or fewer bytes than the file has.
    #[error(
        "{} has {size} bytes, its header describes {expected}: it was cut off or changed, fetch it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// The length that the header describes.
        expected: u64,
        /// The file's length in bytes.
        size: u64,
    },
    /// The header can't be understood.
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
        /// The weight.
        name: String,
        /// The file that should have it.
        shard: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The checkpoint lacks a weight of the encoder.
    #[error(
        "{} has no weight \"{name}\" among its {found}: {}",
        dir.display(),
        match similar {
            Some(similar) => format!("it has \"{similar}\", under a prefix that is none of bert., module. and _orig_mod.; rename its weights"),
            None => "the config and the weights are not of one model".to_owned(),
        }
    )]
    MissingWeight {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// The weight's name in a checkpoint.
        name: String,
        /// How many weights the checkpoint has.
        found: usize,
        /// A weight of the checkpoint whose name ends so.
        similar: Option<String>,
    },
    /// A weight has another shape than the config asks for.
    #[error(
        "weight \"{name}\" in {origin} has shape {found:?}, the model needs {expected:?}: the config and the weights are not of one model"
    )]
    Shape {
        /// The file, or "the state dict".
        origin: String,
        /// The weight's name in the checkpoint.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape of the model's parameter, as a checkpoint has it.
        expected: Vec<usize>,
    },
    /// A weight is stored as integers, 8-bit floats or the like.
    #[error("weight \"{name}\" in {} is stored as {found}, expected F32, F16, BF16 or F64", path.display())]
    Dtype {
        /// The file.
        path: PathBuf,
        /// The weight's name in the checkpoint.
        name: String,
        /// Its storage type.
        found: String,
    },
    /// The checkpoint's classification head has another number of labels than the data.
    #[error(
        "the classification head in {} has {} labels ({}), the data has {} ({}): use data with the same labels, or start with a new head (`new_head`)",
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
        "the data set has {} classes ({}), but the classification head in {} has {outputs} output{} ({function}): use it with `predict`, or train with a new head (`new_head`)",
        wanted.len(),
        wanted.join(", "),
        dir.display(),
        if *outputs == 1 { "" } else { "s" }
    )]
    NoClasses {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// How many outputs the head has.
        outputs: usize,
        /// The function that turns the outputs into scores.
        function: HeadFunction,
        /// The data's labels.
        wanted: Vec<String>,
    },
    /// More segments than the model has an embedding for.
    #[error(
        "the tokenizer gives {what} the token types 0 to {}, but the model in {} has {type_vocab_size} (\"type_vocab_size\"): use single texts, or a model for pairs",
        types - 1,
        dir.display()
    )]
    TokenTypes {
        /// The checkpoint's folder.
        dir: PathBuf,
        /// `pairs of texts` or `a text`.
        what: &'static str,
        /// How many token types the tokenizer uses.
        types: usize,
        /// How many token types the model has.
        type_vocab_size: usize,
    },
    /// A state dict lacks a parameter.
    #[error("the state dict has no \"{name}\": it belongs to another model")]
    StateMissing {
        /// The parameter's checkpoint name.
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
    /// A value that would be an infinity in the file.
    #[error(
        "weight \"{name}\" has the value {value:e}, which {dtype} can't hold: save in another dtype (`save_dtype`)"
    )]
    SaveRange {
        /// The weight's name in a checkpoint.
        name: String,
        /// The first value that is too large.
        value: f32,
        /// The requested dtype.
        dtype: &'static str,
    },
    /// An unknown dtype to save in.
    #[error("unknown dtype \"{found}\": expected f32, f16 or bf16")]
    SaveDtype {
        /// The text that was given.
        found: String,
    },
    /// An unknown freezing policy.
    #[error(
        "unknown freezing \"{found}\": expected none, embeddings, encoder_below:N, embeddings+encoder_below:N, pooler or all_but_head, with a number of layers or a share as in 50% for N"
    )]
    Freeze {
        /// The text that was given.
        found: String,
    },
    /// A freezing policy that names layers which the model has not.
    #[error("can't freeze \"{freeze}\": the model has {layers} encoder layers")]
    FreezeLayers {
        /// The policy.
        freeze: String,
        /// How many encoder layers the model has.
        layers: usize,
    },
    /// A pattern of parameters' names that is no glob.
    #[error("a freezing pattern can't be used: expected a glob, as in bert.encoder.layer.[0-3].*")]
    FreezePattern {
        /// The cause, with the pattern.
        source: globset::Error,
    },
    /// A pattern that no parameter's name matches.
    #[error(
        "the freezing pattern \"{pattern}\" matches no parameter: expected a glob for names as {example}"
    )]
    FreezeNothing {
        /// The pattern.
        pattern: String,
        /// A parameter's name.
        example: String,
    },
    /// More layers are to be reinitialized than the model has.
    #[error(
        "reinit_layers = {found}: can't start the last {found} encoder layers anew: the model has {layers}"
    )]
    ReinitLayers {
        /// The number of layers requested.
        found: usize,
        /// How many encoder layers the model has.
        layers: usize,
    },
}

/// What to do with weights in a format, or under a name, that is not read.
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
