//! The full screen: terminal, keys, state, views.
//!
//! Keys and the watch's notices come as [`Msg`]s to the one thread that holds the terminal. Keys become
//! actions, actions change the [`app::App`], and the picture is drawn from that alone.

pub mod action;
pub mod app;
mod bell;
pub mod clock;
pub mod details;
pub mod draw;
pub mod event_loop;
pub mod evidence;
pub mod input;
pub mod journal;
pub mod keys;
pub mod layout;
pub mod lines;
pub mod manual;
pub mod messages;
pub mod mouse;
pub mod pacing;
mod period;
pub mod prompt;
#[cfg(test)]
mod screens;
pub mod strip;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod verdict;
pub mod view;

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::SystemTime;

use app::App;
pub use app::UiConfig;
pub use messages::{Exit, Gone, Msg, WatchLink};
use terminal::Tty;

/// Opens the screen and keeps it on this thread until it is to be left; the terminal is restored by then, and has
/// a line or two of what was found.
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
    let exit = event_loop::run(&mut app, &mut tty, messages, link.as_ref())?;
    drop(tty);
    // Whoever ends it by a signal waits for the end, not for words.
    if !matches!(exit, Exit::Signal(_)) {
        let mut out = std::io::stdout();
        for line in app.farewell() {
            // The terminal may have gone at the last moment.
            let _ = writeln!(out, "{line}");
        }
    }
    Ok(exit)
}
