//! What becomes of the trace's records: to the session on disk, and to whoever reads along.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::engine::probe::Flows;
use crate::engine::record::Record;
use crate::engine::snapshot::Pace;
use crate::engine::time::{Anchor, Time};
use crate::names::Names;
use crate::net::open_error::OpenError;
use crate::session::files;
use crate::session::format::SCHEMA;
use crate::session::header::Header;
use crate::session::queue::Inlet;
use crate::session::standing::Standing;
use crate::session::writer::{Finish, PART, Place, Recorder, Status, why};

use super::About;

/// How long the disk may take at the end of a watch.
pub const PATIENCE: Duration = Duration::from_millis(900);

/// Parts that the limit holds, at least, and the least that a part is, in bytes.
const PARTS: u64 = 8;
const LEAST_PART: u64 = 4_096;
/// Sessions to one target that may begin within one second.
const NAMES: u8 = 20;

/// Where a watch is recorded, if it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Into which file or directory.
    pub place: RecordPlace,
    /// Bytes that sessions may take.
    pub limit: u64,
    /// The watch does not start without it.
    pub required: bool,
    /// The command line, for going on.
    pub arguments: Vec<String>,
}

/// Into which file.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordPlace {
    /// A new one in the directory for sessions; `None` where there can be no such directory.
    Directory(Option<PathBuf>),
    /// This one, which does not exist yet.
    File(PathBuf),
    /// The session whose first part this is, at the end of the part of this number.
    Resumed {
        /// Its path, whether or not it is still there.
        first: PathBuf,
        /// The last part's number.
        last: u32,
        /// What its parts have in common.
        session: String,
        /// It lies among other sessions, whose bytes count with its own.
        among: bool,
        /// What is in force at its end.
        standing: Standing,
    },
}

/// What whoever reads along is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// A watch begins.
    Watch(Box<Header>),
    /// A record, and when it came.
    Record(Time, Record),
}

/// What is to be said of the recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    /// It is not wanted.
    #[default]
    No,
    /// It goes on.
    Yes(Status),
    /// It could not begin, and why.
    Refused(Arc<str>),
    /// This is a recorded watch.
    Replay {
        /// The file's name.
        name: Arc<str>,
        /// Lines of it that were not understood.
        unknown: u64,
        /// Records that could not be kept.
        missed: u64,
    },
}

/// The sinks of a running watch.
#[derive(Debug)]
pub struct Sinks {
    wanted: Option<Recording>,
    recorder: Option<Recorder>,
    refused: Option<Arc<str>>,
    /// Of every recorder that may still write: one a protocol or address.
    finishes: Vec<Finish>,
    named: HashSet<IpAddr>,
    stream: Option<Inlet<Told>>,
}

impl Sinks {
    /// Opens what is wanted, for a watch that is about `about`.
    pub fn open(
        wanted: Option<Recording>,
        stream: Option<Inlet<Told>>,
        (about, pace, anchor): (&About, Pace, Anchor),
    ) -> Result<Self, OpenError> {
        let mut sinks = Self {
            wanted,
            recorder: None,
            refused: None,
            finishes: Vec::new(),
            named: HashSet::new(),
            stream,
        };
        if let Some(stream) = &sinks.stream {
            stream.push(Told::Watch(Box::new(header(about, pace, anchor, &[]))));
        }
        let Some(wanted) = sinks.wanted.clone() else { return Ok(sinks) };
        match sinks.begin(&wanted, (about, pace, anchor)) {
            Ok(()) => {}
            Err((path, error)) if wanted.required => {
                return Err(OpenError::Record { path, why: why(&error) });
            }
            Err((_, error)) => sinks.refused = Some(Arc::from(why(&error))),
        }
        Ok(sinks)
    }

