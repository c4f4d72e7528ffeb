// SPDX-License-Identifier: MIT OR Apache-2.0
//! The properties of a unit, from `systemctl show`, which needs no message bus for root.

use crate::failure::{again_with_sudo, words, Failure};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The properties of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit(HashMap<String, Vec<String>>);

impl Unit {
    /// Reads the properties of a service; `.service` is optional in the name.
    ///
    /// # Errors
    /// When the service does not exist or cannot be loaded.
    pub fn read(name: &str) -> Result<Self, Failure> {
        let name = full_name(name)?;
        let shown = systemctl(&["show", "--no-pager", "--", &name])?;
        let unit = Self::parse(&shown);
        match unit.get("LoadState") {
            Some("loaded") => Ok(unit),
            Some("masked") => Err(Failure::new(format!("{name} is masked"))
                .fixed_by(format!("sudo systemctl unmask {name}"))),
            Some("not-found") | None => Err(Failure::new(format!("cannot find service {name}"))),
            Some(other) => Err(Failure::new(format!(
                "systemd cannot load {name} ({other}): systemctl status {name}"
            ))),
        }
    }

    /// Parses the output of `systemctl show`: lines `NAME=VALUE`. The name of a list of
    /// structures is repeated.
    #[must_use]
    pub fn parse(shown: &str) -> Self {
        let mut all: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in shown.lines().filter_map(|line| line.split_once('=')) {
            all.entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
        Self(all)
    }

    /// Returns a property; `None` if it is empty.
    #[must_use]
    pub fn get(&self, property: &str) -> Option<&str> {
        let value = self.0.get(property)?.first()?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether a property is `yes`.
    #[must_use]
    pub fn is_yes(&self, property: &str) -> bool {
        self.get(property) == Some("yes")
    }

    /// Returns the words of a property.
    #[must_use]
    pub fn words(&self, property: &str) -> Vec<&str> {
        self.get(property)
            .map(|value| value.split_whitespace().collect())
            .unwrap_or_default()
    }

    /// Returns all values of a repeated property.
    #[must_use]
    pub fn all(&self, property: &str) -> &[String] {
        self.0.get(property).map_or(&[], Vec::as_slice)
    }

    /// Returns the name, not an alias.
    #[must_use]
    pub fn name(&self) -> &str {
        self.get("Id").unwrap_or_default()
    }

    /// Returns the programs in `ExecStart=`: `{ path=/usr/bin/x ; argv[]=… }`.
    #[must_use]
    pub fn programs(&self) -> Vec<PathBuf> {
        let path = |command: &String| {
            let (_, rest) = command.split_once("path=")?;
            let (path, _) = rest.split_once(" ; ")?;
            Some(PathBuf::from(path))
        };
        let mut programs: Vec<_> = self.all("ExecStart").iter().filter_map(path).collect();
        programs.dedup();
        programs
    }

    /// Returns the variables in `Environment=`.
    ///
    /// # Errors
    /// When they cannot be parsed.
    pub fn variables(&self) -> Result<Vec<(String, String)>, Failure> {
        variables(self.get("Environment").unwrap_or_default()).ok_or_else(|| {
            Failure::new(format!(
                "cannot parse Environment= of {}; see systemctl show -p Environment {}",
                self.name(),
                self.name()
            ))
        })
    }

    /// Returns the files in `EnvironmentFile=`: lines `/etc/default/x (ignore_errors=yes)`.
    #[must_use]
    pub fn environment_files(&self) -> Vec<&Path> {
        self.all("EnvironmentFiles")
            .iter()
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (path, _) = line.split_once(" (ignore_errors=").unwrap_or((line, ""));
                Path::new(path)
            })
            .collect()
    }
}

/// Reads the variables of the manager, which services inherit.
///
/// # Errors
/// When systemctl fails.
pub fn manager_variables() -> Result<Vec<(String, String)>, Failure> {
    let shown = systemctl(&["show", "--no-pager", "--property=Environment"])?;
    let unit = Unit::parse(&shown);
    Ok(variables(unit.get("Environment").unwrap_or_default()).unwrap_or_default())
}

