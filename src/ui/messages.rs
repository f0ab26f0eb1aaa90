//! What goes between the thread that holds the terminal and all others.

use std::io;

use crossterm::event::Event;

use crate::watch::{Handle, Notice, Request, View};

/// What reaches the thread that holds the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// A key, or a new size.
    Input(Event),
    /// Something from the watch.
    Watch(Notice),
    /// The terminal hung up, or cannot be read any more.
    TerminalGone,
}

/// The watch, as a front end sees it.
pub trait WatchLink: Send + Sync {
    /// The newest view; `None` if it was taken already.
    fn take_view(&self) -> Option<View>;
    /// Asks for something. Never blocks.
    fn request(&self, request: Request);
}

impl WatchLink for Handle {
    fn take_view(&self) -> Option<View> {
        Self::take_view(self)
    }

    fn request(&self, request: Request) {
        Self::request(self, request);
    }
}

/// Why the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit.
    Quit,
    /// A signal asked for it: its number.
    Signal(i32),
    /// The watch has ended.
    Ended,
}

/// The terminal is gone: it hung up, or took no more bytes and said so.
#[derive(Debug, thiserror::Error)]
#[error("the terminal is gone")]
pub struct Gone(#[from] io::Error);
