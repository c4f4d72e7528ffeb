// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files of a host, below a directory that stands for `/`: that of this host or of a test;
//! and replacing a file.

use flate2::read::GzDecoder;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The maximum size that is read.
const MAX_SIZE: u64 = 16 << 20;

/// The directory that stands for `/`.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Root {
    /// The host whose files are below `directory`.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// Returns the path of a file.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.0
    }

    /// Whether a file exists.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Reads a text file; `None` if it cannot be read.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<String> {
        read(fs::File::open(self.path(path)).ok()?)
    }

    /// Reads a binary file.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        bytes(fs::File::open(self.path(path)).ok()?)
    }

    /// Returns the file name of the target of a link.
    #[must_use]
    pub fn target(&self, path: &str) -> Option<String> {
        let target = fs::canonicalize(self.path(path)).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Reads a text file and trims it; `None` if it is empty.
    #[must_use]
    pub fn line(&self, path: &str) -> Option<String> {
        let line = self.text(path)?.trim().to_owned();
        (!line.is_empty()).then_some(line)
    }

    /// Reads a compressed text file.
    #[must_use]
    pub fn unzipped(&self, path: &str) -> Option<String> {
        read(GzDecoder::new(fs::File::open(self.path(path)).ok()?))
    }

    /// Returns the sorted names in a directory; none if it does not exist.
    #[must_use]
    pub fn names(&self, path: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(path))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

fn bytes(from: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_SIZE).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn read(from: impl Read) -> Option<String> {
    Some(String::from_utf8_lossy(&bytes(from)?).into_owned())
}

/// Replaces a file atomically: readers see the old or the new content.
///
/// # Errors
/// When it cannot be written; the old file is then unchanged.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = PathBuf::from(name);
    // Left over from a process with the same PID.
    let _ = fs::remove_file(&new);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&new)?;
    let written = file
        .write_all(content)
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
