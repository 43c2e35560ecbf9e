//! Names of input frames as a command line gives them: files, lists, wildcards.
//!
//! ```no_run
//! let args = ["first.fits".into(), "@night1.txt".into(), "dark*.fits".into()];
//! for frame in skystack::inputs::expand(&args)? {
//!     println!("{}", frame.display());
//! }
//! # Ok::<(), skystack::inputs::InputsError>(())
//! ```

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a list of inputs cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// A list file that cannot be read.
    #[error("{}: cannot read this list of inputs: {source}", path.display())]
    List {
        /// The list file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A list file whose bytes are not UTF-8 text.
    #[error("{}: line {line} is no text (found bytes that are not UTF-8), needed one input a line", path.display())]
    ListText {
        /// The list file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A list file that names nothing.
    #[error("{}: this list names no input, needed one input a line", path.display())]
    EmptyList {
        /// The list file.
        path: PathBuf,
    },
    /// A wildcard that fits no file.
    #[error("{pattern}: no file fits this pattern, needed at least one")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// A wildcard that cannot be understood.
    #[error("{pattern}: not a pattern: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that cannot be searched.
    #[error("{pattern}: cannot search {}: {source}", path.display())]
    Search {
        /// The pattern.
        pattern: String,
        /// The folder or file in question.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nothing was given at all.
    #[error("no input was given, needed at least one FITS file")]
    Nothing,
}

/// Expands `args` to the names of frames, in the order given.
///
/// - `f.fits`, `f.fits[2]`, `f.fits[SCI,1]`: itself. Whether it exists is for the reader to say.
/// - `@list.txt`: one input a line. Lines that start with `#`, and what follows a `#` after white space, are comments;
///   blank lines, a byte order mark and CRLF line ends are fine. Relative names are relative to the current folder, as
///   IRAF has it. A list holds names, no wildcards and no further lists.
/// - a pattern of `*`, `?` and `[a-z]`: all files that fit, sorted by name, without hidden ones; with an extension at its
///   end (`*.fits[1]`) that extension of each.
///
/// A file that really has the name given, wildcards, brackets or `@` included, wins over all of that.
///
/// # Errors
/// A list that cannot be read or names nothing, a pattern that fits nothing; the message names it.
pub fn expand(args: &[OsString]) -> Result<Vec<PathBuf>, InputsError> {
    let mut frames = Vec::new();
    for arg in args {
        if exists(Path::new(arg)) {
            frames.push(PathBuf::from(arg));
        } else if let Some(list) = after_at(arg) {
            frames.extend(read_list(Path::new(&list))?);
        } else {
            frames.extend(expand_pattern(arg)?);
        }
    }
    if frames.is_empty() { Err(InputsError::Nothing) } else { Ok(frames) }
}

/// Is something there? A name that cannot be looked up (no permission) counts: the reader has the better message.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn after_at(arg: &OsStr) -> Option<OsString> {
    // A list whose name is no text is left to the reader as it is: there is no safe way to take the @ off it.
    arg.to_str()?.strip_prefix('@').map(OsString::from)
}

fn read_list(path: &Path) -> Result<Vec<PathBuf>, InputsError> {
    let bytes = fs::read(path).map_err(|source| InputsError::List { path: path.to_owned(), source })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut frames = Vec::new();
    for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let no_text = |_| InputsError::ListText { path: path.to_owned(), line: number + 1 };
        let line = std::str::from_utf8(line).map_err(no_text)?;
        frames.extend(listed(line));
    }
    if frames.is_empty() { Err(InputsError::EmptyList { path: path.to_owned() }) } else { Ok(frames) }
}

/// The input that a line of a list names.
fn listed(line: &str) -> Option<PathBuf> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    if exists(Path::new(line)) {
        return Some(line.into());
    }
    let comment = line.char_indices().zip(line.chars().skip(1));
    let end =
        comment.filter(|((_, before), c)| before.is_whitespace() && *c == '#').map(|((at, _), _)| at).next();
    Some(line[..end.unwrap_or(line.len())].trim_end().into())
}

fn expand_pattern(arg: &OsStr) -> Result<Vec<PathBuf>, InputsError> {
    // Wildcards are looked for in text only; any other name is taken as it is.
    let Some(pattern) = arg.to_str() else { return Ok(vec![arg.into()]) };
    let extension = extension_at(pattern);
    let (base, suffix) = pattern.split_at(extension.unwrap_or(pattern.len()));
    if !base.contains(['*', '?', '[']) {
        // `f.fits`, `f.fits[2]`: an ordinary name, unless the bracket is a class of characters that fits something.
        let found = if suffix.is_empty() { Vec::new() } else { matches(pattern).unwrap_or_default() };
        let plain = found.is_empty() || exists(Path::new(base));
        return Ok(if plain { vec![arg.into()] } else { found });
    }
    let mut found = matches(pattern)?;
    if found.is_empty() && !suffix.is_empty() {
        found = matches(base)?.into_iter().map(|path| with_suffix(path, suffix)).collect();
    }
    if found.is_empty() { Err(InputsError::NoMatch { pattern: pattern.to_owned() }) } else { Ok(found) }
}

