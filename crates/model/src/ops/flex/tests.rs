//! The fused operations against Burn's own operations, forward and backward.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Distribution, Gradients, Tensor, TensorData};

use super::buffer::MADE;
use super::matrix::ROWS;
use super::vector::{LANES, erf, exp};
use crate::ops::{self, Dropout, Gelu, plain};
use crate::{BertConfig, BertForSequenceClassification, BertInput, DropoutKey, LayerNorm};

/// The largest difference relative to the largest number of the tensor: some tens of roundings.
const TOLERANCE: f32 = 2e-5;

const SEED: u64 = 7;

/// `[batch, seq, hidden, heads]`: numbers of rows, columns and keys that are no multiple of a vector, of a
/// block of rows or of a chunk; heads of 8, 32 and 64.
const SHAPES: [[usize; 4]; 6] =
    [[1, 1, 8, 1], [3, 1, 24, 3], [2, 7, 24, 3], [2, 33, 64, 2], [1, 130, 64, 1], [2, 70, 96, 3]];

/// The device, seeded. A guard serialises the tests, since they share the device's seed.
fn device() -> (Device, MutexGuard<'static, ()>) {
    static LOCK: Mutex<()> = Mutex::new(());
    let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
    let device = Device::flex().autodiff();
    device.seed(1);
    (device, guard)
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

fn linear(input: usize, output: usize, device: &Device) -> Linear {
    let weight = random([input, output], device) / (input as f64).sqrt();
    Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_tensor(random([output], device))) }
}

fn norm(hidden: usize, device: &Device) -> LayerNorm {
    LayerNorm {
        weight: Param::from_tensor(random([hidden], device)),
        bias: Param::from_tensor(random([hidden], device)),
        epsilon: 1e-12,
    }
}

/// `[batch, 1, 1, seq]`: the first text is whole, each further text a token shorter, and the last text is
/// padding alone.
fn padding(batch: usize, seq: usize, device: &Device) -> Tensor<4> {
    let bias: Vec<f32> = (0..batch)
        .flat_map(|text| {
            let real = if text > 0 && text + 1 == batch { 0 } else { seq - text.min(seq - 1) };
            (0..seq).map(move |key| if key < real { 0.0 } else { f32::MIN })
        })
        .collect();
    Tensor::from_data(TensorData::new(bias, [batch, 1, 1, seq]), device)
}

fn vec<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}

#[track_caller]
fn assert_close(got: &[f32], expected: &[f32], what: &str) {
    let largest = expected.iter().fold(0.0, |largest: f32, x| largest.max(x.abs()));
    let difference = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert_eq!(got.len(), expected.len(), "{what}");
    assert!(got.iter().all(|x| x.is_finite()), "{what} is not finite");
    assert!(
        difference <= TOLERANCE * (1.0 + largest),
        "{what}: {difference:e}, with numbers up to {largest:e}"
    );
}

/// The mask of an operation that draws its mask in pieces of [`ROWS`] rows from [`SEED`].
fn row_mask(shape: [usize; 3], p: f64, device: &Device) -> Tensor<3> {
    let Some(dropout) = Dropout::new(p, SEED) else { return Tensor::ones(shape, device) };
    let mut mask = vec![0.0; shape.iter().product()];
    for (number, rows) in mask.chunks_mut(ROWS * shape[2]).enumerate() {
        let mut source = dropout.piece(number);
        rows.chunks_mut(shape[2]).for_each(|row| source.fill(row));
    }
    Tensor::from_data(TensorData::new(mask, shape), device)
}

/// The mask of the attention: one piece a head, and in it one row a query, over the keys rounded up to whole
/// vectors.
fn attention_mask(keys: &[usize], [heads, seq]: [usize; 2], p: f64, device: &Device) -> Tensor<4> {
    let shape = [keys.len(), heads, seq, seq];
    let Some(dropout) = Dropout::new(p, SEED) else { return Tensor::ones(shape, device) };
    let mut mask = vec![0.0; shape.iter().product()];
    for (number, rows) in mask.chunks_mut(seq * seq).enumerate() {
        let keys = keys[number / heads];
        let mut source = dropout.piece(number);
        let mut factors = vec![0.0; keys.next_multiple_of(LANES)];
        for row in rows.chunks_mut(seq) {
            source.fill(&mut factors);
            row[..keys].copy_from_slice(&factors[..keys]);
        }
    }
    Tensor::from_data(TensorData::new(mask, shape), device)
}

