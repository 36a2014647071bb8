//! Adding someone.

use bevy::prelude::*;
use orrery_ecs::profile::{OwnInvite, Profile};
use orrery_ui::view::AddContactView;

use crate::desk::Desk;
use crate::reach::is_here;

pub(super) fn view(world: &World) -> AddContactView {
    AddContactView {
        own_link: world.resource::<OwnInvite>().0.clone().unwrap_or_default(),
        own_here: world
            .resource::<Profile>()
            .open()
            .is_some_and(|own| is_here(&own.server)),
        check: world.resource::<Desk>().check.clone(),
    }
}
