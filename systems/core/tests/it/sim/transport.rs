//! Peer connections as far as cores can tell: descriptions and candidates must reach the other side before anything
//! connects, and what DTLS shows at the end is what the ends, or somebody between them, really hold.

use std::collections::{BTreeMap, BTreeSet};

use orrery_core::{Input, Output};
use orrery_protocol::{ConnectionId, PeerId};

use super::{Event, World};

#[derive(Clone, Debug)]
struct End {
    node: usize,
    fingerprint: [u8; 32],
    /// The other end's description, as it was given.
    remote: Option<[u8; 32]>,
    candidates: usize,
    secured: bool,
}

#[derive(Default)]
pub struct Transport {
    ends: BTreeMap<ConnectionId, Vec<End>>,
    /// Pairs that no path connects.
    pub unreachable: BTreeSet<(usize, usize)>,
    /// Somebody sits between the ends and shows certificates of its own.
    pub intercepted: bool,
    /// Messages over data channels vanish.
    pub swallow: bool,
    counter: u8,
    /// Messages that went over data channels.
    pub messages: usize,
}

pub enum Step {
    Secure(ConnectionId),
    Open(ConnectionId),
    Deliver {
        connection: ConnectionId,
        to: usize,
        message: Vec<u8>,
    },
    Break {
        connection: ConnectionId,
        node: usize,
    },
}

fn description(kind: &str, fingerprint: &[u8; 32]) -> String {
    format!("{kind} {}", fingerprint[0])
}

fn parse(sdp: &str) -> [u8; 32] {
    [sdp.split(' ').nth(1).unwrap().parse().unwrap(); 32]
}

impl Transport {
    pub fn is_open(&self, a: PeerId, b: PeerId, nodes: &[super::Node]) -> bool {
        self.ends.values().any(|ends| {
            ends.len() == 2
                && ends.iter().all(|end| end.secured)
                && ends
                    .iter()
                    .all(|end| nodes[end.node].id == a || nodes[end.node].id == b)
        })
    }

    pub fn connection_of(&self, a: usize, b: usize) -> Option<ConnectionId> {
        self.ends
            .iter()
            .find(|(_, ends)| ends.len() == 2 && ends.iter().all(|end| end.node == a || end.node == b))
            .map(|(id, _)| *id)
    }

    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

impl World {
    fn pair(a: usize, b: usize) -> (usize, usize) {
        (a.min(b), a.max(b))
    }

    pub fn cut(&mut self, a: usize, b: usize) {
        self.transport.unreachable.insert(Self::pair(a, b));
        if let Some(id) = self.transport.connection_of(a, b) {
            for node in [a, b] {
                self.feed_later(1000, node, Input::Interrupted { connection: id });
            }
        }
    }

    pub fn mend(&mut self, a: usize, b: usize) {
        self.transport.unreachable.remove(&Self::pair(a, b));
    }

    pub(super) fn transport_died(&mut self, node: usize) {
        let dead: Vec<ConnectionId> = self
            .transport
            .ends
            .iter()
            .filter(|(_, ends)| ends.iter().any(|end| end.node == node))
            .map(|(id, _)| *id)
            .collect();
        for id in dead {
            let ends = self.transport.ends.remove(&id).unwrap();
            for end in ends.into_iter().filter(|end| end.node != node) {
                self.feed_later(3000, end.node, Input::Interrupted { connection: id });
                self.feed_later(12_000, end.node, Input::Broken { connection: id });
            }
        }
    }

    fn new_end(&mut self, node: usize, connection: ConnectionId, remote: Option<[u8; 32]>) -> [u8; 32] {
        self.transport.counter = self.transport.counter.wrapping_add(1);
        let fingerprint = [self.transport.counter; 32];
        self.transport.ends.entry(connection).or_default().push(End {
            node,
            fingerprint,
            remote,
            candidates: 0,
            secured: false,
        });
        fingerprint
    }

