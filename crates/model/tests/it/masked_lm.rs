//! The head for masked words: what `tests/reference/masked_lm.py` computed, loaded and saved, its tied decoder, and
//! which checkpoints' heads are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use burn::module::Module as _;
use burn::tensor::{Device, Int, Tensor};
use embert_model::{
    BertConfig, BertForMaskedLM, BertForSequenceClassification, BertForTokenClassification, BertInput, Depth,
    Freeze, FreezePatterns, FrozenPrefix, Head as _, HeadSource, LoadOptions, MaskedLmHead, ModelError,
    NewHead, Pretrained, ProblemType, SaveDtype, module_tree, named_parameters, part_counts, save_pretrained,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{
    assert_close, bits, checkpoint_with, fixture, fixture_weights, input_of, saved, tiny_config, tiny_input,
    values, write_weights,
};

const FIXTURE: &str = "model-masked-lm";
const WORDS: &str = "bert.embeddings.word_embeddings.weight";
const DECODER: &str = "cls.predictions.decoder.weight";
const HEAD: [&str; 5] = [
    "cls.predictions.bias",
    "cls.predictions.transform.dense.weight",
    "cls.predictions.transform.dense.bias",
    "cls.predictions.transform.LayerNorm.weight",
    "cls.predictions.transform.LayerNorm.bias",
];

/// The numbers that the script wrote.
#[derive(Deserialize)]
struct Expected {
    input_ids: [[i64; 8]; 2],
    token_type_ids: [[i64; 8]; 2],
    attention_mask: [[i64; 8]; 2],
    logits: Vec<f32>,
    new: BTreeMap<String, BTreeSet<String>>,
    pretraining: Vec<String>,
    saved_config: BTreeMap<String, Value>,
    saved_weights: BTreeMap<String, Vec<usize>>,
}

impl Expected {
    fn read() -> Self {
        let path = fixture("heads").join("masked_lm.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn input(&self, device: &Device) -> BertInput {
        input_of([self.input_ids, self.token_type_ids, self.attention_mask], device)
    }
}

type Weights = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// The decoder as a checkpoint may store it: the word embeddings and the bias a second time.
fn with_decoder(weights: &mut Weights) {
    weights.insert(DECODER.to_owned(), weights[WORDS].clone());
    weights.insert("cls.predictions.decoder.bias".to_owned(), weights[HEAD[0]].clone());
}

/// What `BertForPreTraining` has besides.
fn with_next_sentence(weights: &mut Weights) {
    let bytes = |elements| 1.0_f32.to_le_bytes().repeat(elements);
    for (name, shape) in [
        ("bert.pooler.dense.weight", vec![16, 16]),
        ("bert.pooler.dense.bias", vec![16]),
        ("cls.seq_relationship.weight", vec![2, 16]),
        ("cls.seq_relationship.bias", vec![2]),
    ] {
        weights.insert(name.to_owned(), (shape.clone(), bytes(shape.iter().product())));
    }
}

/// A folder with the fixture's weights after `change`; `keys` are set in its config, or removed where they are null.
fn checkpoint(change: impl FnOnce(&mut Weights), keys: Value) -> tempfile::TempDir {
    let dir = checkpoint_with(FIXTURE, change);
    let path = dir.path().join("config.json");
    let mut config: Map<String, Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let Value::Object(keys) = keys else { panic!("{keys}") };
    for (key, value) in keys {
        match value {
            Value::Null => config.shift_remove(&key),
            value => config.insert(key, value),
        };
    }
    fs::write(path, Value::Object(config).to_string()).unwrap();
    dir
}

fn try_load(dir: &Path, options: &LoadOptions) -> Result<Pretrained<BertForMaskedLM>, ModelError> {
    BertForMaskedLM::from_pretrained(dir, options, &Device::default())
}

fn load(dir: &Path) -> Pretrained<BertForMaskedLM> {
    try_load(dir, &LoadOptions::default()).unwrap()
}

fn wanted() -> LoadOptions {
    LoadOptions { new_head: true, ..LoadOptions::default() }
}

fn model(device: &Device) -> BertForMaskedLM {
    BertForMaskedLM::from_config(&tiny_config(), 1, device).unwrap()
}

fn logits(model: &BertForMaskedLM) -> Tensor<2> {
    model.forward(Expected::read().input(&Device::default()))
}

#[test]
fn the_words_behind_masks_agree_with_transformers() {
    let loaded = load(&fixture(FIXTURE));
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert!(loaded.report.newly_initialized.is_empty(), "{}", loaded.report);
    assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
    assert!(loaded.model.bert.pooler.is_none());
    let logits = logits(&loaded.model);
    assert_eq!(logits.dims(), [16, 50]);
    assert_close(logits, &Expected::read().logits, 1e-5, "logits");
}

/// Outputs of a few rows are those that the whole batch has there, and no others are computed.
#[test]
fn some_rows_have_the_outputs_that_they_have_among_all() {
    let device = Device::default();
    let (expected, model) = (Expected::read(), load(&fixture(FIXTURE)).model);
    let rows = [9, 2, 5, 2];
    let some = model.forward_rows(expected.input(&device), Tensor::<1, Int>::from_ints(rows, &device));
    assert_eq!(some.dims(), [4, 50]);
    let there = rows.iter().flat_map(|row| expected.logits[row * 50..][..50].to_vec());
    assert_close(some, &there.collect::<Vec<_>>(), 1e-5, "logits of some rows");
}

#[test]
#[should_panic(expected = "BertForSequenceClassification has no row for each token")]
fn a_head_over_texts_has_no_rows_to_choose_from() {
    let device = Device::default();
    let model = BertForSequenceClassification::from_config(&tiny_config(), 1, &device).unwrap();
    drop(model.forward_rows(tiny_input(&device), Tensor::from_ints([0], &device)));
}

#[test]
fn the_folder_is_the_one_that_transformers_writes() {
    let expected = Expected::read();
    // The decoder that a checkpoint stores a second time is not written.
    let loaded = load(checkpoint(with_decoder, json!({})).path());
    assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();

    let (weights, mut found) = saved(dir.path());
    assert_eq!(weights, expected.saved_weights);
    // `transformers` does not write what is so by default.
    for (key, default) in [
        ("id2label", json!({"0": "LABEL_0", "1": "LABEL_1"})),
        ("label2id", json!({"LABEL_0": 0, "LABEL_1": 1})),
        ("num_labels", json!(2)),
        ("problem_type", Value::Null),
    ] {
        assert!(!expected.saved_config.contains_key(key), "{key}");
        assert_eq!(found.remove(key), Some(default), "{key}");
    }
    assert_eq!(found, expected.saved_config);

    let again = load(dir.path());
    assert_eq!(values(logits(&again.model)), values(logits(&loaded.model)));
}

/// Writes what `masked_lm.py --check` looks for, to load it with `transformers`: the checkpoint, saved, and its logits.
#[test]
fn a_saved_folder_can_be_given_to_transformers() {
    let Some(target) = std::env::var_os("EMBERT_SAVED_MASKED") else { return };
    let target = Path::new(&target);
    let loaded = load(&fixture(FIXTURE));
    save_pretrained(&loaded.model, &loaded.config, target, SaveDtype::F32).unwrap();
    fs::write(target.join("logits.json"), json!(values(logits(&loaded.model))).to_string()).unwrap();
}

#[test]
fn a_checkpoint_of_pretraining_has_the_head_and_more() {
    let expected = Expected::read();
    let dir = checkpoint(
        |weights| {
            with_decoder(weights);
            with_next_sentence(weights);
        },
        json!({"architectures": ["BertForPreTraining"]}),
    );
    let loaded = load(dir.path());
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.report.leftover, expected.pretraining);
    assert!(loaded.model.bert.pooler.is_none());
    assert_close(logits(&loaded.model), &expected.logits, 1e-5, "logits");
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();
    assert_eq!(saved(dir.path()).1["architectures"], json!(["BertForMaskedLM"]));

    // A head that is not used is left over with all of its weights, the decoder's too.
    let dir = checkpoint(with_decoder, json!({}));
    let options = LoadOptions::default();
    let other =
        BertForTokenClassification::from_pretrained(dir.path(), &options, &Device::default()).unwrap();
    assert_eq!(other.report.head, Some(HeadSource::New(NewHead::NoneThere)));
    assert_eq!(other.report.leftover.len(), 7, "{}", other.report);
    assert_eq!(try_load(dir.path(), &wanted()).unwrap().report.leftover, other.report.leftover);
}

#[test]
fn a_checkpoint_without_the_head_gets_a_new_one_and_says_so() {
    for (name, new) in &Expected::read().new {
        let loaded = load(&fixture(name));
        assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)), "{name}");
        // `transformers` lists the decoder's bias too, which is tied.
        let mut found: BTreeSet<String> = loaded.report.newly_initialized.iter().cloned().collect();
        found.insert("cls.predictions.decoder.bias".to_owned());
        assert_eq!(&found, new, "{name}");
        let said = loaded.report.to_string();
        assert!(said.contains("(the checkpoint has no head for this task)"), "{said}");
    }
    // The keys tell where no class is named; another class has another head.
    for (classes, head) in [
        (Value::Null, HeadSource::Checkpoint),
        (json!(["BertModel"]), HeadSource::New(NewHead::NoneThere)),
        (json!(["BertForTokenClassification"]), HeadSource::New(NewHead::NoneThere)),
    ] {
        let dir = checkpoint(|_| {}, json!({"architectures": classes}));
        let (_, found) = BertForMaskedLM::head_config(dir.path(), &LoadOptions::default()).unwrap();
        assert_eq!(found, head, "{classes}");
    }
    assert_eq!(
        try_load(&fixture(FIXTURE), &wanted()).unwrap().report.head,
        Some(HeadSource::New(NewHead::Wanted))
    );
}

