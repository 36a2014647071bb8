//! What a description of a peer (SDP, RFC 8866) may look like. It is looked at before the stack's own parser sees it: a
//! description of our program is small, plain and always of the same shape, and anything else is refused.

use orrery_protocol::limits::MAX_SDP;

use super::fingerprint;

/// The longest line, in bytes without its end. The longest of ours is some 120.
const MAX_LINE: usize = 512;
/// Lines of one description; ours have about 45.
const MAX_LINES: usize = 256;
/// Media sections (`m=`); ours have two, sound and data.
const MAX_SECTIONS: usize = 4;
/// Senders of sound that a description may name (`a=ssrc`); ours names one.
const MAX_SOURCES: usize = 4;

/// Why a description was refused. Says nothing of what stood in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSdp {
    /// Longer than [`MAX_SDP`], or more lines or longer lines than any of ours.
    #[error("a description is too long")]
    TooLong,
    /// More media sections than any of ours.
    #[error("a description has too many sections")]
    TooManySections,
    /// Lines that are none, or that hold anything but printable ASCII: NUL, half a line break, other alphabets.
    #[error("a description is not made of plain lines")]
    NotLines,
    /// No fingerprint, different ones, or one that is not SHA-256.
    #[error("a description has no fingerprint of a kind that is taken")]
    BadFingerprint,
    /// Senders of sound that are too many, or no numbers.
    #[error("a description names senders of sound that cannot be")]
    BadSources,
}

/// A description that may be given to the stack.
#[derive(PartialEq, Eq)]
pub(crate) struct Description {
    /// Without candidates: those come only in notes of their own, where [`super::candidates::read`] judges them.
    pub text: String,
    /// The senders of sound that it names (SSRC, RFC 5576 §4.1).
    pub sources: Vec<u32>,
}

// It holds the address of who made it.
impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Description(hidden)")
    }
}

