//! What a row's value is as a number.

use embert_data::{Card, LoadedRows, LocatedRow, Value, shown};

use crate::{ExampleProblem, LabelProblem, TaskError};

/// The largest number: the squares of 16,777,216 of them, the examples of the largest step, are a number of
/// 32 bits.
const LARGEST: f64 = 1e15;

/// Strata of a split.
const STRATA: usize = 10;

/// What the numbers of a data set mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// Whether -1 means "no number", as in the test splits of GLUE.
    pub minus_one_is_none: bool,
    /// The deciles of the training numbers, ascending, each once: from where on a number is in the next
    /// stratum.
    pub borders: Vec<f64>,
}

/// The deciles of numbers, each once.
fn deciles(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    let mut borders: Vec<f64> =
        (1..STRATA).filter_map(|tenth| numbers.get(numbers.len() * tenth / STRATA).copied()).collect();
    borders.dedup();
    borders
}

/// Whether a label's value is a number, or none at all.
pub(crate) fn is_number(value: &Value) -> bool {
    !matches!(of(Some(value)), Err(ExampleProblem::NoNumber { .. }))
}

/// The number of a row's value; `None` for a row without a number: null, white space or NaN.
pub(crate) fn of(value: Option<&Value>) -> Result<Option<f64>, ExampleProblem> {
    let refuse = |value: &Value| ExampleProblem::NoNumber { found: shown(&value.to_string()) };
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Integer(number)) => *number as f64,
        Some(Value::Float(number)) => *number,
        Some(Value::Text(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::Text(text)) => text.trim().parse().map_err(|_| refuse(&Value::Text(text.clone())))?,
        Some(Value::List(values)) => match values.as_slice() {
            [one] if !matches!(one, Value::List(_)) => return of(Some(one)),
            _ => return Err(refuse(&Value::List(values.clone()))),
        },
        Some(other) => return Err(refuse(other)),
    };
    // As a table writes NaN.
    if number.is_nan() {
        return Ok(None);
    }
    if !number.is_finite() {
        return Err(ExampleProblem::NoNumber { found: number.to_string() });
    }
    if number.abs() > LARGEST {
        return Err(ExampleProblem::LargeNumber { found: format!("{number:e}") });
    }
    Ok(Some(number))
}

/// Decides what -1 means: "no number" where a validation or test split has nothing else, and no training
/// number is below 0. Refuses a training split whose numbers are all the same, and class numbers that have
/// names. With `skip`, a row without a number is no error.
pub(crate) fn read(card: &Card, rows: &LoadedRows, skip: bool) -> Result<Numbers, TaskError> {
    let column = &card.columns.label;
    let refuse = |problem| TaskError::Labels { column: column.clone(), problem: Box::new(problem) };
    let used = || rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used).map(|(split, _)| split);
    let named = used().flat_map(|split| &split.files).find(|file| file.class_names.is_some());
    if let Some(file) = named {
        return Err(refuse(LabelProblem::NamedNumbers {
            path: file.path.clone(),
            names: file.class_names.clone().unwrap_or_default(),
        }));
    }
    let train = &rows.splits[0].rows;
    let of_split = |rows: &[LocatedRow]| -> Vec<f64> {
        rows.iter().filter_map(|row| of(row.row.get(column)).ok().flatten()).collect()
    };
    let of_train = of_split(train);
    #[allow(clippy::float_cmp, reason = "-1 is exact")]
    let is_minus_one = |number: &f64| *number == -1.0;
    let minus_one_is_none = of_train.iter().all(|number| *number >= 0.0)
        && used().skip(1).any(|split| {
            let numbers = of_split(&split.rows);
            !numbers.is_empty() && numbers.iter().all(is_minus_one)
        });
    // A row that can't be used is reported where it becomes an example.
    let are_numbers = skip || train.iter().all(|row| matches!(of(row.row.get(column)), Ok(Some(_))));
    #[allow(clippy::float_cmp, reason = "the same number is the same bits")]
    if let [first, others @ ..] = of_train.as_slice()
        && !others.is_empty()
        && others.iter().all(|number| number == first)
        && are_numbers
    {
        return Err(refuse(LabelProblem::OneNumber { number: first.to_string(), rows: of_train.len() }));
    }
    Ok(Numbers { minus_one_is_none, borders: deciles(of_train) })
}
