//! Real-time priority from RealtimeKit (`org.freedesktop.RealtimeKit1` on the system's bus), which lends it on a desktop to those whom
//! the administrator never asked about.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::gettid;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, Proxy};

/// Its name on the bus, and that of what it offers.
const NAME: &str = "org.freedesktop.RealtimeKit1";
/// Where it stands.
const PATH: &str = "/org/freedesktop/RealtimeKit1";
/// The priority that is asked for, where that much is lent: below the 5 at which PulseAudio runs, which plays what these threads give it.
const PRIORITY: u32 = 4;
/// With less time than this between two waits, µs, it would do more harm than good: the kernel ends a program whose thread takes longer.
/// A turn of the audio thread takes a few milliseconds, and on a slow computer that is behind some tens.
const LEAST_US: i64 = 150_000;
/// How long a thread that must know the answer waits for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Asks for the calling thread; whether it was granted. Waits for the answer, but not for long.
pub(super) fn promote_this_thread() -> bool {
    let (answer, granted) = sync_channel(1);
    ask(move |is| {
        // Whoever asked may have stopped waiting.
        let _ = answer.try_send(is);
    });
    granted.recv_timeout(PATIENCE).unwrap_or(false)
}

/// Asks for the calling thread, and waits for nothing but the start of a thread.
pub(super) fn promote_this_thread_soon() {
    ask(|_| {});
}

/// Asks for the calling thread on another one: the bus takes its time.
fn ask(answered: impl FnOnce(bool) + Send + 'static) {
    let thread = u64::from(gettid().as_raw_nonzero().get().unsigned_abs());
    let asked = std::thread::Builder::new()
        .name("orrery-priority".into())
        .spawn(move || {
            let granted = zbus::block_on(async {
                let bus = Connection::system().await?;
                promote(&bus, thread).await
            });
            if let Err(error) = &granted {
                tracing::debug!(%error, "RealtimeKit lends no real-time priority");
            }
            answered(granted.is_ok());
        });
    drop(asked);
}

/// Asks over this bus for a thread of this process.
///
/// RealtimeKit wants to know that such a thread cannot take the computer for itself: the kernel ends a program whose thread ran at
/// this priority for so long without a wait (`RLIMIT_RTTIME`). Ours wait after every turn, which takes a few milliseconds.
async fn promote(bus: &Connection, thread: u64) -> zbus::Result<()> {
    let kit = Builder::new(bus)
        .destination(NAME)
        .path(PATH)
        .interface(NAME)
        // It answers for one property at a time only.
        .cache_properties(CacheProperties::No);
    let kit: Proxy<'_> = kit.build().await?;
    let longest: i64 = kit.get_property("RTTimeUSecMax").await?;
    let most: i32 = kit.get_property("MaxRealtimePriority").await?;
    if longest < LEAST_US {
        return Err(zbus::Error::Failure(format!("it allows {longest} µs without a wait")));
    }
    let longest = longest.unsigned_abs();
    let held = getrlimit(Resource::Rttime);
    if held.maximum.is_none_or(|most| most > longest) {
        let limit = Rlimit {
            current: Some(longest),
            maximum: Some(longest),
        };
        setrlimit(Resource::Rttime, limit).map_err(|error| zbus::Error::InputOutput(Arc::new(error.into())))?;
    }
    let priority = PRIORITY.min(u32::try_from(most).unwrap_or(0));
    kit.call_method("MakeThreadRealtime", &(thread, priority))
        .await
        .map(drop)
}

#[cfg(test)]
mod tests;
