// SPDX-License-Identifier: MIT OR Apache-2.0
//! Applies the settings of a file, with the functions of the single commands.

use super::current::{self, has_device, read, Current};
use super::{Line, Setting};
use crate::check::kernel;
use crate::commands::{limit_handshakes, load, pnetid, seid, ueid};
use crate::failure::{again_with_sudo, words, Failure};
use crate::kernel::modules::missing;
use crate::kernel::pnet::Device;
use crate::system::files::Root;
use serde::Serialize;
use std::fs;
use std::io;

/// The result of applying a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It was set before.
    Already,
    /// It was changed.
    Changed,
    /// It would be changed, but for `--dry-run`.
    WouldChange,
    /// It could not be set.
    Failed,
}

/// A setting and its result.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The setting and its line.
    pub line: Line,
    /// The result.
    pub status: Status,
    /// A note: the device does not exist yet.
    pub note: Option<&'static str>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Applies all settings; with `dry_run` changes nothing.
#[must_use]
pub fn apply(root: &Root, lines: Vec<Line>, dry_run: bool) -> Vec<Applied> {
    let kernel = kernel::read(root);
    if dry_run && !kernel.has_smc() {
        // Reading the settings would load the module.
        let failure = (!kernel.can_have_smc()).then(|| missing("smc"));
        let status = failure
            .as_ref()
            .map_or(Status::WouldChange, |_| Status::Failed);
        let apply = |line| applied(root, line, status, failure.clone());
        return lines.into_iter().map(apply).collect();
    }
    let mut current: Option<Result<Current, Failure>> = None;
    let mut results = Vec::new();
    for line in lines {
        let is_load = line.setting == Setting::Load;
        let has = if is_load {
            Ok(load::are_loaded(&kernel))
        } else {
            // Read after the modules have been loaded, if the file loads them.
            let current = current.get_or_insert_with(|| read(root));
            current
                .as_ref()
                .map(|current| current::has(current, &line.setting))
                .map_err(Clone::clone)
        };
        let (status, failure) = match has {
            Ok(true) => (Status::Already, None),
            Ok(false) if dry_run => (Status::WouldChange, None),
            Ok(false) => match set(root, &line.setting) {
                Ok(()) => (Status::Changed, None),
                Err(failure) => (Status::Failed, Some(failure)),
            },
            Err(failure) => (Status::Failed, Some(failure)),
        };
        results.push(applied(root, line, status, failure));
    }
    results
}

fn applied(root: &Root, line: Line, status: Status, failure: Option<Failure>) -> Applied {
    let is_missing = status != Status::Failed && !has_device(root, &line.setting);
    Applied {
        line,
        status,
        note: is_missing.then_some("no such device yet: it will get the pnetid"),
        failure,
    }
}

fn set(root: &Root, setting: &Setting) -> Result<(), Failure> {
    match setting {
        Setting::Load => load::load_all(root),
        Setting::Sysctl(name, value) => write(root, name, value),
        Setting::Ueid(name) => ueid::add(name),
        Setting::Pnetid(entry) => match &entry.device {
            Device::Net { name } => pnetid::assign(&entry.pnetid, Some(name), None),
            Device::Ib { name, port } => pnetid::assign(&entry.pnetid, None, Some((name, *port))),
        },
        Setting::Seid(on) => seid::set(*on),
        Setting::LimitHandshakes(on) => limit_handshakes::set(*on),
    }
}

fn write(root: &Root, name: &str, value: &str) -> Result<(), Failure> {
    let path = root.path(&format!("/proc/sys/{}", name.replace('.', "/")));
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|mut file| io::Write::write_all(&mut file, value.as_bytes()))
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format!("this kernel has no {name}")),
            io::ErrorKind::PermissionDenied => {
                Failure::new(format!("cannot set {name}: this needs root"))
                    .fixed_by(again_with_sudo())
            }
            io::ErrorKind::InvalidInput => Failure::new(format!(
                "invalid value of {name} \"{value}\": the kernel rejects it"
            )),
            _ => Failure::new(format!("cannot set {name}: {}", words(&error))),
        })
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use crate::system::fixtures::Tree;

    #[test]
    fn a_dry_run_loads_nothing() {
        let lines = || parse("load\nueid A\npnetid A net eth7\n").unwrap();
        let loadable = Tree::debian_612();
        let applied = apply(&loadable.root(), lines(), true);
        assert!(applied.iter().all(|one| one.status == Status::WouldChange));
        let notes: Vec<_> = applied.iter().map(|one| one.note.is_some()).collect();
        assert_eq!(notes, [false, false, true]);
        let applied = apply(&Tree::new().root(), lines(), true);
        assert!(applied.iter().all(|one| one.status == Status::Failed));
    }

    #[test]
    fn a_sysctl_is_written_if_the_kernel_has_it() {
        let tree = Tree::new();
        tree.write("proc/sys/net/smc/wmem", "");
        write(&tree.root(), "net.smc.wmem", "70000").unwrap();
        let wmem = tree.root().text("/proc/sys/net/smc/wmem");
        assert_eq!(wmem.as_deref(), Some("70000"));
        let failure = write(&tree.root(), "net.smc.nosuch", "1").unwrap_err();
        assert_eq!(failure.what(), "this kernel has no net.smc.nosuch");
        assert!(!tree.root().has("/proc/sys/net/smc/nosuch"));
    }
}
