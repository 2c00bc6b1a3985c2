//! embert-metrics
