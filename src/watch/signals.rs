//! Signals, as notices.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Notice;

/// The signals that a run listens to.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    screen: Option<Screen>,
}

#[derive(Debug)]
struct Screen {
    stop: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    /// Listens; to those of a full-screen program too if `screen`. Needs a tokio runtime.
    pub fn listen(screen: bool) -> io::Result<Self> {
        let screen = if screen {
            Some(Screen {
                stop: signal(SignalKind::from_raw(libc::SIGTSTP))?,
                go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
                resize: signal(SignalKind::window_change())?,
            })
        } else {
            None
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            screen,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Notice {
        let screen = self.screen.as_mut();
        tokio::select! {
            _ = self.interrupt.recv() => Notice::Signal(libc::SIGINT),
            _ = self.terminate.recv() => Notice::Signal(libc::SIGTERM),
            _ = self.hangup.recv() => Notice::Signal(libc::SIGHUP),
            notice = of_screen(screen) => notice,
        }
    }
}

async fn of_screen(screen: Option<&mut Screen>) -> Notice {
    let Some(screen) = screen else { return std::future::pending().await };
    tokio::select! {
        _ = screen.stop.recv() => Notice::Suspend,
        _ = screen.go_on.recv() => Notice::Continued,
        _ = screen.resize.recv() => Notice::Resized,
    }
}
