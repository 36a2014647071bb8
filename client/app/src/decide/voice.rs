//! One's own voice and other people's: the talk key, how loud somebody is heard.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::Profile;
use orrery_link::Command;
use orrery_protocol::PeerId;
use orrery_ui::UiAction;

use super::send;
use crate::cosmos::{CallScene, SceneInput};
use crate::desk::{Asked, Desk};
use crate::heard::Loudness;
use crate::keys::{Hand, TalkKey};
use crate::redraw::Wishes;

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::HoldTalkKey(down) => {
            world.resource::<TalkKey>().hold(Hand::Window, down);
        }
        UiAction::SetPeerVolume { peer, percent } => {
            let peer = PeerId(peer.0);
            let was = now(world, peer);
            let mut desk = world.resource_mut::<Desk>();
            let command = desk.heard.set_volume(peer, was, percent, Instant::now());
            if let Some(command) = command {
                send(world, command, Asked::Heard(peer));
            }
        }
        UiAction::SilencePeer { peer, silenced } => {
            let peer = PeerId(peer.0);
            let was = now(world, peer);
            let command = world.resource_mut::<Desk>().heard.silence(peer, was, silenced);
            send(world, command, Asked::Heard(peer));
        }
        _ => {}
    }
}

fn now(world: &World, peer: PeerId) -> Loudness {
    let contact = world
        .resource::<Index<PeerId>>()
        .get(&peer)
        .and_then(|entity| world.get::<Peer>(entity))
        .map(|peer| &peer.0);
    world.resource::<Desk>().heard.of(peer, contact)
}

/// A volume that came to rest goes to the worker.
pub(super) fn follow(mut commands: Commands, mut desk: ResMut<Desk>, wishes: Res<Wishes>) {
    if !desk.heard.waits() {
        return;
    }
    wishes.note(Duration::ZERO);
    let due = desk.bypass_change_detection().heard.due(Instant::now());
    if !due.is_empty() {
        commands.queue(move |world: &mut World| {
            for (peer, command) in due {
                send(world, command, Asked::Heard(peer));
            }
        });
    }
}

/// A planet that has moved by less than this on the scale of −100 to 100 is heard where it was: orbits sway all the time.
const MOVED: i8 = 8;

/// Tells the worker where everybody stands, if voices are to come from there.
pub(super) fn places(
    mut commands: Commands,
    mut told: Local<(Option<Entity>, HashMap<PeerId, i8>)>,
    scene: Option<Res<SceneInput>>,
    current: Res<CurrentCall>,
    desk: Res<Desk>,
    profile: Res<Profile>,
) {
    let Some(profile) = profile.open() else { return };
    let positional = desk.settings.as_ref().unwrap_or(&profile.settings).positional;
    let (of, told) = &mut *told;
    if *of != current.own || !positional {
        *of = current.own;
        told.clear();
    }
    if current.own.is_none() || !positional {
        return;
    }
    // Another pane hides the planets and moves nobody.
    let Some(call) = scene.as_ref().and_then(|scene| scene.call.as_ref()) else {
        return;
    };
    for (peer, place) in seen(call) {
        let news = told
            .get(&peer)
            .is_none_or(|was| was.abs_diff(place) >= MOVED.unsigned_abs());
        if news && peer != profile.peer {
            told.insert(peer, place);
            commands.queue(move |world: &mut World| {
                send(world, Command::PlacePeer { peer, place }, Asked::Quiet);
            });
        }
    }
}

/// Where everybody is seen: −100 at the left edge of the stage, 100 at the right.
fn seen(call: &CallScene) -> impl Iterator<Item = (PeerId, i8)> + '_ {
    let half = (call.stage.width() / 2.0).max(1.0);
    call.bodies.iter().map(move |body| {
        let across = (body.centre.x - call.stage.center().x) / half;
        (PeerId(body.key), (across.clamp(-1.0, 1.0) * 100.0).round() as i8)
    })
}
