//! The terminal: taken at the start, given back on every way out, written to once a frame.
//!
//! There is one terminal per process, so whether it is taken is kept in one place: the panic hook and the
//! last resort of a process whose terminal takes no bytes need it as well.

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::rc::Rc;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, getsid};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::app::App;
use super::draw::draw;
use super::event_loop::Screen;
use super::mouse;

static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long the last resort waits, in ms, for a terminal that takes no bytes.
const LAST_WAIT: u16 = 100;

/// The next frame's bytes, gathered so that they leave in one write, as one synchronized update.
#[derive(Clone, Debug, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Frame {
    /// Begins a frame, without anything of the one before.
    fn begin(&mut self) -> io::Result<()> {
        self.0.borrow_mut().clear();
        queue!(self, BeginSynchronizedUpdate)
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    /// Nothing leaves before the frame is whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal of this process, in raw mode and on its alternate screen.
pub struct Tty {
    out: File,
    frame: Frame,
    terminal: Terminal<CrosstermBackend<Frame>>,
}

impl Tty {
    /// Takes the terminal. From here on a panic gives it back before it is told.
    pub fn enter() -> io::Result<Self> {
        hook();
        let mut frame = Frame::default();
        frame.begin()?;
        // A fixed viewport: nothing asks the terminal where its cursor is, or for its size at each frame.
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::from(size()?)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(frame.clone()), options)?;
        let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let mut tty = Self { out, frame, terminal };
        tty.resume()?;
        Ok(tty)
    }

    /// The terminal's size.
    pub fn size(&self) -> io::Result<Size> {
        size()
    }

    /// Gives the terminal back as it was found.
    fn leave(&mut self) -> io::Result<()> {
        if !TAKEN.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Were this write to block for ever, `restore` would still find the terminal taken.
        let written = self.out.write_all(&farewell());
        let cooked = terminal::disable_raw_mode();
        TAKEN.store(false, Ordering::Relaxed);
        written.and(cooked)
    }
}

impl Screen for Tty {
    fn draw(&mut self, app: &App) -> io::Result<()> {
        if !TAKEN.load(Ordering::Relaxed) {
            return Err(io::Error::other("the terminal was given back by a panic"));
        }
        self.terminal.draw(|frame| draw(frame, app))?;
        queue!(self.frame, EndSynchronizedUpdate)?;
        self.out.write_all(&self.frame.0.borrow())?;
        self.frame.begin()
    }

    fn refit(&mut self) -> io::Result<Size> {
        let size = size()?;
        // The screen is cleared as part of the next frame.
        self.terminal.resize(Rect::from(size))?;
        Ok(size)
    }

    fn suspend(&mut self) -> io::Result<()> {
        // A session leader has no shell that could bring it back.
        if getsid(None) == Ok(getpid()) {
            return Ok(());
        }
        self.leave()?;
        // The whole job, as the terminal itself would: a shell or cargo in between would wait for ever.
        // This thread is the process's first, so it stops before the call returns.
        kill(Pid::from_raw(0), Signal::SIGSTOP)?;
        self.resume()
    }

    fn bell(&mut self) -> io::Result<()> {
        self.out.write_all(b"\x07")
    }

    fn resume(&mut self) -> io::Result<()> {
        // Raw mode is kept as a difference to what was found; only given back it is taken anew.
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        TAKEN.store(true, Ordering::Relaxed);
        let mut greeting = Vec::new();
        queue!(greeting, EnterAlternateScreen, Hide)?;
        greeting.extend_from_slice(mouse::ON);
        self.out.write_all(&greeting)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // Nobody is left to tell, and a dead terminal is no reason to print to it.
        let _ = self.leave();
    }
}

fn size() -> io::Result<Size> {
    let (width, height) = terminal::size()?;
    Ok(Size::new(width, height))
}

fn farewell() -> Vec<u8> {
    let mut bytes = mouse::OFF.to_vec();
    // Writing to a vector cannot fail.
    let _ = queue!(bytes, EndSynchronizedUpdate, ResetColor, Show, LeaveAlternateScreen);
    bytes
}

/// Gives the terminal back without ever blocking for long, from any thread: for a panic, and for a process
/// that has to end while its terminal takes no bytes.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::Relaxed) {
        return;
    }
    let _ = terminal::disable_raw_mode();
    let tty = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open("/dev/tty");
    if let Ok(mut tty) = tty {
        let mut ready = [PollFd::new(tty.as_fd(), PollFlags::POLLOUT)];
        let _ = poll(&mut ready, PollTimeout::from(LAST_WAIT));
        let _ = tty.write(&farewell());
    }
}

/// Has a panic of any thread give the terminal back before it is told on stderr.
fn hook() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            // Ignores what goes wrong with stderr, unlike a print of our own would.
            previous(panic);
        }));
    });
}
