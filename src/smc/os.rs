// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw system calls and process facts in safe clothes.
//!
//! Every function here leaves `errno` as it found it and reports failures by
//! value, so that whatever the shim asks the kernel, the program sees only the
//! outcome of its own call.

use super::raw::{self, Word};
use std::ffi::{c_char, c_int, c_long, c_uint, c_void, CStr, OsStr};
use std::io::Write;
use std::mem::{size_of, MaybeUninit};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// An `errno` value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub c_int);

impl Errno {
    /// The calling thread's current value.
    pub fn current() -> Self {
        // SAFETY: glibc returns a valid pointer to the thread's errno.
        Self(unsafe { *libc::__errno_location() })
    }

    /// Makes this the calling thread's value.
    pub fn set(self) {
        // SAFETY: as in `current`.
        unsafe { *libc::__errno_location() = self.0 }
    }
}

/// A system call.
macro_rules! kernel {
    ($number:expr $(, $argument:expr)* $(,)?) => {{
        let mut words = [0; 6];
        let given = [$(Word::word($argument)),*];
        for (word, argument) in words.iter_mut().zip(given) {
            *word = argument;
        }
        // SAFETY: the caller of this macro passes pointers that are valid for
        // the lengths that this system call reads or writes.
        let answer = unsafe { raw::call($number, words) };
        if answer < 0 {
            Err(Errno(number(-answer)))
        } else {
            Ok(answer)
        }
    }};
}

/// `getsockopt` into `value`; the length that the kernel wrote.
pub fn get_option(fd: c_int, level: c_int, name: c_int, value: &mut [u8]) -> Result<usize, Errno> {
    let mut length = libc::socklen_t::try_from(value.len()).unwrap_or(0);
    kernel!(
        libc::SYS_getsockopt,
        fd,
        level,
        name,
        value.as_mut_ptr(),
        &raw mut length
    )?;
    Ok(length as usize)
}

/// `getsockopt` of an `int`.
pub fn get_int_option(fd: c_int, level: c_int, name: c_int) -> Result<c_int, Errno> {
    let mut value = [0; size_of::<c_int>()];
    get_option(fd, level, name, &mut value)?;
    Ok(c_int::from_ne_bytes(value))
}

/// `setsockopt` from `value`.
pub fn set_option(fd: c_int, level: c_int, name: c_int, value: &[u8]) -> Result<(), Errno> {
    kernel!(
        libc::SYS_setsockopt,
        fd,
        level,
        name,
        value.as_ptr(),
        value.len()
    )
    .map(drop)
}

/// `setsockopt` of an `int`.
pub fn set_int_option(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, level, name, &value.to_ne_bytes())
}

/// The local address of `fd`, as the kernel wrote it, and its length.
pub fn local_address(fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    address_of(libc::SYS_getsockname, fd)
}

fn address_of(call: c_long, fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    let mut address = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    let mut length: libc::socklen_t =
        libc::socklen_t::try_from(size_of::<libc::sockaddr_storage>()).unwrap_or(0);
    kernel!(call, fd, address.as_mut_ptr(), &raw mut length)?;
    // SAFETY: zeroed bytes are a valid sockaddr_storage, with or without what
    // the kernel wrote over them.
    Ok((unsafe { address.assume_init() }, length as usize))
}

/// `socket(2)` itself.
pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    kernel!(libc::SYS_socket, domain, kind, protocol).map(number)
}

/// `bind(2)`; `length` is at most the size of `address`.
pub fn bind(fd: c_int, address: &libc::sockaddr_storage, length: usize) -> Result<(), Errno> {
    kernel!(libc::SYS_bind, fd, &raw const *address, length).map(drop)
}

/// `connect(2)`; `length` is at most the size of `address`.
pub fn connect(fd: c_int, address: &libc::sockaddr_storage, length: usize) -> Result<(), Errno> {
    kernel!(libc::SYS_connect, fd, &raw const *address, length).map(drop)
}

/// The address of the peer of `fd`, as [`local_address`].
pub fn peer_address(fd: c_int) -> Result<(libc::sockaddr_storage, usize), Errno> {
    address_of(libc::SYS_getpeername, fd)
}

