//! embert-data
