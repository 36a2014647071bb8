//! People: links, requests, contacts.

use bevy::prelude::*;
use orrery_ecs::index::Index;
use orrery_ecs::peer::Peer;
use orrery_ecs::profile::{OwnInvite, Profile};
use orrery_link::Command;
use orrery_protocol::PeerId;
use orrery_protocol::invite::Invite;
use orrery_protocol::record::ContactState;
use orrery_ui::UiAction;
use orrery_ui::view::{ErrorView, LinkCheck, NameDoubt, Notice, PeerKey};

use super::{send, with_egui};
use crate::desk::{Asked, Desk, Pane};
use crate::likeness::Likeness;
use crate::prefs::Kept;
use crate::reach::is_out_of_reach;
use crate::session::Session;

fn id(key: PeerKey) -> PeerId {
    PeerId(key.0)
}

pub(super) fn act(world: &mut World, action: UiAction) {
    match action {
        UiAction::LinkEdited(text) => {
            let check = check(world, &text);
            world.resource_mut::<Desk>().check = check;
        }
        UiAction::SendRequest { link } => {
            let name = link.parse::<Invite>().map(|invite| invite.name).unwrap_or_default();
            send(world, Command::AddContact { link }, Asked::Request(name));
        }
        UiAction::NewLink => {
            send(world, Command::RevokeInvites {}, Asked::Plain);
            // Nobody is to copy the old one any more; see `follow` for the new one.
            world.resource_mut::<OwnInvite>().0 = None;
        }
        UiAction::AcceptWelcome => {
            let Some(invite) = world.resource::<Session>().welcome().cloned() else {
                return;
            };
            world.resource_mut::<Kept>().change(|prefs| prefs.welcome_seen = true);
            send(
                world,
                Command::AddContact {
                    link: invite.to_string(),
                },
                Asked::Request(invite.name),
            );
        }
        UiAction::DismissWelcome => world.resource_mut::<Kept>().change(|prefs| prefs.welcome_seen = true),
        UiAction::CancelRequest(peer) => send(world, Command::CancelRequest { peer: id(peer) }, Asked::Plain),
        UiAction::AcceptRequest(peer) => send(world, Command::AcceptRequest { peer: id(peer) }, Asked::Plain),
        UiAction::DeclineRequest(peer) => send(world, Command::DeclineRequest { peer: id(peer) }, Asked::Plain),
        UiAction::RenameContact { peer, name } => {
            let alias = Some(name).filter(|name| !name.is_empty());
            send(world, Command::RenameContact { peer: id(peer), alias }, Asked::Plain);
        }
        UiAction::BlockContact(peer) => send(world, Command::BlockContact { peer: id(peer) }, Asked::Plain),
        UiAction::UnblockContact(peer) => send(world, Command::UnblockContact { peer: id(peer) }, Asked::Plain),
        UiAction::RemoveContact(peer) => {
            let open = world.resource::<orrery_ecs::channel::OpenChannel>().0;
            if open == Some(id(peer).into()) {
                orrery_ecs::channel::close(world);
                super::panes::show(world, Pane::Nothing);
            }
            send(world, Command::RemoveContact { peer: id(peer) }, Asked::Plain);
        }
        UiAction::CopyPeerId(peer) => {
            with_egui(world, |ctx| ctx.copy_text(id(peer).to_string()));
            world.resource_mut::<Desk>().toast(Notice::Copied, None, None);
        }
        _ => {}
    }
}

/// Asks for another link where one's own is shown and has just become worthless.
pub(super) fn follow(mut commands: Commands, invite: Res<OwnInvite>, desk: Res<Desk>) {
    if invite.is_changed() && invite.0.is_none() && desk.pane == Pane::AddContact {
        commands.queue(|world: &mut World| send(world, Command::CreateInvite {}, Asked::Invite));
    }
}

/// What a pasted text is.
fn check(world: &World, text: &str) -> LinkCheck {
    if text.trim().is_empty() {
        return LinkCheck::Empty;
    }
    let bad = |code: &str| LinkCheck::Bad(ErrorView::code(code));
    let Ok(invite) = text.parse::<Invite>() else {
        return bad("bad_link");
    };
    let own = world.resource::<Profile>().open();
    if own.is_some_and(|own| own.peer == invite.peer) {
        return bad("own_link");
    }
    let known = world
        .resource::<Index<PeerId>>()
        .get(&invite.peer)
        .and_then(|entity| world.get::<Peer>(entity));
    let likeness = world.resource::<Likeness>();
    // The key is the person: a link that calls it otherwise does not make it somebody else.
    let known_as = likeness.known_as(invite.peer, &invite.name);
    let known_bad = |code: &str| {
        LinkCheck::Bad(ErrorView {
            code: code.into(),
            detail: known_as.clone(),
        })
    };
    match known.map(|peer| peer.0.state) {
        Some(ContactState::Contact) => known_bad("already_contact"),
        Some(ContactState::RequestedByUs) => known_bad("request_pending"),
        // Two profiles on one computer may meet at its own server; to who is elsewhere it leads nowhere.
        _ if is_out_of_reach(&invite.via, own.map(|own| own.server.as_str())) => bad("link_elsewhere"),
        _ => LinkCheck::Good {
            peer: PeerKey(invite.peer.0),
            doubt: likeness
                .doubt(invite.peer, &invite.name)
                .or(known_as.map(|name| NameDoubt::Known { name })),
            name: invite.name,
            server: invite.via,
        },
    }
}
