//! [`LabelSets`]: the labels of a data set of several labels, and the rule by which a row's values are labels.

use std::collections::{BTreeMap, BTreeSet};

use embert_data::{Card, LoadedRows, LocatedRow, Location, Row, SplitKind, Value, shown};

use crate::labels::problem::SEPARATOR;
use crate::{ExampleProblem, LabelColumn, LabelProblem, LabelSet, Labels, TaskError};

/// What separators there are.
pub(crate) const SEPARATORS: [char; 3] = [SEPARATOR, ';', ','];

/// The labels of a data set of several labels, in the data set's order.
#[derive(Clone, Debug)]
pub struct LabelSets {
    /// The rule by which a single value is a label.
    pub(super) labels: Labels,
    form: Form,
}

/// How the rows state their labels.
#[derive(Clone, Debug)]
enum Form {
    /// In one column: a list, or a text in which this separates the labels.
    List(String),
    /// In a column of 0 and 1 for each label.
    Columns,
}

impl LabelSets {
    /// Decides which labels there are.
    pub(super) fn read(card: &Card, rows: &LoadedRows, skip: bool) -> Result<(Self, Vec<String>), TaskError> {
        if !card.label_columns.is_empty() {
            let labels = Labels::from(LabelSet::new(card.label_columns.clone(), None));
            return Ok((Self { labels, form: Form::Columns }, Vec::new()));
        }
        let separator = separator(card);
        let separator = separator.as_str();
        let mut column = LabelColumn::default();
        let (mut separated, mut repeated) = (0, 0);
        let mut texts = Texts::default();
        for (split, _) in rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used) {
            for file in &split.files {
                column.add_file(&file.path, file.class_names.as_deref());
            }
            for LocatedRow { location, row, .. } in &split.rows {
                let value = row.get(&card.columns.label);
                let Some(values) = values(value, separator) else { continue };
                let cell = match value {
                    Some(Value::Text(text)) => Some(text.trim()),
                    _ => None,
                };
                separated += usize::from(cell.is_some() && values.len() > 1);
                if let Some(cell) = cell {
                    texts.cells.entry(cell).or_insert(location);
                }
                repeated += usize::from((1..values.len()).any(|end| values[..end].contains(&values[end])));
                for value in values.iter().filter(|value| !matches!(value, Value::List(_))) {
                    if let Value::Text(name) = value {
                        texts.names.insert(name.trim().to_owned());
                        if cell.is_some() {
                            texts.parts.entry(name.trim().to_owned()).or_insert(location);
                        }
                    }
                    column.add(Some(value), location, split.split == SplitKind::Train);
                }
            }
        }
        check_separator(card, separated, &texts).map_err(|problem| TaskError::Labels {
            column: card.columns.label.clone(),
            problem: Box::new(problem),
        })?;
        let mut labels = column.decide(card, skip)?;
        let mut notes = std::mem::take(&mut labels.notes);
        if separated > 0 {
            notes.push(format!(
                "{separated} row(s) have a text of several labels, separated by {separator:?}"
            ));
        }
        if repeated > 0 {
            notes.push(format!("{repeated} row(s) name a label twice: it counts once"));
        }
        Ok((Self { labels, form: Form::List(separator.to_owned()) }, notes))
    }

    /// The numbers of a row's labels, ascending; `None` for a row whose labels are not known.
    pub(super) fn of_row(&self, card: &Card, row: &Row) -> Result<Option<Vec<usize>>, ExampleProblem> {
        let mut found = match &self.form {
            Form::Columns => return self.of_columns(row),
            Form::List(separator) => match values(row.get(&card.columns.label), separator) {
                None => return Ok(None),
                Some(values) => self.of_values(&values)?,
            },
        };
        if let Some(found) = &mut found {
            found.sort_unstable();
            found.dedup();
        }
        Ok(found)
    }

    fn of_values(&self, values: &[Value]) -> Result<Option<Vec<usize>>, ExampleProblem> {
        let mut found = Vec::with_capacity(values.len());
        if values.iter().any(|value| matches!(value, Value::List(_))) {
            let found = shown(&Value::List(values.to_vec()).to_string());
            return Err(ExampleProblem::NestedLabels { found });
        }
        for value in values {
            match self.labels.index(Some(value))? {
                Some(label) => found.push(label),
                // The only label is -1: the row's labels are not known, as in the test splits of GLUE.
                None if values.len() == 1 => return Ok(None),
                None => {
                    return Err(ExampleProblem::NullLabel {
                        found: shown(&Value::List(values.to_vec()).to_string()),
                    });
                }
            }
        }
        Ok(Some(found))
    }

    fn of_columns(&self, row: &Row) -> Result<Option<Vec<usize>>, ExampleProblem> {
        let (mut found, mut missing) = (Vec::new(), None);
        let names = self.labels.set.names();
        for (label, name) in names.iter().enumerate() {
            let value = row.get(name).unwrap_or(&Value::Null);
            match truth(value) {
                Some(true) => found.push(label),
                Some(false) => {}
                None if is_no_indicator(value) => missing = Some((name, value)),
                None => {
                    let (column, found) = (name.clone(), shown(&value.to_string()));
                    return Err(ExampleProblem::Indicator { column, found });
                }
            }
        }
        match missing {
            None => Ok(Some(found)),
            Some(_) if names.iter().all(|name| row.get(name).is_none_or(|value| truth(value).is_none())) => {
                Ok(None)
            }
            Some((column, value)) => {
                let found =
                    if *value == Value::Null { "no value".to_owned() } else { shown(&value.to_string()) };
                let column = column.clone();
                Err(ExampleProblem::Indicator { column, found })
            }
        }
    }
}

