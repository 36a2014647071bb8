//! On a bus of their own, with a RealtimeKit that answers as the real one does and lends nothing.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Stdio};
use std::sync::Mutex;

use zbus::interface;

use super::*;
use crate::testing::skipped;

/// The longest time without a wait that it allows, µs.
const LONGEST: i64 = 200_000;

/// What it was asked for: (thread, priority), and what the limit was then.
type Asked = Arc<Mutex<Vec<(u64, u32, Option<u64>)>>>;

struct Kit {
    asked: Asked,
    most: i32,
    longest: i64,
    refuses: bool,
}

#[interface(name = "org.freedesktop.RealtimeKit1")]
impl Kit {
    #[zbus(property, name = "RTTimeUSecMax")]
    async fn longest(&self) -> i64 {
        self.longest
    }

    #[zbus(property, name = "MaxRealtimePriority")]
    async fn most(&self) -> i32 {
        self.most
    }

    async fn make_thread_realtime(&self, thread: u64, priority: u32) -> Result<(), zbus::fdo::Error> {
        if self.refuses {
            return Err(zbus::fdo::Error::AccessDenied("not today".into()));
        }
        let limit = getrlimit(Resource::Rttime).current;
        self.asked.lock().unwrap().push((thread, priority, limit));
        Ok(())
    }
}

#[test]
fn realtimekit_is_asked_as_it_wants_to_be() {
    let bus = Command::new("dbus-run-session")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if bus.is_err() {
        skipped(
            "priority::rtkit::tests::realtimekit_is_asked_as_it_wants_to_be",
            "dbus-run-session is not installed",
        );
        return;
    }
    let done = Command::new("dbus-run-session")
        .arg("--")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "priority::rtkit::tests::on_a_bus",
            "--ignored",
            "--nocapture",
        ])
        .status();
    assert!(done.unwrap().success());
}

#[test]
#[ignore = "run by `realtimekit_is_asked_as_it_wants_to_be`, on a bus of its own"]
fn on_a_bus() {
    zbus::block_on(async {
        let bus = Connection::session().await.unwrap();
        assert!(promote(&bus, 7).await.is_err(), "nobody is there");
        let asked = Asked::default();
        for (most, longest, refuses) in [
            (20, LONGEST, false),
            (3, LONGEST, false),
            (20, LONGEST, true),
            (20, LEAST_US - 1, true),
            (20, -1, true),
        ] {
            let kit = Kit {
                asked: Arc::clone(&asked),
                most,
                longest,
                refuses: refuses && longest == LONGEST,
            };
            let serving = zbus::connection::Builder::session()
                .name(NAME)
                .serve_at(PATH, kit)
                .build();
            let served = serving.await.unwrap();
            assert_eq!(promote(&bus, 7).await.is_err(), refuses);
            served.close().await.unwrap();
        }
        let limit = u64::try_from(LONGEST).ok();
        assert_eq!(*asked.lock().unwrap(), [(7, PRIORITY, limit), (7, 3, limit)]);
    });
}
