//! Every screen at every size.

use egui::vec2;

use crate::drive::Window;
use crate::sample::{Scene, scenes};

/// Widgets that may be scrolled out of sight.
const SCROLLED: [&str; 10] = [
    "message.",
    "home.contact.",
    "home.request",
    "settings.",
    "request",
    "add.",
    "firststart.",
    "unlock.",
    "profiles.",
    "broken.",
];

#[test]
fn every_screen_is_drawn_within_the_window_at_every_size() {
    for size in [
        vec2(1280.0, 720.0),
        vec2(2560.0, 1440.0),
        vec2(720.0, 480.0),
        vec2(360.0, 640.0),
    ] {
        for scene in scenes() {
            let mut window = Window::new(size);
            window.settle(&scene);
            for (name, rect) in window.state.widgets().iter() {
                let context = format!("{} at {size:?}: `{name}` is at {rect:?}", scene.name);
                assert!(
                    rect.is_finite() && rect.width() > 0.0 && rect.height() > 0.0,
                    "{context}"
                );
                assert!(rect.left() >= -0.5 && rect.right() <= size.x + 0.5, "{context}");
                let scrolled = SCROLLED.iter().any(|prefix| name.starts_with(prefix));
                // On a stage of a few points plates have nowhere to go.
                let plate = name.starts_with("call.plate") && size.y < 640.0;
                if !scrolled && !plate {
                    assert!(rect.top() >= -0.5 && rect.bottom() <= size.y + 0.5, "{context}");
                }
            }
        }
    }
}

#[test]
fn every_screen_has_its_widgets_by_name() {
    let expected: [(&str, &[&str]); 16] = [
        (
            "first-start",
            &[
                "firststart.name",
                "firststart.passphrase",
                "firststart.again",
                "firststart.server",
                "firststart.create",
                "firststart.strength",
            ],
        ),
        (
            "unlock",
            &["unlock.passphrase", "unlock.go", "unlock.choose", "unlock.new"],
        ),
        ("profiles", &["profiles.0", "profiles.1", "profiles.2", "profiles.new"]),
        ("broken", &["broken.back", "broken.log"]),
        (
            "home-alone",
            &[
                "home.welcome",
                "welcome.dismiss",
                "empty.add_contact",
                "home.add_contact",
                "home.settings",
                "me.mute",
                "me.deafen",
            ],
        ),
        (
            "home",
            &["home.contact.0", "home.contact.3", "home.request.0", "rail.people"],
        ),
        (
            "talk",
            &[
                "composer.input",
                "talk.call",
                "talk.search",
                "talk.menu",
                "message.0",
                "message.2",
            ],
        ),
        (
            "talk-busy",
            &["message.1.retry", "message.1.cancel", "message.2.cancel"],
        ),
        ("talk-blocked", &["talk.unblock"]),
        ("talk-search", &["search.hit.0", "search.hit.1", "search.close"]),
        ("talk-in-call", &["rail.call", "home.running_call", "home.leave_call"]),
        ("talk-offline", &["banner", "banner.button", "toast.1", "toast.2.close"]),
        (
            "add-contact",
            &[
                "add.link",
                "add.send",
                "add.own_link",
                "add.copy",
                "request.0.accept",
                "request.0.decline",
                "request.0.block",
                "request_out.0.cancel",
            ],
        ),
        (
            "settings",
            &[
                "settings.name",
                "settings.server",
                "settings.tab.sound",
                "settings.reduced_motion",
            ],
        ),
        (
            "call-4",
            &[
                "call.mute",
                "call.deafen",
                "call.add",
                "call.leave",
                "call.plate.me",
                "call.plate.1",
                "call.title",
            ],
        ),
        ("incoming", &["call.accept", "call.decline", "incoming"]),
    ];
    for (scene, names) in expected {
        let scene = scenes().into_iter().find(|known| known.name == scene).unwrap();
        let window = Window::open(&scene);
        for name in names {
            assert!(window.has(name), "{}: no `{name}`", scene.name);
        }
    }
}

#[test]
fn nothing_that_cannot_be_used_is_drawn() {
    let scene = scenes().into_iter().find(|scene| scene.name == "call-4").unwrap();
    let mut call = match scene.screen {
        orrery_ui::view::ScreenView::Home(ref home) => match &home.main {
            orrery_ui::view::MainPane::Call(call) => (**call).clone(),
            _ => unreachable!(),
        },
        _ => unreachable!(),
    };
    call.addable.clear();
    let window = Window::open(&Scene::call("nobody to add", call, 4));
    assert!(!window.has("call.add"), "nobody can be added: no button");
}

#[test]
fn nobody_doing_anything_does_nothing() {
    for scene in scenes() {
        let actions = Window::new(vec2(1280.0, 720.0)).settle(&scene);
        let unasked: Vec<_> = actions
            .iter()
            .filter(|action| !["MarkRead", "LoadOlder"].contains(&action.name()))
            .collect();
        assert!(unasked.is_empty(), "{}: {unasked:?}", scene.name);
    }
}

#[test]
fn a_window_at_rest_asks_for_no_frames() {
    for name in [
        "home",
        "settings",
        "add-contact",
        "broken",
        "profiles",
        "call-ended",
        "talk-blocked",
    ] {
        let scene = scenes().into_iter().find(|known| known.name == name).unwrap();
        let mut window = Window::open(&scene);
        if name == "add-contact" {
            // A caret blinks, and its field takes it by itself: elsewhere on the page nothing moves.
            window.click_at(&scene, egui::pos2(900.0, 28.0));
        }
        window.settle(&scene);
        assert!(
            window.wakes_in > std::time::Duration::from_secs(60),
            "{name} wakes in {:?}",
            window.wakes_in
        );
    }
}

#[test]
fn reduced_motion_stops_what_moves_by_itself() {
    for name in ["incoming-strangers", "first-start-busy"] {
        let scene = scenes().into_iter().find(|known| known.name == name).unwrap();
        let mut window = Window::new(vec2(1280.0, 720.0));
        window.reduced_motion = true;
        window.settle(&scene);
        assert!(
            window.wakes_in > std::time::Duration::from_secs(60),
            "{name} wakes in {:?}",
            window.wakes_in
        );
    }
}
