// SPDX-License-Identifier: MIT OR Apache-2.0
//! Failures: what went wrong, and the command that fixes it.

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Exit status for a failure or a false condition.
pub const EXIT_FALSE: u8 = 1;

/// The result of a command: an exit status, or why it failed.
pub type Outcome = Result<ExitCode, Failure>;

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    what: String,
    fix: Option<String>,
    /// Not to be printed: the reader of standard output has closed it.
    quiet: bool,
}

impl Failure {
    /// Creates a failure from its message.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: None,
            quiet: false,
        }
    }

    /// Adds the command that fixes it.
    #[must_use]
    pub fn fixed_by(self, command: impl Into<String>) -> Self {
        Self {
            fix: Some(command.into()),
            ..self
        }
    }

    /// Prefixes the message with the location.
    #[must_use]
    pub fn at(&self, place: &str) -> Self {
        Self {
            what: format!("{place}: {}", self.what),
            ..self.clone()
        }
    }

    /// The message.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The command that fixes it, if there is one.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// Prints it on standard error.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        let red = AnsiColor::Red.on_default().bold();
        if !self.quiet {
            eprintln!("{red}smcctl:{red:#} {}", self.what);
            if let Some(fix) = &self.fix {
                let bold = Style::new().bold();
                eprintln!("  fix: {bold}{fix}{bold:#}");
            }
        }
        ExitCode::from(EXIT_FALSE)
    }

    /// The failure of writing to standard output.
    pub(crate) fn of_output(error: &io::Error) -> Self {
        Self {
            quiet: error.kind() == io::ErrorKind::BrokenPipe,
            ..Self::new(format!("cannot write to standard output: {}", words(error)))
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.fix {
            Some(fix) => write!(f, " (fix: {fix})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// The message of a system error, without its number.
#[must_use]
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "unknown error".to_owned(),
    }
}

/// This command line prefixed by `sudo`.
#[must_use]
pub fn again_with_sudo() -> String {
    let arguments = std::env::args().map(|argument| quoted(&argument));
    format!("sudo {}", arguments.collect::<Vec<_>>().join(" "))
}

/// Quotes a word for a shell.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_no_error_number() {
        let error = io::Error::from_raw_os_error(13);
        assert_eq!(words(&error), "permission denied");
        assert_eq!(words(&io::Error::other("")), "unknown error");
    }

    #[test]
    fn a_quoted_word_is_read_back_by_a_shell() {
        assert_eq!(quoted("TEST1"), "TEST1");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
