//! First start, unlocking, adding someone, settings.

use egui::{Key, Modifiers};
use orrery_ui::view::*;
use orrery_ui::{Setting, UiAction};

use crate::drive::{WIDE, Window, named};
use crate::sample::{self, Scene, error, scenes};

const PASSPHRASE: &str = "seven quiet moons over jupiter";

fn scene(name: &str) -> Scene {
    scenes().into_iter().find(|scene| scene.name == name).unwrap()
}

fn fill(window: &mut Window, scene: &Scene, again: &str) {
    window.write(scene, " Rhea ");
    for (name, text) in [("firststart.passphrase", PASSPHRASE), ("firststart.again", again)] {
        window.click(scene, name);
        window.write(scene, text);
    }
}

#[test]
fn a_filled_form_makes_one_profile_by_enter() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    fill(&mut window, &scene, PASSPHRASE);
    let actions = window.press(&scene, Key::Enter);
    let [
        UiAction::CreateProfile {
            name,
            passphrase,
            server,
        },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (name.as_str(), passphrase.expose(), server.as_str()),
        ("Rhea", PASSPHRASE, "ws://127.0.0.1:8787")
    );
}

#[test]
fn a_filled_form_makes_one_profile_by_its_button() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    fill(&mut window, &scene, PASSPHRASE);
    window.settle(&scene);
    assert_eq!(
        named(&window.click(&scene, "firststart.create"), "CreateProfile").len(),
        1
    );
}

#[test]
fn a_form_with_two_different_passphrases_makes_nothing() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    fill(&mut window, &scene, "seven quiet moons over saturn");
    assert!(window.press(&scene, Key::Enter).is_empty());
    assert!(window.click(&scene, "firststart.create").is_empty());
}

#[test]
fn a_form_being_worked_at_sends_nothing_again() {
    let first = scene("first-start");
    let mut window = Window::open(&first);
    fill(&mut window, &first, PASSPHRASE);
    let busy = scene("first-start-busy");
    window.settle(&busy);
    assert!(window.press(&busy, Key::Enter).is_empty());
    assert!(!window.has("firststart.create"));
}

#[test]
fn tab_goes_through_the_form_in_order() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    window.write(&scene, "Rhea");
    window.press(&scene, Key::Tab);
    window.write(&scene, PASSPHRASE);
    // The eye stands between the two.
    window.press(&scene, Key::Tab);
    window.press(&scene, Key::Tab);
    window.write(&scene, PASSPHRASE);
    assert_eq!(named(&window.press(&scene, Key::Enter), "CreateProfile").len(), 1);
}

