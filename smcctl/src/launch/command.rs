// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command with the environment that makes its connections SMC.

use super::options::{Options, Setting};
use super::search::{self, Missing};
use super::{library, log_file, program, warn, Refusal};
use crate::failure::words;
use crate::preload::{Libraries, SHIM, VARIABLE as PRELOAD};
use crate::run::{descriptors, signals};
use smc_policy::{Config, VARIABLES};
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const DISABLE: &str = "SMC_DISABLE";
const REQUIRE: &str = "SMC_REQUIRE";
const LOG_FILE: &str = "SMC_LOG_FILE";
const ASAN: &str = "ASAN_OPTIONS";
/// AddressSanitizer's runtime ends a program in which it is not the first library, except
/// with this setting, which disables no other check. Preloading the runtime would put it into
/// the programs that the command starts, too.
const ASAN_IN_ANY_ORDER: &str = "verify_asan_link_order=0";

/// What is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// The file that is executed.
    file: PathBuf,
    /// Its environment has a setting for AddressSanitizer.
    has_asan: bool,
    /// Variables to be set, or removed (`None`).
    pub variables: Vec<(&'static str, Option<OsString>)>,
}

impl Launch {
    /// The value that a variable has for the command.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<OsString> {
        match self.variables.iter().rev().find(|(set, _)| *set == name) {
            Some((_, value)) => value.clone(),
            None => env::var_os(name),
        }
    }

    fn set(&mut self, name: &'static str, value: Option<OsString>) {
        self.variables.push((name, value));
    }

    /// Variables and command in a line, quoted for a shell.
    #[must_use]
    pub fn for_a_shell(&self) -> Vec<u8> {
        let mut line = Vec::new();
        let asan = self.has_asan.then_some(ASAN);
        for name in VARIABLES.into_iter().chain(asan).chain([PRELOAD]) {
            if let Some(value) = self.value(name) {
                line.extend_from_slice(name.as_bytes());
                line.push(b'=');
                line.extend(quoted(&value));
                line.push(b' ');
            }
        }
        let words: Vec<_> = self.command.iter().map(|word| quoted(word)).collect();
        line.extend(words.join(&b' '));
        line.push(b'\n');
        line
    }

    /// Becomes the command. Returns why it cannot.
    #[must_use]
    pub fn exec(&self) -> Refusal {
        let name = self
            .command
            .first()
            .map(OsString::as_os_str)
            .unwrap_or_default();
        let mut command = Command::new(&self.file);
        command.arg0(name).args(self.command.iter().skip(1));
        for (variable, value) in &self.variables {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        signals::inherit(&mut command);
        descriptors::inherit(&mut command);
        let error = command.exec();
        // As shells do.
        let is_missing = [libc::ENOENT, libc::ENOTDIR, libc::ELOOP, libc::ENAMETOOLONG];
        let is_missing = error
            .raw_os_error()
            .is_some_and(|error| is_missing.contains(&error));
        let status = if is_missing { 127 } else { 126 };
        Refusal::new(
            status,
            format!("{}: {}", name.to_string_lossy(), words(&error)),
        )
    }
}

/// A word as a shell reads it. (shell-words takes UTF-8 only.)
fn quoted(word: &OsStr) -> Vec<u8> {
    let bytes = word.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_/.,:@%+-".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return bytes.to_vec();
    }
    let parts: Vec<_> = bytes.split(|byte| *byte == b'\'').collect();
    [&b"'"[..], &parts.join(&br"'\''"[..]), b"'"].concat()
}

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
    check_values(&launch, &options.settings)?;
    let library = library::find()?;
    let program = program::inspect(&launch.file, &path, &library.elf);
    if let Some(obstacle) = &program.obstacle {
        let name = launch
            .command
            .first()
            .map(|name| name.to_string_lossy().into_owned());
        let mut subject = name.unwrap_or_default();
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
    let name = launch
        .command
        .first()
        .map(OsString::as_os_str)
        .unwrap_or_default();
    let shown = name.to_string_lossy();
    search::executable(name, path).map_err(|missing| match missing {
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
fn check_values(launch: &Launch, settings: &[Setting]) -> Result<(), Refusal> {
    Config::from_env(|name| launch.value(name))
        .map(drop)
        .map_err(|problem| {
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

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, expected) in [
            ("a/b,c:1", "a/b,c:1"),
            ("", "''"),
            ("it's", r"'it'\''s'"),
            ("a b", "'a b'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), expected.as_bytes());
        }
        assert_eq!(quoted(OsStr::from_bytes(b"\xff")), b"'\xff'");
    }
}
