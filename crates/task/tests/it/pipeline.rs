//! Entities as the pipeline `token-classification` of `transformers` gives them.

use embert_task::{Aggregation, FoundEntity, TokenExample};

use crate::reference::{Group, Single, WHOLE, encode, entities, logits, of_words, reference, tokenizer};

/// The pipeline's scores are means of f32 softmaxes, rounded to six digits; ours are f64.
const TOLERANCE: f64 = 1e-6;

#[track_caller]
fn check_groups(found: &[FoundEntity], expected: &[Group], what: &str) {
    let of_group = |entity: &FoundEntity| {
        assert!(entity.entity.is_none() && entity.index.is_none());
        (entity.entity_group.clone().unwrap(), entity.word.clone(), entity.start, entity.end)
    };
    let found_groups: Vec<_> = found.iter().map(of_group).collect();
    let wanted =
        expected.iter().map(|(group, _, word, start, end)| (group.clone(), word.clone(), *start, *end));
    assert_eq!(found_groups, wanted.collect::<Vec<_>>(), "{what}");
    for (found, (_, score, ..)) in found.iter().zip(expected) {
        assert!((found.score - score).abs() <= TOLERANCE, "{what}: {} against {score}", found.score);
    }
}

/// `offsets` of each token, for a text.
#[track_caller]
fn check_tokens(found: &[FoundEntity], expected: &[Single], offsets: &[(usize, usize)], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let (tag, score, index, word, start, end) = match expected {
            Single::OfText(tag, score, index, word) => {
                (tag, score, index, word, offsets[*index].0, offsets[*index].1)
            }
            Single::OfWords(tag, score, index, word, start, end) => (tag, score, index, word, *start, *end),
        };
        assert!(found.entity_group.is_none());
        let of_found =
            (found.entity.as_ref().unwrap(), found.index.unwrap(), &found.word, found.start, found.end);
        assert_eq!(of_found, (tag, *index, word, start, end), "{what}");
        assert!((found.score - score).abs() <= TOLERANCE, "{what}: {} against {score}", found.score);
    }
}

#[test]
fn entities_of_texts_are_the_pipelines() {
    let mut entities_seen = 0;
    for (number, case) in reference().examples.iter().enumerate() {
        let (example, tokenizer) = (TokenExample::of_text(0, case.text.clone()), tokenizer(case.vocabulary));
        let encoding = encode(&example, tokenizer, WHOLE);
        assert_eq!(
            (&encoding.ids, &encoding.offsets),
            (&case.raw.ids, &case.raw.offsets),
            "example {number}"
        );
        let special: String =
            encoding.word_ids.iter().map(|word| if word.is_some() { '0' } else { '1' }).collect();
        assert_eq!(special, case.raw.special, "special tokens of example {number}");
        let windows = [(encoding, logits(&case.raw.logits))];
        let of = |aggregation| entities(&example, tokenizer, &windows, aggregation);
        check_tokens(
            &of(Aggregation::None),
            &case.raw.none,
            &case.raw.offsets,
            &format!("none of example {number}"),
        );
        for (aggregation, expected) in [
            (Aggregation::Simple, &case.raw.simple),
            (Aggregation::First, &case.raw.first),
            (Aggregation::Average, &case.raw.average),
            (Aggregation::Max, &case.raw.max),
        ] {
            check_groups(
                &of(aggregation),
                expected,
                &format!("{aggregation} of example {number}: {:?}", case.text),
            );
            entities_seen += expected.len();
        }
    }
    assert!(entities_seen > 1000, "{entities_seen} entities");
}

#[test]
fn entities_of_words_are_the_pipelines() {
    let mut cases = 0;
    for (number, case) in reference().examples.iter().enumerate() {
        let Some(joined) = &case.joined else { continue };
        let (example, tokenizer) = (of_words(case), tokenizer(case.vocabulary));
        let windows = [(encode(&example, tokenizer, WHOLE), logits(&joined.logits))];
        let of = |aggregation| entities(&example, tokenizer, &windows, aggregation);
        check_tokens(
            &of(Aggregation::None),
            &joined.none,
            &[],
            &format!("none of example {number}: {:?}", case.words),
        );
        check_groups(
            &of(Aggregation::First),
            &joined.first,
            &format!("first of example {number}: {:?}", case.words),
        );
        cases += 1;
    }
    assert_eq!(cases, 75);
}
