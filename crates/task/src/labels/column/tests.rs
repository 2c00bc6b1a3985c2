//! The meaning of columns of labels, kind by kind.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::ExampleProblem;

/// Files, each with the class names that the file states.
type Files<'a> = &'a [(&'a str, Option<&'a [&'a str]>)];

/// A card with these labels, in this order.
fn card(labels: &[&str]) -> Card {
    let labels: Vec<String> = labels.iter().map(|name| format!("{name:?}")).collect();
    let text = format!(
        "name = \"t\"\ntask = \"sequence-classification\"\nlabels = [{}]\n[files]\ntrain = [\"t.csv\"]\n",
        labels.join(", ")
    );
    Card::parse(&text, Path::new("card.toml")).unwrap()
}

fn discovering() -> Card {
    card(&[])
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn texts(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| text(name)).collect()
}

fn integers(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().map(|&number| Value::Integer(number)).collect()
}

/// The column of a training split and a test split.
fn column(train: &[Value], other: &[Value]) -> LabelColumn {
    let mut column = LabelColumn::default();
    for (values, file) in [(train, "train.csv"), (other, "test.csv")] {
        let path: Arc<Path> = Path::new(file).into();
        for (value, number) in values.iter().zip(1..) {
            let location = Location { path: Arc::clone(&path), number, unit: "row" };
            column.add(Some(value), &location, file == "train.csv");
        }
    }
    column
}

fn decide(card: &Card, train: &[Value], other: &[Value]) -> Labels {
    column(train, other).decide(card, false).unwrap()
}

fn names(train: &[Value]) -> Vec<String> {
    decide(&discovering(), train, &[]).set.names().to_vec()
}

/// The message of the error for a column that can't be used; checks that the message has all of `parts`.
fn refused(card: &Card, train: &[Value], other: &[Value], parts: &[&str]) -> String {
    let message = column(train, other).decide(card, false).unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "\"{part}\" is not said: {message}");
    }
    assert!(!message.ends_with('.'), "{message}");
    message
}

#[test]
fn names_and_numbers_have_their_order() {
    assert_eq!(names(&texts(&["pos", "neg", "pos"])), ["neg", "pos"]);
    assert_eq!(names(&integers(&[10, 2, 0])), ["0", "2", "10"]);
    assert_eq!(names(&texts(&["10", "01", "02"])), ["01", "02", "10"]);
    assert_eq!(names(&texts(&["10", "-2", "-1"])), ["-2", "-1", "10"]);
    // The number 1: bare, in quotes, as a float, in quotes with a fraction.
    let one = [Value::Integer(1), text("1"), Value::Float(1.0), text("1.00"), Value::Integer(0)];
    let labels = decide(&discovering(), &one, &[]);
    assert_eq!(labels.set.names(), ["0", "1"]);
    assert!(one[..4].iter().all(|value| labels.index(Some(value)) == Ok(Some(1))));
    assert!(
        labels
            .notes
            .contains(&"2 row(s) have a whole number with a fraction as their label: 1.0 is 1".into())
    );
}

#[test]
fn truth_values_are_false_and_true_however_they_are_written() {
    let train = [Value::Boolean(true), Value::Boolean(false)];
    let labels = decide(&discovering(), &train, &texts(&["True", "FALSE"]));
    assert_eq!(labels.set.names(), ["false", "true"]);
    assert_eq!(labels.index(Some(&text("True"))), Ok(Some(1)));
    assert_eq!(labels.index(Some(&train[1])), Ok(Some(0)));
    // In a format without truth values, True and False are names.
    assert_eq!(names(&texts(&["True", "False"])), ["False", "True"]);
    // With a card, truth values are the labels so named, or the first and second label.
    assert_eq!(decide(&card(&["True", "False"]), &train, &[]).index(Some(&train[0])), Ok(Some(0)));
    assert_eq!(decide(&card(&["ham", "spam"]), &train, &[]).index(Some(&train[0])), Ok(Some(1)));
    assert_eq!(decide(&card(&["1", "0"]), &train, &[]).index(Some(&train[0])), Ok(Some(0)));
    let mixed = [Value::Boolean(true), Value::Integer(1), text("x")];
    refused(&discovering(), &mixed, &[], &["numbers (\"1\")", "names (\"true\", \"x\"", "train.csv, row 1"]);
}

#[test]
fn minus_one_is_no_label_among_class_numbers_alone() {
    let minus_one = Value::Integer(-1);
    for value in [minus_one.clone(), Value::Float(-1.0), text("-1"), text(" -1.0")] {
        let labels = decide(&discovering(), &integers(&[0, 2, -1]), &[]);
        assert_eq!(labels.set.names(), ["0", "2"]);
        assert_eq!(labels.index(Some(&value)), Ok(None));
        assert!(labels.is_minus_one(Some(&value)));
    }
    for listed in [&["neg", "pos"][..], &["0", "1"]] {
        assert_eq!(decide(&card(listed), &integers(&[0, 1]), &[]).index(Some(&minus_one)), Ok(None));
    }
    // A test split without labels, as `datasets` writes it.
    assert_eq!(
        decide(&discovering(), &texts(&["a", "b"]), &integers(&[-1])).index(Some(&minus_one)),
        Ok(None)
    );
    // A scale with negative numbers, and a card that lists -1.
    let scale = decide(&discovering(), &integers(&[-2, -1, 0, 1]), &[]);
    assert_eq!(scale.index(Some(&minus_one)), Ok(Some(1)));
    assert!(scale.notes.contains(&"-1 is a label, as -2 is one".into()), "{:?}", scale.notes);
    let polarity = decide(&card(&["-1", "0", "1"]), &integers(&[-1, 0, 1]), &[]);
    assert_eq!(polarity.index(Some(&minus_one)), Ok(Some(0)));
    assert!(!polarity.is_minus_one(Some(&minus_one)));
}

#[test]
fn labels_that_differ_in_spelling_alone_are_refused_unless_a_card_lists_them() {
    let cases: [(&[Value], &[&str]); 4] = [
        (&texts(&["Pos", "neg", "pos", "POS"]), &["\"POS\", \"Pos\", \"pos\"", "train.csv, row 1", "case"]),
        (&texts(&["very good", "bad", "very  good"]), &["\"very  good\", \"very good\"", "white space"]),
        (&texts(&["1", "2", "01"]), &["\"01\", \"1\"", "number"]),
        (&[text("1"), Value::Integer(2), text("02")], &["\"02\", \"2\""]),
    ];
    for (train, parts) in cases {
        refused(&discovering(), train, &[], parts);
    }
    // The other spelling may be in another split.
    refused(&discovering(), &texts(&["a", "b"]), &texts(&["B"]), &["\"B\", \"b\"", "train.csv, row 2"]);
    let listed = card(&["Pos", "pos", "neg"]);
    assert_eq!(decide(&listed, &texts(&["Pos", "pos"]), &[]).index(Some(&text("pos"))), Ok(Some(1)));
    let problem =
        decide(&card(&["neg", "pos"]), &texts(&["Pos"]), &[]).index(Some(&text("Pos"))).unwrap_err();
    let message = problem.to_string();
    assert!(message.contains("\"Pos\" is none of neg, pos; it differs from \"pos\" in case"), "{message}");
}

#[test]
fn outer_white_space_is_no_part_of_a_label_and_an_empty_one_is_none() {
    let train = texts(&[" pos", "neg\t", "pos", "", "  "]);
    let labels = decide(&discovering(), &train, &[]);
    assert_eq!(labels.set.names(), ["neg", "pos"]);
    let found: Vec<_> = train.iter().map(|value| labels.index(Some(value))).collect();
    assert_eq!(found, [Ok(Some(1)), Ok(Some(0)), Ok(Some(1)), Ok(None), Ok(None)]);
    assert_eq!(labels.notes, ["2 row(s) had white space around their label: it is not part of it"]);
    assert_eq!(labels.index(Some(&Value::Null)), Ok(None));
    // A card may list a label with white space around the name.
    let listed = card(&[" pos", "pos"]);
    assert_eq!(decide(&listed, &train[..1], &[]).index(Some(&train[0])), Ok(Some(0)));
}

#[test]
fn a_list_of_one_label_is_that_label_and_others_are_several() {
    let list = |names: &[&str]| Value::List(texts(names));
    let labels = decide(&discovering(), &[list(&["pos"]), list(&["neg"]), text("pos")], &[]);
    assert_eq!(labels.set.names(), ["neg", "pos"]);
    assert_eq!(labels.index(Some(&list(&["pos"]))), Ok(Some(1)));
    assert_eq!(labels.notes, ["2 row(s) have a list of one label: it is that label"]);
    let several = [list(&["pos"]), list(&["neg", "pos"]), list(&[]), list(&["neg"])];
    for card in [discovering(), card(&["neg", "pos"])] {
        let parts = ["2 row(s)", "train.csv, row 2", "[\"neg\", \"pos\"]", "multi_label_classification"];
        let message = refused(&card, &several, &[], &parts);
        assert!(message.contains(", and 2 row(s) have a list of one label: for several"), "{message}");
        // Single rows may be left out.
        let labels = column(&several, &[]).decide(&card, true).unwrap();
        assert_eq!(labels.set.names(), ["neg", "pos"]);
        assert!(matches!(labels.index(Some(&several[2])), Err(ExampleProblem::SeveralLabels { .. })));
    }
    // What the other rows have is what they have.
    let (two, null) = (list(&["neg", "pos"]), Value::List(vec![Value::Null]));
    for (others, part) in [
        (vec![], "with [\"neg\", \"pos\"]: for several"),
        (vec![null], "with [\"neg\", \"pos\"]: for several"),
        (vec![text("neg")], ", and 1 row(s) have one label that is no list: for several"),
        (
            vec![text("neg"), list(&["pos"]), text("pos")],
            ", 1 row(s) have a list of one label, and 2 row(s) one label that is no list: for several",
        ),
    ] {
        refused(&discovering(), &[vec![two.clone()], others].concat(), &[], &[part]);
    }
}

#[test]
fn measures_and_texts_are_no_classes() {
    let measures: Vec<Value> = [0.5, 1.0, 3.25].map(Value::Float).into();
    refused(
        &discovering(),
        &measures,
        &[],
        &["3 different numbers in 3 rows", "0.5, 3.25", "regression", "labels ="],
    );
    refused(&discovering(), &texts(&["0.5", "1.0", "nan"]), &[], &["2 different numbers", "0.5"]);
    let counted: Vec<Value> = (0..40).map(|n| Value::Integer(n * 7 % 31)).collect();
    refused(&discovering(), &counted, &[], &["31 different numbers in 40 rows", "regression"]);
    let prose: Vec<Value> = (0..40).map(|n| text(&format!("review {n}"))).collect();
    refused(&discovering(), &prose, &[], &["40 different texts in 40 rows", "\"review 0\"", "which column"]);
    // A card that lists all labels, and a data set too small to tell.
    let listed: Vec<String> = (0..40).map(|n| format!("review {n}")).collect();
    let listed = card(&listed.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(decide(&listed, &prose, &[]).set.len(), 40);
    assert_eq!(names(&prose[..19]).len(), 19);
}

/// Many classes are accepted where labels repeat.
#[test]
fn many_classes_are_classes() {
    // 77 class numbers of two rows each; 1500 categories of three rows each.
    let numbers: Vec<Value> = (0..154).map(|n| Value::Integer(n % 77)).collect();
    let labels = decide(&discovering(), &numbers, &[]);
    assert_eq!(labels.set.len(), 77);
    assert!(labels.notes[0].starts_with("the labels are 77 different numbers"), "{:?}", labels.notes);
    let categories: Vec<Value> = (0..4500).map(|n| text(&format!("category {}", n % 1500))).collect();
    assert_eq!(names(&categories).len(), 1500);
    let mostly_alone: Vec<Value> =
        (0..4500).map(|n| text(&format!("t{}", if n < 1500 { n } else { 0 }))).collect();
    refused(&discovering(), &mostly_alone, &[], &["1500 different texts in 4500 rows"]);
    // Codes that look like numbers beside codes that don't.
    let codes = texts(&["250.01", "V27", "E850", "38"]);
    let labels = decide(&discovering(), &codes, &[]);
    assert_eq!(labels.set.names(), ["250.01", "38", "E850", "V27"]);
    assert!(labels.notes[0].contains("numbers (250.01) and names (\"E850\", \"V27\")"), "{:?}", labels.notes);
}

#[test]
fn numbers_beside_names_are_not_guessed_at() {
    refused(
        &discovering(),
        &texts(&["neg", "0", "pos", "1"]),
        &[],
        &["numbers (\"0\", \"1\")", "names (\"neg\", \"pos\", first in train.csv, row 1)", "labels = "],
    );
    refused(&discovering(), &texts(&["3", "5", "NaN"]), &[], &["\"NaN\"", "null"]);
    // A measure with a name in it, however few rows there are.
    for (cells, distinct) in [(&["1.5", "2.25", "high"][..], 2), (&["1.5", "high", "1.5", "nan", "2"], 2)] {
        let parts = [
            &*format!("{distinct} different numbers, such as 1.5"),
            "one name (\"high\", first in train.csv, row ",
            "problem_type=regression",
            "labels = ",
        ];
        refused(&discovering(), &texts(cells), &[], &parts);
        assert!(
            column(&texts(cells), &[]).decide(&card(&["1.5", "2", "2.25", "high", "nan"]), false).is_ok()
        );
    }
    // Two versions beside two names, without whole numbers.
    let labels = decide(&discovering(), &texts(&["1.5", "beta", "2.5", "alpha"]), &[]);
    assert!(labels.notes[0].starts_with("the labels are numbers (1.5, 2.5) and names"), "{:?}", labels.notes);
    assert!(labels.notes[0].contains("problem_type=regression"), "{:?}", labels.notes);
    let labels = decide(&card(&["neg", "pos"]), &texts(&["neg", "0", "pos", "1"]), &[]);
    assert_eq!(labels.index(Some(&text("1"))), Ok(Some(1)));
    assert_eq!(labels.index(Some(&text("pos"))), Ok(Some(1)));
    for unknown in [Value::Integer(2), text("-2"), Value::Float(0.5)] {
        assert!(labels.index(Some(&unknown)).is_err(), "{unknown}");
    }
}

#[test]
fn where_names_are_numbers_a_number_is_no_index() {
    let stars = card(&["1", "2", "3"]);
    let labels = decide(&stars, &integers(&[1, 3]), &[]);
    assert_eq!(labels.index(Some(&Value::Integer(1))), Ok(Some(0)));
    assert_eq!(labels.index(Some(&text("3.0"))), Ok(Some(2)));
    assert!(labels.index(Some(&text("0"))).is_err());
    assert_eq!(decide(&card(&["0.0", "1.0"]), &[], &[]).index(Some(&Value::Integer(1))), Ok(Some(1)));
    // With bad rows left out, class numbers from 0 on would be one off, and one class would be missing.
    let shifted = column(&integers(&[1, 0, 2]), &[]).decide(&stars, true).unwrap_err().to_string();
    for part in ["\"1\", \"2\", \"3\"", "has 0 and goes to 2", "train.csv, row 2", "class_numbers = true"] {
        assert!(shifted.contains(part), "{shifted}");
    }
}

#[test]
fn class_numbers_are_indices_also_of_labels_that_are_numbers() {
    let mut stars = card(&["1", "2", "3"]);
    stars.class_numbers = true;
    let labels = decide(&stars, &integers(&[0, 2, -1]), &[]);
    let index = |value: Value| labels.index(Some(&value));
    assert_eq!(
        [index(Value::Integer(0)), index(text("1")), index(text(" 2.0"))],
        [Ok(Some(0)), Ok(Some(1)), Ok(Some(2))]
    );
    assert_eq!(index(Value::Integer(-1)), Ok(None));
    assert!(index(Value::Integer(3)).is_err());
}

/// Parquet that `datasets` wrote states class names.
#[test]
fn class_names_of_a_file_are_the_labels_and_its_numbers_are_indices() {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let column = |files: &[(&str, Option<&[&str]>)]| {
        let mut column = column(&integers(&[0, 1, -1]), &[]);
        for (path, names) in files {
            column.add_file(Path::new(path), names.map(owned).as_deref());
        }
        column
    };
    let stars = ["1", "2", "3"];
    for card in [discovering(), card(&stars)] {
        let labels = column(&[("a.parquet", Some(&stars))]).decide(&card, false).unwrap();
        assert_eq!(labels.set.names(), stars);
        assert_eq!(labels.index(Some(&Value::Integer(0))), Ok(Some(0)));
        assert_eq!(labels.index(Some(&Value::Integer(-1))), Ok(None));
        assert!(labels.index(Some(&Value::Integer(3))).is_err());
    }
    let labels = column(&[("a.parquet", Some(&["neg", "pos"]))]).decide(&discovering(), false).unwrap();
    assert_eq!(labels.notes, ["a.parquet names the labels: neg, pos"]);
    assert_eq!(labels.index(Some(&text("pos"))), Ok(Some(1)));
    let cases: [(Card, Files, &[&str]); 4] = [
        (
            card(&["pos", "neg"]),
            &[("a.parquet", Some(&["neg", "pos"]))],
            &["card", "a.parquet", "same order"],
        ),
        (
            discovering(),
            &[("a.parquet", Some(&["neg", "pos"])), ("b.parquet", Some(&["pos", "neg"]))],
            &["a.parquet", "b.parquet", "two labels"],
        ),
        (discovering(), &[("a.parquet", Some(&stars)), ("b.csv", None)], &["a.parquet", "b.csv"]),
        (discovering(), &[("a.parquet", Some(&["x", "x"]))], &["two are the same"]),
    ];
    for (card, files, parts) in cases {
        let message = column(files).decide(&card, false).unwrap_err().to_string();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

/// A number in two splits, or in two spellings, is one number of several rows.
#[test]
fn the_rows_of_a_measure_are_counted_over_all_splits_and_spellings() {
    let (train, test) = (texts(&["0.5", "2", "1.5"]), texts(&["0.5", "2.0", "2"]));
    let message = refused(&discovering(), &train, &test, &["3 different numbers in 6 rows"]);
    assert!(message.contains("such as 0.5, 1.5:"), "{message}");
}

/// A truth value in two splits is one name, and there is no number to speak of.
#[test]
fn truth_values_beside_names_are_said_once_and_without_numbers() {
    let train = [Value::Boolean(true), text("yes")];
    let message = refused(
        &discovering(),
        &train,
        &train,
        &["truth values beside other names (\"true\", \"yes\", first"],
    );
    assert!(!message.contains("numbers") && message.contains("train.csv, row 1"), "{message}");
    let with_numbers = [Value::Boolean(true), Value::Integer(1)];
    refused(&discovering(), &with_numbers, &with_numbers, &["numbers (\"1\") and names (\"true\", first"]);
}

/// pandas, `NumPy` and Python write lists into CSV so.
#[test]
fn lists_that_are_written_as_texts_are_no_names() {
    for list in ["['joy', 'anger']", "[\"joy\"]", "['joy' 'anger']", "[0, 1]", "[]", " ['joy'] "] {
        let parts = [
            &*format!(
                "\"{}\" is a list written as a text (first in train.csv, row 2)",
                list.trim().replace('"', "\\\"")
            ),
            "as JSON Lines",
            "problem_type=multi_label_classification",
        ];
        refused(&discovering(), &texts(&["joy", list]), &[], &parts);
        decide(&card(&["joy", list.trim()]), &texts(&["joy", list]), &[]);
    }
    assert_eq!(names(&texts(&["[unk]", "a [b]", "[x, y]"])), ["[unk]", "[x, y]", "a [b]"]);
}
