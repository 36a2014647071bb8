//! A call that rings here.

use bevy::prelude::*;
use orrery_ecs::call::Call;
use orrery_ecs::derive::CurrentCall;
use orrery_ui::view::{CallKey, IncomingCallView, PeerKey};

use super::names;
use crate::desk::Desk;
use crate::likeness::Likeness;

pub(super) fn view(world: &World) -> Option<IncomingCallView> {
    let current = world.resource::<CurrentCall>();
    let call = &world.get::<Call>(current.incoming?)?.0;
    let desk = world.resource::<Desk>();
    let others: Vec<_> = call
        .participants
        .iter()
        .filter(|participant| participant.peer != call.caller)
        .collect();
    Some(IncomingCallView {
        call: CallKey(call.call.0),
        from: PeerKey(call.caller.0),
        name: names::of(world, call.caller),
        verified: names::contact(world, call.caller).is_some_and(|contact| contact.verified),
        namesake: world.resource::<Likeness>().namesake(call.caller),
        others: others.iter().map(|participant| participant.name.clone()).collect(),
        strangers: others
            .iter()
            .filter(|participant| !participant.contact)
            .map(|p| p.name.clone())
            .collect(),
        since_ms: desk
            .ringing
            .filter(|(id, _)| *id == call.call)
            .map_or_else(super::unix_ms, |(_, at)| at),
    })
}
