//! The targets, by what they read.

mod data;
mod hub;
mod model;
mod report;
mod sources;
mod tokenize;
mod train;

use crate::Target;

/// Every target.
pub static TARGETS: &[&Target] = &[
    &data::CSV,
    &data::TSV,
    &data::JSON_LINES,
    &data::JSON,
    &data::CONLL,
    &data::SPANS,
    &data::QUESTIONS,
    &data::LINES,
    &data::PARQUET,
    &data::COMPRESSED,
    &data::LOAD,
    &sources::FOLDER,
    &sources::REPOSITORY,
    &sources::CARD,
    &train::CONFIG,
    &train::SET,
    &train::SWEEP,
    &train::STATE,
    &train::LOG,
    &train::OPTIMIZER,
    &tokenize::TOKENIZER_JSON,
    &tokenize::VOCAB,
    &tokenize::VOCABULARY,
    &model::CONFIG,
    &model::CHECKPOINT,
    &report::RUN,
    &report::SWEEP,
    &hub::MODEL,
];

/// The target called `name`.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mutator, Watch};

    /// The test runs without a fuzzer; `cargo xtask fuzz` runs the targets with one, and for longer.
    #[test]
    fn seeds_and_changed_seeds_do_no_harm() {
        for target in TARGETS {
            let watch = Watch::new(target).unwrap();
            let seeds = (target.seeds)();
            assert!(!seeds.is_empty(), "{} has no seeds", target.name);
            let mut mutator = Mutator::new(target, 0);
            for input in seeds.into_iter().chain((0..200).map(|_| mutator.input())) {
                if let Err(finding) = watch.check(&input) {
                    panic!("{}: {finding}\nfor {:?}", target.name, String::from_utf8_lossy(&input));
                }
            }
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<_> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(names.len(), TARGETS.len());
        assert!(target("csv").is_some() && target("cvs").is_none());
    }
}
