//! A vocabulary of the lines of a file: `cargo run -p embert-tokenize --example vocabulary -- FILE [TOKENS]`

#![allow(clippy::print_stdout)]

use std::error::Error;

use embert_tokenize::{VocabularyOptions, VocabularyTrainer};

/// Texts for a call without a file.
const TEXTS: &str = "The film was good, the actors were good too.\nA good film, and good actors.";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let texts = args.first().map_or_else(|| Ok(TEXTS.to_owned()), std::fs::read_to_string)?;
    let vocab_size = args.get(1).map_or(Ok(60), |tokens| tokens.parse())?;
    let mut trainer =
        VocabularyTrainer::new(VocabularyOptions { vocab_size, ..VocabularyOptions::default() })?;
    let lines: Vec<&str> = texts.lines().collect();
    trainer.add(&lines)?;
    let vocabulary = trainer.train()?;
    println!("{}", vocabulary.tokenizer.facts());
    println!("{:?}", vocabulary.facts);
    for id in 0..vocabulary.tokenizer.vocab_size() as u32 {
        print!("{} ", vocabulary.tokenizer.token(id).unwrap_or_default());
    }
    println!();
    Ok(())
}
