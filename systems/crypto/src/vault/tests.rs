use super::*;
use crate::testing::rng;

/// Far below the floor, so that the laws below run in milliseconds.
const CHEAP: KdfParams = KdfParams { m_kib: 64, t: 1, p: 1 };

fn cheap(passphrase: &str) -> (DatabaseKey, Vec<u8>) {
    let key = DatabaseKey::generate(&mut rng(1));
    let wrap = seal_with(&key, Secret::Passphrase(passphrase), CHEAP, &mut rng(2)).unwrap();
    (key, assemble(&[&wrap]))
}

/// A vault with a right checksum whatever else it says.
fn resummed(mut vault: Vec<u8>) -> Vec<u8> {
    vault.truncate(vault.len() - CHECKSUM);
    let sum = Sha256::digest(&vault);
    vault.extend_from_slice(&sum[..CHECKSUM]);
    vault
}

#[test]
fn the_right_passphrase_opens_and_no_other() {
    let (key, vault) = cheap("correct horse");
    assert_eq!(unwrap(&vault, "correct horse").unwrap().as_bytes(), key.as_bytes());
    assert_eq!(
        unwrap(&vault, "correct horsf").unwrap_err(),
        VaultError::WrongPassphrase
    );
    assert_eq!(unwrap(&vault, "").unwrap_err(), VaultError::PassphraseEmpty);
}

#[test]
fn a_vault_at_the_floor_opens() {
    let key = DatabaseKey::generate(&mut rng(1));
    let vault = wrap(&key, "pass", KdfParams::FLOOR, &mut rng(2)).unwrap();
    assert_eq!(unwrap(&vault, "pass").unwrap().as_bytes(), key.as_bytes());
}

#[test]
fn less_than_the_floor_is_not_made() {
    let key = DatabaseKey::generate(&mut rng(1));
    for params in [
        CHEAP,
        KdfParams {
            t: 2,
            ..KdfParams::FLOOR
        },
        KdfParams {
            m_kib: 65535,
            ..KdfParams::FLOOR
        },
    ] {
        assert_eq!(wrap(&key, "pass", params, &mut rng(2)).unwrap_err(), VaultError::Cost);
    }
}

#[test]
fn a_passphrase_is_the_same_however_it_was_typed() {
    let (key, vault) = cheap("caf\u{e9}");
    assert_eq!(unwrap(&vault, "cafe\u{301}").unwrap().as_bytes(), key.as_bytes());
}

#[test]
fn a_passphrase_has_an_end() {
    assert_eq!(check_passphrase(&"x".repeat(MAX_PASSPHRASE)), Ok(()));
    assert_eq!(
        check_passphrase(&"x".repeat(MAX_PASSPHRASE + 1)),
        Err(VaultError::PassphraseTooLong)
    );
    assert_eq!(
        check_passphrase(&"x".repeat(1 << 20)),
        Err(VaultError::PassphraseTooLong)
    );
    // Decomposed it is longer than the bound, composed it is not.
    assert_eq!(check_passphrase(&"e\u{301}".repeat(MAX_PASSPHRASE / 2)), Ok(()));
}

#[test]
fn damage_is_told_from_a_wrong_passphrase() {
    let (_, vault) = cheap("pass");
    for bit in 0..vault.len() * 8 {
        let mut bad = vault.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(unwrap(&bad, "pass").unwrap_err(), VaultError::Damaged, "bit {bit}");
    }
    for len in 0..vault.len() {
        assert_eq!(unwrap(&vault[..len], "pass").unwrap_err(), VaultError::Damaged);
    }
    assert_eq!(
        unwrap(&[vault, vec![0]].concat(), "pass").unwrap_err(),
        VaultError::Damaged
    );
}

#[test]
fn a_hostile_vault_is_refused_before_any_work() {
    let (_, vault) = cheap("pass");
    let with = |at: usize, number: u32| {
        let mut bad = vault.clone();
        bad[at..at + 4].copy_from_slice(&number.to_be_bytes());
        unwrap(&resummed(bad), "pass").unwrap_err()
    };
    let (m, t, p) = (11, 15, 19);
    for number in [0, 7, 2 * 1024 * 1024 + 1, u32::MAX] {
        assert_eq!(with(m, number), VaultError::Cost);
    }
    for number in [0, 17, u32::MAX] {
        assert_eq!(with(t, number), VaultError::Cost);
        assert_eq!(with(p, number), VaultError::Cost);
    }
    // Nine lanes need 72 KiB.
    assert_eq!(with(p, 9), VaultError::Cost);
    // Bearable but not what was sealed: the header is authenticated.
    assert_eq!(with(m, 65), VaultError::WrongPassphrase);
    assert_eq!(with(t, 2), VaultError::WrongPassphrase);
}

#[test]
fn a_swapped_salt_or_a_newer_version_is_refused() {
    let (_, vault) = cheap("pass");
    let mut swapped = vault.clone();
    swapped[23] ^= 1;
    assert_eq!(
        unwrap(&resummed(swapped), "pass").unwrap_err(),
        VaultError::WrongPassphrase
    );
    for (at, more) in [(8, 1), (9, 2), (9, 255), (10, 1)] {
        let mut newer = vault.clone();
        newer[at] = newer[at].wrapping_add(more);
        assert_eq!(unwrap(&resummed(newer), "pass").unwrap_err(), VaultError::Version);
    }
}

