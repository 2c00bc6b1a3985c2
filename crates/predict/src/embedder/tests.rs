//! Vectors against those of sentence-transformers, from `tests/reference/sentences.py`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;

use embert_model::{BertForSentenceEmbedding, ModelError, SaveDtype, save_pretrained};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// The two differ by the order in which f32 sums are taken.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Expected {
    texts: Vec<String>,
    texts_of_minilm: Vec<String>,
    folders: BTreeMap<String, Folder>,
}

#[derive(Deserialize)]
struct Folder {
    files: BTreeMap<String, Value>,
    cased: bool,
    pooler: bool,
    encodings: Vec<Encoded>,
}

#[derive(Deserialize)]
struct Encoded {
    prompt: Option<String>,
    prompt_name: Option<String>,
    #[serde(default)]
    normalize_embeddings: bool,
    vectors: Vec<Vec<f32>>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

fn expected() -> Expected {
    serde_json::from_str(&fs::read_to_string(fixture("sentences/expected.json")).unwrap()).unwrap()
}

impl Folder {
    /// The folder, with the weights of `tests/fixtures/model` in place of the script's: all else of them is
    /// left over.
    fn write(&self) -> TempDir {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let text = fs::read_to_string(fixture("model/config.json")).unwrap();
        let mut config: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
        config.remove("id2label");
        config.remove("label2id");
        config["architectures"] = json!(["BertModel"]);
        fs::write(at("config.json"), Value::from(config).to_string()).unwrap();
        fs::write(at("model.safetensors"), self.weights()).unwrap();
        // As many tokens as the model has rows for.
        let vocab = fs::read_to_string(fixture("tokenizer/vocab.txt")).unwrap();
        let more = (vocab.lines().count()..100).map(|number| format!("[unused{number}]\n"));
        fs::write(at("vocab.txt"), vocab + &more.collect::<String>()).unwrap();
        let tokenizer =
            json!({"tokenizer_class": "BertTokenizer", "do_lower_case": !self.cased, "model_max_length": 14});
        fs::write(at("tokenizer_config.json"), tokenizer.to_string()).unwrap();
        for (name, content) in &self.files {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), content.to_string()).unwrap();
        }
        dir
    }

    fn weights(&self) -> Vec<u8> {
        let bytes = fs::read(fixture("model/model.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let kept = file.iter().filter(|(name, _)| self.pooler || !name.contains("pooler."));
        safetensors::serialize(kept, None).unwrap()
    }
}

fn open(folder: &Path) -> Embedder {
    Embedder::open(folder, &Device::flex()).unwrap()
}

fn vectors(embedder: &Embedder, texts: &[String]) -> Vec<Vec<f32>> {
    let texts = texts.iter().cloned().map(Ok::<_, PredictError>);
    embedder.stream(texts).map(|embedding| embedding.unwrap().vector).collect()
}

#[track_caller]
fn assert_close(found: &[Vec<f32>], expected: &[Vec<f32>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (text, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{what}, text {text}");
        let largest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest <= TOLERANCE, "{what}, text {text} differs by {largest}");
        assert!(expected.iter().any(|value| value.abs() > 0.1), "{what}: too flat to compare with");
    }
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    let Expected { texts, folders, .. } = expected();
    for (name, folder) in &folders {
        let dir = folder.write();
        for encoded in &folder.encodings {
            let mut embedder = open(dir.path()).with_batch_size(3);
            if let Some(name) = &encoded.prompt_name {
                embedder = embedder.with_prompt_name(name).unwrap();
            }
            if let Some(prompt) = &encoded.prompt {
                embedder = embedder.with_prompt(prompt).unwrap();
            }
            if encoded.normalize_embeddings {
                embedder = embedder.with_normalization();
            }
            assert_close(&vectors(&embedder, &texts), &encoded.vectors, name);
            assert_eq!(embedder.dimensions(), encoded.vectors[0].len(), "{name}");
        }
    }
}

/// Real weights: texts of many lengths, far beyond the 256 tokens that the model reads.
#[test]
#[ignore = "needs the folder of all-MiniLM-L6-v2 in EMBERT_MINILM; `cargo xtask ci` runs it where there is a hub"]
fn vectors_of_minilm_are_those_of_sentence_transformers() {
    let folder = PathBuf::from(std::env::var_os("EMBERT_MINILM").unwrap());
    let texts = expected().texts_of_minilm;
    let bytes = fs::read(fixture("sentences/minilm.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = file.tensor("embedding").unwrap().data().as_chunks().0.iter();
    let values: Vec<f32> = values.map(|value| f32::from_le_bytes(*value)).collect();
    let expected: Vec<Vec<f32>> = values.chunks(384).map(<[f32]>::to_vec).collect();
    let embedder = open(&folder);
    assert_eq!((embedder.max_length(), embedder.config().normalize), (256, true));
    assert_close(&vectors(&embedder, &texts), &expected, "all-MiniLM-L6-v2");
}

/// Writes what `sentences.py --check` looks for, to open it with sentence-transformers.
#[test]
fn saved_folders_can_be_given_to_sentence_transformers() {
    let target = std::env::var_os("EMBERT_SAVED_SENTENCES").map(PathBuf::from);
    let Expected { texts, folders, .. } = expected();
    let device = Device::flex();
    for (name, folder) in &folders {
        let dir = folder.write();
        let kept = tempfile::tempdir().unwrap();
        let saved = target.as_deref().unwrap_or(kept.path()).join(name);
        let loaded =
            BertForSentenceEmbedding::from_pretrained(dir.path(), &LoadOptions::default(), &device).unwrap();
        save_pretrained(&loaded.model, &loaded.config, &saved, SaveDtype::F32).unwrap();
        Tokenizer::from_folder(dir.path()).unwrap().save(&saved, None).unwrap();

        // What a folder says comes back, as does the checkpoint's pooler, and the vectors are the same.
        let again = open(&saved);
        let mut config = loaded.model.head.config.clone();
        config.similarity = Some(config.similarity.unwrap_or_default());
        config.is_assumed = false;
        assert_eq!(again.config(), &config, "{name}");
        assert_eq!(again.model.bert.pooler.is_some(), folder.pooler, "{name}");
        let found = vectors(&again, &texts);
        assert_close(&found, &folder.encodings[0].vectors, name);
        fs::write(saved.join("vectors.json"), json!(found).to_string()).unwrap();
    }
}

/// The folder that the names in `changes` are written over, with JSON or, where null, without the file.
fn opened_with(changes: &[(&str, Value)]) -> Result<Embedder, PredictError> {
    let mut folder = expected().folders.remove("legacy").unwrap();
    for (name, content) in changes {
        folder.files.insert((*name).to_owned(), content.clone());
    }
    Embedder::open(folder.write().path(), &Device::flex())
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let module = |class: &str, path: &str| json!({"idx": 0, "name": "0", "path": path, "type": class});
    let of = |name: &str| format!("sentence_transformers.models.{name}");
    let [transformer, pooling] = [module(&of("Transformer"), ""), module(&of("Pooling"), "1_Pooling")];
    let modules = |last: Value| json!([transformer, pooling, last]);
    let mode = |mode: Value| json!({"embedding_dimension": 32, "pooling_mode": mode});
    for (file, content, message) in [
        (
            "modules.json",
            modules(module(&of("Dense"), "2_Dense")),
            "\"2.type\" is \"sentence_transformers.models.Dense\"",
        ),
        ("modules.json", modules(module("own.Normalize", "2")), "\"2.type\" is \"own.Normalize\""),
        ("modules.json", json!([pooling, transformer]), "\"0.type\" is"),
        ("modules.json", json!([transformer]), "1 module(s)"),
        ("modules.json", json!([]), "0 module(s)"),
        ("modules.json", json!([module(&of("Transformer"), "0_Transformer"), pooling]), "\"0_Transformer\""),
        ("modules.json", json!([transformer, module(&of("Pooling"), "../1_Pooling")]), "\"../1_Pooling\""),
        ("modules.json", json!({"idx": 0}), "modules.json is not valid JSON of the expected form"),
        (
            "1_Pooling/config.json",
            mode(json!("lasttoken")),
            "\"pooling_mode\" is \"lasttoken\", expected one of mean, cls, max",
        ),
        ("1_Pooling/config.json", mode(json!(["cls", "mean"])), "\"pooling_mode\" is cls + mean"),
        ("1_Pooling/config.json", mode(json!(3)), "\"pooling_mode\" is 3"),
        (
            "1_Pooling/config.json",
            json!({"word_embedding_dimension": 33}),
            "is 33, expected 32, the model's hidden_size",
        ),
        (
            "1_Pooling/config.json",
            json!({"pooling_mode_new": true}),
            "\"pooling_mode_new\" is there, expected no such key",
        ),
        ("2_Normalize/config.json", json!({"module_input_name": "token_embeddings"}), "\"token_embeddings\""),
        (
            "sentence_bert_config.json",
            json!({"max_seq_length": 17}),
            "is 17, expected a number of tokens from 1 to 16",
        ),
        ("sentence_bert_config.json", json!({"query_length": 8}), "\"query_length\" is 8"),
        ("sentence_bert_config.json", json!({"transformer_task": "fill-mask"}), "\"fill-mask\""),
        ("config_sentence_transformers.json", json!({"model_type": "SparseEncoder"}), "\"SparseEncoder\""),
        (
            "config_sentence_transformers.json",
            json!({"prompts": {"a": 1}}),
            "expected an object of texts by name",
        ),
        (
            "config_sentence_transformers.json",
            json!({"prompts": {"a": "b"}, "default_prompt_name": "c"}),
            "one of a",
        ),
        (
            "config_sentence_transformers.json",
            json!({"similarity_fn_name": "maxsim"}),
            "\"maxsim\", expected one of cosine,",
        ),
        (
            "config_sentence_transformers.json",
            json!({"truncate_dim": 33}),
            "is 33, expected a number of dimensions from 1 to 32",
        ),
    ] {
        let error = opened_with(&[(file, content)]).unwrap_err();
        assert!(
            matches!(error, PredictError::Model(ModelError::Config { .. } | ModelError::Json { .. })),
            "{error:?}"
        );
        let error = error.to_string();
        assert!(error.contains(file) && error.contains(message), "{error}");
    }
    let excluded = json!({"embedding_dimension": 32, "pooling_mode": "mean", "include_prompt": false});
    let embedder = opened_with(&[("1_Pooling/config.json", excluded)]).unwrap();
    let error = embedder.with_prompt("").unwrap().with_prompt("q: ").unwrap_err().to_string();
    assert!(error.contains("\"include_prompt\": false"), "{error}");
}

#[test]
fn a_prompt_that_is_not_there_is_answered_with_those_that_are() {
    let folder = expected().folders.remove("prompts").unwrap().write();
    let error = open(folder.path()).with_prompt_name("querry").unwrap_err().to_string();
    assert!(error.contains("no prompt \"querry\": expected document, passage, query"), "{error}");
    let folder = expected().folders.remove("legacy").unwrap().write();
    let error = open(folder.path()).with_prompt_name("query").unwrap_err().to_string();
    assert!(error.contains("none, since it has no prompts"), "{error}");
}

#[test]
fn a_plain_bert_is_said_and_texts_that_are_cut_are_counted() {
    let folder = expected().folders.remove("assumed").unwrap().write();
    let embedder = open(folder.path());
    assert!(embedder.notes().iter().any(|note| note.contains("no modules.json")), "{:?}", embedder.notes());
    assert_eq!(embedder.max_length(), 14);
    let texts =
        ["a film", "a a a a a a a a a a a a a a a a"].map(|text| Ok::<_, PredictError>(text.to_owned()));
    let cut: Vec<bool> = embedder.stream(texts).map(|embedding| embedding.unwrap().is_cut).collect();
    assert_eq!(cut, [false, true]);
    let error = embedder.with_max_length(17).unwrap_err().to_string();
    assert!(error.contains("max_length 17 is more than the 16 positions"), "{error}");
}

#[test]
fn a_stream_of_any_length_is_read_a_few_batches_at_a_time_and_keeps_its_order() {
    let folder = expected().folders.remove("mean").unwrap().write();
    let embedder = open(folder.path()).with_batch_size(2);
    let read = Cell::new(0);
    let text = |index: usize| vec!["film"; 1 + index * 5 % 9].join(" ");
    let texts = (0..100_usize).map(|index| {
        read.set(index + 1);
        if index < 70 { Ok(text(index)) } else { Err(embert_data::DataError::ParquetStream) }
    });
    let mut found = embedder.stream(texts);
    let first = found.next().unwrap().unwrap();
    assert_eq!((first.text.as_str(), read.get()), ("film", 2 * BATCHES_AHEAD));
    for index in 1..70 {
        assert_eq!(found.next().unwrap().unwrap().text, text(index));
    }
    assert!(found.next().unwrap().is_err(), "the row that can't be read");
    assert!(found.next().is_none());
}
