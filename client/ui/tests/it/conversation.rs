//! Writing, and what hangs on a message.

use egui::{Event, Key, Modifiers, Pos2};
use orrery_ui::view::*;
use orrery_ui::{TEXT_MAX, UiAction};

use crate::drive::{Window, named};
use crate::sample::{self, Scene, channel, conversation, key, message};

pub(crate) fn talk() -> Scene {
    Scene::talk("talk", conversation())
}

pub(crate) fn middle(window: &Window) -> Pos2 {
    window.rect().center() + egui::vec2(160.0, -40.0)
}

// ==== writing ====

#[test]
fn enter_sends_once_and_shift_enter_breaks_the_line() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "  one");
    assert!(named(&window.key(&scene, Key::Enter, Modifiers::SHIFT), "SendText").is_empty());
    window.write(&scene, "two ");
    let actions = window.press(&scene, Key::Enter);
    let sent = named(&actions, "SendText");
    assert_eq!(
        sent,
        [&UiAction::SendText {
            channel: channel(1),
            text: "one\ntwo".into(),
            reply_to: None
        }]
    );
    assert!(
        named(&window.press(&scene, Key::Enter), "SendText").is_empty(),
        "nothing is left to send"
    );
}

#[test]
fn letters_before_enter_go_and_letters_after_it_stay_even_when_one_frame_brings_them_all() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let letter = |text: &str| Event::Text(text.to_owned());
    let enter = |pressed| Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    let mut actions = window.frame(
        &scene,
        vec![letter("on"), letter("e"), enter(true), enter(false), letter("t")],
    );
    actions.extend(window.frame(&scene, vec![letter("wo"), enter(true)]));
    actions.extend(window.frame(&scene, vec![]));
    let texts: Vec<&str> = named(&actions, "SendText")
        .into_iter()
        .map(|action| match action {
            UiAction::SendText { text, .. } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["one", "two"]);
}

#[test]
fn white_space_is_not_a_message() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "   ");
    assert!(named(&window.press(&scene, Key::Enter), "SendText").is_empty());
}

#[test]
fn sixteen_kib_go_and_one_byte_more_stays_with_a_word() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, &"x".repeat(TEXT_MAX + 1));
    window.settle(&scene);
    assert!(window.has("composer.count"), "it is said that it is too long");
    assert!(named(&window.press(&scene, Key::Enter), "SendText").is_empty());
    window.press(&scene, Key::Backspace);
    let actions = window.press(&scene, Key::Enter);
    assert!(
        matches!(named(&actions, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text.len() == TEXT_MAX)
    );
}

#[test]
fn up_in_an_empty_composer_edits_the_last_own_message() {
    let scene = talk();
    let mut window = Window::open(&scene);
    assert!(window.press(&scene, Key::ArrowUp).is_empty());
    window.write(&scene, " Indeed.");
    let actions = window.press(&scene, Key::Enter);
    let expected = UiAction::EditText {
        channel: channel(1),
        message: key(0, 2),
        text: "That is the best thing anyone can say about a server. Indeed.".into(),
    };
    assert_eq!(actions, [expected]);
}

#[test]
fn an_edit_that_changes_nothing_or_empties_does_nothing() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.press(&scene, Key::ArrowUp);
    assert!(window.press(&scene, Key::Enter).is_empty(), "unchanged");
    window.press(&scene, Key::ArrowUp);
    window.key(&scene, Key::A, Modifiers::COMMAND);
    window.press(&scene, Key::Delete);
    assert!(window.press(&scene, Key::Enter).is_empty(), "emptied");
}

#[test]
fn escape_gives_up_an_edit_and_puts_the_draft_back() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "a draft");
    // Up would move in the text: the tools of the message edit it.
    let row = window.place("message.1");
    window.frame(&scene, vec![egui::Event::PointerMoved(row.center())]);
    window.settle(&scene);
    window.click(&scene, "tool.edit");
    window.settle(&scene);
    assert!(window.has("composer.cancel"));
    window.press(&scene, Key::Escape);
    window.settle(&scene);
    assert!(!window.has("composer.cancel"));
    let actions = window.press(&scene, Key::Enter);
    assert!(matches!(named(&actions, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text == "a draft"));
}

