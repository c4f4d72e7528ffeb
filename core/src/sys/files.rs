// SPDX-License-Identifier: MIT OR Apache-2.0
//! Descriptors, and files that are open for as long as a call takes.

use super::{call, number, process_id, thread_id, Errno, Word};
use std::ffi::{c_char, c_int, c_uint, CStr, OsStr};
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `fcntl(2)` with an integer argument.
pub fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Result<c_int, Errno> {
    kernel!(libc::SYS_fcntl, fd, command, argument).map(number)
}

/// Who gets the signals of `from` (`O_ASYNC`), and which one, for `to` (fcntl(2)).
pub fn copy_signal_owner(from: c_int, to: c_int) {
    // `include/uapi/asm-generic/fcntl.h`
    const F_SETSIG: c_int = 10;
    const F_GETSIG: c_int = 11;
    const F_SETOWN_EX: c_int = 15;
    const F_GETOWN_EX: c_int = 16;
    let mut owner = [0 as c_int; 2]; // struct f_owner_ex
    if kernel!(libc::SYS_fcntl, from, F_GETOWN_EX, owner.as_mut_ptr()).is_ok() {
        let _ = kernel!(libc::SYS_fcntl, to, F_SETOWN_EX, owner.as_ptr());
    }
    if let Ok(signal) = fcntl(from, F_GETSIG, 0) {
        let _ = fcntl(to, F_SETSIG, signal);
    }
}

/// `dup3(2)`.
pub fn dup3(from: c_int, to: c_int, flags: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_dup3, from, to, flags).map(drop)
}

/// `close(2)`; there is nothing to do about a failure.
pub fn close(fd: c_int) {
    let _ = kernel!(libc::SYS_close, fd);
}

/// Closes the descriptors from `first` to `last`; Linux 5.9 on.
pub fn close_range(first: c_uint, last: c_uint, flags: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_close_range, first, last, flags).map(drop)
}

/// Gives the calling thread an empty descriptor table of its own; the others'
/// stays as it is.
pub fn leave_all_descriptors() -> Result<(), Errno> {
    const CLOSE_RANGE_UNSHARE: c_int = 2;
    close_range(0, c_uint::MAX, CLOSE_RANGE_UNSHARE)
}

/// A descriptor of this process (pidfd_open(2); Linux 5.3 on).
pub fn process_descriptor() -> Result<c_int, Errno> {
    kernel!(libc::SYS_pidfd_open, process_id(), 0).map(number)
}

/// A descriptor for the file that is `fd` in the process of `process`
/// (pidfd_getfd(2); Linux 5.6 on).
pub fn descriptor_of(process: c_int, fd: c_int) -> Result<c_int, Errno> {
    kernel!(libc::SYS_pidfd_getfd, process, fd, 0).map(number)
}

/// Whether the program's `path` names a file. The kernel checks the pointer.
pub fn exists(path: *const c_char) -> bool {
    status_of(path).is_ok()
}

/// The string at the program's `path`, if the kernel takes it for a path.
#[allow(
    clippy::not_unsafe_ptr_arg_deref,
    reason = "the kernel has read it before"
)]
pub fn path_of_program(path: *const c_char) -> Option<&'static [u8]> {
    let result = kernel!(libc::SYS_faccessat, libc::AT_FDCWD, path, libc::F_OK);
    let is_none = matches!(result, Err(Errno(libc::EFAULT | libc::ENAMETOOLONG)));
    // SAFETY: the kernel has just read it to its end.
    (!is_none).then(|| unsafe { CStr::from_ptr(path) }.to_bytes())
}

/// Whether `close_range` with these flags marks descriptors close-on-exec and
/// closes none.
pub fn only_marks(flags: c_int) -> bool {
    const CLOSE_RANGE_CLOEXEC: c_int = 4;
    flags & CLOSE_RANGE_CLOEXEC != 0
}

/// Whether `close_range` with these flags is about a descriptor table of the calling thread's
/// own.
pub fn unshares(flags: c_int) -> bool {
    const CLOSE_RANGE_UNSHARE: c_int = 2;
    flags & CLOSE_RANGE_UNSHARE != 0
}

/// Whether `fd` of the calling thread is the same open file as `other_fd` of process `other`;
/// `None` when that may not be known (kcmp(2)).
pub fn is_same_file(fd: c_int, other: c_int, other_fd: c_int) -> Option<bool> {
    const KCMP_FILE: c_int = 0;
    match kernel!(libc::SYS_kcmp, thread_id(), other, KCMP_FILE, fd, other_fd) {
        Ok(order) => Some(order == 0),
        Err(Errno(libc::EBADF)) => Some(false),
        // Forbidden in many containers: the same socket is as good here.
        Err(_) => Some(file_identity(fd)? == file_identity_in(other, other_fd)?),
    }
}