/// Makes systemd reload its units.
///
/// # Errors
/// When systemctl fails.
pub fn reload() -> Result<(), Failure> {
    systemctl(&["daemon-reload"]).map(drop)
}

/// Restarts a service.
///
/// # Errors
/// When it fails to start.
pub fn restart(name: &str) -> Result<(), Failure> {
    systemctl(&["restart", "--", name]).map(drop)
}

/// Parses `A=1 "B=two words"`, quoted as for a shell.
fn variables(list: &str) -> Option<Vec<(String, String)>> {
    let split = |word: String| {
        let (name, value) = word.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    shell_words::split(list)
        .ok()?
        .into_iter()
        .map(split)
        .collect()
}

/// Appends `.service` if it is missing.
///
/// # Errors
/// When it is not the name of a service.
pub fn full_name(name: &str) -> Result<String, Failure> {
    let is_known = |letter: char| letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_known) {
        return Err(Failure::new(format!(
            "invalid unit \"{name}\": expected a name such as redis-server.service"
        )));
    }
    let kinds = [
        "socket",
        "target",
        "timer",
        "path",
        "mount",
        "automount",
        "swap",
        "slice",
        "scope",
        "device",
    ];
    let full = match name.rsplit_once('.') {
        Some((_, "service")) => name.to_owned(),
        Some((_, kind)) if kinds.contains(&kind) => {
            return Err(Failure::new(format!(
                "invalid unit {name}: expected a service"
            )));
        }
        _ => format!("{name}.service"),
    };
    if full.ends_with("@.service") {
        return Err(Failure::new(format!(
            "invalid unit {full}: expected an instance of the template, such as {}",
            full.replace("@.", "@NAME.")
        )));
    }
    Ok(full)
}

fn systemctl(arguments: &[&str]) -> Result<String, Failure> {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new("systemctl")
        .args(arguments)
        .env("SYSTEMD_COLORS", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("cannot run systemctl: {}", words(&error))))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let error = String::from_utf8_lossy(&stderr);
    let error = error.lines().next().unwrap_or_default().trim();
    let what = format!("systemctl {}: {error}", arguments.join(" "));
    Err(
        if error.contains("ccess denied") || error.contains("authentication") {
            Failure::new(what).fixed_by(again_with_sudo())
        } else {
            Failure::new(what)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "\
Id=web.service
NoNewPrivileges=yes
ExecStart={ path=/usr/bin/web ; argv[]=/usr/bin/web -a = 1 ; ignore_errors=no ; pid=0 }
ExecStart={ path=/opt/a b/x ; argv[]=/opt/a b/x ; ignore_errors=no ; pid=0 }
EnvironmentFiles=/etc/default/web (ignore_errors=yes)
EnvironmentFiles=/etc/web (x) (ignore_errors=no)
Environment=LANG=C \"A=b c\\\"d\\\\e\\$f\" LD_PRELOAD=/usr/lib/x.so
User=
";

    #[test]
    fn properties_are_read_as_systemctl_prints_them() {
        let unit = Unit::parse(SHOWN);
        assert_eq!(unit.name(), "web.service");
        assert!(unit.is_yes("NoNewPrivileges") && !unit.is_yes("DynamicUser"));
        assert_eq!(unit.get("User"), None);
        assert_eq!(
            unit.programs(),
            ["/usr/bin/web", "/opt/a b/x"].map(PathBuf::from)
        );
        let files = ["/etc/default/web", "/etc/web (x)"].map(Path::new);
        assert_eq!(unit.environment_files(), files);
        let variables = unit.variables().unwrap();
        assert_eq!(variables[1], ("A".to_owned(), "b c\"d\\e$f".to_owned()));
        assert_eq!(variables.len(), 3);
    }

    #[test]
    fn only_names_of_services_are_valid() {
        assert_eq!(full_name("web").unwrap(), "web.service");
        assert_eq!(full_name("web-1.2").unwrap(), "web-1.2.service");
        assert_eq!(full_name("a@b.service").unwrap(), "a@b.service");
        for bad in ["", "-x", "a/b", "a b", "web.socket", "a@", "a@.service"] {
            assert!(full_name(bad).is_err(), "{bad}");
        }
    }
}
