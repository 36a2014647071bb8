//! Calls of one to sixteen people, in every state a planet can show.

use orrery_ui::view::{
    CallKey, CallPhase, CallView, CodecView, ContactPick, DeafPair, EndReason, ErrorView, LinkPhase, LinkView,
    MainPane, Meters, PlateStatus, Presence, QualityView, Route, ScreenView, TalkKeyView,
};

use super::hand::Act;
use super::people::{ago, channel, home, key, name};
use super::poses::{Person, Pose};

fn call(people: usize, phase: CallPhase) -> CallView {
    CallView {
        call: CallKey([1; 16]),
        phase,
        names: (1..people).map(|n| name(n).to_owned()).collect(),
        all_verified: true,
        muted: false,
        deafened: false,
        addable: (4..7)
            .map(|n| ContactPick {
                peer: key(n),
                name: name(n).into(),
                presence: Presence::Here,
                namesake: None,
            })
            .collect(),
        strangers: Vec::new(),
        trouble: Vec::new(),
        talk: None,
        channel: Some(channel(1)),
    }
}

fn pose(title: &str, view: CallView, persons: Vec<Person>) -> Pose {
    let screen = ScreenView::Home(Box::new(home(MainPane::Call(Box::new(view)))));
    Pose {
        persons,
        calm: false,
        ..Pose::new(title, screen)
    }
}

fn persons(people: usize) -> Vec<Person> {
    (0..people)
        .map(|n| Person {
            me: n == 0,
            verified: n > 0,
            status: if n == 0 {
                PlateStatus::None
            } else {
                PlateStatus::Direct {
                    rtt_ms: 11 + 7 * n as u32,
                }
            },
            ..Person::new(key(n), name(n))
        })
        .collect()
}

fn with(mut persons: Vec<Person>, n: usize, change: impl FnOnce(&mut Person)) -> Vec<Person> {
    if let Some(person) = persons.get_mut(n) {
        change(person);
    }
    persons
}

/// The four of the first picture: one speaks, one is heard faintly, one is muted.
fn four() -> Vec<Person> {
    let all = with(persons(4), 1, |p| p.level = 0.95);
    let all = with(all, 2, |p| p.level = 0.0);
    with(all, 3, |p| p.muted = true)
}

pub(super) fn all() -> Vec<Pose> {
    let active = CallPhase::Active {
        since_ms: ago(13) + 19_000,
    };
    let ringing = CallPhase::RingingOut {
        since_ms: ago(0) - 4000,
    };
    let one = with(persons(2), 1, |p| {
        p.connecting = true;
        p.status = PlateStatus::Ringing;
    });
    let two = with(persons(2), 1, |p| p.level = 0.8);
    let states = with(four(), 2, |p| {
        p.fray = 0.75;
        p.status = PlateStatus::BadLink {
            rtt_ms: 412,
            loss_percent: 9,
        };
    });
    let states = with(states, 3, |p| {
        p.muted = true;
        p.deafened = true;
        p.verified = false;
        p.namesake = super::likeness::id(3, true);
    });
    let mut states = with(states, 0, |p| p.muted = true);
    states.push(Person {
        connecting: true,
        status: PlateStatus::Connecting,
        ..Person::new(key(6), name(6))
    });
    let eight = with(with(persons(8), 3, |p| p.level = 0.9), 5, |p| p.muted = true);
    let sixteen = with(with(persons(16), 6, |p| p.level = 0.85), 11, |p| p.level = 0.4);
    let sixteen = with(with(sixteen, 4, |p| p.muted = true), 9, |p| p.muted = true);
    let muted = CallView {
        muted: true,
        all_verified: false,
        ..call(5, active.clone())
    };
    let ended = CallPhase::Ended {
        reason: EndReason::TheyLeft,
        seconds: 754,
    };
    let soundless = CallView {
        trouble: ["no_input_device", "no_output_device"].map(ErrorView::code).into(),
        ..call(2, active.clone())
    };
    vec![
        pose("call-ringing", call(2, ringing), one),
        pose("call-alone", call(1, CallPhase::Connecting), persons(1)),
        pose("call-two", call(2, active.clone()), two),
        pose("call-no-sound", soundless, persons(2)),
        pose("call-four", call(4, active.clone()), four()),
        pose("call-states", muted, states),
        pose("call-eight", call(8, active.clone()), eight),
        pose("call-sixteen", call(16, active.clone()), sixteen),
        Pose {
            meters: Meters {
                talk_held: false,
                ..Meters::default()
            },
            ..pose("call-push-to-talk", pushing(&active), four())
        },
        Pose {
            meters: Meters {
                talk_held: true,
                ..Meters::default()
            },
            ..pose("call-talking", pushing(&active), with(four(), 0, |p| p.level = 0.8))
        },
        pose("call-heard", call(4, active.clone()), heard()),
        pose("call-person", call(4, active.clone()), heard()).after(&[Act::Press("call.plate.2")]),
        // A click elsewhere closes the menu of the picture before.
        Pose {
            quality: quality(4),
            ..pose("call-quality", call(4, active.clone()), lost())
                .after(&[Act::Press("call.title"), Act::Press("call.quality")])
        },
        Pose {
            quality: quality(16),
            ..pose("call-quality-many", call(16, active), persons(16))
        },
        pose("call-ended", call(2, ended), Vec::new()),
    ]
}

fn pushing(active: &CallPhase) -> CallView {
    CallView {
        talk: Some(TalkKeyView {
            mutes: false,
            key: Some("F8".into()),
        }),
        ..call(4, active.clone())
    }
}

/// One louder, one not heard, one from whom one's own voice comes back.
fn heard() -> Vec<Person> {
    let all = with(four(), 1, |p| (p.echo, p.level) = (true, 0.0));
    let all = with(all, 2, |p| p.volume = 140);
    with(all, 3, |p| (p.silenced, p.muted) = (true, false))
}

/// The third has broken off.
fn lost() -> Vec<Person> {
    let all = with(four(), 2, |p| {
        (p.fray, p.status) = (
            0.5,
            PlateStatus::BadLink {
                rtt_ms: 340,
                loss_percent: 18,
            },
        )
    });
    with(all, 3, |p| {
        (p.muted, p.connecting, p.fray, p.status) = (false, true, 0.85, PlateStatus::Lost);
    })
}

/// Everybody in good order, but one who misses much and, where there are others, one who has broken off.
fn quality(people: usize) -> QualityView {
    let links = (1..people).map(|n| LinkView {
        peer: key(n),
        name: name(n).into(),
        namesake: None,
        phase: if n == 3 { LinkPhase::Lost } else { LinkPhase::Up },
        rtt_ms: if n == 2 { 340 } else { 11 + 7 * n as u32 },
        loss_in: 0.004,
        loss_out: if n == 2 { 0.18 } else { 0.0 },
        jitter_ms: 3,
        buffer_ms: 40,
        concealed: 0.001,
        recovered: 0.003,
        frame_ms: 20,
        route: if n == 2 { Route::Relayed } else { Route::Direct },
        echo: false,
    });
    QualityView {
        own: CodecView {
            frame_ms: 20,
            bitrate: 32_000,
            fec: true,
            dred_ms: 200,
        },
        links: links.collect(),
        deaf: vec![DeafPair {
            hearer: "Rhea".into(),
            speaker: "Callisto".into(),
            both: true,
        }],
    }
}
