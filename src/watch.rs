//! The driver: engine, channel and names in one loop on a thread of its own; publishes views.

mod check;
mod events;
mod outlet;
mod publish;
pub mod recording;
mod signals;
#[cfg(test)]
mod tests;
mod worker;

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use crate::engine::crosscheck::Echoes;
use crate::engine::probe::{Command, Flows, Protocol};
use crate::engine::snapshot::Snapshot;
use crate::engine::time::Time;
use crate::engine::trace::TraceConfig;
use crate::names::Names;
use crate::names::again::Name;
use crate::names::forward::Resolved;
use crate::names::resolver::Resolver;
use crate::net::channel::{Channel, ChannelChoice, ChannelConfig, header_len};
use crate::net::clock::Clock;
use crate::net::open_error::OpenError;
use crate::net::simulated::scenario::Scenario;
use crate::net::simulated::{Simulated, demos};
use crate::origin::Origins;
use crate::origin::finder::FinderConfig;
use crate::session::queue::Inlet;
use crate::session::tape::Tape;
use crate::wire::icmp::Family;
use crate::wire::payload;
pub use events::{EventLink, EventStatus, Events, Happened, News};
pub use recording::{RecordPlace, Recorded, Recording, Told};

/// What a front end draws or prints.
#[derive(Clone, Debug)]
pub struct View {
    /// The trace.
    pub snapshot: Arc<Snapshot>,
    /// The names known by now.
    pub names: Arc<Names>,
    /// The origins known by now.
    pub origins: Arc<Origins>,
    /// More names or origins may come in soon.
    pub naming: bool,
    /// What this watch is about.
    pub about: Arc<About>,
    /// What became of asking a silent target by ICMP echo; `None` where it was never silent or that is not
    /// permitted.
    pub echoes: Option<Echoes>,
    /// What the watch last had to say to the user; said again, it is another.
    pub said: Option<Arc<str>>,
    /// Whether it is recorded, and where.
    pub recorded: Arc<Recorded>,
    /// What is wrong with telling events to a command, in a line.
    pub untold: Option<Arc<str>>,
}

impl View {
    /// What the watch has said since `told` was, if it has.
    pub fn news(&self, told: Option<&Arc<str>>) -> Option<&Arc<str>> {
        self.said.as_ref().filter(|said| !told.is_some_and(|told| Arc::ptr_eq(told, said)))
    }
}

/// What a watch is about: fixed while a trace runs, but for the source address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The target as the user named it, scrubbed.
    pub target: String,
    /// The target's address; a scoped IPv6 address keeps its zone in `target`.
    pub address: IpAddr,
    /// The address that probes are sent from, while there is one.
    pub source: Option<IpAddr>,
    /// The probes' protocol.
    pub protocol: Protocol,
    /// The destination port, where the protocol has ports.
    pub port: Option<u16>,
    /// The type of service or traffic class that they are sent with.
    pub tos: u8,
    /// In which flows probes are sent.
    pub flows: Flows,
    /// The channel's name: "error-queue", "raw" or "simulated".
    pub channel: &'static str,
    /// This machine's host name.
    pub host: String,
}

impl About {
    /// Whether it is about a path that is only simulated.
    pub fn is_simulated(&self) -> bool {
        self.channel == "simulated"
    }
}

/// What a front end asks of the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A command to the trace.
    Trace(Command),
    /// Look names up, or stop doing so.
    Names(bool),
    /// Look origins up, or stop doing so.
    Origins(bool),
    /// Probe with the next protocol, everything counted anew.
    NextProtocol,
    /// Look the target's name up again; if it leads elsewhere now, go on there, everything counted anew.
    Reresolve,
    /// Stop: whoever asks is about to end, or is stuck.
    Quit,
    /// Stop at once; what is decided goes to disk.
    Finish,
}

/// What the watch tells a front end, besides views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A new view lies in the slot.
    View,
    /// A signal asks the program to end: its number.
    Signal(i32),
    /// The program is to be suspended (`SIGTSTP`).
    Suspend,
    /// The program goes on after a stop (`SIGCONT`).
    Continued,
    /// The terminal's size changed (`SIGWINCH`).
    Resized,
    /// The watch has ended: every round asked for is settled, or it was told to quit.
    Ended,
}

/// The way to the network that a watch opens on its own thread.
#[derive(Clone, Debug)]
pub enum Way {
    /// The network, and which channel to it is wanted.
    Network(ChannelConfig, ChannelChoice),
    /// A simulated path.
    Simulated(Box<Scenario>),
}

impl Way {
    /// Opens the channel, within a tokio runtime.
    fn open(&self, clock: Clock) -> Result<Channel, OpenError> {
        match self {
            Self::Network(config, choice) => Channel::open(config, *choice, clock),
            Self::Simulated(scenario) => {
                Ok(Channel::Simulated(Box::new(Simulated::new((**scenario).clone()))))
            }
        }
    }

    /// The same way by another protocol, to the port asked for or the protocol's own; `None` for a simulated
    /// path, which knows none.
    fn by(&self, protocol: Protocol) -> Option<Self> {
        let Self::Network(config, choice) = self else { return None };
        let mut config = config.clone();
        if protocol != config.protocol {
            config.target.set_port(protocol.default_port().unwrap_or_default());
            config.protocol = protocol;
            config.egress.local_port = None;
        }
        Some(Self::Network(config, *choice))
    }

