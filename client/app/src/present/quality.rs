//! How well oneself and everybody in the call hear each other: figures at a pace that can be read, and from whom echo comes; and which of
//! the others do not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bevy::prelude::*;
use orrery_ecs::call::{Call, Participant, Participants, Voice};
use orrery_ecs::derive::CurrentCall;
use orrery_ecs::profile::OwnVoice;
use orrery_link::{CallPhase, ParticipantPhase, ParticipantView, Route as Way};
use orrery_protocol::PeerId;
use orrery_ui::view::{CodecView, DeafPair, LinkPhase, LinkView, MainPane, PeerKey, QualityView, Route, ScreenView};

use super::Shown;
use crate::likeness::Likeness;

/// Figures change so often: faster they cannot be read.
const EVERY: Duration = Duration::from_millis(500);
/// From this share of one's own voice on, what comes back is heard as an echo …
const ECHO_FROM: f32 = 0.25;
/// … if it lasts so long …
const ECHO_AFTER: Duration = Duration::from_secs(2);
/// … and it is over once it was below this …
const ECHO_BELOW: f32 = 0.12;
/// … for so long: a pause in talking is no cure.
const ECHO_OVER: Duration = Duration::from_secs(8);

/// Since when somebody's echo has been above or below.
#[derive(Clone, Copy, Debug, Default)]
struct Watched {
    blamed: bool,
    since: Option<Instant>,
}

/// From whom one's own voice comes back.
#[derive(Resource, Debug, Default)]
pub struct EchoWatch(HashMap<PeerId, Watched>);

impl EchoWatch {
    /// One's own voice comes back from them.
    #[must_use]
    pub fn blames(&self, peer: PeerId) -> bool {
        self.0.get(&peer).is_some_and(|watched| watched.blamed)
    }

    /// What is measured of somebody now.
    fn see(&mut self, peer: PeerId, echo: f32, now: Instant) {
        let watched = self.0.entry(peer).or_default();
        let (turns, after) = if watched.blamed {
            (echo < ECHO_BELOW, ECHO_OVER)
        } else {
            (echo >= ECHO_FROM, ECHO_AFTER)
        };
        if !turns {
            watched.since = None;
            return;
        }
        let since = *watched.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= after {
            *watched = Watched {
                blamed: !watched.blamed,
                since: None,
            };
        }
    }

    /// Nobody else is in the call.
    fn keep(&mut self, here: impl Fn(&PeerId) -> bool) {
        self.0.retain(|peer, _| here(peer));
    }
}

pub(super) fn watch_echo(
    mut watch: ResMut<EchoWatch>,
    current: Res<CurrentCall>,
    calls: Query<&Participants>,
    people: Query<(&Participant, &Voice)>,
) {
    let entities = current.own.and_then(|call| calls.get(call).ok());
    let entities = entities.map(Participants::entities).unwrap_or_default();
    let here = || entities.iter().filter_map(|entity| people.get(*entity).ok());
    if watch.0.is_empty() && entities.is_empty() {
        return;
    }
    let now = Instant::now();
    watch.keep(|peer| here().any(|(participant, _)| participant.0.peer == *peer));
    for (participant, voice) in here() {
        watch.see(participant.0.peer, voice.echo, now);
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the call, its people and what is measured of them"
)]
pub(super) fn refresh(
    mut shown: ResMut<Shown>,
    mut last: Local<Option<Instant>>,
    watch: Res<EchoWatch>,
    likeness: Res<Likeness>,
    current: Res<CurrentCall>,
    own: Res<OwnVoice>,
    calls: Query<(&Call, Option<&Participants>)>,
    people: Query<(&Participant, &Voice)>,
) {
    let looked_at = matches!(&shown.screen, ScreenView::Home(home) if matches!(home.main, MainPane::Call(_)));
    let call = current.own.and_then(|entity| calls.get(entity).ok());
    let Some((call, participants)) = call.filter(|_| looked_at) else {
        *last = None;
        if shown.quality != QualityView::default() {
            shown.quality = QualityView::default();
        }
        return;
    };
    let now = Instant::now();
    // Who comes, goes or breaks off is shown at once; figures wait.
    let deaf_now = deaf(&call.0.participants);
    let same = deaf_now == shown.quality.deaf
        && shown.quality.links.len() == call.0.participants.len()
        && shown
            .quality
            .links
            .iter()
            .zip(&call.0.participants)
            .all(|(link, view)| link.peer == PeerKey(view.peer.0) && link.phase == phase(view.phase, call.0.phase));
    if same && last.is_some_and(|at| now.saturating_duration_since(at) < EVERY) {
        return;
    }
    *last = Some(now);
    let entities = participants.map(Participants::entities).unwrap_or_default();
    let voice_of = |peer: PeerId| {
        let mut found = entities.iter().filter_map(|entity| people.get(*entity).ok());
        let found = found.find(|(participant, _)| participant.0.peer == peer);
        found.map_or(Voice::default(), |(_, voice)| *voice)
    };
    let links = call.0.participants.iter().map(|view| {
        let voice = voice_of(view.peer);
        LinkView {
            peer: PeerKey(view.peer.0),
            name: view.name.clone(),
            namesake: likeness.namesake(view.peer),
            phase: phase(view.phase, call.0.phase),
            rtt_ms: voice.rtt_ms,
            loss_in: voice.loss,
            loss_out: voice.sent_loss,
            jitter_ms: voice.jitter_ms,
            buffer_ms: voice.buffer_ms,
            concealed: voice.concealed,
            recovered: voice.recovered,
            frame_ms: voice.frame_ms,
            route: match voice.route {
                Way::Unknown => Route::Unknown,
                Way::Local => Route::Local,
                Way::Direct => Route::Direct,
                Way::Relayed => Route::Relayed,
            },
            echo: watch.blames(view.peer),
        }
    });
    let quality = QualityView {
        own: CodecView {
            frame_ms: own.codec.frame_ms,
            bitrate: own.codec.bitrate,
            fec: own.codec.fec,
            dred_ms: own.codec.dred_ms,
        },
        links: links.collect(),
        deaf: deaf_now,
    };
    if shown.quality != quality {
        shown.quality = quality;
    }
}

