//! The thread that writes a session. Nobody waits for it: what it cannot take at once waits in a bounded queue,
//! and what finds no room there is counted.

mod spool;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use self::spool::Spool;
use super::files;
use super::format::{Encoder, missed};
use super::header::Header;
use super::part::{Medium, Part};
use super::queue::{Inlet, Item, Outlet, bounded};
use super::standing::Standing;
use crate::engine::record::Record;
use crate::engine::time::{Anchor, Time};

/// Records that wait for the writer, at most.
const QUEUE: usize = 1_024;
/// Bytes that wait for the disk, at most, before records wait: some hours of a watch.
const WAITING: usize = 2 << 20;
/// The most that a power cut takes: the time between two calls of `fdatasync`.
pub const SYNC: Duration = Duration::from_secs(30);
/// How soon after a failure the disk is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// A part that has grown to this size, in bytes, is the last but one.
pub const PART: u64 = 8 << 20;

/// Where a session goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path of its first part.
    pub first: PathBuf,
    /// Bytes that the sessions in its directory may take; where the user named the file, those of this session.
    pub limit: u64,
    /// The user named the file, so its directory is not ours to tidy.
    pub named: bool,
    /// How large a part gets, in bytes.
    pub part: u64,
}

/// What is to be told of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The file written to now.
    pub path: Arc<Path>,
    /// What keeps the disk from taking more, and since when.
    pub trouble: Option<(Arc<str>, SystemTime)>,
    /// Records that found no room to wait in, and are lost.
    pub lost: u64,
}

/// A watch's end of its recording.
#[derive(Debug)]
pub struct Recorder {
    queue: Inlet<Record>,
    status: Arc<Mutex<Status>>,
}

/// Tells when a recording is whole on disk.
#[derive(Debug)]
pub struct Finish(Mutex<Receiver<()>>);

impl Recorder {
    /// Opens a new file and starts its writer. Fails if there is such a file already.
    pub fn start(header: Header, place: Place) -> io::Result<(Self, Finish)> {
        let medium = Part::create(&place.first)?;
        let mut spool = Spool::default();
        spool.add(&(header.line() + "\n"));
        Self::spawn((header, place, 1), (medium, 0, spool), Standing::default())
    }

    /// Goes on with a session, at the end of its last part; `standing` is what was in force there.
    pub fn resume(header: Header, place: Place, last: u32, standing: Standing) -> io::Result<(Self, Finish)> {
        let (medium, size) = Part::resume(&files::part(&place.first, last))?;
        Self::spawn((header, place, last), (medium, size, Spool::default()), standing)
    }

    fn spawn(
        (header, place, number): (Header, Place, u32),
        (medium, size, spool): (Part, u64, Spool),
        standing: Standing,
    ) -> io::Result<(Self, Finish)> {
        let (queue, records) = bounded(QUEUE);
        let (running, ended) = sync_channel(0);
        let path = Arc::from(files::part(&place.first, number));
        let status = Arc::new(Mutex::new(Status { path, trouble: None, lost: 0 }));
        let parts = Parts { header, place, number };
        let mut writer = Writer {
            parts,
            medium,
            size,
            head: 0,
            standing,
            encoder: Encoder::default(),
            spool,
            status: Arc::clone(&status),
            retry: None,
            synced: None,
            is_unsynced: false,
        };
        thread::Builder::new().name("recording".to_owned()).spawn(move || {
            writer.run(&records);
            // Whoever waits for the end may open the file at once, which is locked until then.
            drop(writer);
            drop(running);
        })?;
        Ok((Self { queue, status }, Finish(Mutex::new(ended))))
    }

    /// Hands a record over. Never blocks.
    pub fn push(&self, record: Record) {
        self.queue.push(record);
    }

    /// What is to be told of it.
    pub fn status(&self) -> Status {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status { lost: self.queue.missed(), ..status }
    }
}

impl Finish {
    /// Whether all that was handed over is on disk, and the recorder gone.
    pub fn is_done(&self) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(ended.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// Waits until all that was handed over is on disk, once the recorder is gone; gives up after `patience`.
    pub fn wait(&self, patience: Duration) {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(patience);
    }
}

/// Where the next parts come from.
trait Supply<M> {
    /// The next part and its path, with the header that it begins with.
    fn next(&mut self, anchor: Option<Anchor>) -> io::Result<(M, PathBuf, String)>;
    /// How large a part gets, in bytes.
    fn most(&self) -> u64;
    /// Keeps all of it within bounds.
    fn tidy(&self);
}

struct Parts {
    header: Header,
    place: Place,
    number: u32,
}

impl Supply<Part> for Parts {
    fn next(&mut self, anchor: Option<Anchor>) -> io::Result<(Part, PathBuf, String)> {
        let path = files::part(&self.place.first, self.number + 1);
        let part = Part::create(&path)?;
        self.number += 1;
        if let Some(anchor) = anchor {
            self.header.started = anchor.wall(Time::ZERO);
        }
        self.header.part = self.number;
        Ok((part, path, self.header.line() + "\n"))
    }

