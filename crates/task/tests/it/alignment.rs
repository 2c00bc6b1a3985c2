//! Tags of words and tags of tokens: identical to `run_ner.py` of `transformers`.

use embert_data::tokenize::Encoding;
use embert_data::{Card, EncodedDataset, LoadedRows, WindowOptions};
use embert_metrics::Scheme;
use embert_model::BertConfig;
use embert_task::{
    LabelOptions, Task as _, TokenClassification, TokenExample, TokenTarget, encode as encode_all,
};

use crate::reference::{WHOLE, encode, of_words, options, reference, tokenizer, windows};

/// The target as `run_ner.py` writes it.
fn numbers(target: &TokenTarget) -> Vec<i64> {
    target.0.iter().map(|label| label.map_or(-100, |label| i64::try_from(label).unwrap())).collect()
}

fn target(task: &TokenClassification, example: &TokenExample, encoding: &Encoding) -> Vec<i64> {
    numbers(&task.target(example, encoding).unwrap())
}

/// Between the special tokens.
fn whole(labels: &[i64]) -> Vec<i64> {
    [&[-100][..], labels, &[-100]].concat()
}

/// The task that labels all tokens of a word: an option of the data's labels.
pub(crate) fn of_all_tokens() -> TokenClassification {
    let names = &reference().tags;
    let card = format!("name = \"t\"\nlabels = {names:?}\n[files]\ntrain = [\"train.conll\"]\n");
    let card = Card::parse(&card, "card.toml".as_ref()).unwrap();
    let options =
        LabelOptions { scheme: Some(Scheme::Iob2), label_all_tokens: true, ..LabelOptions::default() };
    let rows = LoadedRows::default();
    let (labels, _) = TokenClassification::read_labels(&card, &rows, false, &options).unwrap();
    let config = BertConfig::default().with_labels(names.iter().map(String::as_str));
    TokenClassification::fit(&labels, &config, "model".as_ref()).unwrap()
}

#[test]
fn a_words_first_token_has_its_tag() {
    let (task, all) = (reference().task(), of_all_tokens());
    assert_eq!(reference().examples.len(), 300);
    for (number, case) in reference().examples.iter().enumerate() {
        let (example, tokenizer) = (of_words(case), tokenizer(case.vocabulary));
        let encoding = encode(&example, tokenizer, WHOLE);
        let inner = 1..encoding.len() - 1;
        assert_eq!(encoding.ids[inner.clone()], case.ids, "ids of example {number}");
        let word_ids: Vec<u32> = encoding.word_ids[inner].iter().map(|word| word.unwrap()).collect();
        assert_eq!(word_ids, case.word_ids, "words of example {number}");
        assert_eq!(target(&task, &example, &encoding), whole(&case.first), "example {number}");
        assert_eq!(target(&all, &example, &encoding), whole(&case.all), "all tokens of example {number}");
        let (max_length, cut) = &case.cut;
        let encoding = encode(&example, tokenizer, *max_length);
        assert_eq!(target(&task, &example, &encoding), *cut, "example {number} cut to {max_length}");
    }
}

/// A window that begins within a word does not take the first token that it has for the word's first.
#[test]
fn each_token_has_the_same_tag_in_every_window() {
    let (task, all) = (reference().task(), of_all_tokens());
    for (number, case) in reference().examples.iter().enumerate() {
        let (example, tokenizer) = (of_words(case), tokenizer(case.vocabulary));
        // The windows of the fixture, and the shortest ones: each token is the first of a window.
        let (max_length, stride, ranges) = &case.windows;
        let single = (0..case.ids.len()).map(|token| (token, token + 1)).collect();
        for (max_length, stride, ranges) in [(*max_length, *stride, ranges), (3, 0, &single)] {
            let found = windows(&example, tokenizer, max_length, stride);
            for (encoding, &(start, end)) in found.iter().zip(ranges) {
                let what = format!("tokens {start}..{end} of example {number}");
                assert_eq!(target(&task, &example, encoding), whole(&case.first[start..end]), "{what}");
                assert_eq!(target(&all, &example, encoding), whole(&case.all[start..end]), "all {what}");
            }
        }
    }
}

/// `encode` gives a data set of features the same targets.
#[test]
fn the_features_of_a_data_set_have_the_tags() {
    let task = reference().task();
    let of_vocabulary =
        |number: usize| reference().examples.iter().filter(move |case| case.vocabulary == number);
    for vocabulary in [0, 1] {
        let examples: Vec<TokenExample> = of_vocabulary(vocabulary).map(of_words).collect();
        let options = WindowOptions { encoding: options(8), stride: None };
        let (data, count): (EncodedDataset<TokenTarget>, _) =
            encode_all(&task, &examples, tokenizer(vocabulary), &options).unwrap();
        assert_eq!(data.examples(), examples.len());
        let mut cut = 0;
        for (feature, case) in data.features().iter().zip(of_vocabulary(vocabulary)) {
            let kept = case.first.len().min(6);
            cut += usize::from(kept < case.first.len());
            assert_eq!(numbers(&feature.target), whole(&case.first[..kept]));
        }
        assert!(cut > 0 && count.truncated == cut);
    }
}
