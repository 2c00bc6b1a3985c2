#![allow(clippy::float_cmp, reason = "sums and means that are exact")]

use embert_data::{EncodedFeature, SplitKind};

use super::*;
use crate::tests::DataFolder;
use crate::{ClassWeightRule, ClassWeights, TaskData};

type Data = TaskData<TextRegression>;

fn load(files: &[(&str, &str)], card: &str) -> Result<Data, String> {
    DataFolder::new(files).load(card)
}

fn numbers(data: &Data) -> Vec<f64> {
    data.splits.train.iter().filter_map(|example| example.label).collect()
}

fn config(problem_type: Option<ProblemType>, labels: &[&str]) -> BertConfig {
    BertConfig { problem_type, ..BertConfig::default().with_labels(labels.iter().copied()) }
}

fn task() -> TextRegression {
    let config = config(Some(ProblemType::Regression), &["LABEL_0"]);
    TextRegression::of_checkpoint(&config, Path::new("model")).unwrap()
}

fn example(id: u64, label: Option<f64>) -> NumberedText {
    Example { id, text: "a text".into(), text_pair: None, label, document: None }
}

#[test]
fn numbers_of_every_format_load() {
    let json = "{\"text\": \"a\", \"label\": 1}\n{\"text\": \"b\", \"label\": -2.5}\n{\"text\": \"c\", \"label\": \"3e1\"}\n{\"text\": \"d\", \"label\": [0.25]}\n";
    assert_eq!(numbers(&load(&[("train.jsonl", json)], "").unwrap()), [1.0, -2.5, 30.0, 0.25]);
    let pairs = "sentence1\tsentence2\tscore\nA man eats.\tSomeone eats.\t4.5\nA cat.\tA dog.\t 1 \n";
    let data = load(&[("train.tsv", pairs)], "").unwrap();
    assert_eq!(numbers(&data), [4.5, 1.0]);
    assert_eq!(data.splits.train[0].text_pair.as_deref(), Some("Someone eats."));
    let keys: Vec<_> = TextRegression::keys(&data.splits.train[0]).into_iter().collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn what_is_no_number_is_named_with_its_line() {
    let row = |label: &str| format!("{{\"text\": \"a\", \"label\": {label}}}\n");
    let good = row("1") + &row("2.5");
    for bad in ["\"good\"", "[1, 2]", "true", "\"1e300\"", "\"inf\"", "\"1,5\""] {
        let message = load(&[("train.jsonl", &(good.clone() + &row(bad)))], "").unwrap_err();
        assert!(
            message.starts_with("train.jsonl, line 3: the label is ")
                && message.contains(", expected a number"),
            "{bad}: {message}"
        );
    }
    for none in ["null", "\"\"", "\" \"", "\"nan\"", "\" NaN \""] {
        let message = load(&[("train.jsonl", &(good.clone() + &row(none)))], "").unwrap_err();
        let part = "1 of the 3 rows of the training split have no label, the first is train.jsonl, line 3";
        assert!(message.contains(part), "{none}: {message}");
    }
    let folder = DataFolder::new(&[("train.csv", "text,label\na,1\nb,\nc,2\nd,x\n")]);
    let data = folder.load_with::<TextRegression>("", true, LabelOptions::default()).unwrap();
    assert_eq!((numbers(&data), data.facts.skipped), (vec![1.0, 2.0], 2));
}

/// As the test splits of GLUE have it; but -1 is a number where others are below 0 or beside it.
#[test]
fn minus_one_is_no_number_where_a_split_has_nothing_else() {
    let train = ("train.csv", "text,label\na,1\nb,2.5\n");
    let data = load(&[train, ("test.csv", "text,label\nc,-1\nd,-1.0\n")], "").unwrap();
    assert!(data.splits.test.is_empty() && data.unlabelled(SplitKind::Test).is_some());
    let data = load(&[train, ("test.csv", "text,label\nc,-1\nd,3\n")], "").unwrap();
    assert_eq!(data.splits.test[0].label, Some(-1.0));
    let train = ("train.csv", "text,label\na,-3\nb,2.5\n");
    let data = load(&[train, ("test.csv", "text,label\nc,-1\nd,-1\n")], "").unwrap();
    assert_eq!(data.splits.test.len(), 2);
}

#[test]
fn numbers_from_which_nothing_is_learnt_are_refused() {
    let message = load(&[("train.csv", "text,label\na,2.5\nb,2.5\nc,2.5\n")], "").unwrap_err();
    assert!(
        message.ends_with("all 3 training rows have the number 2.5: there is nothing to learn"),
        "{message}"
    );
    let message = load(&[("train.csv", "text,label\na,\nb,\n")], "").unwrap_err();
    assert!(message.contains("train.csv"), "{message}");
}

#[test]
fn weights_and_smoothing_have_no_meaning_for_a_number() {
    let train = EncodedDataset::new(vec![EncodedFeature::new(0, Encoding::default(), NumberTarget(1.0))]);
    let plain = LossSettings::default();
    for (settings, part) in [
        (
            LossSettings { class_weights: ClassWeights::Rule(ClassWeightRule::Balanced), ..plain.clone() },
            "class_weights = \"balanced\": expected none",
        ),
        (
            LossSettings { pos_weight: ClassWeights::Given(vec![2.0]), ..plain.clone() },
            "pos_weight = [2.0]: expected none",
        ),
        (LossSettings { label_smoothing: 0.1, ..plain.clone() }, "label_smoothing = 0.1: expected 0"),
    ] {
        let message = task().with_loss(&settings, &train).unwrap_err().to_string();
        assert!(message.starts_with(part) && message.ends_with("a number has no classes"), "{message}");
    }
    assert!(task().with_loss(&plain, &train).is_ok());
}

#[test]
fn heads_of_other_kinds_are_refused() {
    let of = |problem_type, labels: &[&str]| {
        TextRegression::of_checkpoint(&config(problem_type, labels), Path::new("model"))
    };
    assert!(of(Some(ProblemType::Regression), &["LABEL_0"]).is_ok());
    for (problem_type, labels) in [
        (Some(ProblemType::SingleLabelClassification), &["neg", "pos"][..]),
        (Some(ProblemType::MultiLabelClassification), &["joy", "anger"]),
        (Some(ProblemType::Regression), &["one", "two"]),
    ] {
        let message = of(problem_type, labels).unwrap_err().to_string();
        assert!(
            message.starts_with("the head in model has 2 labels")
                && message.contains("expected one output, a number: choose a checkpoint"),
            "{message}"
        );
    }
}

/// A cross-encoder of Sentence Transformers without a `problem_type` has a sigmoid; training removes it.
#[test]
fn a_sigmoid_of_another_program_is_applied_until_the_head_is_trained() {
    let sigmoid = TextRegression::of_checkpoint(&config(None, &["LABEL_0"]), Path::new("model")).unwrap();
    assert_eq!((sigmoid.decode(&(), &[0.0]), task().decode(&(), &[0.0])), (0.5, 0.0));
    let trained = sigmoid.with_loss(&LossSettings::default(), &EncodedDataset::default()).unwrap();
    assert_eq!(trained.decode(&(), &[2.5]), 2.5);
    assert_eq!(task().join(&example(0, None), vec![1.0, 2.0, 6.0]), 3.0);
}

#[test]
fn scorers_of_parts_add_up_to_one_of_all() {
    let task = task();
    let cases = [(1.0, 1.5), (2.0, 1.75), (4.0, 3.5), (3.0, 3.25)];
    let (mut all, mut merged) = (task.scorer().unwrap(), task.scorer().unwrap());
    for (id, (number, prediction)) in cases.into_iter().enumerate() {
        let example = example(id as u64, Some(number));
        all.add(&example, &prediction).unwrap();
        let mut part = task.scorer().unwrap();
        part.add(&example, &prediction).unwrap();
        merged.merge(part).unwrap();
    }
    assert_eq!(task.scores(&all.finish()), task.scores(&merged.finish()));
    assert_eq!(task.logged(&all.finish()).get("mae"), Some(0.375));
    let error = all.add(&example(9, None), &1.0).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 9 }));
    let error = task.target(&example(9, None), &Encoding::default()).unwrap_err();
    assert!(matches!(error, TaskError::Unlabelled { id: 9 }));
    assert!(all.add(&example(9, Some(1.0)), &f64::NAN).is_err());
}

