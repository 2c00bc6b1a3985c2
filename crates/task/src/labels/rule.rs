//! [`Labels`]: the rule by which a cell is a label.

use super::cell::Cell;
use super::set::LabelSet;
use crate::ExampleProblem;
use embert_data::Card;
use embert_data::Value;

/// The meaning of a column's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberMeaning {
    /// Names, like any other text.
    Names,
    /// Indices of the labels, from 0.
    Indices,
}

/// The labels of a data set, and the rule by which a cell is a label.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The labels in the data set's order.
    pub set: LabelSet,
    /// Sentences to show the user, on decisions that the files left open.
    pub notes: Vec<String>,
    pub(super) numbers: NumberMeaning,
    /// Whether -1 means "no label".
    pub(super) minus_one_is_none: bool,
}

impl From<LabelSet> for Labels {
    /// Labels whose cells are names: numbers are names too, and -1 is not "no label".
    fn from(set: LabelSet) -> Self {
        Self { set, notes: Vec::new(), numbers: NumberMeaning::Names, minus_one_is_none: false }
    }
}

impl Labels {
    /// The card's labels. Numbers in the files are indices of the labels, unless one of the labels is a
    /// number itself and the card doesn't set `class_numbers`.
    pub(super) fn of_card(card: &Card) -> Self {
        let are_names = !card.class_numbers && card.labels.iter().any(|name| is_number(name));
        Self {
            set: LabelSet::new(card.labels.clone(), card.positive.as_deref()),
            notes: Vec::new(),
            numbers: if are_names { NumberMeaning::Names } else { NumberMeaning::Indices },
            minus_one_is_none: card.class_numbers
                || !card.labels.iter().any(|name| name.parse::<f64>().is_ok_and(|number| number < 0.0)),
        }
    }

    /// The data set's number of a cell's label; `None` for a cell that means "no label".
    ///
    /// # Errors
    /// The cell is not a known label, or is a list of several labels.
    pub fn index(&self, value: Option<&Value>) -> Result<Option<usize>, ExampleProblem> {
        let (cell, _) = Cell::of(value);
        let is_index = self.numbers == NumberMeaning::Indices && matches!(cell, Cell::Number { .. });
        // A card may list a label with white space around the name.
        if let Some(Value::Text(text)) = value
            && !is_index
            && let Some(index) = self.position(text)
        {
            return Ok(Some(index));
        }
        let index = match &cell {
            Cell::Missing => return Ok(None),
            Cell::Several(list) => return Err(ExampleProblem::SeveralLabels { found: list.clone() }),
            Cell::Number { value: -1, .. } if self.minus_one_is_none => return Ok(None),
            Cell::Number { value, .. } if self.numbers == NumberMeaning::Indices => {
                usize::try_from(*value).ok().filter(|index| *index < self.set.len())
            }
            Cell::Number { value, name } => self.position(name).or_else(|| self.numeric_position(*value)),
            Cell::Truth(truth) => self.truth_position(*truth),
            Cell::Name(name) | Cell::Fraction { text: name, .. } => {
                self.position(name).or_else(|| self.truth_position(self.truth_of(name)?))
            }
        };
        index.map(Some).ok_or_else(|| ExampleProblem::UnknownLabel {
            found: value.unwrap_or(&Value::Null).to_string(),
            known: self.set.shared_names(),
            similar: cell.name().and_then(|name| self.similar(name)),
        })
    }

    /// Whether the cell is -1 and -1 means "no label".
    pub fn is_minus_one(&self, value: Option<&Value>) -> bool {
        self.minus_one_is_none && matches!(Cell::of(value).0, Cell::Number { value: -1, .. })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.set.names().iter().position(|known| known == name)
    }

    /// The index of the only label with this numeric value, in any spelling; `None` if several labels have
    /// the value.
    fn numeric_position(&self, value: i64) -> Option<usize> {
        #[allow(clippy::float_cmp, clippy::cast_precision_loss, reason = "whole numbers below 2^53")]
        let is = |name: &String| {
            name.parse::<i64>().is_ok_and(|number| number == value)
                || name.parse::<f64>().is_ok_and(|number| number == value as f64)
        };
        let mut found = self.set.names().iter().enumerate().filter(|(_, name)| is(name));
        let first = found.next().map(|(index, _)| index);
        first.filter(|_| found.next().is_none())
    }

    /// The index of a truth value's label: the label named `true` or `false`, else the second or first
    /// label, or, where numbers are names, the label named 1 or 0.
    fn truth_position(&self, truth: bool) -> Option<usize> {
        let name = truth.to_string();
        let named = self.set.names().iter().position(|known| known.eq_ignore_ascii_case(&name));
        named.or_else(|| match self.numbers {
            NumberMeaning::Indices => Some(usize::from(truth)).filter(|index| *index < self.set.len()),
            NumberMeaning::Names => self.numeric_position(truth.into()),
        })
    }

    /// The truth value that a text spells, if the labels are exactly `false` and `true`.
    fn truth_of(&self, text: &str) -> Option<bool> {
        let truths = self.set.names() == ["false", "true"];
        text.to_ascii_lowercase().parse().ok().filter(|_| truths)
    }

    fn similar(&self, name: &str) -> Option<Box<str>> {
        let key = folded(name);
        self.set.names().iter().find(|known| folded(known) == key).map(|known| known.as_str().into())
    }
}

/// A label in lower case and with single spaces: equal for all spellings of the label.
pub(super) fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// True for a list that is written as a text: as JSON or Python write it (`['a', 'b']`, `[0, 1]`, `[]`), or
/// `NumPy` (`['a' 'b']`).
pub(super) fn is_written_list(name: &str) -> bool {
    let Some(inner) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return false };
    let inner = inner.trim();
    let is_quoted = |quote| inner.len() > 1 && inner.starts_with(quote) && inner.ends_with(quote);
    let mut parts = inner.split([',', ' ']).filter(|part| !part.is_empty());
    is_quoted('\'') || is_quoted('"') || parts.all(|part| part.parse::<f64>().is_ok())
}

/// True for the name of a whole number.
pub(super) fn is_number(name: &str) -> bool {
    name.parse::<i64>().is_ok()
}
