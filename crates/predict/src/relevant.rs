//! [`relevant`]: the part of a long text that decides its tokens once it is cut.

use std::borrow::Cow;

use embert_data::tokenize::{EncodeOptions, TokenizeError, Tokenizer, Truncation};

/// Texts up to this length in bytes are tokenized whole, which takes some 120 bytes of memory for each byte.
const WHOLE: usize = 1 << 20;

/// The length in bytes that is tried first: a multiple of what most models read.
const FIRST: usize = 1 << 16;

/// Extra tokens beyond the kept ones, so that a cut inside a token of several words affects no kept token.
const MARGIN: usize = 64;

/// The part of a text that gives the same tokens after truncation as the whole text: the beginning, the end
/// or both, cut at white space, where BERT's tokenizer splits.
pub(crate) fn relevant<'a>(
    text: &'a str,
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
) -> Result<Cow<'a, str>, TokenizeError> {
    let probe =
        EncodeOptions { max_length: options.max_length + MARGIN, truncation: Truncation::LongestFirst };
    let mut bytes = FIRST;
    while text.len() > WHOLE && bytes < text.len() / 2 {
        let (head, tail) = (head(text, bytes), tail(text, bytes));
        let enough = |part: &str| tokenizer.encode(part, None, &probe).map(|encoding| encoding.truncated());
        match options.truncation {
            Truncation::Tail if enough(tail)? => return Ok(Cow::Borrowed(tail)),
            Truncation::HeadTail(_) if enough(head)? && enough(tail)? => {
                return Ok(Cow::Owned(format!("{head} {tail}")));
            }
            Truncation::LongestFirst | Truncation::Head | Truncation::OnlyFirst if enough(head)? => {
                return Ok(Cow::Borrowed(head));
            }
            _ => bytes *= 2,
        }
    }
    Ok(Cow::Borrowed(text))
}

/// The first `bytes` bytes up to their last white space; empty if there is none.
fn head(text: &str, bytes: usize) -> &str {
    let part = &text[..text.floor_char_boundary(bytes)];
    part.rfind(char::is_whitespace).map_or("", |end| &part[..end])
}

/// The last `bytes` bytes from their first white space on; empty if there is none.
fn tail(text: &str, bytes: usize) -> &str {
    let part = &text[text.ceil_char_boundary(text.len() - bytes)..];
    part.find(char::is_whitespace).map_or("", |start| &part[start..])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_part_has_the_tokens_of_the_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        let tokenizer = Tokenizer::from_folder(&folder).unwrap();
        // Words without a token at either end, which normalization removes, and a word longer than the first
        // part.
        let nothing = "\u{301} ".repeat(50_000);
        let words = "great bad café 中文 un, ".repeat(39_000);
        let texts = [
            format!("{nothing}{words}{nothing}"),
            format!("{}{words}{}", "x".repeat(100_000), "y".repeat(100_000)),
            "z".repeat(1_500_000),
        ];
        for truncation in [Truncation::LongestFirst, Truncation::Tail, Truncation::HeadTail(3)] {
            let options = EncodeOptions { max_length: 16, truncation };
            for (index, text) in texts.iter().enumerate() {
                let part = relevant(text, &tokenizer, &options).unwrap();
                assert_eq!(part.len() < text.len() / 2, index < 2, "{truncation}, text {index}");
                let [whole, part] =
                    [text.as_str(), &*part].map(|text| tokenizer.encode(text, None, &options).unwrap().ids);
                assert_eq!(part, whole, "{truncation}, text {index}");
            }
        }
    }
}
