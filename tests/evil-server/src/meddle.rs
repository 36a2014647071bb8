//! The mischiefs at work.

use std::time::Duration;

use orrery_protocol::{
    PeerId,
    frame::{DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    prekey::PrekeyBundle,
};
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    Door, Frame, Mischief, Plan, Way,
    world::{Parcel, World},
};

/// How far the clock lies, milliseconds. Less than the day up to which a client believes its server.
const LIE_MS: u64 = 20 * 3600 * 1000;
/// Close codes, those of the protocol and others.
const CODES: [u16; 8] = [1000, 1001, 1002, 1008, 1011, 1012, 1013, 4321];
/// Refusals that do not end anything for good.
const REFUSALS: [RefusalCode; 4] = [
    RefusalCode::MailboxFull,
    RefusalCode::RateLimited,
    RefusalCode::Unavailable,
    RefusalCode::NotAccepted,
];

/// An envelope that is not kept: nothing the client acknowledges.
fn unkept(envelope: Vec<u8>) -> Frame {
    Frame::Tell(SocketReply::Deliver {
        id: None,
        envelope: ByteBuf::from(envelope),
        taken_ms: 1,
    })
}

impl World {
    /// What becomes of a parcel; nothing where it does not concern this mischief, or it is spared this time.
    pub(crate) fn meddle(&mut self, plan: Plan, parcel: &Parcel) -> Option<Vec<Parcel>> {
        let Plan { mischief, percent } = plan;
        if !self.dice.chance(percent) {
            return None;
        }
        match &parcel.frame {
            Frame::Answer(DropReply::Bundle { request, bundle }) => {
                let bundle = self.keys(mischief, bundle)?;
                let request = *request;
                return Some(vec![parcel.with(Frame::Answer(DropReply::Bundle { request, bundle }))]);
            }
            Frame::Tell(SocketReply::Deliver { id, envelope, .. }) => {
                if let Some(parcels) = self.delivery(mischief, parcel, *id, envelope) {
                    return Some(parcels);
                }
            }
            Frame::Want(request @ DropRequest::Deposit { .. }) => {
                if let Some(parcels) = self.deposit(mischief, parcel, request) {
                    return Some(parcels);
                }
            }
            _ => {}
        }
        self.lie(mischief, parcel)
    }

    fn others(&self, than: &PeerId) -> Option<PrekeyBundle> {
        let (peer, published) = self.book.published.iter().find(|(peer, _)| *peer != than)?;
        Some(published.last()?.bundle(*peer))
    }

    fn keys(&mut self, mischief: Mischief, genuine: &PrekeyBundle) -> Option<PrekeyBundle> {
        let peer = genuine.peer;
        let own = self.stranger.bundle();
        match mischief {
            Mischief::OthersKeys => Some(PrekeyBundle {
                peer,
                ..self.others(&peer)?
            }),
            Mischief::OthersBundle => self.others(&peer),
            Mischief::OwnKeys => Some(PrekeyBundle { peer, ..own }),
            Mischief::OwnBundle => Some(own),
            Mischief::OwnKem => Some(PrekeyBundle {
                kem: own.kem,
                ..genuine.clone()
            }),
            Mischief::WeakKeys => {
                let mut weak = genuine.clone();
                weak.signed.key = ByteArray::new([0; 32]);
                Some(weak)
            }
            Mischief::SplitView => {
                let fetches = self.book.fetches.entry(peer).or_default();
                *fetches += 1;
                fetches.is_multiple_of(2).then_some(PrekeyBundle { peer, ..own })
            }
            Mischief::OldBundle => Some(self.book.published.get(&peer)?.first()?.bundle(peer)),
            _ => None,
        }
    }

