//! A command in a pseudo-terminal and what its screen shows; waits are for conditions, never for a time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use super::patience::deadline;

/// What a frame begins with: "begin synchronized update".
const FRAME: &[u8] = b"\x1b[?2026h";

/// The terminal. The command in it is killed when this is dropped.
pub struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    tty: PathBuf,
    pid: Pid,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    parser: Option<Parser>,
    reading: Reading,
    drawn: Drawn,
    /// The last bytes, where a frame's beginning may be cut in two.
    tail: Vec<u8>,
    status: Option<ExitStatus>,
}

/// Whether the master is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    On,
    Off,
    Never,
}

/// How much a command has drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Bytes in all.
    pub bytes: usize,
    /// Synchronized updates begun.
    pub frames: usize,
    /// Times that the bell was rung.
    pub bells: usize,
    /// When the latest frame began to arrive.
    pub last: Option<Instant>,
}

impl Terminal {
    /// Starts a command in a terminal of that size.
    pub fn open(command: &Command, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.cwd(std::env::current_dir().expect("a working directory"));
        builder.env("TERM", "xterm-256color");
        builder.env("COLORTERM", "truecolor");
        builder.env("LC_ALL", "C.UTF-8");
        builder.env_remove("NO_COLOR");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => builder.env(name, value),
                None => builder.env_remove(name),
            }
        }
        let child = pair.slave.spawn_command(builder).expect("the command starts");
        let master = pair.master;
        let tty = master.tty_name().expect("a terminal has a name");
        let state = State { parser: Some(Parser::new(some(rows), some(columns), 0)), ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let source = master.try_clone_reader().expect("a reader");
        let pid = child.process_id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
        let reader = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.read(source)
        });
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.attend(child)
        });
        let writer = master.take_writer().expect("a writer");
        let (master, writer, reader) = (Some(master), Some(writer), Some(reader));
        Self { master, writer, reader, shared, tty, pid: Pid::from_raw(pid) }
    }

    /// Waits until the screen meets a condition; gives it then. Panics at the deadline, with the screen.
    pub fn until(&self, what: &str, met: impl Fn(&Screen) -> bool) -> Screen {
        self.until_within(2.0, what, met)
    }

    /// The same for a condition that takes an idle machine up to `seconds` to meet.
    pub fn until_within(&self, seconds: f64, what: &str, met: impl Fn(&Screen) -> bool) -> Screen {
        self.wait_for(seconds, what, |state| met(state.screen())).screen().clone()
    }

    /// Waits until a text stands on the screen.
    pub fn until_text(&self, text: &str) -> Screen {
        self.until(text, |screen| screen.contents().contains(text))
    }

    /// Waits until what was drawn meets a condition; gives it then.
    pub fn until_drawn(&self, what: &str, met: impl Fn(Drawn) -> bool) -> Drawn {
        self.wait_for(2.0, what, |state| met(state.drawn)).drawn
    }

    /// Waits until the command has ended.
    pub fn ended(&self) -> ExitStatus {
        self.wait_for(2.0, "the end of the command", |state| state.status.is_some())
            .status
            .clone()
            .expect("ended")
    }

    /// Waits until the command's process is in a state of proc(5): `S` asleep, `T` stopped.
    pub fn until_state(&self, state: char) {
        let end = Instant::now() + deadline(2.0);
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).expect("the command runs");
            if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with(state)) {
                return;
            }
            assert!(Instant::now() < end, "state {state}: not within the deadline; it is: {stat}");
            std::thread::yield_now();
        }
    }

    /// What is on the screen now.
    pub fn screen(&self) -> Screen {
        self.shared.state.lock().expect("the reader lives").screen().clone()
    }

    /// What has been drawn by now.
    pub fn drawn(&self) -> Drawn {
        self.shared.state.lock().expect("the reader lives").drawn
    }

    /// Whether the command has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.state.lock().expect("the reader lives").status.is_some()
    }

    /// The command's process.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let writer = self.writer.as_mut().expect("the terminal is there");
        writer.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Gives the window another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut state = self.shared.state.lock().expect("the reader lives");
        state.parser.as_mut().expect("a screen").set_size(some(rows), some(columns));
        drop(state);
        self.master.as_ref().expect("the terminal is there").resize(size(columns, rows)).expect("a size");
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid, signal).expect("the command runs");
    }

    /// Takes no more bytes from the command, until [`read_on`](Self::read_on): its writes block at last.
    pub fn stop_reading(&self) {
        self.set_reading(Reading::Off);
    }

    /// Takes bytes again.
    pub fn read_on(&self) {
        self.set_reading(Reading::On);
    }

    /// Takes the terminal away, as a window that is closed: the kernel sends `SIGHUP`.
    pub fn hang_up(&mut self) {
        self.set_reading(Reading::Never);
        // A line of our own makes the reader look up; it holds the master open.
        let options =
            OpenOptions::new().write(true).custom_flags(libc::O_NOCTTY | libc::O_NONBLOCK).open(&self.tty);
        let mut slave = options.expect("the command's side of the terminal");
        leave_quietly(&slave);
        // A full buffer needs no more to wake the reader.
        let _ = slave.write(b"\n");
        drop(slave);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        drop(self.writer.take());
        drop(self.master.take());
    }

    fn set_reading(&self, reading: Reading) {
        self.shared.state.lock().expect("the reader lives").reading = reading;
        self.shared.changed.notify_all();
    }

    fn wait_for(
        &self,
        seconds: f64,
        what: &str,
        met: impl Fn(&State) -> bool,
    ) -> std::sync::MutexGuard<'_, State> {
        let state = self.shared.state.lock().expect("the reader lives");
        let waited = self.shared.changed.wait_timeout_while(state, deadline(seconds), |state| !met(state));
        let (state, waited) = waited.expect("the reader lives");
        if waited.timed_out() {
            let screen = state.screen().contents();
            let ended = state.status.clone();
            drop(state);
            panic!("{what}: not within the deadline; ended: {ended:?}; on the screen:\n{screen}");
        }
        state
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.has_ended() {
            kill(self.pid, Signal::SIGKILL).ok();
        }
    }
}

