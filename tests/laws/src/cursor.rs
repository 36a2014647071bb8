//! Takes a fuzzer's bytes apart: what is missing reads as zero, so that every input means something.

/// From the front of an input.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.u8(), self.u8()])
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// At most `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes with their length in front.
    pub(crate) fn chunk(&mut self) -> &'a [u8] {
        let len = usize::from(self.u16());
        self.take(len)
    }

    /// Changes a few bytes of something genuine: how many, then each place and what it is xored with.
    pub(crate) fn patch(&mut self, bytes: &mut Vec<u8>) {
        let count = self.u8();
        if count & 0x80 != 0 {
            let len = usize::from(self.u16());
            bytes.truncate(len);
        }
        if count & 0x40 != 0 {
            let more = self.chunk();
            bytes.extend_from_slice(more);
        }
        for _ in 0..count & 7 {
            let (at, with) = (usize::from(self.u16()), self.u8());
            let len = bytes.len();
            if let Some(byte) = bytes.get_mut(at % len.max(1)) {
                *byte ^= with;
            }
        }
    }
}
