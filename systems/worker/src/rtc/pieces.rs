//! Messages in pieces. A message that needs two SCTP packets travels ten times slower than two that fit one each, so
//! a message is cut here and put together again above the channel, which is reliable and in order.
//!
//! A piece is a kind byte and its data: [`ONLY`] a whole message; [`FIRST`] followed by the whole length (u16be) and
//! the first part; [`NEXT`] followed by the next part. The message is whole when its length is reached.

use orrery_protocol::limits::MAX_DIRECT_MESSAGE;

/// The longest piece: with SCTP's and DTLS's own headers it fits one packet of 1,191 bytes.
const MAX_PIECE: usize = 1_150;
/// A message in one piece.
const ONLY: u8 = 0;
/// The first piece of several.
const FIRST: u8 = 1;
/// A further piece.
const NEXT: u8 = 2;

/// Pieces that do not belong together, or a message longer than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other side's data channel does not keep to the protocol")]
pub(crate) struct BadPiece;

/// Cuts a message; `None` when it is empty or longer than [`MAX_DIRECT_MESSAGE`].
pub(crate) fn cut(message: &[u8]) -> Option<Vec<Vec<u8>>> {
    if message.is_empty() || message.len() > MAX_DIRECT_MESSAGE {
        return None;
    }
    if message.len() < MAX_PIECE {
        return Some(vec![piece(&[ONLY], message)]);
    }
    let length = u16::try_from(message.len()).ok()?.to_be_bytes();
    let (first, rest) = message.split_at_checked(MAX_PIECE - 3)?;
    let mut pieces = vec![piece(&[FIRST, length[0], length[1]], first)];
    pieces.extend(rest.chunks(MAX_PIECE - 1).map(|part| piece(&[NEXT], part)));
    Some(pieces)
}

fn piece(head: &[u8], data: &[u8]) -> Vec<u8> {
    [head, data].concat()
}

/// Puts pieces together. Holds one message at most.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    partial: Vec<u8>,
    length: usize,
}

impl Assembler {
    /// Takes a piece; gives the message that it completes.
    ///
    /// # Errors
    /// [`BadPiece`]: nothing more of this channel can be understood.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<Option<Vec<u8>>, BadPiece> {
        let (kind, data) = piece.split_first().ok_or(BadPiece)?;
        if data.is_empty() || piece.len() > MAX_PIECE {
            return Err(BadPiece);
        }
        match *kind {
            // A sender whose buffer ran full gives a message up halfway: a new beginning forgets the old one.
            ONLY => {
                self.forget();
                Ok(Some(data.to_vec()))
            }
            FIRST => {
                self.forget();
                let (length, data) = data.split_first_chunk::<2>().ok_or(BadPiece)?;
                self.length = usize::from(u16::from_be_bytes(*length));
                // Nobody sends an empty message: one would be given on as such.
                if !(1..=MAX_DIRECT_MESSAGE).contains(&self.length) {
                    return Err(BadPiece);
                }
                self.partial.reserve(self.length);
                self.add(data)
            }
            NEXT if self.length > 0 => self.add(data),
            _ => Err(BadPiece),
        }
    }

    fn add(&mut self, data: &[u8]) -> Result<Option<Vec<u8>>, BadPiece> {
        self.partial.extend_from_slice(data);
        match self.partial.len().cmp(&self.length) {
            std::cmp::Ordering::Less => Ok(None),
            std::cmp::Ordering::Equal => {
                self.length = 0;
                Ok(Some(std::mem::take(&mut self.partial)))
            }
            std::cmp::Ordering::Greater => Err(BadPiece),
        }
    }

    fn forget(&mut self) {
        self.partial.clear();
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(message: &[u8]) -> Option<Vec<u8>> {
        let mut assembler = Assembler::default();
        let mut whole = None;
        for piece in cut(message).unwrap() {
            assert!(piece.len() <= MAX_PIECE);
            assert!(whole.is_none());
            whole = assembler.take(&piece).unwrap();
        }
        whole
    }

    #[test]
    fn a_message_of_any_legal_length_comes_out_as_it_went_in() {
        for length in [1, 2, 1_146, 1_147, 1_148, 1_149, 1_150, 1_151, 2_296, 2_297, 24 * 1024] {
            let message: Vec<u8> = (0..length).map(|i| i as u8).collect();
            assert_eq!(through(&message), Some(message), "{length}");
        }
        assert_eq!(cut(&[]), None);
        assert_eq!(cut(&vec![0; MAX_DIRECT_MESSAGE + 1]), None);
    }

    #[test]
    fn a_message_of_no_bytes_breaks_the_protocol() {
        for piece in [&[FIRST, 0, 0][..], &[FIRST, 0, 0, 7], &[ONLY], &[]] {
            assert_eq!(Assembler::default().take(piece), Err(BadPiece), "{piece:?}");
        }
    }

    #[test]
    fn a_message_given_up_halfway_does_not_harm_the_next() {
        let mut assembler = Assembler::default();
        let given_up = cut(&[7; 5_000]).unwrap();
        assert_eq!(assembler.take(&given_up[0]), Ok(None));
        assert_eq!(assembler.take(&given_up[1]), Ok(None));
        assert_eq!(assembler.take(&cut(b"hello").unwrap()[0]), Ok(Some(b"hello".to_vec())));
        assert_eq!(assembler.take(&given_up[2]), Err(BadPiece));
    }

    #[test]
    fn garbage_is_an_error_and_never_more_memory_than_one_message() {
        for garbage in [
            &[][..],
            &[ONLY],
            &[FIRST, 0],
            &[9, 9],
            &[NEXT, 1],
            &[FIRST, 0xff, 0xff, 1],
            &[FIRST, 0, 1, 1, 1],
        ] {
            assert_eq!(Assembler::default().take(garbage), Err(BadPiece), "{garbage:?}");
        }
        assert_eq!(Assembler::default().take(&[0; MAX_PIECE + 1]), Err(BadPiece));
    }
}
