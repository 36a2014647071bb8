//! Comparing safety numbers: what is shown, by keyboard, and what its code holds.

use egui::{Color32, Key, Modifiers, pos2, vec2};
use orrery_ui::UiAction;
use orrery_ui::view::*;
use qrcode::{Color, QrCode};

use crate::drive::Window;
use crate::sample::{self, Scene, scenes};

const DIGITS: &str = "300354477692869396892869876765458257569162576843440918079131";

fn code() -> Vec<u8> {
    (0..74_u8).map(|at| at.wrapping_mul(73).wrapping_add(8)).collect()
}

fn comparing() -> CompareView {
    CompareView {
        peer: sample::peer(1),
        me: sample::peer(0),
        name: "Rhea".into(),
        verified: false,
        contact: true,
        number: Some(NumberView {
            digits: DIGITS.into(),
            code: code(),
        }),
        outcome: Outcome::None,
    }
}

fn pane(view: CompareView) -> Scene {
    Scene::pane("compare", MainPane::Compare(Box::new(view)))
}

/// Presses Tab until a widget has the keyboard.
fn go_to(window: &mut Window, scene: &Scene, name: &str) {
    for _ in 0..80 {
        if window
            .ctx
            .memory(|memory| memory.has_focus(egui::Id::new(("orrery", name))))
        {
            return;
        }
        window.press(scene, Key::Tab);
    }
    panic!("`{name}` is not reached by Tab");
}

#[test]
fn numbers_are_compared_and_marked_with_the_keyboard_alone() {
    let talk = scenes().into_iter().find(|scene| scene.name == "talk").unwrap();
    let mut window = Window::open(&talk);
    go_to(&mut window, &talk, "talk.verified");
    let opened = window.press(&talk, Key::Enter);
    assert_eq!(opened, [UiAction::OpenCompare(sample::peer(1))]);

    let scene = pane(comparing());
    let mut window = Window::open(&scene);
    go_to(&mut window, &scene, "compare.typed");
    window.write(&scene, "30035 44776 ");
    let actions = window.press(&scene, Key::Enter);
    let (peer, code) = (sample::peer(1), "30035 44776".to_owned());
    assert_eq!(actions, [UiAction::CompareCode { peer, code }]);
    let same = pane(CompareView {
        outcome: Outcome::Same,
        ..comparing()
    });
    window.settle(&same);
    assert!(window.says("The numbers are the same"));
    go_to(&mut window, &same, "compare.mark");
    assert_eq!(
        window.press(&same, Key::Enter),
        [UiAction::SetVerified { peer, on: true }]
    );
    go_to(&mut window, &same, "compare.copy");
    let actions = window.press(&same, Key::Enter);
    assert_eq!(actions, [UiAction::Copied]);
    window.press(&same, Key::Tab);
    let left = window.key(&same, Key::Escape, Modifiers::NONE);
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn what_differs_is_said_loudly_and_cannot_be_marked() {
    let differs = pane(CompareView {
        outcome: Outcome::Differs,
        ..comparing()
    });
    let mut window = Window::open(&differs);
    assert!(window.says("The numbers differ"), "{:?}", window.words);
    assert!(window.click(&differs, "compare.mark").is_empty());
    // Nothing can be marked before there is a number either.
    let waiting = pane(CompareView {
        number: None,
        ..comparing()
    });
    let mut window = Window::open(&waiting);
    assert!(window.click(&waiting, "compare.mark").is_empty());
    // What is no number is said, and decides nothing.
    let bad = pane(CompareView {
        outcome: Outcome::Bad(ErrorView::code("bad_safety_number")),
        ..comparing()
    });
    let mut window = Window::open(&bad);
    assert!(window.says("cannot be compared"));
    assert_eq!(window.click(&bad, "compare.mark").len(), 1);
    // A mark can always be taken back.
    let marked = pane(CompareView {
        verified: true,
        outcome: Outcome::Differs,
        ..comparing()
    });
    let mut window = Window::open(&marked);
    let (peer, on) = (sample::peer(1), false);
    assert_eq!(
        window.click(&marked, "compare.mark"),
        [UiAction::SetVerified { peer, on }]
    );
}

#[test]
fn nothing_lies_outside_the_window_whatever_they_are_called() {
    for name in [
        "\u{202e}Rhea",
        "Bartholomew the Longwinded of Ganymede and all the moons",
        "\n\n",
        "a\u{301}\u{301}\u{301}",
    ] {
        let scene = pane(CompareView {
            name: name.into(),
            outcome: Outcome::Differs,
            ..comparing()
        });
        for size in [vec2(1280.0, 720.0), vec2(2560.0, 1440.0), vec2(360.0, 640.0)] {
            let mut window = Window::new(size);
            window.settle(&scene);
            let room = window.rect();
            for part in [
                "compare.digits",
                "compare.code",
                "compare.typed",
                "compare.mark",
                "compare.copy",
            ] {
                let rect = window.place(part);
                assert!(rect.left() >= 0.0 && rect.right() <= room.right(), "{part} {size}");
            }
            assert!(!window.words.iter().any(|words| words.contains('\u{202e}')));
        }
    }
}

#[test]
fn the_code_that_is_drawn_is_that_of_the_bytes() {
    let mut window = Window::open(&pane(comparing()));
    window.settle(&pane(comparing()));
    let code = QrCode::new(code()).unwrap();
    let place = window.place("compare.code");
    let all = code.width() + 8;
    let side = place.width() / all as f32;
    let drawn = |column: usize, row: usize| {
        let at = place.min + vec2(column as f32 + 0.5, row as f32 + 0.5) * side;
        let dark = |(rect, fill): &&(egui::Rect, Color32)| *fill == Color32::BLACK && rect.contains(pos2(at.x, at.y));
        window.fills.iter().any(|fill| dark(&fill))
    };
    for row in 0..all {
        for column in 0..all {
            let inside = |at: usize| at.checked_sub(4).filter(|at| *at < code.width());
            let wanted = match (inside(column), inside(row)) {
                (Some(x), Some(y)) => code[(x, y)] == Color::Dark,
                _ => false,
            };
            assert_eq!(drawn(column, row), wanted, "column {column}, row {row}");
        }
    }
}

#[test]
fn what_came_of_one_comparison_is_said_of_nothing_else() {
    let (plain, same) = (
        pane(comparing()),
        pane(CompareView {
            outcome: Outcome::Same,
            ..comparing()
        }),
    );
    let mut window = Window::open(&plain);
    window.click(&plain, "compare.typed");
    window.write(&plain, "12345");
    window.click(&plain, "compare.go");
    window.settle(&same);
    assert!(window.says("The numbers are the same"), "{:?}", window.words);
    window.click(&same, "compare.typed");
    window.write(&same, "6");
    window.settle(&same);
    assert!(!window.says("The numbers are the same"), "{:?}", window.words);
}
