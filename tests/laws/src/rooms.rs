//! Rooms that take long to build: the database, the window's text, the worker's side of peer connections.

use std::{fs, path::Path, sync::OnceLock};

use orrery_crypto::SafetyNumber;
use orrery_protocol::{
    ChannelId, MessageId, PeerId,
    limits::{MAX_CANDIDATE, MAX_DIRECT_MESSAGE},
    record::{Delivery, MessageKind, MessageRecord},
};
use orrery_store::{ProfileFolder, ProfileState, Search, Store, StoreError};
use orrery_ui::{clean_name, clean_text, host_of, links, one_line};
use orrery_worker::fuzzing;

use crate::{
    cursor::Cursor,
    people::{NOW_MS, Three, three},
};

/// A name and a message of a stranger's on their way to the screen.
pub fn shown_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let reorders =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    let name = clean_name(&text);
    // At most so many letters, each with at most so many marks, and the ellipsis.
    assert!(!name.is_empty() && name.chars().count() <= 64 * 5 + 1);
    assert!(
        !name.chars().any(|c| c.is_control() || reorders(c)),
        "a name is one line and reorders nothing"
    );
    assert_eq!(clean_name(&name), name, "clean is clean");
    let clean = clean_text(&text);
    assert!(!clean.chars().any(|c| (c.is_control() && c != '\n') || reorders(c)));
    assert!(clean.len() <= 4 * text.len());
    assert_eq!(clean_text(&clean), clean, "clean is clean");
    for max in [0, 1, 80] {
        let line = one_line(&text, max);
        assert!(line.chars().count() <= 2 * max + 1 && !line.contains(['\n', '\r']));
    }
    let mut end = 0;
    for link in links(&text) {
        assert!(
            link.range.start >= end && text.get(link.range.clone()).is_some(),
            "links stand in the text, in order"
        );
        end = link.range.end;
        let lower = link.target.to_ascii_lowercase();
        let opened = ["http://", "https://", "mailto:"];
        assert!(
            opened.iter().any(|scheme| lower.starts_with(scheme)),
            "nothing that could run"
        );
        assert!(!link.target.contains(|c: char| c.is_control() || c.is_whitespace()));
        let _ = host_of(&link.target);
    }
    assert!(host_of(&text).len() <= text.len());
}

/// The same rule for who may be dialled, in the protocol and in the worker.
pub(crate) fn dialled(text: &str) {
    // Port 0 is the only thing that the rule for links lets through and nobody can dial.
    let Some((host, port, url)) = fuzzing::server_address(text) else {
        return;
    };
    assert!(!host.is_empty() && port != 0 && !host.contains(|c: char| c.is_whitespace() || c == '@' || c == '/'));
    assert!(
        url.starts_with("wss://") || orrery_protocol::invite::is_loopback(&host),
        "without encryption only this machine"
    );
    assert!(url.ends_with("/v1/socket"));
}

/// Pieces of a data channel.
pub fn pieces(data: &[u8]) {
    let mut cursor = Cursor(data);
    let mut all = Vec::new();
    while !cursor.is_empty() && all.len() < 256 {
        let how = cursor.u8();
        if how & 0x80 != 0 {
            // A genuine message, maybe given up halfway.
            let len = usize::from(cursor.u16()) % (MAX_DIRECT_MESSAGE + 2);
            let cut = fuzzing::cut(&vec![how; len]);
            assert_eq!(cut.is_some(), (1..=MAX_DIRECT_MESSAGE).contains(&len));
            let cut = cut.unwrap_or_default();
            if how & 1 == 0 && !cut.is_empty() {
                let (whole, sound) = fuzzing::put_together(cut.iter().map(Vec::as_slice));
                assert!(
                    sound && whole == [vec![how; len]],
                    "what was cut comes out as it went in"
                );
            }
            let some = cut.len().saturating_sub(usize::from(how & 3));
            all.extend(cut.into_iter().take(some));
        } else {
            all.push(cursor.chunk().to_vec());
        }
    }
    let (whole, _) = fuzzing::put_together(all.iter().map(Vec::as_slice));
    let came: usize = all.iter().map(Vec::len).sum();
    assert!(
        whole.iter().map(Vec::len).sum::<usize>() <= came,
        "no more comes out than went in"
    );
    assert!(
        whole
            .iter()
            .all(|message| (1..=MAX_DIRECT_MESSAGE).contains(&message.len())),
        "a message has a size"
    );
}

