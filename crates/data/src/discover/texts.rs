//! Folders of texts by label, such as `train/pos/*.txt`.

use std::collections::BTreeMap;

use super::candidate::{Candidate, assign_folder};
use super::names::{self, Said};
use super::path::{folder_of, folder_until, name_of};
use super::problem::{FilesProblem, PassedOver};
use crate::folders::UNLABELLED;
use crate::read::Format;

const NO_LABELS: &str = "a file of plain text has no labels; if it has CoNLL columns, set task = \"token-classification\", or name it .conll";
const BESIDE_TABLE: &str = "there is a table of its split";
const CSV: &str = "a CSV has no lists of words and tags, which the task token-classification reads";
const UNSUPERVISED: &str = "its texts have no labels";
const TOO_DEEP: &str = "it is deeper than a label's folder";

/// Folders of texts by label among text files; other text files are passed over.
pub(super) fn class_folders(
    texts: &[&str],
    passed_over: &mut PassedOver,
) -> Result<Vec<Candidate>, FilesProblem> {
    // Number of text files by label, by the folder that has a folder for each label.
    let mut found: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for file in texts {
        let folder = folder_of(file);
        if !folder.is_empty() {
            *found.entry(folder_of(folder)).or_default().entry(name_of(folder)).or_default() += 1;
        }
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for (&folder, labels) in &found {
        let is_nested = taken.iter().any(|outer: &String| {
            outer.is_empty() || folder == outer || folder.starts_with(&format!("{outer}/"))
        });
        let unlabelled = |label: &str| UNLABELLED.contains(&label);
        let assigned = assign_folder(folder)?;
        let of_labels = labels.keys().filter(|label| {
            // `train/notes.txt` is no text of the label "train".
            !unlabelled(label) && (assigned.is_some() || !matches!(names::said(label), Said::Exactly(_)))
        });
        let enough = if assigned.is_some() { 1 } else { 2 };
        if is_nested || of_labels.count() < enough {
            continue;
        }
        for label in labels.keys().filter(|label| unlabelled(label)) {
            passed_over.add(UNSUPERVISED, join(folder, label));
        }
        let (word, origin, home) = match assigned {
            Some((word, at)) => {
                let split = folder_until(folder, at + 1);
                (Some(word), format!("{split}/"), folder_until(folder, at).to_owned())
            }
            None => (None, format!("{folder}/"), folder.to_owned()),
        };
        // A second folder of texts below the same split's folder is another reading.
        let origin =
            if candidates.iter().any(|other| other.origin == origin) { folder.to_owned() } else { origin };
        taken.push(folder.to_owned());
        let path = folder.to_owned();
        candidates.push(Candidate { path, format: None, is_json: false, word, origin, home });
    }
    for file in texts {
        let folder = folder_of(file);
        let class_folder = if folder.is_empty() { None } else { Some(folder_of(folder)) };
        if class_folder.is_some_and(|folder| taken.iter().any(|taken| taken == folder)) {
            continue;
        }
        let below =
            |taken: &String| file.starts_with(&format!("{taken}/")) || taken.is_empty() && file.contains('/');
        if taken.iter().any(below) {
            passed_over
                .add(if folder.matches('/').count() > 1 { TOO_DEEP } else { NO_LABELS }, (*file).to_owned());
        } else if names::said(names::stem(name_of(file))) != Said::Nothing || assign_folder(folder)?.is_some()
        {
            passed_over.add(NO_LABELS, (*file).to_owned());
        }
    }
    Ok(candidates)
}

/// Files of plain text beside `tables`, as CoNLL columns: where no table may be their split. A table of JSON
/// whose name says no split is most often a description.
pub(super) fn with_conll(
    mut tables: Vec<Candidate>,
    texts: &[&str],
    passed_over: &mut PassedOver,
) -> Result<Vec<Candidate>, FilesProblem> {
    let is_csv = |table: &Candidate| table.format == Some(Format::Csv);
    let mut found = Vec::new();
    for file in texts {
        let text = Candidate::of_file(file, Format::Conll)?;
        let may_be = |table: &Candidate| {
            table.word == text.word && !is_csv(table) && (table.word.is_some() || !table.is_json)
        };
        if !tables.iter().any(may_be) {
            found.push(text);
        } else if text.word.is_some() {
            passed_over.add(BESIDE_TABLE, text.path);
        }
    }
    // Another file has the words.
    tables.retain(|table| {
        let is_other = is_csv(table) && found.iter().any(|text: &Candidate| text.word == table.word);
        if is_other {
            passed_over.add(CSV, table.path.clone());
        }
        !is_other
    });
    tables.extend(found);
    Ok(tables)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
