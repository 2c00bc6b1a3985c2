//! States and models that AdamW refuses, and parameters that it leaves alone.

use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use embert_optim::{AdamW, AdamWConfig, GradientsParams, OptimizerState, ParameterGroup};

use crate::Affine;

#[test]
fn a_state_of_another_model_is_refused() {
    let device = Device::flex();
    let model = Affine::new(&[0.5; 6], &[0.5; 3], &device);
    let optimizer = || model.optimizer(AdamWConfig::default(), [0.1, 0.1], 0.0);
    let other = Affine::new(&[0.5; 8], &[0.5; 4], &device);
    let mut trained = other.optimizer(AdamWConfig::default(), [0.1, 0.1], 0.0);
    let mut gradients = GradientsParams::new();
    gradients.register(other.bias.id, Tensor::<1>::ones([4], &device));
    let _ = trained.step(other.clone(), gradients, 1.0, 1.0);
    let message = optimizer().load_state(&model, trained.state()).unwrap_err().to_string();
    assert!(message.contains("bias has 4") && message.contains("has 3"), "{message}");

    let mut state = OptimizerState::default();
    state.parameters.insert("elsewhere".to_owned(), trained.state().parameters["bias"].clone());
    let message = optimizer().load_state(&model, state).unwrap_err().to_string();
    assert!(message.contains("elsewhere"), "{message}");
}

#[test]
fn what_is_in_no_group_and_what_has_no_gradient_stays() {
    let device = Device::flex().autodiff();
    let model = Affine::new(&[0.5; 6], &[0.5; 3], &device);
    let group = ParameterGroup {
        name: "head".to_owned(),
        part: "head".to_owned(),
        parameters: vec![(model.bias.id, "bias".to_owned())],
        learning_rate: 0.1,
        weight_decay: 0.5,
    };
    let mut optimizer = AdamW::new(AdamWConfig::default(), vec![group]).unwrap();
    let before = model.values();
    let model = optimizer.step(model, GradientsParams::new(), 1.0, 1.0);
    assert_eq!(model.values(), before);
    let x = Tensor::ones([2, 2], &device);
    let loss = model.loss(x);
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let model = optimizer.step(model, gradients, 1.0, 1.0);
    assert_eq!(model.values().0, before.0, "a frozen parameter moved");
    assert_ne!(model.values().1, before.1);
    assert_eq!(model.valid().values(), model.values());
}

/// The weight is trained from the third step on, and the bias misses the third step. Moments are kept while a
/// parameter is in no group, a new parameter starts at step 1, and both parameters are in the state.
#[test]
fn other_groups_keep_the_moments_of_what_was_trained() {
    let device = Device::flex();
    let model = Affine::new(&[0.5; 6], &[0.5; 3], &device);
    let group = |part: &str, parameters: &[&str]| {
        let parameters = parameters
            .iter()
            .map(|&name| (if name == "bias" { model.bias.id } else { model.weight.id }, name.to_owned()));
        let (name, part) = (part.to_owned(), part.to_owned());
        ParameterGroup {
            name,
            part,
            parameters: parameters.collect(),
            learning_rate: 0.1,
            weight_decay: 0.01,
        }
    };
    let step = |optimizer: &mut AdamW, model: Affine, size: f32| {
        let mut gradients = GradientsParams::new();
        gradients.register(model.bias.id, Tensor::<1>::full([3], size, &device));
        gradients.register(model.weight.id, Tensor::<2>::full([2, 3], size, &device));
        optimizer.step(model, gradients, 1.0, 1.0)
    };
    let mut optimizer = AdamW::new(AdamWConfig::default(), vec![group("one", &["bias"])]).unwrap();
    let mut trained = model.clone();
    for size in [1.0, -0.3] {
        trained = step(&mut optimizer, trained, size);
    }
    assert_eq!(trained.values().0, model.values().0, "the weight is in no group yet");
    let bias = trained.values().1;

    optimizer.regroup(vec![group("other", &["weight"])]).unwrap();
    trained = step(&mut optimizer, trained, 0.7);
    assert_eq!(trained.values().1, bias, "the bias is in no group any more");
    let steps = |optimizer: &AdamW| {
        let state = optimizer.state().parameters;
        ["bias", "weight"].map(|name| state.get(name).map(|state| state.step))
    };
    assert_eq!(steps(&optimizer), [Some(2), Some(1)]);

    // The state is loaded while both parameters are in a group, and the bias then leaves it.
    let mut again = AdamW::new(AdamWConfig::default(), vec![group("all", &["bias", "weight"])]).unwrap();
    again.load_state(&trained, optimizer.state()).unwrap();
    again.regroup(vec![group("other", &["weight"])]).unwrap();
    assert_eq!(again.state(), optimizer.state());

    for optimizer in [&mut optimizer, &mut again] {
        optimizer.regroup(vec![group("both", &["bias", "weight"])]).unwrap();
    }
    let (one, other) = (step(&mut optimizer, trained.clone(), 0.2), step(&mut again, trained, 0.2));
    assert_eq!(one.values(), other.values());
    assert_eq!(steps(&optimizer), [Some(3), Some(2)]);

    // The bias takes its third step as if it had never left the group.
    let mut alone = AdamW::new(AdamWConfig::default(), vec![group("one", &["bias"])]).unwrap();
    let mut expected = model.clone();
    for size in [1.0, -0.3, 0.2] {
        expected = step(&mut alone, expected, size);
    }
    assert_eq!(one.values().1, expected.values().1);
    assert!(optimizer.regroup(Vec::new()).is_err());
    assert_eq!(steps(&optimizer), [Some(3), Some(2)]);
}
