//! Heads by problem type: which checkpoint's head is taken for which data, and what is written.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use embert_model::{
    BertConfig, BertForSequenceClassification, BertForTokenClassification, HeadFunction, HeadSource,
    LoadOptions, ModelError, NewHead, Pretrained, ProblemType, SaveDtype, save_pretrained, state_dict,
};
use serde_json::{Map, Value, json};

use crate::support::{bits, checkpoint_with, fixture, saved};

const SINGLE: ProblemType = ProblemType::SingleLabelClassification;
const MULTI: ProblemType = ProblemType::MultiLabelClassification;
const REGRESSION: ProblemType = ProblemType::Regression;
const IDENTITY: &str = "torch.nn.modules.linear.Identity";
const SIGMOID: &str = "torch.nn.modules.activation.Sigmoid";
const NAMES: [&str; 3] = ["negative", "neutral", "positive"];

/// The fixture with the first outputs of its head, which are named `names`, and with `keys` in its config.
fn checkpoint(names: &[&str], keys: Value) -> tempfile::TempDir {
    let dir = checkpoint_with("model", |weights| {
        for name in ["classifier.weight", "classifier.bias"] {
            let (shape, bytes) = weights.get_mut(name).unwrap();
            bytes.truncate(bytes.len() / shape[0] * names.len());
            shape[0] = names.len();
        }
    });
    let path = dir.path().join("config.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut config: Map<String, Value> = serde_json::from_str(&text).unwrap();
    config.remove("label2id");
    let id2label = names.iter().enumerate().map(|(id, name)| (id.to_string(), json!(name)));
    config.insert("id2label".to_owned(), Value::Object(id2label.collect()));
    let Value::Object(keys) = keys else { panic!("{keys}") };
    config.extend(keys);
    fs::write(path, Value::Object(config).to_string()).unwrap();
    dir
}

fn options(problem_type: ProblemType, labels: Option<&[&str]>) -> LoadOptions {
    let labels = labels.map(|labels| labels.iter().map(|label| (*label).to_owned()).collect());
    LoadOptions { problem_type: Some(problem_type), labels, ..LoadOptions::default() }
}

fn try_load(
    dir: &Path,
    options: &LoadOptions,
) -> Result<Pretrained<BertForSequenceClassification>, ModelError> {
    BertForSequenceClassification::from_pretrained(dir, options, &Device::default())
}

/// The `config.json` of the loaded model, saved.
fn written(loaded: &Pretrained<BertForSequenceClassification>) -> Value {
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&loaded.model, &loaded.config, dir.path(), SaveDtype::F32).unwrap();
    json!(saved(dir.path()).1)
}

fn weight(loaded: &Pretrained<BertForSequenceClassification>) -> Vec<u32> {
    bits(&loaded.model.head.classifier.weight.to_data())
}

#[test]
fn a_head_for_the_same_problem_is_kept_with_the_order_of_its_labels() {
    let dir = checkpoint(&NAMES, json!({"problem_type": "multi_label_classification"}));
    let kept = try_load(dir.path(), &LoadOptions::default()).unwrap();
    let loaded = try_load(dir.path(), &options(MULTI, Some(&["positive", "negative", "neutral"]))).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.report.assumed_problem, None);
    assert_eq!(loaded.config.id2label, NAMES);
    assert_eq!(weight(&loaded), weight(&kept));
    assert_eq!(written(&loaded)["problem_type"], "multi_label_classification");

    for (names, wanted) in [(&["x", "y", "z"][..], "has 3 (x, y, z)"), (&["x", "y"], "has 2 (x, y)")] {
        let error = try_load(dir.path(), &options(MULTI, Some(names))).unwrap_err().to_string();
        let expected = format!("has 3 labels (negative, neutral, positive), the data {wanted}");
        assert!(error.contains(&expected), "{error}");
    }
    let wanted = LoadOptions { new_head: true, ..options(MULTI, Some(&["x", "y", "z"])) };
    let other = try_load(dir.path(), &wanted).unwrap();
    assert_eq!(other.report.head, Some(HeadSource::New(NewHead::Wanted)));
    assert_eq!(other.config.problem_type, Some(MULTI));
    assert_eq!(other.config.id2label, ["x", "y", "z"]);

    // The name of a number stays.
    let dir = checkpoint(&["stars"], json!({"problem_type": "regression"}));
    let loaded = try_load(dir.path(), &options(REGRESSION, None)).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.config.id2label, ["stars"]);
    assert_eq!(loaded.config.head_function(), HeadFunction::Identity);
}

