//! Real-time priority for the threads that carry sound.
//!
//! A sound service runs at it, and whoever feeds one every 10 ms has to as well: on a busy computer a thread of ordinary priority waits
//! its turn for longer than that, and each such wait is heard. Windows and macOS grant it to anyone; Linux to those whom the
//! administrator allows it (`RLIMIT_RTPRIO`, `CAP_SYS_NICE`), and desktops through RealtimeKit.

#[cfg(target_os = "linux")]
mod rtkit;

/// Samples that a thread of ours handles at a time, and how many of them there are in a second.
const BLOCK: (u32, u32) = (crate::TICK_SAMPLES as u32, crate::SAMPLE_RATE);

/// Asks it for the calling thread; whether it was granted. May wait for half a second. Threads that this one starts do not inherit it.
pub(crate) fn promote_this_thread() -> bool {
    if allowed() {
        return true;
    }
    #[cfg(target_os = "linux")]
    return rtkit::promote_this_thread();
    #[cfg(not(target_os = "linux"))]
    false
}

/// The same for a thread that must not wait, as one on which a device calls. Where it has to be asked for, it may come a little later.
pub(crate) fn promote_this_thread_soon() {
    if !allowed() {
        #[cfg(target_os = "linux")]
        rtkit::promote_this_thread_soon();
    }
}

/// Takes it for the calling thread, if the system allows that without a question. A few system calls that wait for nothing.
fn allowed() -> bool {
    audio_thread_priority::promote_current_thread_to_real_time(BLOCK.0, BLOCK.1).is_ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Scheduling policy of the calling thread, field 41 of its `stat`: 0 is the ordinary one, 1 and 2 are in real time.
    fn policy() -> u32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(38).unwrap().parse().unwrap()
    }

    #[test]
    fn a_promotion_is_granted_or_refused_and_is_not_inherited() {
        fn named<T: Send + 'static>(name: &str, body: fn() -> T) -> T {
            let thread = std::thread::Builder::new().name(name.into()).spawn(body);
            thread.unwrap().join().unwrap()
        }
        named("promoted", || {
            assert_eq!(policy(), 0);
            let granted = promote_this_thread();
            println!("real-time priority: {granted}");
            assert_eq!(policy() > 0, granted);
            assert_eq!(named("child", policy), 0);
        });
    }
}
