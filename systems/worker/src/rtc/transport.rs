//! What the worker asks of a stack of peer connections, and what it hears from it.

use orrery_protocol::ConnectionId;

use super::Measured;

/// Events of all connections under way to the driver. When full, a connection's own task waits: the driver takes
/// events faster than connections make them, and a task that waits delays its own connection only.
pub(crate) const PEER_EVENT_CAPACITY: usize = 1024;

/// What a peer connection came to.
pub(crate) enum PeerEvent {
    /// The offer or answer asked for is ready.
    Described {
        /// Which.
        connection: ConnectionId,
        /// SDP without candidates.
        sdp: String,
    },
    /// Candidates of our own.
    Gathered {
        /// Which.
        connection: ConnectionId,
        /// `RTCIceCandidateInit` as JSON, one a line.
        lines: Vec<String>,
    },
    /// DTLS is up.
    Secured {
        /// Which.
        connection: ConnectionId,
        /// SHA-256 of our certificate.
        local: [u8; 32],
        /// SHA-256 of the certificate that the other side showed.
        remote: [u8; 32],
    },
    /// Who answers at the other end has not the certificate that the description named; [`PeerEvent::Broken`] follows.
    Impostor {
        /// Which.
        connection: ConnectionId,
    },
    /// The data channel opened.
    Open {
        /// Which.
        connection: ConnectionId,
    },
    /// A whole message came over the data channel.
    Received {
        /// Which.
        connection: ConnectionId,
        /// As the other side gave it to [`Transport::send`].
        message: Vec<u8>,
    },
    /// ICE lost the other side and may find it again.
    Interrupted {
        /// Which.
        connection: ConnectionId,
    },
    /// ICE found it again.
    Resumed {
        /// Which.
        connection: ConnectionId,
    },
    /// It is silent, and the other end's computer says that nothing listens there any more; [`PeerEvent::Broken`] follows.
    Gone {
        /// Which.
        connection: ConnectionId,
    },
    /// The connection failed, or the other side closed it. Nothing follows.
    Broken {
        /// Which.
        connection: ConnectionId,
    },
}

// Descriptions and candidates hold addresses.
orrery_protocol::debug_only!(enum PeerEvent {
    Described { connection },
    Gathered { connection },
    Secured { connection },
    Impostor { connection },
    Open { connection },
    Received { connection },
    Interrupted { connection },
    Resumed { connection },
    Gone { connection },
    Broken { connection },
});

/// Takes the sound of others. Called from network tasks; must not block.
pub(crate) trait Ear: Send + Sync + 'static {
    /// An RTP packet of a speaker: sequence number, timestamp at 48 kHz, marker, Opus payload.
    fn hear(&self, speaker: u64, seq: u16, timestamp: u32, marker: bool, payload: &[u8]);
}

/// A stack of peer connections. No method waits; what comes of it is told by [`PeerEvent`]s. Unknown connections are
/// passed over, because a connection may break while an order for it is under way.
pub(crate) trait Transport: Send {
    /// A connection that is about to be made will take the place of another one: its packets are numbered as the other's.
    /// Must come before [`Self::offer`] or [`Self::answer`].
    fn renew(&mut self, connection: ConnectionId, old: ConnectionId);
    /// Makes a connection and its offer.
    fn offer(&mut self, connection: ConnectionId);
    /// Makes a connection from an offer, and its answer.
    fn answer(&mut self, connection: ConnectionId, offer: String);
    /// Gives the answer to the connection that offered.
    fn take_answer(&mut self, connection: ConnectionId, answer: String);
    /// Gives the other side's candidates to a connection; those it may not use are passed over.
    fn add_candidates(&mut self, connection: ConnectionId, lines: Vec<String>);
    /// Sends a message over the data channel, or drops it when the channel is not open or full.
    fn send(&mut self, connection: ConnectionId, message: Vec<u8>);
    /// Sends our sound over it, and gives its sound to the ear as `speaker`'s.
    fn start_sound(&mut self, connection: ConnectionId, speaker: u64);
    /// Sends our sound over `to` as well, and gives the sound of both to the ear as the same speaker's, until `from` is
    /// closed.
    fn move_sound(&mut self, from: ConnectionId, to: ConnectionId);
    /// No more sound either way.
    fn stop_sound(&mut self, connection: ConnectionId);
    /// Closes a connection; no event follows.
    fn close(&mut self, connection: ConnectionId);
    /// Closes all of them.
    fn close_all(&mut self);
    /// What was measured on a connection that has sound; `None` before the first measurement.
    fn measured(&self, connection: ConnectionId) -> Option<Measured>;
}
