//! Keys that a person chooses: what was pressed, as text, and back.

use std::fmt;
use std::str::FromStr;

use egui::{Key, Modifiers};

/// A key with what is held beside it, written as `Ctrl+Shift+Space` or `F8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shortcut {
    /// Ctrl.
    pub ctrl: bool,
    /// Alt.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
    /// The command key of a Mac; never on other systems.
    pub command: bool,
    /// The key itself.
    pub key: Key,
}

/// Why something pressed cannot be one's own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It writes a letter: while it is ours, nothing could be written with it.
    Writes,
    /// It is the window's own.
    Reserved,
    /// It is no key that a program may be given.
    Unknown,
}

/// A text that names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoShortcut;

impl fmt::Display for NoShortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this names no key")
    }
}

impl std::error::Error for NoShortcut {}

/// Keys that write nothing: they may stand alone.
const SILENT: [Key; 24] = [
    Key::F1,
    Key::F2,
    Key::F3,
    Key::F4,
    Key::F5,
    Key::F6,
    Key::F7,
    Key::F8,
    Key::F9,
    Key::F10,
    Key::F11,
    Key::F12,
    Key::F13,
    Key::F14,
    Key::F15,
    Key::F16,
    Key::F17,
    Key::F18,
    Key::F19,
    Key::F20,
    Key::F21,
    Key::F22,
    Key::F23,
    Key::F24,
];

/// Keys that move the caret or the page: fit only beside Ctrl or Alt, and Insert alone.
const MOVING: [Key; 10] = [
    Key::Insert,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
    Key::Delete,
    Key::ArrowUp,
    Key::ArrowDown,
    Key::ArrowLeft,
    Key::ArrowRight,
];

/// Keys that write: fit only beside Ctrl or Alt.
const WRITING: [Key; 44] = [
    Key::Space,
    Key::A,
    Key::B,
    Key::C,
    Key::D,
    Key::E,
    Key::F,
    Key::G,
    Key::H,
    Key::I,
    Key::J,
    Key::K,
    Key::L,
    Key::M,
    Key::N,
    Key::O,
    Key::P,
    Key::Q,
    Key::R,
    Key::S,
    Key::T,
    Key::U,
    Key::V,
    Key::W,
    Key::X,
    Key::Y,
    Key::Z,
    Key::Num0,
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
    Key::Backtick,
    Key::Minus,
    Key::Equals,
    Key::Comma,
    Key::Period,
    Key::Slash,
    Key::Semicolon,
];

/// What the window does by Ctrl and a letter, in fields and outside.
const OWN_CTRL: [Key; 10] = [
    Key::K,
    Key::Comma,
    Key::L,
    Key::N,
    Key::F,
    Key::A,
    Key::C,
    Key::V,
    Key::X,
    Key::Z,
];
/// The same by Ctrl, Shift and a letter. M and D mute and deafen: see [`Shortcut::fit`].
const OWN_CTRL_SHIFT: [Key; 4] = [Key::H, Key::A, Key::R, Key::Z];

impl Shortcut {
    /// What was pressed, if it may be one's own key.
    ///
    /// # Errors
    /// Why it may not.
    pub fn fit(key: Key, held: Modifiers) -> Result<Self, Unfit> {
        let this = Self {
            ctrl: held.ctrl,
            alt: held.alt,
            shift: held.shift,
            command: held.mac_cmd,
            key,
        };
        let modified = this.ctrl || this.alt || this.command;
        if WRITING.contains(&key) {
            if !modified {
                return Err(Unfit::Writes);
            }
        } else if MOVING.contains(&key) {
            let alone = key == Key::Insert && !this.shift;
            let walks = this.alt && !this.ctrl && matches!(key, Key::ArrowUp | Key::ArrowDown);
            if !(modified || alone) || walks {
                return Err(Unfit::Reserved);
            }
        } else if !SILENT.contains(&key) {
            let window = matches!(key, Key::Escape | Key::Tab | Key::Enter | Key::Backspace);
            return Err(if window { Unfit::Reserved } else { Unfit::Unknown });
        }
        let command = (this.ctrl || this.command) && !this.alt;
        let own = if this.shift {
            // Alone among the window's own: who binds the key for muting elsewhere wants it here too.
            OWN_CTRL_SHIFT.as_slice()
        } else {
            OWN_CTRL.as_slice()
        };
        if command && own.contains(&key) {
            return Err(Unfit::Reserved);
        }
        Ok(this)
    }