impl State {
    fn screen(&self) -> &Screen {
        self.parser.as_ref().expect("a screen").screen()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.parser.as_mut().expect("a screen").process(bytes);
        self.drawn.bytes += bytes.len();
        // No program here ends an OSC sequence by this byte.
        self.drawn.bells += bytes.split(|byte| *byte == 7).count() - 1;
        self.tail.extend(bytes);
        let begun = self.tail.windows(FRAME.len()).filter(|window| *window == FRAME).count();
        if begun > 0 {
            self.drawn.frames += begun;
            self.drawn.last = Some(Instant::now());
        }
        self.tail.drain(..self.tail.len().saturating_sub(FRAME.len() - 1));
    }
}

impl Shared {
    fn read(&self, mut source: Box<dyn Read + Send>) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = source.read(&mut buffer) {
            let state = self.state.lock().expect("nobody panics with the screen");
            let reading = self.changed.wait_while(state, |state| state.reading == Reading::Off);
            let mut state = reading.expect("nobody panics with the screen");
            if state.reading == Reading::Never {
                return;
            }
            state.take(&buffer[..length]);
            drop(state);
            self.changed.notify_all();
        }
    }

    fn attend(&self, mut child: Box<dyn Child + Send + Sync>) {
        let status = child.wait().expect("the command can be waited for");
        self.state.lock().expect("nobody panics with the screen").status = Some(status);
        self.changed.notify_all();
    }
}

/// Keeps `portable-pty` from typing "end of file" when its writer is dropped: it does so only where the
/// terminal has such a character.
fn leave_quietly(slave: &File) {
    if let Ok(mut settings) = tcgetattr(slave) {
        settings.control_chars[SpecialCharacterIndices::VEOF as usize] = 0;
        tcsetattr(slave, SetArg::TCSANOW, &settings).ok();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn some(length: u16) -> NonZeroU16 {
    NonZeroU16::new(length).expect("a screen has a size")
}

/// Processor time that a running process and its children have used, in user space and the kernel.
pub fn processor_time(pid: Pid) -> Duration {
    let mut nanos = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs") {
        let task = task.expect("a thread").path();
        let stat = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        nanos += stat.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0);
        let children = std::fs::read_to_string(task.join("children")).unwrap_or_default();
        for child in children.split_whitespace() {
            let child = processor_time(Pid::from_raw(child.parse().expect("a number")));
            nanos += u64::try_from(child.as_nanos()).expect("less than five centuries");
        }
    }
    Duration::from_nanos(nanos)
}
