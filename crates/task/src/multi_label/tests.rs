use embert_data::{EncodedFeature, LoadOptions, SplitKind};

use super::*;
use crate::tests::DataFolder;
use crate::{ClassWeightRule, ClassWeights, TaskData};

type Data = TaskData<MultiLabelClassification>;

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn load(files: &[(&str, &str)], card: &str) -> Result<Data, String> {
    DataFolder::new(files).load(card)
}

/// The names of the labels of each training text.
fn named(data: &Data) -> Vec<Vec<&str>> {
    let names = data.labels.labels.set.names();
    let of = |example: &MultiLabelText| {
        example.label.iter().flatten().map(|label| names[*label].as_str()).collect()
    };
    data.splits.train.iter().map(of).collect()
}

#[test]
fn lists_texts_and_columns_say_the_same_labels() {
    let lists = "{\"text\": \"a\", \"labels\": [\"joy\", \"anger\"]}\n{\"text\": \"b\", \"labels\": []}\n{\"text\": \"c\", \"labels\": [\"joy\"]}\n";
    let numbers = "{\"text\": \"a\", \"label\": [1, 0]}\n{\"text\": \"b\", \"label\": []}\n{\"text\": \"c\", \"label\": [1]}\n";
    let columns = "text,anger,joy\na,1,1\nb,0,0\nc,0,1\n";
    let truths = "{\"text\": \"a\", \"anger\": true, \"joy\": true}\n{\"text\": \"b\", \"anger\": false, \"joy\": false}\n{\"text\": \"c\", \"anger\": false, \"joy\": true}\n";
    for (files, card) in [
        ([("train.jsonl", lists)], ""),
        ([("train.jsonl", numbers)], "labels = [\"anger\", \"joy\"]"),
        ([("train.csv", columns)], ""),
        ([("train.csv", columns)], "label_columns = [\"anger\", \"joy\"]"),
        ([("train.jsonl", truths)], ""),
    ] {
        let data = load(&files, card).unwrap();
        assert_eq!(data.labels.labels.set.names(), ["anger", "joy"], "{files:?}");
        assert_eq!(named(&data), [vec!["anger", "joy"], vec![], vec!["joy"]], "{files:?}");
    }
}

#[test]
fn a_separator_separates_the_labels_of_a_text() {
    let data = load(&[("train.csv", "text,label\na,joy|anger\nb, joy \nc,joy|joy|\n")], "").unwrap();
    assert_eq!(named(&data), [vec!["anger", "joy"], vec!["joy"], vec!["joy"]]);
    let notes = [
        "2 row(s) have a text of several labels, separated by \"|\"",
        "1 row(s) name a label twice: it counts once",
    ];
    assert!(notes.iter().all(|note| data.notes.contains(&(*note).to_owned())), "{:?}", data.notes);
    // The separator alone says that a text has none of the labels; an empty cell says nothing.
    let data = load(&[("train.csv", "text,label\na,joy|anger\nb,|\nc, | \n")], "").unwrap();
    assert_eq!(named(&data), [vec!["anger", "joy"], vec![], vec![]]);
    let text = "text,label\na,joy;anger\nb,;\nc,\n";
    let message = load(&[("train.csv", text)], "label_separator = \";\"").unwrap_err();
    assert!(
        message
            .contains("1 of the 3 rows of the training split have no label, the first is train.csv, line 4")
            && message.ends_with(
                "a text with none of the labels has an empty list, or in CSV the separator alone, \";\""
            ),
        "{message}"
    );
    let text = "text,label\na,joy; anger\nb,joy/x\n";
    let data = load(&[("train.csv", text)], "label_separator = \";\"").unwrap();
    assert_eq!(named(&data), [vec!["anger", "joy"], vec!["joy/x"]]);
    // pandas writes lists so.
    for list in ["['joy', 'anger']", "[]"] {
        let text = format!("text,label\na,joy\nb,\"{list}\"\n");
        let message = load(&[("train.csv", &text)], "").unwrap_err();
        assert!(
            message.contains(&format!("\"{list}\" is a list written as a text (first in "))
                && message.contains(
                    "train.csv, line 3), and CSV has no lists: write the labels with \"|\" between them"
                ),
            "{message}"
        );
        load(&[("train.csv", &text)], &format!("labels = [\"joy\", \"{list}\"]")).unwrap();
    }
    // Labels with another separator between them are most likely several.
    let text = "text,label\na,joy; anger\nb,joy|x\n";
    let message = load(&[("train.csv", text)], "label_separator = \";\"").unwrap_err();
    assert!(
        message.contains("\"joy|x\" is most likely several labels") && message.contains("line 3"),
        "{message}"
    );
}

