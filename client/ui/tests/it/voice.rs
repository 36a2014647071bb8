//! One's own voice: the sound section, one's own keys, other people's volumes.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, pos2, vec2};
use orrery_ui::view::*;
use orrery_ui::{Setting, UiAction};

use crate::drive::{WIDE, Window, named};
use crate::sample::{self, Scene};

/// Tall enough for a whole section without scrolling.
const TALL: egui::Vec2 = vec2(1280.0, 2400.0);
const CTRL: Modifiers = Modifiers::CTRL.plus(Modifiers::COMMAND);

fn sound(change: impl FnOnce(&mut SettingsView, &mut KeysView)) -> Scene {
    let (mut view, mut keys) = (sample::settings(), sample::keys());
    change(&mut view, &mut keys);
    let mut home = sample::home(MainPane::Settings(Box::new(view)));
    home.keys = keys;
    Scene::home("sound", home)
}

fn open_sound(scene: &Scene) -> Window {
    let mut window = Window::new(TALL);
    window.settle(scene);
    window.click(scene, "settings.tab.sound");
    window.settle(scene);
    window
}

pub(crate) fn in_call(change: impl FnOnce(&mut CallView, &mut KeysView)) -> Scene {
    let (mut call, mut keys) = (sample::call(sample::active()), sample::keys());
    change(&mut call, &mut keys);
    let mut scene = Scene::call("in a call", call, 4);
    let ScreenView::Home(home) = &mut scene.screen else {
        unreachable!()
    };
    home.keys = keys;
    scene
}

fn talking() -> Scene {
    in_call(|call, keys| {
        keys.talks = true;
        call.talk = Some(TalkKeyView {
            mutes: false,
            key: Some("F8".into()),
        });
    })
}

fn key(key: Key, modifiers: Modifiers, pressed: bool, repeat: bool) -> Event {
    Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat,
        modifiers,
    }
}

fn set(actions: &[UiAction]) -> Vec<&Setting> {
    actions
        .iter()
        .filter_map(|action| match action {
            UiAction::Set(setting) => Some(setting),
            _ => None,
        })
        .collect()
}

#[test]
fn the_talk_key_is_told_once_down_and_once_up_whatever_repeats_and_whatever_is_let_go_first() {
    let scene = in_call(|_, keys| {
        keys.talks = true;
        keys.talk = Some("Ctrl+F8".into());
    });
    let mut window = Window::open(&scene);
    let down = window.frame(&scene, vec![key(Key::F8, CTRL, true, false)]);
    assert_eq!(down, [UiAction::HoldTalkKey(true)]);
    assert!(window.frame(&scene, vec![key(Key::F8, CTRL, true, true)]).is_empty());
    // Ctrl is up already.
    let up = window.frame(&scene, vec![key(Key::F8, Modifiers::NONE, false, false)]);
    assert_eq!(up, [UiAction::HoldTalkKey(false)]);
    assert!(
        window
            .frame(&scene, vec![key(Key::F8, Modifiers::NONE, true, false)])
            .is_empty(),
        "without Ctrl it is another key"
    );
}

#[test]
fn the_talk_key_comes_up_when_the_window_loses_the_focus_or_the_call_ends() {
    let scene = talking();
    let mut window = Window::open(&scene);
    window.frame(&scene, vec![key(Key::F8, Modifiers::NONE, true, false)]);
    window.focused = false;
    assert_eq!(window.frame(&scene, Vec::new()), [UiAction::HoldTalkKey(false)]);
    window.focused = true;
    // As the window library says of every key when the focus goes.
    assert!(
        window
            .frame(&scene, vec![key(Key::F8, Modifiers::NONE, false, false)])
            .is_empty()
    );
    window.frame(&scene, vec![key(Key::F8, Modifiers::NONE, true, false)]);
    let over = in_call(|_, _| {});
    assert_eq!(window.frame(&over, Vec::new()), [UiAction::HoldTalkKey(false)]);
    assert!(
        window
            .frame(&over, vec![key(Key::F8, Modifiers::NONE, true, false)])
            .is_empty(),
        "outside push to talk it means nothing"
    );
}

