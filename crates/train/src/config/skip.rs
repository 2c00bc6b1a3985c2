//! [`is_default`]: which settings a run's `config.toml` leaves out.

/// Whether a setting has its default: a key of some tasks alone is then not written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
