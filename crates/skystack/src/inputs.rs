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
use std::path::{Component, Path, PathBuf};

use skystack_fits::InputPath;

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
    /// An argument that holds no name.
    #[error("input {found:?} holds no name, needed a FITS file, @LIST or a pattern")]
    NoName {
        /// The argument.
        found: String,
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
/// - a pattern of `*`, `?` and `[a-z]`: all files that fit, sorted by name, without hidden ones and without names that are
///   not UTF-8; with an extension at its end (`*.fits[1]`) that extension of each.
///
/// A file that really has the name given, wildcards, brackets or `@` included, wins over all of that.
///
/// # Errors
/// A list that cannot be read or names nothing, a pattern that fits nothing; the message names it.
pub fn expand(args: &[OsString]) -> Result<Vec<PathBuf>, InputsError> {
    let mut frames = Vec::new();
    for arg in args {
        if is_file_or_extension(arg) {
            frames.push(PathBuf::from(arg));
        } else if arg.is_empty() || arg == "@" {
            return Err(InputsError::NoName { found: arg.to_string_lossy().into_owned() });
        } else if let Some(list) = after_at(arg) {
            frames.extend(read_list(Path::new(&list))?);
        } else {
            frames.extend(expand_pattern(arg)?);
        }
    }
    if frames.is_empty() { Err(InputsError::Nothing) } else { Ok(frames) }
}

/// The list file that `arg` stands for, if it is one (`@list.txt`) as [`expand`] takes it.
///
/// ```
/// use std::path::PathBuf;
/// assert_eq!(skystack::inputs::list(&"@dark.txt".into()), Some(PathBuf::from("dark.txt")));
/// assert_eq!(skystack::inputs::list(&"dark.fits".into()), None);
/// ```
pub fn list(arg: &OsString) -> Option<PathBuf> {
    if is_file_or_extension(arg) { None } else { after_at(arg).map(PathBuf::from) }
}

/// Is `arg` a file, or an extension of one? Its name may hold brackets, before those of the extension too.
fn is_file_or_extension(arg: &OsStr) -> bool {
    exists(Path::new(arg)) || exists(&InputPath::parse(arg).path)
}

/// Is something there? A name that cannot be looked up (no permission) counts: the reader has the better message.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

fn after_at(arg: &OsStr) -> Option<OsString> {
    os_string(arg.as_encoded_bytes().strip_prefix(b"@")?)
}

/// A name of the system from bytes of one; `None` where the system's names are text and the bytes are not.
#[cfg(unix)]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;
    Some(OsStr::from_bytes(bytes).to_owned())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Option<OsString> {
    std::str::from_utf8(bytes).ok().map(OsString::from)
}

fn read_list(path: &Path) -> Result<Vec<PathBuf>, InputsError> {
    let bytes = fs::read(path).map_err(|source| InputsError::List { path: path.to_owned(), source })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut frames = Vec::new();
    for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let no_text = || InputsError::ListText { path: path.to_owned(), line: number + 1 };
        let Some(line) = entry(line) else { continue };
        frames.push(os_string(line).ok_or_else(no_text)?.into());
    }
    if frames.is_empty() { Err(InputsError::EmptyList { path: path.to_owned() }) } else { Ok(frames) }
}

/// The part of a line of a list that names an input.
fn entry(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    if os_string(line).is_some_and(|name| exists(Path::new(&name))) {
        return Some(line);
    }
    let comment = line.windows(2).position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'#');
    Some(line[..comment.unwrap_or(line.len())].trim_ascii_end())
}

fn expand_pattern(arg: &OsStr) -> Result<Vec<PathBuf>, InputsError> {
    let bytes = arg.as_encoded_bytes();
    let at = extension_at(bytes).unwrap_or(bytes.len());
    // A pattern is text. What is none is a plain name, and whether it exists is for the reader to say.
    let (Some(base), Some(suffix), true) =
        (os_string(&bytes[..at]), os_string(&bytes[at..]), is_pattern(arg))
    else {
        return Ok(vec![arg.into()]);
    };
    let found = matches(arg);
    if suffix.is_empty() || found.as_ref().is_ok_and(|found| !found.is_empty()) {
        return found.and_then(|found| at_least_one(arg, found));
    }
    if !has_wildcards(&base) {
        // `f.fits[2]`: an ordinary name, for the bracket is no class of characters that fits something.
        return Ok(vec![arg.into()]);
    }
    let found = matches(&base)?.into_iter().map(|path| with_suffix(path, &suffix)).collect();
    at_least_one(arg, found)
}

fn at_least_one(pattern: &OsStr, found: Vec<PathBuf>) -> Result<Vec<PathBuf>, InputsError> {
    if found.is_empty() { Err(InputsError::NoMatch { pattern: lossy(pattern) }) } else { Ok(found) }
}

fn lossy(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

fn has_wildcards(name: &OsStr) -> bool {
    name.as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte))
}

