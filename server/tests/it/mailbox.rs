use std::time::Duration;

use orrery_protocol::{
    Token,
    frame::{DepositToken, DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    limits::{MAX_ENVELOPE, MAX_EXTRA_TOKENS, MAX_REQUEST_ENVELOPE},
};
use serde_bytes::ByteBuf;

use crate::client::{Person, Place, START, Socket, deposit, hash};

fn refused(request: u32, code: RefusalCode) -> DropReply {
    DropReply::Refused {
        request: Some(request),
        code,
        retry_after_ms: None,
    }
}

fn by_request(request: u32, to: &Person, token: u8, size: usize, keep: bool) -> DropRequest {
    DropRequest::Deposit {
        request,
        to: to.id,
        token: DepositToken::Request(Token([token; 32])),
        envelope: ByteBuf::from(vec![0; size]),
        keep,
    }
}

#[tokio::test]
async fn an_envelope_is_delivered_again_after_every_log_in_until_it_is_acknowledged() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    assert_eq!(
        drop_box.deposit(5, &alice, vec![7; 100]).await,
        DropReply::Deposited { request: 5 }
    );
    let delivery = SocketReply::Deliver {
        id: Some(1),
        envelope: ByteBuf::from(vec![7; 100]),
        taken_ms: START,
    };
    assert_eq!(socket.receive::<SocketReply>().await, delivery);
    socket.close().await;

    place.clock.advance(Duration::from_secs(60));
    drop_box.deposit(6, &alice, vec![8]).await;
    let mut socket = alice.connect(place.address()).await;
    assert_eq!(
        socket.receive::<SocketReply>().await,
        delivery,
        "with the time at which it was taken"
    );
    assert_eq!(socket.delivery().await, (Some(2), vec![8]));
    socket.send(&SocketRequest::Ack { ids: vec![1] }).await;
    // The answer to a later frame proves that the acknowledgement was taken.
    socket.send(&alice.tokens()).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    socket.close().await;

    let mut socket = alice.connect(place.address()).await;
    assert_eq!(socket.delivery().await, (Some(2), vec![8]));
}

#[tokio::test]
async fn a_restart_keeps_mail_prekeys_and_tokens() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    socket.send(&crate::client::prekeys(0..3)).await;
    assert_eq!(
        socket.receive::<SocketReply>().await,
        SocketReply::PrekeysStored { one_time_left: 3 }
    );
    let mut drop_box = Socket::drop_box(place.address()).await;
    drop_box.deposit(1, &alice, vec![7]).await;
    let place = place.restart().await;

    let mut socket = Socket::dial(place.address(), "/v1/socket").await;
    let (nonce, time_ms) = socket.challenge().await;
    socket.send(&alice.login("127.0.0.1", &nonce, time_ms)).await;
    let welcome: SocketReply = socket.receive().await;
    assert!(
        matches!(
            welcome,
            SocketReply::Welcome {
                one_time_left: 3,
                has_prekeys: true,
                ..
            }
        ),
        "{welcome:?}"
    );
    assert_eq!(socket.delivery().await, (Some(1), vec![7]));
    let mut drop_box = Socket::drop_box(place.address()).await;
    assert_eq!(
        drop_box.deposit(1, &alice, vec![8]).await,
        DropReply::Deposited { request: 1 }
    );
    assert_eq!(socket.delivery().await, (Some(2), vec![8]));
}

#[tokio::test]
async fn many_deposits_at_once_are_all_answered_and_come_in_order() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    let count = 500;
    for request in 0..count {
        drop_box
            .send(&deposit(request, &alice, request.to_be_bytes().to_vec()))
            .await;
    }
    for request in 0..count {
        assert_eq!(drop_box.receive::<DropReply>().await, DropReply::Deposited { request });
    }
    for request in 0..count {
        let (id, envelope) = socket.delivery().await;
        assert_eq!(
            (id, envelope),
            (Some(u64::from(request) + 1), request.to_be_bytes().to_vec())
        );
    }
}

#[tokio::test]
async fn an_unknown_recipient_and_a_wrong_token_get_the_identical_answer() {
    let place = Place::new().await;
    let (alice, nobody) = (Person::new(1), Person::new(2));
    let mut socket = alice.move_in(place.address()).await;
    socket.send(&crate::client::prekeys(0..3)).await;
    socket.receive::<SocketReply>().await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    for token in [
        DepositToken::Delivery(Token([9; 32])),
        DepositToken::Request(Token([9; 32])),
    ] {
        let mut answers = Vec::new();
        for peer in [alice.id, nobody.id] {
            for keep in [true, matches!(token, DepositToken::Request(_))] {
                let envelope = ByteBuf::from(vec![0; 10]);
                let token = token.clone();
                drop_box
                    .send(&DropRequest::Deposit {
                        request: 1,
                        to: peer,
                        token,
                        envelope,
                        keep,
                    })
                    .await;
                answers.push(drop_box.receive::<DropReply>().await);
            }
            drop_box
                .send(&DropRequest::Fetch {
                    request: 1,
                    peer,
                    token: token.clone(),
                })
                .await;
            answers.push(drop_box.receive::<DropReply>().await);
        }
        assert!(
            answers
                .iter()
                .all(|answer| *answer == refused(1, RefusalCode::NotAccepted)),
            "{answers:?}"
        );
    }
}

