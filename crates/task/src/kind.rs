//! [`TaskKind`]: the tasks of this crate by name.

use std::fmt;

use embert_data::TaskName;
use embert_model::{
    BertConfig, Head as _, HeadFunction, ProblemType, QuestionAnsweringHead, TokenClassificationHead,
};

/// A task of this crate: the hub's name of the task with, for text classification, the kind of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// One label for each text or pair: [`TextClassification`](crate::TextClassification).
    TextClassification,
    /// Any number of labels for each text or pair:
    /// [`MultiLabelClassification`](crate::MultiLabelClassification).
    MultiLabelClassification,
    /// A number for each text or pair: [`TextRegression`](crate::TextRegression).
    TextRegression,
    /// A tag for each word: [`TokenClassification`](crate::TokenClassification).
    TokenClassification,
    /// An answer to each question: [`QuestionAnswering`](crate::QuestionAnswering).
    QuestionAnswering,
    /// How alike two texts are: [`SentenceSimilarity`](crate::SentenceSimilarity).
    SentenceSimilarity,
}

impl TaskKind {
    /// The hub's name of the task.
    pub fn name(self) -> TaskName {
        match self {
            Self::TextClassification | Self::MultiLabelClassification | Self::TextRegression => {
                TaskName::TextClassification
            }
            Self::TokenClassification => TaskName::TokenClassification,
            Self::QuestionAnswering => TaskName::QuestionAnswering,
            Self::SentenceSimilarity => TaskName::SentenceSimilarity,
        }
    }

    /// The task for text classification with labels of this kind.
    pub fn of_texts(problem_type: ProblemType) -> Self {
        match problem_type {
            ProblemType::SingleLabelClassification => Self::TextClassification,
            ProblemType::MultiLabelClassification => Self::MultiLabelClassification,
            ProblemType::Regression => Self::TextRegression,
        }
    }

    /// The task that a run's facts name; `None` if this crate has no such task.
    pub fn of_run(task: &str, problem_type: Option<&str>) -> Option<Self> {
        let problem_type = match problem_type {
            Some(name) => name.parse().ok()?,
            None => ProblemType::SingleLabelClassification,
        };
        Some(match task.parse::<TaskName>().ok()? {
            TaskName::TextClassification => Self::of_texts(problem_type),
            TaskName::TokenClassification => Self::TokenClassification,
            TaskName::QuestionAnswering => Self::QuestionAnswering,
            TaskName::SentenceSimilarity => Self::SentenceSimilarity,
        })
    }

    /// The task of a checkpoint's head, as its `config.json` describes the head: by the class of
    /// `transformers` that the checkpoint was saved from, and by the function on the head's outputs. A
    /// checkpoint that names no class is taken for a text classifier; loading the head is an error where it
    /// is another one.
    pub fn of_checkpoint(config: &BertConfig) -> Self {
        let is_of = |architecture: &str| config.architectures.iter().any(|name| name == architecture);
        if is_of(TokenClassificationHead::ARCHITECTURE) {
            return Self::TokenClassification;
        }
        if is_of(QuestionAnsweringHead::ARCHITECTURE) {
            return Self::QuestionAnswering;
        }
        match config.head_function() {
            // A single label with a sigmoid is no number, if the checkpoint says so.
            HeadFunction::Sigmoid if config.problem_type == Some(ProblemType::MultiLabelClassification) => {
                Self::MultiLabelClassification
            }
            HeadFunction::Sigmoid | HeadFunction::Identity if config.num_labels() == 1 => {
                Self::TextRegression
            }
            HeadFunction::Sigmoid => Self::MultiLabelClassification,
            // A raw number for each label can be predicted, but no task of this crate trains it.
            HeadFunction::Softmax | HeadFunction::Identity => Self::TextClassification,
        }
    }
}

/// The hub's name of the task with, for text classification, the kind of labels.
impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = match self {
            Self::TokenClassification | Self::QuestionAnswering | Self::SentenceSimilarity => {
                return write!(f, "{}", self.name());
            }
            Self::TextClassification => ProblemType::SingleLabelClassification,
            Self::MultiLabelClassification => ProblemType::MultiLabelClassification,
            Self::TextRegression => ProblemType::Regression,
        };
        write!(f, "{} ({labels})", self.name())
    }
}

