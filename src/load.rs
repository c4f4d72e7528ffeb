// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library is loaded, or unloaded at exit: what is decided once for this process.

use crate::{journal, panics, stdio};
use smc_core::process::{self, Process};
use smc_core::sys::{self, Environment};
use smc_core::{drain, fd_table, identity, report};
use smc_policy::{Config, Program, Verdict, VARIABLES};
use std::ffi::{c_char, c_int, c_void, CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The loader calls this after relocating the library, before `main`.
#[used]
#[link_section = ".init_array"]
static AT_LOAD: extern "C" fn(c_int, *const *const c_char, *const *const c_char) = {
    extern "C" fn at_load(
        _count: c_int,
        _arguments: *const *const c_char,
        environment: *const *const c_char,
    ) {
        panics::silence();
        // SAFETY: glibc's loader passes what it passes to main.
        let environment = unsafe { Environment::new(environment) };
        smc_core::panics::caught(|| load(environment));
        // ThreadSanitizer calls these where it must not free memory; the loader frees some
        // when it looks for their real functions, so that is done now.
        // SAFETY: there is no such descriptor.
        unsafe {
            libc::fcntl(-1, libc::F_GETFD);
            libc::close(-1);
        }
    }
    at_load
};

/// The loader calls this at exit, after the program's own exit handlers and among the
/// libraries' destructors. The work is for when all of them are done: a handler that is
/// registered now runs next after the loader's (exit(3)).
#[used]
#[link_section = ".fini_array"]
static AT_EXIT: extern "C" fn() = {
    extern "C" fn at_exit() {
        if report::is_on() {
            smc_core::panics::caught(report::leave::before_exit);
        }
        if fd_table::any_connected() {
            // SAFETY: a function that is there as long as the process.
            unsafe { __cxa_atexit(last, std::ptr::null_mut(), std::ptr::null_mut()) };
        }
    }
    at_exit
};

extern "C" {
    /// Itanium C++ ABI. The handler belongs to no library, so nothing removes it earlier.
    fn __cxa_atexit(
        function: extern "C" fn(*mut c_void),
        argument: *mut c_void,
        library: *mut c_void,
    ) -> c_int;
}

/// After this the C library writes out what its streams hold, and ends.
extern "C" fn last(_: *mut c_void) {
    smc_core::panics::caught(|| {
        if fd_table::maybe_connected().any(identity::is_smc) {
            stdio::flush();
        }
        drain::before_exit();
    });
}

static BEGUN: AtomicBool = AtomicBool::new(false);

/// Loads now if that was not done: another library's constructor has come first.
#[inline]
pub fn ensure() {
    if !BEGUN.load(Relaxed) {
        late();
    }
}

#[cold]
extern "C" fn late() {
    smc_core::panics::caught(|| load(Environment::current()));
}

#[cold]
fn load(environment: Environment) {
    if BEGUN.swap(true, Relaxed) {
        return;
    }
    // One walk through the environment, however many variables there are.
    let mut values = [None; VARIABLES.len()];
    for variable in environment.smc_variables() {
        if let Some(path) = value_of(variable, report::table::VARIABLE) {
            report::switch_on(path);
        }
        for (value, name) in values.iter_mut().zip(VARIABLES) {
            *value = value.or_else(|| value_of(variable, name));
        }
    }
    let value = |wanted: &str| {
        let place = VARIABLES.iter().position(|name| *name == wanted)?;
        let value: Option<&CStr> = *values.get(place)?;
        value.map(|value| OsStr::from_bytes(value.to_bytes()))
    };
    if let Some(process) = decide(value) {
        process::set(process);
        process::INHERITED
            .filter(|&fd| identity::is_smc(fd))
            .for_each(fd_table::connected);
    }
}

/// The value in `PORTS=6379` if `name` is `SMC_PORTS`.
fn value_of(variable: &'static CStr, name: &str) -> Option<&'static CStr> {
    let name = name.strip_prefix("SMC_")?.as_bytes();
    let rest = variable.to_bytes_with_nul().strip_prefix(name)?;
    CStr::from_bytes_with_nul(rest.strip_prefix(b"=")?).ok()
}

/// What the environment says of this process, with the journal opened. `None`: the shim
/// does nothing in it.
fn decide<'a>(value: impl Fn(&str) -> Option<&'a OsStr>) -> Option<Process> {
    let config = match Config::from_env(value) {
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
    let takes_part = !config.lists.has_processes() || is_listed(&config);
    Some(Process { config, takes_part })
}

fn is_listed(config: &Config) -> bool {
    let mut path = [0; libc::PATH_MAX as usize];
    let invoked_as = sys::invoked_as();
    let program = Program {
        executable: sys::executable(&mut path).unwrap_or(invoked_as),
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