/// Name of the protocol that `fd` was made with, written to `buffer` with a NUL
/// behind it (`net/socket.c`, `sockfs_xattr_get`): `TCP`, `SMC6`, `INET_SMC`, …
pub fn protocol_name(fd: c_int, buffer: &mut [u8]) -> Result<&[u8], Errno> {
    let name = c"system.sockprotoname";
    let length = kernel!(
        libc::SYS_fgetxattr,
        fd,
        name.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len()
    )?;
    Ok(buffer
        .get(..number(length).unsigned_abs() as usize)
        .unwrap_or_default())
}

/// `fcntl(2)` with an integer argument.
pub fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Result<c_int, Errno> {
    kernel!(libc::SYS_fcntl, fd, command, argument).map(number)
}

/// `dup3(2)`.
pub fn dup3(from: c_int, to: c_int, flags: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_dup3, from, to, flags).map(drop)
}

/// `close(2)`; there is nothing to do about a failure.
pub fn close(fd: c_int) {
    let _ = kernel!(libc::SYS_close, fd);
}

/// Bytes that were written to `fd` and not yet handed to the peer
/// (`SIOCOUTQNSD`, `include/uapi/linux/sockios.h`).
pub fn unsent(fd: c_int) -> Result<c_int, Errno> {
    const SIOCOUTQNSD: c_int = 0x894b;
    let mut bytes: c_int = 0;
    kernel!(libc::SYS_ioctl, fd, SIOCOUTQNSD, &raw mut bytes)?;
    Ok(bytes)
}

/// Waits until one of `events` (or an error, or a hang-up) shows on `fd`, at most
/// so long; which of them show.
pub fn wait_for(fd: c_int, events: i16, limit: Duration) -> Result<i16, Errno> {
    let mut asked = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let limit = timespec(limit);
    let none = std::ptr::null::<c_void>();
    kernel!(
        libc::SYS_ppoll,
        &raw mut asked,
        1,
        &raw const limit,
        none,
        0
    )?;
    Ok(asked.revents)
}

/// [`now`] in milliseconds, some of them late, without a system call: for where it
/// is asked for often, and never in a thread that the C library does not know.
#[inline]
pub fn milliseconds() -> u64 {
    let mut time = timespec(Duration::ZERO);
    // SAFETY: a place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    time.tv_sec.unsigned_abs() * 1000 + time.tv_nsec.unsigned_abs() / 1_000_000
}

/// Time since some point in the past; does not jump.
pub fn now() -> Duration {
    let mut time = timespec(Duration::ZERO);
    let _ = kernel!(
        libc::SYS_clock_gettime,
        libc::CLOCK_MONOTONIC,
        &raw mut time
    );
    duration(&time)
}

fn duration(time: &libc::timespec) -> Duration {
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_nanos(nanoseconds.into())
}

/// Sleeps until `word` is woken, unless it is not `value` any more; at most so long.
pub fn futex_wait(word: &AtomicU32, value: u32, limit: Duration) {
    let limit = timespec(limit);
    let _ = kernel!(
        libc::SYS_futex,
        std::ptr::from_ref(word),
        libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
        value,
        &raw const limit
    );
}

/// Wakes those who wait on `word`, which need not exist any more.
pub fn futex_wake(word: *const AtomicU32) {
    let _ = kernel!(
        libc::SYS_futex,
        word,
        libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
        c_int::MAX
    );
}

fn timespec(time: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

/// Closes the descriptors from `first` to `last`; Linux 5.9 on.
pub fn close_range(first: c_uint, last: c_uint, flags: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_close_range, first, last, flags).map(drop)
}

/// Whether `close_range` with these flags marks descriptors close-on-exec and
/// closes none.
pub fn only_marks(flags: c_int) -> bool {
    const CLOSE_RANGE_CLOEXEC: c_int = 4;
    flags & CLOSE_RANGE_CLOEXEC != 0
}

/// An answer of the kernel as C has it: 0, or -1 and `errno`.
pub fn answer(outcome: Result<(), Errno>) -> c_int {
    match outcome {
        Ok(()) => 0,
        Err(error) => {
            error.set();
            -1
        }
    }
}

