use std::{collections::HashSet, time::Duration};

use orrery_protocol::{
    PeerId, Token,
    frame::{CallToken, DepositToken},
    limits::{MAX_PENDING_REQUESTS, ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_LOW},
    prekey::{KemPrekey, OneTimePrekey, PrekeyBundle, SignedPrekey},
};
use serde_bytes::{ByteArray, ByteBuf};
use tempfile::TempDir;

use super::{people::Standing, *};
use crate::{
    clock::ManualClock,
    hub::{Lane, Next},
    limits::ONE_TIME_STORED,
};

mod people;
mod prekeys;

const ALICE: PeerId = PeerId([0xa; 32]);
const BOB: PeerId = PeerId([0xb; 32]);
const DAY: Duration = Duration::from_secs(24 * 3600);
const START: u64 = 1_800_000_000_000;

struct Room {
    store: Store,
    clock: Arc<ManualClock>,
    hub: Arc<Hub>,
    dir: TempDir,
}

impl Room {
    fn with(limits: Limits) -> Self {
        let dir = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let hub = Arc::new(Hub::default());
        let around = Surroundings {
            limits: Arc::new(limits),
            clock: clock.clone(),
            hub: hub.clone(),
            metrics: Arc::new(Metrics::default()),
        };
        Self {
            store: Store::open(dir.path(), around).unwrap(),
            clock,
            hub,
            dir,
        }
    }

    fn new() -> Self {
        Self::with(Limits::default())
    }

    async fn tokens(&self, of: PeerId, delivery: u8, edit: impl FnOnce(&mut Tokens)) {
        let mut tokens = Tokens {
            delivery: hash(delivery),
            revoked: Vec::new(),
            requests: Vec::new(),
            calls: Vec::new(),
        };
        edit(&mut tokens);
        assert!(self.store.set_tokens(of, tokens).await.unwrap());
    }

    async fn put(&self, to: PeerId, token: DepositToken, envelope: Vec<u8>) -> Deposited {
        self.store
            .deposit(Deposit {
                to,
                token,
                envelope,
                keep: true,
            })
            .await
            .await
            .unwrap()
            .unwrap()
    }

    /// All mail of `peer` by number and first byte.
    async fn mail(&self, peer: PeerId) -> Vec<(u64, u8)> {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = self.store.page(peer, after, Arc::new(Lane::default())).await.unwrap();
            all.extend(page.mail.iter().map(|mail| (mail.id.unwrap(), mail.envelope[0])));
            after = all.last().map_or(0, |(id, _)| *id);
            if page.complete {
                return all;
            }
        }
    }

    async fn ack(&self, peer: PeerId, ids: &[u64]) {
        self.store.acknowledge(peer, ids.to_vec()).await.await.unwrap().unwrap();
    }

    async fn fetch(&self, token: DepositToken) -> Option<PrekeyBundle> {
        match self.store.fetch(ALICE, token).await.await.unwrap().unwrap() {
            Fetched::Bundle(bundle) => Some(*bundle),
            Fetched::NotAccepted => None,
        }
    }

    async fn publish(&self, ids: std::ops::Range<u32>, replace: bool) -> Published {
        self.store.publish(ALICE, upload(ids, replace)).await.unwrap()
    }
}

fn upload(ids: std::ops::Range<u32>, replace: bool) -> Upload {
    Upload {
        signed: SignedPrekey {
            id: 1,
            key: ByteArray::new([1; 32]),
            signature: ByteArray::new([2; 64]),
        },
        kem: KemPrekey {
            id: 2,
            key: ByteBuf::from(vec![3; 1568]),
            signature: ByteArray::new([4; 64]),
        },
        one_time: ids
            .map(|id| OneTimePrekey {
                id,
                key: ByteArray::new([id as u8; 32]),
            })
            .collect(),
        replace,
    }
}

fn hash(token: u8) -> orrery_protocol::TokenHash {
    tokens::hash(&Token([token; 32]))
}

