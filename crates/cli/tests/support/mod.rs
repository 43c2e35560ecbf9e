//! Running the built program in a folder of its own.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("skystack-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder with simulated frames: `frame000.fits` ..., `truth.fits`, `hits.txt`.
    pub(crate) fn with_frames(frames: usize, size: &str) -> Self {
        let folder = Self::new();
        let line = format!("simulate --frames {frames} --size {size} --seed 5 --dir .");
        folder.run(&line).succeeds();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Names and contents of everything in the folder.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        collect(&self.0, &mut all);
        all
    }

    /// Runs `skystack` with the words of `line` in this folder.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_words(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skystack"));
        let output = command.args(words).current_dir(&self.0).env_remove("SKYSTACK_LEVEL").output().unwrap();
        Outcome {
            line: words.join(" "),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a line that must fail with `code`, one line on stderr that holds all of `words`, and an untouched folder.
    #[track_caller]
    pub(crate) fn refuses(&self, line: &str, code: i32, words: &[&str]) {
        let before = self.snapshot();
        let outcome = self.run(line);
        outcome.fails(code, words);
        assert_eq!(before, self.snapshot(), "{line}: the folder has changed");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn collect(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.insert(path.clone(), Vec::new());
            collect(&path, all);
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) line: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        let begins = ["skystack: ", "error: "].iter().any(|start| self.stderr.starts_with(start));
        assert!(begins, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:?}");
        }
        self
    }
}

/// First image plane of a FITS file.
pub(crate) fn plane(path: &Path) -> Vec<f64> {
    use skystack::fits::{Image, InputPath, Limits};
    let image = Image::open(&InputPath::parse(path), &Limits::default()).unwrap();
    let mut pixels = vec![0.0_f64; image.width() * image.height()];
    image.read_rows(0, 0..image.height(), &mut pixels, &mut Vec::new()).unwrap();
    pixels
}
