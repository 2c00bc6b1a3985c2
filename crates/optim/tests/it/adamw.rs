//! What AdamW refuses and what it leaves alone.

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