/// `shutdown(2)`.
pub fn shutdown(fd: c_int, how: c_int) -> Result<(), Errno> {
    kernel!(libc::SYS_shutdown, fd, how).map(drop)
}

/// The parent's process id.
pub fn parent_id() -> c_int {
    kernel!(libc::SYS_getppid, 0).map_or(0, number)
}

/// Whether `fd` is the same open file in this process and in `other`; `None` when
/// that may not be known (kcmp(2)).
pub fn shares_file(other: c_int, fd: c_int) -> Option<bool> {
    const KCMP_FILE: c_int = 0;
    match kernel!(libc::SYS_kcmp, process_id(), other, KCMP_FILE, fd, fd) {
        Ok(order) => Some(order == 0),
        Err(Errno(libc::EBADF)) => Some(false),
        // Forbidden in many containers: the same socket is as good here.
        Err(_) => Some(file_identity(fd)? == file_identity_in(other, fd)?),
    }
}

/// [`file_identity`] of a descriptor of another process; all zeroes when it has
/// none of that number.
fn file_identity_in(process: c_int, fd: c_int) -> Option<(u64, u64)> {
    let mut path = [0; 48];
    let mut rest = path.as_mut_slice();
    // The last byte stays: the NUL.
    write!(rest, "/proc/{process}/fd/{fd}\0").ok()?;
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    let found = kernel!(
        libc::SYS_newfstatat,
        libc::AT_FDCWD,
        path.as_ptr(),
        status.as_mut_ptr(),
        0
    );
    match found {
        Err(Errno(libc::ENOENT)) => return Some((0, 0)),
        other => other.ok()?,
    };
    // SAFETY: zeroed bytes are a valid struct stat.
    let status = unsafe { status.assume_init() };
    Some((status.st_dev, status.st_ino))
}

/// Takes all capabilities from the calling thread alone (capset(2)).
pub fn drop_capabilities() {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = [LINUX_CAPABILITY_VERSION_3, 0];
    let none = [0_u32; 6];
    let _ = kernel!(libc::SYS_capset, header.as_ptr(), none.as_ptr());
}

/// Which file a descriptor is: device and inode.
pub fn file_identity(fd: c_int) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    kernel!(libc::SYS_fstat, fd, status.as_mut_ptr()).ok()?;
    // SAFETY: zeroed bytes are a valid struct stat.
    let status = unsafe { status.assume_init() };
    Some((status.st_dev, status.st_ino))
}

