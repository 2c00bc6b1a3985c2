//! [`Cell`]: a cell of the label's column, read without the rest of the column.

use embert_data::Value;

/// A cell of the label's column. Formats don't differ: 1 of JSON, 1.0 of Parquet and `1` of CSV are one
/// number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    /// No value: null, NaN (which pandas writes for null), or a text of white space alone.
    Missing,
    /// A truth value, in a format that has them.
    Truth(bool),
    /// A whole number and its name as a label: the number as written (`01`), but 1 for 1.0.
    Number {
        /// The value.
        value: i64,
        /// The number's name as a label.
        name: String,
    },
    /// A number that is not whole, or a float too large to be exact.
    Fraction {
        /// The number as written.
        text: String,
        /// True for a number in a format that has numbers, false for a text that looks like a number.
        typed: bool,
    },
    /// A text, without outer white space.
    Name(String),
    /// A list of several values, an empty or nested list, or a struct, as JSON writes it.
    Several(String),
}

/// The changes that made a [`Cell`] of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// White space around a text was removed.
    pub(crate) trimmed: bool,
    /// A whole number was written as a float or with a fraction of zero.
    pub(crate) point: bool,
    /// A list of one value was read as its value.
    pub(crate) unlisted: bool,
}

impl Cell {
    /// The cell of a value; `None` is the value of a row without the label's column.
    pub(crate) fn of(value: Option<&Value>) -> (Self, Changes) {
        let mut changes = Changes::default();
        let cell = match value {
            None | Some(Value::Null) => Self::Missing,
            Some(Value::Boolean(truth)) => Self::Truth(*truth),
            Some(Value::Integer(number)) => Self::Number { value: *number, name: number.to_string() },
            Some(Value::Float(number)) if number.is_nan() => Self::Missing,
            Some(Value::Float(number)) => match whole(*number) {
                Some(whole) => {
                    changes.point = true;
                    whole
                }
                None => Self::Fraction { text: format!("{number:?}"), typed: true },
            },
            Some(Value::Text(text)) => {
                let trimmed = text.trim();
                changes.trimmed = trimmed.len() < text.len() && !trimmed.is_empty();
                let (cell, point) = Self::of_text(trimmed);
                changes.point = point;
                cell
            }
            // A struct is refused like a list of several labels.
            Some(Value::Struct(row)) => Self::Several(row.to_string()),
            Some(Value::List(values)) => match values.as_slice() {
                [Value::List(_)] => Self::Several(Value::List(values.clone()).to_string()),
                [one] => {
                    let (cell, of_one) = Self::of(Some(one));
                    return (cell, Changes { unlisted: true, ..of_one });
                }
                _ => Self::Several(Value::List(values.clone()).to_string()),
            },
        };
        (cell, changes)
    }

    /// The cell of a text without outer white space, and whether the text is a whole number with a fraction
    /// of zero.
    fn of_text(text: &str) -> (Self, bool) {
        if text.is_empty() {
            return (Self::Missing, false);
        }
        // No exponents: 1e5 is more often a code than a number.
        let plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
        if plain && let Ok(value) = text.parse() {
            return (Self::Number { value, name: text.to_owned() }, false);
        }
        if plain
            && text.contains('.')
            && let Ok(number) = text.parse()
        {
            return match whole(number) {
                Some(whole) => (whole, true),
                None => (Self::Fraction { text: text.to_owned(), typed: false }, false),
            };
        }
        (Self::Name(text.to_owned()), false)
    }

    /// The name of the cell's label, if no card states names; `None` for a cell that can't be a label.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Missing | Self::Several(_) => None,
            Self::Truth(truth) => Some(if *truth { "true" } else { "false" }),
            Self::Number { name, .. } => Some(name),
            Self::Fraction { text, .. } | Self::Name(text) => Some(text),
        }
    }
}

/// The cell of a float that is a whole number below 2^53; every whole number below 2^53 is an exact float.
fn whole(number: f64) -> Option<Cell> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    (number.fract() == 0.0 && number.abs() < EXACT).then(|| {
        let value = number as i64;
        Cell::Number { value, name: value.to_string() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "each call makes one")]
    fn cell(value: Value) -> Cell {
        Cell::of(Some(&value)).0
    }

    fn text(text: &str) -> Cell {
        cell(Value::Text(text.to_owned()))
    }

    fn number(value: i64, name: &str) -> Cell {
        Cell::Number { value, name: name.to_owned() }
    }

    #[test]
    fn one_number_is_one_cell_in_every_format() {
        for value in
            [Value::Integer(1), Value::Float(1.0), Value::Text("1".into()), Value::Text(" 1.0 ".into())]
        {
            assert_eq!(cell(value), number(1, "1"));
        }
        assert_eq!(text("01"), number(1, "01"));
        assert_eq!(text("+1"), number(1, "+1"));
        assert_eq!(text("-1.0"), number(-1, "-1"));
        assert_eq!(cell(Value::Float(0.5)), Cell::Fraction { text: "0.5".into(), typed: true });
        assert_eq!(text("250.01"), Cell::Fraction { text: "250.01".into(), typed: false });
        assert_eq!(cell(Value::Float(f64::INFINITY)), Cell::Fraction { text: "inf".into(), typed: true });
    }

    #[test]
    fn what_only_looks_like_a_number_is_a_name() {
        for name in ["1e5", "nan", "inf", "1-2", "-", ".", "1.2.3", "99999999999999999999", "0x10", "1,5"] {
            assert_eq!(text(name), Cell::Name(name.into()));
        }
    }

    #[test]
    fn nothing_is_nothing_in_every_format() {
        for value in
            [Value::Null, Value::Float(f64::NAN), Value::Text(String::new()), Value::Text(" \t".into())]
        {
            assert_eq!(Cell::of(Some(&value)), (Cell::Missing, Changes::default()));
        }
        assert_eq!(Cell::of(None).0, Cell::Missing);
        assert_eq!(cell(Value::List(vec![Value::Null])), Cell::Missing);
    }

    #[test]
    fn a_list_of_one_is_what_is_in_it() {
        let one = Value::List(vec![Value::Text(" pos".into())]);
        let changes = Changes { unlisted: true, trimmed: true, point: false };
        assert_eq!(Cell::of(Some(&one)), (Cell::Name("pos".into()), changes));
        for several in [vec![], vec![Value::Integer(1), Value::Integer(2)], vec![one]] {
            assert!(matches!(cell(Value::List(several)), Cell::Several(_)));
        }
    }
}
