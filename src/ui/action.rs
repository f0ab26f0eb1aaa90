//! What a user can ask for, whatever key asks for it.

/// Something a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Open the help.
    Help,
    /// Open what the verdict rests on.
    Evidence,
    /// Open the journal.
    Journal,
    /// Show the path over time.
    Timeline,
    /// Close the layer on top, or the details; without either, clear the selection.
    Back,
    /// Open the details of the selected hop, or of the target.
    Details,
    /// Show hosts in the next way: names, addresses, both.
    NextHosts,
    /// Show MPLS labels, or hide them.
    Labels,
    /// Show origins, or stop doing so.
    Origins,
    /// Raise the highest TTL probed by one.
    MoreHops,
    /// Lower the highest TTL probed by one.
    FewerHops,
    /// Freeze the picture, or let it go on. Probing goes on either way.
    Freeze,
    /// Count from now on.
    Restart,
    /// Show the figures of the next stretch of time: the last minute, 10 minutes, hour, or all.
    NextPeriod,
    /// Probe with the next protocol: UDP, ICMP, TCP.
    NextProtocol,
    /// Look the target's name up again.
    Reresolve,
    /// Ask for a new interval.
    AskInterval,
    /// Move the selection, or scroll the help.
    Move(Step),
    /// Scroll the details.
    Scroll(Step),
    /// Select the line of the table at this row of the screen; a second time, open its details.
    Click(u16),
    /// Draw every cell anew.
    Redraw,
    /// Hand the terminal back and stop until continued.
    Suspend,
    /// Change the text of the prompt.
    Edit(Edit),
    /// Take the text of the prompt.
    Submit,
}

impl Action {
    /// Whether it opens a view in the place of the table.
    pub const fn opens_view(self) -> bool {
        matches!(self, Self::Help | Self::Evidence | Self::Journal | Self::Timeline)
    }

    /// Whether it means nothing without a watch that goes on.
    pub const fn needs_watch(self) -> bool {
        matches!(
            self,
            Self::Origins
                | Self::MoreHops
                | Self::FewerHops
                | Self::Freeze
                | Self::Restart
                | Self::NextProtocol
                | Self::Reresolve
                | Self::AskInterval
        )
    }
}

/// How far a selection or a layer moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One line towards the start.
    Up,
    /// One line towards the end.
    Down,
    /// One screenful towards the start.
    PageUp,
    /// One screenful towards the end.
    PageDown,
    /// To the start.
    Home,
    /// To the end.
    End,
}

impl Step {
    /// Where this leads from `index` among `len` places, `page` of which are one screenful.
    pub fn from(self, index: usize, len: usize, page: usize) -> usize {
        let last = len.saturating_sub(1);
        match self {
            Self::Up => index.saturating_sub(1),
            Self::Down => index.saturating_add(1),
            Self::PageUp => index.saturating_sub(page.max(1)),
            Self::PageDown => index.saturating_add(page.max(1)),
            Self::Home => 0,
            Self::End => last,
        }
        .min(last)
    }
}

/// A change of a prompt's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Add a character at the end.
    Type(char),
    /// Take the last character away.
    Backspace,
    /// Take all of it away.
    Clear,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_stays_within_its_bounds() {
        for (step, index, expected) in [
            (Step::Up, 0, 0),
            (Step::Up, 5, 4),
            (Step::Down, 9, 9),
            (Step::PageUp, 5, 1),
            (Step::PageDown, 3, 7),
            (Step::PageDown, 8, 9),
            (Step::Home, 7, 0),
            (Step::End, 0, 9),
        ] {
            assert_eq!(step.from(index, 10, 4), expected, "{step:?} from {index}");
        }
        assert_eq!(Step::End.from(0, 0, 0), 0);
    }
}
