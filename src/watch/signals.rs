//! Signals, as notices.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Notice;

/// The signals that a run listens to.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where whoever started the program had it ignored, as nohup does.
    hangup: Option<Signal>,
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
            hangup: if is_ignored(libc::SIGHUP) { None } else { Some(signal(SignalKind::hangup())?) },
            screen,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Notice {
        let (screen, hangup) = (self.screen.as_mut(), self.hangup.as_mut());
        tokio::select! {
            _ = self.interrupt.recv() => Notice::Signal(libc::SIGINT),
            _ = self.terminate.recv() => Notice::Signal(libc::SIGTERM),
            () = of_hangup(hangup) => Notice::Signal(libc::SIGHUP),
            notice = of_screen(screen) => notice,
        }
    }
}

async fn of_hangup(hangup: Option<&mut Signal>) {
    match hangup {
        Some(hangup) => hangup.recv().await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

/// Whether the process was started with a signal ignored; not, where `/proc` does not tell.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & 1 << (number - 1) != 0
}

async fn of_screen(screen: Option<&mut Screen>) -> Notice {
    let Some(screen) = screen else { return std::future::pending().await };
    tokio::select! {
        _ = screen.stop.recv() => Notice::Suspend,
        _ = screen.go_on.recv() => Notice::Continued,
        _ = screen.resize.recv() => Notice::Resized,
    }
}
