//! A log-linear distribution of round-trip times: bounded memory, a stated error, merging is addition.

/// Steps within one doubling. A value is known to within half a step: at most 1/(2·64), that is 0.8 %.
const STEPS: u32 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts of µs values. Values below 64 µs are exact; above, quantiles err by at most 0.8 %.
///
/// Holds only the stretch between the least and the greatest step seen: a few hundred bytes for an
/// ordinary hop, 7 KiB for one that answered at every time from 1 µs to 60 s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    first: u32,
    counts: Vec<u32>,
    total: u64,
}

impl Distribution {
    /// Counts one value in µs.
    pub fn push(&mut self, us: u32) {
        let step = step_of(us);
        if self.counts.is_empty() {
            self.first = step;
        }
        if step < self.first {
            let missing = (self.first - step) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = step;
        }
        let index = (step - self.first) as usize;
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] = self.counts[index].saturating_add(1);
        self.total += 1;
    }

    /// How many values it has seen.
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// The value in µs below or at which a share `q` (0 to 1) of all values lies; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = ((q * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (step, &count) in (self.first..).zip(&self.counts) {
            seen += u64::from(count);
            if seen >= rank {
                return Some(middle_of(step));
            }
        }
        None
    }
}

const fn step_of(us: u32) -> u32 {
    if us < STEPS {
        return us;
    }
    let shift = us.ilog2() - STEP_BITS;
    (shift << STEP_BITS) + (us >> shift)
}

fn middle_of(step: u32) -> f64 {
    if step < 2 * STEPS {
        return f64::from(step);
    }
    let shift = (step >> STEP_BITS) - 1;
    let low = u64::from(step - (shift << STEP_BITS)) << shift;
    low as f64 + ((1u64 << shift) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_values_are_exact() {
        let mut distribution = Distribution::default();
        (1..=63).for_each(|us| distribution.push(us));
        assert_eq!(distribution.quantile(0.5), Some(32.0));
        assert_eq!(distribution.quantile(0.0), Some(1.0));
        assert_eq!(distribution.quantile(1.0), Some(63.0));
        assert_eq!(Distribution::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_quantile_errs_by_under_one_percent(
            mut values in prop::collection::vec(1u32..60_000_000, 1..300), q in 0.0f64..1.0,
        ) {
            let mut distribution = Distribution::default();
            for &us in &values {
                distribution.push(us);
            }
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = f64::from(values[rank - 1]);
            let got = distribution.quantile(q).unwrap();
            prop_assert!((got - exact).abs() <= exact / 128.0, "{} for {}", got, exact);
            prop_assert_eq!(distribution.count(), values.len() as u64);
        }

        #[test]
        fn any_value_finds_a_step(us in any::<u32>()) {
            let middle = middle_of(step_of(us));
            prop_assert!((middle - f64::from(us)).abs() <= f64::from(us) / 128.0);
        }
    }
}
