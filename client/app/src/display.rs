//! Whether there is a display at all, asked before anything is started: the window library would only panic.

/// Exit code of `orrery` when there is no display. `./dev` falls back on it.
pub const EXIT_NO_DISPLAY: u8 = 3;
/// Exit code of `orrery` when the window could not be made for another reason (no graphics adapter …).
pub const EXIT_NO_WINDOW: u8 = 4;

/// A display can be reached.
#[cfg(not(all(unix, not(target_os = "macos"))))]
#[must_use]
pub fn is_there() -> bool {
    true
}

/// A Wayland or X11 display can be reached.
#[cfg(all(unix, not(target_os = "macos")))]
#[must_use]
pub fn is_there() -> bool {
    wayland() || x11()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn wayland() -> bool {
    use std::path::PathBuf;
    if std::env::var_os("WAYLAND_SOCKET").is_some() {
        return true;
    }
    let Some(name) = std::env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty()) else {
        return false;
    };
    let path = PathBuf::from(&name);
    let socket = if path.is_absolute() {
        path
    } else {
        let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR") else {
            return false;
        };
        PathBuf::from(folder).join(path)
    };
    std::os::unix::net::UnixStream::connect(socket).is_ok()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn x11() -> bool {
    use std::net::ToSocketAddrs;
    let Ok(display) = std::env::var("DISPLAY") else {
        return false;
    };
    let Some((host, number)) = split_display(&display) else {
        return false;
    };
    if host.is_empty() || host == "unix" {
        return local_x11(number);
    }
    let Some(port) = number.checked_add(6000) else {
        return false;
    };
    let within = std::time::Duration::from_secs(3);
    (host, port)
        .to_socket_addrs()
        .is_ok_and(|mut all| all.any(|to| std::net::TcpStream::connect_timeout(&to, within).is_ok()))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn local_x11(number: u16) -> bool {
    let path = format!("/tmp/.X11-unix/X{number}");
    if std::os::unix::net::UnixStream::connect(&path).is_ok() {
        return true;
    }
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        if let Ok(address) = std::os::unix::net::SocketAddr::from_abstract_name(&path) {
            return std::os::unix::net::UnixStream::connect_addr(&address).is_ok();
        }
    }
    false
}

/// `host:number.screen` into host and number.
#[cfg(all(unix, not(target_os = "macos")))]
fn split_display(display: &str) -> Option<(&str, u16)> {
    let (host, rest) = display.rsplit_once(':')?;
    let number = rest.split('.').next()?;
    Some((host, number.parse().ok()?))
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_a_host_a_number_and_a_screen() {
        assert_eq!(split_display(":77"), Some(("", 77)));
        assert_eq!(split_display(":0.1"), Some(("", 0)));
        assert_eq!(split_display("far.example:10.0"), Some(("far.example", 10)));
        assert_eq!(split_display("77"), None);
        assert_eq!(split_display(":x"), None);
    }
}