/// Looks at a description of a peer.
///
/// # Errors
/// [`BadSdp`].
pub(crate) fn read(text: &str) -> Result<Description, BadSdp> {
    if text.len() > MAX_SDP {
        return Err(BadSdp::TooLong);
    }
    let lines = text.strip_suffix("\r\n").ok_or(BadSdp::NotLines)?.split("\r\n");
    let mut kept = String::with_capacity(text.len());
    let (mut count, mut sections) = (0, 0);
    let mut print = None;
    let mut sources = Vec::new();
    for line in lines {
        count += 1;
        if count > MAX_LINES || line.len() > MAX_LINE {
            return Err(BadSdp::TooLong);
        }
        let plain = line.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !plain || !matches!(line.as_bytes(), [b'a'..=b'z', b'=', ..]) {
            return Err(BadSdp::NotLines);
        }
        if line.starts_with("m=") {
            sections += 1;
            if sections > MAX_SECTIONS {
                return Err(BadSdp::TooManySections);
            }
        } else if let Some(value) = line.strip_prefix("a=fingerprint:") {
            let value = value.strip_prefix("sha-256 ").and_then(fingerprint::parse);
            let value = value.ok_or(BadSdp::BadFingerprint)?;
            if *print.get_or_insert(value) != value {
                return Err(BadSdp::BadFingerprint);
            }
        } else if let Some(value) = line.strip_prefix("a=ssrc:") {
            let number = value.split(' ').next().and_then(|number| number.parse().ok());
            let number = number.ok_or(BadSdp::BadSources)?;
            if !sources.contains(&number) {
                sources.push(number);
            }
            if sources.len() > MAX_SOURCES {
                return Err(BadSdp::BadSources);
            }
        } else if line
            .strip_prefix("a=")
            .is_some_and(|value| value.trim_start().starts_with("candidate"))
        {
            // The stack's parser takes blanks off before it looks what an attribute is.
            continue;
        }
        kept.push_str(line);
        kept.push_str("\r\n");
    }
    match print {
        None => Err(BadSdp::BadFingerprint),
        Some(_) => Ok(Description { text: kept, sources }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(byte: &str) -> String {
        format!("a=fingerprint:sha-256 {}\r\n", [byte; 32].join(":"))
    }

    fn with(more: &str) -> String {
        format!("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{}{more}", print("AB"))
    }

    fn refusal(text: &str) -> BadSdp {
        read(text).expect_err(text)
    }

    #[test]
    fn a_plain_description_comes_out_as_it_went_in_but_for_candidates() {
        let whole = with(
            "m=audio 9 X 111\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:x\r\n",
        );
        let taken = read(&whole).unwrap();
        assert_eq!(
            taken.text,
            with("m=audio 9 X 111\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:x\r\n")
        );
        assert_eq!(taken.sources, [7]);
    }

    #[test]
    fn a_candidate_behind_blanks_is_one_too() {
        let hidden = with("m=audio 9 X 111\r\na= candidate:1 1 udp 1 evil.example 9 typ host\r\na=   candidate:2\r\n");
        assert_eq!(read(&hidden).unwrap().text, with("m=audio 9 X 111\r\n"));
    }

    #[test]
    fn a_description_of_a_megabyte_or_of_ten_thousand_sections_is_refused() {
        assert_eq!(refusal(&with(&"a".repeat(1 << 20))), BadSdp::TooLong);
        assert_eq!(refusal(&with(&"m=audio 9 X 111\r\n".repeat(10_000))), BadSdp::TooLong);
        assert_eq!(
            refusal(&with(&"m=audio 9 X 111\r\n".repeat(200))),
            BadSdp::TooManySections
        );
        assert_eq!(refusal(&with(&"a=x\r\n".repeat(6_000))), BadSdp::TooLong);
        assert_eq!(refusal(&with(&format!("a={}\r\n", "x".repeat(600)))), BadSdp::TooLong);
    }

    #[test]
    fn nul_half_line_breaks_and_other_alphabets_are_refused() {
        for smuggled in [
            "s=a\0b\r\n",
            "s=a\rm=audio 9 X 1\r\n",
            "s=a\nm=audio 9 X 1\r\n",
            "s=a\n\rm=audio 9 X 1\r\n",
            "s=a\r\r\n",
            "s=a\tb\r\n",
            "s=\u{1b}[2J\r\n",
            "s=\u{7f}\r\n",
            "s=caf\u{e9}\r\n",
            "s=\u{2028}m=audio\r\n",
            "\r\n",
            "s\r\n",
            "=s\r\n",
            "S=s\r\n",
            " s=s\r\n",
        ] {
            assert_eq!(refusal(&with(smuggled)), BadSdp::NotLines, "{smuggled:?}");
        }
        for unfinished in ["", "v=0", "v=0\n", "\r\n"] {
            assert_eq!(refusal(unfinished), BadSdp::NotLines, "{unfinished:?}");
        }
    }

    #[test]
    fn one_sha_256_fingerprint_is_taken_in_either_case_and_nothing_else() {
        let base = "v=0\r\n";
        let read = |lines: &[&str]| read(&format!("{base}{}", lines.concat())).map(|_| ());
        let (ours, upper, lower) = (print("AB"), print("AB"), print("ab"));
        assert_eq!(read(&[&ours]), Ok(()));
        assert_eq!(read(&[&lower]), Ok(()));
        assert_eq!(read(&[&upper, &lower]), Ok(()), "one and the same");
        let bad = Err(BadSdp::BadFingerprint);
        assert_eq!(read(&[]), bad, "none");
        assert_eq!(read(&[&ours, &print("AC")]), bad, "two");
        let sha_1 = format!("a=fingerprint:sha-1 {}\r\n", ["AB"; 20].join(":"));
        assert_eq!(read(&[&sha_1]), bad);
        assert_eq!(read(&[&sha_1, &ours]), bad, "beside a good one");
        assert_eq!(read(&[&ours, &sha_1]), bad);
        for spoilt in [
            ours.replace("sha-256", "SHA-256"),
            ours.replace("sha-256", "sha-512"),
            ours.replace("sha-256 ", ""),
            ours.replace("AB:AB", "AB"),
            ours.replace("\r\n", ":AB\r\n"),
            ours.replace("AB:AB", "+B:AB"),
        ] {
            assert_eq!(read(&[&spoilt]), bad, "{spoilt}");
        }
    }

    #[test]
    fn a_few_senders_of_sound_can_be_named_and_no_more() {
        let lines = |n: u32| (0..n).map(|n| format!("a=ssrc:{n} cname:x\r\n")).collect::<String>();
        assert_eq!(read(&with(&lines(4))).unwrap().sources, [0, 1, 2, 3]);
        assert_eq!(refusal(&with(&lines(5))), BadSdp::BadSources);
        assert_eq!(refusal(&with("a=ssrc:4294967296 cname:x\r\n")), BadSdp::BadSources);
        assert_eq!(refusal(&with("a=ssrc: cname:x\r\n")), BadSdp::BadSources);
    }
}
