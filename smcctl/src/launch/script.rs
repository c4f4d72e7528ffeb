// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interpreter of a script: the line that begins with `#!` (execve(2)).

use super::search;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The kernel reads so much of the file, and follows so many interpreters.
const LINE: usize = 256;
const DEPTH: usize = 5;

/// The program that is executed for `file`: a script's interpreter, with the program that
/// `env` starts.
pub fn program(file: &Path, path: &OsStr) -> PathBuf {
    let mut program = file.to_owned();
    for _ in 0..DEPTH {
        match interpreter(&program) {
            Some((interpreter, arguments)) => {
                program = through_env(&interpreter, &arguments, path).unwrap_or(interpreter);
            }
            None => break,
        }
    }
    program
}

/// The interpreter of a script, and the rest of its line.
fn interpreter(file: &Path) -> Option<(PathBuf, OsString)> {
    let mut line = Vec::new();
    let file = File::open(file).ok()?;
    file.take(LINE as u64).read_to_end(&mut line).ok()?;
    let line = line.strip_prefix(b"#!")?;
    let line = line.split(|byte| matches!(byte, b'\n' | 0)).next()?;
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = line.trim_ascii().splitn(2, is_blank);
    let interpreter = OsStr::from_bytes(words.next().filter(|word| !word.is_empty())?);
    let arguments = OsStr::from_bytes(words.next().unwrap_or_default());
    Some((interpreter.into(), arguments.to_owned()))
}

/// The program that env(1) starts: the first word that is no option and no assignment.
fn through_env(interpreter: &Path, arguments: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if interpreter.file_name()? != "env" {
        return None;
    }
    let words = arguments.as_bytes().split(u8::is_ascii_whitespace);
    let name = words
        .map(|word| word.strip_prefix(b"-S").unwrap_or(word))
        .find(|word| !word.is_empty() && !word.starts_with(b"-") && !word.contains(&b'='))?;
    search::executable(OsStr::from_bytes(name), path).ok()
}
