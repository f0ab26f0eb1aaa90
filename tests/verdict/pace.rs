//! How often hops are asked, and how punctually.

/// How often hops are asked.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Seconds between two tries to the same hop.
    pub interval: f64,
    /// From when on it is another.
    pub change: Option<(f64, f64)>,
    /// A busy machine sends a third of its probes late, by so many seconds on average.
    pub late: f64,
}

impl Pace {
    /// A try a second, in time.
    pub const DEFAULT: Self = Self { interval: 1.0, change: None, late: 0.0 };

    /// The interval at a moment.
    pub fn interval_at(&self, now: f64) -> f64 {
        self.change.filter(|(from, _)| *from <= now).map_or(self.interval, |(_, interval)| interval)
    }
}
