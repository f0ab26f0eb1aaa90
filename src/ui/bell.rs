//! When the terminal's bell is rung: once for each event, when it starts.

use crate::engine::journal::Journal;

/// The bell.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bell {
    /// The number of the next event that it is rung for; `None` if it is for none.
    next: Option<u32>,
    is_due: bool,
}

impl Bell {
    /// One that is rung for events from this number on, if for any.
    pub const fn new(first: Option<u32>) -> Self {
        Self { next: first, is_due: false }
    }

    /// Looks at what has happened by now.
    pub fn look(&mut self, journal: &Journal) {
        let Some(next) = &mut self.next else { return };
        let last = journal.iter().rfind(|entry| entry.what.calls());
        let now = last.map_or(0, |entry| entry.number.saturating_add(1));
        // A journal that begins anew counts from 0.
        self.is_due |= std::mem::replace(next, now) < now;
    }

    /// Whether it is to be rung; not again for the same event.
    pub const fn take(&mut self) -> bool {
        std::mem::replace(&mut self.is_due, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::journal::{Entry, What};
    use crate::engine::time::Time;

    fn journal(numbers: std::ops::Range<u32>) -> Journal {
        let mut journal = Journal::default();
        for number in numbers {
            let (start, end) = (Time::ZERO, None);
            journal.take(Entry { number, start, end, row: None, withdrawn: false, what: What::Suspend });
        }
        journal
    }

    #[test]
    fn it_is_rung_once_for_each_event_and_for_none_from_before() {
        let rung = |first, journals: &[std::ops::Range<u32>]| -> Vec<bool> {
            let mut bell = Bell::new(first);
            let ring = |numbers: &std::ops::Range<u32>| {
                bell.look(&journal(numbers.clone()));
                bell.take()
            };
            journals.iter().map(ring).collect()
        };
        assert_eq!(rung(Some(0), &[0..0, 0..1, 0..1, 0..3]), [false, true, false, true]);
        assert_eq!(rung(Some(2), &[0..2, 0..3]), [false, true], "resumed");
        assert_eq!(rung(Some(0), &[0..3, 0..0, 0..1]), [true, false, true], "another journal");
        assert_eq!(rung(None, &[0..3, 0..4]), [false, false]);
    }
}
