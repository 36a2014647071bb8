//! Adding someone.

use bevy::prelude::*;
use orrery_ecs::profile::OwnInvite;
use orrery_ui::view::AddContactView;

use crate::desk::Desk;

pub(super) fn view(world: &World) -> AddContactView {
    AddContactView {
        own_link: world.resource::<OwnInvite>().0.clone().unwrap_or_default(),
        check: world.resource::<Desk>().check.clone(),
    }
}
