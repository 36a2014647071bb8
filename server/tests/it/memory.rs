//! What an idle connection costs.

use tokio::process::Child;

use crate::{
    client::{Person, Socket},
    stop::spawn,
};

/// Half of each kind.
const CONNECTIONS: u32 = 300;
/// A generous bound: about 12 are usual, and the library's own buffers would make it more than 128.
const KIB_EACH: u64 = 40;

fn resident_kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg_attr(not(target_os = "linux"), ignore = "only Linux tells in /proc")]
#[tokio::test]
async fn an_idle_connection_costs_little() {
    let dir = tempfile::TempDir::new().unwrap();
    let (child, address) = spawn(dir.path()).await;
    let (mut people, mut drop_boxes) = (Vec::new(), Vec::new());
    people.push(Person::new(0xff).connect(address).await);
    drop_boxes.push(Socket::drop_box(address).await);
    let before = resident_kib(&child);
    for number in 0..CONNECTIONS / 2 {
        let mut seed = [1; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        people.push(Person::from_seed(seed).connect(address).await);
        drop_boxes.push(Socket::drop_box(address).await);
    }
    let each = resident_kib(&child).saturating_sub(before) / u64::from(CONNECTIONS);
    assert!(each < KIB_EACH, "{each} KiB each");
}
