//! What a program does first, so that nothing of its memory outlives it.

/// No core dump of this process is ever written: keys and texts would lie in it. A program calls it before anything else.
/// Elsewhere than on Unix the system writes none by itself.
#[cfg(unix)]
pub fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    // No dump fits into one byte. Linux hands dumps to a program that collects them whatever the limit is, 0 included,
    // except where it is exactly this.
    let most = if cfg!(target_os = "linux") { 1 } else { 0 };
    let most = Some(
        getrlimit(Resource::Core)
            .maximum
            .map_or(most, |maximum| maximum.min(most)),
    );
    let limit = Rlimit {
        current: most,
        maximum: most,
    };
    if setrlimit(Resource::Core, limit).is_err() {
        tracing::warn!("core dumps could not be turned off");
    }
}

/// No core dump of this process is ever written; the system writes none by itself.
#[cfg(not(unix))]
pub fn no_core_dumps() {}