#[test]
fn ones_own_keys_count_while_writing_and_write_nothing() {
    let scenes = sample::scenes();
    let scene = scenes.iter().find(|scene| scene.name == "talk-in-call").unwrap();
    let mut window = Window::open(scene);
    window.write(scene, "hello");
    // Alt and a letter also writes the letter on some systems.
    let held = Modifiers::ALT.plus(CTRL);
    let actions = window.frame(scene, vec![key(Key::M, held, true, false), Event::Text("m".into())]);
    assert_eq!(named(&actions, "SetMuted").len(), 1, "{actions:?}");
    let sent = window.press(scene, Key::Enter);
    assert!(
        matches!(named(&sent, "SendText").as_slice(), [UiAction::SendText { text, .. }] if text == "hello"),
        "{sent:?}"
    );
}

#[test]
fn the_button_for_talking_talks_while_it_is_pressed_and_says_the_key() {
    let mut scene = talking();
    let mut window = Window::open(&scene);
    assert!(window.says("Hold F8 to talk"));
    let pos = window.place("call.talk").center();
    let button = |pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.frame(&scene, vec![Event::PointerMoved(pos)]);
    assert_eq!(window.frame(&scene, vec![button(true)]), [UiAction::HoldTalkKey(true)]);
    scene.meters.talk_held = true;
    assert!(window.settle(&scene).is_empty());
    assert!(window.says("You are heard"));
    assert_eq!(
        window.frame(&scene, vec![button(false)]),
        [UiAction::HoldTalkKey(false)]
    );
    // Turned to something else while it is pressed: nobody sees it come up.
    scene.meters.talk_held = false;
    window.frame(&scene, vec![button(true)]);
    let mut elsewhere = Scene::pane("elsewhere", MainPane::Empty);
    if let ScreenView::Home(home) = &mut elsewhere.screen {
        home.keys.talks = true;
    }
    assert_eq!(window.settle(&elsewhere), [UiAction::HoldTalkKey(false)]);
    let plain = in_call(|_, _| {});
    window.settle(&plain);
    assert!(!window.has("call.talk"));
}

#[test]
fn a_key_is_recorded_whatever_else_it_would_do_and_escape_gives_up() {
    let scene = sound(|view, keys| {
        view.voice.transmit = Transmit::PushToTalk;
        keys.talk = None;
    });
    let mut window = open_sound(&scene);
    let record = |window: &mut Window| {
        window.click(&scene, "settings.key.talk");
        window.settle(&scene);
        assert!(window.says("Press a key"));
    };
    record(&mut window);
    assert!(set(&window.key(&scene, Key::V, Modifiers::NONE)).is_empty());
    window.settle(&scene);
    assert!(window.says("could not write it"), "a letter is for writing");
    assert!(set(&window.key(&scene, Key::K, CTRL)).is_empty());
    window.settle(&scene);
    assert!(window.says("Orrery uses this one itself") && !window.has("palette.input"));
    assert!(set(&window.key(&scene, Key::M, CTRL.plus(Modifiers::ALT))).is_empty());
    window.settle(&scene);
    assert!(window.says("already another of your own"));
    assert_eq!(
        set(&window.key(&scene, Key::F9, Modifiers::SHIFT)),
        [&Setting::Key(KeyUse::Talk, Some("Shift+F9".into()))]
    );
    window.settle(&scene);
    assert!(!window.says("Press a key"));

    record(&mut window);
    assert!(
        window.press(&scene, Key::Escape).is_empty(),
        "it leaves the field and not the settings"
    );
    window.settle(&scene);
    assert!(!window.says("Press a key"));
    assert!(set(&window.key(&scene, Key::F9, Modifiers::NONE)).is_empty());
}

#[test]
fn why_a_key_is_not_taken_comes_into_sight() {
    let scene = sound(|view, _| view.voice.transmit = Transmit::PushToTalk);
    let mut window = Window::open(&scene);
    window.click(&scene, "settings.tab.sound");
    window.settle(&scene);
    let before = window.place("settings.key.talk");
    window.click(&scene, "settings.key.talk");
    window.press(&scene, Key::V);
    for _ in 0..20 {
        window.settle(&scene);
    }
    let after = window.place("settings.key.talk");
    assert!(before.bottom() > WIDE.y - 60.0, "at the foot of the window: {before:?}");
    assert!(after.bottom() < WIDE.y - 60.0, "{after:?}");
    assert!(window.says("could not write it"));
}

