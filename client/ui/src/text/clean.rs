//! Cleaning: nothing a stranger writes may reorder, hide or overflow what stands around it.

use std::borrow::Cow;

use crate::strings;

/// Longest name drawn, in characters: every name that fits its bytes is drawn whole.
const LETTERS_MAX: usize = super::NAME_MAX;
/// Most combining marks kept on one letter. Real scripts use up to three or four.
const MARKS_MAX: usize = 4;

/// Characters that reorder what follows: embeddings, overrides, isolates and direction marks.
fn is_bidi_control(letter: char) -> bool {
    matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that take no room and change nothing a reader could see.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that are drawn over the letter before.
fn is_combining(letter: char) -> bool {
    matches!(letter,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}' | '\u{0610}'..='\u{061a}'
        | '\u{064b}'..='\u{065f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// A name fit to stand between words of the program: one line, no controls, nothing invisible, at most 64 characters.
/// A name of which nothing is left reads as "nameless".
#[must_use]
pub fn clean_name(name: &str) -> String {
    let mut clean = String::with_capacity(name.len().min(4 * LETTERS_MAX));
    let (mut marks, mut count, mut gap) = (0, 0, false);
    for letter in name.chars() {
        if is_bidi_control(letter) || is_invisible(letter) {
            continue;
        }
        if letter.is_whitespace() || letter.is_control() {
            gap = !clean.is_empty();
            continue;
        }
        if is_combining(letter) {
            marks += 1;
            if marks > MARKS_MAX || clean.is_empty() {
                continue;
            }
        } else {
            marks = 0;
            count += 1 + usize::from(gap);
            if count > LETTERS_MAX {
                clean.push('…');
                break;
            }
            if gap {
                clean.push(' ');
            }
            gap = false;
        }
        clean.push(letter);
    }
    if clean.is_empty() {
        strings::text("name-none").into_owned()
    } else {
        clean
    }
}

/// Message text fit to be drawn: line breaks stay; direction controls, other controls and piles of marks go. Joiners
/// and variation selectors stay, emoji and many scripts are made with them.
#[must_use]
pub fn clean_text(text: &str) -> Cow<'_, str> {
    let bad = |letter: char| {
        is_bidi_control(letter)
            || is_combining(letter)
            || (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e0fff}')
    };
    if !text.chars().any(bad) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut marks = 0;
    for letter in text.chars() {
        match letter {
            '\t' => clean.push_str("    "),
            '\u{2028}' | '\u{2029}' => clean.push('\n'),
            _ if is_combining(letter) => {
                marks += 1;
                if marks <= MARKS_MAX {
                    clean.push(letter);
                }
                continue;
            }
            _ if bad(letter) => continue,
            _ => clean.push(letter),
        }
        // What cannot be seen ends no letter: marks behind it would go on the same pile.
        if !is_invisible(letter) {
            marks = 0;
        }
    }
    Cow::Owned(clean)
}

/// The first `max` characters of a text on one line, with an ellipsis where something was left out.
#[must_use]
pub fn one_line(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut gap = false;
    // Looking further than a few times the length cannot fill the line with anything that was meant to be read.
    for (count, letter) in clean_text(text.get(..floor(text, max * 16)).unwrap_or(text))
        .chars()
        .enumerate()
    {
        if count >= max {
            line.push('…');
            return line;
        }
        if letter.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        if gap {
            line.push(' ');
            gap = false;
        }
        line.push(letter);
    }
    line
}

/// The greatest character boundary of `text` at or below `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_reorder_hide_or_overflow() {
        assert_eq!(clean_name("Rhea\u{202e}gpj.exe"), "Rheagpj.exe");
        assert_eq!(clean_name("  a\n\n b\u{200b}\u{200d}c "), "a bc");
        assert_eq!(clean_name("\u{200b}\u{3164}\u{2066}"), strings::text("name-none"));
        assert_eq!(clean_name(&"x".repeat(500)).chars().count(), LETTERS_MAX + 1);
        let zalgo: String = std::iter::once('a')
            .chain(std::iter::repeat_n('\u{0301}', 90))
            .collect();
        assert_eq!(clean_name(&zalgo).chars().count(), 1 + MARKS_MAX);
    }

    #[test]
    fn message_text_keeps_its_lines_and_its_emoji_and_loses_controls() {
        assert_eq!(clean_text("one\ntwo"), "one\ntwo");
        assert_eq!(clean_text("a\u{202e}b\u{7}c\td"), "abc    d");
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(clean_text(family), family);
        assert!(matches!(clean_text("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn marks_with_something_unseen_between_them_are_one_pile() {
        let marks = "\u{301}".repeat(MARKS_MAX);
        for between in ["\u{202e}", "\u{200d}", "\u{fe0f}", "\u{7}"] {
            let clean = clean_text(&format!("a{marks}{between}{marks}{between}{marks}b{marks}")).into_owned();
            assert_eq!(clean.matches('\u{301}').count(), 2 * MARKS_MAX, "{between:?}");
            assert_eq!(clean_text(&clean), clean, "clean is clean");
        }
    }

    #[test]
    fn one_line_is_one_line_of_the_length_asked_for() {
        assert_eq!(one_line("a\n\n  b", 10), "a b");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("ééé", 3), "ééé");
        assert_eq!(one_line(&"é".repeat(100_000), 2), "éé…");
    }
}
