//! [`Place`]: a folder with a checkpoint's config, some examples, and the runs that use them.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The special tokens, then words of good and of bad reviews, then the others.
const WORDS: [&str; 24] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "fine", "great", "lovely", "bad", "poor", "awful",
    "dull", "the", "a", "film", "food", "room", "was", "and", "so", "very", "not", ".",
];

/// A new folder, in memory where the system has such a place: nothing here has to survive a real power cut,
/// and a disk syncs slowly.
///
/// # Errors
/// The folder can't be made.
pub fn fresh_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("embert-crash-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir())
}

/// What the examples of a place are labelled with, which tells the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// One label a text.
    Classes,
    /// Any number of labels a text, for which a run fits thresholds.
    Labels,
    /// A tag a word; some texts are longer than a window.
    Tags,
}

impl Data {
    /// The row with this number of the split that is told apart by `shift`.
    fn row(self, number: usize, shift: usize) -> Value {
        let word = |place: usize| WORDS[13 + (number * 5 + place * 3 + shift) % 10];
        let telling = |label: usize| WORDS[5 + 4 * label + (number / 2 + shift) % 4];
        match self {
            Self::Classes => {
                let label = number % 2;
                let words = [word(0), word(1), telling(label), word(2)].join(" ");
                json!({"text": words, "label": (["pos", "neg"][label])})
            }
            Self::Labels => {
                let labels: Vec<usize> = (0..2).filter(|label| number >> label & 1 == 1).collect();
                let words = [word(0), word(1)].into_iter().chain(labels.iter().map(|&label| telling(label)));
                let names: Vec<&str> = labels.iter().map(|&label| ["pos", "neg"][label]).collect();
                json!({"text": words.collect::<Vec<_>>().join(" "), "labels": names})
            }
            Self::Tags => {
                let clause = |clause: usize| {
                    let label = (number + clause) % 2;
                    let tags = [["B-POS", "I-POS"], ["B-NEG", "I-NEG"]][label];
                    [(word(clause), "O"), (telling(label), tags[0]), (word(clause + 1), tags[1])]
                };
                // Seven clauses are longer than a window.
                let clauses = if number.is_multiple_of(4) { 7 } else { 2 };
                let (tokens, tags): (Vec<&str>, Vec<&str>) = (0..clauses).flat_map(clause).unzip();
                json!({"tokens": tokens, "tags": tags})
            }
        }
    }
}

/// The folder in which runs are tried. They read `inputs/` and write to `work/`.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
    labels: Data,
}

impl Place {
    /// Writes the inputs, below `root`.
    ///
    /// # Errors
    /// The inputs can't be written.
    pub fn new(root: &Path, labels: Data) -> io::Result<Self> {
        let place = Self { root: root.to_owned(), labels };
        fs::create_dir_all(place.model())?;
        fs::create_dir_all(place.data())?;
        fs::create_dir_all(place.work())?;
        fs::write(place.model().join("vocab.txt"), WORDS.map(|word| format!("{word}\n")).concat())?;
        let tokenizer =
            json!({"do_lower_case": true, "tokenizer_class": "BertTokenizer", "model_max_length": 16});
        fs::write(place.model().join("tokenizer_config.json"), tokenizer.to_string())?;
        let config = json!({
            "architectures": ["BertModel"],
            "model_type": "bert",
            "vocab_size": WORDS.len(),
            "hidden_size": 8,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "intermediate_size": 16,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "max_position_embeddings": 16,
            "type_vocab_size": 2,
            "initializer_range": 0.2,
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
        });
        fs::write(place.model().join("config.json"), config.to_string())?;
        for (split, count, shift) in [("train", 24, 0), ("validation", 8, 3), ("test", 4, 5)] {
            let mut text = String::new();
            for number in 0..count {
                let row = labels.row(number, shift);
                writeln!(text, "{row}").map_err(io::Error::other)?;
            }
            fs::write(place.data().join(format!("{split}.jsonl")), text)?;
        }
        Ok(place)
    }

    /// What the examples are labelled with.
    pub fn labels(&self) -> Data {
        self.labels
    }

    /// The folder that holds inputs and work.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A folder with the shape of a BERT of one layer, its vocabulary and no weights.
    pub fn model(&self) -> PathBuf {
        self.root.join("inputs/model")
    }

    /// The folder of a data set with three splits.
    pub fn data(&self) -> PathBuf {
        self.root.join("inputs/data")
    }

    /// The folder that runs write to.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The folder of a run.
    pub fn run(&self) -> PathBuf {
        self.work().join("run")
    }

    /// The folder of a sweep.
    pub fn sweep(&self) -> PathBuf {
        self.work().join("sweep")
    }
}
