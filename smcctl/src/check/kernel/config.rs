// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build configuration of a kernel.

use crate::system::files::Root;

/// The configuration and the file that it was read from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file.
    pub path: String,
    text: String,
}

/// How a feature was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// Into the kernel: `y`.
    BuiltIn,
    /// As a module: `m`.
    Module,
    /// Not at all.
    No,
}

impl Config {
    /// Reads the configuration of the running kernel, else that of its release.
    #[must_use]
    pub fn read(root: &Root, release: &str) -> Option<Self> {
        let running = "/proc/config.gz";
        if let Some(text) = root.unzipped(running) {
            let path = running.to_owned();
            return Some(Self { path, text });
        }
        [
            format!("/boot/config-{release}"),
            format!("/lib/modules/{release}/config"),
            format!("/lib/modules/{release}/build/.config"),
        ]
        .into_iter()
        .find_map(|path| root.text(&path).map(|text| Self { path, text }))
    }

    /// How `CONFIG_option` is set.
    #[must_use]
    pub fn get(&self, option: &str) -> Build {
        let name = format!("CONFIG_{option}=");
        let value = self.text.lines().find_map(|line| line.strip_prefix(&name));
        match value {
            Some("y") => Build::BuiltIn,
            Some("m") => Build::Module,
            _ => Build::No,
        }
    }
}