    fn delivery(
        &mut self,
        mischief: Mischief,
        parcel: &Parcel,
        id: Option<u64>,
        envelope: &[u8],
    ) -> Option<Vec<Parcel>> {
        let to = self.lines.get(&parcel.line)?.peer?;
        let changed = |envelope: Vec<u8>| match &parcel.frame {
            Frame::Tell(SocketReply::Deliver { id, taken_ms, .. }) => parcel.with(Frame::Tell(SocketReply::Deliver {
                id: *id,
                envelope: ByteBuf::from(envelope),
                taken_ms: *taken_ms,
            })),
            _ => parcel.clone(),
        };
        match mischief {
            Mischief::Withhold => Some(Vec::new()),
            Mischief::Mutate => {
                let mut bytes = envelope.to_vec();
                let place = self.dice.place(bytes.len());
                *bytes.get_mut(place)? ^= 1 << self.dice.below(8);
                self.book.unacknowledged.extend(id.map(|id| (to, id)));
                Some(vec![changed(bytes)])
            }
            Mischief::Cut => {
                let mut bytes = envelope.to_vec();
                let len = self.dice.place(bytes.len() * 2);
                bytes.resize(if len == bytes.len() { 0 } else { len }, 0);
                bytes.truncate(24 * 1024);
                self.book.unacknowledged.extend(id.map(|id| (to, id)));
                Some(vec![changed(bytes)])
            }
            Mischief::Repeat => {
                let again = parcel.with(unkept(envelope.to_vec()));
                Some(vec![
                    parcel.clone(),
                    parcel.clone(),
                    again.later(Duration::from_millis(300)),
                ])
            }
            Mischief::Replay => {
                let old = self.dice.pick(self.book.mail.get(&to)?)?.clone();
                Some(vec![parcel.with(unkept(old)), parcel.clone()])
            }
            Mischief::Reorder => Some(vec![parcel.later(Duration::from_millis(self.dice.below(700)))]),
            Mischief::Misdeliver => {
                let others = self
                    .lines
                    .iter()
                    .filter(|(_, line)| line.peer.is_some_and(|peer| peer != to));
                let copies = others.map(|(number, _)| Parcel::new(*number, Way::Down, unkept(envelope.to_vec())));
                Some(copies.chain([parcel.clone()]).collect())
            }
            Mischief::Forge => {
                let mut parcels = self.forgeries(&to, parcel);
                parcels.push(parcel.clone());
                Some(parcels)
            }
            _ => None,
        }
    }

    /// Envelopes that nobody wrote.
    fn forgeries(&mut self, to: &PeerId, parcel: &Parcel) -> Vec<Parcel> {
        let known: Vec<PeerId> = self.book.published.keys().copied().filter(|peer| peer != to).collect();
        let bundle = self
            .book
            .published
            .get(to)
            .and_then(|all| all.last())
            .map(|own| own.bundle(*to));
        let mut envelopes = vec![self.stranger.noise()];
        if let Some(sender) = self.dice.pick(&known).copied() {
            envelopes.push(self.stranger.false_message(&sender, to));
            if let Some(bundle) = bundle {
                let text = self.stranger.text("a forged text", 1);
                let ring = self.stranger.ring(&sender, to, 2_000_000_000_000);
                for body in [text, ring] {
                    envelopes.push(self.stranger.first_message(&sender, &bundle, body));
                }
            }
        }
        envelopes.into_iter().map(|bytes| parcel.with(unkept(bytes))).collect()
    }

    fn deposit(&mut self, mischief: Mischief, parcel: &Parcel, deposit: &DropRequest) -> Option<Vec<Parcel>> {
        let DropRequest::Deposit { request, .. } = deposit else {
            return None;
        };
        match mischief {
            Mischief::Lose => {
                self.book.withheld.push(deposit.clone());
                let taken = Frame::Answer(DropReply::Deposited { request: *request });
                Some(vec![Parcel::new(parcel.line, Way::Down, taken)])
            }
            Mischief::Swallow => Some(Vec::new()),
            Mischief::RepeatDeposits => {
                let (mut again, mut number) = (deposit.clone(), 0);
                if let DropRequest::Deposit { request, .. } = &mut again {
                    // A number the client does not use, so that its own answer is not taken for the other's.
                    *request ^= 0x8000_0000;
                    number = *request;
                }
                debug_assert_ne!(number, *request);
                Some(vec![parcel.clone(), parcel.with(Frame::Want(again))])
            }
            Mischief::Reorder => Some(vec![parcel.later(Duration::from_millis(self.dice.below(700)))]),
            _ => None,
        }
    }

