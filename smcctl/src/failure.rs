// SPDX-License-Identifier: MIT OR Apache-2.0
//! What went wrong, in words, and the command that puts it right.

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Exit status of a command whose answer is no, or that failed.
pub const NO: u8 = 1;

/// What a command ends with: an exit status, or why it could not do its work.
pub type Outcome = Result<ExitCode, Failure>;

/// Why a command could not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    what: String,
    fix: Option<String>,
    /// The reader of our output has left: nobody to tell, and no mistake.
    quiet: bool,
}

impl Failure {
    /// A failure in words: what could not be done, and why.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            fix: None,
            quiet: false,
        }
    }

    /// The same, with the exact command that puts it right.
    #[must_use]
    pub fn fixed_by(self, command: impl Into<String>) -> Self {
        Self {
            fix: Some(command.into()),
            ..self
        }
    }

    /// The same, with the place where it went wrong before the words.
    #[must_use]
    pub fn at(&self, place: &str) -> Self {
        Self {
            what: format!("{place}: {}", self.what),
            ..self.clone()
        }
    }

    /// The words.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The command that puts it right, where there is one.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }

    /// Says it on standard error.
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
        ExitCode::from(NO)
    }

    /// Of writing to standard output.
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

/// What an error of the system means, without its number.
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

/// This very command line with `sudo` before it: what helps when only the
/// privilege is missing.
#[must_use]
pub fn again_with_sudo() -> String {
    let arguments = std::env::args().map(|argument| quoted(&argument));
    format!("sudo {}", arguments.collect::<Vec<_>>().join(" "))
}

/// `word` as a shell reads it.
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
    fn no_number_where_words_will_do() {
        let error = io::Error::from_raw_os_error(13);
        assert_eq!(words(&error), "permission denied");
        assert_eq!(words(&io::Error::other("")), "unknown error");
    }

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("TEST1"), "TEST1");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
