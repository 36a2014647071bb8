//! Who is heard: the connection, the peer, and the number that names both on packets.

use std::collections::{HashMap, VecDeque};

use orrery_protocol::{ConnectionId, PeerId};
use orrery_voice::{JitterStats, Place};

/// How often a window's beginning is remembered, milliseconds, and how many are: three seconds in all.
const STEP_MS: u64 = 500;
const STEPS: usize = 6;
/// The most people whose place is kept; nobody else has one. More are in no call.
const MAX_PLACES: usize = 64;

/// One other person.
#[derive(Debug)]
pub(crate) struct Speaker {
    /// The number on its packets; never used twice.
    pub id: u64,
    /// Over which connection.
    pub connection: ConnectionId,
    /// Who.
    pub peer: PeerId,
    /// How loud, 0 to 2.
    pub gain: f32,
    window: VecDeque<(u64, JitterStats)>,
}

/// Shares of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recent {
    /// Packets that did not come.
    pub loss: f32,
    /// Sound that had to be concealed.
    pub concealed: f32,
    /// Packets that did not come and were made good by redundancy.
    pub recovered: f32,
}

impl Speaker {
    /// The last seconds, given the counters of now.
    pub(crate) fn recent(&mut self, stats: &JitterStats, now_ms: u64) -> Recent {
        if self
            .window
            .back()
            .is_none_or(|(at, _)| now_ms.saturating_sub(*at) >= STEP_MS)
        {
            if self.window.len() >= STEPS {
                self.window.pop_front();
            }
            self.window.push_back((now_ms, *stats));
        }
        let Some((_, then)) = self.window.front() else {
            return Recent::default();
        };
        let since = |now: u64, then: u64| now.saturating_sub(then) as f32;
        let share = |part: f32, whole: f32| {
            if whole > 0.0 {
                (part / whole).clamp(0.0, 1.0)
            } else {
                0.0
            }
        };
        let lost = since(stats.lost, then.lost);
        let mended = |stats: &JitterStats| stats.fec_recovered + stats.dred_recovered;
        Recent {
            loss: share(lost, lost + since(stats.received, then.received)),
            recovered: share(
                since(mended(stats), mended(then)),
                lost + since(stats.received, then.received),
            ),
            concealed: share(
                since(stats.concealed_samples, then.concealed_samples),
                since(stats.total_samples, then.total_samples),
            ),
        }
    }
}

/// Everybody who is heard.
#[derive(Debug, Default)]
pub(crate) struct Speakers {
    list: Vec<Speaker>,
    last: u64,
    /// How loud people are heard who are not heard as they are.
    gains: HashMap<PeerId, f32>,
    /// Where people stand who do not stand in front.
    places: HashMap<PeerId, Place>,
}

impl Speakers {
    /// Adds one and gives it a number, from 1 on.
    pub(crate) fn add(&mut self, connection: ConnectionId, peer: PeerId) -> u64 {
        self.last += 1;
        let gain = self.gains.get(&peer).copied().unwrap_or(1.0);
        self.list.push(Speaker {
            id: self.last,
            connection,
            peer,
            gain,
            window: VecDeque::new(),
        });
        self.last
    }

    /// The one of a connection is heard over another one from now on.
    pub(crate) fn move_to(&mut self, from: &ConnectionId, to: ConnectionId) {
        if let Some(speaker) = self.list.iter_mut().find(|speaker| speaker.connection == *from) {
            speaker.connection = to;
        }
    }

    /// Removes the one of a connection; says its number.
    pub(crate) fn remove(&mut self, connection: &ConnectionId) -> Option<u64> {
        let place = self.list.iter().position(|speaker| speaker.connection == *connection)?;
        Some(self.list.remove(place).id)
    }

    /// How loud somebody is heard from now on, 0 to 2; says whether that is news to somebody who is heard now.
    pub(crate) fn set_gain(&mut self, peer: PeerId, gain: f32) -> bool {
        if gain == 1.0 {
            self.gains.remove(&peer);
        } else {
            self.gains.insert(peer, gain);
        }
        let mut news = false;
        for speaker in self.list.iter_mut().filter(|speaker| speaker.peer == peer) {
            news |= speaker.gain != gain;
            speaker.gain = gain;
        }
        news
    }

