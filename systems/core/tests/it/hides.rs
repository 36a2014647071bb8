//! What goes in and comes out may be printed: it shows ids and numbers, and no words, names, addresses or keys.

use orrery_core::{
    Act, Fact, Input, Output,
    io::{Participant, ParticipantPhase},
};
use orrery_protocol::{ConnectionId, PeerId, Token, frame::DepositToken, invite::Invite};

const PEER: PeerId = PeerId([1; 32]);
const CONNECTION: ConnectionId = ConnectionId([2; 16]);

fn words() -> String {
    "Zenobia".into()
}

fn secret() -> Vec<u8> {
    vec![237; 40]
}

fn invite() -> Invite {
    Invite {
        peer: PEER,
        via: words(),
        name: words(),
        token: Token([237; 32]),
    }
}

#[test]
fn inputs_and_acts_show_no_words_names_or_addresses() {
    let inputs = [
        Input::Act(Act::SetName(words())),
        Input::Delivered {
            id: Some(1),
            envelope: secret(),
        },
        Input::Described {
            connection: CONNECTION,
            sdp: words(),
        },
        Input::Gathered {
            connection: CONNECTION,
            lines: vec![words()],
        },
        Input::DirectReceived {
            connection: CONNECTION,
            message: secret(),
        },
        Input::Secured {
            connection: CONNECTION,
            local_fingerprint: [237; 32],
            remote_fingerprint: [237; 32],
        },
    ];
    let acts = [
        Act::SetName(words()),
        Act::SetServer(words()),
        Act::AddContact(invite()),
        Act::RenameContact(PEER, Some(words())),
        Act::SendText {
            channel: PEER.into(),
            text: words(),
            reply_to: None,
        },
        Act::SetDraft {
            channel: PEER.into(),
            text: words(),
        },
    ];
    let shown = inputs.iter().map(|input| format!("{input:#?}"));
    for shown in shown.chain(acts.iter().map(|act| format!("{act:#?}"))) {
        assert!(!shown.contains("Zenobia") && !shown.contains("237"), "{shown}");
        assert!(shown.contains(".."), "says that something is hidden: {shown}");
    }
}

#[test]
fn outputs_and_facts_show_no_words_names_addresses_or_tokens() {
    let token = || DepositToken::Delivery(Token([237; 32]));
    let outputs = [
        Output::Deposit {
            ticket: 1,
            to: PEER,
            via: words(),
            token: token(),
            envelope: secret(),
            keep: true,
        },
        Output::Fetch {
            ticket: 1,
            peer: PEER,
            via: words(),
            token: token(),
        },
        Output::MoveTo { server: words() },
        Output::MakeAnswer {
            connection: CONNECTION,
            peer: PEER,
            sdp: words(),
            renews: None,
        },
        Output::AddCandidates {
            connection: CONNECTION,
            lines: vec![words()],
        },
        Output::SendDirect {
            connection: CONNECTION,
            message: secret(),
        },
        Output::Fact(Fact::Profile {
            name: words(),
            server: words(),
        }),
    ];
    let facts = [
        Fact::RequestReceived {
            peer: PEER,
            name: words(),
        },
        Fact::Invited(invite()),
    ];
    let participant = Participant {
        peer: PEER,
        name: words(),
        phase: ParticipantPhase::Connected,
        muted: false,
        deafened: false,
        contact: true,
        misses: vec![],
    };
    let shown = outputs.iter().map(|output| format!("{output:#?}"));
    let shown = shown.chain(facts.iter().map(|fact| format!("{fact:#?}")));
    for shown in shown.chain([format!("{participant:#?}")]) {
        assert!(!shown.contains("Zenobia") && !shown.contains("237"), "{shown}");
        assert!(shown.contains(".."), "says that something is hidden: {shown}");
    }
    assert_eq!(
        format!("{:?}", outputs[2]),
        "MoveTo { .. }",
        "nothing but that it happens"
    );
}
