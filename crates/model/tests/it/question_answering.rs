//! The head for the ends of an answer: what `tests/reference/question_answering.py` computed, loaded and saved,
//! and which checkpoints' heads are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use burn::module::Module as _;
use burn::tensor::Device;
use embert_model::{
    BertConfig, BertForQuestionAnswering, BertForSequenceClassification, BertForTokenClassification,
    BertInput, Depth, DropoutKey, Freeze, FrozenPrefix, Head as _, HeadSource, LoadOptions, ModelError,
    NewHead, Pretrained, ProblemType, QuestionAnsweringHead, SaveDtype, module_tree, named_parameters,
    part_counts, save_pretrained,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::support::{
    assert_close, bits, fixture, fixture_weights, input_of, saved, tiny_config, tiny_input, values,
    write_weights,
};

const HEAD: [&str; 2] = ["qa_outputs.weight", "qa_outputs.bias"];

/// The numbers that the script wrote.
#[derive(Deserialize)]
struct Expected {
    config: Map<String, Value>,
    input_ids: [[i64; 8]; 2],
    token_type_ids: [[i64; 8]; 2],
    attention_mask: [[i64; 8]; 2],
    logits: Vec<f32>,
    leftover: Vec<String>,
    new: BTreeMap<String, BTreeSet<String>>,
    saved_config: BTreeMap<String, Value>,
    saved_weights: BTreeMap<String, Vec<usize>>,
}

impl Expected {
    fn read() -> Self {
        let path = fixture("heads").join("question_answering.json");
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    }

    fn input(&self, device: &Device) -> BertInput {
        input_of([self.input_ids, self.token_type_ids, self.attention_mask], device)
    }

    /// A folder with the script's checkpoint: the head's weights are the first `outputs` rows of the fixture's
    /// classifier, and `keys` are set in the config, or removed where they are null.
    fn checkpoint(&self, outputs: usize, keys: Value) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut weights = fixture_weights("model");
        for name in ["weight", "bias"] {
            let (mut shape, mut bytes) = weights.remove(&format!("classifier.{name}")).unwrap();
            bytes.truncate(bytes.len() / shape[0] * outputs);
            shape[0] = outputs;
            weights.insert(format!("qa_outputs.{name}"), (shape, bytes));
        }
        write_weights(&dir.path().join("model.safetensors"), &weights);
        let text = fs::read_to_string(fixture("model").join("config.json")).unwrap();
        let mut config: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let Value::Object(keys) = keys else { panic!("{keys}") };
        for (key, value) in self.config.clone().into_iter().chain(keys) {
            match value {
                Value::Null => config.shift_remove(&key),
                value => config.insert(key, value),
            };
        }
        fs::write(dir.path().join("config.json"), Value::Object(config).to_string()).unwrap();
        dir
    }
}

fn try_load(dir: &Path, options: &LoadOptions) -> Result<Pretrained<BertForQuestionAnswering>, ModelError> {
    BertForQuestionAnswering::from_pretrained(dir, options, &Device::default())
}

fn load(dir: &Path) -> Pretrained<BertForQuestionAnswering> {
    try_load(dir, &LoadOptions::default()).unwrap()
}

fn model(device: &Device) -> BertForQuestionAnswering {
    BertForQuestionAnswering::from_config(&tiny_config(), 1, device).unwrap()
}

#[test]
fn the_ends_of_an_answer_agree_with_transformers() {
    let expected = Expected::read();
    let loaded = load(expected.checkpoint(2, json!({})).path());
    let mut leftover = loaded.report.leftover.clone();
    leftover.sort_unstable();
    assert_eq!(leftover, expected.leftover, "a pooler that the head does not read is left over");
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert!(loaded.report.newly_initialized.is_empty(), "{}", loaded.report);
    assert!(loaded.model.bert.pooler.is_none());

    let logits = loaded.model.forward(expected.input(&Device::default()));
    assert_eq!(logits.dims(), [16, 2]);
    assert_close(logits, &expected.logits, 1e-5, "logits");
}

