//! What changes with every frame of a call: where the planets are, how loud they are, and the plates under them. The scene
//! and the panels are told the same places.

use bevy::math::{Rect, Vec2};
use bevy::prelude::*;
use bevy_egui::egui;
use orrery_ecs::call::{Call, Connecting, Participant, Participants, Speaking, Voice};
use orrery_ecs::channel::OpenChannel;
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::{OwnVoice, Profile};
use orrery_link::{CallPhase, CallView, ContactView, ParticipantPhase};
use orrery_protocol::PeerId;
use orrery_ui::layout::{PlanetPlacement, columns, orrery_layout};
use orrery_ui::tokens;
use orrery_ui::view::{MainPane, PeerKey, PlateStatus, PlateView, ScreenView};

use super::quality::EchoWatch;
use super::{Panels, Shown};
use crate::cosmos::level::LIT;
use crate::cosmos::{Body, CallScene, SceneClock, SceneInput, ShownLevels};
use crate::desk::Desk;
use crate::heard::Loudness;
use crate::likeness::Likeness;
use crate::prefs::Kept;
use crate::redraw::Wishes;

/// Gauges run from −60 dBFS (0) to full scale (1). Below this a sound is a room, not a voice …
const QUIETEST: f32 = 0.25;
/// … and above this (−9 dBFS) it is as loud as a corona can show.
const LOUDEST: f32 = 0.85;
/// A link is bad in words from this fraying on.
const BAD_LINK: f32 = 0.25;
/// How far the orbit of somebody frays whose connection broke.
const LOST: f32 = 0.85;

/// One person in the call, from whatever source.
struct Person {
    peer: PeerId,
    name: String,
    me: bool,
    level: f32,
    speaking: bool,
    muted: bool,
    deafened: bool,
    connecting: bool,
    fray: f32,
    heard: Loudness,
    echo: bool,
    status: PlateStatus,
}

/// What is known of people beside the call.
#[derive(bevy::ecs::system::SystemParam)]
pub(super) struct Known<'w, 's> {
    likeness: Res<'w, Likeness>,
    index: Res<'w, Index<PeerId>>,
    peers: Query<'w, 's, &'static Peer>,
    echo: Res<'w, EchoWatch>,
}

impl Known<'_, '_> {
    fn contact(&self, peer: PeerId) -> Option<&ContactView> {
        let entity = self.index.get(&peer)?;
        self.peers.get(entity).ok().map(|peer| &peer.0)
    }
}

/// Loudness as a corona shows it.
pub(crate) fn brightness(level: f32, speaking: bool) -> f32 {
    if !speaking {
        return 0.0;
    }
    // Whoever speaks is seen to speak, however softly.
    ((level - QUIETEST) / (LOUDEST - QUIETEST)).clamp(0.18, 1.0)
}

/// How bad a link is, 0 to 1: a fifth of all packets lost, or of all sound made up, is as bad as it gets.
pub(crate) fn fraying(loss: f32, concealed: f32, rtt_ms: u32) -> f32 {
    let slow = (rtt_ms.saturating_sub(350)) as f32 / 1200.0;
    ((loss - 0.02).max(0.0) / 0.18 + (concealed - 0.03).max(0.0) / 0.17 + slow).clamp(0.0, 1.0)
}

