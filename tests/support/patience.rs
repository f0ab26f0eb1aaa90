//! How long a test waits for a condition before it fails; nothing here waits for a time to pass.

use std::time::Duration;

/// Set to a number to multiply every deadline of the tests on a slow machine.
pub const VARIABLE: &str = "HOPWATCH_PATIENCE";

/// The deadline for a condition that an idle machine meets within `seconds`, stretched fivefold, and by
/// `HOPWATCH_PATIENCE` besides.
pub fn deadline(seconds: f64) -> Duration {
    let factor = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
    Duration::from_secs_f64(seconds * 5.0 * factor)
}
