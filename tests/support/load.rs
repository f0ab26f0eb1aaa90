//! A busy machine, for what must not depend on an idle one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Threads that do nothing, as fast as they can; they end when this is dropped.
pub struct Load(Arc<AtomicBool>);

impl Load {
    /// So many of them.
    pub fn of(threads: usize) -> Self {
        let on = Arc::new(AtomicBool::new(true));
        for _ in 0..threads {
            let on = Arc::clone(&on);
            std::thread::spawn(move || while on.load(Ordering::Relaxed) {});
        }
        Self(on)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
