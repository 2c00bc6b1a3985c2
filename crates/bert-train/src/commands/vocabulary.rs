//! `vocabulary`: a WordPiece vocabulary trained on texts, as a checkpoint without weights.

mod folder;
mod shape;
mod texts;

use std::path::PathBuf;

use clap::Args;
use embert_data::tokenize::{
    EncodeOptions, Tokenizer, Truncation, VocabularyFacts, VocabularyOptions, VocabularyTrainer,
};
use embert_model::BertConfig;
use serde_json::json;

use self::folder::Destination;
use self::shape::Shape;
use self::texts::TextArgs;
use crate::arguments::{JsonArgs, ReadingArgs};
use crate::error::Error;
use crate::output::{say, thousands};
use crate::{output, sources};

#[derive(Debug, Args)]
pub(crate) struct VocabularyArgs {
    #[command(flatten)]
    pub(crate) texts: TextArgs,
    /// Write the folder of the new model here: its config and its tokenizer, without weights
    #[arg(long, value_name = "FOLDER")]
    pub(crate) output: PathBuf,
    /// Replace an older vocabulary in the output folder
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Tokens of the vocabulary, at most
    #[arg(long, value_name = "N", default_value_t = VocabularyOptions::default().vocab_size)]
    pub(crate) vocab_size: usize,
    /// Keep case and accents [default: texts are lowercased and lose their accents]
    #[arg(long)]
    pub(crate) cased: bool,
    /// Join two pieces of words that follow each other at least this often
    #[arg(long, value_name = "N", default_value_t = VocabularyOptions::default().min_frequency)]
    pub(crate) min_frequency: u64,
    /// Keep the N most frequent characters: a word with another one is [UNK]; Chinese needs several thousand
    #[arg(long, value_name = "N", default_value_t = VocabularyOptions::default().limit_alphabet)]
    pub(crate) limit_alphabet: usize,
    /// The size of the new model, under the names of Google's small BERTs
    #[arg(long, value_enum, value_name = "SHAPE", default_value_t = Shape::Mini, conflicts_with = "like")]
    pub(crate) shape: Shape,
    /// Make the new model as large as this one: a folder, name, owner/name or owner/name@revision
    #[arg(long, value_name = "MODEL")]
    pub(crate) like: Option<String>,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

pub(crate) fn run(args: &VocabularyArgs) -> Result<(), Error> {
    let options = VocabularyOptions {
        vocab_size: args.vocab_size,
        min_frequency: args.min_frequency,
        limit_alphabet: args.limit_alphabet,
        lowercase: !args.cased,
    };
    let mut trainer = VocabularyTrainer::new(options.clone())?;
    let destination = Destination::new(&args.output, args.overwrite)?;
    let shape = match &args.like {
        Some(name) => {
            let model = sources::model_folder(name)?;
            destination.differs_from(&model)?;
            shape::like(&model)?
        }
        None => args.shape.config(),
    };
    // A model that can't be made is refused before hours of reading.
    BertConfig { vocab_size: options.vocab_size, ..shape.clone() }.validate()?;
    let files = texts::files(&args.texts, &args.reading.options())?;
    files.iter().try_for_each(|file| destination.differs_from(&file.path))?;
    let skipped = texts::read(&files, args.texts.skip_bad_rows, |texts| Ok(trainer.add(texts)?))?;
    say!("trains a vocabulary of at most {} tokens", thousands(options.vocab_size));
    let vocabulary = trainer.train()?;
    let config = BertConfig { vocab_size: vocabulary.facts.vocab_size, ..shape };
    let cut =
        EncodeOptions { max_length: config.max_position_embeddings, truncation: Truncation::LongestFirst };
    destination.write(|folder| {
        embert_files::write(&folder.join("config.json"), config.to_json().as_bytes())?;
        Ok(vocabulary.tokenizer.save(folder, Some(&cut))?)
    })?;
    say_facts(args, &vocabulary.facts, skipped);
    // What a user opens is what is shown.
    let tokenizer = Tokenizer::from_folder(&args.output)?;
    print(args, &vocabulary.facts, &tokenizer, &config, skipped)
}

/// Says what was left out, and what the vocabulary lacks.
fn say_facts(args: &VocabularyArgs, facts: &VocabularyFacts, skipped: u64) {
    if skipped > 0 {
        say!("skipped {skipped} row(s) that can't be read; -v names them");
    }
    if facts.texts_with_special_tokens > 0 {
        say!(
            "{} text(s) have a special token written in them, such as [MASK]: it is read as the token, here and in training, \
             and counts as no word",
            thousands(facts.texts_with_special_tokens as usize)
        );
    }
    if facts.long_words > 0 {
        say!(
            "{} word(s) have more than 100 characters, which WordPiece does not split: [UNK]",
            thousands(facts.long_words as usize)
        );
    }
    if facts.left_out_characters > 0 {
        say!(
            "{} of {} characters are left out, the rarest: a word with one of them is [UNK]; --limit-alphabet keeps more than {}",
            thousands(facts.left_out_characters),
            thousands(facts.characters),
            thousands(args.limit_alphabet)
        );
    }
    if facts.vocab_size < args.vocab_size {
        say!(
            "{} tokens instead of {}: no more pieces follow each other at least {} time(s) in the texts; more text has more of \
             them",
            thousands(facts.vocab_size),
            thousands(args.vocab_size),
            args.min_frequency
        );
    }
}

/// Prints what was made, and how to train it.
fn print(
    args: &VocabularyArgs,
    facts: &VocabularyFacts,
    tokenizer: &Tokenizer,
    config: &BertConfig,
    skipped: u64,
) -> Result<(), Error> {
    if args.json.json {
        let config: serde_json::Value = serde_json::from_str(&config.to_json()).unwrap_or_default();
        return output::json(&json!({
            "folder": args.output.to_string_lossy(),
            "facts": facts,
            "skipped": skipped,
            "tokenizer": tokenizer.facts(),
            "config": config,
        }));
    }
    output::line(&format!(
        "texts       {} with {} words, {} different",
        thousands(facts.texts as usize),
        thousands(facts.words as usize),
        thousands(facts.distinct_words)
    ))?;
    output::line(&format!("vocabulary  {}", tokenizer.facts()))?;
    output::line(&format!(
        "coverage    {:.2} % of the words are one piece, {:.3} pieces a word, {:.3} % are [UNK]",
        100.0 * facts.whole_words,
        facts.pieces_per_word,
        100.0 * facts.unknown
    ))?;
    output::line(&format!(
        "model       {}: {} layers of {}, {} heads, {} positions, without weights",
        args.like.as_ref().map_or_else(|| args.shape.to_string(), |name| format!("like {name}")),
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.max_position_embeddings
    ))?;
    let folder = output::argument(&args.output.display());
    output::line(&format!("folder      {folder}"))?;
    let dataset = args.texts.dataset.as_ref().map_or_else(|| "NAME".to_owned(), output::argument);
    output::line(&format!(
        "train it    {} train --model {folder} --set from_scratch=true --dataset {dataset}",
        output::program()
    ))
}
