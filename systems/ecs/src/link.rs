//! The bridge: events in, gauges in, commands out.

use std::{collections::VecDeque, sync::Arc};

use bevy_ecs::{
    message::{Message, MessageWriter},
    resource::Resource,
    system::{Res, ResMut},
    world::World,
};
use orrery_link::{AppEnd, Code, Command, Event, Gauges, Reference, Request, SendError};

use crate::{call, channel, chat, notice, peer, profile};

/// Events applied in one frame; the rest wait for the next, so that a flood never freezes a frame.
pub const MAX_EVENTS_PER_FRAME: usize = 512;
/// Commands kept while the lane is full. When this is full too, new ones are refused and said so.
pub const OUTBOX_CAPACITY: usize = 1024;
/// Prefix of the reference under which everything is asked for anew after events were lost. Its answer comes after
/// those to all commands before it, as far as they come at all.
pub const RESYNC: &str = "resync";

/// The window's end of the link.
#[derive(Resource, Debug)]
pub struct Link(pub AppEnd);

/// Events of this frame, in order.
#[derive(Resource, Debug, Default)]
pub struct Inbox {
    events: Vec<Event>,
    /// More wait on the lane: the next frame must come soon.
    pub more: bool,
}

/// The latest gauges.
#[derive(Resource, Debug, Default)]
pub struct LatestGauges(pub Arc<Gauges>);

/// Whether there is anybody at the other end.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WorkerState {
    /// Not heard of yet.
    #[default]
    Starting,
    /// It is there.
    Up,
    /// It has ended; nothing can be done any more.
    Down,
}

/// What came of a command.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The name the outbox gave it.
    pub reference: Reference,
    /// Done, or why not.
    pub result: Result<(), Code>,
}

/// Commands to send at the end of the frame.
#[derive(Resource, Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Request>,
    count: u64,
}

impl Outbox {
    /// Queues a command under a fresh name; `None` when it was refused because nothing has gone out for long.
    pub fn send(&mut self, command: Command) -> Option<Reference> {
        self.send_as("c", command)
    }

    /// The same with a prefix that tells what the answer is for.
    pub fn send_as(&mut self, prefix: &str, command: Command) -> Option<Reference> {
        (self.waiting.len() < OUTBOX_CAPACITY).then(|| self.queue(prefix, command))
    }

    /// Past the capacity: for the one command without which the window would stay empty.
    fn queue(&mut self, prefix: &str, command: Command) -> Reference {
        self.count += 1;
        let reference = format!("{prefix}:{}", self.count);
        self.waiting.push_back(Request {
            reference: Some(reference.clone()),
            command,
        });
        reference
    }

    /// Whether everything has gone out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes out what has not gone yet, oldest first: for the end of the program, after which no frame sends it.
    #[must_use]
    pub fn take_waiting(&mut self) -> VecDeque<Request> {
        std::mem::take(&mut self.waiting)
    }
}

/// Which command of the outbox a reference names; they are counted as they are queued.
#[must_use]
pub fn number(reference: &str) -> Option<u64> {
    reference.rsplit(':').next()?.parse().ok()
}

pub(crate) fn drain(link: Res<'_, Link>, mut inbox: ResMut<'_, Inbox>, mut state: ResMut<'_, WorkerState>) {
    link.0.drained();
    inbox.more = false;
    while let Some(event) = link.0.try_event() {
        inbox.events.push(event);
        if inbox.events.len() >= MAX_EVENTS_PER_FRAME {
            inbox.more = true;
            break;
        }
    }
    let now = if link.0.is_closed() && inbox.events.is_empty() {
        WorkerState::Down
    } else if inbox.events.is_empty() {
        *state
    } else {
        WorkerState::Up
    };
    if *state != now {
        *state = now;
    }
}

pub(crate) fn sample(link: Res<'_, Link>, mut latest: ResMut<'_, LatestGauges>) {
    let gauges = link.0.gauges();
    if gauges.count != latest.0.count {
        latest.0 = gauges;
    }
}

/// Applies the frame's events one by one, in the order in which they were sent: each noun takes what concerns it.
pub(crate) fn apply(world: &mut World) {
    let events = std::mem::take(&mut world.resource_mut::<Inbox>().events);
    for event in &events {
        if matches!(event, Event::Resync) {
            resync(world);
        }
        profile::on(world, event);
        peer::on(world, event);
        channel::on(world, event);
        chat::on(world, event);
        call::on(world, event);
        notice::on(world, event);
    }
    let mut inbox = world.resource_mut::<Inbox>();
    if inbox.events.is_empty() {
        // Give the allocation back for the next frame.
        let mut events = events;
        events.clear();
        inbox.events = events;
    }
}

/// Events were lost: forget what may be stale and ask for everything anew.
fn resync(world: &mut World) {
    peer::clear(world);
    channel::clear(world);
    call::clear(world);
    let mut outbox = world.resource_mut::<Outbox>();
    outbox.queue(RESYNC, Command::Resync {});
}

pub(crate) fn flush(
    link: Res<'_, Link>,
    mut outbox: ResMut<'_, Outbox>,
    mut state: ResMut<'_, WorkerState>,
    mut answers: MessageWriter<'_, Answer>,
) {
    while let Some(request) = outbox.waiting.pop_front() {
        match link.0.send(request) {
            Ok(()) => {}
            Err(SendError::Full(request)) => {
                outbox.waiting.push_front(*request);
                return;
            }
            Err(SendError::Closed(request)) => {
                *state = WorkerState::Down;
                if let Some(reference) = request.reference {
                    answers.write(Answer {
                        reference,
                        result: Err(Code::Internal),
                    });
                }
            }
        }
    }
}
