//! embert-optim
