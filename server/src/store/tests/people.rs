use super::*;

async fn counts(room: &Room) -> (i64, i64, i64, i64) {
    let job = |db: &Connection| {
        let count = |of: &str| db.query_row(&format!("SELECT {of}"), [], |row| row.get(0));
        Ok((
            count("people FROM total")?,
            count("count(*) FROM person")?,
            count("count(*) FROM token")?,
            count("count(*) FROM one_time")?,
        ))
    };
    room.store.ask(job, |counts| counts).await.unwrap()
}

fn two() -> Limits {
    Limits {
        max_people: 2,
        ..Limits::default()
    }
}

#[tokio::test]
async fn who_does_not_log_in_for_a_year_makes_room_for_others() {
    let room = Room::with(two());
    room.tokens(ALICE, 1, |tokens| tokens.requests.push(hash(2))).await;
    room.publish(0..3, false).await;
    room.clock.advance(100 * DAY);
    room.tokens(BOB, 3, |_| {}).await;
    room.clock.advance(265 * DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await, (2, 2, 3, 3), "to the day");
    room.clock.advance(DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await, (1, 1, 1, 0), "with everything that was kept");
    assert_eq!(room.put(ALICE, delivery(1), vec![0]).await, Deposited::NotAccepted);
    assert_eq!(room.store.standing(ALICE).await.unwrap(), Standing::default());
    room.tokens(PeerId([9; 32]), 9, |_| {}).await;
}

#[tokio::test]
async fn a_log_in_keeps_a_mailbox_for_another_year_and_nothing_finer_than_the_day_is_written() {
    let room = Room::new();
    room.tokens(ALICE, 1, |_| {}).await;
    room.clock.advance(300 * DAY);
    room.store.standing(ALICE).await.unwrap();
    room.clock.advance(300 * DAY);
    room.store.sweep().await.unwrap();
    assert!(room.store.standing(ALICE).await.unwrap().known);
    let day = |db: &Connection| db.query_row("SELECT seen_day FROM person", [], |row| row.get::<_, i64>(0));
    let kept = room.store.ask(day, |day| day).await.unwrap();
    assert_eq!(kept, (START / 86_400_000) as i64 + 600);
}

#[tokio::test]
async fn waiting_mail_keeps_a_mailbox_and_so_does_an_open_connection() {
    let room = Room::with(Limits {
        mailbox_lifetime: "2d".parse().unwrap(),
        ..Limits::default()
    });
    room.tokens(ALICE, 1, |_| {}).await;
    room.tokens(BOB, 2, |_| {}).await;
    room.put(ALICE, delivery(1), vec![7]).await;
    let lane = Arc::new(Lane::default());
    room.hub.enter(BOB, lane.clone());
    room.clock.advance(20 * DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(room.mail(ALICE).await, [(1, 7)]);
    assert_eq!(room.put(BOB, delivery(2), vec![8]).await, Deposited::Taken);
    room.ack(ALICE, &[1]).await;
    room.ack(BOB, &[1]).await;
    room.hub.leave(BOB, &lane);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await.0, 1, "who was connected until now was seen today");
    room.clock.advance(3 * DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await, (0, 0, 0, 0));
}

#[tokio::test]
async fn a_database_from_before_days_were_kept_is_brought_up_to_date_and_lets_nobody_go_at_once() {
    let room = Room::new();
    room.store.close().await;
    let dir = TempDir::new().unwrap();
    let old = Connection::open(dir.path().join(FILE)).unwrap();
    old.execute_batch(&format!("{} PRAGMA user_version = 1;", schema::STEPS[0]))
        .unwrap();
    old.execute("INSERT INTO person (peer) VALUES (?1)", [&ALICE.0])
        .unwrap();
    drop(old);
    let room = Room {
        store: Store::open(dir.path(), room.store.around.clone()).unwrap(),
        dir,
        ..room
    };
    room.store.sweep().await.unwrap();
    room.clock.advance(365 * DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await.0, 1);
    room.clock.advance(DAY);
    room.store.sweep().await.unwrap();
    assert_eq!(counts(&room).await.0, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_can_read_the_files_even_in_a_folder_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    room.store.close().await;
    let dir = TempDir::new().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let room = Room {
        store: Store::open(dir.path(), room.store.around.clone()).unwrap(),
        dir,
        ..room
    };
    room.tokens(ALICE, 1, |_| {}).await;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(room.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        found.push(entry.file_name().into_string().unwrap());
    }
    found.sort();
    let names = ["", "-shm", "-wal"].map(|end| format!("{FILE}{end}"));
    assert_eq!(found, [&[LOCK.to_owned()][..], &names].concat());
}
