//! How long this machine keeps threads waiting that have something to do: what a test may not blame on the binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(5);

/// A thread that looks at the clock all the time, until this is dropped.
pub struct Stalls(Arc<AtomicU64>);

impl Stalls {
    /// Begins to look.
    pub fn watch() -> Self {
        let worst = Arc::new(AtomicU64::new(0));
        let seen = Arc::downgrade(&worst);
        std::thread::spawn(move || {
            while let Some(worst) = seen.upgrade() {
                let begun = Instant::now();
                std::thread::sleep(STEP);
                let late = begun.elapsed().saturating_sub(STEP);
                worst.fetch_max(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        });
        Self(worst)
    }

    /// What is to be forgiven: the longest wait so far for each of a timer, a packet and a reader. A few milliseconds
    /// on an idle machine.
    pub fn forgiven(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed)) * 3
    }
}