    fn lie(&mut self, mischief: Mischief, parcel: &Parcel) -> Option<Vec<Parcel>> {
        let line = parcel.line;
        let down = |frame| Parcel::new(line, Way::Down, frame);
        match (mischief, &parcel.frame) {
            // The answer to the copy of a deposit is nobody's.
            (Mischief::RepeatDeposits, Frame::Answer(DropReply::Deposited { request })) => {
                (request & 0x8000_0000 != 0).then(Vec::new)
            }
            (
                Mischief::RepeatDeposits,
                Frame::Answer(DropReply::Refused {
                    request: Some(request), ..
                }),
            ) => (request & 0x8000_0000 != 0).then(Vec::new),
            (Mischief::RefuseTaken, Frame::Answer(DropReply::Deposited { request })) => {
                let code = *self.dice.pick(&REFUSALS)?;
                Some(vec![parcel.with(Frame::Answer(DropReply::Refused {
                    request: Some(*request),
                    code,
                    retry_after_ms: Some(300),
                }))])
            }
            (Mischief::LoseAcks, Frame::Ask(SocketRequest::Ack { .. })) => Some(Vec::new()),
            (Mischief::LoseTokens, Frame::Ask(SocketRequest::SetTokens { .. })) => {
                Some(vec![down(Frame::Tell(SocketReply::TokensStored))])
            }
            (Mischief::Delay, _) if parcel.way == Way::Down => Some(vec![Parcel {
                after: Duration::from_millis(self.dice.below(2_000)),
                ..parcel.clone()
            }]),
            (Mischief::ClockBack | Mischief::ClockAhead, frame) => {
                let lie = |time: u64| match mischief {
                    Mischief::ClockBack => time.saturating_sub(LIE_MS),
                    _ => time.saturating_add(LIE_MS),
                };
                let mut frame = frame.clone();
                match &mut frame {
                    Frame::Tell(SocketReply::Welcome { time_ms, .. })
                    | Frame::Answer(DropReply::Hello { time_ms, .. }) => {
                        *time_ms = lie(*time_ms);
                    }
                    Frame::Tell(SocketReply::Deliver { taken_ms, .. }) => *taken_ms = lie(*taken_ms),
                    _ => return None,
                }
                Some(vec![parcel.with(frame)])
            }
            (Mischief::Counts, Frame::Tell(reply)) => {
                let count = u32::try_from(self.dice.below(300)).ok()?;
                let mut reply = reply.clone();
                match &mut reply {
                    SocketReply::Welcome {
                        one_time_left,
                        has_prekeys,
                        ..
                    } => {
                        *one_time_left = count;
                        *has_prekeys = self.dice.chance(50);
                    }
                    SocketReply::PrekeysStored { one_time_left } => *one_time_left = count,
                    SocketReply::TokensStored => {
                        let low = SocketReply::PrekeysLow { one_time_left: count };
                        return Some(vec![parcel.clone(), down(Frame::Tell(low))]);
                    }
                    _ => return None,
                }
                Some(vec![parcel.with(Frame::Tell(reply))])
            }
            (Mischief::WrongAnswer, Frame::Answer(DropReply::Deposited { request })) => {
                let wrong = if self.dice.chance(50) {
                    DropReply::Deposited {
                        request: request.wrapping_add(1_000),
                    }
                } else {
                    DropReply::Bundle {
                        request: *request,
                        bundle: self.stranger.bundle(),
                    }
                };
                Some(vec![parcel.with(Frame::Answer(wrong))])
            }
            (Mischief::WrongAnswer, Frame::Answer(DropReply::Bundle { request, .. })) => {
                let request = *request;
                Some(vec![parcel.with(Frame::Answer(DropReply::Deposited { request }))])
            }
            (Mischief::Babble, _) if parcel.way == Way::Down => {
                let len = self.dice.place(400);
                let noise = self.dice.bytes(len);
                Some(vec![if self.dice.chance(50) {
                    parcel.with(Frame::Bytes(noise))
                } else {
                    parcel.with(Frame::Text("v=0".to_owned()))
                }])
            }
            (Mischief::HangUp, _) if parcel.way == Way::Down => {
                let code = *self.dice.pick(&CODES)?;
                Some(vec![parcel.clone(), down(Frame::Close(code))])
            }
            (Mischief::Replaced, Frame::Tell(SocketReply::TokensStored | SocketReply::Deliver { .. })) => {
                let refused = SocketReply::Refused {
                    code: RefusalCode::Replaced,
                    retry_after_ms: None,
                };
                Some(vec![down(Frame::Tell(refused)), down(Frame::Close(1008))])
            }
            _ => None,
        }
    }

    /// Puts an envelope before everybody who is logged in as this person. To how many.
    pub(crate) fn deliver(&mut self, to: &PeerId, envelope: &[u8]) -> usize {
        let lines = self.lines_of(to);
        for line in &lines {
            debug_assert_eq!(self.lines.get(line).map(|line| line.door), Some(Door::Socket));
            self.post(Parcel::new(*line, Way::Down, unkept(envelope.to_vec())));
        }
        lines.len()
    }
}
