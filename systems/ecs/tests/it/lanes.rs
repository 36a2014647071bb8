use orrery_ecs::{
    Outbox, WorkerState,
    channel::{self, OpenChannel},
    index::Index,
    link::{Answer, Inbox, MAX_EVENTS_PER_FRAME, OUTBOX_CAPACITY},
};
use orrery_link::{Code, Command, Event};
use orrery_protocol::{ChannelId, PeerId, record::ContactState};

use crate::bed::{Bed, contact, peer};

#[test]
fn commands_wait_while_the_lane_is_full_and_keep_their_order() {
    let mut bed = Bed::new();
    let total = orrery_link::lane::COMMAND_CAPACITY + 10;
    for n in 0..total {
        let text = n.to_string();
        let channel = ChannelId::from(peer(1));
        bed.app
            .world_mut()
            .resource_mut::<Outbox>()
            .send(Command::SetDraft { channel, text })
            .unwrap();
    }
    bed.app.update();
    assert!(!bed.resource::<Outbox>().is_empty());
    let mut seen = bed.commands();
    bed.app.update();
    seen.extend(bed.commands());
    let texts: Vec<String> = seen
        .into_iter()
        .map(|command| match command {
            Command::SetDraft { text, .. } => text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, (0..total).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn an_outbox_that_never_empties_refuses_instead_of_growing() {
    let mut bed = Bed::new();
    let mut outbox = bed.app.world_mut().resource_mut::<Outbox>();
    for _ in 0..OUTBOX_CAPACITY {
        assert!(outbox.send(Command::Resync {}).is_some());
    }
    assert_eq!(outbox.send(Command::Resync {}), None);
}

#[test]
fn a_worker_that_has_ended_is_noticed_and_its_commands_answered() {
    let mut bed = Bed::new();
    bed.tell([Event::Ready { version: 1 }]);
    assert_eq!(*bed.resource::<WorkerState>(), WorkerState::Up);
    let Bed { mut app, worker } = bed;
    drop(worker);
    let reference = app
        .world_mut()
        .resource_mut::<Outbox>()
        .send(Command::Resync {})
        .unwrap();
    app.update();
    assert_eq!(*app.world().resource::<WorkerState>(), WorkerState::Down);
    let answers = app.world().resource::<bevy_ecs::message::Messages<Answer>>();
    let answer = answers.iter_current_update_messages().next().unwrap();
    assert_eq!(
        *answer,
        Answer {
            reference,
            result: Err(Code::Internal)
        }
    );
}

#[test]
fn a_flood_of_events_is_spread_over_frames_and_none_is_lost() {
    let mut bed = Bed::new();
    let total = MAX_EVENTS_PER_FRAME + 40;
    let events = (0..total).map(|n| {
        let mut contact = contact(1, ContactState::Contact);
        contact.peer = PeerId(std::array::from_fn(|i| if i < 2 { (n >> (8 * i)) as u8 } else { 0 }));
        Event::ContactChanged { contact }
    });
    bed.tell(events);
    assert_eq!(bed.resource::<Index<PeerId>>().len(), MAX_EVENTS_PER_FRAME);
    assert!(bed.resource::<Inbox>().more);
    bed.app.update();
    assert_eq!(bed.resource::<Index<PeerId>>().len(), total);
    assert!(!bed.resource::<Inbox>().more);
}

#[test]
fn after_lost_events_everything_is_asked_for_anew_and_the_open_conversation_stays() {
    let mut bed = Bed::new();
    let channel = ChannelId::from(peer(1));
    channel::open(bed.app.world_mut(), channel);
    bed.tell([Event::ContactChanged {
        contact: contact(1, ContactState::Contact),
    }]);
    bed.commands();
    bed.tell([Event::Resync]);
    assert!(bed.resource::<Index<PeerId>>().is_empty());
    assert_eq!(bed.resource::<OpenChannel>().0, Some(channel));
    let commands = bed.commands();
    assert!(commands.contains(&Command::Resync {}));
    assert!(commands.contains(&Command::OpenChannel { channel }));
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::LoadHistory { .. }))
    );
}
