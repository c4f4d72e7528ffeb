// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SMC_PROCESSES`: globs for programs.

use std::borrow::Cow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use glob::{MatchOptions, Pattern};

use crate::list::{Decision, List};
use crate::problem::{Complaint, Fault};

/// Matching recurses once per `*`. A bound keeps it off the end of the stack
/// of whatever thread loads us, whatever the variable says.
const MOST_STARS: usize = 16;

const NOT_A_GLOB: Complaint = Complaint {
    fault: "is not a glob",
    expected: "*, ?, [abc] or [!abc] for parts of a name, and ** for whole path components",
};
const TOO_MANY_STARS: Complaint = Complaint {
    fault: "has too many *",
    expected: "at most 16",
};
const RELATIVE: Complaint = Complaint {
    fault: "is a relative path",
    expected: "a file name without /, or a full path that begins with / or **/",
};
const DIRECTORY: Complaint = Complaint {
    fault: "is a directory",
    expected: "the path of a program; /** at the end is everything below a directory",
};

/// What is known about the program that is running. An empty path is one that
/// could not be found out; it matches nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program<'a> {
    /// The file that runs, `/proc/self/exe`: what a script's interpreter or a
    /// symbolic link resolves to. The ` (deleted)` that Linux adds when the
    /// file was replaced meanwhile is not part of the path.
    pub executable: &'a Path,
    /// The path that was given to `execve()`, `AT_EXECFN`: the script itself
    /// where a script runs, the symbolic link where one was followed. It may
    /// be relative.
    pub invoked_as: &'a Path,
}

impl<'a> Program<'a> {
    /// The paths by which a glob can know the program.
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

/// What stands behind the last `/`.
fn file_name(path: &[u8]) -> &[u8] {
    path.get(name_at(path)..).unwrap_or_default()
}

/// Where the file name begins.
fn name_at(path: &[u8]) -> usize {
    path.iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash.saturating_add(1))
}

/// A path, as globs see it: U+FFFD stands for what is not UTF-8.
struct Subject<'a> {
    path: Cow<'a, str>,
    name_at: usize,
}

impl<'a> Subject<'a> {
    fn new(path: &'a [u8]) -> Self {
        // Nearly every path is UTF-8, and asking this first is far quicker.
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

/// An item of `SMC_PROCESSES` without its `!`. It is known to be a glob.
///
/// Kept as text: a pattern is made only when a program begins as the glob does,
/// which for most programs and items is never.
#[derive(Debug, Clone)]
struct Glob {
    text: Box<str>,
    /// With a `/` in it, so it is for paths; else it is for file names.
    for_paths: bool,
    /// How many bytes stand in front of the first special character.
    literal: usize,
}

impl Glob {
    fn parse(item: &str) -> Result<Self, Complaint> {
        let bytes = item.as_bytes();
        let (mut stars, mut for_paths, mut sets) = (0_usize, false, false);
        let mut literal = bytes.len();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'/' => for_paths = true,
                b'*' => stars = stars.saturating_add(1),
                b'[' => sets = true,
                b'?' => {}
                _ => continue,
            }
            if *byte != b'/' {
                literal = literal.min(at);
            }
        }
        if for_paths && !item.starts_with('/') && !item.starts_with("**/") {
            return Err(RELATIVE);
        }
        if item.ends_with('/') {
            return Err(DIRECTORY);
        }
        if stars > MOST_STARS {
            return Err(TOO_MANY_STARS);
        }
        let sound = if sets {
            Pattern::new(item).is_ok()
        } else {
            stars < 2 || bytes.split(|&byte| byte == b'/').all(is_sound)
        };
        if !sound {
            return Err(NOT_A_GLOB);
        }
        Ok(Glob {
            text: item.into(),
            for_paths,
            literal,
        })
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        let subject = if self.for_paths {
            &subject.path
        } else {
            subject.name()
        };
        let (literal, special) = self
            .text
            .split_at_checked(self.literal)
            .unwrap_or((&self.text, ""));
        match behind(subject, literal) {
            _ if subject.is_empty() => false,
            None => false,
            Some(rest) if special.is_empty() => rest.is_empty(),
            // By far the most frequent pattern, `name*`.
            Some(rest) if special == "*" => !rest.bytes().any(|byte| byte == b'/'),
            Some(_) => {
                Pattern::new(&self.text).is_ok_and(|pattern| pattern.matches_with(subject, OPTIONS))
            }
        }
    }
}

/// What stands behind `front`, as [`str::strip_prefix`] says it. A loop costs a
/// program less at its start than having memcmp(3) looked up.
fn behind<'a>(text: &'a str, front: &str) -> Option<&'a str> {
    let (begin, rest) = text.split_at_checked(front.len())?;
    begin.bytes().eq(front.bytes()).then_some(rest)
}

/// Whether a component without sets is one that [`Pattern::new`] takes, for a
/// tenth of what asking it costs: two stars are a component by themselves.
fn is_sound(component: &[u8]) -> bool {
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
    /// By this glob, which matches this file name or its path.
    Excluded {
        name: &'a [u8],
        glob: &'a str,
    },
}

impl Processes {
    pub(crate) fn parse(value: &str) -> Result<Self, Fault<'_>> {
        let list = List::parse(value, Glob::parse)?;
        Ok(Processes { list })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn decide<'a>(&'a self, program: &Program<'a>) -> ProgramDecision<'a> {
        let [executable, invoked_as] = program.paths();
        let runs = Subject::new(executable);
        // Most programs are called by the path of what runs.
        let run_as = (!invoked_as.iter().eq(executable)).then(|| Subject::new(invoked_as));
        let matches = |glob: &Glob| {
            glob.matches(&runs) || run_as.as_ref().is_some_and(|subject| glob.matches(subject))
        };
        match self.list.decide(matches) {
            Decision::Allowed => ProgramDecision::Allowed,
            Decision::NotListed => ProgramDecision::NotListed,
            Decision::Excluded(glob) => {
                let name = if glob.matches(&runs) {
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
