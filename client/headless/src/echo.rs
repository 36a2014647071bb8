//! The echo contact: accepts requests, answers messages, picks up. What it hears it says back one second later; that
//! part is the worker's sound, see [`crate::console`].

use orrery_link::{CallPhase, Command, Event};
use orrery_protocol::record::{ContactState, MessageKind};

/// How long after hearing something it says it, in milliseconds.
pub const DELAY_MS: u32 = 1000;

/// What the echo contact does about an event.
#[must_use]
pub fn answer(event: &Event) -> Vec<Command> {
    match event {
        Event::ContactChanged { contact } if contact.state == ContactState::RequestedByThem && !contact.blocked => {
            vec![Command::AcceptRequest { peer: contact.peer }]
        }
        Event::MessageReceived { message } => match &message.content {
            MessageKind::Text { text } if !message.deleted => vec![
                Command::MarkRead {
                    channel: message.channel,
                    up_to: message.order,
                },
                Command::SendText {
                    channel: message.channel,
                    text: text.clone(),
                    reply_to: None,
                },
            ],
            _ => Vec::new(),
        },
        Event::CallChanged { call } if call.phase == CallPhase::Incoming => {
            vec![Command::AcceptCall { call: call.call }]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use orrery_link::MessageView;
    use orrery_protocol::{
        CallId, ChannelId, MessageId, PeerId,
        record::{CallOutcome, Delivery, OrderKey},
    };

    use super::*;

    fn received(content: MessageKind) -> Event {
        let author = PeerId([1; 32]);
        Event::MessageReceived {
            message: MessageView {
                channel: ChannelId::from(author),
                author,
                id: MessageId([2; 16]),
                order: OrderKey {
                    lamport: 1,
                    author,
                    seq: 1,
                },
                sent_ms: 0,
                content,
                reply_to: None,
                quoted: None,
                edited: false,
                deleted: false,
                delivery: Delivery::Delivered,
                reactions: vec![],
            },
        }
    }

    #[test]
    fn it_says_back_words_and_nothing_else() {
        let answers = answer(&received(MessageKind::Text { text: "hello".into() }));
        assert!(matches!(&answers[..], [Command::MarkRead { .. }, Command::SendText { text, .. }] if text == "hello"));
        assert!(
            answer(&received(MessageKind::Call {
                outcome: CallOutcome::Missed,
                duration_ms: 0
            }))
            .is_empty()
        );
    }

    #[test]
    fn it_stays_in_a_call_that_goes_on_without_somebody() {
        let left = Event::PeerLeft {
            call: CallId([3; 16]),
            peer: PeerId([1; 32]),
        };
        assert!(answer(&left).is_empty());
    }
}
