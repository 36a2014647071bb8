//! Reading: where a conversation opens and stays, what is loaded and marked read, searching.

use egui::{Key, Modifiers};
use orrery_ui::view::*;
use orrery_ui::{TEXT_MAX, UiAction};

use crate::conversation::{middle, talk};
use crate::drive::{WIDE, Window, named};
use crate::sample::{self, Scene, channel, conversation, key, long_conversation, message};

#[test]
fn a_conversation_opens_at_its_newest_message() {
    let scene = Scene::talk("long", long_conversation(80));
    let window = Window::open(&scene);
    let (last, composer) = (window.place("message.0"), window.place("composer.input"));
    assert!(
        last.bottom() <= composer.top() && last.bottom() > composer.top() - 60.0,
        "{last:?} {composer:?}"
    );
}

#[test]
fn new_messages_are_followed_at_the_bottom_and_not_while_reading_above() {
    let (before, after) = (long_conversation(80), long_conversation(81));
    let old = Scene::talk("long", before);
    let new = Scene::talk("long", after);
    let mut window = Window::open(&old);
    window.settle(&new);
    assert!(window.has("message.0"), "followed");

    let mut window = Window::open(&old);
    let at = middle(&window);
    window.wheel(&old, at, 900.0);
    window.settle(&old);
    let (name, was) = window
        .state
        .widgets()
        .iter()
        .find(|(name, _)| name.starts_with("message."))
        .map(|(n, r)| (n.to_owned(), r))
        .unwrap();
    window.settle(&new);
    let n: usize = name.trim_start_matches("message.").parse().unwrap();
    let now = window.place(&format!("message.{}", n + 1));
    assert!(
        (now.top() - was.top()).abs() < 1.5,
        "what is read stays where it is: {was:?} {now:?}"
    );
    assert!(window.has("talk.jump_present"));
    window.click(&new, "talk.jump_present");
    window.settle(&new);
    assert!(window.has("message.0"));
}

#[test]
fn older_messages_are_asked_for_once_and_come_in_above_without_a_jump() {
    let mut part = long_conversation(80);
    let whole = part.clone();
    part.messages.drain(..40);
    let part = Scene::talk("part", part);
    let whole = Scene::talk(
        "whole",
        ConversationView {
            has_older: false,
            ..whole
        },
    );
    let mut window = Window::new(WIDE);
    let mut asked = window.settle(&part);
    let at = middle(&window);
    for _ in 0..4 {
        asked.extend(window.wheel(&part, at, 400.0));
    }
    assert_eq!(named(&asked, "LoadOlder"), [&UiAction::LoadOlder(channel(1))]);
    let before: Vec<_> = window
        .state
        .widgets()
        .iter()
        .filter(|(name, _)| name.starts_with("message."))
        .map(|(name, rect)| (name.to_owned(), rect))
        .collect();
    window.settle(&whole);
    let mut compared = 0;
    for (name, was) in before {
        if let Some(now) = window.state.widgets().get(&name) {
            assert!((now.top() - was.top()).abs() < 1.5, "{name}: {was:?} {now:?}");
            compared += 1;
        }
    }
    assert!(compared > 3);
}

#[test]
fn a_jump_shows_its_message_and_follows_each_revision_once() {
    let mut view = long_conversation(80);
    let target = view.messages[10].key;
    let away = Scene::talk("long", view.clone());
    (view.focus, view.focus_rev) = (Some(target), 1);
    let jump = Scene::talk("long", view);
    let mut window = Window::open(&away);
    window.settle(&jump);
    assert!(window.has("message.69"), "message 10 of 80 is in sight");
    let at = middle(&window);
    window.wheel(&jump, at, -100_000.0);
    window.settle(&jump);
    assert!(
        window.has("message.0") && !window.has("message.69"),
        "the reader may leave again"
    );
}

#[test]
fn what_was_seen_is_marked_read_once_and_only_with_the_focus() {
    let scene = talk();
    let mut window = Window::new(WIDE);
    window.focused = false;
    assert!(window.settle(&scene).is_empty(), "nobody is looking");
    window.focused = true;
    let actions = window.settle(&scene);
    assert_eq!(
        actions,
        [UiAction::MarkRead {
            channel: channel(1),
            message: key(1, 3)
        }]
    );
    assert!(window.settle(&scene).is_empty(), "once");
}

#[test]
fn searching_asks_by_enter_and_ends_by_escape() {
    let scene = Scene::talk(
        "search",
        ConversationView {
            search: Some(sample::search()),
            ..conversation()
        },
    );
    let mut window = Window::open(&scene);
    window.key(&scene, Key::F, Modifiers::COMMAND);
    window.settle(&scene);
    window.write(&scene, " telescope ");
    let actions = window.press(&scene, Key::Enter);
    assert_eq!(
        actions,
        [UiAction::Search {
            channel: channel(1),
            query: "telescope".into()
        }]
    );
    let expected = UiAction::JumpTo {
        channel: channel(1),
        message: key(0, 2),
    };
    assert_eq!(window.click(&scene, "search.hit.1"), [expected]);
    window.click(&scene, "talk.search");
    assert_eq!(window.press(&scene, Key::Escape), [UiAction::CloseSearch(channel(1))]);
}

#[test]
fn a_hostile_text_is_drawn_without_harm() {
    let mut view = conversation();
    let texts = [
        "\u{202e}evil\u{2066}".to_owned(),
        "a\u{0301}".repeat(3000),
        "w".repeat(TEXT_MAX),
        "\n".repeat(4000),
        "https://".to_owned() + &"a".repeat(8000),
        "\u{0}\u{1}\u{7f}\u{85}\u{2028}\u{fffd}\u{10ffff}".to_owned(),
        "👩\u{200d}👩\u{200d}👧\u{200d}👦🏳\u{fe0f}\u{200d}🌈".repeat(50),
    ];
    view.messages = texts
        .iter()
        .enumerate()
        .map(|(n, text)| message(1, n as u8, sample::NOW, text))
        .collect();
    view.first_unread = None;
    view.name = "\u{202e}\u{200b}".repeat(5000);
    let scene = Scene::talk("hostile", view);
    for size in [WIDE, egui::vec2(360.0, 640.0)] {
        let mut window = Window::new(size);
        window.settle(&scene);
        for _ in 0..6 {
            let at = middle(&window);
            window.wheel(&scene, at, 5_000.0);
        }
        for (name, rect) in window.state.widgets().iter() {
            assert!(rect.right() <= size.x + 0.5, "{name} {rect:?}");
        }
    }
}
