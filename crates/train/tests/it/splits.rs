//! Splits that are encoded once, for several runs.

use embert_train::EncodedSplits;
use serde_json::Value;

use super::*;

fn encode(place: &Place, config: &TrainConfig) -> EncodedSplits<TextClassification> {
    let root = place.path("reviews");
    let data =
        load(&Card::for_folder(&root).unwrap(), &root, &config.load_options(), &config.label_options())
            .unwrap();
    EncodedSplits::encode(config, config.model.as_ref(), data).unwrap()
}

fn train(place: &Place, run: &str, config: &TrainConfig, splits: &EncodedSplits<TextClassification>) {
    let task = Prepared::with_splits(config, config.model.as_ref(), splits, &Device::flex()).unwrap();
    let claim = Claim::run(&place.path(run), Existing::Keep).unwrap();
    Trainer::begin(task, claim, Device::flex()).unwrap().run().unwrap();
}

#[test]
fn runs_that_share_their_splits_write_what_each_would_alone() {
    let place = Place::new();
    let mut base = TrainConfig { evaluate_test: true, ..place.config() };
    base.data.train_samples = Some(30);
    base.data.split_seed = Some(base.seed);
    let splits = encode(&place, &base);
    for (run, seed, batch_size) in [("a", 7, 4), ("b", 8, 5)] {
        let config = TrainConfig { seed, batch_size, ..base.clone() };
        assert!(splits.fit(&config));
        train(&place, &format!("shared-{run}"), &config, &splits);
        place.train(&format!("alone-{run}"), &config).unwrap();
        for file in ["model/model.safetensors", "examples.jsonl", "facts.json"] {
            let [shared, alone] =
                ["shared", "alone"].map(|kind| place.bytes(&format!("{kind}-{run}/{file}")));
            assert!(shared == alone, "{run}/{file}");
        }
    }
}

#[test]
fn splits_for_other_settings_are_refused() {
    let place = Place::new();
    let config = place.config();
    let splits = encode(&place, &config);
    let change = |change: fn(&mut TrainConfig)| {
        let mut config = config.clone();
        change(&mut config);
        config
    };
    for (key, other) in [
        ("seed", change(|config| config.seed = 8)),
        ("dataset", change(|config| config.dataset.push('x'))),
        ("evaluate_test", change(|config| config.evaluate_test = true)),
        ("max_length", change(|config| config.data.max_length = 23)),
        ("train_samples", change(|config| config.data.train_samples = Some(20))),
    ] {
        assert!(!splits.fit(&other), "{key}");
        let task = Prepared::with_splits(&other, config.model.as_ref(), &splits, &Device::flex());
        assert!(matches!(task, Err(TrainError::OtherSplits)), "{key}");
    }
    // An unset `split_seed` is the config's `seed`, which is 7.
    assert!(splits.fit(&change(|config| config.data.split_seed = Some(7))));
}

/// Two checkpoints with the same weights, but their labels in opposite order: splits that were numbered for
/// one checkpoint are refused with the other, and splits encoded for the other checkpoint have its order.
#[test]
fn labels_are_numbered_as_the_checkpoint_does_and_splits_of_another_order_are_refused() {
    let place = Place::new();
    place.train("first", &place.config()).unwrap();
    let mut config =
        TrainConfig { from_scratch: false, epochs: 1, evaluate_every: Some(1), ..place.config() };
    config.optimizer.learning_rate = 1e-12;
    config.model = place.path("first/model").to_string_lossy().into_owned();
    let splits = encode(&place, &config);
    let read = |run: &str| -> (Value, f64) {
        let facts = serde_json::from_slice(&place.bytes(&format!("{run}/facts.json"))).unwrap();
        let log = place.log(run);
        (facts, log.iter().find(|line| line["event"] == "eval").unwrap()["accuracy"].as_f64().unwrap())
    };
    train(&place, "straight", &config, &splits);
    let file = place.path("first/model/config.json");
    let mut model: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let [negative, positive] = ["0", "1"].map(|label| model["id2label"][label].clone());
    model["id2label"] = serde_json::json!({"0": positive, "1": negative});
    model["label2id"] = serde_json::json!({positive.as_str().unwrap(): 0, negative.as_str().unwrap(): 1});
    fs::write(&file, model.to_string()).unwrap();
    let refused = Prepared::with_splits(&config, config.model.as_ref(), &splits, &Device::flex());
    assert!(matches!(refused, Err(TrainError::OtherSplits)));
    train(&place, "turned", &config, &encode(&place, &config));

    let ((straight, right), (turned, wrong)) = (read("straight"), read("turned"));
    let reversed = |list: &Value| list.as_array().unwrap().iter().rev().cloned().collect::<Value>();
    assert_eq!(turned["labels"], reversed(&straight["labels"]));
    assert_eq!(turned["splits"]["train"]["labels"], reversed(&straight["splits"]["train"]["labels"]));
    assert!((right + wrong - 1.0).abs() < 1e-12 && (right - wrong).abs() > 0.01, "{right} and {wrong}");
}

/// A checkpoint with the labels `LABEL_0` and `LABEL_1`, trained on labels that are class numbers, names, or
/// also `LABEL_0` and `LABEL_1`: the run on encoded splits has the data set's names. Only names are paired
/// with a note.
#[test]
fn labels_of_a_head_without_names_get_the_data_sets_names() {
    for (names, is_said) in [(["0", "1"], false), (["bad", "good"], true), (["LABEL_0", "LABEL_1"], false)] {
        let place = Place::new();
        place.train("first", &place.config()).unwrap();
        let file = place.path("first/model/config.json");
        let mut model: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        model["id2label"] = serde_json::json!({"0": "LABEL_0", "1": "LABEL_1"});
        model["label2id"] = serde_json::json!({"LABEL_0": 0, "LABEL_1": 1});
        fs::write(&file, model.to_string()).unwrap();
        for split in ["train", "validation", "test"] {
            let file = place.path(&format!("reviews/{split}.jsonl"));
            let rows = fs::read_to_string(&file).unwrap();
            let rename = |line: &str| {
                let mut row: Value = serde_json::from_str(line).unwrap();
                row["label"] = names[usize::from(row["label"] == "pos")].into();
                row.to_string() + "\n"
            };
            fs::write(&file, rows.lines().map(rename).collect::<String>()).unwrap();
        }
        let mut config = TrainConfig { from_scratch: false, epochs: 1, ..place.config() };
        config.model = place.path("first/model").to_string_lossy().into_owned();
        let splits = encode(&place, &config);
        let prepared =
            Prepared::with_splits(&config, config.model.as_ref(), &splits, &Device::flex()).unwrap();
        let said = prepared.notes().iter().any(|note| note.contains("paired with the data set's by order"));
        assert_eq!(said, is_said, "{names:?}: {:?}", prepared.notes());
        train(&place, "shared", &config, &splits);
        let facts: Value = serde_json::from_slice(&place.bytes("shared/facts.json")).unwrap();
        assert_eq!(facts["labels"], serde_json::json!(names));
        let model: Value = serde_json::from_slice(&place.bytes("shared/model/config.json")).unwrap();
        assert_eq!(model["id2label"], serde_json::json!({"0": names[0], "1": names[1]}));
    }
}
