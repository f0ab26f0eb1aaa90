//! From which hop on loss persists: change points of a rate that never falls towards the target.
//!
//! What is compared are the counts of hops that were asked in turn over the same time, so a burst hits all
//! hops behind it, each by chance of where its tries lie: given the bursts, a hop's count varies no more than
//! independent loss would, and plain likelihoods are honest about *where*. How much is lost in the long run is
//! another question, which [`mod@super::spread`] answers.
//!
//! A hop may stand out, cleaner (a way back of its own) or worse (it rations its answers), at a price in
//! likelihood; the last hop may not, since what it loses is what the path loses.

/// What one hop's tries came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Its TTL.
    pub ttl: u8,
    /// Decided tries.
    pub tries: u32,
    /// Lost ones.
    pub lost: u32,
    /// Its loss is known to be its own affair.
    pub mute: bool,
}

/// A rise of the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The site from which on the rate is higher.
    pub at: usize,
    /// The first and last site at which it may be.
    pub within: (usize, usize),
    /// The rate before and from there on, 0 to 1.
    pub rates: (f64, f64),
}

impl Step {
    /// The share of what came that far which is lost here.
    pub fn size(&self) -> f64 {
        (self.rates.1 - self.rates.0) / (1.0 - self.rates.0).max(1e-3)
    }
}

/// What is lost now and then on a path without fault.
const STRAY: f64 = 0.000_7;
const RATES: usize = 80;
/// The price of a step, in log likelihood.
const STEP: f64 = 5.5;
/// The price of a hop that loses by itself.
const APART: f64 = 4.6;
/// The price of a hop that is cleaner than those around it: its answers come back another way.
const CLEANER: f64 = 3.2;
/// The same where it would stand right before the onset, or at it: a place needs better reasons than that.
const CLEANER_AT_ONSET: f64 = 5.6;
/// How much less likely a place may be than the likeliest and still be one.
const DOUBT: f64 = 5.0;

/// Rates a tenth apart, and as close to each other from above: so that any count fits one of them.
fn grid() -> [f64; RATES] {
    let mut rates = [STRAY; RATES];
    let mut next = 0.002_5;
    for rate in &mut rates[1..] {
        *rate = next;
        next = f64::min(1.1 * next, 1.0 - 0.8 * (1.0 - next));
    }
    rates
}

fn likelihood(site: &Site, rate: f64) -> f64 {
    let (lost, kept) = (f64::from(site.lost), f64::from(site.tries - site.lost));
    lost * rate.ln() + kept * (1.0 - rate).ln()
}

/// A site, and how likely its count is if it stands out.
struct Place<'a> {
    site: &'a Site,
    apart: f64,
}

impl<'a> Place<'a> {
    /// The last site may not stand out; a cleaner one may at the price `cleaner`.
    fn new(site: &'a Site, is_last: bool, cleaner: f64) -> Self {
        let apart = if is_last { f64::NEG_INFINITY } else { apart(site, cleaner) };
        Self { site, apart }
    }

    /// How likely the count is where the path loses `rate`, or if it stands out.
    fn fit(&self, rate: f64) -> f64 {
        if self.site.mute || self.site.tries == 0 {
            return 0.0;
        }
        likelihood(self.site, rate).max(self.apart)
    }
}

/// How likely a site's count is if it stands out.
fn apart(site: &Site, cleaner: f64) -> f64 {
    // A rate of its own may be any, so that one which happens to be the path's is a coincidence: the best
    // rate is worth what it is on average over all rates (Laplace's approximation).
    let tries = f64::from(site.tries.max(1));
    let own = ((f64::from(site.lost) + 0.5) / (tries + 1.0)).clamp(STRAY, 0.999);
    let coincidence = (0.5 * (std::f64::consts::TAU * own * (1.0 - own) / tries).ln()).min(0.0);
    f64::max(likelihood(site, own) + coincidence - APART, likelihood(site, STRAY) - cleaner)
}

/// The rises of the rate along `sites`, in order; none where nothing but stray losses is there.
pub fn steps(sites: &[Site]) -> Vec<Step> {
    let Some(last) = sites.iter().rposition(|site| !site.mute) else { return Vec::new() };
    if sites[last].lost == 0 {
        return Vec::new();
    }
    let rates = grid();
    let states = climb(&sites[..=last], &rates);
    let mut steps: Vec<Step> = Vec::new();
    let mut before = 0;
    for (at, &state) in states.iter().enumerate() {
        if state > before {
            steps.push(Step { at, within: (at, at), rates: (rates[before], rates[state]) });
        }
        before = state;
    }
    let places: Vec<usize> = steps.iter().map(|step| step.at).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        let first = index.checked_sub(1).map_or(0, |before| places[before] + 1);
        let end = places.get(index + 1).map_or(last, |next| next - 1);
        step.within = doubt(&sites[..=last], step, first, end);
    }
    for index in (1..steps.len()).rev() {
        let (step, next) = (steps[index - 1], steps[index]);
        if next.at < last && may_be_one(&sites[step.at..next.at], &step) {
            steps[index - 1].within.1 = next.within.1;
        }
    }
    steps
}

