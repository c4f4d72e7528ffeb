// SPDX-License-Identifier: MIT OR Apache-2.0
//! `smcctl load`: loads the kernel modules of SMC.

use crate::check::kernel::{self, Kernel};
use crate::check::Privilege;
use crate::failure::{again_with_sudo, words, Failure, Outcome};
use crate::kernel::modules::{missing, Presence};
use crate::output::{Output, Report};
use crate::system::files::Root;
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Arguments of `smcctl load`.
#[derive(Debug, Args)]
pub struct Arguments {}

#[derive(Serialize)]
struct Module {
    module: &'static str,
    state: &'static str,
}

#[derive(Serialize)]
struct Modules {
    modules: Vec<Module>,
}

impl Report for Modules {
    fn text(&self) -> String {
        let mut text = String::new();
        for module in &self.modules {
            let _ = writeln!(text, "{}: {}", module.module, module.state);
        }
        text
    }
}

/// Runs the command.
///
/// # Errors
/// When a module is missing or cannot be loaded.
pub fn run(_: &Arguments, output: &mut Output) -> Outcome {
    let root = Root::new("/");
    load_all(&root)?;
    let state = |presence| match presence {
        Presence::BuiltIn => "built in",
        Presence::Loaded => "loaded",
        Presence::Loadable => "not loaded",
        Presence::Absent => "absent",
    };
    output.show(&Modules {
        modules: presences(&kernel::read(&root))
            .map(|(module, presence)| Module {
                module,
                state: state(presence),
            })
            .into(),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn presences(kernel: &Kernel) -> [(&'static str, Presence); 2] {
    [("smc", kernel.smc), ("smc_diag", kernel.smc_diag)]
}

/// Whether both modules are loaded or built in.
pub(crate) fn are_loaded(kernel: &Kernel) -> bool {
    presences(kernel)
        .iter()
        .all(|(_, presence)| matches!(presence, Presence::BuiltIn | Presence::Loaded))
}

/// Loads the modules that are not loaded yet.
pub(crate) fn load_all(root: &Root) -> Result<(), Failure> {
    for (module, presence) in presences(&kernel::read(root)) {
        match presence {
            Presence::BuiltIn | Presence::Loaded => {}
            Presence::Loadable => load(module, Privilege::of(root))?,
            Presence::Absent => return Err(missing(module)),
        }
    }
    Ok(())
}

fn load(module: &str, privilege: Privilege) -> Result<(), Failure> {
    if privilege == Privilege::User {
        return Err(Failure::new(format!(
            "cannot load the kernel module {module}: this needs root"
        ))
        .fixed_by(again_with_sudo()));
    }
    let modprobe = ["/usr/sbin/modprobe", "/sbin/modprobe", "/usr/bin/modprobe"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .unwrap_or("modprobe");
    let output = Command::new(modprobe)
        .arg(module)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            Failure::new(format!(
                "cannot load the kernel module {module}: {modprobe} (package kmod): {}",
                words(&error)
            ))
        })?;
    if output.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!(
        "cannot load the kernel module {module}: {}",
        error.trim()
    )))
}
