// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who else has the open file of a descriptor: only its last close ends a connection.
//!
//! Asked of sockets with unsent data only. Where the answer cannot be had, the descriptor
//! is taken for the last.

use crate::{fd_table, process, sys};
use std::ffi::c_int;

/// Who has the file besides the descriptor that is about to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// Nobody, as far as can be known.
    Nobody,
    /// Another descriptor of this process.
    Duplicate,
    /// A child. It closes it later, and drains it then.
    Child,
    /// The parent of this child. It closes it later, and drains it then.
    Parent,
}

pub(super) fn of(fd: c_int) -> Sharing {
    if !process::is_first() && sys::is_same_file(fd, sys::parent_id(), fd) == Some(true) {
        Sharing::Parent
    } else if has_duplicate(fd) {
        Sharing::Duplicate
    } else if has_child(fd, fd) {
        Sharing::Child
    } else {
        Sharing::Nobody
    }
}

/// Whether a child has, by the number `number`, the file that is `fd` in the calling thread.
pub(super) fn has_child(number: c_int, fd: c_int) -> bool {
    let has_it = |child| sys::is_same_file(fd, child, number) == Some(true);
    // A filter of system calls can end the process for a question that it does not expect.
    !sys::is_filtered() && sys::has_children() && sys::any_child(has_it)
}

fn has_duplicate(fd: c_int) -> bool {
    fd_table::get(fd).is_duplicated() && {
        let file = sys::file_identity(fd);
        fd_table::maybe_connected().any(|other| other != fd && sys::file_identity(other) == file)
    }
}
