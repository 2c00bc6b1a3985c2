//! [`LabelColumn`]: decides what the cells of a data set's label column mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cell::{Cell, Changes};
use super::problem::{LabelProblem, SEPARATOR, few, quoted};
use super::rule::{Labels, NumberMeaning, folded, is_number, is_written_list};
use super::set::LabelSet;
use crate::TaskError;
use embert_data::Card;
use embert_data::Location;
use embert_data::Value;

/// The fewest labelled rows that tell classes from texts and measures.
const ENOUGH_ROWS: usize = 20;

/// The largest number of labels that may be classes although most labels have one row only.
const MANY_LABELS: usize = 1000;

/// The largest number of numeric labels without a note that each number is a class of its own.
const MANY_NUMBERS: usize = 20;

/// Texts that stand for a missing value in tables.
const MISSING_MARKS: [&str; 10] = ["nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "?", "-"];

/// The number of rows with a cell, and the first row.
#[derive(Clone, Debug)]
struct Seen {
    rows: usize,
    first: Location,
}

/// The cells of the label's column in all splits that are used. The meaning of a cell is decided for the
/// whole column.
#[derive(Debug, Default)]
pub struct LabelColumn {
    train: BTreeMap<Cell, Seen>,
    others: BTreeMap<Cell, Seen>,
    trimmed: usize,
    pointed: usize,
    unlisted: usize,
    /// Each file, with the names of its class numbers if the file states names.
    files: Vec<(PathBuf, Option<Vec<String>>)>,
}

impl LabelColumn {
    /// Adds the value of a row; `is_train` for a row of the training split.
    pub fn add(&mut self, value: Option<&Value>, location: &Location, is_train: bool) {
        let (cell, Changes { trimmed, point, unlisted }) = Cell::of(value);
        self.trimmed += usize::from(trimmed);
        self.pointed += usize::from(point);
        self.unlisted += usize::from(unlisted && cell.name().is_some());
        let cells = if is_train { &mut self.train } else { &mut self.others };
        cells.entry(cell).or_insert_with(|| Seen { rows: 0, first: location.clone() }).rows += 1;
    }

    /// Adds a file, with the names of its class numbers if the file states names.
    pub fn add_file(&mut self, path: &Path, class_names: Option<&[String]>) {
        self.files.push((path.to_owned(), class_names.map(<[String]>::to_vec)));
    }

    /// Decides what the labels are. With `skip`, a row with a list of several labels is no error.
    ///
    /// # Errors
    /// The cells can't be classes, or the card and the files contradict each other.
    pub fn decide(self, card: &Card, skip: bool) -> Result<Labels, TaskError> {
        let refuse =
            |problem| TaskError::Labels { column: card.columns.label.clone(), problem: Box::new(problem) };
        if !skip {
            self.check_lists().map_err(refuse)?;
        }
        let stated = self.stated(&card.labels).map_err(refuse)?;
        let mut labels = if let Some((path, names)) = stated {
            let mut notes = Vec::new();
            if card.labels.is_empty() {
                notes.push(format!("{} names the labels: {}", path.display(), names.join(", ")));
            }
            let set = LabelSet::new(names, card.positive.as_deref());
            Labels { set, notes, numbers: NumberMeaning::Indices, minus_one_is_none: true }
        } else if card.labels.is_empty() {
            self.discover().map_err(refuse)?
        } else {
            if !card.class_numbers {
                self.check_shift(&card.labels).map_err(refuse)?;
            }
            Labels::of_card(card)
        };
        let spelling = [
            (self.trimmed, "had white space around their label: it is not part of it"),
            (self.pointed, "have a whole number with a fraction as their label: 1.0 is 1"),
            (self.unlisted, "have a list of one label: it is that label"),
        ];
        let spelling = spelling.into_iter().filter(|(rows, _)| *rows > 0);
        labels.notes.extend(spelling.map(|(rows, what)| format!("{rows} row(s) {what}")));
        Ok(labels)
    }

    /// The cells of all splits, the training split first.
    fn all(&self) -> impl Iterator<Item = (&Cell, &Seen)> {
        self.train.iter().chain(&self.others)
    }

    fn check_lists(&self) -> Result<(), LabelProblem> {
        let lists = self.all().filter_map(|(cell, seen)| match cell {
            Cell::Several(list) => Some((list, seen)),
            _ => None,
        });
        let mut lists = lists.peekable();
        let Some((_, first)) = lists.peek().copied() else { return Ok(()) };
        let (mut rows, mut example, mut first) = (0, "", first);
        for (list, seen) in lists {
            rows += seen.rows;
            if example.is_empty()
                || (seen.first.path == first.first.path && seen.first.number < first.first.number)
            {
                (example, first) = (list, seen);
            }
        }
        let labelled = self.all().filter(|(cell, _)| cell.name().is_some()).map(|(_, seen)| seen.rows);
        Err(LabelProblem::Several {
            rows,
            first: first.first.clone(),
            example: example.to_owned(),
            ones: self.unlisted,
            plain: labelled.sum::<usize>() - self.unlisted,
        })
    }

    /// The class names that the files state, with the first file that states names; `None` if no file does.
    fn stated(&self, card: &[String]) -> Result<Option<(PathBuf, Vec<String>)>, LabelProblem> {
        let Some((path, names)) =
            self.files.iter().find_map(|(path, names)| Some((path.clone(), names.clone()?)))
        else {
            return Ok(None);
        };
        if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
            return Err(LabelProblem::Repeated { path, names });
        }
        for (other, other_names) in &self.files {
            let contradicts = match other_names {
                Some(other_names) => *other_names != names,
                // The file's numbers may be names as well as indices.
                None => names.iter().any(|name| is_number(name)),
            };
            if contradicts {
                let (other, other_names) = (other.clone(), other_names.clone().unwrap_or_default());
                return Err(LabelProblem::FileNames { path, names, other, other_names });
            }
        }
        if !card.is_empty() && card != names {
            return Err(LabelProblem::CardNames { card: card.to_vec(), path, file: names });
        }
        Ok(Some((path, names)))
    }

    /// Refuses class numbers from 0 on where the card's labels are numbers from 1 on: all labels would be one
    /// off, and only the first class would be missing.
    fn check_shift(&self, card: &[String]) -> Result<(), LabelProblem> {
        let numbers = self.numbers(true);
        let largest = numbers.keys().copied().max().unwrap_or_default();
        let are_numbers = card.iter().all(|name| is_number(name));
        match numbers.get(&0) {
            Some((_, seen))
                if are_numbers
                    && usize::try_from(largest).is_ok_and(|largest| largest < card.len())
                    && !card.iter().any(|name| name == "0") =>
            {
                Err(LabelProblem::Shifted { card: card.to_vec(), largest, location: seen.first.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The numbers in the column, each with its first name. With `minus_one_is_none`, -1 is left out.
    fn numbers(&self, minus_one_is_none: bool) -> BTreeMap<i64, (&str, Seen)> {
        let mut numbers: BTreeMap<i64, (&str, Seen)> = BTreeMap::new();
        for (cell, seen) in self.all() {
            if let Cell::Number { value, name } = cell
                && !(minus_one_is_none && *value == -1)
            {
                let first = numbers.entry(*value);
                let first = first.and_modify(|(_, first)| first.rows += seen.rows);
                first.or_insert_with(|| (name.as_str(), seen.clone()));
            }
        }
        numbers
    }

    /// The labels in the training split: in the order of the numbers if all labels are numbers, else in the
    /// order of the names.
    fn discover(&self) -> Result<Labels, LabelProblem> {
        let all = self.numbers(false);
        let names = self.texts();
        // Class numbers start at 0. Beside another negative number, -1 is a label like any other.
        let smallest = all.keys().next().copied().unwrap_or_default();
        let minus_one_is_none = smallest == -1 && (names.is_empty() || all.len() == 1);
        let numbers = self.numbers(minus_one_is_none);
        let mut notes = Vec::new();
        if let Some((name, seen)) = names.iter().find(|(name, _)| is_written_list(name)) {
            return Err(LabelProblem::WrittenList {
                name: (*name).to_owned(),
                separator: SEPARATOR.to_string(),
                location: seen.first.clone(),
                is_one: true,
            });
        }
        self.check_kinds(&numbers, &names, &mut notes)?;
        self.check_variants()?;

        let found: BTreeMap<&str, &Seen> = self
            .train
            .iter()
            .filter(|(cell, _)| !(minus_one_is_none && matches!(cell, Cell::Number { value: -1, .. })))
            .filter_map(|(cell, seen)| Some((self.name_of(cell)?, seen)))
            .collect();
        Self::check_distinct(&found, &numbers)?;
        if names.is_empty() && numbers.len() > MANY_NUMBERS {
            notes.push(format!(
                "the labels are {} different numbers: each is a class of its own, and none is more than another",
                numbers.len()
            ));
        }
        if smallest < -1 && all.contains_key(&-1) {
            notes.push(format!("-1 is a label, as {smallest} is one"));
        }
        let mut names: Vec<String> = found.into_keys().map(str::to_owned).collect();
        if names.iter().all(|name| is_number(name)) {
            names.sort_by_key(|name| name.parse::<i64>().unwrap_or_default());
        }
        Ok(Labels {
            set: LabelSet::new(names, None),
            notes,
            numbers: NumberMeaning::Names,
            minus_one_is_none,
        })
    }

    /// The texts in the column, each with its first cell.
    fn texts(&self) -> BTreeMap<&str, &Seen> {
        let mut texts = BTreeMap::new();
        for (cell, seen) in self.all() {
            if let Cell::Name(name) = cell {
                texts.entry(name.as_str()).or_insert(seen);
            }
        }
        texts
    }

    /// Refuses numbers that are not classes, and kinds of labels that don't go together.
    fn check_kinds(
        &self,
        numbers: &BTreeMap<i64, (&str, Seen)>,
        names: &BTreeMap<&str, &Seen>,
        notes: &mut Vec<String>,
    ) -> Result<(), LabelProblem> {
        let written = || numbers.values().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        let is_truth = |name: &str| name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false");
        let is_missing = |name: &str| MISSING_MARKS.iter().any(|mark| name.eq_ignore_ascii_case(mark));
        let mixed = |others: Vec<(&str, &Seen)>| {
            let location = others.first().map(|(_, seen)| seen.first.clone());
            // A name that two splits have is said once.
            let mut known = BTreeSet::new();
            let names = others.iter().filter(|(name, _)| known.insert(*name));
            let names = names.map(|(name, _)| (*name).to_owned()).collect();
            location.map(|location| match written() {
                numbers if numbers.is_empty() => LabelProblem::Truths { names, location },
                numbers => LabelProblem::Mixed { numbers, names, location },
            })
        };
        let others: Vec<(&str, &Seen)> = names.iter().map(|(name, seen)| (*name, *seen)).collect();
        let fractions: Vec<(&str, bool, &Seen)> = self
            .all()
            .filter_map(|(cell, seen)| match cell {
                Cell::Fraction { text, typed } => Some((text.as_str(), *typed, seen)),
                _ => None,
            })
            .collect();
        if fractions.iter().any(|(_, typed, _)| *typed)
            || (!fractions.is_empty() && names.keys().all(|name| is_missing(name)))
        {
            let texts: BTreeSet<&str> = fractions.iter().map(|(text, ..)| *text).collect();
            let whole: BTreeSet<&str> = numbers.values().map(|(name, _)| *name).collect();
            let rows = fractions.iter().map(|(.., seen)| *seen).chain(numbers.values().map(|(_, seen)| seen));
            return Err(LabelProblem::Measures {
                distinct: texts.len() + whole.len(),
                rows: rows.map(|seen| seen.rows).sum(),
                examples: texts.into_iter().take(5).map(str::to_owned).collect(),
            });
        }
        let truths: Vec<(&str, &Seen)> = self
            .all()
            .filter_map(|(cell, seen)| Some((cell.name().filter(|_| matches!(cell, Cell::Truth(_)))?, seen)))
            .collect();
        if !truths.is_empty() && (!numbers.is_empty() || !names.keys().all(|name| is_truth(name))) {
            return mixed(truths.into_iter().chain(others).collect()).map_or(Ok(()), Err);
        }
        // A measure with a name in it is a measure with a fault; versions and codes beside each other are names.
        let measures: BTreeSet<&str> = fractions.iter().map(|(text, ..)| *text).collect();
        let examples = || measures.iter().take(5).copied().collect::<Vec<_>>().join(", ");
        let real: Vec<&(&str, &Seen)> = others.iter().filter(|(name, _)| !is_missing(name)).collect();
        let distinct = measures.len() + numbers.len();
        if let [(name, seen)] = real.as_slice()
            && !measures.is_empty()
            && distinct > 1
        {
            let (name, location) = (quoted(name), seen.first.clone());
            return Err(LabelProblem::MeasuresAndName { distinct, examples: examples(), name, location });
        }
        if names.is_empty() || (numbers.is_empty() && measures.is_empty()) {
            return Ok(());
        }
        // 0, 1, 2 beside names may be the indices of the names; codes like 250 and V27 are names.
        let counts_up = !numbers.is_empty() && numbers.keys().copied().eq((0..).take(numbers.len()));
        if counts_up || real.is_empty() {
            return mixed(others).map_or(Ok(()), Err);
        }
        if !measures.is_empty() {
            notes.push(format!(
                "the labels are numbers ({}) and names ({}): each is taken for a name; to predict a number, mend the names and \
                 set problem_type=regression",
                examples(),
                few(&names.keys().collect::<Vec<_>>())
            ));
            return Ok(());
        }
        notes.push(format!(
            "the labels are numbers ({}) and names ({}): each is taken for a name",
            few(&written()),
            few(&names.keys().collect::<Vec<_>>())
        ));
        Ok(())
    }

    /// Refuses labels that are most likely one label in several spellings.
    fn check_variants(&self) -> Result<(), LabelProblem> {
        let mut groups: BTreeMap<String, BTreeMap<&str, &Seen>> = BTreeMap::new();
        for (cell, seen) in self.all() {
            let Some(name) = self.name_of(cell) else { continue };
            let key = match cell {
                Cell::Number { value, .. } => value.to_string(),
                _ => folded(name),
            };
            groups.entry(key).or_default().entry(name).or_insert(seen);
        }
        match groups.into_values().find(|names| names.len() > 1) {
            None => Ok(()),
            Some(group) => {
                let location = group.values().nth(1).map(|seen| seen.first.clone());
                let names = group.into_keys().map(str::to_owned).collect();
                location.map_or(Ok(()), |location| Err(LabelProblem::Variants { names, location }))
            }
        }
    }

    /// The name of a cell's label. Beside truth values, a text is a truth value in any case of its letters.
    fn name_of<'a>(&self, cell: &'a Cell) -> Option<&'a str> {
        let name = cell.name()?;
        Some(match cell {
            Cell::Name(_) if self.has_truths() => {
                if name.eq_ignore_ascii_case("true") {
                    "true"
                } else {
                    "false"
                }
            }
            _ => name,
        })
    }

    fn has_truths(&self) -> bool {
        self.all().any(|(cell, _)| matches!(cell, Cell::Truth(_)))
    }

    /// Refuses a column that has nearly as many labels as rows.
    fn check_distinct(
        found: &BTreeMap<&str, &Seen>,
        numbers: &BTreeMap<i64, (&str, Seen)>,
    ) -> Result<(), LabelProblem> {
        let rows: usize = found.values().map(|seen| seen.rows).sum();
        let distinct = found.len();
        let alone = found.values().filter(|seen| seen.rows == 1).count();
        let too_many =
            (rows >= ENOUGH_ROWS && distinct * 2 > rows) || (distinct > MANY_LABELS && alone * 2 > distinct);
        if !too_many {
            return Ok(());
        }
        let examples = found.keys().take(3).map(|name| (*name).to_owned()).collect();
        Err(if numbers.len() >= distinct {
            LabelProblem::Measures { distinct, rows, examples }
        } else {
            LabelProblem::Texts { distinct, rows, examples }
        })
    }
}

#[cfg(test)]
mod tests;
