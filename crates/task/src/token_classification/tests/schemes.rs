//! Tags that their scheme does not allow where they stand, and schemes that the tags contradict.

use super::*;

/// As real data have a few of them: the tags count as they are, and it is said.
#[test]
fn tags_that_their_scheme_does_not_allow_in_their_place_are_counted_and_said() {
    let iobes = "Ms\tB-PER\nwent\tO\n\nLagos\tE-LOC\n\nKyoto\tS-LOC\nOkafor\tI-PER\nsaid\tO\n";
    let data = load(&[("train.conll", iobes)], "").unwrap();
    let note = "the tags break their scheme, iobes, in 4 place(s), with 4 words in entities; the first is \
                train.conll, line 2 (word 2, \"O\"): they are kept as they are, and f1_strict counts no such entity";
    assert_eq!(said(&data), [note]);
    // So it is where the scheme is stated.
    let iob = "Ms\tI-PER\nwent\tO\nLagos\tB-LOC\nOkafor\tI-PER\n\nKyoto\tB-LOC\n";
    let data = load(&[("train.conll", iob)], "scheme = \"iob2\"").unwrap();
    let note = "the tags break their scheme, iob2, in 2 place(s), with 4 words in entities; the first is \
                train.conll, line 1 (word 1, \"I-PER\"): they are kept as they are, and f1_strict counts no such entity";
    assert_eq!(said(&data), [note]);
    assert_eq!(written(&data), "Ms/I-PER went/O Lagos/B-LOC Okafor/I-PER | Kyoto/B-LOC");
    // What is turned into IOB2 is kept in its sense.
    let data = load(&[("train.conll", iob)], "scheme = \"iob1\"").unwrap();
    let notes = said(&data);
    assert!(notes[0].starts_with("the tags break their scheme, iob1, in 2 place(s)"), "{notes:?}");
    assert_eq!(written(&data), "Ms/B-PER went/O Lagos/B-LOC Okafor/B-PER | Kyoto/B-LOC");
    // All is well.
    let data = load(&[("train.conll", "Ms\tB-PER\nOkafor\tE-PER\nLagos\tS-LOC\n")], "").unwrap();
    assert!(said(&data).is_empty());
}

/// The notes on tags in a wrong place, without the folder's path.
fn said(data: &Data) -> Vec<String> {
    let of_tags = data.notes.iter().filter(|note| note.starts_with("the tags break"));
    let without_folder = |note: &String| {
        let (before, after) = note.split_once("the first is ").unwrap();
        let file = after.find("train").unwrap();
        format!("{before}the first is {}", &after[file..])
    };
    of_tags.map(without_folder).collect()
}

#[test]
fn a_stated_scheme_that_the_tags_contradict_is_refused() {
    let iob2 = "Ms\tB-PER\nOkafor\tI-PER\nwent\tO\n\nLagos\tB-LOC\n";
    let iob1 = "Ms\tI-PER\nOkafor\tI-PER\nwent\tO\n\nLagos\tI-LOC\n";
    let both = "Ms\tI-PER\nwent\tO\nLagos\tB-LOC\n";
    let iobes = "Ms\tB-PER\nOkafor\tE-PER\nwent\tO\n\nLagos\tS-LOC\n";
    for (text, scheme, place, found) in [
        (iob2, Scheme::Bilou, "line 3, word 3, \"O\"", "iob2"),
        (iob2, Scheme::Iobes, "line 3, word 3, \"O\"", "iob2"),
        (iob2, Scheme::Iob1, "line 1, word 1, \"B-PER\"", "iob2"),
        (iob1, Scheme::Iob2, "line 1, word 1, \"I-PER\"", "iob1"),
        (both, Scheme::Bilou, "line 1, word 1, \"I-PER\"", "iob1 or iob2"),
    ] {
        let options = LabelOptions { scheme: Some(scheme), ..LabelOptions::default() };
        let of_user = refused(&[("train.conll", text)], "", options);
        let of_card =
            refused(&[("train.conll", text)], &format!("scheme = \"{scheme}\""), LabelOptions::default());
        assert_eq!(of_user, of_card);
        for part in [
            format!("the stated scheme is {scheme}, but the tags are in {found}"),
            format!("the first that breaks {scheme} is in train.conll, {place}"),
            format!("state {found}, or no scheme"),
        ] {
            assert!(of_user.contains(&part), "{part}: {of_user}");
        }
    }
    // Tags that the stated scheme does not have are refused with their row; without entities all schemes are kept to.
    let options = LabelOptions { scheme: Some(Scheme::Bilou), ..LabelOptions::default() };
    let message = refused(&[("train.conll", iobes)], "", options);
    assert!(
        message.starts_with("train.conll, line 2: word 2, \"Okafor\", has the tag \"E-PER\""),
        "{message}"
    );
    let message = refused(&[("train.conll", "Ms\tO\n")], "", options);
    assert!(message.contains("all tags are O, so there is nothing to learn"), "{message}");
}

