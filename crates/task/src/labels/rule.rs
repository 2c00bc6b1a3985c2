//! [`Labels`]: which label the cell of a row is.

use super::cell::Cell;
use super::set::LabelSet;
use crate::ExampleProblem;
use embert_data::Card;
use embert_data::Value;

/// The meaning of a column's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Names, like any other text.
    Names,
    /// Indices of the labels.
    Indices,
}

/// The labels of a data set, and the rule by which a cell is one of them.
#[derive(Clone, Debug)]
pub struct Labels {
    /// The labels, by index.
    pub set: LabelSet,
    /// What was decided where the files leave it open: sentences to show the user.
    pub notes: Vec<String>,
    pub(super) numbers: Numbers,
    /// Whether -1 means that there is no label.
    pub(super) minus_one_is_none: bool,
}

impl From<LabelSet> for Labels {
    /// Labels that are called by their names alone.
    fn from(set: LabelSet) -> Self {
        Self { set, notes: Vec::new(), numbers: Numbers::Names, minus_one_is_none: false }
    }
}

impl Labels {
    /// The card's labels: numbers are their indices unless some of them are numbers themselves.
    pub(super) fn of_card(card: &Card) -> Self {
        let are_names = !card.class_numbers && card.labels.iter().any(|name| is_number(name));
        Self {
            set: LabelSet::new(card.labels.clone(), card.positive.as_deref()),
            notes: Vec::new(),
            numbers: if are_names { Numbers::Names } else { Numbers::Indices },
            minus_one_is_none: card.class_numbers
                || !card.labels.iter().any(|name| name.parse::<f64>().is_ok_and(|number| number < 0.0)),
        }
    }

    /// The index of a cell's label; `None` for a cell that means "no label".
    ///
    /// # Errors
    /// The cell is none of the labels.
    pub fn index(&self, value: Option<&Value>) -> Result<Option<usize>, ExampleProblem> {
        let (cell, _) = Cell::of(value);
        let is_index = self.numbers == Numbers::Indices && matches!(cell, Cell::Number { .. });
        // A card may list a label with its white space.
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
            Cell::Number { value, .. } if self.numbers == Numbers::Indices => {
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
            known: self.set.names().to_vec(),
            similar: cell.name().and_then(|name| self.similar(name)),
        })
    }

    /// True for a cell with the -1 that means "no label".
    pub fn is_minus_one(&self, value: Option<&Value>) -> bool {
        self.minus_one_is_none && matches!(Cell::of(value).0, Cell::Number { value: -1, .. })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.set.names().iter().position(|known| known == name)
    }

    /// The only label with this numeric value, in whatever spelling.
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

    /// The index of a truth value: of the label `true` or `false`, or of the label 1 or 0.
    fn truth_position(&self, truth: bool) -> Option<usize> {
        let name = truth.to_string();
        let named = self.set.names().iter().position(|known| known.eq_ignore_ascii_case(&name));
        named.or_else(|| match self.numbers {
            Numbers::Indices => Some(usize::from(truth)).filter(|index| *index < self.set.len()),
            Numbers::Names => self.numeric_position(truth.into()),
        })
    }

    /// The truth value that a text spells, in a data set with the labels `false` and `true` alone.
    fn truth_of(&self, text: &str) -> Option<bool> {
        let truths = self.set.names() == ["false", "true"];
        text.to_ascii_lowercase().parse().ok().filter(|_| truths)
    }

    fn similar(&self, name: &str) -> Option<Box<str>> {
        let key = folded(name);
        self.set.names().iter().find(|known| folded(known) == key).map(|known| known.as_str().into())
    }
}

/// A label in lower case and with single spaces: the same for all spellings of the label.
pub(super) fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// True for the name of a whole number.
pub(super) fn is_number(name: &str) -> bool {
    name.parse::<i64>().is_ok()
}
