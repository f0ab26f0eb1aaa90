//! What a row's next try is compared with: runs of loss and differences of times go over any border.

use crate::engine::round::Try;

/// What a row's next try is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The time in µs of the try before, if it was answered.
    previous: Option<u32>,
    /// The try before was lost.
    in_loss: bool,
}

/// What a try makes with the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// It is the first lost one of a run.
    pub opens_burst: bool,
    /// |difference| in µs of two answered ones.
    pub difference: Option<u32>,
}

impl Chain {
    /// The row's next try. One that was asked less often than the others belongs to no run of loss.
    pub const fn link(&mut self, outcome: Try, is_slowed: bool) -> Link {
        let mut link = Link { opens_burst: false, difference: None };
        match outcome {
            Try::Answered { us, .. } => {
                if let Some(previous) = self.previous {
                    link.difference = Some(previous.abs_diff(us));
                }
                *self = Self { previous: Some(us), in_loss: false };
            }
            Try::Late { .. } | Try::Refused { .. } => *self = Self { previous: None, in_loss: false },
            Try::Lost => {
                link.opens_burst = !self.in_loss && !is_slowed;
                *self = Self { previous: None, in_loss: !is_slowed };
            }
            Try::NotSent => self.in_loss = false,
            Try::InFlight | Try::Skipped => {}
        }
        link
    }
}
