//! embert-tokenize