#[test]
fn a_reply_carries_what_it_answers_and_escape_drops_it() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let reply = |window: &mut Window| {
        let row = window.place("message.0");
        window.frame(&scene, vec![egui::Event::PointerMoved(row.center())]);
        window.settle(&scene);
        window.click(&scene, "tool.reply");
        window.settle(&scene);
    };
    reply(&mut window);
    window.write(&scene, "Seven it is");
    let actions = window.press(&scene, Key::Enter);
    let expected = UiAction::SendText {
        channel: channel(1),
        text: "Seven it is".into(),
        reply_to: Some(key(1, 3)),
    };
    assert_eq!(named(&actions, "SendText"), [&expected]);

    reply(&mut window);
    window.press(&scene, Key::Escape);
    window.write(&scene, "On its own");
    let actions = window.press(&scene, Key::Enter);
    assert!(matches!(
        named(&actions, "SendText").as_slice(),
        [UiAction::SendText { reply_to: None, .. }]
    ));
}

#[test]
fn drafts_are_given_once_after_a_pause_and_at_once_when_leaving() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "half a th");
    let mut actions = Vec::new();
    for _ in 0..30 {
        actions.extend(window.frame(&scene, Vec::new()));
    }
    let expected = UiAction::DraftChanged {
        channel: channel(1),
        text: "half a th".into(),
    };
    assert_eq!(named(&actions, "DraftChanged"), [&expected]);

    window.write(&scene, "ought");
    let home = Scene::pane("home", MainPane::Empty);
    let actions = window.settle(&home);
    let expected = UiAction::DraftChanged {
        channel: channel(1),
        text: "half a thought".into(),
    };
    assert_eq!(named(&actions, "DraftChanged"), [&expected]);
}

#[test]
fn a_kept_draft_stands_in_the_composer_and_sending_it_clears_it() {
    let scene = Scene::talk(
        "draft",
        ConversationView {
            draft: "kept".into(),
            draft_rev: 4,
            ..conversation()
        },
    );
    let mut window = Window::open(&scene);
    let actions = window.press(&scene, Key::Enter);
    assert!(matches!(named(&actions, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text == "kept"));
    let mut later = Vec::new();
    for _ in 0..30 {
        later.extend(window.frame(&scene, Vec::new()));
    }
    assert_eq!(
        named(&later, "DraftChanged"),
        [&UiAction::DraftChanged {
            channel: channel(1),
            text: String::new()
        }]
    );
}

#[test]
fn typing_is_told_at_most_every_three_seconds() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let mut told = 0;
    // Four seconds of typing, a letter every twentieth of a second.
    for _ in 0..80 {
        told += named(&window.write(&scene, "x"), "Typing").len();
    }
    assert_eq!(told, 2);
}

#[test]
fn typing_anywhere_writes_into_the_composer() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.click_at(&scene, egui::pos2(700.0, 100.0));
    window.settle(&scene);
    window.write(&scene, "hi");
    let actions = window.press(&scene, Key::Enter);
    assert!(matches!(named(&actions, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text == "hi"));
}

#[test]
fn nothing_can_be_written_to_somebody_blocked() {
    let scene = Scene::talk(
        "blocked",
        ConversationView {
            blocked: true,
            ..conversation()
        },
    );
    let mut window = Window::open(&scene);
    assert!(!window.has("composer.input"));
    window.write(&scene, "hello");
    assert!(window.press(&scene, Key::Enter).is_empty());
    assert_eq!(
        window.click(&scene, "talk.unblock"),
        [UiAction::UnblockContact(sample::peer(1))]
    );
}

// ==== what hangs on a message ====

#[test]
fn reactions_are_given_and_taken_back_by_a_click() {
    let mut view = conversation();
    let scene = Scene::talk("talk", view.clone());
    let mut window = Window::open(&scene);
    let react = |on| UiAction::React {
        channel: channel(1),
        message: key(0, 2),
        emoji: "✨".into(),
        on,
    };
    assert_eq!(window.click(&scene, "message.1.reaction.0"), [react(true)]);
    view.messages[1].reactions[0].mine = true;
    let scene = Scene::talk("talk", view);
    window.settle(&scene);
    assert_eq!(window.click(&scene, "message.1.reaction.0"), [react(false)]);
}

#[test]
fn a_reaction_is_picked_from_the_picker() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let row = window.place("message.0");
    window.frame(&scene, vec![egui::Event::PointerMoved(row.center())]);
    window.settle(&scene);
    window.click(&scene, "tool.react");
    window.settle(&scene);
    let actions = window.click(&scene, "emoji.0");
    let expected = UiAction::React {
        channel: channel(1),
        message: key(1, 3),
        emoji: "👍".into(),
        on: true,
    };
    assert_eq!(actions, [expected]);
    window.settle(&scene);
    assert!(!window.has("emoji.0"), "the picker closes");
}

