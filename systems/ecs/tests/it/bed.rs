//! An app with the plugin, and the worker's end in the test's hand.

use bevy_app::App;
use bevy_ecs::{entity::Entity, resource::Resource};
use orrery_ecs::{EcsPlugin, index::Index};
use orrery_link::{Command, ContactView, DirectState, Event, MessageView, WorkerEnd};
use orrery_protocol::{
    ChannelId, MessageId, PeerId,
    record::{ContactState, Delivery, MessageKind, OrderKey},
};

pub(crate) struct Bed {
    pub(crate) app: App,
    pub(crate) worker: WorkerEnd,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let (end, worker) = orrery_link::pair();
        let mut app = App::new();
        app.add_plugins(EcsPlugin::new(end));
        Self { app, worker }
    }

    pub(crate) fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.worker.send(event).unwrap();
        }
        self.app.update();
    }

    pub(crate) fn commands(&mut self) -> Vec<Command> {
        std::iter::from_fn(|| self.worker.try_command())
            .map(|request| request.command)
            .collect()
    }

    /// Answers the oldest history command with these messages, under its own reference.
    pub(crate) fn answer_history(&mut self, messages: Vec<MessageView>, has_older: bool, has_newer: bool) {
        loop {
            let request = self.worker.try_command().expect("a history command");
            if let Command::LoadHistory { channel, .. } | Command::LoadAround { channel, .. } = request.command {
                let reference = request.reference;
                self.tell([Event::HistoryLoaded {
                    reference,
                    channel,
                    messages,
                    has_older,
                    has_newer,
                }]);
                return;
            }
        }
    }

    pub(crate) fn resource<R: Resource>(&self) -> &R {
        self.app.world().resource::<R>()
    }

    pub(crate) fn channel_entity(&self, channel: ChannelId) -> Entity {
        self.resource::<Index<ChannelId>>().get(&channel).unwrap()
    }

    /// The texts of the loaded window, in order.
    pub(crate) fn texts(&self, channel: ChannelId) -> Vec<String> {
        orrery_ecs::chat::sorted(self.app.world(), self.channel_entity(channel))
            .into_iter()
            .map(|(_, entity)| {
                let message = self.app.world().get::<orrery_ecs::chat::ChatMessage>(entity).unwrap();
                match &message.0.content {
                    MessageKind::Text { text } => text.clone(),
                    MessageKind::Call { .. } => "call".into(),
                }
            })
            .collect()
    }
}

pub(crate) const fn peer(n: u8) -> PeerId {
    PeerId([n; 32])
}

pub(crate) fn contact(n: u8, state: ContactState) -> ContactView {
    ContactView {
        peer: peer(n),
        state,
        name: format!("peer {n}"),
        alias: None,
        blocked: false,
        verified: false,
        volume: 100,
        silenced: false,
        via: "ws://127.0.0.1:1".into(),
        here: false,
        last_seen_ms: 0,
        direct: DirectState::None,
        asked_ms: 0,
        sending: false,
    }
}

pub(crate) fn message(channel: u8, author: u8, seq: u64) -> MessageView {
    let mut id = [author; 16];
    id[..8].copy_from_slice(&seq.to_be_bytes());
    MessageView {
        channel: ChannelId::from(peer(channel)),
        author: peer(author),
        id: MessageId(id),
        order: OrderKey {
            lamport: seq,
            author: peer(author),
            seq,
        },
        sent_ms: seq,
        content: MessageKind::Text {
            text: format!("{author}.{seq}"),
        },
        reply_to: None,
        quoted: None,
        edited: false,
        deleted: false,
        delivery: Delivery::Delivered,
        reactions: Vec::new(),
    }
}
