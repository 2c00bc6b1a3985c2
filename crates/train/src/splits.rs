//! [`EncodedSplits`]: a data set as token ids, encoded once for as many runs as train on it.

use std::path::Path;
use std::sync::Arc;

use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{EncodedDataset, LeftOutWindows, Order, SplitKind, Texts as _, WindowOptions};
use embert_model::HeadSource;
use embert_task::{DataFacts, Inputs, Task, TaskData, TaskError, Unlabelled, encode, encode_some_windows};

use crate::config::PaddingConfig;
use crate::evaluate::{EvaluatedSplit, check_token_types};
use crate::model_options::{head_config, model_options};
use crate::records;
use crate::sizes::check_positions;
use crate::{DataConfig, TrainConfig, TrainError};

/// The encoded splits of a data set. Clones share the data.
///
/// [`Prepared::with_splits`](crate::Prepared::with_splits) prepares any number of runs on the splits. The
/// runs' settings must [fit](Self::fit) the splits: only keys on which texts, labels and encoding don't
/// depend may differ.
#[derive(Clone, Debug)]
pub struct EncodedSplits<T: Task>(Arc<Encoded<T>>);

#[derive(Debug)]
struct Encoded<T: Task> {
    key: Key,
    name: String,
    task: T,
    /// A note for the user on labels that were paired with the checkpoint's by their order alone.
    pairing: Option<String>,
    tokenizer: Tokenizer,
    inputs: Inputs,
    train: Arc<EncodedDataset<T::Target>>,
    validation: Option<EvaluatedSplit<T>>,
    test: Option<EvaluatedSplit<T>>,
    facts: DataFacts,
    split_facts: embert_run::Splits,
    truncated: TruncationCount,
    left_out: LeftOutWindows,
    unlabelled: Vec<Unlabelled>,
}

/// The settings that encoded splits depend on.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    model: String,
    dataset: String,
    evaluate_test: bool,
    data: DataConfig,
}

/// Refuses a way to cut texts where the task leaves no choice. What is the default may not be the user's word.
fn check_truncation<T: Task>(config: &TrainConfig) -> Result<(), TaskError> {
    let found = config.data.truncation;
    match T::TRUNCATION {
        Some(only) if found != only && found != DataConfig::default().truncation => {
            let expected = format!("no value, or {only}: {} cuts nothing else", T::NAME);
            Err(TaskError::Setting { key: "data.truncation", found: found.to_string(), expected })
        }
        _ => Ok(()),
    }
}

impl Key {
    fn of(config: &TrainConfig) -> Self {
        // Lists the keys that don't count, so that a new key of `data` counts by default.
        let data = DataConfig {
            padding: PaddingConfig::default(),
            order: Order::default(),
            batch_tokens: None,
            split_seed: Some(config.load_options().seed),
            ..config.data.clone()
        };
        let TrainConfig { model, dataset, evaluate_test, .. } = config;
        Self { model: model.clone(), dataset: dataset.clone(), evaluate_test: *evaluate_test, data }
    }
}

impl<T: Task> EncodedSplits<T> {
    /// Numbers the labels as the head of the checkpoint in `model_folder` does, and encodes the splits with
    /// the checkpoint's tokenizer, as `config` says.
    ///
    /// # Errors
    /// The labels of the data set and the checkpoint don't agree, the tokenizer can't be loaded or doesn't
    /// fit the checkpoint's `config.json`, the training split is empty, or texts may be longer than the model
    /// takes.
    pub fn encode(config: &TrainConfig, model_folder: &Path, data: TaskData<T>) -> Result<Self, TrainError> {
        check_splits(config, &data)?;
        check_truncation::<T>(config)?;
        let bert = model_options::<T>(config, None).config(model_folder)?;
        let tokenizer = T::tokenizer(&bert, model_folder)?;
        tokenizer.check_vocab(bert.vocab_size)?;
        check_positions(&bert, config.data.max_length)?;
        let examples = data.splits.train.iter().chain(&data.splits.validation).chain(&data.splits.test);
        check_token_types(model_folder, &tokenizer, &bert, examples)?;
        let (bert, head) = head_config::<T>(config, model_folder, &data.labels)?;
        let task = T::fit(&data.labels, &bert, model_folder)?;
        let pairing = match head {
            // The head's labels have the data set's names by now. A pairing with their names before,
            // `LABEL_0` and so on, tells whether the labels were paired by order.
            Some(HeadSource::CheckpointUnnamed) => {
                let unnamed = (0..task.labels().len()).map(|index| format!("LABEL_{index}"));
                let paired = T::fit(&data.labels, &bert.with_labels(unnamed), model_folder)?;
                paired.pairing().map(str::to_owned)
            }
            _ => None,
        };
        let TaskData { name, splits, facts, unlabelled, .. } = data;
        let number = |examples: Vec<T::Example>| -> Vec<T::Example> {
            examples.into_iter().map(|example| task.align_label(example)).collect()
        };
        let [train, validation, test] = [splits.train, splits.validation, splits.test].map(number);
        let split_facts = records::split_facts(&task, [&train, &validation, &test], &facts);
        let evaluated = |examples: Vec<T::Example>| -> Result<_, TrainError> {
            if examples.is_empty() {
                return Ok(None);
            }
            EvaluatedSplit::encode(&task, examples, &tokenizer, &config.windows_of::<T>()).map(Some)
        };
        let (windows, most) = (config.windows_of::<T>(), config.data.most_windows());
        let of_training =
            if T::trains_on_windows() { windows } else { WindowOptions { stride: None, ..windows } };
        let ((encoded, truncated), left_out) = match config.data.train_stride {
            None => (encode(&task, &train, &tokenizer, &of_training)?, LeftOutWindows::default()),
            Some(stride) => {
                let (encoded, left_out) =
                    encode_some_windows(&task, &train, &tokenizer, &windows.encoding, stride, most)?;
                ((encoded, TruncationCount::default()), left_out)
            }
        };
        let task = task.clone().with_baselines(&train);
        let inputs = T::inputs(&train);
        let validation = evaluated(validation)?;
        let test = evaluated(if config.evaluate_test { test } else { Vec::new() })?;
        Ok(Self(Arc::new(Encoded {
            key: Key::of(config),
            name,
            task,
            pairing,
            tokenizer,
            inputs,
            train: Arc::new(encoded),
            validation,
            test,
            facts,
            split_facts,
            truncated,
            left_out,
            unlabelled,
        })))
    }