/// The gradients of a weighted sum of the output, whose weights differ from element to element.
fn backward(output: &Tensor<3>) -> Gradients {
    let numbers = output.dims().iter().product::<usize>();
    let weights: Vec<f32> = (0..numbers).map(|i| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0).collect();
    let weights = Tensor::from_data(TensorData::new(weights, output.dims()), &output.device());
    (output.clone() * weights).sum().backward()
}

/// The output, and the gradients of the inputs, of the layers and of the normalization.
fn results(
    output: &Tensor<3>,
    inputs: &[&Tensor<3>],
    layers: &[&Linear],
    norm: Option<&LayerNorm>,
) -> Vec<(String, Vec<f32>)> {
    let gradients = backward(output);
    let mut all = vec![("output".to_owned(), vec(output))];
    for (i, input) in inputs.iter().enumerate() {
        all.push((format!("gradient of input {i}"), vec(&input.grad(&gradients).unwrap())));
    }
    for (i, layer) in layers.iter().enumerate() {
        let weight = layer.weight.val().grad(&gradients).unwrap();
        let bias = layer.bias.as_ref().unwrap().val().grad(&gradients).unwrap();
        all.push((format!("gradient of weight {i}"), vec(&weight)));
        all.push((format!("gradient of bias {i}"), vec(&bias)));
    }
    if let Some(norm) = norm {
        all.push((
            "gradient of the norm's weight".to_owned(),
            vec(&norm.weight.val().grad(&gradients).unwrap()),
        ));
        all.push(("gradient of the norm's bias".to_owned(), vec(&norm.bias.val().grad(&gradients).unwrap())));
    }
    all
}

#[track_caller]
fn assert_same(got: Vec<(String, Vec<f32>)>, expected: Vec<(String, Vec<f32>)>, case: &str) {
    assert_eq!(got.len(), expected.len());
    for ((what, got), (_, expected)) in got.into_iter().zip(expected) {
        assert_close(&got, &expected, &format!("{what}, {case}"));
    }
}

/// The tests below compare an operation with its plain form, and would pass if both were plain.
#[test]
fn every_operation_is_fused_on_flex() {
    let (device, _guard) = device();
    for device in [device.clone(), device.without_autodiff()] {
        let x = random([2, 5, 16], &device);
        let (dense, norm, bias) = (linear(16, 16, &device), norm(16, &device), padding(2, 5, &device));
        let some = Dropout::new(0.3, SEED);
        let fused: [(&str, &dyn Fn() -> Tensor<3>); 4] = [
            ("linear_gelu", &|| ops::linear_gelu(x.clone(), &dense, Gelu::Erf)),
            ("output_block", &|| ops::output_block(x.clone(), &dense, x.clone(), &norm, some)),
            ("norm_dropout", &|| ops::norm_dropout(x.clone(), &norm, some)),
            ("self_attention", &|| ops::self_attention(&x, [&dense; 3], bias.clone(), 2, some)),
        ];
        let made = |operation: &dyn Fn() -> Tensor<3>| {
            let before = MADE.get();
            drop(operation());
            MADE.get() - before
        };
        for (name, operation) in fused {
            assert!(made(operation) > 0, "{name} takes the plain path on {device:?}");
        }
        assert_eq!(
            made(&|| plain::linear_gelu(x.clone(), &dense, Gelu::Erf)),
            0,
            "the plain form counts too"
        );
        assert_eq!(made(&|| ops::dropout(x.clone(), some)), 0, "dropout is fused: list it above");

        // A new function of the file must join the list.
        let declared = include_str!("../mod.rs").lines().filter_map(|line| {
            let (visibility, function) = line.split_once("fn ")?;
            visibility.starts_with("pub").then(|| function.split(['(', '<']).next())?
        });
        let listed = fused.map(|(name, _)| name).into_iter().chain(["dropout"]);
        assert_eq!(declared.collect::<BTreeSet<_>>(), listed.collect::<BTreeSet<_>>());
    }
}

