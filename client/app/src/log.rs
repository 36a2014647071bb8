//! The log: a few files in the profile's folder. It never holds message text, names or addresses: the rooms that handle
//! those keep them out of their `Debug`, and libraries that would tell addresses are not listened to, unless somebody
//! sets `ORRERY_LOG` to hear them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A file is put aside when it has grown to this.
const MAX_BYTES: u64 = 1024 * 1024;
/// Files kept beside the one being written.
const OLD_FILES: u32 = 3;
/// Kept in memory until a profile is chosen; what comes after is dropped, and said so.
const MAX_EARLY: usize = 64 * 1024;
/// Name of the file being written.
const FILE: &str = "orrery.log";
/// Ours, and what goes wrong in drawing. Network libraries name addresses, so they have no voice.
const FILTER: &str = "off,orrery=info,bevy=warn,wgpu=error,naga=error,winit=error";

enum Target {
    Early(Vec<u8>),
    File { folder: PathBuf, file: File, length: u64 },
    Nowhere,
}

/// Where lines go. Clones write to the same place.
#[derive(Clone)]
pub struct LogFile(Arc<Mutex<Target>>);

impl LogFile {
    /// Begins to listen. Lines are kept in memory until [`LogFile::open`] says where they belong.
    #[must_use]
    pub fn start() -> Self {
        let log = Self(Arc::new(Mutex::new(Target::Early(Vec::new()))));
        let filter = EnvFilter::try_from_env("ORRERY_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
        // Fails only where a subscriber is set already (a test): then that one listens.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(false)
            .with_writer(log.clone())
            .try_init();
        log
    }

    /// From now on lines go to a file in this folder; what was kept so far goes there first. A folder that cannot be
    /// written loses the log and nothing else.
    pub fn open(&self, folder: &Path) {
        let Ok(mut target) = self.0.lock() else { return };
        let early = match &mut *target {
            Target::Early(bytes) => std::mem::take(bytes),
            _ => Vec::new(),
        };
        *target = match open_file(folder) {
            Ok((mut file, length)) => {
                let _ = file.write_all(&early);
                Target::File {
                    folder: folder.to_owned(),
                    file,
                    length: length + early.len() as u64,
                }
            }
            Err(_) => Target::Nowhere,
        };
    }
}

fn open_file(folder: &Path) -> io::Result<(File, u64)> {
    fs::create_dir_all(folder)?;
    let file = OpenOptions::new().create(true).append(true).open(folder.join(FILE))?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// Puts the file aside as number 1, number 1 as number 2, and lets the last one go.
fn rotate(folder: &Path) -> io::Result<File> {
    let name = |n: u32| folder.join(format!("{FILE}.{n}"));
    for n in (1..OLD_FILES).rev() {
        if name(n).exists() {
            fs::rename(name(n), name(n + 1))?;
        }
    }
    fs::rename(folder.join(FILE), name(1))?;
    open_file(folder).map(|(file, _)| file)
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Ok(mut target) = self.0.lock() else {
            return Ok(line.len());
        };
        match &mut *target {
            Target::Early(bytes) if bytes.len() + line.len() <= MAX_EARLY => bytes.extend_from_slice(line),
            Target::Early(_) | Target::Nowhere => {}
            Target::File { folder, file, length } => {
                if *length > MAX_BYTES
                    && let Ok(new) = rotate(folder)
                {
                    *file = new;
                    *length = 0;
                }
                // A full disk must not stop the program: a lost line is no reason to fail.
                let _ = file.write_all(line);
                *length += line.len() as u64;
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_lines_reach_the_file_and_old_files_are_few() {
        let folder = std::env::temp_dir().join(format!("orrery-log-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let mut log = LogFile(Arc::new(Mutex::new(Target::Early(Vec::new()))));
        log.write_all(b"early\n").unwrap();
        log.open(&folder);
        assert_eq!(fs::read(folder.join(FILE)).unwrap(), b"early\n");
        let long = vec![b'x'; 300_000];
        for _ in 0..40 {
            log.write_all(&long).unwrap();
        }
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 1 + OLD_FILES as usize);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_the_log_only() {
        let mut log = LogFile(Arc::new(Mutex::new(Target::Early(Vec::new()))));
        log.open(Path::new("/proc/no/such/folder"));
        log.write_all(b"lost").unwrap();
    }
}