fn delivery(token: u8) -> DepositToken {
    DepositToken::Delivery(Token([token; 32]))
}

fn request(token: u8) -> DepositToken {
    DepositToken::Request(Token([token; 32]))
}

#[tokio::test]
async fn mail_comes_in_order_is_kept_until_acknowledged_and_numbers_are_never_reused() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    for byte in 0..40 {
        assert_eq!(room.put(ALICE, delivery(1), vec![byte; 100]).await, Deposited::Taken);
    }
    let expected: Vec<(u64, u8)> = (0..40).map(|byte| (u64::from(byte) + 1, byte)).collect();
    assert_eq!(room.mail(ALICE).await, expected);
    assert_eq!(room.mail(ALICE).await, expected, "reading takes nothing away");
    let all: Vec<u64> = expected.iter().map(|(id, _)| *id).collect();
    room.ack(ALICE, &all).await;
    assert_eq!(room.mail(ALICE).await, []);
    room.put(ALICE, delivery(1), vec![99]).await;
    assert_eq!(room.mail(ALICE).await, [(41, 99)]);
}

#[tokio::test]
async fn a_second_acknowledgement_and_one_for_somebody_elses_mail_change_nothing() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.tokens(BOB, 2, |_| {}).await;
    room.put(ALICE, delivery(1), vec![1]).await;
    room.put(ALICE, delivery(1), vec![2]).await;
    room.put(BOB, delivery(2), vec![3]).await;
    room.ack(BOB, &[2, 7, u64::MAX, 0]).await;
    room.ack(ALICE, &[1]).await;
    room.ack(ALICE, &[1, 1]).await;
    assert_eq!(room.mail(ALICE).await, [(2, 2)]);
    assert_eq!(room.mail(BOB).await, [(1, 3)]);
    let counts = room
        .store
        .ask(|db: &Connection| mailbox::totals(db), |totals| totals)
        .await
        .unwrap();
    assert_eq!(counts, (2, 2));
}

#[tokio::test]
async fn a_mailbox_holds_exactly_its_quota_of_envelopes_and_of_bytes() {
    let room = Room::with(Limits {
        mailbox_envelopes: 5,
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    for _ in 0..5 {
        assert_eq!(room.put(ALICE, delivery(1), vec![0; 10]).await, Deposited::Taken);
    }
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 10]).await, Deposited::MailboxFull);
    room.ack(ALICE, &[3]).await;
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 10]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 10]).await, Deposited::MailboxFull);

    let room = Room::with(Limits {
        mailbox_bytes: 1000,
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 999]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 2]).await, Deposited::MailboxFull);
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 1]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 1]).await, Deposited::MailboxFull);
}

#[tokio::test]
async fn the_default_quota_is_a_thousand_envelopes() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    let mut answers = Vec::new();
    for _ in 0..1001 {
        let deposit = Deposit {
            to: ALICE,
            token: delivery(1),
            envelope: vec![0],
            keep: true,
        };
        answers.push(room.store.deposit(deposit).await);
    }
    let mut taken = 0;
    for answer in answers {
        taken += usize::from(answer.await.unwrap().unwrap() == Deposited::Taken);
    }
    assert_eq!(taken, 1000);
}

