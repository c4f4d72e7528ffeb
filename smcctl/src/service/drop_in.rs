// SPDX-License-Identifier: MIT OR Apache-2.0
//! The drop-in that sets the variables of a service.

use crate::failure::{again_with_sudo, words, Failure};
use crate::system::files;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory for units of the administrator.
const UNITS: &str = "/etc/systemd/system";
/// The drop-in's name.
pub const NAME: &str = "50-smc-shim.conf";
/// The first line of the drop-ins of smcctl.
const HEAD: &str = "# Written by smcctl enable. smcctl disable removes it.\n";

/// The drop-in of a service.
#[derive(Clone, Debug)]
pub struct DropIn {
    path: PathBuf,
}

impl DropIn {
    /// The drop-in of a service, by its full name.
    #[must_use]
    pub fn of(service: &str) -> Self {
        Self::below(Path::new(UNITS), service)
    }

    fn below(units: &Path, service: &str) -> Self {
        Self {
            path: units.join(format!("{service}.d")).join(NAME),
        }
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the text; `None` if there is no file.
    ///
    /// # Errors
    /// When it cannot be read, or was not written by smcctl.
    pub fn read(&self) -> Result<Option<String>, Failure> {
        let path = self.path.display();
        match fs::read_to_string(&self.path) {
            Ok(text) if text.starts_with(HEAD) => Ok(Some(text)),
            Ok(_) => Err(Failure::new(format!(
                "{path} exists and was not written by smcctl enable"
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(format!(
                "cannot read {path}: {}",
                words(&error)
            ))),
        }
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, text: &str) -> Result<(), Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)
            .and_then(|()| files::replace(&self.path, text.as_bytes(), 0o666))
            .map_err(|error| self.failure("write", &error))
    }

    /// Removes the file, and its directory if that is empty.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> Result<(), Failure> {
        fs::remove_file(&self.path).map_err(|error| self.failure("remove", &error))?;
        if let Some(folder) = self.path.parent() {
            // Fails if there are other files.
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }

    fn failure(&self, what: &str, error: &io::Error) -> Failure {
        let failure = Failure::new(format!(
            "cannot {what} {}: {}",
            self.path.display(),
            words(error)
        ));
        match error.kind() {
            io::ErrorKind::PermissionDenied => failure.fixed_by(again_with_sudo()),
            _ => failure,
        }
    }
}

/// The services with a drop-in of smcctl, sorted.
#[must_use]
pub fn services() -> Vec<String> {
    services_below(Path::new(UNITS))
}

fn services_below(units: &Path) -> Vec<String> {
    let service = |name: &str| name.strip_suffix(".d").map(str::to_owned);
    let is_own = |service: &String| {
        let drop_in = DropIn::below(units, service);
        matches!(drop_in.read(), Ok(Some(_)))
    };
    let mut services: Vec<String> = fs::read_dir(units)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| service(entry.file_name().to_str()?))
        .filter(|service| service.strip_suffix(".service").is_some() && is_own(service))
        .collect();
    services.sort();
    services
}

/// Returns the text of a drop-in.
#[must_use]
pub fn text(variables: &[(String, String)]) -> String {
    let lines = variables.iter().map(|(name, value)| {
        let value = value
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('%', "%%");
        format!("Environment=\"{name}={value}\"\n")
    });
    format!("{HEAD}[Service]\n{}", lines.collect::<String>())
}

/// Returns the names of the variables in a drop-in.
#[must_use]
pub fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("Environment=\"")?.split('=').next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::fixtures::Tree;

    fn variables() -> Vec<(String, String)> {
        [
            ("LD_PRELOAD", "/usr/lib/x.so:/y.so"),
            ("SMC_PROCESSES", r#"a%b\"c"#),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn values_are_quoted_for_systemd() {
        let text = text(&variables());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[1..],
            [
                "[Service]",
                r#"Environment="LD_PRELOAD=/usr/lib/x.so:/y.so""#,
                r#"Environment="SMC_PROCESSES=a%%b\\\"c""#,
            ]
        );
        assert_eq!(names(&text), ["LD_PRELOAD", "SMC_PROCESSES"]);
    }

    #[test]
    fn only_the_own_drop_in_is_removed() {
        let tree = Tree::new();
        let units = tree.root().path("/units");
        let of = |service: &str| DropIn::below(&units, service);
        let (web, own) = (of("web.service"), of("own.service"));
        assert_eq!(web.read().unwrap(), None);
        web.write(&text(&variables())).unwrap();
        assert_eq!(web.read().unwrap(), Some(text(&variables())));
        tree.write("units/own.service.d/50-smc-shim.conf", "[Service]\n");
        assert!(own.read().is_err());
        tree.write("units/web.service.d/override.conf", "[Service]\n");
        tree.write("units/x.socket.d/50-smc-shim.conf", HEAD);
        assert_eq!(services_below(&units), ["web.service"]);
        web.remove().unwrap();
        assert_eq!(tree.root().names("/units/web.service.d"), ["override.conf"]);
        assert!(services_below(&units).is_empty());
        assert!(web.remove().is_err());
    }
}
