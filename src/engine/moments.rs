//! Sums that merge by addition: exact counts, means and spreads of whole µs.

/// Count, sum and sum of squares of values in µs, with the least and the greatest. Nothing is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// How many values.
    pub count: u64,
    /// Their sum in µs.
    pub sum: u64,
    /// The sum of their squares in µs².
    pub squares: u128,
    /// The least in µs; 0 when empty.
    pub best: u32,
    /// The greatest in µs; 0 when empty.
    pub worst: u32,
}

impl Moments {
    /// Takes one value in.
    pub fn push(&mut self, us: u32) {
        let (sum, squares) = (u64::from(us), u128::from(us) * u128::from(us));
        self.add(&Self { count: 1, sum, squares, best: us, worst: us });
    }

    /// Takes all of another's values in.
    pub fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
        self.best = self.best.min(other.best);
        self.worst = self.worst.max(other.worst);
    }

    /// The mean in µs; 0 when empty.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    /// The sum of squared distances from the mean, in µs².
    pub fn deviations(&self) -> f64 {
        let (n, sum) = (u128::from(self.count), u128::from(self.sum));
        // In whole numbers, so that nothing cancels; beyond what they hold, plain floats are good enough.
        match (n.checked_mul(self.squares), sum.checked_mul(sum)) {
            (Some(squares), Some(square)) => squares.saturating_sub(square) as f64 / n.max(1) as f64,
            _ => (self.squares as f64 - self.mean() * self.sum as f64).max(0.0),
        }
    }
}

/// The mean of |differences| of consecutive answered tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// How many differences.
    pub count: u64,
    /// Their sum in µs.
    pub sum: u64,
}

impl Jitter {
    /// Takes one difference in µs in.
    pub const fn push(&mut self, us: u32) {
        self.count += 1;
        self.sum = self.sum.saturating_add(us as u64);
    }

    /// Takes all of another's differences in.
    pub const fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// Without one difference that was taken in.
    #[must_use]
    pub const fn without(self, us: u32) -> Self {
        Self { count: self.count.saturating_sub(1), sum: self.sum.saturating_sub(us as u64) }
    }

    /// The mean in µs; 0 when empty.
    pub fn mean(self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stats::Running;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_add_up_to_what_one_pass_gives(
            values in prop::collection::vec(0u32..60_000_000, 1..200), cut in 0usize..200,
        ) {
            let of = |values: &[u32]| {
                let mut moments = Moments::default();
                for &us in values {
                    moments.push(us);
                }
                moments
            };
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.add(&of(right));
            prop_assert_eq!(merged, of(&values));
            let mut running = Running::default();
            for &us in &values {
                running.push(f64::from(us));
            }
            let converted = Running::from(&merged);
            prop_assert!((converted.mean() - running.mean()).abs() <= 1e-9 * running.mean().max(1.0));
            prop_assert!((converted.stdev() - running.stdev()).abs() <= 1e-6 * running.stdev().max(1.0));
            prop_assert_eq!((converted.best(), converted.worst()), (running.best(), running.worst()));
        }
    }

    #[test]
    fn a_small_spread_around_a_large_mean_is_not_lost() {
        let mut moments = Moments::default();
        (0..1_000_000).for_each(|n| moments.push(50_000_000 + n % 2));
        assert!((Running::from(&moments).stdev() - 0.5).abs() < 1e-6);
    }
}
