// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file that execvp(3) executes for a name.

use rustix::fs::{access, Access};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No such file.
    NotFound,
    /// Not executable, no file, or permission denied.
    NotExecutable,
}

/// The executable for `name`, which is looked for in the directories of `path` unless it
/// contains a slash.
///
/// # Errors
/// When there is none.
pub fn executable(name: &OsStr, path: &OsStr) -> Result<PathBuf, Missing> {
    if name.is_empty() {
        return Err(Missing::NotFound);
    }
    if name.as_bytes().contains(&b'/') {
        return check(Path::new(name)).map(|()| name.into());
    }
    let mut missing = Missing::NotFound;
    for directory in std::env::split_paths(path) {
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &directory
        };
        let file = directory.join(name);
        match check(&file) {
            Ok(()) => return Ok(file),
            Err(Missing::NotExecutable) if file.is_file() => missing = Missing::NotExecutable,
            Err(_) => {}
        }
    }
    Err(missing)
}

fn check(file: &Path) -> Result<(), Missing> {
    match file.metadata() {
        Ok(metadata) if metadata.is_file() && access(file, Access::EXEC_OK).is_ok() => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(Missing::NotFound),
        _ => Err(Missing::NotExecutable),
    }
}
