//! The callbacks of the stack. They run on its driver task: each puts what it was told into a lane and returns.

use std::sync::Arc;

use tokio::sync::mpsc;
use webrtc::{
    data_channel::DataChannel,
    media_stream::track_remote::TrackRemote,
    peer_connection::{
        PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionIceEvent, RTCPeerConnectionState,
    },
};

use super::candidates;

/// Callbacks under way to the connection's task. When full, what is told is lost; candidates, the only kind that
/// comes in numbers, already stop at [`KEPT_FREE`].
pub(crate) const CALLBACK_CAPACITY: usize = 128;
/// Room that candidates leave for states and tracks.
const KEPT_FREE: usize = 32;

/// Something the stack told.
pub(crate) enum Callback {
    /// A candidate of our own, as JSON.
    Candidate(String),
    /// No more candidates will come.
    GatheringComplete,
    /// ICE and DTLS together.
    State(RTCPeerConnectionState),
    /// The other side's sound.
    Track(Arc<dyn TrackRemote>),
    /// The other side opened a channel, which ours never does.
    Channel(Arc<dyn DataChannel>),
}

/// Puts callbacks into the lane.
pub(crate) struct Handler {
    lane: mpsc::Sender<Callback>,
    loopback: bool,
}

impl Handler {
    /// A handler and the lane it fills. `loopback`: candidates on the loopback interface may be given out.
    pub(crate) fn new(loopback: bool) -> (Self, mpsc::Receiver<Callback>) {
        let (lane, callbacks) = mpsc::channel(CALLBACK_CAPACITY);
        (Self { lane, loopback }, callbacks)
    }

    fn tell(&self, callback: Callback) {
        if self.lane.try_send(callback).is_err() {
            tracing::debug!("a callback of a peer connection found its lane full or closed");
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if self.lane.capacity() > KEPT_FREE
            && let Ok(candidate) = event.candidate.to_json()
            && let Some(line) = candidates::write(&candidate, self.loopback)
        {
            self.tell(Callback::Candidate(line));
        }
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.tell(Callback::GatheringComplete);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.tell(Callback::State(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        self.tell(Callback::Channel(channel));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.tell(Callback::Track(track));
    }
}
