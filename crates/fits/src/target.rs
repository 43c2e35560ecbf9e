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
use crate::identity::{folder_of, node, type_name};

/// Longest name of a file on the file systems in use.
const NAME_BYTES: usize = 255;

/// Numbers temporary files of this process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A temporary file on its way to become the target. Dropped before [`Target::place`] it disappears.
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

    pub(crate) fn destination(&self) -> &Path {
        &self.destination
    }

    pub(crate) fn overwrite(&self) -> bool {
        self.overwrite
    }

    /// Makes the content durable.
    pub(crate) fn flush(&self) -> Result<(), FitsError> {
        self.file.sync_all().map_err(|e| self.io("flush to disk", e))
    }

    /// Fails if [`Target::place`] is bound to fail, as far as that can be seen without changing anything.
    pub(crate) fn check(&self) -> Result<(), FitsError> {
        if let Err(e) = fs::symlink_metadata(&self.temporary) {
            return Err(folder_error(&self.path, &self.destination, "find the temporary file of", e));
        }
        match fs::symlink_metadata(&self.destination) {
            Ok(found) if found.is_dir() => Err(unusable(&self.path, type_name(&found))),
            Ok(_) if !self.overwrite => Err(FitsError::Exists { path: self.path.clone() }),
            _ => Ok(()),
        }
    }

    /// Gives the file its name.
    pub(crate) fn place(&self) -> Result<(), FitsError> {
        if self.overwrite { self.rename() } else { self.link() }
    }

    fn rename(&self) -> Result<(), FitsError> {
        fs::rename(&self.temporary, &self.destination)
            .map_err(|e| folder_error(&self.path, &self.destination, "rename the finished file to", e))
    }

    /// Gives the file its name unless that has been taken since `create`: a hard link never replaces anything,
    /// where a rename would.
    fn link(&self) -> Result<(), FitsError> {
        let exists = || FitsError::Exists { path: self.path.clone() };
        match fs::hard_link(&self.temporary, &self.destination) {
            Ok(()) => {
                // Now, and not only when dropped: the folder is flushed in between.
                let _ = fs::remove_file(&self.temporary);
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
            // Some file systems have no hard links. Checking and renaming leaves a gap of microseconds there.
            Err(_) if fs::symlink_metadata(&self.destination).is_ok() => Err(exists()),
            Err(_) => self.rename(),
        }
    }

    /// Whether the destination is this file, and not one that somebody else has put there since.
    pub(crate) fn in_place(&self) -> bool {
        match (self.file.metadata(), fs::symlink_metadata(&self.destination)) {
            (Ok(ours), Ok(found)) => node(&ours) == node(&found),
            _ => false,
        }
    }

    /// A second name for what is at the destination, in the same folder: `.NAME.skystack-PID-N.old`. `None` where
    /// the file system has no hard links, or refuses one (to a file of another user, for instance).
    pub(crate) fn back_up(&self) -> Option<PathBuf> {
        loop {
            let backup = free_name(&self.destination, "old");
            match fs::hard_link(&self.destination, &backup) {
                Ok(()) => return Some(backup),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => return None,
            }
        }
    }

    /// Makes the name durable.
    pub(crate) fn flush_folder(&self) -> Result<(), FitsError> {
        sync_folder(folder_of(&self.destination)).map_err(|e| self.io("flush the folder of", e))
    }

    #[cold]
    pub(crate) fn io(&self, action: &'static str, source: io::Error) -> FitsError {
        FitsError::io(&self.path, action, source)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Once it is in place there is nothing left to remove. There is nobody to tell of another failure.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Where an output goes, once the path is known to be usable.
///
/// A symbolic link is followed: what it points to is replaced and the link stays, as with shell redirection, and
/// the temporary file lies in the folder where the data go, so that the rename stays inside one file system.
fn destination(path: &Path, overwrite: bool) -> Result<PathBuf, FitsError> {
    check_name(path)?;
    let found = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(e) => return Err(folder_error(path, path, "examine the output", e)),
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

/// `..`, `o.fits/` and `o.fits/.` mean folders. `Path::file_name` overlooks what follows the name, and the system
/// only complains when the finished file is renamed.
fn check_name(path: &Path) -> Result<(), FitsError> {
    let Some(name) = path.file_name() else { return Err(unusable(path, "a folder")) };
    if path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes()) {
        return Ok(());
    }
    Err(unusable(path, if path.is_dir() { "a folder" } else { "the name of a folder (see its end)" }))
}

/// A system error, told as one of the folder where it is.
#[cold]
fn folder_error(path: &Path, destination: &Path, action: &'static str, source: io::Error) -> FitsError {
    let folder = folder_of(destination);
    let what = match source.kind() {
        io::ErrorKind::NotFound if !folder.exists() => "does not exist",
        io::ErrorKind::NotADirectory => "is not a folder",
        _ => return FitsError::io(path, action, source),
    };
    FitsError::Folder { path: path.to_owned(), folder: folder.to_owned(), what, source }
}

/// Why no file can be created in the folder.
#[cold]
fn creation_error(path: &Path, destination: &Path, source: io::Error) -> FitsError {
    let what = match source.kind() {
        io::ErrorKind::PermissionDenied => "is not writable",
        io::ErrorKind::ReadOnlyFilesystem => "is not writable: its file system is read-only",
        _ => return folder_error(path, destination, "create a temporary file beside", source),
    };
    let folder = folder_of(destination).to_owned();
    FitsError::Folder { path: path.to_owned(), folder, what, source }
}

fn create_temporary(path: &Path, destination: &Path) -> Result<(PathBuf, File), FitsError> {
    loop {
        let temporary = free_name(destination, "tmp");
        match create_like(destination, &temporary) {
            Ok(file) => return Ok((temporary, file)),
            // Left by a killed process that had our number; the next name is free.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(creation_error(path, destination, e)),
        }
    }
}

/// A new file with the permission bits of the one that it is to replace. It has no others at any moment, so nobody
/// reads the new content who could not read the old.
#[cfg(unix)]
fn create_like(destination: &Path, temporary: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let Ok(old) = fs::symlink_metadata(destination) else { return options.open(temporary) };
    let mode = old.permissions().mode() & 0o777;
    let file = options.mode(mode).open(temporary)?;
    // The umask has taken bits away. A file system without permissions may refuse this; that is no harm.
    let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    Ok(file)
}

#[cfg(not(unix))]
fn create_like(_: &Path, temporary: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(temporary)
}

/// The next path beside the destination that no other file of this process has.
fn free_name(destination: &Path, ending: &str) -> PathBuf {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    folder_of(destination).join(temporary_name(destination, number, ending))
}

/// `.NAME.skystack-PID-N.ENDING`, NAME cut where the whole would be too long for a file name.
fn temporary_name(destination: &Path, number: u64, ending: &str) -> OsString {
    let suffix = format!(".skystack-{}-{number}.{ending}", std::process::id());
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
    fn folders_that_take_no_files_are_said_to_be_so() {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
        let text = |kind: io::ErrorKind| {
            let error = creation_error(Path::new("out/o.fits"), Path::new("out/o.fits"), kind.into());
            assert_eq!(error.kind(), crate::FitsErrorKind::Io);
            error.to_string()
        };
        let start = "out/o.fits: cannot create the output: the folder out is not writable";
        assert_eq!(text(PermissionDenied), start);
        assert_eq!(text(ReadOnlyFilesystem), format!("{start}: its file system is read-only"));
        assert!(text(StorageFull).starts_with("out/o.fits: cannot create a temporary file beside: "));
    }

    #[test]
    fn temporary_names_are_recognisable_and_never_too_long() {
        let name = temporary_name(Path::new("/a/out.fits"), 7, "tmp");
        let expected = format!(".out.fits.skystack-{}-7.tmp", std::process::id());
        assert_eq!(name, OsString::from(expected));
        for long in ["x".repeat(255), "é".repeat(127)] {
            let name = temporary_name(Path::new(&long), u64::MAX, "old");
            assert!(name.len() <= NAME_BYTES && name.len() > NAME_BYTES - 3);
        }
    }
}
