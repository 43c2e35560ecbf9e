//! Several outputs of one run: all of them, or none.
//!
//! No system renames several files in one step, so this is as close as one gets without a journal:
//!
//! 1. Everything that needs room on the disk is done before, by `FitsWriter::prepare`.
//! 2. All targets are looked at before the first is touched.
//! 3. Before a file is replaced, the old one gets a second name beside it (`.NAME.skystack-PID-N.old`), a hard link:
//!    the target itself is never absent. If a later target fails, the old file is renamed back over the new one, and
//!    a target that did not exist is removed. Nothing is undone where somebody else's file has taken the name since.
//! 4. When all have their names, the second names are removed and the folders are flushed.
//!
//! Where the system refuses hard links there is no second name, and a failure after the second step says which new
//! files stay. A process killed within the third step may leave new files beside old ones, and second names, for
//! the microseconds that the renames take.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::FitsError;
use crate::identity::folder_of;
use crate::positioned::write_all_at;
use crate::target::Target;

/// A complete output, safe on disk, that lacks only its name; it comes from
/// [`FitsWriter::prepare`](crate::FitsWriter::prepare). Dropped unpublished, it disappears.
#[derive(Debug)]
#[must_use = "dropping it removes the file"]
pub struct PreparedFile {
    target: Target,
}

impl PreparedFile {
    /// Flushes the complete file to disk.
    pub(crate) fn new(target: Target) -> Result<Self, FitsError> {
        target.flush()?;
        Ok(Self { target })
    }

    /// The path it will have, as given by the caller.
    pub fn path(&self) -> &Path {
        self.target.path()
    }

    /// Gives the file its name; nothing is written. After an error the target is as it was and the temporary file
    /// is gone, with one exception: if only flushing the folder fails, the file has its name.
    ///
    /// # Errors
    ///
    /// `Exists` if the output has appeared in the meantime and may not be overwritten; `Parameter` if it has become
    /// a folder; `Io`.
    pub fn publish(self) -> Result<(), FitsError> {
        publish_all(vec![self])
    }
}

/// A file of any other content that appears together with outputs, or not at all: a report, for instance.
///
/// ```
/// use skystack_fits::PlainFile;
/// let path = std::env::temp_dir().join(format!("skystack-doc-plain-{}.json", std::process::id()));
/// let file = PlainFile::create(&path, false)?;
/// assert!(!path.exists());
/// file.prepare(b"{}\n")?.publish()?;
/// assert_eq!(std::fs::read(&path).unwrap(), b"{}\n");
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
#[derive(Debug)]
#[must_use = "dropping it removes the file"]
pub struct PlainFile {
    target: Target,
}

impl PlainFile {
    /// Checks the path and makes a temporary file beside it.
    ///
    /// # Errors
    ///
    /// Those of [`FitsWriter::create`](crate::FitsWriter::create) that are about the path.
    pub fn create(path: impl AsRef<Path>, overwrite: bool) -> Result<Self, FitsError> {
        Ok(Self { target: Target::create(path.as_ref(), overwrite)? })
    }

    /// Completes the file except for its name.
    ///
    /// # Errors
    ///
    /// `Io`, if the disk is full for instance; the temporary file is gone then.
    pub fn prepare(self, content: &[u8]) -> Result<PreparedFile, FitsError> {
        write_all_at(self.target.file(), content, 0).map_err(|e| self.target.io("write", e))?;
        PreparedFile::new(self.target)
    }
}

/// Gives several files their names, in order; if one fails, those before it are undone.
///
/// After an error every target is as it was and no temporary file is left, except that
/// [`FitsError::PartlyPublished`] names targets which could not be restored (where the system allows no hard links;
/// all targets are checked before the first is touched, so this takes a change in between). If only flushing a
/// folder fails, all files have their names. See [`PreparedFile::publish`] for one file.
///
/// # Errors
///
/// As for [`PreparedFile::publish`], about the first file that failed.
///
/// # Examples
///
/// ```
/// use skystack_fits::{Bitpix, FitsWriter, Header, ImageSpec, publish_all};
///
/// let folder = std::env::temp_dir();
/// let paths = ["a", "b"].map(|n| folder.join(format!("skystack-doc-{n}-{}.fits", std::process::id())));
/// let spec = ImageSpec { bitpix: Bitpix::U8, axes: vec![1], header: Header::new() };
/// let mut prepared = Vec::new();
/// for path in &paths {
///     let mut writer = FitsWriter::create(path, &spec, false)?;
///     writer.write_rows(0, 0, &[7_u8])?;
///     prepared.push(writer.prepare(Header::new())?);
/// }
/// assert!(paths.iter().all(|path| !path.exists()));
/// publish_all(prepared)?;
/// assert!(paths.iter().all(|path| path.exists()));
/// # paths.iter().for_each(|path| std::fs::remove_file(path).unwrap());
/// # Ok::<(), skystack_fits::FitsError>(())
/// ```
pub fn publish_all(files: Vec<PreparedFile>) -> Result<(), FitsError> {
    for file in &files {
        file.target.check()?;
    }
    place_all(&files)?;
    flush_folders(&files)
}

