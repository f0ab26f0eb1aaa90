//! Counts, running moments and intervals: the arithmetic under every figure on screen.

use super::moments::Moments;
use super::round::Try;

/// What became of a row's tries. See [`Counts::sent`] for the identity that always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered before the timeout.
    pub answered: u64,
    /// Answered after the timeout: taken back out of lost.
    pub late: u64,
    /// Answered by a refusal.
    pub refused: u64,
    /// Not answered.
    pub lost: u64,
    /// Not decided yet.
    pub in_flight: u64,
    /// Never left this machine; no part of sent.
    pub not_sent: u64,
    /// Not asked, on purpose; no part of sent.
    pub skipped: u64,
    /// Of answered, late and lost: asked less often than the others, on purpose; they say nothing about loss.
    pub slowed: u64,
    /// The lost ones of those.
    pub slowed_lost: u64,
    /// Second answers; no part of anything.
    pub duplicates: u64,
    /// Runs of consecutive lost tries, as first decided; tells bursts from scattered loss. Slowed ones make none.
    pub bursts: u64,
}

impl Counts {
    /// Tries sent: answered + late + refused + lost + in flight.
    pub const fn sent(&self) -> u64 {
        self.answered + self.late + self.refused + self.lost + self.in_flight
    }

    /// Tries that say something about loss: sent − in flight − refused − slowed.
    pub const fn judged(&self) -> u64 {
        (self.answered + self.late + self.lost).saturating_sub(self.slowed)
    }

    /// The latest of the tries counted was asked less often than the others.
    pub(super) const fn slow(&mut self, outcome: Try) {
        match outcome {
            Try::Answered { .. } | Try::Late { .. } => self.slowed += 1,
            Try::Lost => {
                self.slowed += 1;
                self.slowed_lost += 1;
            }
            Try::Refused { .. } | Try::InFlight | Try::NotSent | Try::Skipped => {}
        }
    }

    /// One that was asked less often was not lost after all, but late or refused.
    pub(super) const fn mend_slowed(&mut self, refused: bool) {
        self.slowed_lost = self.slowed_lost.saturating_sub(1);
        if refused {
            self.slowed = self.slowed.saturating_sub(1);
        }
    }

    /// Takes all of another's counts in.
    pub const fn add(&mut self, other: &Self) {
        self.answered += other.answered;
        self.late += other.late;
        self.refused += other.refused;
        self.lost += other.lost;
        self.in_flight += other.in_flight;
        self.not_sent += other.not_sent;
        self.skipped += other.skipped;
        self.slowed += other.slowed;
        self.slowed_lost += other.slowed_lost;
        self.duplicates += other.duplicates;
        self.bursts += other.bursts;
    }

    /// The share lost, and its 95 % interval; `None` before the first decided try.
    pub fn loss(&self) -> Option<Loss> {
        let judged = self.judged();
        (judged > 0).then(|| Loss::new(self.lost.saturating_sub(self.slowed_lost), judged, self.bursts))
    }
}

/// A share of loss with its 95 % interval, all in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// Lost of judged, in percent.
    pub pct: f64,
    /// Lower and upper end of the interval, in percent.
    pub ci95: [f64; 2],
}

impl Loss {
    /// The interval is Wilson's on an effective number of tries.
    ///
    /// Lost tries cluster, so `n` tries say less than `n` independent ones. For a two-state chain with
    /// lag-one correlation ρ the variance of a mean grows by (1+ρ)/(1−ρ); ρ is estimated from how many
    /// bursts the losses fall into, and never taken below zero.
    fn new(lost: u64, judged: u64, bursts: u64) -> Self {
        let (lost, n, bursts) = (lost as f64, judged as f64, bursts as f64);
        let kept = n - lost;
        let stay = if lost > 0.0 { (lost - bursts).max(0.0) / lost } else { 0.0 };
        let enter = if kept > 0.0 { (bursts / kept).min(1.0) } else { 0.0 };
        let rho = if kept > 0.0 { (stay - enter).clamp(0.0, 0.99) } else { 0.0 };
        let share = lost / n;
        let [low, high] = wilson(share, n * (1.0 - rho) / (1.0 + rho), Z95);
        Self { pct: 100.0 * share, ci95: [100.0 * low, 100.0 * high] }
    }
}

/// The 97.5 % quantile of the normal distribution.
pub(super) const Z95: f64 = 1.959_963_984_540_054;