#[test]
fn unlocking_hands_the_passphrase_over_once_and_forgets_it() {
    let scene = scene("unlock");
    let mut window = Window::open(&scene);
    window.write(&scene, PASSPHRASE);
    let actions = window.press(&scene, Key::Enter);
    let [
        UiAction::Unlock {
            passphrase,
            remember: false,
        },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    assert_eq!(passphrase.expose(), PASSPHRASE);
    assert_eq!(format!("{passphrase:?}"), "Passphrase([..])");
    assert!(window.press(&scene, Key::Enter).is_empty(), "the field is empty now");
}

#[test]
fn the_keyring_opens_what_it_keeps_and_a_passphrase_that_is_typed_comes_first() {
    let (locked, kept) = (scene("unlock"), scene("unlock-keyring"));
    let mut window = Window::open(&kept);
    assert_eq!(window.press(&kept, Key::Enter), [UiAction::UnlockRemembered]);
    assert_eq!(window.click(&kept, "unlock.go"), [UiAction::UnlockRemembered]);
    window.click(&kept, "unlock.passphrase");
    window.write(&kept, PASSPHRASE);
    let actions = window.press(&kept, Key::Enter);
    assert!(
        matches!(actions.as_slice(), [UiAction::Unlock { remember: false, .. }]),
        "{actions:?}"
    );

    let mut window = Window::open(&locked);
    assert!(window.press(&locked, Key::Enter).is_empty(), "nothing is kept");
    window.click(&locked, "unlock.remember");
    window.click(&locked, "unlock.passphrase");
    window.write(&locked, PASSPHRASE);
    let actions = window.press(&locked, Key::Enter);
    assert!(
        matches!(actions.as_slice(), [UiAction::Unlock { remember: true, .. }]),
        "{actions:?}"
    );
}

#[test]
fn after_a_wrong_passphrase_one_can_type_at_once() {
    let (locked, wrong) = (scene("unlock"), scene("unlock-wrong"));
    let mut window = Window::open(&locked);
    window.write(&locked, "not it");
    window.press(&locked, Key::Enter);
    window.settle(&wrong);
    window.write(&wrong, PASSPHRASE);
    let actions = window.press(&wrong, Key::Enter);
    assert!(matches!(actions.as_slice(), [UiAction::Unlock { passphrase, .. }] if passphrase.expose() == PASSPHRASE));
}

#[test]
fn the_chooser_gives_the_profile_by_its_id_and_not_one_that_is_open_elsewhere() {
    let scene = scene("profiles");
    let mut window = Window::open(&scene);
    let actions = window.click(&scene, "profiles.1");
    assert!(
        matches!(actions.as_slice(), [UiAction::ChooseProfile(id)] if id == "work"),
        "{actions:?}"
    );
    assert!(window.click(&scene, "profiles.2").is_empty(), "in use");
    assert_eq!(window.click(&scene, "profiles.new"), [UiAction::NewProfile]);
}

fn adding(check: LinkCheck) -> Scene {
    Scene::pane("adding", MainPane::AddContact(Box::new(sample::add_contact(check))))
}

#[test]
fn who_comes_to_add_somebody_can_paste_at_once_and_again_the_next_time() {
    let (adding, home) = (adding(LinkCheck::Empty), scene("home"));
    let mut window = Window::open(&adding);
    for (written, link) in [("orrery:", "orrery:"), ("x", "orrery:x")] {
        assert_eq!(window.write(&adding, written), [UiAction::LinkEdited(link.into())]);
        window.settle(&home);
        window.settle(&adding);
    }
}

#[test]
fn a_link_is_looked_at_as_it_is_typed_and_sent_once_when_good() {
    let (empty, bad) = (adding(LinkCheck::Empty), adding(LinkCheck::Bad(error("bad_link"))));
    let good = adding(LinkCheck::Good {
        peer: sample::peer(6),
        name: "Titania".into(),
        doubt: None,
        server: "wss://x".into(),
    });
    let mut window = Window::open(&empty);
    window.click(&empty, "add.link");
    let actions = window.write(&empty, "orrery:garbage ");
    assert!(
        matches!(actions.as_slice(), [UiAction::LinkEdited(link)] if link == "orrery:garbage"),
        "{actions:?}"
    );
    window.settle(&bad);
    assert!(window.press(&bad, Key::Enter).is_empty(), "a bad link goes nowhere");
    window.settle(&good);
    let actions = window.press(&good, Key::Enter);
    assert!(
        matches!(actions.as_slice(), [UiAction::SendRequest { link }] if link == "orrery:garbage"),
        "{actions:?}"
    );
    assert!(window.click(&good, "add.send").is_empty(), "the field is empty now");
}

#[test]
fn a_link_that_works_on_this_computer_alone_says_so_where_it_is_given_away() {
    let own = |own_here| {
        let view = AddContactView {
            own_here,
            ..sample::add_contact(LinkCheck::Empty)
        };
        Scene::pane("adding", MainPane::AddContact(Box::new(view)))
    };
    let (here, reachable) = (own(true), own(false));
    let mut window = Window::open(&here);
    assert!(window.says("this link works here alone"));
    assert_eq!(window.click(&here, "add.copy"), [UiAction::Copied], "it works here");
    window.settle(&reachable);
    assert!(!window.says("works here alone"));
    let none = AddContactView {
        own_here: true,
        ..AddContactView::default()
    };
    let none = Scene::pane("adding", MainPane::AddContact(Box::new(none)));
    window.settle(&none);
    assert!(!window.says("works here alone"), "there is no link yet");
}

#[test]
fn a_link_to_a_server_on_the_senders_computer_says_what_they_must_do() {
    let bad = adding(LinkCheck::Bad(error("link_elsewhere")));
    let mut window = Window::open(&bad);
    window.click(&bad, "add.link");
    window.write(&bad, "orrery:x");
    window.settle(&bad);
    assert!(window.says("a server on the sender’s own computer"));
    assert!(window.press(&bad, Key::Enter).is_empty());
}

#[test]
fn requests_are_answered_by_their_buttons() {
    let scene = scene("add-contact");
    let mut window = Window::open(&scene);
    let ariel = sample::peer(9);
    assert_eq!(
        window.click(&scene, "request.0.accept"),
        [UiAction::AcceptRequest(ariel)]
    );
    assert_eq!(
        window.click(&scene, "request.0.decline"),
        [UiAction::DeclineRequest(ariel)]
    );
    assert!(
        window.click(&scene, "request.0.block").is_empty(),
        "blocking is asked first"
    );
    window.settle(&scene);
    assert!(window.says("Block Ariel?"));
    assert_eq!(window.click(&scene, "dialog.yes"), [UiAction::BlockContact(ariel)]);
    window.settle(&scene);
    assert_eq!(
        window.click(&scene, "request_out.0.cancel"),
        [UiAction::CancelRequest(sample::peer(7))]
    );
    assert_eq!(window.click(&scene, "add.copy"), [UiAction::Copied]);
}

#[test]
fn settings_change_by_switch_slider_list_and_field() {
    let scene = scene("settings");
    let mut window = Window::open(&scene);
    assert_eq!(
        window.click(&scene, "settings.reduced_motion"),
        [UiAction::Set(Setting::ReducedMotion(true))]
    );
    window.click(&scene, "settings.name");
    window.key(&scene, Key::A, Modifiers::COMMAND);
    window.write(&scene, "Nova");
    assert_eq!(
        window.press(&scene, Key::Enter),
        [UiAction::Set(Setting::Name("Nova".into()))]
    );

    window.click(&scene, "settings.tab.privacy");
    assert_eq!(
        window.click(&scene, "settings.read_receipts"),
        [UiAction::Set(Setting::ReadReceipts(false))]
    );
    assert_eq!(
        window.click(&scene, "settings.direct.calls"),
        [UiAction::Set(Setting::Direct(DirectPolicy::CallsOnly))]
    );
    assert!(
        window.click(&scene, "settings.direct.conversations").is_empty(),
        "chosen already"
    );

    window.click(&scene, "settings.tab.sound");
    window.settle(&scene);
    let slider = window.place("settings.input_volume");
    let actions = window.click_at(&scene, slider.left_center() + egui::vec2(9.0, 0.0));
    assert!(
        matches!(named(&actions, "Set").as_slice(), [UiAction::Set(Setting::InputVolume(v)), ..] if *v < 0.05),
        "{actions:?}"
    );
    window.click(&scene, "settings.input");
    window.settle(&scene);
    let actions = window.click(&scene, "settings.input.2");
    assert_eq!(actions, [UiAction::Set(Setting::Input(Some("b".into())))]);
    assert_eq!(
        window.click(&scene, "settings.mic_test"),
        [UiAction::MicTest { on: true, hear: false }]
    );
}

#[test]
fn notifications_may_leave_the_text_out_and_only_where_there_are_any() {
    let scene = sound(|_| {});
    let mut window = Window::open(&scene);
    window.click(&scene, "settings.tab.notices");
    window.settle(&scene);
    assert_eq!(
        window.click(&scene, "settings.notification_text"),
        [UiAction::Set(Setting::NotificationText(false))]
    );
    let without = sound(|view| view.notification_text = false);
    window.settle(&without);
    assert_eq!(
        window.click(&without, "settings.notification_text"),
        [UiAction::Set(Setting::NotificationText(true))]
    );
    let none = sound(|view| view.notifications = false);
    window.settle(&none);
    assert!(!window.has("settings.notification_text"));
    assert!(window.has("settings.sounds"));
}

#[test]
fn the_setting_says_that_a_contact_needs_only_to_open_the_conversation() {
    let scene = sound(|_| {});
    let mut window = Window::open(&scene);
    window.click(&scene, "settings.tab.privacy");
    window.settle(&scene);
    assert!(window.says("a contact who opens yours sees your address"));
}

#[test]
fn a_click_counts_once_when_egui_runs_the_pass_twice() {
    let scene = scene("settings");
    let mut window = Window::new(WIDE);
    window.twice = true;
    window.settle(&scene);
    assert_eq!(window.click(&scene, "settings.reduced_motion").len(), 1);
    assert_eq!(
        window.key(&scene, Key::M, Modifiers::COMMAND | Modifiers::SHIFT),
        [UiAction::SetMuted(true)]
    );
}

#[test]
fn a_form_that_is_not_complete_says_what_is_missing() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    assert!(window.says("At least 8 characters"));
    assert!(window.says("A name is missing"));
    window.write(&scene, "Rhea");
    window.settle(&scene);
    assert!(window.says("A passphrase is missing"));
    window.click(&scene, "firststart.passphrase");
    window.write(&scene, "x7#Qp");
    window.settle(&scene);
    assert!(window.says("needs at least 8 characters"));
    window.write(&scene, " but longer than that");
    window.settle(&scene);
    assert!(window.says("a second time"));
    window.click(&scene, "firststart.again");
    window.write(&scene, "x7#Qp but longer than that");
    window.settle(&scene);
    assert!(!window.has("firststart.missing"), "nothing is");
}