#[test]
fn others_messages_can_neither_be_edited_nor_deleted() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let row = window.place("message.0");
    window.frame(&scene, vec![egui::Event::PointerMoved(row.center())]);
    window.settle(&scene);
    assert!(window.has("tool.copy") && !window.has("tool.edit") && !window.has("tool.delete"));
}

#[test]
fn deleting_blocking_and_removing_ask_first() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let row = window.place("message.1");
    window.frame(&scene, vec![egui::Event::PointerMoved(row.center())]);
    window.settle(&scene);
    assert!(window.click(&scene, "tool.delete").is_empty());
    window.settle(&scene);
    assert!(window.click(&scene, "dialog.no").is_empty());

    let expected = [
        ("menu.block", UiAction::BlockContact(sample::peer(1))),
        ("menu.remove", UiAction::RemoveContact(sample::peer(1))),
    ];
    for (item, action) in expected {
        window.settle(&scene);
        window.click(&scene, "talk.menu");
        window.settle(&scene);
        assert!(window.click(&scene, item).is_empty(), "{item} asks");
        window.settle(&scene);
        assert_eq!(window.click(&scene, "dialog.yes"), [action]);
    }
}

#[test]
fn escape_answers_a_question_with_no() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.click(&scene, "talk.menu");
    window.settle(&scene);
    window.click(&scene, "menu.remove");
    window.settle(&scene);
    assert!(window.has("dialog.yes"));
    assert!(window.press(&scene, Key::Escape).is_empty());
    window.settle(&scene);
    assert!(!window.has("dialog.yes"));
}

#[test]
fn a_contact_is_renamed_by_enter() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.click(&scene, "talk.menu");
    window.settle(&scene);
    window.click(&scene, "menu.rename");
    window.settle(&scene);
    window.key(&scene, Key::A, Modifiers::COMMAND);
    window.write(&scene, " Ria ");
    let actions = window.press(&scene, Key::Enter);
    assert_eq!(
        actions,
        [UiAction::RenameContact {
            peer: sample::peer(1),
            name: "Ria".into()
        }]
    );
}

#[test]
fn a_link_opens_only_after_it_was_confirmed_and_code_is_never_a_link() {
    let mut view = conversation();
    view.messages = vec![message(1, 9, sample::NOW, "javascript:alert(1) https://example.org/a")];
    view.first_unread = None;
    let scene = Scene::talk("links", view);
    let mut window = Window::open(&scene);
    assert!(!window.has("message.0.link.1"), "one link, not two");
    assert!(window.click(&scene, "message.0.link.0").is_empty());
    window.settle(&scene);
    assert_eq!(
        window.click(&scene, "dialog.yes"),
        [UiAction::OpenLink("https://example.org/a".into())]
    );
}

#[test]
fn text_is_selected_by_dragging_and_copied() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let row = window.place("message.0");
    // From the first letter of the text to far beyond its end.
    let (from, to) = (
        egui::pos2(row.left() + 53.0, row.top() + 34.0),
        egui::pos2(row.right() - 4.0, row.top() + 36.0),
    );
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for events in [
        vec![Event::PointerMoved(from)],
        vec![button(from, true)],
        vec![Event::PointerMoved(to)],
        vec![Event::PointerMoved(to)],
        vec![button(to, false)],
    ] {
        window.frame(&scene, events);
    }
    window.frame(&scene, vec![Event::Copy]);
    let copied = window.copied.clone().unwrap_or_default();
    assert!(copied.starts_with("Call at seven? Callisto wants"), "{copied:?}");
}

#[test]
fn failed_messages_are_tried_again_or_given_up() {
    let scene = Scene::talk("busy", sample::busy_conversation());
    let mut window = Window::open(&scene);
    let failed = match &sample::busy_conversation()
        .messages
        .iter()
        .rev()
        .nth(1)
        .unwrap()
        .delivery
    {
        Some(Delivery::Failed(_)) => sample::busy_conversation().messages.iter().rev().nth(1).unwrap().key,
        other => panic!("{other:?}"),
    };
    let (channel, message) = (channel(1), failed);
    assert_eq!(
        window.click(&scene, "message.1.retry"),
        [UiAction::RetryMessage { channel, message }]
    );
    assert_eq!(
        window.click(&scene, "message.1.cancel"),
        [UiAction::CancelMessage { channel, message }]
    );
}

#[test]
fn a_quote_leads_to_what_it_quotes() {
    let scene = talk();
    let mut window = Window::open(&scene);
    let expected = UiAction::JumpTo {
        channel: channel(1),
        message: key(1, 1),
    };
    assert_eq!(window.click(&scene, "message.1.quote"), [expected]);
}
