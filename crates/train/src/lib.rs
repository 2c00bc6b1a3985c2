//! embert-train
