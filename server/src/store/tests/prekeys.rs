//! Prekeys: each handed out once.

use super::*;

#[tokio::test]
async fn each_one_time_prekey_is_handed_out_once_however_many_ask_at_once() {
    let room = Room::new();
    room.tokens(ALICE, 1, |tokens| tokens.requests.push(hash(2))).await;
    assert!(room.fetch(delivery(1)).await.is_none(), "no keys were published yet");
    assert_eq!(
        room.publish(0..100, false).await,
        Published::Stored { one_time_left: 100 }
    );
    let mut answers = Vec::new();
    for _ in 0..150 {
        answers.push(room.store.fetch(ALICE, delivery(1)).await);
    }
    let mut handed_out = Vec::new();
    for answer in answers {
        let Fetched::Bundle(bundle) = answer.await.unwrap().unwrap() else {
            panic!("refused")
        };
        assert_eq!(bundle.kem.key.len(), 1568);
        handed_out.extend(bundle.one_time.map(|prekey| prekey.id));
    }
    assert_eq!(handed_out.len(), 100);
    assert_eq!(handed_out.iter().collect::<HashSet<_>>().len(), 100);
    assert_eq!(room.fetch(request(2)).await.unwrap().one_time, None);
    assert!(room.fetch(delivery(9)).await.is_none());
}

#[tokio::test]
async fn a_request_token_takes_no_one_time_prekey() {
    let room = Room::new();
    room.tokens(ALICE, 1, |tokens| tokens.requests.push(hash(2))).await;
    room.publish(0..5, false).await;
    assert_eq!(room.fetch(request(2)).await.unwrap().one_time, None);
    assert_eq!(room.store.standing(ALICE).await.unwrap().one_time_left, 5);
}

#[tokio::test]
async fn a_repeated_upload_brings_no_used_prekey_back_and_a_replacing_one_starts_afresh() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.publish(0..10, false).await;
    let used = room.fetch(delivery(1)).await.unwrap().one_time.unwrap();
    assert_eq!(room.publish(0..10, false).await, Published::Stored { one_time_left: 9 });
    for _ in 0..9 {
        assert_ne!(room.fetch(delivery(1)).await.unwrap().one_time.unwrap().id, used.id);
    }
    assert_eq!(room.fetch(delivery(1)).await.unwrap().one_time, None);
    assert_eq!(room.publish(0..10, true).await, Published::Stored { one_time_left: 10 });
    assert!(room.fetch(delivery(1)).await.unwrap().one_time.is_some());
}

#[tokio::test]
async fn more_prekeys_than_fit_are_refused_whole() {
    let room = Room::new();
    let full = ONE_TIME_PREKEYS as u32;
    room.publish(0..full, false).await;
    room.publish(full..2 * full, false).await;
    assert_eq!(
        room.store.standing(ALICE).await.unwrap().one_time_left as usize,
        ONE_TIME_STORED
    );
    assert_eq!(room.publish(1000..1001, false).await, Published::TooMany);
    assert_eq!(
        room.publish(1000..1050, true).await,
        Published::Stored { one_time_left: 50 }
    );
}

#[tokio::test]
async fn the_owner_is_told_when_few_prekeys_are_left() {
    let room = Room::new();
    let lane = Arc::new(Lane::default());
    room.hub.enter(ALICE, lane.clone());
    assert_eq!(lane.try_next(), Some(Next::CatchUp));
    room.tokens(ALICE, 1, |_| {}).await;
    room.publish(0..ONE_TIME_PREKEYS_LOW as u32 + 1, false).await;
    room.fetch(delivery(1)).await.unwrap();
    assert_eq!(lane.try_next(), None);
    room.fetch(delivery(1)).await.unwrap();
    assert_eq!(lane.try_next(), Some(Next::PrekeysLow(ONE_TIME_PREKEYS_LOW as u32 - 1)));
}
