//! Watches that last, with the real binary: what is on disk whatever befalls the program, what is replayed and
//! resumed, and who is told of events.

#[path = "../support/support.rs"]
mod support;

mod day;
mod disk;
mod events;
mod measure;
mod replays;
mod resumes;
mod runs;
mod watch;
