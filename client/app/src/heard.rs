//! How loud people are heard, as it was chosen here: shown at once, and told to the worker at a pace that it can write to
//! the disk.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use orrery_link::{Command, ContactView};
use orrery_protocol::PeerId;

/// While a volume is dragged the worker is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What was chosen for one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loudness {
    /// Percent, 0 to 200.
    pub volume: u16,
    /// Not heard.
    pub silenced: bool,
}

impl Default for Loudness {
    fn default() -> Self {
        Self {
            volume: 100,
            silenced: false,
        }
    }
}

impl From<&ContactView> for Loudness {
    fn from(contact: &ContactView) -> Self {
        Self {
            volume: contact.volume,
            silenced: contact.silenced,
        }
    }
}

#[derive(Debug)]
struct Chosen {
    now: Loudness,
    /// Commands that wait for their answer.
    awaited: u32,
    /// The volume goes to the worker then.
    due: Option<Instant>,
    sent: Option<Instant>,
}

/// What was chosen for whom, as far as the worker has not said it itself.
#[derive(Debug, Default)]
pub struct Heard(HashMap<PeerId, Chosen>);

impl Heard {
    /// How somebody is heard. Of who is no contact, only what was chosen in this call is known.
    #[must_use]
    pub fn of(&self, peer: PeerId, contact: Option<&ContactView>) -> Loudness {
        match (self.0.get(&peer), contact) {
            (Some(chosen), Some(_)) if chosen.awaited > 0 || chosen.due.is_some() => chosen.now,
            (_, Some(contact)) => contact.into(),
            (Some(chosen), None) => chosen.now,
            (None, None) => Loudness::default(),
        }
    }

    fn change(&mut self, peer: PeerId, was: Loudness) -> &mut Chosen {
        let chosen = self.0.entry(peer).or_insert(Chosen {
            now: was,
            awaited: 0,
            due: None,
            sent: None,
        });
        if chosen.awaited == 0 && chosen.due.is_none() {
            chosen.now = was;
        }
        chosen
    }

    /// A volume was chosen; the command for it, unless one went just now.
    pub fn set_volume(&mut self, peer: PeerId, was: Loudness, percent: u16, now: Instant) -> Option<Command> {
        let chosen = self.change(peer, was);
        chosen.now.volume = percent;
        let due = chosen.sent.map(|sent| sent + TELL_EVERY).filter(|due| *due > now);
        chosen.due = due;
        if due.is_some() {
            return None;
        }
        chosen.sent = Some(now);
        chosen.awaited += 1;
        Some(Command::SetPeerVolume { peer, percent })
    }

    /// Somebody is not to be heard, or again; the command for it.
    pub fn silence(&mut self, peer: PeerId, was: Loudness, silenced: bool) -> Command {
        let chosen = self.change(peer, was);
        chosen.now.silenced = silenced;
        chosen.awaited += 1;
        Command::SilencePeer { peer, silenced }
    }

    /// The commands that are due by now, with whom each is about.
    pub fn due(&mut self, now: Instant) -> Vec<(PeerId, Command)> {
        let mut commands = Vec::new();
        for (peer, chosen) in &mut self.0 {
            if chosen.due.is_some_and(|due| due <= now) {
                (chosen.due, chosen.sent) = (None, Some(now));
                chosen.awaited += 1;
                let (peer, percent) = (*peer, chosen.now.volume);
                commands.push((peer, Command::SetPeerVolume { peer, percent }));
            }
        }
        commands
    }

    /// Something waits to be told.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.0.values().any(|chosen| chosen.due.is_some())
    }

    /// A command about somebody was answered. What was refused is forgotten: what the worker has counts.
    pub fn answered(&mut self, peer: PeerId, done: bool) {
        let Some(chosen) = self.0.get_mut(&peer) else { return };
        chosen.awaited = chosen.awaited.saturating_sub(1);
        if !done {
            self.0.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHEA: PeerId = PeerId([2; 32]);

    fn volume(command: Option<Command>) -> Option<u16> {
        match command {
            Some(Command::SetPeerVolume { percent, .. }) => Some(percent),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_dragged_volume_is_shown_at_once_and_told_at_its_pace_and_at_its_end() {
        let mut heard = Heard::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let was = Loudness::default();
        assert_eq!(volume(heard.set_volume(RHEA, was, 90, at(0))), Some(90));
        assert_eq!(volume(heard.set_volume(RHEA, was, 80, at(20))), None);
        assert_eq!(volume(heard.set_volume(RHEA, was, 70, at(40))), None);
        assert_eq!(heard.of(RHEA, None).volume, 70);
        assert!(heard.due(at(150)).is_empty() && heard.waits());
        let due: Vec<_> = heard.due(at(200)).into_iter().map(|(_, command)| command).collect();
        assert_eq!(
            due.into_iter().filter_map(|c| volume(Some(c))).collect::<Vec<_>>(),
            [70]
        );
        assert!(!heard.waits() && heard.due(at(900)).is_empty());
        assert_eq!(volume(heard.set_volume(RHEA, was, 60, at(900))), Some(60));
    }

    #[test]
    fn what_the_worker_refuses_is_not_shown_any_longer() {
        let mut heard = Heard::default();
        heard.silence(RHEA, Loudness::default(), true);
        assert!(heard.of(RHEA, None).silenced);
        heard.answered(RHEA, false);
        assert!(!heard.of(RHEA, None).silenced);
    }
}
