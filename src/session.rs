//! A watch on disk: what the engine recorded, a line each, and back.
//!
//! | module | what it owns |
//! | --- | --- |
//! | [`mod@format`] | lines of JSON to [`Record`](crate::engine::record::Record)s and back; pure and total |
//! | [`header`] | the first line: what was watched, how, and since when |
//! | [`files`] | where sessions lie, how their parts are called, what goes when there is too much |
//! | [`queue`] | the way there: bounded, and never waited for |
//! | [`writer`] | the thread that writes, whatever the disk does |
//! | [`reader`] | all parts of a session, line by line |
//! | [`standing`] | what each later part begins with, so that it stands alone |
//! | [`tape`] | records folded into what a front end shows |
//! | [`mod@fold`] | a whole session read into that |
//!
//! The format, for users of `jq`, is described in [`mod@format`].

pub mod files;
pub mod fold;
pub mod format;
pub mod header;
pub mod part;
pub mod queue;
pub mod reader;
pub mod standing;
pub mod tape;
#[cfg(test)]
mod testing;
pub mod writer;
