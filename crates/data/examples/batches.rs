//! From a CSV file to batches: `cargo run -p embert-data --example batches`

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Device;
use embert_data::tokenize::{EncodeOptions, Encoding, Padding, Tokenizer, Truncation};
use embert_data::{
    BatchLoader, Batcher, Columns, DataError, DataSource, Example, LoadOptions, LocatedRow, Order, Sampler,
    Strata, WindowOptions, cut, encode, load_rows,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reviews.csv");
    let row = |n: usize| {
        format!("{}the film was {},{}\n", "a ".repeat(n), ["bad", "good"][n % 2], ["neg", "pos"][n % 2])
    };
    fs::write(&file, format!("text,label\n{}", (0..20).map(row).collect::<String>()))?;

    let DataSource::Local { card, root, .. } = DataSource::resolve(&file.to_string_lossy(), &[])? else {
        return Err("a file is local".into());
    };
    let columns = Columns::from(&card.columns);
    let [rows, _, _] = load_rows(&card, &root, &LoadOptions::default(), &columns, Some("label"))?.splits;
    // What a label means is not the reader's to say: here "pos" is 1 and all else is 0.
    let example = |LocatedRow { id, row, .. }: LocatedRow| {
        let label = usize::from(row.text("label")? == "pos");
        Example::from_row(id, row, "text", None, label)
    };
    let examples = rows.rows.into_iter().map(example).collect::<Result<Vec<_>, _>>()?;
    let label = |example: &Example<usize>| Strata::One(example.label);
    let (splits, _) = cut(examples, [0.8, 0.1, 0.1], 0, label, |_| Vec::new())?;
    println!("{}: {} train, {} validation", card.name, splits.train.len(), splits.validation.len());

    let vocab = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizer");
    let tokenizer = Tokenizer::from_folder(Path::new(vocab))?;
    let encoding = EncodeOptions { max_length: 16, truncation: Truncation::LongestFirst };
    let options = WindowOptions { encoding, stride: None };
    let label = |example: &Example<usize>, encodings: &[Encoding]| {
        Ok::<_, DataError>(vec![example.label; encodings.len()])
    };
    let (train, cut) = encode(&splits.train, &tokenizer, &options, label)?;
    println!("{} of {} texts were cut", cut.truncated, cut.total);

    let plan = Sampler::new(Order::GroupedByLength, 8, 0).epoch(&train.lengths(), 1);
    let batcher = Batcher::new(tokenizer.pad_id(), Padding::Longest);
    for batch in BatchLoader::new(Arc::new(train), batcher, plan, 0, Device::default()) {
        let batch = batch?;
        println!("{:?} rows {:?} targets {:?}", batch.input_ids.dims(), batch.ids, batch.targets);
    }
    Ok(())
}
