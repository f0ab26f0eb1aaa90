//! A log-linear distribution of round-trip times: bounded memory, a stated error, merging is addition.

/// Divisions of one doubling. A value is known to within half of one: at most 1/(2·64), that is 0.8 %.
const STEPS: u32 = 64;
/// Room for so many steps from the start, so that a handful of values need not ask for it one by one.
const FEW: usize = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Counts of µs values. Values below 64 µs are exact; above, a step is `WIDTH` 64ths of a doubling: quantiles err by
/// at most 0.8 %, or by 4 % where it is four ([`Coarse`]).
///
/// Holds only the stretch between the least and the greatest step seen: a few hundred bytes for an
/// ordinary hop, 7 KiB for one that answered at every time from 1 µs to 60 s.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution<const WIDTH: u32 = 1> {
    first: u32,
    counts: Vec<u32>,
    total: u64,
}

/// One of four times wider steps, so that few numbers tell many values.
pub type Coarse = Distribution<4>;

impl<const WIDTH: u32> Distribution<WIDTH> {
    const LAST: u32 = Self::step_of(u32::MAX);

    /// Counts one value in µs.
    pub fn push(&mut self, us: u32) {
        self.insert(Self::step_of(us), 1);
    }

    /// Takes all of another's values in.
    pub fn add(&mut self, other: &Self) {
        let Some(last) = other.counts.len().checked_sub(1) else { return };
        self.cover(other.first, other.first + last as u32);
        let offset = (other.first - self.first) as usize;
        for (count, &more) in self.counts[offset..].iter_mut().zip(&other.counts) {
            *count = count.saturating_add(more);
        }
        self.total += other.total;
    }

    /// The steps that have values, in order, each with how many: what [`insert`](Self::insert) takes.
    pub fn steps(&self) -> impl Iterator<Item = (u32, u32)> {
        (self.first..).zip(self.counts.iter().copied()).filter(|&(_, count)| count > 0)
    }

    /// Counts so many values to a step; one that is past the last possible is taken for that.
    pub fn insert(&mut self, step: u32, count: u32) {
        let step = step.min(Self::LAST);
        if self.counts.get(step.wrapping_sub(self.first) as usize).is_none() {
            self.cover(step, step);
        }
        let count_of = &mut self.counts[(step - self.first) as usize];
        *count_of = count_of.saturating_add(count);
        self.total += u64::from(count);
    }

    /// Makes room for the steps from `first` to `last`, all at once.
    fn cover(&mut self, first: u32, last: u32) {
        if self.counts.is_empty() {
            self.first = first;
            self.counts.reserve(FEW);
        }
        if first < self.first {
            let missing = (self.first - first) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = first;
        }
        let length = (last - self.first) as usize + 1;
        if length > self.counts.len() {
            self.counts.resize(length, 0);
        }
    }

    /// Forgets all values. What room it has it keeps.
    pub fn clear(&mut self) {
        self.counts.clear();
        (self.first, self.total) = (0, 0);
    }

    /// How many values it has seen.
    pub const fn count(&self) -> u64 {
        self.total
    }

    /// What it takes on the heap, in bytes.
    pub const fn size(&self) -> usize {
        self.counts.capacity() * size_of::<u32>()
    }

    /// The value in µs below or at which a share `q` (0 to 1) of all values lies; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let rank = ((q * self.total as f64).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (step, &count) in (self.first..).zip(&self.counts) {
            seen += u64::from(count);
            if seen >= rank {
                return Some(middle_of(Self::narrow(step)));
            }
        }
        None
    }

    const fn step_of(us: u32) -> u32 {
        let step = step_of(us);
        if step < STEPS { step } else { STEPS + (step - STEPS) / WIDTH }
    }

    /// The step of width 1 in the middle of one of these.
    const fn narrow(step: u32) -> u32 {
        if step < STEPS { step } else { STEPS + (step - STEPS) * WIDTH + WIDTH / 2 }
    }
}

impl From<&Coarse> for Distribution {
    /// Each value lies in the middle of its wide step.
    fn from(coarse: &Coarse) -> Self {
        let mut narrow = Self::default();
        if let Some(last) = coarse.counts.len().checked_sub(1) {
            narrow.cover(Coarse::narrow(coarse.first), Coarse::narrow(coarse.first + last as u32));
        }
        coarse.steps().for_each(|(step, count)| narrow.insert(Coarse::narrow(step), count));
        narrow
    }
}

