//! A watch on one channel, and what it tells of faults and tries.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use hopwatch::engine::faults::Fault;
use hopwatch::engine::record::{Gap, Record};
use hopwatch::engine::round::{Round, Row, Try};
use hopwatch::engine::time::{Anchor, Time};
use hopwatch::session::format::{Decoded, Decoder};
use hopwatch::session::header::Header;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::lab;
use crate::support::patience::deadline;
use crate::support::responder::both;

/// The time between two tries to a hop.
pub const INTERVAL: Duration = Duration::from_millis(400);
/// A round of three tries.
pub const ROUND: Duration = Duration::from_millis(1_200);
const FLAGS: [&str; 6] = ["--jsonl", "-n", "-i", "400ms", "-Z", "1s"];
/// Between the prober and the target.
pub const ROUTERS: u8 = 2;

/// A way to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Udp,
    Echo,
    Tcp,
    RawUdp,
    RawEcho,
    RawTcp,
}

impl By {
    pub const ALL: [Self; 6] = [Self::Udp, Self::Echo, Self::Tcp, Self::RawUdp, Self::RawEcho, Self::RawTcp];

    /// Probes are SYNs.
    pub const fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::RawTcp)
    }

    /// Probes are echo requests.
    pub const fn is_echo(self) -> bool {
        matches!(self, Self::Echo | Self::RawEcho)
    }

    fn command(self) -> Command {
        let mut command = match self {
            Self::Udp | Self::Echo | Self::Tcp => lab::hopwatch(&[]),
            Self::RawUdp | Self::RawEcho | Self::RawTcp => lab::privileged_hopwatch(),
        };
        command.args(match self {
            Self::Udp => &["--udp"][..],
            Self::Echo => &["--icmp"],
            Self::Tcp => &["--tcp"],
            Self::RawUdp => &["--channel", "raw", "--udp"],
            Self::RawEcho => &["--channel", "raw", "--icmp"],
            Self::RawTcp => &["--channel", "raw", "--tcp"],
        });
        command
    }
}

/// A running watch; killed when dropped.
pub struct Watch {
    pub by: By,
    /// 0 over IPv4, 1 over IPv6.
    pub family: usize,
    child: Child,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    told: Mutex<Told>,
    more: Condvar,
}

/// What a watch has told by now.
#[derive(Clone, Default)]
pub struct Told {
    anchor: Option<Anchor>,
    pub rounds: Vec<Round>,
    /// Each fault as it was told of last.
    pub faults: Vec<Fault>,
    pub gaps: Vec<Gap>,
    /// The address that probes leave from, once it has changed.
    pub source: Option<IpAddr>,
    has_ended: bool,
}

/// One try to one hop: the time in which its probe was due, and what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    pub row: Row,
    pub from: SystemTime,
    pub to: SystemTime,
    pub outcome: Try,
}

