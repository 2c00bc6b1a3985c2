use burn::tensor::{Device, TensorData};
use embert_data::tokenize::EncodeOptions;
use embert_data::{EncodedFeature, Texts as _, WindowOptions};

use super::*;
use crate::tests::DataFolder;
use crate::{Scorer as _, TaskData, encode};

type Data = TaskData<SentenceSimilarity>;

/// A card's keys for the columns of a task that the columns alone don't tell.
const PAIRS: &str = "[columns]\ntext = \"one\"\ntext_pair = \"two\"\n";

fn load(files: &[(&str, &str)], card: &str) -> Result<Data, String> {
    DataFolder::new(files).load(card)
}

fn scores(data: &Data) -> Vec<f64> {
    let scale = data.labels.scores.as_ref().unwrap();
    data.splits.train.iter().map(|example| scale.scaled(example.score.unwrap())).collect()
}

#[test]
fn scores_are_scaled_as_the_card_says() {
    let rows = ("train.csv", "one,two,label\na,b,5\nc,d,0\ne,f,1.25\n");
    let data = load(&[rows], &format!("score_range = [0, 5]\n{PAIRS}")).unwrap();
    assert_eq!(scores(&data), [1.0, 0.0, 0.25]);
    assert!(data.notes.iter().any(|note| note.contains("cosines against scores")), "{:?}", data.notes);
    let message = load(&[rows], PAIRS).unwrap_err();
    assert!(message.contains("from 0 to 5") && message.contains("score_range = [0, 5]"), "{message}");
    let cosines = ("train.csv", "one,two,label\na,b,-0.5\nc,d,0.25\n");
    assert_eq!(scores(&load(&[cosines], PAIRS).unwrap()), [-0.5, 0.25]);
    let beyond = ("train.csv", "one,two,label\na,b,5\nc,d,0\ne,f,5.5\n");
    let message = load(&[beyond], &format!("score_range = [0, 5]\n{PAIRS}")).unwrap_err();
    assert!(
        message.starts_with("train.csv, line 4: the score is 5.5, expected a number from 0 to 5"),
        "{message}"
    );
}

#[test]
fn pairs_without_scores_are_partners_and_may_have_a_third_text() {
    let rows =
        "{\"one\": \"a\", \"two\": \"b\", \"not\": \"c\"}\n{\"one\": \"d\", \"two\": \"e\", \"not\": null}\n";
    let card = format!("{PAIRS}label = \"\"\nnegative = \"not\"\n");
    let data = load(&[("train.jsonl", rows)], &card).unwrap();
    assert_eq!(data.labels, PairLabels { scores: None });
    let texts: Vec<Vec<&str>> = data.splits.train.iter().map(|pair| pair.separate().unwrap()).collect();
    assert_eq!(texts, [&["a", "b", "c"][..], &["d", "e"]]);
    let keys = SentenceSimilarity::keys(&data.splits.train[0]);
    assert_eq!(keys, ["a", "b"]);
    let message = load(&[("train.jsonl", "{\"text\": \"a\", \"label\": 1}\n")], "").unwrap_err();
    assert!(message.contains("no column of second texts"), "{message}");
}

fn task(has_scores: bool) -> SentenceSimilarity {
    let data = if has_scores {
        load(&[("train.csv", "one,two,label\na,b,1\nc,d,0\n")], PAIRS)
    } else {
        load(&[("train.csv", "one,two\na,b\nc,d\n")], &format!("{PAIRS}label = \"\"\n"))
    };
    SentenceSimilarity { scale: data.unwrap().labels.scores, dimensions: None, assumed: None }
}

fn vectors(rows: &[[f32; 2]]) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), 2]), &Device::flex())
}

/// A target whose texts have these tokens.
fn target(score: Option<f64>, texts: &[u32]) -> PairTarget {
    let encoding = |token: &u32| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
        let tokenizer = Tokenizer::from_folder(&folder).unwrap();
        let options = EncodeOptions { max_length: 8, truncation: tokenizer.truncation() };
        let mut encoding = tokenizer.encode("a", None, &options).unwrap();
        encoding.ids[1] = *token;
        encoding
    };
    PairTarget::new(score, &texts.iter().map(encoding).collect::<Vec<_>>())
}

#[test]
fn the_loss_of_scores_is_the_squared_difference_of_the_cosine() {
    let outputs = vectors(&[[3.0, 4.0], [4.0, 3.0], [1.0, 0.0], [0.0, 2.0]]);
    let targets = [target(Some(1.0), &[5, 6]), target(Some(0.5), &[7, 8])];
    let loss = cosine_loss(outputs, &[0..2, 2..4], &targets, 2.0).into_scalar::<f32>();
    assert!((loss - ((1.0_f32 - 0.96).powi(2) + 0.25) / 2.0).abs() < 1e-6, "{loss}");
    // A vector of length 0 has the cosine 0, and no NaN.
    let loss = cosine_loss(vectors(&[[0.0, 0.0], [1.0, 0.0]]), &[0..2], &targets[..1], 1.0);
    assert!((loss.into_scalar::<f32>() - 1.0).abs() < 1e-6);
}

