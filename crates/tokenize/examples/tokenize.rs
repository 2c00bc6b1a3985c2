//! Tokens of a text or a pair: `cargo run -p embert-tokenize --example tokenize -- FOLDER TEXT [SECOND TEXT]`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use embert_tokenize::{EncodeOptions, Tokenizer, Truncation};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = args
        .first()
        .map_or(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizer"), String::as_str);
    let text = args.get(1).map_or("The film was unbelievably good!", String::as_str);
    let tokenizer = Tokenizer::from_folder(Path::new(folder))?;
    println!("{}", tokenizer.facts());

    let options = EncodeOptions { max_length: 16, truncation: Truncation::LongestFirst };
    let encoding = tokenizer.encode(text, args.get(2).map(String::as_str), &options)?;
    for (id, type_id) in encoding.ids.iter().zip(&encoding.type_ids) {
        println!("{id:>6}  {type_id}  {}", tokenizer.token(*id).unwrap_or_default());
    }
    if encoding.truncated() {
        println!("cut at {} tokens", options.max_length);
    }
    Ok(())
}