#[test]
fn the_folder_is_the_one_that_transformers_writes() {
    let expected = Expected::read();
    let loaded = load(expected.checkpoint(2, json!({})).path());
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
    assert!(again.report.leftover.is_empty(), "{}", again.report);
    let logits = |model: &BertForQuestionAnswering| values(model.forward(expected.input(&Device::default())));
    assert_eq!(logits(&again.model), logits(&loaded.model));
}

/// Writes what `question_answering.py --check` looks for, to load it with `transformers`: a head on the weights
/// of an encoder, saved, and its logits.
#[test]
fn a_saved_folder_can_be_given_to_transformers() {
    let Some(target) = std::env::var_os("EMBERT_SAVED_ANSWERS") else { return };
    let target = Path::new(&target);
    let expected = Expected::read();
    let loaded = load(expected.checkpoint(2, json!({})).path());
    save_pretrained(&loaded.model, &loaded.config, target, SaveDtype::F32).unwrap();
    let logits = values(loaded.model.forward(expected.input(&Device::default())));
    fs::write(target.join("logits.json"), json!(logits).to_string()).unwrap();
}

/// Every other checkpoint is one of an encoder, whatever labels and problem type it has.
#[test]
fn a_checkpoint_without_the_head_gets_a_new_one_and_says_so() {
    let expected = Expected::read();
    let regression = expected.checkpoint(2, json!({"problem_type": "regression"}));
    for (name, new) in &expected.new {
        let loaded = load(&fixture(name));
        assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::NoneThere)), "{name}");
        assert_eq!(&loaded.report.newly_initialized.iter().cloned().collect::<BTreeSet<_>>(), new, "{name}");
        let said =
            "newly initialized: qa_outputs.weight, qa_outputs.bias (the checkpoint has no head for this";
        assert!(loaded.report.to_string().contains(said), "{}", loaded.report);
        assert_eq!(loaded.config.id2label, ["LABEL_0", "LABEL_1"], "{name}");
        assert_eq!(loaded.config.problem_type, None, "{name}");
        assert_eq!(loaded.model.head.qa_outputs.weight.dims(), [loaded.config.hidden_size, 2], "{name}");
    }
    let leftover = load(&fixture("model")).report.leftover;
    let pooler = ["bert.pooler.dense.bias", "bert.pooler.dense.weight"];
    assert_eq!(leftover, [&pooler[..], &["classifier.bias", "classifier.weight"]].concat());

    // Asked for, whatever the head that is there.
    let wanted = LoadOptions { new_head: true, ..LoadOptions::default() };
    let loaded = try_load(regression.path(), &wanted).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::Wanted)));
    assert_eq!(loaded.report.newly_initialized, HEAD);
    assert_eq!(loaded.config.problem_type, None);
    let (config, head) = BertForQuestionAnswering::head_config(regression.path(), &wanted).unwrap();
    assert_eq!((config, Some(head)), (loaded.config, loaded.report.head));
}

#[test]
fn heads_of_other_classes_are_not_taken_in_either_direction() {
    let (device, options, expected) = (Device::default(), LoadOptions::default(), Expected::read());
    for (classes, head) in [
        (json!(["BertForTokenClassification"]), HeadSource::New(NewHead::NoneThere)),
        (json!(["BertModel"]), HeadSource::New(NewHead::NoneThere)),
        // The keys tell where no class is named.
        (Value::Null, HeadSource::Checkpoint),
    ] {
        let dir = expected.checkpoint(2, json!({"architectures": classes}));
        assert_eq!(load(dir.path()).report.head, Some(head), "{classes}");
    }

    let answers = expected.checkpoint(2, json!({}));
    let of_texts = BertForSequenceClassification::from_pretrained(answers.path(), &options, &device).unwrap();
    let of_tokens = BertForTokenClassification::from_pretrained(answers.path(), &options, &device).unwrap();
    for report in [of_texts.report, of_tokens.report] {
        assert_eq!(report.head, Some(HeadSource::New(NewHead::NoneThere)));
        assert!(report.leftover.ends_with(&["qa_outputs.bias", "qa_outputs.weight"].map(str::to_owned)));
    }
}