/// A separator does not make labels of a written list, and the remedy names it.
#[test]
fn a_list_that_is_written_as_a_text_is_refused_with_every_separator() {
    let text = "text,label\na,\"joy,sad\"\nb,\"['joy', 'anger']\"\n";
    let message = load(&[("train.csv", text)], "label_separator = \",\"").unwrap_err();
    for part in [
        "\"['joy', 'anger']\" is a list written as a text (first in ",
        "train.csv, line 3)",
        "write the labels with \",\" between them",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// What a list has are names, whatever is in them.
#[test]
fn names_in_lists_are_no_separated_texts() {
    let rows = "{\"text\": \"a\", \"labels\": [\"arts, culture\"]}\n{\"text\": \"b\", \"labels\": [\"culture\", \"[sport]\"]}\n";
    let data = load(&[("train.jsonl", rows)], "").unwrap();
    assert_eq!(named(&data), [vec!["arts, culture"], vec!["[sport]", "culture"]]);
    // A text beside them may be several of them.
    let rows = "{\"text\": \"a\", \"labels\": \"arts, culture\"}\n{\"text\": \"b\", \"labels\": [\"culture\", \"sport\"]}\n";
    let message = load(&[("train.jsonl", rows)], "").unwrap_err();
    assert!(message.contains("\"arts, culture\" is most likely several labels"), "{message}");
}

#[test]
fn rows_without_usable_labels_are_named_with_their_line() {
    let row = |label: &str| format!("{{\"text\": \"a\", \"label\": {label}}}\n");
    let good = row("[\"joy\"]") + &row("[\"anger\", \"joy\"]");
    for (bad, part) in [
        (row("[\"joy\", null]"), "train.jsonl, line 3: the labels are"),
        (row("[[\"joy\"]]"), "train.jsonl, line 3: "),
        (
            row("null"),
            "1 of the 3 rows of the training split have no label, the first is train.jsonl, line 3",
        ),
    ] {
        let files = [("train.jsonl", &*(good.clone() + &bad))];
        let message = load(&files, "labels = [\"anger\", \"joy\"]").unwrap_err();
        assert!(message.contains(part), "{bad}: {message}");
    }
    let message = load(&[("train.jsonl", &good)], "labels = [\"fear\", \"joy\"]").unwrap_err();
    assert!(
        message.starts_with("train.jsonl, line 2: the label \"anger\" is none of fear, joy"),
        "{message}"
    );
    for (text, part) in [
        (
            "text,anger,joy\na,1,0\nb,2,0\n",
            "train.csv, line 3: the column \"anger\" has \"2\", expected 1 (the text has this label) or 0; \
             the columns of labels are listed in a card: label_columns = [...]",
        ),
        ("text,anger,joy\na,1,0\nb,1,\n", "train.csv, line 3: the column \"joy\" has no value, expected 1"),
        ("text,anger,joy\na,1,0\nb,,\n", "1 of the 2 rows of the training split have no label"),
        ("text,anger,joy\na,1,0\nb,,\n", "a text with none of the labels has 0 in each label's column"),
        ("text,anger,joy\na,1,0\nb,-1,-1\n", "1 of the 2 rows of the training split have no label"),
    ] {
        let message = load(&[("train.csv", text)], "label_columns = [\"anger\", \"joy\"]").unwrap_err();
        assert!(message.contains(part), "{text:?}: {message}");
    }
    // A test split without labels is left out.
    let files = [("train.jsonl", &*good), ("test.jsonl", &*row("[-1]"))];
    let data = load(&files, "labels = [\"anger\", \"joy\"]").unwrap();
    assert!(data.splits.test.is_empty() && data.unlabelled(SplitKind::Test).is_some());
    let data =
        load(&[("train.csv", "text,anger,joy\na,1,0\nb,0,1\n"), ("test.csv", "text\nc\n")], "").unwrap();
    assert!(data.splits.test.is_empty() && data.unlabelled(SplitKind::Test).is_some(), "{:?}", data.notes);
}

#[test]
fn a_label_without_a_training_text_is_said() {
    let files = [("train.csv", "text,anger,joy\na,1,0\nb,0,0\n")];
    let notes = load(&files, "").unwrap().notes;
    let note = "the training split has no example with the label(s) \"joy\"".to_owned();
    assert!(notes.contains(&note), "{notes:?}");
}

fn example(id: u64, labels: &[usize]) -> MultiLabelText {
    Example { id, text: "a text".into(), text_pair: None, label: Some(labels.to_vec()), document: None }
}

fn task() -> MultiLabelClassification {
    MultiLabelClassification::new(strings(&["anger", "joy", "fear"]))
}

fn config(labels: &[&str]) -> BertConfig {
    let config = BertConfig::default().with_labels(labels.iter().copied());
    BertConfig { problem_type: Some(ProblemType::MultiLabelClassification), ..config }
}

#[test]
fn labels_have_the_numbers_of_the_heads_outputs() {
    let data = load(&[("train.csv", "text,label\na,joy|anger\nb,fear\n")], "").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fit = |labels: &[&str]| MultiLabelClassification::fit(&data.labels, &config(labels), folder.path());
    let task = fit(&["joy", "fear", "anger"]).unwrap();
    let aligned = task.align_label(data.splits.train[0].clone());
    assert_eq!(
        (task.labels(), aligned.label.clone()),
        (&strings(&["joy", "fear", "anger"])[..], Some(vec![0, 2]))
    );
    assert_eq!(fit(&["LABEL_0", "LABEL_1", "LABEL_2"]).unwrap().labels(), ["anger", "fear", "joy"]);
    assert!(fit(&["joy", "fear"]).is_err());
    assert_eq!(MultiLabelClassification::strata(&data.labels, &aligned), Strata::Many(vec![0, 2]));
    let softmax = BertConfig::default().with_labels(["a", "b"]);
    let message = MultiLabelClassification::of_checkpoint(&softmax, folder.path()).unwrap_err().to_string();
    assert!(message.contains("expected a sigmoid for each of several labels"), "{message}");
}

#[test]
fn labels_are_counted_and_unlabelled_texts_refused() {
    let unlabelled = MultiLabelText { label: None, ..example(7, &[]) };
    let examples = [example(0, &[0, 1]), example(1, &[]), example(2, &[1]), unlabelled.clone()];
    assert_eq!(MultiLabelClassification::count_labels(3, &examples), [1, 2, 0]);
    assert!(
        MultiLabelClassification::is_labelled(&examples[1])
            && !MultiLabelClassification::is_labelled(&unlabelled)
    );
    let error = task().target(&unlabelled, &Encoding::default()).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 7 }));
    let error = task().scorer().unwrap().add(&unlabelled, &vec![0.5; 3]).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 7 }));
    assert_eq!(task().target(&examples[0], &Encoding::default()).unwrap().to_bytes(), [1, 1, 0]);
}