    pub(super) fn on_connection(&mut self, node: usize, output: Output) {
        match output {
            Output::MakeOffer { connection, .. } => {
                let fingerprint = self.new_end(node, connection, None);
                self.describe(node, connection, "offer", &fingerprint);
            }
            Output::MakeAnswer { connection, sdp, .. } => {
                let fingerprint = self.new_end(node, connection, Some(parse(&sdp)));
                self.describe(node, connection, "answer", &fingerprint);
            }
            Output::TakeAnswer { connection, sdp } => {
                if let Some(end) = self.end(connection, node) {
                    assert!(end.remote.is_none(), "a second answer");
                    end.remote = Some(parse(&sdp));
                }
                self.check(connection);
            }
            Output::AddCandidates { connection, lines } => {
                if let Some(end) = self.end(connection, node) {
                    end.candidates += lines.len();
                    assert!(end.candidates <= 64);
                }
                self.check(connection);
            }
            Output::Disconnect { connection } => {
                if let Some(ends) = self.transport.ends.remove(&connection) {
                    for end in ends.into_iter().filter(|end| end.node != node) {
                        self.schedule(
                            100,
                            Event::Transport(Step::Break {
                                connection,
                                node: end.node,
                            }),
                        );
                    }
                }
            }
            Output::SendDirect { connection, message } => {
                let other = self.transport.ends.get(&connection).and_then(|ends| {
                    let open = ends.len() == 2 && ends.iter().all(|end| end.secured);
                    open.then(|| ends.iter().find(|end| end.node != node).map(|end| end.node))
                        .flatten()
                });
                self.transport.messages += 1;
                if let Some(to) = other.filter(|_| !self.transport.swallow) {
                    let step = Step::Deliver {
                        connection,
                        to,
                        message,
                    };
                    self.schedule(10, Event::Transport(step));
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, connection: ConnectionId, node: usize) -> Option<&mut End> {
        self.transport
            .ends
            .get_mut(&connection)?
            .iter_mut()
            .find(|end| end.node == node)
    }

    fn describe(&mut self, node: usize, connection: ConnectionId, kind: &str, fingerprint: &[u8; 32]) {
        let sdp = description(kind, fingerprint);
        self.feed_later(20, node, Input::Described { connection, sdp });
        for n in 0..3u64 {
            let lines = vec![format!("{{\"candidate\":\"{n}\"}}")];
            self.feed_later(15 + 15 * n, node, Input::Gathered { connection, lines });
        }
    }

    /// Connects two ends that know enough of each other.
    fn check(&mut self, connection: ConnectionId) {
        let Some(ends) = self.transport.ends.get(&connection) else {
            return;
        };
        if let [a, b] = ends.as_slice() {
            let know = ends
                .iter()
                .all(|end| end.remote.is_some() && end.candidates > 0 && !end.secured);
            if know && !self.transport.unreachable.contains(&Self::pair(a.node, b.node)) {
                assert_eq!(
                    (a.remote, b.remote),
                    (Some(b.fingerprint), Some(a.fingerprint)),
                    "wrong descriptions"
                );
                self.schedule(40, Event::Transport(Step::Secure(connection)));
            }
        }
    }

    pub(super) fn on_transport(&mut self, step: Step) {
        match step {
            Step::Secure(connection) => {
                let intercepted = self.transport.intercepted;
                let Some([a, b]) = self.transport.ends.get_mut(&connection).map(Vec::as_mut_slice) else {
                    return;
                };
                if a.secured {
                    return;
                }
                (a.secured, b.secured) = (true, true);
                let (a, b) = (a.clone(), b.clone());
                for (this, other) in [(&a, &b), (&b, &a)] {
                    let shown = if intercepted { [255; 32] } else { other.fingerprint };
                    self.feed_later(
                        1,
                        this.node,
                        Input::Secured {
                            connection,
                            local_fingerprint: this.fingerprint,
                            remote_fingerprint: shown,
                        },
                    );
                }
                self.schedule(20, Event::Transport(Step::Open(connection)));
            }
            Step::Open(connection) => {
                let nodes: Vec<usize> = self
                    .transport
                    .ends
                    .get(&connection)
                    .into_iter()
                    .flatten()
                    .map(|end| end.node)
                    .collect();
                for node in nodes {
                    self.feed(node, Input::DirectOpen { connection });
                }
            }
            Step::Deliver {
                connection,
                to,
                message,
            } => {
                if self.transport.ends.contains_key(&connection) {
                    self.feed(to, Input::DirectReceived { connection, message });
                }
            }
            Step::Break { connection, node } => self.feed(node, Input::Broken { connection }),
        }
    }
}
