//! What the texts ask of a model that it does not have, found out before any work is done.

use std::path::Path;

use embert_model::BertConfig;

use crate::TrainError;

/// Whether the model in `folder` has a position for each token of a sequence of `max_length`.
///
/// # Errors
/// It has fewer, or its `config.json` can't be used.
pub fn check_max_length(folder: &Path, max_length: usize) -> Result<(), TrainError> {
    check_positions(&BertConfig::from_file(&folder.join("config.json"))?, max_length)
}

/// [`check_max_length`] of a model whose config has been read.
pub(crate) fn check_positions(model: &BertConfig, max_length: usize) -> Result<(), TrainError> {
    let positions = model.max_position_embeddings;
    if max_length <= positions {
        return Ok(());
    }
    Err(TrainError::Setting {
        key: "data.max_length",
        found: max_length.to_string(),
        expected: format!("at most {positions}, the model's max_position_embeddings"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_beyond_the_models_are_refused() {
        let model = BertConfig { max_position_embeddings: 128, ..BertConfig::default() };
        check_positions(&model, 128).unwrap();
        let error = check_positions(&model, 129).unwrap_err().to_string();
        assert_eq!(error, "data.max_length = 129: expected at most 128, the model's max_position_embeddings");
    }
}