/// Which of the others in a call do not hear each other, as they say. What is wrong with a pair of oneself shows where its figures are.
fn deaf(people: &[ParticipantView]) -> Vec<DeafPair> {
    let misses = |hearer: &ParticipantView, speaker: &ParticipantView| hearer.misses.contains(&speaker.peer);
    let mut pairs = Vec::new();
    for (at, one) in people.iter().enumerate() {
        for other in people.iter().skip(at + 1) {
            let (hearer, speaker) = match (misses(one, other), misses(other, one)) {
                (false, false) => continue,
                (false, true) => (other, one),
                _ => (one, other),
            };
            pairs.push(DeafPair {
                hearer: hearer.name.clone(),
                speaker: speaker.name.clone(),
                both: misses(one, other) && misses(other, one),
            });
        }
    }
    pairs
}

fn phase(phase: ParticipantPhase, call: CallPhase) -> LinkPhase {
    match phase {
        _ if call == CallPhase::Outgoing => LinkPhase::Ringing,
        ParticipantPhase::Ringing => LinkPhase::Ringing,
        ParticipantPhase::Connecting => LinkPhase::Connecting,
        ParticipantPhase::Connected => LinkPhase::Up,
        ParticipantPhase::Lost => LinkPhase::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHEA: PeerId = PeerId([2; 32]);

    #[test]
    fn echo_is_blamed_once_it_lasts_and_forgiven_once_it_has_been_gone_for_long() {
        let mut watch = EchoWatch::default();
        let start = Instant::now();
        let see = |watch: &mut EchoWatch, ms, echo| {
            watch.see(RHEA, echo, start + Duration::from_millis(ms));
            watch.blames(RHEA)
        };
        assert!(!see(&mut watch, 0, 0.6));
        assert!(!see(&mut watch, 1900, 0.6));
        // A single quiet moment begins anew: a loud laugh is no echo.
        assert!(!see(&mut watch, 1950, 0.0));
        assert!(!see(&mut watch, 2000, 0.6));
        assert!(see(&mut watch, 4000, 0.6));
        assert!(see(&mut watch, 4100, 0.0));
        assert!(see(&mut watch, 12_000, 0.0), "a pause in talking is no cure");
        assert!(see(&mut watch, 12_050, 0.2));
        assert!(see(&mut watch, 12_100, 0.0));
        assert!(!see(&mut watch, 20_100, 0.0));
    }

    #[test]
    fn others_who_do_not_hear_each_other_are_said_once_and_oneself_is_left_out() {
        let person = |n: u8, misses: &[u8]| ParticipantView {
            peer: PeerId([n; 32]),
            name: format!("peer {n}"),
            phase: ParticipantPhase::Connected,
            muted: false,
            deafened: false,
            contact: true,
            misses: misses.iter().map(|n| PeerId([*n; 32])).collect(),
        };
        let pair = |hearer: u8, speaker: u8, both| DeafPair {
            hearer: format!("peer {hearer}"),
            speaker: format!("peer {speaker}"),
            both,
        };
        assert_eq!(deaf(&[person(1, &[]), person(2, &[9])]), [], "9 is oneself, or gone");
        assert_eq!(deaf(&[person(1, &[2]), person(2, &[1])]), [pair(1, 2, true)]);
        assert_eq!(
            deaf(&[person(1, &[]), person(2, &[1]), person(3, &[2])]),
            [pair(2, 1, false), pair(3, 2, false)]
        );
    }

    #[test]
    fn who_has_left_is_not_blamed_when_they_come_back() {
        let mut watch = EchoWatch::default();
        let start = Instant::now();
        watch.see(RHEA, 1.0, start);
        watch.see(RHEA, 1.0, start + ECHO_AFTER);
        assert!(watch.blames(RHEA));
        watch.keep(|_| false);
        assert!(!watch.blames(RHEA));
    }
}
