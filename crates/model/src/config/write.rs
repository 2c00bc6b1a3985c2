//! Writes a [`BertConfig`] as the text of a `config.json`.

use serde_json::{Value, json};

use super::bert_config::BertConfig;

impl BertConfig {
    /// The text of a `config.json`, with keys sorted as `transformers` sorts them, ending in a newline.
    pub fn to_json(&self) -> String {
        let labels = || self.id2label.iter().enumerate();
        let id2label: Value = labels().map(|(index, label)| (index.to_string(), json!(label))).collect();
        let label2id: Value = labels().map(|(index, label)| (label.clone(), json!(index))).collect();
        let mut map = self.extra.clone();
        let known = [
            ("architectures", json!(self.architectures)),
            ("attention_probs_dropout_prob", json!(self.attention_probs_dropout_prob)),
            ("classifier_dropout", json!(self.classifier_dropout)),
            ("hidden_act", json!(self.hidden_act.to_string())),
            ("hidden_dropout_prob", json!(self.hidden_dropout_prob)),
            ("hidden_size", json!(self.hidden_size)),
            ("id2label", id2label),
            ("initializer_range", json!(self.initializer_range)),
            ("intermediate_size", json!(self.intermediate_size)),
            ("label2id", label2id),
            ("layer_norm_eps", json!(self.layer_norm_eps)),
            ("max_position_embeddings", json!(self.max_position_embeddings)),
            ("model_type", json!("bert")),
            ("num_attention_heads", json!(self.num_attention_heads)),
            ("num_hidden_layers", json!(self.num_hidden_layers)),
            ("num_labels", json!(self.num_labels())),
            ("pad_token_id", json!(self.pad_token_id)),
            ("problem_type", json!(self.problem_type)),
            ("type_vocab_size", json!(self.type_vocab_size)),
            ("vocab_size", json!(self.vocab_size)),
        ];
        map.extend(known.map(|(key, value)| (key.to_owned(), value)));
        map.sort_keys();
        format!("{:#}\n", Value::Object(map))
    }
}
