//! What protects the profile: the settings' section, and the ways in without the passphrase.

use egui::{Event, Key, Modifiers, Vec2, vec2};
use orrery_ui::view::*;
use orrery_ui::{Setting, UiAction};

use crate::drive::{Window, named};
use crate::sample::{self, Scene, error, scenes};

const OLD: &str = "an older passphrase";
const NEW: &str = "seven quiet moons over jupiter";
const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
/// All of the section fits, so that everything in it can be pressed.
const TALL: Vec2 = vec2(1280.0, 2000.0);

fn section(security: SecurityView) -> Scene {
    let view = SettingsView {
        security,
        ..sample::settings()
    };
    Scene::pane("settings", MainPane::Settings(Box::new(view)))
}

fn open(scene: &Scene) -> Window {
    let mut window = Window::new(TALL);
    window.settle(scene);
    window.click(scene, "settings.tab.security");
    window.settle(scene);
    window
}

fn fill(window: &mut Window, scene: &Scene, fields: &[(&str, &str)]) {
    for (name, text) in fields {
        window.click(scene, name);
        window.write(scene, text);
    }
    window.settle(scene);
}

fn words() -> Option<Words> {
    Some(Words(WORDS.split(' ').map(str::to_owned).collect()))
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_goes_with_the_old_one() {
    let scene = section(SecurityView::default());
    let mut window = open(&scene);
    window.click(&scene, "security.passphrase");
    window.settle(&scene);
    fill(&mut window, &scene, &[("security.new", NEW), ("security.again", NEW)]);
    assert!(
        window.click(&scene, "security.change").is_empty(),
        "the old one is missing"
    );
    fill(&mut window, &scene, &[("security.old", OLD)]);
    let actions = window.click(&scene, "security.change");
    let [UiAction::ChangePassphrase { old, new }] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!((old.expose(), new.expose()), (OLD, NEW));

    fill(&mut window, &scene, &[("security.again", "x")]);
    assert!(window.click(&scene, "security.change").is_empty(), "no longer the same");

    let done = section(SecurityView {
        done: Some(Work::Passphrase),
        count: 1,
        ..SecurityView::default()
    });
    window.settle(&done);
    assert!(window.says("From now on the new passphrase"));
    assert!(
        !window.has("security.old"),
        "what was typed is folded away and forgotten"
    );
}

#[test]
fn a_refused_passphrase_is_said_where_it_was_typed_and_stays_there() {
    let scene = section(SecurityView::default());
    let mut window = open(&scene);
    window.click(&scene, "security.passphrase");
    window.settle(&scene);
    fill(
        &mut window,
        &scene,
        &[
            ("security.old", "wrong"),
            ("security.new", NEW),
            ("security.again", NEW),
        ],
    );
    let refused = section(SecurityView {
        failed: Some((Work::Passphrase, error("wrong_passphrase"))),
        ..SecurityView::default()
    });
    window.settle(&refused);
    assert!(window.has("security.old"));
    assert_eq!(
        named(&window.click(&refused, "security.change"), "ChangePassphrase").len(),
        1
    );
}

#[test]
fn words_are_kept_only_when_two_of_them_were_typed_back() {
    let none = section(SecurityView::default());
    let mut window = open(&none);
    assert_eq!(window.click(&none, "security.phrase"), [UiAction::MakePhrase]);
    let made = section(SecurityView {
        words: words(),
        ..SecurityView::default()
    });
    window.settle(&made);
    for word in WORDS.split(' ') {
        assert!(window.says(word), "{word}");
    }
    fill(
        &mut window,
        &made,
        &[
            ("security.old", OLD),
            ("security.proof.0", "year"),
            ("security.proof.1", "winner"),
        ],
    );
    assert!(
        window.click(&made, "security.keep").is_empty(),
        "the ninth word is another"
    );
    for _ in 0.."winner".len() {
        window.click(&made, "security.proof.1");
        window.press(&made, Key::End);
        window.press(&made, Key::Backspace);
    }
    fill(&mut window, &made, &[("security.proof.1", "Legal ")]);
    let actions = window.click(&made, "security.keep");
    assert!(
        matches!(actions.as_slice(), [UiAction::KeepPhrase { passphrase }] if passphrase.expose() == OLD),
        "{actions:?}"
    );
    assert_eq!(window.click(&made, "security.phrase"), [UiAction::DropPhrase]);
}

#[test]
fn a_phrase_that_is_there_can_be_taken_away_with_the_passphrase() {
    let there = section(SecurityView {
        recovery: true,
        ..SecurityView::default()
    });
    let mut window = open(&there);
    window.click(&there, "security.nophrase");
    window.settle(&there);
    assert!(window.click(&there, "security.remove").is_empty());
    fill(&mut window, &there, &[("security.old", OLD)]);
    let actions = window.click(&there, "security.remove");
    assert!(
        matches!(actions.as_slice(), [UiAction::RemovePhrase { passphrase }] if passphrase.expose() == OLD),
        "{actions:?}"
    );
    window.settle(&there);
    assert!(
        window.click(&there, "security.remove").is_empty(),
        "it was handed over once"
    );
}

#[test]
fn an_export_goes_where_it_is_said_and_shows_how_far_it_is() {
    let scene = section(SecurityView {
        export_path: "/home/io/Io.orrery".into(),
        ..SecurityView::default()
    });
    let mut window = open(&scene);
    window.click(&scene, "security.export");
    window.settle(&scene);
    assert_eq!(
        window.click(&scene, "security.write"),
        [UiAction::Export {
            path: "/home/io/Io.orrery".into()
        }]
    );
    let running = section(SecurityView {
        work: Some(Work::Export),
        progress: Some(0.5),
        export_path: "/home/io/Io.orrery".into(),
        ..SecurityView::default()
    });
    window.settle(&running);
    assert!(!window.has("security.write"), "a bar stands in its place");
}

#[test]
fn the_keyring_is_asked_by_a_switch_that_shows_what_is_true() {
    for remembered in [false, true] {
        let scene = section(SecurityView {
            remembered,
            ..SecurityView::default()
        });
        let mut window = open(&scene);
        assert_eq!(
            window.click(&scene, "security.remember"),
            [UiAction::SetRemembered(!remembered)]
        );
        let asked = section(SecurityView {
            remembered,
            work: Some(Work::Remember),
            ..SecurityView::default()
        });
        window.settle(&asked);
        assert!(
            window.click(&asked, "security.remember").is_empty(),
            "not twice at once"
        );
    }
    let failed = section(SecurityView {
        failed: Some((Work::Remember, error("keyring_unavailable"))),
        ..SecurityView::default()
    });
    assert!(open(&failed).says("no keyring"));
}

#[test]
fn locking_when_idle_is_chosen_and_locking_now_is_one_press() {
    let scene = section(SecurityView {
        lock_after_min: 15,
        ..SecurityView::default()
    });
    let mut window = open(&scene);
    assert_eq!(
        window.click(&scene, "security.idle.60"),
        [UiAction::Set(Setting::LockAfter(60))]
    );
    assert_eq!(window.click(&scene, "security.lock"), [UiAction::Lock]);
}

fn unlock(recovery: bool, code: Option<&str>) -> Scene {
    Scene::new(
        "unlock",
        ScreenView::Unlock(UnlockView {
            name: "Home".into(),
            recovery,
            error: code.map(error),
            ..UnlockView::default()
        }),
    )
}

#[test]
fn a_forgotten_passphrase_is_replaced_by_the_twelve_words() {
    let scene = unlock(true, None);
    let mut window = Window::open(&scene);
    window.click(&scene, "unlock.forgot");
    window.settle(&scene);
    window.write(&scene, WORDS);
    fill(&mut window, &scene, &[("recover.new", NEW), ("recover.again", NEW)]);
    let actions = window.press(&scene, Key::Enter);
    let [UiAction::Recover { phrase, passphrase }] = actions.as_slice() else {
        panic!("{actions:?}")
    };
    assert_eq!((phrase.expose(), passphrase.expose()), (WORDS, NEW));
    window.click(&scene, "recover.back");
    window.settle(&scene);
    assert!(window.has("unlock.passphrase"));
}

#[test]
fn without_a_recovery_phrase_it_is_said_that_nobody_can_help() {
    let scene = unlock(false, None);
    let mut window = Window::open(&scene);
    window.click(&scene, "unlock.forgot");
    window.settle(&scene);
    assert!(window.says("no recovery phrase") && !window.has("recover.go"));
}

#[test]
fn a_profile_is_restored_from_the_file_that_is_named_or_dropped() {
    let scene = scenes().into_iter().find(|scene| scene.name == "first-start").unwrap();
    let mut window = Window::open(&scene);
    window.click(&scene, "firststart.restore");
    window.settle(&scene);
    window.write(&scene, " ~/Io.orrery ");
    assert!(
        window.click(&scene, "restore.go").is_empty(),
        "its passphrase is missing"
    );
    fill(&mut window, &scene, &[("restore.secret", OLD)]);
    let actions = window.press(&scene, Key::Enter);
    assert!(
        matches!(actions.as_slice(), [UiAction::Restore { path, secret }]
            if path == "~/Io.orrery" && secret.expose() == OLD),
        "{actions:?}"
    );
}

/// All of a field, copied and then cut.
fn copied_out_of(window: &mut Window, scene: &Scene, name: &str) -> [Option<String>; 2] {
    window.click(scene, name);
    window.key(scene, Key::A, Modifiers::COMMAND);
    [Event::Copy, Event::Cut].map(|event| {
        window.frame(scene, vec![event]);
        window.copied.take()
    })
}

#[test]
fn secrets_never_reach_the_clipboard_and_its_history() {
    let unlock = unlock(true, None);
    let mut window = Window::open(&unlock);
    window.write(&unlock, OLD);
    assert_eq!(copied_out_of(&mut window, &unlock, "unlock.passphrase"), [None, None]);

    let first = scenes().into_iter().find(|scene| scene.name == "first-start").unwrap();
    let mut window = Window::open(&first);
    fill(
        &mut window,
        &first,
        &[
            ("firststart.name", "Io"),
            ("firststart.passphrase", NEW),
            ("firststart.again", NEW),
        ],
    );
    for name in ["firststart.passphrase", "firststart.again"] {
        assert_eq!(copied_out_of(&mut window, &first, name), [None, None], "{name}");
    }
    assert_eq!(
        copied_out_of(&mut window, &first, "firststart.name")[0].as_deref(),
        Some("Io"),
        "what is no secret is copied"
    );

    // Also while it can be read, and what is always read while it is typed.
    window.click(&first, "firststart.reveal");
    window.settle(&first);
    assert_eq!(
        copied_out_of(&mut window, &first, "firststart.passphrase"),
        [None, None]
    );
    let mut window = Window::open(&unlock);
    window.click(&unlock, "unlock.forgot");
    window.settle(&unlock);
    window.write(&unlock, WORDS);
    assert_eq!(copied_out_of(&mut window, &unlock, "recover.phrase"), [None, None]);

    let made = section(SecurityView {
        words: words(),
        ..SecurityView::default()
    });
    let mut window = open(&made);
    fill(&mut window, &made, &[("security.old", OLD)]);
    assert_eq!(copied_out_of(&mut window, &made, "security.old"), [None, None]);
    assert_eq!(
        copied_out_of(&mut window, &made, "security.words"),
        [None, None],
        "the words are for paper"
    );
}

#[test]
fn nothing_is_copied_unless_somebody_copies_it() {
    for scene in scenes() {
        let mut window = Window::new(TALL);
        for _ in 0..8 {
            window.frame(&scene, Vec::new());
            assert_eq!(window.copied, None, "{}", scene.name);
        }
    }
}

#[test]
fn nothing_that_was_typed_comes_back_by_undoing_it() {
    let (unlock, home) = (
        unlock(true, None),
        scenes().into_iter().find(|scene| scene.name == "home").unwrap(),
    );
    let mut window = Window::open(&unlock);
    window.click(&unlock, "unlock.forgot");
    window.settle(&unlock);
    window.write(&unlock, WORDS);
    // Long enough for a field to take it for something that can be undone to.
    for _ in 0..40 {
        window.frame(&unlock, Vec::new());
    }
    fill(&mut window, &unlock, &[("recover.new", NEW), ("recover.again", NEW)]);
    assert_eq!(named(&window.press(&unlock, Key::Enter), "Recover").len(), 1);
    window.settle(&home);
    window.settle(&unlock);
    window.click(&unlock, "unlock.forgot");
    window.settle(&unlock);
    for _ in 0..3 {
        window.key(&unlock, Key::Z, Modifiers::COMMAND);
        window.settle(&unlock);
    }
    fill(&mut window, &unlock, &[("recover.new", NEW), ("recover.again", NEW)]);
    assert!(window.press(&unlock, Key::Enter).is_empty(), "the words are back");
}

#[test]
fn words_go_when_nobody_looks_at_them_and_nothing_else_is_unfolded_meanwhile() {
    let made = section(SecurityView {
        words: words(),
        ..SecurityView::default()
    });
    let mut window = open(&made);
    fill(&mut window, &made, &[("security.proof.0", "year")]);
    for other in ["security.passphrase", "security.export"] {
        assert!(window.click(&made, other).is_empty());
    }
    window.settle(&made);
    assert!(window.has("security.proof.0") && !window.has("security.new"));
    let left = window.click(&made, "settings.tab.privacy");
    assert_eq!(named(&left, "DropPhrase").len(), 1);
}

#[test]
fn what_is_typed_stays_when_something_else_is_done() {
    let scene = section(SecurityView::default());
    let mut window = open(&scene);
    window.click(&scene, "security.passphrase");
    window.settle(&scene);
    fill(
        &mut window,
        &scene,
        &[("security.old", OLD), ("security.new", NEW), ("security.again", NEW)],
    );
    let exported = section(SecurityView {
        done: Some(Work::Export),
        count: 1,
        ..SecurityView::default()
    });
    window.settle(&exported);
    assert_eq!(
        named(&window.click(&exported, "security.change"), "ChangePassphrase").len(),
        1
    );
}
