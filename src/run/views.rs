//! What a run without a screen sees of its watch: views, until it ends or is told to.

use std::io;
use std::sync::mpsc;

use super::Exit;
use crate::watch::{self, Notice, View};

/// What a run without a screen is told while it waits.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// A newer view.
    View(Box<View>),
    /// A signal wants it to end now: its number.
    Signal(i32),
    /// The watch broke down.
    Gone,
}

/// The views of a watch, as a front end without a screen reads them.
pub(super) struct Views<'a> {
    pub watch: &'a watch::Handle,
    pub told: mpsc::Receiver<Notice>,
}

impl Iterator for Views<'_> {
    type Item = Seen;

    fn next(&mut self) -> Option<Seen> {
        loop {
            match self.told.recv() {
                Ok(Notice::View) => {
                    if let Some(view) = self.watch.take_view() {
                        return Some(Seen::View(Box::new(view)));
                    }
                }
                Ok(Notice::Signal(number)) => return Some(Seen::Signal(number)),
                Ok(Notice::Suspend | Notice::Continued | Notice::Resized) => {}
                Ok(Notice::Ended) => return None,
                Err(_) => return Some(Seen::Gone),
            }
        }
    }
}

/// Shows every view to `each`, up to the end or an interruption; gives the last one.
pub(super) fn to_the_end(
    seen: impl IntoIterator<Item = Seen>,
    mut each: impl FnMut(&View) -> io::Result<()>,
) -> io::Result<(Option<Box<View>>, Exit)> {
    let mut last = None;
    for seen in seen {
        match seen {
            Seen::View(view) => {
                each(&view)?;
                last = Some(view);
            }
            Seen::Gone => return Ok((last, Exit::Failed)),
            Seen::Signal(number) => return Ok((last, Exit::of_signal(number))),
        }
    }
    Ok((last, Exit::Done))
}
