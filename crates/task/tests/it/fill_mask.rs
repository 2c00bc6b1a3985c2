//! The words behind masks beside those of the pipeline `fill-mask` of `transformers`, which
//! `tests/reference/fill_mask.py` has asked.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Int, Tensor};
use embert_data::WindowOptions;
use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
use embert_model::{BertForMaskedLM, BertInput, LoadOptions};
use embert_task::fill_mask::{FilledText, MaskedText};
use embert_task::{FillMask, Outputs, Task as _, rows_of};
use serde::Deserialize;

/// Scores: the reference computes in f32 too, and the two differ by the order of their sums.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    texts: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    text: String,
    masks: Vec<Vec<Word>>,
}

#[derive(Deserialize)]
struct Word {
    score: f64,
    token: u32,
    token_str: String,
    sequence: String,
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/fill-mask")
}

fn reference() -> Reference {
    let text = fs::read_to_string(fixture().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn filled(
    model: &BertForMaskedLM,
    task: &FillMask,
    tokenizer: &Tokenizer,
    text: &str,
    windows: WindowOptions,
) -> FilledText {
    let device = Device::default();
    let example = MaskedText { id: 0, text: text.to_owned(), text_pair: None, label: (), document: None };
    let encodings = tokenizer.windows(text, None, &windows.encoding, windows.stride.unwrap()).unwrap();
    let parts = encodings.iter().map(|encoding| {
        let ids: Vec<i64> = encoding.ids.iter().map(|id| i64::from(*id)).collect();
        let row = |values: &[i64]| Tensor::<1, Int>::from_ints(values, &device).unsqueeze::<2>();
        let input = BertInput::new(row(&ids), row(&vec![0; ids.len()]), row(&vec![1; ids.len()]));
        let alignment = task.alignment(&example, encoding, tokenizer);
        let positions = task.decoded_positions(&alignment).unwrap();
        let rows = rows_of(&input.layout, [positions], &device);
        let outputs = Outputs::of_some(model.forward_rows(input, rows), [positions.len()]);
        task.decode(&alignment, outputs.of(0))
    });
    let prediction = task.join(&example, parts.collect());
    task.answer(example, prediction)
}

#[test]
fn words_behind_masks_are_those_of_the_pipeline() {
    let Reference { texts } = reference();
    let folder = fixture().join("model");
    let tokenizer = Tokenizer::from_folder(&folder).unwrap();
    let loaded =
        BertForMaskedLM::from_pretrained(&folder, &LoadOptions::default(), &Device::default()).unwrap();
    assert!(loaded.report.newly_initialized.is_empty(), "{}", loaded.report);
    let windows = |max_length| WindowOptions {
        encoding: EncodeOptions { max_length, truncation: Truncation::LongestFirst },
        stride: FillMask::default_stride(max_length),
    };
    let task = FillMask::of_checkpoint(&loaded.config, &folder).unwrap();
    let task = task.with_tokenizer(&tokenizer, &windows(24)).unwrap();
    let (mut masks, mut largest) = (0, 0.0_f64);
    for expected in &texts {
        let found = filled(&loaded.model, &task, &tokenizer, &expected.text, windows(24));
        assert_eq!(found.masks.len(), expected.masks.len(), "{}", expected.text);
        for (found, expected_mask) in found.masks.iter().zip(&expected.masks) {
            assert_eq!((found.len(), expected_mask.len()), (5, 5));
            for (one, other) in found.iter().zip(expected_mask) {
                let same = (one.token, &one.token_str, &one.sequence)
                    == (other.token, &other.token_str, &other.sequence);
                assert!(same, "{}: {one:?} for {}", expected.text, other.sequence);
                largest = largest.max((one.score - other.score).abs());
            }
            masks += 1;
        }
    }
    assert!(largest <= TOLERANCE, "scores differ by {largest}");
    println!("{masks} masks: scores differ by at most {largest:.1e}");
    assert_eq!((texts.len(), masks), (8, 13));

    // A mask that two windows have is filled once, and none is lost.
    let long = format!("{} [MASK] was the [MASK] {} [MASK]", "the film ".repeat(8), "the soup ".repeat(7));
    let found = filled(&loaded.model, &task, &tokenizer, &long, windows(24));
    assert_eq!((found.masks.len(), found.is_cut), (3, false));
}
