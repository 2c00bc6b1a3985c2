//! Notes for the user on a tokenizer that is read without an error.

use std::path::Path;

use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{
    Model as _, ModelWrapper, NormalizedString, Normalizer as _, NormalizerWrapper, PostProcessor as _,
    PreTokenizerWrapper,
};

use super::files::read;

/// A vocabulary counts as cased if at least one word in this many has a capital, and as one of a script with
/// case if at least one in this many has a small letter.
const SHARE: usize = 100;

/// A note if the vocabulary and the treatment of case don't fit.
pub(crate) fn case(inner: &tokenizers::Tokenizer) -> Option<String> {
    let keeps = {
        let mut text = NormalizedString::from("A");
        inner
            .get_normalizer()
            .is_none_or(|normalizer| normalizer.normalize(&mut text).is_ok() && text.get() == "A")
    };
    let added: Vec<String> =
        inner.get_added_tokens_decoder().into_values().map(|token| token.content).collect();
    let vocab = inner.get_model().get_vocab();
    let is_word =
        |token: &&String| !(added.contains(token) || token.starts_with('[') && token.ends_with(']'));
    let (mut words, mut cased, mut small) = (0, 0, 0);
    let mut example: Option<&String> = None;
    for token in vocab.keys().filter(is_word) {
        words += 1;
        let has_capital = token.chars().any(char::is_uppercase);
        small += usize::from(token.chars().any(char::is_lowercase));
        if has_capital {
            cased += 1;
            // The shortest word with a small letter, then the first by alphabet: the note is the same every
            // time.
            let rank = |token: &String| (!token.chars().any(char::is_lowercase), token.len(), token.clone());
            if example.is_none_or(|example| rank(token) < rank(example)) {
                example = Some(token);
            }
        }
    }
    match (keeps, example) {
        (false, Some(example)) if cased * SHARE >= words => Some(format!(
            "{cased} of {words} words of the vocabulary have capitals, as {example:?} has, but texts are lowercased, \
             so none of them is ever found; if the model is a cased one, write \"do_lower_case\": false into \
             tokenizer_config.json"
        )),
        (true, None) if small * SHARE >= words && small > 0 => Some(
            "no word of the vocabulary has a capital, but texts keep their case, so words with capitals become the \
             unknown token; if the model is an uncased one, write \"do_lower_case\": true into tokenizer_config.json"
                .to_owned(),
        ),
        _ => None,
    }
}

/// A note on the added tokens that the model has no embedding for.
pub(crate) fn beyond(inner: &tokenizers::Tokenizer, rows: Option<usize>) -> Option<String> {
    let rows = rows?;
    let tokens = inner.get_added_tokens_decoder();
    let mut tokens: Vec<_> = tokens.into_iter().filter(|(id, _)| *id as usize >= rows).collect();
    tokens.sort_unstable_by_key(|(id, _)| *id);
    let (id, token) = tokens.first()?;
    let more = match tokens.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "the added token {:?} (id {id}){more} has no row in the model's embedding of {rows} tokens: a text that holds it is \
         an error",
        token.content
    ))
}

/// A note if pairs lose the token types that the post-processor gives them.
pub(crate) fn token_types(inner: &tokenizers::Tokenizer, has_types: bool) -> Option<String> {
    if has_types {
        return None;
    }
    let pair = inner.encode(("a", "a"), true).ok()?;
    pair.get_type_ids().iter().any(|id| *id != 0).then(|| {
        "the second text of a pair gets the token type 0, as in transformers: neither the tokenizer_class nor \
         model_input_names in tokenizer_config.json asks for token_type_ids"
            .to_owned()
    })
}

/// A note if a `vocab.txt` beside the `tokenizer.json` has another vocabulary.
pub(crate) fn other_vocabulary(path: &Path, model: &WordPiece) -> Option<String> {
    // transformers doesn't read this vocab.txt either, so an unreadable file is no error.
    let text = read(path).ok()?;
    let differs = |(id, line): &(u32, &str)| {
        let token = model.id_to_token(*id);
        token.is_some_and(|token| token.trim_end() != line.trim_end())
    };
    let (id, line) = (0..).zip(text.lines()).find(differs)?;
    let token = model.id_to_token(id).unwrap_or_default();
    Some(format!(
        "vocab.txt has {line:?} in line {}, tokenizer.json {token:?} under that id: tokenizer.json counts, as in transformers",
        u64::from(id) + 1
    ))
}

/// Notes on the parts of a `tokenizer.json` that `BertTokenizer` replaces with BERT's.
pub(crate) fn passed_over(file: &tokenizers::Tokenizer, bert: &tokenizers::Tokenizer) -> Vec<String> {
    let mut notes = Vec::new();
    let mut parts = Vec::new();
    match (file.get_normalizer(), bert.get_normalizer()) {
        (Some(NormalizerWrapper::BertNormalizer(file)), Some(NormalizerWrapper::BertNormalizer(bert))) => {
            let accents =
                |normalizer: &BertNormalizer| normalizer.strip_accents.unwrap_or(normalizer.lowercase);
            for (key, found, counts) in [
                ("lowercase", file.lowercase, bert.lowercase),
                ("strip_accents", accents(file), accents(bert)),
                ("handle_chinese_chars", file.handle_chinese_chars, bert.handle_chinese_chars),
                ("clean_text", file.clean_text, bert.clean_text),
            ] {
                if found != counts {
                    notes.push(format!(
                        "{key} is {counts}, as in transformers, whose BertTokenizer goes by tokenizer_config.json and \
                         not by the {found} of tokenizer.json"
                    ));
                }
            }
        }
        _ => parts.push("normalizer"),
    }
    if !matches!(file.get_pre_tokenizer(), Some(PreTokenizerWrapper::BertPreTokenizer(_))) {
        parts.push("pre_tokenizer");
    }
    if let (ModelWrapper::WordPiece(file), ModelWrapper::WordPiece(bert)) =
        (file.get_model(), bert.get_model())
    {
        let differs = [
            ("model.unk_token", file.unk_token != bert.unk_token),
            (
                "model.continuing_subword_prefix",
                file.continuing_subword_prefix != bert.continuing_subword_prefix,
            ),
            (
                "model.max_input_chars_per_word",
                file.max_input_chars_per_word != bert.max_input_chars_per_word,
            ),
        ];
        parts.extend(differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key));
    }
    if !same_frame(file, bert) {
        parts.push("post_processor");
    }
    if !parts.is_empty() {
        notes.push(format!(
            "tokenizer.json states another {} than BERT's, which is passed over, as by transformers' BertTokenizer; for the \
             file as it is, write \"tokenizer_class\": \"PreTrainedTokenizerFast\" into tokenizer_config.json",
            parts.join(", ")
        ));
    }
    notes
}

/// Whether both tokenizers put the same special tokens around a text and a pair.
fn same_frame(file: &tokenizers::Tokenizer, bert: &tokenizers::Tokenizer) -> bool {
    let frame = |tokenizer: &tokenizers::Tokenizer, pair: bool| {
        let text = bert.encode("a", false).ok()?;
        let second = pair.then(|| text.clone());
        let framed = tokenizer.get_post_processor()?.process(text, second, true).ok()?;
        Some((framed.get_ids().to_vec(), framed.get_type_ids().to_vec()))
    };
    [false, true].iter().all(|pair| frame(file, *pair) == frame(bert, *pair))
}
