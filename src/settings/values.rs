//! Values of flags, read from their text.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::parse_duration;
use crate::cli::UsageError;

/// Refuses a flag beside the first of others that is given, too.
pub fn alone(flag: &'static str, others: &[(bool, &'static str)]) -> Result<(), UsageError> {
    match others.iter().find(|(given, _)| *given) {
        Some((_, other)) => Err(UsageError::Contradiction(flag, other)),
        None => Ok(()),
    }
}

/// The one of `all` that goes by the name given.
pub fn choice<T: Copy, const N: usize>(
    flag: &'static str,
    given: Option<&String>,
    all: &[T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, UsageError> {
    let Some(given) = given else { return Ok(None) };
    let found = all.iter().copied().find(|one| name(*one) == given);
    found.map(Some).ok_or_else(|| UsageError::Value {
        flag,
        given: given.clone(),
        why: format!("must be one of {}", all.map(name).join(", ")),
    })
}

/// A whole number within a range.
pub fn number<T>(
    flag: &'static str,
    given: Option<&String>,
    range: RangeInclusive<T>,
) -> Result<Option<T>, UsageError>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let Some(given) = given else { return Ok(None) };
    let value = given.parse().ok().filter(|value| range.contains(value));
    value.map(Some).ok_or_else(|| UsageError::Value {
        flag,
        given: given.clone(),
        why: format!("must be a whole number from {} to {}", range.start(), range.end()),
    })
}

/// A time within a range.
pub fn time(
    flag: &'static str,
    given: Option<&String>,
    range: RangeInclusive<Duration>,
) -> Result<Option<Duration>, UsageError> {
    let Some(given) = given else { return Ok(None) };
    let refuse = |why| UsageError::Value { flag, given: given.clone(), why };
    let time = parse_duration(given).map_err(refuse)?;
    if range.contains(&time) {
        Ok(Some(time))
    } else {
        Err(refuse(format!("must be from {:?} to {:?}", range.start(), range.end())))
    }
}