#[test]
fn a_new_wrap_shares_nothing_with_the_old_one() {
    let key = DatabaseKey::generate(&mut rng(1));
    let mut rng = rng(2);
    let mut wrap = || seal_with(&key, Secret::Passphrase("pass"), CHEAP, &mut rng).unwrap();
    let (first, second) = (wrap(), wrap());
    assert_ne!(first[13..HEADER], second[13..HEADER]);
    assert_ne!(first[HEADER..], second[HEADER..]);
}

/// A vault under both, the recovery phrase, and the key.
fn both() -> (DatabaseKey, RecoveryPhrase, Vec<u8>) {
    let (key, vault) = cheap("pass");
    let phrase = RecoveryPhrase::generate(&mut rng(5)).unwrap();
    let wrap = seal_with(&key, Secret::Phrase(&phrase), CHEAP, &mut rng(6)).unwrap();
    let vault = assemble(&[Wraps::parse(&vault).unwrap().passphrase.bytes, &wrap]);
    (key, phrase, vault)
}

#[test]
fn passphrase_and_recovery_phrase_open_the_same_key_and_no_other_does() {
    let (key, phrase, vault) = both();
    assert!(has_phrase(&vault).unwrap());
    assert_eq!(unwrap(&vault, "pass").unwrap().as_bytes(), key.as_bytes());
    assert_eq!(unwrap_by_phrase(&vault, &phrase).unwrap().as_bytes(), key.as_bytes());
    let other = RecoveryPhrase::generate(&mut rng(7)).unwrap();
    assert_eq!(unwrap_by_phrase(&vault, &other).unwrap_err(), VaultError::WrongPhrase);
    // The words are no passphrase: the kind is part of what is authenticated.
    assert_eq!(
        unwrap(&vault, phrase.as_str()).unwrap_err(),
        VaultError::WrongPassphrase
    );

    let without = without_phrase(&vault).unwrap();
    assert!(!has_phrase(&without).unwrap());
    assert_eq!(unwrap_by_phrase(&without, &phrase).unwrap_err(), VaultError::NoPhrase);
    assert_eq!(unwrap(&without, "pass").unwrap().as_bytes(), key.as_bytes());
}

#[test]
fn a_new_passphrase_leaves_the_recovery_phrase_alone_and_a_new_phrase_the_passphrase() {
    let (key, phrase, vault) = both();
    let vault = rewrap(&vault, &key, "new", KdfParams::FLOOR, &mut rng(8)).unwrap();
    assert_eq!(unwrap(&vault, "pass").unwrap_err(), VaultError::WrongPassphrase);
    assert_eq!(unwrap(&vault, "new").unwrap().as_bytes(), key.as_bytes());
    assert_eq!(unwrap_by_phrase(&vault, &phrase).unwrap().as_bytes(), key.as_bytes());
    let other = RecoveryPhrase::generate(&mut rng(9)).unwrap();
    let vault = with_phrase(&vault, &key, &other, KdfParams::FLOOR, &mut rng(10)).unwrap();
    assert_eq!(unwrap_by_phrase(&vault, &phrase).unwrap_err(), VaultError::WrongPhrase);
    assert_eq!(unwrap_by_phrase(&vault, &other).unwrap().as_bytes(), key.as_bytes());
    assert_eq!(unwrap(&vault, "new").unwrap().as_bytes(), key.as_bytes());
}

#[test]
fn two_wraps_of_a_kind_swapped_ones_and_odd_lengths_are_refused() {
    let (_, phrase, vault) = both();
    let (first, second) = (&vault[10..10 + WRAP], &vault[10 + WRAP..10 + 2 * WRAP]);
    for (wraps, error) in [
        (vec![first, first], VaultError::Version),
        (vec![second, first], VaultError::Version),
        (vec![second], VaultError::Version),
        (vec![first, second, second], VaultError::Version),
        (vec![], VaultError::Version),
        (vec![first, &second[1..]], VaultError::Damaged),
        (vec![&first[1..], &[1], second], VaultError::Version),
    ] {
        let bad = assemble(&wraps);
        assert_eq!(unwrap(&bad, "pass").unwrap_err(), error);
        assert_eq!(unwrap_by_phrase(&bad, &phrase).unwrap_err(), error);
    }
    let longer = [&vault[..vault.len() - CHECKSUM], &[0], &[0; CHECKSUM]].concat();
    assert_eq!(unwrap(&resummed(longer), "pass").unwrap_err(), VaultError::Damaged);
    for bit in 0..vault.len() * 8 {
        let mut bad = vault.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(unwrap_by_phrase(&bad, &phrase).unwrap_err(), VaultError::Damaged);
    }
    // A hostile second wrap is refused before any work for the first.
    let mut costly = vault.clone();
    costly[10 + WRAP + 1..10 + WRAP + 5].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(unwrap(&resummed(costly), "pass").unwrap_err(), VaultError::Cost);
}

#[test]
fn the_key_hides() {
    insta::assert_snapshot!(format!("{:?}", cheap("pass").0), @"DatabaseKey(hidden)");
}

#[test]
fn the_database_key_is_wiped() {
    let DatabaseKey(key) = &cheap("pass").0;
    crate::testing::wiped(key);
}