/// Writes `bytes` with one system call; a line that does not fit is cut by the
/// kernel, not repeated.
pub fn write_once(fd: c_int, bytes: &[u8]) {
    let _ = kernel!(libc::SYS_write, fd, bytes.as_ptr(), bytes.len());
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

/// `getdents64(2)`: how many bytes of entries there were.
pub fn directory_entries(folder: c_int, buffer: &mut [u8]) -> Result<usize, Errno> {
    let (start, length) = (buffer.as_mut_ptr(), buffer.len());
    let read = kernel!(libc::SYS_getdents64, folder, start, length)?;
    Ok(usize::try_from(read).unwrap_or(0))
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

/// Fresh zero pages.
pub fn map(length: usize) -> Option<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let nowhere = std::ptr::null_mut();
    // By way of the C library: s390x has a convention of its own.
    let before = Errno::current();
    // SAFETY: asks for fresh pages anywhere.
    let pages = unsafe { libc::mmap(nowhere, length, access, kind, -1, 0) };
    before.set();
    (pages != libc::MAP_FAILED).then_some(pages.cast())
}

/// Gives pages back.
pub fn unmap(pages: *mut u8, length: usize) {
    let _ = kernel!(libc::SYS_munmap, pages, length);
}

/// A signal mask as the kernel has it: one bit for each of 64 signals.
const MASK: usize = 8;

/// Blocks all signals for the calling thread; the mask that it had.
pub fn block_signals() -> u64 {
    let (all, mut before) = (u64::MAX, 0);
    let _ = kernel!(
        libc::SYS_rt_sigprocmask,
        libc::SIG_BLOCK,
        &raw const all,
        &raw mut before,
        MASK
    );
    before
}

/// Gives the calling thread a mask back.
pub fn restore_signals(mask: u64) {
    let nowhere = std::ptr::null_mut::<u64>();
    let _ = kernel!(
        libc::SYS_rt_sigprocmask,
        libc::SIG_SETMASK,
        &raw const mask,
        nowhere,
        MASK
    );
}

/// clone(2), by way of the C library, which knows each processor's stack.
///
/// # Safety
/// `top` must be the end of a stack that is the new thread's alone, and `begin`
/// must be content with what `flags` leave it.
pub unsafe fn clone(
    begin: extern "C" fn(*mut c_void) -> c_int,
    top: *mut c_void,
    flags: c_int,
    argument: *mut c_void,
) -> Result<c_int, Errno> {
    let before = Errno::current();
    // SAFETY: as the caller promises.
    let thread = unsafe { libc::clone(begin, top, flags, argument) };
    let after = Errno::current();
    before.set();
    if thread == -1 {
        Err(after)
    } else {
        Ok(thread)
    }
}

/// The calling thread, asked anew.
pub fn thread_id() -> c_int {
    kernel!(libc::SYS_gettid, 0).map_or(0, number)
}

/// The process id, asked anew: a child after fork has its own.
pub fn process_id() -> c_int {
    kernel!(libc::SYS_getpid, 0).map_or(0, number)
}

/// The working directory, written to `buffer`.
pub fn working_directory(buffer: &mut [u8]) -> Option<&Path> {
    let length = kernel!(libc::SYS_getcwd, buffer.as_mut_ptr(), buffer.len()).ok()?;
    let path = buffer.get(..usize::try_from(length).ok()?)?.split_last()?.1;
    Some(Path::new(OsStr::from_bytes(path)))
}

/// Target of `/proc/self/exe`, written to `buffer`: the executable's real path.
pub fn executable(buffer: &mut [u8]) -> Option<&Path> {
    let link = c"/proc/self/exe";
    let length = kernel!(
        libc::SYS_readlinkat,
        libc::AT_FDCWD,
        link.as_ptr(),
        buffer.as_mut_ptr(),
        buffer.len()
    )
    .ok()?;
    let path = buffer.get(..usize::try_from(length).ok()?)?;
    Some(Path::new(OsStr::from_bytes(path)))
}

/// The path that this program was started by (`AT_EXECFN` of getauxval(3)): the
/// script's own for `#!` scripts, the link's for symbolic links.
pub fn invoked_as() -> &'static Path {
    // SAFETY: getauxval has no preconditions.
    let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const c_char;
    if path.is_null() {
        return Path::new("");
    }
    // SAFETY: the kernel put a NUL-terminated string there, for as long as the
    // process lives.
    Path::new(OsStr::from_bytes(unsafe { bytes_of(path) }))
}

/// The bytes of a string of C. Counted here: these strings are short and few,
/// and strlen(3) would have to be looked up for them at each program start.
///
/// # Safety
/// `string` must end with a NUL and stay as it is.
unsafe fn bytes_of(string: *const c_char) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: not behind the NUL, which stops this walk.
    while unsafe { string.add(length).read_volatile() } != 0 {
        length += 1;
    }
    // SAFETY: so many bytes are there, and they stay.
    unsafe { std::slice::from_raw_parts(string.cast(), length) }
}

/// The environment: an array of pointers to `NAME=value`, ended by a NULL.
#[derive(Clone, Copy)]
pub struct Environment {
    entries: *const *const c_char,
    /// It is where the kernel put it, so the auxiliary vector is behind it.
    is_original: bool,
}

impl Environment {
    /// What the loader has said it is, together with the arguments.
    ///
    /// # Safety
    /// The arguments of `main`.
    pub unsafe fn new(
        count: c_int,
        arguments: *const *const c_char,
        entries: *const *const c_char,
    ) -> Self {
        // The kernel puts the arguments and a NULL in front of it.
        let behind = usize::try_from(count).map(|count| arguments.wrapping_add(count + 1));
        Self {
            entries,
            is_original: behind == Ok(entries),
        }
    }

