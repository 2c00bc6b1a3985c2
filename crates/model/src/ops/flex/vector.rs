//! Element-wise mathematics that the compiler turns into vector instructions.
//!
//! All functions are `inline(always)` and free of branches, and work on whole slices or on [`LANES`] numbers
//! at a time. They are called inside [`widest`], which compiles its closure once for each instruction set
//! (the default x86-64 target has only SSE2) and picks the best one that the processor has.

/// The number of f32 in an AVX-512 register; other instruction sets take two or four registers.
pub(super) const LANES: usize = 16;

/// Runs `kernel` with the widest vector instructions of the processor. Write
/// `widest(#[inline(always)] || ...)`: a closure that isn't inlined is compiled for the default target.
#[inline(always)]
pub(super) fn widest<R>(kernel: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(kernel)
}

/// `e^x`, to 2 units in the last place for results from 1e-38 up; smaller results are exactly 0, and x above
/// 88.376 counts as 88.376. NaN stays NaN.
///
/// Cephes' `expf` (Moshier 1989): `x = n ln 2 + r`, a polynomial for `e^r`, and `2^n` written into the
/// exponent's bits.
#[inline(always)]
#[allow(clippy::excessive_precision, reason = "the published digits")]
pub(super) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.376_26;
    // Adding 1.5 * 2^23 rounds to an integer, which is then in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = if x < LOWEST { LOWEST } else { x };
    let clamped = if clamped > HIGHEST { HIGHEST } else { clamped };
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-0.693_359_375, clamped);
    let r = n.mul_add(2.121_944_40e-4, r);
    let p = 1.987_569_15e-4_f32;
    let p = p.mul_add(r, 1.398_199_950_7e-3);
    let p = p.mul_add(r, 8.333_451_907_3e-3);
    let p = p.mul_add(r, 4.166_579_589_4e-2);
    let p = p.mul_add(r, 1.666_666_545_9e-1);
    let p = p.mul_add(r, 5.000_000_120_1e-1);
    let p = p.mul_add(r * r, r + 1.0);
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    let result = p * scale;
    if x < LOWEST { 0.0 } else { result }
}

/// The error function, to an absolute error of 2.5e-7: a ratio of two polynomials in `x^2`, as Eigen and XLA
/// compute `erf` for f32.
#[inline(always)]
#[allow(clippy::excessive_precision, reason = "the published digits")]
pub(super) fn erf(x: f32) -> f32 {
    let x = if x < -4.0 { -4.0 } else { x };
    let x = if x > 4.0 { 4.0 } else { x };
    let square = x * x;
    let p = -2.726_142_258_013_06e-10_f32;
    let p = p.mul_add(square, 2.770_681_424_959_02e-8);
    let p = p.mul_add(square, -2.101_024_020_825_08e-6);
    let p = p.mul_add(square, -5.692_506_394_623_46e-5);
    let p = p.mul_add(square, -7.349_906_303_268_55e-4);
    let p = p.mul_add(square, -2.954_599_808_540_25e-3);
    let p = p.mul_add(square, -1.609_603_332_624_15e-2);
    let q = -1.456_607_184_649_96e-5_f32;
    let q = q.mul_add(square, -2.133_740_552_789_05e-4);
    let q = q.mul_add(square, -1.682_826_974_382_03e-3);
    let q = q.mul_add(square, -7.373_329_167_204_68e-3);
    let q = q.mul_add(square, -1.426_473_905_141_89e-2);
    x * p / q
}

/// The sum of `f` over the pairs of two rows, with [`LANES`] running sums: the order of additions depends
/// only on the length.
#[inline(always)]
pub(super) fn sum2(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(&a, &b)| f(a, b)).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f(a, b);
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The sum of `f` over a row, in the order of [`sum2`].
#[inline(always)]
pub(super) fn sum(a: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    sum2(a, a, |a, _| f(a))
}

/// The largest number in a row.
#[inline(always)]
pub(super) fn max(a: &[f32]) -> f32 {
    let mut greatest = [f32::NEG_INFINITY; LANES];
    let chunks = a.chunks_exact(LANES);
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let rest = chunks.remainder().iter().copied().fold(f32::NEG_INFINITY, larger);
    for chunk in chunks {
        for (greatest, &a) in greatest.iter_mut().zip(chunk) {
            *greatest = larger(a, *greatest);
        }
    }
    greatest.iter().copied().fold(rest, larger)
}
