//! From stamps to a round-trip time and its grade: one pure function.

use std::time::Duration;

use super::probe::{Grade, SentAt};
use super::time::{Time, Wall};

/// How far a kernel time may exceed the user-space time, for the two clocks' reading error.
const SLACK: Duration = Duration::from_micros(50);

/// When an answer arrived, by the kernel if it said so and by user space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The kernel's receive stamp.
    pub kernel: Option<Wall>,
    /// The round trip as the kernel's own protocol measured it.
    pub measured: Option<Duration>,
    /// When user space read it.
    pub received: Time,
}

/// The round-trip time and how it came about.
///
/// A time between wall-clock stamps is believed only if it is neither negative nor longer than what the
/// session's own clock saw from before the send call to after the read (+50 µs): a stepped wall clock
/// falls back to that clock, and the grade says so.
pub fn rtt(sent: SentAt, kernel_sent: Option<Wall>, arrival: Arrival) -> (Duration, Grade) {
    let user = arrival.received.since(sent.time);
    if let Some(rtt) = arrival.measured.filter(|rtt| *rtt <= user + SLACK) {
        return (rtt, Grade::Kernel);
    }
    let believed = |from: Wall, to: Wall| {
        let nanos = u64::try_from(to.0.checked_sub(from.0)?).ok()?;
        let rtt = Duration::from_nanos(nanos);
        (rtt <= user + SLACK).then_some(rtt)
    };
    if let Some(arrived) = arrival.kernel {
        if let Some(rtt) = kernel_sent.and_then(|left| believed(left, arrived)) {
            return (rtt, Grade::Kernel);
        }
        if let Some(rtt) = believed(sent.wall, arrived) {
            return (rtt, Grade::Mixed);
        }
    }
    (user, Grade::User)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: SentAt = SentAt { time: Time::from_millis(1_000), wall: Wall(5_000_000_000) };

    fn arrival(kernel: Option<i64>, received_ms: u64) -> Arrival {
        Arrival { kernel: kernel.map(Wall), measured: None, received: Time::from_millis(received_ms) }
    }

    #[test]
    fn a_kernel_pair_wins_over_user_times() {
        let got = rtt(SENT, Some(Wall(5_000_100_000)), arrival(Some(5_020_100_000), 1_024));
        assert_eq!(got, (Duration::from_millis(20), Grade::Kernel));
    }

    #[test]
    fn without_a_send_stamp_the_grade_is_mixed() {
        let got = rtt(SENT, None, arrival(Some(5_020_000_000), 1_024));
        assert_eq!(got, (Duration::from_millis(20), Grade::Mixed));
    }

    #[test]
    fn a_stepped_wall_clock_falls_back_to_the_session_clock() {
        let hour = 3_600_000_000_000;
        for step in [-hour, hour] {
            let got = rtt(SENT, Some(Wall(5_000_000_000)), arrival(Some(5_020_000_000 + step), 1_021));
            assert_eq!(got, (Duration::from_millis(21), Grade::User));
        }
    }

    #[test]
    fn a_time_that_the_kernel_measured_itself_is_the_kernels() {
        let measured = Some(Duration::from_millis(17));
        let got = rtt(SENT, None, Arrival { measured, ..arrival(None, 1_024) });
        assert_eq!(got, (Duration::from_millis(17), Grade::Kernel));
        let got = rtt(SENT, None, Arrival { measured, ..arrival(None, 1_010) });
        assert_eq!(got, (Duration::from_millis(10), Grade::User), "it cannot be");
    }

    #[test]
    fn extreme_stamps_do_not_overflow() {
        let got = rtt(SENT, Some(Wall(i64::MIN)), arrival(Some(i64::MAX), 1_001));
        assert_eq!(got, (Duration::from_millis(1), Grade::User));
    }
}
