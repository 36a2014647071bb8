//! A passphrase from a file.

use std::{fs, io, path::Path};

use orrery_link::Passphrase;
use zeroize::Zeroizing;

/// The longest file taken.
const MAX_FILE: u64 = 4096;

/// Reads the first line.
///
/// # Errors
/// Whatever reading says; `InvalidData` for an empty line or a file that is too long to be a passphrase.
pub fn read(path: &Path) -> io::Result<Passphrase> {
    if fs::metadata(path)?.len() > MAX_FILE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "longer than a passphrase can be",
        ));
    }
    let text = Zeroizing::new(fs::read_to_string(path)?);
    let line = text.lines().next().unwrap_or("").to_owned();
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is empty"));
    }
    Ok(Passphrase::new(line))
}
