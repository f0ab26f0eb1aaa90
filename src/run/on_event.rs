//! `--on-event`: a command of the user's for each start and each end of an event, one at a time, in order.
//!
//! The command is the user's own text and goes to `sh -c` as it is; what the network says reaches it as JSON on
//! its standard input alone. Nobody waits for it: news wait in a bounded queue, and a command that takes too long is
//! killed with all that it started. It runs with the rights of whoever started the program, and with none that came
//! with the program's file or were handed on by whatever started it.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::net::raw_sockets::give_up;
use crate::report::event_json;
use crate::scrub;
use crate::session::writer::why;
use crate::watch::{EventLink, EventStatus};

/// News that wait for the command, at most.
const QUEUE: usize = 64;
/// How long a command may take.
pub const LIMIT: Duration = Duration::from_secs(30);
/// How long commands that still wait at the end of the run may take together.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// It goes nowhere, and trouble is shown by whoever has the screen.
    Nowhere,
    /// It goes to standard error, and so does trouble.
    StandardError,
}

/// The thread that runs the commands.
#[derive(Debug)]
pub struct Runner(Receiver<()>);

/// Why a command did not do what it was to.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot start sh: {}", why(.0))]
    Start(io::Error),
    #[error("not run: it would have rights of hopwatch's own: {0}")]
    Rights(String),
    #[error("killed after {} s", LIMIT.as_secs())]
    Late,
    #[error("the command cannot be started (status {0})")]
    Shell(i32),
    #[error("the command ended with status {0}")]
    Status(i32),
    #[error("the command was ended by signal {0}")]
    Signal(i32),
}

/// Starts the thread; a watch that is given the link tells it of events.
pub fn start(command: String, output: Output, zone: TimeZone) -> io::Result<(EventLink, Runner)> {
    let (queue, news) = sync_channel(QUEUE);
    let (running, ended) = sync_channel(0);
    let status = Arc::new(EventStatus::default());
    let told = Arc::clone(&status);
    thread::Builder::new().name("on-event".to_owned()).spawn(move || {
        let mut missed = 0;
        let given_up = give_up();
        for news in news {
            let document = event_json::document(&news, &zone) + "\n";
            let outcome = match &given_up {
                Ok(()) => run(&command, document.as_bytes(), output, LIMIT),
                Err(error) => Err(Trouble::Rights(why(error))),
            };
            let trouble =
                outcome.err().map(|trouble| format!("--on-event: {}", scrub::text(trouble.to_string())));
            let is_new = told.set_trouble(trouble.as_deref())
                || std::mem::replace(&mut missed, told.missed()) != missed;
            if let (true, Output::StandardError, Some(text)) = (is_new, output, told.text()) {
                // Nobody may be there to hear it.
                let _ = writeln!(io::stderr(), "hopwatch: {text}");
            }
        }
        drop(running);
    })?;
    Ok((EventLink { queue, status }, Runner(ended)))
}

impl Runner {
    /// Waits until what was told by a watch that has ended has been handed on; but not for long. A command that
    /// runs then goes on by itself.
    pub fn finish(self) {
        if self.0.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ =
                writeln!(io::stderr(), "hopwatch: --on-event: the command still runs; it is not waited for");
        }
    }
}

/// Runs the command with this on its standard input; kills its process group after `limit`.
fn run(command: &str, input: &[u8], output: Output, limit: Duration) -> Result<(), Trouble> {
    let channel = || match output {
        Output::Nowhere => Ok(Stdio::null()),
        Output::StandardError => io::stderr().as_fd().try_clone_to_owned().map(Stdio::from),
    };
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(channel().map_err(Trouble::Start)?)
        .stderr(channel().map_err(Trouble::Start)?)
        .process_group(0)
        .spawn()
        .map_err(Trouble::Start)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A document fits into a pipe, so this never waits; a command need not read it.
        let _ = stdin.write_all(input);
    }
    let status = waited(&mut child, limit).map_err(Trouble::Start)?;
    match (status.map(|status| (status.code(), status.signal())), status) {
        (None, _) => Err(Trouble::Late),
        (Some((Some(0), _)), _) => Ok(()),
        (Some((Some(code @ (126 | 127)), _)), _) => Err(Trouble::Shell(code)),
        (Some((Some(code), _)), _) => Err(Trouble::Status(code)),
        (Some((None, signal)), _) => Err(Trouble::Signal(signal.unwrap_or_default())),
    }
}

/// How the command ended; `None` if it had to be killed.
fn waited(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let leader = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let (tell, ended) = sync_channel(1);
    // It is not reaped there, so that its number stays its own until after the kill.
    let waiter = thread::Builder::new().name("on-event-wait".to_owned()).spawn(move || {
        while waitid(Id::Pid(leader), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(nix::Error::EINTR) {
        }
        let _ = tell.send(());
    });
    let is_late = match waiter {
        Ok(_) => ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout),
        // Without a thread to wait on the side there is no telling for how long.
        Err(_) => true,
    };
    if is_late {
        let _ = killpg(leader, Signal::SIGKILL);
    }
    let status = child.wait()?;
    Ok((!is_late).then_some(status))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;

    fn said(command: &str) -> String {
        run(command, b"{}\n", Output::Nowhere, LIMIT)
            .map_or_else(|trouble| trouble.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn a_command_gets_its_input_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("got");
        let to = path.display();
        let input = "{\"a\":\"$(touch x) `touch y` ; é\"}\n";
        run(&format!("cat > '{to}'"), input.as_bytes(), Output::Nowhere, LIMIT).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), input);
    }

    #[test]
    fn what_goes_wrong_is_said_in_a_few_words() {
        assert_eq!(said("exit 0"), "ok");
        assert_eq!(said("exit 3"), "the command ended with status 3");
        assert_eq!(said("no-such-command-as-this"), "the command cannot be started (status 127)");
        assert_eq!(said("kill -9 $$"), "the command was ended by signal 9");
        assert_eq!(said("exec 0<&-; exit 0"), "ok", "a command need not read");
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed_with_what_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pid");
        let command = format!("sleep 600 & echo $! > '{}'; wait", path.display());
        let start = Instant::now();
        let outcome = run(&command, b"", Output::Nowhere, Duration::from_secs(2));
        assert!(matches!(outcome, Err(Trouble::Late)), "{outcome:?}");
        assert!(start.elapsed() < Duration::from_mins(5));
        let grandchild = fs::read_to_string(&path).unwrap().trim().to_owned();
        // Gone, or dead and not yet reaped by whoever reaps orphans here.
        let state = || fs::read_to_string(format!("/proc/{grandchild}/stat")).ok();
        while state().is_some_and(|stat| !stat.contains(") Z ")) {
            assert!(start.elapsed() < Duration::from_mins(5), "it still runs");
            thread::yield_now();
        }
    }
}
