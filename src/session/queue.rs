//! A queue that nobody waits at: what finds no room is counted, and the count is told in its place.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// What comes out of a queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<T> {
    /// Something that was put in.
    One(T),
    /// So many that found no room at this place.
    Missed(u64),
}

/// The end that is put into.
#[derive(Clone, Debug)]
pub struct Inlet<T> {
    queue: SyncSender<Item<T>>,
    missed: Arc<Missed>,
}

/// The end that is read.
#[derive(Debug)]
pub struct Outlet<T> {
    queue: Receiver<Item<T>>,
    missed: Arc<Missed>,
}

/// How many found no room.
#[derive(Debug, Default)]
struct Missed {
    /// Those that the reader was not told of yet.
    untold: AtomicU64,
    all: AtomicU64,
}

/// A queue that holds so many, at most.
pub fn bounded<T>(most: usize) -> (Inlet<T>, Outlet<T>) {
    let (sender, receiver) = sync_channel(most);
    let missed = Arc::default();
    (Inlet { queue: sender, missed: Arc::clone(&missed) }, Outlet { queue: receiver, missed })
}

impl<T> Inlet<T> {
    /// Puts one in, if there is room. Never blocks.
    pub fn push(&self, one: T) {
        // Taken, not read: another inlet may count meanwhile.
        let untold = self.missed.untold.swap(0, Ordering::Relaxed);
        if untold > 0 && self.queue.try_send(Item::Missed(untold)).is_err() {
            self.missed.untold.fetch_add(untold, Ordering::Relaxed);
            return self.miss();
        }
        if self.queue.try_send(Item::One(one)).is_err() {
            self.miss();
        }
    }

    /// How many found no room so far.
    pub fn missed(&self) -> u64 {
        self.missed.all.load(Ordering::Relaxed)
    }

    fn miss(&self) {
        self.missed.untold.fetch_add(1, Ordering::Relaxed);
        self.missed.all.fetch_add(1, Ordering::Relaxed);
    }
}

impl<T> Outlet<T> {
    /// The next one, waited for at most so long, or for ever; once the other end is gone, what it missed last.
    pub fn next(&self, wait: Option<Duration>) -> Result<Item<T>, RecvTimeoutError> {
        let next = match wait {
            Some(wait) => self.queue.recv_timeout(wait),
            None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Err(RecvTimeoutError::Disconnected) => match self.missed.untold.swap(0, Ordering::Relaxed) {
                0 => Err(RecvTimeoutError::Disconnected),
                missed => Ok(Item::Missed(missed)),
            },
            next => next,
        }
    }

    /// All of it, until the other end is gone.
    pub fn iter(&self) -> impl Iterator<Item = Item<T>> {
        std::iter::from_fn(|| self.next(None).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_told_where_it_was_and_at_the_end() {
        let (inlet, outlet) = bounded(2);
        (0..5).for_each(|one| inlet.push(one));
        let next = || outlet.next(Some(Duration::ZERO)).ok();
        assert_eq!([next(), next(), next()], [Some(Item::One(0)), Some(Item::One(1)), None]);
        (5..8).for_each(|one| inlet.push(one));
        assert_eq!((inlet.missed(), next(), next()), (5, Some(Item::Missed(3)), Some(Item::One(5))));
        drop(inlet);
        assert_eq!((next(), next()), (Some(Item::Missed(2)), None));
    }

    #[test]
    fn what_several_put_in_is_there_or_counted() {
        let (inlet, outlet) = bounded(1);
        let pushers = [inlet.clone(), inlet]
            .map(|inlet| std::thread::spawn(move || (0..100_000).for_each(|one| inlet.push(one))));
        let count = |item| match item {
            Item::One(_) => 1,
            Item::Missed(many) => many,
        };
        assert_eq!(outlet.iter().map(count).sum::<u64>(), 200_000);
        for pusher in pushers {
            pusher.join().unwrap();
        }
    }
}
