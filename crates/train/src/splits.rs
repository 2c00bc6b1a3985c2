//! [`EncodedSplits`]: a data set as token ids, encoded once for as many runs as train on it.

use std::path::Path;
use std::sync::Arc;

use embert_data::tokenize::{Tokenizer, TruncationCount};
use embert_data::{
    DataError, DataFacts, DataSet, EncodedDataset, Example, LabelMapping, LabelSet, SplitKind, Unlabelled,
    encode, encode_windows,
};

use crate::config::{OrderConfig, PaddingConfig};
use crate::evaluate::check_token_types;
use crate::records;
use crate::sizes::check_positions;
use crate::task::model_options;
use crate::{DataConfig, TrainConfig, TrainError};

/// The encoded splits of a data set. Clones share them.
///
/// [`Task::with_splits`](crate::Task::with_splits) makes a task of them, as often as runs are wanted whose settings
/// [fit](Self::fit): those that differ in what the texts and their encoding don't depend on.
#[derive(Clone, Debug)]
pub struct EncodedSplits(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    key: Key,
    name: String,
    /// The data set's: which number a classifier gives them is known with its weights.
    labels: LabelSet,
    tokenizer: Tokenizer,
    splits: Splits,
    validation_texts: Arc<[Example]>,
    test_texts: Arc<[Example]>,
    facts: DataFacts,
    split_facts: embert_run::Splits,
    truncated: TruncationCount,
    unlabelled: Vec<Unlabelled>,
}

/// What a run trains on and is evaluated on; `None` for what is empty or not wanted.
#[derive(Clone, Debug)]
pub(crate) struct Splits {
    pub(crate) train: Arc<EncodedDataset>,
    pub(crate) validation: Option<Arc<EncodedDataset>>,
    pub(crate) test: Option<Arc<EncodedDataset>>,
}

/// The settings that encoded splits depend on.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    model: String,
    dataset: String,
    evaluate_test: bool,
    data: DataConfig,
}

impl Key {
    fn of(config: &TrainConfig) -> Self {
        // By what is left out, so that a new key of `data` counts until it is known not to matter.
        let data = DataConfig {
            padding: PaddingConfig::default(),
            order: OrderConfig::default(),
            split_seed: Some(config.load_options().seed),
            ..config.data.clone()
        };
        let TrainConfig { model, dataset, evaluate_test, .. } = config;
        Self { model: model.clone(), dataset: dataset.clone(), evaluate_test: *evaluate_test, data }
    }
}

impl EncodedSplits {
    /// Encodes the splits with the tokenizer in `model_folder`, as `config` says.
    ///
    /// # Errors
    /// The tokenizer can't be loaded or doesn't fit the checkpoint's `config.json`, the training split is empty, or texts
    /// may be longer than the model takes.
    pub fn encode(config: &TrainConfig, model_folder: &Path, data: DataSet) -> Result<Self, TrainError> {
        check_splits(config, &data)?;
        let tokenizer = Tokenizer::from_folder(model_folder)?;
        let bert = model_options(config, None).config(model_folder)?;
        tokenizer.check_vocab(bert.vocab_size)?;
        check_positions(&bert, config.data.max_length)?;
        let examples = data.splits.train.iter().chain(&data.splits.validation).chain(&data.splits.test);
        check_token_types(model_folder, &tokenizer, &bert, examples)?;
        let DataSet { name, splits, labels, facts, unlabelled, .. } = data;
        let split_facts =
            records::split_facts([&splits.train, &splits.validation, &splits.test], labels.len(), &facts);
        let test_texts = if config.evaluate_test { splits.test } else { Vec::new() };
        let optional = |examples: &[Example]| -> Result<_, TrainError> {
            if examples.is_empty() {
                return Ok(None);
            }
            Ok(Some(Arc::new(encode_windows(examples, &tokenizer, &config.window_options())?)))
        };
        let (train, truncated) = encode(&splits.train, &tokenizer, &config.encode_options())?;
        let train = Arc::new(train);
        let encoded =
            Splits { train, validation: optional(&splits.validation)?, test: optional(&test_texts)? };
        Ok(Self(Arc::new(Encoded {
            key: Key::of(config),
            name,
            labels,
            tokenizer,
            splits: encoded,
            validation_texts: splits.validation.into(),
            test_texts: test_texts.into(),
            facts,
            split_facts,
            truncated,
            unlabelled,
        })))
    }

    /// Whether a run with these settings trains and is evaluated on these splits.
    pub fn fit(&self, config: &TrainConfig) -> bool {
        self.0.key == Key::of(config)
    }

    /// Whether runs with these settings have the same splits.
    pub(crate) fn same(one: &TrainConfig, other: &TrainConfig) -> bool {
        Key::of(one) == Key::of(other)
    }

    pub(crate) fn check(&self, config: &TrainConfig) -> Result<(), TrainError> {
        if self.fit(config) { Ok(()) } else { Err(TrainError::OtherSplits) }
    }

    /// The splits, their labels numbered as the classifier does.
    pub(crate) fn labelled(&self, mapping: &LabelMapping) -> Splits {
        let Splits { train, validation, test } = &self.0.splits;
        if (0..self.labels().len()).all(|label| mapping.id(label) == label) {
            return self.0.splits.clone();
        }
        let labelled = |data: &Arc<EncodedDataset>| Arc::new(data.with_labels(|label| mapping.id(label)));
        Splits {
            train: labelled(train),
            validation: validation.as_ref().map(labelled),
            test: test.as_ref().map(labelled),
        }
    }

    pub(crate) fn split_facts(&self, mapping: &LabelMapping) -> embert_run::Splits {
        records::labelled(&self.0.split_facts, mapping)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn labels(&self) -> &LabelSet {
        &self.0.labels
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

    /// What to say of evaluations that are wanted and can't be had.
    pub(crate) fn notes(&self, config: &TrainConfig) -> Vec<String> {
        let Encoded { splits, unlabelled, .. } = &*self.0;
        let mut notes = Vec::new();
        if splits.validation.is_none() {
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
        if config.evaluate_test && splits.test.is_none() {
            notes.push("there is no test split, so evaluate_test evaluates nothing".to_owned());
        }
        notes
    }

    pub(crate) fn validation_texts(&self) -> Arc<[Example]> {
        Arc::clone(&self.0.validation_texts)
    }

    pub(crate) fn test_texts(&self) -> Arc<[Example]> {
        Arc::clone(&self.0.test_texts)
    }
}

/// Whether there is anything to train on, and a label wherever one is needed.
pub(crate) fn check_splits(config: &TrainConfig, data: &DataSet) -> Result<(), TrainError> {
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
        return Err(DataError::AllUnlabelled { unlabelled: unlabelled.clone(), hint }.into());
    }
    let splits = &data.splits;
    let mut evaluated = splits
        .train
        .iter()
        .chain(&splits.validation)
        .chain(splits.test.iter().filter(|_| config.evaluate_test));
    match evaluated.find(|example| example.label.is_none()) {
        Some(example) => Err(DataError::Unlabelled { id: example.id }.into()),
        None => Ok(()),
    }
}