/// The rise of a step may come with the next one, so that those between stand out instead.
fn may_be_one(between: &[Site], step: &Step) -> bool {
    let places = between.iter().map(|site| Place::new(site, false, CLEANER));
    let worse: f64 = places.map(|place| place.fit(step.rates.1) - place.fit(step.rates.0)).sum();
    worse <= STEP + DOUBT
}

/// The likeliest rates that never fall, as places in the grid (Viterbi 1967).
fn climb(sites: &[Site], rates: &[f64; RATES]) -> Vec<usize> {
    let mut came: Vec<[u8; RATES]> = Vec::with_capacity(sites.len());
    let mut score = [f64::NEG_INFINITY; RATES];
    score[0] = 0.0;
    for (index, site) in sites.iter().enumerate() {
        let place = Place::new(site, index + 1 == sites.len(), CLEANER);
        let (mut next, mut from) = ([f64::NEG_INFINITY; RATES], [0u8; RATES]);
        let (mut lower, mut lower_at) = (f64::NEG_INFINITY, 0);
        for state in 0..RATES {
            let (stay, rise) = (score[state], lower - STEP);
            let (best, at) = if stay >= rise { (stay, state) } else { (rise, lower_at) };
            (next[state], from[state]) = (best + place.fit(rates[state]), at as u8);
            if score[state] > lower {
                (lower, lower_at) = (score[state], state);
            }
        }
        score = next;
        came.push(from);
    }
    let mut state = (0..RATES).fold(0, |best, state| if score[state] > score[best] { state } else { best });
    let mut states = vec![0; sites.len()];
    for (place, from) in states.iter_mut().zip(&came).rev() {
        *place = state;
        state = usize::from(from[state]);
    }
    states
}

/// The first and last place from `first` to `end` at which a step is nearly as likely as where it fits best.
fn doubt(sites: &[Site], step: &Step, first: usize, end: usize) -> (usize, usize) {
    let last = sites.len() - 1;
    let (low, high) = step.rates;
    // From one place to the next a single site changes sides.
    let mut scores = Vec::with_capacity(end + 1 - first);
    let mut score = 0.0;
    for (at, site) in sites.iter().enumerate().take(end + 1).skip(first) {
        scores.push(score);
        let place = Place::new(site, at == last, CLEANER_AT_ONSET);
        score += place.fit(low) - place.fit(high);
    }
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let likely = |score: &f64| *score >= best - DOUBT;
    let low = scores.iter().position(likely).unwrap_or_default();
    let high = scores.iter().rposition(likely).unwrap_or_default();
    (first + low, first + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(lost: &[u32]) -> Vec<Site> {
        (1..).zip(lost).map(|(ttl, &lost)| Site { ttl, tries: 600, lost, mute: false }).collect()
    }

    fn places(lost: &[u32]) -> Vec<(usize, usize)> {
        steps(&sites(lost)).iter().map(|step| step.within).collect()
    }

    #[test]
    fn loss_that_is_carried_begins_where_it_begins() {
        assert_eq!(places(&[0, 0, 0, 61, 55, 70, 58]), [(3, 3)]);
        assert_eq!(places(&[0, 0, 0, 0, 0, 0, 0]), []);
    }

    #[test]
    fn a_hop_that_stands_out_moves_nothing() {
        assert_eq!(places(&[0, 240, 0, 61, 55, 70, 58]), [(3, 3)], "one that rations its answers before");
        assert_eq!(places(&[0, 0, 0, 61, 66, 0, 70, 58]), [(3, 3)], "a way back of its own behind");
        assert_eq!(places(&[0, 240, 0, 310, 0, 0, 0]), [], "two that ration, and a clean target");
    }

    #[test]
    fn two_onsets_are_two_steps() {
        assert_eq!(places(&[0, 0, 30, 33, 28, 150, 161, 148]), [(2, 2), (5, 5)]);
    }

    #[test]
    fn a_lone_hop_between_two_steps_may_ration_before_the_one_there_is() {
        assert_eq!(places(&[0, 0, 240, 300, 310, 290]), [(2, 3), (3, 3)]);
        assert_eq!(places(&[0, 0, 240, 235, 300, 310, 290]), [(2, 2), (4, 4)], "two lose alike");
    }

    #[test]
    fn little_is_said_on_few_tries() {
        let few = |lost| Site { ttl: 1, tries: 12, lost, mute: false };
        let steps = steps(&[few(0), few(0), few(3), few(2), few(4)]);
        assert_eq!(steps.len(), 1);
        assert!(steps[0].within.0 < 2 && steps[0].within.1 >= 2, "{steps:?}");
    }

    #[test]
    fn any_share_of_loss_fits_a_rate() {
        for lost in 1..300 {
            let site = Site { ttl: 1, tries: 300, lost, mute: false };
            let own = likelihood(&site, f64::from(lost) / 300.0);
            let best = grid().iter().map(|rate| likelihood(&site, *rate)).fold(f64::NEG_INFINITY, f64::max);
            assert!(own - best < 1.0, "{lost}: {}", own - best);
        }
        let lost = [0, 0, 0, 280, 278, 283, 280];
        let sites = (1..).zip(lost).map(|(ttl, lost)| Site { ttl, tries: 300, lost, mute: false });
        let steps = steps(&sites.collect::<Vec<_>>());
        assert_eq!(steps.iter().map(|step| step.within).collect::<Vec<_>>(), [(3, 3)], "{steps:?}");
    }
}
