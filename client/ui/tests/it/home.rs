//! Getting about: people, palette, calls, notices.

use egui::{Key, Modifiers};
use orrery_ui::UiAction;

use crate::drive::{WIDE, Window, named};
use crate::sample::{self, Scene, scenes};

fn scene(name: &str) -> Scene {
    scenes().into_iter().find(|scene| scene.name == name).unwrap()
}

#[test]
fn the_rail_and_the_list_lead_everywhere() {
    let scene = scene("home");
    let mut window = Window::open(&scene);
    assert_eq!(
        window.click(&scene, "home.contact.1"),
        [UiAction::OpenChannel(sample::channel(2))]
    );
    assert_eq!(window.click(&scene, "home.add_contact"), [UiAction::OpenAddContact]);
    assert_eq!(window.click(&scene, "home.settings"), [UiAction::OpenSettings]);
    assert_eq!(window.click(&scene, "home.request.0"), [UiAction::OpenAddContact]);
    assert_eq!(window.click(&scene, "me.mute"), [UiAction::SetMuted(true)]);
    assert_eq!(window.click(&scene, "me.deafen"), [UiAction::SetDeafened(true)]);
}

#[test]
fn a_row_is_pressed_by_enter_when_tab_has_reached_it() {
    let scene = scene("home");
    let mut window = Window::open(&scene);
    let mut reached = Vec::new();
    for _ in 0..12 {
        window.press(&scene, Key::Tab);
        reached.extend(window.press(&scene, Key::Enter).iter().map(UiAction::name));
    }
    for name in [
        "OpenAddContact",
        "OpenSettings",
        "OpenChannel",
        "SetMuted",
        "SetDeafened",
    ] {
        assert!(reached.contains(&name), "{name} among {reached:?}");
    }
}

#[test]
fn the_welcome_contact_is_one_button() {
    let scene = scene("home-alone");
    let mut window = Window::open(&scene);
    assert_eq!(window.click(&scene, "home.welcome"), [UiAction::AcceptWelcome]);
    assert_eq!(window.click(&scene, "welcome.dismiss"), [UiAction::DismissWelcome]);
}

#[test]
fn the_palette_finds_by_name_and_acts_once() {
    let scene = scene("home");
    let mut window = Window::open(&scene);
    assert!(window.key(&scene, Key::K, Modifiers::COMMAND).is_empty());
    assert!(window.has("palette.input"));
    window.write(&scene, "call dio");
    let actions = window.press(&scene, Key::Enter);
    assert_eq!(actions, [UiAction::StartCall(sample::channel(3))]);
    window.settle(&scene);
    assert!(!window.has("palette.input"), "it closes");
}

#[test]
fn the_palette_closes_by_escape_and_keeps_other_keys_to_itself() {
    let scene = scene("call-4");
    let mut window = Window::open(&scene);
    window.key(&scene, Key::K, Modifiers::COMMAND);
    window.settle(&scene);
    assert!(window.press(&scene, Key::M).is_empty(), "M is a letter here");
    assert!(window.press(&scene, Key::Escape).is_empty());
    window.settle(&scene);
    assert!(!window.has("palette.input"));
    assert_eq!(window.press(&scene, Key::M), [UiAction::SetMuted(true)]);
}

#[test]
fn a_call_is_steered_by_its_buttons_and_keys() {
    let scene = scene("call-4");
    let mut window = Window::open(&scene);
    assert!(window.state.call_stage().is_some());
    assert_eq!(window.click(&scene, "call.mute"), [UiAction::SetMuted(true)]);
    assert_eq!(window.click(&scene, "call.deafen"), [UiAction::SetDeafened(true)]);
    assert_eq!(
        window.click(&scene, "call.leave"),
        [UiAction::LeaveCall(sample::call_key())]
    );
    assert_eq!(window.press(&scene, Key::D), [UiAction::SetDeafened(true)]);
    window.click(&scene, "call.add");
    window.settle(&scene);
    let expected = UiAction::AddToCall {
        call: sample::call_key(),
        peer: sample::peer(4),
    };
    assert_eq!(window.click(&scene, "call.add.0"), [expected]);
}

#[test]
fn mute_works_from_anywhere_even_while_writing() {
    let scene = scene("talk");
    let mut window = Window::open(&scene);
    let mute = Modifiers::COMMAND | Modifiers::SHIFT;
    assert_eq!(window.key(&scene, Key::M, mute), [UiAction::SetMuted(true)]);
    assert_eq!(window.key(&scene, Key::D, mute), [UiAction::SetDeafened(true)]);
    assert!(
        named(&window.press(&scene, Key::M), "SetMuted").is_empty(),
        "a plain M is a letter in a conversation"
    );
}

