//! What the mouse does: the wheel moves, a click selects.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::action::{Action, Step};
use super::keys::Scope;

/// What switches the reports of buttons and the wheel on (xterm's modes 1000 and 1006).
///
/// crossterm's own command asks for every motion as well, each of which would wake this process up.
pub const ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// What switches them off.
pub const OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How the help and the manual explain it.
pub const HELP: [(&str, &str); 3] = [
    ("wheel", "move the selection, or scroll"),
    ("click", "select a hop; once more: its details"),
    ("Shift", "held: the terminal selects text, as ever"),
];

/// What an event does while `scope` is on top; `None` if it does nothing there.
pub fn action(event: &MouseEvent, scope: Scope) -> Option<Action> {
    let step = match event.kind {
        MouseEventKind::ScrollUp => Step::Up,
        MouseEventKind::ScrollDown => Step::Down,
        MouseEventKind::Down(MouseButton::Left) if scope == Scope::Table => {
            return Some(Action::Click(event.row));
        }
        _ => return None,
    };
    match scope {
        Scope::Details => Some(Action::Scroll(step)),
        Scope::Table | Scope::Help | Scope::Evidence | Scope::Journal | Scope::Timeline => {
            Some(Action::Move(step))
        }
        Scope::Prompt | Scope::Any => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    #[test]
    fn each_scope_has_its_own_use_for_the_mouse() {
        let at = |kind, scope| {
            action(&MouseEvent { kind, column: 3, row: 5, modifiers: KeyModifiers::NONE }, scope)
        };
        let (wheel, click) = (MouseEventKind::ScrollDown, MouseEventKind::Down(MouseButton::Left));
        for (kind, scope, expected) in [
            (wheel, Scope::Table, Some(Action::Move(Step::Down))),
            (wheel, Scope::Help, Some(Action::Move(Step::Down))),
            (wheel, Scope::Details, Some(Action::Scroll(Step::Down))),
            (wheel, Scope::Prompt, None),
            (click, Scope::Table, Some(Action::Click(5))),
            (click, Scope::Help, None),
            (MouseEventKind::Up(MouseButton::Left), Scope::Table, None),
            (MouseEventKind::Down(MouseButton::Right), Scope::Table, None),
        ] {
            assert_eq!(at(kind, scope), expected, "{kind:?} in {scope:?}");
        }
    }
}
