//! Verified people, and people whose names look like theirs.

use orrery_ui::view::{
    AddContactView, HomeView, IncomingCallView, LinkCheck, MainPane, NameDoubt, Namesake, Notice, RequestIn,
    ScreenView, ToastView,
};

use super::hand::Act;
use super::people::{ago, channel, home, key, name};
use super::poses::Pose;
use super::screens;

pub(super) fn id(n: usize, doubtful: bool) -> Option<Namesake> {
    let peer = orrery_protocol::PeerId(key(n).0);
    Some(Namesake {
        id: crate::likeness::short_id(peer),
        doubtful,
    })
}

fn like(n: usize, verified: bool) -> Option<NameDoubt> {
    Some(NameDoubt::Like {
        name: name(n).into(),
        verified,
        blocked: false,
    })
}

/// Two of the list bear one name, and somebody asks under that of a third.
fn alike(main: MainPane) -> HomeView {
    let mut home = home(main);
    for row in &mut home.contacts {
        if row.peer == key(1) {
            row.namesake = id(1, false);
        }
        if row.peer == key(6) {
            row.name = name(1).into();
            row.namesake = id(6, true);
        }
    }
    home.requests_in = vec![RequestIn {
        peer: key(5),
        name: name(2).into(),
        doubt: like(2, true),
        at_ms: ago(4),
    }];
    home
}

fn screen(home: HomeView) -> ScreenView {
    ScreenView::Home(Box::new(home))
}

pub(super) fn all() -> Vec<Pose> {
    let mut impostor = screens::conversation(6);
    (impostor.name, impostor.namesake, impostor.verified) = (name(1).into(), id(6, true), false);
    impostor.messages.truncate(3);
    let adding = |check| {
        MainPane::AddContact(Box::new(AddContactView {
            own_link: String::new(),
            own_here: false,
            check,
        }))
    };
    let link = |doubt| LinkCheck::Good {
        peer: key(11),
        name: name(1).into(),
        doubt,
        server: "wss://talk.example.org".into(),
    };
    let known = NameDoubt::Known { name: name(8).into() };
    let written = [Act::Press("add.link"), Act::Write("x")];
    let rings = IncomingCallView {
        call: orrery_ui::view::CallKey([1; 16]),
        from: key(6),
        name: name(1).into(),
        verified: false,
        namesake: id(6, true),
        others: Vec::new(),
        strangers: Vec::new(),
        since_ms: ago(0),
    };
    let toast = |number, notice, n| ToastView {
        id: number,
        notice,
        channel: Some(channel(n)),
        peer: Some(key(n)),
    };
    let renamed = Notice::LooksLike {
        was: name(6).into(),
        name: name(1).into(),
        like: Some(name(1).into()),
    };
    let asks = Notice::RequestLike { name: name(2).into() };
    vec![
        Pose {
            toasts: vec![toast(11, renamed, 6), toast(12, asks, 5)],
            ..Pose::new("alike-talk", screen(alike(MainPane::Conversation(Box::new(impostor)))))
        },
        Pose {
            incoming: Some(rings),
            ..Pose::new("alike-incoming", screen(alike(MainPane::Empty)))
        },
        Pose::new("alike-request", screen(alike(adding(LinkCheck::Empty)))),
        Pose::new("alike-link", screen(home(adding(link(like(1, false)))))).after(&written),
        Pose::new("alike-link-verified", screen(home(adding(link(like(1, true)))))).after(&written),
        Pose::new("alike-link-yours", screen(home(adding(link(Some(NameDoubt::Yours)))))).after(&written),
        Pose::new("alike-link-known", screen(home(adding(link(Some(known)))))).after(&written),
    ]
}
