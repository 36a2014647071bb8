//! Commands from outside: `orrery --trigger talk-toggle` reaches the window that has a profile open, over a local socket
//! that only this person's programs can open.
//!
//! The socket is `orrery/HASH.sock` in the runtime folder of the session (`XDG_RUNTIME_DIR`), or `trigger.sock` in the
//! profile's folder where there is none. One line goes in, the name of a trigger; one comes back, `ok` or `no`. Nothing
//! else is understood, and nothing about the profile can be read from it.

use std::fmt;

use clap::ValueEnum;

/// What can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trigger {
    /// The talk key goes down.
    TalkDown,
    /// The talk key comes up.
    TalkUp,
    /// The talk key goes down, or up if it is down.
    TalkToggle,
    /// Mutes, or unmutes.
    Mute,
    /// Deafens, or hears again.
    Deafen,
}

impl Trigger {
    /// Its name on the command line and on the socket.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TalkDown => "talk-down",
            Self::TalkUp => "talk-up",
            Self::TalkToggle => "talk-toggle",
            Self::Mute => "mute",
            Self::Deafen => "deafen",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A window took it.
    Taken,
    /// Windows are open, and to none of them it means anything now: no call, or no push to talk.
    Meaningless,
    /// No window with an open profile was found.
    Nobody,
}

#[cfg(unix)]
pub use unix::{Listener, send};

