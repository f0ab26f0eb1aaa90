//! Where sessions lie, how their parts are called, and what goes when there is too much.
//!
//! The first part of a session has the name it was given; the following ones have `_2`, `_3`, … before the
//! extension.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// How sessions' files end.
const EXTENSION: &str = "jsonl";
/// What a running watch wrote within this time is never removed.
const KEPT: Duration = Duration::from_hours(24);

/// The directory for sessions: `hopwatch` below `XDG_STATE_HOME`, or below `~/.local/state`.
///
/// `variable` reads the environment. `None` where neither it nor a home is known; relative paths do not count, as
/// the XDG base directory specification has it.
pub fn directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
    Some(state.join("hopwatch"))
}

/// Makes the directory, for its owner alone.
pub fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The path for a session that begins now: its name tells when and what, and which of those that began within the
/// same second, from 1.
pub fn name(directory: &Path, started: SystemTime, target: &str, nth: u8) -> PathBuf {
    let stamp = Timestamp::try_from(started).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let target: String = target
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' })
        .take(100)
        .collect();
    directory.join(format!("{stamp}-{target}{}.{EXTENSION}", among(nth)))
}

/// What tells the name of the nth session that begins within one second, from 1, from that of the first.
pub fn among(nth: u8) -> String {
    if nth > 1 { format!("-{nth}") } else { String::new() }
}

/// The path of a session's part, given that of its first.
pub fn part(first: &Path, number: u32) -> PathBuf {
    if number <= 1 {
        return first.to_owned();
    }
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("_{number}"));
    if let Some(extension) = first.extension() {
        name.push(".");
        name.push(extension);
    }
    first.with_file_name(name)
}

/// The path of a session's first part, and the number of the part at `path`.
pub fn first(path: &Path) -> (PathBuf, u32) {
    let split = || {
        let (stem, number) = path.file_stem()?.to_str()?.rsplit_once('_')?;
        let number = number.parse().ok().filter(|number| *number >= 2)?;
        let mut name = OsString::from(stem);
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        Some((path.with_file_name(name), number))
    };
    split().unwrap_or_else(|| (path.to_owned(), 1))
}

/// A part of a session on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub path: PathBuf,
    /// The path that the session's first part has or had.
    pub first: PathBuf,
    /// Its number.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// When it was written to last.
    pub modified: SystemTime,
}

/// The parts in a directory, by session and number. Files with other names than [`name`] gives are left out; so is
/// what goes away meanwhile.
pub fn parts(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !is_ours(&path) {
            continue;
        }
        let Ok(meta) = fs::metadata(&path) else { continue };
        let (first, number) = self::first(&path);
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        found.push(Found { path, first, number, size: meta.len(), modified });
    }
    found.sort_by(|a, b| (&a.first, a.number).cmp(&(&b.first, b.number)));
    Ok(found)
}

/// The parts of one session that are there, in order.
pub fn own_parts(first: &Path) -> Vec<Found> {
    let found = siblings(first).into_iter().filter_map(|path| {
        let (_, number) = self::first(&path);
        let meta = fs::metadata(&path).ok()?;
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Some(Found { path, first: first.to_owned(), number, size: meta.len(), modified })
    });
    found.collect()
}