/// What was at a destination before.
#[derive(Debug)]
enum Before {
    Nothing,
    /// A file, which still has this second name.
    Kept(PathBuf),
    /// A file without a second name.
    Lost,
}

impl Before {
    fn of(target: &Target) -> Self {
        // What may not be overwritten is there only if nothing was.
        if !target.overwrite() || fs::symlink_metadata(target.destination()).is_err() {
            return Self::Nothing;
        }
        target.back_up().map_or(Self::Lost, Self::Kept)
    }

    fn discard(&self) {
        if let Self::Kept(backup) = self {
            let _ = fs::remove_file(backup);
        }
    }

    /// Puts it back; whether the destination is as it was.
    fn restore(&self, target: &Target) -> bool {
        if !target.in_place() {
            // Somebody else's file has the name now: theirs is the later word.
            self.discard();
            return true;
        }
        match self {
            Self::Nothing => fs::remove_file(target.destination()).is_ok(),
            // The backup is never discarded when this fails: it is the only copy then.
            Self::Kept(backup) => fs::rename(backup, target.destination()).is_ok(),
            Self::Lost => false,
        }
    }
}

fn place_all(files: &[PreparedFile]) -> Result<(), FitsError> {
    let mut placed: Vec<(&Target, Before)> = Vec::with_capacity(files.len());
    for (i, PreparedFile { target }) in files.iter().enumerate() {
        // After the last one nothing can fail for which it would have to be undone.
        let before = if i + 1 == files.len() { Before::Lost } else { Before::of(target) };
        if let Err(error) = target.place() {
            before.discard();
            return Err(undo(&placed, error));
        }
        placed.push((target, before));
    }
    placed.iter().for_each(|(_, before)| before.discard());
    Ok(())
}

/// Undoes all, the last one first, since two may have the same destination; the error to report.
#[cold]
fn undo(placed: &[(&Target, Before)], error: FitsError) -> FitsError {
    let mut paths = Vec::new();
    for (target, before) in placed.iter().rev() {
        if !before.restore(target) {
            paths.push(target.path().to_owned());
        }
        // The error at hand says more than one from here would.
        let _ = target.flush_folder();
    }
    if paths.is_empty() { error } else { FitsError::PartlyPublished { paths, source: Box::new(error) } }
}

/// Flushes every folder once.
fn flush_folders(files: &[PreparedFile]) -> Result<(), FitsError> {
    let mut done: Vec<&Path> = Vec::new();
    for PreparedFile { target } in files {
        let folder = folder_of(target.destination());
        if !done.contains(&folder) {
            target.flush_folder()?;
            done.push(folder);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn prepared(path: &Path) -> PreparedFile {
        let target = Target::create(path, true).unwrap();
        target.file().write_all(b"new").unwrap();
        PreparedFile::new(target).unwrap()
    }

    /// What the check before publishing cannot see: a change between the check and the renames.
    #[test]
    fn what_was_published_before_a_failure_is_undone() {
        let folder = std::env::temp_dir().join(format!("skystack-fits-publish-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let [old, new, bad] = ["old", "new", "bad"].map(|name| folder.join(name));
        fs::write(&old, b"old").unwrap();
        let files = [prepared(&old), prepared(&new), prepared(&bad)];
        fs::create_dir(&bad).unwrap();
        let error = place_all(&files).unwrap_err();
        assert!(error.to_string().contains("bad: cannot rename"), "{error}");
        drop(files);
        assert_eq!(fs::read(&old).unwrap(), b"old");
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["bad", "old"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_undone_is_named_and_what_is_not_ours_is_left() {
        let folder = std::env::temp_dir().join(format!("skystack-fits-undo-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let [ours, theirs] = ["ours", "theirs"].map(|name| folder.join(name));
        let files = [prepared(&ours), prepared(&theirs)];
        files.iter().for_each(|file| file.target.place().unwrap());
        let replaced = Before::Lost;
        fs::write(folder.join("x"), b"theirs").unwrap();
        fs::rename(folder.join("x"), &theirs).unwrap();
        let cause = FitsError::Exists { path: "c".into() };
        let error = undo(&[(&files[0].target, replaced), (&files[1].target, Before::Nothing)], cause);
        assert!(matches!(&error, FitsError::PartlyPublished { paths, .. } if *paths == [ours.clone()]));
        assert_eq!(error.kind(), crate::FitsErrorKind::Exists);
        let end = format!("; published already and not undone: {}", ours.display());
        assert!(error.to_string().ends_with(&end), "{error}");
        #[cfg(unix)]
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        fs::remove_dir_all(&folder).unwrap();
    }
}