/// The mean of `log(sum over the candidates of exp(20 cos)) - 20 cos`.
fn by_hand(cosines: &[(&[f64], usize)]) -> f64 {
    let of = |(cosines, own): &(&[f64], usize)| {
        cosines.iter().map(|cosine| (20.0 * cosine).exp()).sum::<f64>().ln() - 20.0 * cosines[*own]
    };
    cosines.iter().map(of).sum::<f64>() / cosines.len() as f64
}

#[test]
fn a_partner_is_found_among_those_of_all_pairs_and_equal_texts_are_no_negatives() {
    let outputs = || vectors(&[[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [0.0, 1.0], [0.28, 0.96]]);
    let texts = [0..2, 2..5];
    let loss = |targets: &[PairTarget]| {
        f64::from(in_batch_loss(outputs(), &texts, targets, targets.len() as f64).into_scalar::<f32>())
    };
    // Queries (1, 0) and (0.6, 0.8); partners (0.8, 0.6) and (0, 1); another text (0.28, 0.96).
    let [one, other] = [[0.8, 0.0, 0.28], [0.96, 0.8, 0.936]];
    let all = loss(&[target(None, &[5, 6]), target(None, &[7, 8, 9])]);
    assert!((all - by_hand(&[(&one, 0), (&other, 1)])).abs() < 1e-5, "{all}");
    // The second partner is the first one's text; the third is the first query.
    let equal = loss(&[target(None, &[5, 6]), target(None, &[7, 6, 5])]);
    assert!((equal - by_hand(&[(&one[..1], 0), (&other[1..], 0)])).abs() < 1e-5, "{equal}");
    // The same first text: the other's partner is one of its own, and no negative.
    let same = loss(&[target(None, &[5, 6]), target(None, &[5, 8, 9])]);
    assert!((same - by_hand(&[(&[one[0], one[2]], 0), (&other[1..], 0)])).abs() < 1e-5, "{same}");
}

#[test]
fn a_pair_is_two_features_and_counts_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/tokenizer");
    let tokenizer = Tokenizer::from_folder(&folder).unwrap();
    let pairs = [
        TextPair {
            negative: Some("bad".to_owned()),
            ..TextPair::new(3, "a b c".to_owned(), "good".to_owned())
        },
        TextPair::new(4, "film".to_owned(), "a b c a b c a b c".to_owned()),
    ];
    let options = EncodeOptions { max_length: 6, truncation: tokenizer.truncation() };
    let (data, cut) =
        encode(&task(false), &pairs, &tokenizer, &WindowOptions { encoding: options, stride: None }).unwrap();
    let lengths: Vec<usize> =
        data.features().iter().map(|feature: &EncodedFeature<_>| feature.ids.len()).collect();
    assert_eq!((lengths, data.examples()), (vec![5, 3, 3, 3, 6], 2));
    assert_eq!((data.tokens_of_examples(), data.untruncated_of_examples()), (vec![11, 9], vec![11, 14]));
    assert_eq!((cut.truncated, cut.total), (1, 5));
    assert!(data.features().iter().all(|feature| feature.type_ids.iter().all(|kind| *kind == 0)));
}

#[test]
fn metrics_are_those_of_the_pairs_at_hand() {
    let (scored, partners) = (task(true), task(false));
    let names =
        |task: &SentenceSimilarity| task.metrics().into_iter().map(|metric| metric.name).collect::<Vec<_>>();
    assert_eq!(names(&scored), ["spearman_cosine", "pearson_cosine", "loss"]);
    assert_eq!(names(&partners), ["mrr@10", "recall@1", "recall@10"]);
    assert_eq!((scored.default_metric(), partners.default_metric()), ("spearman_cosine", "mrr@10"));
    assert!(scored.step_loss().is_none() && partners.step_loss().is_some());

    let mut scorer = partners.scorer().unwrap();
    for (id, (query, partner)) in (0..).zip([("cats", "on cats"), ("dogs", "on dogs")]) {
        let example = TextPair::new(id, query.to_owned(), partner.to_owned());
        let vector =
            |second: bool| vec![(id as f32 + 1.0) * 2.0, if second { 0.5 } else { 0.25 } * id as f32];
        let prediction = partners.join(&example, vec![vector(false), vector(true)]);
        assert!(prediction.cosine > 0.9 && prediction.cosine <= 1.0 + 1e-9);
        scorer.add(&example, &prediction).unwrap();
    }
    let report = scorer.finish();
    assert_eq!(report.retrieval.map(|found| (found.queries, found.documents)), Some((2, 2)));

    let pair = |text: &str, text_pair: &str, score| TextPair {
        score: Some(score),
        ..TextPair::new(0, text.to_owned(), text_pair.to_owned())
    };
    let examples = [pair("A cat.", "a CAT", 1.0), pair("a cat", "a dog", 0.4), pair("a", "b", 0.0)];
    let baselines = scored.baselines(&examples).unwrap();
    assert_eq!(baselines[0].metrics.get("spearman_cosine"), Some(1.0));
    assert_eq!(words::shared_words("...", "!"), 0.0);
    let of_partners = partners.baselines(&examples).unwrap();
    assert_eq!(of_partners[0].metrics.get("recall@10"), Some(1.0));
}
