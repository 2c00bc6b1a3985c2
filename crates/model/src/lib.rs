//! embert-model
