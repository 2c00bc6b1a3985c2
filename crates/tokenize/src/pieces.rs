//! [`join_pieces`]: tokens of a vocabulary as text.

use tokenizers::Decoder as _;
use tokenizers::decoders::wordpiece::WordPiece;

/// The text of tokens, as `transformers`' `convert_tokens_to_string` makes it for BERT: `##` goes on with the
/// token before it, other tokens are separated by a space, and a space before punctuation is left out.
///
/// ```
/// assert_eq!(embert_tokenize::join_pieces(&["oka", "##for", "."]), "okafor.");
/// ```
pub fn join_pieces(pieces: &[&str]) -> String {
    let owned = pieces.iter().map(|&piece| piece.to_owned()).collect();
    // The decoder of WordPiece has no case that fails.
    WordPiece::default().decode(owned).unwrap_or_else(|_| pieces.join(" "))
}