#[test]
fn linear_gelu_agrees() {
    let (device, _guard) = device();
    for [batch, seq, hidden, _] in SHAPES {
        for form in [Gelu::Erf, Gelu::Tanh] {
            let x = (random([batch, seq, hidden], &device) * 3.0).require_grad();
            let dense = linear(hidden, 2 * hidden + 3, &device);
            let fused = results(&ops::linear_gelu(x.clone(), &dense, form), &[&x], &[&dense], None);
            let plain = results(&plain::linear_gelu(x.clone(), &dense, form), &[&x], &[&dense], None);
            assert_same(fused, plain, &format!("{form:?}, {batch} x {seq} x {hidden}"));
        }
    }
}

#[test]
fn output_block_agrees_with_the_mask_it_drew() {
    let (device, _guard) = device();
    for [batch, seq, hidden, _] in SHAPES {
        for p in [0.0, 0.3] {
            let x = random([batch, seq, hidden + 5], &device).require_grad();
            let residual = random([batch, seq, hidden], &device).require_grad();
            let (dense, norm) = (linear(hidden + 5, hidden, &device), norm(hidden, &device));
            let fused = ops::output_block(x.clone(), &dense, residual.clone(), &norm, Dropout::new(p, SEED));
            let fused = results(&fused, &[&x, &residual], &[&dense], Some(&norm));
            let mask = row_mask([batch, seq, hidden], p, &device);
            let plain = plain::output_block(x.clone(), &dense, residual.clone(), &norm, |x| x * mask);
            let plain = results(&plain, &[&x, &residual], &[&dense], Some(&norm));
            assert_same(fused, plain, &format!("{batch} x {seq} x {hidden}, p = {p}"));
        }
    }
}

#[test]
fn norm_dropout_agrees_with_the_mask_it_drew() {
    let (device, _guard) = device();
    for [batch, seq, hidden, _] in SHAPES {
        for p in [0.0, 0.3] {
            let x = random([batch, seq, hidden], &device).require_grad();
            let norm = norm(hidden, &device);
            let fused =
                results(&ops::norm_dropout(x.clone(), &norm, Dropout::new(p, SEED)), &[&x], &[], Some(&norm));
            let mask = row_mask([batch, seq, hidden], p, &device);
            let plain = plain::norm_dropout(x.clone(), &norm, |x| x * mask);
            let plain = results(&plain, &[&x], &[], Some(&norm));
            assert_same(fused, plain, &format!("{batch} x {seq} x {hidden}, p = {p}"));
        }
    }
}

#[test]
fn self_attention_agrees_with_the_mask_it_drew() {
    let (device, _guard) = device();
    for [batch, seq, hidden, heads] in SHAPES {
        for p in [0.0, 0.3] {
            let x = random([batch, seq, hidden], &device).require_grad();
            let layers = [(); 3].map(|()| linear(hidden, hidden, &device));
            let layers = layers.each_ref();
            let bias = padding(batch, seq, &device);
            let fused = ops::self_attention(&x, layers, bias.clone(), heads, Dropout::new(p, SEED));
            let fused = results(&fused, &[&x], &layers, None);
            let keys: Vec<usize> = vec(&bias)
                .chunks(seq)
                .map(|bias| bias.iter().filter(|&&bias| bias == 0.0).count())
                .map(|real| if real == 0 { seq } else { real })
                .collect();
            let mask = attention_mask(&keys, [heads, seq], p, &device);
            let plain = plain::self_attention(&x, layers, bias, heads, |x| x * mask);
            let plain = results(&plain, &[&x], &layers, None);
            assert_same(fused, plain, &format!("{batch} x {seq} x {hidden}, {heads} heads, p = {p}"));
        }
    }
}

#[test]
fn padding_inside_a_text_is_masked_too() {
    let (device, _guard) = device();
    let [batch, seq, hidden, heads] = [2, 21, 32, 2];
    let x = random([batch, seq, hidden], &device).require_grad();
    let layers = [(); 3].map(|()| linear(hidden, hidden, &device));
    let layers = layers.each_ref();
    let bias: Vec<f32> =
        (0..batch * seq).map(|i| if i % 3 == 0 { f32::MIN } else { -((i % 5) as f32) }).collect();
    let bias = Tensor::from_data(TensorData::new(bias, [batch, 1, 1, seq]), &device);
    let fused = results(&ops::self_attention(&x, layers, bias.clone(), heads, None), &[&x], &layers, None);
    let plain = plain::self_attention(&x, layers, bias, heads, |x| x);
    assert_same(fused, results(&plain, &[&x], &layers, None), "padding in between");
}

