// SPDX-License-Identifier: MIT OR Apache-2.0
//! The variables that make a program of a unit use SMC, or why it cannot be preloaded:
//! from a dry run of `smc_run` as the user and in the environment of the service.

use super::unit::Unit;
use crate::failure::{words, Failure};
use crate::preload;
use crate::smc_run::{self, Variables};
use rustix::process::geteuid;
use std::path::Path;
use std::process::{Command, Stdio};

/// Stands in for the user that systemd allocates for `DynamicUser=`.
const NOBODY: &str = "65534";
/// The variable that smc_run also sets, for a program with AddressSanitizer.
const SANITIZER: &str = "ASAN_OPTIONS";

/// Returns the variables that a program of the unit needs, with these options of
/// `smc_run`. `own` are the variables that it has already.
///
/// # Errors
/// When it cannot be preloaded, or an option is invalid.
pub fn variables(
    unit: &Unit,
    program: &Path,
    options: &[String],
    own: &[(String, String)],
) -> Result<Variables, Failure> {
    let smc_run = smc_run::find()?;
    let program = match unit.get("RootDirectory") {
        Some(root) => Path::new(root).join(program.strip_prefix("/").unwrap_or(program)),
        None => program.to_owned(),
    };
    let mut command = as_user(unit)?;
    let known =
        |name: &str| name == preload::VARIABLE || name == SANITIZER || is_smc_variable(name);
    let output = command
        .arg(&smc_run)
        .args(["--require", "--dry-run"])
        .args(options)
        .arg("--")
        .arg(&program)
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .envs(std::env::vars_os().filter(|(name, _)| name == "CARGO_TARGET_DIR"))
        .envs(own.iter().filter(|(name, _)| known(name)).cloned())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            let program = command.get_program().to_string_lossy();
            Failure::new(format!("cannot run {program}: {}", words(&error)))
        })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return smc_run::parse_dry_run(&printed)
            .ok_or_else(|| Failure::new(format!("cannot parse the output of smc_run: {printed}")));
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let line = smc_run::error(&printed);
    Err(Failure::new(match unit.get("User") {
        Some(user) if line.contains(preload::SHIM) => {
            format!("as user {user}: {line}")
        }
        _ => line.to_owned(),
    }))
}

/// Whether the shim reads this variable.
#[must_use]
pub fn is_smc_variable(name: &str) -> bool {
    smc_policy::VARIABLES.contains(&name)
}

/// A command that runs another one with the privileges of the unit's programs.
fn as_user(unit: &Unit) -> Result<Command, Failure> {
    let mut command = Command::new("setpriv");
    if unit.is_yes("NoNewPrivileges") {
        command.arg("--nnp");
    }
    // Only root can switch to the user; others can only do a dry run.
    if geteuid().is_root() {
        let (user, group) = ids(unit)?;
        command
            .arg(format!("--reuid={user}"))
            .arg(format!("--regid={group}"))
            .arg("--clear-groups");
    }
    command.arg("--");
    Ok(command)
}

fn ids(unit: &Unit) -> Result<(String, String), Failure> {
    let id = |option: &str, user: &str| {
        let output = Command::new("id")
            .args([option, "--", user])
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let id = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!id.is_empty()).then_some(id)
    };
    match unit.get("User") {
        None => Ok(("0".to_owned(), "0".to_owned())),
        Some(user) => match (id("-u", user), id("-g", user)) {
            (Some(uid), Some(gid)) => Ok((uid, gid)),
            _ if unit.is_yes("DynamicUser") => Ok((NOBODY.to_owned(), NOBODY.to_owned())),
            _ => Err(Failure::new(format!(
                "{}: unknown user in User={user}",
                unit.name()
            ))),
        },
    }
}
