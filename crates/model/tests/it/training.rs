//! Gradients and freezing.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use embert_model::{
    BertForSequenceClassification, DropoutKey, Freeze, FreezePatterns, Layers, load_state_dict, module_tree,
    named_parameters, part_counts, state_dict, unfreeze,
};

use crate::support::{tiny_config, tiny_input, values};

fn model(device: &Device) -> BertForSequenceClassification {
    BertForSequenceClassification::from_config(&tiny_config(), 1, device).unwrap()
}

fn frozen(model: &BertForSequenceClassification) -> Vec<String> {
    named_parameters(model)
        .into_iter()
        .filter(|parameter| !parameter.trainable)
        .map(|parameter| parameter.name)
        .collect()
}

#[test]
fn freezing_is_exact_survives_evaluation_and_can_be_undone() {
    for device in [Device::default(), Device::default().autodiff()] {
        let model = Freeze::EmbeddingsAndEncoderBelow(Layers::Count(2)).apply(model(&device)).unwrap();
        let names = frozen(&model);
        assert!(names.iter().all(|name| {
            name.starts_with("bert.embeddings.")
                || name.starts_with("bert.encoder.layer.0.")
                || name.starts_with("bert.encoder.layer.1.")
        }));
        assert_eq!(names.len(), 5 + 2 * 16);
        assert_eq!(frozen(&model.valid()), names);
        assert_eq!(frozen(&model.clone().train()), names);
        let state = state_dict(&model);
        assert_eq!(frozen(&load_state_dict(model.clone(), state).unwrap()), names);

        // The next policy replaces the first one.
        let model = Freeze::Pooler.apply(model).unwrap();
        assert_eq!(frozen(&model), ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]);
        let model = Freeze::AllButHead.apply(model).unwrap();
        let trained: Vec<_> =
            named_parameters(&model).into_iter().filter(|parameter| parameter.trainable).collect();
        assert_eq!(
            trained.iter().map(|parameter| &*parameter.name).collect::<Vec<_>>(),
            ["classifier.weight", "classifier.bias"]
        );
        assert!(frozen(&unfreeze(model)).is_empty());
    }
}

#[test]
fn freezing_more_layers_than_there_are_is_an_error() {
    let error =
        Freeze::EncoderBelow(Layers::Count(4)).apply(model(&Device::default())).unwrap_err().to_string();
    assert!(error.contains("encoder_below:4") && error.contains("3 encoder layers"), "{error}");
    assert!(Freeze::EncoderBelow(Layers::Count(3)).apply(model(&Device::default())).is_ok());
}

#[test]
fn patterns_freeze_besides_and_one_that_matches_nothing_is_an_error() {
    let patterns = |patterns: &[&str]| {
        FreezePatterns::new(&patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>())
    };
    let model = model(&Device::default().autodiff());
    let chosen = patterns(&["*.LayerNorm.*", "bert.encoder.layer.[12].output.dense.bias"]).unwrap();
    let model = Freeze::Pooler.apply_with(model, &chosen).unwrap();
    let names = frozen(&model);
    let count = |part: &str| names.iter().filter(|name| name.contains(part)).count();
    assert_eq!((count("LayerNorm"), count("pooler"), count("output.dense.bias")), (2 * 7, 2, 2));
    assert_eq!(names.len(), 14 + 2 + 2);

    let error = Freeze::None.apply_with(model, &patterns(&["bert.encoder.layer.7.*"]).unwrap()).unwrap_err();
    assert!(error.to_string().contains("\"bert.encoder.layer.7.*\" matches no parameter"), "{error}");
    assert!(patterns(&["bert.[layer"]).is_err());
}

/// The recipe for 12 layers freezes 0, 6, 10 and 12 layers; the same shares in models of 6 and of 2 layers.
#[test]
fn a_share_of_the_layers_is_to_the_nearest_layer() {
    let counts = |layers: usize| [0, 50, 83, 100].map(|percent| Layers::Percent(percent).of(layers));
    assert_eq!(counts(12), [0, 6, 10, 12]);
    assert_eq!(counts(6), [0, 3, 5, 6]);
    assert_eq!(counts(2), [0, 1, 2, 2]);
    let half: Freeze = "encoder_below:67%".parse().unwrap();
    let model = half.apply(model(&Device::default())).unwrap();
    assert_eq!(frozen(&model).len(), 2 * 16);
}

#[test]
fn freezing_is_written_as_it_is_read() {
    for text in [
        "none",
        "embeddings",
        "encoder_below:6",
        "encoder_below:50%",
        "embeddings+encoder_below:0",
        "pooler",
        "all_but_head",
    ] {
        let freeze: Freeze = text.parse().unwrap();
        assert_eq!(freeze.to_string(), text);
        assert_eq!(serde_json::to_value(freeze).unwrap(), text);
        assert_eq!(serde_json::from_value::<Freeze>(text.into()).unwrap(), freeze);
    }
    for text in [
        "",
        "None",
        "encoder_below",
        "encoder_below:-1",
        "encoder_below:101%",
        "encoder_below:%",
        "pooler:1",
        "head",
    ] {
        assert!(text.parse::<Freeze>().is_err(), "{text}");
    }
}