#[test]
fn a_key_is_recorded_and_taken_out_by_the_keyboard_alone() {
    let scene = sound(|_, _| {});
    let mut window = Window::new(TALL);
    window.settle(&scene);
    window.click(&scene, "settings.tab.keys");
    window.settle(&scene);
    let focus = |window: &Window, name: &str| {
        let id = egui::Id::new(("orrery", name));
        window.ctx.memory_mut(|memory| memory.request_focus(id));
    };
    focus(&window, "settings.key.mute");
    window.press(&scene, Key::Enter);
    assert_eq!(
        set(&window.press(&scene, Key::F7)),
        [&Setting::Key(KeyUse::Mute, Some("F7".into()))]
    );
    focus(&window, "settings.key.talk.clear");
    assert_eq!(
        set(&window.press(&scene, Key::Enter)),
        [&Setting::Key(KeyUse::Talk, None)]
    );
}

#[test]
fn the_talk_key_is_asked_for_where_it_means_something_and_the_truth_is_told_of_it() {
    for (mode, asks) in [
        (Transmit::Voice, false),
        (Transmit::Always, false),
        (Transmit::PushToTalk, true),
        (Transmit::PushToMute, true),
    ] {
        let window = open_sound(&sound(|view, _| view.voice.transmit = mode));
        assert_eq!(window.has("settings.key.talk"), asks, "{mode:?}");
        assert_eq!(window.has("settings.gate"), mode == Transmit::Voice, "{mode:?}");
    }
    let reach = |reach, taken: Vec<KeyUse>| {
        open_sound(&sound(|view, keys| {
            view.voice.transmit = Transmit::PushToTalk;
            (keys.reach, keys.taken) = (reach, taken);
        }))
    };
    assert!(reach(KeyReach::Everywhere, Vec::new()).says("also heard while another window"));
    let here = reach(KeyReach::Here, Vec::new());
    assert!(here.says("lets no program hear keys") && here.says("orrery --trigger talk-toggle"));
    assert!(reach(KeyReach::Everywhere, vec![KeyUse::Talk]).says("Another program holds this key"));
}

#[test]
fn the_gates_mark_is_dragged_clicked_and_moved_by_keys() {
    let mut scene = sound(|_, _| {});
    scene.meters.gate = 0.3;
    let mut window = open_sound(&scene);
    let meter = window.place("settings.gate");
    let actions = window.click_at(&scene, meter.center());
    assert!(set(&actions).contains(&&Setting::Gate(Some(-30.0))), "{actions:?}");
    let fixed = sound(|view, _| view.voice.gate_db = Some(-30.0));
    window.settle(&fixed);
    assert!(window.says("By hand: −30 dB"));
    window
        .ctx
        .memory_mut(|memory| memory.request_focus(egui::Id::new(("orrery", "settings.gate"))));
    window.settle(&fixed);
    assert_eq!(
        set(&window.press(&fixed, Key::ArrowLeft)),
        [&Setting::Gate(Some(-31.0))]
    );
    assert_eq!(
        set(&window.click(&fixed, "settings.gate_mode.auto")),
        [&Setting::Gate(None)]
    );
    // By hand begins where the mark stands.
    window.settle(&scene);
    assert_eq!(
        set(&window.click(&scene, "settings.gate_mode.fixed")),
        [&Setting::Gate(Some(-42.0))]
    );
}

#[test]
fn what_is_done_to_ones_own_voice_is_chosen() {
    let scene = sound(|_, _| {});
    let mut window = open_sound(&scene);
    for (name, setting) in [
        ("settings.noise.strong", Setting::Noise(Noise::Strong)),
        ("settings.echo", Setting::EchoCancellation(false)),
        ("settings.auto_gain", Setting::AutoGain(false)),
        ("settings.constant_bitrate", Setting::ConstantBitrate(true)),
        ("settings.positional", Setting::Positional(true)),
    ] {
        assert_eq!(set(&window.click(&scene, name)), [&setting]);
    }
    window.click(&scene, "settings.transmit");
    window.settle(&scene);
    assert_eq!(
        set(&window.click(&scene, "settings.transmit.3")),
        [&Setting::Transmit(Transmit::PushToMute)]
    );
    let slider = window.place("settings.gate_hold");
    let actions = window.click_at(&scene, slider.right_center() - vec2(8.0, 0.0));
    assert!(set(&actions).contains(&&Setting::GateHold(2000)), "{actions:?}");
    let slider = window.place("settings.gate_attack");
    let actions = window.click_at(&scene, slider.left_center() + vec2(8.0, 0.0));
    assert!(set(&actions).contains(&&Setting::GateAttack(10)), "{actions:?}");
    let heard = window.click(&scene, "settings.mic_hear");
    assert_eq!(heard, [UiAction::MicTest { on: true, hear: true }]);
    let hearing = sound(|view, _| (view.mic_test, view.voice.hear) = (true, true));
    window.settle(&hearing);
    let stopped = window.click(&hearing, "settings.mic_hear");
    assert_eq!(stopped, [UiAction::MicTest { on: false, hear: false }]);
    let tested = window.click(&hearing, "settings.mic_test");
    assert_eq!(tested, [UiAction::MicTest { on: true, hear: false }]);
}

