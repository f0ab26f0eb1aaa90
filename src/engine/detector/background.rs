//! How much loss is usual, so that chance alone makes no event.

/// Tries that the usual share is taken over, at most: about a quarter of an hour.
const MEMORY: f64 = 1_000.0;
/// Tries that it is taken over at least, so that the first loss of all does not look like a habit.
const LEAST: f64 = 300.0;
/// How likely a run of losses may be, at every try, for it to be more than chance: not once a day.
const CHANCE: f64 = 1e-5;
/// Losses in a row are an outage at once, if loss is rare.
const FEWEST: usize = 2;

/// The share of tries lost outside events.
#[derive(Clone, Debug, Default)]
pub struct Background {
    tries: f64,
    lost: f64,
}

impl Background {
    /// Takes in a try.
    pub fn push(&mut self, is_lost: bool) {
        let keep = 1.0 - 1.0 / MEMORY;
        self.tries = self.tries.mul_add(keep, 1.0);
        self.lost = self.lost.mul_add(keep, f64::from(u8::from(is_lost)));
    }

    /// The share that is usual, 0 to 1.
    pub fn share(&self) -> f64 {
        self.lost / self.tries.max(LEAST)
    }
}

/// Losses in a row that are more than chance where `share` of all tries is lost.
pub fn run_needed(share: f64) -> usize {
    let share = share.clamp(0.0, 0.9);
    if share == 0.0 {
        return FEWEST;
    }
    ((CHANCE.ln() / share.ln()).ceil() as usize).max(FEWEST)
}

/// The fewest losses among `tries` that chance gives with a probability below `chance` where `share` is lost.
pub fn losses_needed(share: f64, tries: usize, chance: f64) -> usize {
    let share = share.clamp(1e-4, 0.9);
    let mut term = (1.0 - share).powi(i32::try_from(tries).unwrap_or(i32::MAX));
    let mut above = 1.0;
    for count in 0..=tries {
        if above < chance {
            return count;
        }
        above -= term;
        term *= (tries - count) as f64 / (count + 1) as f64 * share / (1.0 - share);
    }
    tries + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_a_row_are_enough_unless_loss_is_common() {
        let needed = [0.0, 0.003, 0.01, 0.05, 0.1, 0.3].map(run_needed);
        assert_eq!(needed, [2, 2, 3, 4, 6, 10]);
    }

    #[test]
    fn the_first_losses_of_a_watch_are_no_habit_and_old_ones_are_forgotten() {
        let mut background = Background::default();
        background.push(true);
        assert!(background.share() < 0.004);
        for _ in 0..3_000 {
            background.push(true);
        }
        assert!(background.share() > 0.95);
        for _ in 0..10_000 {
            background.push(false);
        }
        assert!(background.share() < 0.001);
    }

    #[test]
    fn the_tail_of_the_binomial_says_how_many_losses_are_no_chance() {
        let needed = [0.0, 0.01, 0.08, 0.3].map(|share| losses_needed(share, 30, 1e-6));
        assert_eq!(needed, [3, 6, 13, 23]);
    }
}