/// [`file_identity`] of a descriptor of another process; all zeroes when it has
/// none of that number.
fn file_identity_in(process: c_int, fd: c_int) -> Option<(u64, u64)> {
    let mut path = [0; 48];
    let mut rest = path.as_mut_slice();
    // The last byte stays: the NUL.
    write!(rest, "/proc/{process}/fd/{fd}\0").ok()?;
    match status_of(path.as_ptr().cast()) {
        Ok(status) => Some((status.st_dev, status.st_ino)),
        Err(Errno(libc::ENOENT)) => Some((0, 0)),
        Err(_) => None,
    }
}

/// stat(2). The kernel checks the pointer.
fn status_of(path: *const c_char) -> Result<libc::stat, Errno> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    kernel!(
        libc::SYS_newfstatat,
        libc::AT_FDCWD,
        path,
        status.as_mut_ptr(),
        0
    )?;
    // SAFETY: zeroed bytes are a valid struct stat.
    Ok(unsafe { status.assume_init() })
}

/// Which file a descriptor is: device and inode.
pub fn file_identity(fd: c_int) -> Option<(u64, u64)> {
    let status = status(fd)?;
    Some((status.st_dev, status.st_ino))
}

/// The inode of a descriptor's file: of a socket, its number in `/proc/net`.
pub fn inode(fd: c_int) -> Option<u64> {
    Some(status(fd)?.st_ino)
}

fn status(fd: c_int) -> Option<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    kernel!(libc::SYS_fstat, fd, status.as_mut_ptr()).ok()?;
    // SAFETY: zeroed bytes are a valid struct stat.
    Some(unsafe { status.assume_init() })
}

/// Writes `bytes` with one system call; a line that does not fit is cut by the
/// kernel, not repeated.
pub fn write_once(fd: c_int, bytes: &[u8]) {
    let _ = write(fd, bytes);
}

/// Opens `path` for appending, close-on-exec, never as descriptor 0 to 2:
/// those numbers the program may be about to fill itself.
pub fn open_for_append(path: &CStr) -> Result<c_int, Errno> {
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC | libc::O_NOCTTY;
    let fd = number(kernel!(
        libc::SYS_openat,
        libc::AT_FDCWD,
        path.as_ptr(),
        flags,
        0o666
    )?);
    if fd > libc::STDERR_FILENO {
        return Ok(fd);
    }
    let moved = fcntl(fd, libc::F_DUPFD_CLOEXEC, libc::STDERR_FILENO + 1);
    close(fd);
    moved
}

/// Opens a file or folder to read, close-on-exec, for as long as a call takes.
pub fn open_to_read(folder: c_int, path: &CStr) -> Result<c_int, Errno> {
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOCTTY;
    kernel!(libc::SYS_openat, folder, path.as_ptr(), flags, 0).map(number)
}

/// `read(2)`: how many bytes there were.
pub fn read(fd: c_int, buffer: &mut [u8]) -> Result<usize, Errno> {
    let read = kernel!(libc::SYS_read, fd, buffer.as_mut_ptr(), buffer.len())?;
    Ok(usize::try_from(read).unwrap_or(0))
}

/// `write(2)`: how many bytes were taken.
pub fn write(fd: c_int, bytes: &[u8]) -> Result<usize, Errno> {
    let written = kernel!(libc::SYS_write, fd, bytes.as_ptr(), bytes.len())?;
    Ok(usize::try_from(written).unwrap_or(0))
}

/// Bytes that can be read from a socket or a pipe (`FIONREAD`).
pub fn readable(fd: c_int) -> Result<c_int, Errno> {
    const FIONREAD: c_int = 0x541b;
    let mut bytes: c_int = 0;
    kernel!(libc::SYS_ioctl, fd, FIONREAD, &raw mut bytes)?;
    Ok(bytes)
}

/// The position of a file, in bytes (lseek(2)).
pub fn position(fd: c_int) -> Result<i64, Errno> {
    kernel!(libc::SYS_lseek, fd, 0, libc::SEEK_CUR)
}

/// The size of a regular file, in bytes.
pub fn file_size(fd: c_int) -> Option<i64> {
    let status = status(fd)?;
    (status.st_mode & libc::S_IFMT == libc::S_IFREG).then_some(status.st_size)
}

/// `epoll_ctl(2)`.
pub fn epoll_control(
    epoll: c_int,
    operation: c_int,
    fd: c_int,
    events: u32,
    data: u64,
) -> Result<(), Errno> {
    let event = libc::epoll_event { events, u64: data };
    kernel!(libc::SYS_epoll_ctl, epoll, operation, fd, &raw const event).map(drop)
}

/// The working directory, written to `buffer`.
pub fn working_directory(buffer: &mut [u8]) -> Option<&Path> {
    let length = kernel!(libc::SYS_getcwd, buffer.as_mut_ptr(), buffer.len()).ok()?;
    let path = buffer.get(..usize::try_from(length).ok()?)?.split_last()?.1;
    Some(Path::new(OsStr::from_bytes(path)))
}
