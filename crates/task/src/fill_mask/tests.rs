use std::collections::BTreeMap;
use std::path::PathBuf;

use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
use embert_data::{EncodedDataset, EncodedFeature, SplitKind, Texts as _, WindowOptions};
use embert_model::BertConfig;

use super::masking::{BY_MASK, BY_RANDOM, MASKED};
use super::*;
use crate::tests::DataFolder;
use crate::{Draw, ExampleProblem, LabelOptions, Task as _, encode, encode_aligned};

fn checkpoint() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/training/model")
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_folder(&checkpoint()).unwrap()
}

fn windows(max_length: usize) -> WindowOptions {
    let encoding = EncodeOptions { max_length, truncation: Truncation::LongestFirst };
    WindowOptions { encoding, stride: FillMask::default_stride(max_length) }
}

fn task(options: MaskOptions, max_length: usize) -> FillMask {
    let tokenizer = tokenizer();
    let task = FillMask::new(tokenizer.vocab_size(), options);
    task.with_tokenizer(&tokenizer, &windows(max_length)).unwrap()
}

fn text(id: u64, text: &str) -> MaskedText {
    MaskedText { id, text: text.to_owned(), text_pair: None, label: (), document: None }
}

const WORDS: [&str; 8] = ["film", "lovely", "joyly", "the", "soup", "awfulness", "room", "was"];

/// Texts of so many words, a few of them of two tokens.
fn texts(count: u64, words: usize) -> Vec<MaskedText> {
    let word = |id: u64, place: usize| WORDS[(id as usize * 7 + place * place * 3 + place) % WORDS.len()];
    (0..count)
        .map(|id| text(id, &(0..words).map(|place| word(id, place)).collect::<Vec<_>>().join(" ")))
        .collect()
}

fn encoded(task: &FillMask, examples: &[MaskedText], max_length: usize) -> EncodedDataset<MaskTarget> {
    encode(task, examples, &tokenizer(), &windows(max_length)).unwrap().0
}

const FIRST: Draw = Draw::Training { seed: 7, epoch: 1 };

/// Of each kind of mask as many as its probability says: within five standard deviations.
#[test]
fn each_kind_of_mask_is_as_frequent_as_its_probability() {
    let task = task(MaskOptions::default(), 64);
    let tokenizer = tokenizer();
    // Of many lengths, since the number of a text's masks is rounded.
    let examples: Vec<MaskedText> = (20..41).flat_map(|words| texts(95, words)).collect();
    let data = encoded(&task, &examples, 64);
    let (mut kinds, mut tokens, mut wanted) = ([0_usize; 3], 0_usize, 0_usize);
    let (mut random, mut places) = (BTreeMap::<u32, usize>::new(), [0_usize; 4]);
    for feature in data.features() {
        let masked = task.corrupt(feature, FIRST).unwrap();
        assert_eq!(masked.ids.len(), feature.ids.len());
        let (positions, truth) = (masked.target.positions(), masked.target.tokens());
        assert!(positions.is_sorted() && positions.len() == truth.len());
        let of_feature = feature.ids.len() - 2;
        tokens += of_feature;
        wanted += ((of_feature as f64 * MASKED).round() as usize).max(1);
        for (position, token) in positions.iter().zip(truth) {
            assert_eq!(feature.ids[*position], *token);
            assert!((1..=of_feature).contains(position), "a special token is masked");
            places[(position - 1) * 4 / of_feature] += 1;
            match masked.ids[*position] {
                id if id == tokenizer.mask_id().unwrap() => kinds[0] += 1,
                id if id == *token => kinds[2] += 1,
                id => {
                    kinds[1] += 1;
                    *random.entry(id).or_default() += 1;
                }
            }
        }
        let others = (0..feature.ids.len()).filter(|place| !positions.contains(place));
        assert!(others.into_iter().all(|place| masked.ids[place] == feature.ids[place]));
    }
    let masked: usize = kinds.iter().sum();
    assert_eq!(masked, wanted);
    assert!((masked as f64 / tokens as f64 - MASKED).abs() < 0.005, "{masked} of {tokens}");
    // A random token may be the mask or the token itself.
    let size = tokenizer.vocab_size() as f64;
    let by_mask = BY_MASK + BY_RANDOM / size;
    let by_itself = 1.0 - BY_MASK - BY_RANDOM + BY_RANDOM / size;
    for (count, share) in kinds.iter().zip([by_mask, 1.0 - by_mask - by_itself, by_itself]) {
        let deviation = (masked as f64 * share * (1.0 - share)).sqrt();
        assert!((*count as f64 - masked as f64 * share).abs() < 5.0 * deviation, "{kinds:?} of {masked}");
    }
    // From the whole vocabulary, special tokens too.
    assert!(random.len() > tokenizer.vocab_size() - 5, "{random:?}");
    let each = kinds[1] as f64 / size;
    assert!(random.values().all(|count| (*count as f64 - each).abs() < 5.0 * each.sqrt()), "{random:?}");
    // From the beginning to the end of a text alike.
    let quarter = masked as f64 / 4.0;
    assert!(places.iter().all(|count| (*count as f64 - quarter).abs() < 8.0 * quarter.sqrt()), "{places:?}");
}

