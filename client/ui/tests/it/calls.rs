//! Calls, and what lies over every screen: keys, who sees whose address, notices.

use egui::{Key, Modifiers};
use orrery_ui::UiAction;
use orrery_ui::view::*;

use crate::drive::{Window, named};
use crate::sample::{self, Scene, error, scenes};

/// Ctrl and Shift as a keyboard says them: Ctrl is itself and the key of commands.
const KEYS: Modifiers = Modifiers::CTRL.plus(Modifiers::COMMAND).plus(Modifiers::SHIFT);

fn scene(name: &str) -> Scene {
    scenes().into_iter().find(|scene| scene.name == name).unwrap()
}

/// The home screen of a scene, to be changed.
fn home(scene: &mut Scene) -> &mut HomeView {
    let ScreenView::Home(home) = &mut scene.screen else {
        panic!("not at home")
    };
    home
}

fn in_call(change: impl FnOnce(&mut CallView)) -> Scene {
    let mut call = sample::call(sample::active());
    change(&mut call);
    Scene::call("in a call", call, 4)
}

#[test]
fn whoever_is_deafened_is_offered_to_unmute_and_not_to_mute() {
    let mut scene = in_call(|call| call.deafened = true);
    home(&mut scene).me.deafened = true;
    let mut window = Window::open(&scene);
    let unmute = [UiAction::SetMuted(false)];
    assert_eq!(window.click(&scene, "call.mute"), unmute);
    assert_eq!(window.click(&scene, "me.mute"), unmute);
    assert_eq!(window.press(&scene, Key::M), unmute);
    assert_eq!(window.key(&scene, Key::M, KEYS), unmute);
    window.key(&scene, Key::K, Modifiers::COMMAND);
    window.write(&scene, "unmute");
    assert_eq!(window.press(&scene, Key::Enter), unmute);
}

