//! The one table of keys.

use crossterm::event::KeyCode;

use super::{Binding, Hint, Key, Scope, When};
use crate::ui::action::{Action, Edit, Step};

const fn char(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: false }
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), ctrl: true }
}

const fn code(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

const fn bind(
    scope: Scope,
    keys: &'static [Key],
    action: Action,
    help: &'static str,
    hints: &'static [Hint],
) -> Binding {
    Binding { keys, scope, action, help, hints }
}

const fn hint(keys: &'static str, label: &'static str, rank: u8) -> Hint {
    Hint { keys, label, rank, when: When::Always }
}

/// Every key there is, in the order of the help.
pub const BINDINGS: &[Binding] = &[
    bind(Scope::Table, &[char('q')], Action::Quit, "quit", &[hint("q", "quit", 1)]),
    bind(Scope::Any, &[ctrl('c')], Action::Quit, "quit, whatever is open", &[]),
    bind(Scope::Table, &[char('?'), char('h')], Action::Help, "this help", &[hint("?", "help", 2)]),
    bind(
        Scope::Table,
        &[char('v')],
        Action::Evidence,
        "what the verdict rests on: rates, bursts, what was ruled out",
        &[hint("v", "why", 3)],
    ),
    bind(
        Scope::Evidence,
        &[code(KeyCode::Esc), char('v'), char('q')],
        Action::Back,
        "close the evidence",
        &[hint("Esc", "close", 1)],
    ),
    bind(
        Scope::Table,
        &[char('o')],
        Action::Journal,
        "what happened: outages, loss, latency, routes, local faults",
        &[hint("o", "events", 3)],
    ),
    bind(
        Scope::Journal,
        &[code(KeyCode::Esc), char('o'), char('q')],
        Action::Back,
        "close the journal",
        &[hint("Esc", "close", 1)],
    ),
    bind(
        Scope::Table,
        &[char('t')],
        Action::Timeline,
        "every hop over time, for the window in view: when it failed",
        &[hint("t", "over time", 7)],
    ),
    bind(
        Scope::Timeline,
        &[char('w')],
        Action::NextPeriod,
        "figures of the last 1 min, 10 min, 1 h, of all, or since r",
        &[hint("w", "window", 2)],
    ),
    bind(
        Scope::Timeline,
        &[code(KeyCode::Esc), char('t'), char('q')],
        Action::Back,
        "back to the table",
        &[hint("Esc", "close", 1)],
    ),
    bind(
        Scope::Table,
        &[char('n')],
        Action::NextHosts,
        "hosts as names, addresses or both",
        &[hint("n", "names", 7)],
    ),
    bind(Scope::Table, &[char('z')], Action::Origins, "AS numbers and names, or none", &[]),
    bind(Scope::Table, &[char('e')], Action::Labels, "show or hide MPLS labels", &[]),
    bind(
        Scope::Table,
        &[char('p'), char(' ')],
        Action::Freeze,
        "freeze the picture; probing goes on",
        &[
            Hint { keys: "p", label: "freeze", rank: 3, when: When::Live },
            Hint { keys: "p", label: "go on", rank: 0, when: When::Frozen },
        ],
    ),
    bind(
        Scope::Table,
        &[char('r')],
        Action::Restart,
        "restart the statistics from now",
        &[hint("r", "restart", 4)],
    ),
    bind(
        Scope::Table,
        &[char('w')],
        Action::NextPeriod,
        "figures of the last 1 min, 10 min, 1 h, of all, or since r",
        &[hint("w", "window", 5)],
    ),
    bind(
        Scope::Table,
        &[char('u')],
        Action::NextProtocol,
        "probe with UDP, ICMP or TCP in turn; statistics restart",
        &[Hint { keys: "u", label: "try another protocol", rank: 1, when: When::Silent }],
    ),
    bind(
        Scope::Table,
        &[char('R')],
        Action::Reresolve,
        "look the target's name up again; go where it leads",
        &[],
    ),
    bind(
        Scope::Table,
        &[char('i')],
        Action::AskInterval,
        "change the interval between two tries",
        &[hint("i", "interval", 8)],
    ),
    bind(
        Scope::Table,
        &[char('+'), char('=')],
        Action::MoreHops,
        "raise the maximum hop count",
        &[hint("+ -", "max hops", 9)],
    ),
    bind(Scope::Table, &[char('-')], Action::FewerHops, "lower the maximum hop count", &[]),
    bind(
        Scope::Table,
        &[code(KeyCode::Enter)],
        Action::Details,
        "the details of the selected hop",
        &[hint("Enter", "details", 6)],
    ),
    bind(
        Scope::Table,
        &[code(KeyCode::Up), char('k')],
        Action::Move(Step::Up),
        "select the hop above",
        &[hint("j k", "select", 10)],
    ),
    bind(
        Scope::Table,
        &[code(KeyCode::Down), char('j')],
        Action::Move(Step::Down),
        "select the hop below",
        &[],
    ),
    bind(Scope::Table, &[code(KeyCode::PageUp)], Action::Move(Step::PageUp), "a screenful up", &[]),
    bind(Scope::Table, &[code(KeyCode::PageDown)], Action::Move(Step::PageDown), "a screenful down", &[]),
    bind(Scope::Table, &[code(KeyCode::Home)], Action::Move(Step::Home), "the first hop", &[]),
    bind(Scope::Table, &[code(KeyCode::End)], Action::Move(Step::End), "the target", &[]),
    bind(
        Scope::Table,
        &[code(KeyCode::Esc)],
        Action::Back,
        "close the details, or clear the selection",
        &[Hint { keys: "Esc", label: "deselect", rank: 3, when: When::Selected }],
    ),
    bind(
        Scope::Details,
        &[code(KeyCode::Esc), code(KeyCode::Enter)],
        Action::Back,
        "close the details",
        &[hint("Esc", "back", 0)],
    ),
    bind(
        Scope::Details,
        &[code(KeyCode::Up), char('k')],
        Action::Move(Step::Up),
        "the hop above",
        &[hint("j k", "hop", 1)],
    ),
    bind(Scope::Details, &[code(KeyCode::Down), char('j')], Action::Move(Step::Down), "the hop below", &[]),
    bind(
        Scope::Details,
        &[code(KeyCode::PageUp)],
        Action::Scroll(Step::PageUp),
        "a screenful up",
        &[hint("PgUp PgDn", "scroll", 2)],
    ),
    bind(Scope::Details, &[code(KeyCode::PageDown)], Action::Scroll(Step::PageDown), "a screenful down", &[]),
    bind(Scope::Any, &[ctrl('l')], Action::Redraw, "draw the screen anew", &[]),
    bind(Scope::Any, &[ctrl('z')], Action::Suspend, "suspend; fg brings it back", &[]),
    bind(
        Scope::Help,
        &[code(KeyCode::Esc), char('?'), char('h'), char('q')],
        Action::Back,
        "close the help",
        &[hint("Esc", "close", 1)],
    ),
    bind(
        Scope::Help,
        &[code(KeyCode::Up), char('k')],
        Action::Move(Step::Up),
        "a line up",
        &[hint("j k", "scroll", 2)],
    ),
    bind(Scope::Help, &[code(KeyCode::Down), char('j')], Action::Move(Step::Down), "a line down", &[]),
    bind(Scope::Help, &[code(KeyCode::PageUp)], Action::Move(Step::PageUp), "a screenful up", &[]),
    bind(
        Scope::Help,
        &[code(KeyCode::PageDown), char(' ')],
        Action::Move(Step::PageDown),
        "a screenful down",
        &[],
    ),
    bind(Scope::Help, &[code(KeyCode::Home)], Action::Move(Step::Home), "the start", &[]),
    bind(Scope::Help, &[code(KeyCode::End)], Action::Move(Step::End), "the end", &[]),
    bind(Scope::Prompt, &[code(KeyCode::Enter)], Action::Submit, "take it", &[hint("Enter", "set", 1)]),
    bind(Scope::Prompt, &[code(KeyCode::Esc)], Action::Back, "leave it", &[hint("Esc", "cancel", 2)]),
    bind(
        Scope::Prompt,
        &[code(KeyCode::Backspace), ctrl('h')],
        Action::Edit(Edit::Backspace),
        "delete a character",
        &[],
    ),
    bind(Scope::Prompt, &[ctrl('u')], Action::Edit(Edit::Clear), "delete all", &[]),
];