#[test]
fn masks_follow_from_seed_epoch_and_example_alone() {
    let task = task(MaskOptions::default(), 64);
    let data = encoded(&task, &texts(60, 30), 64);
    let masks = |draw| -> Vec<(Vec<u32>, MaskTarget)> {
        let of = |feature| task.corrupt(feature, draw).map(|masked| (masked.ids, masked.target));
        data.features().iter().map(|feature| of(feature).unwrap()).collect()
    };
    let first = masks(FIRST);
    assert_eq!(first, masks(FIRST));
    for other in
        [Draw::Training { seed: 8, epoch: 1 }, Draw::Training { seed: 7, epoch: 2 }, Draw::Evaluation]
    {
        let other = masks(other);
        assert!(first.iter().zip(&other).filter(|(one, other)| one == other).count() < 6);
        assert_ne!(first, other);
    }
    // Neither the features beside it nor their order matter, but the example does.
    let mut alone = data.features()[17].clone();
    assert_eq!(task.corrupt(&alone, FIRST).unwrap().ids, first[17].0);
    alone.id += 1;
    assert_ne!(task.corrupt(&alone, FIRST).unwrap().ids, first[17].0);
    // What is masked is not masked again.
    let again =
        EncodedFeature { ids: first[0].0.clone(), target: first[0].1.clone(), ..data.features()[0].clone() };
    assert!(task.corrupt(&again, FIRST).is_none());
}

#[test]
fn words_are_masked_whole_where_it_is_asked_for() {
    let options = MaskOptions { whole_word_mask: true, line_by_line: false };
    let (words, pieces) = (task(options, 64), task(MaskOptions::default(), 64));
    let data = encoded(&words, &texts(300, 40), 64);
    let (mut whole, mut torn) = (0, 0);
    for feature in data.features() {
        let MaskTarget::Whole(kinds) = &feature.target else { panic!("{feature:?}") };
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), (TokenKind::Special, TokenKind::Special));
        let of = |task: &FillMask| task.corrupt(feature, FIRST).unwrap().target;
        let masked = of(&words);
        let tokens = kinds.iter().filter(|kind| **kind != TokenKind::Special).count();
        // A word of two tokens that would make too many is passed over: with one left, a shorter one is found.
        assert_eq!(masked.positions().len(), (tokens as f64 * MASKED).round() as usize);
        let is_torn = |target: &MaskTarget| {
            let has = |position: usize| target.positions().contains(&position);
            (1..kinds.len()).any(|at| kinds[at] == TokenKind::Continues && has(at) != has(at - 1))
        };
        assert!(!is_torn(&masked), "{masked:?} of {kinds:?}");
        torn += usize::from(is_torn(&of(&pieces)));
        whole += masked.positions().iter().filter(|at| kinds[**at] == TokenKind::Continues).count();
    }
    assert!(whole > 100 && torn > 100, "{whole} {torn}");
}