/// As `transformers` begins it: a dense layer of random numbers, a normalization that changes nothing, no biases.
#[test]
fn a_new_head_begins_as_transformers_begins_it() {
    let device = Device::default();
    let config = BertConfig { initializer_range: 0.05, ..tiny_config() };
    let new = |seed| BertForMaskedLM::from_config(&config, seed, &device).unwrap().head.cls.predictions;
    let (head, other) = (new(3), new(4));
    let dense = &head.transform.dense;
    assert_ne!(bits(&dense.weight.to_data()), bits(&other.transform.dense.weight.to_data()));
    let weights = values(dense.weight.val());
    let deviation = (weights.iter().map(|weight| weight * weight).sum::<f32>() / 144.0).sqrt();
    // Five standard deviations of the estimate from 144 numbers.
    assert!((deviation - 0.05).abs() < 5.0 * 0.05 / f32::sqrt(2.0 * 144.0), "{deviation}");
    let biases = [dense.bias.as_ref().unwrap(), &head.transform.layer_norm.bias, &head.bias];
    assert_eq!(biases.map(|bias| bias.dims()[0]), [12, 12, 20]);
    for (parameter, value) in
        biases.map(|bias| (bias, 0.0)).into_iter().chain([(&head.transform.layer_norm.weight, 1.0)])
    {
        assert!(values(parameter.val()).iter().all(|found| found.to_bits() == f32::to_bits(value)));
    }
}

