//! Bytes on their way to the disk, whole lines, the first of them perhaps begun.

use std::collections::VecDeque;

/// Lines that wait for the disk.
#[derive(Debug, Default)]
pub struct Spool {
    lines: VecDeque<String>,
    /// Bytes of the first line that the disk has.
    begun: usize,
    len: usize,
}

impl Spool {
    /// Adds lines, which stay in one write where they can.
    pub fn add(&mut self, lines: &str) {
        for line in lines.split_inclusive('\n') {
            self.len += line.len();
            self.lines.push_back(line.to_owned());
        }
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes that wait.
    pub const fn len(&self) -> usize {
        self.len - self.begun
    }

    /// What is left of the first line.
    pub fn next_line(&self) -> &[u8] {
        self.lines.front().and_then(|line| line.as_bytes().get(self.begun..)).unwrap_or_default()
    }

    /// The disk took so many bytes of the first line.
    pub fn taken(&mut self, bytes: usize) {
        self.begun += bytes;
        if let Some(line) = self.lines.front()
            && self.begun >= line.len()
        {
            self.len -= line.len();
            self.lines.pop_front();
            self.begun = 0;
        }
    }
}
