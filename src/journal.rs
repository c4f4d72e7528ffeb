// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lines written from inside somebody else's program.
//!
//! Silent unless asked (`SMC_LOG`); each line is one write, made on the stack
//! without locks. Standard error is used only while it is the very file that
//! it was at load; a log file is opened and closed for each line. So no
//! descriptor is held that the program could close, and none is written to
//! that may by now be the program's.

use crate::smc::os::{self, Errno};
use crate::smc::{address, identity};
use log::{Level, LevelFilter, Log, Metadata, Record};
use once_cell::race::OnceBox;
use smc_policy::{Config, Verdict};
use std::ffi::{c_int, CString, OsStr};
use std::fmt::{Display, Write};
use std::net::SocketAddr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Longest line, in bytes; the rest is cut.
const LONGEST_LINE: usize = 512;

struct Journal {
    filter: env_logger::Logger,
    place: Place,
}

enum Place {
    /// Standard error, while it is this file (device, inode).
    StandardError(Option<(u64, u64)>),
    File(CString),
}

static JOURNAL: OnceBox<Journal> = OnceBox::new();

/// Opens the journal as the configuration says. Does nothing where there is
/// nothing to say: no filter, and no failure that would have to be explained.
///
/// # Errors
/// When the file cannot be appended to.
pub fn open(config: &Config) -> Result<(), Unwritable<'_>> {
    if config.log.is_none() && !config.require {
        return Ok(());
    }
    let filter = config.log.as_deref().unwrap_or("error");
    let filter = env_logger::Builder::new().parse_filters(filter).build();
    let level = filter.filter();
    let place = match config.log_file.as_deref() {
        Some(path) => Place::File(appendable(path)?),
        None => Place::StandardError(os::file_identity(libc::STDERR_FILENO)),
    };
    let journal = JOURNAL.get_or_init(|| Box::new(Journal { filter, place }));
    if log::set_logger(journal).is_ok() {
        log::set_max_level(level);
    }
    Ok(())
}

/// The file of the journal cannot be appended to.
pub struct Unwritable<'a> {
    path: &'a OsStr,
    error: Errno,
}

impl Display for Unwritable<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (path, errno) = (Path::new(self.path).display(), self.error.0);
        write!(
            f,
            "SMC_LOG_FILE: \"{path}\" cannot be appended to (errno {errno}): \
             expected a file that can be written to, in a directory that exists"
        )
    }
}

/// The path, if a line could be written there now.
fn appendable(path: &OsStr) -> Result<CString, Unwritable<'_>> {
    let unwritable = |error| Unwritable { path, error };
    let here = in_this_folder(path).ok_or(unwritable(Errno(libc::EINVAL)))?;
    os::open_for_append(&here)
        .map(os::close)
        .map_err(unwritable)?;
    Ok(here)
}

/// The path as it reads now: the program may change its folder.
fn in_this_folder(path: &OsStr) -> Option<CString> {
    let path = Path::new(path);
    let mut folder = [0; libc::PATH_MAX as usize];
    let path =
        os::working_directory(&mut folder).map_or(path.to_owned(), |folder| folder.join(path));
    CString::new(path.into_os_string().into_vec()).ok()
}

/// Whether decisions are written down.
pub fn has_lines() -> bool {
    log::max_level() >= LevelFilter::Info
}

/// Says that a variable has a value that is no good; only while loading,
/// when standard error is still what the program was started with.
pub fn complain(problem: &dyn Display) {
    let mut line = Line::new();
    let _ = write!(line, "smc_shim: {problem}");
    os::write_once(libc::STDERR_FILENO, line.finish());
}

