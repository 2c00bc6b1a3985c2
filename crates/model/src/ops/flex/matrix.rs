//! Matrix products of slices, and sums of columns.

use rayon::prelude::*;

use super::vector::widest;

/// A read-only matrix: element `(i, j)` is at index `i * row_stride + j * column_stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix in row-major order without gaps.
    pub(super) fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::with_strides(data, [rows, columns], [columns, 1])
    }

    /// A matrix of shape `shape`; `strides` are the steps in elements from row to row and from column to
    /// column.
    pub(super) fn with_strides(data: &'a [f32], shape: [usize; 2], strides: [usize; 2]) -> Self {
        let ([rows, columns], [row_stride, column_stride]) = (shape, strides);
        Self { data, rows, columns, row_stride, column_stride }
    }

    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Whether every element is inside the slice.
    fn fits(&self) -> bool {
        fits(self.data.len(), self.rows, self.columns, self.row_stride, self.column_stride)
    }
}

fn fits(len: usize, rows: usize, columns: usize, row_stride: usize, column_stride: usize) -> bool {
    rows == 0 || columns == 0 || (rows - 1) * row_stride + (columns - 1) * column_stride < len
}

/// The target of a product: rows that begin `row_stride` elements apart.
#[derive(Debug)]
pub(super) struct Target<'a> {
    data: &'a mut [f32],
    row_stride: usize,
    /// Whether the product is added to the target's values instead of replacing them.
    accumulate: bool,
}

impl<'a> Target<'a> {
    pub(super) fn new(data: &'a mut [f32], row_stride: usize) -> Self {
        Self { data, row_stride, accumulate: false }
    }

    pub(super) fn accumulate(self, accumulate: bool) -> Self {
        Self { accumulate, ..self }
    }
}

/// The threads that compute a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// The calling thread, while other threads compute other products.
    One,
    /// All threads of the current pool.
    All,
}

/// `target = a b`, or `target += a b`.
///
/// # Panics
/// If the shapes of the matrices don't match, or a matrix does not fit its slice.
#[allow(clippy::needless_pass_by_value, reason = "a target is used up: nothing can be read through it")]
pub(super) fn multiply(target: Target<'_>, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) {
    assert_eq!(a.columns, b.rows, "inner dimensions of a matrix product");
    assert!(a.fits() && b.fits(), "a matrix is larger than its slice");
    assert!(
        target.row_stride >= b.columns && fits(target.data.len(), a.rows, b.columns, target.row_stride, 1),
        "a product is larger than its slice, or its rows overlap"
    );
    // For smaller products, waking the other threads costs more than they save.
    let large = a.rows.saturating_mul(a.columns).saturating_mul(b.columns) > 1 << 22;
    let parallelism = match threads {
        Threads::All if large => gemm::Parallelism::Rayon(0),
        _ => gemm::Parallelism::None,
    };
    let stride = usize::cast_signed;
    // SAFETY: the asserts above ensure that every element of the three matrices is inside its slice. The
    // target is borrowed mutably, so that it overlaps neither `a` nor `b`, and its own elements are distinct.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            target.data.as_mut_ptr(),
            1,
            stride(target.row_stride),
            target.accumulate,
            a.data.as_ptr(),
            stride(a.column_stride),
            stride(a.row_stride),
            b.data.as_ptr(),
            stride(b.column_stride),
            stride(b.row_stride),
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// The product `a b` in a new row-major vector.
pub(super) fn product(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f32> {
    let mut target = vec![0.0; a.rows * b.columns];
    multiply(Target::new(&mut target, b.columns), a, b, Threads::All);
    target
}

/// The number of rows that one thread takes at a time in element-wise work. It is fixed, so that sums over
/// rows are added in an order that does not depend on the number of threads.
pub(super) const ROWS: usize = 64;

/// Sums the parts of each column, in the order of the parts.
pub(super) fn sum_parts(parts: &[Vec<f32>], columns: usize) -> Vec<f32> {
    let mut sums = vec![0.0; columns];
    for part in parts {
        add(&mut sums, part);
    }
    sums
}

/// The sum of each column of `data`, with rows of `columns` numbers.
pub(super) fn column_sums(data: &[f32], columns: usize) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = data
        .par_chunks(ROWS * columns)
        .map(|rows| {
            let mut sums = vec![0.0; columns];
            widest(
                #[inline(always)]
                || rows.chunks_exact(columns).for_each(|row| add(&mut sums, row)),
            );
            sums
        })
        .collect();
    sum_parts(&parts, columns)
}

/// `sums += row`, element by element.
#[inline(always)]
pub(super) fn add(sums: &mut [f32], row: &[f32]) {
    for (sum, &x) in sums.iter_mut().zip(row) {
        *sum += x;
    }
}
