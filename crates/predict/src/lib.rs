//! embert-predict