/// The kind of labels as `embert-model` names it.
pub(crate) fn problem_type(of_card: embert_data::ProblemType) -> ProblemType {
    match of_card {
        embert_data::ProblemType::SingleLabelClassification => ProblemType::SingleLabelClassification,
        embert_data::ProblemType::MultiLabelClassification => ProblemType::MultiLabelClassification,
        embert_data::ProblemType::Regression => ProblemType::Regression,
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames as _;

    use super::*;
    use crate::{
        MultiLabelClassification, QuestionAnswering, SentenceSimilarity, Task, TextClassification,
        TextRegression, TokenClassification,
    };

    const ALL: [TaskKind; 6] = [
        TaskKind::TextClassification,
        TaskKind::MultiLabelClassification,
        TaskKind::TextRegression,
        TaskKind::TokenClassification,
        TaskKind::QuestionAnswering,
        TaskKind::SentenceSimilarity,
    ];

    /// What a run's facts say of a task.
    fn facts<T: Task>() -> (&'static str, Option<String>) {
        (T::NAME, T::PROBLEM_TYPE.map(|kind| kind.to_string()))
    }

    #[test]
    fn a_runs_facts_name_the_task() {
        let of_tasks = [
            facts::<TextClassification>(),
            facts::<MultiLabelClassification>(),
            facts::<TextRegression>(),
            facts::<TokenClassification>(),
            facts::<QuestionAnswering>(),
            facts::<SentenceSimilarity>(),
        ];
        for (kind, (task, problem_type)) in ALL.into_iter().zip(of_tasks) {
            assert_eq!(TaskKind::of_run(task, problem_type.as_deref()), Some(kind));
            assert_eq!(kind.name().to_string(), task);
        }
        // Runs from before there were several kinds.
        assert_eq!(TaskKind::of_run("sequence-classification", None), Some(TaskKind::TextClassification));
        assert_eq!(TaskKind::of_run("translation", None), None);
        assert_eq!(TaskKind::of_run("text-classification", Some("ranking")), None);
    }

    /// There are two enums, of cards and of checkpoints: one has no kind that the other lacks.
    #[test]
    fn cards_and_checkpoints_have_the_same_kinds_of_labels() {
        assert_eq!(embert_data::ProblemType::VARIANTS, ProblemType::VARIANTS);
        for name in ProblemType::VARIANTS {
            assert_eq!(problem_type(name.parse().unwrap()).to_string(), *name);
        }
    }

    #[test]
    fn a_checkpoints_head_names_the_task() {
        let config = |labels: &[&str], problem_type: Option<ProblemType>| {
            let config = BertConfig::default().with_labels(labels.iter().copied());
            BertConfig { problem_type, ..config }
        };
        let (one, two) = (&["LABEL_0"][..], &["a", "b"][..]);
        for (labels, problem_type, expected) in [
            (two, None, TaskKind::TextClassification),
            (two, Some(ProblemType::SingleLabelClassification), TaskKind::TextClassification),
            (two, Some(ProblemType::MultiLabelClassification), TaskKind::MultiLabelClassification),
            (one, Some(ProblemType::Regression), TaskKind::TextRegression),
            // A cross-encoder of Sentence Transformers.
            (one, None, TaskKind::TextRegression),
        ] {
            assert_eq!(
                TaskKind::of_checkpoint(&config(labels, problem_type)),
                expected,
                "{labels:?} {problem_type:?}"
            );
        }
        for (architecture, expected) in [
            (TokenClassificationHead::ARCHITECTURE, TaskKind::TokenClassification),
            (QuestionAnsweringHead::ARCHITECTURE, TaskKind::QuestionAnswering),
        ] {
            let architectures = vec![architecture.to_owned()];
            let of_architecture = BertConfig { architectures, ..config(two, None) };
            assert_eq!(TaskKind::of_checkpoint(&of_architecture), expected);
        }
    }
}
