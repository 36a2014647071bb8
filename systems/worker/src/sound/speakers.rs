//! Who is heard: the connection, the peer, and the number that names both on packets.

use std::collections::VecDeque;

use orrery_protocol::{ConnectionId, PeerId};
use orrery_voice::JitterStats;

/// How often a window's beginning is remembered, milliseconds, and how many are: three seconds in all.
const STEP_MS: u64 = 500;
const STEPS: usize = 6;

/// One other person.
#[derive(Debug)]
pub(crate) struct Speaker {
    /// The number on its packets; never used twice.
    pub id: u64,
    /// Over which connection.
    pub connection: ConnectionId,
    /// Who.
    pub peer: PeerId,
    window: VecDeque<(u64, JitterStats)>,
}

/// Shares of the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Recent {
    /// Packets that did not come.
    pub loss: f32,
    /// Sound that had to be concealed.
    pub concealed: f32,
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
        Recent {
            loss: share(lost, lost + since(stats.received, then.received)),
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
}

impl Speakers {
    /// Adds one and gives it a number, from 1 on.
    pub(crate) fn add(&mut self, connection: ConnectionId, peer: PeerId) -> u64 {
        self.last += 1;
        self.list.push(Speaker {
            id: self.last,
            connection,
            peer,
            window: VecDeque::new(),
        });
        self.last
    }

    /// Removes the one of a connection; says its number.
    pub(crate) fn remove(&mut self, connection: &ConnectionId) -> Option<u64> {
        let place = self.list.iter().position(|speaker| speaker.connection == *connection)?;
        Some(self.list.remove(place).id)
    }

    /// Forgets everybody; numbers go on counting.
    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// By its number.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Speaker> {
        self.list.iter_mut().find(|speaker| speaker.id == id)
    }

    /// Their numbers.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.list.iter().map(|speaker| speaker.id)
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
                stats.concealed_samples += 12_000;
            }
            let recent = speaker.recent(&stats, step * STEP_MS);
            if (10..50).contains(&step) {
                assert_eq!(
                    recent,
                    Recent {
                        loss: 0.5,
                        concealed: 0.5
                    }
                );
            }
            if step > 60 {
                assert_eq!(recent, Recent::default());
            }
        }
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
