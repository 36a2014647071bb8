//! Which tokens open a mailbox, for whom, and how far.

use orrery_evil_server::{Dice, Evil, EvilOptions, Frame, Seen, forge::SEAL};
use orrery_protocol::{
    PeerId, Token,
    frame::{DepositToken, DropReply, DropRequest, RefusalCode, SocketRequest},
    invite::Invite,
    limits::{MAX_PENDING_REQUESTS, PADDED_SIZES},
};
use serde_bytes::ByteBuf;

use super::start;

struct Stranger {
    to: PeerId,
    dice: Dice,
    next: u32,
}

impl Stranger {
    fn deposit(&mut self, evil: &Evil, token: DepositToken, size: usize) -> Result<(), RefusalCode> {
        self.next += 1;
        let request = DropRequest::Deposit {
            request: self.next,
            to: self.to,
            token,
            envelope: ByteBuf::from(self.dice.bytes(size + SEAL)),
            keep: true,
        };
        self.answer(evil, request)
    }

    fn answer(&self, evil: &Evil, request: DropRequest) -> Result<(), RefusalCode> {
        match evil.ask(vec![request]).remove(0) {
            DropReply::Deposited { request } if request == self.next => Ok(()),
            DropReply::Bundle { request, bundle } if request == self.next => {
                assert!(bundle.one_time.is_none(), "a one-time prekey for a stranger");
                Ok(())
            }
            DropReply::Refused { code, .. } => Err(code),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn contacts_deposit_with_their_token_and_strangers_have_a_narrow_door_for_requests_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let evil = Evil::start(&EvilOptions::local(folder.join("server"), 51));
    let url = evil.url();
    let (mut ariel, mut rhea) = (start(folder, "ariel", &url, &[]), start(folder, "rhea", &url, &[]));
    ariel.befriend(&mut rhea);
    let rhea_id = rhea.id();
    let link: Invite = rhea.invite().parse().unwrap();
    // Ariel's request waits no more.
    let peer: PeerId = rhea_id.parse().unwrap();
    evil.until("the acknowledgement", |book| {
        let logins =
            |seen: &&Seen| matches!(&seen.frame, Frame::Ask(SocketRequest::Login { peer: who, .. }) if *who == peer);
        let line = book.seen.iter().find(logins)?.line;
        let acks = |seen: &Seen| seen.line == line && matches!(seen.frame, Frame::Ask(SocketRequest::Ack { .. }));
        book.seen.iter().any(acks).then_some(())
    });
    rhea.stop();
    let [small, middle, large] = PADDED_SIZES;
    let mut stranger = Stranger {
        to: peer,
        dice: Dice::new(51),
        next: 0,
    };
    let request = || DepositToken::Request(link.token.clone());
    let not_accepted = Err(RefusalCode::NotAccepted);
    // No token but the right one, and each only in its own place.
    for token in [
        DepositToken::Delivery(Token([7; 32])),
        DepositToken::Request(Token([7; 32])),
        DepositToken::Delivery(link.token.clone()),
    ] {
        assert_eq!(stranger.deposit(&evil, token.clone(), small), not_accepted);
        stranger.next += 1;
        let fetch = DropRequest::Fetch {
            request: stranger.next,
            peer: stranger.to,
            token,
        };
        assert_eq!(stranger.answer(&evil, fetch), not_accepted);
    }
    // Somebody who is not there gives the same answer.
    let nobody = Stranger {
        to: PeerId([9; 32]),
        dice: Dice::new(52),
        next: 0,
    };
    assert_eq!({ nobody }.deposit(&evil, request(), small), not_accepted);
    stranger.next += 1;
    let fetch = DropRequest::Fetch {
        request: stranger.next,
        peer: stranger.to,
        token: request(),
    };
    assert_eq!(stranger.answer(&evil, fetch), Ok(()), "what a first message needs");
    // Requests: not of the largest size, and twenty at a time.
    assert_eq!(stranger.deposit(&evil, request(), large), Err(RefusalCode::TooLarge));
    for n in 0..MAX_PENDING_REQUESTS {
        assert_eq!(stranger.deposit(&evil, request(), middle), Ok(()), "{n}");
    }
    assert_eq!(stranger.deposit(&evil, request(), small), Err(RefusalCode::MailboxFull));
    // A contact is not kept out by them, and what the strangers sent shows nothing.
    let id = ariel.write(&rhea_id, "I hold the other token");
    ariel.delivery(&id, "sent");
    let mut rhea = start(folder, "rhea", &url, &[]);
    rhea.read("I hold the other token");
    let shown = |event: &serde_json::Value| event["type"] == "request_received" || event["type"] == "notice";
    assert!(!rhea.said.iter().any(shown));
}