    fn most(&self) -> u64 {
        self.place.part
    }

    fn tidy(&self) {
        let Some(directory) = self.place.first.parent() else { return };
        let own = files::part(&self.place.first, self.number);
        let found =
            if self.place.named { Ok(files::own_parts(&self.place.first)) } else { files::parts(directory) };
        // A directory that cannot be listed cannot be tidied either.
        let _ = found.map(|parts| files::prune(parts, self.place.limit, &own, SystemTime::now()));
    }
}

struct Writer<M, S> {
    parts: S,
    medium: M,
    /// Of the part that is open, in bytes.
    size: u64,
    /// What it began with, in bytes.
    head: u64,
    standing: Standing,
    encoder: Encoder,
    spool: Spool,
    status: Arc<Mutex<Status>>,
    /// When the disk is to be tried again.
    retry: Option<Instant>,
    /// When what was written since the last time is to be synced.
    synced: Option<Instant>,
    /// The last time it could not be.
    is_unsynced: bool,
}

impl<M: Medium, S: Supply<M>> Writer<M, S> {
    /// Writes until the recorder is gone and nothing is left, or the disk takes no more.
    fn run(&mut self, records: &Outlet<Record>) {
        self.parts.tidy();
        self.flush();
        let mut anchor = None;
        loop {
            let due = [self.retry, self.synced].into_iter().flatten().min();
            let wait = due.map(|due| due.saturating_duration_since(Instant::now()));
            let next = match wait {
                // Records wait in the queue while too many bytes wait for the disk.
                Some(wait) if self.spool.len() >= WAITING => {
                    thread::sleep(wait.min(RETRY));
                    Err(RecvTimeoutError::Timeout)
                }
                wait => records.next(wait),
            };
            match next {
                Ok(Item::One(record)) => {
                    if let Record::ClockStep(stepped) = record {
                        anchor = Some(stepped);
                    }
                    self.take(&record, anchor);
                }
                Ok(Item::Missed(records)) => self.spool.add(&missed(records, None)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if self.retry.is_none_or(|at| at <= now) {
                self.flush();
            }
            if self.synced.is_some_and(|at| at <= now) {
                self.sync();
            }
        }
        self.flush();
        self.sync();
    }

    fn take(&mut self, record: &Record, anchor: Option<Anchor>) {
        // However small parts are to be, each has as much of its own as it repeats.
        if self.size >= self.parts.most().max(2 * self.head) && self.spool.is_empty() {
            self.rotate(anchor);
        }
        let mut lines = String::new();
        self.encoder.encode(record, None, &mut lines);
        self.spool.add(&lines);
        self.standing.take(record);
    }

    /// Goes on in a new part; in the present one if that cannot be had.
    fn rotate(&mut self, anchor: Option<Anchor>) {
        let Ok((medium, path, mut head)) = self.parts.next(anchor) else { return };
        self.sync();
        (self.medium, self.size, self.encoder) = (medium, 0, Encoder::default());
        for record in self.standing.records() {
            self.encoder.encode(record, None, &mut head);
        }
        self.head = head.len() as u64;
        self.spool.add(&head);
        self.tell(|status| status.path = Arc::from(path));
        self.parts.tidy();
    }

    /// Writes what waits, as far as the disk takes it.
    fn flush(&mut self) {
        while !self.spool.is_empty() {
            match self.medium.append(self.spool.next_line()) {
                Ok(0) => return self.failed(&io::Error::from(io::ErrorKind::WriteZero)),
                Ok(written) => {
                    self.spool.taken(written);
                    self.size += written as u64;
                    self.synced.get_or_insert_with(|| Instant::now() + SYNC);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.failed(&error),
            }
        }
        if self.retry.take().is_some() && !self.is_unsynced {
            self.tell(|status| status.trouble = None);
        }
    }

    fn sync(&mut self) {
        if self.synced.take().is_none() {
            return;
        }
        match self.medium.sync() {
            Ok(()) if std::mem::take(&mut self.is_unsynced) && self.retry.is_none() => {
                self.tell(|status| status.trouble = None);
            }
            Ok(()) => {}
            Err(error) => {
                self.synced = Some(Instant::now() + SYNC);
                self.is_unsynced = true;
                self.failed(&error);
            }
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.retry = Some(Instant::now() + RETRY);
        let what = why(error);
        self.tell(|status| match &mut status.trouble {
            Some((known, _)) => *known = Arc::from(what),
            none => *none = Some((Arc::from(what), SystemTime::now())),
        });
    }

    fn tell(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Why a file takes nothing, in a few words.
pub fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "no space left".to_owned(),
        io::ErrorKind::QuotaExceeded => "quota used up".to_owned(),
        io::ErrorKind::FileTooLarge => "file size limit reached".to_owned(),
        io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

#[cfg(test)]
mod tests;