/// Wrong decoders are never dropped without a word: what the checkpoint computes would change.
#[test]
fn a_decoder_that_is_not_tied_is_refused() {
    let changed = |name: &'static str| {
        move |weights: &mut Weights| {
            with_decoder(weights);
            weights.get_mut(name).unwrap().1[..4].copy_from_slice(&9.0_f32.to_le_bytes());
        }
    };
    for (name, tied) in [(DECODER, WORDS), ("cls.predictions.decoder.bias", HEAD[0])] {
        let dir = checkpoint(changed(name), json!({}));
        let error = try_load(dir.path(), &LoadOptions::default()).unwrap_err();
        assert!(matches!(error, ModelError::Untied { .. }), "{error:?}");
        let message = error.to_string();
        let there = format!("weight \"{name}\" in {}", dir.path().join("model.safetensors").display());
        for part in
            [&there, &format!("differs from \"{tied}\""), "BertForMaskedLM ties it", "(new_head=true)"]
        {
            assert!(message.contains(part), "{message}");
        }
        let loaded = try_load(dir.path(), &wanted()).unwrap();
        assert!(loaded.report.leftover.contains(&name.to_owned()), "{}", loaded.report);
    }
    for tied in [json!(false), json!("no")] {
        let dir = checkpoint(|_| {}, json!({"tie_word_embeddings": tied}));
        for error in [
            try_load(dir.path(), &LoadOptions::default()).unwrap_err(),
            BertForMaskedLM::head_config(dir.path(), &LoadOptions::default()).unwrap_err(),
        ] {
            let message = error.to_string();
            let said =
                format!("config.json: \"tie_word_embeddings\" is {tied}, expected true: a decoder with");
            assert!(message.contains(&said), "{message}");
        }
        // A new head of ours is tied, and its config says so.
        let loaded = try_load(dir.path(), &wanted()).unwrap();
        let target = tempfile::tempdir().unwrap();
        save_pretrained(&loaded.model, &loaded.config, target.path(), SaveDtype::F32).unwrap();
        assert_eq!(saved(target.path()).1["tie_word_embeddings"], json!(true));
        // Models without a decoder have nothing to tie.
        let options = LoadOptions::default();
        assert!(
            BertForTokenClassification::from_pretrained(dir.path(), &options, &Device::default()).is_ok()
        );
    }
}