/// Types may look like tags (`B-cell`), and a card may name a single one.
#[test]
fn a_card_names_the_types_of_spans_or_their_tags() {
    let row = |label: &str| format!("{{\"text\": \"ab cd\", \"spans\": [[0, 2, \"{label}\"]]}}\n");
    let columns = "\n[columns]\nentities = \"spans\"";
    for (labels, found, expected) in [
        (
            "[\"B-cell\", \"protein\"]",
            &["B-cell", "protein"][..],
            &["O", "B-B-cell", "I-B-cell", "B-protein", "I-protein"][..],
        ),
        ("[\"B-cell\", \"T-cell\"]", &["T-cell"], &["O", "B-B-cell", "I-B-cell", "B-T-cell", "I-T-cell"]),
        ("[\"B-cell\"]", &["B-cell"], &["O", "B-B-cell", "I-B-cell"]),
        ("[\"O\", \"B-cell\"]", &["cell"], &["O", "B-cell", "I-cell"]),
        ("[\"I-X\", \"B-X\", \"O\"]", &["X"], &["I-X", "B-X", "O"]),
        ("[\"protein\"]", &["protein"], &["O", "B-protein", "I-protein"]),
    ] {
        let text: String = found.iter().map(|label| row(label)).collect();
        let data = load(&[("train.jsonl", &text)], &format!("labels = {labels}{columns}")).unwrap();
        assert_eq!(data.labels.set.names(), expected, "{labels}");
    }
    let message = refused(
        &[("train.jsonl", &row("gene"))],
        &format!("labels = [\"protein\"]{columns}"),
        LabelOptions::default(),
    );
    assert!(message.starts_with("train.jsonl, line 1: the label \"gene\" is none of protein"), "{message}");
}

#[test]
fn a_head_of_another_scheme_is_named_with_its_folder() {
    let config = |tags: &[&str]| BertConfig::default().with_labels(tags.iter().copied());
    let iob2 = load(&[("train.conll", "Ms\tB-PER\nOkafor\tI-PER\nwent\tO\n")], "").unwrap();
    let iobes = load(&[("train.conll", "Ms\tB-PER\nOkafor\tE-PER\nwent\tO\nLagos\tS-PER\n")], "").unwrap();
    let folder = Path::new("models/ner");
    let of_iobes = config(&["O", "B-PER", "I-PER", "E-PER", "S-PER"]);
    let of_iob2 = config(&["O", "B-PER", "I-PER"]);
    for (data, config, parts) in [
        (
            &iob2,
            &of_iobes,
            [
                "tags of the scheme iobes (\"O\", \"B-PER\", \"I-PER\", \"E-PER\", \"S-PER\")",
                "the data set has tags of iob2",
            ],
        ),
        (
            &iobes,
            &of_iob2,
            ["tags of the scheme iob2 (\"O\", \"B-PER\", \"I-PER\")", "the data set has tags of iobes"],
        ),
    ] {
        let message = TokenClassification::fit(&data.labels, config, folder).unwrap_err().to_string();
        for part in parts.into_iter().chain(["the head in models/ner has ", "new_head=true"]) {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    for (data, config) in [(&iob2, &of_iob2), (&iobes, &of_iobes)] {
        TokenClassification::fit(&data.labels, config, folder).unwrap();
    }
    // Labels without names are of no scheme.
    TokenClassification::fit(&iobes.labels, &config(&["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"]), folder)
        .unwrap();
}
