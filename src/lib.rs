//! hopwatch: the path to a host, live, without root.
//!
//! The crate is cut so that whoever stands higher in this list may use whoever stands lower, never the
//! other way:
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`run`] | which front end a run gets: screen, once, report |
//! | [`ui`] | the full screen: terminal, keys, state, views |
//! | [`report`] | output without a screen, one format a file |
//! | [`watch`] | the driver: engine, channel and names in one loop |
//! | [`cli`], [`settings`] | flags, merged once into settings |
//! | [`session`] | a watch on disk, written and read |
//! | [`net`] | the channels: sockets, kernel stamps, the simulated path |
//! | [`names`], [`origin`], [`scrub`] | DNS both ways; AS numbers; cleaning of untrusted text |
//! | [`engine`] | what is probed, what became of it, what it means; no sockets, no clock |
//! | [`wire`] | bytes to values and back; pure and total |

pub mod cli;
pub mod engine;
pub mod names;
pub mod net;
pub mod origin;
pub mod report;
pub mod run;
pub mod scrub;
pub mod session;
pub mod settings;
pub mod ui;
pub mod watch;
pub mod wire;