#[test]
fn frozen_parameters_have_no_gradient_and_dropout_stays_on() {
    let device = Device::default().autodiff();
    let model = Freeze::AllButHead.apply(model(&device)).unwrap();
    let logits =
        |micro_batch| model.forward(tiny_input(&device).with_dropout(DropoutKey::new(0, 0, micro_batch)));
    let first = logits(0);
    let grads = first.clone().sum().backward();
    assert!(model.bert.pooler.as_ref().unwrap().dense.weight.grad(&grads).is_none());
    assert!(model.head.classifier.weight.grad(&grads).is_some());
    assert_ne!(values(first), values(logits(1)), "dropout is random");
}

/// Gradients against central differences, for parameters of every kind.
#[test]
fn gradients_are_the_slopes() {
    let device = Device::default().autodiff();
    let mut config = tiny_config();
    config.hidden_dropout_prob = 0.0;
    config.attention_probs_dropout_prob = 0.0;
    // A large range makes the slopes large against f32's rounding.
    config.initializer_range = 0.4;
    let model = BertForSequenceClassification::from_config(&config, 1, &device).unwrap();
    let weights = Tensor::<2>::from_floats([[1.0, -0.5], [0.25, 2.0]], &device);
    let loss =
        |model: &BertForSequenceClassification| (model.forward(tiny_input(&device)) * weights.clone()).sum();
    let grads = loss(&model).backward();

    let layer = &model.bert.encoder.layer[0];
    let embeddings = &model.bert.embeddings;
    let matrix = |weight: &Param<Tensor<2>>| values(weight.grad(&grads).unwrap());
    // A linear layer's weight is transposed in the state dict, which the code below changes.
    let linear = |linear: &Linear| values(linear.weight.grad(&grads).unwrap().transpose());
    let cases = [
        ("bert.encoder.layer.0.attention.self.query.weight", linear(&layer.attention.self_.query)),
        ("bert.encoder.layer.0.attention.self.key.weight", linear(&layer.attention.self_.key)),
        ("bert.encoder.layer.0.attention.self.value.weight", linear(&layer.attention.self_.value)),
        ("bert.encoder.layer.0.intermediate.dense.weight", linear(&layer.intermediate.dense)),
        ("bert.encoder.layer.0.output.dense.weight", linear(&layer.output.dense)),
        (
            "bert.encoder.layer.0.output.LayerNorm.weight",
            values(layer.output.layer_norm.weight.grad(&grads).unwrap()),
        ),
        ("bert.embeddings.LayerNorm.bias", values(embeddings.layer_norm.bias.grad(&grads).unwrap())),
        ("bert.embeddings.word_embeddings.weight", matrix(&embeddings.word_embeddings.weight)),
        ("bert.embeddings.position_embeddings.weight", matrix(&embeddings.position_embeddings.weight)),
        ("bert.embeddings.token_type_embeddings.weight", matrix(&embeddings.token_type_embeddings.weight)),
        ("bert.pooler.dense.weight", linear(&model.bert.pooler.as_ref().unwrap().dense)),
        ("classifier.weight", linear(&model.head.classifier)),
    ];
    for (name, gradient) in cases {
        // Rounding disturbs the largest slope least.
        let index =
            (0..gradient.len()).max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs())).unwrap();
        let step = 2e-3;
        let shifted = |by: f32| {
            let mut state = state_dict(&model);
            let (_, data) = state.iter_mut().find(|(found, _)| found == name).unwrap();
            data.as_mut_slice::<f32>().unwrap()[index] += by;
            values(loss(&load_state_dict(model.clone(), state).unwrap()))[0]
        };
        let slope = (shifted(step) - shifted(-step)) / (2.0 * step);
        assert!(gradient[index].abs() > 0.02, "{name}: {} is too small to compare with", gradient[index]);
        assert!(
            (slope - gradient[index]).abs() <= 0.01 * slope.abs() + 1e-3,
            "{name}: {} against {slope}",
            gradient[index]
        );
    }
}

#[test]
fn counts_and_tree_add_up() {
    let model = Freeze::EncoderBelow(Layers::Count(2)).apply(model(&Device::default())).unwrap();
    let counts = part_counts(&model);
    let names: Vec<_> = counts.iter().map(|part| &*part.name).collect();
    assert_eq!(
        names,
        ["embeddings", "encoder.layer.0", "encoder.layer.1", "encoder.layer.2", "pooler", "classifier"]
    );
    assert_eq!(counts.iter().map(|part| part.parameters).sum::<usize>(), model.num_params());
    assert_eq!((counts[0].frozen(), counts[1].trainable, counts[3].frozen()), (0, 0, 0));

    let tree = module_tree(&model);
    assert_eq!(tree.parameters, model.num_params());
    assert_eq!(tree.parameters - tree.trainable, counts[1].frozen() + counts[2].frozen());
    let text = tree.to_string();
    for line in [
        "0 to 1, each: 1,134, frozen",
        "word_embeddings: weight [20, 12]: 240\n",
        "intermediate: 234",
        "dense: weight [18, 12], bias [18]: 234",
        "encoder: 3,402, 1,134 of them trainable",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