#[test]
fn a_text_without_a_token_to_mask_has_none_and_no_loss() {
    let task = task(MaskOptions::default(), 16);
    // Unknown words are special tokens.
    let data = encoded(&task, &[text(0, "xyz [SEP] 123"), text(1, "film")], 16);
    let masked = |index: usize| task.corrupt(&data.features()[index], FIRST).unwrap().target;
    assert_eq!((masked(0).positions().len(), masked(1).positions()), (0, &[1][..]));
    let targets = [masked(0), masked(1)];
    assert!((task.weight(&targets) - 1.0).abs() < 1e-12 && task.weight(&targets[..1]) < 1e-12);
    let device = burn::tensor::Device::default().autodiff();
    let outputs = burn::tensor::Tensor::<2>::ones([1, tokenizer().vocab_size()], &device).require_grad();
    let mask = burn::tensor::Tensor::ones([1, 4], &device.clone().inner());
    let layout = embert_model::Layout::from_attention_mask(mask);
    let loss = task.loss(outputs.clone(), &layout, &targets[..1], 3.0);
    let gradient: Vec<f32> = outputs.grad(&loss.backward()).unwrap().into_data().iter().collect();
    assert!(loss.into_scalar::<f32>().abs() < 1e-12 && gradient.iter().all(|value| value.abs() < 1e-12));
    // One masked token of three in the step.
    let loss = task.loss(outputs, &layout, &targets, 3.0).into_scalar::<f32>();
    assert!((loss - (tokenizer().vocab_size() as f32).ln() / 3.0).abs() < 1e-5, "{loss}");
}

/// The tokens of all blocks are those of all texts, with `[SEP]` between them.
#[test]
fn texts_fill_blocks_and_nothing_is_lost() {
    let tokenizer = tokenizer();
    let whole = EncodeOptions { max_length: usize::MAX, truncation: Truncation::LongestFirst };
    let tokens = |text: &str| {
        let ids = tokenizer.encode(text, None, &whole).unwrap().ids;
        ids[1..ids.len() - 1].to_vec()
    };
    let sep = tokens("[SEP]")[0];
    let mut rows = texts(30, 11);
    rows.push(text(30, &"awfulness joyly, soup! ".repeat(20)));
    rows.extend([text(31, "Fi\u{301}lm  \u{200b}the [MASK] é"), text(32, "好film 🎬")]);
    rows[4].text_pair = Some("the soup was lovely".to_owned());
    for max_length in [8, 16, 64, 500] {
        let task = task(MaskOptions::default(), max_length);
        let blocks = task.regroup(rows.clone()).unwrap();
        let note = task.regrouped_note(rows.len(), blocks.len()).unwrap();
        assert!(note.starts_with(&format!("33 texts fill {} blocks of at most {max_length}", blocks.len())));
        let all: Vec<Vec<u32>> = blocks.iter().map(|block| tokens(block.text())).collect();
        assert!(all.iter().all(|block| block.len() + 2 <= max_length), "{max_length}");
        let without = |ids: Vec<u32>| ids.into_iter().filter(move |id| *id != sep);
        let of_texts = rows.iter().flat_map(|row| [Some(row.text()), row.text_pair()]).flatten();
        let expected: Vec<u32> = of_texts.flat_map(|text| without(tokens(text))).collect();
        let found: Vec<u32> = all.iter().cloned().flat_map(without).collect();
        assert_eq!(found, expected, "{max_length}");
        // All but the last are nearly full: a word has two tokens, the separator one.
        assert!(all[..all.len() - 1].iter().all(|block| block.len() + 2 + 3 > max_length), "{max_length}");
        assert!(blocks.iter().map(|block| block.id).is_sorted());
        let (_, count) = encode(&task, &blocks, &tokenizer, &windows(max_length)).unwrap();
        assert_eq!(count.truncated, 0);
    }
    let task = task(MaskOptions::default(), 64);
    let two = task.regroup(vec![text(5, " the film "), text(6, "was lovely")]).unwrap();
    assert_eq!((two.len(), two[0].id, two[0].text()), (1, 5, "the film [SEP] was lovely"));
    let by_line = self::task(MaskOptions { line_by_line: true, ..MaskOptions::default() }, 8);
    assert_eq!(by_line.regroup(rows.clone()).unwrap(), rows);
    assert_eq!(by_line.regrouped_note(33, 33), None);
    // A longer text then has windows.
    assert!(encoded(&by_line, &rows[..4], 8).features().len() > 8);
}

