//! A time as an operator writes it.

use std::{fmt, str::FromStr, time::Duration};

/// A duration written as a number and a unit: `500ms`, `25s`, `10m`, `7h`, `30d`; the number 1 may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A time that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write a number and ms, s, m, h or d, as in 25s or 30d")]
pub struct SpanError;

const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
];

impl Span {
    /// The time in milliseconds.
    #[must_use]
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let (number, scale) = UNITS
            .iter()
            .find_map(|(unit, scale)| text.strip_suffix(unit).map(|number| (number, *scale)))
            .ok_or(SpanError)?;
        let number: u64 = if number.is_empty() {
            1
        } else {
            number.parse().map_err(|_| SpanError)?
        };
        number
            .checked_mul(scale)
            .map(Duration::from_millis)
            .map(Self)
            .ok_or(SpanError)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.millis();
        let (unit, scale) = UNITS
            .into_iter()
            .skip(1)
            .find(|(_, scale)| millis >= *scale && millis.is_multiple_of(*scale))
            .unwrap_or(("ms", 1));
        match millis / scale {
            1 => f.write_str(unit),
            number => write!(f, "{number}{unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_its_text_form() {
        for (text, millis) in [
            ("s", 1000),
            ("25s", 25_000),
            ("10m", 600_000),
            ("30d", 2_592_000_000),
            ("500ms", 500),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!((span.millis(), span.to_string().as_str()), (millis, text));
        }
        assert_eq!("120s".parse::<Span>().unwrap().to_string(), "2m");
        assert_eq!("0s".parse::<Span>().unwrap().millis(), 0);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "5",
            "s5",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "18446744073709551615d",
            "5 s",
        ] {
            assert_eq!(text.parse::<Span>(), Err(SpanError), "{text}");
        }
    }
}
