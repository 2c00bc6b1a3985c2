//! Keys of a card that have no meaning for its task, or exclude each other.

use super::{Card, CardColumns};
use crate::task_name::{ProblemType, TaskName};

/// The tagging schemes that a card may state.
const SCHEMES: [&str; 4] = ["iob1", "iob2", "iobes", "bilou"];

impl Card {
    /// The problem of keys that have no meaning for the card's task, or exclude each other.
    pub(super) fn task_problem(&self) -> Option<String> {
        let columns = &self.columns;
        let [texts, tokens, questions, pairs] = [
            TaskName::TextClassification,
            TaskName::TokenClassification,
            TaskName::QuestionAnswering,
            TaskName::SentenceSimilarity,
        ];
        // Pairs are for two tasks.
        let is_of_pairs = self.task.is_none() && (self.score_range.is_some() || columns.negative.is_some());
        let of_pair = if is_of_pairs || self.task == Some(pairs) { pairs } else { texts };
        let keys = [
            (texts, "problem_type", self.problem_type.is_some()),
            (texts, "label_columns", !self.label_columns.is_empty()),
            (texts, "label_separator", self.label_separator.is_some()),
            (of_pair, "[columns] text_pair", columns.text_pair.is_some()),
            (pairs, "score_range", self.score_range.is_some()),
            (pairs, "[columns] negative", columns.negative.is_some()),
            (tokens, "scheme", self.scheme.is_some()),
            (tokens, "[columns] tokens", columns.tokens.is_some()),
            (tokens, "[columns] tags", columns.tags.is_some()),
            (tokens, "[columns] entities", columns.entities.is_some()),
            (questions, "[columns] question", columns.question.is_some()),
            (questions, "[columns] context", columns.context.is_some()),
            (questions, "[columns] answers", columns.answers.is_some()),
            (questions, "[columns] id", columns.id.is_some()),
        ];
        let mut set = keys.iter().filter(|(.., is_set)| *is_set);
        if let Some(own) = self.task {
            if let Some((other, key, _)) =
                set.find(|(task, ..)| *task != own && !self.other_tasks.contains(task))
            {
                return Some(format!("{key} is for the task {other}, but the card's task is {own}"));
            }
        } else if let Some((task, one, _)) = set.next()
            && let Some((other_task, other, _)) = set.find(|(other, ..)| other != task)
        {
            return Some(format!(
                "{one} is for the task {task}, but {other} for {other_task}: leave one of them out"
            ));
        }
        self.question_problem().or_else(|| self.label_problem())
    }

    /// The problem of keys that have no meaning for questions.
    fn question_problem(&self) -> Option<String> {
        let columns = &self.columns;
        let of_questions = [&columns.question, &columns.context, &columns.answers, &columns.id];
        let is_told = self.task.is_none() && of_questions.iter().any(|column| column.is_some());
        if self.task != Some(TaskName::QuestionAnswering) && !is_told {
            return None;
        }
        let default = CardColumns::default();
        let of_others = [
            ("labels", !self.labels.is_empty()),
            ("class_numbers", self.class_numbers),
            ("positive", self.positive.is_some()),
            ("[columns] text", columns.text != default.text),
            ("[columns] label", columns.label != default.label),
        ];
        if let Some((key, _)) = of_others.iter().find(|(_, is_set)| *is_set) {
            return Some(format!(
                "{key} has no meaning for the task {}, whose columns are question, context, answers and id: leave it out",
                TaskName::QuestionAnswering
            ));
        }
        let named: Vec<&String> = of_questions.into_iter().flatten().collect();
        let twice = named.iter().enumerate().find(|(index, name)| named[..*index].contains(name));
        twice.map(|(_, name)| format!("[columns] names \"{name}\" twice: expected a column for each key"))
    }

    /// The problem of keys of labels, tags and spans.
    fn label_problem(&self) -> Option<String> {
        let columns = &self.columns;
        if let Some(scheme) = self.scheme.as_ref().filter(|scheme| !SCHEMES.contains(&scheme.as_str())) {
            return Some(format!("scheme = {scheme:?}: expected {}", SCHEMES.join(", ")));
        }
        if columns.entities.is_some() {
            for (key, column) in [("tokens", &columns.tokens), ("tags", &columns.tags)] {
                if column.is_some() {
                    return Some(format!(
                        "[columns] has both entities and {key}: entities are spans of a text's characters, tags belong to a list of tokens; leave one of them out"
                    ));
                }
            }
        }
        if !self.label_columns.is_empty() && !self.labels.is_empty() {
            return Some(
                "labels and label_columns: the labels are the names of the columns; leave labels out".into(),
            );
        }
        let several = ["label_columns", "label_separator"];
        let given = [!self.label_columns.is_empty(), self.label_separator.is_some()];
        if given == [true, true] {
            return Some(
                "label_columns and label_separator: columns of 0 and 1 have nothing to separate; leave one of them out"
                    .into(),
            );
        }
        let is_one = self.problem_type.filter(|kind| *kind != ProblemType::MultiLabelClassification);
        if let (Some(kind), Some(at)) = (is_one, given.iter().position(|is_given| *is_given)) {
            return Some(format!(
                "{} is for several labels, but problem_type = \"{kind}\": expected \"{}\"",
                several[at],
                ProblemType::MultiLabelClassification
            ));
        }
        let distinct: std::collections::BTreeSet<_> = self.label_columns.iter().collect();
        if distinct.len() != self.label_columns.len() {
            return Some(format!("label_columns = {:?}: expected each column once", self.label_columns));
        }
        if self.label_separator.as_ref().is_some_and(String::is_empty) {
            return Some("label_separator = \"\": expected one or more characters, as in \"|\"".into());
        }
        None
    }
}
