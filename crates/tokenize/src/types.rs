//! Token types: the segments of a pair.

use crate::encoding::EncodeOptions;
use crate::error::TokenizeError;
use crate::tokenizer::Tokenizer;
use crate::truncation::Truncation;

impl Tokenizer {
    /// The number of token types in the encoding of a text or a pair: 1 and 2 with BERT's tokenizer. The
    /// model's `token_type_embeddings` need a row for each.
    ///
    /// # Errors
    /// The letter that is encoded to count the types can't be encoded.
    pub fn token_types(&self, is_pair: bool) -> Result<usize, TokenizeError> {
        let options = EncodeOptions { max_length: 512, truncation: Truncation::LongestFirst };
        let encoding = self.encode("a", is_pair.then_some("a"), &options)?;
        Ok(encoding.type_ids.into_iter().max().unwrap_or(0) as usize + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_text_has_one_type_and_a_pair_two() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        let tokenizer = Tokenizer::from_folder(&folder).unwrap();
        assert_eq!([false, true].map(|is_pair| tokenizer.token_types(is_pair).unwrap()), [1, 2]);
    }
}