fn ranked() -> Scene {
    let one = |id: &str, name: &str, here| RankedView {
        id: id.into(),
        name: name.into(),
        here,
    };
    sound(|view, _| {
        view.voice.inputs = vec![
            one(
                "x",
                "A headset with a very long name that somebody once gave it in the factory",
                false,
            ),
            one("b", "USB Headset Mono", true),
        ];
    })
}

#[test]
fn a_ranked_device_moves_up_down_and_out_and_another_is_added() {
    let scene = ranked();
    let mut window = open_sound(&scene);
    assert!(window.says("not connected"));
    let ids = |ids: &[&str]| Setting::InputRanked(ids.iter().map(|id| (*id).to_owned()).collect());
    assert!(!window.has("settings.input_ranked.0.up") && !window.has("settings.input_ranked.1.down"));
    assert_eq!(
        set(&window.click(&scene, "settings.input_ranked.1.up")),
        [&ids(&["b", "x"])]
    );
    assert_eq!(
        set(&window.click(&scene, "settings.input_ranked.0.down")),
        [&ids(&["b", "x"])]
    );
    assert_eq!(
        set(&window.click(&scene, "settings.input_ranked.0.out")),
        [&ids(&["b"])]
    );
    window.click(&scene, "settings.input_ranked.add");
    window.settle(&scene);
    assert_eq!(
        set(&window.click(&scene, "settings.input_ranked.add.1")),
        [&ids(&["x", "b", "a"])]
    );
}

#[test]
fn the_keyboard_stays_with_a_device_that_moves() {
    let scene = ranked();
    let mut window = open_sound(&scene);
    let id = egui::Id::new(("orrery", "settings.input_ranked", "out", "b"));
    window.ctx.memory_mut(|memory| memory.request_focus(id));
    window.settle(&scene);
    let swapped = sound(|view, _| {
        view.voice.inputs = match &ranked().screen {
            ScreenView::Home(home) => match &home.main {
                MainPane::Settings(view) => view.voice.inputs.iter().rev().cloned().collect(),
                _ => unreachable!(),
            },
            _ => unreachable!(),
        };
    });
    window.settle(&swapped);
    let out = set(&window.press(&swapped, Key::Enter)).len();
    assert_eq!(out, 1);
    assert_eq!(window.ctx.memory(|memory| memory.focused()), Some(id));
}

/// Opens the menu of the second person.
pub(crate) fn person(window: &mut Window, scene: &Scene) {
    window.click(scene, "call.plate.2");
    window.settle(scene);
    assert!(window.has("person.volume"));
}

#[test]
fn a_person_is_made_louder_softer_and_as_they_come_from_their_plate() {
    let scene = in_call(|_, _| {});
    let mut window = Window::open(&scene);
    person(&mut window, &scene);
    let peer = sample::peer(2);
    let slider = window.place("person.volume");
    let at = pos2(slider.right() - 8.0, slider.center().y);
    let actions = window.click_at(&scene, at);
    assert_eq!(
        named(&actions, "SetPeerVolume"),
        [&UiAction::SetPeerVolume { peer, percent: 200 }]
    );
    window
        .ctx
        .memory_mut(|memory| memory.request_focus(egui::Id::new(("orrery", "person.volume"))));
    window.settle(&scene);
    assert_eq!(
        window.press(&scene, Key::ArrowLeft),
        [UiAction::SetPeerVolume { peer, percent: 95 }]
    );
    assert_eq!(
        window.click(&scene, "person.silence"),
        [UiAction::SilencePeer { peer, silenced: true }]
    );
    assert!(!window.has("person.reset"), "it is as it comes");
}

