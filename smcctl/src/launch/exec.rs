// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is started, by execve(2) or as a line for a shell.

use super::Refusal;
use crate::failure::words;
use crate::preload::VARIABLE as PRELOAD;
use crate::run::child;
use smc_policy::{Config, VARIABLES};
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// The variable for AddressSanitizer.
pub(super) const ASAN: &str = "ASAN_OPTIONS";

/// A command with its environment.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// The file that is executed.
    pub(super) file: PathBuf,
    /// Its environment has a setting for AddressSanitizer.
    pub(super) has_asan: bool,
    /// What the library reads from the environment.
    pub config: Config,
    /// Variables to be set, or removed (`None`).
    pub variables: Vec<(&'static str, Option<OsString>)>,
}

impl Launch {
    /// The command as it was given.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        let name = self.command.first();
        name.map(OsString::as_os_str).unwrap_or_default()
    }

    /// The value that a variable has for the command.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<OsString> {
        match self.variables.iter().rev().find(|(set, _)| *set == name) {
            Some((_, value)) => value.clone(),
            None => env::var_os(name),
        }
    }

    pub(super) fn set(&mut self, name: &'static str, value: Option<OsString>) {
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
        let mut command = Command::new(&self.file);
        command.arg0(self.name()).args(self.command.iter().skip(1));
        child::inherit(&mut command, &self.variables);
        let error = command.exec();
        // As shells do.
        let is_missing = [libc::ENOENT, libc::ENOTDIR, libc::ELOOP, libc::ENAMETOOLONG];
        let is_missing = error
            .raw_os_error()
            .is_some_and(|error| is_missing.contains(&error));
        let status = if is_missing { 127 } else { 126 };
        Refusal::new(
            status,
            format!("{}: {}", self.name().to_string_lossy(), words(&error)),
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

#[cfg(test)]
mod tests {
    use super::*;

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