/// Wilson's score interval for a share seen in `n` tries (Wilson 1927), which may be fractional; `z` is the
/// quantile, [`Z95`] for a 95 % interval.
pub(super) fn wilson(share: f64, n: f64, z: f64) -> [f64; 2] {
    let z2 = z * z;
    let middle = share + z2 / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // Rounding must not put the share outside of its own interval.
    [((middle - half) / scale).clamp(0.0, share), ((middle + half) / scale).clamp(share, 1.0)]
}

/// Mean and spread in one pass without drift (Welford 1962), in the unit that was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    n: u64,
    mean: f64,
    m2: f64,
    best: f64,
    worst: f64,
}

impl Running {
    /// Takes one value in.
    pub fn push(&mut self, value: f64) {
        if self.n == 0 {
            (self.best, self.worst) = (value, value);
        }
        self.n += 1;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.m2 += delta * (value - self.mean);
        self.best = self.best.min(value);
        self.worst = self.worst.max(value);
    }

    /// How many values it has seen.
    pub const fn count(&self) -> u64 {
        self.n
    }

    /// The mean; 0 when empty.
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The least value; 0 when empty.
    pub const fn best(&self) -> f64 {
        self.best
    }

    /// The greatest value; 0 when empty.
    pub const fn worst(&self) -> f64 {
        self.worst
    }

    /// The sample standard deviation (divisor n − 1); 0 below two values.
    pub fn stdev(&self) -> f64 {
        if self.n < 2 { 0.0 } else { (self.m2 / (self.n - 1) as f64).sqrt() }
    }
}

impl From<&Moments> for Running {
    fn from(moments: &Moments) -> Self {
        Self {
            n: moments.count,
            mean: moments.mean(),
            m2: moments.deviations(),
            best: f64::from(moments.best),
            worst: f64::from(moments.worst),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_lost_in_thirty_still_allows_eleven_percent() {
        let counts = Counts { answered: 30, ..Counts::default() };
        let loss = counts.loss().unwrap();
        assert!(loss.pct.abs() < 1e-9 && loss.ci95[0].abs() < 1e-9);
        assert!((loss.ci95[1] - 11.35).abs() < 0.01, "{loss:?}");
    }

    #[test]
    fn the_same_loss_in_bursts_has_a_wider_interval() {
        let width = |bursts| {
            let counts = Counts { answered: 800, lost: 200, bursts, ..Counts::default() };
            let loss = counts.loss().unwrap();
            loss.ci95[1] - loss.ci95[0]
        };
        assert!(width(10) > 2.0 * width(160), "{} {}", width(10), width(160));
    }

    #[test]
    fn slowed_tries_are_sent_and_say_nothing_about_loss() {
        let of = |slowed, slowed_lost| Counts {
            answered: 150,
            lost: 60,
            bursts: 50,
            slowed,
            slowed_lost,
            ..Counts::default()
        };
        let (all, apart) = (of(0, 0), of(20, 10));
        assert_eq!((all.sent(), apart.sent()), (210, 210));
        assert_eq!((all.judged(), apart.judged()), (210, 190));
        assert!((apart.loss().unwrap().pct - 100.0 * 50.0 / 190.0).abs() < 1e-9);
        assert_eq!(Counts { slowed: 210, slowed_lost: 60, ..all }.loss(), None);
    }

    #[test]
    fn refused_and_in_flight_tries_say_nothing_about_loss() {
        let counts = Counts { refused: 7, in_flight: 2, ..Counts::default() };
        assert_eq!(counts.sent(), 9);
        assert_eq!(counts.loss(), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share(answered in 0u64..5_000, lost in 0u64..5_000, part in 0.0f64..1.0) {
            prop_assume!(answered + lost > 0);
            let bursts = if lost == 0 { 0 } else { 1 + ((lost - 1) as f64 * part) as u64 };
            let loss = Counts { answered, lost, bursts, ..Counts::default() }.loss().unwrap();
            prop_assert!(0.0 <= loss.ci95[0] && loss.ci95[0] <= loss.pct + 1e-9);
            prop_assert!(loss.pct <= loss.ci95[1] + 1e-9 && loss.ci95[1] <= 100.0);
        }

        #[test]
        fn running_moments_match_the_plain_formulas(values in prop::collection::vec(0.0f64..1e7, 1..400)) {
            let mut running = Running::default();
            for &value in &values {
                running.push(value);
            }
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
            prop_assert!((running.mean() - mean).abs() <= 1e-9 * mean.max(1.0));
            prop_assert!((running.stdev() - variance.sqrt()).abs() <= 1e-6 * variance.sqrt().max(1.0));
            prop_assert!(values.iter().all(|&value| running.best() <= value && value <= running.worst()));
            prop_assert!(values.contains(&running.best()) && values.contains(&running.worst()));
        }
    }
}
