// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the log file can be appended to.

use rustix::fs::{access, Access};
use std::path::Path;

/// Why it cannot; `None` if it can, or can be created.
pub fn obstacle(file: &Path) -> Option<String> {
    let denied = "permission denied";
    if file.is_dir() {
        return Some("is a directory".to_owned());
    }
    if file.exists() {
        return access(file, Access::WRITE_OK)
            .err()
            .map(|_| denied.to_owned());
    }
    let directory = match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    let shown = directory.display();
    if !directory.is_dir() {
        return Some(format!("no directory {shown}/"));
    }
    let rights = Access::WRITE_OK | Access::EXEC_OK;
    access(directory, rights)
        .err()
        .map(|_| format!("{denied} in {shown}/"))
}
