//! How well people in a call hear each other, as the quality panel says it.

use egui::{Key, Modifiers, Pos2, Rect, vec2};
use orrery_ui::UiAction;
use orrery_ui::view::*;

use crate::drive::{WIDE, Window};
use crate::sample;
use crate::voice::{in_call, person};

#[test]
fn the_quality_of_a_call_is_said_in_words_first_and_takes_its_room_from_the_stage() {
    let scene = in_call(|_, _| {});
    let mut window = Window::open(&scene);
    let before = window.state.call_stage().unwrap();
    window.press(&scene, Key::Q);
    window.settle(&scene);
    let stage = window.state.call_stage().unwrap();
    let panel = window.place("quality");
    assert!(stage.right() <= panel.left() && stage.width() < before.width());
    for words in [
        "good",
        "You hear each other well",
        "Bartholomew the Longwinded of Ganymede misses part of what you say",
        "bad",
        "being made anew",
        "You send 20 ms of sound in each packet, 32 kbit/s",
        "18 ms",
        "direct",
        "Lost on the way to them",
        "Rhea and Dione do not hear each other at the moment",
        "Dione hears nothing from Bartholomew the Longwinded of Ganymede at the moment",
    ] {
        assert!(window.says(words), "{words}");
    }
    for (name, rect) in window
        .state
        .widgets()
        .iter()
        .filter(|(name, _)| name.starts_with("call.plate"))
    {
        assert!(rect.right() <= panel.left(), "{name} is hidden");
    }
    window.click(&scene, "quality.close");
    window.settle(&scene);
    assert_eq!(window.state.call_stage(), Some(before));
    window.click(&scene, "call.quality");
    window.settle(&scene);
    assert!(window.has("quality.0.figure.0"));
    window.click(&scene, "quality.0");
    window.settle(&scene);
    assert!(!window.has("quality.0.figure.0") && window.has("quality.1.figure.0"));
}

#[test]
fn the_quality_of_a_call_is_found_in_the_palette_and_at_a_person() {
    let mut scene = in_call(|_, _| {});
    let ScreenView::Home(home) = &mut scene.screen else {
        unreachable!()
    };
    home.call = Some(RunningCall {
        call: sample::call_key(),
        names: vec!["Rhea".into()],
        phase: sample::active(),
    });
    let mut window = Window::open(&scene);
    window.key(&scene, Key::K, Modifiers::COMMAND);
    window.write(&scene, "quality");
    assert_eq!(window.press(&scene, Key::Enter), [UiAction::OpenCall]);
    window.settle(&scene);
    assert!(window.has("quality"));
    window.press(&scene, Key::Q);
    window.settle(&scene);
    assert!(!window.has("quality"));
    person(&mut window, &scene);
    window.click(&scene, "person.quality");
    window.settle(&scene);
    assert!(window.has("quality") && !window.has("person.volume"));
}

#[test]
fn of_many_people_only_those_with_trouble_are_told_about_and_all_fit() {
    let mut scene = in_call(|_, _| {});
    scene.quality.links = (1..16)
        .map(|n| LinkView {
            loss_in: if n == 7 { 0.2 } else { 0.0 },
            ..sample::link(n, "Moon")
        })
        .collect();
    for size in [WIDE, vec2(2560.0, 1440.0), vec2(360.0, 640.0)] {
        let mut window = Window::new(size);
        window.settle(&scene);
        window.press(&scene, Key::Q);
        window.settle(&scene);
        assert!(!window.has("quality.0.figure.0"));
        assert!(window.says("does not arrive") && !window.says("You hear each other well"));
        let all = Rect::from_min_size(Pos2::ZERO, size);
        assert!(all.contains_rect(window.place("quality")), "{size:?}");
        assert!(window.has("quality.14"));
    }
}
