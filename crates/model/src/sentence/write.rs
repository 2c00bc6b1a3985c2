//! Writes the files of a folder of sentence-transformers.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::config::SentenceConfig;
use super::read::{MODEL, MODES, MODULES, POOLING, TRANSFORMER};
use crate::ModelError;

/// The folder of the pooling, which text-embeddings-inference reads too.
const POOLING_FOLDER: &str = "1_Pooling";
const NORMALIZE_FOLDER: &str = "2_Normalize";

impl SentenceConfig {
    /// Writes `modules.json`, `1_Pooling/config.json`, `sentence_bert_config.json` and
    /// `config_sentence_transformers.json` into `dir`, with the names and keys that all versions of
    /// sentence-transformers read from 2 on, and text-embeddings-inference. `hidden` is the model's
    /// `hidden_size`; `has_pooler` says whether its weights have a pooler.
    ///
    /// # Errors
    /// A file can't be written.
    pub(crate) fn save(&self, dir: &Path, hidden: usize, has_pooler: bool) -> Result<(), ModelError> {
        let mut modules = vec![("", "Transformer"), (POOLING_FOLDER, "Pooling")];
        if self.normalize {
            modules.push((NORMALIZE_FOLDER, "Normalize"));
        }
        let modules = modules.into_iter().enumerate().map(|(index, (path, class))| {
            let class = format!("sentence_transformers.models.{class}");
            json!({"idx": index, "name": index.to_string(), "path": path, "type": class})
        });
        write(&dir.join(MODULES), &modules.collect())?;

        let mut pooling = Map::new();
        pooling.insert("word_embedding_dimension".to_owned(), hidden.into());
        let own = self.pooling.to_string();
        pooling.extend(MODES.map(|(key, mode)| (key.to_owned(), Value::Bool(mode == own))));
        pooling.insert("include_prompt".to_owned(), Value::Bool(!self.excludes_prompt));
        let folder = dir.join(POOLING_FOLDER);
        embert_files::create_dir_all(&folder)?;
        write(&folder.join(POOLING), &Value::Object(pooling))?;
        if self.normalize {
            // It has no settings, but the folder that modules.json names is there.
            let folder = dir.join(NORMALIZE_FOLDER);
            embert_files::create_dir_all(&folder)?;
            write(&folder.join(POOLING), &json!({}))?;
        }

        let mut transformer = Map::new();
        if let Some(length) = self.max_seq_length {
            transformer.insert("max_seq_length".to_owned(), length.into());
        }
        transformer.insert("do_lower_case".to_owned(), self.do_lower_case.into());
        if !has_pooler {
            transformer.insert("model_args".to_owned(), json!({"add_pooling_layer": false}));
        }
        write(&dir.join(TRANSFORMER), &Value::Object(transformer))?;

        let mut model = json!({
            "model_type": "SentenceTransformer",
            "prompts": self.prompts,
            "default_prompt_name": self.default_prompt_name,
            "similarity_fn_name": self.similarity.unwrap_or_default().to_string(),
        });
        if let Some(dimensions) = self.truncate_dim {
            model["truncate_dim"] = dimensions.into();
        }
        write(&dir.join(MODEL), &model)
    }
}

fn write(path: &Path, value: &Value) -> Result<(), ModelError> {
    Ok(embert_files::write(path, format!("{value:#}\n").as_bytes())?)
}