#[test]
fn an_emptied_server_field_is_refused_in_words() {
    let scene = scene("first-start");
    let mut window = Window::open(&scene);
    fill(&mut window, &scene, PASSPHRASE);
    window.click(&scene, "firststart.server");
    window.key(&scene, Key::A, Modifiers::COMMAND);
    window.press(&scene, Key::Delete);
    window.settle(&scene);
    assert!(window.says("A server address is missing"));
    assert!(window.press(&scene, Key::Enter).is_empty());
    assert!(window.click(&scene, "firststart.create").is_empty());
}

/// One Japanese letter more than there is room for.
const LONG_NAME: &str = "一二三四五六七八九十一二三四五六七八九十一二";

#[test]
fn a_name_without_room_is_not_sent_and_says_so_everywhere() {
    let first = scene("first-start");
    let mut window = Window::open(&first);
    window.write(&first, LONG_NAME);
    window.settle(&first);
    assert!(window.says("Too long for a name"));

    let settings = scene("settings");
    let mut window = Window::open(&settings);
    window.click(&settings, "settings.name");
    window.key(&settings, Key::A, Modifiers::COMMAND);
    window.write(&settings, LONG_NAME);
    window.settle(&settings);
    assert!(window.says("Too long for a name") && !window.has("settings.name.save"));
    assert!(window.press(&settings, Key::Enter).is_empty());
    window.press(&settings, Key::Backspace);
    window.click(&settings, "settings.name");
    window.press(&settings, Key::End);
    window.press(&settings, Key::Backspace);
    let actions = window.press(&settings, Key::Enter);
    assert!(
        matches!(actions.as_slice(), [UiAction::Set(Setting::Name(name))] if name.len() <= orrery_ui::NAME_MAX),
        "{actions:?}"
    );

    let talk = scene("talk");
    let mut window = Window::open(&talk);
    window.click(&talk, "talk.menu");
    window.settle(&talk);
    window.click(&talk, "menu.rename");
    window.settle(&talk);
    window.key(&talk, Key::A, Modifiers::COMMAND);
    window.write(&talk, LONG_NAME);
    window.settle(&talk);
    assert!(window.has("dialog.too_long"));
    assert!(named(&window.press(&talk, Key::Enter), "RenameContact").is_empty());
    assert!(window.has("dialog.name"), "it stays open");
}

