//! From where a server can be reached, as far as its address says.

use orrery_protocol::invite::is_loopback;
use orrery_protocol::login::canonical_host;

/// Whether the server at this address can be reached from this computer alone. Addresses come here checked: `ws://` or
/// `wss://`, a host, perhaps a port, and nothing else.
pub(crate) fn is_here(server: &str) -> bool {
    let Some((_, rest)) = server.trim().split_once("://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    // An IPv6 address has colons of its own, and brackets around them.
    let host = match authority.split_once(']') {
        Some((address, _)) => address.trim_start_matches('['),
        None => authority.split(':').next().unwrap_or_default(),
    };
    is_loopback(&canonical_host(host))
}

/// Whether a server that somebody named stands on their own computer, where we cannot reach it: it calls itself "this computer", and
/// ours is not on this one.
pub(crate) fn is_out_of_reach(via: &str, own: Option<&str>) -> bool {
    is_here(via) && !own.is_some_and(is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_computer_is_here() {
        for here in [
            "ws://127.0.0.1:7670",
            "ws://127.9.9.9",
            "ws://localhost:7670/",
            " ws://LOCALHOST. ",
            "wss://[::1]:7670",
            "ws://[::1]",
            "ws://[::ffff:127.0.0.1]:7670",
        ] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "wss://talk.example.org",
            "wss://localhost.example.org:7670",
            "wss://192.168.0.7:7670",
            "wss://[2001:db8::1]:7670",
            "wss://127.0.0.1.example.org",
            "127.0.0.1",
            "",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn somebody_elses_computer_is_out_of_reach() {
        let (here, far) = ("ws://127.0.0.1:7670", "wss://talk.example.org");
        assert!(is_out_of_reach(here, Some(far)) && is_out_of_reach(here, None));
        assert!(!is_out_of_reach(here, Some(here)));
        assert!(!is_out_of_reach(far, Some(here)) && !is_out_of_reach(far, Some(far)));
    }
}