#[test]
fn evaluation_agrees_with_training_without_dropout() {
    let (device, _guard) = device();
    let inner = device.clone().without_autodiff();
    let x = random([2, 9, 24], &inner);
    let (dense, norm) = (linear(24, 24, &inner), norm(24, &inner));
    let layers = [&dense; 3];
    let bias = padding(2, 9, &inner);
    for (fused, plain, what) in [
        (
            ops::linear_gelu(x.clone(), &dense, Gelu::Erf),
            plain::linear_gelu(x.clone(), &dense, Gelu::Erf),
            "linear_gelu",
        ),
        (
            ops::output_block(x.clone(), &dense, x.clone(), &norm, None),
            plain::output_block(x.clone(), &dense, x.clone(), &norm, |x| x),
            "output_block",
        ),
        (
            ops::norm_dropout(x.clone(), &norm, None),
            plain::norm_dropout(x.clone(), &norm, |x| x),
            "norm_dropout",
        ),
        (
            ops::self_attention(&x, layers, bias.clone(), 3, None),
            plain::self_attention(&x, layers, bias, 3, |x| x),
            "self_attention",
        ),
    ] {
        assert_close(&vec(&fused), &vec(&plain), what);
    }
}

/// Inputs are transposed, sliced and expanded views of shared memory, which must not be overwritten.
#[test]
fn views_are_read_as_they_are_and_not_overwritten() {
    let (device, _guard) = device();
    let [batch, seq, hidden] = [3, 11, 16];
    let table = random([seq, batch, 2 * hidden], &device);
    let x = table.clone().slice([0..seq, 0..batch, 5..5 + hidden]).swap_dims(0, 1).require_grad();
    let square = random([hidden, hidden], &device);
    let dense = Linear {
        weight: Param::from_tensor(square.clone().transpose()),
        bias: Some(Param::from_tensor(random([2 * hidden], &device).slice_dim(0, 3..3 + hidden))),
    };
    let norm = norm(hidden, &device);
    let bias = Tensor::<4>::zeros([1, 1, 1, 1], &device).expand([batch, 1, 1, seq]);
    let before = (vec(&table), vec(&square), vec(&x));

    let fused = |x: &Tensor<3>| {
        let x = ops::self_attention(
            &ops::norm_dropout(x.clone(), &norm, None),
            [&dense; 3],
            bias.clone(),
            2,
            None,
        );
        let inner = ops::linear_gelu(x.clone(), &dense, Gelu::Erf);
        ops::output_block(inner, &dense, x, &norm, None)
    };
    let plain = |x: &Tensor<3>| {
        let x = plain::norm_dropout(x.clone(), &norm, |x| x);
        let x = plain::self_attention(&x, [&dense; 3], bias.clone(), 2, |x| x);
        let inner = plain::linear_gelu(x.clone(), &dense, Gelu::Erf);
        plain::output_block(inner, &dense, x, &norm, |x| x)
    };
    let expected = results(&plain(&x), &[&x], &[&dense], Some(&norm));
    assert_same(results(&fused(&x), &[&x], &[&dense], Some(&norm)), expected, "views");
    // The gradient of a sum is one number, expanded to the shape.
    let sums = [fused(&x), plain(&x)].map(|output| vec(&x.grad(&output.sum().backward()).unwrap()));
    assert_close(&sums[0], &sums[1], "gradient of a sum");
    assert_eq!((vec(&table), vec(&square), vec(&x)), before);
}