/// Candidates, SDP and fingerprints of a peer.
pub fn candidates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for loopback in [false, true] {
        if let Some(candidate) = fuzzing::candidate(&text, loopback) {
            assert!(text.len() <= MAX_CANDIDATE);
            // As the stack takes it apart.
            let value = candidate.strip_prefix("candidate:").unwrap_or(&candidate);
            let address = value.split_whitespace().nth(4).unwrap();
            let address: std::net::IpAddr = address.parse().expect("no name that would be asked for");
            assert!(!address.is_unspecified() && !address.is_multicast());
            assert!(loopback || !address.to_canonical().is_loopback());
        }
    }
    if let Some(taken) = fuzzing::description(&text) {
        assert!(taken.len() <= text.len() && text.len() <= orrery_protocol::limits::MAX_SDP);
        for line in taken.split('\n') {
            // As the stack's parser reads a line: half line breaks before it and blanks around its value go first.
            let line = line.trim_start_matches(['\r', '\n']);
            let key = line
                .strip_prefix("a=")
                .map(|value| value.trim().split(':').next().unwrap_or_default());
            assert_ne!(key, Some("candidate"), "no candidate comes beside the notes for them");
        }
        assert_eq!(
            fuzzing::description(&taken),
            Some(taken),
            "what is taken once is taken again"
        );
    }
    if let Some(fingerprint) = fuzzing::fingerprint(&text) {
        let written: Vec<String> = fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(
            written.join(":"),
            text.to_ascii_uppercase(),
            "one spelling, but for capitals"
        );
    }
}

/// A safety number as somebody typed or scanned it.
pub fn typed_safety_number(data: &[u8]) {
    static NUMBERS: OnceLock<(SafetyNumber, String, String)> = OnceLock::new();
    let (ours, digits, code) = NUMBERS.get_or_init(|| {
        let Three { alice, bob, .. } = three();
        let theirs = SafetyNumber::of(&bob.peer(), &alice.peer());
        let code = theirs.qr().iter().map(|byte| format!("{byte:02x}")).collect();
        (SafetyNumber::of(&alice.peer(), &bob.peer()), theirs.digits(), code)
    });
    let typed = String::from_utf8_lossy(data);
    if fuzzing::same_safety_number(ours, &typed) == Some(true) {
        let bare: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
        assert!(
            bare == *digits || bare.to_ascii_lowercase() == *code,
            "theirs and no other"
        );
    }
}

const KEY: [u8; 32] = [0x5a; 32];
const US: PeerId = PeerId([1; 32]);
const THEM: PeerId = PeerId([2; 32]);

/// A database with something in it, as bytes.
fn database() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let dir = folder();
        let mut store = Store::create_with_key(dir.path(), &KEY).unwrap();
        let written: Result<(), StoreError> = store.transact(|archive| {
            for number in 1..40_u8 {
                archive.put_message(&message(number))?;
            }
            Ok(())
        });
        written.unwrap();
        store.close().unwrap();
        fs::read(dir.path().join("orrery.db")).unwrap()
    })
}

fn message(number: u8) -> MessageRecord {
    MessageRecord {
        channel: THEM.into(),
        author: US,
        id: MessageId([number; 16]),
        seq: u64::from(number),
        lamport: u64::from(number),
        sent_ms: NOW_MS,
        kind: MessageKind::Text {
            text: format!("word{number} and more of them"),
        },
        reply_to: None,
        edited: false,
        changed_at: (0, 0),
        deleted: false,
        delivery: Delivery::Sending,
        reactions: Vec::new(),
    }
}

