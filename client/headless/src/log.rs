//! What stands on standard error. It never holds message text, names or addresses: the rooms that handle those keep them
//! out of their `Debug`, and libraries that would tell addresses are not listened to at all.

use tracing_subscriber::EnvFilter;

/// Ours: the names of all our packages begin like this. Network libraries name addresses, so they have no voice.
const FILTER: &str = "off,orrery=warn";

/// Begins to listen; `ORRERY_LOG` says to what, else [`FILTER`] does.
pub fn start() {
    let filter = EnvFilter::try_from_env("ORRERY_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    // Fails only where a subscriber is set already: then that one listens.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_ours_is_heard_and_what_tells_addresses_is_not() {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(FILTER))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(target: "orrery_worker::driver", "one");
            tracing::warn!(target: "orrery_store::store", "two");
            tracing::error!(target: "orrery_headless::console", "three");
            tracing::info!(target: "orrery_worker::driver", "not so important");
            tracing::error!(target: "rtc_ice::agent", "198.51.100.7");
            tracing::error!(target: "webrtc::peer_connection", "198.51.100.7");
            tracing::error!(target: "rtc::peer_connection", "198.51.100.7");
            tracing::error!(target: "tungstenite::handshake", "198.51.100.7");
        });
        let page = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = page.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
        assert_eq!(lines, ["one", "two", "three"], "{page}");
    }
}