/// What is there of the parts of a session, in order: earlier ones may have been removed.
pub fn siblings(first: &Path) -> Vec<PathBuf> {
    let directory = first.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(directory.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .map(|entry| first.with_file_name(entry.file_name()))
        .filter_map(|path| {
            let (of, number) = self::first(&path);
            (of == first).then_some((number, path))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// Whether it has a name as [`name`] gives.
pub fn is_ours(path: &Path) -> bool {
    let stamp = |name: &str| {
        let shape = |(index, byte): (usize, u8)| match index {
            8 => byte == b'T',
            15 => byte == b'Z',
            16 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        name.len() > 17 && name.bytes().take(17).enumerate().all(shape)
    };
    let name = path.file_stem().and_then(|name| name.to_str());
    path.extension().is_some_and(|extension| extension == EXTENSION) && name.is_some_and(stamp)
}

/// Whether some watch writes to this file now.
pub fn is_written(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

/// Removes the oldest of `parts` until they take no more than `limit` bytes, but never the part `own`, or what a
/// running watch wrote within the last day. What cannot be removed stays.
pub fn prune(mut parts: Vec<Found>, limit: u64, own: &Path, now: SystemTime) {
    let mut total: u64 = parts.iter().map(|part| part.size).sum();
    parts.sort_by_key(|part| (part.modified, part.number));
    let newest =
        |first: &Path| parts.iter().filter(|part| part.first == first).max_by_key(|part| part.number);
    for part in &parts {
        if total <= limit {
            return;
        }
        let is_recent = now.duration_since(part.modified).is_ok_and(|age| age < KEPT) || part.modified > now;
        let is_running = || newest(&part.first).is_some_and(|newest| is_written(&newest.path));
        let is_own = part.path == own || is_recent && first(own).0 == part.first;
        if is_own || is_recent && is_running() || is_written(&part.path) {
            continue;
        }
        if fs::remove_file(&part.path).is_ok() {
            total -= part.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    #[test]
    fn the_directory_is_where_xdg_says() {
        let with = |state: &'static str, home: &'static str| {
            directory(|name| match name {
                "XDG_STATE_HOME" => Some(state.into()),
                _ => Some(home.into()),
            })
        };
        assert_eq!(with("/var/lib", "/home/a"), Some(at("/var/lib/hopwatch")));
        assert_eq!(with("relative", "/home/a"), Some(at("/home/a/.local/state/hopwatch")));
        assert_eq!(with("", ""), None);
        assert_eq!(directory(|_| None), None);
    }

    #[test]
    fn a_name_tells_when_and_what_and_leads_nowhere_else() {
        let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let path = name(Path::new("/x"), started, "../e vil_1%eth0", 1);
        assert_eq!(path, at("/x/20231114T221320Z-..-e-vil-1-eth0.jsonl"));
        assert!(is_ours(&path) && is_ours(&name(Path::new("/x"), started, "a", 2)));
        assert_eq!(name(Path::new("/x"), started, "a", 2), at("/x/20231114T221320Z-a-2.jsonl"));
        for other in
            ["/x/notes.jsonl", "/x/20231114T221320Z-.jsonl", "/x/20231114T221320Z-a.json", "/x/å.jsonl"]
        {
            assert!(!is_ours(Path::new(other)), "{other}");
        }
    }

    #[test]
    fn a_part_knows_its_first() {
        for path in ["/x/20231114T221320Z-192.0.2.1.jsonl", "watch", "a.b", "dir.d/a"] {
            for number in [1, 2, 17] {
                assert_eq!(first(&part(Path::new(path), number)), (at(path), number));
            }
        }
        assert_eq!(part(Path::new("a/w.jsonl"), 3), at("a/w_3.jsonl"));
        assert_eq!(first(Path::new("lab_1.jsonl")), (at("lab_1.jsonl"), 1));
    }

    #[test]
    fn the_oldest_go_first_and_never_what_a_running_watch_wrote_today() {
        let directory = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let write = |target: &str, number, age: u64| {
            let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let path = part(&name(directory.path(), started, target, 1), number);
            fs::write(&path, [0; 100]).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(now - Duration::from_hours(age)).unwrap();
            (path, file)
        };
        let (old, _) = write("old", 1, 200);
        let (long, _) = write("running", 1, 100);
        let (recent, _) = write("running", 2, 10);
        let (running, held) = write("running", 3, 0);
        held.try_lock().unwrap();
        let (ended, _) = write("ended", 1, 5);
        let (own, _) = write("own", 1, 300);
        let left = |limit| {
            prune(parts(directory.path()).unwrap(), limit, &own, now);
            let all = [&old, &long, &recent, &running, &ended, &own];
            all.map(|path| path.exists())
        };
        assert_eq!(left(600), [true; 6]);
        assert_eq!(left(550), [false, true, true, true, true, true]);
        assert_eq!(left(0), [false, false, true, true, false, true]);
    }
}
