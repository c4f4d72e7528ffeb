// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl save`: writes the current settings to a configuration file.

use crate::configuration::{current, write, FILE};
use crate::failure::{again_with_sudo, words, Failure, Outcome};
use crate::output::{Output, Report};
use crate::system::files::{self, Root};
use clap::{Args, ValueHint};
use serde::Serialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `smcctl save`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file; - for standard output
    #[arg(default_value = FILE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

#[derive(Serialize)]
struct Saved {
    file: PathBuf,
    changed: bool,
    previous: Option<PathBuf>,
}

impl Report for Saved {
    fn text(&self) -> String {
        let file = self.file.display();
        match &self.previous {
            _ if !self.changed => format!("{file}: unchanged\n"),
            None => format!("{file}: written\n"),
            Some(previous) => {
                format!(
                    "{file}: written; the previous file is {}\n",
                    previous.display()
                )
            }
        }
    }
}

/// The file itself, for standard output.
#[derive(Serialize)]
struct Text {
    configuration: String,
}

impl Report for Text {
    fn text(&self) -> String {
        self.configuration.clone()
    }
}

/// Runs the command.
///
/// # Errors
/// When the kernel does not report the settings, or the file cannot be written.
pub fn run(arguments: &Arguments, output: &mut Output) -> Outcome {
    let configuration = write::text(&current::read(&Root::new("/"))?);
    let file = arguments.file.clone();
    if file == Path::new("-") {
        output.show(&Text { configuration })?;
        return Ok(ExitCode::SUCCESS);
    }
    let (changed, previous) = replace(&file, &configuration).map_err(|error| {
        let failure = Failure::new(format!(
            "cannot write {}: {}",
            file.display(),
            words(&error)
        ));
        match error.kind() {
            io::ErrorKind::PermissionDenied => failure.fixed_by(again_with_sudo()),
            _ => failure,
        }
    })?;
    output.show(&Saved {
        file,
        changed,
        previous,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Replaces a file atomically and renames the previous one to FILE.old. Returns whether
/// the text has changed, and the path of the previous file.
fn replace(file: &Path, text: &str) -> io::Result<(bool, Option<PathBuf>)> {
    let before = match fs::read(file) {
        Ok(before) if before == text.as_bytes() => return Ok((false, None)),
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let previous = before.map(|before| {
        let mut name = file.as_os_str().to_owned();
        name.push(".old");
        (PathBuf::from(name), before)
    });
    if let Some((path, before)) = &previous {
        fs::write(path, before)?;
    }
    files::replace(file, text.as_bytes(), 0o666)?;
    Ok((true, previous.map(|(path, _)| path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::fixtures::Tree;

    #[test]
    fn the_previous_file_is_kept() {
        let tree = Tree::new();
        let file = tree.root().path("/conf");
        assert_eq!(replace(&file, "one\n").unwrap(), (true, None));
        assert_eq!(replace(&file, "one\n").unwrap(), (false, None));
        let old = tree.root().path("/conf.old");
        assert_eq!(replace(&file, "two\n").unwrap(), (true, Some(old)));
        assert_eq!(tree.root().names("/"), ["conf", "conf.old"]);
        assert_eq!(tree.root().text("/conf").as_deref(), Some("two\n"));
        assert_eq!(tree.root().text("/conf.old").as_deref(), Some("one\n"));
        assert!(replace(&tree.root().path("/no/where"), "x").is_err());
    }
}
