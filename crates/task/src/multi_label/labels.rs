//! [`LabelSets`]: the labels of a data set of several labels, and the rule by which a row's values are labels.

use std::collections::BTreeMap;

use embert_data::{Card, LoadedRows, LocatedRow, Location, Row, SplitKind, Value, shown};

use crate::{ExampleProblem, LabelColumn, LabelProblem, LabelSet, Labels, TaskError};

/// What separates labels within a text, unless the card states it.
pub(crate) const SEPARATOR: char = '|';

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
        let mut first: BTreeMap<String, &Location> = BTreeMap::new();
        for (split, _) in rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used) {
            for file in &split.files {
                column.add_file(&file.path, file.class_names.as_deref());
            }
            for LocatedRow { location, row, .. } in &split.rows {
                let value = row.get(&card.columns.label);
                let Some(values) = values(value, separator) else { continue };
                separated += usize::from(matches!(value, Some(Value::Text(_))) && values.len() > 1);
                repeated += usize::from((1..values.len()).any(|end| values[..end].contains(&values[end])));
                for value in values.iter().filter(|value| !matches!(value, Value::List(_))) {
                    if let Value::Text(name) = value {
                        first.entry(name.trim().to_owned()).or_insert(location);
                    }
                    column.add(Some(value), location, split.split == SplitKind::Train);
                }
            }
        }
        check_separator(card, separated, &first).map_err(|problem| TaskError::Labels {
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
                None if *value == Value::Null || is_minus_one(value) => missing = Some((name, value)),
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

/// Refuses a stated separator that no row has, lists that are written as texts, and labels that look like
/// several labels with another separator between them. `separated` is the number of rows with the separator,
/// `first` each text with its first row.
fn check_separator(
    card: &Card,
    separated: usize,
    first: &BTreeMap<String, &Location>,
) -> Result<(), LabelProblem> {
    if let Some(stated) = &card.label_separator
        && separated == 0
    {
        let examples = first.keys().take(3).cloned().collect();
        return Err(LabelProblem::NoSeparator { stated: stated.clone(), examples });
    }
    if !card.labels.is_empty() {
        return Ok(());
    }
    let is_list = |name: &str| name.starts_with('[') && name.ends_with(']');
    if let Some((name, location)) = first.iter().find(|(name, _)| is_list(name)) {
        let (name, location) = (name.clone(), Location::clone(location));
        return Err(LabelProblem::WrittenList { name, separator: separator(card), location });
    }
    let is_several = |name: &str, separator: char| {
        let mut parts = name.split(separator).map(str::trim);
        name.contains(separator) && parts.any(|part| first.contains_key(part))
    };
    for (name, location) in first {
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

fn is_minus_one(value: &Value) -> bool {
    matches!(value, Value::Integer(-1)) || matches!(value, Value::Text(text) if text.trim() == "-1")
}