/// One decision: `connect 192.0.2.1:6379 fd 7: SMC`.
pub fn decision(call: &str, address: &SocketAddr, fd: c_int, verdict: &Verdict) {
    if !has_lines() {
        return;
    }
    let before = Errno::current();
    if let Verdict::Tcp(reason) = verdict {
        log::debug!("{call} {address} fd {fd}: TCP: {reason}");
    } else if !identity::is_smc(fd) {
        log::debug!("{call} {address} fd {fd}: TCP: the kernel says it is no SMC socket");
    } else {
        log::debug!("{call} {address} fd {fd}: SMC");
    }
    before.set();
}

/// `fd` is about to be closed, and no connect of it was seen. If it is an SMC connection
/// all the same: says so, once.
pub fn unseen_connect(fd: c_int) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if log::max_level() < LevelFilter::Warn || SAID.load(Relaxed) || !identity::is_smc(fd) {
        return;
    }
    let peer = os::peer_address(fd).ok();
    let peer = peer.and_then(|(peer, length)| address::internet(&peer, length));
    if let Some(peer) = peer.filter(|_| !SAID.swap(true, Relaxed)) {
        log::warn!(
            "fd {fd} to {peer}: SMC, connected without connect(2) (io_uring): \
             SMC_PORTS and SMC_HOSTS were not asked"
        );
    }
}

/// `SMC_REQUIRE=1` and no SMC socket to be had: says why, once.
pub fn cannot_create(error: c_int) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Relaxed) {
        log::error!("socket: {}", NoSmc(error));
    }
}

/// The kernel has no SMC, so the program is on TCP: said once.
pub fn no_kernel_support() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Relaxed) {
        log::warn!("TCP: {}", NoSmc(libc::EAFNOSUPPORT));
    }
}

/// Why there is no SMC socket, and what to do about it.
struct NoSmc(c_int);

impl Display for NoSmc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT => f.write_str(
                "this kernel makes no SMC sockets: load the module (modprobe smc), or boot a kernel \
                 that has it (CONFIG_SMC; Debian's are 6.1 and 6.12)",
            ),
            libc::EACCES | libc::EPERM => f.write_str("a security policy forbids SMC sockets"),
            error => write!(f, "the kernel refused an SMC socket (errno {error})"),
        }
    }
}

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.filter.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if !self.filter.matches(record) {
            return;
        }
        let mut line = Line::new();
        let program = os::invoked_as().file_name().unwrap_or_default();
        let _ = line.write_bytes(program.as_bytes());
        let _ = write!(line, "[{}]: ", os::process_id());
        if record.level() <= Level::Warn {
            let word = if record.level() == Level::Error {
                "error"
            } else {
                "warning"
            };
            let _ = write!(line, "{word}: ");
        }
        let _ = line.write_fmt(*record.args());
        match &self.place {
            Place::File(path) => {
                if let Ok(fd) = os::open_for_append(path) {
                    os::write_once(fd, line.finish());
                    os::close(fd);
                }
            }
            Place::StandardError(at_load) => {
                if at_load.is_some() && os::file_identity(libc::STDERR_FILENO) == *at_load {
                    os::write_once(libc::STDERR_FILENO, line.finish());
                }
            }
        }
    }

    fn flush(&self) {}
}

/// A line under construction, on the stack.
struct Line {
    bytes: [u8; LONGEST_LINE],
    length: usize,
}

impl Line {
    fn new() -> Self {
        Self {
            bytes: [0; LONGEST_LINE],
            length: 0,
        }
    }

    /// Appends what fits before the newline.
    fn write_bytes(&mut self, bytes: &[u8]) -> std::fmt::Result {
        let room = self
            .bytes
            .get_mut(self.length..LONGEST_LINE - 1)
            .ok_or(std::fmt::Error)?;
        let fits = bytes.len().min(room.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.length += fits;
        if fits < bytes.len() {
            Err(std::fmt::Error)
        } else {
            Ok(())
        }
    }

    /// The line with its newline.
    fn finish(&mut self) -> &[u8] {
        if let Some(end) = self.bytes.get_mut(self.length) {
            *end = b'\n';
        }
        self.bytes.get(..=self.length).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.write_bytes(text.as_bytes())
    }
}
