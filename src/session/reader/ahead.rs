//! Reading on a thread of its own: while records are taken in, the next ones are read already.

use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread::{self, Builder};

/// Found things handed over at once.
const BATCH: usize = 256;
/// Batches that wait, at most.
const WAITING: usize = 4;

/// Runs `read` on a thread of its own, and gives all that it finds to `each`, in order, on this one. Fails if there
/// is no such thread to be had.
pub fn ahead<T: Send, R: Send>(
    read: impl FnOnce(&mut dyn FnMut(T)) -> R + Send,
    each: impl FnMut(T),
) -> io::Result<R> {
    thread::scope(|scope| {
        let (sender, batches) = sync_channel(WAITING);
        let reading = Builder::new().name("reading".to_owned()).spawn_scoped(scope, move || {
            let mut batch = Vec::with_capacity(BATCH);
            // Whoever takes them is there until this thread ends, unless it panics.
            let found = read(&mut |one| {
                batch.push(one);
                if batch.len() == BATCH {
                    let _ = sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                }
            });
            let _ = sender.send(batch);
            found
        })?;
        batches.into_iter().flatten().for_each(each);
        Ok(reading.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_found_comes_in_order_and_the_result_behind_it() {
        for many in [0, 1, BATCH, 10 * BATCH + 1] {
            let mut got = Vec::new();
            let read = |give: &mut dyn FnMut(usize)| {
                (0..many).for_each(give);
                many
            };
            assert_eq!(ahead(read, |one| got.push(one)).unwrap(), many);
            assert!(got.into_iter().eq(0..many));
        }
    }
}
