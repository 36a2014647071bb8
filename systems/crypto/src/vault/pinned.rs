//! A vault as the program wrote it before there were recovery phrases. It must open for ever.

use super::*;
use crate::testing::rng;

const KEY: &str = "9a3744504560639ec670b7a17d492b273e077b0a96bef58ba7760779e544546e";
const VAULT: &str = "6f72727661756c740101010000004000000001000000018e0bb7534fcf4f12ac7458fb8092fe529ce56ea0bb68edb6\
                     3b5f6ccbb6dec305867f8029e5f76f909b0c5f80195b9cc45711a99a3ca52c5a322397e2ed9a93137e935eec557108\
                     bc709b4f957950e57088a8b531";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn a_vault_from_before_recovery_phrases_opens_and_is_still_written_byte_by_byte() {
    let vault = bytes(VAULT);
    let key = unwrap(&vault, "cafe\u{301} 17").unwrap();
    assert_eq!(key.as_bytes(), bytes(KEY).as_slice());
    assert!(!has_phrase(&vault).unwrap());
    let cheap = KdfParams { m_kib: 64, t: 1, p: 1 };
    let wrap = seal_with(&key, Secret::Passphrase("caf\u{e9} 17"), cheap, &mut rng(2)).unwrap();
    assert_eq!(assemble(&[&wrap]), vault);
    // A recovery phrase comes beside it and goes again; the passphrase's wrap is not touched.
    let phrase = RecoveryPhrase::generate(&mut rng(3)).unwrap();
    let both = with_phrase(&vault, &key, &phrase, KdfParams::FLOOR, &mut rng(4)).unwrap();
    assert_eq!(without_phrase(&both).unwrap(), vault);
}