#[test]
fn any_column_of_texts_will_do_and_labels_are_not_read() {
    let files =
        [("train.csv", "text,label\nthe film,pos\n  ,neg\nsoup,\n"), ("test.csv", "text,label\nroom,pos\n")];
    let folder = DataFolder::new(&files);
    let data =
        folder.load::<FillMask>("task = \"text-classification\"\nlabels = [\"neg\", \"pos\"]").unwrap();
    let of = |examples: &[MaskedText]| examples.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    assert_eq!(
        (of(&data.splits.train), of(&data.splits.test)),
        (vec!["the film".into(), "soup".into()], vec!["room".into()])
    );
    let found = folder.found::<FillMask>("task = \"text-classification\"\nmetric = \"f1\"");
    assert_eq!((found.task, found.card.metric), (embert_data::TaskName::FillMask, None));
    assert_eq!(found.notes, ["the card of t is for text-classification: its texts are read, and no labels"]);
    assert!(
        data.notes.iter().any(|note| note.contains("1 row(s) of the training split have no text")),
        "{:?}",
        data.notes
    );
    assert!(data.unlabelled(SplitKind::Test).is_none());

    let lines = DataFolder::new(&[("train.txt", "the film\nsoup\n")]).load::<FillMask>("").unwrap();
    assert_eq!(of(&lines.splits.train), ["the film", "soup"]);
    let sentences = DataFolder::new(&[("train.jsonl", "{\"sentence1\": \"a\", \"sentence2\": \"b\"}\n")]);
    let pairs = sentences.load::<FillMask>("").unwrap();
    assert_eq!(pairs.splits.train[0].text_pair.as_deref(), Some("b"));
    let bodies = DataFolder::new(&[("train.jsonl", "{\"body\": \"the film\"}\n")]);
    assert_eq!(
        of(&bodies.load::<FillMask>("[columns]\ntext = \"body\"").unwrap().splits.train),
        ["the film"]
    );
    let error = bodies.load::<FillMask>("").unwrap_err();
    assert!(error.contains("\"text\"") && error.contains("body"), "{error}");

    let masks = MaskOptions { whole_word_mask: true, line_by_line: false };
    let options = LabelOptions { masks, ..LabelOptions::default() };
    let data = folder.load_with::<FillMask>("", false, options).unwrap();
    assert!(data.labels.whole_word_mask && !data.labels.line_by_line);
    let tags = LabelOptions { label_all_tokens: true, ..options };
    let error = folder.load_with::<FillMask>("", false, tags).unwrap_err();
    assert!(
        error.starts_with("data.label_all_tokens = true: expected no value: it is for token-cl"),
        "{error}"
    );
    let error = folder.load_with::<crate::TextClassification>("", true, options).unwrap_err();
    assert!(
        error.starts_with("data.whole_word_mask = true: expected no value: it is for fill-mask"),
        "{error}"
    );
}

