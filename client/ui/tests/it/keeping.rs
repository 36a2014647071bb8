//! What a conversation keeps: drafts, texts that were refused, and what it has asked for.

use egui::{Key, Modifiers};
use orrery_ui::UiAction;
use orrery_ui::view::*;

use crate::drive::{Window, named};
use crate::sample::{self, Scene, channel, conversation, key, long_conversation};

fn talk() -> Scene {
    Scene::talk("talk", conversation())
}

/// Scrolls to the beginning of what is loaded; how often older messages were asked for on the way.
fn scroll_up(window: &mut Window, scene: &Scene) -> usize {
    let at = window.rect().center() + egui::vec2(160.0, -40.0);
    let actions: Vec<UiAction> = (0..12).flat_map(|_| window.wheel(scene, at, 900.0)).collect();
    named(&actions, "LoadOlder").len()
}

fn scroll_down(window: &mut Window, scene: &Scene) {
    let at = window.rect().center() + egui::vec2(160.0, -40.0);
    for _ in 0..12 {
        window.wheel(scene, at, -900.0);
    }
}

/// The texts that go when Enter is pressed.
fn sent(window: &mut Window, scene: &Scene) -> Vec<String> {
    let actions = window.press(scene, Key::Enter);
    let texts = named(&actions, "SendText").into_iter();
    texts
        .map(|action| match action {
            UiAction::SendText { text, .. } => text.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn returned(number: u64, text: &str) -> ReturnedText {
    ReturnedText {
        number,
        text: text.into(),
        reply_to: None,
        edits: None,
    }
}

#[test]
fn older_messages_are_asked_for_again_when_a_conversation_is_opened_again() {
    let scene = Scene::talk("long", long_conversation(80));
    let mut window = Window::open(&scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
    window.settle(&Scene::pane("home", MainPane::Empty));
    window.settle(&scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
}

#[test]
fn older_messages_are_asked_for_again_after_a_jump_and_back() {
    let scene = Scene::talk("long", long_conversation(80));
    let mut past = long_conversation(80);
    past.messages.drain(..20);
    past.has_older = false;
    let past = Scene::talk("past", past);
    let mut window = Window::open(&scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
    window.settle(&past);
    window.settle(&scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
}

#[test]
fn who_comes_back_to_an_end_that_could_not_be_loaded_asks_again() {
    let scene = Scene::talk("long", long_conversation(80));
    let mut window = Window::open(&scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
    assert_eq!(scroll_up(&mut window, &scene), 0, "not with every frame");
    scroll_down(&mut window, &scene);
    assert_eq!(scroll_up(&mut window, &scene), 1);
}

#[test]
fn the_way_to_the_newest_does_not_end_at_the_divider() {
    let newest = ConversationView {
        first_unread: Some(long_conversation(80).messages[30].key),
        ..long_conversation(80)
    };
    let mut around = newest.clone();
    around.messages.truncate(50);
    around.has_newer = true;
    let around = Scene::talk("around", around);
    let mut window = Window::open(&around);
    window.click(&around, "talk.jump_present");
    window.settle(&around);
    window.settle(&Scene::talk("newest", newest));
    assert!(window.has("message.0"));
}

#[test]
fn a_refused_text_comes_back_once_with_what_it_answered() {
    let mut window = Window::open(&talk());
    let scene = Scene::talk(
        "talk",
        ConversationView {
            returned: vec![ReturnedText {
                reply_to: Some(key(1, 3)),
                ..returned(1, "did not go")
            }],
            ..conversation()
        },
    );
    window.settle(&scene);
    let actions = window.press(&scene, Key::Enter);
    let expected = UiAction::SendText {
        channel: channel(1),
        text: "did not go".into(),
        reply_to: Some(key(1, 3)),
    };
    assert_eq!(named(&actions, "SendText"), [&expected]);
    assert!(sent(&mut window, &scene).is_empty(), "once");
}

#[test]
fn a_refused_text_stands_above_what_is_being_written() {
    let mut window = Window::open(&talk());
    window.write(&talk(), "the next one");
    let scene = Scene::talk(
        "talk",
        ConversationView {
            returned: vec![returned(1, "first"), returned(2, "second")],
            ..conversation()
        },
    );
    window.settle(&scene);
    assert_eq!(sent(&mut window, &scene), ["first\nsecond\nthe next one"]);
}

#[test]
fn a_refused_change_is_a_change_again_and_the_draft_waits_behind_it() {
    let mut window = Window::open(&talk());
    window.write(&talk(), "a draft");
    let scene = Scene::talk(
        "talk",
        ConversationView {
            returned: vec![ReturnedText {
                edits: Some(key(0, 2)),
                ..returned(1, "as it should read")
            }],
            ..conversation()
        },
    );
    window.settle(&scene);
    let actions = window.press(&scene, Key::Enter);
    let expected = UiAction::EditText {
        channel: channel(1),
        message: key(0, 2),
        text: "as it should read".into(),
    };
    assert_eq!(named(&actions, "EditText"), [&expected]);
    assert_eq!(sent(&mut window, &scene), ["a draft"]);
}

#[test]
fn a_draft_is_given_at_once_when_the_window_loses_the_focus() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "half a th");
    window.focused = false;
    let actions = window.frame(&scene, Vec::new());
    let expected = UiAction::DraftChanged {
        channel: channel(1),
        text: "half a th".into(),
    };
    assert_eq!(named(&actions, "DraftChanged"), [&expected]);
}

#[test]
fn what_was_typed_a_moment_ago_is_handed_out_before_the_program_ends() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "half a th");
    let draft = (channel(1), "half a th".to_owned());
    assert_eq!(window.state.take_drafts(), [draft]);
    assert!(window.state.take_drafts().is_empty(), "once");
}

#[test]
fn an_emoji_goes_where_the_caret_stands() {
    let scene = talk();
    let mut window = Window::open(&scene);
    window.write(&scene, "äb");
    window.press(&scene, Key::ArrowLeft);
    window.click(&scene, "composer.emoji");
    window.settle(&scene);
    window.click(&scene, "emoji.0");
    window.settle(&scene);
    window.write(&scene, "!");
    assert_eq!(sent(&mut window, &scene), ["ä👍!b"]);
}

#[test]
fn what_is_undone_in_one_conversation_is_never_another_s_text() {
    let first = talk();
    let second = Scene::talk(
        "second",
        ConversationView {
            channel: channel(2),
            peer: sample::peer(2),
            ..conversation()
        },
    );
    let mut window = Window::open(&first);
    window.write(&first, "for Rhea only");
    for _ in 0..30 {
        window.frame(&first, Vec::new());
    }
    window.settle(&second);
    window.write(&second, "x");
    for _ in 0..3 {
        window.key(&second, Key::Z, Modifiers::COMMAND);
        assert!(!window.says("for Rhea only"));
    }
}

#[test]
fn the_keyboard_stays_with_a_request_when_another_comes_in_above_it() {
    let adding = |names: &[(u8, &str)]| {
        let pane = MainPane::AddContact(Box::new(sample::add_contact(LinkCheck::Empty)));
        let requests = names.iter().map(|(n, name)| RequestIn {
            peer: sample::peer(*n),
            name: (*name).into(),
            doubt: None,
            at_ms: sample::NOW,
        });
        let home = HomeView {
            requests_in: requests.collect(),
            ..sample::home(pane)
        };
        Scene::home("adding", home)
    };
    let one = adding(&[(9, "Ariel")]);
    let mut window = Window::open(&one);
    let on_accept = |window: &Window| {
        let focused = window.ctx.memory(|memory| memory.focused());
        let rect = focused
            .and_then(|id| window.ctx.read_response(id))
            .map(|seen| seen.rect);
        rect == Some(window.place("request.0.accept"))
    };
    for _ in 0..40 {
        if on_accept(&window) {
            break;
        }
        window.press(&one, Key::Tab);
    }
    assert!(on_accept(&window));
    let two = adding(&[(8, "Umbriel"), (9, "Ariel")]);
    window.settle(&two);
    assert_eq!(
        window.press(&two, Key::Enter),
        [UiAction::AcceptRequest(sample::peer(9))]
    );
}

#[test]
fn a_new_link_is_made_only_after_it_was_confirmed() {
    let pane = MainPane::AddContact(Box::new(sample::add_contact(LinkCheck::Empty)));
    let scene = Scene::pane("adding", pane);
    let mut window = Window::open(&scene);
    assert!(window.click(&scene, "add.new_link").is_empty(), "it asks");
    window.settle(&scene);
    assert!(window.says("stops working"));
    assert_eq!(window.click(&scene, "dialog.yes"), [UiAction::NewLink]);
    let none = AddContactView::default();
    let scene = Scene::pane("adding", MainPane::AddContact(Box::new(none)));
    window.settle(&scene);
    assert!(!window.has("add.new_link"), "there is none yet");
}

#[test]
fn the_mark_on_the_rail_counts_what_the_app_counts() {
    let home = HomeView {
        unread: 42,
        ..sample::home(MainPane::Empty)
    };
    let window = Window::open(&Scene::home("home", home));
    assert!(window.says("42"));
}