#[tokio::test]
async fn what_expires_makes_room_and_is_neither_delivered_nor_counted() {
    let room = Room::with(Limits {
        mailbox_envelopes: 2,
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    room.put(ALICE, delivery(1), vec![1]).await;
    room.clock.advance(DAY);
    room.put(ALICE, delivery(1), vec![2]).await;
    room.clock.advance(29 * DAY - Duration::from_millis(1));
    assert_eq!(room.put(ALICE, delivery(1), vec![3]).await, Deposited::MailboxFull);
    assert_eq!(room.mail(ALICE).await, [(1, 1), (2, 2)]);
    room.clock.advance(Duration::from_millis(1));
    assert_eq!(room.mail(ALICE).await, [(2, 2)]);
    assert_eq!(room.put(ALICE, delivery(1), vec![3]).await, Deposited::Taken);
    room.clock.advance(40 * DAY);
    room.store.sweep().await.unwrap();
    let counts = room
        .store
        .ask(|db: &Connection| mailbox::totals(db), |totals| totals)
        .await
        .unwrap();
    assert_eq!(counts, (0, 0));
}

#[tokio::test]
async fn twenty_requests_wait_at_most_and_do_not_keep_contacts_out() {
    let room = Room::new();
    room.tokens(ALICE, 1, |tokens| tokens.requests.push(hash(2))).await;
    for _ in 0..MAX_PENDING_REQUESTS {
        assert_eq!(room.put(ALICE, request(2), vec![0; 4000]).await, Deposited::Taken);
    }
    assert_eq!(room.put(ALICE, request(2), vec![0; 4000]).await, Deposited::MailboxFull);
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 4000]).await, Deposited::Taken);
    room.ack(ALICE, &[7]).await;
    assert_eq!(room.put(ALICE, request(2), vec![0; 4000]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, request(2), vec![0; 4000]).await, Deposited::MailboxFull);
}

#[tokio::test]
async fn a_token_opens_only_its_mailbox_and_only_as_what_it_is() {
    let room = Room::new();
    room.tokens(ALICE, 1, |tokens| tokens.requests.push(hash(2))).await;
    room.tokens(BOB, 3, |_| {}).await;
    assert_eq!(room.put(ALICE, delivery(1), vec![0]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, request(2), vec![0]).await, Deposited::Taken);
    for token in [delivery(2), request(1), delivery(3), request(3), delivery(9)] {
        assert_eq!(room.put(ALICE, token, vec![0]).await, Deposited::NotAccepted);
    }
    assert_eq!(
        room.put(PeerId([9; 32]), delivery(1), vec![0]).await,
        Deposited::NotAccepted
    );
}

#[tokio::test]
async fn a_replaced_delivery_token_lives_seven_days_unless_it_is_revoked() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.tokens(ALICE, 2, |_| {}).await;
    room.clock.advance(DAY);
    room.tokens(ALICE, 3, |tokens| tokens.revoked.push(hash(99))).await;
    room.tokens(ALICE, 3, |_| {}).await;
    for token in [1, 2, 3] {
        assert_eq!(
            room.put(ALICE, delivery(token), vec![0]).await,
            Deposited::Taken,
            "{token}"
        );
    }
    room.clock.advance(6 * DAY);
    assert_eq!(
        room.put(ALICE, delivery(1), vec![0]).await,
        Deposited::NotAccepted,
        "to the millisecond"
    );
    assert_eq!(
        room.put(ALICE, delivery(2), vec![0]).await,
        Deposited::Taken,
        "replaced a day later"
    );
    room.tokens(ALICE, 3, |tokens| tokens.revoked.push(hash(2))).await;
    assert_eq!(room.put(ALICE, delivery(2), vec![0]).await, Deposited::NotAccepted);
    room.clock.advance(300 * DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(
        room.put(ALICE, delivery(3), vec![0]).await,
        Deposited::Taken,
        "the one in force never ends"
    );
}

#[tokio::test]
async fn a_delivery_token_that_comes_back_is_in_force_again() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.tokens(ALICE, 2, |_| {}).await;
    room.tokens(ALICE, 1, |_| {}).await;
    room.clock.advance(8 * DAY);
    assert_eq!(room.put(ALICE, delivery(1), vec![0]).await, Deposited::Taken);
    assert_eq!(room.put(ALICE, delivery(2), vec![0]).await, Deposited::NotAccepted);
}

