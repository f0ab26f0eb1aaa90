//! The heart: what is probed when, what became of each probe, and what that says about the path.
//!
//! No sockets, no clock, no runtime: time is passed in, [`probe::Event`]s go in, [`probe::Probe`]s and
//! [`record::Record`]s come out. [`trace::Trace`] is what a driver talks to.

pub mod bare;
pub mod collector;
pub mod crosscheck;
pub mod detector;
pub mod distribution;
pub mod end;
pub mod epoch;
pub mod even;
pub mod faults;
pub mod history;
pub mod journal;
pub mod moments;
pub mod path;
pub mod probe;
pub mod prober;
pub mod random;
pub mod record;
pub mod round;
pub mod rtt;
pub mod snapshot;
pub mod span;
pub mod stats;
pub mod strays;
pub mod table;
pub mod telling;
pub mod time;
pub mod trace;
pub mod verdict;
