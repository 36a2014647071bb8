//! A signaling server as far as cores can tell: mailboxes behind tokens, prekeys handed out once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use orrery_core::{Input, Output, io::DropFailure};
use orrery_crypto::token;
use orrery_protocol::{
    PeerId, Token, TokenHash,
    frame::{CallToken, DepositToken},
    limits::{MAX_ENVELOPE, MAX_REQUEST_ENVELOPE},
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};

use super::World;

#[derive(Default)]
pub struct Mailbox {
    next: u64,
    pub kept: BTreeMap<u64, Vec<u8>>,
    delivery: Vec<[u8; 32]>,
    requests: Vec<[u8; 32]>,
    calls: Vec<[u8; 32]>,
    prekeys: Option<(SignedPrekey, KemPrekey)>,
    pub one_time: VecDeque<OneTimePrekey>,
    pub published: usize,
}

pub struct Server {
    pub address: String,
    pub mailboxes: BTreeMap<PeerId, Mailbox>,
    /// Envelopes a mailbox holds.
    pub capacity: usize,
    pub down: bool,
    /// Every envelope ever deposited, as a curious server would keep it.
    pub seen: Vec<(PeerId, Vec<u8>)>,
    /// Hands out these bundles instead of the real ones.
    pub forged: BTreeMap<PeerId, PrekeyBundle>,
    /// Deposits to these are refused.
    pub refused: BTreeSet<PeerId>,
}

impl Server {
    pub fn new(address: &str) -> Self {
        Self {
            address: address.into(),
            mailboxes: BTreeMap::new(),
            capacity: 1000,
            down: false,
            seen: Vec::new(),
            forged: BTreeMap::new(),
            refused: BTreeSet::new(),
        }
    }
}

fn opens(hashes: &[[u8; 32]], shown: &Token) -> bool {
    hashes.contains(&token::hash(shown).0)
}

impl World {
    pub fn server(&mut self, address: &str) -> Option<&mut Server> {
        self.servers
            .iter_mut()
            .find(|server| server.address == address && !server.down)
    }

    fn home(&mut self, node: usize) -> &mut Mailbox {
        let (id, address) = (
            self.nodes[node].id,
            self.nodes[node].core.as_ref().unwrap().server().to_owned(),
        );
        let server = self
            .servers
            .iter_mut()
            .find(|server| server.address == address)
            .unwrap();
        server.mailboxes.entry(id).or_default()
    }

    pub fn mailbox(&mut self, node: usize) -> &mut Mailbox {
        self.home(node)
    }

    /// The mailbox of somebody who may be away.
    pub fn mailbox_of(&mut self, node: usize) -> &mut Mailbox {
        let id = self.nodes[node].id;
        self.servers[0].mailboxes.entry(id).or_default()
    }

    pub(super) fn log_in(&mut self, node: usize) {
        let Some(address) = self.nodes[node].core.as_ref().map(|core| core.server().to_owned()) else {
            return;
        };
        if self.server(&address).is_none() || self.nodes[node].logged_in {
            return;
        }
        self.nodes[node].logged_in = true;
        let time_ms = self.wall();
        let mailbox = self.home(node);
        let one_time_left = u32::try_from(mailbox.one_time.len()).unwrap();
        let has_prekeys = mailbox.prekeys.is_some();
        let waiting: Vec<_> = mailbox
            .kept
            .iter()
            .map(|(id, envelope)| (*id, envelope.clone()))
            .collect();
        self.feed(
            node,
            Input::ServerOnline {
                one_time_left,
                has_prekeys,
                time_ms,
            },
        );
        for (at, (id, envelope)) in waiting.into_iter().enumerate() {
            let delay = self.delay() + at as u64;
            self.feed_later(delay, node, Input::Delivered { id: Some(id), envelope });
        }
    }

    fn deliver(&mut self, via: &str, to: &PeerId, id: Option<u64>, envelope: Vec<u8>) {
        let Some(node) = self.nodes.iter().position(|node| node.id == *to && node.logged_in) else {
            return;
        };
        // Who has moved hears nothing of what the old server takes.
        let home = self.nodes[node].core.as_ref().map(|core| core.server());
        if home != Some(via) {
            return;
        }
        let twice = self.net.repeat > 0.0 && rand::RngExt::random_bool(&mut self.rng, self.net.repeat);
        for _ in 0..if twice { 2 } else { 1 } {
            let delay = self.delay();
            let envelope = envelope.clone();
            self.feed_later(delay, node, Input::Delivered { id, envelope });
        }
    }

    pub(super) fn on_deposit(&mut self, node: usize, epoch: u64, output: Output) {
        let Output::Deposit {
            ticket,
            to,
            via,
            token,
            envelope,
            keep,
        } = output
        else {
            return;
        };
        if self.lost() {
            return self.answer(node, epoch, ticket, Err(DropFailure::Unreachable), false);
        }
        let result = self.take(&via, &to, &token, envelope, keep);
        // The server has it, and nobody learns of it.
        let result = if self.lost() {
            Err(DropFailure::Unreachable)
        } else {
            result
        };
        self.answer(node, epoch, ticket, result.map(|()| None), false);
    }