#[tokio::test]
async fn request_and_call_tokens_are_those_of_the_last_frame_and_a_call_token_ends() {
    let room = Room::new();
    let end = START + 3_600_000;
    room.tokens(ALICE, 1, |tokens| {
        tokens.requests.push(hash(2));
        tokens.calls.push(CallToken {
            hash: hash(3),
            expires_ms: end,
        });
        tokens.calls.push(CallToken {
            hash: hash(4),
            expires_ms: u64::MAX,
        });
    })
    .await;
    assert_eq!(room.put(ALICE, delivery(3), vec![0; 24_000]).await, Deposited::Taken);
    room.clock.advance(Duration::from_secs(3600));
    assert_eq!(room.put(ALICE, delivery(3), vec![0]).await, Deposited::NotAccepted);
    assert_eq!(room.put(ALICE, delivery(4), vec![0]).await, Deposited::Taken);
    room.clock.advance(DAY);
    assert_eq!(
        room.put(ALICE, delivery(4), vec![0]).await,
        Deposited::NotAccepted,
        "a day at most"
    );
    assert_eq!(room.put(ALICE, request(2), vec![0]).await, Deposited::Taken);
    room.tokens(ALICE, 1, |_| {}).await;
    assert_eq!(
        room.put(ALICE, request(2), vec![0]).await,
        Deposited::NotAccepted,
        "an invite link was revoked"
    );
}

#[tokio::test]
async fn whoever_catches_up_while_mail_comes_in_gets_each_envelope_once_and_in_order() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    for _ in 0..200 {
        room.put(ALICE, delivery(1), vec![0; 50]).await;
    }
    let lane = Arc::new(Lane::default());
    room.hub.enter(ALICE, lane.clone());
    let (mut seen, mut pending) = (Vec::new(), Vec::new());
    while seen.len() < 600 {
        // Two more arrive for each thing the reader does, in bursts that overflow the lane now and then.
        if seen.len() < 400 && pending.len() < 400 {
            for _ in 0..100 {
                let deposit = Deposit {
                    to: ALICE,
                    token: delivery(1),
                    envelope: vec![0; 50],
                    keep: true,
                };
                pending.push(room.store.deposit(deposit).await);
            }
        }
        match lane.next().await {
            Next::CatchUp => loop {
                let after = seen.last().copied().unwrap_or(0);
                let page = room.store.page(ALICE, after, lane.clone()).await.unwrap();
                seen.extend(page.mail.iter().map(|mail| mail.id.unwrap()));
                if page.complete {
                    break;
                }
            },
            Next::Mail(mail) => seen.push(mail.id.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, (1..=600).collect::<Vec<u64>>());
}

#[tokio::test]
async fn mail_that_is_not_kept_reaches_who_is_there_and_is_stored_for_nobody() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    let unkept = |token| Deposit {
        to: ALICE,
        token: delivery(token),
        envelope: vec![7],
        keep: false,
    };
    let answer = room.store.deposit(unkept(1)).await.await.unwrap().unwrap();
    assert_eq!(answer, Deposited::Taken, "presence is not told");
    let lane = Arc::new(Lane::default());
    room.hub.enter(ALICE, lane.clone());
    lane.try_next();
    room.store.deposit(unkept(1)).await.await.unwrap().unwrap();
    let Some(Next::Mail(mail)) = lane.try_next() else {
        panic!("nothing came")
    };
    assert_eq!((mail.id, mail.envelope), (None, vec![7]));
    assert_eq!(
        room.store.deposit(unkept(9)).await.await.unwrap().unwrap(),
        Deposited::NotAccepted
    );
    assert_eq!(lane.try_next(), None);
    assert_eq!(room.mail(ALICE).await, []);
}

