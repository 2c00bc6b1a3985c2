//! embert-hub
