//! Training on whole long texts: the windows of a text are one example.

use embert_data::Order;
use embert_task::ClassWeightRule;
use embert_train::{ClassWeights, DropoutConfig, EncodedSplits, Keep};
use serde_json::Value;

use super::*;
use crate::resume::same_result;
use crate::run::evals;
use crate::strategies::steps;

/// A run on texts of up to 43 words in windows of 12 tokens that share 2.
fn whole<T: Task>(place: &Place<T>) -> TrainConfig {
    let mut config = TrainConfig { evaluate_every: Some(2), keep: Keep::Last, ..place.config() };
    (config.data.max_length, config.data.train_stride) = (12, Some(2));
    config
}

fn without_dropout() -> DropoutConfig {
    DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn losses(events: &[Event]) -> Vec<(f64, f64)> {
    steps(events).into_iter().map(|step| (step.loss, step.grad_norm)).collect()
}

/// The same sums in another order.
fn assert_near(one: &[(f64, f64)], other: &[(f64, f64)], tolerance: f64, what: &str) {
    assert_eq!(one.len(), other.len());
    for (step, (one, other)) in (1..).zip(one.iter().zip(other)) {
        for (a, b) in [(one.0, other.0), (one.1, other.1)] {
            assert!((a - b).abs() < tolerance * a.abs(), "{what}, step {step}: {a} against {b}");
        }
    }
}

/// What holds of every task that can pool windows, in a place with 44 training texts, most of which have several
/// windows of 12 tokens. Other tasks refuse the setting.
pub(crate) fn are_one_example<T: Task>(place: &Place<T>, weigh: fn(&mut TrainConfig)) {
    let mut config = whole(place);
    weigh(&mut config);
    if T::POOLED_LOSS.is_none() {
        let error = place.train("refused", &config).unwrap_err().to_string();
        assert!(error.starts_with("data.train_stride = 2: expected no value: "), "{error}");
        assert!(error.contains(T::NAME) && error.contains("data.stride is what they share"), "{error}");
        assert!(!place.path("refused/facts.json").exists());
        return;
    }
    // Steps have texts, and so many micro-batches as their windows need.
    let (outcome, events) = place.train("run", &config).unwrap();
    assert_eq!(complete(outcome).step, 8);
    assert!(steps(&events).iter().all(|step| step.examples == [12, 12, 12, 8][(step.step - 1) % 4]));
    let features = events.iter().find_map(|event| match event {
        Event::Start(start) => Some((start.train_examples, start.train_features)),
        _ => None,
    });
    let (texts, windows) = features.unwrap();
    assert!(texts == 44 && windows > 88, "{texts} {windows}");
    let tokens: usize = steps(&events).iter().filter(|step| step.epoch == 1).map(|step| step.tokens).sum();
    assert!(tokens > 44 * 12, "{tokens}");
    let facts = json(&place.bytes("run/facts.json"));
    assert_eq!(facts["lengths"]["windows"], windows);
    // Evaluation reads the windows of training.
    assert!(
        place
            .bytes("run/examples.jsonl")
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .any(|line| json(line)["tokens"].as_u64() > Some(40))
    );

    for step in [1, 3, 6] {
        crate::resume::stop_after(place, "stopped", &config, step);
    }
    place.train("stopped", &config).unwrap();
    same_result(place, "run", "stopped");

    // The size of micro-batches changes the rounding alone, and so does the cache of a frozen part.
    let plain = TrainConfig { dropout: without_dropout(), ..config };
    let with = |run: &str, change: &dyn Fn(&mut TrainConfig)| {
        let mut config = plain.clone();
        change(&mut config);
        place.train(run, &config).unwrap().1
    };
    let one = with("one", &|config| config.data.batch_tokens = Some(1));
    let all = with("all", &|config| config.data.batch_tokens = Some(1 << 20));
    assert_near(&losses(&one), &losses(&all), 1e-4, "micro-batches");
    let freeze = |config: &mut TrainConfig| config.freeze = "all_but_head".parse().unwrap();
    let frozen = with("frozen", &freeze);
    let cached = with("cached", &|config| {
        freeze(config);
        config.cache_frozen = true;
    });
    assert!(
        cached.iter().any(|event| matches!(event, Event::CacheProgress { total, .. } if *total == windows))
    );
    assert_near(&losses(&frozen), &losses(&cached), 1e-5, "cache");
    for (one, other) in evals(&frozen).into_iter().zip(evals(&cached)) {
        let [a, b] = [one, other].map(|eval| eval.metrics.get("loss").unwrap());
        assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{a} against {b}");
    }
}

/// Texts of `lengths` words, whose labels alternate.
fn place_of(lengths: fn(usize) -> usize) -> Place {
    Place::with(|_, count| {
        let row = |n: usize| {
            let words = ["good", "bad", "a", "film", "never", "again", "lovely", "the", "story", "soup"];
            let text: Vec<&str> =
                (0..lengths(n)).map(|word| words[(word * word * (n + 3) + word / 7 + n) % 10]).collect();
            let label = ["neg", "pos"][n % 2];
            serde_json::json!({"text": text.join(" "), "label": label}).to_string() + "\n"
        };
        (0..count).map(row).collect()
    })
}

fn long() -> Place {
    place_of(|n| 4 + n * 7 % 40)
}

/// With dropout, in any order: the same micro-batches, in which nothing is pooled.
#[test]
fn where_all_texts_fit_no_byte_changes() {
    let place = place_of(|n| 2 + n * 5 % 9);
    for order in [Order::GroupedByLength, Order::Shuffled] {
        let run = |stride: Option<usize>| {
            let mut config = TrainConfig { label_smoothing: 0.1, ..whole(&place) };
            (config.data.order, config.data.train_stride) = (order, stride);
            let run = format!("{order:?}-{}", stride.is_some());
            place.train(&run, &config).unwrap();
            run
        };
        let (cut, windows) = (run(None), run(Some(2)));
        for file in ["model/model.safetensors", "scores.json", "examples.jsonl"] {
            let bytes = [&cut, &windows].map(|run| place.bytes(&format!("{run}/{file}")));
            assert!(bytes[0] == bytes[1], "{file} differs");
        }
        assert_eq!(place.log(&cut), place.log(&windows));
    }
}

/// A number of validation means what training optimizes, unless `stride` says otherwise.
#[test]
fn evaluation_reads_the_windows_of_training_unless_it_has_its_own() {
    let place = long();
    let run = |name: &str, train_stride, stride| {
        let mut config = whole(&place);
        // No step moves the weights: the evaluations are of the same model.
        config.optimizer.learning_rate = 1e-30;
        (config.data.train_stride, config.data.stride) = (train_stride, stride);
        place.train(name, &config).unwrap();
        place.bytes(&format!("{name}/scores.json"))
    };
    let [two, six, cut] = [Some(2), Some(6), None].map(|stride| run(&format!("{stride:?}"), None, stride));
    assert!(two != six && two != cut);
    assert_eq!(run("as training", Some(2), None), two);
    assert_eq!(run("its own", Some(2), Some(6)), six);
}

/// A long text has many windows and one label: it counts once.
#[test]
fn balanced_weights_count_texts_and_not_windows() {
    // The 22 texts of one label have seven windows each, those of the other have one.
    let place = place_of(|n| if n % 2 == 0 { 60 } else { 5 });
    let losses = |run: &str, weights| {
        let config = TrainConfig { class_weights: weights, ..whole(&place) };
        losses(&place.train(run, &config).unwrap().1)
    };
    let balanced = losses("balanced", ClassWeights::Rule(ClassWeightRule::Balanced));
    assert_eq!(balanced, losses("none", ClassWeights::Given(vec![1.0, 1.0])));
    assert_ne!(balanced, losses("other", ClassWeights::Given(vec![0.6, 4.0])));
}

#[test]
fn windows_beyond_the_most_are_said_and_counted() {
    let place = long();
    let notes = |max_windows: Option<usize>| {
        let mut config = whole(&place);
        config.data.max_windows = max_windows;
        let prepared = place.prepared(&config).unwrap();
        let notes = prepared.notes();
        notes.into_iter().filter(|note| note.contains("window") || note.contains("cut")).collect::<Vec<_>>()
    };
    assert_eq!(notes(None), Vec::<String>::new());
    // Texts of n words have 1 window up to 10 words, and one more for each further 8.
    let windows = (0..44_usize).map(|n| ((4 + n * 7 % 40).saturating_sub(10)).div_ceil(8) + 1);
    let left_out: Vec<usize> = windows.clone().map(|count| count.saturating_sub(3)).collect();
    let (count, texts) =
        (left_out.iter().sum::<usize>(), left_out.iter().filter(|count| **count > 0).count());
    assert!(count > 20 && texts > 10);
    assert_eq!(
        notes(Some(3)),
        [format!("{count} windows of {texts} texts are not trained on: data.max_windows = 3")]
    );
    let mut config = whole(&place);
    config.data.max_windows = Some(3);
    place.train("run", &config).unwrap();
    let lengths = &json(&place.bytes("run/facts.json"))["lengths"];
    let kept: usize = windows.map(|count| count.min(3)).sum();
    assert_eq!((&lengths["windows"], &lengths["truncated"]), (&kept.into(), &texts.into()));
}

/// The texts are encoded once for all sizes of micro-batches, and anew for other windows.
#[test]
fn runs_with_other_micro_batches_share_their_splits() {
    let place = long();
    let config = whole(&place);
    let root = place.path("reviews");
    let data =
        load(&Card::for_folder(&root).unwrap(), &root, &config.load_options(), &config.label_options());
    let splits =
        EncodedSplits::<TextClassification>::encode(&config, config.model.as_ref(), data.unwrap()).unwrap();
    let fits = |change: fn(&mut TrainConfig)| {
        let mut config = config.clone();
        change(&mut config);
        splits.fit(&config)
    };
    assert!(fits(|config| config.data.batch_tokens = Some(100)));
    assert!(!fits(|config| config.data.train_stride = Some(3)));
    assert!(!fits(|config| config.data.train_stride = None));
    assert!(!fits(|config| config.data.max_windows = Some(3)));
}

/// A step that runs out of memory is told which setting makes its micro-batches smaller.
#[test]
fn too_little_memory_names_the_tokens_of_a_micro_batch() {
    let place = long();
    let config = whole(&place);
    let read = "Execution(An error happened\nCaused by:\n  out of device memory allocating 4294967296 bytes)";
    let trainer = place.trainer("run", &config).unwrap();
    let error = trainer.observe(crate::memory::PanicAt(2, read.into())).run().unwrap_err();
    let TrainError::OutOfMemory(memory) = &error else { panic!("{error}") };
    let tokens = memory.batch_tokens.unwrap();
    assert_eq!(memory.suggested, None);
    // Four windows of 12 tokens, or one text alone: those of 43 words have six windows.
    assert!(memory.fits.unwrap().0 <= 6, "{error}");
    assert!(tokens > 0 && tokens < memory.batch_size * memory.seq_len, "{error}");
    assert!(
        error.to_string().contains(&format!("set data.batch_tokens = {tokens} for the same step")),
        "{error}"
    );
    let mut smaller = config;
    smaller.data.batch_tokens = Some(tokens);
    assert_eq!(complete(place.train("smaller", &smaller).unwrap().0).step, 8);
}
