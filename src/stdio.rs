// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams of the C library on SMC sockets. At exit the C library writes them out after
//! everything else, when nothing could be drained any more. So they are flushed a moment
//! earlier, and only these: to flush all would wait for a thread that reads standard input.

use libc::FILE;
use smc_core::sys::Errno;
use smc_core::{fd_table, identity};
use std::ffi::{c_char, c_int, CStr};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

/// Streams that the program opened on sockets (fdopen(3)); more than this are
/// rare, and those beyond are written out as without the shim.
static STREAMS: [AtomicPtr<FILE>; 64] = [const { AtomicPtr::new(null_mut()) }; 64];

/// Whether there has been any.
static OPENED: AtomicBool = AtomicBool::new(false);

extern "C" {
    fn fileno(stream: *mut FILE) -> c_int;
    fn ftrylockfile(stream: *mut FILE) -> c_int;
    fn funlockfile(stream: *mut FILE);
}

extern "C-unwind" {
    /// A thread that waits in it can be cancelled.
    fn fflush(stream: *mut FILE) -> c_int;
}

/// The program has opened `stream` on `fd`.
pub fn opened(stream: *mut FILE, fd: c_int) {
    if stream.is_null() || !fd_table::get(fd).maybe_connected() {
        return;
    }
    OPENED.store(true, Relaxed);
    let _ = STREAMS.iter().any(|slot| {
        slot.compare_exchange(null_mut(), stream, Relaxed, Relaxed)
            .is_ok()
    });
}

/// The descriptor of a stream; -1: it has none.
///
/// # Safety
/// `stream` must be one of the C library's, or null.
pub unsafe fn descriptor_of(stream: *mut FILE) -> c_int {
    if stream.is_null() {
        return -1;
    }
    let before = Errno::current();
    // SAFETY: a stream of the C library's.
    let fd = unsafe { fileno(stream) };
    before.set();
    fd
}

/// The program is about to close `stream`, whose descriptor is `fd`; at exit it is not
/// written out any more. Whether `fd` is an SMC socket.
pub fn before_close(stream: *mut FILE, fd: c_int) -> bool {
    if OPENED.load(Relaxed) {
        for slot in &STREAMS {
            let _ = slot.compare_exchange(stream, null_mut(), Relaxed, Relaxed);
        }
    }
    fd_table::get(fd).maybe_connected() && identity::is_smc(fd)
}

/// Writes out a stream. Why it could not be, if so: the C library does not find that
/// again.
///
/// # Safety
/// `stream` must be one of the C library's.
pub unsafe fn write_out(stream: *mut FILE) -> Option<Errno> {
    let before = Errno::current();
    // SAFETY: as the caller promises.
    let failure = (unsafe { fflush(stream) } != 0).then(Errno::current);
    before.set();
    failure
}

/// Writes out the streams that are on SMC sockets.
pub fn flush() {
    let standard = [c"stdout", c"stderr"].map(standard_stream);
    let opened = STREAMS.iter().map(|slot| slot.load(Relaxed));
    for stream in standard.into_iter().chain(opened) {
        if stream.is_null() {
            continue;
        }
        // SAFETY: open streams of the C library; `before_close` takes out the others.
        unsafe {
            if fd_table::get(fileno(stream)).maybe_connected() && ftrylockfile(stream) == 0 {
                fflush(stream);
                funlockfile(stream);
            }
        }
    }
}

fn standard_stream(name: &'static CStr) -> *mut FILE {
    // SAFETY: a string of C.
    let variable = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr().cast::<c_char>()) };
    if variable.is_null() {
        return null_mut();
    }
    // SAFETY: the C library's variable of that name holds a stream.
    unsafe { *variable.cast::<*mut FILE>() }
}
