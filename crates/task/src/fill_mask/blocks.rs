//! [`fill`]: texts one after another in blocks of the maximum length.

use embert_data::Texts as _;
use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, Truncation};

use super::example::MaskedText;
use crate::TaskError;

/// The number of texts to encode at a time.
const CHUNK: usize = 1024;

/// The words of a text: the number of tokens of each, and where it begins in the text, in bytes.
struct Words {
    tokens: Vec<usize>,
    begins: Vec<usize>,
}

impl Words {
    fn of(text: &str, encoding: &Encoding) -> Self {
        let mut words = Self { tokens: Vec::new(), begins: Vec::new() };
        let (mut last, mut begins) = (None, Vec::new());
        for (token, word) in encoding.word_ids.iter().enumerate() {
            if encoding.sequence_ids[token].is_none() {
                continue;
            }
            // A special token that a text spells out may have no word: it is one by itself.
            if word.is_none() || *word != last {
                words.tokens.push(0);
                begins.push(encoding.offsets[token].0);
                last = *word;
            }
            if let Some(tokens) = words.tokens.last_mut() {
                *tokens += 1;
            }
        }
        let mut characters = text.char_indices().map(|(byte, _)| byte).enumerate().peekable();
        for character in begins {
            let before = |(index, _): &(usize, usize)| *index < character;
            while characters.next_if(before).is_some() {}
            words.begins.push(characters.peek().map_or(text.len(), |(_, byte)| *byte));
        }
        words
    }
}

/// A block that is being filled.
struct Block {
    id: u64,
    text: String,
    /// Tokens, without the first and the last special one.
    tokens: usize,
}

/// The texts one after another in blocks of at most `max_length` tokens, with the token that ends a text between
/// them: `[CLS] text [SEP] text [SEP]`. A text that does not fit goes on in the next block, from a whole word on;
/// a word that is longer than a block has a block of its own, which is cut. A pair counts as two texts. A block
/// has the number of its first text.
///
/// # Errors
/// The tokenizer refuses a text.
pub(super) fn fill(
    examples: &[MaskedText],
    tokenizer: &Tokenizer,
    max_length: usize,
) -> Result<Vec<MaskedText>, TaskError> {
    let whole = EncodeOptions { max_length: usize::MAX, truncation: Truncation::LongestFirst };
    let room = max_length.saturating_sub(tokenizer.special_tokens_added(false));
    let separator = tokenizer.sep_token().unwrap_or_default();
    let (mut blocks, mut open): (Vec<MaskedText>, Option<Block>) = (Vec::new(), None);
    let mut close = |block: Option<Block>| {
        blocks.extend(block.map(|Block { id, text, .. }| MaskedText {
            id,
            text,
            text_pair: None,
            label: (),
            document: None,
        }));
    };
    for chunk in examples.chunks(CHUNK) {
        let texts: Vec<(u64, &str)> = chunk
            .iter()
            .flat_map(|example| {
                [Some(example.text()), example.text_pair()]
                    .into_iter()
                    .flatten()
                    .map(|text| (example.id, text))
            })
            .collect();
        let inputs: Vec<(&str, Option<&str>)> = texts.iter().map(|(_, text)| (*text, None)).collect();
        let encodings = tokenizer.encode_batch(&inputs, &whole).map_err(embert_data::DataError::from)?;
        for ((id, text), encoding) in texts.into_iter().zip(encodings) {
            let words = Words::of(text, &encoding);
            let mut next = 0;
            while next < words.tokens.len() {
                // The separator before a text in a block takes a token.
                let used = open.as_ref().map_or(0, |block| block.tokens + 1);
                let (mut tokens, first) = (0, next);
                while next < words.tokens.len() && used + tokens + words.tokens[next] <= room {
                    tokens += words.tokens[next];
                    next += 1;
                }
                if next == first {
                    if open.is_some() {
                        close(open.take());
                        continue;
                    }
                    (tokens, next) = (words.tokens[first], first + 1);
                }
                let end = words.begins.get(next).copied().unwrap_or(text.len());
                let part = text[words.begins[first]..end].trim();
                let block = open.get_or_insert_with(|| Block { id, text: String::new(), tokens: 0 });
                if block.tokens > 0 {
                    block.text.extend([" ", separator, " "]);
                    block.tokens += 1;
                }
                block.text.push_str(part);
                block.tokens += tokens;
                if next < words.tokens.len() {
                    close(open.take());
                }
            }
        }
    }
    close(open);
    Ok(blocks)
}