#[tokio::test]
async fn an_envelope_that_is_not_kept_reaches_only_who_is_connected() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    let unkept = |request, byte: u8| DropRequest::Deposit {
        request,
        to: alice.id,
        token: alice.delivery(),
        envelope: ByteBuf::from(vec![byte]),
        keep: false,
    };
    drop_box.send(&unkept(1, 7)).await;
    assert_eq!(
        drop_box.receive::<DropReply>().await,
        DropReply::Deposited { request: 1 }
    );
    assert_eq!(socket.delivery().await, (None, vec![7]));
    socket.close().await;
    drop_box.send(&unkept(2, 8)).await;
    assert_eq!(
        drop_box.receive::<DropReply>().await,
        DropReply::Deposited { request: 2 },
        "presence is not told"
    );
    drop_box.deposit(3, &alice, vec![9]).await;
    let mut socket = alice.connect(place.address()).await;
    assert_eq!(socket.delivery().await, (Some(1), vec![9]));
}

#[tokio::test]
async fn sizes_are_exact() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.connect(place.address()).await;
    let SocketRequest::SetTokens { delivery, .. } = alice.tokens() else {
        unreachable!()
    };
    let tokens = |count: usize| SocketRequest::SetTokens {
        delivery,
        revoked: Vec::new(),
        requests: (0..count).map(|index| hash(&Token([index as u8 + 100; 32]))).collect(),
        calls: Vec::new(),
    };
    socket.send(&tokens(MAX_EXTRA_TOKENS + 1)).await;
    assert_eq!(socket.refused().await, RefusalCode::TooLarge);
    socket.send(&tokens(MAX_EXTRA_TOKENS)).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);

    let mut drop_box = Socket::drop_box(place.address()).await;
    let taken = |request| DropReply::Deposited { request };
    assert_eq!(drop_box.deposit(1, &alice, vec![0; MAX_ENVELOPE]).await, taken(1));
    assert_eq!(
        drop_box.deposit(2, &alice, vec![0; MAX_ENVELOPE + 1]).await,
        refused(2, RefusalCode::TooLarge)
    );
    assert_eq!(
        drop_box.deposit(3, &alice, Vec::new()).await,
        refused(3, RefusalCode::Malformed)
    );
    drop_box
        .send(&by_request(4, &alice, 100, MAX_REQUEST_ENVELOPE, true))
        .await;
    assert_eq!(drop_box.receive::<DropReply>().await, taken(4));
    drop_box
        .send(&by_request(5, &alice, 100, MAX_REQUEST_ENVELOPE + 1, true))
        .await;
    assert_eq!(drop_box.receive::<DropReply>().await, refused(5, RefusalCode::TooLarge));
    drop_box.send(&by_request(6, &alice, 100, 10, false)).await;
    assert_eq!(
        drop_box.receive::<DropReply>().await,
        refused(6, RefusalCode::Malformed),
        "a request is always kept"
    );
}

#[tokio::test]
async fn a_mailbox_that_is_full_says_so_until_something_is_acknowledged() {
    let place = Place::with(|config| config.limits.mailbox_envelopes = 3).await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    for request in 0..3 {
        assert_eq!(
            drop_box.deposit(request, &alice, vec![0]).await,
            DropReply::Deposited { request }
        );
    }
    assert_eq!(
        drop_box.deposit(3, &alice, vec![0]).await,
        refused(3, RefusalCode::MailboxFull)
    );
    for id in 1..=3 {
        assert_eq!(socket.delivery().await.0, Some(id));
    }
    socket.send(&SocketRequest::Ack { ids: vec![2, 2, 99] }).await;
    socket.send(&alice.tokens()).await;
    assert_eq!(socket.receive::<SocketReply>().await, SocketReply::TokensStored);
    assert_eq!(
        drop_box.deposit(4, &alice, vec![0]).await,
        DropReply::Deposited { request: 4 }
    );
    assert_eq!(
        drop_box.deposit(5, &alice, vec![0]).await,
        refused(5, RefusalCode::MailboxFull)
    );
}

#[tokio::test]
async fn a_rotated_delivery_token_opens_for_seven_more_days() {
    let place = Place::new().await;
    let before = Person::new(1);
    before.move_in(place.address()).await.close().await;
    let after = Person {
        token: Token([99; 32]),
        ..before.clone()
    };
    after.move_in(place.address()).await.close().await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    place.clock.advance(Duration::from_millis(7 * 24 * 3_600_000 - 1));
    assert_eq!(
        drop_box.deposit(1, &before, vec![0]).await,
        DropReply::Deposited { request: 1 }
    );
    place.clock.advance(Duration::from_millis(1));
    assert_eq!(
        drop_box.deposit(2, &before, vec![0]).await,
        refused(2, RefusalCode::NotAccepted)
    );
    assert_eq!(
        drop_box.deposit(3, &after, vec![0]).await,
        DropReply::Deposited { request: 3 }
    );
}

#[tokio::test]
async fn a_long_mailbox_is_read_to_its_end_while_more_comes_in() {
    let place = Place::new().await;
    let alice = Person::new(1);
    alice.move_in(place.address()).await.close().await;
    let mut drop_box = Socket::drop_box(place.address()).await;
    for request in 0..300 {
        drop_box.send(&deposit(request, &alice, vec![0; 2000])).await;
    }
    for _ in 0..300 {
        drop_box.receive::<DropReply>().await;
    }
    let mut socket = alice.connect(place.address()).await;
    for request in 300..600 {
        drop_box.send(&deposit(request, &alice, vec![0; 2000])).await;
    }
    for id in 1..=600 {
        assert_eq!(socket.delivery().await.0, Some(id));
    }
}
