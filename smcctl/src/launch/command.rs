// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command with the environment that makes its connections SMC.

use super::exec::{Launch, ASAN};
use super::options::{Options, Setting};
use super::search::{self, Missing};
use super::{library, log_file, program, warn, Refusal};
use crate::preload::{Libraries, SHIM, VARIABLE as PRELOAD};
use smc_policy::Config;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const DISABLE: &str = "SMC_DISABLE";
const REQUIRE: &str = "SMC_REQUIRE";
const LOG_FILE: &str = "SMC_LOG_FILE";
/// AddressSanitizer's runtime ends a program in which it is not the first library, except
/// with this setting, which disables no other check. Preloading the runtime would put it into
/// the programs that the command starts, too.
const ASAN_IN_ANY_ORDER: &str = "verify_asan_link_order=0";

/// Prepares the command.
///
/// # Errors
/// When it cannot be started, a value is invalid, the library is missing, or the command
/// cannot be SMC and has to be.
pub fn prepare(options: &Options) -> Result<Launch, Refusal> {
    let mut launch = Launch {
        command: options.command.clone(),
        ..Launch::default()
    };
    if options.preload.is_some() {
        launch.set(PRELOAD, options.preload.clone());
    }
    for setting in &options.settings {
        launch.set(setting.variable, Some(setting.value.clone()));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    launch.file = find(&launch, &path)?;
    let is_disabled = env::var_os(DISABLE).is_some_and(|value| value == "1");
    if is_disabled {
        if option_of(&options.settings, REQUIRE).is_some() {
            let conflict = "--require: conflicts with SMC_DISABLE=1 in the environment";
            return Err(Refusal::new(2, conflict));
        }
        // The library is needed for a report all the same.
        if options.report.is_none() {
            return Ok(launch);
        }
    }
    settle_log_file(&mut launch, &options.settings)?;
    launch.config = read_values(&launch, &options.settings)?;
    let library = library::find()?;
    let program = program::inspect(&launch.file, &path, &library.elf);
    if let Some(obstacle) = &program.obstacle {
        let mut subject = launch.name().to_string_lossy().into_owned();
        if let Some(interpreter) = &program.interpreter {
            subject = format!("{subject} (run by {interpreter})");
        }
        if launch.value(REQUIRE).is_some_and(|value| value == "1") {
            let because = option_of(&options.settings, REQUIRE).unwrap_or(REQUIRE);
            let what = format!("{subject} {obstacle}; not started because of {because}");
            return Err(Refusal::new(3, what));
        }
        warn(&format!("{subject} {obstacle}; it runs on TCP"));
    }
    launch.has_asan = set_asan(&mut launch, &program);
    let shim = program.gets_library.then_some(&*library.path);
    let libraries = Libraries::parse(&launch.value(PRELOAD).unwrap_or_default());
    launch.set(PRELOAD, libraries.with_shim(shim).value());
    Ok(launch)
}

/// The file of the command.
fn find(launch: &Launch, path: &OsStr) -> Result<PathBuf, Refusal> {
    let shown = launch.name().to_string_lossy();
    search::executable(launch.name(), path).map_err(|missing| match missing {
        Missing::NotFound => Refusal::new(127, format!("{shown}: command not found")),
        Missing::NotExecutable => {
            let why = "cannot execute: not an executable file, or permission denied";
            Refusal::new(126, format!("{shown}: {why}"))
        }
    })
}

/// The option that has set a variable.
fn option_of(settings: &[Setting], variable: &str) -> Option<&'static str> {
    let setting = settings
        .iter()
        .rev()
        .find(|setting| setting.variable == variable);
    setting.map(|setting| setting.option)
}

/// The command and its children may change directory: the path of an option is made absolute.
fn settle_log_file(launch: &mut Launch, settings: &[Setting]) -> Result<(), Refusal> {
    let Some(file) = launch.value(LOG_FILE).filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let option = option_of(settings, LOG_FILE);
    let mut file = PathBuf::from(file);
    if option.is_some() && file.is_relative() {
        file = env::current_dir().unwrap_or_default().join(file);
        launch.set(LOG_FILE, Some(file.clone().into_os_string()));
    }
    match log_file::obstacle(&file) {
        None => Ok(()),
        Some(why) => {
            let name = option.unwrap_or(LOG_FILE);
            let shown = file.display();
            Err(Refusal::new(
                2,
                format!("{name}: cannot append to {shown}: {why}"),
            ))
        }
    }
}

/// The library reads the same values in the same way.
fn read_values(launch: &Launch, settings: &[Setting]) -> Result<Config, Refusal> {
    Config::from_env(|name| launch.value(name)).map_err(|problem| {
        let line = problem.to_string();
        let variable = problem.variable();
        let line = match (option_of(settings, variable), line.strip_prefix(variable)) {
            (Some(option), Some(rest)) => format!("{option}{rest}"),
            _ => line,
        };
        Refusal::new(2, line)
    })
}

/// If the user sets the variable, the programs that the command starts are likely to need it.
fn set_asan(launch: &mut Launch, program: &program::Program) -> bool {
    let before = launch.value(ASAN).filter(|value| !value.is_empty());
    let has_asan = program.has_asan || before.is_some();
    if has_asan && program.gets_library {
        let before = before.unwrap_or_default().into_vec();
        let options: Vec<_> = before.split(|byte| *byte == b':').collect();
        if options.last() != Some(&ASAN_IN_ANY_ORDER.as_bytes()) {
            let mut value = before.clone();
            if !value.is_empty() {
                value.push(b':');
            }
            value.extend_from_slice(ASAN_IN_ANY_ORDER.as_bytes());
            launch.set(ASAN, Some(OsString::from_vec(value)));
        }
    }
    has_asan
}

impl Libraries {
    /// With the shim first, after only a sanitizer's runtime. Without any other shim.
    fn with_shim(self, shim: Option<&Path>) -> Self {
        let (runtimes, others): (Vec<_>, Vec<_>) = self
            .without(SHIM)
            .into_iter()
            .partition(|path| is_sanitizer(path));
        let shim = shim.map(Path::to_owned);
        runtimes.into_iter().chain(shim).chain(others).collect()
    }
}

/// The runtime of a sanitizer, which has to be the first library.
fn is_sanitizer(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = ["libasan.so", "liblsan.so", "libtsan.so", "libhwasan.so"];
    let is_clangs =
        name.starts_with("libclang_rt.") && name.contains("san") && name.contains(".so");
    is_clangs || names.iter().any(|runtime| name.starts_with(runtime))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shim_is_behind_a_sanitizers_runtime_only() {
        let libraries = |value: &str| Libraries::parse(OsStr::new(value));
        let with = |value: &str| {
            let shim = Some(Path::new("/new/libsmc_shim.so"));
            libraries(value).with_shim(shim).value().unwrap()
        };
        assert_eq!(with(""), "/new/libsmc_shim.so");
        assert_eq!(
            with("libm.so.6 /old/libsmc_shim.so:/x/liblsan.so.0"),
            "/x/liblsan.so.0:/new/libsmc_shim.so:libm.so.6"
        );
        assert_eq!(
            libraries("/old/libsmc_shim.so").with_shim(None).value(),
            None
        );
    }
}
