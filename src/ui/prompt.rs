//! The one-line prompt for a new interval.

use std::time::Duration;

use super::action::Edit;
use crate::settings::{FLOOR, parse_duration};

/// The longest text worth typing.
const MAX_CHARS: usize = 16;
/// The longest interval taken.
const CEILING: Duration = Duration::from_hours(1);

/// What was typed so far, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The text.
    pub text: String,
    /// Why the text was not taken, when it was submitted last.
    pub error: Option<String>,
}

impl Prompt {
    /// Changes the text.
    pub fn edit(&mut self, edit: Edit) {
        self.error = None;
        match edit {
            Edit::Type(c) if self.text.chars().count() < MAX_CHARS => self.text.push(c),
            Edit::Type(_) => {}
            Edit::Backspace => {
                self.text.pop();
            }
            Edit::Clear => self.text.clear(),
        }
    }

    /// The interval that was typed; otherwise the text stays, with the reason beside it.
    pub fn submit(&mut self, floor: Duration) -> Option<Duration> {
        match parse_duration(&self.text).and_then(|interval| within(interval, floor)) {
            Ok(interval) => Some(interval),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

fn within(interval: Duration, floor: Duration) -> Result<Duration, String> {
    if interval < floor {
        let why = if floor >= FLOOR { " without privileges" } else { "" };
        Err(format!("at least {floor:?}{why}"))
    } else if interval.is_zero() {
        Err("must be above zero".to_owned())
    } else if interval > CEILING {
        Err("at most an hour".to_owned())
    } else {
        Ok(interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str, floor_ms: u64) -> (Option<Duration>, Prompt) {
        let mut prompt = Prompt::default();
        text.chars().for_each(|c| prompt.edit(Edit::Type(c)));
        (prompt.submit(Duration::from_millis(floor_ms)), prompt)
    }

    #[test]
    fn an_interval_is_taken_in_seconds_or_with_a_unit() {
        assert_eq!(typed("0.5", 100).0, Some(Duration::from_millis(500)));
        assert_eq!(typed("250ms", 100).0, Some(Duration::from_millis(250)));
    }

    #[test]
    fn a_bad_interval_keeps_the_text_and_says_why() {
        for (text, floor, reason) in [
            ("50ms", 100, "at least 100ms without privileges"),
            ("0", 0, "must be above zero"),
            ("90m", 100, "at most an hour"),
            ("fast", 100, "must be a time"),
        ] {
            let (taken, prompt) = typed(text, floor);
            assert_eq!(taken, None);
            assert_eq!(prompt.text, text);
            assert!(prompt.error.as_ref().is_some_and(|error| error.contains(reason)), "{prompt:?}");
        }
    }

    #[test]
    fn typing_on_takes_the_error_away() {
        let (_, mut prompt) = typed("x", 100);
        prompt.edit(Edit::Backspace);
        assert_eq!(prompt, Prompt::default());
        (0..40).for_each(|_| prompt.edit(Edit::Type('1')));
        assert_eq!(prompt.text.len(), MAX_CHARS);
        prompt.edit(Edit::Clear);
        assert_eq!(prompt.text, "");
    }
}
