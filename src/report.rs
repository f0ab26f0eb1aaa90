//! Output without a screen, one format a file: pure functions over a [`View`](crate::watch::View).

pub mod clock;
pub mod event_json;
pub mod events;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixture;
pub mod json;
pub mod once;
pub mod progress;
pub mod text;
pub mod words;
