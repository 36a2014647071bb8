//! Records to write and folders to write them in.

use std::path::{Path, PathBuf};

use orrery_protocol::{
    ChannelId, MessageId, PeerId,
    archive::Archive,
    record::{Delivery, MessageKind, MessageRecord, OutboxRecord, SecretBytes, SessionRecord},
};
use orrery_store::{Store, StoreError, VaultParams};
use tempfile::TempDir;

/// The key of databases that have no vault, for Argon2id would dominate.
pub(crate) const KEY: [u8; 32] = [0x5a; 32];

/// Us.
pub(crate) const US: PeerId = PeerId([1; 32]);
/// The other one.
pub(crate) const THEM: PeerId = PeerId([2; 32]);

/// A new database under [`KEY`] and the folder it lives in.
pub(crate) fn new_store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_with_key(dir.path(), &KEY).unwrap();
    (dir, store)
}

/// The floor of Argon2id, which is what tests can afford.
pub(crate) fn floor() -> VaultParams {
    VaultParams::FLOOR
}

/// The direct conversation with them.
pub(crate) fn channel() -> ChannelId {
    THEM.into()
}

/// An id out of a number.
pub(crate) fn id(number: u64) -> MessageId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    MessageId(bytes)
}

/// Their `number`th text.
pub(crate) fn text(author: PeerId, number: u64, text: &str) -> MessageRecord {
    MessageRecord {
        channel: channel(),
        author,
        id: id(number),
        seq: number,
        lamport: number,
        sent_ms: 1_700_000_000_000 + number,
        kind: MessageKind::Text { text: text.to_owned() },
        reply_to: None,
        edited: false,
        changed_at: (0, 0),
        deleted: false,
        delivery: Delivery::Sending,
        reactions: Vec::new(),
    }
}

/// What a message says.
pub(crate) fn words(message: &MessageRecord) -> &str {
    match &message.kind {
        MessageKind::Text { text } => text,
        MessageKind::Call { .. } => "",
    }
}

/// A session in its `state`th state.
pub(crate) fn session(id: u8, state: u64) -> SessionRecord {
    SessionRecord {
        id: [id; 32],
        generation: 3,
        state: SecretBytes(state.to_be_bytes().to_vec()),
        created_ms: 5,
        used_ms: 6 + state,
    }
}

/// A note on its way to them.
pub(crate) fn outgoing(number: u64) -> OutboxRecord {
    OutboxRecord {
        id: 0,
        to: THEM,
        note: SecretBytes(vec![9; 40]),
        message: number.to_be_bytes().to_vec(),
        session: [4; 32],
        item_seq: Some(number),
        item_id: Some(id(number)),
        keep: true,
        expires_ms: None,
        taken: false,
        failed: false,
        created_ms: number,
    }
}

/// Writes one row or more.
pub(crate) fn write<T>(store: &mut Store, work: impl FnOnce(&mut dyn Archive) -> T) -> T {
    store.transact(|archive| Ok::<T, StoreError>(work(archive))).unwrap()
}

/// Every file under a folder.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
