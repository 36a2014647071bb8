//! What all connections of an evil server share.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use orrery_protocol::{
    PeerId,
    frame::{SocketReply, SocketRequest},
};
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{Dice, Door, Frame, Plan, Seen, Stranger, Way, book::Book, tee::Wire};

/// Messages on their way to one end of a connection. Whoever takes none until it is full is cut off.
pub(crate) const LANE: usize = 16 * 1024;

/// One client's connection, and ours to the honest server for it.
pub(crate) struct Line {
    pub(crate) door: Door,
    /// Who asked to log in, and whether that was welcomed.
    asked: Option<PeerId>,
    pub(crate) peer: Option<PeerId>,
    up: mpsc::Sender<Message>,
    down: mpsc::Sender<Message>,
    /// When what went before in this direction will have left.
    free: [Instant; 2],
    end: Arc<Notify>,
}

/// A frame on its way, as the mischiefs see it.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) line: u64,
    pub(crate) way: Way,
    pub(crate) frame: Frame,
    /// How much later it leaves.
    pub(crate) after: Duration,
    /// Whether it waits for what is before it.
    pub(crate) in_order: bool,
}

impl Parcel {
    pub(crate) fn new(line: u64, way: Way, frame: Frame) -> Self {
        Self {
            line,
            way,
            frame,
            after: Duration::ZERO,
            in_order: true,
        }
    }

    /// The same with another frame.
    pub(crate) fn with(&self, frame: Frame) -> Self {
        Self { frame, ..self.clone() }
    }

    /// The same, so much later and in any order.
    pub(crate) fn later(&self, after: Duration) -> Self {
        Self {
            after,
            in_order: false,
            ..self.clone()
        }
    }
}

pub(crate) struct World {
    pub(crate) runtime: Handle,
    pub(crate) dice: Dice,
    pub(crate) stranger: Stranger,
    pub(crate) plans: Vec<Plan>,
    pub(crate) book: Book,
    pub(crate) lines: BTreeMap<u64, Line>,
    pub(crate) wires: BTreeMap<u64, Arc<Mutex<Wire>>>,
    /// Where the doors lead.
    pub(crate) honest: SocketAddr,
    /// Where log-ins are passed on to, when not to the honest server.
    pub(crate) logins_to: Option<SocketAddr>,
    next: u64,
}

impl World {
    pub(crate) fn new(runtime: Handle, seed: u64, honest: SocketAddr, keeps_all: bool) -> Self {
        Self {
            runtime,
            dice: Dice::new(seed),
            stranger: Stranger::new(seed ^ 0x5eed),
            plans: Vec::new(),
            book: Book {
                keeps_all,
                ..Book::default()
            },
            lines: BTreeMap::new(),
            wires: BTreeMap::new(),
            honest,
            logins_to: None,
            next: 0,
        }
    }

    /// A number for a connection, and where its bytes are written down.
    pub(crate) fn number(&mut self) -> (u64, Option<Arc<Mutex<Wire>>>) {
        self.next += 1;
        let wire = self.book.keeps_all.then(Arc::default);
        if let Some(wire) = &wire {
            self.wires.insert(self.next, Arc::clone(wire));
        }
        (self.next, wire)
    }

    pub(crate) fn open(
        &mut self,
        number: u64,
        door: Door,
        up: mpsc::Sender<Message>,
        down: mpsc::Sender<Message>,
        end: Arc<Notify>,
    ) {
        let line = Line {
            door,
            asked: None,
            peer: None,
            up,
            down,
            free: [Instant::now(); 2],
            end,
        };
        self.lines.insert(number, line);
    }

    /// A message came in: it is written down, every plan has its way with it, and what is left goes out.
    pub(crate) fn pass(&mut self, line: u64, way: Way, bytes: Vec<u8>) {
        let Some(known) = self.lines.get_mut(&line) else {
            return;
        };
        let frame = Frame::read(known.door, way, &bytes);
        match &frame {
            Frame::Ask(SocketRequest::Login { peer, .. }) => known.asked = Some(*peer),
            Frame::Tell(SocketReply::Welcome { .. }) => known.peer = known.asked,
            _ => {}
        }
        let seen = Seen {
            line,
            door: known.door,
            way,
            bytes,
            frame: frame.clone(),
        };
        let peer = known.peer;
        self.book.note(peer, seen);
        let mut parcels = vec![Parcel::new(line, way, frame)];
        for plan in self.plans.clone() {
            let mut left = Vec::with_capacity(parcels.len());
            for parcel in parcels {
                match self.meddle(plan, &parcel) {
                    Some(changed) => {
                        self.book.strike(plan.mischief);
                        left.extend(changed);
                    }
                    None => left.push(parcel),
                }
            }
            parcels = left;
        }
        for parcel in parcels {
            if let Some(parcel) = self.without_protected(parcel) {
                self.post(parcel);
            }
        }
    }

    /// One end closed: the honest server's close is passed on like a frame.
    pub(crate) fn closed(&mut self, line: u64, way: Way, code: Option<u16>) {
        if way == Way::Down {
            // 1005 is for who gave none, and is never sent.
            let code = code.filter(|code| *code != 1005).unwrap_or(1001);
            self.post(Parcel::new(line, way, Frame::Close(code)));
        }
    }

    /// Takes out of an acknowledgement what must stay with the honest server.
    fn without_protected(&mut self, parcel: Parcel) -> Option<Parcel> {
        let Frame::Ask(SocketRequest::Ack { ids }) = &parcel.frame else {
            return Some(parcel);
        };
        let peer = self.lines.get(&parcel.line)?.peer?;
        let ids: Vec<u64> = ids
            .iter()
            .copied()
            .filter(|id| !self.book.unacknowledged.contains(&(peer, *id)))
            .collect();
        (!ids.is_empty()).then(|| parcel.with(Frame::Ask(SocketRequest::Ack { ids })))
    }

    pub(crate) fn post(&mut self, parcel: Parcel) {
        let Some(line) = self.lines.get_mut(&parcel.line) else {
            return;
        };
        let lane = match parcel.way {
            Way::Up => &line.up,
            Way::Down => &line.down,
        };
        let (lane, end) = (lane.clone(), Arc::clone(&line.end));
        let (now, message) = (Instant::now(), parcel.frame.message());
        let mut at = now + parcel.after;
        if parcel.in_order {
            let free = &mut line.free[usize::from(parcel.way == Way::Down)];
            at = at.max(*free);
            *free = at + Duration::from_millis(u64::from(at > now));
        }
        let send = move || {
            if lane.try_send(message).is_err() {
                end.notify_one();
            }
        };
        if at <= now {
            send();
        } else {
            self.runtime.spawn(async move {
                tokio::time::sleep_until(at).await;
                send();
            });
        }
    }

    /// The connections on which this person is logged in.
    pub(crate) fn lines_of(&self, peer: &PeerId) -> Vec<u64> {
        let of = self.lines.iter().filter(|(_, line)| line.peer == Some(*peer));
        of.map(|(number, _)| *number).collect()
    }

    /// Cuts every connection.
    pub(crate) fn cut_all(&mut self) {
        for line in self.lines.values() {
            line.end.notify_one();
        }
    }
}

/// The world behind its lock, and a bell that rings when something came in.
pub(crate) struct Shared {
    pub(crate) world: Mutex<World>,
    pub(crate) changed: Condvar,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
