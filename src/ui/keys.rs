//! Keys: dispatch, help screen, footer and the manual's key list all come from the one [table](BINDINGS).

mod table;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

pub use self::table::BINDINGS;
use super::action::{Action, Edit};

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
    /// The path over time; it scrolls as the help does.
    Timeline,
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
        Scope::Evidence | Scope::Journal | Scope::Timeline => Some(Scope::Help),
        _ => None,
    };
    // From one view straight to another.
    let is_view = matches!(scope, Scope::Help | Scope::Evidence | Scope::Journal | Scope::Timeline);
    let views = of(Scope::Table).filter(move |binding| is_view && binding.action.opens_view());
    of(scope).chain(of(Scope::Any)).chain(views).chain(below.map(of).into_iter().flatten())
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
    use crate::ui::action::Step;

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
    fn one_view_leads_to_another_and_its_own_key_closes_it() {
        let views = [
            ('?', Scope::Help, Action::Help),
            ('v', Scope::Evidence, Action::Evidence),
            ('o', Scope::Journal, Action::Journal),
            ('t', Scope::Timeline, Action::Timeline),
        ];
        for (_, scope, _) in views {
            for (key, own, opens) in views {
                let expected = if own == scope { Action::Back } else { opens };
                let pressed = press(KeyCode::Char(key), KeyModifiers::NONE);
                assert_eq!(action(&pressed, scope), Some(expected), "{key} in {scope:?}");
            }
        }
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