#[test]
fn the_baseline_is_the_mean_of_the_training_split() {
    let train = [example(0, Some(1.0)), example(1, Some(4.0)), example(2, None)];
    let test = [example(3, Some(2.0)), example(4, Some(4.5))];
    assert!(task().baselines(&test).unwrap().is_empty());
    let found = task().with_baselines(&train).baselines(&test).unwrap();
    assert_eq!(found[0].name, "always 2.5000, the mean of the training split");
    assert_eq!(found[0].metrics.get("mse"), Some(2.125));
    // One number for all texts orders nothing.
    assert_eq!(found[0].metrics.get("pearson"), None);
}

#[test]
fn strata_lie_between_borders_and_answers_are_on_the_datas_scale() {
    let numbers = Numbers { minus_one_is_none: false, borders: vec![-1.0, 1.0, 1.5] };
    let stratum = |number| TextRegression::strata(&numbers, &example(0, Some(number)));
    assert_eq!(stratum(1.2), stratum(1.0));
    assert!(stratum(1.2) != stratum(1.6) && stratum(-1.2) != stratum(0.9));
    assert_eq!(stratum(1e9), stratum(1.5));
    let answer = serde_json::to_string(&task().answer(example(0, None), 4.25)).unwrap();
    assert_eq!(answer, "{\"text\":\"a text\",\"score\":4.25}");
}

/// On any scale the splits have small and large numbers alike.
#[test]
fn a_split_has_each_tenth_of_the_numbers() {
    for scale in [0.01, 1.0, 1000.0] {
        let number = |row: usize| (row * 37 % 200) as f64 * scale;
        let rows = (0..200).map(|row| format!("{{\"text\": \"text {row}\", \"label\": {}}}\n", number(row)));
        let card = "split_ratios = [0.8, 0.1, 0.1]";
        let splits = load(&[("train.jsonl", &rows.collect::<String>())], card).unwrap().splits;
        for part in [&splits.validation, &splits.test] {
            let mut tenths = [0; 10];
            for example in part {
                tenths[(example.label.unwrap() / scale).round() as usize / 20] += 1;
            }
            assert_eq!(tenths, [2; 10], "{scale}");
        }
    }
}