    pub fn take(
        &mut self,
        via: &str,
        to: &PeerId,
        token: &DepositToken,
        envelope: Vec<u8>,
        keep: bool,
    ) -> Result<(), DropFailure> {
        let server = self.server(via).ok_or(DropFailure::Unreachable)?;
        server.seen.push((*to, envelope.clone()));
        let capacity = server.capacity;
        let refused = server.refused.contains(to);
        let mailbox = server
            .mailboxes
            .get_mut(to)
            .filter(|_| !refused)
            .ok_or(DropFailure::NotAccepted)?;
        let most = match token {
            DepositToken::Delivery(shown) if opens(&mailbox.delivery, shown) || opens(&mailbox.calls, shown) => {
                MAX_ENVELOPE
            }
            DepositToken::Request(shown) if opens(&mailbox.requests, shown) => MAX_REQUEST_ENVELOPE,
            _ => return Err(DropFailure::NotAccepted),
        };
        if envelope.len() > most {
            return Err(DropFailure::TooLarge);
        }
        if keep && mailbox.kept.len() >= capacity {
            return Err(DropFailure::MailboxFull);
        }
        let id = keep.then(|| {
            mailbox.next += 1;
            mailbox.kept.insert(mailbox.next, envelope.clone());
            mailbox.next
        });
        self.deliver(via, to, id, envelope);
        Ok(())
    }

    pub(super) fn on_fetch(&mut self, node: usize, epoch: u64, output: Output) {
        let Output::Fetch {
            ticket,
            peer,
            via,
            token,
        } = output
        else {
            return;
        };
        if self.lost() {
            return self.answer(node, epoch, ticket, Err(DropFailure::Unreachable), true);
        }
        let result = self.hand_out(&via, &peer, &token);
        self.answer(node, epoch, ticket, result.map(|bundle| Some(Box::new(bundle))), true);
    }

    pub fn hand_out(&mut self, via: &str, peer: &PeerId, token: &DepositToken) -> Result<PrekeyBundle, DropFailure> {
        let server = self.server(via).ok_or(DropFailure::Unreachable)?;
        if let Some(forged) = server.forged.get(peer) {
            return Ok(forged.clone());
        }
        let mailbox = server.mailboxes.get_mut(peer).ok_or(DropFailure::NotAccepted)?;
        let (full, allowed) = match token {
            DepositToken::Delivery(shown) => {
                let opened = opens(&mailbox.delivery, shown) || opens(&mailbox.calls, shown);
                (opened, opened)
            }
            DepositToken::Request(shown) => (false, opens(&mailbox.requests, shown)),
        };
        let (signed, kem) = mailbox
            .prekeys
            .clone()
            .filter(|_| allowed)
            .ok_or(DropFailure::NotAccepted)?;
        let one_time = if full { mailbox.one_time.pop_front() } else { None };
        let left = u32::try_from(mailbox.one_time.len()).unwrap();
        let node = self.nodes.iter().position(|node| node.id == *peer && node.logged_in);
        if let Some(node) = node.filter(|_| one_time.is_some() && left < 25) {
            self.feed_later(1, node, Input::PrekeysLow { one_time_left: left });
        }
        Ok(PrekeyBundle {
            peer: *peer,
            signed,
            kem,
            one_time,
        })
    }

    pub(super) fn on_ack(&mut self, node: usize, ids: &[u64]) {
        if self.nodes[node].logged_in {
            let mailbox = self.home(node);
            for id in ids {
                mailbox.kept.remove(id);
            }
        }
    }

    pub(super) fn on_publish(
        &mut self,
        node: usize,
        signed: SignedPrekey,
        kem: KemPrekey,
        one_time: Vec<OneTimePrekey>,
        replace: bool,
    ) {
        let mailbox = self.home(node);
        mailbox.prekeys = Some((signed, kem));
        mailbox.published += 1;
        if replace {
            mailbox.one_time.clear();
        }
        mailbox.one_time.extend(one_time);
        let delay = self.delay();
        self.feed_later(delay, node, Input::PrekeysStored);
    }

    pub(super) fn on_tokens(
        &mut self,
        node: usize,
        delivery: TokenHash,
        requests: Vec<TokenHash>,
        calls: Vec<CallToken>,
    ) {
        let mailbox = self.home(node);
        if !mailbox.delivery.contains(&delivery.0) {
            // A replaced one stays valid for a while, as on a real server.
            mailbox.delivery.push(delivery.0);
        }
        mailbox.requests = requests.into_iter().map(|hash| hash.0).collect();
        mailbox.calls = calls.into_iter().map(|call| call.hash.0).collect();
    }

    /// The days in which a replaced delivery token still opens have passed.
    pub fn old_tokens_end(&mut self, node: usize) {
        let mailbox = self.home(node);
        let latest = mailbox.delivery.pop();
        mailbox.delivery = latest.into_iter().collect();
    }
}