    /// Where somebody stands from now on; gives the numbers they are heard under.
    pub(crate) fn set_place(&mut self, peer: PeerId, place: Place) -> impl Iterator<Item = u64> + '_ {
        if place == Place::MIDDLE {
            self.places.remove(&peer);
        } else if self.places.len() < MAX_PLACES || self.places.contains_key(&peer) {
            self.places.insert(peer, place);
        }
        self.list
            .iter()
            .filter(move |speaker| speaker.peer == peer)
            .map(|speaker| speaker.id)
    }

    /// Where somebody stands.
    pub(crate) fn place(&self, peer: &PeerId) -> Place {
        self.places.get(peer).copied().unwrap_or_default()
    }

    /// Forgets how loud anybody is heard: another profile has other contacts.
    pub(crate) fn forget_gains(&mut self) {
        self.gains.clear();
    }

    /// Forgets everybody; numbers go on counting.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.places.clear();
    }

    /// By its number.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Speaker> {
        self.list.iter_mut().find(|speaker| speaker.id == id)
    }

    /// Everybody.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Speaker> + '_ {
        self.list.iter()
    }

    /// Their connections.
    pub(crate) fn connections(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.list.iter().map(|speaker| speaker.connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_last_three_seconds_and_never_of_the_whole_call() {
        let mut speakers = Speakers::default();
        let id = speakers.add(ConnectionId([1; 16]), PeerId([2; 32]));
        let speaker = speakers.get_mut(id).unwrap();
        let mut stats = JitterStats::default();
        for step in 0..100u64 {
            stats.received += 25;
            stats.total_samples += 24_000;
            if step < 50 {
                stats.lost += 25;
                stats.fec_recovered += 10;
                stats.dred_recovered += 5;
                stats.concealed_samples += 12_000;
            }
            let recent = speaker.recent(&stats, step * STEP_MS);
            if (10..50).contains(&step) {
                assert_eq!(
                    recent,
                    Recent {
                        loss: 0.5,
                        concealed: 0.5,
                        recovered: 0.3
                    }
                );
            }
            if step > 60 {
                assert_eq!(recent, Recent::default());
            }
        }
    }

    #[test]
    fn how_loud_somebody_is_heard_counts_at_once_and_in_later_calls() {
        let (rhea, dione) = (PeerId([2; 32]), PeerId([3; 32]));
        let mut speakers = Speakers::default();
        speakers.add(ConnectionId([1; 16]), rhea);
        speakers.add(ConnectionId([2; 16]), dione);
        assert!(speakers.set_gain(rhea, 1.5));
        assert!(!speakers.set_gain(rhea, 1.5), "no news");
        assert!(!speakers.set_gain(PeerId([9; 32]), 0.0), "is not here");
        let gains = |speakers: &Speakers| speakers.all().map(|speaker| speaker.gain).collect::<Vec<_>>();
        assert_eq!(gains(&speakers), [1.5, 1.0]);
        speakers.clear();
        speakers.add(ConnectionId([3; 16]), rhea);
        speakers.add(ConnectionId([4; 16]), PeerId([9; 32]));
        assert_eq!(gains(&speakers), [1.5, 0.0]);
        assert!(speakers.set_gain(rhea, 1.0));
        speakers.clear();
        speakers.forget_gains();
        speakers.add(ConnectionId([5; 16]), rhea);
        speakers.add(ConnectionId([6; 16]), PeerId([9; 32]));
        assert_eq!(gains(&speakers), [1.0, 1.0]);
    }

    #[test]
    fn a_number_is_never_given_twice() {
        let mut speakers = Speakers::default();
        let first = speakers.add(ConnectionId([1; 16]), PeerId([2; 32]));
        assert_eq!(speakers.remove(&ConnectionId([1; 16])), Some(first));
        assert_ne!(speakers.add(ConnectionId([1; 16]), PeerId([2; 32])), first);
        speakers.clear();
        assert_eq!(speakers.connections().count(), 0);
        assert_eq!(speakers.add(ConnectionId([1; 16]), PeerId([2; 32])), 3);
    }
}
