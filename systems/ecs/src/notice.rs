//! What a person should be told as it happens: for toasts, desktop notifications and sounds.

use bevy_ecs::{
    message::{Message, Messages},
    world::World,
};
use orrery_link::{Code, Event, MessageView, Notice};
use orrery_protocol::{CallId, PeerId, record::CallOutcome};

use crate::{index::Index, link::Answer, peer::Peer};

/// Something worth telling.
#[derive(Message, Clone, Debug, PartialEq)]
pub enum Happened {
    /// A message arrived.
    Message(Box<MessageView>),
    /// Somebody wants to be a contact.
    Request {
        /// Who.
        peer: PeerId,
        /// The name it gives itself.
        name: String,
    },
    /// A request was accepted.
    Accepted {
        /// By whom.
        peer: PeerId,
    },
    /// A request of ours reached nobody.
    RequestFailed {
        /// To whom.
        peer: PeerId,
        /// What they are called here. The request itself is gone when this is read.
        name: String,
        /// Why.
        code: Code,
    },
    /// A call ended.
    CallEnded {
        /// Which: the row it leaves in the conversation has the same id.
        call: CallId,
        /// How.
        outcome: CallOutcome,
    },
    /// Somebody left a call that goes on.
    PeerLeft {
        /// Who.
        peer: PeerId,
    },
    /// A page of the open conversation could not be loaded.
    HistoryFailed {
        /// Why.
        code: Code,
    },
    /// The worker's own notice.
    Notice(Notice),
}

pub(crate) fn write(world: &mut World, happened: Happened) {
    world.resource_mut::<Messages<Happened>>().write(happened);
}

pub(crate) fn on(world: &mut World, event: &Event) {
    match event {
        Event::Done { reference } => {
            world.resource_mut::<Messages<Answer>>().write(Answer {
                reference: reference.clone(),
                result: Ok(()),
            });
        }
        Event::Failed { reference, code } => {
            let reference = reference.clone().unwrap_or_default();
            world.resource_mut::<Messages<Answer>>().write(Answer {
                reference,
                result: Err(*code),
            });
        }
        Event::MessageReceived { message } => write(world, Happened::Message(Box::new(message.clone()))),
        Event::RequestReceived { peer, name } => write(
            world,
            Happened::Request {
                peer: *peer,
                name: name.clone(),
            },
        ),
        Event::RequestAccepted { peer } => write(world, Happened::Accepted { peer: *peer }),
        Event::CallEnded { call, outcome, .. } => {
            let (call, outcome) = (*call, *outcome);
            write(world, Happened::CallEnded { call, outcome });
        }
        Event::PeerLeft { peer, .. } => write(world, Happened::PeerLeft { peer: *peer }),
        Event::Notice(Notice::RequestFailed { peer, code }) => {
            let name = world
                .resource::<Index<PeerId>>()
                .get(peer)
                .and_then(|entity| world.get::<Peer>(entity))
                .map(|peer| peer.0.shown_name().to_owned())
                .unwrap_or_default();
            let (peer, code) = (*peer, *code);
            write(world, Happened::RequestFailed { peer, name, code });
        }
        Event::Notice(notice) => write(world, Happened::Notice(notice.clone())),
        _ => {}
    }
}