impl Watch {
    /// Starts one to the target.
    pub fn start(by: By, family: usize, flags: &[&str]) -> Self {
        let mut command = by.command();
        command.args(FLAGS).args(flags).arg(both(ROUTERS + 1)[family].to_string());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("hopwatch starts");
        let mut lines =
            BufReader::new(child.stdout.take().expect("piped")).split(b'\n').map_while(Result::ok);
        let shared = Arc::new(Shared::default());
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                if let Some(line) = lines.next() {
                    let header = Header::parse(&line).expect("the first line is the header");
                    shared.tell(|told| told.anchor = Some(header.anchor()));
                }
                let mut decoder = Decoder::default();
                for line in lines {
                    if let Decoded::Record(record) = decoder.decode(&line).expect("a line of the format") {
                        shared.tell(|told| told.take(record));
                    }
                }
                shared.tell(|told| told.has_ended = true);
            }
        });
        Self { by, family, child, shared }
    }

    /// What it is called where a test fails.
    pub fn name(&self) -> String {
        format!("{:?} over IPv{}", self.by, [4, 6][self.family])
    }

    /// Waits until what it has told meets a condition, as it does within `seconds` on an idle machine.
    pub fn until(&self, seconds: f64, what: &str, met: impl Fn(&Told) -> bool) -> Told {
        let told = self.shared.told.lock().expect("the reader lives");
        let waiting = |told: &mut Told| !(told.has_ended || met(told));
        let waited = self.shared.more.wait_timeout_while(told, deadline(seconds), waiting);
        let (told, _) = waited.expect("the reader lives");
        assert!(!told.has_ended, "{} ended", self.name());
        assert!(met(&told), "{}: {what}: not within the deadline:\n{told:?}", self.name());
        told.clone()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Waits until it is stopped.
    pub fn until_stopped(&self) {
        let status = waitpid(self.pid(), Some(WaitPidFlag::WUNTRACED));
        assert!(matches!(status, Ok(WaitStatus::Stopped(..))), "{}: {status:?}", self.name());
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Shared {
    fn tell(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.told.lock().expect("nobody panics with it"));
        self.more.notify_all();
    }
}

impl Told {
    fn take(&mut self, record: Record) {
        match record {
            Record::Round(round) => self.rounds.push(round),
            Record::Fault(fault) => match self.faults.last_mut().filter(|last| last.until.is_none()) {
                Some(last) => *last = fault,
                None => self.faults.push(fault),
            },
            Record::Gap(gap) => self.gaps.push(gap),
            Record::Source(_, source) => self.source = Some(source),
            Record::Late(late) => {
                let round = self.rounds.iter_mut().find(|round| round.number == late.round);
                let row = round.and_then(|round| round.rows.iter_mut().find(|part| part.row == late.row));
                let outcome = row.and_then(|part| part.tries.get_mut(usize::from(late.index)));
                *outcome.expect("a late answer is to a try that was told") =
                    Try::Late { us: late.us, by: 0, grade: late.grade };
            }
            _ => {}
        }
    }

    /// A moment of the watch, on the wall clock.
    pub fn wall(&self, time: Time) -> SystemTime {
        self.anchor.expect("the header came first").wall(time)
    }

    /// Every try that was told of.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        let nexts = self.rounds.iter().skip(1).map(|next| self.wall(next.start));
        let last = self.rounds.last().map(|last| self.wall(last.start) + ROUND);
        self.rounds.iter().zip(nexts.chain(last)).flat_map(move |(round, next)| {
            let start = self.wall(round.start);
            round.rows.iter().flat_map(move |part| {
                // A cycle may have been put off, and those behind it in the round with it.
                (0..3).zip(&part.tries).map(move |(index, &outcome)| Slot {
                    row: part.row,
                    from: start + INTERVAL * index,
                    to: next - INTERVAL * (2 - index),
                    outcome,
                })
            })
        })
    }

    /// Whether a round that began after `from` was answered by every hop, try by try.
    pub fn is_whole_after(&self, from: SystemTime) -> bool {
        let answered = |outcome: &Try| matches!(outcome, Try::Answered { .. });
        self.rounds.iter().any(|round| {
            self.wall(round.start) >= from
                && round.rows.len() > usize::from(ROUTERS)
                && round.rows.iter().all(|part| part.tries.iter().all(answered))
        })
    }
}

impl fmt::Debug for Told {
    /// A line a fault or gap, a line a round: what became of its tries, hop by hop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "{fault:?}")?;
        }
        for gap in &self.gaps {
            writeln!(f, "{gap:?}")?;
        }
        for round in &self.rounds {
            write!(f, "{:?}", round.start)?;
            for part in &round.rows {
                write!(f, "  {:?} ", part.row)?;
                for outcome in &part.tries {
                    f.write_str(match outcome {
                        Try::Answered { .. } => ".",
                        Try::Late { .. } => "+",
                        Try::Lost => "*",
                        Try::Refused { .. } => "!",
                        Try::NotSent => "x",
                        Try::Skipped => "-",
                        Try::InFlight => "?",
                    })?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
