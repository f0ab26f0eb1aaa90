//! The one table of keys: dispatch, help screen, footer and the manual's key list all come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::action::{Action, Edit, Step};

/// Keys that do the same thing at the same place.
#[derive(Debug)]
pub struct Binding {
    /// The keys.
    pub keys: &'static [Key],
    /// Where they are taken.
    pub scope: Scope,
    /// What they do.
    pub action: Action,
    /// What they do, in words.
    pub help: &'static str,
    /// How the footer names them.
    pub hints: &'static [Hint],
}

/// A key, with or without Ctrl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    ctrl: bool,
}

/// Where a key is taken. The layer on top gets it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Whatever is on top.
    Any,
    /// The table, with nothing on top.
    Table,
    /// The details of a hop; what they do not take goes to the table.
    Details,
    /// The help.
    Help,
    /// What the verdict rests on; it scrolls as the help does.
    Evidence,
    /// The journal; it scrolls as the help does.
    Journal,
    /// A prompt; it takes every printable character besides.
    Prompt,
}

/// A key as the footer shows it.
#[derive(Debug)]
pub struct Hint {
    /// The key or keys.
    pub keys: &'static str,
    /// What they do, in a word.
    pub label: &'static str,
    /// The order in which hints get room: the lowest first.
    pub rank: u8,
    /// When it matters.
    pub when: When,
}

/// When a hint matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Always.
    Always,
    /// While the picture goes on.
    Live,
    /// While the picture is frozen.
    Frozen,
    /// While a hop is selected.
    Selected,
    /// While the target answers nothing.
    Silent,
}

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
        "figures of the last 1 min, 10 min, 1 h, or of all",
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

/// What a key does while `scope` is on top; `None` if it does nothing there.
pub fn action(event: &KeyEvent, scope: Scope) -> Option<Action> {
    if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let key = Key { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) };
    let bound = taken(scope).find(|binding| binding.keys.contains(&key));
    match (bound, key) {
        (Some(binding), _) => Some(binding.action),
        (None, Key { code: KeyCode::Char(c), ctrl: false }) if scope == Scope::Prompt => {
            Some(Action::Edit(Edit::Type(c)))
        }
        _ => None,
    }
}

/// The bindings in force while `scope` is on top; of two for one key the first counts.
fn taken(scope: Scope) -> impl Iterator<Item = &'static Binding> {
    let of = |wanted| BINDINGS.iter().filter(move |binding| binding.scope == wanted);
    let below = match scope {
        Scope::Details => Some(Scope::Table),
        Scope::Evidence | Scope::Journal => Some(Scope::Help),
        _ => None,
    };
    of(scope).chain(of(Scope::Any)).chain(below.map(of).into_iter().flatten())
}

/// What a user finds without opening anything: the keys of the table, and those that work everywhere.
pub fn main_bindings() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(|binding| matches!(binding.scope, Scope::Table | Scope::Any))
}

/// The footer's hints while `scope` is on top, for what `works` there.
pub fn hints(scope: Scope, works: impl Fn(Action) -> bool) -> impl Iterator<Item = &'static Hint> {
    let counts = move |binding: &&Binding| {
        if !works(binding.action) {
            return false;
        }
        let first = taken(scope).find(|other| other.keys.contains(&binding.keys[0]));
        first.is_some_and(|first| first.scope == binding.scope)
    };
    taken(scope).filter(counts).flat_map(|binding| binding.hints)
}

/// The manual's key list, as a Markdown table.
pub fn markdown() -> String {
    let mut list = String::from("| key | what it does |\n| --- | --- |\n");
    for binding in main_bindings() {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
        list.extend(["| ", &keys.join(" "), " | ", binding.help, " |\n"]);
    }
    list
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            KeyCode::Char(c) if self.ctrl => write!(f, "Ctrl-{}", c.to_ascii_uppercase()),
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn every_key_of_the_table_does_what_the_table_says() {
        for binding in BINDINGS {
            let scope = if binding.scope == Scope::Any { Scope::Table } else { binding.scope };
            for key in binding.keys {
                let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                assert_eq!(action(&press(key.code, modifiers), scope), Some(binding.action), "{key}");
            }
        }
    }

    #[test]
    fn what_the_details_do_not_take_goes_to_the_table() {
        let at = |code| action(&press(code, KeyModifiers::NONE), Scope::Details);
        assert_eq!(at(KeyCode::Char('p')), Some(Action::Freeze));
        assert_eq!(at(KeyCode::Enter), Some(Action::Back));
        assert_eq!(at(KeyCode::PageDown), Some(Action::Scroll(Step::PageDown)));
        let hinted: Vec<&str> = hints(Scope::Details, |_| true).map(|hint| hint.label).collect();
        assert!(hinted.contains(&"back") && hinted.contains(&"quit"), "{hinted:?}");
        assert!(!hinted.contains(&"details") && !hinted.contains(&"deselect"), "{hinted:?}");
    }

    #[test]
    fn a_prompt_takes_printable_keys_and_leaves_ctrl_c() {
        let q = press(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(action(&q, Scope::Prompt), Some(Action::Edit(Edit::Type('q'))));
        let ctrl_c = press(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(action(&ctrl_c, Scope::Prompt), Some(Action::Quit));
        assert_eq!(action(&ctrl_c, Scope::Help), Some(Action::Quit));
    }

    #[test]
    fn shift_does_not_matter_but_alt_and_release_do() {
        let question = press(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(action(&question, Scope::Table), Some(Action::Help));
        assert_eq!(action(&press(KeyCode::Char('q'), KeyModifiers::ALT), Scope::Table), None);
        let released = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(action(&released, Scope::Table), None);
    }

    #[test]
    fn the_manuals_list_names_every_key_once() {
        let list = markdown();
        for binding in main_bindings() {
            for key in binding.keys {
                assert_eq!(list.matches(&format!("`{key}`")).count(), 1, "{key}\n{list}");
            }
        }
        let manual = include_str!("../../README.md");
        assert!(manual.contains(&list), "the manual is to hold this list:\n{list}");
        assert!(list.contains("| `Ctrl-Z` | suspend; fg brings it back |\n"), "{list}");
    }
}