#[test]
fn a_ringing_call_is_answered_over_any_screen_and_takes_no_keys() {
    for name in ["talk", "settings", "home", "call-4", "unlock"] {
        let scene = Scene {
            incoming: Some(sample::incoming()),
            ..scene(name)
        };
        let mut window = Window::open(&scene);
        assert_eq!(
            window.click(&scene, "call.accept"),
            [UiAction::AcceptCall(sample::call_key())],
            "{name}"
        );
        assert_eq!(
            window.click(&scene, "call.decline"),
            [UiAction::DeclineCall(sample::call_key())],
            "{name}"
        );
    }
    let scene = Scene {
        incoming: Some(sample::incoming()),
        ..scene("talk")
    };
    let mut window = Window::open(&scene);
    window.write(&scene, "hello");
    let actions = window.press(&scene, Key::Enter);
    assert_eq!(named(&actions, "SendText").len(), 1, "the writer goes on writing");
    assert!(named(&actions, "AcceptCall").is_empty());
}

#[test]
fn a_ringing_call_is_answered_over_an_open_question() {
    let mut scene = scene("talk");
    let mut window = Window::open(&scene);
    window.key(&scene, Key::K, Modifiers::COMMAND);
    scene.incoming = Some(sample::incoming());
    window.settle(&scene);
    assert_eq!(
        window.click(&scene, "call.accept"),
        [UiAction::AcceptCall(sample::call_key())]
    );
}

#[test]
fn an_ended_call_offers_to_call_again_or_to_close() {
    let scene = scene("call-ended");
    let mut window = Window::open(&scene);
    assert_eq!(
        window.click(&scene, "call.again"),
        [UiAction::StartCall(sample::channel(1))]
    );
    assert_eq!(
        window.click(&scene, "call.close"),
        [UiAction::CloseCall(sample::call_key())]
    );
}

#[test]
fn notices_go_when_closed_and_lead_where_they_are_about() {
    let scene = scene("talk-offline");
    let mut window = Window::open(&scene);
    assert_eq!(window.click(&scene, "toast.1.close"), [UiAction::DismissToast(1)]);
    let rect = window.place("toast.2");
    let actions = window.click_at(&scene, rect.left_center() + egui::vec2(120.0, 0.0));
    assert_eq!(
        actions,
        [UiAction::DismissToast(2), UiAction::OpenChannel(sample::channel(2))]
    );
    assert_eq!(window.click(&scene, "banner.button"), [UiAction::RetryConnection]);
}

#[test]
fn escape_leaves_settings_and_a_narrow_window_has_a_way_back() {
    let scene = scene("settings");
    let mut window = Window::open(&scene);
    assert_eq!(window.press(&scene, Key::Escape), [UiAction::CloseMain]);
    let mut narrow = Window::new(egui::vec2(360.0, 640.0));
    narrow.settle(&scene);
    assert_eq!(narrow.click(&scene, "main.back"), [UiAction::CloseMain]);
}

#[test]
fn leaving_settings_leads_back_to_the_conversation_that_was_open() {
    let (talk, settings) = (scene("talk"), scene("settings"));
    let mut window = Window::open(&talk);
    window.settle(&settings);
    let back = [UiAction::OpenChannel(sample::channel(1))];
    assert_eq!(window.click(&settings, "rail.people"), back);
    assert_eq!(window.press(&settings, Key::Escape), back);
}

#[test]
fn conversations_are_changed_by_alt_and_arrows() {
    let scene = scene("talk");
    let mut window = Window::open(&scene);
    assert_eq!(
        window.key(&scene, Key::ArrowDown, Modifiers::ALT),
        [UiAction::OpenChannel(sample::channel(2))]
    );
    assert!(
        window.key(&scene, Key::ArrowUp, Modifiers::ALT).is_empty(),
        "the first has none before it"
    );
}

#[test]
fn passphrases_and_drafts_are_gone_with_their_screens() {
    let unlock = scene("unlock");
    let mut window = Window::new(WIDE);
    window.settle(&unlock);
    window.write(&unlock, "half a passphra");
    window.settle(&scene("home"));
    window.settle(&unlock);
    assert!(
        window.press(&unlock, Key::Enter).is_empty(),
        "nothing is left of what was typed"
    );
}
