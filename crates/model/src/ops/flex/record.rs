//! Records a forward pass and its saved tensors as a node of Burn's autodiff graph.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, flex::FlexTensor};

/// The state that a forward pass keeps for its backward pass; `N` is the number of inputs.
pub(super) trait Saved<const N: usize>: Clone + Debug + Send + 'static {
    /// The gradients of the inputs, each only if `wanted`.
    fn backward(self, grad: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Runs `forward`, which is told whether to save, and adds its output to the graph, with `inputs` as the
/// parents.
pub(super) fn record<C: CheckpointStrategy, S: Saved<N>, const N: usize>(
    inputs: [NodeGuard; N],
    forward: impl FnOnce(bool) -> (FlexTensor, Option<S>),
) -> FloatTensor<Autodiff<Flex, C>> {
    match Step::<S>(PhantomData).prepare::<C>(inputs).compute_bound().stateful() {
        OpsKind::Tracked(node) => {
            let (output, saved) = forward(true);
            node.finish(saved, output)
        }
        OpsKind::UnTracked(node) => node.finish(forward(false).0),
    }
}

struct Step<S>(PhantomData<fn() -> S>);

impl<S> Debug for Step<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Step")
    }
}

impl<S: Saved<N>, const N: usize> Backward<Flex, N> for Step<S> {
    type State = Option<S>;

    fn backward(self, ops: Ops<Option<S>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let Some(saved) = ops.state else { return };
        for (parent, gradient) in ops.parents.into_iter().zip(saved.backward(grad, wanted)) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}
