//! [`WholeStep`]: the gradient of a loss over all examples of a step, whatever its micro-batches.

use burn::module::Module as _;
use burn::tensor::Tensor;
use embert_model::{DropoutKey, ModelFor};
use embert_task::{StepLoss, Task};

use crate::batches::MicroBatch;

/// The micro-batches of a step whose loss compares examples of all of them, each with the gradient of that loss
/// with respect to its outputs (Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
/// Setup", section 3.2). The memory for a graph is that of one micro-batch.
pub(super) struct WholeStep<T: Task> {
    /// The loss of the step.
    pub(super) loss: f64,
    batches: std::vec::IntoIter<MicroBatch<T::Target>>,
    gradients: std::vec::IntoIter<Tensor<2>>,
}

impl<T: Task> WholeStep<T> {
    /// Computes the outputs of all micro-batches without a graph, with the dropout of `key`, then the loss and its
    /// gradient. `weight` is the step's.
    pub(super) fn new(
        task: &T,
        loss: StepLoss<T>,
        model: &ModelFor<T::Head>,
        batches: Vec<MicroBatch<T::Target>>,
        weight: f64,
        key: impl Fn(usize) -> DropoutKey,
    ) -> Self {
        // Dropout is on in training, and no parameter asks for a graph.
        let model = model.clone().no_grad();
        let (mut outputs, mut features, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        let mut begins = vec![0];
        for (number, batch) in batches.iter().enumerate() {
            let begin = begins[number];
            let of_batch = batch.input.clone().with_dropout(key(number)).forward(&model);
            let places = batch.windows.iter().flatten();
            features.extend(places.map(|places| places.start + begin..places.end + begin));
            targets.extend(batch.targets.iter().cloned());
            begins.push(begin + of_batch.dims()[0]);
            outputs.push(of_batch.inner());
        }
        let outputs = Tensor::from_inner(Tensor::cat(outputs, 0)).require_grad();
        let loss = loss(task, outputs.clone(), &features, &targets, weight);
        let gradients = loss.backward();
        // A loss that depends on no output has no gradient.
        let gradient = outputs.grad(&gradients).unwrap_or_else(|| outputs.clone().inner().zeros_like());
        let gradients: Vec<Tensor<2>> = begins
            .windows(2)
            .map(|ends| Tensor::from_inner(gradient.clone().slice([ends[0]..ends[1]])))
            .collect();
        Self {
            // Reading the loss waits for the device.
            loss: f64::from(loss.into_scalar::<f32>()),
            batches: batches.into_iter(),
            gradients: gradients.into_iter(),
        }
    }
}

impl<T: Task> Iterator for WholeStep<T> {
    type Item = (MicroBatch<T::Target>, Tensor<2>);

    fn next(&mut self) -> Option<Self::Item> {
        self.batches.next().zip(self.gradients.next())
    }
}
