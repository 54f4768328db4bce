//! Commands as texts.
