//! Safety numbers: shown, and compared with what the other side shows.

use orrery_crypto::SafetyNumber;
use orrery_link::{Code, Event, Reference};
use orrery_protocol::PeerId;

use super::{Driver, Place};

/// Digits of a safety number.
const DIGITS: usize = 60;

impl Driver {
    pub(super) fn load_safety_number(&mut self, peer: PeerId, reference: Option<Reference>) {
        match self.safety_number(peer) {
            Ok(number) => {
                self.tell(Event::SafetyNumberLoaded {
                    reference: reference.clone(),
                    peer,
                    digits: number.digits(),
                    code: number.qr().iter().map(|byte| format!("{byte:02x}")).collect(),
                });
                self.done(reference);
            }
            Err(code) => self.failed(reference, code),
        }
    }

    pub(super) fn compare_safety_number(&mut self, peer: PeerId, typed: &str, reference: Option<Reference>) {
        match self.safety_number(peer).and_then(|number| compare(&number, typed)) {
            Ok(()) => self.done(reference),
            Err(code) => self.failed(reference, code),
        }
    }

    /// With somebody of whom there is a row: nobody else's is of use.
    fn safety_number(&mut self, peer: PeerId) -> Result<SafetyNumber, Code> {
        let Place::Inside(session) = &mut self.place else {
            return Err(Code::Locked);
        };
        let known = session.engine.channel(peer.into()).map_err(|failure| failure.code())?;
        known.ok_or(Code::NoSuchContact)?;
        Ok(SafetyNumber::of(&session.engine.core().own(), &peer))
    }
}

/// Compares with sixty digits, whatever stands between them, or with the other side's code in hexadecimal.
pub(crate) fn compare(number: &SafetyNumber, typed: &str) -> Result<(), Code> {
    // Longer than any of both with blanks between all of it.
    if typed.len() > 1024 {
        return Err(Code::BadSafetyNumber);
    }
    let bare: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '·' | ',' | '.'))
        .collect();
    let same = if bare.len() == DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = number.digits();
        // Every digit is looked at, whichever differs.
        digits.len() == bare.len() && digits.bytes().zip(bare.bytes()).fold(0, |any, (a, b)| any | (a ^ b)) == 0
    } else {
        let code = unhex(&bare).ok_or(Code::BadSafetyNumber)?;
        number.matches(&code).map_err(|error| match error {
            orrery_crypto::SafetyError::Version => Code::VersionMismatch,
            _ => Code::BadSafetyNumber,
        })?
    };
    if same { Ok(()) } else { Err(Code::SafetyNumberDiffers) }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    // `from_str_radix` would take a sign for a digit.
    let digits = text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if text.is_empty() || !text.len().is_multiple_of(2) || !digits {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_compared_and_what_is_neither_is_said_to_be() {
        let ids = [[11; 32], [12; 32]].map(|seed| orrery_crypto::Identity::from_seed(&seed).peer_id());
        let (ours, theirs) = (SafetyNumber::of(&ids[0], &ids[1]), SafetyNumber::of(&ids[1], &ids[0]));
        let spaced = theirs.groups().join(" ");
        let lines = theirs.groups().join("\r\n");
        let hex: String = theirs.qr().iter().map(|byte| format!("{byte:02X}")).collect();
        for typed in [&theirs.digits(), &spaced, &lines, &hex] {
            assert_eq!(compare(&ours, typed), Ok(()), "{typed}");
        }
        let mut other = theirs.digits().into_bytes();
        other[59] = if other[59] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(compare(&ours, &other), Err(Code::SafetyNumberDiffers));
        // Our own screen read back is not the other side's.
        let own: String = ours.qr().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(compare(&ours, &own), Err(Code::SafetyNumberDiffers));
        let newer = hex.replacen("0800", "0801", 1);
        assert_eq!(compare(&ours, &newer), Err(Code::VersionMismatch));
        let signed = hex.replacen("08", "+8", 1);
        for bad in [
            "",
            "hello",
            "12345",
            &spaced[1..],
            &hex[2..],
            &signed,
            &"9".repeat(4096),
        ] {
            assert_eq!(compare(&ours, bad), Err(Code::BadSafetyNumber), "{bad}");
        }
    }
}