#[test]
fn other_numbers_of_outputs_are_refused_by_name() {
    let expected = Expected::read();
    let three = json!({"id2label": {"0": "yes", "1": "no", "2": "span"}});
    let wanted = LoadOptions { new_head: true, ..LoadOptions::default() };
    for (outputs, keys, parts) in [
        (
            2,
            three.clone(),
            ["config.json has 3 outputs", "\"id2label\" or \"num_labels\" (yes, no, span)", "has 2 outputs:"],
        ),
        (3, three, ["config.json has 3 outputs", "BertForQuestionAnswering has 2", "(new_head=true)"]),
        (1, json!({"num_labels": 1}), ["config.json has 1 output by", "(LABEL_0)", "has 2 outputs:"]),
        (3, json!({}), ["\"qa_outputs.weight\" in", "model.safetensors has shape [3, 32]", "needs [2, 32]"]),
        (1, json!({}), ["\"qa_outputs.weight\" in", "model.safetensors has shape [1, 32]", "needs [2, 32]"]),
    ] {
        let dir = expected.checkpoint(outputs, keys.clone());
        let error = try_load(dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        for part in parts.into_iter().chain([&*dir.path().to_string_lossy()]) {
            assert!(error.contains(part), "{outputs} {keys}: {error}");
        }
        let loaded = try_load(dir.path(), &wanted).unwrap();
        assert_eq!(loaded.config.num_labels(), 2, "{outputs} {keys}");
    }
    // A weight or a bias alone is a damaged head.
    let dir = expected.checkpoint(2, json!({}));
    let mut weights = fixture_weights("model");
    weights.insert("qa_outputs.weight".to_owned(), (vec![2, 32], vec![0; 256]));
    write_weights(&dir.path().join("model.safetensors"), &weights);
    let error = try_load(dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.contains("has no weight \"qa_outputs.bias\""), "{error}");
}

/// The names of the two outputs and the problem type mean nothing to this head.
#[test]
fn what_other_heads_read_in_a_config_is_not_written() {
    let expected = Expected::read();
    let keys = json!({
        "id2label": {"0": "neg", "1": "pos"},
        "problem_type": "multi_label_classification",
        "sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"},
        "own": 7,
    });
    let written = |model: &BertForQuestionAnswering, config: &BertConfig| {
        let dir = tempfile::tempdir().unwrap();
        save_pretrained(model, config, dir.path(), SaveDtype::F32).unwrap();
        saved(dir.path()).1
    };
    let loaded = load(expected.checkpoint(2, keys).path());
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    // From scratch a model has the config of another one.
    let config = tiny_config().with_problem(ProblemType::Regression, None);
    let new = BertForQuestionAnswering::from_config(&config, 1, &Device::default()).unwrap();
    for found in [written(&loaded.model, &loaded.config), written(&new, &config)] {
        assert_eq!(found["architectures"], json!(["BertForQuestionAnswering"]));
        assert_eq!(found["id2label"], json!({"0": "LABEL_0", "1": "LABEL_1"}));
        assert_eq!(found["label2id"], json!({"LABEL_0": 0, "LABEL_1": 1}));
        assert_eq!((&found["num_labels"], &found["problem_type"]), (&json!(2), &Value::Null));
        assert_eq!(found.get("sentence_transformers"), None);
    }
    assert_eq!(written(&loaded.model, &loaded.config)["own"], 7);
}

/// The weights of a new head are drawn as those of any other one: as the classifier's of a head with as many
/// labels, from normal(0, `initializer_range`), with a bias of zeros.
#[test]
fn a_new_head_begins_as_transformers_begins_it() {
    let device = Device::default();
    let config = BertConfig { hidden_size: 1020, initializer_range: 0.05, ..tiny_config() };
    let new = |seed| BertForQuestionAnswering::from_config(&config, seed, &device).unwrap().head.qa_outputs;
    let (head, other) = (new(3), new(4));
    let of_tokens = BertForTokenClassification::from_config(&config, 3, &device).unwrap().head.classifier;
    assert_eq!(bits(&head.weight.to_data()), bits(&of_tokens.weight.to_data()));
    assert_ne!(bits(&head.weight.to_data()), bits(&other.weight.to_data()));
    assert!(bits(&head.bias.as_ref().unwrap().to_data()).iter().all(|bits| *bits == 0));

    // Five standard deviations of the estimates from 2,040 numbers.
    let weights: Vec<f64> = values(head.weight.val()).into_iter().map(f64::from).collect();
    let count = 2040.0;
    let mean = weights.iter().sum::<f64>() / count;
    let deviation = (weights.iter().map(|weight| weight * weight).sum::<f64>() / count).sqrt();
    assert!(mean.abs() < 5.0 * 0.05 / f64::sqrt(count), "{mean}");
    assert!((deviation - 0.05).abs() < 5.0 * 0.05 / f64::sqrt(2.0 * count), "{deviation}");
}

