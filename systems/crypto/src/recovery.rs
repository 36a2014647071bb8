//! The recovery phrase: twelve words (BIP-39, English) that open a vault when the passphrase is forgotten.
//!
//! 128 bits of randomness with a checksum of four bits, so that most slips of the pen are told from another phrase.
//! The words go through the same key derivation as a passphrase, joined by single blanks; BIP-39's own seed is not used.

use std::fmt;

use bip39::{Language, Mnemonic};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::error::RecoveryError;

/// Words in a phrase.
pub const WORDS: usize = 12;

/// Twelve words. Wiped on drop, hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryPhrase(Zeroizing<String>);

impl fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryPhrase(hidden)")
    }
}

impl RecoveryPhrase {
    /// A new one.
    ///
    /// # Errors
    /// None that can happen: the word list knows a phrase for any sixteen bytes.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, RecoveryError> {
        let entropy = Zeroizing::new(crate::random::bytes::<16>(rng));
        let mnemonic =
            Mnemonic::from_entropy_in(Language::English, entropy.as_slice()).map_err(|_| RecoveryError::Checksum)?;
        Ok(Self::of(&Zeroizing::new(mnemonic)))
    }

    /// Reads what a person wrote down. Capitals, line breaks, commas and the numbers of a list are forgiven.
    ///
    /// # Errors
    /// [`RecoveryError`], which says what to look at; never what was typed.
    pub fn parse(text: &str) -> Result<Self, RecoveryError> {
        // No phrase is nearly as long; a megabyte is not worth a look.
        if text.len() > 2048 {
            return Err(RecoveryError::WordCount);
        }
        let mut words = Zeroizing::new(String::with_capacity(text.len()));
        let typed = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
        let mut count = 0;
        for word in typed {
            if count > 0 {
                words.push(' ');
            }
            words.extend(word.chars().map(|c| c.to_ascii_lowercase()));
            count += 1;
        }
        if count != WORDS {
            return Err(RecoveryError::WordCount);
        }
        match Mnemonic::parse_in_normalized(Language::English, &words) {
            Ok(mnemonic) => Ok(Self::of(&Zeroizing::new(mnemonic))),
            Err(bip39::Error::UnknownWord(at)) => Err(RecoveryError::UnknownWord { number: at + 1 }),
            Err(_) => Err(RecoveryError::Checksum),
        }
    }

    /// The words in their order, to be shown.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// The words, joined by single blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(mnemonic: &Mnemonic) -> Self {
        // Room for twelve words of at most eight letters, so that growing leaves no copy behind.
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        for word in mnemonic.words() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rng;

    #[test]
    fn sixteen_bytes_are_the_words_that_bip_39_says() {
        // Vectors of BIP-39's own list.
        for (entropy, words) in [
            (
                [0; 16],
                "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            ),
            (
                [0x7f; 16],
                "legal winner thank year wave sausage worth useful legal winner thank yellow",
            ),
            ([0xff; 16], "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"),
        ] {
            let mnemonic = Mnemonic::from_entropy_in(Language::English, &entropy).unwrap();
            assert_eq!(RecoveryPhrase::of(&mnemonic).as_str(), words);
            assert_eq!(RecoveryPhrase::parse(words).unwrap().as_str(), words);
        }
    }

    #[test]
    fn a_phrase_is_read_however_it_was_written_down() {
        let phrase = RecoveryPhrase::generate(&mut rng(1)).unwrap();
        assert_eq!(phrase.words().count(), WORDS);
        let listed: String = phrase
            .words()
            .enumerate()
            .map(|(at, word)| format!("{}. {}\r\n", at + 1, word.to_uppercase()))
            .collect();
        let commas = phrase.words().collect::<Vec<_>>().join(",  ");
        for text in [phrase.as_str(), &listed, &commas] {
            assert_eq!(RecoveryPhrase::parse(text).unwrap(), phrase);
        }
    }

    #[test]
    fn what_is_no_phrase_is_refused_with_where_to_look() {
        let phrase = RecoveryPhrase::generate(&mut rng(2)).unwrap();
        let words: Vec<_> = phrase.words().collect();
        assert_eq!(RecoveryPhrase::parse(""), Err(RecoveryError::WordCount));
        assert_eq!(
            RecoveryPhrase::parse(&words[..11].join(" ")),
            Err(RecoveryError::WordCount)
        );
        assert_eq!(
            RecoveryPhrase::parse(&"abandon ".repeat(1 << 17)),
            Err(RecoveryError::WordCount)
        );
        let mut mistyped = words.clone();
        mistyped[4] = "orrery";
        assert_eq!(
            RecoveryPhrase::parse(&mistyped.join(" ")),
            Err(RecoveryError::UnknownWord { number: 5 })
        );
        let all_zoo = "zoo ".repeat(12);
        assert_eq!(RecoveryPhrase::parse(&all_zoo), Err(RecoveryError::Checksum));
    }

    #[test]
    fn the_phrase_hides() {
        let phrase = RecoveryPhrase::generate(&mut rng(3)).unwrap();
        insta::assert_snapshot!(format!("{phrase:?}"), @"RecoveryPhrase(hidden)");
    }

    #[test]
    fn the_words_are_wiped() {
        let RecoveryPhrase(words) = &RecoveryPhrase::generate(&mut rng(1)).unwrap();
        crate::testing::wiped(words);
    }
}