#[test]
fn a_call_is_left_by_its_key_from_anywhere_and_no_letter_is_lost() {
    let mut talking = scene("talk-in-call");
    let mut window = Window::open(&talking);
    window.write(&talking, "hello");
    let leave = [UiAction::LeaveCall(sample::call_key())];
    assert_eq!(window.key(&talking, Key::H, KEYS), leave);
    home(&mut talking).call = None;
    window.settle(&talking);
    assert!(named(&window.key(&talking, Key::H, KEYS), "LeaveCall").is_empty());
    let sent = window.press(&talking, Key::Enter);
    assert!(
        matches!(named(&sent, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text == "hello"),
        "{sent:?}"
    );

    let ringing = scene("call-ringing");
    let mut window = Window::open(&ringing);
    assert_eq!(window.key(&ringing, Key::H, KEYS), leave, "it stops ringing too");
    let ended = scene("call-ended");
    let mut window = Window::open(&ended);
    assert!(window.key(&ended, Key::H, KEYS).is_empty());
}

#[test]
fn a_ringing_call_is_taken_or_declined_by_key_while_writing_and_over_a_question() {
    let ringing = |name| Scene {
        incoming: Some(sample::incoming()),
        ..scene(name)
    };
    let (accept, decline) = (
        [UiAction::AcceptCall(sample::call_key())],
        [UiAction::DeclineCall(sample::call_key())],
    );
    for name in ["talk", "settings", "call-4", "home"] {
        let scene = ringing(name);
        let mut window = Window::open(&scene);
        assert_eq!(window.key(&scene, Key::A, KEYS), accept, "{name}");
        assert_eq!(window.key(&scene, Key::R, KEYS), decline, "{name}");
    }
    let adding = ringing("add-contact");
    let mut asked = Window::open(&adding);
    let mut quiet = scene("add-contact");
    home(&mut quiet).requests_in = vec![RequestIn {
        peer: sample::peer(9),
        name: "Ariel".into(),
        doubt: None,
        at_ms: sample::NOW,
    }];
    asked.settle(&quiet);
    asked.click(&quiet, "request.0.block");
    asked.settle(&quiet);
    assert!(asked.has("dialog.yes"));
    assert_eq!(asked.key(&adding, Key::A, KEYS), accept);

    let silent = scene("talk");
    let mut window = Window::open(&silent);
    assert!(window.key(&silent, Key::A, KEYS).is_empty(), "nothing rings");
}

#[test]
fn the_palette_offers_what_rings_first() {
    let scene = Scene {
        incoming: Some(sample::incoming()),
        ..scene("talk")
    };
    let mut window = Window::open(&scene);
    window.key(&scene, Key::K, Modifiers::COMMAND);
    window.settle(&scene);
    assert!(window.says("Accept the call from Rhea"));
    window.write(&scene, "decline");
    assert_eq!(
        window.press(&scene, Key::Enter),
        [UiAction::DeclineCall(sample::call_key())]
    );
}

#[test]
fn it_is_said_of_each_stranger_in_each_call_that_they_see_the_address() {
    let ariel = || sample::stranger(9, "Ariel");
    let one = in_call(|call| call.strangers = vec![ariel()]);
    let mut window = Window::open(&one);
    assert!(window.says("Ariel can see this computer"));
    window.click(&one, "call.note_close");
    window.settle(&one);
    assert!(!window.says("can see this computer"), "it was read");

    let two = in_call(|call| call.strangers = vec![ariel(), sample::stranger(7, "Umbriel")]);
    window.settle(&two);
    assert!(
        window.says("Umbriel can see this computer"),
        "of the new one it was not"
    );

    let next = in_call(|call| {
        call.call = CallKey([8; 16]);
        call.strangers = vec![ariel()];
    });
    window.settle(&next);
    assert!(window.says("Ariel can see this computer"), "another call");
}

#[test]
fn everything_that_is_wrong_with_sound_is_said() {
    let scene = in_call(|call| call.trouble = vec![error("no_input_device"), error("no_output_device")]);
    let window = Window::open(&scene);
    assert!(window.says("No microphone was found") && window.says("No loudspeaker"));
}

fn toast(notice: Notice) -> Scene {
    Scene {
        toasts: vec![ToastView {
            id: 1,
            notice,
            channel: None,
            peer: None,
        }],
        ..scene("home")
    }
}

#[test]
fn a_notice_that_leads_nowhere_is_passed_by_the_keyboard_and_a_request_leads_to_its_answer() {
    let request = toast(Notice::Request { name: "Ariel".into() });
    let mut window = Window::open(&request);
    let at = window.place("toast.1").left_center() + egui::vec2(120.0, 0.0);
    assert_eq!(
        window.click_at(&request, at),
        [UiAction::DismissToast(1), UiAction::OpenAddContact]
    );

    let copied = toast(Notice::Copied);
    let mut window = Window::open(&copied);
    let at = window.place("toast.1").left_center() + egui::vec2(120.0, 0.0);
    assert!(window.click_at(&copied, at).is_empty());
    let focused = |window: &Window| window.ctx.memory(|memory| memory.focused());
    for _ in 0..40 {
        window.press(&copied, Key::Tab);
        assert_ne!(focused(&window), Some(egui::Id::new(("orrery", "toast.1"))));
    }
}

#[test]
fn the_programs_own_words_are_said_to_their_end() {
    let scene = toast(Notice::BindingFailed { name: "Rhea".into() });
    let window = Window::open(&scene);
    let rect = window.place("toast.1");
    assert!(window.says("tell Rhea another way"));
    assert!(rect.height() > 140.0, "nothing is cut: {rect:?}");
}

#[test]
fn who_is_connected_elsewhere_can_connect_here() {
    let replaced = Scene {
        banner: Some(BannerView {
            error: error("replaced"),
            level: Level::Warn,
            retry_at_ms: None,
            button: Some(BannerButton::ConnectHere),
            closes: false,
        }),
        ..scene("talk")
    };
    let mut window = Window::open(&replaced);
    assert!(window.says("open on another computer") && window.says("Connect here"));
    assert_eq!(window.click(&replaced, "banner.button"), [UiAction::RetryConnection]);
}

#[test]
fn a_banner_that_was_read_can_be_closed() {
    let mut clock = Scene {
        banner: Some(BannerView {
            error: error("clock_skew"),
            level: Level::Warn,
            retry_at_ms: None,
            button: None,
            closes: true,
        }),
        ..scene("talk")
    };
    let mut window = Window::open(&clock);
    assert_eq!(
        window.click(&clock, "banner.close"),
        [UiAction::DismissBanner("clock_skew".into())]
    );
    clock.banner = Some(sample::offline());
    window.settle(&clock);
    assert!(!window.has("banner.close"));
}
