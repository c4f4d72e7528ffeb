// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which variables put a program on SMC, or why it cannot be preloaded. `smc_run` knows
//! both, so it is asked: its dry run, as the user and in the environment of the service.

use super::unit::Unit;
use crate::check::programs::smc_run;
use crate::failure::{words, Failure};
use rustix::process::geteuid;
use std::path::Path;
use std::process::{Command, Stdio};

/// Variables, by name.
pub type Variables = Vec<(String, String)>;

/// The user that has as few rights as one whom systemd makes up.
const NOBODY: &str = "65534";
/// What smc_run sets besides, for a program with AddressSanitizer.
const SANITIZER: &str = "ASAN_OPTIONS";

/// What the dry run of a program printed before the program.
#[must_use]
pub fn parse(printed: &str) -> Option<Variables> {
    let words = shell_words::split(printed).ok()?;
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let variables = words
        .iter()
        .map_while(|word| word.split_once('=').filter(|(name, _)| is_name(name)));
    Some(
        variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    )
}

/// What a program of the unit needs in its environment, with these options of `smc_run`;
/// `own` is what it has without us.
///
/// # Errors
/// When it cannot be preloaded, or an option is wrong.
pub fn variables(
    unit: &Unit,
    program: &Path,
    options: &[String],
    own: &[(String, String)],
) -> Result<Variables, Failure> {
    let Some(smc_run) = smc_run() else {
        return Err(Failure::new("smc_run is neither beside smcctl nor in PATH"));
    };
    let program = match unit.get("RootDirectory") {
        Some(root) => Path::new(root).join(program.strip_prefix("/").unwrap_or(program)),
        None => program.to_owned(),
    };
    let mut command = as_user(unit)?;
    let known = |name: &str| name == "LD_PRELOAD" || name == SANITIZER || is_smc_variable(name);
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
            Failure::new(format!(
                "{} cannot be run: {}",
                command.get_program().to_string_lossy(),
                words(&error)
            ))
        })?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return parse(&printed).ok_or_else(|| {
            Failure::new(format!("cannot make out what smc_run printed: {printed}"))
        });
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("smc_run: "))
        .or_else(|| said.lines().last())
        .unwrap_or("smc_run failed and does not say why");
    let line = line.split("; not started").next().unwrap_or_default();
    Err(Failure::new(match unit.get("User") {
        Some(user) if line.contains("libsmc_shim.so") => {
            format!("as user {user}: {line}")
        }
        _ => line.to_owned(),
    }))
}

/// Whether a variable is one of the shim's.
#[must_use]
pub fn is_smc_variable(name: &str) -> bool {
    smc_policy::VARIABLES.contains(&name)
}

/// What runs a command with the rights of the unit's programs.
fn as_user(unit: &Unit) -> Result<Command, Failure> {
    let mut command = Command::new("setpriv");
    if unit.is_yes("NoNewPrivileges") {
        command.arg("--nnp");
    }
    // Only root may be somebody else; another user can look only.
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
                "{} says User={user}, and there is no such user",
                unit.name()
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_read_as_a_shell_reads_it() {
        let printed =
            "SMC_PORTS='80,!22' LD_PRELOAD=/usr/lib/libsmc_shim.so:/x.so /bin/true A=b 'c d'\n";
        let variables = parse(printed).unwrap();
        let expected = [
            ("SMC_PORTS", "80,!22"),
            ("LD_PRELOAD", "/usr/lib/libsmc_shim.so:/x.so"),
        ];
        assert_eq!(
            variables,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(parse("A='"), None);
        assert!(parse("/bin/x=y A=b").unwrap().is_empty());
    }
}
