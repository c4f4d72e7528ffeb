// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is decided once for this process: the configuration, and whether the
//! program takes part.
//!
//! Decided when the library is loaded, or at the first hooked call if another
//! library's constructor makes one earlier. Read-only from then on.

use crate::smc::identity;
use crate::smc::os::{self, Environment};
use crate::{hints, journal};
use once_cell::race::OnceBox;
use smc_policy::{Config, Program, Verdict, VARIABLES};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{
    AtomicBool, AtomicI32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

/// This process, if the shim has anything to do in it.
pub struct Process {
    /// What the environment says.
    pub config: Config,
    /// The program is on the process list: its TCP sockets become SMC sockets.
    pub takes_part: bool,
}

static PROCESS: OnceBox<Process> = OnceBox::new();
static BEGUN: AtomicBool = AtomicBool::new(false);
static LOADED: AtomicBool = AtomicBool::new(false);

/// Whether `connect` has to look at the destination; kept apart from
/// [`Process`] so that this is one byte to test. The same for `listen`.
static JUDGES_CONNECT: AtomicBool = AtomicBool::new(false);
static JUDGES_LISTEN: AtomicBool = AtomicBool::new(false);
static MAKES_SMC: AtomicBool = AtomicBool::new(false);

/// Whether a destination has to be looked at before a connect.
#[inline]
pub fn judges_connect() -> bool {
    JUDGES_CONNECT.load(Relaxed)
}

/// Whether the local address has to be looked at before a listen.
#[inline]
pub fn judges_listen() -> bool {
    JUDGES_LISTEN.load(Relaxed)
}

/// Whether this process asks for SMC sockets, and the kernel has not said that
/// it makes none.
#[inline]
pub fn makes_smc() -> bool {
    MAKES_SMC.load(Relaxed)
}

/// The kernel makes no SMC sockets.
pub fn makes_no_smc() {
    MAKES_SMC.store(false, Relaxed);
}

/// Whether the shim has anything to do in this process.
#[inline]
pub fn is_active() -> bool {
    PROCESS.get().is_some()
}

/// The process that the shim was loaded into, which may be a parent of this one.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// Whether this is the process that the shim was loaded into, not a child of it.
pub fn is_first() -> bool {
    FIRST.load(Relaxed) == os::process_id()
}

/// How long the end of a process may be put off so that what it has sent arrives.
pub fn drain_timeout() -> Duration {
    const DEFAULT: u32 = 30;
    let seconds = get().and_then(|process| process.config.drain_timeout);
    Duration::from_secs(seconds.unwrap_or(DEFAULT).into())
}

/// How long a destination whose SMC handshake was slow gets TCP.
pub fn retry_after() -> Duration {
    const DEFAULT: u32 = 300;
    let seconds = get().and_then(|process| process.config.retry_after);
    Duration::from_secs(seconds.unwrap_or(DEFAULT).into())
}

/// This process. `None`: the shim stays out of it (`SMC_DISABLE=1`, a value
/// that does not parse), or another thread is just finding out.
pub fn get() -> Option<&'static Process> {
    PROCESS.get().or_else(|| load(None))
}

/// Whether [`get`], asked after this, may say more when asked again.
pub fn is_loading() -> bool {
    !LOADED.load(Acquire)
}

/// Finds out, once. The loader says what the environment is; without it, a
/// hook is called before this library was initialised.
#[cold]
pub fn load(environment: Option<Environment>) -> Option<&'static Process> {
    if BEGUN.swap(true, Relaxed) {
        return None;
    }
    let process = read(environment.unwrap_or_else(Environment::current)).map(|process| {
        let judging = process.takes_part;
        let lists = &process.config.lists;
        MAKES_SMC.store(judging, Relaxed);
        JUDGES_CONNECT.store(
            judging && (lists.judges_connect() || journal::has_lines()),
            Relaxed,
        );
        JUDGES_LISTEN.store(
            judging && (lists.judges_listen() || journal::has_lines()),
            Relaxed,
        );
        FIRST.store(os::process_id(), Relaxed);
        look_at_inherited();
        PROCESS.get_or_init(|| Box::new(process))
    });
    LOADED.store(true, Release);
    process
}

/// The descriptors that a program is usually started with (standard input, output
/// and error, the first that a service manager passes) may be SMC sockets.
fn look_at_inherited() {
    (0..=3)
        .filter(|&fd| identity::is_smc(fd))
        .for_each(hints::flows);
}

/// The process as the environment wants it, with the journal opened.
fn read(environment: Environment) -> Option<Process> {
    // One walk through the environment, however many variables there are.
    let mut values = [None; VARIABLES.len()];
    for variable in environment.smc_variables() {
        for (value, name) in values.iter_mut().zip(VARIABLES) {
            *value = value.or_else(|| value_of(variable, name));
        }
    }
    let config = Config::from_env(|name| {
        let at = VARIABLES.iter().position(|&variable| variable == name)?;
        values.get(at).copied().flatten().map(OsStr::from_bytes)
    });
    let config = match config {
        Ok(config) if config.disabled => return None,
        Ok(config) => config,
        Err(problem) => {
            journal::complain(&problem);
            return None;
        }
    };
    if let Err(unwritable) = journal::open(&config) {
        journal::complain(&unwritable);
        return None;
    }
    let takes_part = !config.lists.has_processes() || is_listed(&config, environment);
    Some(Process { config, takes_part })
}

/// The value in `PORTS=6379` if `name` is `SMC_PORTS`.
fn value_of(variable: &'static [u8], name: &str) -> Option<&'static [u8]> {
    let name = name.as_bytes().get(4..)?;
    let (begin, value) = variable.split_at_checked(name.len())?;
    let [b'=', value @ ..] = value else {
        return None;
    };
    // A loop costs less here than finding memcmp(3) at each program start.
    begin.iter().eq(name).then_some(value)
}

fn is_listed(config: &Config, environment: Environment) -> bool {
    // Paths are short; the longest (PATH_MAX) are worth a second look.
    let mut short = [0; 256];
    let mut long;
    let executable = match os::executable(&mut short) {
        Some(path) if path.as_os_str().len() < 256 => Some(path),
        _ => {
            long = [0; libc::PATH_MAX as usize];
            os::executable(&mut long)
        }
    };
    let invoked_as = environment.invoked_as().unwrap_or_else(os::invoked_as);
    let program = Program {
        executable: executable.unwrap_or(invoked_as),
        invoked_as,
    };
    match config.lists.judge_program(&program) {
        Verdict::Smc => true,
        Verdict::Tcp(reason) => {
            log::debug!("TCP: {reason}");
            false
        }
    }
}
