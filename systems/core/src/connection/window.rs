//! Which counted signals were seen: a sliding window as in DTLS (RFC 6347 §4.1.2.6). Signals may overtake each other on
//! their way through two servers; none counts twice.

/// What a count says about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The latest so far.
    Newest,
    /// Overtaken by others, seen for the first time.
    Late,
    /// Seen before, or too old to tell.
    Before,
}

/// The last 64 counts up to the highest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    highest: Option<u32>,
    /// Bit n: `highest - n` was seen.
    mask: u64,
}

impl Window {
    /// Enters a count.
    pub(crate) fn enter(&mut self, seq: u32) -> Seen {
        let Some(highest) = self.highest else {
            self.highest = Some(seq);
            self.mask = 1;
            return Seen::Newest;
        };
        if seq > highest {
            self.mask = self.mask.checked_shl(seq - highest).unwrap_or(0) | 1;
            self.highest = Some(seq);
            return Seen::Newest;
        }
        match 1u64.checked_shl(highest - seq) {
            Some(bit) if self.mask & bit == 0 => {
                self.mask |= bit;
                Seen::Late
            }
            _ => Seen::Before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_is_new_once_in_any_order() {
        let mut window = Window::default();
        assert_eq!(window.enter(5), Seen::Newest);
        assert_eq!(window.enter(3), Seen::Late);
        assert_eq!(window.enter(3), Seen::Before);
        assert_eq!(window.enter(5), Seen::Before);
        assert_eq!(window.enter(6), Seen::Newest);
        assert_eq!(window.enter(4), Seen::Late);
        assert_eq!(window.enter(0), Seen::Late);
    }

    #[test]
    fn what_is_too_old_to_tell_was_seen() {
        let mut window = Window::default();
        assert_eq!(window.enter(100), Seen::Newest);
        assert_eq!(window.enter(37), Seen::Late);
        assert_eq!(window.enter(36), Seen::Before);
        assert_eq!(window.enter(u32::MAX), Seen::Newest);
        assert_eq!(window.enter(100), Seen::Before);
    }
}
