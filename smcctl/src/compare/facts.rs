// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must be known of a host to understand a result later.

use crate::failure::words;
use crate::kernel::devices;
use crate::kernel::settings::ueids;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Where the kernel's settings of SMC are.
const SETTINGS: &str = "/proc/sys/net/smc";

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its name.
    pub host: String,
    /// The kernel's release and version.
    pub kernel: String,
    /// The processors, and how many.
    pub processors: String,
    /// What SMC can use: `SMC-D loopback-ism`, `SMC-R rxe0`.
    pub devices: Vec<String>,
    /// Its user EIDs.
    pub ueids: Vec<String>,
    /// `net.smc.*`.
    pub settings: BTreeMap<String, String>,
    /// This program's version.
    pub smcctl: String,
    /// How busy it was before.
    pub load: String,
}

fn line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim().to_owned()
}

impl Facts {
    /// This host's.
    #[must_use]
    pub fn read() -> Self {
        let release = line("/proc/sys/kernel/osrelease");
        Self {
            host: line("/proc/sys/kernel/hostname"),
            kernel: format!("Linux {release} {}", line("/proc/sys/kernel/version")),
            processors: processors(),
            devices: devices(),
            ueids: ueids().unwrap_or_default(),
            settings: settings(Path::new(SETTINGS)),
            smcctl: env!("CARGO_PKG_VERSION").to_owned(),
            load: line("/proc/loadavg"),
        }
    }

    /// What people want to know first.
    #[must_use]
    pub fn brief(&self) -> String {
        let release = self.kernel.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let devices = if self.devices.is_empty() {
            String::new()
        } else {
            format!(", {}", self.devices.join(", "))
        };
        format!("{release}, {}{devices}", self.processors)
    }
}

fn devices() -> Vec<String> {
    let known = devices::read().unwrap_or_default();
    let loopback = known
        .has_loopback()
        .then(|| "SMC-D loopback-ism".to_owned());
    let ism = known
        .ism
        .into_iter()
        .filter_map(|device| device.name.or(device.bus_id));
    let rdma = known
        .rdma
        .into_iter()
        .filter_map(|device| device.name.or(device.bus_id));
    let named = ism
        .map(|name| format!("SMC-D {name}"))
        .chain(rdma.map(|name| format!("SMC-R {name}")));
    loopback.into_iter().chain(named).collect()
}

fn processors() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        ["model name", "Model", "cpu model"]
            .contains(&name.trim())
            .then(|| value.trim().to_owned())
    });
    let model = model.unwrap_or_default();
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{count} x {}",
        if model.is_empty() {
            std::env::consts::ARCH
        } else {
            &model
        }
    )
}

fn settings(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let values = files.filter_map(|file| {
        let value = fs::read_to_string(file.path()).ok()?;
        Some((
            file.file_name().into_string().ok()?,
            value.trim().to_owned(),
        ))
    });
    values.collect()
}

/// Sets a variable below `net.smc`; what it was.
///
/// # Errors
/// When it is none, or may not be set.
pub fn set(name: &str, value: &str) -> Result<String, String> {
    let file = name.strip_prefix("net.smc.").unwrap_or_default();
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    if file.is_empty() || !file.chars().all(is_name) {
        return Err(format!("{name}: no variable of SMC"));
    }
    let path = Path::new(SETTINGS).join(file);
    let cannot = |error: io::Error| format!("cannot set {name}: {}", words(&error));
    let before = fs::read_to_string(&path).map_err(cannot)?;
    fs::write(&path, value).map_err(cannot)?;
    Ok(before.trim().to_owned())
}
