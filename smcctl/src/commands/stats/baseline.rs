// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counts at the last reset, since the kernel's counters cannot be reset. Stored per
//! user and network namespace, and valid until the next boot.

use crate::check::Privilege;
use crate::failure::{words, Failure};
use crate::kernel::counts::Counts;
use crate::system::files::{replace, Root};
use serde::{Deserialize, Serialize};
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The stored counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The boot ID.
    boot: String,
    /// The time of the reset, in seconds since 1970.
    pub taken: u64,
    counts: Counts,
}

impl Baseline {
    /// Creates it from the current counts.
    #[must_use]
    pub fn new(root: &Root, counts: &Counts) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            boot: boot(root),
            taken: now.map_or(0, |now| now.as_secs()),
            counts: counts.clone(),
        }
    }

    /// Loads the file, if it is of this boot and valid.
    #[must_use]
    pub fn load(root: &Root, path: &Path) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let found: Self = serde_json::from_slice(&bytes).ok()?;
        (found.boot == boot(root)).then_some(found)
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        self.write(path).map_err(|error| {
            let what = format!("cannot save the counts in {}", path.display());
            Failure::new(format!("{what}: {}", words(&error)))
        })
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        replace(path, &serde_json::to_vec(self)?, 0o600)
    }

    /// Returns the increase since; `None` if the counters were reset.
    #[must_use]
    pub fn since(&self, now: &Counts) -> Option<Counts> {
        now.since(&self.counts)
    }
}

fn boot(root: &Root) -> String {
    root.line("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
}

/// The path of the file.
///
/// # Errors
/// When there is no directory for it.
pub fn path(root: &Root) -> Result<PathBuf, Failure> {
    let directory = directory(Privilege::of(root), |name| {
        env::var_os(name).map(PathBuf::from)
    })
    .ok_or_else(|| Failure::new("no directory to save the counts: set HOME"))?;
    let namespace = fs::read_link(root.path("/proc/self/ns/net")).unwrap_or_default();
    let number: String = namespace
        .to_string_lossy()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Ok(directory
        .join("smcctl")
        .join(format!("stats-{number}.json")))
}

/// A directory that other users cannot write to.
fn directory(privilege: Privilege, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if privilege == Privilege::Root {
        // After su, root may have the variables of another user.
        return Some(PathBuf::from("/run"));
    }
    ["XDG_RUNTIME_DIR", "XDG_STATE_HOME"]
        .into_iter()
        .find_map(&variable)
        .or_else(|| Some(variable("HOME")?.join(".local/state")))
        .filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::counts::Reason;
    use crate::system::fixtures::Tree;

    fn counts(sent: u64, reasons: &[(u32, u16)]) -> Counts {
        let mut counts = Counts::default();
        counts.smc_r.sent = sent;
        counts.reasons = reasons
            .iter()
            .map(|&(code, count)| Reason {
                is_server: false,
                code,
                count,
            })
            .collect();
        counts
    }

    #[test]
    fn counts_are_relative_to_the_baseline() {
        let root = Tree::new().root();
        let baseline = Baseline::new(&root, &counts(5, &[(1, 65_530), (2, 9)]));
        let mut now = counts(7, &[(1, 4), (2, 9), (3, 1)]);
        now.smc_r.send_memory = Some(65_536);
        let since = baseline.since(&now).unwrap();
        assert_eq!(since.smc_r.sent, 2);
        assert_eq!(since.reasons, counts(0, &[(1, 10), (3, 1)]).reasons);
        // The size of buffers is not a counter.
        assert_eq!(since.smc_r.send_memory, Some(65_536));
        assert_eq!(
            baseline.since(&counts(4, &[])),
            None,
            "the counters were reset"
        );
    }

    #[test]
    fn a_baseline_is_valid_for_this_boot_only() {
        let tree = Tree::new();
        let path = tree.root().path("run/smcctl/stats-1.json");
        tree.write("proc/sys/kernel/random/boot_id", "first\n");
        let baseline = Baseline::new(&tree.root(), &counts(5, &[(1, 2)]));
        for _ in 0..2 {
            baseline.save(&path).unwrap();
            assert_eq!(Baseline::load(&tree.root(), &path), Some(baseline.clone()));
        }
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "no temporary file is left");
        tree.write("proc/sys/kernel/random/boot_id", "second\n");
        assert_eq!(Baseline::load(&tree.root(), &path), None);
        fs::write(&path, "{\"boot\": \"second\"").unwrap();
        assert_eq!(Baseline::load(&tree.root(), &path), None);
    }

    #[test]
    fn the_directory_belongs_to_the_user() {
        let set = |names: &'static [&str]| {
            move |name: &str| {
                names
                    .contains(&name)
                    .then(|| PathBuf::from("/x").join(name))
            }
        };
        let user = |names| directory(Privilege::User, set(names));
        let all = &["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"];
        assert_eq!(user(all), Some("/x/XDG_RUNTIME_DIR".into()));
        assert_eq!(user(&["HOME"]), Some("/x/HOME/.local/state".into()));
        assert_eq!(user(&[]), None);
        assert_eq!(directory(Privilege::Root, set(all)), Some("/run".into()));
        assert_eq!(
            directory(Privilege::User, |_| Some("relative".into())),
            None
        );
    }
}