#[test]
fn parts_depths_and_tree_name_the_head_as_the_checkpoint_does() {
    let device = Device::default();
    let parameters = named_parameters(&model(&device));
    let head: Vec<&str> =
        parameters.iter().filter(|one| one.depth == Depth::Head).map(|one| &*one.name).collect();
    assert_eq!(head, HEAD);
    assert!(parameters.iter().all(|one| one.depth != Depth::Pooler));

    let counts = part_counts(&model(&device));
    let last = counts.last().unwrap();
    assert_eq!((&*last.name, last.parameters), ("qa_outputs", 26));
    let tree = module_tree(&model(&device)).to_string();
    assert!(tree.contains("└─ qa_outputs: weight [2, 12], bias [2]: 26\n"), "{tree}");
}

#[test]
fn a_frozen_encoder_is_a_prefix_that_keeps_every_row() {
    let device = Device::default().autodiff();
    let frozen = Freeze::AllButHead.apply(model(&device)).unwrap();
    let trained: Vec<String> =
        named_parameters(&frozen).into_iter().filter(|one| one.trainable).map(|one| one.name).collect();
    assert_eq!(trained, HEAD);
    assert_eq!(frozen.train().frozen_prefix(), Some(FrozenPrefix::Encoder));
    assert!(Freeze::Pooler.apply(model(&device)).unwrap_err().to_string().contains("has no pooler"));

    let model = model(&device).train();
    let whole = values(model.valid().forward(tiny_input(&device.clone().inner())));
    for prefix in [FrozenPrefix::Layers(1), FrozenPrefix::Encoder] {
        let output = model.forward_prefix(tiny_input(&device), prefix);
        assert_eq!(output.states.dims(), [8, 12], "{prefix:?}");
        assert_eq!(values(model.valid().forward_from(output)), whole, "{prefix:?}");
    }
}

/// `BertForQuestionAnswering` of `transformers` has no dropout before its head: a rate for it would do nothing.
#[test]
fn the_head_has_no_dropout_and_a_rate_for_it_is_refused() {
    const { assert!(!QuestionAnsweringHead::HAS_DROPOUT) };
    let device = Device::default().autodiff();
    let config = BertConfig { classifier_dropout: Some(0.5), hidden_dropout_prob: 0.5, ..tiny_config() };
    let model = BertForQuestionAnswering::from_config(&config, 1, &device).unwrap().train();
    let states = model.forward_prefix(tiny_input(&device), FrozenPrefix::Encoder);
    let trained = model.forward_from(states.clone().with_dropout(DropoutKey::new(1, 2, 3)));
    assert_eq!(values(trained), values(model.forward_from(states)));

    let dir = Expected::read().checkpoint(2, json!({"classifier_dropout": 0.5}));
    let options = |rate| LoadOptions { classifier_dropout: Some(rate), ..LoadOptions::default() };
    let message = "classifier_dropout = 0.3: the head of BertForQuestionAnswering has no dropout; leave";
    for error in [
        try_load(dir.path(), &options(0.3)).unwrap_err(),
        BertForQuestionAnswering::head_config(dir.path(), &options(0.3)).unwrap_err(),
    ] {
        assert!(error.to_string().starts_with(message), "{error}");
    }
    // What a checkpoint says of another head is no setting, and no dropout is what there is.
    assert_eq!(load(dir.path()).config.classifier_dropout, Some(0.5));
    assert!(try_load(dir.path(), &options(0.0)).is_ok());
}