#[test]
fn a_head_for_another_problem_is_refused_with_both_problems_and_the_way_out() {
    let way_out = "use it with `predict`, or train with a new head (new_head=true)";
    for (names, kind, wanted, parts) in [
        (
            &NAMES[..],
            json!("single_label_classification"),
            MULTI,
            [
                "a head for multi_label_classification with 3 outputs",
                "for single_label_classification with 3 outputs (softmax)",
            ],
        ),
        (
            &NAMES,
            json!("regression"),
            MULTI,
            ["multi_label_classification", "for regression with 3 outputs (raw number)"],
        ),
        (&["a"], json!("regression"), MULTI, ["multi_label", "for regression with 1 output (raw number)"]),
        (
            &NAMES,
            json!("multi_label_classification"),
            REGRESSION,
            [
                "a head for regression with 1 output,",
                "for multi_label_classification with 3 outputs (sigmoid)",
            ],
        ),
        (
            &NAMES,
            json!("regression"),
            REGRESSION,
            ["regression with 1 output", "for regression with 3 outputs"],
        ),
        (
            &NAMES,
            Value::Null,
            REGRESSION,
            ["regression", "for no stated problem type with 3 outputs (softmax)"],
        ),
        (&["a"], json!("multi_label_classification"), REGRESSION, ["regression", "with 1 output (sigmoid)"]),
        (
            &NAMES,
            json!("multi_label_classification"),
            SINGLE,
            ["the data set has 3 classes (negative, neutral, positive)", "has 3 outputs (sigmoid)"],
        ),
    ] {
        let dir = checkpoint(names, json!({"problem_type": kind}));
        let labels = (wanted != REGRESSION).then_some(names);
        let wanted = options(wanted, labels);
        let error = try_load(dir.path(), &wanted).unwrap_err().to_string();
        for part in parts.into_iter().chain([way_out, &dir.path().to_string_lossy()]) {
            assert!(error.contains(part), "{kind}: {error}");
        }
        let wanted = LoadOptions { new_head: true, ..wanted };
        let loaded = try_load(dir.path(), &wanted).unwrap();
        assert_eq!(loaded.report.head, Some(HeadSource::New(NewHead::Wanted)), "{kind}");
        assert_eq!(loaded.config.problem_type, wanted.problem_type);
    }
}

#[test]
fn a_head_whose_problem_is_not_named_is_taken_for_what_fits_its_outputs_and_said() {
    let dir = checkpoint(&NAMES, json!({}));
    let loaded = try_load(dir.path(), &options(MULTI, Some(&NAMES))).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.report.assumed_problem, Some(MULTI));
    let said = "the checkpoint does not name its \"problem_type\": taken to be multi_label_classification";
    assert!(loaded.report.to_string().contains(said), "{}", loaded.report);
    assert_eq!(loaded.config.head_function(), HeadFunction::Sigmoid);
    // Several outputs are one label by default: there is nothing to say.
    let loaded = try_load(dir.path(), &options(SINGLE, Some(&NAMES))).unwrap();
    assert_eq!(loaded.report.assumed_problem, None);

    let dir = checkpoint(&["LABEL_0"], json!({}));
    let loaded = try_load(dir.path(), &options(REGRESSION, None)).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(loaded.report.assumed_problem, Some(REGRESSION));
    assert_eq!(loaded.config.head_function(), HeadFunction::Identity);
    // The name is made up: the data's counts.
    let loaded = try_load(dir.path(), &options(MULTI, Some(&["toxic"]))).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::CheckpointUnnamed));
    assert_eq!(
        (loaded.report.assumed_problem, &*loaded.config.id2label),
        (Some(MULTI), &["toxic".to_owned()][..])
    );
}

#[test]
fn a_new_head_for_a_number_has_one_output() {
    for dir in [fixture("model-legacy"), fixture("model")] {
        let wanted = LoadOptions { new_head: true, ..options(REGRESSION, None) };
        let loaded = try_load(&dir, &wanted).unwrap();
        assert_eq!(loaded.config.id2label, ["LABEL_0"]);
        assert_eq!(loaded.model.head.classifier.weight.dims(), [loaded.config.hidden_size, 1]);
        let (config, head) = BertForSequenceClassification::head_config(&dir, &wanted).unwrap();
        assert_eq!((config, Some(head)), (loaded.config, loaded.report.head));
    }
    let new = BertConfig::default().with_problem(REGRESSION, None);
    assert_eq!((new.num_labels(), new.head_function()), (1, HeadFunction::Identity));
    assert!(BertForSequenceClassification::from_config(&new, 0, &Device::default()).is_ok());
    let labels = ["a".to_owned(), "b".to_owned()];
    let single = BertConfig::default().with_problem(SINGLE, Some(&labels));
    assert_eq!(single, BertConfig::default().with_labels(["a", "b"]));
}