/// Where the `[...]` at the end of a name begins.
fn extension_at(name: &str) -> Option<usize> {
    name.strip_suffix(']')?.rfind('[').filter(|&at| at > 0)
}

fn with_suffix(path: PathBuf, suffix: &str) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(suffix);
    name.into()
}

/// Files that fit a pattern, sorted by name.
fn matches(pattern: &str) -> Result<Vec<PathBuf>, InputsError> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
    let pattern_error = |error: glob::PatternError| InputsError::Pattern {
        pattern: pattern.to_owned(),
        reason: error.msg.to_owned(),
    };
    let mut found = Vec::new();
    for path in glob::glob_with(pattern, options).map_err(pattern_error)? {
        let path = path.map_err(|error| InputsError::Search {
            pattern: pattern.to_owned(),
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        found.extend((!path.is_dir()).then_some(path));
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[&str]) -> Self {
            let path = std::env::temp_dir().join(format!("skystack-inputs-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            for file in files {
                fs::write(path.join(file), b"").unwrap();
            }
            Self(path)
        }

        fn arg(&self, name: &str) -> OsString {
            self.0.join(name).into_os_string()
        }

        fn list(&self, text: &str) -> OsString {
            fs::write(self.0.join("list.txt"), text).unwrap();
            let mut arg = OsString::from("@");
            arg.push(self.arg("list.txt"));
            arg
        }

        fn names(&self, args: &[OsString]) -> Vec<String> {
            let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            expand(args).unwrap().into_iter().map(name).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn plain_names_keep_their_order_and_need_not_exist() {
        let args = ["b.fits", "a.fits", "nowhere.fits[2]", "x.fits[SCI,1]", "b.fits"].map(OsString::from);
        let expected: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
        assert_eq!(expand(&args).unwrap(), expected);
    }

    #[test]
    fn a_pattern_gives_its_files_sorted_without_hidden_ones() {
        let folder = Folder::new("glob", &["b2.fits", "a10.fits", "a2.fits", ".a3.fits", "a1.txt"]);
        assert_eq!(folder.names(&[folder.arg("*.fits")]), ["a10.fits", "a2.fits", "b2.fits"]);
        assert_eq!(folder.names(&[folder.arg("?2.fits")]), ["a2.fits", "b2.fits"]);
        assert_eq!(folder.names(&[folder.arg("[b-z]*")]), ["b2.fits"]);
        assert_eq!(folder.names(&[folder.arg("b?.fits"), folder.arg("a1?.fits")]), ["b2.fits", "a10.fits"]);
    }

    #[test]
    fn an_extension_after_a_pattern_goes_to_every_file() {
        let folder = Folder::new("ext", &["a.fits", "b.fits"]);
        assert_eq!(folder.names(&[folder.arg("*.fits[SCI,1]")]), ["a.fits[SCI,1]", "b.fits[SCI,1]"]);
    }

    #[test]
    fn a_file_of_the_very_name_wins() {
        let folder = Folder::new("literal", &["a*.fits", "ab.fits", "f[1].fits", "f1.fits", "g.fits[2]"]);
        assert_eq!(folder.names(&[folder.arg("a*.fits")]), ["a*.fits"]);
        assert_eq!(folder.names(&[folder.arg("f[1].fits")]), ["f[1].fits"]);
        assert_eq!(folder.names(&[folder.arg("g.fits[2]")]), ["g.fits[2]"]);
    }

    #[test]
    fn brackets_at_the_end_are_an_extension_when_the_file_is_there() {
        let folder = Folder::new("bracket", &["img", "img1", "dark2"]);
        assert_eq!(folder.names(&[folder.arg("img[1]")]), ["img[1]"]);
        assert_eq!(folder.names(&[folder.arg("dark[0-9]")]), ["dark2"]);
    }

    #[test]
    fn a_list_may_come_from_any_editor() {
        let folder = Folder::new("list", &[]);
        let list = folder.list("\u{feff}# night 1\r\nb.fits\r\n\r\n  a.fits[1]  # clouds\r\nodd#name.fits\r\n#c.fits\r\nx y.fits");
        let expected = ["b.fits", "a.fits[1]", "odd#name.fits", "x y.fits"].map(PathBuf::from);
        assert_eq!(expand(&[list]).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let folder = Folder::new("wrong", &["a.fits"]);
        let message = |arg: OsString| expand(&[arg]).unwrap_err().to_string();
        assert!(
            message(folder.arg("z*.fits"))
                .ends_with("z*.fits: no file fits this pattern, needed at least one")
        );
        assert!(message(folder.list("# nothing\n\n")).contains("list.txt: this list names no input"));
        assert!(message("@no-such-list.txt".into()).contains("no-such-list.txt: cannot read this list"));
        assert!(message(folder.arg("a***.fits")).contains("not a pattern"));
        assert!(expand(&[]).unwrap_err().to_string().contains("no input was given"));
        fs::write(folder.0.join("list.txt"), b"a.fits\n\xff\xfe\n").unwrap();
        let mut list = OsString::from("@");
        list.push(folder.arg("list.txt"));
        assert!(message(list).contains("line 2 is no text"));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_taken_as_it_is() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"\xff*.fits".to_vec());
        assert_eq!(expand(std::slice::from_ref(&odd)).unwrap(), [PathBuf::from(odd)]);
    }
}
