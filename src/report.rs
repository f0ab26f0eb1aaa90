//! Output without a screen, one format a file: pure functions over a [`View`](crate::watch::View).

pub mod figures;
