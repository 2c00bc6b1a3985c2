//! [`relevant`]: the part of a long text that decides its tokens once it is cut.

use std::borrow::Cow;

use embert_data::tokenize::{EncodeOptions, TokenizeError, Tokenizer, Truncation};

/// Texts up to this length are tokenized as they are: it takes some 120 bytes for each of theirs.
const WHOLE: usize = 1 << 20;

/// Bytes that are tried first: a multiple of what most models read.
const FIRST: usize = 1 << 16;

/// Tokens beyond those that stay, so that what is cut inside a token of several words is none of them.
const MARGIN: usize = 64;

/// A part of a single text from which the tokenizer makes what it makes of the whole text once that is cut: its beginning, its end
/// or both, up to white space, where BERT's tokenizer splits.
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

/// The beginning, up to the last white space in it; nothing where there is none.
fn head(text: &str, bytes: usize) -> &str {
    let part = &text[..text.floor_char_boundary(bytes)];
    part.rfind(char::is_whitespace).map_or("", |end| &part[..end])
}

/// The end, from the first white space in it on; nothing where there is none.
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
        // Words of no token at either end, which normalization takes away, and a word longer than the first part.
        let nothing = "\u{301} ".repeat(50_000);
        let words = "great bad café 中文 un, ".repeat(50_000);
        let texts = [
            words.clone(),
            format!("{nothing}{words}{nothing}"),
            format!("{}{words}{}", "x".repeat(100_000), "y".repeat(100_000)),
            "z".repeat(1_500_000),
        ];
        for truncation in
            [Truncation::LongestFirst, Truncation::Tail, Truncation::HeadTail(3), Truncation::OnlyFirst]
        {
            let options = EncodeOptions { max_length: 16, truncation };
            for (index, text) in texts.iter().enumerate() {
                let part = relevant(text, &tokenizer, &options).unwrap();
                assert_eq!(part.len() < text.len() / 2, index < 3, "{truncation}, text {index}");
                let [whole, part] =
                    [text, &*part].map(|text| tokenizer.encode(text, None, &options).unwrap().ids);
                assert_eq!(part, whole, "{truncation}, text {index}");
            }
        }
    }
}