/// Older programs wrote one of the two names alone.
#[test]
fn a_bias_under_the_decoders_name_alone_is_read() {
    let dir = checkpoint(
        |weights| {
            with_decoder(weights);
            weights.remove(HEAD[0]).unwrap();
        },
        json!({}),
    );
    let loaded = load(dir.path());
    assert!(loaded.report.leftover.is_empty(), "{}", loaded.report);
    assert_close(logits(&loaded.model), &Expected::read().logits, 1e-5, "logits");
    let mut weights = fixture_weights(FIXTURE);
    weights.remove(HEAD[0]).unwrap();
    write_weights(&dir.path().join("model.safetensors"), &weights);
    let error = try_load(dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("has no weight \"cls.predictions.bias\""), "{error}");
}

#[test]
fn what_other_heads_read_in_a_config_is_not_written() {
    let config = tiny_config().with_problem(ProblemType::Regression, None);
    let new = BertForMaskedLM::from_config(&config, 1, &Device::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&new, &config, dir.path(), SaveDtype::F32).unwrap();
    let found = saved(dir.path()).1;
    assert_eq!(found["id2label"], json!({"0": "LABEL_0", "1": "LABEL_1"}));
    assert_eq!((&found["num_labels"], &found["problem_type"]), (&json!(2), &Value::Null));
    assert_eq!((found.get("sentence_transformers"), found.get("tie_word_embeddings")), (None, None));
}

#[test]
fn the_decoder_is_counted_named_and_frozen_with_the_embeddings_alone() {
    let device = Device::default();
    let parameters = named_parameters(&model(&device));
    let head: Vec<&str> =
        parameters.iter().filter(|one| one.depth == Depth::Head).map(|one| &*one.name).collect();
    assert_eq!(head, HEAD);
    let of_words: Vec<_> = parameters.iter().filter(|one| one.shape == [20, 12]).collect();
    assert_eq!(of_words.len(), 1);
    assert_eq!((&*of_words[0].name, of_words[0].depth), (WORDS, Depth::Embeddings));
    assert!(parameters.iter().all(|one| one.depth != Depth::Pooler));

    let counts = part_counts(&model(&device));
    let last = counts.last().unwrap();
    assert_eq!((&*last.name, last.parameters), ("cls", 20 + 12 * 12 + 3 * 12));
    let tree = module_tree(&model(&device)).to_string();
    assert!(tree.contains("LayerNorm: weight [12], bias [12]: 24\n"), "{tree}");
    assert!(!tree.contains("decoder"), "{tree}");
    let patterns = FreezePatterns::new(&["cls.predictions.decoder.*".to_owned()]).unwrap();
    let error = Freeze::None.apply_with(model(&device), &patterns).unwrap_err().to_string();
    assert!(error.contains("matches no parameter"), "{error}");
    const { assert!(!MaskedLmHead::HAS_DROPOUT) };
}

/// Frozen embeddings freeze the decoder: they get no gradient, and all others get the same one.
#[test]
fn frozen_embeddings_give_the_decoder_no_gradient() {
    let device = Device::default().autodiff();
    let gradients = |model: &BertForMaskedLM| {
        let gradients = model.forward(tiny_input(&device)).exp().mean().backward();
        let words = model.bert.embeddings.word_embeddings.weight.val().grad(&gradients);
        let dense = model.head.cls.predictions.transform.dense.weight.val().grad(&gradients);
        (words.map(values), dense.map(values).unwrap())
    };
    let whole = model(&device).train();
    let (words, dense) = gradients(&whole);
    // Each token of the vocabulary, for the decoder has them all.
    assert!(words.unwrap().chunks(12).all(|row| row.iter().any(|value| *value != 0.0)));
    let frozen = Freeze::Embeddings.apply(model(&device).train()).unwrap();
    let (words, same) = gradients(&frozen);
    assert_eq!(words, None);
    assert_eq!(same, dense);
    assert_eq!(frozen.frozen_prefix(), Some(FrozenPrefix::Layers(0)));

    let output = whole.forward_prefix(tiny_input(&device), FrozenPrefix::Encoder);
    let inner = device.clone().inner();
    assert_eq!(values(whole.valid().forward_from(output)), values(whole.valid().forward(tiny_input(&inner))));
}