#[test]
fn weights_of_positive_labels_are_given_or_balanced_and_others_refused() {
    let feature =
        |labels: &[usize]| EncodedFeature::new(0, Encoding::default(), LabelTarget(task().truth(labels)));
    let train = EncodedDataset::new(vec![feature(&[0, 1]), feature(&[1]), feature(&[]), feature(&[1])]);
    let with = |settings: LossSettings| task().with_loss(&settings, &train).map(|task| task.loss);
    let plain = LossSettings::default();
    assert_eq!(with(plain.clone()).unwrap(), BinaryCrossEntropy::new(vec![1.0; 3]));
    let balanced = ClassWeights::Rule(ClassWeightRule::Balanced);
    let weighted = LossSettings { pos_weight: balanced.clone(), ..plain.clone() };
    // 3 texts without the label over 1 with it; 1 over 3; a label without texts counts as one text.
    assert_eq!(with(weighted).unwrap(), BinaryCrossEntropy::new(vec![3.0, 1.0 / 3.0, 4.0]));
    let given = LossSettings { pos_weight: ClassWeights::Given(vec![2.0, 1.0, 0.5]), ..plain.clone() };
    assert_eq!(with(given).unwrap(), BinaryCrossEntropy::new(vec![2.0, 1.0, 0.5]));
    for (settings, part) in [
        (
            LossSettings { pos_weight: ClassWeights::Given(vec![2.0]), ..plain.clone() },
            "pos_weight = [2.0]: expected 3 numbers",
        ),
        (
            LossSettings { class_weights: balanced, ..plain.clone() },
            "class_weights = \"balanced\": expected none: ",
        ),
        (LossSettings { label_smoothing: 0.1, ..plain }, "label_smoothing = 0.1: expected 0"),
    ] {
        let message = with(settings).unwrap_err().to_string();
        assert!(message.starts_with(part), "{message}");
    }
}

