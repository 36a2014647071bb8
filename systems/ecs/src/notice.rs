//! What a person should be told as it happens: for toasts, desktop notifications and sounds.

use bevy_ecs::{
    message::{Message, Messages},
    world::World,
};
use orrery_link::{Event, MessageView, Notice};
use orrery_protocol::{PeerId, record::CallOutcome};

use crate::link::Answer;

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
    /// A call ended.
    CallEnded {
        /// How.
        outcome: CallOutcome,
    },
    /// Somebody left a call that goes on.
    PeerLeft {
        /// Who.
        peer: PeerId,
    },
    /// The worker's own notice.
    Notice(Notice),
}

fn write(world: &mut World, happened: Happened) {
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
        Event::CallEnded { outcome, .. } => write(world, Happened::CallEnded { outcome: *outcome }),
        Event::PeerLeft { peer, .. } => write(world, Happened::PeerLeft { peer: *peer }),
        Event::Notice(notice) => write(world, Happened::Notice(notice.clone())),
        _ => {}
    }
}
