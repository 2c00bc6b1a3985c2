//! [`input_of`]: encodings as the model's input.

use burn::tensor::Device;
use embert_data::tokenize::{Encoding, Padding};
use embert_data::{Batch, Batcher, EncodedFeature};
use embert_model::{BertInput, Layout};

/// The input of the model for a batch of encodings, padded to the longest of them.
pub(crate) fn input_of<'a>(
    encodings: impl Iterator<Item = &'a Encoding>,
    pad_id: u32,
    device: &Device,
) -> BertInput {
    let features: Vec<_> =
        (0..).zip(encodings).map(|(id, encoding)| EncodedFeature::new(id, encoding.clone(), ())).collect();
    let batcher = Batcher::new(pad_id, Padding::Longest);
    let batch = burn::data::dataloader::batcher::Batcher::batch(&batcher, features, device);
    let Batch { input_ids, token_type_ids, attention_mask, lengths, .. } = batch;
    BertInput::with_layout(input_ids, token_type_ids, Layout::padded(attention_mask, lengths))
}
