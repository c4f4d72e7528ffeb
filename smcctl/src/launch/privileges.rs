// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that run with more rights than who starts them: the loader then ignores
//! `LD_PRELOAD` (ld.so(8), secure-execution mode).

use rustix::fs::getxattr;
use rustix::process::{getgid, getuid};
use rustix::thread::no_new_privs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const SET_USER_ID: u32 = 0o4000;
const SET_GROUP_ID: u32 = 0o2000;
/// Without the right to execute, the bit means something else (inode(7)).
const GROUP_EXECUTES: u32 = 0o010;

/// What gives `file` more rights.
pub fn gained_by(file: &Path) -> Option<&'static str> {
    let metadata = file.metadata().ok()?;
    let mode = metadata.mode();
    if !no_new_privs().unwrap_or(false) {
        if mode & SET_USER_ID != 0 && metadata.uid() != getuid().as_raw() {
            return Some("is set-user-ID");
        }
        let is_set_group_id = mode & SET_GROUP_ID != 0 && mode & GROUP_EXECUTES != 0;
        if is_set_group_id && metadata.gid() != getgid().as_raw() {
            return Some("is set-group-ID");
        }
    }
    let mut capabilities = [0; 64];
    let has_capabilities = getxattr(file, "security.capability", &mut capabilities[..]).is_ok();
    (has_capabilities && !getuid().is_root()).then_some("has file capabilities")
}
