//! What an evil server can do.

use std::{fmt, str::FromStr};

macro_rules! mischiefs {
    ($($(#[$doc:meta])* $variant:ident = $name:literal: $about:literal,)+) => {
        /// One way to be evil. Several may be in force; each sees what the ones before it left.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mischief { $(#[doc = $about] $variant,)+ }

        impl Mischief {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Its name on a command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it does, in a sentence.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)+ }
            }
        }
    };
}

mischiefs! {
    // Keys.
    OthersKeys = "others-keys": "Hands out the keys of another person under the name of the one that was asked for.",
    OthersBundle = "others-bundle": "Hands out the whole bundle of another person, which may be who asks.",
    OwnKeys = "own-keys": "Hands out keys that the server signed itself under the name of the one that was asked for.",
    OwnBundle = "own-bundle": "Hands out the server's own bundle, valid in its own name.",
    OwnKem = "own-kem": "Hands out the genuine signed prekey beside a KEM prekey of the server.",
    WeakKeys = "weak-keys": "Hands out a signed prekey of small order.",
    SplitView = "split-view": "Shows every other asker keys of the server instead of the person's.",
    OldBundle = "old-bundle": "Hands out the first bundle ever published, with its first one-time prekey, to everybody.",
    // Mail.
    Withhold = "withhold": "Does not deliver an envelope before the next log-in.",
    Lose = "lose": "Says that an envelope was taken, and keeps it back.",
    Swallow = "swallow": "Throws a deposit away and never answers it.",
    Mutate = "mutate": "Delivers an envelope with one bit flipped.",
    Cut = "cut": "Delivers an envelope cut or made longer.",
    Repeat = "repeat": "Delivers an envelope three times.",
    RepeatDeposits = "repeat-deposits": "Puts an envelope into the mailbox twice.",
    Replay = "replay": "Delivers an envelope of earlier beside every one of now.",
    Reorder = "reorder": "Delivers envelopes, and takes them, in another order.",
    Delay = "delay": "Delivers everything up to two seconds late, in order.",
    Misdeliver = "misdeliver": "Hands every envelope to everybody who is logged in as well.",
    Forge = "forge": "Adds envelopes of its own: garbage, and seals in the name of people it knows.",
    // Lies about itself.
    RefuseTaken = "refuse-taken": "Says that an envelope was refused which it took.",
    LoseAcks = "lose-acks": "Forgets which envelopes a client has stored.",
    LoseTokens = "lose-tokens": "Says that tokens are in force, and keeps the old ones.",
    Counts = "counts": "Says false numbers of prekeys.",
    ClockBack = "clock-back": "Lives twenty hours ago.",
    ClockAhead = "clock-ahead": "Lives twenty hours from now.",
    WrongAnswer = "wrong-answer": "Answers what was not asked.",
    Babble = "babble": "Sends bytes that are no frames, and text.",
    HangUp = "hang-up": "Closes connections with any code.",
    Replaced = "replaced": "Says that another client took the connection.",
}

impl Mischief {
    /// Whether it only withholds, repeats, delays or turns around: after it nothing may be missing.
    #[must_use]
    pub const fn keeps_mail(self) -> bool {
        matches!(
            self,
            Self::Withhold
                | Self::Lose
                | Self::Swallow
                | Self::Repeat
                | Self::RepeatDeposits
                | Self::Replay
                | Self::Reorder
                | Self::Delay
                | Self::RefuseTaken
                | Self::LoseAcks
                | Self::Misdeliver
        )
    }
}

impl fmt::Display for Mischief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A mischief and how often it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What.
    pub mischief: Mischief,
    /// In so many of a hundred cases.
    pub percent: u8,
}

impl From<Mischief> for Plan {
    fn from(mischief: Mischief) -> Self {
        Self { mischief, percent: 100 }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.mischief, self.percent)
    }
}

/// A text that is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlan(String);

impl fmt::Display for BadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no mischief: NAME or NAME:PERCENT, see --list", self.0)
    }
}

impl std::error::Error for BadPlan {}

impl FromStr for Plan {
    type Err = BadPlan;

    fn from_str(text: &str) -> Result<Self, BadPlan> {
        let (name, percent) = text.split_once(':').unwrap_or((text, "100"));
        let mischief = Mischief::ALL.iter().find(|mischief| mischief.name() == name);
        match (mischief, percent.parse::<u8>()) {
            (Some(mischief), Ok(percent @ 0..=100)) => Ok(Self {
                mischief: *mischief,
                percent,
            }),
            _ => Err(BadPlan(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mischief_is_read_back_by_its_name() {
        for mischief in Mischief::ALL {
            assert_eq!(mischief.name().parse(), Ok(Plan::from(*mischief)));
            let plan = Plan {
                mischief: *mischief,
                percent: 7,
            };
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
        for bad in ["", "kindness", "forge:101", "forge:", ":7"] {
            assert_eq!(bad.parse::<Plan>(), Err(BadPlan(bad.to_owned())));
        }
    }
}
