//! [`Gelu`].

/// The two forms of GELU, `x Phi(x)` (Hendrycks and Gimpel 2016).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gelu {
    /// `x/2 (1 + erf(x / sqrt(2)))`, with the error function.
    Erf,
    /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
    Tanh,
}