#[test]
fn only_wanted_gradients_come_out() {
    let (device, _guard) = device();
    let x = random([2, 5, 16], &device);
    let (dense, norm) = (linear(16, 16, &device).no_grad(), norm(16, &device));
    let output = ops::output_block(x.clone(), &dense, x.clone(), &norm, None);
    let gradients = backward(&output);
    assert!(x.grad(&gradients).is_none());
    assert!(dense.weight.val().grad(&gradients).is_none());
    assert!(norm.weight.val().grad(&gradients).is_some());
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_number_of_threads() {
    let (device, _guard) = device();
    let [batch, seq, hidden, heads] = [3, 70, 96, 3];
    let x = random([batch, seq, hidden], &device).require_grad();
    let layers = [(); 3].map(|()| linear(hidden, hidden, &device));
    let layers = layers.each_ref();
    let (wide, narrow) = (linear(hidden, 384, &device), linear(384, hidden, &device));
    let norm = norm(hidden, &device);
    let bias = padding(batch, seq, &device);
    let run = |seed: u64, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let dropout = |place| Dropout::new(0.1, seed + place);
            let h = ops::norm_dropout(x.clone(), &norm, dropout(0));
            let h = ops::self_attention(&h, layers, bias.clone(), heads, dropout(10));
            let inner = ops::linear_gelu(h.clone(), &wide, Gelu::Erf);
            let output = ops::output_block(inner, &narrow, h, &norm, dropout(20));
            let [query, key, value] = layers;
            results(&output, &[&x], &[query, key, value, &wide, &narrow], Some(&norm))
                .into_iter()
                .map(|(_, numbers)| numbers.into_iter().map(f32::to_bits).collect())
                .collect::<Vec<Vec<u32>>>()
        })
    };
    let first = run(3, 1);
    for threads in [1, 2, 3, 8] {
        assert!(run(3, threads) == first, "{threads} threads give other bits");
    }
    assert!(run(4, 2) != first, "the seed has no effect");
}

#[test]
fn exponential_is_accurate_and_ends_in_zero() {
    let mut worst = 0.0_f64;
    for i in -8_700..8_800 {
        let x = i as f32 / 100.0;
        let exact = f64::from(x).exp();
        worst = worst.max((f64::from(exp(x)) - exact).abs() / exact);
    }
    assert!(worst < 2.5e-7, "relative error {worst:e}");
    for x in [-90.0, -1e4, f32::MIN, f32::NEG_INFINITY] {
        assert_eq!(exp(x).to_bits(), 0.0_f32.to_bits(), "exp({x})");
    }
    assert_eq!(exp(0.0).to_bits(), 1.0_f32.to_bits());
    assert!(exp(f32::NAN).is_nan());
}

#[test]
fn error_function_is_accurate() {
    let device = Device::flex();
    let x: Vec<f32> = (-6_000..=6_000).map(|i| i as f32 / 1_000.0).collect();
    let exact = vec(&Tensor::<1>::from_floats(x.as_slice(), &device).erf());
    let worst = x.iter().zip(exact).map(|(&x, exact)| (erf(x) - exact).abs()).fold(0.0, f32::max);
    assert!(worst < 2.5e-7, "absolute error {worst:e}");
    assert!(erf(f32::NAN).is_nan());
}

#[test]
fn a_whole_model_repeats_itself_bit_for_bit() {
    let (device, _guard) = device();
    let config = BertConfig {
        vocab_size: 50,
        hidden_size: 48,
        num_hidden_layers: 2,
        num_attention_heads: 3,
        intermediate_size: 100,
        ..BertConfig::default()
    };
    let model =
        BertForSequenceClassification::from_config(&config.with_labels(["a", "b"]), 0, &device).unwrap();
    let [batch, seq] = [4, 37];
    let ids: Vec<i32> = (0..batch * seq).map(|i| i * i % 50).collect();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let input = BertInput::new(
                Tensor::from_data(TensorData::new(ids.clone(), [batch, seq]), &device),
                Tensor::zeros([batch, seq], &device),
                Tensor::ones([batch, seq], &device),
            );
            let logits = model.forward(input.with_dropout(DropoutKey::new(5, 0, 0)));
            let gradients = (logits.clone() * logits).sum().backward();
            let bert = &model.bert;
            [
                &bert.embeddings.word_embeddings.weight,
                &bert.encoder.layer[0].attention.self_.key.weight,
                &bert.encoder.layer[1].output.dense.weight,
                &model.head.classifier.weight,
            ]
            .map(|weight| {
                vec(&weight.val().grad(&gradients).unwrap()).into_iter().map(f32::to_bits).collect::<Vec<_>>()
            })
        })
    };
    let first = run(1);
    assert!(run(1) == first && run(2) == first && run(5) == first);
}
