// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the kernel has now of all that a file can set.

use super::Setting;
use crate::check::kernel::{self, Kernel};
use crate::check::smc_state::SmcState;
use crate::commands::load;
use crate::failure::Failure;
use crate::kernel::pnet::{self, Device, Entry};
use crate::kernel::settings::{self, Seid};
use crate::system::files::Root;

/// Where the sysctls of SMC are.
const FOLDER: &str = "/proc/sys/net/smc";
/// The same as the limit on handshakes.
const LIMIT: &str = "limit_smc_hs";

/// What Linux has for each sysctl of SMC unless somebody set it.
const DEFAULTS: [(&str, &str); 9] = [
    ("autocorking_size", "65536"),
    ("rmem", "65536"),
    ("smcr_buf_type", "0"),
    ("smcr_max_conns_per_lgr", "255"),
    ("smcr_max_links_per_lgr", "2"),
    ("smcr_max_recv_wr", "48"),
    ("smcr_max_send_wr", "16"),
    ("smcr_testlink_time", "30"),
    ("wmem", "65536"),
];

/// What is set.
#[derive(Clone, Debug, Default)]
pub struct Current {
    /// Both modules are there.
    pub loaded: bool,
    /// Name in full, and value.
    pub sysctls: Vec<(String, String)>,
    /// The user EIDs.
    pub ueids: Vec<String>,
    /// The devices that were given a pnetid.
    pub pnetids: Vec<Entry>,
    /// The system EID.
    pub seid: Seid,
    /// Whether a busy server answers with TCP.
    pub limits_handshakes: bool,
}

/// Reads all of it. Asking loads the module `smc` where it is not loaded yet.
///
/// # Errors
/// When the kernel does not tell.
pub fn read(root: &Root) -> Result<Current, Failure> {
    Ok(Current {
        // Asked for first: the sysctls are there when the module is.
        ueids: settings::ueids()?,
        seid: settings::read_seid()?,
        pnetids: pnet::table()?,
        limits_handshakes: settings::is_handshake_limit_enabled()?,
        loaded: load::are_loaded(&kernel::read(root)),
        sysctls: sysctls(root),
    })
}

fn sysctls(root: &Root) -> Vec<(String, String)> {
    root.names(FOLDER)
        .into_iter()
        .filter(|name| name != LIMIT)
        .filter_map(|name| {
            let value = root.line(&format!("{FOLDER}/{name}"))?;
            Some((format!("net.smc.{name}"), value))
        })
        .collect()
}

/// Whether there is nothing to do for a setting.
#[must_use]
pub fn has(now: &Current, setting: &Setting) -> bool {
    match setting {
        Setting::Load => now.loaded,
        Setting::Sysctl(name, value) => now
            .sysctls
            .iter()
            .any(|(other, is)| other == name && is == value),
        Setting::Ueid(ueid) => now.ueids.contains(ueid),
        Setting::Pnetid(entry) => now.pnetids.contains(entry),
        // Where there is none, there is none to offer.
        Setting::Seid(on) => now.seid.enabled == *on,
        Setting::LimitHandshakes(on) => now.limits_handshakes == *on,
    }
}

impl Current {
    /// The same from what the doctor has seen of a kernel that has SMC.
    #[must_use]
    pub fn of(root: &Root, kernel: &Kernel, names: &SmcState) -> Self {
        Self {
            loaded: load::are_loaded(kernel),
            sysctls: sysctls(root),
            ueids: names.ueids.clone(),
            pnetids: names.pnetids.clone(),
            seid: names.seid.clone(),
            limits_handshakes: names.limits_handshakes,
        }
    }

    /// All that is set, as settings; those that Linux has unless somebody set them are in
    /// the second list.
    #[must_use]
    pub fn settings(&self) -> (Vec<Setting>, Vec<Setting>) {
        let mut all = Vec::new();
        if self.loaded {
            all.push((Setting::Load, false));
        }
        for (name, value) in &self.sysctls {
            let own = name.strip_prefix("net.smc.").unwrap_or_default();
            let is_default = DEFAULTS.contains(&(own, value));
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

/// Whether the device of a setting is there; it need not be yet.
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
    fn sysctls_are_read_but_the_one_with_a_line_of_its_own() {
        let tree = Tree::new();
        assert!(sysctls(&tree.root()).is_empty());
        for (name, value) in [("wmem", "65536"), ("rmem", "70000"), (LIMIT, "0")] {
            tree.write(&format!("proc/sys/net/smc/{name}"), &format!("{value}\n"));
        }
        let found = sysctls(&tree.root());
        let expected = [("net.smc.rmem", "70000"), ("net.smc.wmem", "65536")];
        assert_eq!(found, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn what_somebody_set_is_told_from_what_linux_has() {
        let number = |name: &str, value: &str| (format!("net.smc.{name}"), value.to_owned());
        let now = Current {
            loaded: true,
            sysctls: vec![number("rmem", "70000"), number("wmem", "65536")],
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let (set, default) = now.settings();
        let shown = |all: Vec<Setting>| all.iter().map(Setting::to_string).collect::<Vec<_>>();
        assert_eq!(shown(set), ["load", "net.smc.rmem = 70000", "ueid A"]);
        let expected = ["net.smc.wmem = 65536", "limit-handshakes off"];
        assert_eq!(shown(default), expected);
    }

    #[test]
    fn nothing_is_to_be_done_where_it_is_so() {
        let now = Current {
            ueids: vec!["A".to_owned()],
            ..Current::default()
        };
        let has = |line: &str| has(&now, &parse(line).unwrap()[0].setting);
        assert!(has("ueid a") && has("seid off") && has("limit-handshakes off"));
        assert!(!has("load") && !has("ueid B") && !has("seid on"));
        assert!(!has("net.smc.wmem = 1") && !has("pnetid A net eth0"));
    }

    #[test]
    fn a_device_may_be_missing() {
        let tree = Tree::debian_612();
        tree.add_rxe0();
        for (line, is_there) in [
            ("pnetid A net eth0", true),
            ("pnetid A net eth1", false),
            ("pnetid A ib rxe0", true),
            ("pnetid A ib mlx5_0", false),
            ("pnetid A ism 0000:00:00.0", false),
            ("ueid A", true),
        ] {
            let setting = &parse(line).unwrap()[0].setting;
            assert_eq!(has_device(&tree.root(), setting), is_there, "{line}");
        }
    }
}