    fn begin(
        &mut self,
        wanted: &Recording,
        (about, pace, anchor): (&About, Pace, Anchor),
    ) -> Result<(), (PathBuf, io::Error)> {
        let header = header(about, pace, anchor, &wanted.arguments);
        // Parts are what is removed at once: small enough for the limit to mean something.
        let part = (wanted.limit / PARTS).clamp(LEAST_PART, PART);
        let goal = |first, named| Place { first, limit: wanted.limit, named, part };
        let (first, begun) = match &wanted.place {
            RecordPlace::Directory(None) => {
                let error = io::Error::other("neither HOME nor XDG_STATE_HOME is set");
                return Err((PathBuf::from("."), error));
            }
            RecordPlace::Directory(Some(directory)) => {
                files::make(directory).map_err(|error| (directory.clone(), error))?;
                let first = free(|nth| files::name(directory, anchor.wall, &about.target, nth));
                (first.clone(), Recorder::start(header, goal(first, false)))
            }
            RecordPlace::File(file) => (file.clone(), Recorder::start(header, goal(file.clone(), true))),
            RecordPlace::Resumed { first, last, session, among, standing } => {
                let header = Header { session: session.clone(), ..header };
                let goal = goal(first.clone(), !among);
                (first.clone(), Recorder::resume(header, goal, *last, standing.clone()))
            }
        };
        let (recorder, finish) = begun.map_err(|error| (first, error))?;
        self.recorder = Some(recorder);
        self.finishes.push(finish);
        self.refused = None;
        self.named.clear();
        Ok(())
    }

    /// The watch goes on as another: its records make a session of their own.
    pub fn begin_anew(&mut self, about: &About, pace: Pace, anchor: Anchor) {
        if let Some(stream) = &self.stream {
            stream.push(Told::Watch(Box::new(header(about, pace, anchor, &[]))));
        }
        self.named.clear();
        let Some(mut wanted) = self.wanted.clone() else { return };
        self.recorder = None;
        self.finishes.retain(|finish| !finish.is_done());
        if let RecordPlace::File(file) | RecordPlace::Resumed { first: file, .. } = &wanted.place {
            let stamp =
                jiff::Timestamp::try_from(anchor.wall).unwrap_or_default().strftime("%H%M%S").to_string();
            let by = about.protocol.name().to_lowercase();
            let suffix = |nth| format!("-{by}-{stamp}{}", files::among(nth));
            wanted.place = RecordPlace::File(free(|nth| with_suffix(file, &suffix(nth))));
        }
        if let Err((_, error)) = self.begin(&wanted, (about, pace, anchor)) {
            self.refused = Some(Arc::from(why(&error)));
        }
    }

    /// Whether anybody wants records.
    pub const fn are_open(&self) -> bool {
        self.recorder.is_some() || self.stream.is_some()
    }

    /// Hands a record on. Never blocks; who reads along too slowly misses some, and is told how many.
    pub fn push(&mut self, now: Time, record: Record) {
        if let Some(stream) = &self.stream {
            stream.push(Told::Record(now, record.clone()));
        }
        if let Some(recorder) = &self.recorder {
            recorder.push(record);
        }
    }

    /// Hands on the names that were found since the last time.
    pub fn names(&mut self, now: Time, names: &Names) {
        if !self.are_open() || names.len() == self.named.len() {
            return;
        }
        let new: Vec<_> = names.iter().filter(|(address, _)| !self.named.contains(address)).collect();
        for (address, name) in new {
            self.named.insert(address);
            self.push(now, Record::Name(address, name.to_owned()));
        }
    }

    /// What is to be said of the recording.
    pub fn recorded(&self) -> Recorded {
        match (&self.recorder, &self.refused) {
            (Some(recorder), _) => Recorded::Yes(recorder.status()),
            (None, Some(why)) => Recorded::Refused(Arc::clone(why)),
            (None, None) => Recorded::No,
        }
    }

    /// Ends the recording; waits until it is on disk, but not for a disk that is stuck.
    pub fn close(self) {
        drop((self.recorder, self.stream));
        for finish in self.finishes {
            finish.wait(PATIENCE);
        }
    }
}

/// The path with something behind the name, before the extension.
fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(suffix);
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

/// The first path that no session which began within the same second has.
fn free(name: impl Fn(u8) -> PathBuf) -> PathBuf {
    (1..NAMES).map(&name).find(|path| !path.exists()).unwrap_or_else(|| name(NAMES))
}

fn header(about: &About, pace: Pace, anchor: Anchor, arguments: &[String]) -> Header {
    let random = RandomState::new();
    Header {
        schema: SCHEMA.to_owned(),
        session: format!("{:016x}", random.hash_one(1)),
        part: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: about.target.clone(),
        address: about.address,
        source: about.source,
        protocol: about.protocol.name().to_lowercase(),
        port: about.port,
        tos: about.tos,
        flow_per_try: about.flows == Flows::PerTry,
        channel: about.channel.to_owned(),
        host: about.host.clone(),
        pace: pace.into(),
        started: anchor.wall(Time::ZERO),
        arguments: arguments.to_vec(),
    }
}
