use std::collections::HashSet;

use orrery_protocol::{
    frame::{DropReply, DropRequest, RefusalCode, SocketReply, SocketRequest},
    limits::ONE_TIME_PREKEYS,
};
use serde_bytes::ByteBuf;

use crate::client::{Person, Place, Socket, prekeys};

#[tokio::test]
async fn concurrent_connections_never_get_the_same_one_time_prekey() {
    let place = Place::new().await;
    let alice = Person::new(1);
    let mut socket = alice.move_in(place.address()).await;
    socket.send(&prekeys(0..100)).await;
    assert_eq!(
        socket.receive::<SocketReply>().await,
        SocketReply::PrekeysStored { one_time_left: 100 }
    );
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (alice, address) = (alice.clone(), place.address());
        tasks.push(tokio::spawn(async move {
            let mut drop_box = Socket::drop_box(address).await;
            let mut ids = Vec::new();
            for request in 0..20 {
                drop_box
                    .send(&DropRequest::Fetch {
                        request,
                        peer: alice.id,
                        token: alice.delivery(),
                    })
                    .await;
            }
            for request in 0..20 {
                let DropReply::Bundle {
                    request: echoed,
                    bundle,
                } = drop_box.receive().await
                else {
                    panic!("refused")
                };
                assert_eq!((echoed, bundle.peer), (request, alice.id));
                ids.extend(bundle.one_time.map(|prekey| prekey.id));
            }
            ids
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 100);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 100);
    let mut lowest = u32::MAX;
    while lowest > 0 {
        let SocketReply::PrekeysLow { one_time_left } = socket.receive().await else {
            panic!("something else")
        };
        assert!(one_time_left < lowest.min(25));
        lowest = one_time_left;
    }
}

#[tokio::test]
async fn an_upload_of_the_wrong_shape_changes_nothing() {
    let place = Place::new().await;
    let mut socket = Person::new(1).connect(place.address()).await;
    socket.send(&prekeys(0..ONE_TIME_PREKEYS as u32 + 1)).await;
    assert_eq!(socket.refused().await, RefusalCode::TooLarge);
    let SocketRequest::PublishPrekeys {
        signed,
        mut kem,
        one_time,
        replace,
    } = prekeys(0..5)
    else {
        unreachable!()
    };
    kem.key = ByteBuf::from(vec![0; 1567]);
    socket
        .send(&SocketRequest::PublishPrekeys {
            signed,
            kem,
            one_time,
            replace,
        })
        .await;
    assert_eq!(socket.refused().await, RefusalCode::Malformed);
    socket.send(&prekeys(0..ONE_TIME_PREKEYS as u32)).await;
    assert_eq!(
        socket.receive::<SocketReply>().await,
        SocketReply::PrekeysStored { one_time_left: 100 }
    );
}
