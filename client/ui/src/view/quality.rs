//! How well oneself and everybody else in a call hear each other, and which of the others do not.

use super::{Namesake, PeerKey};

/// All that the quality panel shows, renewed about twice a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QualityView {
    /// What one's own sound is sent as.
    pub own: CodecView,
    /// Everybody else, in the order of the call.
    pub links: Vec<LinkView>,
    /// Who does not hear whom, as they say.
    pub deaf: Vec<DeafPair>,
}

/// Somebody who is not heard by somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeafPair {
    /// Who hears nothing.
    pub hearer: String,
    /// From whom.
    pub speaker: String,
    /// And the other way round.
    pub both: bool,
}

/// What sound is sent as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodecView {
    /// Milliseconds of sound in a packet; 0 where nothing was sent yet.
    pub frame_ms: u32,
    /// Bits a second that are aimed for.
    pub bitrate: u32,
    /// Each packet repeats the one before coarsely.
    pub fec: bool,
    /// Milliseconds of the past that each packet describes; 0 for none.
    pub dred_ms: u32,
}

/// Which way sound takes between two people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Not known yet.
    #[default]
    Unknown,
    /// Within one network.
    Local,
    /// Through the internet, with nobody between.
    Direct,
    /// Through a third computer, which cannot hear it.
    Relayed,
}

/// Where the connection to somebody stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkPhase {
    /// It rings there.
    Ringing,
    /// It is being made.
    #[default]
    Connecting,
    /// Sound flows.
    Up,
    /// It broke and is being made anew.
    Lost,
}

/// The pair of oneself and somebody else. Shares are 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkView {
    /// Who.
    pub peer: PeerKey,
    /// Their name.
    pub name: String,
    /// Somebody else's name looks the same.
    pub namesake: Option<Namesake>,
    /// Where the connection stands.
    pub phase: LinkPhase,
    /// Round trip, ms; 0 when unknown.
    pub rtt_ms: u32,
    /// Share of their packets that did not come here.
    pub loss_in: f32,
    /// Share of ours that did not come there, as they say.
    pub loss_out: f32,
    /// How unevenly packets arrive, ms.
    pub jitter_ms: u32,
    /// What waits to be played, ms.
    pub buffer_ms: u32,
    /// Share of the sound that had to be made up.
    pub concealed: f32,
    /// Share of the packets that was lost and made good.
    pub recovered: f32,
    /// Milliseconds of sound in their packets; 0 where nothing came yet.
    pub frame_ms: u32,
    /// Which way it takes.
    pub route: Route,
    /// Our own voice comes back from them.
    pub echo: bool,
}

/// How good a pair is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// There is no sound yet, or none any more, to judge.
    Waiting,
    /// Both sides hear what is said.
    Good,
    /// Words are bent now and then.
    Uneven,
    /// Words are lost.
    Bad,
}

/// What is most wrong with a pair, worst first; each has words and an advice of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// It rings, or is being connected.
    Waiting,
    /// The connection broke.
    Lost,
    /// Much of what they say does not come, and much of ours does not come to them.
    LossBoth,
    /// Much of what they say does not come here.
    LossIn,
    /// Much of what we say does not come there.
    LossOut,
    /// Packets come in gusts.
    Jitter,
    /// The way is long.
    Slow,
}

/// Loss from which words are bent: redundancy still makes most of it good.
const LOSS_UNEVEN: f32 = 0.03;
/// Loss from which words are lost.
const LOSS_BAD: f32 = 0.12;
/// Share of sound made up that one hears.
const CONCEALED_UNEVEN: f32 = 0.03;
/// … and that costs words.
const CONCEALED_BAD: f32 = 0.10;
/// Round trip in ms from which two people begin to talk at the same time (ITU-T G.114 puts the limit of comfort at 150 ms one way).
const SLOW: u32 = 300;
/// … and from which they cannot help it (400 ms one way).
const SLOW_BAD: u32 = 800;
/// Jitter in ms that no small buffer hides.
const JITTER_UNEVEN: u32 = 40;