#[expect(clippy::too_many_arguments, reason = "scene and plates must be told the same places")]
pub(super) fn place(
    mut shown: ResMut<Shown>,
    mut scene: ResMut<SceneInput>,
    panels: Res<Panels>,
    kept: Res<Kept>,
    clock: Res<SceneClock>,
    levels: Res<ShownLevels>,
    known: Known,
    current: Res<CurrentCall>,
    open: Res<OpenChannel>,
    profile: Res<Profile>,
    voice: Res<OwnVoice>,
    desk: Res<Desk>,
    calls: Query<(&Call, Option<&Participants>)>,
    people: Query<(&Participant, &Voice, Has<Speaking>, Has<Connecting>)>,
    wishes: Res<Wishes>,
    window: Query<&Window, With<bevy::window::PrimaryWindow>>,
) {
    let size = window.single().map_or(Vec2::ZERO, Window::size);
    let mut next = SceneInput {
        room: open.0.map(|channel| channel.0),
        call: None,
        calm: true,
        reduced_motion: kept.get().reduced_motion,
        panes: panes(&shown.screen, size),
    };
    let mut plates = Vec::new();
    let in_pane = matches!(&shown.screen, ScreenView::Home(home) if matches!(home.main, MainPane::Call(_)));
    if !matches!(&shown.screen, ScreenView::Home(_)) {
        (next.calm, next.room) = (false, None);
    }
    if in_pane {
        next.calm = false;
        match (
            panels.0.call_stage(),
            current.own.and_then(|entity| calls.get(entity).ok()),
        ) {
            (Some(stage), Some((call, participants))) => {
                let persons = persons(&call.0, participants, &people, &known, &profile, *voice, &desk);
                let places = orrery_layout(stage, persons.len(), clock.motion_s, next.reduced_motion);
                let hover = panels.0.call_hover();
                next.call = Some(CallScene {
                    stage: rect(stage),
                    bodies: persons.iter().zip(&places).map(|(p, at)| body(p, at, hover)).collect(),
                });
                plates = persons
                    .iter()
                    .zip(&places)
                    .map(|(p, at)| plate(p, at, &levels, &known.likeness))
                    .collect();
            }
            // The stage is known once the panels have drawn it.
            (None, Some(_)) => wishes.note(std::time::Duration::ZERO),
            _ => {}
        }
    }
    scene.set_if_neq(next);
    if shown.plates != plates {
        shown.plates = plates;
    }
}

fn persons(
    call: &CallView,
    participants: Option<&Participants>,
    people: &Query<(&Participant, &Voice, Has<Speaking>, Has<Connecting>)>,
    known: &Known,
    profile: &Profile,
    voice: OwnVoice,
    desk: &Desk,
) -> Vec<Person> {
    let mut persons = Vec::with_capacity(call.participants.len() + 1);
    if let Some(own) = profile.open() {
        let quiet = call.muted || call.deafened || desk.muted || desk.deafened;
        persons.push(Person {
            peer: own.peer,
            name: orrery_ui::strings::text("plate-you").into_owned(),
            me: true,
            level: voice.level,
            speaking: voice.speaking && !quiet,
            muted: call.muted,
            deafened: call.deafened,
            connecting: false,
            fray: 0.0,
            heard: Loudness::default(),
            echo: false,
            status: PlateStatus::None,
        });
    }
    // The view has the order; the entities have the voices.
    let entities = participants.map(Participants::entities).unwrap_or_default();
    for view in &call.participants {
        let found = entities
            .iter()
            .filter_map(|e| people.get(*e).ok())
            .find(|(p, ..)| p.0.peer == view.peer);
        let Some((_, voice, speaking, connecting)) = found else {
            continue;
        };
        let lost = view.phase == ParticipantPhase::Lost;
        let fray = if lost {
            LOST
        } else {
            fraying(voice.loss.max(voice.sent_loss), voice.concealed, voice.rtt_ms)
        };
        let ringing = view.phase == ParticipantPhase::Ringing || call.phase == CallPhase::Outgoing;
        persons.push(Person {
            peer: view.peer,
            name: view.name.clone(),
            me: false,
            level: voice.level,
            speaking,
            muted: view.muted,
            deafened: view.deafened,
            connecting: connecting || ringing,
            fray,
            heard: desk.heard.of(view.peer, known.contact(view.peer)),
            echo: known.echo.blames(view.peer),
            status: match view.phase {
                _ if ringing => PlateStatus::Ringing,
                ParticipantPhase::Ringing => PlateStatus::Ringing,
                ParticipantPhase::Connecting => PlateStatus::Connecting,
                ParticipantPhase::Lost => PlateStatus::Lost,
                ParticipantPhase::Connected if fray >= BAD_LINK => PlateStatus::BadLink {
                    rtt_ms: voice.rtt_ms,
                    loss_percent: (voice.loss.max(voice.sent_loss) * 100.0).clamp(0.0, 100.0) as u8,
                },
                ParticipantPhase::Connected if voice.rtt_ms > 0 => PlateStatus::Direct { rtt_ms: voice.rtt_ms },
                ParticipantPhase::Connected => PlateStatus::None,
            },
        });
    }
    persons
}