    /// Whether a run with the settings `config` trains and is evaluated on these splits.
    pub fn fit(&self, config: &TrainConfig) -> bool {
        self.0.key == Key::of(config)
    }

    pub(crate) fn check(&self, config: &TrainConfig) -> Result<(), TrainError> {
        if self.fit(config) { Ok(()) } else { Err(TrainError::OtherSplits) }
    }

    pub(crate) fn task(&self) -> &T {
        &self.0.task
    }

    pub(crate) fn pairing(&self) -> Option<&str> {
        self.0.pairing.as_deref()
    }

    pub(crate) fn train(&self) -> Arc<EncodedDataset<T::Target>> {
        Arc::clone(&self.0.train)
    }

    pub(crate) fn validation(&self) -> Option<EvaluatedSplit<T>> {
        self.0.validation.clone()
    }

    pub(crate) fn test(&self) -> Option<EvaluatedSplit<T>> {
        self.0.test.clone()
    }

    pub(crate) fn split_facts(&self) -> &embert_run::Splits {
        &self.0.split_facts
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.0.inputs
    }

    pub(crate) fn tokenizer(&self) -> &Tokenizer {
        &self.0.tokenizer
    }

    pub(crate) fn data_facts(&self) -> &DataFacts {
        &self.0.facts
    }

    pub(crate) fn truncated(&self) -> TruncationCount {
        self.0.truncated
    }

    pub(crate) fn left_out(&self) -> LeftOutWindows {
        self.0.left_out
    }

    /// The lengths of the training texts.
    pub(crate) fn lengths(&self, config: &TrainConfig) -> embert_run::Lengths {
        let in_windows = T::trains_on_windows() || config.data.train_stride.is_some();
        records::lengths(&self.0.train, config.data.max_length, in_windows, self.0.left_out.texts)
    }

    /// Notes for the user on evaluations that the settings request, but the splits don't allow.
    pub(crate) fn notes(&self, config: &TrainConfig) -> Vec<String> {
        let Encoded { validation, test, unlabelled, .. } = &*self.0;
        let mut notes = Vec::new();
        if validation.is_none() {
            if unlabelled.iter().any(|unlabelled| unlabelled.split == SplitKind::Validation) {
                notes.push(
                    "warning: no validation split with labels: nothing is evaluated while training, and the last weights are \
                     kept instead of the best; split_ratios would cut one from the training split"
                        .to_owned(),
                );
            }
            if let Some(patience) = config.early_stopping.patience {
                notes.push(format!(
                    "warning: early_stopping.patience = {patience} has no effect without a validation split"
                ));
            }
        }
        if config.evaluate_test && test.is_none() {
            notes.push("there is no test split, so evaluate_test evaluates nothing".to_owned());
        }
        notes
    }
}

/// True if runs with the two configs have the same splits.
pub fn have_same_splits(one: &TrainConfig, other: &TrainConfig) -> bool {
    Key::of(one) == Key::of(other)
}

/// Refuses `data.train_stride` for a task that can't pool windows, a data set without training examples, or one
/// with an example without a label in a split that the run uses.
pub(crate) fn check_splits<T: Task>(config: &TrainConfig, data: &TaskData<T>) -> Result<(), TrainError> {
    let pools = T::POOLED_LOSS.is_some() && !T::SEPARATE_TEXTS;
    if let (Some(stride), false) = (config.data.train_stride, pools) {
        let expected = if T::trains_on_windows() {
            format!(
                "no value: {} trains on all windows of a text without it, and data.stride is what they share",
                T::NAME
            )
        } else {
            format!("no value: {} can't train on the windows of a text as one example", T::NAME)
        };
        return Err(TrainError::Setting { key: "data.train_stride", found: stride.to_string(), expected });
    }
    if let (Some(stride), true) = (config.data.stride, T::SEPARATE_TEXTS) {
        let expected = format!("no value: {} cuts longer texts", T::NAME);
        return Err(TrainError::Setting { key: "data.stride", found: stride.to_string(), expected });
    }
    if data.splits.train.is_empty() {
        return Err(TrainError::NoExamples {
            split: "training",
            dataset: config.dataset.clone(),
            hint: "check its files, train_samples and split_ratios",
        });
    }
    if config.evaluate_test
        && let Some(unlabelled) = data.unlabelled(SplitKind::Test)
    {
        let hint = "it can't be evaluated; set evaluate_test=false, or label it".to_owned();
        return Err(TaskError::AllUnlabelled { unlabelled: unlabelled.clone(), hint }.into());
    }
    let splits = &data.splits;
    let mut evaluated = splits
        .train
        .iter()
        .chain(&splits.validation)
        .chain(splits.test.iter().filter(|_| config.evaluate_test));
    match evaluated.find(|example| !T::is_labelled(example)) {
        Some(example) => Err(TaskError::Unlabelled { id: example.id() }.into()),
        None => Ok(()),
    }
}
