//! Looking at what the nodes hold and were told.

use orrery_core::{Fact, Output, io::Cue};
use orrery_protocol::record::{ContactRecord, ContactState, Delivery, MessageKind, MessageRecord};

use orrery_crypto::{Identity, SealKind, seal};
use orrery_protocol::{
    archive::Archive,
    record::{PrekeyKind, SessionRecord},
};
use rand::{SeedableRng, rngs::StdRng};

use super::World;

impl World {
    pub fn contact(&self, node: usize, other: usize) -> Option<ContactRecord> {
        self.nodes[node].archive.clone().contact(&self.id(other)).unwrap()
    }

    pub fn state(&self, node: usize, other: usize) -> Option<ContactState> {
        self.contact(node, other).map(|row| row.state)
    }

    pub fn history(&self, node: usize, with: usize) -> Vec<MessageRecord> {
        self.nodes[node].archive.history(&self.channel(with))
    }

    /// The texts of a conversation in their order, those taken back left out.
    pub fn texts(&self, node: usize, with: usize) -> Vec<String> {
        self.history(node, with)
            .into_iter()
            .filter(|message| !message.deleted)
            .filter_map(|message| match message.kind {
                MessageKind::Text { text } => Some(text),
                MessageKind::Call { .. } => None,
            })
            .collect()
    }

    /// A message by its words.
    pub fn message(&self, node: usize, with: usize, words: &str) -> MessageRecord {
        self.history(node, with)
            .into_iter()
            .find(|message| matches!(&message.kind, MessageKind::Text { text } if text == words))
            .unwrap_or_else(|| panic!("no message {words:?}"))
    }

    pub fn delivery(&self, node: usize, with: usize, words: &str) -> Delivery {
        self.message(node, with, words).delivery
    }

    pub fn count(&self, node: usize, is: impl Fn(&Fact) -> bool) -> usize {
        self.nodes[node].facts.iter().filter(|fact| is(fact)).count()
    }

    /// How often a text was shown as new.
    pub fn shown(&self, node: usize, words: &str) -> usize {
        self.count(node, |fact| {
            matches!(fact, Fact::Message { record, change: orrery_core::io::Change::Received }
                if matches!(&record.kind, MessageKind::Text { text } if text == words))
        })
    }

    pub fn cues(&self, node: usize, cue: Cue) -> usize {
        self.nodes[node]
            .outputs
            .iter()
            .filter(|output| matches!(output, Output::Cue(is) if *is == cue))
            .count()
    }

    // ==== what a thief of keys, or a hostile peer, can do ====

    pub fn identity(&self, node: usize) -> Identity {
        let stored = self.nodes[node].archive.clone().value("identity").unwrap();
        Identity::from_bytes(&stored.unwrap().0).unwrap()
    }

    /// Any ratchet message in an envelope that says it is from `from`.
    pub fn sealed(&self, from: usize, to: usize, message: &[u8]) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(self.handled + message.len() as u64);
        seal::seal(&self.id(from), &self.id(to), SealKind::Ratchet, message, &mut rng).unwrap()
    }

    /// What a core asked to be deposited from some output on, opened: the ratchet messages for a node.
    pub fn deposited(&self, from: usize, to: usize, since: usize) -> Vec<Vec<u8>> {
        let (id, identity) = (self.id(to), self.identity(to));
        self.nodes[from].outputs[since..]
            .iter()
            .filter_map(|output| match output {
                Output::Deposit { to, envelope, .. } if *to == id => Some(envelope),
                _ => None,
            })
            .map(|envelope| seal::open(&identity, envelope).unwrap().message)
            .collect()
    }

    pub fn sessions(&self, node: usize, other: usize) -> Vec<SessionRecord> {
        self.nodes[node].archive.clone().sessions(&self.id(other)).unwrap()
    }

    /// The session a node writes in.
    pub fn active(&self, node: usize, other: usize) -> Option<[u8; 32]> {
        let rows = self.sessions(node, other);
        orrery_crypto::session::select_active(rows.iter().map(|row| (row.generation, row.id)))
    }

    pub fn healed(&self, node: usize) -> usize {
        self.count(node, |fact| matches!(fact, Fact::SessionHealed { .. }))
    }

    /// The numbers of the private halves of a kind.
    pub fn halves(&self, node: usize, kind: PrekeyKind) -> Vec<u32> {
        let rows = self.nodes[node].archive.clone().prekeys(kind).unwrap();
        let mut numbers: Vec<u32> = rows.iter().map(|row| row.id).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Both sides of a conversation show the same.
    pub fn assert_same(&self, a: usize, b: usize) {
        let (left, right) = (self.history(a, b), self.history(b, a));
        // What its author cancelled is gone there; where it had arrived after all it stays as taken back.
        let cancelled = |row: &MessageRecord, other: &[MessageRecord]| {
            row.deleted && !other.iter().any(|same| same.reference() == row.reference())
        };
        let strip = |rows: &[MessageRecord], other: &[MessageRecord]| {
            rows.iter()
                .filter(|row| matches!(row.kind, MessageKind::Text { .. }) && !cancelled(row, other))
                .cloned()
                .map(|row| {
                    let mut reactions: Vec<_> = row
                        .reactions
                        .iter()
                        .map(|reaction| (reaction.by, reaction.emoji.clone()))
                        .collect();
                    reactions.sort();
                    (
                        row.order(),
                        row.id,
                        row.kind,
                        row.edited,
                        row.deleted,
                        row.reply_to,
                        reactions,
                    )
                })
                .collect::<Vec<_>>()
        };
        let (left, right) = (strip(&left, &right), strip(&right, &left));
        for (ours, theirs) in left.iter().zip(&right) {
            assert_eq!(ours, theirs, "{a} and {b} show different rows");
        }
        assert_eq!(left.len(), right.len(), "{a} and {b} show different numbers of rows");
    }
}
