//! Slices of Flex's tensors, and tensors from slices.

use burn::backend::flex::FlexTensor;
use burn::tensor::{Shape, TensorData};

#[cfg(test)]
thread_local! {
    /// How often [`tensor`] ran on this thread. Only fused operations call it, and each does for its output.
    pub(super) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The tensor in row-major order without gaps.
pub(super) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The elements of a [`contiguous`] tensor.
pub(super) fn floats(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage()[start..start + tensor.layout().num_elements()]
}

/// The tensor as the only owner of its memory. The elements are copied only if the memory is shared.
pub(super) fn owned(tensor: FlexTensor) -> FlexTensor {
    let tensor = contiguous(tensor);
    if tensor.is_unique() {
        tensor
    } else {
        self::tensor(floats(&tensor).to_vec(), tensor.layout().shape().clone())
    }
}

/// The elements of an [`owned`] tensor, mutable.
pub(super) fn floats_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let (start, len) = (tensor.layout().start_offset(), tensor.layout().num_elements());
    &mut tensor.storage_mut()[start..start + len]
}

/// A tensor of `elements`, which are not copied.
pub(super) fn tensor(elements: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    #[cfg(test)]
    MADE.set(MADE.get() + 1);
    FlexTensor::from_data(TensorData::new(elements, shape.into()))
}
