//! `tokenize`: the tokens of a text.

use clap::Args;
use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
use serde_json::json;

use crate::arguments::JsonArgs;
use crate::error::Error;
use crate::output::say;
use crate::{output, sources};

#[derive(Debug, Args)]
pub(crate) struct TokenizeArgs {
    /// A folder, name, owner/name or owner/name@revision
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// Tokens in a sequence; a longer text is cut
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub(crate) max_length: usize,
    /// What stays of a longer text: longest_first or head, tail, head_tail:N, only_first or only_second
    #[arg(long, value_name = "WHAT", default_value_t)]
    pub(crate) truncation: Truncation,
    /// The text
    pub(crate) text: String,
    /// The second text of a pair
    pub(crate) text_pair: Option<String>,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

pub(crate) fn run(args: &TokenizeArgs) -> Result<(), Error> {
    let tokenizer = Tokenizer::from_folder(&sources::tokenizer_folder(&args.model)?)?;
    for note in tokenizer.notes() {
        say!("{note}");
    }
    let options = EncodeOptions { max_length: args.max_length, truncation: args.truncation };
    let encoding = tokenizer.encode(&args.text, args.text_pair.as_deref(), &options)?;
    let tokens: Vec<String> =
        encoding.ids.iter().map(|&id| tokenizer.token(id).unwrap_or_default()).collect();
    if args.json.json {
        return output::json(&json!({
            "tokens": tokens,
            "input_ids": encoding.ids,
            "token_type_ids": encoding.type_ids,
            "attention_mask": encoding.attention_mask,
            "truncated": encoding.truncated(),
        }));
    }
    let mut table = output::Table::new(&["position", "token", "id", "type", "mask"]);
    for (position, token) in tokens.iter().enumerate() {
        table.add_row([
            position.to_string(),
            token.clone(),
            encoding.ids[position].to_string(),
            encoding.type_ids[position].to_string(),
            encoding.attention_mask[position].to_string(),
        ]);
    }
    table.print()?;
    if encoding.truncated() {
        output::line(&format!("cut at {} tokens", args.max_length))?;
    }
    Ok(())
}