impl Distribution {
    /// From the least value seen to the greatest in at most `most` bins, empty ones among them.
    ///
    /// Each bin is the same number of whole steps, so no value is shared out between two, and bins grow with
    /// their values.
    pub fn bins(&self, most: usize) -> Vec<Bin> {
        let per_bin = self.counts.len().div_ceil(most.max(1)).max(1);
        let bins = self.counts.chunks(per_bin).zip((self.first..).step_by(per_bin));
        let bin = |(counts, first): (&[u32], u32)| Bin {
            low: least_of(first),
            high: least_of(first + counts.len() as u32) - 1,
            count: counts.iter().copied().map(u64::from).sum(),
        };
        if most == 0 { Vec::new() } else { bins.map(bin).collect() }
    }
}

/// So many values from `low` to `high`, both among them; in µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bin {
    /// The least value that counts here.
    pub low: u64,
    /// The greatest.
    pub high: u64,
    /// How many there were.
    pub count: u64,
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
    least_of(step) as f64 + ((1u64 << shift) - 1) as f64 / 2.0
}

fn least_of(step: u32) -> u64 {
    let shift = (step >> STEP_BITS).saturating_sub(1);
    u64::from(step - (shift << STEP_BITS)) << shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn small_values_are_exact() {
        let mut distribution = Distribution::<1>::default();
        (1..=63).for_each(|us| distribution.push(us));
        assert_eq!(distribution.quantile(0.5), Some(32.0));
        assert_eq!(distribution.quantile(0.0), Some(1.0));
        assert_eq!(distribution.quantile(1.0), Some(63.0));
        assert_eq!(Distribution::<1>::default().quantile(0.5), None);
    }

    #[test]
    fn bins_are_whole_steps_of_one_width() {
        let mut distribution = Distribution::default();
        for us in [10, 10, 12, 17] {
            distribution.push(us);
        }
        let bins = |most| distribution.bins(most).iter().map(|bin| (bin.low, bin.high, bin.count)).collect();
        let all: Vec<(u64, u64, u64)> = bins(3);
        assert_eq!(all, [(10, 12, 3), (13, 15, 0), (16, 17, 1)]);
        let one: Vec<(u64, u64, u64)> = bins(1);
        assert_eq!(one, [(10, 17, 4)]);
        assert_eq!(distribution.bins(0), []);
        assert_eq!(distribution.bins(100).len(), 8);
        assert_eq!(Distribution::default().bins(5), []);
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_bin(
            values in prop::collection::vec(any::<u32>(), 1..100), most in 1usize..80,
        ) {
            let mut distribution = Distribution::default();
            for &us in &values {
                distribution.push(us);
            }
            let bins = distribution.bins(most);
            prop_assert!(bins.len() <= most);
            prop_assert!(bins.windows(2).all(|pair| pair[0].high + 1 == pair[1].low));
            for bin in bins {
                let within = values.iter().filter(|&&us| (bin.low..=bin.high).contains(&u64::from(us)));
                prop_assert_eq!(within.count() as u64, bin.count);
            }
        }

        #[test]
        fn a_quantile_errs_by_under_one_percent(
            mut values in prop::collection::vec(1u32..60_000_000, 1..300), q in 0.0f64..1.0,
        ) {
            let mut distribution = Distribution::<1>::default();
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
        fn coarse_parts_add_up_and_err_by_under_four_percent(
            mut values in prop::collection::vec(1u32..60_000_000, 1..300), cut in 0usize..300, q in 0.0f64..1.0,
        ) {
            let of = |values: &[u32]| {
                let mut distribution = Coarse::default();
                for &us in values {
                    distribution.push(us);
                }
                distribution
            };
            let whole = of(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(left);
            merged.add(&of(right));
            prop_assert_eq!(merged.steps().collect::<Vec<_>>(), whole.steps().collect::<Vec<_>>());
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = f64::from(values[rank - 1]);
            let got = whole.quantile(q).unwrap();
            prop_assert!((got - exact).abs() <= exact * 0.04, "{} for {}", got, exact);
            prop_assert_eq!(Distribution::from(&whole).quantile(q), Some(got));
        }

        #[test]
        fn any_value_finds_a_step(us in any::<u32>()) {
            let middle = middle_of(step_of(us));
            prop_assert!((middle - f64::from(us)).abs() <= f64::from(us) / 128.0);
        }
    }
}