    /// As the C library knows it.
    pub fn current() -> Self {
        // SAFETY: the name is a string of C.
        let environ = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()) };
        if environ.is_null() {
            return Self {
                entries: std::ptr::null(),
                is_original: false,
            };
        }
        Self {
            // SAFETY: this is what the C library's variable of that name holds.
            entries: unsafe { *environ.cast() },
            is_original: false,
        }
    }

    /// [`invoked_as`], read from where getauxval(3) has it from, without having
    /// to look that up.
    pub fn invoked_as(self) -> Option<&'static Path> {
        if !self.is_original {
            return None;
        }
        let mut next = self.entries;
        // SAFETY: up to the NULL that ends it.
        while unsafe { !(*next).is_null() } {
            // SAFETY: the entry was not the last.
            next = unsafe { next.add(1) };
        }
        // SAFETY: the kernel puts the auxiliary vector there, pairs of numbers
        // ended by a pair with AT_NULL (0). Had unsetenv(3) moved entries up,
        // NULLs would be there, which end it too.
        let mut entry = unsafe { next.add(1).cast::<[libc::c_ulong; 2]>() };
        loop {
            // SAFETY: not behind the end.
            match unsafe { *entry } {
                [libc::AT_NULL, _] => return None,
                [libc::AT_EXECFN, path] => {
                    let path = std::ptr::with_exposed_provenance(usize::try_from(path).ok()?);
                    // SAFETY: a string of C, as long as the process lives.
                    return Some(Path::new(OsStr::from_bytes(unsafe { bytes_of(path) })));
                }
                // SAFETY: this was not the end.
                _ => entry = unsafe { entry.add(1) },
            }
        }
    }

    /// The entries that begin with `SMC_`, without that beginning:
    /// `PORTS=6379`. To be used while the library is being loaded: later the
    /// program may change its environment in another thread.
    pub fn smc_variables(self) -> impl Iterator<Item = &'static [u8]> {
        let mut next = self.entries;
        std::iter::from_fn(move || loop {
            if next.is_null() {
                return None;
            }
            // SAFETY: not behind the NULL, which stops this walk.
            let mut entry = unsafe { *next };
            if entry.is_null() {
                return None;
            }
            // SAFETY: the entry was not the last.
            next = unsafe { next.add(1) };
            let is_ours = b"SMC_".iter().all(|&wanted| {
                // SAFETY: entries are NUL-terminated strings, and this stops at
                // the first difference, so not behind the NUL.
                let same = unsafe { entry.cast::<u8>().read() } == wanted;
                // SAFETY: one behind a byte that was not the NUL.
                entry = if same { unsafe { entry.add(1) } } else { entry };
                same
            });
            if is_ours {
                // SAFETY: the rest of the entry, which outlives the load.
                return Some(unsafe { bytes_of(entry) });
            }
        })
    }
}

/// Copies the bytes at `value` into `copy`, all of it; `None` when they cannot
/// be read. A program may pass any pointer: TCP answers EFAULT to a wrong one.
pub fn option_value(value: *const c_void, copy: &mut [u8]) -> Option<&[u8]> {
    let last = value.addr().checked_add(copy.len().checked_sub(1)?)?;
    if !is_readable(value.addr()) || !is_readable(last) {
        return None;
    }
    // SAFETY: the first and the last byte are readable, and `copy` is shorter
    // than a page, so there is none between.
    unsafe { std::ptr::copy_nonoverlapping(value.cast(), copy.as_mut_ptr(), copy.len()) };
    Some(copy)
}

/// Whether the byte at `address` can be read. The kernel copies a signal mask
/// before it finds that there is nothing to be done with it: the one call that
/// reads eight bytes, changes nothing and is forbidden nowhere.
fn is_readable(address: usize) -> bool {
    const NOTHING_TO_DO: c_int = -1;
    const MASK: usize = 8;
    let aligned = std::ptr::without_provenance::<c_void>(address / MASK * MASK);
    let nowhere = std::ptr::null_mut::<c_void>();
    let answer = kernel!(
        libc::SYS_rt_sigprocmask,
        NOTHING_TO_DO,
        aligned,
        nowhere,
        MASK
    );
    // A mask at NULL is no mask.
    !aligned.is_null() && answer != Err(Errno(libc::EFAULT))
}

/// Descriptors, lengths and flags that the kernel hands out fit an `int`.
#[allow(clippy::cast_possible_truncation)]
fn number(answer: c_long) -> c_int {
    answer as c_int
}
