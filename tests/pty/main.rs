//! The real binary in a pseudo-terminal: keys, sizes, signals, ways out.

#[path = "../support/support.rs"]
mod support;

mod harness;
