//! SIGTERM and Ctrl+C, which end the program as `shutdown` does.

use std::io;

use orrery_link::lane::CommandSender;

/// Listens from now on, for the whole process.
///
/// A second signal ends the process at once, wherever it hangs: not a thread but the handler itself sees to that. It must
/// be of the same kind, because Ctrl+C reaches a script and its programs alike, and such a script then sends SIGTERM to
/// programs that are about to end.
#[cfg(unix)]
pub(crate) fn listen(commands: CommandSender) -> io::Result<()> {
    use std::{
        sync::{Arc, atomic::AtomicBool},
        thread,
    };

    use orrery_link::Command;
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        flag,
        iterator::Signals,
    };

    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    for signal in [SIGINT, SIGTERM] {
        let told = Arc::new(AtomicBool::new(false));
        // In this order: the first signal finds the flag down and raises it.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&told))?;
        flag::register(signal, told)?;
    }
    let listener = move || {
        if signals.forever().next().is_some() {
            // Refused only by a worker that has ended.
            let _ = commands.send_blocking(Command::Shutdown {});
        }
    };
    thread::Builder::new().name("orrery-signals".into()).spawn(listener)?;
    Ok(())
}

/// Elsewhere the system ends the program itself.
#[cfg(not(unix))]
pub(crate) fn listen(_: CommandSender) -> io::Result<()> {
    Ok(())
}