impl LinkView {
    /// How good it is, and what is most wrong with it.
    #[must_use]
    pub fn judge(&self) -> (Verdict, Trouble) {
        match self.phase {
            LinkPhase::Ringing | LinkPhase::Connecting => return (Verdict::Waiting, Trouble::Waiting),
            LinkPhase::Lost => return (Verdict::Bad, Trouble::Lost),
            LinkPhase::Up => {}
        }
        // What was made good was lost on the way and not to the ear.
        let heard_in = (self.loss_in - self.recovered).max(0.0);
        let grade = |share: f32, uneven: f32, bad: f32| {
            if share >= bad {
                Verdict::Bad
            } else if share >= uneven {
                Verdict::Uneven
            } else {
                Verdict::Good
            }
        };
        let incoming =
            grade(heard_in, LOSS_UNEVEN, LOSS_BAD).max(grade(self.concealed, CONCEALED_UNEVEN, CONCEALED_BAD));
        let outgoing = grade(self.loss_out, LOSS_UNEVEN, LOSS_BAD);
        let slow = match self.rtt_ms {
            SLOW_BAD.. => Verdict::Bad,
            SLOW.. => Verdict::Uneven,
            _ => Verdict::Good,
        };
        let gusts = if self.jitter_ms >= JITTER_UNEVEN {
            Verdict::Uneven
        } else {
            Verdict::Good
        };
        let worst = incoming.max(outgoing).max(slow).max(gusts);
        let trouble = if worst == Verdict::Good {
            Trouble::None
        } else if incoming == worst && outgoing == worst {
            Trouble::LossBoth
        } else if incoming == worst {
            // Gusts that outlast the buffer are made up like losses; the advice differs.
            if heard_in < LOSS_UNEVEN && gusts > Verdict::Good {
                Trouble::Jitter
            } else {
                Trouble::LossIn
            }
        } else if outgoing == worst {
            Trouble::LossOut
        } else if slow == worst {
            Trouble::Slow
        } else {
            Trouble::Jitter
        };
        (worst, trouble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(change: impl FnOnce(&mut LinkView)) -> (Verdict, Trouble) {
        let mut link = LinkView {
            peer: PeerKey([1; 32]),
            name: "Rhea".into(),
            namesake: None,
            phase: LinkPhase::Up,
            rtt_ms: 40,
            loss_in: 0.0,
            loss_out: 0.0,
            jitter_ms: 3,
            buffer_ms: 40,
            concealed: 0.0,
            recovered: 0.0,
            frame_ms: 20,
            route: Route::Direct,
            echo: false,
        };
        change(&mut link);
        link.judge()
    }

    #[test]
    fn a_pair_is_judged_by_what_is_worst_in_it() {
        use {Trouble as T, Verdict as V};
        assert_eq!(link(|_| {}), (V::Good, T::None));
        assert_eq!(link(|l| l.loss_in = 0.05), (V::Uneven, T::LossIn));
        assert_eq!(link(|l| l.loss_out = 0.2), (V::Bad, T::LossOut));
        assert_eq!(link(|l| (l.loss_in, l.loss_out) = (0.2, 0.3)), (V::Bad, T::LossBoth));
        assert_eq!(link(|l| (l.loss_in, l.loss_out) = (0.05, 0.3)), (V::Bad, T::LossOut));
        assert_eq!(link(|l| l.rtt_ms = 350), (V::Uneven, T::Slow));
        assert_eq!(link(|l| l.rtt_ms = 900), (V::Bad, T::Slow));
        assert_eq!(link(|l| l.jitter_ms = 60), (V::Uneven, T::Jitter));
        assert_eq!(link(|l| (l.jitter_ms, l.concealed) = (60, 0.2)), (V::Bad, T::Jitter));
    }

    #[test]
    fn what_redundancy_made_good_is_no_loss_to_the_ear() {
        assert_eq!(
            link(|l| (l.loss_in, l.recovered) = (0.2, 0.19)),
            (Verdict::Good, Trouble::None)
        );
        assert_eq!(link(|l| l.loss_in = 0.2).0, Verdict::Bad);
    }

    #[test]
    fn a_broken_connection_is_bad_and_one_being_made_is_not_judged() {
        assert_eq!(link(|l| l.phase = LinkPhase::Lost), (Verdict::Bad, Trouble::Lost));
        for phase in [LinkPhase::Ringing, LinkPhase::Connecting] {
            assert_eq!(link(|l| l.phase = phase).0, Verdict::Waiting);
        }
    }
}