#[test]
fn a_text_without_a_mask_and_a_tokenizer_without_one_are_refused() {
    let task = task(MaskOptions::default(), 16);
    assert!(task.check_example(&text(0, "the [MASK] was lovely")).is_ok());
    let Err(problem) = task.check_example(&text(0, "the film")) else { panic!("it has no mask") };
    assert!(matches!(problem, ExampleProblem::NoMask { .. }));
    assert!(problem.to_string().starts_with("the text has no [MASK], expected at least one"), "{problem}");

    let folder = tempfile::tempdir().unwrap();
    let vocab = std::fs::read_to_string(checkpoint().join("vocab.txt")).unwrap();
    std::fs::write(folder.path().join("vocab.txt"), vocab.replace("[MASK]\n", "[OTHER]\n")).unwrap();
    std::fs::copy(checkpoint().join("config.json"), folder.path().join("config.json")).unwrap();
    let without = Tokenizer::from_folder(folder.path()).unwrap();
    let config = BertConfig::from_file(&folder.path().join("config.json")).unwrap();
    let fitted = FillMask::fit(&MaskOptions::default(), &config, folder.path()).unwrap();
    let error = fitted.with_tokenizer(&without, &windows(16)).unwrap_err().to_string();
    assert!(error.contains("has no token for masked words: name it as \"mask_token\""), "{error}");
}

/// The rule knows the most frequent token of training, and is right where it is masked.
#[test]
fn the_baseline_is_the_most_frequent_token() {
    let task = task(MaskOptions::default(), 16);
    let train: Vec<_> = (0..9).map(|id| text(id, "soup film soup xyz xyz xyz")).collect();
    let examples: Vec<_> = (0..40).map(|id| text(id, ["soup", "film", "soup"][id as usize % 3])).collect();
    assert!(task.baselines(&examples).unwrap().is_empty(), "it has seen nothing");
    let rules = task.clone().with_baselines(&train).baselines(&examples).unwrap();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].name, "always \"soup\", the most frequent token of training");
    let accuracy = rules[0].metrics.get("masked_accuracy").unwrap();
    // One token a text, all of them masked.
    assert!((accuracy - 27.0 / 40.0).abs() < 1e-12, "{accuracy}");
    assert_eq!(rules[0].metrics.get("perplexity"), None, "a rule gives no probabilities");
}

#[test]
fn an_evaluation_reads_the_same_masks_and_decodes_their_rows_alone() {
    let task = task(MaskOptions::default(), 32);
    let examples = texts(5, 12);
    let (data, alignments) = encode_aligned(&task, &examples, &tokenizer(), &windows(32)).unwrap();
    let (again, _) = encode_aligned(&task, &examples, &tokenizer(), &windows(32)).unwrap();
    assert_eq!(data, again);
    let vocab = tokenizer().vocab_size();
    for (feature, alignment) in data.features().iter().zip(&alignments) {
        assert_eq!(task.trained_positions(&feature.target), task.decoded_positions(alignment));
        assert_eq!(alignment.truth, feature.target.tokens());
        // Of each mask the truth is the most probable token but for the first one.
        let mut outputs = vec![0.0_f32; alignment.positions.len() * vocab];
        for (row, token) in alignment.truth.iter().enumerate().skip(1) {
            outputs[row * vocab + *token as usize] = 3.0;
        }
        let prediction = task.join(&examples[0], vec![task.decode(alignment, &outputs)]);
        let masks = prediction.masks.len();
        assert_eq!(masks, alignment.positions.len());
        let mut scorer = task.scorer().unwrap();
        crate::Scorer::<FillMask>::add(&mut scorer, &examples[0], &prediction).unwrap();
        let report = crate::Scorer::<FillMask>::finish(&scorer);
        let uniform = (vocab as f64).ln();
        let sure = (3.0_f64.exp() + vocab as f64 - 1.0).ln() - 3.0;
        let loss = (uniform + (masks - 1) as f64 * sure) / masks as f64;
        assert_eq!(report.masked, masks);
        assert!((report.loss.unwrap() - loss).abs() < 1e-6, "{report:?}");
        assert!((report.perplexity.unwrap() - loss.exp()).abs() < 1e-4, "{report:?}");
        let record = task.record("test", &examples[0], &prediction, 9);
        assert_eq!(record.masks.len(), masks);
        assert!(!record.text.contains("[CLS]"), "{}", record.text);
    }
}
