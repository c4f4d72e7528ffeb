// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PROCESSES`: globs for programs.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use glob::{MatchOptions, Pattern};

use crate::list::{Decision, List};
use crate::problem::{Invalid, InvalidItem};

/// Matching recurses once per `*`; the limit bounds the stack that it needs in
/// the thread that loads the shim.
const MAX_STARS: usize = 16;

const INVALID_GLOB: Invalid = Invalid {
    what: "invalid glob",
    expected: "*, ?, [abc] or [!abc], and ** as a whole path component",
};
const TOO_MANY_STARS: Invalid = Invalid {
    what: "too many * in",
    expected: "at most 16",
};
const RELATIVE: Invalid = Invalid {
    what: "relative path",
    expected: "a file name, or a path that starts with / or **/",
};
const DIRECTORY: Invalid = Invalid {
    what: "directory path",
    expected: "a program's path (DIRECTORY/** is every program below it)",
};

/// The running program. An empty path is unknown and matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program<'a> {
    /// The executed file, `/proc/self/exe`: the interpreter of a script, the
    /// target of a symbolic link. The ` (deleted)` that Linux appends when the
    /// file has been replaced is not part of the path.
    pub executable: &'a Path,
    /// The path given to `execve()`, `AT_EXECFN`: the script itself, the
    /// symbolic link itself. It may be relative.
    pub invoked_as: &'a Path,
}

impl<'a> Program<'a> {
    /// The paths that globs are matched against.
    fn paths(&self) -> [&'a [u8]; 2] {
        let executable = self.executable.as_os_str().as_bytes();
        [
            executable.strip_suffix(b" (deleted)").unwrap_or(executable),
            self.invoked_as.as_os_str().as_bytes(),
        ]
    }

    /// The file name of each path, in the same order.
    pub(crate) fn names(&self) -> [&'a [u8]; 2] {
        self.paths().map(file_name)
    }
}

/// Returns what follows the last `/`.
fn file_name(path: &[u8]) -> &[u8] {
    path.get(name_at(path)..).unwrap_or_default()
}

/// The offset of the file name.
fn name_at(path: &[u8]) -> usize {
    path.iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash.saturating_add(1))
}

/// A path to match, with U+FFFD for what is not UTF-8.
struct Subject<'a> {
    path: Cow<'a, str>,
    name_at: usize,
}

impl<'a> Subject<'a> {
    fn new(path: &'a [u8]) -> Self {
        // Nearly every path is UTF-8, and this check is much cheaper than a lossy conversion.
        let path = match std::str::from_utf8(path) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(path),
        };
        let name_at = name_at(path.as_bytes());
        Subject { path, name_at }
    }

    fn name(&self) -> &str {
        self.path.get(self.name_at..).unwrap_or_default()
    }
}

/// A valid item of `SMC_PROCESSES` without its `!`.
///
/// Stored as text: the pattern is compiled only for a program that starts with
/// the literal prefix of the glob, which few programs do.
#[derive(Debug, Clone)]
struct Glob {
    text: Box<str>,
    /// Contains a `/`, so it is matched against paths, not file names.
    has_slash: bool,
    /// The number of bytes before the first special character.
    literal: usize,
}

impl Glob {
    fn parse(item: &str) -> Result<Self, Invalid> {
        let bytes = item.as_bytes();
        let (mut stars, mut has_slash, mut sets) = (0_usize, false, false);
        let mut literal = bytes.len();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'/' => has_slash = true,
                b'*' => stars = stars.saturating_add(1),
                b'[' => sets = true,
                b'?' => {}
                _ => continue,
            }
            if *byte != b'/' {
                literal = literal.min(at);
            }
        }
        if has_slash && !item.starts_with('/') && !item.starts_with("**/") {
            return Err(RELATIVE);
        }
        if item.ends_with('/') {
            return Err(DIRECTORY);
        }
        if stars > MAX_STARS {
            return Err(TOO_MANY_STARS);
        }
        let valid = if sets {
            Pattern::new(item).is_ok()
        } else {
            stars < 2 || bytes.split(|&byte| byte == b'/').all(is_valid_component)
        };
        if !valid {
            return Err(INVALID_GLOB);
        }
        Ok(Glob {
            text: item.into(),
            has_slash,
            literal,
        })
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let subject = if self.has_slash {
            &subject.path
        } else {
            subject.name()
        };
        let (literal, special) = self
            .text
            .split_at_checked(self.literal)
            .unwrap_or((&self.text, ""));
        match subject.strip_prefix(literal) {
            _ if subject.is_empty() => false,
            None => false,
            Some(rest) if special.is_empty() => rest.is_empty(),
            // `name*`, by far the most frequent pattern.
            Some(rest) if special == "*" => !rest.bytes().any(|byte| byte == b'/'),
            Some(_) => {
                Pattern::new(&self.text).is_ok_and(|pattern| pattern.matches_with(subject, OPTIONS))
            }
        }
    }
}

/// Whether [`Pattern::new`] accepts a component without sets, at a tenth of its
/// cost: `**` has to be a whole component.
fn is_valid_component(component: &[u8]) -> bool {
    component == b"**" || !component.windows(2).any(|pair| pair == b"**")
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    // `*` stays within a path component, as in a shell; `**` spans them.
    require_literal_separator: true,
    // `*` is every program: hidden files run like others.
    require_literal_leading_dot: false,
};

/// The list of `SMC_PROCESSES`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Processes {
    list: List<Glob>,
}

/// What [`Processes`] says about a program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProgramDecision<'a> {
    Allowed,
    NotListed,
    /// By `glob`, which matches the file name `name` or its path.
    Excluded {
        name: &'a [u8],
        glob: &'a str,
    },
}

impl Processes {
    pub(crate) fn parse(value: &str) -> Result<Self, InvalidItem<'_>> {
        let list = List::parse(value, Glob::parse)?;
        Ok(Processes { list })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn decide<'a>(&'a self, program: &Program<'a>) -> ProgramDecision<'a> {
        let [executable, invoked_as] = program.paths();
        let executed = Subject::new(executable);
        // For most programs both paths are the same.
        let invoked = (!invoked_as.iter().eq(executable)).then(|| Subject::new(invoked_as));
        let matches = |glob: &Glob| {
            glob.matches(&executed)
                || invoked
                    .as_ref()
                    .is_some_and(|subject| glob.matches(subject))
        };
        match self.list.decide(matches) {
            Decision::Allowed => ProgramDecision::Allowed,
            Decision::NotListed => ProgramDecision::NotListed,
            Decision::Excluded(glob) => {
                let name = if glob.matches(&executed) {
                    file_name(executable)
                } else {
                    file_name(invoked_as)
                };
                ProgramDecision::Excluded {
                    name,
                    glob: &glob.text,
                }
            }
        }
    }
}
