//! The real binary in a pseudo-terminal: keys, sizes, signals, ways out.

#[path = "../support/support.rs"]
mod support;

mod compare;
mod harness;
mod keys;
mod measure;
mod names;
mod path;
mod picture;
mod reresolve;
mod start;
mod unread;
mod ways_out;
