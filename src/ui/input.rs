//! The thread that reads keys. It blocks in `poll`, and sees a terminal that hangs up.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::messages::{Msg, WatchLink};
use crate::watch::Request;

/// How long to wait for the rest of what has begun to come in; with none at all nothing is read.
const DRAIN: Duration = Duration::from_millis(1);

/// Starts the thread. It ends with the terminal, or once nobody listens any more.
pub fn spawn(sender: Sender<Msg>, link: Arc<dyn WatchLink>) -> io::Result<()> {
    let tty = keyboard()?;
    let read = move || {
        while ready(&tty) {
            if !matches!(drain(&sender, link.as_ref()), Ok(true)) {
                break;
            }
        }
        // Whoever listened may be gone already.
        let _ = sender.send(Msg::TerminalGone);
    };
    thread::Builder::new().name("keys".to_owned()).spawn(read)?;
    Ok(())
}

/// Where keys are read from: standard input, or the terminal behind it.
fn keyboard() -> io::Result<OwnedFd> {
    if io::stdin().is_terminal() {
        io::stdin().as_fd().try_clone_to_owned()
    } else {
        File::open("/dev/tty").map(OwnedFd::from)
    }
}

/// Waits for keys; `false` once the terminal is gone.
fn ready(tty: &OwnedFd) -> bool {
    loop {
        let mut fds = [PollFd::new(tty.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => {
                let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
                return !fds[0].revents().is_none_or(|seen| seen.intersects(gone));
            }
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

/// Passes on what has come in; `false` once nobody listens.
fn drain(sender: &Sender<Msg>, link: &dyn WatchLink) -> io::Result<bool> {
    while event::poll(DRAIN)? {
        let event = event::read()?;
        if is_ctrl_c(&event) {
            // The thread that draws may hang in a terminal that takes no bytes: the watch ends it then.
            link.request(Request::Quit);
        }
        if sender.send(Msg::Input(event)).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_ctrl_c(event: &Event) -> bool {
    event
        .as_key_press_event()
        .is_some_and(|key| key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    #[test]
    fn a_pipe_without_a_writer_is_a_terminal_that_is_gone() {
        let (reader, writer) = io::pipe().unwrap();
        let reader = OwnedFd::from(reader);
        io::Write::write_all(&mut &writer, b"q").unwrap();
        assert!(ready(&reader));
        drop(writer);
        assert!(!ready(&reader));
    }

    #[test]
    fn only_ctrl_c_goes_to_the_watch_directly() {
        let c = |modifiers| Event::Key(KeyEvent::new(KeyCode::Char('c'), modifiers));
        assert!(is_ctrl_c(&c(KeyModifiers::CONTROL)));
        assert!(!is_ctrl_c(&c(KeyModifiers::NONE)));
        assert!(!is_ctrl_c(&Event::FocusGained));
    }
}
