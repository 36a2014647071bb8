//! Opening folders in the desktop's file manager.

use std::path::Path;
use std::process::{Command, Stdio};

/// Opens a folder in the file manager.
///
/// # Errors
/// When the desktop's opener cannot be started.
pub fn folder(path: &Path) -> std::io::Result<()> {
    let program = if cfg!(target_os = "windows") {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut child = Command::new(program)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // Somebody has to wait for it, or it stays as a zombie; it is not this thread's business how long that takes.
    std::thread::Builder::new()
        .name("orrery-opener".into())
        .spawn(move || child.wait())?;
    Ok(())
}