#[test]
fn a_changed_volume_goes_back_by_double_click_key_and_button() {
    let scene = Scene {
        volume: Some((2, 60)),
        ..in_call(|_, _| {})
    };
    let mut window = Window::open(&scene);
    person(&mut window, &scene);
    let peer = sample::peer(2);
    let back = UiAction::SetPeerVolume { peer, percent: 100 };
    assert_eq!(window.click(&scene, "person.reset"), std::slice::from_ref(&back));
    window
        .ctx
        .memory_mut(|memory| memory.request_focus(egui::Id::new(("orrery", "person.volume"))));
    window.settle(&scene);
    assert_eq!(window.press(&scene, Key::Backspace), std::slice::from_ref(&back));
    let slider = window.place("person.volume");
    // Where it stands now: the first click changes nothing.
    let share = 60.0 / 200.0;
    let at = pos2(slider.left() + 8.0 + share * (slider.width() - 16.0), slider.center().y);
    let mut actions = window.click_at(&scene, at);
    actions.extend(window.click_at(&scene, at));
    assert_eq!(actions.last(), Some(&back), "{actions:?}");
}

#[test]
fn the_menu_of_a_person_opens_by_the_other_button_and_by_the_keyboard_and_closes_again() {
    let scene = in_call(|_, _| {});
    let mut window = Window::open(&scene);
    let pos = window.place("call.plate.2").center();
    let button = |pressed| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    for event in [Event::PointerMoved(pos), button(true), button(false)] {
        window.frame(&scene, vec![event]);
    }
    window.settle(&scene);
    assert!(window.has("person.volume"));
    window.press(&scene, Key::Escape);
    window.settle(&scene);
    assert!(!window.has("person.volume"));
    let plate = egui::Id::new(("orrery", "plate", sample::peer(2).0));
    window.ctx.memory_mut(|memory| memory.request_focus(plate));
    window.settle(&scene);
    window.press(&scene, Key::Enter);
    window.settle(&scene);
    assert!(window.has("person.volume"));
    // The keyboard comes to the menu next.
    window.press(&scene, Key::Tab);
    let focused = window.ctx.memory(|memory| memory.focused());
    assert_eq!(focused, Some(egui::Id::new(("orrery", "person.volume"))));
    let me = window.place("call.plate.me").center();
    window.click_at(&scene, me);
    window.settle(&scene);
    assert!(
        !window.has("person.volume"),
        "a click elsewhere closes it, and one has no menu oneself"
    );
}

#[test]
fn what_is_set_and_heard_of_a_person_stands_on_the_plate() {
    let scene = Scene {
        volume: Some((2, 60)),
        silenced: Some(3),
        echo: Some(1),
        ..in_call(|_, _| {})
    };
    let mut window = Window::open(&scene);
    for words in ["60 %", "not heard", "echo of you", "Your voice comes back from Rhea"] {
        assert!(window.says(words), "{words}: {:?}", window.words);
    }
    window.click(&scene, "call.echo_close.0");
    window.settle(&scene);
    assert!(!window.says("Your voice comes back"), "it was read");
    assert!(window.says("echo of you"), "and is still so");
}

#[test]
fn the_whole_sound_section_and_every_menu_fit_their_window() {
    for size in [WIDE, vec2(2560.0, 1440.0), vec2(900.0, 600.0), vec2(360.0, 640.0)] {
        let scene = ranked();
        let mut window = Window::new(size);
        window.settle(&scene);
        window.click(&scene, "settings.tab.sound");
        window.settle(&scene);
        for (name, rect) in window
            .state
            .widgets()
            .iter()
            .filter(|(name, _)| name.starts_with("settings."))
        {
            assert!(
                rect.left() >= 0.0 && rect.right() <= size.x && rect.width() > 0.0,
                "{name} at {size:?}: {rect:?}"
            );
        }
        let call = talking();
        let mut window = Window::new(size);
        window.settle(&call);
        person(&mut window, &call);
        for (name, rect) in window.state.widgets().iter() {
            if name.starts_with("person.") || name.starts_with("call.talk") {
                let all = Rect::from_min_size(Pos2::ZERO, size).expand(0.5);
                assert!(all.contains_rect(rect), "{name} at {size:?}: {rect:?}");
            }
        }
    }
}
