//! The file that becomes the output, or nothing.
//!
//! Everything is written to a temporary file beside the target and moved over it at the end. At every moment the
//! target is what it was before or the complete new file, and after an error the temporary file is gone. Only a
//! killed process can leave one; its name (`.NAME.skystack-PID-N.tmp`) says whose it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FitsError;
use crate::identity::{folder_of, type_name};

/// Longest name of a file on the file systems in use.
const NAME_BYTES: usize = 255;

/// Numbers temporary files of this process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A temporary file on its way to become the target. Dropped before [`Target::publish`] it disappears.
#[derive(Debug)]
pub(crate) struct Target {
    /// The path given by the caller, for messages.
    path: PathBuf,
    /// Where the file goes: the path, symbolic links resolved.
    destination: PathBuf,
    temporary: PathBuf,
    file: File,
    overwrite: bool,
}

impl Target {
    /// Checks the path and creates the temporary file.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self, FitsError> {
        let destination = destination(path, overwrite)?;
        let (temporary, file) = create_temporary(path, &destination)?;
        Ok(Self { path: path.to_owned(), destination, temporary, file, overwrite })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Makes the content durable and gives it its name.
    pub(crate) fn publish(self) -> Result<(), FitsError> {
        self.file.sync_all().map_err(|e| self.io("flush to disk", e))?;
        if self.overwrite {
            fs::rename(&self.temporary, &self.destination)
                .map_err(|e| self.io("rename the finished file to", e))?;
        } else {
            self.link()?;
        }
        sync_folder(folder_of(&self.destination)).map_err(|e| self.io("flush the folder of", e))
    }

    /// Gives the file its name unless that has been taken since `create`: a hard link never replaces anything,
    /// where a rename would. Dropping removes the temporary name.
    fn link(&self) -> Result<(), FitsError> {
        let exists = || FitsError::Exists { path: self.path.clone() };
        match fs::hard_link(&self.temporary, &self.destination) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
            // Some file systems have no hard links. Checking and renaming leaves a gap of microseconds there.
            Err(_) if fs::symlink_metadata(&self.destination).is_ok() => Err(exists()),
            Err(_) => fs::rename(&self.temporary, &self.destination)
                .map_err(|e| self.io("rename the finished file to", e)),
        }
    }

    #[cold]
    pub(crate) fn io(&self, action: &'static str, source: io::Error) -> FitsError {
        FitsError::io(&self.path, action, source)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove. There is nobody to tell of another failure.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Where an output goes, once the path is known to be usable.
///
/// A symbolic link is followed: what it points to is replaced and the link stays, as with shell redirection, and
/// the temporary file lies in the folder where the data go, so that the rename stays inside one file system.
fn destination(path: &Path, overwrite: bool) -> Result<PathBuf, FitsError> {
    if path.file_name().is_none() {
        return Err(unusable(path, "a folder"));
    }
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(e) => return Err(FitsError::io(path, "examine the output", e)),
        Ok(found) => found,
    };
    let is_link = found.file_type().is_symlink();
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        // To create a file at the far end of a link that leads nowhere is hardly ever what was meant.
        Err(_) if is_link => return Err(unusable(path, "a symbolic link that leads to no file")),
        Err(e) => return Err(FitsError::io(path, "examine the output", e)),
    };
    if !metadata.is_file() {
        return Err(unusable(path, type_name(&metadata)));
    }
    if !overwrite {
        return Err(FitsError::Exists { path: path.to_owned() });
    }
    if is_link {
        return fs::canonicalize(path).map_err(|e| FitsError::io(path, "follow the symbolic link", e));
    }
    Ok(path.to_owned())
}

fn unusable(path: &Path, what: &'static str) -> FitsError {
    FitsError::Target { path: path.to_owned(), what }
}

fn create_temporary(path: &Path, destination: &Path) -> Result<(PathBuf, File), FitsError> {
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = folder_of(destination).join(temporary_name(destination, number));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            // Left by a killed process that had our number; the next name is free.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(FitsError::io(path, "create a temporary file beside", e)),
        }
    }
}

/// `.NAME.skystack-PID-N.tmp`, NAME cut where the whole would be too long for a file name.
fn temporary_name(destination: &Path, number: u64) -> OsString {
    let suffix = format!(".skystack-{}-{number}.tmp", std::process::id());
    let name = destination.file_name().unwrap_or_default().to_string_lossy();
    let mut end = name.len().min(NAME_BYTES - suffix.len() - 1);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!(".{}{suffix}", &name[..end]).into()
}

/// Makes the new name durable. Some systems and folders do not allow it; the file itself is safe by then.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(e) if !matches!(e.kind(), InvalidInput | PermissionDenied | Unsupported) => Err(e),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_recognisable_and_never_too_long() {
        let name = temporary_name(Path::new("/a/out.fits"), 7);
        let expected = format!(".out.fits.skystack-{}-7.tmp", std::process::id());
        assert_eq!(name, OsString::from(expected));
        for long in ["x".repeat(255), "é".repeat(127)] {
            let name = temporary_name(Path::new(&long), u64::MAX);
            assert!(name.len() <= NAME_BYTES && name.len() > NAME_BYTES - 3);
        }
    }
}
