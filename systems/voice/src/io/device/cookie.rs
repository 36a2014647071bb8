//! The cookie that PulseAudio's protocol wants from every client.
//!
//! The service checks it only where it cannot tell by the socket who is there, but refuses a greeting without 256 bytes of one, and so
//! does PipeWire's. Every client made with libpulse writes the file where it is missing; the client under cpal only reads it, and
//! where no other program has made a sound yet (a fresh computer, a sandbox with a home of its own) it would be turned away, and
//! sound would take the long way through ALSA.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Length of a cookie in bytes (`PA_NATIVE_COOKIE_LENGTH`).
const LENGTH: usize = 256;

/// Makes sure that there is a cookie. Where one cannot be written, the connection fails and says so itself.
pub(super) fn provide() {
    let named = std::env::var_os("PULSE_COOKIE").is_some_and(|path| Path::new(&path).exists());
    if let (false, Some(home)) = (named, std::env::home_dir())
        && let Err(error) = provide_in(&home)
    {
        tracing::info!(%error, "no cookie for the sound service");
    }
}

fn provide_in(home: &Path) -> std::io::Result<()> {
    let folder = home.join(".config/pulse");
    let path = folder.join("cookie");
    if path.exists() || home.join(".pulse-cookie").exists() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    // A service that starts later takes this file for its own secret: nobody may be able to guess it.
    let mut cookie = [0; LENGTH];
    getrandom::fill(&mut cookie).map_err(std::io::Error::other)?;
    // Written beside it and moved: another program must never read half of it. `link` takes nothing that is there already.
    let draft = folder.join(format!("cookie.{}", std::process::id()));
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(&cookie))
        .and_then(|()| std::fs::hard_link(&draft, &path));
    let _ = std::fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_missing_cookie_is_made_once_and_for_its_owner_alone() {
        let home = std::env::temp_dir().join(format!("orrery-voice-cookie-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let path = home.join(".config/pulse/cookie");

        provide_in(&home).unwrap();
        let first = std::fs::read(&path).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((first.len(), mode(&path)), (LENGTH, 0o600));
        assert_ne!(first, [0; LENGTH]);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

        provide_in(&home).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);

        std::fs::remove_file(&path).unwrap();
        std::fs::write(home.join(".pulse-cookie"), [7; LENGTH]).unwrap();
        provide_in(&home).unwrap();
        assert!(!path.exists());
        std::fs::remove_dir_all(&home).unwrap();
    }
}