#[test]
fn a_prediction_is_the_mean_of_the_sigmoids_over_the_windows() {
    let task = task();
    let parts = vec![task.decode(&(), &[0.0, 100.0, -100.0]), task.decode(&(), &[0.0, 0.0, -100.0])];
    let prediction = task.join(&example(0, &[]), parts);
    assert_eq!((prediction[0], prediction[1]), (0.5, 0.75));
    assert!(prediction[2] < 1e-40);
    // At the threshold a text has the label.
    let answer = task.answer(example(0, &[]), prediction);
    let json = serde_json::to_value(&answer).unwrap();
    assert_eq!(json["labels"], serde_json::json!(["anger", "joy"]));
    assert_eq!(json["probabilities"]["joy"], 0.75);
    assert!(json.get("text_pair").is_none());
}

#[test]
fn scorers_of_parts_add_up_to_one_of_all() {
    let task = MultiLabelClassification { fitted: Some(vec![0.3, 0.5, 0.9].into()), ..task() };
    let cases = [
        (example(0, &[0]), vec![0.4, 0.6, 0.95]),
        (example(1, &[1, 2]), vec![0.1, 0.7, 0.6]),
        (example(2, &[]), vec![0.8, 0.2, 0.3]),
    ];
    let mut all = task.scorer().unwrap();
    let mut merged = task.scorer().unwrap();
    for (example, prediction) in &cases {
        all.add(example, prediction).unwrap();
        let mut part = task.scorer().unwrap();
        part.add(example, prediction).unwrap();
        merged.merge(part).unwrap();
    }
    assert_eq!(all.finish(), merged.finish());
    let outcome = all.finish();
    // At 0.5: true positives 2 of 5 predicted and 3 true; the fitted thresholds find other ones.
    assert_eq!(task.logged(&outcome).get("micro_f1"), Some(4.0 / 8.0));
    assert_ne!(Some(&outcome.report), outcome.at_thresholds.as_ref());
}