    /// It is pressed with exactly these held.
    #[must_use]
    pub fn is(&self, key: Key, held: Modifiers) -> bool {
        let same = (self.ctrl, self.alt, self.shift) == (held.ctrl, held.alt, held.shift);
        same && self.key == key && self.command == held.mac_cmd
    }
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [
            (self.command, "Cmd+"),
            (self.ctrl, "Ctrl+"),
            (self.alt, "Alt+"),
            (self.shift, "Shift+"),
        ] {
            if on {
                f.write_str(name)?;
            }
        }
        f.write_str(self.key.name())
    }
}

impl FromStr for Shortcut {
    type Err = NoShortcut;

    fn from_str(text: &str) -> Result<Self, NoShortcut> {
        let mut parts = text.split('+').collect::<Vec<_>>();
        let key = parts.pop().and_then(Key::from_name).ok_or(NoShortcut)?;
        let mut held = Modifiers::NONE;
        for part in parts {
            match part.trim().to_ascii_lowercase().as_str() {
                "ctrl" | "control" => held.ctrl = true,
                "alt" | "option" => held.alt = true,
                "shift" => held.shift = true,
                "cmd" | "command" | "super" => held.mac_cmd = true,
                _ => return Err(NoShortcut),
            }
        }
        Self::fit(key, held).map_err(|_unfit| NoShortcut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let all = SILENT.iter().chain(&MOVING).chain(&WRITING);
        let mut count = 0;
        for key in all {
            for bits in 0..8_u8 {
                let held = Modifiers {
                    ctrl: bits & 1 > 0,
                    alt: bits & 2 > 0,
                    shift: bits & 4 > 0,
                    ..Modifiers::NONE
                };
                let Ok(shortcut) = Shortcut::fit(*key, held) else {
                    continue;
                };
                let text = shortcut.to_string();
                assert_eq!(text.parse(), Ok(shortcut), "{text}");
                assert!(shortcut.is(*key, held), "{text}");
                count += 1;
            }
        }
        assert!(count > 300, "{count}");
    }

    #[test]
    fn the_links_own_examples_are_read() {
        let space: Shortcut = "Ctrl+Shift+Space".parse().unwrap();
        assert!(space.ctrl && space.shift && space.key == Key::Space);
        assert_eq!("F8".parse::<Shortcut>().unwrap().key, Key::F8);
        for text in ["", "Ctrl+", "Hyper+F8", "Ctrl+Nothing", "V", "Escape", "Ctrl+K"] {
            assert_eq!(text.parse::<Shortcut>(), Err(NoShortcut), "{text}");
        }
    }

    #[test]
    fn letters_stay_for_writing_and_the_windows_keys_its_own() {
        let ctrl = Modifiers {
            ctrl: true,
            ..Modifiers::NONE
        };
        let both = Modifiers { shift: true, ..ctrl };
        for key in [Key::V, Key::Space, Key::Num1] {
            assert_eq!(Shortcut::fit(key, Modifiers::NONE), Err(Unfit::Writes));
            assert_eq!(Shortcut::fit(key, Modifiers::SHIFT), Err(Unfit::Writes));
        }
        for (key, held) in [
            (Key::K, ctrl),
            (Key::C, ctrl),
            (Key::H, both),
            (Key::Escape, ctrl),
            (Key::ArrowUp, Modifiers::ALT),
            (Key::PageDown, Modifiers::NONE),
        ] {
            assert_eq!(Shortcut::fit(key, held), Err(Unfit::Reserved), "{key:?}");
        }
        assert!(
            Shortcut::fit(Key::M, both).is_ok(),
            "the mute key may be the window's own"
        );
        assert_eq!(Shortcut::fit(Key::BrowserBack, ctrl), Err(Unfit::Unknown));
    }
}
