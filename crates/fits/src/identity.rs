//! Knowing a file again: opening regular files only, and noticing that one has changed.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Change, FitsError, Unsupported};

/// What identifies the content of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) bytes: u64,
    modified: Option<SystemTime>,
    // Device and inode: a file renamed over the old one may have its size and, copied with its times, its time.
    node: Option<(u64, u64)>,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok(), node: node(metadata) }
    }

    /// How `now` differs from what was found at open.
    fn change(&self, now: &Self) -> Option<Change> {
        if self.node != now.node {
            Some(Change::Replaced)
        } else if self.bytes != now.bytes {
            Some(Change::Size { was: self.bytes, now: now.bytes })
        } else if self.modified != now.modified {
            Some(Change::ModificationTime)
        } else {
            None
        }
    }

    /// Fails unless `metadata` is that of the same, unchanged file.
    pub(crate) fn check(&self, path: &Path, metadata: &Metadata) -> Result<(), FitsError> {
        match self.change(&Self::of(metadata)) {
            None => Ok(()),
            Some(change) => Err(FitsError::Changed { path: path.to_owned(), change }),
        }
    }
}

/// Opens a regular file for reading.
///
/// The type is looked up before opening, because opening a FIFO blocks until someone writes to it; and again
/// after it, because the name may have been given to something else in between.
pub(crate) fn open_regular(path: &Path) -> Result<(File, Identity), FitsError> {
    let metadata = fs::metadata(path).map_err(|e| FitsError::io(path, "find", e))?;
    regular(path, &metadata)?;
    let file = File::open(path).map_err(|e| FitsError::io(path, "open", e))?;
    let metadata = file.metadata().map_err(|e| FitsError::io(path, "examine", e))?;
    regular(path, &metadata)?;
    Ok((file, Identity::of(&metadata)))
}

fn regular(path: &Path, metadata: &Metadata) -> Result<(), FitsError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(FitsError::Unsupported {
        path: path.to_owned(),
        hdu: None,
        what: Unsupported::NotARegularFile(type_name(metadata)),
    })
}

/// What a path is, in words, for messages.
pub(crate) fn type_name(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() {
        return "a folder";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a FIFO";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    "not a regular file"
}

/// Device and inode, where the system has such.
#[cfg(unix)]
pub(crate) fn node(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
pub(crate) fn node(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether two paths name one file: through links, or before it exists by folder and name.
///
/// A program that must not overwrite its inputs asks this of every input and output. A path that cannot be
/// examined is the same as none.
///
/// # Examples
///
/// ```
/// let here = std::path::Path::new("Cargo.toml");
/// assert!(skystack_fits::same_file(here, &std::path::Path::new(".").join(here)));
/// assert!(!skystack_fits::same_file(here, std::path::Path::new("no such file")));
/// ```
pub fn same_file(a: &Path, b: &Path) -> bool {
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(x), Ok(y)) => match (node(&x), node(&y)) {
            (Some(x), Some(y)) => x == y,
            _ => matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(x), Ok(y)) if x == y),
        },
        (Err(_), Err(_)) => matches!((future_path(a), future_path(b)), (Ok(x), Ok(y)) if x == y),
        _ => false,
    }
}

/// Where a file that does not exist yet would be.
fn future_path(path: &Path) -> io::Result<std::path::PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(fs::canonicalize(folder_of(path))?.join(name))
}

/// The folder that holds `path`; "." where the path is a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