#[tokio::test]
async fn nobody_new_is_taken_beyond_the_limit_and_who_is_known_stays_welcome() {
    let room = Room::with(Limits {
        max_people: 1,
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    let tokens = Tokens {
        delivery: hash(2),
        revoked: Vec::new(),
        requests: Vec::new(),
        calls: Vec::new(),
    };
    assert!(!room.store.set_tokens(BOB, tokens).await.unwrap());
    assert_eq!(
        room.store.publish(BOB, upload(0..1, false)).await.unwrap(),
        Published::NobodyNew
    );
    assert_eq!(room.store.standing(BOB).await.unwrap(), Standing::default());
    assert_eq!(room.publish(0..1, false).await, Published::Stored { one_time_left: 1 });
}

#[tokio::test]
async fn all_mailboxes_together_hold_what_the_server_may_hold() {
    let room = Room::with(Limits {
        stored_bytes: 100,
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    room.tokens(BOB, 2, |_| {}).await;
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 60]).await, Deposited::Taken);
    assert_eq!(room.put(BOB, delivery(2), vec![0; 41]).await, Deposited::StoreFull);
    assert_eq!(room.put(BOB, delivery(2), vec![0; 40]).await, Deposited::Taken);
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_loses_nothing_that_did() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    let cap = |db: &Connection| {
        let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        db.query_row(&format!("PRAGMA max_page_count = {}", pages + 60), [], |row| {
            row.get::<_, i64>(0)
        })
    };
    room.store.ask(cap, |pages| pages).await.unwrap();
    let mut answers = Vec::new();
    for byte in 0..100u8 {
        let deposit = Deposit {
            to: ALICE,
            token: delivery(1),
            envelope: vec![byte; 10_000],
            keep: true,
        };
        answers.push((byte, room.store.deposit(deposit).await));
    }
    let (mut taken, mut refused) = (Vec::new(), 0);
    for (byte, answer) in answers {
        match answer.await.unwrap() {
            Ok(Deposited::Taken) => taken.push(byte),
            Err(StoreError::Unwritten) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(
        !taken.is_empty() && refused > 0,
        "{} taken, {refused} refused",
        taken.len()
    );
    let found: Vec<u8> = room.mail(ALICE).await.into_iter().map(|(_, byte)| byte).collect();
    assert_eq!(found, taken);
    let lift = |db: &Connection| db.query_row("PRAGMA max_page_count = 100000", [], |row| row.get::<_, i64>(0));
    room.store.ask(lift, |pages| pages).await.unwrap();
    assert_eq!(room.put(ALICE, delivery(1), vec![0; 10_000]).await, Deposited::Taken);
}

#[tokio::test]
async fn a_folder_serves_one_server_at_a_time_and_the_next_finds_everything() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.put(ALICE, delivery(1), vec![5]).await;
    let second = Store::open(room.dir.path(), room.store.around.clone());
    assert!(matches!(second, Err(StoreError::InUse { .. })));
    room.store.close().await;
    assert!(!room.store.is_open());
    assert!(matches!(room.store.sweep().await, Err(StoreError::Closed)));
    let reopened = Room {
        store: Store::open(room.dir.path(), room.store.around.clone()).unwrap(),
        clock: room.clock,
        hub: room.hub,
        dir: room.dir,
    };
    assert_eq!(reopened.mail(ALICE).await, [(1, 5)]);
    assert_eq!(reopened.put(ALICE, delivery(1), vec![6]).await, Deposited::Taken);
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_left_alone() {
    let room = Room::new();
    room.store.close().await;
    let file = room.dir.path().join(FILE);
    Connection::open(&file)
        .unwrap()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let opened = Store::open(room.dir.path(), room.store.around.clone());
    assert!(matches!(opened, Err(StoreError::Newer { found: 99, known: 2 })));
}

#[tokio::test]
async fn acknowledged_mail_is_gone_from_the_file() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    let marker = b"sealed-marker-7f3a".repeat(10);
    room.put(ALICE, delivery(1), marker.clone()).await;
    room.ack(ALICE, &[1]).await;
    room.store.close().await;
    for entry in std::fs::read_dir(room.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(marker.len()).any(|window| window == marker));
    }
}
