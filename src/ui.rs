//! The full screen: terminal, keys, state, views.
//!
//! Keys and the watch's notices come as [`Msg`]s to the one thread that holds the terminal. Keys become
//! actions, actions change the [`app::App`], and the picture is drawn from that alone.

pub mod action;
pub mod app;
pub mod clock;
pub mod draw;
pub mod event_loop;
pub mod input;
pub mod keys;
pub mod layout;
pub mod lines;
pub mod pacing;
pub mod prompt;
#[cfg(test)]
mod screens;
pub mod strip;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod text;
pub mod theme;
pub mod view;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::SystemTime;

use crossterm::event::Event;

use app::App;
pub use app::UiConfig;
use terminal::Tty;

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

/// Opens the screen and keeps it on this thread until it is to be left; the terminal is restored by then.
///
/// `sender` is for the thread that reads keys; it is left behind, blocked in its read.
pub fn run(
    config: UiConfig,
    sender: Sender<Msg>,
    messages: &Receiver<Msg>,
    link: &Arc<dyn WatchLink>,
) -> Result<Exit, Gone> {
    let mut tty = Tty::enter()?;
    input::spawn(sender, Arc::clone(link))?;
    let mut app = App::new(config, tty.size()?, SystemTime::now());
    event_loop::run(&mut app, &mut tty, messages, link.as_ref())
}
