//! Only dependencies: a dev-dependency of each crate that has Burn in it, see `Cargo.toml`.
