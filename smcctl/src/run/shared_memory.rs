// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory shared with the program: a mapped file, which programs that it executes
//! open too, removed at the end.
//!
//! If smcctl runs as root the program may run as another user, who must be able to open
//! the file. It is then accessible to everyone who knows its random name, which only the
//! program gets.

use crate::failure::{words, Failure};
use smc_core::report::table::Table;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// A mapped table, and its file.
#[derive(Debug)]
pub struct SharedTable {
    table: &'static Table,
    folder: PathBuf,
    path: PathBuf,
}

impl SharedTable {
    /// Creates the file and maps it.
    ///
    /// # Errors
    /// When no directory is writable.
    pub fn create() -> Result<Self, Failure> {
        let mut failed = None;
        for place in directories() {
            match Self::create_in(&place) {
                Ok(shared) => return Ok(shared),
                Err(error) => {
                    failed.get_or_insert((place, error));
                }
            }
        }
        Err(match failed {
            Some((place, error)) => Failure::new(format!(
                "cannot create shared memory for the report in {}: {}",
                place.display(),
                words(&error)
            )),
            None => Failure::new("no directory for the shared memory of the report: set TMPDIR"),
        })
    }

    fn create_in(place: &Path) -> io::Result<Self> {
        // SAFETY: geteuid has no preconditions.
        let is_root = unsafe { libc::geteuid() } == 0;
        let (folder_mode, file_mode) = if is_root {
            (0o711, 0o666)
        } else {
            (0o700, 0o600)
        };
        let folder = place.join(format!("smcctl-{:016x}", random()?));
        let path = folder.join(format!("{:016x}{:016x}", random()?, random()?));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let made = (|| {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.set_permissions(Permissions::from_mode(file_mode))?;
            fs::set_permissions(&folder, Permissions::from_mode(folder_mode))?;
            map(&file)
        })();
        match made {
            Ok(table) => Ok(Self {
                table,
                folder,
                path,
            }),
            Err(error) => {
                let _ = fs::remove_file(&path);
                let _ = fs::remove_dir(&folder);
                Err(error)
            }
        }
    }

    /// The table; it is mapped until this process ends.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SharedTable {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.folder);
    }
}

/// The directories to try: first those in memory.
fn directories() -> Vec<PathBuf> {
    let named = |name| std::env::var_os(name).map(PathBuf::from);
    [
        Some(PathBuf::from("/dev/shm")),
        named("XDG_RUNTIME_DIR"),
        named("TMPDIR"),
        Some(PathBuf::from("/tmp")),
    ]
    .into_iter()
    .flatten()
    .filter(|place| place.is_absolute())
    .collect()
}

fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    // SAFETY: the length is that of the array.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got == 8 {
        Ok(u64::from_ne_bytes(bytes))
    } else {
        Err(io::Error::last_os_error())
    }
}

fn map(file: &File) -> io::Result<&'static Table> {
    let size = size_of::<Table>();
    let length = libc::off_t::try_from(size).map_err(io::Error::other)?;
    // Allocated now: a page that cannot be allocated later is a SIGBUS in the program.
    // SAFETY: the descriptor is that of an open file.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
        0 => {}
        errno => return Err(io::Error::from_raw_os_error(errno)),
    }
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let (nowhere, shared) = (std::ptr::null_mut(), libc::MAP_SHARED);
    // SAFETY: without MAP_FIXED no existing mapping is replaced.
    let pages = unsafe { libc::mmap(nowhere, size, access, shared, file.as_raw_fd(), 0) };
    if pages == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the mapping is as large as a table, page-aligned and never unmapped; a table
    // consists of atomics, for which zeroes are valid.
    let table = unsafe { &*pages.cast::<Table>() };
    init_mutex(table)?;
    table.begin();
    Ok(table)
}

fn mutex_of(table: &Table) -> *mut libc::pthread_mutex_t {
    const {
        assert!(size_of::<libc::pthread_mutex_t>() <= 64);
        assert!(align_of::<libc::pthread_mutex_t>() <= 8);
    }
    std::ptr::from_ref(table.mutex()).cast_mut().cast()
}

fn init_mutex(table: &Table) -> io::Result<()> {
    let mut attributes = std::mem::MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
    let attributes = attributes.as_mut_ptr();
    let mutex = mutex_of(table);
    // SAFETY: the attributes are initialised before use and destroyed after; the mutex is
    // in memory that is never unmapped and consists of atomics for everyone else.
    let failed = unsafe {
        let failed = libc::pthread_mutexattr_init(attributes)
            | libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED)
            | libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST)
            | libc::pthread_mutex_init(mutex, attributes);
        libc::pthread_mutexattr_destroy(attributes);
        failed
    };
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(failed))
    }
}

/// Marks the calling thread as the reader of the table. The mutex is robust: the kernel
/// releases it when the thread ends in any way.
pub fn lock_reader(table: &Table) {
    // SAFETY: initialised by `init_mutex`; only the reader locks it.
    unsafe { libc::pthread_mutex_lock(mutex_of(table)) };
}

/// Ends what [`lock_reader`] started.
pub fn unlock_reader(table: &Table) {
    // SAFETY: locked by this thread.
    unsafe { libc::pthread_mutex_unlock(mutex_of(table)) };
}

/// Sleeps until `futex` is woken or the limit has passed, if its value is `value`.
pub fn sleep(futex: &AtomicU32, value: u32, limit: Option<Duration>) {
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the futex and the time are valid for the whole call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            futex.as_ptr(),
            libc::FUTEX_WAIT,
            value,
            limit,
        )
    };
}

/// Wakes all threads that sleep on `futex`.
pub fn wake(futex: &AtomicU32) {
    // SAFETY: the futex is valid for the whole call.
    unsafe { libc::syscall(libc::SYS_futex, futex.as_ptr(), libc::FUTEX_WAKE, i32::MAX) };
}

/// Moves the calling thread to another network namespace. Returns whether it succeeded.
#[must_use]
pub fn enter_network_namespace(namespace: &File) -> bool {
    // SAFETY: setns takes numbers; the descriptor is that of an open file.
    unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_until_the_reader_ends() {
        let shared = SharedTable::create().unwrap();
        let table = shared.table();
        assert!(table.is_valid() && !table.is_read());
        assert!(shared.path().exists());
        // The thread ends without unlocking.
        let reader = std::thread::spawn(move || {
            lock_reader(table);
            assert!(table.is_read());
        });
        // Joining waits until the thread has ended.
        reader.join().unwrap();
        assert!(!table.is_read());
        let path = shared.path().to_owned();
        drop(shared);
        assert!(!path.exists() && !path.parent().unwrap().exists());
    }
}
