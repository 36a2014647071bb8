//! Packets waiting for their time.

use crate::{MAX_PACKET_BYTES, Payload};

/// Places for packets: 128, that is 1.28 s of 10 ms packets, far more than the buffer ever wants to hold.
pub(super) const SLOTS: usize = 128;

/// One waiting packet.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) seq: u16,
    /// Media time of the first sample, in samples, unwrapped.
    pub(super) media: i64,
    /// How much sound it holds by its header; 0 if that cannot be read.
    pub(super) samples: u16,
    len: u16,
    bytes: [u8; MAX_PACKET_BYTES],
}

impl Slot {
    pub(super) fn payload(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// A ring by sequence number. All its memory is taken when it is made.
pub(super) struct Slots {
    ring: Box<[Slot]>,
    used: u128,
}

impl Slots {
    pub(super) fn new() -> Self {
        let empty = Slot {
            seq: 0,
            media: 0,
            samples: 0,
            len: 0,
            bytes: [0; MAX_PACKET_BYTES],
        };
        Self {
            ring: vec![empty; SLOTS].into_boxed_slice(),
            used: 0,
        }
    }

    fn bit(seq: u16) -> u128 {
        1 << (usize::from(seq) % SLOTS)
    }

    /// Stores a packet. `false` if that sequence number waits already.
    pub(super) fn put(&mut self, seq: u16, media: i64, samples: usize, payload: &Payload) -> bool {
        if self.get(seq).is_some() {
            return false;
        }
        let Some(slot) = self.ring.get_mut(usize::from(seq) % SLOTS) else {
            return false;
        };
        let bytes = payload.as_slice();
        let Some(room) = slot.bytes.get_mut(..bytes.len()) else {
            return false;
        };
        room.copy_from_slice(bytes);
        // A payload is at most 1275 bytes.
        slot.len = bytes.len() as u16;
        slot.seq = seq;
        // At most 120 ms, 5760.
        slot.samples = samples as u16;
        slot.media = media;
        self.used |= Self::bit(seq);
        true
    }

    pub(super) fn get(&self, seq: u16) -> Option<&Slot> {
        let slot = self.ring.get(usize::from(seq) % SLOTS)?;
        (self.used & Self::bit(seq) != 0 && slot.seq == seq).then_some(slot)
    }

    pub(super) fn free(&mut self, seq: u16) {
        if self.get(seq).is_some() {
            self.used &= !Self::bit(seq);
        }
    }

    /// The first waiting packet at or after `seq`, in sequence order.
    pub(super) fn first_from(&self, seq: u16) -> Option<&Slot> {
        (0..SLOTS as u16).find_map(|ahead| self.get(seq.wrapping_add(ahead)))
    }

    /// The last waiting packet at or after `seq`, in sequence order.
    pub(super) fn last_from(&self, seq: u16) -> Option<&Slot> {
        (0..SLOTS as u16)
            .rev()
            .find_map(|ahead| self.get(seq.wrapping_add(ahead)))
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
    }
}

/// Which of the last 128 sequence numbers have arrived, to tell a duplicate from a latecomer.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    newest: Option<u16>,
    bits: u128,
}

impl Seen {
    /// Notes `seq`; `true` if it had arrived before.
    pub(super) fn note(&mut self, seq: u16) -> bool {
        let Some(newest) = self.newest else {
            (self.newest, self.bits) = (Some(seq), 1);
            return false;
        };
        let ahead = seq.wrapping_sub(newest) as i16;
        if ahead > 0 {
            self.bits = self.bits.checked_shl(u32::from(ahead.unsigned_abs())).unwrap_or(0) | 1;
            self.newest = Some(seq);
            return false;
        }
        let Some(bit) = 1u128.checked_shl(u32::from(ahead.unsigned_abs())) else {
            return false;
        };
        let before = self.bits & bit != 0;
        self.bits |= bit;
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_find_packets_across_the_wrap_of_the_sequence_number() {
        let mut slots = Slots::new();
        for seq in [65_534u16, 1, 3] {
            assert!(slots.put(seq, 0, 960, &Payload::new(&[1]).unwrap()));
        }
        assert!(
            !slots.put(1, 0, 960, &Payload::new(&[2]).unwrap()),
            "the first copy stays"
        );
        assert_eq!(slots.get(1).unwrap().payload(), &[1]);
        assert_eq!(slots.first_from(65_535).unwrap().seq, 1);
        assert_eq!(slots.first_from(65_530).unwrap().seq, 65_534);
        assert_eq!(slots.last_from(65_530).unwrap().seq, 3);
        slots.free(1);
        assert_eq!(slots.first_from(65_535).unwrap().seq, 3);
        assert!(
            slots.get(3 + SLOTS as u16).is_none(),
            "another packet of the same place is not this one"
        );
    }

    #[test]
    fn seen_tells_duplicates_from_latecomers_across_the_wrap() {
        let mut seen = Seen::default();
        assert!(!seen.note(65_535));
        assert!(!seen.note(2));
        assert!(seen.note(65_535));
        assert!(!seen.note(0));
        assert!(seen.note(0));
        assert!(!seen.note(1000), "a jump forgets");
        assert!(!seen.note(2));
    }
}
