//! One profile, one process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use crate::{StoreError, file};

/// Holds the profile's `lock` file until dropped, or until the process is gone in whatever way: the operating system
/// lets go of it, so a crash leaves nothing to clean up. The file itself stays; deleting it would let two in.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock at `path`, without waiting.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another holds it; [`StoreError::ReadOnly`] and the like when the file cannot be made.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        file::private(&mut options);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}
