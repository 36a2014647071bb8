use crate::{rig::*, calls};
use orrery_link::{Command, Event, DirectState};
use orrery_protocol::ChannelId;
use std::time::{Duration, Instant};
fn cpu() -> f64 { let s = std::fs::read_to_string("/proc/self/stat").unwrap(); let f: Vec<_> = s.rsplit(')').next().unwrap().split_whitespace().collect(); (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0 }
fn rss() -> String { std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l| l.starts_with("VmRSS")).unwrap().to_owned() }
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe() {
    let host = Host::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (mut ada, mut bob) = friends(&host, folder.path()).await;
    eprintln!("rss after friends {}", rss());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let c = cpu(); tokio::time::sleep(Duration::from_secs(10)).await; eprintln!("idle cpu 2 workers+server: {:.3}%", (cpu()-c)*10.0);
    let mut lat = vec![];
    for i in 0..50 { let t = Instant::now(); let s = format!("m{i}"); let channel = ChannelId::from(bob.id()); ada.app.send(Command::SendText{channel, text: s.clone(), reply_to: None}).unwrap(); bob.hear(&s).await; lat.push(t.elapsed().as_micros()); }
    lat.sort(); eprintln!("server path us p50 {} p95 {}", lat[25], lat[47]);
    ada.ask(Command::OpenChannel{channel: ChannelId::from(bob.id())}).await.unwrap();
    bob.ask(Command::OpenChannel{channel: ChannelId::from(ada.id())}).await.unwrap();
    ada.wait("c", |e| matches!(e, Event::ContactChanged{contact} if contact.direct == DirectState::Connected).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut lat = vec![];
    for i in 0..50 { let t = Instant::now(); let s = format!("d{i}"); let channel = ChannelId::from(bob.id()); ada.app.send(Command::SendText{channel, text: s.clone(), reply_to: None}).unwrap(); bob.hear(&s).await; lat.push(t.elapsed().as_micros()); }
    lat.sort(); eprintln!("direct path us p50 {} p95 {}", lat[25], lat[47]);
    let c = cpu(); tokio::time::sleep(Duration::from_secs(10)).await; eprintln!("idle with direct link cpu: {:.3}%", (cpu()-c)*10.0);
    for round in 0..3 {
    ada.forget(); bob.forget();
    let t = Instant::now();
    ada.ask(Command::StartCall { peer: bob.id() }).await.unwrap();
    let id = calls::call(&mut bob, "ring", |c| c.phase == orrery_link::CallPhase::Incoming).await;
    eprintln!("ring {:?}", t.elapsed()); let t = Instant::now();
    bob.ask(Command::AcceptCall { call: id }).await.unwrap();
    calls::call(&mut ada, "con", calls::all_connected).await; calls::call(&mut bob, "con", calls::all_connected).await;
    eprintln!("round {round} accept→connected {:?}", t.elapsed());
    if round == 0 { let c = cpu(); tokio::time::sleep(Duration::from_secs(10)).await; eprintln!("silent call cpu both: {:.3}%", (cpu()-c)*10.0); }
    ada.ask(Command::LeaveCall { call: id }).await.unwrap();
    calls::ended(&mut bob).await; calls::ended(&mut ada).await;
    if round == 0 { ada.ask(Command::CloseChannel{channel: ChannelId::from(bob.id())}).await.unwrap(); bob.ask(Command::CloseChannel{channel: ChannelId::from(ada.id())}).await.unwrap(); tokio::time::sleep(Duration::from_secs(40)).await; }
    }
    eprintln!("rss {}", rss());
}