#[test]
fn thresholds_are_fitted_kept_and_read_again() {
    let task = task();
    assert!(task.thresholds().is_none());
    let validation = [example(0, &[0]), example(1, &[0, 1]), example(2, &[]), example(3, &[1])];
    let predictions = [vec![0.3, 0.1, 0.1], vec![0.4, 0.8, 0.2], vec![0.1, 0.6, 0.1], vec![0.2, 0.7, 0.1]];
    let fitted = task.fit_thresholds(&validation, &predictions).unwrap();
    let thresholds = fitted.thresholds().unwrap();
    let of = |label| thresholds.labels.get(label).unwrap();
    // Between the texts with the label and those without it; a label without texts keeps the default.
    assert!(of("anger") > 0.2 && of("anger") <= 0.3 && of("joy") > 0.6 && of("joy") <= 0.7, "{thresholds:?}");
    let answer = fitted.answer(example(0, &[]), predictions[0].clone());
    assert_eq!(answer.labels().map(|(name, _)| name).collect::<Vec<_>>(), ["anger"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(Thresholds::FILE);
    std::fs::write(&path, serde_json::to_string(&thresholds).unwrap()).unwrap();
    let read = |labels: &[&str]| MultiLabelClassification::of_checkpoint(&config(labels), folder.path());
    assert_eq!(read(&["anger", "joy", "fear"]).unwrap().thresholds(), Some(thresholds.clone()));
    // In the order of the head, whatever the file's.
    let other = read(&["fear", "joy", "anger"]).unwrap();
    assert_eq!(other.fitted.as_deref().unwrap()[1..], [of("joy"), of("anger")]);
    for labels in [&["anger", "joy"][..], &["anger", "joy", "calm"], &["anger", "joy", "fear", "calm"]] {
        let message = read(labels).unwrap_err().to_string();
        let path = path.display().to_string();
        assert!(message.starts_with(&path) && message.contains("has thresholds for \"anger\""), "{message}");
    }
    // A run on this checkpoint begins without them, an evaluation has them.
    let names = ["anger", "joy", "fear"];
    let rows =
        "{\"text\": \"a\", \"labels\": [\"anger\", \"joy\"]}\n{\"text\": \"b\", \"labels\": [\"fear\"]}\n";
    let labels = load(&[("train.jsonl", rows)], "").unwrap().labels;
    let begun = MultiLabelClassification::fit(&labels, &config(&names), folder.path()).unwrap();
    assert!(begun.thresholds().is_none());
    assert_eq!(begun.with_thresholds_of(folder.path()).unwrap().thresholds(), Some(thresholds));
    std::fs::write(&path, "{").unwrap();
    assert!(matches!(read(&["anger", "joy", "fear"]), Err(TaskError::Run(_))));
}

#[test]
fn thresholds_that_are_no_probabilities_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(Thresholds::FILE);
    for bad in ["1e999", "-0.5", "1.5", "\"x\""] {
        std::fs::write(&path, format!("{{\"format\": 1, \"labels\": {{\"anger\": {bad}, \"joy\": 0.5}}}}"))
            .unwrap();
        let read = MultiLabelClassification::of_checkpoint(&config(&["anger", "joy"]), folder.path());
        let message = read.map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(Thresholds::FILE), "{bad}: {message}");
    }
}

#[test]
fn baselines_are_no_label_and_the_most_frequent_ones() {
    let train = [example(0, &[0, 1]), example(1, &[1]), example(2, &[0, 1]), example(3, &[2, 1])];
    let test = [example(4, &[1]), example(5, &[0, 1])];
    assert!(task().baselines(&test).unwrap().is_empty());
    let found = task().with_baselines(&train).baselines(&test).unwrap();
    // 7 labels in 4 texts: 2 a text, of which most have joy and anger.
    let names: Vec<&str> = found.iter().map(|baseline| baseline.name.as_str()).collect();
    assert_eq!(names, ["no label", "always \"anger\", \"joy\""]);
    let micro = |index: usize| found[index].metrics.get("micro_f1");
    assert!(micro(0) == Some(0.0) && (micro(1).unwrap() - 6.0 / 7.0).abs() < 1e-12);
    assert!(
        found.iter().all(|baseline| baseline
            .metrics
            .get("loss")
            .or(baseline.metrics.get("roc_auc"))
            .is_none())
    );
}

#[test]
fn sentences_of_pairs_are_the_keys_that_stay_together() {
    let folder = DataFolder::new(&[("train.csv", "sentence1,sentence2,joy,anger\na,b,1,0\na,c,0,1\n")]);
    let data = folder.load::<MultiLabelClassification>("").unwrap();
    assert_eq!(data.splits.train[1].text_pair.as_deref(), Some("c"));
    let keys = MultiLabelClassification::keys(&data.splits.train[0]);
    assert!(keys.contains(&"a".into()) && keys.contains(&"b".into()), "{keys:?}");
    let options = LoadOptions { split_ratios: Some([0.5, 0.5, 0.0]), ..LoadOptions::default() };
    let card = folder.found::<MultiLabelClassification>("").card;
    let cut =
        crate::load::<MultiLabelClassification>(&card, folder.path(), &options, &LabelOptions::default())
            .unwrap();
    assert!(cut.splits.train.is_empty() || cut.splits.validation.is_empty());
}