#[cfg(not(unix))]
pub use other::{Listener, send};

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, Permissions};
    use std::io::{self, Read, Write};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::{Sent, Trigger};
    use crate::profiles::Profiles;

    /// Folder of the sockets in the runtime folder.
    const FOLDER: &str = "orrery";
    /// The socket in a profile's folder, where the session has no runtime folder.
    const FILE: &str = "trigger.sock";
    /// Longest line that is understood.
    const LONGEST: usize = 16;
    /// Who says nothing for so long is not listened to.
    const PATIENCE: Duration = Duration::from_millis(300);

    /// The runtime folder of this session, if it has one that is this person's own.
    fn runtime() -> Option<PathBuf> {
        let folder = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty())?);
        let ours = |meta: fs::Metadata| meta.is_dir() && meta.mode() & 0o077 == 0;
        fs::metadata(&folder).is_ok_and(ours).then_some(folder)
    }

    /// Tells folders apart in a file's name (FNV-1a, 64 bits). Nothing rests on its strength.
    fn hash(folder: &Path) -> u64 {
        use std::os::unix::ffi::OsStrExt;
        let bytes = folder.as_os_str().as_bytes();
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    fn socket(profile: &Path, runtime: Option<&Path>) -> PathBuf {
        let profile = fs::canonicalize(profile).unwrap_or_else(|_| profile.to_owned());
        match runtime {
            Some(runtime) => runtime.join(FOLDER).join(format!("{:016x}.sock", hash(&profile))),
            None => profile.join(FILE),
        }
    }

    /// Listens until it is dropped.
    #[derive(Debug)]
    pub struct Listener {
        path: PathBuf,
        done: Arc<AtomicBool>,
    }

    impl Listener {
        /// Listens for the profile in this folder. `heard` says whether a trigger meant anything.
        ///
        /// # Errors
        /// Where the socket cannot be made, or another process listens on it.
        pub fn start(profile: &Path, heard: impl Fn(Trigger) -> bool + Send + 'static) -> io::Result<Self> {
            Self::at(socket(profile, runtime().as_deref()), heard)
        }

        fn at(path: PathBuf, heard: impl Fn(Trigger) -> bool + Send + 'static) -> io::Result<Self> {
            if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
                DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
            }
            if UnixStream::connect(&path).is_ok() {
                return Err(io::Error::from(io::ErrorKind::AddrInUse));
            }
            // Left behind by a process that was killed.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            // Its folder lets nobody else in; this holds wherever it is.
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            let done = Arc::new(AtomicBool::new(false));
            let ended = Arc::clone(&done);
            std::thread::Builder::new()
                .name("orrery-trigger".into())
                .spawn(move || {
                    for stream in listener.incoming() {
                        if ended.load(Ordering::Acquire) {
                            return;
                        }
                        match stream {
                            // Who is cut off in between has said nothing.
                            Ok(stream) => drop(answer(stream, &heard)),
                            Err(_) => std::thread::sleep(PATIENCE),
                        }
                    }
                })?;
            Ok(Self { path, done })
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            self.done.store(true, Ordering::Release);
            // Wakes the thread, which then ends. Nobody waits for it.
            drop(UnixStream::connect(&self.path));
            if let Err(error) = fs::remove_file(&self.path) {
                tracing::debug!(kind = ?error.kind(), "the socket for commands stays behind");
            }
        }
    }

    fn answer(mut stream: UnixStream, heard: impl Fn(Trigger) -> bool) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = Vec::with_capacity(LONGEST);
        let mut byte = [0];
        while line.len() < LONGEST && stream.read(&mut byte)? == 1 && byte != *b"\n" {
            line.extend_from_slice(&byte);
        }
        let known = [
            Trigger::TalkDown,
            Trigger::TalkUp,
            Trigger::TalkToggle,
            Trigger::Mute,
            Trigger::Deafen,
        ];
        let trigger = known.into_iter().find(|trigger| trigger.name().as_bytes() == line);
        let taken = trigger.is_some_and(heard);
        stream.write_all(if taken { b"ok\n" } else { b"no\n" })
    }

    /// Tells the window of this profile, or every window of this person that has one open.
    #[must_use]
    pub fn send(trigger: Trigger, profile: Option<&Path>) -> Sent {
        let runtime = runtime();
        let mut sockets = Vec::new();
        match (profile, &runtime) {
            (Some(profile), runtime) => sockets.push(socket(profile, runtime.as_deref())),
            (None, Some(runtime)) => {
                let files = fs::read_dir(runtime.join(FOLDER)).into_iter().flatten().flatten();
                sockets.extend(files.map(|file| file.path()));
            }
            (None, None) => {
                let profiles = Profiles::of_this_person();
                let folders = profiles.iter().flat_map(|profiles| {
                    let entries = profiles.list().into_iter();
                    entries.filter_map(|entry| profiles.folder(&entry.id))
                });
                sockets.extend(folders.map(|folder| folder.join(FILE)));
            }
        }
        sockets
            .iter()
            .filter_map(|socket| tell(trigger, socket).ok())
            .fold(Sent::Nobody, |sent, taken| match (sent, taken) {
                (Sent::Taken, _) | (_, true) => Sent::Taken,
                _ => Sent::Meaningless,
            })
    }

    /// Tells one window; whether it meant anything to it.
    fn tell(trigger: Trigger, socket: &Path) -> io::Result<bool> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{trigger}\n").as_bytes())?;
        let mut said = [0; 3];
        stream.read_exact(&mut said)?;
        Ok(said == *b"ok\n")
    }

    #[cfg(test)]
    mod tests {
        use std::sync::Mutex;

        use clap::ValueEnum;

        use super::*;

        fn folder(name: &str) -> PathBuf {
            let folder = std::env::temp_dir().join(format!("orrery-trigger-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            folder
        }

        #[test]
        fn a_trigger_reaches_the_listener_and_comes_back_with_what_it_meant() {
            let folder = folder("round");
            let path = folder.join(FILE);
            let heard = Arc::new(Mutex::new(Vec::new()));
            let list = Arc::clone(&heard);
            let listener = Listener::at(path.clone(), move |trigger| {
                list.lock().unwrap().push(trigger);
                trigger != Trigger::TalkDown
            })
            .unwrap();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "nobody else may open it");
            for trigger in Trigger::value_variants() {
                assert_eq!(tell(*trigger, &path).unwrap(), *trigger != Trigger::TalkDown);
            }
            assert_eq!(*heard.lock().unwrap(), Trigger::value_variants());
            drop(listener);
            assert!(!path.exists());
            fs::remove_dir_all(folder).unwrap();
        }

        #[test]
        fn nothing_else_is_understood_and_silence_does_not_hold_it_up() {
            let folder = folder("else");
            let path = folder.join(FILE);
            let _listener = Listener::at(path.clone(), |trigger| panic!("{trigger:?}")).unwrap();
            for line in [
                "",
                "\n",
                "quit\n",
                "mute and more than fits\n",
                "MUTE\n",
                "talk-down \n",
            ] {
                let mut stream = UnixStream::connect(&path).unwrap();
                stream.write_all(line.as_bytes()).unwrap();
                stream.shutdown(std::net::Shutdown::Write).unwrap();
                let mut said = String::new();
                // What was too long may be cut off with the connection.
                let _ = stream.read_to_string(&mut said);
                assert_ne!(said, "ok\n", "{line:?}");
            }
            let _silent = UnixStream::connect(&path).unwrap();
            let begun = std::time::Instant::now();
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(b"never\n").unwrap();
            let mut said = String::new();
            let _ = stream.read_to_string(&mut said);
            assert_eq!(said, "no\n");
            assert!(begun.elapsed() < 4 * PATIENCE);
        }

        #[test]
        fn a_second_listener_does_not_take_the_place_and_one_that_was_killed_does_not_hold_it() {
            let folder = folder("second");
            let path = folder.join(FILE);
            let first = Listener::at(path.clone(), |_| true).unwrap();
            let error = Listener::at(path.clone(), |_| false).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            assert!(tell(Trigger::Mute, &path).unwrap(), "the first still listens");
            drop(first);
            // As after a kill: the file is there, and nobody behind it.
            drop(UnixListener::bind(&path).unwrap());
            let _again = Listener::at(path.clone(), |_| true).unwrap();
            assert!(tell(Trigger::Mute, &path).unwrap());
        }

        #[test]
        fn profiles_have_sockets_of_their_own_whose_names_are_short_enough() {
            let runtime = Path::new("/run/user/1000");
            let (a, b) = (folder("a"), folder("b"));
            let sockets = [&a, &b].map(|profile| socket(profile, Some(runtime)));
            assert_ne!(sockets[0], sockets[1]);
            // A socket's path holds 107 bytes.
            assert!(sockets[0].as_os_str().len() < 108);
            assert_eq!(
                socket(&a.join("../").join(a.file_name().unwrap()), Some(runtime)),
                sockets[0]
            );
            assert_eq!(socket(&a, None), fs::canonicalize(&a).unwrap().join(FILE));
        }
    }
}

/// Where programs can hear keys anyway, nobody needs a command for it.
#[cfg(not(unix))]
mod other {
    use std::io;
    use std::path::Path;

    use super::{Sent, Trigger};

    /// Hears nothing here.
    #[derive(Debug)]
    pub struct Listener;

    impl Listener {
        /// Hears nothing here.
        ///
        /// # Errors
        /// Always.
        pub fn start(_profile: &Path, _heard: impl Fn(Trigger) -> bool + Send + 'static) -> io::Result<Self> {
            Err(io::Error::from(io::ErrorKind::Unsupported))
        }
    }

    /// Nobody is reached here.
    #[must_use]
    pub fn send(_trigger: Trigger, _profile: Option<&Path>) -> Sent {
        Sent::Nobody
    }
}