fn body(person: &Person, at: &PlanetPlacement, hover: Option<PeerKey>) -> Body {
    Body {
        key: person.peer.0,
        centre: point(at.center),
        radius: at.radius,
        orbit_centre: point(at.orbit.center),
        orbit: Vec2::new(at.orbit.rx, at.orbit.ry),
        phase: (at.phase / std::f32::consts::TAU).rem_euclid(1.0),
        level: brightness(person.level, person.speaking),
        muted: person.muted,
        deafened: person.deafened,
        connecting: person.connecting,
        fray: person.fray,
        pointed: hover == Some(PeerKey(person.peer.0)),
    }
}

fn plate(person: &Person, at: &PlanetPlacement, levels: &ShownLevels, likeness: &Likeness) -> PlateView {
    PlateView {
        peer: PeerKey(person.peer.0),
        me: person.me,
        name: person.name.clone(),
        verified: !person.me && likeness.is_verified(person.peer),
        namesake: likeness.namesake(person.peer).filter(|_| !person.me),
        center: at.center,
        radius: at.radius,
        // The word stays as long as the corona burns, so that it does not flicker between syllables.
        speaking: person.speaking || levels.0.get(&person.peer.0).is_some_and(|level| *level > LIT),
        muted: person.muted,
        deafened: person.deafened,
        volume: person.heard.volume,
        silenced: person.heard.silenced,
        echo: person.echo,
        status: person.status,
    }
}

fn point(p: egui::Pos2) -> Vec2 {
    Vec2::new(p.x, p.y)
}

fn rect(r: egui::Rect) -> Rect {
    Rect {
        min: point(r.min),
        max: point(r.max),
    }
}

/// Where translucent panels lie, for the sky behind them.
pub(crate) fn panes(screen: &ScreenView, size: Vec2) -> Vec<Rect> {
    let ScreenView::Home(home) = screen else {
        return Vec::new();
    };
    let window = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(size.x, size.y));
    let columns = columns(window, !matches!(home.main, MainPane::Empty));
    let mut panes: Vec<Rect> = columns.rail.into_iter().chain(columns.side).map(rect).collect();
    if let Some(main) = columns.main {
        match home.main {
            MainPane::Empty => {}
            // Their head only: behind a conversation and a call the sky is to be seen.
            MainPane::Conversation(_) | MainPane::Call(_) => {
                panes.push(rect(main.with_max_y(main.top() + tokens::BAR_HEIGHT)));
            }
            MainPane::Settings(_) | MainPane::AddContact(_) | MainPane::Compare(_) => panes.push(rect(main)),
        }
    }
    panes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_dark_and_any_voice_is_lit() {
        assert_eq!(brightness(0.9, false), 0.0);
        assert!(brightness(0.0, true) > LIT);
        assert_eq!(brightness(1.0, true), 1.0);
    }

    #[test]
    fn a_good_link_does_not_fray_and_a_lost_one_frays_whole() {
        assert_eq!(fraying(0.0, 0.0, 40), 0.0);
        assert_eq!(fraying(0.01, 0.02, 120), 0.0);
        assert_eq!(fraying(0.5, 0.0, 40), 1.0);
        assert!(fraying(0.08, 0.0, 40) > BAD_LINK);
    }
}
