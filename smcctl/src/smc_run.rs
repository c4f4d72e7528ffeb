// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds `smc_run`, and reads what its dry run prints.

use crate::failure::Failure;
use std::env;
use std::path::PathBuf;

/// Exit status of `smc_run --require` for a program that cannot be preloaded.
pub const CANNOT_PRELOAD: i32 = 3;

/// Variables and their values.
pub type Variables = Vec<(String, String)>;

/// The directory of this program.
pub(crate) fn own_directory() -> Option<PathBuf> {
    Some(env::current_exe().ok()?.parent()?.to_owned())
}

/// Finds `smc_run` in the directory of this program or, in a checkout, at its top.
///
/// # Errors
/// When it is in neither.
pub fn find_own() -> Result<PathBuf, Failure> {
    let directory = own_directory().unwrap_or_default();
    let checkouts = directory
        .ancestors()
        .filter(|above| above.join("Cargo.toml").exists());
    std::iter::once(directory.as_path())
        .chain(checkouts)
        .map(|directory| directory.join("smc_run"))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let directory = directory.display();
            Failure::new(format!("cannot find smc_run in {directory} or its parents"))
        })
}

/// Finds `smc_run` as [`find_own`] does, else in `PATH`.
///
/// # Errors
/// When it is in none of these.
pub fn find() -> Result<PathBuf, Failure> {
    find_own().or_else(|failure| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .map(|directory| directory.join("smc_run"))
            .find(|path| path.is_file())
            .ok_or_else(|| Failure::new(format!("{}, nor in PATH", failure.what())))
    })
}

/// Parses the variables that `smc_run --dry-run` prints before the command.
#[must_use]
pub fn parse_dry_run(printed: &str) -> Option<Variables> {
    let words = shell_words::split(printed).ok()?;
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    let variables = words
        .iter()
        .map_while(|word| word.split_once('=').filter(|(name, _)| is_name(name)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(variables.collect())
}

/// The error in what `smc_run` printed on standard error: without its name, and without
/// the remark that the program was not started.
#[must_use]
pub fn error(printed: &str) -> &str {
    let line = printed
        .lines()
        .find_map(|line| line.strip_prefix("smc_run: "))
        .or_else(|| printed.lines().last())
        .unwrap_or("smc_run failed without an error message");
    line.split("; not started").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_is_parsed_as_a_shell_would() {
        let printed =
            "SMC_PORTS='80,!22' LD_PRELOAD=/usr/lib/libsmc_shim.so:/x.so /bin/true A=b 'c d'\n";
        let variables = parse_dry_run(printed).unwrap();
        let expected = [
            ("SMC_PORTS", "80,!22"),
            ("LD_PRELOAD", "/usr/lib/libsmc_shim.so:/x.so"),
        ];
        assert_eq!(
            variables,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(parse_dry_run("A='"), None);
        assert!(parse_dry_run("/bin/x=y A=b").unwrap().is_empty());
    }

    #[test]
    fn an_error_is_one_line_without_the_name() {
        let go = "caddy is a Go program";
        let printed = format!("smc_run: {go}; not started because of --require\n");
        assert_eq!(error(&printed), go);
        assert_eq!(error("setpriv: x\nsetpriv: y\n"), "setpriv: y");
        assert_eq!(error(""), "smc_run failed without an error message");
    }
}
