// SPDX-License-Identifier: MIT OR Apache-2.0
//! The current settings of the kernel.

use super::{sysctl, Setting};
use crate::check::kernel::{self, Kernel};
use crate::check::smc_state::SmcState;
use crate::commands::load;
use crate::failure::Failure;
use crate::kernel::pnet::{self, Device, Entry};
use crate::kernel::settings::{self, Seid};
use crate::system::files::Root;

/// The current settings.
#[derive(Clone, Debug, Default)]
pub struct Current {
    /// Both modules are loaded or built in.
    pub loaded: bool,
    /// The sysctls `net.smc.NAME`, and their values.
    pub sysctls: Vec<(String, String)>,
    /// The user EIDs.
    pub ueids: Vec<String>,
    /// The user-defined pnetids.
    pub pnetids: Vec<Entry>,
    /// The system EID.
    pub seid: Seid,
    /// Whether a busy server falls back to TCP.
    pub limits_handshakes: bool,
}

/// Reads the settings. This makes the kernel load the module `smc`.
///
/// # Errors
/// When the kernel does not report them.
pub fn read(root: &Root) -> Result<Current, Failure> {
    Ok(Current {
        // First: this loads the module, which creates the sysctls.
        ueids: settings::ueids()?,
        seid: settings::read_seid()?,
        pnetids: pnet::table()?,
        limits_handshakes: settings::is_handshake_limit_enabled()?,
        loaded: load::are_loaded(&kernel::read(root)),
        sysctls: sysctl::read(root),
    })
}

/// Whether the kernel has a setting already.
#[must_use]
pub fn has(current: &Current, setting: &Setting) -> bool {
    match setting {
        Setting::Load => current.loaded,
        Setting::Sysctl(name, value) => current
            .sysctls
            .iter()
            .any(|(other, is)| other == name && is == value),
        Setting::Ueid(ueid) => current.ueids.contains(ueid),
        Setting::Pnetid(entry) => current.pnetids.contains(entry),
        // A machine without a system EID offers none.
        Setting::Seid(on) => current.seid.enabled == *on,
        Setting::LimitHandshakes(on) => current.limits_handshakes == *on,
    }
}

impl Current {
    /// Derives the settings from what a check has read.
    #[must_use]
    pub fn of(root: &Root, kernel: &Kernel, names: &SmcState) -> Self {
        Self {
            loaded: load::are_loaded(kernel),
            sysctls: sysctl::read(root),
            ueids: names.ueids.clone(),
            pnetids: names.pnetids.clone(),
            seid: names.seid.clone(),
            limits_handshakes: names.limits_handshakes,
        }
    }

    /// Returns the settings that differ from the kernel's defaults, and those that do not.
    #[must_use]
    pub fn settings(&self) -> (Vec<Setting>, Vec<Setting>) {
        let mut all = Vec::new();
        if self.loaded {
            all.push((Setting::Load, false));
        }
        for (name, value) in &self.sysctls {
            let is_default = sysctl::is_default(name, value);
            all.push((Setting::Sysctl(name.clone(), value.clone()), is_default));
        }
        let ueids = self.ueids.iter().cloned();
        all.extend(ueids.map(|ueid| (Setting::Ueid(ueid), false)));
        let pnetids = self.pnetids.iter().cloned();
        all.extend(pnetids.map(|entry| (Setting::Pnetid(entry), false)));
        if self.seid.seid.is_some() {
            all.push((Setting::Seid(self.seid.enabled), self.seid.enabled));
        }
        let limited = self.limits_handshakes;
        all.push((Setting::LimitHandshakes(limited), !limited));
        let (set, default): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, is)| !is);
        let settings = |list: Vec<(Setting, bool)>| list.into_iter().map(|(one, _)| one).collect();
        (settings(set), settings(default))
    }
}

/// Whether the device of a setting exists.
#[must_use]
pub fn has_device(root: &Root, setting: &Setting) -> bool {
    let Setting::Pnetid(entry) = setting else {
        return true;
    };
    match &entry.device {
        Device::Net { name } => root.has(&format!("/sys/class/net/{name}")),
        Device::Ib { name, .. } if super::is_bus_id(name) => {
            root.has(&format!("/sys/bus/pci/devices/{name}"))
        }
        Device::Ib { name, .. } => root.has(&format!("/sys/class/infiniband/{name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;
    use crate::system::fixtures::Tree;

    #[test]
    fn settings_are_separated_from_defaults() {
        let number = |name: &str, value: &str| (format!("net.smc.{name}"), value.to_owned());
        let current = Current {
            loaded: true,
            sysctls: vec![number("rmem", "70000"), number("wmem", "65536")],
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let (set, default) = current.settings();
        let shown = |all: Vec<Setting>| all.iter().map(Setting::to_string).collect::<Vec<_>>();
        assert_eq!(shown(set), ["load", "net.smc.rmem = 70000", "ueid A"]);
        let expected = ["net.smc.wmem = 65536", "limit-handshakes off"];
        assert_eq!(shown(default), expected);
    }

    #[test]
    fn a_setting_that_the_kernel_has_is_recognized() {
        let current = Current {
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let has = |line: &str| has(&current, &parse(line).unwrap()[0].setting);
        assert!(has("ueid a") && has("seid off") && has("limit-handshakes off"));
        assert!(!has("load") && !has("ueid B") && !has("seid on"));
        assert!(!has("net.smc.wmem = 1") && !has("pnetid A net eth0"));
    }

    #[test]
    fn a_device_may_be_missing() {
        let tree = Tree::debian_612();
        tree.add_rxe0();
        for (line, exists) in [
            ("pnetid A net eth0", true),
            ("pnetid A net eth1", false),
            ("pnetid A ib rxe0", true),
            ("pnetid A ib mlx5_0", false),
            ("pnetid A ism 0000:00:00.0", false),
            ("ueid A", true),
        ] {
            let setting = &parse(line).unwrap()[0].setting;
            assert_eq!(has_device(&tree.root(), setting), exists, "{line}");
        }
    }
}