    /// The same way to another address, with packets of the same size.
    fn to(&self, found: &Resolved) -> Result<Self, String> {
        let address = found.address;
        match self {
            Self::Network(config, choice) => {
                let mut config = config.clone();
                let size = config.payload_len + header_len(Family::of(config.target.ip()));
                let headers = header_len(Family::of(address));
                let least = headers + payload::LEN;
                if size < least {
                    return Err(format!("packets of {size} bytes are too small there; -s takes {least}"));
                }
                config.payload_len = size - headers;
                config.target = found.socket_address(config.target.port());
                Ok(Self::Network(config, *choice))
            }
            Self::Simulated(scenario) => {
                let mut scenario = scenario.clone();
                scenario.lead_to(address);
                Ok(Self::Simulated(scenario))
            }
        }
    }

    /// A channel to it has a port of ours for itself, so that there is no second one beside it.
    fn holds_a_port(&self) -> bool {
        matches!(self, Self::Network(config, _) if config.egress.local_port.is_some())
    }

    /// The destination port, where the protocol has ports.
    fn port(&self) -> Option<u16> {
        match self {
            Self::Network(config, _) => config.protocol.default_port().map(|_| config.target.port()),
            Self::Simulated(_) => None,
        }
    }
}

/// What a watch needs to start.
#[derive(Clone, Debug)]
pub struct WatchConfig {
    /// How to trace.
    pub trace: TraceConfig,
    /// What it is about.
    pub about: About,
    /// How to reach the network.
    pub way: Way,
    /// The target's name, to be looked up again; `None` for a target without one.
    pub name: Option<Name>,
    /// Whether names are looked up from the start.
    pub names: bool,
    /// How origins are found.
    pub origins: FinderConfig,
    /// Whether views are wanted on the way, and not just the last one.
    pub live: bool,
    /// Where it is recorded, if it is.
    pub recording: Option<Recording>,
    /// The recorded watch that this one goes on with.
    pub resumed: Option<Box<Tape>>,
    /// Who reads the records along.
    pub stream: Option<Inlet<Told>>,
    /// Who is told of events.
    pub events: Option<EventLink>,
    /// Whether the signals of a full-screen program are the watch's: stop, continue, resize.
    pub screen: bool,
}

/// A front end's end of a running watch.
#[derive(Debug)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    slot: Arc<Slot>,
    /// Says that the watch has ended, by being closed.
    ended: Mutex<std::sync::mpsc::Receiver<()>>,
}

/// Where the latest view lies until it is taken.
#[derive(Debug, Default)]
struct Slot {
    view: Mutex<Option<View>>,
    /// A notice of a view is on its way.
    is_told: AtomicBool,
}

impl Slot {
    /// Puts a view in the place of the one before; gives whether a notice is due.
    fn put(&self, view: View) -> bool {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(view);
        !self.is_told.swap(true, Ordering::AcqRel)
    }
}

impl Handle {
    /// The latest view, if it was not taken before.
    pub fn take_view(&self) -> Option<View> {
        self.slot.is_told.store(false, Ordering::Release);
        self.slot.view.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Asks something of the watch. A watch that has ended, or that is buried in requests, does not hear it.
    pub fn request(&self, request: Request) {
        let _ = self.requests.try_send(request);
    }

    /// Ends the watch, and waits until what it has recorded is on disk.
    pub fn finish(&self) {
        self.request(Request::Finish);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(2 * recording::PATIENCE);
    }
}

/// Starts a watch on a thread of its own. `notify` is called there, and must not block; `restore` is called
/// before the process is ended over the head of a front end that is stuck.
///
/// Fails where the channel cannot be opened: no route to the target, or no permission.
pub fn spawn(
    config: WatchConfig,
    notify: impl Fn(Notice) + Send + 'static,
    restore: fn(),
) -> Result<Handle, OpenError> {
    let (requests, asked) = mpsc::channel(64);
    let slot = Arc::new(Slot::default());
    let (running, ended) = std::sync::mpsc::sync_channel(0);
    let handle = Handle { requests, slot: Arc::clone(&slot), ended: Mutex::new(ended) };
    let (opened, outcome) = std::sync::mpsc::sync_channel(1);
    let resolver = match &config.way {
        Way::Network(..) => Resolver::system,
        Way::Simulated(_) => || Resolver::new(demos::demo_name),
    };
    let clock = config.resumed.as_deref().map_or_else(Clock::start, clock_of);
    thread::Builder::new().name("watch".to_owned()).spawn(move || {
        let front = worker::Front { slot: &slot, notify: &notify, restore };
        worker::run(config, clock, resolver(), asked, front, &opened);
        drop(running);
    })?;
    match outcome.recv() {
        Ok(opened) => opened.map(|()| handle),
        Err(_) => Err(io::Error::other("the watch could not start").into()),
    }
}

/// The clock of a recorded watch, as the wall clock has it now; never back behind what is recorded.
fn clock_of(tape: &Tape) -> Clock {
    let anchor = tape.anchor();
    let zero = anchor.wall(Time::ZERO);
    let passed = SystemTime::now().duration_since(zero).unwrap_or_default();
    Clock::resumed((Time::ZERO + passed).max(tape.now() + Duration::from_secs(1)))
}

/// Turns this process's signals into notices for a screen that has no watch, until nobody takes them.
pub fn listen(notify: impl Fn(Notice) -> bool + Send + 'static) -> io::Result<()> {
    let (opened, outcome) = std::sync::mpsc::sync_channel(1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            let mut signals = match signals::Signals::listen(true) {
                Ok(signals) => signals,
                Err(error) => return opened.send(Err(error)).unwrap_or_default(),
            };
            let _ = opened.send(Ok(()));
            while notify(signals.next().await) {}
        });
    })?;
    outcome.recv().unwrap_or_else(|_| Err(io::Error::other("cannot listen to signals")))
}