fn sound(change: impl FnOnce(&mut SettingsView)) -> Scene {
    let mut view = sample::settings();
    change(&mut view);
    Scene::pane("sound", MainPane::Settings(Box::new(view)))
}

#[test]
fn devices_are_watched_while_the_sound_section_is_open_and_a_test_ends_with_it() {
    let (scene, home) = (sound(|view| view.mic_test = true), scene("home"));
    let mut window = Window::open(&scene);
    assert_eq!(
        window.click(&scene, "settings.tab.sound"),
        [UiAction::WatchDevices(true)]
    );
    assert!(window.settle(&scene).is_empty(), "said once");
    assert_eq!(
        window.click(&scene, "settings.mic_test"),
        [UiAction::MicTest { on: false, hear: false }]
    );
    assert_eq!(
        window.click(&scene, "settings.tab.privacy"),
        [
            UiAction::MicTest { on: false, hear: false },
            UiAction::WatchDevices(false)
        ]
    );
    assert!(window.settle(&scene).is_empty(), "said once");
    window.click(&scene, "settings.tab.sound");
    assert_eq!(window.settle(&home), [UiAction::WatchDevices(false)], "another pane");
    assert_eq!(window.settle(&scene), [UiAction::WatchDevices(true)], "and back");
}

#[test]
fn devices_that_were_not_looked_for_yet_are_not_called_missing() {
    let none = |listed| {
        sound(|view| {
            view.inputs.clear();
            view.outputs.clear();
            view.devices_listed = listed;
        })
    };
    let (unknown, missing) = (none(false), none(true));
    let mut window = Window::open(&unknown);
    window.click(&unknown, "settings.tab.sound");
    window.settle(&unknown);
    assert!(window.says("Looking for sound devices") && !window.says("was found"));
    window.settle(&missing);
    assert!(window.says("No microphone was found") && window.says("No loudspeaker or headphones were found"));
}

#[test]
fn the_test_tone_is_played_and_never_said_to_stop() {
    let scene = sound(|_| {});
    // The end of a long section.
    let mut window = Window::new(egui::vec2(1280.0, 2400.0));
    window.settle(&scene);
    window.click(&scene, "settings.tab.sound");
    window.settle(&scene);
    assert!(window.says("Test microphone"));
    assert_eq!(window.click(&scene, "settings.test_tone"), [UiAction::TestTone]);
}

#[test]
fn everybody_who_is_blocked_can_be_unblocked() {
    let scene = sound(|_| {});
    let mut window = Window::open(&scene);
    window.click(&scene, "settings.tab.privacy");
    window.settle(&scene);
    assert!(window.says("Hyperion"));
    let row = window.place("settings.blocked.0");
    let actions = if row.bottom() > window.size.y {
        window.wheel(&scene, egui::pos2(800.0, 500.0), -600.0);
        window.click(&scene, "settings.blocked.0")
    } else {
        window.click(&scene, "settings.blocked.0")
    };
    assert_eq!(actions, [UiAction::UnblockContact(sample::peer(12))]);
}
