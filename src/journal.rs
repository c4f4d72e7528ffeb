// SPDX-License-Identifier: MIT OR Apache-2.0
//! Log lines, written from inside somebody else's program.
//!
//! Silent unless asked (`SMC_LOG`); each line is one write, made on the stack without locks.
//! Standard error is used only while it is the file that it was at load; a log file is
//! opened and closed for each line. So no descriptor stays open that the program could
//! close, and nothing is written to a descriptor that may be the program's by now.

use log::{Level, Log, Metadata, Record};
use once_cell::race::OnceBox;
use smc_core::sys::{self, Errno};
use smc_policy::Config;
use std::ffi::{CString, OsStr};
use std::fmt::{Display, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

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
        None => Place::StandardError(sys::file_identity(libc::STDERR_FILENO)),
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
    sys::open_for_append(&here)
        .map(sys::close)
        .map_err(unwritable)?;
    Ok(here)
}

/// The path as it reads now: the program may change its folder.
fn in_this_folder(path: &OsStr) -> Option<CString> {
    let path = Path::new(path);
    let mut folder = [0; libc::PATH_MAX as usize];
    let path =
        sys::working_directory(&mut folder).map_or(path.to_owned(), |folder| folder.join(path));
    CString::new(path.into_os_string().into_vec()).ok()
}

/// Says that a variable has a value that is no good; only while loading,
/// when standard error is still what the program was started with.
pub fn complain(problem: &dyn Display) {
    let mut line = Line::new();
    let _ = write!(line, "smc_shim: {problem}");
    sys::write_once(libc::STDERR_FILENO, line.finish());
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
        let program = sys::invoked_as().file_name().unwrap_or_default();
        let _ = line.write_bytes(program.as_bytes());
        let _ = write!(line, "[{}]: ", sys::process_id());
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
                if let Ok(fd) = sys::open_for_append(path) {
                    sys::write_once(fd, line.finish());
                    sys::close(fd);
                }
            }
            Place::StandardError(at_load) => {
                if at_load.is_some() && sys::file_identity(libc::STDERR_FILENO) == *at_load {
                    sys::write_once(libc::STDERR_FILENO, line.finish());
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