/// Without the key, `CrossEncoder(folder)` of sentence-transformers applies a sigmoid to a single output.
#[test]
fn what_is_written_says_the_problem_to_both_libraries() {
    let legacy = fixture("model-legacy");
    let number = written(&try_load(&legacy, &options(REGRESSION, None)).unwrap());
    assert_eq!(number["problem_type"], "regression");
    assert_eq!(number["sentence_transformers"], json!({"activation_fn": IDENTITY}));
    assert_eq!(
        (&number["id2label"], &number["label2id"]),
        (&json!({"0": "LABEL_0"}), &json!({"LABEL_0": 0}))
    );
    assert_eq!(number["architectures"], json!(["BertForSequenceClassification"]));
    for (wanted, labels, name) in [
        (MULTI, &["a"][..], "multi_label_classification"),
        (SINGLE, &["a", "b"], "single_label_classification"),
    ] {
        let config = written(&try_load(&legacy, &options(wanted, Some(labels))).unwrap());
        assert_eq!(config["problem_type"], name);
        assert!(config.get("sentence_transformers").is_none(), "{config}");
    }

    // The problem is named even if the checkpoint did not name it; other keys of the group stay.
    let old = json!({"sbert_ce_default_activation_function": IDENTITY, "sentence_transformers": {"version": "4.0.1"}});
    let config = written(&try_load(checkpoint(&["LABEL_0"], old).path(), &LoadOptions::default()).unwrap());
    assert_eq!(config["problem_type"], "regression");
    assert_eq!(config["sentence_transformers"], json!({"version": "4.0.1", "activation_fn": IDENTITY}));
    assert!(config.get("sbert_ce_default_activation_function").is_none());
    let config = written(&try_load(checkpoint(&["x"], json!({})).path(), &LoadOptions::default()).unwrap());
    assert_eq!(config["problem_type"], "multi_label_classification");

    let device = Device::default();
    let model =
        BertForTokenClassification::from_pretrained(&legacy, &LoadOptions::default(), &device).unwrap();
    let dir = tempfile::tempdir().unwrap();
    save_pretrained(&model.model, &model.config, dir.path(), SaveDtype::F32).unwrap();
    assert_eq!(saved(dir.path()).1["problem_type"], Value::Null);
}

#[test]
fn the_function_stated_for_a_single_output_comes_before_the_problem_type() {
    for (keys, function) in [
        (json!({"sentence_transformers": {"activation_fn": IDENTITY}}), HeadFunction::Identity),
        (json!({"sbert_ce_default_activation_function": IDENTITY}), HeadFunction::Identity),
        (
            json!({"sentence_transformers": {"activation_fn": SIGMOID}, "problem_type": "regression"}),
            HeadFunction::Sigmoid,
        ),
        (
            json!({"sentence_transformers": {"version": "5.1.0"}, "problem_type": "regression"}),
            HeadFunction::Identity,
        ),
        (json!({}), HeadFunction::Sigmoid),
    ] {
        let dir = checkpoint(&["LABEL_0"], keys.clone());
        let loaded = try_load(dir.path(), &LoadOptions::default()).unwrap();
        assert_eq!(loaded.config.head_function(), function, "{keys}");
        // What is saved has the same function.
        let config = BertConfig::from_json(&written(&loaded).to_string()).unwrap();
        assert_eq!(config.head_function(), function, "{keys}");
        // Several outputs have none.
        let dir = checkpoint(&NAMES, json!({"sentence_transformers": {"activation_fn": SIGMOID}}));
        let loaded = try_load(dir.path(), &LoadOptions::default()).unwrap();
        assert_eq!(loaded.config.head_function(), HeadFunction::Softmax);
    }
}

#[test]
fn an_unknown_function_matters_only_where_it_would_be_applied() {
    let tanh = json!({"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Tanh"}});
    let dir = checkpoint(&["LABEL_0"], tanh.clone());
    let error = try_load(dir.path(), &LoadOptions::default()).unwrap_err().to_string();
    for part in
        ["config.json", "\"sentence_transformers.activation_fn\"", "Tanh", IDENTITY, SIGMOID, "new_head"]
    {
        assert!(error.contains(part), "{error}");
    }
    let new = LoadOptions { new_head: true, ..options(REGRESSION, None) };
    let loaded = try_load(dir.path(), &new).unwrap();
    assert_eq!(written(&loaded)["sentence_transformers"], json!({"activation_fn": IDENTITY}));
    assert!(try_load(checkpoint(&NAMES, tanh).path(), &LoadOptions::default()).is_ok());
}

/// Training on the outputs themselves would change what they mean.
#[test]
fn a_number_behind_a_sigmoid_is_not_trained_as_a_raw_number() {
    for (stated, wanted, function) in [(SIGMOID, REGRESSION, "(sigmoid)"), (IDENTITY, MULTI, "(raw number)")]
    {
        let dir = checkpoint(&["LABEL_0"], json!({"sentence_transformers": {"activation_fn": stated}}));
        let labels = (wanted == MULTI).then_some(&["LABEL_0"][..]);
        let error = try_load(dir.path(), &options(wanted, labels)).unwrap_err().to_string();
        assert!(error.contains(function) && error.contains(&wanted.to_string()), "{error}");
    }
    let dir = checkpoint(&["LABEL_0"], json!({"sentence_transformers": {"activation_fn": IDENTITY}}));
    let loaded = try_load(dir.path(), &options(REGRESSION, None)).unwrap();
    assert_eq!(loaded.report.head, Some(HeadSource::Checkpoint));
    assert_eq!(state_dict(&loaded.model).len(), loaded.report.loaded.len());
}