/// Does it have wildcards, all of them in components that are text?
fn is_pattern(name: &OsStr) -> bool {
    let mut wild = Path::new(name).components().map(Component::as_os_str).filter(|part| has_wildcards(part));
    has_wildcards(name) && wild.all(|part| part.to_str().is_some())
}

/// Where the `[...]` at the end of a name begins.
fn extension_at(name: &[u8]) -> Option<usize> {
    name.strip_suffix(b"]")?.iter().rposition(|&byte| byte == b'[').filter(|&at| at > 0)
}

fn with_suffix(path: PathBuf, suffix: &OsStr) -> PathBuf {
    let mut name = path.into_os_string();
    name.push(suffix);
    name.into()
}

/// Files that fit a pattern, sorted by name.
///
/// Folders are listed here and names fitted one by one: `glob::glob` panics where a folder holds a name that is not UTF-8.
fn matches(pattern: &OsStr) -> Result<Vec<PathBuf>, InputsError> {
    let mut found = vec![PathBuf::new()];
    for part in Path::new(pattern).components().map(Component::as_os_str) {
        let Some(text) = part.to_str().filter(|_| has_wildcards(part)) else {
            found.iter_mut().for_each(|path| path.push(part));
            continue;
        };
        let wild = glob::Pattern::new(text).map_err(|error| InputsError::Pattern {
            pattern: lossy(pattern),
            reason: error.msg.to_owned(),
        })?;
        let search = |folder: &PathBuf| {
            fitting(folder, &wild).map_err(|source| InputsError::Search {
                pattern: lossy(pattern),
                path: folder.clone(),
                source,
            })
        };
        let deeper: Result<Vec<_>, _> = found.iter().map(search).collect();
        found = deeper?.concat();
    }
    // What follows the last wildcard has not been looked for yet.
    found.retain(|path| path.symlink_metadata().is_ok() && !path.is_dir());
    found.sort();
    Ok(found)
}

/// What of a folder fits one component of a pattern; nothing where it is no folder.
fn fitting(folder: &Path, wild: &glob::Pattern) -> io::Result<Vec<PathBuf>> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(here) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(e),
    };
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let fits = name.to_str().is_some_and(|name| wild.matches_with(name, options));
        found.extend(fits.then(|| folder.join(name)));
    }
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
        assert!(message("".into()).contains("input \"\" holds no name"));
        assert!(message("@".into()).contains("input \"@\" holds no name"));
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_taken_as_it_is() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"\xff*.fits".to_vec());
        assert_eq!(expand(std::slice::from_ref(&odd)).unwrap(), [PathBuf::from(odd)]);
    }

    #[test]
    fn an_extension_of_a_file_with_brackets_in_its_name_is_taken_as_it_is() {
        let folder = Folder::new("inner", &["a[1].fits", "a1.fits", "m[SCI]"]);
        for name in ["a[1].fits[0]", "m[SCI][SCI]", "m[SCI]"] {
            assert_eq!(folder.names(&[folder.arg(name)]), [name]);
        }
        assert_eq!(folder.names(&[folder.arg("a[0-9].fits[0]")]), ["a1.fits[0]"]);
    }

    #[test]
    fn patterns_reach_into_folders() {
        let folder = Folder::new("deep", &["top.fits"]);
        for sub in ["n1", "n2", ".n3"] {
            fs::create_dir(folder.0.join(sub)).unwrap();
            fs::write(folder.0.join(sub).join(format!("{sub}.fits")), b"").unwrap();
        }
        assert_eq!(folder.names(&[folder.arg("n?/*.fits")]), ["n1.fits", "n2.fits"]);
        assert_eq!(folder.names(&[folder.arg("*/n1.fits")]), ["n1.fits"]);
        assert_eq!(folder.names(&[folder.arg("*")]), ["top.fits"]);
        assert!(expand(&[folder.arg("none*/x.fits")]).is_err());
    }

    // Apple's file systems refuse such names.
    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_no_text_are_no_obstacle() {
        use std::os::unix::ffi::OsStringExt;
        let folder = Folder::new("bytes", &["a.fits", "b.fits"]);
        let odd = folder.0.join(OsString::from_vec(b"odd\xff.fits".to_vec()));
        let deep = folder.0.join(OsString::from_vec(b"deep\xfe".to_vec()));
        fs::write(&odd, b"").unwrap();
        fs::create_dir(&deep).unwrap();
        fs::write(deep.join("c.fits"), b"").unwrap();
        assert_eq!(folder.names(&[folder.arg("*.fits")]), ["a.fits", "b.fits"]);
        assert_eq!(expand(&[deep.join("*.fits").into()]).unwrap(), [deep.join("c.fits")]);
        let list = deep.join(OsString::from_vec(b"\xff.txt".to_vec()));
        fs::write(&list, [odd.as_os_str().as_encoded_bytes(), b" # clouds\na.fits\n"].concat()).unwrap();
        let mut arg = OsString::from("@");
        arg.push(&list);
        assert_eq!(expand(&[arg]).unwrap(), [odd, PathBuf::from("a.fits")]);
    }
}
