//! [`QuestionExample`]: a question with its context.

use embert_data::{AnswerSpan, Question, Texts};

use super::question::strip_question;

/// A question with the context in which its answer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionExample {
    /// The number of the example's row, from 0, among the rows of all files.
    pub id: u64,
    /// The question as the data set has it: its id, texts and true answers. The answers are `None` for a
    /// question to predict, and an empty list for a question without an answer.
    pub question: Question,
    /// The document that the context is from, where the data set says so.
    pub document: Option<String>,
}

impl QuestionExample {
    /// A question to predict.
    pub fn of_texts(id: u64, question: String, context: String) -> Self {
        Self { id, question: Question { id: None, question, context, answers: None }, document: None }
    }

    /// The question's name in files of predictions: the data set's id, else the number of its row.
    pub fn key(&self) -> String {
        self.question.id.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// The true answer that training wants, the first one; `None` for a question that has none, or whose
    /// answers are not known.
    pub fn first_answer(&self) -> Option<&AnswerSpan> {
        self.question.answers.as_ref()?.first()
    }

    /// Whether the data set says that the question has no answer.
    pub fn has_no_answer(&self) -> bool {
        self.question.answers.as_ref().is_some_and(Vec::is_empty)
    }
}

/// The first text is the question without the white space before it, the second one its context.
impl Texts for QuestionExample {
    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<String> {
        self.question.id.as_ref().map(|id| format!("question {id:?}"))
    }

    fn text(&self) -> &str {
        strip_question(&self.question.question)
    }

    fn text_pair(&self) -> Option<&str> {
        Some(&self.question.context)
    }
}