/// What separates labels within a text.
pub(super) fn separator(card: &Card) -> String {
    card.label_separator.clone().unwrap_or_else(|| SEPARATOR.to_string())
}

/// The values of a row's labels: the elements of a list, or the parts of a text; `None` without a value.
fn values(value: Option<&Value>, separator: &str) -> Option<Vec<Value>> {
    match value? {
        Value::Null => None,
        Value::List(values) => Some(values.clone()),
        Value::Text(text) if !separator.is_empty() => {
            let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(Value::from).collect())
        }
        other => Some(vec![other.clone()]),
    }
}

/// The texts in the labels' column.
#[derive(Debug, Default)]
struct Texts<'a> {
    /// Each cell that is a text, with its first row.
    cells: BTreeMap<&'a str, &'a Location>,
    /// Each part of these cells, with its first row.
    parts: BTreeMap<String, &'a Location>,
    /// All names, those in lists too.
    names: BTreeSet<String>,
}

/// Refuses a stated separator that no row has, lists that are written as texts, and texts that look like
/// several labels with another separator between them; a list has names, whatever they look like. `separated`
/// is the number of rows with the separator.
fn check_separator(card: &Card, separated: usize, texts: &Texts<'_>) -> Result<(), LabelProblem> {
    if card.labels.is_empty() {
        let is_list = |cell: &str| cell.starts_with('[') && cell.ends_with(']');
        if let Some((cell, location)) = texts.cells.iter().find(|(cell, _)| is_list(cell)) {
            return Err(LabelProblem::WrittenList {
                name: (*cell).to_owned(),
                separator: separator(card),
                location: Location::clone(location),
                is_one: false,
            });
        }
    }
    if let Some(stated) = &card.label_separator
        && separated == 0
    {
        let examples = texts.names.iter().take(3).cloned().collect();
        return Err(LabelProblem::NoSeparator { stated: stated.clone(), examples });
    }
    if !card.labels.is_empty() {
        return Ok(());
    }
    let is_several = |name: &str, separator: char| {
        let mut parts = name.split(separator).map(str::trim);
        name.contains(separator) && parts.any(|part| texts.names.contains(part))
    };
    for (name, location) in &texts.parts {
        if let Some(separator) = SEPARATORS.into_iter().find(|separator| is_several(name, *separator)) {
            let location = Location::clone(location);
            return Err(LabelProblem::Unseparated { name: name.clone(), separator, location });
        }
    }
    Ok(())
}

/// The truth of an indicator.
#[allow(clippy::float_cmp, reason = "0 and 1 are exact")]
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(truth) => Some(*truth),
        Value::Integer(0) => Some(false),
        Value::Integer(1) => Some(true),
        Value::Float(number) if *number == 0.0 => Some(false),
        Value::Float(number) if *number == 1.0 => Some(true),
        Value::Text(text) => match text.trim() {
            "0" | "0.0" => Some(false),
            "1" | "1.0" => Some(true),
            other => other.to_ascii_lowercase().parse().ok(),
        },
        _ => None,
    }
}

/// Whether a value says that an indicator is not known.
pub(crate) fn is_no_indicator(value: &Value) -> bool {
    match value {
        Value::Null | Value::Integer(-1) => true,
        Value::Text(text) => matches!(text.trim(), "" | "-1"),
        _ => false,
    }
}
