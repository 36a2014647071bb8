//! Connections that come and go leave nothing behind: no task, no file, no memory.

use std::{env, fs, process::Command};

use tokio::runtime::Handle;

use super::laws::{LINE, Side, connect, eventually};
use super::{OutFrame, Transport};

/// Rounds that are not counted: allocators and the runtime take what they will keep.
const WARM_UP: usize = 10;
/// Rounds of a short test, and of one that has time.
const ROUNDS: (usize, usize) = (30, 500);
/// What memory may differ by for no reason of ours.
const SLACK: u64 = 4 << 20;
/// What a round may leave on average: far less than a connection, which is some 200 KiB.
const EACH: u64 = 4 << 10;
/// Says to this binary that it is the process that has nothing else to do.
const ALONE: &str = "ORRERY_LEAKS_ALONE";
/// Its last words.
const RAN: &str = "nothing was left behind";

fn files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn memory() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Two sides connect, speak and write to each other, and close.
async fn round() {
    let (mut a, mut b) = connect(Side::new(), Side::new()).await;
    a.stack.start_sound(LINE, 1);
    b.stack.start_sound(LINE, 2);
    eventually(|| !a.fanout.is_empty() && !b.fanout.is_empty()).await;
    a.stack.send(LINE, vec![7; 3000]);
    let mut heard = b.ear.count.subscribe();
    let talk = async {
        for i in 0.. {
            a.fanout.send(&OutFrame {
                payload: bytes::Bytes::from_static(&[0xf8, 0xff, 0xfe]),
                timestamp: i * 960,
                marker: i == 0,
                level: 40,
                voice: true,
            });
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = talk => {}
        reached = heard.wait_for(|count| *count >= 5) => drop(reached.unwrap()),
    }
    a.stack.close_all();
    b.stack.close_all();
    drop((a, b));
    eventually(|| Handle::current().metrics().num_alive_tasks() == 0).await;
}

async fn rounds() {
    let rounds = if env::var_os("ORRERY_LONG").is_some() {
        ROUNDS.1
    } else {
        ROUNDS.0
    };
    for _ in 0..WARM_UP {
        round().await;
    }
    let before = (files(), memory());
    for _ in 0..rounds {
        round().await;
    }
    let after = (files(), memory());
    println!("{rounds} rounds: {before:?} files and bytes before, {after:?} after");
    assert!(after.0 <= before.0, "{} files before, {} after", before.0, after.0);
    let allowed = before.1 + SLACK + rounds as u64 * EACH;
    assert!(
        after.1 <= allowed,
        "{} bytes before, {} after {rounds} rounds",
        before.1,
        after.1
    );
    println!("{RAN}");
}

#[test]
fn hundreds_of_connections_leave_no_task_no_file_and_no_memory_behind() {
    const NAME: &str = "rtc::leaks::hundreds_of_connections_leave_no_task_no_file_and_no_memory_behind";
    if env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.unwrap().block_on(rounds());
        return;
    }
    // In a process of its own: other tests have files and memory, too.
    let said = Command::new(env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&said.stdout);
    println!("{words}{}", String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && words.contains(RAN), "its words stand above");
}
