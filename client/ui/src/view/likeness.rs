//! Names that could be taken for somebody else's.

/// Why a name is not to be taken at its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameDoubt {
    /// It looks like one's own.
    Yours,
    /// It looks like the name of somebody else who is known here, with another key.
    Like {
        /// What that person is called here.
        name: String,
        /// Their safety number was compared.
        verified: bool,
        /// They are blocked here.
        blocked: bool,
    },
    /// The key is known here, under this other name.
    Known {
        /// What this person is called here.
        name: String,
    },
}

impl NameDoubt {
    /// Somebody may be taken for somebody else: worth stopping for.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        !matches!(self, Self::Known { .. })
    }
}

/// Somebody else here has a name that looks the same: the id tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namesake {
    /// Beginning of this one's id.
    pub id: String,
    /// Nobody has compared this one's safety number.
    pub doubtful: bool,
}
