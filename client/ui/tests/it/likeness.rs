//! Names that look like somebody else's: what is said, and what does not happen by a key that ends a line.

use egui::{Event, Key, Modifiers, PointerButton, vec2};
use orrery_ui::UiAction;
use orrery_ui::view::*;

use crate::drive::Window;
use crate::sample::{self, Scene, scenes};

fn scene(name: &str) -> Scene {
    scenes().into_iter().find(|scene| scene.name == name).unwrap()
}

fn like(verified: bool, blocked: bool) -> NameDoubt {
    NameDoubt::Like {
        name: "Rhea\u{202e}".into(),
        verified,
        blocked,
    }
}

fn link(doubt: Option<NameDoubt>) -> Scene {
    let check = LinkCheck::Good {
        peer: sample::peer(6),
        name: "Rhea".into(),
        doubt,
        server: "wss://x".into(),
    };
    Scene::pane("adding", MainPane::AddContact(Box::new(sample::add_contact(check))))
}

fn asked(doubt: Option<NameDoubt>) -> Scene {
    let pane = MainPane::AddContact(Box::new(sample::add_contact(LinkCheck::Empty)));
    let requests_in = vec![RequestIn {
        peer: sample::peer(9),
        name: "Rhea".into(),
        doubt,
        at_ms: sample::NOW,
    }];
    let home = HomeView {
        requests_in,
        ..sample::home(pane)
    };
    Scene::home("asked", home)
}

#[test]
fn a_link_under_a_borrowed_name_says_so_and_is_sent_only_by_a_second_thought() {
    for (doubt, words) in [
        (like(false, false), "This is not the Rhea you know."),
        (like(true, false), "whose safety number you compared"),
        (like(false, true), "You blocked a Rhea."),
        (NameDoubt::Yours, "looks like your own"),
    ] {
        let scene = link(Some(doubt));
        let mut window = Window::open(&scene);
        window.write(&scene, "orrery:x");
        window.settle(&scene);
        assert!(window.says(words), "{words}: {:?}", window.words);
        assert!(window.press(&scene, Key::Enter).is_empty(), "{words}");
        let sent = window.press(&scene, Key::Enter);
        assert!(matches!(sent.as_slice(), [UiAction::SendRequest { .. }]), "{sent:?}");
    }
    // Whom one knows under another name is nobody to be warned of.
    let scene = link(Some(NameDoubt::Known { name: "Titan".into() }));
    let mut window = Window::open(&scene);
    window.write(&scene, "orrery:x");
    window.settle(&scene);
    assert!(window.says("You know this person as Titan."));
    let sent = window.press(&scene, Key::Enter);
    assert!(matches!(sent.as_slice(), [UiAction::SendRequest { .. }]), "{sent:?}");
}

#[test]
fn a_request_under_a_borrowed_name_says_so_in_the_list_and_in_its_pane() {
    let plain = asked(None);
    let mut window = Window::open(&plain);
    assert!(window.says("Rhea wants to connect") && !window.says("Another Rhea"));
    let borrowed = asked(Some(like(true, false)));
    window.settle(&borrowed);
    assert!(window.says("Another Rhea wants"), "{:?}", window.words);
    assert!(window.says("whose safety number you compared"));
    assert!(!window.words.iter().any(|words| words.contains('\u{202e}')));
    let actions = window.click(&borrowed, "request.0.accept");
    assert_eq!(actions, [UiAction::AcceptRequest(sample::peer(9))]);
}

#[test]
fn who_looks_alike_is_told_apart_by_an_id_wherever_the_name_stands() {
    let id = sample::namesake().id;
    let mut list = scene("talk");
    let ScreenView::Home(home) = &mut list.screen else {
        panic!()
    };
    home.contacts[0].namesake = Some(sample::namesake());
    let mut window = Window::open(&list);
    assert_eq!(window.words.iter().filter(|words| **words == id).count(), 1);
    let ScreenView::Home(home) = &mut list.screen else {
        panic!()
    };
    let MainPane::Conversation(talk) = &mut home.main else {
        panic!()
    };
    talk.namesake = Some(sample::namesake());
    // However long a name is.
    talk.name = "Bartholomew the Longwinded of Ganymede and all the moons around".into();
    for size in [vec2(1280.0, 720.0), vec2(2560.0, 1440.0), vec2(900.0, 600.0)] {
        window.size = size;
        window.settle(&list);
        assert_eq!(window.words.iter().filter(|words| **words == id).count(), 2, "{size}");
        assert!(window.rect().contains_rect(window.place("talk.namesake")));
    }
    let call = Window::open(&scene("call-4"));
    assert!(call.says(&format!("{id} · ")), "{:?}", call.words);
    let rings = Scene {
        incoming: Some(IncomingCallView {
            namesake: Some(sample::namesake()),
            ..sample::incoming()
        }),
        ..scene("talk")
    };
    assert!(Window::open(&rings).says(&format!("begins with {id}.")));
}

#[test]
fn a_name_that_turns_into_anothers_is_told_with_both() {
    let toast = |like: Option<&str>| Scene {
        toasts: vec![ToastView {
            id: 1,
            notice: Notice::LooksLike {
                was: "Dione".into(),
                name: "Rhea\u{202e}".into(),
                like: like.map(Into::into),
            },
            channel: None,
            peer: Some(sample::peer(3)),
        }],
        ..scene("talk")
    };
    let window = Window::open(&toast(Some("Rhea")));
    assert!(window.says("Dione is now called Rhea") && window.says("somebody else"));
    assert!(Window::open(&toast(None)).says("your own name"));
}

#[test]
fn the_other_button_of_the_mouse_on_a_contact_offers_the_safety_number() {
    let talk = scene("talk");
    let mut window = Window::open(&talk);
    let pos = window.place("home.contact.1").center();
    let button = |pressed| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    window.frame(&talk, vec![Event::PointerMoved(pos)]);
    window.frame(&talk, vec![button(true)]);
    window.frame(&talk, vec![button(false)]);
    window.settle(&talk);
    let actions = window.click(&talk, "people.menu.compare");
    assert_eq!(actions, [UiAction::OpenCompare(sample::peer(2))]);
}