/// In memory where there is such a disk: a fuzzer writes thousands of files a minute.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A database file with bits of it changed, or another file altogether, with a counter beside it: it is what it was, or an
/// error.
pub fn database_file(data: &[u8]) {
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let mut bytes = if how & 1 == 0 {
        database().to_vec()
    } else {
        cursor.chunk().to_vec()
    };
    if how & 2 != 0 {
        // A page at a time, so that few bytes reach all of it.
        let page = usize::from(cursor.u8()) * 4096 % bytes.len().max(1);
        let mut tail = bytes.split_off(page);
        cursor.patch(&mut tail);
        bytes.extend(tail);
    }
    let untouched = bytes == database();
    let dir = folder();
    fs::write(dir.path().join("orrery.db"), &bytes).unwrap();
    if how & 4 != 0 {
        fs::write(dir.path().join("counter"), cursor.chunk()).unwrap();
    }
    if how & 8 != 0 {
        fs::write(dir.path().join("orrery.db-wal"), cursor.0).unwrap();
    }
    let expected: Vec<MessageRecord> = (1..40).map(message).collect();
    match everything(dir.path()) {
        Ok(rows) => assert_eq!(rows, expected, "no row is another"),
        Err(error) => {
            assert!(!untouched || how & 8 != 0, "{error}");
            assert!(matches!(error, StoreError::Damaged | StoreError::WrongKey), "{error:?}");
        }
    }
}

fn everything(dir: &Path) -> Result<Vec<MessageRecord>, StoreError> {
    let mut store = Store::open_with_key(dir, &KEY)?;
    let channel: ChannelId = THEM.into();
    let rows = store.transact(|archive| {
        archive.contacts()?;
        archive.sessions(&THEM)?;
        archive.outbox_rows(None)?;
        Ok::<_, StoreError>(archive.own_messages(&channel, &US, 0, u64::MAX)?)
    })?;
    store.history().channels()?;
    let search = Search {
        text: "word",
        channel: None,
        before: None,
        limit: 500,
    };
    store.history().search(&search)?;
    Ok(rows)
}

/// An exported file of a stranger's making: nothing is made of it, and the folder stays as empty as it was.
pub fn export_file(data: &[u8]) {
    let mut cursor = Cursor(data);
    let how = cursor.u8();
    let mut bytes = if how & 1 == 0 {
        // A head that says what follows; the vault in it asks for the least work there is.
        let vault = crate::seeds::cheap_vault();
        let database = cursor.chunk();
        let mut bytes = [&b"orrexport\x01"[..], &(vault.len() as u32).to_be_bytes(), &vault].concat();
        bytes.extend_from_slice(&(database.len() as u64).to_be_bytes());
        bytes.extend_from_slice(database);
        bytes.extend_from_slice(&[0; 32]);
        bytes
    } else {
        cursor.chunk().to_vec()
    };
    cursor.patch(&mut bytes);
    // No law about time may wait for a key: whatever asks for more than the least is another target's matter.
    let costs = bytes.get(14 + 10 + 1..14 + 10 + 13);
    let cheap = costs.is_none_or(|costs| costs == [0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1]);
    let dir = folder();
    let source = dir.path().join("export");
    fs::write(&source, &bytes).unwrap();
    let target = dir.path().join("profile");
    let folder = ProfileFolder::open(&target).unwrap();
    if cheap {
        let error = folder.restore(&source, "pass", &mut |_, _| true).err();
        assert!(
            matches!(
                error,
                Some(
                    StoreError::BadExport
                        | StoreError::WrongPassphrase
                        | StoreError::VaultNewer
                        | StoreError::VaultTooDemanding
                )
            ),
            "{error:?}"
        );
    }
    assert_eq!(folder.state(), Ok(ProfileState::New), "nothing is made of it");
    let left: Vec<_> = fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["lock"], "and nothing is left behind");
}
