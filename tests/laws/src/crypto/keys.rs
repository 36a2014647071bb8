//! Keys, and what people compare or type.

use std::sync::OnceLock;

use orrery_crypto::{
    Identity, KemPrekeyPair, OneTimePrekeyPair, RecoveryPhrase, SafetyNumber, SignedPrekeyPair, VerifiedBundle,
    identity, login as logins, recovery::WORDS,
};
use orrery_protocol::{PeerId, decode, encode, login::login_bytes, prekey::PrekeyBundle};

use super::with_checksum;
use crate::{
    cursor::Cursor,
    people::{Three, three},
};

/// A bundle as a server may hand it out: Bob's, changed, or anything at all.
pub fn bundle(data: &[u8]) {
    let Three { alice, bob, .. } = three();
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let genuine = bob.bundle(how & 1 != 0);
    let bytes = if how & 2 == 0 {
        let mut bytes = encode(&genuine).unwrap();
        cursor.patch(&mut bytes);
        bytes
    } else {
        cursor.0.to_vec()
    };
    let Ok(bundle) = decode::<PrekeyBundle>(&bytes) else {
        return;
    };
    assert_eq!(decode(&encode(&bundle).unwrap()), Ok(bundle.clone()));
    let wanted = bob.peer();
    if let Ok(verified) = VerifiedBundle::verify(&alice.peer(), &wanted, &bundle) {
        assert_eq!((verified.peer(), bundle.peer), (wanted, wanted));
        // What is signed is Bob's own to the last bit; nobody else can have signed it.
        assert_eq!(
            (bundle.signed.key, &bundle.kem.key),
            (genuine.signed.key, &genuine.kem.key)
        );
    }
    // Asked for whomever it names.
    let _ = VerifiedBundle::verify(&alice.peer(), &bundle.peer, &bundle);
    assert!(
        VerifiedBundle::verify(&bundle.peer, &bundle.peer, &bundle).is_err(),
        "nobody's own is taken"
    );
}

/// Stored halves of keys: each is read as what it is, and written again as it was.
pub fn key_state(data: &[u8]) {
    for bytes in [data.to_vec(), with_checksum(data)] {
        let read: [Option<Vec<u8>>; 4] = [
            Identity::from_bytes(&bytes).ok().map(|key| key.to_bytes().0.clone()),
            SignedPrekeyPair::decode(&bytes).ok().map(|key| key.encode().0.clone()),
            KemPrekeyPair::decode(&bytes).ok().map(|key| key.encode().0.clone()),
            OneTimePrekeyPair::decode(&bytes).ok().map(|key| key.encode().0.clone()),
        ];
        assert!(read.iter().flatten().count() <= 1, "no kind is read as another");
        for written in read.into_iter().flatten() {
            assert!(written == bytes, "one spelling");
        }
    }
}

/// The code on the other side's screen.
pub fn safety_code(data: &[u8]) {
    static NUMBERS: OnceLock<(SafetyNumber, Vec<u8>)> = OnceLock::new();
    let (ours, theirs) = NUMBERS.get_or_init(|| {
        let Three { alice, bob, .. } = three();
        let theirs = SafetyNumber::of(&bob.peer(), &alice.peer());
        (SafetyNumber::of(&alice.peer(), &bob.peer()), theirs.qr())
    });
    let mut changed = theirs.clone();
    Cursor(data).patch(&mut changed);
    for code in [data, &changed] {
        assert_eq!(
            ours.matches(code) == Ok(true),
            code == theirs.as_slice(),
            "theirs and no other"
        );
    }
}

/// Twelve words as somebody typed them.
pub fn recovery_phrase(data: &[u8]) {
    let Ok(phrase) = RecoveryPhrase::parse(&String::from_utf8_lossy(data)) else {
        return;
    };
    assert_eq!(phrase.words().count(), WORDS);
    assert_eq!(RecoveryPhrase::parse(phrase.as_str()), Ok(phrase.clone()));
    assert_eq!(RecoveryPhrase::parse(&phrase.as_str().to_uppercase()), Ok(phrase));
}

/// A log-in's proof, and a key that claims to be one.
pub fn login(data: &[u8]) {
    let Three { alice, .. } = three();
    let mut cursor = Cursor(data);
    let mut claimed = alice.peer();
    let nonce: [u8; 32] = std::array::from_fn(|_| cursor.u8());
    let time_ms = u64::from(cursor.u32());
    let host = String::from_utf8_lossy(cursor.chunk()).into_owned();
    let mut signature = logins::sign(&alice.identity, &host, &nonce, time_ms).to_vec();
    let genuine = signature.clone();
    let how = cursor.u8();
    if how & 1 != 0 {
        cursor.patch(&mut signature);
    }
    if how & 2 != 0 {
        claimed = PeerId(std::array::from_fn(|_| cursor.u8()));
    }
    let host = orrery_protocol::login::canonical_host(&host);
    let signed = login_bytes(&host, &nonce, &claimed, time_ms);
    let Ok(signature) = <[u8; 64]>::try_from(signature.as_slice()) else {
        return;
    };
    let good = identity::verify(&claimed, &signed, &signature).is_ok();
    assert_eq!(
        good,
        claimed == alice.peer() && signature[..] == genuine[..],
        "nobody else logs in"
    );
    if identity::check(&claimed).is_ok() {
        assert!(identity::x25519_of(&claimed).is_ok());
    }
}
