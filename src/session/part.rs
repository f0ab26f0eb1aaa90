//! One file of a session, open for writing: locked, appended to, its last line whole or known to be torn.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Where a writer's bytes go.
pub trait Medium {
    /// Takes some of the bytes, at the end of what there is; gives how many.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Has what was taken survive a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file of a session, which no other watch writes to while this is open.
#[derive(Debug)]
pub struct Part {
    file: File,
}

impl Part {
    /// Makes the file, for its owner alone. Fails if it exists.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)?;
        // Its name is to survive a power cut as well, where the file system can see to that.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
        locked(file)
    }

    /// Opens an existing file to go on with it; a torn last line is cut off. Gives its size besides.
    pub fn resume(path: &Path) -> io::Result<(Self, u64)> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut part = locked(file)?;
        let whole = part.end_of_last_line()?;
        part.file.set_len(whole)?;
        Ok((part, whole))
    }

    /// The length up to the end of the last whole line.
    fn end_of_last_line(&mut self) -> io::Result<u64> {
        let mut end = self.file.metadata()?.len();
        let mut block = [0; 4096];
        while end > 0 {
            let start = end.saturating_sub(block.len() as u64);
            let block = &mut block[..(end - start) as usize];
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(block)?;
            if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
                return Ok(start + at as u64 + 1);
            }
            end = start;
        }
        Ok(0)
    }
}

fn locked(file: File) -> io::Result<Part> {
    match file.try_lock() {
        Ok(()) => Ok(Part { file }),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(io::ErrorKind::ResourceBusy, "another watch writes to it"))
        }
        // File systems without locks have nobody to be kept out.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Part { file }),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Medium for Part {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone_and_one_watchs_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let part = Part::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Part::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(Part::resume(&path).unwrap_err().to_string(), "another watch writes to it");
        drop(part);
        assert!(Part::resume(&path).is_ok());
    }

    #[test]
    fn a_torn_line_is_cut_off_before_others_follow() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let long = "x".repeat(9_000);
        for (before, whole) in [("a\nb\nto", "a\nb\n"), ("", ""), ("torn", ""), ("a\n", "a\n"), (&long, "")] {
            fs::write(&path, before).unwrap();
            let (mut part, size) = Part::resume(&path).unwrap();
            assert_eq!(size, whole.len() as u64);
            part.append(b"next\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{whole}next\n"));
        }
        fs::write(&path, format!("a\n{long}")).unwrap();
        assert_eq!(Part::resume(&path).unwrap().1, 2);
    }
}
