//! Records as lines of JSON, and back: `hopwatch.session/1`.
//!
//! A file begins with a [`Header`](super::header::Header) line; each line after it is an object with one key, the
//! kind of record (`--jsonl` puts a `time` in RFC 3339 before it). Moments are nanoseconds since `started` in the
//! header; a `clock_step` says what the wall clock said from then on. Kinds and fields that a reader does
//! not know are to be left out; hopwatch says how many such lines there were. A later part begins with a repeat of
//! what still holds: an `epoch`, an event or a `hop` that is known already says nothing new.
//!
//! | key | value |
//! | --- | --- |
//! | `path` | what the rounds behind it have in common: `interval` (ns), `end`, and `rows`, each `[hop, ttl, [address, …]]`, where `hop` is a TTL or `"target"`; said again now and then |
//! | `round` | `n`, its number; `at`, its start; `us`, for each of the path's rows the tries; `open` is true where the watch ended before it was settled |
//! | `late` | a lost try was answered after all: `round`, `row`, `index` of the try, `us`, … |
//! | `duplicate` | the row that had a second answer |
//! | `fault` | a fault of this machine: `kind`, `since`, `until` or null, `not_sent` |
//! | `epoch`, `journal`, `gap`, `slowed` | as the engine has them |
//! | `command` | `at`, and what was changed |
//! | `clock_step` | `at`, and the `wall` clock then |
//! | `name` | `address` and its `name` |
//! | `hop` | from `at` on the answers of `address` at `row` show these: `mpls` labels, `refusal`, `reply_ttl`, what was `quoted`, … as far as there are any |
//! | `strays` | `at`, `messages` dropped so far by reason, and the `overshoot`: probes past the path's end |
//! | `cross_check` | `at`, and what became of echo requests since the last of these: `us`, tries as below; `"!"` refused, `"="` answered again, `"1234+"` late after all; `ago`, how many ms before `at` each was asked |
//! | `source` | `at`, and the `address` that probes leave from |
//! | `end` | the watch ended: `at`, where the path did (`end`, `target_ttl`, `last_hop`) |
//! | `missed` | `records`: so many that came before this found no room to wait in, and are not here |
//!
//! A try is a number, the round-trip time in µs by the row's first address and kernel stamps, or else text:
//! `"1234m2"` for 1234 µs by the row's third address with a stamp of grade `k`ernel, `m`ixed or `u`ser, the same with
//! a `+` behind it if it came late, `"*"` lost, `"!0"` refused by the row's first address, `"x"` not sent, `"-"`
//! skipped, `"?"` open when the watch ended. So the target's losses are counted by
//!
//! ```sh
//! jq -s 'map(select(.round) | .round.us[-1][]) | map(select(. == "*")) | length' FILE
//! ```

mod decode;
mod encode;
mod path;
mod quick;
mod round;

pub use self::decode::{Decoded, Decoder, LineError};
pub use self::encode::Encoder;
pub use self::quick::round_start;
use crate::engine::record::Record;
use crate::engine::time::Time;

/// The format's name and version.
pub const SCHEMA: &str = "hopwatch.session/1";
/// Addresses of one row that a path line names before it forgets the older ones.
const MAX_NAMED: usize = 32;

/// The line that says how many records are missing before it, with its end. `time` comes first if it is given.
pub fn missed(records: u64, time: Option<&str>) -> String {
    let time = time.map(|time| format!(r#""time":"{time}","#)).unwrap_or_default();
    format!("{{{time}\"missed\":{{\"records\":{records}}}}}\n")
}

/// When what a record tells happened, where it says so.
pub const fn moment(record: &Record) -> Option<Time> {
    match record {
        Record::Round(round) | Record::Open(round) => Some(round.start),
        Record::Fault(fault) => Some(match fault.until {
            Some(until) => until,
            None => fault.since,
        }),
        Record::Command(at, _) | Record::Strays(at, _) | Record::Source(at, _) => Some(*at),
        Record::Epoch(epoch) => Some(epoch.start),
        Record::Journal(entry) => Some(match entry.end {
            Some(end) => end,
            None => entry.start,
        }),
        Record::Gap(gap) => Some(gap.to),
        Record::ClockStep(anchor) => Some(anchor.time),
        Record::Slowed(slowed) => Some(slowed.at),
        Record::Hop(seen) => Some(seen.at),
        Record::CrossCheck(echoed) => Some(echoed.at),
        Record::End(ending) => Some(ending.at),
        Record::Late(_) | Record::Duplicate(_) | Record::Name(..) => None,
    }
}

#[cfg(test)]
mod tests;
