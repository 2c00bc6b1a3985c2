//! [`QuestionLabels`]: what the questions of a data set are.

use std::collections::HashMap;
use std::sync::Arc;

use embert_data::{
    Card, LoadedRows, Location, QuestionColumns, QuestionIds, QuestionProblem, Row, question_of,
};

use super::example::QuestionExample;
use crate::ExampleProblem;

/// The columns of a data set of questions, and what was found in them.
#[derive(Clone, Debug)]
pub struct QuestionLabels {
    columns: QuestionColumns,
    /// Whether a question has no answer in its context.
    has_unanswerable: bool,
    /// The rows whose id an earlier row of the same split has, with that row.
    repeated: Arc<HashMap<u64, Location>>,
}

impl QuestionLabels {
    /// What the questions of all splits that are used are.
    pub(super) fn read(card: &Card, rows: &LoadedRows) -> Self {
        let columns = QuestionColumns::of(card);
        let (mut has_unanswerable, mut repeated) = (false, HashMap::new());
        for (split, _) in rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used) {
            let mut ids = QuestionIds::default();
            for row in &split.rows {
                // A row that can't be used is reported where it becomes an example.
                let Ok(question) = question_of(&row.row, &columns) else { continue };
                has_unanswerable |= question.answers.as_ref().is_some_and(Vec::is_empty);
                let Some(id) = &question.id else { continue };
                if let Err(first) = ids.insert(id, &row.location) {
                    repeated.insert(row.id, first);
                }
            }
        }
        Self { columns, has_unanswerable, repeated: Arc::new(repeated) }
    }

    /// Whether a question of the data set has no answer in its context.
    pub fn has_unanswerable(&self) -> bool {
        self.has_unanswerable
    }

    /// The example of a row.
    pub(super) fn example(&self, id: u64, row: &Row) -> Result<QuestionExample, ExampleProblem> {
        let question = question_of(row, &self.columns)?;
        if question.answers.is_none() {
            return Err(ExampleProblem::NoLabel { minus_one: false });
        }
        if let (Some(first), Some(name)) = (self.repeated.get(&id), &question.id) {
            return Err(QuestionProblem::duplicate(name, first.clone()).into());
        }
        let document = self.columns.document.as_deref().and_then(|name| row.text(name).ok());
        Ok(QuestionExample { id, question, document: document.map(str::to_owned) })
    }
}
